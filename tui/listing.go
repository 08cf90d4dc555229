package tui

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// listing is a list that the hub chooses, orders and pages: the filter is a
// question to it. Until it answers, the rows that are here are chosen from.
// Q is what can be asked for.
type listing[Q comparable, T any] struct {
	screen
	t      *table[int64, T]
	wanted func() Q // by the filter and the order
	fetch  func(ctx context.Context, h *hub, q Q, offset int) (listPage[Q, T], error)
	local  func(w filterWord) bool // words of the filter that rows can answer
	hint   func(q Q) string        // what is asked for in words
	fill   func() tea.Cmd          // asks for what else the rows on the screen need
	learnt func(old, new T) T      // brings what was learnt of a row into its new one

	query   Q // of the rows that are shown
	asked   Q // of the page that is on its way
	typed   int
	asking  bool
	loaded  bool
	stale   bool      // things have changed since the first page was asked for
	pausing bool      // and are being gathered
	askedAt time.Time // when the first page was asked for last
	err     error
}

// listPage is a part of what was asked for.
type listPage[Q comparable, T any] struct {
	query  Q
	offset int
	items  []T
	total  int // -1: wasn't asked for
}

// lookups are things that more was asked about, each with the generation of
// the calls by which it was: those that were ended bring no answer.
type lookups map[int64]int

// begin reports whether a thing must be asked about, and takes note of it.
func (l lookups) begin(id int64, c *calls) bool {
	gen, asked := l[id]
	l[id] = c.gen
	return !asked || gen != c.gen
}

// pageSize is how many rows are asked for at once.
const pageSize = 200

const (
	// typedPause is how long one may think between two letters before the hub is asked.
	typedPause = 250 * time.Millisecond
	// refreshPause is how long changes are gathered before the hub is asked again.
	refreshPause = 500 * time.Millisecond
)

// typedFilter says that a filter has stood for a while.
type typedFilter int

// refresh says that changes were gathered for long enough.
type refresh struct{}

func (v *listing[Q, T]) typing() bool { return v.t.typing() }
func (v *listing[Q, T]) marked() int  { return v.t.marked() }

func (v *listing[Q, T]) input(k tea.KeyMsg) tea.Cmd {
	before := v.t.filter.text
	v.t.input(k)
	v.localWords()
	switch {
	case k.Type == tea.KeyEnter:
		v.typed++
		return v.ask()
	case v.t.filter.text == before:
		return v.more()
	}
	v.typed++
	return v.c.wakeAfter(typedPause, typedFilter(v.typed))
}

// filterBy has the list show what fits a filter.
func (v *listing[Q, T]) filterBy(text string) tea.Cmd {
	v.t.setFilter(text)
	v.localWords()
	v.typed++
	return v.ask()
}

// localWords leaves those words to the table that its rows can answer.
func (v *listing[Q, T]) localWords() {
	v.t.filter.words = slices.DeleteFunc(v.t.filter.words, func(w filterWord) bool { return !v.local(w) })
	v.t.build()
}

func (v *listing[Q, T]) escape() bool {
	before := v.t.filter.text
	if v.t.escape() {
		v.localWords()
		if v.t.filter.text != before || v.query != v.wanted() {
			v.typed++
			v.e.later(v.ask())
		}
		return true
	}
	v.asking = false
	return v.screen.escape()
}

// ask asks for the first page of what is wanted.
func (v *listing[Q, T]) ask() tea.Cmd {
	q := v.wanted()
	if v.asking {
		if q == v.asked {
			return nil
		}
		v.e.drop(v.c)
		v.pausing = false
	}
	v.stale, v.askedAt = false, v.e.now()
	return v.askPage(q, 0)
}

func (v *listing[Q, T]) askPage(q Q, offset int) tea.Cmd {
	v.asking, v.asked = true, q
	h, fetch, ask := v.e.hub, v.fetch, v.e.ask
	if v.loaded && q == v.query && offset == 0 {
		ask = v.e.askByItself // what is shown, anew
	}
	return ask(v.c, func(ctx context.Context) (any, error) { return fetch(ctx, h, q, offset) })
}

// more asks for what the rows on the screen need: the next page, and what else
// there is to know about them.
func (v *listing[Q, T]) more() tea.Cmd {
	var next tea.Cmd
	if v.t.wantsMore() && !v.asking && v.err == nil {
		next = v.askPage(v.query, len(v.t.items))
	}
	return tea.Batch(next, v.fill())
}

