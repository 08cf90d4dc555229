package tui

import (
	"fmt"
	"slices"
	"strings"
)

func (v *tasksView) draw(c *Canvas) {
	if c.h == 0 {
		return
	}
	if c.w < 80 {
		p := v.drawCounts(c.at(0, 1), true)
		p.skip(2)
		v.drawFilter(p, c.w-p.x)
	} else {
		v.drawCounts(c.at(0, 1), false)
		v.drawCapacity(c)
		v.drawFilter(c.at(1, 1), c.w-1)
	}
	whole := c
	if v.paned() {
		left := v.treeWidth()
		v.side.draw(c.rect(left+1, 2, paneWidth-1, c.h))
		for y := 2; y < c.h; y++ {
			c.at(y, left).put(roleFrame, "│")
		}
		c = c.rect(0, 0, left, c.h)
	}
	if whole.w >= 80 {
		v.drawHeading(c)
	}
	rows := c.rect(0, v.head(), c.w, c.h)
	if len(v.t.rows) == 0 {
		text := "no tasks"
		switch {
		case !v.filter.empty():
			text = "no task fits the filter"
		case !v.e.store.loaded:
			text = "asking the hub…"
		case v.mine:
			text = "no tasks of yours today · M shows everybody's"
		}
		rows.at(0, 3).put(roleDim, text)
	}
	cols := columnsFor(c.w)
	for y := 0; y < rows.h && v.t.top+y < len(v.t.rows); y++ {
		v.drawRow(rows, y, &v.t.rows[v.t.top+y], cols)
		rows.clickableRow(y, func() { v.t.clickRow(v.t.top + y) })
	}
	if v.e.lost() {
		rows.dim()
	}
	if at := v.t.indexOf(v.t.sel); v.t.chosen && at >= v.t.top {
		rows.selectLine(at - v.t.top)
	}
}

func (v *tasksView) drawCounts(p *pen, short bool) *pen {
	n, scope := v.e.store.all, "all"
	if v.mine {
		n, scope = v.e.store.mine, "mine"
	}
	if !short {
		p.put(roleBold, scope)
	}
	for _, k := range []kind{kindRun, kindParent, kindRepo, kindFree, kindAssigned, kindFailed, kindDone, kindCanceled} {
		always := k == kindRun || k == kindFailed || k == kindDone
		if n[k] == 0 && !always || k == kindCanceled && p.c.w < 100 {
			continue
		}
		m := kindMarks[k]
		if short {
			p.put(m.role, v.e.sign(m)).put(roleText, fmt.Sprint(n[k])).skip(1)
		} else {
			p.skip(2).put(m.role, v.e.sign(m)).put(roleText, fmt.Sprintf(" %d %s", n[k], kindWords[k]))
		}
	}
	return p
}

func (v *tasksView) drawFilter(p *pen, room int) {
	end := p.x + room
	total := fmt.Sprintf("%d of %d", v.t.matched, v.t.total)
	p.put(roleDim, "/ ")
	switch {
	case v.edit.active:
		v.edit.draw(p, max(end-p.x-len(total)-2, 1))
	case v.filter.text != "":
		p.upTo(roleText, v.filter.text, min(end-len(total)-2, p.x+p.c.width(v.filter.text)))
	}
	if left := end - p.x - len(total) - 2; !v.edit.active && room > 60 {
		text := v.hint(left)
		p.x = max(p.x, end-len(total)-2-p.c.width(text))
		p.fit(roleDim, text, end-p.x-len(total)-2)
	}
	p.x = end - len(total) - 1
	p.put(roleDim, " "+total)
}

// hint says what the rows are chosen and sorted by, as far as there is room.
func (v *tasksView) hint(room int) string {
	last := taskOrders()[v.order].name
	if v.t.unsorted {
		last += " •"
	}
	if n := len(v.marks); n > 0 {
		last += fmt.Sprintf(" · %d marked", n)
	}
	text := last
	var any []string
	for _, w := range []struct{ key, name string }{
		{"st", "any state"}, {"m", "any method"}, {"own", "any owner"}, {"ch", "any channel"}, {"host", "any host"}, {"tag", "any tag"},
	} {
		if slices.ContainsFunc(v.filter.words, func(f filterWord) bool { return f.key == w.key }) || w.key == "own" && v.mine {
			continue
		}
		any = append(any, w.name)
		more := strings.Join(append(any, last), " · ")
		if textWidth(more, false) > room-6 {
			break
		}
		text = more
	}
	return text
}

