package tui

import (
	"fmt"
	"testing"
)

// repo makes a repo of a tag, as a builder does.
func (l *lab) repo(tag string) int64 {
	l.t.Helper()
	var task int64
	l.call(l.admin, &task, "newRepo", tag)
	l.open(task)
	var made []any
	l.call(l.host, &made, "host.repoInit", tag, task)
	l.call(l.host, nil, "host.repoDone", made[0], map[string]any{})
	l.close(task)
	return made[0].(int64)
}

// Repos, and what is named in the palette, on one hub.
func TestTagsOfAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.tags("f44", "f44-build")
	t.Run("repos", func(t *testing.T) { testRepoBehind(t, l.in(t)) })
	t.Run("palette", func(t *testing.T) { testPaletteNames(t, l.in(t)) })
}

// How many changes a repo is behind its tag is counted, with those of the tags
// that it inherits from; a form shows how old a target's repo is.
func testRepoBehind(t *testing.T, l *lab) {
	l.call(l.admin, nil, "createBuildTarget", "f44-candidate", "f44-build", "f44")
	l.call(l.admin, nil, "createBuildTarget", "f44-old", "f44", "f44")
	repo := l.repo("f44-build")
	d := drive(t, l.admin, 120, 30)
	d.press("5", "tab")
	d.see("[Repos]", fmt.Sprintf("%d READY", repo), "current")
	for i := range 2 {
		l.call(l.admin, nil, "packageListAdd", "f44", fmt.Sprintf("pkg%d", i), "admin")
	}
	l.call(l.admin, nil, "packageListAdd", "f44-build", "pkg2", "admin")
	l.call(l.admin, nil, "repo.updateEndEvents")
	d.press("R")
	d.see("3 changes since")
	l.call(l.admin, nil, "packageListRemove", "f44", "pkg0")
	d.see("4 changes since")

	d.press("a", "b", "tab")
	d.see("f44-build → f44  repo ", "f44 → f44  no repo")
}

// A word and a name in the palette open what is named, completed as it is typed.
func testPaletteNames(t *testing.T, l *lab) {
	var id int64
	l.call(l.admin, &id, "createEmptyBuild", "bash", "5.3.0", "2.fc44", nil)
	d := drive(t, l.admin, 100, 30)
	d.see("stream")
	for _, step := range []struct {
		text string
		see  []string
	}{
		{"host bld01", []string{"› bld01", "load 0.0 of"}},
		{"host nowhere", []string{"no such host"}},
		{fmt.Sprintf("build %d", id), []string{"bash-5.3.0-2.fc44", "[RPMs"}},
		{"tag f44-build", []string{"› f44-build", "[Inheritance]"}},
		{"channel default", []string{"/ ch:default", "▾ default (1)"}},
		{"package bash", []string{"/ pkg:bash", "bash-5.3.0-2.fc44"}},
		{"user nobody", []string{"/ own:nobody", "nothing fits the filter"}},
		{"repo f44-build", []string{"/ tag:f44-build", "[Requests]"}},
	} {
		d.press(":", step.text, "enter")
		d.see(step.see...)
		d.press("1")
	}
	d.press(":", "host b")
	d.see("host bld01", "x86_64 noarch")
	d.press("down", "enter")
	d.see("› bld01", "load 0.0 of")
	d.press(":", "task x")
	d.see("a task is a number")
}

func TestFailedSince(t *testing.T) {
	t.Parallel()
	d := sampleRepos()
	for _, r := range d.repos {
		if got, want := d.failedSince(r), r.tag == "epel10-build"; got != want {
			t.Errorf("repo %d of %s: a request failed since: %v", r.id, r.tag, got)
		}
	}
	d.requests[3].repoID = 1
	if d.failedSince(repoRow{tag: "epel10-build"}) {
		t.Error("a request that was answered failed")
	}
}