// changed says that things in the list have changed. Those are asked for when
// they can be seen, but not for each change.
func (v *listing[Q, T]) changed(shown bool) tea.Cmd {
	if !v.loaded {
		return nil
	}
	v.stale = true
	if !shown || v.pausing {
		return nil
	}
	v.pausing = true
	return v.c.wakeAfter(refreshPause, refresh{})
}

// update takes in what is a listing's, and reports whether it was that.
func (v *listing[Q, T]) update(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case opened:
		if !v.loaded || v.stale {
			return v.ask(), true
		}
		return v.more(), true
	case tick:
		if v.due() {
			return v.changed(true), true
		}
	case wake:
		switch what := m.what.(type) {
		case typedFilter:
			if int(what) == v.typed {
				return v.ask(), true
			}
		case refresh:
			v.pausing = false
			return v.ask(), true
		}
	case reply:
		if p, ok := m.what.(listPage[Q, T]); ok {
			v.asking = false
			v.take(p, m.err)
			if v.stale && !v.pausing {
				return tea.Batch(v.changed(true), v.more()), true
			}
			return v.more(), true
		}
	}
	return nil, false
}

// due reports whether it is time to ask anew a hub that doesn't tell of changes.
func (v *listing[Q, T]) due() bool {
	return v.polled() && !v.asking && !v.e.lost() && v.e.shownCalls(v.c) && v.e.now().Sub(v.askedAt) >= refreshPoll
}

// polled reports whether the hub must be asked for what has changed.
func (v *listing[Q, T]) polled() bool { return v.loaded && v.e.link.up && !v.e.link.stream }

// ticks reports whether time alone may bring something new.
func (v *listing[Q, T]) ticks() bool { return v.polled() }

// take puts a page into the list.
func (v *listing[Q, T]) take(p listPage[Q, T], err error) {
	v.err = err
	if err != nil {
		if p.query != v.query {
			v.query, v.t.total, v.t.more = p.query, 0, false
			v.t.set(nil)
		}
		return
	}
	known := map[int64]T{}
	for _, item := range v.t.items {
		known[v.t.key(item)] = item
	}
	fresh := map[int64]bool{}
	for i, item := range p.items {
		k := v.t.key(item)
		fresh[k] = true
		if old, ok := known[k]; ok {
			p.items[i] = v.learnt(old, item)
		}
	}
	others := slices.DeleteFunc(slices.Clone(v.t.items), func(item T) bool { return fresh[v.t.key(item)] })
	more := len(p.items) == pageSize
	switch {
	case p.offset > 0:
		p.items = append(others, p.items...)
	case v.loaded && p.query == v.query && more && len(v.t.items) > pageSize:
		// What was scrolled to stays: it follows the first page.
		p.items = append(p.items, others...)
		more = v.t.more
	}
	if p.total >= 0 {
		v.t.total = p.total
	}
	anew := v.loaded && p.query != v.query
	v.query, v.loaded, v.t.more = p.query, true, more
	v.t.set(p.items)
	if anew {
		v.t.do(actFirst) // what was looked for stands at the top
	}
}

// edit changes rows by what was learnt of them.
func (v *listing[Q, T]) edit(of func(item *T)) {
	items := slices.Clone(v.t.items)
	for i := range items {
		of(&items[i])
	}
	v.t.set(items)
}

func (v *listing[Q, T]) resize(w, h int) {
	v.screen.resize(w, h)
	v.t.resize(w, max(h-1, 0))
}

func (v *listing[Q, T]) draw(c *Canvas) {
	v.t.drawFilter(c.at(0, 1), v.hint(v.query), c.w-1)
	rows := c.rect(0, 1, c.w, c.h)
	switch {
	case v.err != nil:
		rows.at(v.t.head, margin).fit(roleFail, errorText(v.err), c.w-margin)
	case !v.loaded:
		rows.at(v.t.head, margin).put(roleDim, "asking the hub…")
	default:
		v.t.draw(rows)
	}
	if v.e.lost() {
		rows.dim()
	}
}

func (v *listing[Q, T]) keep() map[string]string { return v.t.keep() }

func (v *listing[Q, T]) restore(kept map[string]string) {
	v.t.restore(kept)
	v.localWords()
}
