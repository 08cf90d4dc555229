package tui

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkStore asserts that what the store keeps by difference is what one would
// count now.
func checkStore(t testing.TB, s *store) {
	t.Helper()
	var all, mine counts
	reached := map[int64]int{}
	var walk func(id int64, depth int)
	walk = func(id int64, depth int) {
		if depth > len(s.tasks) {
			t.Fatal("the tree goes in circles")
		}
		reached[id]++
		e := s.get(id)
		if e == nil {
			t.Fatalf("task %d stands in the tree but isn't there", id)
		}
		if !slices.IsSorted(e.children) {
			t.Errorf("children of %d are not in order: %v", id, e.children)
		}
		for _, c := range e.children {
			walk(c, depth+1)
		}
	}
	var quiet [2]counts
	for _, id := range s.roots {
		walk(id, 0)
	}
	for _, id := range s.settled.ids {
		walk(id, 0)
		e := s.tasks[id]
		quiet[0][e.kind]++
		if s.me != 0 && e.owner == s.me {
			quiet[1][e.kind]++
		}
	}
	if diff := cmp.Diff(quiet, [2]counts{s.settled.all, s.settled.mine}); diff != "" {
		t.Errorf("counts of what is settled (-counted +kept):\n%s", diff)
	}
	for id, e := range s.tasks {
		all[e.kind]++
		if s.me != 0 && e.owner == s.me {
			mine[e.kind]++
		}
		if reached[id] != 1 {
			t.Errorf("task %d is %d times in the tree", id, reached[id])
		}
	}
	if diff := cmp.Diff([]counts{all, mine}, []counts{s.all, s.mine}); diff != "" {
		t.Errorf("counts (-counted +kept):\n%s", diff)
	}
}

func TestStoreKeepsCountsAndTree(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	s := newStore()
	s.setMe(1)
	for range 300 {
		c := changes{whole: rnd.IntN(20) == 0}
		for range rnd.IntN(10) {
			c.tasks = append(c.tasks, task{
				id: rnd.Int64N(40) + 1, parent: rnd.Int64N(40), owner: rnd.Int64N(3), kind: kind(rnd.IntN(int(kindCount))),
			})
		}
		s.apply(c)
		if rnd.IntN(2) == 0 {
			s.settle(foldAfter+1, rnd.Int64N(40))
		}
		if rnd.IntN(30) == 0 {
			s.setMe(rnd.Int64N(3))
		}
		checkStore(t, s)
		if t.Failed() {
			return
		}
	}
}

func TestStoreParentComesLater(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.apply(changes{tasks: []task{{id: 3, parent: 2}, {id: 2, parent: 1}}})
	if diff := cmp.Diff([]int64{2}, s.roots); diff != "" {
		t.Fatal(diff)
	}
	s.apply(changes{tasks: []task{{id: 1}}})
	if diff := cmp.Diff([]int64{1}, s.roots); diff != "" {
		t.Fatal(diff)
	}
	if n, total := s.below(1); total != 2 || n[kindRun] != 2 {
		t.Errorf("below 1: %v %d", n, total)
	}
	checkStore(t, s)
}

func TestStorePrunesOldestFinished(t *testing.T) {
	t.Parallel()
	s := newStore()
	var c changes
	for i := range int64(storeLimit + 10) {
		k := kindDone
		if i == 0 {
			k = kindRun
		}
		c.tasks = append(c.tasks, task{id: i + 1, kind: k})
	}
	s.apply(c)
	if len(s.tasks) != storeLimit || s.get(1) == nil || s.get(2) != nil || s.get(12) == nil {
		t.Errorf("kept %d tasks, 1: %v 2: %v 12: %v", len(s.tasks), s.get(1) != nil, s.get(2) != nil, s.get(12) != nil)
	}
	checkStore(t, s)
}

func TestFilter(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.apply(sampleChanges())
	for text, want := range map[string]int{
		"":                      24,
		"fish":                  6,
		"FISH x86_64":           1,
		"st:failed":             2,
		"st:closed m:buildArch": 3,
		"m:buildarch -st:done":  5,
		"host:bld0":             22,
		"id:7119":               6,
		"own:jsm -m:newrepo":    15,
		"own:other":             0,
		"arch:s390x":            2,
		"libuv":                 3,
	} {
		f := parseFilter(text, taskWord)
		n := 0
		for _, e := range s.tasks {
			if f.matches(e) {
				n++
			}
		}
		if n != want {
			t.Errorf("filter %q keeps %d tasks, want %d", text, n, want)
		}
	}
}
