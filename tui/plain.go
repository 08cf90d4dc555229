package tui

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/safetext"
)

// Plain tells what happens line by line, for screen readers, pipes and
// terminals that can't be drawn on, until ctx ends. With all, everybody's
// tasks are told of, else the user's own where one is logged in.
func Plain(ctx context.Context, o Options, all bool) error {
	run, stop := context.WithCancel(ctx)
	defer stop()
	h, err := newHub(o.Session, time.Now)
	if err != nil {
		return fmt.Errorf("start the plain UI: %w", err)
	}
	e := newEnv(run, h, newTheme(paletteNone, false))
	e.login = o.Login
	p := &plain{out: bufio.NewWriter(o.Out), seen: map[int64]kind{}, loc: e.loc, now: time.Now, stop: stop, name: safetext.Clean(o.Profile.Name)}
	feed := newFeed(h, p.take, usualPace())
	if ask := e.askWho(e.acts); ask != nil && !all {
		m, _ := ask().(reply)
		w, _ := m.what.(who)
		if m.err != nil {
			return fmt.Errorf("start the plain UI: %w", m.err)
		}
		feed.scope(w.id)
	}
	feed.run(run)
	if p.err != nil {
		return fmt.Errorf("write what happens: %w", p.err)
	}
	return context.Cause(ctx)
}

// plain writes changes as lines.
type plain struct {
	mu   sync.Mutex
	out  *bufio.Writer
	seen map[int64]kind // of each task, as it was told
	lost bool
	up   bool
	name string
	loc  *time.Location
	now  func() time.Time
	err  error
	stop context.CancelFunc // when nobody reads any more
}

// take is what a feed sends to.
func (p *plain) take(msg tea.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := msg.(type) {
	case link:
		p.takeLink(m)
	case changes:
		for i := range m.tasks {
			p.takeTask(&m.tasks[i])
		}
	}
	if err := p.out.Flush(); err != nil && p.err == nil {
		p.err = err
		p.stop()
	}
}

func (p *plain) takeLink(l link) {
	switch {
	case !l.lost.IsZero() && !p.lost:
		p.say("%s lost: %s", p.name, l.reason)
	case l.up && (p.lost || !p.up):
		how := fmt.Sprintf("polled every %d s", int(l.every.Seconds()))
		if l.stream {
			how = "told by its event stream"
		}
		p.say("%s is there, %s", p.name, how)
	}
	p.lost, p.up = !l.lost.IsZero(), l.up
}

// takeTask tells of a task whose state isn't as it was told.
func (p *plain) takeTask(t *task) {
	was, known := p.seen[t.id]
	if known && was == t.kind {
		return
	}
	p.seen[t.id] = t.kind
	if !known && t.finished() {
		return // it was over before one looked
	}
	words := []string{fmt.Sprint(t.id), stateWord(t), t.label}
	if t.parent != 0 {
		words = append(words, fmt.Sprintf("of %d", t.parent))
	}
	if t.host != "" {
		words = append(words, "on "+t.host)
	}
	if t.finished() && t.started > 0 {
		words = append(words, "after "+span(t.completed-t.started))
	}
	if t.fault != "" {
		words = append(words, "- "+t.fault)
	}
	p.say("%s", strings.Join(words, " "))
}

// stateWord is a task's state as it is read aloud.
func stateWord(t *task) string {
	switch t.kind {
	case kindParent:
		return "waits for its subtasks:"
	case kindRepo:
		return "waits for a repo:"
	case kindFree:
		return "is free:"
	case kindAssigned:
		return "is assigned:"
	case kindFailed:
		return "FAILED:"
	case kindDone:
		return "is done:"
	case kindCanceled:
		return "is canceled:"
	}
	return "runs:"
}

func (p *plain) say(format string, args ...any) {
	_, err := io.WriteString(p.out, p.now().In(p.loc).Format("15:04:05 ")+clean(fmt.Sprintf(format, args...))+"\n")
	if err != nil && p.err == nil {
		p.err = err
	}
}
