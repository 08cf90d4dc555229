package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"koji"
)

// What can be done, done by keys on a real hub, each with what it says before.
func TestActing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, tag := range []string{"f44-candidate", "f44-build", "f44"} {
		l.call(l.admin, nil, "createTag", tag)
	}
	l.call(l.admin, nil, "createBuildTarget", "f44-candidate", "f44-build", "f44-candidate")
	d := drive(t, l.admin, 100, 30)
	d.see("stream", "no tasks of yours today")

	// A build from an SCM URL; the target is picked from a list.
	d.press("a", "b")
	d.see("new build", "no SCM URL yet")
	d.press("git+https://src.example.org/rpms/foo")
	d.see("no #revision at the end")
	d.press("#main", "tab")
	d.see("the revision is a branch or a tag", "f44-candidate", "f44-build → f44-candidate")
	d.press("cand", "enter")
	d.see("$ koji -p lab build f44-candidate 'git+https://src.example.org/rpms/foo#main'")
	d.press("right", " ")
	d.see("[x] wait for repo", "--wait-repo")
	d.press("ctrl+s")
	d.see("task 1 is made", "Tasks › 1 build")
	if task := l.task(1); task.Method != "build" || task.State != koji.TaskFree {
		t.Errorf("task 1 is %s, %v", task.Method, task.State)
	}
	d.press("q")

	// Its priority, by number.
	d.see("1 build (f44-candidate, /rpms/foo:main)")
	d.press("a", "p")
	d.see("Priority of 1", "set-task-priority --priority 20 --recurse 1")
	d.press("backspace", "5", "enter")
	d.see("1 is of priority 25 now")
	if got := l.task(1).Priority; got != 25 {
		t.Errorf("the priority on the hub is %d", got)
	}
	d.press("a", "f")
	d.see("free: it is FREE")
	d.press("esc")

	// It runs; freeing it takes it from its host.
	l.open(1)
	d.see("◉ 1 build")
	d.press("a", "f")
	d.see("Takes 1 build (f44-candidate, /rpms/foo:main) from bld01", "$ koji -p lab free-task 1")
	d.press("y")
	d.see("1 is free again")
	if s := l.state(1); s != koji.TaskFree {
		t.Errorf("task 1 is %v", s)
	}

	// A task of any kind, by the names of its parameters.
	d.press(":", "make-task", "enter")
	d.see("no method yet")
	d.press("sleep", "enter")
	d.see("no n yet")
	d.press("9")
	d.see("$ koji -p lab make-task sleep 9")
	d.press("ctrl+s")
	d.see("task 2 is made", "Tasks › 2 sleep")
	d.press("q", ":", "history", "enter")
	d.see("koji -p lab free-task 1", "koji -p lab make-task sleep 9")
}

// A source rpm is uploaded, once all that is filled in is right.
func TestUpload(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, tag := range []string{"f44-candidate", "f44-build"} {
		l.call(l.admin, nil, "createTag", tag)
	}
	l.call(l.admin, nil, "createBuildTarget", "f44-candidate", "f44-build", "f44-candidate")
	file := filepath.Join(l.dir, "foo-1-1.src.rpm")
	d := drive(t, l.admin, 100, 30)
	d.see("no tasks of yours today")
	d.press("a", "b", "shift+tab", "right", "tab", file)
	d.see("no such file or directory")
	if err := os.WriteFile(file, make([]byte, 3000), 0o600); err != nil {
		t.Fatal(err)
	}
	d.press("x", "backspace", "tab")
	d.see("3 kB")
	d.press("f44-nowhere")
	d.see("nothing like that")
	d.press("ctrl+s")
	d.see("no target is named f44-nowhere", "new build")
	for range "f44-nowhere" {
		d.press("backspace")
	}
	d.press("f44-candidate", "ctrl+s")
	d.see("is made", "build (f44-candidate, foo-1-1.src.rpm)")
	files, err := filepath.Glob(filepath.Join(l.dir, "koji", "work", "cli-build", "*", "foo-1-1.src.rpm"))
	if err != nil || len(files) != 1 {
		t.Errorf("uploaded: %v, %v", files, err)
	}
}

