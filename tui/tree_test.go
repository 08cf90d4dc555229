package tui

import (
	"strings"
	"testing"

	"koji"
)

// screenLine is the line of the screen with that text, -1 if there is none.
func screenLine(t testing.TB, r *root, text string) int {
	t.Helper()
	c := checkFrame(t, r)
	for y := range c.h {
		if strings.Contains(c.text(y), text) {
			return y
		}
	}
	return -1
}

func build(id, parent int64, state koji.TaskState, age, took float64) task {
	return sample{id: id, parent: parent, state: state, method: "build", label: "build (f44, x)", host: "bld01", age: age, took: took}.task()
}

func TestSelectionStaysOnItsLine(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	press(r, "j", "j")
	before := screenLine(t, r, "71211")
	r.Update(changes{tasks: []task{
		build(71301, 0, koji.TaskFree, 1, 0), build(71302, 0, koji.TaskFree, 1, 0), build(71303, 0, koji.TaskFree, 1, 0),
	}})
	if at := screenLine(t, r, "71211"); at != before {
		t.Errorf("the selected row went from line %d to %d", before, at)
	}
	if screenLine(t, r, "▌ ├◉ 71211") != before {
		t.Error("another row is selected")
	}
	if screenLine(t, r, "↑ 3 new") < 0 {
		t.Error("nothing tells of the 3 new tasks above the screen")
	}
	press(r, "g")
	if screenLine(t, r, "▌ ◦ 71303") < 0 || screenLine(t, r, "new") > 3 {
		t.Error("g doesn't go to the newest")
	}
}

func TestGoneSelectionPassesOn(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	press(r, "j", "j")
	c := sampleChanges()
	var kept []task
	for _, s := range c.tasks {
		if s.id != 71211 {
			kept = append(kept, s)
		}
	}
	r.Update(changes{whole: true, tasks: kept})
	if screenLine(t, r, "▌ ├◉ 71212") < 0 {
		t.Error("the selection didn't pass to the next row")
	}
}

func TestFailedBranchOpensAndDoneTreeFolds(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	// The subtree of a finished part of a chain is shut; a failure in it opens it.
	if screenLine(t, r, "71182") >= 0 {
		t.Fatal("a finished branch is open")
	}
	bad := build(71182, 71181, koji.TaskFailed, 60, 50)
	bad.fault = "BuildError: it broke"
	r.Update(changes{tasks: []task{bad}})
	if screenLine(t, r, "✗ 71182") < 0 || screenLine(t, r, "it broke") < 0 {
		t.Error("the failed branch didn't open by itself")
	}
	// Shut by hand, it stays shut.
	press(r, "G", "k", "k")
	for screenLine(t, r, "▌ ├▾✓ 71181") < 0 {
		press(r, "k")
	}
	press(r, "z")
	r.Update(changes{tasks: []task{build(71400, 0, koji.TaskFree, 0, 0)}})
	if screenLine(t, r, "71182") >= 0 {
		t.Error("a branch that was shut by hand opened again")
	}
	// What just finished stays, what is over for a while goes to the others.
	r.Update(changes{tasks: []task{build(71400, 0, koji.TaskClosed, 20, 10)}})
	press(r, "g", "j")
	if screenLine(t, r, "✓ 71400") < 0 {
		t.Error("a task that has just finished is gone")
	}
	r.Update(changes{tasks: []task{build(71400, 0, koji.TaskClosed, 100, 10)}})
	if screenLine(t, r, "71400") >= 0 || screenLine(t, r, "10 finished today") < 0 {
		t.Error("a task that finished a while ago isn't folded")
	}
}

func TestFollowGoesToWhatStarts(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	press(r, "f")
	r.Update(changes{tasks: []task{build(71500, 0, koji.TaskFree, 0, 0)}})
	if screenLine(t, r, "▌ ◦ 71500") < 0 {
		t.Error("following doesn't select the new task")
	}
	press(r, "j", "k")
	r.Update(changes{tasks: []task{build(71501, 0, koji.TaskFree, 0, 0)}})
	if screenLine(t, r, "▌ ◦ 71500") < 0 {
		t.Error("a move up doesn't end following")
	}
}

func TestTaskLeavingTheFilterStaysWhileSelected(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	press(r, "/", "s", "t", ":", "f", "r", "e", "enter")
	if screenLine(t, r, "▌ └◦ 71213") < 0 {
		t.Fatal("the filter doesn't select what fits")
	}
	run := samples()[4].task()
	run.kind, run.host = kindRun, "bld11"
	r.Update(changes{tasks: []task{run}})
	if screenLine(t, r, "▌ └◉ 71213") < 0 {
		t.Error("the selected task left with the filter")
	}
	press(r, "esc")
	if screenLine(t, r, "▌ └◉ 71213") < 0 || screenLine(t, r, "24 of 24") < 0 {
		t.Error("esc doesn't drop the filter")
	}
}

func TestOffActionsSayWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(r *root)
		keys []string
		want string
	}{
		{"finished", func(r *root) { press(r, "j", "j", "j", "j", "j") }, []string{"a", "c"}, "cancel: it has finished (FAILED)"},
		{"running", nil, []string{"a", "s"}, "submit again: it is OPEN, not FAILED or CANCELED"},
		{"subtask", func(r *root) { press(r, "j") }, []string{"a", "s"}, "submit again: it is a subtask of 71204"},
		{"not mine", func(r *root) { r.e.me.id = 8; press(r, "M") }, []string{"a", "c"}, "it is jsmith's, so needs admin; you have repo, tag"},
		{"anonymous", func(r *root) { r.e.me = who{} }, []string{"a", "c"}, "cancel: needs a login"},
		{"lost", func(r *root) { r.Update(link{lost: testNow()}) }, []string{"a", "c"}, "cancel: no hub"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := testRoot(100, 24, newTheme(paletteDark, false))
			if tt.do != nil {
				tt.do(r)
			}
			press(r, tt.keys...)
			if r.e.pending != 0 {
				t.Error("a call was made")
			}
			if c := checkFrame(t, r); !strings.Contains(c.text(23), tt.want) {
				t.Errorf("the footer says %q, want %q", c.text(23), tt.want)
			}
		})
	}
}

func TestCancelNeedsY(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	for _, keep := range []string{"enter", "n", "esc", "q"} {
		press(r, "a", "c", keep)
		if r.e.pending != 0 || r.e.over != nil {
			t.Fatalf("%s doesn't keep the task", keep)
		}
	}
	press(r, "a", "c", "y")
	if r.e.pending != 1 {
		t.Error("y makes no call")
	}
}

func TestKeysReadAtOnce(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	press(r, "jj")
	if screenLine(t, r, "▌ ├◉ 71211") < 0 {
		t.Error("two letters that came at once are not two keys")
	}
	press(r, "acyacyacy")
	if r.e.over != nil || r.e.pending != 0 {
		t.Error("a paste acts")
	}
}
