package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// TestLineEdit types into a field that holds "one two three": | is the cursor.
func TestLineEdit(t *testing.T) {
	t.Parallel()
	key := func(t tea.KeyType) tea.KeyMsg { return tea.KeyMsg{Type: t} }
	typed := func(s string) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)} }
	alt := func(r rune) tea.KeyMsg { return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: true} }
	for name, c := range map[string]struct {
		keys []tea.KeyMsg
		want string
	}{
		"at the end":       {nil, "one two three|"},
		"typed":            {[]tea.KeyMsg{typed("s"), key(tea.KeySpace), typed("é")}, "one two threesé|"},
		"back and forth":   {[]tea.KeyMsg{key(tea.KeyLeft), key(tea.KeyCtrlB), key(tea.KeyRight), typed("-")}, "one two thre-|e"},
		"home":             {[]tea.KeyMsg{key(tea.KeyHome), key(tea.KeyLeft), typed("a")}, "a|one two three"},
		"end":              {[]tea.KeyMsg{key(tea.KeyCtrlA), key(tea.KeyEnd), key(tea.KeyRight), typed("a")}, "one two threea|"},
		"words":            {[]tea.KeyMsg{alt('b'), alt('b'), alt('f')}, "one two| three"},
		"words at an edge": {[]tea.KeyMsg{alt('f'), key(tea.KeyCtrlA), alt('b')}, "|one two three"},
		"backspace":        {[]tea.KeyMsg{key(tea.KeyBackspace), key(tea.KeyCtrlH)}, "one two thr|"},
		"delete":           {[]tea.KeyMsg{key(tea.KeyCtrlA), key(tea.KeyDelete), key(tea.KeyCtrlD)}, "|e two three"},
		"nothing there":    {[]tea.KeyMsg{key(tea.KeyDelete), key(tea.KeyCtrlA), key(tea.KeyBackspace), key(tea.KeyCtrlW)}, "|one two three"},
		"a word back":      {[]tea.KeyMsg{key(tea.KeyCtrlW), key(tea.KeyCtrlW)}, "one |"},
		"a word on":        {[]tea.KeyMsg{key(tea.KeyCtrlA), alt('d')}, "| two three"},
		"up to here":       {[]tea.KeyMsg{alt('b'), key(tea.KeyCtrlU)}, "|three"},
		"from here":        {[]tea.KeyMsg{alt('b'), key(tea.KeyCtrlK)}, "one two |"},
		"pasted lines":     {[]tea.KeyMsg{{Type: tea.KeyRunes, Runes: []rune("a\r\n\tb\x1b[\x00"), Paste: true}}, "one two threea   b[|"},
		"too much":         {[]tea.KeyMsg{typed(strings.Repeat("x", 500))}, "one two three" + strings.Repeat("x", 187) + "|"},
		"other keys":       {[]tea.KeyMsg{key(tea.KeyUp), key(tea.KeyTab), key(tea.KeyCtrlV), alt('x')}, "one two three|"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLineEdit()
			l.open("one two three")
			for _, k := range c.keys {
				before := l.value()
				if changed := l.key(k); changed != (l.value() != before) {
					t.Errorf("%v says that it changes the text: %v", k, changed)
				}
			}
			if got := string(l.text[:l.at]) + "|" + string(l.text[l.at:]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
