package tui

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/lazyregexp"
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

// resume is a reply that goes on with something, on the program's own goroutine.
type resume func() tea.Cmd

// whyOffline is the reason that all deeds share when there is no hub to do
// them, or nobody to do them as.
func (e *env) whyOffline() string {
	switch {
	case e.lost():
		return "no hub"
	case e.asked:
		return "not known yet who you are"
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

// openMenu shows what can be done, and what changes about that meanwhile as
// long as it is about the same thing.
func (r *root) openMenu() {
	v := r.top()
	command := v.command() // names what is selected
	m := &menu{e: r.e, title: "act on " + subjectOfView(v)}
	m.renew = func() {
		if r.top() != v || v.command() != command {
			return
		}
		m.items = m.items[:0]
		for _, d := range r.allDeeds() {
			if d.key != "" {
				m.items = append(m.items, menuItem{d.key, d.name, d.about, d.why, d.begin})
			}
		}
		m.items = append(m.items, menuItem{"y", "copy…", "", "", func() tea.Cmd { r.e.openCopyMenu(v.clips(), command); return nil }})
		if command != "" {
			m.items = append(m.items, menuItem{"Y", "copy command", command, "", func() tea.Cmd { return r.e.copyCommand(command) }})
		}
		m.at = max(0, min(m.at, len(m.items)-1))
	}
	m.renew()
	r.e.over = m
}

// marker is a view in which things can be marked.
type marker interface{ marked() int }

// subjectOfView names what deeds are done to.
func subjectOfView(v view) string {
	if m, ok := v.(marker); ok && m.marked() > 0 {
		return fmt.Sprintf("%d marked", m.marked())
	}
	if clips := v.clips(); len(clips) > 0 {
		return clips[0].text
	}
	return "the hub"
}

// modify makes a call that changes something, as the user.
func (e *env) modify(ctx context.Context, result any, method string, args ...any) error {
	e.meter.add(e.now(), byUser)
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

var bareWord = lazyregexp.New(`^[A-Za-z0-9_./:@%+,=-]+$`)

func shellQuote(s string) string {
	if bareWord().MatchString(s) {
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

// ownDeeds are what can be begun wherever one is.
func (e *env) ownDeeds() []deed {
	return []deed{
		{"b", "new build…", "from an SCM URL or a source rpm", e.whyOffline(), func() tea.Cmd { e.next = newBuildForm(e); return nil }},
		{"m", "make-task…", "a task of any kind", e.whyWithout("admin"), func() tea.Cmd { e.next = newTaskForm(e); return nil }},
	}
}