// drawCapacity says at the right of the counts how loaded the hosts are.
func (v *tasksView) drawCapacity(c *Canvas) {
	n := v.e.store
	if n.capacity <= 0 || c.w < 120 {
		return
	}
	text := fmt.Sprintf("capacity %.0f of %.0f ", n.load, n.capacity)
	p := c.at(0, c.w-1-10-c.width(text))
	if queue := n.all[kindFree]; !v.mine {
		more := fmt.Sprintf("   queue %d", queue)
		p.x -= c.width(more)
		p.put(roleDim, text).bar(roleRun, n.load/n.capacity, 10).put(roleDim, more)
		return
	}
	p.put(roleDim, text).bar(roleRun, n.load/n.capacity, 10)
}

func (v *tasksView) drawHeading(c *Canvas) {
	cols := columnsFor(c.w)
	p := c.at(2, 3).put(roleDim, "TASK")
	if n := v.t.unseen(); n > 0 {
		p.put(roleWait, fmt.Sprintf("   ↑ %d new", n))
	}
	if v.follow {
		p.put(roleDone, "   follow")
	}
	p.x = cols.label
	p.column(roleDim, "ARCH", cols.arch).column(roleDim, "HOST", cols.host).column(roleDim, "OWNER", cols.owner).column(roleDim, "CHANNEL", cols.channel)
	p.skip(1).right(roleDim, "TIME", cols.time).skip(1).fit(roleDim, "PROGRESS", cols.progress)
}

// columns are the widths of a row's columns; 0 where there is no room.
type columns struct{ label, arch, host, owner, channel, time, progress int }

func columnsFor(w int) columns {
	cols := columns{time: 6, progress: 7}
	switch {
	case w >= 150:
		cols = columns{arch: 7, host: 12, owner: 8, channel: 10, time: 6, progress: 15}
	case w >= 120:
		cols = columns{arch: 7, host: 8, owner: 8, time: 6, progress: 15}
	case w >= 100:
		cols = columns{arch: 7, host: 8, time: 6, progress: 15}
	case w >= 80:
		cols = columns{host: 8, time: 6, progress: 12}
	}
	used := 0
	for _, n := range []int{cols.arch, cols.host, cols.owner, cols.channel, cols.time, cols.progress} {
		if n > 0 {
			used += n + 1
		}
	}
	cols.label = max(w-used, 10)
	return cols
}

// column writes a blank and a text into a column, unless there is none.
func (p *pen) column(ro role, text string, n int) *pen {
	if n == 0 {
		return p
	}
	return p.skip(1).fit(ro, text, n)
}

func (v *tasksView) drawRow(c *Canvas, y int, r *row, cols columns) {
	p := c.at(y, 0)
	if v.t.chosen && r.rowKey == v.t.sel {
		p.put(roleText, v.e.sign(markSelect))
	} else {
		p.skip(1)
	}
	e := v.e.store.get(r.id)
	if r.kind == rowTask && v.marks[r.id] {
		c.at(y, 0).put(roleWarn, "*")
	}
	switch r.kind {
	case rowDone:
		v.drawFold(p, r).put(roleDone, v.e.sign(kindMarks[kindDone]))
		p.put(roleDim, fmt.Sprintf(" %d finished today", r.total))
		v.drawMix(p, r)
		if n := v.e.store.rest; n > 0 {
			p.skip(2).put(roleDim, fmt.Sprintf("and %d older tasks at the hub", n))
		}
	case rowMore:
		v.drawFold(p.put(roleFrame, r.guide), r)
		p.put(roleDim, fmt.Sprintf(" %d more", r.total))
		v.drawMix(p, r)
	case rowTail:
		if e != nil {
			p.put(roleFrame, r.guide).skip(3).upTo(roleDim, e.tail, c.w)
		}
	case rowFault:
		if e != nil {
			p.put(roleFrame, r.guide).skip(3).upTo(roleFail, e.fault, c.w)
		}
	case rowWait:
		p.put(roleFrame, r.guide).skip(3).put(roleWait, "waits  ").upTo(roleDim, v.e.waits.known[r.id].line, c.w)
	case rowNext:
		if e != nil {
			v.drawNext(p.put(roleFrame, r.guide).skip(2), e, cols)
		}
	case rowTask:
		if e != nil {
			v.drawTask(p, r, e, cols)
			if r.other {
				c.rect(0, y, c.w, 1).dim()
			}
		}
	}
}

// drawNext tells what a chain of builds has still to begin.
func (v *tasksView) drawNext(p *pen, e *entry, cols columns) {
	links := v.e.store.toCome(e)
	if len(links) == 0 {
		return
	}
	text, sources, levels := comingText(links, e.method)
	if p.c.w >= 100 {
		text += ": " + sources
	}
	p.fit(roleDim, text, cols.label-p.x)
	p.x = p.c.w - cols.progress
	p.upTo(roleDim, levels, p.c.w)
}

