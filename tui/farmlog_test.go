package tui

import (
	"fmt"
	"strings"
	"testing"
)

// Two logs of a build that runs stand side by side and grow, by the stream and
// by asking; beside the tree there is the log of the selected task.
func TestLogsOnAHub(t *testing.T) {
	t.Parallel()
	for _, polled := range []bool{false, true} {
		t.Run(map[bool]string{false: "stream", true: "polled"}[polled], func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			parent := l.build("git+https://src.example.org/rpms/foo#main")
			first, second := l.subtask(parent, "x86_64"), l.subtask(parent, "noarch")
			l.open(first)
			l.open(second)
			l.wait(parent)
			text := func(arch string) string {
				return "Mock Version: 5.6\nBuilding target platforms\nExecuting(%prep): /bin/sh -e\n+ patch " + arch + "\nExecuting(%build): /bin/sh -e\n+ make " + arch + "\n"
			}
			one, two := text("one"), text("two")
			l.log(first, "build.log", 0, one)
			l.log(second, "build.log", 0, two)
			s := l.admin
			if polled {
				s = l.polled()
			}
			d := drive(t, s, 160, 50)
			d.see(fmt.Sprintf("▾⋯ %d build", parent), fmt.Sprintf("├◉ %d", first))
			d.press("j")
			d.see("── build.log", "+ make one", "follow")
			d.press("l")
			d.see("▸ init", "▸ %prep", "▾ %build", "6 lines")
			d.press("L")
			d.see(fmt.Sprintf("%d x86_64 · bld01 · build.log", first), fmt.Sprintf("▌%d noarch · bld01 · build.log", second), "+ make one", "+ make two")
			l.log(first, "build.log", int64(len(one)), "one more\n")
			l.log(second, "build.log", int64(len(two)), "foo.c:1: error: broken \x1b]0;x\a\n")
			d.see("one more", "✗        7 foo.c:1: error: broken ␛]0;x␇", "✗ 1")
			d.press("=", "[", "z")
			d.see("together")
			d.press("/", "m", "a", "k", "e", "enter")
			d.see("/make")
			d.press("esc", "q")
			d.not("+ make two")
			d.press("q")
			d.see(fmt.Sprintf("▾⋯ %d build", parent))
		})
	}
}

// The side pane goes on to the next subtask's log when the one that it shows ends.
func TestSidePaneOnAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	first := l.subtask(parent, "x86_64")
	l.open(first)
	l.wait(parent)
	l.log(first, "build.log", 0, "this is the first\n")
	d := drive(t, l.admin, 160, 50)
	d.see(fmt.Sprintf("▌▾⋯ %d build", parent), fmt.Sprintf("─── %d build.log", first), "│  this is the first")
	second := l.subtask(parent, "noarch")
	l.open(second)
	l.log(second, "build.log", 0, "this is the second\n")
	l.close(first)
	d.see(fmt.Sprintf("─── %d build.log", second), "│  this is the second")
	d.press("v")
	d.not("───")
	d.press("v", "j", "j")
	d.see(fmt.Sprintf("▌ └◉ %d", second), "OPEN on bld01", "─── build.log")
}

// A task of a real hub: its timeline, the files of all below it, its
// parameters, and that it makes no build yet.
func TestTaskOnAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	child := l.subtask(parent, "x86_64")
	waits := l.subtask(parent, "s390x")
	l.open(child)
	l.wait(parent)
	l.log(child, "build.log", 0, "checking for gcc... gcc\n")
	d := drive(t, l.admin, 80, 24)
	d.see(fmt.Sprintf("▾⋯ %d build", parent))
	d.press("enter")
	d.see("OPEN, waits for subtasks · admin · bld01 · channel default", "[Timeline]", "Files 1",
		fmt.Sprintf("├◉ x86_64      %-7d bld01", child), fmt.Sprintf("└◦ s390x       %-7d", waits), "src            git+https://src.example.org/rpms/foo#main")
	d.press("tab")
	d.see("[Params]", "target         f44-candidate")
	d.press("tab")
	d.see("[Result]", "it has none: it is OPEN")
	d.press("tab", "j", "enter")
	d.see("› build.log", "checking for gcc... gcc")
	d.press("q", "tab")
	d.see("[Build]", "it makes no build")
	d.press("tab")
	d.see("[Buildroots]", "no buildroots")
	d.press("tab")
	l.fail(child, "it broke\n")
	d.see(fmt.Sprintf("├✗ x86_64      %-7d", child))
	d.press("g", "j", "j")
	d.press("enter")
	d.see("── fault", "it broke", "FAILED · admin")
}

// The tree is chosen from and sorted, and several tasks are acted on at once.
func TestTreeOnAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var ids []int64
	for _, name := range []string{"foo", "bar", "baz"} {
		ids = append(ids, l.build("git+https://src.example.org/rpms/"+name+"#main"))
	}
	d := drive(t, l.admin, 80, 24)
	row := func(i int) string { return fmt.Sprintf("%d build", ids[i]) }
	d.see(row(0), row(1), row(2), "newest first")
	d.press("s", "o")
	d.see("oldest first")
	d.until("sorted by age", func(screen string) bool {
		return strings.Index(screen, row(0)) < strings.Index(screen, row(1)) && strings.Index(screen, row(1)) < strings.Index(screen, row(2))
	})
	for _, f := range []string{"ch:default", "tag:f44", "host:bld01", "m:build", "own:admin", "st:open"} {
		d.press("/")
		for _, c := range f {
			d.press(string(c))
		}
		d.press("enter")
		d.see("3 of 3")
		d.press("esc")
	}
	d.press("/")
	for _, c := range "ch:createrepo" {
		d.press(string(c))
	}
	d.see("no task fits the filter", "0 of 3")
	d.press("esc", "g", " ", " ")
	d.see("2 marked")
	d.press("a", "c")
	d.see("Cancel 2 tasks?")
	d.press("y")
	d.see("2 tasks are canceled", "⊘ "+fmt.Sprint(ids[0]), "⊘ "+fmt.Sprint(ids[1]), "◉ "+fmt.Sprint(ids[2]))
}
