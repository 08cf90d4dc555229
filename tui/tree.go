package tui

import "slices"

// rowKind is what a row of the tree shows.
type rowKind uint8

const (
	rowTask  rowKind = iota
	rowMore          // finished subtasks of a failed task, folded
	rowDone          // all that finished well, folded
	rowTail          // the newest line of a running task's log
	rowFault         // why a task failed
	rowWait          // why a task doesn't go on
	rowNext          // what a chain of builds has still to begin
)

// rowKey names a row whatever line it is on.
type rowKey struct {
	kind rowKind
	id   int64
}

type row struct {
	rowKey
	guide string // lines of the tree before the fold mark
	fold  foldState
	other bool // doesn't fit the filter, only stays because it is selected
	n     counts
	total int
}

type foldState uint8

const (
	foldNone foldState = iota
	foldOpen
	foldShut
)

// selectable reports whether the selection can stand on the row.
func (r *row) selectable() bool { return r.kind <= rowDone }

// shape is what decides which rows there are.
type shape struct {
	filter filter
	owner  int64                 // whose tasks, 0 for all
	now    float64               // seconds
	notes  bool                  // rows for logs and faults
	roomy  bool                  // room for the finished subtasks of what failed
	waits  func(id int64) bool   // it is known why a task waits
	order  func(a, b *entry) int // of the roots, nil: the newest first
	resort bool                  // they may change their places now
}

// foldAfter is how long finished trees stay as they are, in seconds.
const foldAfter = 30

// tree is the visible rows, the selection, and what part is on the screen.
type tree struct {
	rows     []row
	spare    []row           // room for the next ones
	folds    map[rowKey]bool // opened or shut by hand
	sel      rowKey
	chosen   bool // sel is set
	top      int
	height   int
	matched  int  // tasks that fit the filter
	total    int  // tasks of the scope
	ripe     bool // a tree will fold soon
	newest   int64
	seen     int64         // the newest root when the top was last on the screen
	places   map[int64]int // of the roots, as they were sorted last
	unsorted bool          // they would stand elsewhere if they were sorted now

	s    *store
	o    shape
	pass uint64
}

func newTree() *tree { return &tree{folds: map[rowKey]bool{}} }

// build makes the rows anew. The selected row stays on its line of the screen,
// or the top row if the selection isn't on the screen.
func (t *tree) build(s *store, o shape) {
	old, line, anchor := t.rows, -1, rowKey{}
	selAt := t.indexOf(t.sel)
	switch {
	case selAt >= t.top && selAt < t.top+t.height:
		line, anchor = selAt-t.top, t.sel
	case t.top < len(old):
		line, anchor = 0, old[t.top].rowKey
	}
	t.s, t.o = s, o
	t.rows, t.spare = t.spare[:0], old
	t.walk()
	if t.chosen && t.indexOf(t.sel) < 0 {
		t.passOn(old, selAt)
		if selAt >= t.top && selAt < t.top+t.height {
			anchor = t.sel
		}
	}
	if !t.chosen {
		t.selectNear(0, 1)
	}
	if line >= 0 {
		if at := t.indexOf(anchor); at >= 0 {
			t.top = at - line
		}
	}
	// Room may stay empty below so that the anchor can stay on its line, but
	// not most of the screen.
	t.limit(len(t.rows) - t.height/2)
}

// passOn gives the selection of a row that is gone to the next one there is,
// else to the one before.
func (t *tree) passOn(old []row, from int) {
	if from < 0 {
		t.chosen = false
		return
	}
	there := make(map[rowKey]bool, len(t.rows))
	for i := range t.rows {
		there[t.rows[i].rowKey] = t.rows[i].selectable()
	}
	for i := from + 1; i < len(old); i++ {
		if there[old[i].rowKey] {
			t.sel = old[i].rowKey
			return
		}
	}
	for i := from - 1; i >= 0; i-- {
		if there[old[i].rowKey] {
			t.sel = old[i].rowKey
			return
		}
	}
	t.chosen = false
}

func (t *tree) indexOf(k rowKey) int {
	for i := range t.rows {
		if t.rows[i].rowKey == k {
			return i
		}
	}
	return -1
}

func (t *tree) clamp() { t.limit(len(t.rows) - t.height) }

func (t *tree) limit(top int) {
	t.top = max(0, min(t.top, top))
	if t.top == 0 {
		t.seen = t.newest
	}
}

