package tui

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// tasksView is the home: the live tree of tasks, and beside it, where there is
// room, what the selected one does.
type tasksView struct {
	screen
	choosing[int64]
	t      *tree
	mine   bool
	follow bool
	newest int64
	shape  uint64    // of the store when the rows were made
	order  int       // of taskOrders
	touch  time.Time // the last key
	side   sidePane
	older  float64 // what the page of old tasks came before that was asked for last
	noPane bool    // not wanted, though there is room
}

func newTasksView(e *env, mine bool) *tasksView {
	v := &tasksView{screen: newScreen(e), choosing: newChoosing[int64](), t: newTree(), mine: mine}
	v.side = sidePane{e: e, c: v.c}
	return v
}

func (v *tasksView) title() []string { return []string{"Tasks"} }

func (v *tasksView) keys() []action {
	return []action{
		actDown, actUp, actLeft, actRight, actOpen, actLog, actLogRight, actFilter, actSort, actMark, actFold, actFoldDone,
		actFollow, actScope, actPane, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp,
	}
}

// ticks: times of what isn't finished pass, and finished trees fold.
func (v *tasksView) ticks() bool {
	return v.t.ripe || v.e.store.open() > 0 || v.side.ticks()
}

// head is how many lines stand above the rows.
func (v *tasksView) head() int {
	if v.w < 80 {
		return 1
	}
	return 3
}

// paneLeast is the width from which there is a pane, paneWidth its own, with
// the line before it.
const (
	paneLeast = 150
	paneWidth = 56
)

// paned reports whether the pane is shown.
func (v *tasksView) paned() bool { return v.w >= paneLeast && !v.noPane }

// treeWidth is how wide the rows are.
func (v *tasksView) treeWidth() int {
	if v.paned() {
		return v.w - paneWidth
	}
	return v.w
}

func (v *tasksView) resize(w, h int) {
	v.w, v.h = w, h
	v.t.height = max(h-v.head(), 0)
	v.side.resize(paneWidth-1, max(h-2, 0))
	v.build()
	v.t.clamp()
}

// idle is after how long without a key the rows may be sorted anew.
const idle = 2 * time.Second

func (v *tasksView) build() {
	o := shape{
		filter: v.filter, now: v.e.clock(), notes: v.w >= 80, roomy: v.h >= 36, resort: v.e.now().Sub(v.touch) >= idle,
		waits: func(id int64) bool { return v.e.waits.known[id].line != "" },
	}
	if by := taskOrders()[v.order].by; by != nil {
		o.order = by(v.e)
	}
	if v.mine {
		o.owner = cmp.Or(v.e.store.me, nobodyYet)
	}
	v.shape = v.e.store.shape
	v.t.build(v.e.store, o)
	if v.follow && v.t.newest > v.newest && v.newest != 0 {
		v.t.end(false)
	}
	v.newest = v.t.newest
	v.e.store.wide = v.t.folds[rowKey{rowDone, 0}]
	v.scrolled()
	v.watch()
}

// keep and restore: the filter, the order, and whose tasks are shown.
func (v *tasksView) keep() map[string]string {
	kept := map[string]string{"filter": v.filter.text, "scope": "all", "sort": taskOrders()[v.order].name, "pane": fmt.Sprint(!v.noPane)}
	if v.mine {
		kept["scope"] = "mine"
	}
	return kept
}

func (v *tasksView) restore(kept map[string]string) {
	v.filter = parseFilter(kept["filter"], taskWord)
	v.noPane = kept["pane"] == "false"
	v.order = max(slices.IndexFunc(taskOrders(), func(o taskOrder) bool { return o.name == kept["sort"] }), 0)
	if kept["scope"] == "all" {
		v.mine = false
	}
}

// visible are the tasks on the screen.
func (v *tasksView) visible() []task {
	var list []task
	for i := v.t.top; i < len(v.t.rows) && i < v.t.top+v.t.height; i++ {
		r := &v.t.rows[i]
		if e := v.e.store.get(r.id); r.kind == rowTask && e != nil {
			list = append(list, e.task)
		}
	}
	return list
}

// watch tells the feed which logs to read the ends of.
func (v *tasksView) watch() {
	var ids []int64
	if v.w >= 80 && (v.e.top == nil || v.e.shown(v)) {
		for _, t := range v.visible() {
			if t.kind == kindRun {
				ids = append(ids, t.id)
			}
		}
	}
	v.e.feed.watch(ids)
}

