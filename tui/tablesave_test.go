package tui

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableAsFile(t *testing.T) {
	t.Parallel()
	tb := fruitTable(t, 3)
	tb.sortBy(2)
	tb.setFilter("-kind:nut")
	tb.items[2].name = "a\tb\x1b[31m"
	if diff := cmp.Diff("name\tkind\tweight\nfruit00\tberry\t0\na␉b␛[31m\tberry\t4\n", string(tb.asText())); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	want := `[
	{
		"kind": "berry",
		"name": "fruit00",
		"weight": "0"
	},
	{
		"kind": "berry",
		"name": "a␉b␛[31m",
		"weight": "4"
	}
]
`
	if diff := cmp.Diff(want, string(tb.asJSON())); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// What is short on the screen, or only a sign, is whole in a file.
func TestBuildsAsFile(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	openBuilds(r)
	v := r.top().(*buildsView)
	v.t.setFilter("5.3.0-1")
	want := "state\tbuild\ttag\towner\tfinished\ttook\nCOMPLETE\tbash-5.3.0-1.fc44\tf44-candidate\tjsmith\t2026-11-24 09:12:00\t11:02\n"
	if diff := cmp.Diff(want, string(v.t.asText())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
