package tui

import (
	"fmt"
	"strings"

	"koji"
)

// fallLine is a task of the waterfall.
type fallLine struct {
	task
	guide string
	name  string
}

// fallLines are the task and all below it, as a tree.
func (v *taskView) fallLines() []fallLine {
	lines := []fallLine{{task: v.known(v.detail.task), name: fallName(v.detail.task)}}
	var rails []bool // whether a line goes on at each depth
	for i := range v.detail.below {
		s := &v.detail.below[i]
		rails = append(rails[:min(s.depth-1, len(rails))], !s.last)
		var guide strings.Builder
		for _, on := range rails[:len(rails)-1] {
			guide.WriteString(map[bool]string{true: "│", false: " "}[on])
		}
		guide.WriteString(map[bool]string{true: "└", false: "├"}[s.last])
		lines = append(lines, fallLine{v.known(s.Task), guide.String(), fallName(s.Task)})
	}
	return lines
}

// fallName is what a task is called among its siblings: by what it does, or by
// its arch where they do the same.
func fallName(t koji.Task) string {
	switch t.Method {
	case "buildArch", "createrepo", "createdistrepo", "createImage", "createLiveMedia", "createAppliance", "createLiveCD":
		return cleanOf(&t.Arch)
	case "buildSRPMFromSCM", "rebuildSRPM":
		return "srpm"
	}
	return cleanOf(&t.Method)
}

// fallSpan is the time that a waterfall shows, in seconds since the epoch.
type fallSpan struct{ from, now, to float64 }

// fallSpan is from when the task was made until all of it is over, or may be.
func (v *taskView) fallSpan(lines []fallLine) fallSpan {
	s := fallSpan{from: lines[0].created, now: v.e.clock()}
	for i := range lines {
		t := &lines[i].task
		s.to = max(s.to, t.completed)
		if t.finished() {
			continue
		}
		s.to = max(s.to, s.now)
		if end, ok := v.expectedEnd(t); ok {
			s.to = max(s.to, end)
		}
	}
	s.to = max(s.to, s.from+1)
	return s
}

// expectedEnd is when a task that runs may end.
func (v *taskView) expectedEnd(t *task) (float64, bool) {
	e := v.e.store.get(t.id)
	if e == nil || v.e.lost() {
		return 0, false
	}
	o, ok := v.e.outlookOf(e)
	return e.started + o.total, ok
}

func (v *taskView) layoutWaterfall() {
	lines := v.fallLines()
	time := v.fallSpan(lines)
	left := 40
	switch {
	case v.w < 80:
		left = 30
	case v.w >= 120:
		left = 48
	}
	v.page.add(nil, func(p *pen, room int) { v.drawScale(p, left, room, time) })
	for _, l := range lines {
		v.page.add(detailKey{task: l.id}, func(p *pen, room int) { v.drawFall(p, &l, left, room, time) })
	}
	v.page.add(nil, func(p *pen, room int) {
		legend := "· waiting  █ running  ░ expected"
		end := p.x + room
		p.x += max(min(left, room-p.c.width(legend)), 0)
		p.upTo(roleDim, legend, end)
	})
}

// drawScale writes the times above the bars.
func (v *taskView) drawScale(p *pen, left, room int, s fallSpan) {
	start := p.x + left
	width := room - left
	if width < 12 {
		return
	}
	form := func(ts float64) string {
		text := clockTime(ts, v.e.loc)
		return text[:5]
	}
	p.x = start
	p.put(roleDim, form(s.from))
	if s.now > s.from && s.now < s.to {
		if x := start + int((s.now-s.from)/(s.to-s.from)*float64(width)); x > p.x+1 && x < start+width-9 {
			p.x = x
			p.put(roleText, "now")
		}
	}
	p.x = start + width - 5
	p.put(roleDim, form(s.to))
}

// drawFall writes a task and its bar: a dot for each cell in which it waited,
// a block for those in which it ran, a shade for those in which it may run.
func (v *taskView) drawFall(p *pen, l *fallLine, left, room int, s fallSpan) {
	start, width := p.x+left, room-left
	m := kindMarks[l.kind]
	end := start - 1
	p.put(roleFrame, l.guide).put(m.role, v.e.sign(m)).skip(1)
	took := ""
	switch {
	case l.started > 0 && l.finished():
		took = span(l.completed - l.started)
	case l.started > 0:
		took = span(s.now - l.started)
	case !l.finished():
		took = span(s.now - l.created)
	}
	host := 0
	if left >= 40 {
		host = 9
	}
	name := max(end-p.x-8-host-8, 4)
	p.fit(roleText, l.name, name).fit(roleDim, fmt.Sprintf(" %d", l.id), 8)
	if host > 0 {
		p.skip(1).fit(roleText, shortHost(l.host, host-1, p.c.ascii), host-1)
	}
	p.right(roleText, took, 7)
	if width < 12 || l.created == 0 {
		return
	}
	cell := func(ts float64) int { return max(0, min(int((ts-s.from)/(s.to-s.from)*float64(width)+0.5), width)) }
	until := l.completed
	if !l.finished() {
		until = s.now
	}
	made, over := cell(l.created), cell(until)
	begun := over
	if l.started > 0 {
		begun = min(cell(l.started), over)
		over = max(over, min(begun+1, width))
	}
	p.x = start + made
	p.put(roleFrame, strings.Repeat("·", begun-made))
	block := "█"
	if p.c.ascii {
		block = "#"
	}
	if l.started > 0 {
		p.x = start + begun
		p.put(m.role, strings.Repeat(block, over-begun))
	}
	if expected, ok := v.expectedEnd(&l.task); ok && !l.finished() && cell(expected) > over {
		p.put(roleFrame, strings.Repeat("░", cell(expected)-over))
	}
}