// wonder asks for what else is good to know of the tasks on the screen: why
// they wait, and how long such tasks took before.
func (v *tasksView) wonder() tea.Cmd {
	if !v.e.shown(v) || !v.e.link.up {
		return nil
	}
	tasks := v.visible()
	var run []task
	for _, t := range tasks {
		if !t.finished() && (t.kind != kindRun || t.started > 0 && v.e.clock()-t.started >= timesShown) {
			run = append(run, t)
		}
	}
	return tea.Batch(v.e.askWaits(v.c, tasks), v.e.askTimes(v.c, run))
}

func (v *tasksView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		v.build()
		return v.side.show(v.selectedTask(), v.paned())
	case tick:
		v.build()
		return tea.Batch(v.wonder(), v.side.update(msg))
	case changes:
		if m.whole {
			v.older = 0
		}
		if v.shape != v.e.store.shape {
			v.build()
		}
		return tea.Batch(v.side.show(v.selectedTask(), v.paned()), v.side.update(msg))
	case link:
		return v.side.update(msg)
	case who:
		v.build()
	case wake:
		return v.side.wake(m)
	case reply:
		switch what := m.what.(type) {
		case logChoice:
			v.e.openLog(what, m.err)
		case waitsTold:
			v.e.takeWaits(what)
			v.build()
		case timesTold:
			v.e.takeTimes(what)
		case sideChoice:
			return v.side.open(what, m.err)
		default:
			return takeLog(m)
		}
	}
	return nil
}

func (v *tasksView) typing() bool { return v.choosing.typing() }

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
	return v.side.show(v.selectedTask(), v.paned())
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
	case v.leave(v.setFilter):
	case v.c.open > 0:
		v.e.drop(v.c)
		v.side.drop()
	default:
		return false
	}
	return true
}

func (v *tasksView) do(a action) tea.Cmd {
	was, stale := v.t.sel, false
	if r := v.t.selected(); r != nil && r.kind != rowDone {
		up := v.e.store.get(v.e.store.root(r.id))
		stale = r.other || up != nil && up.finished()
	}
	v.touch = v.e.now()
	cmd := v.act(a)
	// What only stays for the selection's sake goes when that moves on.
	if stale && v.t.sel != was {
		v.build()
	}
	v.scrolled()
	v.watch()
	return tea.Batch(cmd, v.side.show(v.selectedTask(), v.paned()))
}

func (v *tasksView) act(a action) tea.Cmd {
	page := max(v.t.height, 2)
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
		v.editFilter()
	case actSort:
		v.openSortMenu()
	case actMark:
		v.mark()
	case actPane:
		v.togglePane()
	case actOpen:
		v.open()
	case actLog, actLogRight:
		if id := v.selectedTask(); id != 0 {
			return v.e.chooseLogs(id, v.c, a == actLogRight)
		}
		v.e.tell(roleWarn, "no task is selected")
	}
	return nil
}

func (v *tasksView) openSortMenu() {
	m := &menu{e: v.e, title: "sort", at: v.order}
	for i, o := range taskOrders() {
		it := menuItem{key: o.key, name: o.name, do: func() tea.Cmd {
			v.order, v.t.places = i, nil
			v.build()
			v.t.reveal()
			return nil
		}}
		if i == v.order {
			it.about = "now"
		}
		m.items = append(m.items, it)
	}
	v.e.over = m
}

func (v *tasksView) togglePane() {
	if v.w < paneLeast {
		v.e.tell(roleWarn, fmt.Sprintf("the side pane needs %d columns", paneLeast))
		return
	}
	v.noPane = !v.noPane
}

// mark marks the selected task, or lets go of it, and goes on to the next.
func (v *tasksView) mark() {
	if id := v.selectedTask(); id != 0 {
		v.turnMark(id)
	}
	v.t.move(1)
}

// selectedTask is the selected task, 0 if none is.
func (v *tasksView) selectedTask() int64 {
	if r := v.t.selected(); r != nil && r.kind == rowTask {
		return r.id
	}
	return 0
}

// acted are the marked tasks, else the selected one.
func (v *tasksView) acted() []task {
	var list []task
	for id := range v.marks {
		if e := v.e.store.get(id); e != nil {
			list = append(list, e.task)
		}
	}
	slices.SortFunc(list, func(a, b task) int { return cmp.Compare(a.id, b.id) })
	if e := v.e.store.get(v.selectedTask()); len(list) == 0 && e != nil {
		list = append(list, e.task)
	}
	return list
}

func (v *tasksView) deeds() []deed { return v.e.taskDeeds(v.acted()) }

func (v *tasksView) clips() []clip {
	e := v.e.store.get(v.selectedTask())
	if e == nil {
		return nil
	}
	return v.e.taskClips(&e.task)
}

func (v *tasksView) command() string {
	if id := v.selectedTask(); id != 0 {
		return v.e.commandLine("taskinfo", id)
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
