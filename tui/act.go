package tui

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// deed is something that can be done. The menu, the palette and the help are
// made from deeds, so that each says the same reason where one is off.
type deed struct {
	key   string // after a; "" if only the palette has it
	name  string
	about string
	why   string         // why it is off, "" if it isn't
	begin func() tea.Cmd // opens a dialog or a view
}

// change is what a deed does to the hub once the user has said yes.
type change struct {
	title    string
	lines    []dialogLine
	command  string // the line that does the same in a shell
	destroys bool   // enter is no, y is yes
	yes, no  string // what the answers do: "cancel it", "keep it"
	// do makes the calls and says what has been done.
	do func(ctx context.Context) (string, error)
}

// done is the end of a change; all views hear of it.
type done struct {
	command string
	text    string
}

// whyOffline is the reason that all deeds share when there is no hub to do
// them, or nobody to do them as.
func (e *env) whyOffline() string {
	switch {
	case e.lost():
		return "no hub"
	case e.me.id == 0:
		return "needs a login"
	}
	return ""
}

// whyWithout is the reason if the user lacks a permission.
func (e *env) whyWithout(perm string) string {
	if why := e.whyOffline(); why != "" {
		return why
	}
	if e.me.has(perm) {
		return ""
	}
	return fmt.Sprintf("needs %s; %s", perm, e.have())
}

// have says which permissions the user has.
func (e *env) have() string {
	if len(e.me.perms) == 0 {
		return "you have no permissions"
	}
	return "you have " + strings.Join(e.me.perms, ", ")
}

func orID(name string, id int64) string {
	if name == "" {
		return fmt.Sprintf("user %d", id)
	}
	return name
}

// openMenu shows what can be done.
func (e *env) openMenu(all []deed) {
	d := &dialog{title: "act", hint: "press a letter · esc leaves"}
	for _, dd := range all {
		if dd.key == "" {
			continue
		}
		text, ro := fmt.Sprintf("%s  %-16s %s", dd.key, dd.name, dd.about), roleText
		if dd.why != "" {
			text, ro = fmt.Sprintf("%s  %-16s %s %s", dd.key, dd.name, e.sign(markOff), dd.why), roleDim
		}
		d.say(ro, text)
	}
	if len(d.lines) == 0 {
		e.tell(roleWarn, "nothing to act on is selected")
		return
	}
	d.answer = func(key string) (tea.Cmd, bool) {
		for _, dd := range all {
			if dd.key == key {
				return e.begin(dd), false
			}
		}
		return nil, false
	}
	e.dialog = d
}

// begin begins a deed, or says why it is off.
func (e *env) begin(d deed) tea.Cmd {
	if d.why != "" {
		e.tell(roleWarn, fmt.Sprintf("%s %s: %s", e.sign(markOff), d.name, d.why))
		return nil
	}
	return d.begin()
}

// confirm asks before a change. What destroys has its safe answer on enter.
func (e *env) confirm(c change) {
	d := &dialog{title: c.title, lines: c.lines, command: c.command}
	if c.no == "" {
		c.no = "leave"
	}
	if c.destroys {
		d.hint = fmt.Sprintf("y %s · ↵ n esc %s · Y copies the command", c.yes, c.no)
	} else {
		d.hint = fmt.Sprintf("↵ y %s · n esc %s · Y copies the command", c.yes, c.no)
	}
	d.say(roleText, "")
	d.say(roleLink, "$ "+c.command)
	d.answer = func(key string) (tea.Cmd, bool) {
		switch {
		case key == "y", key == "enter" && !c.destroys:
			return e.perform(c), true
		case key == "n", key == "enter":
			return nil, true
		}
		return nil, false
	}
	e.dialog = d
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

// modify makes a call that changes something, as the user.
func (e *env) modify(ctx context.Context, result any, method string, args ...any) error {
	e.meter.add(e.now())
	return e.act.Call(ctx, method, result, args...)
}

// commandLine is a line for a shell that does or shows the same.
func (e *env) commandLine(verb string, args ...any) string {
	words := []string{"koji", "-p", shellQuote(e.profile), verb}
	for _, a := range args {
		words = append(words, shellQuote(fmt.Sprint(a)))
	}
	return strings.Join(words, " ")
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

func shellQuote(s string) string {
	if bareWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// enumerate is at most three of the words, and how many more there are.
func enumerate(words []string) string {
	switch n := len(words); {
	case n == 0:
		return "-"
	case n == 1:
		return words[0]
	case n > 4:
		return fmt.Sprintf("%s and %d more", strings.Join(words[:3], ", "), n-3)
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