// walk lists the roots, the newest first, and at the end those that are done.
func (t *tree) walk() {
	t.pass++
	t.matched, t.total, t.ripe, t.newest = 0, 0, false, 0
	t.search()
	selRoot := int64(0)
	if t.chosen && t.sel.kind != rowDone {
		selRoot = t.s.root(t.sel.id)
	}
	doneKey := rowKey{rowDone, 0}
	doneOpen := t.folds[doneKey]
	if doneOpen {
		selRoot = 0 // it stands among the done ones
	}
	t.s.settle(t.o.now, selRoot)
	for _, id := range t.ordered() {
		e := t.s.tasks[id]
		if !t.scoped(e) {
			continue
		}
		t.newest = max(t.newest, id)
		if !t.shown(e, false) && id != selRoot {
			continue
		}
		t.ripe = t.ripe || e.endedWell() && id != selRoot
		t.emit(e, "", " ", false)
	}
	done, n := t.done(doneOpen)
	if n.sum() == 0 {
		return
	}
	r := row{rowKey: doneKey, fold: foldShut, n: n, total: n.sum()}
	if doneOpen {
		r.fold = foldOpen
	}
	t.rows = append(t.rows, r)
	for _, e := range done {
		t.emit(e, "", " ", false)
	}
}

// done are the settled trees that fit, if they are to be listed, and how many
// of each kind there are.
func (t *tree) done(list bool) (done []*entry, n counts) {
	ids := t.s.settled.ids
	for i := 0; i < len(ids) && ids[i] > t.newest; i++ {
		if t.scoped(t.s.tasks[ids[i]]) {
			t.newest = ids[i]
		}
	}
	if n, known := t.s.settled.of(t.o.owner, t.s.me); known && !list && t.o.filter.empty() {
		return nil, n
	}
	for _, id := range ids {
		e := t.s.tasks[id]
		if !t.scoped(e) || !t.shown(e, false) {
			continue
		}
		n[e.kind]++
		if list {
			done = append(done, e)
		}
	}
	if t.o.order != nil {
		slices.SortStableFunc(done, t.o.order)
	}
	return done, n
}

func (t *tree) scoped(e *entry) bool { return t.o.owner == 0 || e.owner == t.o.owner }

// search marks all tasks that fit the filter, and those above them.
func (t *tree) search() {
	if n, known := t.s.of(t.o.owner, t.s.me); known && t.o.filter.empty() {
		t.total, t.matched = n.sum(), n.sum()
		return
	}
	for _, e := range t.s.tasks {
		if !t.scoped(e) {
			continue
		}
		t.total++
		if t.o.filter.empty() {
			t.matched++
			continue
		}
		if !t.o.filter.matches(e) {
			continue
		}
		t.matched++
		e.fits = t.pass
		for up := e; up != nil && up.hit != t.pass; up = t.s.tasks[up.parent] {
			up.hit = t.pass
		}
	}
}

// shown reports whether a task has a row: it fits, or one below it, or one
// above it does.
func (t *tree) shown(e *entry, inherited bool) bool {
	return inherited || t.o.filter.empty() || e.hit == t.pass
}

// emit appends the rows of a task and of all that is open below it. Its own has
// guide before it, those below have below.
func (t *tree) emit(e *entry, guide, below string, inherited bool) {
	r := row{rowKey: rowKey{rowTask, e.id}, guide: guide, other: !t.shown(e, inherited)}
	inherited = inherited || e.fits == t.pass
	open := false
	if len(e.children) > 0 {
		open = t.isOpen(e)
		r.fold = foldShut
		if open {
			r.fold = foldOpen
		}
	}
	t.rows = append(t.rows, r)
	if t.o.notes {
		t.notes(e, below, open)
	}
	switch coming := len(t.s.toCome(e)) > 0; {
	case open:
		t.emitChildren(e, below, inherited, coming)
	case coming && r.fold == foldNone:
		t.rows = append(t.rows, row{rowKey: rowKey{rowNext, e.id}, guide: below + "└"})
	}
}

// notes appends the rows that say more of a task; they can't be selected.
func (t *tree) notes(e *entry, guide string, open bool) {
	switch {
	case e.stuck() && t.o.waits != nil && t.o.waits(e.id):
		t.rows = append(t.rows, row{rowKey: rowKey{rowWait, e.id}, guide: guide})
	case e.kind == kindRun && e.tail != "":
		t.rows = append(t.rows, row{rowKey: rowKey{rowTail, e.id}, guide: guide})
	case e.kind == kindFailed && e.fault != "" && !(open && t.failedBelow(e)):
		t.rows = append(t.rows, row{rowKey: rowKey{rowFault, e.id}, guide: guide})
	}
}

func (t *tree) failedBelow(e *entry) bool {
	for _, id := range e.children {
		if c := t.s.tasks[id]; c.kind == kindFailed || t.failedBelow(c) {
			return true
		}
	}
	return false
}

