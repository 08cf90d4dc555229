package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/lazyregexp"
)

// zone is cells that can be clicked, in the frame's own coordinates. Zones are
// told by drawing, as the cells are: what is on the screen is what one clicks.
type zone struct {
	x, y, w int
	row     bool // of a list: clicked twice it is opened, and the mouse is wanted for it
	click   func() tea.Cmd
}

// zones are those of a frame, later ones above earlier ones.
type zones struct{ list []zone }

// clickable has cells of line y be clicked.
func (c *Canvas) clickable(y, x, w int, click func() tea.Cmd) { c.zone(zone{x, y, w, false, click}) }

// clickableRow has a row of a list be clicked, and twice to be opened.
func (c *Canvas) clickableRow(y int, sel func()) {
	c.zone(zone{0, y, c.w, true, func() tea.Cmd { sel(); return nil }})
}

func (c *Canvas) zone(z zone) {
	if c.zones == nil || z.y < 0 || z.y >= c.h {
		return
	}
	z.x, z.y = z.x+c.x, z.y+c.y
	c.zones.list = append(c.zones.list, z)
}

// at is the topmost zone at a cell, nil if there is none.
func (z *zones) at(x, y int) *zone {
	for i := len(z.list) - 1; i >= 0; i-- {
		if at := &z.list[i]; at.y == y && x >= at.x && x < at.x+at.w {
			return at
		}
	}
	return nil
}

// rows reports whether there is a list, for which the mouse is wanted.
func (z *zones) rows() bool {
	for i := range z.list {
		if z.list[i].row {
			return true
		}
	}
	return false
}

// pointer is what is known of the mouse.
type pointer struct {
	on       bool // the user wants it
	captured bool // the terminal was told to send it
	x, y     int  // of the last click
	last     time.Time
}

// doubleClick is how soon a second click must follow.
const doubleClick = 400 * time.Millisecond

// wheelStep is how many rows the wheel goes.
const wheelStep = 3

// point takes in what the mouse does.
func (r *root) point(m tea.MouseMsg) tea.Cmd {
	switch {
	case m.Button == tea.MouseButtonWheelDown, m.Button == tea.MouseButtonWheelUp:
		return r.wheel(m.Button == tea.MouseButtonWheelDown)
	case m.Action != tea.MouseActionPress:
		return nil
	}
	z := r.zones.at(m.X, m.Y)
	if z == nil {
		return nil
	}
	cmd := z.click()
	now := r.e.now()
	twice := z.row && m.X == r.pointer.x && m.Y == r.pointer.y && now.Sub(r.pointer.last) < doubleClick
	r.pointer.x, r.pointer.y, r.pointer.last = m.X, m.Y, now
	switch {
	case m.Button == tea.MouseButtonRight && z.row:
		return tea.Batch(cmd, r.act(actAct))
	case twice && m.Button == tea.MouseButtonLeft:
		r.pointer.last = time.Time{}
		return tea.Batch(cmd, r.act(actOpen))
	}
	return cmd
}

func (r *root) wheel(down bool) tea.Cmd {
	if r.e.over != nil {
		return nil
	}
	a := actUp
	if down {
		a = actDown
	}
	var cmds []tea.Cmd
	for range wheelStep {
		cmds = append(cmds, r.act(a))
	}
	return tea.Batch(cmds...)
}

// capture tells the terminal whether its mouse is wanted: in lists, where
// nothing stands above them. Elsewhere its own selection works.
func (r *root) capture() tea.Cmd {
	want := r.pointer.on && r.e.over == nil && r.zones.rows()
	if want == r.pointer.captured {
		return nil
	}
	r.pointer.captured = want
	if want {
		return tea.EnableMouseCellMotion
	}
	return tea.DisableMouse
}

// mouseRest is what is left of a mouse sequence that was read in two parts.
var mouseRest = lazyregexp.New(`^\[?<?\d+;\d+(;\d+)?[Mm]?$`)

// lateAnswer is what a terminal's answer to what it was asked looks like that
// came when nobody waited any more.
var lateAnswer = lazyregexp.New(`^\]?11;rgb:[0-9a-f/]+$`)

// sift keeps from the model what is none of its business: the mouse's way
// between two cells, and broken or late sequences that look like keys.
func sift(_ tea.Model, msg tea.Msg) tea.Msg {
	switch m := msg.(type) {
	case tea.MouseMsg:
		if m.Action == tea.MouseActionMotion {
			return nil
		}
	case tea.KeyMsg:
		if text := string(m.Runes); m.Type == tea.KeyRunes && !m.Paste && (mouseRest().MatchString(text) || lateAnswer().MatchString(text)) {
			return nil
		}
	}
	return msg
}
