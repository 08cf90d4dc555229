package tui

import (
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
)

// lineEdit is a field of one line.
type lineEdit struct {
	model  textinput.Model
	active bool
}

func newLineEdit() lineEdit {
	m := textinput.New()
	m.CharLimit = 200
	return lineEdit{model: m}
}

func (l *lineEdit) open(text string) {
	l.model.SetValue(text)
	l.model.CursorEnd()
	l.model.Focus()
	l.active = true
}

func (l *lineEdit) close() {
	l.model.Blur()
	l.active = false
}

// key takes a key and reports whether the text has changed.
func (l *lineEdit) key(k tea.KeyMsg) bool {
	before := l.model.Value()
	l.model, _ = l.model.Update(k)
	return l.model.Value() != before
}

func (l *lineEdit) value() string { return l.model.Value() }

// draw writes the text with its cursor into n cells.
func (l *lineEdit) draw(p *pen, n int) {
	end := p.x + n
	text := []rune(l.model.Value())
	at := min(l.model.Position(), len(text))
	before := string(text[:at])
	for textWidth(before, p.c.ascii) > n-2 && before != "" {
		before = string([]rune(before)[1:])
	}
	p.write(roleText, before, end).write(roleLink, "▏", end).write(roleText, string(text[at:]), end)
	p.x = end
}
