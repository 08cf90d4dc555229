package tui

import (
	"testing"

	"koji"
)

// The screens in which things are done.
func TestActFrames(t *testing.T) {
	t.Parallel()
	checkFrames(t, []frameCase{
		{name: "helpsearch", do: func(r *root) { press(r, "?", "/", "f", "r", "e", "e") }},
		{name: "palette", do: func(r *root) { press(r, ":", "c", "a", "n", "c") }},
		{name: "priority", do: func(r *root) { r.e.me.perms = []string{"admin"}; press(r, "a", "p") }},
		{name: "tagbuild", do: func(r *root) {
			r.e.lists[listTags] = nameList{choices: []choice{{"f44", ""}, {"f44-build", ""}, {"f44-candidate", ""}, {"f45-candidate", "locked"}}, asked: testNow()}
			r.e.beginTag([]buildRef{{id: 1, nvr: "bash-5.3.0-2.fc44"}})
			press(r, "c", "a", "n")
		}},
		{name: "newbuild", do: func(r *root) {
			r.e.lists[listTargets] = nameList{choices: []choice{{"f44-candidate", "f44-build → f44-candidate"}, {"f44-candidate-asan", "f44-asan → f44-asan-candidate"}}, asked: testNow(),
				made: map[string]float64{"f44-candidate": secondsAgo(41 * 60), "f44-candidate-asan": secondsAgo(2 * 86400)}}
			press(r, "a", "b", "git+https://src.lab.example/rpms/bash.git#9f3c2ab8", "tab", "f44-ca")
		}},
		{name: "maketask", do: func(r *root) {
			r.e.me.perms = []string{"admin"}
			press(r, "a", "m", "runr", "enter", "f44-build", "tab", "x86_64", "tab", "rpm -qa")
		}},
		{name: "history", do: func(r *root) {
			r.e.tellDone(done{command: "koji -p lab cancel 71204", text: "71204 is canceled"}, nil)
			r.e.tellDone(done{command: "koji -p lab free-task 71211"}, koji.NewError(koji.CodeGeneric, "needs admin"))
			press(r, ":", "history", "enter", "j")
		}},
	})
}
