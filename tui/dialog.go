package tui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"
)

// overlay stands over a view, which goes dim, and takes all keys until it is
// closed; esc always closes it.
type overlay interface {
	key(k tea.KeyMsg) (cmd tea.Cmd, done bool)
	draw(c *Canvas)
	hint() string    // what its keys do, for the last line
	typing() bool    // letters are text now
	command() string // what Y copies, "" if nothing
}

// menu is things to choose from by a letter, or by the arrows and enter.
type menu struct {
	e     *env
	title string
	items []menuItem
	at    int
	renew func() // makes the items anew after each message, nil: they stay
}

type menuItem struct {
	key, name string
	about     string
	why       string // why it is off, "" if it isn't
	do        func() tea.Cmd
}

func (m *menu) typing() bool    { return false }
func (m *menu) command() string { return "" }
func (m *menu) hint() string    { return "press a letter · ↑↓ ↵ choose · esc leaves" }

func (m *menu) key(k tea.KeyMsg) (tea.Cmd, bool) {
	switch k.Type {
	case tea.KeyDown:
		m.at = min(m.at+1, len(m.items)-1)
		return nil, false
	case tea.KeyUp:
		m.at = max(m.at-1, 0)
		return nil, false
	case tea.KeyEnter:
		return m.choose(m.at)
	}
	for i := range m.items {
		if m.items[i].key == k.String() {
			m.at = i
			return m.choose(i)
		}
	}
	return nil, false
}

// choose does an item, unless it is off, and then says why.
func (m *menu) choose(i int) (tea.Cmd, bool) {
	it := m.items[i]
	if it.why != "" {
		m.e.tell(roleWarn, fmt.Sprintf("%s %s: %s", m.e.sign(markOff), it.name, it.why))
		return nil, false
	}
	m.e.over = nil // what it does may open something else
	return it.do(), false
}

func (m *menu) draw(c *Canvas) {
	name := 0
	for _, it := range m.items {
		name = max(name, c.width(it.name))
	}
	w := 0
	for _, it := range m.items {
		w = max(w, name+6+c.width(it.about), name+8+c.width(it.why))
	}
	box := c.box(m.title, w+4, len(m.items)+2)
	top := max(0, m.at-(box.h-3)) // more items than lines: the chosen one stays in sight
	for y := 1; y < box.h-1 && top+y-1 < len(m.items); y++ {
		it := m.items[top+y-1]
		p := box.at(y, 2)
		ro := roleText
		if it.why != "" {
			ro = roleDim
		}
		if top+y-1 == m.at {
			box.at(y, 1).put(roleText, m.e.sign(markSelect))
		}
		p.put(roleLink, it.key)
		p.x = 5
		p.fit(ro, it.name, min(name, box.w-7)).skip(1)
		if it.why != "" {
			p.upTo(ro, m.e.sign(markOff)+" "+it.why, box.w-2)
		} else {
			p.upTo(ro, it.about, box.w-2)
		}
	}
	if more := len(m.items) - (box.h - 2); more > 0 {
		box.at(box.h-1, 3).write(roleDim, fmt.Sprintf(" %d more ", more), box.w-1)
	}
}

// box is a frame with a title in the middle of the canvas, which goes dim
// behind it; w and h are with its border, cut to the room there is.
func (c *Canvas) box(title string, w, h int) *Canvas {
	c.dim()
	w = min(max(w, c.width(title)+8), c.w-2)
	h = min(h, c.h)
	box := c.rect((c.w-w)/2, (c.h-h)/2, w, h)
	box.clear()
	box.frame(title)
	return box
}

// frame draws a border with a title around the canvas.
func (c *Canvas) frame(title string) {
	for x := 1; x < c.w-1; x++ {
		c.at(0, x).put(roleFrame, "─")
		c.at(c.h-1, x).put(roleFrame, "─")
	}
	for y := 1; y < c.h-1; y++ {
		c.at(y, 0).put(roleFrame, "│")
		c.at(y, c.w-1).put(roleFrame, "│")
	}
	c.at(0, 0).put(roleFrame, "╭")
	c.at(0, c.w-1).put(roleFrame, "╮")
	c.at(c.h-1, 0).put(roleFrame, "╰")
	c.at(c.h-1, c.w-1).put(roleFrame, "╯")
	c.at(0, 2).write(roleBold, " "+title+" ", c.w-1)
}
