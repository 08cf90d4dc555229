package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// helpView lists the keys of the view it was called from, made from the key
// map, and what can be done there, made from its deeds.
type helpView struct {
	screen
	all  []helpRow
	rows []helpRow // that fit the search
	of   string    // the program and its version
	top  int
	edit lineEdit
	text string
}

// helpRow is a key and what it does, or why it does nothing.
type helpRow struct {
	key, text, why string
}

func newHelpView(e *env, known []action, deeds []deed) *helpView {
	v := &helpView{screen: newScreen(e), of: strings.TrimSpace("koji " + e.version), edit: newLineEdit()}
	for _, b := range e.keyMap.rows(known) {
		v.all = append(v.all, helpRow{b.Help().Key, b.long, ""})
	}
	for _, d := range deeds {
		v.all = append(v.all, helpRow{"a " + d.key, strings.TrimSuffix(d.name, "…") + ": " + d.about, d.why})
	}
	v.rows = v.all
	return v
}

func (v *helpView) title() []string { return []string{"Help"} }
func (v *helpView) keys() []action {
	return []action{actDown, actUp, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp, actFilter}
}
func (v *helpView) status() string { return v.of }
func (v *helpView) typing() bool   { return v.edit.active }

func (v *helpView) resize(w, h int) {
	v.screen.resize(w, h)
	v.scroll(0)
}

func (v *helpView) do(a action) tea.Cmd {
	if a == actFilter {
		v.edit.open(v.text)
		return nil
	}
	v.scroll(scrollBy(a, v.h, len(v.rows)))
	return nil
}

func (v *helpView) input(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyEnter {
		v.edit.close()
	} else if v.edit.key(k) {
		v.search(v.edit.value())
	}
	return nil
}

func (v *helpView) escape() bool {
	if !v.edit.active && v.text == "" {
		return false
	}
	v.edit.close()
	v.search("")
	return true
}

func (v *helpView) search(text string) {
	v.text, v.rows, v.top = text, nil, 0
	for _, row := range v.all {
		if row.key == text || strings.Contains(strings.ToLower(row.text), strings.ToLower(text)) {
			v.rows = append(v.rows, row)
		}
	}
}

func (v *helpView) scroll(n int) { v.top = max(0, min(v.top+n, len(v.rows)-v.h+1)) }

func (v *helpView) draw(c *Canvas) {
	if v.edit.active || v.text != "" {
		v.edit.draw(c.at(0, 1).put(roleDim, "/ "), c.w-4)
		c = c.rect(0, 1, c.w, c.h-1)
	}
	for y := 0; y < c.h && v.top+y < len(v.rows); y++ {
		row := v.rows[v.top+y]
		p := c.at(y, 3).fit(roleLink, row.key, 7)
		if row.why != "" {
			p.upTo(roleDim, row.text+" "+v.e.sign(markOff)+" "+row.why, c.w-1)
		} else {
			p.upTo(roleText, row.text, c.w-1)
		}
	}
	if more := len(v.rows) - v.top - c.h; more > 0 {
		line := c.rect(0, c.h-1, c.w, 1)
		line.clear()
		line.at(0, 3).put(roleDim, fmt.Sprintf("%d more", more+1))
	}
}

// scrollBy is how many lines an action moves a view of h lines with n in all.
func scrollBy(a action, h, n int) int {
	switch a {
	case actDown:
		return 1
	case actUp:
		return -1
	case actHalfDown:
		return h / 2
	case actHalfUp:
		return -h / 2
	case actPageDown:
		return h - 1
	case actPageUp:
		return 1 - h
	case actFirst:
		return -n
	case actLast:
		return n
	}
	return 0
}
