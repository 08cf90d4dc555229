package tui

import "strings"

// Canvas is a rectangle of cells to write text into. It cuts what doesn't fit,
// makes foreign text safe, and is the only place where roles become colours:
// a view can neither break the layout nor reach the terminal.
type Canvas struct {
	w, h  int
	x, y  int // its place in the frame
	ascii bool
	rows  [][]cell
	zones *zones // of the frame, nil where nobody clicks
}

// cell is one column of one line.
type cell struct {
	r        rune    // 0 is a blank
	marks    [2]rune // combining marks on r
	role     role
	selected bool
	tail     bool // the second half of a wide character
}

func newCanvas(w, h int, ascii bool) *Canvas {
	c := &Canvas{w: w, h: h, ascii: ascii, rows: make([][]cell, h)}
	cells := make([]cell, w*h)
	for y := range c.rows {
		c.rows[y] = cells[y*w : (y+1)*w : (y+1)*w]
	}
	return c
}

// rect is a part of c, cut to what there is of it.
func (c *Canvas) rect(x, y, w, h int) *Canvas {
	x, y = min(max(x, 0), c.w), min(max(y, 0), c.h)
	w, h = min(max(w, 0), c.w-x), min(max(h, 0), c.h-y)
	part := &Canvas{w: w, h: h, x: c.x + x, y: c.y + y, ascii: c.ascii, rows: make([][]cell, h), zones: c.zones}
	for i := range part.rows {
		part.rows[i] = c.rows[y+i][x : x+w : x+w]
	}
	return part
}

func (c *Canvas) clear() {
	for _, row := range c.rows {
		clear(row)
	}
}

// dim lets everything step back, as behind a dialog or while the hub is lost.
func (c *Canvas) dim() {
	for _, row := range c.rows {
		for x := range row {
			row[x].role, row[x].selected = roleDim, false
		}
	}
}

// selectLine shows a line as the selected one.
func (c *Canvas) selectLine(y int) {
	if y < 0 || y >= c.h {
		return
	}
	for x := range c.rows[y] {
		c.rows[y][x].selected = true
	}
}

// pen writes along a line.
type pen struct {
	c    *Canvas
	y, x int
}

// at is a pen at a place; one outside of the canvas writes nothing.
func (c *Canvas) at(y, x int) *pen { return &pen{c: c, y: y, x: x} }

// put writes text up to the end of the line.
func (p *pen) put(ro role, text string) *pen { return p.write(ro, text, p.c.w) }

// write writes text up to column end.
func (p *pen) write(ro role, text string, end int) *pen {
	if p.y < 0 || p.y >= p.c.h {
		return p
	}
	end = min(end, p.c.w)
	row := p.c.rows[p.y]
	last := -1
	for _, r := range clean(text) {
		w := runeWidth(r)
		if w == 0 {
			if last >= 0 && !p.c.ascii {
				row[last].mark(r)
			}
			continue
		}
		if p.c.ascii && r > '~' {
			for _, b := range asciiFor(r, w) {
				if p.x >= end {
					return p
				}
				p.set(row, cell{r: b, role: ro}, 1)
			}
			continue
		}
		if p.x+w > end {
			p.x = end // half a character doesn't fit
			return p
		}
		last = p.x
		p.set(row, cell{r: r, role: ro}, w)
	}
	return p
}

func (p *pen) set(row []cell, c cell, w int) {
	if p.x >= 0 && p.x < len(row) {
		if row[p.x].tail && p.x > 0 {
			row[p.x-1] = cell{role: row[p.x-1].role}
		}
		row[p.x] = c
		if w == 2 {
			row[p.x+1] = cell{role: c.role, tail: true}
		}
		if next := p.x + w; next < len(row) && row[next].tail {
			row[next] = cell{role: row[next].role}
		}
	}
	p.x += w
}

func (c *cell) mark(r rune) {
	for i := range c.marks {
		if c.marks[i] == 0 {
			c.marks[i] = r
			return
		}
	}
}

// width is how many cells the text takes on this canvas.
func (c *Canvas) width(text string) int { return textWidth(text, c.ascii) }

// fit writes text into exactly n cells, cut with … if need be.
func (p *pen) fit(ro role, text string, n int) *pen {
	if n <= 0 {
		return p
	}
	end := p.x + n
	p.write(ro, cut(text, n, p.c.ascii), end)
	p.x = end
	return p
}

// upTo writes text up to column end, cut with … if need be.
func (p *pen) upTo(ro role, text string, end int) *pen { return p.fit(ro, text, end-p.x) }

// right writes text at the right of n cells.
func (p *pen) right(ro role, text string, n int) *pen {
	if n <= 0 {
		return p
	}
	end := p.x + n
	text = cut(text, n, p.c.ascii)
	p.x = end - p.c.width(text)
	p.write(ro, text, end)
	p.x = end
	return p
}

// skip leaves n cells.
func (p *pen) skip(n int) *pen {
	p.x += n
	return p
}

// text is line y without colours and without trailing blanks.
func (c *Canvas) text(y int) string {
	var b strings.Builder
	for _, k := range c.rows[y] {
		k.writeTo(&b)
	}
	return strings.TrimRight(b.String(), " ")
}

func (c *cell) writeTo(b *strings.Builder) {
	switch {
	case c.tail:
		return
	case c.r == 0:
		b.WriteByte(' ')
		return
	}
	b.WriteRune(c.r)
	for _, m := range c.marks {
		if m != 0 {
			b.WriteRune(m)
		}
	}
}

// roles is line y with a letter for each cell's role, upper case where it is
// selected, so that a golden file can hold it.
func (c *Canvas) roles(y int) string {
	var b strings.Builder
	for _, k := range c.rows[y] {
		l := k.role.letter()
		switch {
		case k.selected && l == '.':
			l = 'S'
		case k.selected:
			l -= 'a' - 'A'
		case k.r == 0 && !k.tail:
			l = ' '
		}
		b.WriteByte(l)
	}
	return strings.TrimRight(b.String(), " ")
}

// render is the canvas as the terminal gets it: exactly h lines, none wider
// than w. Blanks at the end of a line are left out.
func (c *Canvas) render(t *theme) string {
	var b strings.Builder
	b.Grow(c.w * c.h * 2)
	for y, row := range c.rows {
		if y > 0 {
			b.WriteByte('\n')
		}
		end := len(row)
		for end > 0 && row[end-1].blank() {
			end--
		}
		for x := 0; x < end; {
			first := row[x]
			style := t.style(first)
			b.WriteString(style)
			for ; x < end && row[x].role == first.role && row[x].selected == first.selected; x++ {
				row[x].writeTo(&b)
			}
			if style != "" {
				b.WriteString(styleEnd)
			}
		}
	}
	return b.String()
}

func (c *cell) blank() bool { return c.r == 0 && !c.tail && !c.selected }
