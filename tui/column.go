package tui

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// column is a column of a table.
type column[T any] struct {
	title  string
	widths widths
	right  bool
	cell   func(T) (string, role)
	// short brings a text to n cells; nil: it is cut at the end.
	short func(text string, n int, ascii bool) string
	// draw writes a cell that is more than one text; cell isn't asked then.
	draw func(p *pen, item T, n int)
	// whole is the text for a file, where the cell is short for it or drawn;
	// saveAs is its title there, where it has none on the screen.
	whole  func(T) string
	saveAs string
	order  func(a, b T) int // nil: not sorted by
}

// widths are the cells of a column on screens of at least 60, 80, 120 and 160
// cells: 0 leaves it out, rest gives it what the others leave.
type widths [4]int

const rest = -1

// at is the widths for a screen.
func (w widths) at(screen int) int {
	switch {
	case screen < 80:
		return w[0]
	case screen < 120:
		return w[1]
	case screen < 160:
		return w[2]
	}
	return w[3]
}

// margin is the cells before the first column: the selection and the mark.
const margin = 2

// layout is the width of each column, and what all take.
func (t *table[K, T]) layout(w int) []int {
	n := make([]int, len(t.columns))
	left, takers := w-margin, 0
	for i, col := range t.columns {
		n[i] = col.widths.at(w)
		switch {
		case n[i] == rest:
			takers++
			left--
		case n[i] > 0:
			left -= n[i] + 1
		}
	}
	left++ // no blank behind the last
	for i := range n {
		if n[i] == rest {
			n[i] = max(left/takers, 1)
			left -= n[i]
			takers--
		}
	}
	return n
}

// draw draws the heading and the rows.
func (t *table[K, T]) draw(c *Canvas) {
	cols := t.layout(c.w)
	if t.head > 0 {
		t.drawHeading(c.at(0, margin), cols)
	}
	body := c.rect(0, t.head, c.w, c.h)
	if len(t.rows) == 0 {
		text := t.empty
		if !t.filter.empty() {
			text = "nothing fits the filter"
		}
		body.at(0, margin).put(roleDim, text)
	}
	sel := t.indexOf(t.sel)
	for y := 0; y < body.h && t.top+y < len(t.rows); y++ {
		t.drawRow(body, y, t.rows[t.top+y], cols)
		body.clickableRow(y, func() { t.clickRow(t.top + y) })
		if t.chosen && t.top+y == sel {
			body.at(y, 0).put(roleText, t.e.sign(markSelect))
			body.selectLine(y)
		}
	}
}

func (t *table[K, T]) drawHeading(p *pen, cols []int) {
	start := p.x
	p.x -= t.aside
	for i, col := range t.columns {
		if cols[i] == 0 {
			continue
		}
		title := col.title
		if i == t.sorted {
			title += map[bool]string{false: "↑", true: "↓"}[t.reverse]
		}
		if col.order != nil {
			p.c.clickable(p.y, p.x, cols[i], func() tea.Cmd { return t.chooseSort(i) })
		}
		p.cellOf(roleDim, title, cols[i], col.right, start).skip(1)
	}
}

// cellOf writes a cell; one that begins left of start is left out.
func (p *pen) cellOf(ro role, text string, n int, right bool, start int) *pen {
	switch {
	case p.x < start:
		return p.skip(n)
	case right:
		return p.right(ro, text, n)
	}
	return p.fit(ro, text, n)
}

func (t *table[K, T]) drawRow(c *Canvas, y int, r tableRow[K], cols []int) {
	p := c.at(y, margin)
	switch r.kind {
	case rowNote:
		p.skip(3).upTo(r.note.role, r.note.text, c.w)
		return
	case rowRest:
		text := "─ more, loaded as you scroll ─"
		if left := t.total - len(t.items); left > 0 {
			text = fmt.Sprintf("─ %s more, loaded as you scroll ─", thousands(int64(left)))
		}
		c.at(y, max((c.w-c.width(text))/2, 0)).put(roleDim, text)
		return
	case rowGroup:
		fold := markOpen
		if t.shut[r.spot.group] {
			fold = markShut
		}
		p = c.at(y, 1).put(roleDim, t.e.sign(fold)).skip(1).put(roleBold, r.spot.group).put(roleDim, fmt.Sprintf(" (%d)", r.n))
		if t.about != nil {
			text, ro := t.about(r.spot.group)
			p.skip(2).upTo(ro, text, c.w)
		}
		return
	}
	item := t.items[r.item]
	if t.marks[t.key(item)] {
		c.at(y, 1).put(roleWarn, "*")
	}
	if t.group != nil {
		p.skip(1)
		cols = append([]int(nil), cols...)
		for i, n := range cols {
			if t.columns[i].widths.at(c.w) == rest || n > 1 {
				cols[i]-- // the first wide column gives way for the indentation
				break
			}
		}
	}
	start := p.x
	p.x -= t.aside
	for i, col := range t.columns {
		n := cols[i]
		if n == 0 {
			continue
		}
		end := p.x + n
		if col.draw != nil {
			if p.x >= start {
				col.draw(p, item, n)
			}
		} else {
			text, ro := col.cell(item)
			if col.short != nil {
				text = col.short(text, n, c.ascii)
			}
			p.cellOf(ro, text, n, col.right, start)
		}
		p.x = end + 1
	}
}

