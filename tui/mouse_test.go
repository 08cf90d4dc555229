package tui

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func click(r *root, x, y int, b tea.MouseButton) {
	r.Update(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: b})
}

func TestMouse(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	home := r.top().(*tasksView)
	if !r.pointer.captured {
		t.Fatal("the mouse isn't asked for, though there is a list")
	}
	click(r, 10, 6, tea.MouseButtonLeft)
	if home.t.sel.id != 71211 {
		t.Errorf("a click selects %v", home.t.sel)
	}
	click(r, 10, 7, tea.MouseButtonLeft)
	if home.t.sel.id != 71211 {
		t.Errorf("a click on a log's line selects %v", home.t.sel)
	}
	r.Update(tea.MouseMsg{Action: tea.MouseActionPress, Button: tea.MouseButtonWheelUp})
	if home.t.sel.id != 71204 {
		t.Errorf("the wheel goes to %v", home.t.sel)
	}
	click(r, 10, 6, tea.MouseButtonRight)
	if r.e.over == nil {
		t.Error("no menu at a right click")
	}
	if r.pointer.captured {
		t.Error("the mouse is kept from the terminal in a menu")
	}
	press(r, "esc")
	click(r, 10, 6, tea.MouseButtonLeft)
	click(r, 10, 6, tea.MouseButtonLeft)
	if _, ok := r.top().(*taskView); !ok {
		t.Errorf("a double click opens %T", r.top())
	}
	if r.pointer.captured {
		t.Error("the mouse is kept from the terminal in a detail")
	}
	press(r, "q")
	click(r, 12, 0, tea.MouseButtonLeft)
	if _, ok := r.top().(*buildsView); !ok {
		t.Errorf("a click on a place goes to %T", r.top())
	}
	press(r, "1", "m")
	if r.pointer.captured {
		t.Error("m doesn't let go of the mouse")
	}
}

func TestSift(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		msg  tea.Msg
		kept bool
	}{
		{tea.MouseMsg{Action: tea.MouseActionMotion}, false},
		{tea.MouseMsg{Action: tea.MouseActionPress}, true},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("[<0;12;3M")}, false},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("65;12;3m")}, false},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("11;rgb:1e1e/1e1e/2e2e")}, false},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("12")}, true},
		{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("[<0;1;2M"), Paste: true}, true},
	} {
		if got := sift(nil, tt.msg) != nil; got != tt.kept {
			t.Errorf("%v: kept %v", tt.msg, got)
		}
	}
}

func TestClickOnHeading(t *testing.T) {
	t.Parallel()
	tb := fruitTable(t, 4)
	c := newCanvas(80, 7, false)
	c.zones = &zones{}
	tb.draw(c)
	z := c.zones.at(tb.w-3, 0)
	if z == nil {
		t.Fatal("the heading of WEIGHT can't be clicked")
	}
	z.click()
	if tb.sorted != 2 {
		t.Errorf("sorted by column %d", tb.sorted)
	}
	if z := c.zones.at(tb.w-12, 0); z != nil {
		t.Error("the heading of a column without an order can be clicked")
	}
}
