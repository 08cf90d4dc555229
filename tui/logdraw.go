package tui

import (
	"fmt"
	"unicode/utf8"
)

// gutter is how many cells stand before a line's text.
func (v *logView) gutter() int {
	if v.w < 80 {
		return 2
	}
	return 11
}

func (v *logView) draw(c *Canvas) {
	if c.h == 0 {
		return
	}
	v.drawState(c.at(0, 1))
	body := c.rect(0, 1, c.w, c.h-1)
	y := 0
	switch {
	case v.err != nil && !v.loaded:
		body.at(0, 1).upTo(roleFail, errorText(v.err), c.w-1)
		return
	case !v.loaded:
		body.at(0, 1).put(roleDim, "fetching the end of the log…")
		return
	case len(v.win.lines) == 0:
		body.at(0, v.gutter()).put(roleDim, "the log is empty")
		return
	}
	for line := v.top; line < len(v.win.lines) && y < body.h; line++ {
		y += v.drawLine(body, y, line)
	}
}

func (v *logView) drawState(p *pen) {
	if v.edit.active {
		p.put(roleDim, "/ ")
		v.edit.draw(p, p.c.w-p.x-1)
		return
	}
	parts := bytesText(v.size)
	if n := int64(len(v.win.lines)); v.win.first >= 0 && v.win.end() >= v.size {
		parts += fmt.Sprintf(" · %s lines", thousands(v.win.first+n))
	}
	if v.size > 0 && v.loaded && v.top < len(v.win.lines) {
		at := min(v.top+v.rows(), len(v.win.lines))
		off := v.win.end()
		if at < len(v.win.lines) {
			off = v.win.start + int64(v.win.lines[at])
		}
		parts += fmt.Sprintf(" · %.1f %%", min(float64(off)/float64(v.size)*100, 100))
	}
	if v.pattern != "" {
		parts += " · /" + v.pattern
	}
	if n, of, ok := v.errorPlace(); ok {
		parts += fmt.Sprintf(" · error %d of %d", n, of)
	}
	if v.wrap {
		parts += " · wrap"
	}
	p.put(roleText, parts)
	switch {
	case v.anew:
		p.put(roleWarn, " · the file was replaced, begun anew")
	case v.err != nil:
		p.put(roleFail, " · "+errorText(v.err))
	}
	switch {
	case v.follow && v.running():
		p.put(roleText, " · ").put(markStream.role, v.e.sign(markStream)+" follow")
	case v.follow:
		p.put(roleText, " · follow")
	}
}

// errorPlace counts errors, where the whole file is at hand and short.
func (v *logView) errorPlace() (n, of int, ok bool) {
	const short = 1 << 20
	if v.mark < 0 || v.mark >= len(v.win.lines) || v.win.start > 0 || v.win.end() < v.size || v.size > short ||
		severityOf(v.win.line(v.mark)) != severityError {
		return 0, 0, false
	}
	for i := range v.win.lines {
		if severityOf(v.win.line(i)) == severityError {
			of++
			if i <= v.mark {
				n++
			}
		}
	}
	return n, of, true
}

// drawLine draws a line from row y on and gives how many rows it took.
func (v *logView) drawLine(c *Canvas, y, line int) int {
	raw := v.win.line(line)
	text := logText(raw)
	var ro role
	p := c.at(y, 0)
	switch severityOf(raw) {
	case severityError:
		ro = roleFail
		p.put(roleFail, v.e.sign(markLost))
	case severityWarning:
		ro = roleWarn
		p.put(roleWarn, v.e.sign(markWarn))
	}
	if v.w >= 80 {
		number := ""
		if v.win.first >= 0 {
			number = thousands(v.win.first + int64(line) + 1)
		}
		nr := roleDim
		if line == v.mark {
			nr = roleBold
		}
		c.at(y, 1).right(nr, number, 9)
	}
	spans := v.spans(text, ro)
	if line == v.mark {
		defer c.selectLine(y)
	}
	if !v.wrap {
		drawSpans(c, y, v.gutter(), spans, v.left)
		return 1
	}
	rows := v.height(line)
	room := max(c.w-v.gutter(), 1)
	for i := range rows {
		drawSpans(c, y+i, v.gutter(), spans, i*room)
	}
	return rows
}

// textSpan is a piece of a line.
type textSpan struct {
	role role
	text string
}

// spans are a line's pieces, with the hits of the search.
func (v *logView) spans(text string, ro role) []textSpan {
	var spans []textSpan
	at := 0
	for _, hit := range v.hits(text) {
		spans = append(spans, textSpan{ro, text[at:hit[0]]})
		found := text[hit[0]:hit[1]]
		if v.e.theme.plainHit {
			found = "«" + found + "»"
		}
		spans = append(spans, textSpan{roleHit, found})
		at = hit[1]
	}
	return append(spans, textSpan{ro, text[at:]})
}

// drawSpans writes pieces from cell left of the line on, at column x.
func drawSpans(c *Canvas, y, x int, spans []textSpan, left int) {
	part := c.rect(x, y, c.w-x, 1)
	if part.h == 0 {
		return
	}
	p := part.at(0, 0)
	p.x = -left
	for _, s := range spans {
		if p.x < 0 {
			w := part.width(s.text)
			if p.x+w <= 0 {
				p.x += w
				continue
			}
			skip := head(clean(s.text), -p.x, c.ascii)
			p.x += part.width(skip)
			s.text = clean(s.text)[len(skip):]
			if p.x < 0 { // half a wide character
				p.x++
				_, n := utf8.DecodeRuneInString(s.text)
				s.text = s.text[n:]
				p.x = max(p.x, 0)
			}
		}
		p.put(s.role, s.text)
		if p.x >= part.w {
			return
		}
	}
}
