package tui

import (
	"testing"
)

// Builds and tags against a real hub: what is on it shows, and what changes shows too.
func TestThingsOnAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, c := range [][]any{
		{"createTag", "base"}, {"createTag", "f44"}, {"createTag", "f44-build"},
	} {
		l.call(l.admin, nil, c[0].(string), c[1:]...)
	}
	d := drive(t, l.admin, 80, 24)
	d.see("stream")
	d.press("3")
	d.see("TAG", "base", "f44-build", "3 of 3")
	d.press("/", "f44-", "enter")
	d.see("1 of 1")
	d.press("enter")
	d.see("[Inheritance]", "it inherits from no other tag")
	d.press("[")
	d.see("then and now")
	d.press("2")
}
