package tui

import (
	"context"
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"
)

// change is what a deed does to the hub once the user has said yes.
type change struct {
	title    string
	lines    []dialogLine // what will happen, to what, and what is lost
	command  string       // the line that does the same in a shell
	destroys bool         // enter is no, y is yes
	yes, no  string       // what the answers do: "cancel it", "keep it"
	form     *form        // what the user has to fill in first, nil if nothing
	// update makes the rest of the change from the form: lines, command, why
	// and do. It is called after each key; nil without a form.
	update func(c *change)
	why    string // why it can't be done yet, "" if it can
	// do makes the calls and says what has been done. It runs beside the UI.
	do func(ctx context.Context) (string, error)
}

// dialogLine is a line of a dialog.
type dialogLine struct {
	role role
	text string
}

func (c *change) say(ro role, format string, args ...any) {
	c.lines = append(c.lines, dialogLine{ro, fmt.Sprintf(format, args...)})
}

// done is the end of a change; all views hear of it.
type done struct {
	command string
	text    string
}

// confirmation asks before a change. What destroys has its safe answer on enter.
type confirmation struct {
	e *env
	c change
}

// confirm opens the question whether a change shall be made.
func (e *env) confirm(c change) {
	if c.no == "" {
		c.no = "leave"
	}
	if c.update != nil {
		c.update(&c)
	}
	e.over = &confirmation{e, c}
}

func (d *confirmation) typing() bool    { return d.c.form != nil && d.c.form.typing() }
func (d *confirmation) command() string { return d.c.command }

func (d *confirmation) hint() string {
	switch {
	case d.c.form != nil:
		return fmt.Sprintf("↵ %s · ⇥ next field · esc %s · ^y copies the command", d.c.yes, d.c.no)
	case d.c.destroys:
		return fmt.Sprintf("y %s · ↵ n esc %s · Y copies the command", d.c.yes, d.c.no)
	}
	return fmt.Sprintf("↵ y %s · n esc %s · Y copies the command", d.c.yes, d.c.no)
}

func (d *confirmation) key(k tea.KeyMsg) (tea.Cmd, bool) {
	if d.c.form != nil {
		used := d.c.form.key(k)
		d.c.update(&d.c)
		if used || k.Type != tea.KeyEnter {
			return nil, false
		}
		if d.c.why != "" {
			d.e.tell(roleWarn, d.e.sign(markOff)+" "+d.c.why)
			return nil, false
		}
		return d.e.perform(d.c), true
	}
	switch name := k.String(); {
	case name == "y", name == "enter" && !d.c.destroys:
		return d.e.perform(d.c), true
	case name == "n", name == "enter":
		return nil, true
	}
	return nil, false
}

func (d *confirmation) draw(c *Canvas) {
	w := 0
	for _, l := range d.c.lines {
		w = max(w, c.width(l.text)+4)
	}
	last := dialogLine{roleLink, "$ " + d.c.command}
	if d.c.why != "" {
		last = dialogLine{roleWarn, d.e.sign(markOff) + " " + d.c.why}
	}
	w = max(w, c.width(last.text)+4, c.width(d.hint())+8)
	h := 4
	if d.c.form != nil {
		w = max(w, 72)
		h += d.c.form.height() + 1
	}
	w = min(w, c.w-2)
	var lines []dialogLine
	for _, l := range slices.Concat(d.c.lines, []dialogLine{{}, last}) {
		for _, part := range wrapWords(l.text, w-4, c.ascii) {
			lines = append(lines, dialogLine{l.role, part})
		}
	}
	box := c.box(d.c.title, w, h+len(lines))
	inner := box.rect(2, 2, box.w-4, box.h-3)
	y := 0
	if d.c.form != nil {
		y = d.c.form.draw(box.rect(1, 2, box.w-2, box.h-3), 0) + 1
	}
	if over := y + len(lines) - inner.h; over > 0 && over < len(lines) {
		lines = lines[over:] // what it does and the command matter more than what it is about
	}
	for _, l := range lines {
		inner.at(y, 0).put(l.role, l.text)
		y++
	}
	box.at(box.h-1, 3).write(roleDim, " "+d.hint()+" ", box.w-1)
}

// perform does a change. It goes on when the view is left from which it began.
func (e *env) perform(c change) tea.Cmd {
	return e.ask(e.acts, func(ctx context.Context) (any, error) {
		text, err := c.do(ctx)
		return done{command: c.command, text: text}, err
	})
}

// tellDone tells how a change ended and keeps what was done.
func (e *env) tellDone(d done, err error) {
	if err != nil {
		e.tell(roleFail, fmt.Sprintf("%s %s", e.sign(markOff), errorText(err)))
		e.history = append(e.history, deedDone{e.now(), d.command, errorText(err)})
		return
	}
	e.tell(roleDone, d.text)
	e.history = append(e.history, deedDone{e.now(), d.command, ""})
	if !e.link.stream {
		e.feed.poke()
	}
}