// drawFilter writes the filter, or what else decides about the rows, and how
// many there are.
func (t *table[K, T]) drawFilter(p *pen, hint string, room int) {
	end := p.x + room
	total := max(t.total, len(t.items)-t.held)
	count := fmt.Sprintf("%s of %s", thousands(int64(t.hits)), thousands(int64(total)))
	if len(t.marks) > 0 {
		count = fmt.Sprintf("%d marked · %s", len(t.marks), count)
	}
	p.put(roleDim, "/ ")
	left := end - p.x - p.c.width(count) - 2
	switch {
	case t.edit.active:
		t.edit.draw(p, max(left, 1))
	case t.filter.text != "":
		text := t.filter.text
		if rest := left - p.c.width(text) - 4; rest >= p.c.width(hint) {
			p.put(roleText, text).skip(4).fit(roleDim, hint, rest)
		} else {
			p.fit(roleText, text, left)
		}
	default:
		p.fit(roleDim, hint, left)
	}
	p.x = end - p.c.width(count) - 1
	p.put(roleDim, " "+count)
}

// openSortMenu lets one choose the column to sort by.
func (t *table[K, T]) openSortMenu() {
	item := func(key, name string, i int) menuItem {
		it := menuItem{key: key, name: name, do: func() tea.Cmd { return t.chooseSort(i) }}
		if i == t.sorted {
			it.about = "now; again reverses"
		}
		return it
	}
	m := &menu{e: t.e, title: "sort by"}
	m.items = append(m.items, item("0", "as listed", -1))
	for i, col := range t.columns {
		if col.order != nil {
			m.items = append(m.items, item(strconv.Itoa(len(m.items)), strings.ToLower(col.title), i))
		}
	}
	if t.sorted >= 0 {
		m.items = append(m.items, item("s", "the other way round", t.sorted))
	}
	t.e.over = m
}

// sortBy sorts by a column, the other way round if it is that already.
func (t *table[K, T]) sortBy(i int) {
	t.reverse = i == t.sorted && !t.reverse
	t.sorted = i
	t.build()
	t.reveal()
}

// chooseSort sorts by a column as the user wants it.
func (t *table[K, T]) chooseSort(i int) tea.Cmd {
	t.sortBy(i)
	if t.resort == nil {
		return nil
	}
	return t.resort()
}

// clickRow selects the row that was clicked; a click on a group folds it.
func (t *table[K, T]) clickRow(at int) {
	for at > 0 && at < len(t.rows) && t.rows[at].kind == rowNote {
		at--
	}
	if at >= len(t.rows) || !t.rows[at].selectable() {
		return
	}
	t.sel, t.chosen = t.rows[at].spot, true
	if t.sel.whole {
		t.fold(!t.shut[t.sel.group])
	}
}

// keep is what is remembered of the table until the next time.
func (t *table[K, T]) keep() map[string]string {
	kept := map[string]string{}
	if t.filter.text != "" {
		kept["filter"] = t.filter.text
	}
	if t.sorted >= 0 {
		kept["sort"] = t.columns[t.sorted].title
		if t.reverse {
			kept["sort"] = "-" + kept["sort"]
		}
	}
	return kept
}

func (t *table[K, T]) restore(kept map[string]string) {
	for i, col := range t.columns {
		if col.order != nil && col.title != "" && (kept["sort"] == col.title || kept["sort"] == "-"+col.title) {
			t.sorted, t.reverse = i, kept["sort"][0] == '-'
		}
	}
	t.setFilter(kept["filter"])
}