// Builds are tagged, moved and untagged, hosts disabled and enabled, a repo is
// asked for: the changes that are begun from other views.
func TestActingOnThings(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, tag := range []string{"f44", "f44-candidate", "f44-build"} {
		l.call(l.admin, nil, "createTag", tag, koji.Named{"arches": "x86_64"})
		l.call(l.admin, nil, "packageListAdd", tag, "bash", "admin")
	}
	var id int64
	l.call(l.admin, &id, "createEmptyBuild", "bash", "5.3.0", "2.fc44", nil)
	r, run := direct(t, l)
	b := []buildRef{{id: id, nvr: "bash-5.3.0-2.fc44", state: koji.BuildComplete}}
	for _, step := range []struct {
		deeds []deed
		key   string
		keys  []string
		want  string
	}{
		{r.e.buildDeeds(b), "t", []string{"candidate", "enter", "enter"}, "bash-5.3.0-2.fc44 is being tagged into f44-candidate, task 1"},
		{r.e.hostDeeds([]hostRef{{name: "bld01", enabled: true}}), "d", []string{"new disk", "enter"}, "bld01 is disabled"},
		{r.e.hostDeeds([]hostRef{{name: "bld01"}}), "e", []string{"enter"}, "bld01 is enabled"},
		{r.e.repoDeeds("f44-build"), "r", []string{"enter"}, "request 1 for a repo of f44-build is queued"},
		{r.e.requestDeeds(requestRef{id: 1, priority: 20, tag: "f44-build", active: true}), "p", []string{"backspace", "5", "enter"}, "request 1 is of priority 25 now"},
	} {
		if got := run(step.deeds, step.key, step.keys...); got != step.want {
			t.Errorf("%s %q: %q, want %q", step.key, step.keys, got, step.want)
		}
	}
	var h koji.Host
	l.call(l.admin, &h, "getHost", "bld01")
	if h.Comment == nil || *h.Comment != "new disk" || !h.Enabled {
		t.Errorf("the host is %+v", h)
	}
	l.call(l.admin, nil, "tagBuildBypass", "f44-candidate", id)
	if got, want := run(r.e.buildDeeds(b), "v", "cand", "enter", "tab", "f44", "enter"), "bash-5.3.0-2.fc44 is being moved to f44, task 2"; got != want {
		t.Errorf("move: %q, want %q", got, want)
	}
	b[0].tag = "f44-candidate"
	if got, want := run(r.e.buildDeeds(b), "u", "enter"), "bash-5.3.0-2.fc44 is out of f44-candidate"; got != want {
		t.Errorf("untag: %q, want %q", got, want)
	}
	var tags []koji.Tag
	l.call(l.admin, &tags, "listTags", id)
	if len(tags) != 0 {
		t.Errorf("the build is in %v", tags)
	}
}

// direct is a model with a hub whose commands run at once.
func direct(t *testing.T, l *lab) (*root, func(deeds []deed, key string, keys ...string) string) {
	t.Helper()
	r := testRoot(100, 30, newTheme(paletteDark, false))
	h, err := newHub(l.admin, testNow)
	if err != nil {
		t.Fatal(err)
	}
	r.e.hub, r.e.me = h, who{id: 1, name: "admin", perms: []string{"admin"}}
	return r, func(deeds []deed, key string, keys ...string) string {
		t.Helper()
		r.e.notice = ""
		for _, d := range deeds {
			if d.key != key {
				continue
			}
			if d.why != "" {
				return "off: " + d.why
			}
			finish(r, d.begin())
		}
		for _, k := range keys {
			_, cmd := r.Update(keyMsg(k))
			finish(r, cmd)
		}
		return r.e.notice
	}
}

func (l *lab) task(id int64) koji.Task {
	l.t.Helper()
	var task koji.Task
	l.call(l.admin, &task, "getTaskInfo", id, koji.Named{"request": true})
	if task.ID != id {
		l.t.Fatal(fmt.Errorf("no task %d", id))
	}
	return task
}
