package tui

import (
	"slices"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
)

// lineEdit is a field of one line, with the keys of a shell's.
type lineEdit struct {
	text   []rune
	at     int // where the cursor is
	limit  int // of characters
	active bool
}

func newLineEdit() lineEdit { return lineEdit{limit: 200} }

func (l *lineEdit) open(text string) {
	l.set(text)
	l.active = true
}

// set puts another text in, with the cursor at its end.
func (l *lineEdit) set(text string) {
	l.text, l.at = nil, 0
	l.insert([]rune(text))
}

func (l *lineEdit) close() { l.active = false }

func (l *lineEdit) value() string { return string(l.text) }

// key takes a key and reports whether the text has changed.
func (l *lineEdit) key(k tea.KeyMsg) bool {
	if !l.active {
		return false
	}
	before := l.value()
	switch k.String() {
	case "right", "ctrl+f":
		l.at = min(l.at+1, len(l.text))
	case "left", "ctrl+b":
		l.at = max(l.at-1, 0)
	case "home", "ctrl+a":
		l.at = 0
	case "end", "ctrl+e":
		l.at = len(l.text)
	case "alt+right", "ctrl+right", "alt+f":
		l.at = l.wordEnd()
	case "alt+left", "ctrl+left", "alt+b":
		l.at = l.wordStart()
	case "backspace", "ctrl+h":
		l.cut(max(l.at-1, 0), l.at)
	case "delete", "ctrl+d":
		l.cut(l.at, min(l.at+1, len(l.text)))
	case "alt+backspace", "ctrl+w":
		l.cut(l.wordStart(), l.at)
	case "alt+delete", "alt+d":
		l.cut(l.at, l.wordEnd())
	case "ctrl+u":
		l.cut(0, l.at)
	case "ctrl+k":
		l.cut(l.at, len(l.text))
	default:
		if (k.Type == tea.KeyRunes || k.Type == tea.KeySpace) && !k.Alt {
			l.insert(k.Runes)
		}
	}
	return l.value() != before
}

// insert puts in what was typed or pasted: of several lines one, and nothing
// that would move the cursor.
func (l *lineEdit) insert(typed []rune) {
	var fits []rune
	for _, r := range typed {
		switch {
		case len(l.text)+len(fits) == l.limit:
		case r == '\n', r == '\r', r == '\t':
			fits = append(fits, ' ')
		case !unicode.IsControl(r) && r != unicode.ReplacementChar:
			fits = append(fits, r)
		}
	}
	l.text = slices.Insert(l.text, l.at, fits...)
	l.at += len(fits)
}

// cut takes out what stands in between, and leaves the cursor there.
func (l *lineEdit) cut(from, to int) {
	l.text = slices.Delete(l.text, from, to)
	l.at = from
}

// wordStart is where the word before the cursor begins.
func (l *lineEdit) wordStart() int {
	at := l.at
	for at > 0 && unicode.IsSpace(l.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(l.text[at-1]) {
		at--
	}
	return at
}

// wordEnd is where the word after the cursor ends.
func (l *lineEdit) wordEnd() int {
	at := l.at
	for at < len(l.text) && unicode.IsSpace(l.text[at]) {
		at++
	}
	for at < len(l.text) && !unicode.IsSpace(l.text[at]) {
		at++
	}
	return at
}

// draw writes the text with its cursor into n cells.
func (l *lineEdit) draw(p *pen, n int) {
	end := p.x + n
	before := l.text[:l.at]
	for textWidth(string(before), p.c.ascii) > n-2 && len(before) > 0 {
		before = before[1:]
	}
	p.write(roleText, string(before), end).write(roleLink, "▏", end).write(roleText, string(l.text[l.at:]), end)
	p.x = end
}
