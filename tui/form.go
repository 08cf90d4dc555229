package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// form is fields that are filled in by the keyboard, in a dialog or a view.
type form struct {
	e      *env
	fields []*field
	at     int // the one that has the keys
}

// field is a line of a form.
type field struct {
	name    string
	kind    fieldKind
	edit    lineEdit
	on      bool                      // of a toggle
	options []string                  // of a choice, or of flags
	chosen  int                       // the option
	flags   []bool                    // of flags: those that are on
	list    func() []choice           // what a pick is completed from; nil: not there yet
	at      int                       // the match of a pick that enter takes
	picked  bool                      // the text is one that was taken from the list
	note    func(value string) string // said behind a match, nil: nothing
	may     bool                      // a pick may stay empty, so nothing is offered until something is typed
	why     string                    // why it is off, "" if it isn't
	about   string                    // stands behind it
	wrong   bool                      // about is what is wrong with it
}

type fieldKind uint8

const (
	fieldText   fieldKind = iota
	fieldToggle           // space turns it
	fieldChoice           // one of a few: ← →
	fieldFlags            // several toggles: ← →, space turns one
	fieldPick             // a text that is completed from a list
)

// choice is something that can be picked.
type choice struct{ value, about string }

func textField(name, value string) *field {
	f := &field{name: name, edit: newLineEdit()}
	f.edit.limit = 2000
	f.edit.set(value)
	return f
}

func pickField(name, value string, list func() []choice) *field {
	f := textField(name, value)
	f.kind, f.list = fieldPick, list
	return f
}

func toggleField(name string, on bool) *field { return &field{name: name, kind: fieldToggle, on: on} }

func choiceField(name string, options ...string) *field {
	return &field{name: name, kind: fieldChoice, options: options}
}

func flagsField(name string, options ...string) *field {
	return &field{name: name, kind: fieldFlags, options: options, flags: make([]bool, len(options))}
}

func newForm(e *env, fields ...*field) *form {
	f := &form{e: e, fields: fields}
	f.focus(0)
	return f
}

func (f *field) text() string { return strings.TrimSpace(f.edit.value()) }

func (f *field) takesText() bool { return f.kind == fieldText || f.kind == fieldPick }

// matches are what a pick offers for the text, the best first.
func (f *field) matches() []choice {
	if f.kind != fieldPick || f.list == nil || f.picked || f.may && f.text() == "" {
		return nil
	}
	return bestChoices(f.list(), f.text(), pickLines)
}

// unsure says that a pick isn't settled yet: nothing was typed, or enter would
// take something else than what was.
func (f *field) unsure() string {
	if f.text() == "" {
		return "no " + f.name + " yet"
	}
	if m := f.matches(); len(m) > 0 && m[0].value != f.text() {
		return fmt.Sprintf("not chosen yet: ↵ takes %s", m[min(f.at, len(m)-1)].value)
	}
	return ""
}

// listed reports whether the text is in the list; true while there is none.
func (f *field) listed() bool {
	list := f.list()
	return list == nil || slices.ContainsFunc(list, func(c choice) bool { return c.value == f.text() })
}

// pickLines is how many matches are shown.
const pickLines = 5

func (f *form) focused() *field {
	if f.at >= len(f.fields) {
		return &field{}
	}
	return f.fields[f.at]
}

// focus gives the keys to a field, or to the next one that isn't off.
func (f *form) focus(i int) {
	n := len(f.fields)
	step := 1
	if i < f.at {
		step = -1
	}
	for range n {
		i = (i + n) % n
		if f.fields[i].why == "" {
			break
		}
		i += step
	}
	for j, fl := range f.fields {
		if j == i && fl.takesText() {
			fl.edit.active = true
		} else if fl.takesText() {
			fl.edit.close()
		}
	}
	f.at = i
}

func (f *form) typing() bool { return f.focused().takesText() }

// key takes a key; false if the form has no use for it, as for enter where
// nothing is left to complete.
func (f *form) key(k tea.KeyMsg) bool {
	fl := f.focused()
	matches := fl.matches()
	switch k.Type {
	case tea.KeyTab:
		if len(matches) > 0 && fl.text() != "" {
			f.take(fl, matches)
		}
		f.focus(f.at + 1)
		return true
	case tea.KeyShiftTab:
		f.focus(f.at - 1)
		return true
	case tea.KeyDown, tea.KeyUp:
		f.upDown(fl, k.Type == tea.KeyDown, len(matches))
		return true
	case tea.KeyEnter:
		if len(matches) == 0 || fl.at == 0 && matches[0].value == fl.text() {
			return false
		}
		f.take(fl, matches)
		return true
	}
	switch fl.kind {
	case fieldToggle:
		if k.String() == " " {
			fl.on = !fl.on
		}
		return k.String() == " "
	case fieldChoice, fieldFlags:
		n := len(fl.options)
		if fl.kind == fieldFlags && k.String() == " " {
			fl.flags[fl.chosen] = !fl.flags[fl.chosen]
			return true
		}
		switch k.String() {
		case "right", " ", "l":
			fl.chosen = (fl.chosen + 1) % n
		case "left", "h":
			fl.chosen = (fl.chosen + n - 1) % n
		default:
			return false
		}
		return true
	}
	if fl.edit.key(k) {
		fl.at, fl.picked = 0, false
	}
	return true
}

