package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A day of finished trees is one row, whichever way they came to be finished,
// and one of them in which the selection is stays where it is.
func TestSettledTreesAreOneRow(t *testing.T) {
	t.Parallel()
	r := testRoot(160, 50, newTheme(paletteDark, false))
	now := testNow()
	r.e.now = func() time.Time { return now }
	var c changes
	for i := range int64(1000) {
		c.tasks = append(c.tasks, task{id: 80000 + i, owner: 7, kind: kindDone, label: fmt.Sprintf("build (pkg%d)", i), created: secondsAgo(90), completed: secondsAgo(60)})
	}
	c.tasks[500].kind, c.tasks[500].completed = kindRun, 0
	r.Update(c)
	see := func(want ...string) {
		t.Helper()
		screen := screenText(checkFrame(t, r))
		for _, text := range want {
			if !strings.Contains(screen, text) {
				t.Fatalf("%q isn't there:\n%s", text, screen)
			}
		}
		checkStore(t, r.e.store)
	}
	see("80500 build (pkg500)", "1008 finished today   ✓ 1007  ⊘ 1", "of 1024")
	if n := len(r.e.store.roots); n > 10 {
		t.Errorf("%d roots are walked through", n)
	}
	press(r, "g")
	one := task{id: 80500, owner: 7, kind: kindDone, label: "build (pkg500)", created: secondsAgo(90), completed: secondsAgo(0)}
	r.Update(changes{tasks: []task{one}})
	if r.e.store.get(80500).settled {
		t.Error("what has just finished folds at once")
	}
	now = now.Add(foldAfter*time.Second + time.Second)
	r.Update(tickAt(r.tickGen))
	see("80500 build (pkg500)") // it is selected
	press(r, "j")
	see("1009 finished today   ✓ 1008  ⊘ 1")
	one.kind, one.completed = kindFree, 0 // it was freed
	r.Update(changes{tasks: []task{one}})
	see("80500 build (pkg500)", "1008 finished today")
	press(r, "/", "p", "k", "g", "7", "7", "enter")
	see("11 finished today   ✓ 11", "11 of 1024")
	press(r, "esc", "G", "enter")
	see("▾✓ 1008 finished today", "80999 build (pkg999)")
}
