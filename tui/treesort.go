package tui

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// taskOrder is an order of the roots of the tree.
type taskOrder struct {
	key  string // in the menu
	name string
	by   func(e *env) func(a, b *entry) int // nil: the newest first
}

// taskOrders are the orders that one can choose from.
func taskOrders() []taskOrder {
	return []taskOrder{
		{"n", "newest first", nil},
		{"o", "oldest first", func(*env) func(a, b *entry) int {
			return func(a, b *entry) int { return cmp.Compare(a.id, b.id) }
		}},
		{"s", "by state", func(*env) func(a, b *entry) int {
			return func(a, b *entry) int { return cmp.Compare(a.kind, b.kind) }
		}},
		{"l", "by time left", func(e *env) func(a, b *entry) int {
			return func(a, b *entry) int { return cmp.Compare(e.leftOf(a), e.leftOf(b)) }
		}},
		{"h", "by host", func(*env) func(a, b *entry) int {
			return func(a, b *entry) int { return strings.Compare(a.host, b.host) }
		}},
		{"u", "by owner", func(*env) func(a, b *entry) int {
			return func(a, b *entry) int { return strings.Compare(a.ownerName, b.ownerName) }
		}},
		{"p", "by priority", func(*env) func(a, b *entry) int {
			return func(a, b *entry) int { return cmp.Compare(a.priority, b.priority) }
		}},
	}
}

// leftOf is how long a task goes on; what isn't known comes last.
func (e *env) leftOf(t *entry) float64 {
	const never = 1e18
	o, ok := e.outlookOf(t)
	if !ok {
		return never
	}
	return o.total - (e.clock() - t.started)
}

// ordered is the roots in the order that is asked for. Unless they may change
// their places they stay where they were, and those that are new come first.
func (t *tree) ordered() []int64 {
	t.unsorted = false
	if t.o.order == nil {
		t.places = nil
		return t.s.roots
	}
	now := slices.Clone(t.s.roots)
	slices.SortStableFunc(now, func(a, b int64) int { return t.o.order(t.s.tasks[a], t.s.tasks[b]) })
	if t.o.resort || t.places == nil {
		t.places = make(map[int64]int, len(now))
		for i, id := range now {
			t.places[id] = i + 1
		}
		return now
	}
	maps.DeleteFunc(t.places, func(id int64, _ int) bool { return t.s.tasks[id] == nil })
	was := slices.Clone(t.s.roots)
	slices.SortStableFunc(was, func(a, b int64) int { return cmp.Compare(t.places[a], t.places[b]) })
	t.unsorted = !slices.Equal(was, now)
	return was
}
