package tui

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// formView is a form that fills the screen: a new build, a new task. What was
// filled in is kept as a draft when it is left.
type formView struct {
	screen
	name  string // of the view and of its draft
	form  *form
	plan  plan
	check func(v *formView) plan // what the form makes, after each key
	load  func() tea.Cmd         // asks for the lists that fields are completed from

	sent   *transfer // while it is being started
	failed string
}

// plan is what a form would do.
type plan struct {
	source  string // what a build is made of, to be remembered
	lines   []dialogLine
	command string
	why     string // why it can't be done yet, "" if it can
	// do makes the calls, tells how far an upload is, and gives the task.
	do func(ctx context.Context, up *transfer) (int64, error)
}

// transfer is how far an upload is. It is written by the one who uploads.
type transfer struct {
	done, total atomic.Int64
	began       time.Time
}

// started is the end of starting a task.
type started struct {
	id      int64
	command string
}

// uploadTick is how often the upload bar moves.
const uploadTick = 100 * time.Millisecond

func (v *formView) title() []string { return []string{v.name} }
func (v *formView) keys() []action  { return nil }
func (v *formView) typing() bool    { return true }
func (v *formView) command() string { return v.plan.command }

func (v *formView) do(action) tea.Cmd { return nil }

func (v *formView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		v.plan = v.check(v)
		if v.load != nil {
			return v.load()
		}
	case wake:
		if v.sent != nil {
			return v.c.wakeAfter(uploadTick, nil)
		}
	case reply:
		if what, ok := m.what.(started); ok {
			v.end(what, m.err)
		}
	}
	return nil
}

// end tells how starting has ended; a task that was made takes the form's place.
func (v *formView) end(s started, err error) {
	v.sent = nil
	if err != nil {
		v.failed = errorText(err)
		v.e.tellDone(done{command: s.command}, err)
		return
	}
	if v.plan.source != "" {
		v.e.keepSource(v.plan.source)
	}
	v.e.tellDone(done{command: s.command, text: fmt.Sprintf("task %d is made", s.id)}, nil)
	delete(v.e.kept.Drafts, v.name)
	v.e.leave, v.e.next = true, newTaskView(v.e, s.id)
}

func (v *formView) input(k tea.KeyMsg) tea.Cmd {
	if v.sent != nil {
		return nil
	}
	v.failed = ""
	switch {
	case k.Type == tea.KeyCtrlS:
		return v.start()
	case k.Type == tea.KeyCtrlY:
		return v.e.copyCommand(v.plan.command)
	default:
		v.form.key(k)
		if k.Type == tea.KeyEnter {
			v.form.focus(v.form.at + 1)
		}
	}
	v.plan = v.check(v)
	v.e.kept.Drafts[v.name] = v.form.draft()
	return nil
}

func (v *formView) start() tea.Cmd {
	v.plan = v.check(v)
	if v.plan.why != "" {
		v.e.tell(roleWarn, v.e.sign(markOff)+" "+v.plan.why)
		return nil
	}
	up, plan := &transfer{began: v.e.now()}, v.plan
	v.sent = up
	return tea.Batch(v.c.wakeAfter(uploadTick, nil), v.e.askWithin(v.c, uploadTimeout, func(ctx context.Context) (any, error) {
		id, err := plan.do(ctx, up)
		return started{id, plan.command}, err
	}))
}

// uploadTimeout ends an upload that goes on and on.
const uploadTimeout = 6 * time.Hour

// escape ends what is being sent; else the view is left, which keeps the draft.
func (v *formView) escape() bool {
	if v.sent == nil {
		return false
	}
	v.e.drop(v.c)
	v.sent = nil
	v.e.tell(roleWarn, "not started")
	return true
}

func (v *formView) ticks() bool { return v.sent != nil }

func (v *formView) status() string { return "what is filled in is kept" }

func (v *formView) draw(c *Canvas) {
	y, below := 1, 5
	if c.h < 20 {
		y = 0
	}
	y = v.form.draw(c.rect(1, y, c.w-2, max(c.h-y-below, 3)), 0) + y + 1
	var lines []dialogLine
	lines = append(lines, v.plan.lines...)
	switch {
	case v.failed != "":
		lines = append(lines, dialogLine{roleFail, v.e.sign(kindMarks[kindFailed]) + " " + v.failed})
	case v.plan.why != "":
		lines = append(lines, dialogLine{roleWarn, v.e.sign(markOff) + " " + v.plan.why})
	}
	if v.plan.command != "" {
		lines = append(lines, dialogLine{roleLink, "$ " + v.plan.command})
	}
	for _, l := range lines {
		for _, part := range wrapWords(l.text, c.w-6, c.ascii) {
			if y >= c.h-1 {
				break
			}
			c.at(y, 3).put(l.role, part)
			y++
		}
	}
	if v.sent != nil {
		v.drawUpload(c.at(c.h-1, 3))
	}
}

func (v *formView) hint() string {
	return "^s start · ⇥ ↑↓ field · space toggle · ^y copy command · esc leave"
}

// drawUpload is the bar, how much is sent, and how long it will take.
func (v *formView) drawUpload(p *pen) {
	done, total := v.sent.done.Load(), v.sent.total.Load()
	if total <= 0 {
		p.put(roleRun, "starting…")
		return
	}
	p.put(roleDim, "upload ").bar(roleRun, float64(done)/float64(total), 20)
	text := fmt.Sprintf(" %s of %s", bytesText(done), bytesText(total))
	took := v.e.now().Sub(v.sent.began).Seconds()
	if done > 0 && done < total && took > 1 {
		text += fmt.Sprintf(", %s left", span(took*float64(total-done)/float64(done)))
	}
	p.put(roleText, text)
}

// draft is what was filled in, by the names of the fields.
func (f *form) draft() map[string]string {
	kept := map[string]string{}
	for _, fl := range f.fields {
		switch {
		case fl.takesText():
			kept[fl.name] = fl.edit.value()
		case fl.kind == fieldChoice:
			kept[fl.name] = fl.options[fl.chosen]
		case fl.kind == fieldFlags:
			var on []string
			for i, o := range fl.options {
				if fl.flags[i] {
					on = append(on, o)
				}
			}
			kept[fl.name] = strings.Join(on, ",")
		}
	}
	return kept
}

// fill fills in a draft.
func (f *form) fill(kept map[string]string) {
	for _, fl := range f.fields {
		value, ok := kept[fl.name]
		switch {
		case !ok:
		case fl.takesText():
			fl.edit.set(value)
			fl.picked = fl.kind == fieldPick && value != ""
		case fl.kind == fieldChoice:
			for i, o := range fl.options {
				if o == value {
					fl.chosen = i
				}
			}
		case fl.kind == fieldFlags:
			for i, o := range fl.options {
				fl.flags[i] = containsWord(value, o)
			}
		}
	}
}

// containsWord reports whether a list with commas has a word.
func containsWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}
