package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// tasksView is the home: the live tree of tasks.
type tasksView struct {
	screen
	t      *tree
	filter filter
	edit   lineEdit
	before string // the filter before it was edited
	mine   bool
	follow bool
	newest int64
}

func newTasksView(e *env, mine bool) *tasksView {
	return &tasksView{screen: newScreen(e), t: newTree(), edit: newLineEdit(), mine: mine}
}

func (v *tasksView) title() []string { return []string{"Tasks"} }

func (v *tasksView) keys() []action {
	return []action{
		actDown, actUp, actLeft, actRight, actOpen, actLog, actFilter, actFold, actFoldDone, actFollow, actScope,
		actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp,
	}
}

// ticks: times of what isn't finished pass, and finished trees fold.
func (v *tasksView) ticks() bool {
	n := v.e.store.all
	return v.t.ripe || n[kindRun]+n[kindParent]+n[kindRepo]+n[kindFree]+n[kindAssigned] > 0
}

// head is how many lines stand above the rows.
func (v *tasksView) head() int {
	if v.w < 80 {
		return 1
	}
	return 3
}

func (v *tasksView) resize(w, h int) {
	v.w, v.h = w, h
	v.t.height = max(h-v.head(), 0)
	v.build()
	v.t.clamp()
}

func (v *tasksView) build() {
	o := shape{filter: v.filter, now: v.e.clock(), notes: v.w >= 80, roomy: v.h >= 36}
	if v.mine {
		o.owner = v.e.me.id
		if o.owner == 0 {
			o.owner = nobodyYet
		}
	}
	v.t.build(v.e.store, o)
	if v.follow && v.t.newest > v.newest && v.newest != 0 {
		v.t.end(false)
	}
	v.newest = v.t.newest
	v.watch()
}

// keep and restore: the filter, and whose tasks are shown.
func (v *tasksView) keep() map[string]string {
	kept := map[string]string{"filter": v.filter.text, "scope": "all"}
	if v.mine {
		kept["scope"] = "mine"
	}
	return kept
}

func (v *tasksView) restore(kept map[string]string) {
	v.filter = parseFilter(kept["filter"], taskWord)
	if kept["scope"] == "all" {
		v.mine = false
	}
}

// watch tells the feed which logs to read the ends of.
func (v *tasksView) watch() {
	var ids []int64
	for i := v.t.top; i < len(v.t.rows) && i < v.t.top+v.t.height && v.w >= 80; i++ {
		r := &v.t.rows[i]
		if e := v.e.store.get(r.id); r.kind == rowTask && e != nil && e.kind == kindRun {
			ids = append(ids, r.id)
		}
	}
	v.e.feed.watch(ids)
}

func (v *tasksView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case changes, tick, link, who:
		v.build()
	case reply:
		if what, ok := m.what.(logChoice); ok {
			v.e.openLog(what, m.err)
		}
	}
	return nil
}

func (v *tasksView) typing() bool { return v.edit.active }

func (v *tasksView) input(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyEnter:
		v.edit.close()
	case tea.KeyUp:
		v.t.move(-1)
	case tea.KeyDown:
		v.t.move(1)
	default:
		if v.edit.key(k) {
			v.setFilter(v.edit.value())
		}
	}
	return nil
}

func (v *tasksView) setFilter(text string) {
	v.filter = parseFilter(text, taskWord)
	v.build()
	if r := v.t.selected(); r == nil || r.kind != rowTask || !v.filter.matches(v.e.store.get(r.id)) {
		v.t.chosen = false // what fits is what one looks for
		for i := range v.t.rows {
			r := &v.t.rows[i]
			if r.kind == rowTask && v.filter.matches(v.e.store.get(r.id)) {
				v.t.sel, v.t.chosen = v.t.rows[i].rowKey, true
				break
			}
		}
	}
	v.build()
	v.t.reveal()
}

func (v *tasksView) escape() bool {
	switch {
	case v.edit.active:
		v.edit.close()
		v.setFilter(v.before)
	case !v.filter.empty():
		v.setFilter("")
	default:
		return v.screen.escape()
	}
	return true
}

func (v *tasksView) do(a action) tea.Cmd {
	page := max(v.t.height, 2)
	was, stale := v.t.sel, false
	if r := v.t.selected(); r != nil && r.kind != rowDone {
		up := v.e.store.get(v.e.store.root(r.id))
		stale = r.other || up != nil && up.finished()
	}
	switch a {
	case actDown:
		v.t.move(1)
	case actUp:
		v.follow = false
		v.t.move(-1)
	case actHalfDown:
		v.t.move(page / 2)
	case actHalfUp:
		v.t.move(-page / 2)
	case actPageDown:
		v.t.move(page - 1)
	case actPageUp:
		v.t.move(1 - page)
	case actFirst:
		v.t.end(false)
	case actLast:
		v.t.end(true)
	case actLeft:
		v.foldOrUp()
	case actRight:
		v.fold(true)
	case actFold:
		v.toggle()
	case actFoldDone:
		v.foldDone()
	case actFollow:
		v.follow = !v.follow
		if v.follow {
			v.t.end(false)
		}
	case actScope:
		v.toggleScope()
	case actFilter:
		v.before = v.filter.text
		v.edit.open(v.filter.text)
	case actOpen:
		v.open()
	case actLog:
		if r := v.t.selected(); r != nil && r.kind == rowTask {
			return v.e.chooseLog(r.id, v.c)
		}
		v.e.tell(roleWarn, "no task is selected")
	}
	// What only stays for the selection's sake goes when that moves on.
	if stale && v.t.sel != was {
		v.build()
	}
	v.watch()
	return nil
}

