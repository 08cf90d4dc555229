package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// table is a list of things with columns: it filters, sorts, marks, folds
// groups and pages. The selection belongs to a thing, which stays on its line
// of the screen while others come and go. Rows are made when something has
// changed, and only the visible ones are drawn.
type table[K comparable, T any] struct {
	e       *env
	columns []column[T]
	key     func(T) K
	text    func(T) string                    // what free words of the filter are looked for in
	fields  map[string]func(T) string         // what words such as own:jsmith are compared with
	notes   func(T) []note                    // lines below an item, nil: none
	group   func(T) string                    // the heading an item stands under, nil: none
	holds   func(T) bool                      // an item that is none, but has its group be there; nil: none is
	about   func(group string) (string, role) // said beside a heading, nil: nothing
	empty   string                            // shown where there is nothing
	resort  func() tea.Cmd                    // told when another order was chosen, nil: nobody

	items []T
	texts []string // of the items, lower case
	rows  []tableRow[K]
	hits  int  // items that fit the filter
	held  int  // that are none
	more  bool // there are items that weren't fetched yet
	total int  // how many there are with those, 0 if unknown

	choosing[K]
	sorted  int // the column sorted by, -1: as the items came
	reverse bool
	shut    map[string]bool // groups folded by hand
	sel     spot[K]
	chosen  bool // sel is set
	top     int
	aside   int // cells that the columns are scrolled sideways
	w, h    int // of the rows
	head    int // 1 if there is a heading
}

// spot is what the selection stands on: an item in its group, or the group.
type spot[K comparable] struct {
	group string
	whole bool
	key   K
}

// tableRow is a line of the list.
type tableRow[K comparable] struct {
	kind tableRowKind
	spot spot[K]
	item int
	note note
	n    int // items of a group
}

type tableRowKind uint8

const (
	rowItem tableRowKind = iota
	rowGroup
	rowNote
	rowRest // that there is more to come
)

func (r *tableRow[K]) selectable() bool { return r.kind <= rowGroup }

// note is a line that belongs to the row above it.
type note struct {
	role role
	text string
}

func newTable[K comparable, T any](e *env, key func(T) K, columns ...column[T]) *table[K, T] {
	return &table[K, T]{
		e: e, columns: columns, key: key, choosing: newChoosing[K](), sorted: -1, empty: "nothing here",
		shut: map[string]bool{}, text: func(T) string { return "" },
	}
}

// keys are the actions that a table takes.
func (t *table[K, T]) keys() []action {
	return []action{
		actDown, actUp, actLeft, actAside, actFilter, actSort, actMark, actFold, actFoldDone, actSave,
		actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp,
	}
}

// set has the list show these items.
func (t *table[K, T]) set(items []T) {
	t.items = items
	t.texts = make([]string, len(items))
	for i := range items {
		t.texts[i] = strings.ToLower(t.text(items[i]))
	}
	t.build()
}

func (t *table[K, T]) resize(w, h int) {
	t.head = 0
	if w >= 80 {
		t.head = 1
	}
	t.w, t.h = w, max(h-t.head, 0)
	t.build()
	t.reveal()
}

// build makes the rows anew. The selected row stays on its line of the screen,
// or the top row if the selection isn't on the screen.
func (t *table[K, T]) build() {
	old, was := t.rows, t.indexOf(t.sel)
	anchor, line := t.sel, was-t.top
	if line < 0 || line >= t.h {
		line = -1
		for at := t.top; at < len(old) && line < 0; at++ {
			if old[at].selectable() {
				anchor, line = old[at].spot, at-t.top
			}
		}
	}
	t.fill(t.order())
	if at := t.indexOf(t.sel); !t.chosen || at < 0 {
		t.near(max(was, 0))
	}
	if at := t.indexOf(anchor); line >= 0 && at >= 0 {
		t.top = at - line
	}
	t.top = max(0, min(t.top, len(t.rows)-t.h))
}

