package tui

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Cells beside the text: the sign and the number before it, the map behind it.
const (
	signWidth   = 2
	numberWidth = 9
	mapWidth    = 2
)

// gutter is how many cells stand before a line's text.
func (p *logPane) gutter() int {
	switch {
	case p.bare:
		return 0
	case p.w < 70:
		return signWidth
	case p.nonum:
		return signWidth
	}
	return signWidth + numberWidth
}

// mapped reports whether there is room for the map of the file.
func (p *logPane) mapped() bool { return !p.bare && p.w >= 70 }

// textRoom is how many cells of a line's text there is room for.
func (p *logPane) textRoom() int {
	room := p.w - p.gutter()
	if p.mapped() {
		room -= mapWidth
	}
	return room
}

func (v *logView) draw(c *Canvas) {
	if len(v.panes) == 1 {
		v.panes[0].draw(c)
		v.drawEdit(c)
		return
	}
	left := v.panes[0].w
	for i, p := range v.panes {
		x := i * (left + 1)
		p.draw(c.rect(x, 1, p.w, c.h-1))
		head := c.at(0, x+1)
		if i == v.focus {
			head.x = x
			head.put(roleText, v.e.sign(markSelect))
		}
		head.upTo(roleBold, v.paneTitle(p), x+p.w)
	}
	for y := range c.h {
		c.at(y, left).put(roleFrame, "│")
	}
	if v.together {
		c.at(0, max(left-len(" together "), 0)).put(roleFrame, " together ")
	}
	v.drawEdit(c.rect(0, 1, c.w, c.h-1))
}

func (v *logView) paneTitle(p *logPane) string {
	title := fmt.Sprint(p.task)
	if t := v.e.store.get(p.task); t != nil {
		title += " " + t.arch
		if t.host != "" {
			title += " · " + t.host
		}
	}
	return title + " · " + p.name
}

// drawEdit draws the field of the search where the state stands else.
func (v *logView) drawEdit(c *Canvas) {
	if !v.edit.active || c.h == 0 {
		return
	}
	line := c.rect(0, 0, c.w, 1)
	line.clear()
	pen := line.at(0, 1).put(roleDim, "/ ")
	v.edit.draw(pen, c.w-pen.x-1)
}

func (p *logPane) draw(c *Canvas) {
	if c.h == 0 {
		return
	}
	p.drawState(c.at(0, 1))
	body := c.rect(0, 1, c.w, c.h-1)
	switch {
	case p.err != nil && !p.loaded:
		body.at(0, 1).upTo(roleFail, errorText(p.err), c.w-1)
		return
	case !p.loaded:
		body.at(0, 1).put(roleDim, "fetching the end of the log…")
		return
	case len(p.win.lines) == 0:
		body.at(0, p.gutter()).put(roleDim, "the log is empty")
		return
	}
	text := body
	if p.mapped() {
		text = body.rect(0, 0, body.w-mapWidth, body.h)
	}
	phases := p.phases()
	y := 0
	for line := p.top; line < len(p.win.lines) && y < text.h; line = p.next(line) {
		y += p.drawLine(text, y, line, phases)
	}
	if p.mapped() {
		p.drawMap(body.rect(body.w-1, 0, 1, body.h))
	}
}

func (p *logPane) drawState(to *pen) {
	parts := bytesText(p.size)
	if p.index.whole(p.size) && p.loaded {
		n := p.index.lines
		if len(p.index.carry) > 0 {
			n++
		}
		parts += fmt.Sprintf(" · %s lines", thousands(n))
	}
	end := to.c.w
	to.upTo(roleText, parts, min(to.x+textWidth(parts, to.c.ascii), end))
	if p.index.whole(p.size) && p.loaded && len(p.index.errors)+len(p.index.warns) > 0 {
		fail, warn := roleDim, roleDim
		if len(p.index.errors) > 0 {
			fail = roleFail
		}
		if len(p.index.warns) > 0 {
			warn = roleWarn
		}
		to.put(roleText, " · ").put(fail, fmt.Sprintf("%s %s", p.e.sign(markLost), thousands(int64(len(p.index.errors)))))
		to.put(warn, fmt.Sprintf("  %s %s", p.e.sign(markWarn), thousands(int64(len(p.index.warns)))))
	}
	rest := ""
	if p.size > 0 && p.loaded && !p.follow && p.top < len(p.win.lines) {
		rest += fmt.Sprintf(" · %.1f %%", min(float64(p.bottom())/float64(p.size)*100, 100))
	}
	if p.pattern != "" {
		rest += " · " + p.hitText()
	}
	if n, of, ok := p.errorPlace(); ok {
		rest += fmt.Sprintf(" · error %d of %d", n, of)
	}
	if p.wrap {
		rest += " · wrap"
	}
	to.put(roleText, rest)
	switch {
	case p.anew:
		to.put(roleWarn, " · the file was replaced, begun anew")
	case p.err != nil:
		to.put(roleFail, " · "+errorText(p.err))
	}
	switch {
	case p.follow && p.running():
		to.put(roleText, " · ").put(markStream.role, p.e.sign(markStream)+" follow")
	case p.follow:
		to.put(roleText, " · follow")
	}
}

