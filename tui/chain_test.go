package tui

import (
	"fmt"
	"testing"

	"koji"
)

func TestChainOf(t *testing.T) {
	t.Parallel()
	const scm = "git+https://src.example.org/rpms/"
	maven := map[string]any{
		"a": map[string]any{"scmurl": scm + "a#1"}, "b": map[string]any{"scmurl": scm + "b#2", "buildrequires": []any{"a"}}, "odd": "x",
	}
	for name, tt := range map[string]struct {
		method                 string
		request                any
		count, sources, levels string
	}{
		"levels":       {"chainbuild", []any{[]any{[]any{scm + "a#1", scm + "b#2"}, []any{scm + "c#3"}}, "f44"}, "3 sources to come", "/rpms/a:1, /rpms/b:2, /rpms/c:3", "level 1–2"},
		"an NVR":       {"chainbuild", []any{[]any{[]any{"a-1-1"}, []any{scm + "c#3"}}, "f44"}, "1 source to come", "/rpms/c:3", "level 2"},
		"hostile":      {"chainbuild", []any{[]any{[]any{scm + "a\n\t\x1b#1"}}, "f44"}, "1 source to come", "/rpms/a␊␉␛:1", "level 1"},
		"maven":        {"chainmaven", []any{maven, "f44"}, "at most 2 packages to come", "a, b", ""},
		"no list":      {"chainbuild", []any{"x", "f44"}, "", "", ""},
		"no sources":   {"chainbuild", []any{[]any{"x", []any{int64(1)}}, "f44"}, "", "", ""},
		"another kind": {"build", []any{scm + "a#1", "f44"}, "", "", ""},
		"unknown":      {"chainbuild", nil, "", "", ""},
	} {
		s := newStore()
		s.apply(changes{tasks: []task{taskOf(koji.Task{ID: 1, Method: tt.method, Request: tt.request, State: koji.TaskOpen}, names{})}})
		var count, sources, levels string
		if links := s.toCome(s.get(1)); len(links) > 0 {
			count, sources, levels = comingText(links, tt.method)
		}
		if count != tt.count || sources != tt.sources || levels != tt.levels {
			t.Errorf("%s: %q, %q, %q", name, count, sources, levels)
		}
	}
}

// A chain build tells what it has still to begin, and at which level each build stands.
func testChain(t *testing.T, l *lab) {
	const scm = "git+https://src.example.org/rpms/"
	one, two, three := scm+"one#1", scm+"two#2", scm+"three#3"
	var id int64
	l.call(l.admin, &id, "makeTask", "chainbuild", []any{[]any{[]any{one, two}, []any{three}}, "f44-candidate"})
	l.open(id)
	build := func(source, label string) int64 {
		var child int64
		l.call(l.host, &child, "host.subtask", "build", []any{source, "f44-candidate"}, id, koji.Named{"label": label})
		l.open(child)
		return child
	}
	d := drive(t, l.admin, 120, 30)
	d.see(fmt.Sprintf("◉ %d chainbuild", id), "3 sources to come: /rpms/one:1, /rpms/two:2, /rpms/three:3", "level 1–2")
	first := build(one, "build 0,0")
	second := build(two, "build 0,1")
	d.see("└  1 source to come: /rpms/three:3", "level 2")
	d.not("3 sources")
	l.close(first)
	d.see(fmt.Sprintf("├✓ %d build", first), "level 1")
	build(three, "build 1,0")
	d.not("to come")
	l.fail(second, "it broke\n")
	l.fail(id, "a build of level 1 broke\n")
	d.see(fmt.Sprintf("▾✗ %d chainbuild", id), fmt.Sprintf("├✗ %d build", second))
}