// order is the items that fit the filter, sorted.
func (t *table[K, T]) order() []int {
	var at []int
	for i := range t.items {
		if t.fits(i) {
			at = append(at, i)
		}
	}
	t.hits = len(at)
	if t.sorted < 0 || t.sorted >= len(t.columns) || t.columns[t.sorted].order == nil {
		return at
	}
	order := t.columns[t.sorted].order
	slices.SortStableFunc(at, func(a, b int) int {
		if t.reverse {
			a, b = b, a
		}
		return order(t.items[a], t.items[b])
	})
	return at
}

func (t *table[K, T]) fits(i int) bool {
	return t.filter.fits(func(w *filterWord) bool {
		if field := t.fields[w.key]; field != nil {
			return strings.HasPrefix(strings.ToLower(field(t.items[i])), w.value)
		}
		return strings.Contains(t.texts[i], w.value)
	})
}

// fill makes the rows of the items at these indices, below their groups.
func (t *table[K, T]) fill(at []int) {
	t.rows, t.held = make([]tableRow[K], 0, len(at)+1), 0
	members, names := map[string][]int{}, []string(nil)
	for _, i := range at {
		if t.group == nil {
			t.addItem(i, "")
			continue
		}
		g := t.group(t.items[i])
		if _, known := members[g]; !known {
			names, members[g] = append(names, g), nil
		}
		if t.holds != nil && t.holds(t.items[i]) {
			t.hits--
			t.held++
			continue
		}
		members[g] = append(members[g], i)
	}
	for _, g := range names {
		t.rows = append(t.rows, tableRow[K]{kind: rowGroup, spot: spot[K]{group: g, whole: true}, n: len(members[g])})
		if t.shut[g] {
			continue
		}
		for _, i := range members[g] {
			t.addItem(i, g)
		}
	}
	if t.more {
		t.rows = append(t.rows, tableRow[K]{kind: rowRest})
	}
}

func (t *table[K, T]) addItem(i int, group string) {
	s := spot[K]{group: group, key: t.key(t.items[i])}
	t.rows = append(t.rows, tableRow[K]{kind: rowItem, spot: s, item: i})
	if t.notes == nil {
		return
	}
	for _, n := range t.notes(t.items[i]) {
		t.rows = append(t.rows, tableRow[K]{kind: rowNote, spot: s, item: i, note: n})
	}
}

func (t *table[K, T]) indexOf(s spot[K]) int {
	return slices.IndexFunc(t.rows, func(r tableRow[K]) bool { return r.selectable() && r.spot == s })
}

// near selects the row at a place, or the next one that can be.
func (t *table[K, T]) near(at int) {
	t.chosen = false
	for _, step := range []int{1, -1} {
		for i := min(at, len(t.rows)-1); i >= 0 && i < len(t.rows); i += step {
			if t.rows[i].selectable() {
				t.sel, t.chosen = t.rows[i].spot, true
				return
			}
		}
	}
}

// selected is the item that is selected; false if it is a group, or none.
func (t *table[K, T]) selected() (item T, ok bool) {
	if !t.chosen || t.sel.whole {
		return item, false
	}
	at := t.indexOf(t.sel)
	if at < 0 {
		return item, false
	}
	return t.items[t.rows[at].item], true
}

// visible is the items on the screen.
func (t *table[K, T]) visible() []T {
	var list []T
	for y := t.top; y < len(t.rows) && y < t.top+t.h; y++ {
		if r := t.rows[y]; r.kind == rowItem {
			list = append(list, t.items[r.item])
		}
	}
	return list
}

// acted is what a deed is done to: the marked items, else the selected one.
func (t *table[K, T]) acted() []T {
	var list []T
	for _, item := range t.items {
		if t.marks[t.key(item)] {
			list = append(list, item)
		}
	}
	if item, ok := t.selected(); len(list) == 0 && ok {
		list = append(list, item)
	}
	return list
}