// bottom is the place of the file at the bottom of the screen.
func (p *logPane) bottom() int64 {
	at := p.top
	for range p.rows() {
		if at >= len(p.win.lines) {
			break
		}
		at = p.next(at)
	}
	return p.win.offset(at)
}

// errorPlace tells which of the errors is marked, once all are known.
func (p *logPane) errorPlace() (n, of int, ok bool) {
	if p.mark < 0 || p.mark >= len(p.win.lines) || !p.index.whole(p.size) {
		return 0, 0, false
	}
	at, found := slices.BinarySearch(p.index.errors, p.win.offset(p.mark))
	return at + 1, len(p.index.errors), found
}

// drawLine draws a line from row y on and gives how many rows it took.
func (p *logPane) drawLine(c *Canvas, y, line int, phases []phase) int {
	raw := p.win.line(line)
	text := logText(raw)
	ro, sign := roleText, mark{}
	switch severityOf(raw) {
	case severityError:
		ro, sign = roleFail, markLost
	case severityWarning:
		ro, sign = roleWarn, markWarn
	}
	if !p.bare && ro != roleText {
		c.at(y, 0).put(ro, p.e.sign(sign))
	}
	if p.gutter() > signWidth && p.win.first >= 0 {
		nr := roleDim
		if line == p.mark {
			nr = roleBold
		}
		c.at(y, 1).right(nr, thousands(p.win.first+int64(line)+1), numberWidth)
	}
	if line == p.mark {
		defer c.selectLine(y)
	}
	if i := slices.IndexFunc(phases, func(ph phase) bool { return ph.first == line }); i >= 0 && !p.bare {
		p.drawPhase(c.at(y, p.gutter()), phases[i], text)
		return 1
	}
	spans := p.spans(text, ro)
	if !p.wrap {
		drawSpans(c, y, p.gutter(), spans, p.left)
		return 1
	}
	rows := p.height(line)
	room := max(p.textRoom(), 1)
	for i := range rows {
		drawSpans(c, y+i, p.gutter(), spans, i*room)
	}
	return rows
}

// drawPhase draws the line with which a phase begins.
func (p *logPane) drawPhase(to *pen, ph phase, text string) {
	fold := markOpen
	if p.folded[ph.key] {
		fold = markShut
	}
	to.put(roleDim, p.e.sign(fold)).put(roleBold, " "+ph.name)
	to.put(roleDim, "  "+p.phaseText(ph))
	if fold == markOpen && text != ph.name {
		to.skip(2).upTo(roleDim, text, to.c.w)
	}
}

// drawMap draws the whole file as a column: where errors and warnings are, and
// where the screen is.
func (p *logPane) drawMap(c *Canvas) {
	if p.size <= 0 {
		return
	}
	row := func(at int64) int { return min(int(float64(at)/float64(p.size)*float64(c.h)), c.h-1) }
	from, to := row(p.win.offset(p.top)), row(max(p.bottom()-1, 0))
	for y := from; y <= to; y++ {
		c.at(y, 0).put(roleDim, "┃")
	}
	for _, at := range p.all.places {
		c.at(row(at), 0).put(roleHit, "▪")
	}
	for _, at := range p.index.warns {
		c.at(row(at), 0).put(roleWarn, p.e.sign(markWarn))
	}
	for _, at := range p.index.errors {
		c.at(row(at), 0).put(roleFail, p.e.sign(markLost))
	}
}

// textSpan is a piece of a line.
type textSpan struct {
	role role
	text string
}

// spans are a line's pieces, with the hits of the search.
func (p *logPane) spans(text string, ro role) []textSpan {
	var spans []textSpan
	at := 0
	for _, hit := range p.hits(text) {
		spans = append(spans, textSpan{ro, text[at:hit[0]]})
		found := text[hit[0]:hit[1]]
		if p.e.theme.plainHit {
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
