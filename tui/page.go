package tui

import (
	"fmt"
	"maps"
	"slices"

	"koji/internal/safetext"
	"strings"
)

// page is lines of a detail view; those with a key can be selected, the others
// are passed over. It is made anew when what it shows has changed.
type page struct {
	e     *env
	lines []pageLine
	sel   any // the key of the selected line, nil if there is none
	top   int
	h     int
}

// pageLine is a line; key is any comparable value, nil if it can't be selected.
type pageLine struct {
	key  any
	draw func(p *pen, room int)
}

// keys are the actions that a page takes.
func (g *page) keys() []action {
	return []action{actDown, actUp, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp}
}

func (g *page) resize(h int) {
	g.h = h
	g.scroll(0)
}

// begin empties the page; end makes it whole after its lines were added.
func (g *page) begin() { g.lines = g.lines[:0] }

func (g *page) end() {
	if g.indexOf(g.sel) < 0 {
		g.sel = nil
	}
	g.scroll(0)
}

func (g *page) add(key any, draw func(p *pen, room int)) {
	g.lines = append(g.lines, pageLine{key, draw})
}

func (g *page) text(ro role, text string) {
	g.add(nil, func(p *pen, room int) { p.fit(ro, text, room) })
}

func (g *page) section(name string) {
	g.add(nil, func(p *pen, room int) { p.rule(name, room) })
}

// rule is a line with a name that begins a section.
func (p *pen) rule(name string, room int) *pen {
	end := p.x + room
	p.put(roleFrame, "── ").write(roleBold, cut(name, room-4, p.c.ascii)+" ", end)
	return p.write(roleFrame, strings.Repeat("─", max(end-p.x, 0)), end)
}

// valueLines is how much of one value is shown.
const valueLines = 200

// value shows a parameter or a result, structs and lists by their parts.
func (g *page) value(name string, value any) {
	for i, line := range valueText(value) {
		head := ""
		if i == 0 {
			head = name
		}
		if i == valueLines {
			g.text(roleDim, "…")
			return
		}
		g.add(nil, func(p *pen, room int) {
			if name != "" {
				p.fit(roleDim, head, 14).skip(1)
			}
			p.upTo(roleText, line, room+1)
		})
	}
}

func valueText(value any) []string {
	switch x := value.(type) {
	case nil:
		return []string{"-"}
	case string:
		return paragraphs(x)
	case []any:
		if len(x) == 0 {
			return []string{"none"}
		}
		var lines []string
		for _, item := range x {
			lines = append(lines, valueText(item)...)
		}
		return lines
	case map[string]any:
		if len(x) == 0 {
			return []string{"none"}
		}
		var lines []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			for i, line := range valueText(x[k]) {
				if i == 0 {
					lines = append(lines, k+" = "+line)
				} else {
					lines = append(lines, "    "+line)
				}
			}
		}
		return lines
	}
	return []string{fmt.Sprint(value)}
}

// paragraphs are the lines of a text, clean.
func paragraphs(s string) []string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, safetext.Clean(strings.TrimRight(line, "\r\n")))
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	return lines
}

// do takes an action and reports whether it was the page's.
func (g *page) do(a action) bool {
	n := scrollBy(a, g.h, len(g.lines))
	if n != 0 {
		g.move(n)
	}
	return n != 0
}

// move goes to the next line that can be selected, and scrolls where there is none.
func (g *page) move(n int) {
	at := g.indexOf(g.sel)
	step := 1
	if n < 0 {
		step = -1
	}
	for left := n; left != 0; left -= step {
		next := at + step
		for next >= 0 && next < len(g.lines) && g.lines[next].key == nil {
			next += step
		}
		if next < 0 || next >= len(g.lines) {
			g.scroll(left)
			return
		}
		at = next
		g.sel = g.lines[at].key
	}
	if at >= 0 {
		g.scroll(max(0, at+1-g.top-g.h))
		g.scroll(min(0, at-g.top))
	}
}

func (g *page) indexOf(key any) int {
	if key == nil {
		return -1
	}
	return slices.IndexFunc(g.lines, func(l pageLine) bool { return l.key == key })
}

func (g *page) scroll(n int) { g.top = max(0, min(g.top+n, len(g.lines)-g.h)) }

func (g *page) draw(c *Canvas) {
	for y := 0; y < c.h && g.top+y < len(g.lines); y++ {
		l := &g.lines[g.top+y]
		l.draw(c.at(y, 1), c.w-2)
		if l.key != nil && l.key == g.sel {
			c.at(y, 0).put(roleText, g.e.sign(markSelect))
			c.selectLine(y)
		}
	}
}

// tabs are the parts of a detail view, one of which is shown.
type tabs struct {
	names []string
	at    int
}

// do takes an action and reports whether it was for the tabs.
func (t *tabs) do(a action) bool {
	n := len(t.names)
	switch {
	case n == 0:
		return false
	case a == actNextTab:
		t.at = (t.at + 1) % n
	case a == actPrevTab:
		t.at = (t.at + n - 1) % n
	default:
		return false
	}
	return true
}

// draw writes the names into a line, the shown one in brackets. Where there is
// no room for all, the line begins later.
func (t *tabs) draw(p *pen, room int) {
	end := p.x + room
	hint := "⇥ next tab"
	text := func(i int) string {
		if i == t.at {
			return "[" + t.names[i] + "]"
		}
		return t.names[i]
	}
	first := 0
	for ; first < t.at; first++ {
		n := 0
		for i := first; i <= t.at; i++ {
			n += p.c.width(text(i)) + 2
		}
		if n <= room {
			break
		}
	}
	for i := first; i < len(t.names) && p.x < end; i++ {
		ro := roleDim
		if i == t.at {
			ro = roleBold
		}
		p.write(ro, text(i), end).skip(2)
	}
	if at := end - p.c.width(hint); p.x <= at {
		p.x = at
		p.put(roleDim, hint)
	}
}
