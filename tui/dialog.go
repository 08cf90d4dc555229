package tui

import (
	tea "github.com/charmbracelet/bubbletea"
)

// dialog stands over a view and takes all keys until it is closed.
type dialog struct {
	title string
	lines []dialogLine
	hint  string
	// command is the line that does the same in a shell, for Y; "" if none does.
	command string
	// answer takes a key by its name; done closes the dialog.
	answer func(key string) (cmd tea.Cmd, done bool)
}

type dialogLine struct {
	role role
	text string
}

func (d *dialog) say(ro role, text string) { d.lines = append(d.lines, dialogLine{ro, text}) }

// draw puts the dialog in the middle of the canvas, which goes dim behind it.
func (d *dialog) draw(c *Canvas) {
	c.dim()
	w := c.width(d.title) + 8
	for _, l := range d.lines {
		w = max(w, c.width(l.text)+4)
	}
	w = min(w, c.w-2)
	h := min(len(d.lines)+4, c.h)
	x, y := (c.w-w)/2, (c.h-h)/2
	box := c.rect(x, y, w, h)
	box.clear()
	box.frame(d.title)
	for i, l := range d.lines {
		if i+2 >= h-1 {
			break
		}
		box.at(i+2, 2).fit(l.role, l.text, w-4)
	}
	if h > 2 {
		box.at(h-1, 3).write(roleDim, " "+d.hint+" ", w-1)
	}
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