// choose selects an item by its key, if it is there.
func (t *table[K, T]) choose(k K) {
	for _, r := range t.rows {
		if r.kind == rowItem && t.key(t.items[r.item]) == k {
			t.sel, t.chosen = r.spot, true
			t.reveal()
			return
		}
	}
}

// move goes n rows that can be selected on.
func (t *table[K, T]) move(n int) {
	at := t.indexOf(t.sel)
	step := 1
	if n < 0 {
		step = -1
	}
	for ; n != 0; n -= step {
		next := at + step
		for next >= 0 && next < len(t.rows) && !t.rows[next].selectable() {
			next += step
		}
		if next < 0 || next >= len(t.rows) {
			break
		}
		at = next
	}
	if at >= 0 && at < len(t.rows) {
		t.sel, t.chosen = t.rows[at].spot, true
	}
	t.reveal()
}

// reveal scrolls to the selection and the notes below it.
func (t *table[K, T]) reveal() {
	at := t.indexOf(t.sel)
	if at < 0 {
		return
	}
	last := at
	for last+1 < len(t.rows) && !t.rows[last+1].selectable() {
		last++
	}
	t.top = max(t.top, last-t.h+1)
	t.top = min(t.top, at)
	t.top = max(0, min(t.top, len(t.rows)-t.h))
}

// wantsMore reports whether the next items should be fetched: fewer than two
// pages are left below the screen.
func (t *table[K, T]) wantsMore() bool { return t.more && t.top+3*t.h >= len(t.rows) }

// do takes an action and reports whether it was the table's.
func (t *table[K, T]) do(a action) bool {
	switch a {
	case actLeft:
		if t.group != nil {
			t.fold(true)
			return true
		}
		t.aside = max(t.aside-8, 0)
	case actAside, actRight:
		if t.group != nil && t.sel.whole {
			t.fold(false)
			return true
		}
		t.aside = min(t.aside+8, longestLine)
	case actFilter:
		t.editFilter()
	case actSort:
		t.openSortMenu()
	case actMark:
		t.mark()
	case actSave:
		t.openSaveMenu()
	case actFold:
		t.fold(!t.shut[t.sel.group])
	case actFoldDone:
		t.foldAll()
	default:
		n := scrollBy(a, t.h, len(t.rows))
		if n == 0 {
			return false
		}
		t.move(n)
	}
	return true
}

// mark marks the selected item, or lets go of it, and goes on to the next.
func (t *table[K, T]) mark() {
	item, ok := t.selected()
	if !ok {
		return
	}
	t.turnMark(t.key(item))
	t.move(1)
}

// fold shuts or opens the group that the selection is in.
func (t *table[K, T]) fold(shut bool) {
	if t.group == nil || !t.chosen {
		return
	}
	t.shut[t.sel.group] = shut
	t.sel = spot[K]{group: t.sel.group, whole: true}
	t.build()
	t.reveal()
}

// foldAll shuts all groups, or opens them if none is open.
func (t *table[K, T]) foldAll() {
	if t.group == nil {
		return
	}
	open := slices.ContainsFunc(t.rows, func(r tableRow[K]) bool { return r.kind == rowGroup && !t.shut[r.spot.group] })
	for _, r := range t.rows {
		if r.kind == rowGroup {
			t.shut[r.spot.group] = open
		}
	}
	t.sel = spot[K]{group: t.sel.group, whole: true}
	t.build()
	t.reveal()
}

// input is a key while the filter is typed.
func (t *table[K, T]) input(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyEnter:
		t.edit.close()
	case tea.KeyUp:
		t.move(-1)
	case tea.KeyDown:
		t.move(1)
	default:
		if t.edit.key(k) {
			t.setFilter(t.edit.value())
		}
	}
}

func (t *table[K, T]) setFilter(text string) {
	t.filter = parseFilter(text, func(key string) bool { return t.fields[key] != nil })
	t.build()
	t.reveal()
}

// escape leaves one thing: the filter being typed, the filter, the marks.
func (t *table[K, T]) escape() bool { return t.leave(t.setFilter) }
