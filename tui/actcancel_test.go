package tui

import (
	"fmt"
	"testing"

	"koji"
)

// What can be done to tasks and hosts of one hub, and how chains of builds stand.
func TestTasksActedOn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for name, test := range map[string]func(*testing.T, *lab){"cancel": testCanceling, "assign": testAssigning, "chain": testChain} {
		t.Run(name, func(t *testing.T) { test(t, l.in(t)) })
	}
}

// One task, what is below it, or the whole tree: each way to cancel says what
// it does, does that alone, and is off where there is nothing to do.
func testCanceling(t *testing.T, l *lab) {
	tree := func(name string) (parent, one, two int64) {
		parent = l.build("git+https://src.example.org/rpms/" + name + "#main")
		one, two = l.subtask(parent, "x86_64"), l.subtask(parent, "noarch")
		l.open(one)
		l.wait(parent)
		return parent, one, two
	}
	states := func(want koji.TaskState, ids ...int64) {
		t.Helper()
		for _, id := range ids {
			if s := l.state(id); s != want {
				t.Errorf("task %d is %v, want %v", id, s, want)
			}
		}
	}
	parent, one, two := tree("foo")
	d := drive(t, l.admin, 100, 30)
	d.see(fmt.Sprintf("├◉ %d", one), fmt.Sprintf("└◦ %d", two))
	d.press("g", "a")
	d.see(fmt.Sprintf("act on %d", parent), "y  copy…", fmt.Sprintf("koji -p lab taskinfo %d", parent))
	d.press("k")
	d.see("Cancel subtasks?", fmt.Sprintf("Of %d build", parent), "cancels its 2 subtasks: 1 running, 1 waiting", "work on bld01",
		fmt.Sprintf("$ koji -p lab call cancelTaskChildren %d", parent))
	d.press("enter") // no
	states(koji.TaskOpen, parent, one)
	d.press("a", "k", "y")
	d.see(fmt.Sprintf("%d is without subtasks now", parent), fmt.Sprintf("├⊘ %d", one), fmt.Sprintf("└⊘ %d", two))
	states(koji.TaskCanceled, one, two)
	states(koji.TaskOpen, parent)
	d.press("a", "k")
	d.see("cancel subtasks: its subtasks have finished")
	d.press("o")
	d.see("cancel only it: its subtasks have finished")
	d.press("c", "y")
	d.see(fmt.Sprintf("%d is canceled", parent), fmt.Sprintf("⊘ %d build", parent))

	parent, one, two = tree("bar")
	d.press("g")
	d.see(fmt.Sprintf("▌▾⋯ %d", parent), fmt.Sprintf("└◦ %d", two))
	d.press("a", "o")
	d.see(fmt.Sprintf("Cancels %d build", parent), "alone;", fmt.Sprintf("$ koji -p lab cancel --justone %d", parent))
	d.press("y")
	d.see(fmt.Sprintf("▌▾⊘ %d build", parent))
	states(koji.TaskOpen, one)
	d.press("j", "a", "C")
	d.see("Cancel the whole tree?", fmt.Sprintf("Cancels %d build", parent), fmt.Sprintf("$ koji -p lab cancel --full %d", parent))
	d.press("y")
	d.see(fmt.Sprintf("▌ ├⊘ %d", one), fmt.Sprintf("└⊘ %d", two))
	states(koji.TaskCanceled, one, two)
	d.press("a", "C")
	d.see("cancel whole tree: it has finished (CANCELED)")
}

// A task is given to a host, which needs force once it has one; hosts start anew.
func testAssigning(t *testing.T, l *lab) {
	l.call(l.admin, nil, "addHost", "bld02", "s390x")
	var id int64
	l.call(l.admin, &id, "makeTask", "sleep", []any{1})
	d := drive(t, l.admin, 100, 30)
	d.see(fmt.Sprintf("◦ %d sleep", id))
	d.press("g", "a", "h")
	d.see(fmt.Sprintf("Assign %d", id), "bld01", "x86_64 noarch", "bld02", "no host yet")
	d.press("02", "enter")
	d.see(fmt.Sprintf("bld02 does %d sleep", id), fmt.Sprintf("$ koji -p lab assign-task %d bld02", id))
	d.press("enter")
	d.see(fmt.Sprintf("%d is assigned to bld02", id), fmt.Sprintf("◔ %d sleep", id))
	d.press("a", "h", "01", "enter")
	d.see(fmt.Sprintf("%d is ASSIGNED on bld02: only by force", id))
	d.press("tab", " ", "tab", " ")
	d.see(fmt.Sprintf("$ koji -p lab call assignTask %d bld01 force=True override=True", id))
	d.press("enter")
	d.see(fmt.Sprintf("%d is assigned to bld01", id))
	if task := l.task(id); task.State != koji.TaskAssigned || task.HostID == nil || *task.HostID != 1 {
		t.Errorf("the task is %v on %v", task.State, task.HostID)
	}
	d.press("4")
	d.see("2 hosts", "bld01")
	d.press("a", "r")
	d.see("Restart hosts", "Every enabled host starts its builder anew", "$ koji -p lab restart-hosts")
	d.press("defa", "enter", "tab", "s390x", "tab", "5")
	d.see("Every enabled host of channel default for s390x", "$ koji -p lab restart-hosts --channel default --arch s390x --timeout 5")
	d.press("x")
	d.see("the timeout is a number of minutes")
	d.press("backspace", "enter")
	d.see(fmt.Sprintf("task %d restarts hosts", id+1))
	if task := l.task(id + 1); task.Method != "restartHosts" {
		t.Errorf("task %d is %s %v", task.ID, task.Method, task.Request)
	}
	d.press("a", "r", "enter")
	d.see(fmt.Sprintf("task %d restarts hosts already", id+1))
}

// Who may not is told why.
func TestActingWithoutLeave(t *testing.T) {
	t.Parallel()
	r := testRoot(100, 40, newTheme(paletteDark, false))
	r.e.me = who{id: 8, name: "other", perms: []string{"repo"}}
	r.Update(sampleChanges())
	tasks := []task{r.e.store.get(71204).task}
	for _, d := range r.e.taskDeeds(tasks) {
		if d.why == "" {
			t.Errorf("%s is on for who may not", d.name)
		}
	}
	for _, d := range r.e.hostDeeds([]hostRef{{name: "bld01"}}) {
		if d.why == "" {
			t.Errorf("%s is on for who may not", d.name)
		}
	}
}