// deeds are those of the selected task.
func (v *tasksView) deeds() []deed {
	r := v.t.selected()
	if r == nil || r.kind != rowTask {
		return nil
	}
	return v.e.taskDeeds([]task{v.e.store.get(r.id).task})
}

func (v *tasksView) clips() []clip {
	r := v.t.selected()
	if r == nil || r.kind != rowTask {
		return nil
	}
	return v.e.taskClips(&v.e.store.get(r.id).task)
}

func (v *tasksView) command() string {
	if r := v.t.selected(); r != nil && r.kind == rowTask {
		return v.e.commandLine("taskinfo", r.id)
	}
	if v.mine {
		return v.e.commandLine("list-tasks", "--mine")
	}
	return v.e.commandLine("list-tasks")
}

func (v *tasksView) open() {
	r := v.t.selected()
	switch {
	case r == nil:
	case r.kind == rowTask:
		v.e.next = newTaskView(v.e, r.id)
	default:
		v.toggle()
	}
}

func (v *tasksView) toggle() {
	if r := v.t.selected(); r != nil && r.fold != foldNone {
		v.fold(r.fold == foldShut)
	}
}

// fold opens or shuts the selected row by hand, which is remembered.
func (v *tasksView) fold(open bool) {
	r := v.t.selected()
	if r == nil || r.fold == foldNone {
		return
	}
	v.t.folds[r.rowKey] = open
	if r.kind == rowTask && open {
		delete(v.t.folds, rowKey{rowMore, r.id})
	}
	v.build()
}

func (v *tasksView) foldOrUp() {
	r := v.t.selected()
	if r == nil {
		return
	}
	if r.fold == foldOpen {
		v.fold(false)
		return
	}
	e := v.e.store.get(r.id)
	if r.kind == rowTask && e != nil && e.parent != 0 && v.t.indexOf(rowKey{rowTask, e.parent}) >= 0 {
		v.t.sel = rowKey{rowTask, e.parent}
		v.t.reveal()
	}
}

// foldDone shuts all finished trees.
func (v *tasksView) foldDone() {
	for id, e := range v.e.store.tasks {
		if e.finished() && len(e.children) > 0 {
			v.t.folds[rowKey{rowTask, id}] = false
		}
	}
	delete(v.t.folds, rowKey{rowDone, 0})
	v.build()
	v.t.reveal()
}

func (v *tasksView) toggleScope() {
	if v.e.me.id == 0 {
		v.e.tell(roleWarn, v.e.sign(markOff)+" mine: needs a login")
		return
	}
	v.mine = !v.mine
	owner := int64(0)
	if v.mine {
		owner = v.e.me.id
	}
	v.e.feed.scope(owner)
	v.build()
	v.t.reveal()
}

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
		v.drawFilter(c.at(1, 1), c.w-1)
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
		p.fit(roleText, v.filter.text, end-p.x-len(total)-2)
	case room > 60:
		p.fit(roleDim, strings.Repeat(" ", 30)+"newest first", end-p.x-len(total)-2)
	}
	p.x = end - len(total) - 1
	p.put(roleDim, " "+total)
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
	p.column(roleDim, "ARCH", cols.arch).column(roleDim, "HOST", cols.host).column(roleDim, "OWNER", cols.owner)
	p.skip(1).right(roleDim, "TIME", cols.time).skip(1).fit(roleDim, "PROGRESS", cols.progress)
}

// columns are the widths of a row's columns; 0 where there is no room.
type columns struct{ label, arch, host, owner, time, progress int }

func columnsFor(w int) columns {
	cols := columns{time: 6, progress: 7}
	switch {
	case w >= 150:
		cols = columns{arch: 7, host: 12, owner: 8, time: 6, progress: 15}
	case w >= 100:
		cols = columns{arch: 7, host: 8, owner: 8, time: 6, progress: 15}
	case w >= 80:
		cols = columns{host: 8, time: 6, progress: 12}
	}
	used := 0
	for _, n := range []int{cols.arch, cols.host, cols.owner, cols.time, cols.progress} {
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
	switch r.kind {
	case rowDone:
		v.drawFold(p, r).put(roleDone, v.e.sign(kindMarks[kindDone]))
		p.put(roleDim, fmt.Sprintf(" %d finished today", r.total))
		v.drawMix(p, r)
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
	case rowTask:
		if e != nil {
			v.drawTask(p, r, e, cols)
			if r.other {
				c.rect(0, y, c.w, 1).dim()
			}
		}
	}
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
	host := e.host
	if name, _, ok := strings.Cut(host, "."); ok && p.c.width(host) > cols.host {
		host = name
	}
	p.column(roleDim, e.arch, cols.arch).column(roleText, host, cols.host).column(roleDim, owner(e.ownerName), cols.owner)
	p.skip(1).right(roleText, v.took(e), cols.time)
	text, ro := v.progress(r, e, cols.progress < 12)
	p.skip(1).fit(ro, text, cols.progress)
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

// progress is a word on how a task stands.
func (v *tasksView) progress(r *row, e *entry, narrow bool) (string, role) {
	switch {
	case e.kind == kindFree:
		return "free", roleWait
	case e.kind == kindAssigned:
		return "assigned", roleWait
	case e.kind == kindRepo:
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
		if narrow {
			return fmt.Sprintf("%d sub", n), roleDim
		}
		if n == 1 {
			return "1 subtask", roleDim
		}
		return fmt.Sprintf("%d subtasks", n), roleDim
	}
	return "", roleText
}
