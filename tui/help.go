package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// helpView lists the keys of the view it was called from, made from the key map.
type helpView struct {
	screen
	rows []binding
	of   string // the program and its version
	top  int
}

func newHelpView(e *env, known []action) *helpView {
	return &helpView{screen: newScreen(e), rows: e.keyMap.rows(known), of: strings.TrimSpace("koji " + e.version)}
}

func (v *helpView) title() []string { return []string{"Help"} }
func (v *helpView) keys() []action {
	return []action{actDown, actUp, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp}
}
func (v *helpView) status() string { return v.of }

func (v *helpView) resize(w, h int) {
	v.screen.resize(w, h)
	v.scroll(0)
}

func (v *helpView) do(a action) tea.Cmd {
	v.scroll(scrollBy(a, v.h, len(v.rows)))
	return nil
}

func (v *helpView) scroll(n int) { v.top = max(0, min(v.top+n, len(v.rows)-v.h+1)) }

func (v *helpView) draw(c *Canvas) {
	for y := 0; y < c.h && v.top+y < len(v.rows); y++ {
		b := v.rows[v.top+y]
		c.at(y, 3).fit(roleLink, b.Help().Key, 7).fit(roleText, b.long, c.w-11)
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