func (v *tasksView) drawFold(p *pen, r *row) *pen {
	switch r.fold {
	case foldOpen:
		return p.put(roleDim, v.e.sign(markOpen))
	case foldShut:
		return p.put(roleDim, v.e.sign(markShut))
	}
	return p
}

// drawMix tells what a folded row holds.
func (v *tasksView) drawMix(p *pen, r *row) {
	p.skip(1)
	for _, k := range []kind{kindDone, kindCanceled, kindFailed} {
		if r.n[k] > 0 {
			p.skip(2).put(kindMarks[k].role, v.e.sign(kindMarks[k])).put(roleDim, fmt.Sprintf(" %d", r.n[k]))
		}
	}
}

func (v *tasksView) drawTask(p *pen, r *row, e *entry, cols columns) {
	p.put(roleFrame, r.guide)
	if r.guide == "" && r.fold == foldNone {
		p.skip(1)
	}
	v.drawFold(p, r)
	m := kindMarks[e.kind]
	p.put(m.role, v.e.sign(m)).skip(1).put(roleDim, fmt.Sprint(e.id)).skip(1)
	room := cols.label - p.x
	ro := roleText
	if e.kind == kindDone || e.kind == kindCanceled {
		ro = roleDim
	}
	p.fit(ro, e.short.shorten(e.label, room, p.c.ascii), room)
	p.x = cols.label
	host := shortHost(e.host, cols.host, p.c.ascii)
	p.column(roleDim, e.arch, cols.arch).column(roleText, host, cols.host).column(roleDim, owner(e.ownerName), cols.owner).column(roleDim, e.channelName, cols.channel)
	p.skip(1).right(roleText, v.took(e), cols.time)
	v.drawProgress(p.skip(1), r, e, cols.progress)
}

// drawProgress says how a task stands: a word, or a bar and how long it goes on.
func (v *tasksView) drawProgress(p *pen, r *row, e *entry, n int) {
	text, ro := v.progress(r, e, n)
	if text != "" {
		p.fit(ro, text, n)
		return
	}
	o, ok := v.e.outlookOf(e)
	if !ok || v.e.lost() || v.e.clock()-e.started < timesShown {
		return
	}
	text, ro = v.e.outlookText(e, o)
	width := min(n-1-p.c.width(text), 10)
	if width < 3 {
		p.fit(ro, text, n)
		return
	}
	part := (v.e.clock() - e.started) / o.total
	p.bar(roleRun, part, width).skip(1).fit(ro, text, n-1-width)
}

func owner(name string) string {
	short, _, _ := strings.Cut(name, "@")
	return short
}

// took is how long a task has run, or waits to run.
func (v *tasksView) took(e *entry) string {
	from, to := e.started, v.e.clock()
	if from == 0 {
		from = e.created
	}
	if e.finished() {
		to = e.completed
	}
	if from == 0 || to == 0 {
		return ""
	}
	return span(to - from)
}

func (v *tasksView) estimated(e *entry) bool {
	_, ok := v.e.outlookOf(e)
	return ok
}

// progress is a word on how a task stands, "" if nothing but a time can be said.
func (v *tasksView) progress(r *row, e *entry, room int) (string, role) {
	narrow := room < 12
	switch {
	case e.stuck() && v.e.waits.known[e.id].word != "" && narrow:
		return v.e.waits.known[e.id].word, roleWait
	case e.stuck() && v.e.waits.known[e.id].word != "" && (e.kind != kindRepo || !v.estimated(e)):
		return "waits: " + v.e.waits.known[e.id].word, roleWait
	case e.kind == kindFree:
		return "free", roleWait
	case e.kind == kindAssigned:
		return "assigned", roleWait
	case e.kind == kindRepo && !v.estimated(e):
		return "waits", roleWait
	case e.kind == kindCanceled:
		return "canceled", roleDim
	case e.kind == kindFailed && r.guide == "" && e.completed > 0:
		text := ago(v.e.clock() - e.completed)
		if narrow {
			text = strings.TrimSuffix(text, " ago")
		}
		return text, roleFail
	case v.e.lost() && !e.finished():
		return "?", roleDim
	case r.fold == foldShut:
		_, n := v.e.store.below(e.id)
		short := fmt.Sprintf("%d sub", n)
		switch level := v.e.store.level(e); {
		case level != "" && room < 15:
			return level, roleDim
		case level != "":
			return level + " · " + short, roleDim
		case narrow:
			return short, roleDim
		}
		return fmt.Sprintf("%d %s", n, plural(n, "subtask", "subtasks")), roleDim
	case e.finished():
		return v.e.store.level(e), roleDim
	}
	return "", roleText
}
