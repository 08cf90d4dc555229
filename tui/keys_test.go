package tui

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func TestSplitKeys(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		msg   tea.KeyMsg
		want  int
		first string
	}{
		{"one", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("j")}, 1, "j"},
		{"typed quickly", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("acy")}, 3, "a"},
		{"held down", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("jjjjjjjjjjjj")}, 12, "j"},
		{"pasted by a terminal that doesn't say so", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("git+https")}, 0, ""},
		{"pasted", tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q"), Paste: true}, 0, ""},
		{"no letter", tea.KeyMsg{Type: tea.KeyEnter}, 1, "enter"},
	} {
		keys := splitKeys(tt.msg)
		if len(keys) != tt.want || len(keys) > 0 && keys[0].String() != tt.first {
			t.Errorf("%s: got %v, want %d keys from %q on", tt.name, keys, tt.want, tt.first)
		}
	}
}
