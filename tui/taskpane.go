package tui

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// sidePane tells about the selected task beside the tree: how it stands, and
// the log of it that one would open.
type sidePane struct {
	e    *env
	c    *calls // of the tree
	w, h int
	id   int64
	log  *logPane
	left int64 // the subtask whose log was looked at before it ended
	none bool  // there is no log
	err  error
	due  int       // the newest sideDue
	seen time.Time // when a hub that doesn't tell of logs was asked last
}

// sideDue says that a task has been selected for a moment.
type sideDue int

// sidePause is how long a task is selected before its log is asked for, so
// that going through many asks for none.
const sidePause = 150 * time.Millisecond

// sideChoice is the log that fits the selected task.
type sideChoice logChoice

func (s *sidePane) resize(w, h int) {
	s.w, s.h = w, h
	if s.log != nil {
		s.log.resize(w, max(h-sideHead, 0))
	}
}

// sideHead is how many lines stand above the log.
const sideHead = 4

func (s *sidePane) ticks() bool {
	return s.log != nil && (s.log.polls() || s.log.counting)
}

// show turns to a task, if the pane is shown at all.
func (s *sidePane) show(id int64, shown bool) tea.Cmd {
	if !shown {
		id = 0
	}
	if id == s.id {
		return nil
	}
	s.drop()
	s.id = id
	if id == 0 {
		return nil
	}
	s.due++
	return s.c.wakeAfter(sidePause, sideDue(s.due))
}

// drop forgets the log.
func (s *sidePane) drop() {
	if s.log != nil {
		s.log.gen++
		s.log.stopSeek()
	}
	s.log, s.none, s.err, s.id, s.left = nil, false, nil, 0, 0
}

func (s *sidePane) wake(m wake) tea.Cmd {
	if due, ok := m.what.(sideDue); !ok || int(due) != s.due || s.id == 0 {
		return nil
	}
	return s.choose()
}

// choose asks which log the task has. That of a task that just began may come.
func (s *sidePane) choose() tea.Cmd {
	id, ids, h := s.id, s.e.logTasks(s.id), s.e.hub
	return s.e.ask(s.c, func(ctx context.Context) (any, error) {
		l, err := findLog(ctx, h, id, ids)
		return sideChoice(l), err
	})
}

func (s *sidePane) open(l sideChoice, err error) tea.Cmd {
	if l.of != s.id {
		return nil
	}
	if s.log != nil && (l.name == "" || s.log.task == l.task && s.log.name == l.name) {
		return nil
	}
	s.none, s.err = l.name == "", err
	if s.none {
		return nil
	}
	if s.log != nil {
		s.log.gen++ // what it still asks for isn't wanted
		s.log.stopSeek()
	}
	s.err = nil
	s.log = newLogPane(s.e, s.c, l.task, l.name, l.files)
	s.log.nonum = true
	s.log.resize(s.w, max(s.h-sideHead, 0))
	return s.log.fetch(fetchOpen)
}

func (s *sidePane) update(msg tea.Msg) tea.Cmd {
	if _, ok := msg.(tick); ok && s.log != nil && s.log.polls() {
		if now := s.e.now(); now.Sub(s.seen) >= s.e.link.every {
			s.seen = now
			return s.log.update(msg)
		}
		return nil
	}
	if _, ok := msg.(changes); ok && s.overtaken() {
		s.left = s.log.task
		return tea.Batch(s.log.update(msg), s.choose())
	}
	if s.log != nil {
		return s.log.update(msg)
	}
	if c, ok := msg.(changes); ok && s.none {
		for _, l := range c.logs {
			if l.task == s.id {
				s.none = false
				return s.choose()
			}
		}
	}
	return nil
}

// overtaken reports whether the log is that of a subtask which has just ended,
// so that another one is worth looking at.
func (s *sidePane) overtaken() bool {
	if s.log == nil || s.log.task == s.id || s.log.task == s.left || s.log.running() {
		return false
	}
	t := s.e.store.get(s.id)
	return t != nil && !t.finished()
}

func (s *sidePane) draw(c *Canvas) {
	t := s.e.store.get(s.id)
	if t == nil {
		return
	}
	c.at(0, 1).fit(roleBold, fmt.Sprintf("%d %s", t.id, shortenLabel(t.label, c.w-9, c.ascii)), c.w-1)
	m := kindMarks[t.kind]
	state := stateOf(t.kind).String()
	if t.host != "" {
		state += " on " + shortHost(t.host, 16, c.ascii)
	}
	if t.started > 0 {
		state += " since " + clockTime(t.started, s.e.loc)
	}
	c.at(1, 1).put(m.role, s.e.sign(m)+" ").upTo(roleText, fmt.Sprintf("%s · weight %.1f · prio %d", state, t.weight, t.priority), c.w)
	s.drawOutlook(c.at(2, 1), t)
	c.at(3, 0).put(roleFrame, "─").rule(s.logName(), c.w-1)
	body := c.rect(0, sideHead, c.w, c.h)
	switch {
	case s.log != nil:
		s.log.draw(body)
	case s.err != nil && !s.none:
		body.at(0, 1).upTo(roleFail, errorText(s.err), c.w)
	case s.none:
		body.at(0, 1).put(roleDim, "no log yet")
	}
}

func (s *sidePane) logName() string {
	if s.log == nil {
		return "log"
	}
	if s.log.task != s.id {
		return fmt.Sprintf("%d %s", s.log.task, s.log.name)
	}
	return s.log.name
}

// drawOutlook says how long the task goes on, or why it waits or failed.
func (s *sidePane) drawOutlook(p *pen, t *entry) {
	w := s.e.waits.known[t.id]
	o, ok := s.e.outlookOf(t)
	switch {
	case t.kind == kindFailed:
		p.upTo(roleFail, t.fault, p.c.w)
	case t.stuck() && w.line != "":
		p.put(roleWait, "waits ").upTo(roleDim, w.line, p.c.w)
	case ok && !s.e.lost() && s.e.clock()-t.started >= timesShown:
		p.upTo(roleText, s.e.outlookLine(t, o), p.c.w)
	}
}

// outlookLine says in words how long a task goes on, and how that is known.
func (e *env) outlookLine(t *entry, o outlook) string {
	left := o.total - (e.clock() - t.started)
	text := "about " + span(left) + " left"
	switch {
	case left < 0:
		text = span(-left) + " longer than usual"
	case o.atLeast:
		text = "at least " + span(left) + " left"
	}
	switch {
	case o.n > 0:
		text += fmt.Sprintf(" · median of %d: %s (%s–%s)", o.n, span(o.total), span(o.low), span(o.high))
	case o.about:
		text += fmt.Sprintf(" · whole builds took %s on average", span(o.total))
	}
	return text
}

// findLog looks for the log of the first of these tasks that has one.
func findLog(ctx context.Context, h *hub, of int64, ids []int64) (logChoice, error) {
	files := make([]map[string]fileStat, len(ids))
	m := h.read.Multicall()
	for i, id := range ids {
		m.Add(&files[i], "listTaskOutput", id, koji.Named{"stat": true})
	}
	if err := h.run(ctx, m); err != nil {
		return logChoice{of: of, task: of}, err
	}
	for i, id := range ids {
		if name := firstLog(files[i]); name != "" {
			return logChoice{of: of, task: id, name: name, files: files[i]}, nil
		}
	}
	return logChoice{of: of, task: of}, errNoLog
}