// isOpen decides on a task with children: what was done by hand holds; else
// all that runs or failed is open, and what finished well shuts after a while.
func (t *tree) isOpen(e *entry) bool {
	if open, ok := t.folds[rowKey{rowTask, e.id}]; ok {
		return open
	}
	if !e.finished() || e.kind == kindFailed || t.failedBelow(e) || !t.o.filter.empty() {
		return true
	}
	if t.o.now-e.completed <= foldAfter {
		t.ripe = true
		return true
	}
	return t.inside(e)
}

// inside reports whether the selection is below a task.
func (t *tree) inside(e *entry) bool {
	if !t.chosen || t.sel.kind == rowDone || t.sel.id == e.id && t.sel.kind == rowTask {
		return false
	}
	id := t.sel.id
	for range 1000 {
		if id == e.id {
			return true
		}
		up := t.s.tasks[id]
		if up == nil || up.parent == 0 {
			return false
		}
		id = up.parent
	}
	return false
}

func (t *tree) emitChildren(e *entry, guide string, inherited, coming bool) {
	moreKey := rowKey{rowMore, e.id}
	gather := e.kind == kindFailed && !t.o.roomy && t.o.filter.empty() && !t.folds[moreKey]
	list := make([]*entry, 0, len(e.children))
	var gathered []*entry
	for _, id := range e.children {
		c := t.s.tasks[id]
		selected := t.chosen && t.sel.kind == rowTask && t.sel.id == c.id
		if !t.shown(c, inherited) && !selected {
			continue
		}
		if gather && !selected && c.finished() && c.kind != kindFailed && !t.failedBelow(c) {
			gathered = append(gathered, c)
			continue
		}
		list = append(list, c)
	}
	if len(gathered) == 1 { // one row either way
		list = list[:0]
		for _, id := range e.children {
			list = append(list, t.s.tasks[id])
		}
		gathered = nil
	}
	node, below := guide+"├", guide+"│"
	for i, c := range list {
		if i == len(list)-1 && len(gathered) == 0 && !coming {
			node, below = guide+"└", guide+" "
		}
		t.emit(c, node, below, inherited)
	}
	if len(gathered) > 0 {
		r := row{rowKey: moreKey, guide: guide + "└", fold: foldShut, total: len(gathered)}
		for _, c := range gathered {
			r.n[c.kind]++
		}
		t.rows = append(t.rows, r)
	}
	if coming {
		t.rows = append(t.rows, row{rowKey: rowKey{rowNext, e.id}, guide: guide + "└"})
	}
}

// selected is the selected row, nil if there is none.
func (t *tree) selected() *row {
	if at := t.indexOf(t.sel); t.chosen && at >= 0 {
		return &t.rows[at]
	}
	return nil
}

// selectNear selects the next row from at on in direction by that can be.
func (t *tree) selectNear(at, by int) bool {
	for ; at >= 0 && at < len(t.rows); at += by {
		if t.rows[at].selectable() {
			t.sel, t.chosen = t.rows[at].rowKey, true
			return true
		}
	}
	return false
}

// move moves the selection by n rows and brings it on the screen.
func (t *tree) move(n int) {
	step := 1
	if n < 0 {
		n, step = -n, -1
	}
	at := t.indexOf(t.sel)
	for ; n > 0; n-- {
		next := at + step
		for next >= 0 && next < len(t.rows) && !t.rows[next].selectable() {
			next += step
		}
		if next < 0 || next >= len(t.rows) {
			break
		}
		at = next
	}
	if at >= 0 {
		t.sel, t.chosen = t.rows[at].rowKey, true
	}
	t.reveal()
}

// end selects the first or the last row.
func (t *tree) end(last bool) {
	if last {
		t.selectNear(len(t.rows)-1, -1)
	} else {
		t.selectNear(0, 1)
	}
	t.reveal()
}

// reveal scrolls until the selection, with the notes below it, is visible.
func (t *tree) reveal() {
	at := t.indexOf(t.sel)
	if at < 0 {
		return
	}
	end := at + 1
	for end < len(t.rows) && !t.rows[end].selectable() {
		end++
	}
	if end > t.top+t.height {
		t.top = end - t.height
	}
	if at < t.top {
		t.top = at
	}
	t.clamp()
}

// clickRow selects the row that was clicked, or the one that a note belongs to.
func (t *tree) clickRow(at int) {
	for at > 0 && at < len(t.rows) && !t.rows[at].selectable() {
		at--
	}
	if at < len(t.rows) && t.rows[at].selectable() {
		t.sel, t.chosen = t.rows[at].rowKey, true
	}
}

// unseen is how many new roots stand above the screen.
func (t *tree) unseen() int {
	n := 0
	for i := 0; i < t.top && i < len(t.rows); i++ {
		if r := &t.rows[i]; r.kind == rowTask && r.guide == "" && r.id > t.seen {
			n++
		}
	}
	return n
}