// take completes a pick.
func (f *form) take(fl *field, matches []choice) {
	fl.edit.set(matches[min(fl.at, len(matches)-1)].value)
	fl.at, fl.picked = 0, true
}

// upDown moves among the matches of a pick, and between fields at their ends.
func (f *form) upDown(fl *field, down bool, matches int) {
	switch {
	case down && fl.at+1 < matches:
		fl.at++
	case !down && fl.at > 0:
		fl.at--
	case down:
		f.focus(f.at + 1)
	default:
		f.focus(f.at - 1)
	}
}

// height is the lines that the form takes.
func (f *form) height() int {
	n := len(f.fields)
	if fl := f.focused(); fl.kind == fieldPick {
		n += max(len(fl.matches()), 1)
	}
	return n
}

// nameWidth is the cells of the longest name.
func (f *form) nameWidth(c *Canvas) int {
	n := 0
	for _, fl := range f.fields {
		n = max(n, c.width(fl.name))
	}
	return n
}

// draw draws the fields from line y on and gives the line below them.
func (f *form) draw(c *Canvas, y int) int {
	names := f.nameWidth(c)
	// Where there is no room for all fields, the one with the keys is in sight.
	first := 0
	for first < f.at && y+f.height()-first > c.h {
		first++
	}
	for i := first; i < len(f.fields) && y < c.h; i++ {
		fl := f.fields[i]
		ro := roleText
		if fl.why != "" {
			ro = roleDim
		}
		p := c.at(y, 1)
		if i == f.at {
			c.at(y, 0).put(roleText, f.e.sign(markSelect))
		}
		p.fit(roleDim, fl.name, names).skip(2)
		f.drawValue(p, fl, ro, i == f.at, c.w-1)
		y++
		if i == f.at && fl.kind == fieldPick {
			y = f.drawMatches(c, y, names+3, fl)
		}
	}
	return y
}

func (f *form) drawValue(p *pen, fl *field, ro role, focused bool, end int) {
	about, aro := fl.about, roleDim
	if fl.wrong {
		aro = roleWarn
	}
	if fl.why != "" {
		about, aro = f.e.sign(markOff)+" "+fl.why, roleDim
	}
	switch fl.kind {
	case fieldToggle:
		box := "[ ]"
		if fl.on {
			box = "[x]"
		}
		p.put(ro, box).skip(2)
	case fieldChoice:
		for i, o := range fl.options {
			sign := "( ) "
			if i == fl.chosen {
				sign = "(•) "
			}
			p.write(ro, sign+o, end).skip(3)
		}
	case fieldFlags:
		for i := fl.firstFlag(p, end, focused); i < len(fl.options); i++ {
			sign := "[ ] "
			if fl.flags[i] {
				sign = "[x] "
			}
			at := ro
			if focused && i == fl.chosen {
				at = roleHit
			}
			p.write(at, sign+fl.options[i], end).skip(2)
		}
	default:
		room := end - p.x
		if about != "" {
			room -= min(p.c.width(about)+2, room/2)
		}
		if focused {
			fl.edit.draw(p, room)
		} else {
			p.fit(ro, fl.edit.value(), room)
		}
		p.skip(2)
	}
	if p.x < end {
		p.upTo(aro, about, end)
	}
}

// firstFlag is the first of the flags that is drawn, so that the chosen one has
// its place.
func (f *field) firstFlag(p *pen, end int, focused bool) int {
	if !focused {
		return 0
	}
	first, n := 0, 0
	for i := 0; i <= f.chosen; i++ {
		n += p.c.width(f.options[i]) + 6
	}
	for ; first < f.chosen && p.x+n-2 > end; first++ {
		n -= p.c.width(f.options[first]) + 6
	}
	return first
}

func (f *form) drawMatches(c *Canvas, y, x int, fl *field) int {
	matches := fl.matches()
	if len(matches) == 0 {
		text := "nothing like that"
		switch {
		case fl.picked, fl.may && fl.text() == "":
			text = ""
		case fl.list() == nil:
			text = "asking the hub…"
		}
		c.at(y, x).put(roleDim, text)
		return y + 1
	}
	values := 0
	for _, m := range matches {
		values = max(values, c.width(m.value))
	}
	values = min(values, (c.w-x)*2/3)
	for i, m := range matches {
		if y >= c.h {
			break
		}
		p := c.at(y, x)
		if i == fl.at {
			c.at(y, x-1).put(roleText, f.e.sign(markSelect))
		}
		about := m.about
		if fl.note != nil {
			about += fl.note(m.value)
		}
		p.fit(roleLink, m.value, values).skip(2)
		if p.x < c.w-1 {
			p.upTo(roleDim, about, c.w-1)
		}
		y++
	}
	return y
}
