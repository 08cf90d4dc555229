package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fruit is a thing to list.
type fruit struct {
	id         int
	name, kind string
	weight     int
}

func fruitTable(t *testing.T, n int) *table[int, fruit] {
	t.Helper()
	e := testRoot(80, 24, newTheme(paletteDark, false)).e
	tb := newTable(e, func(f fruit) int { return f.id },
		column[fruit]{title: "NAME", widths: widths{20, rest, rest, rest}, cell: func(f fruit) (string, role) { return f.name, roleText }, order: func(a, b fruit) int { return strings.Compare(a.name, b.name) }},
		column[fruit]{title: "KIND", widths: widths{0, 10, 10, 10}, cell: func(f fruit) (string, role) { return f.kind, roleDim }},
		column[fruit]{title: "WEIGHT", widths: widths{7, 7, 7, 7}, right: true, cell: func(f fruit) (string, role) { return fmt.Sprint(f.weight), roleText }, order: func(a, b fruit) int { return a.weight - b.weight }},
	)
	tb.text = func(f fruit) string { return f.name + " " + f.kind }
	tb.fields = map[string]func(fruit) string{"kind": func(f fruit) string { return f.kind }}
	tb.set(fruits(n))
	tb.resize(80, 7)
	return tb
}

func fruits(n int) []fruit {
	var list []fruit
	for i := range n {
		list = append(list, fruit{id: i, name: fmt.Sprintf("fruit%02d", i), kind: []string{"berry", "nut"}[i%2], weight: (i * 7) % 10})
	}
	return list
}

func (t *table[K, T]) shown() []string {
	c := newCanvas(t.w, t.h+t.head, false)
	t.draw(c)
	var lines []string
	for y := range c.h {
		lines = append(lines, strings.Join(strings.Fields(c.text(y)), " "))
	}
	return lines
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(tb *table[int, fruit])
		want []string
	}{
		{"as set", func(*table[int, fruit]) {}, []string{
			"NAME KIND WEIGHT", "▌ fruit00 berry 0", "fruit01 nut 7", "fruit02 berry 4", "fruit03 nut 1", "fruit04 berry 8", "fruit05 nut 5",
		}},
		{"the selection stays on its line when others come before it", func(tb *table[int, fruit]) {
			tb.move(2)
			tb.set(append([]fruit{{id: 90, name: "new"}, {id: 91, name: "newer"}}, fruits(12)...))
		}, []string{"NAME KIND WEIGHT", "fruit00 berry 0", "fruit01 nut 7", "▌ fruit02 berry 4", "fruit03 nut 1", "fruit04 berry 8", "fruit05 nut 5"}},
		{"a selection that is gone passes to the next", func(tb *table[int, fruit]) {
			tb.move(1)
			list := fruits(4)
			tb.set(append(list[:1:1], list[2:]...))
		}, []string{"NAME KIND WEIGHT", "fruit00 berry 0", "▌ fruit02 berry 4", "fruit03 nut 1", "", "", ""}},
		{"the last passes to the one before", func(tb *table[int, fruit]) {
			tb.do(actLast)
			tb.set(fruits(3))
		}, []string{"NAME KIND WEIGHT", "fruit00 berry 0", "fruit01 nut 7", "▌ fruit02 berry 4", "", "", ""}},
		{"filter", func(tb *table[int, fruit]) { tb.setFilter("kind:n -05") }, []string{
			"NAME KIND WEIGHT", "▌ fruit01 nut 7", "fruit03 nut 1", "fruit07 nut 9", "fruit09 nut 3", "fruit11 nut 7", "",
		}},
		{"sorted, reversed, and back to the selection", func(tb *table[int, fruit]) {
			tb.sortBy(2)
			tb.sortBy(2)
			tb.do(actFirst)
		}, []string{"NAME KIND WEIGHT↓", "▌ fruit07 nut 9", "fruit04 berry 8", "fruit01 nut 7", "fruit11 nut 7", "fruit08 berry 6", "fruit05 nut 5"}},
		{"marks", func(tb *table[int, fruit]) { tb.do(actMark); tb.do(actMark) }, []string{
			"NAME KIND WEIGHT", "*fruit00 berry 0", "*fruit01 nut 7", "▌ fruit02 berry 4", "fruit03 nut 1", "fruit04 berry 8", "fruit05 nut 5",
		}},
		{"groups that fold", func(tb *table[int, fruit]) {
			tb.group = func(f fruit) string { return f.kind }
			tb.build()
			tb.do(actFold)
		}, []string{"NAME KIND WEIGHT", "▌▸ berry (6)", "▾ nut (6)", "fruit01 nut 7", "fruit03 nut 1", "fruit05 nut 5", "fruit07 nut 9"}},
		{"notes can't be selected", func(tb *table[int, fruit]) {
			tb.notes = func(f fruit) []note { return []note{{roleDim, "about " + f.name}} }
			tb.build()
			tb.move(1)
		}, []string{"NAME KIND WEIGHT", "fruit00 berry 0", "about fruit00", "▌ fruit01 nut 7", "about fruit01", "fruit02 berry 4", "about fruit02"}},
		{"more to come", func(tb *table[int, fruit]) { tb.more, tb.total = true, 213; tb.build(); tb.do(actLast) }, []string{
			"NAME KIND WEIGHT", "fruit07 nut 9", "fruit08 berry 6", "fruit09 nut 3", "fruit10 berry 0", "▌ fruit11 nut 7", "─ 201 more, loaded as you scroll ─",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tb := fruitTable(t, 12)
			tt.do(tb)
			if diff := cmp.Diff(tt.want, tb.shown()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
