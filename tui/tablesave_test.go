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
