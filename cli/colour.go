package cli

import (
	"bytes"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Colours go to a terminal only. Text is made safe on its way there, escape
// sequences included; so colours travel as characters that Unicode leaves
// without meaning, and become escape sequences behind that. Foreign text that
// has such characters can colour itself, no more: a line's end ends colour.
const (
	markPlain  = '\ufdd0'
	markGood   = '\ufdd1'
	markBad    = '\ufdd2'
	markActive = '\ufdd3'
	markDim    = '\ufdd4'
	markStrong = '\ufdd5'
)

// marks are the escape sequences, from markPlain on.
func marks() []string {
	return []string{"\x1b[0m", "\x1b[32m", "\x1b[31m", "\x1b[36m", "\x1b[2m", "\x1b[1m"}
}

func isMark(r rune) bool { return r >= markPlain && r <= markStrong }

// colours reports whether a person wants to see them (see no-color.org).
func colours() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// paint gives a word for a state its colour. Blanks around it, as columns have,
// stay.
func (e *Env) paint(text string) string {
	mark := stateMark(strings.TrimSpace(text))
	if mark == 0 || !e.coloured {
		return text
	}
	return string(mark) + text + string(markPlain)
}

// paintState gives a line that tells of a state, as details have it, the colour
// of the state.
func (e *Env) paintState(line string) string {
	key, value, ok := strings.Cut(line, ": ")
	switch strings.TrimSpace(key) {
	case "State", "Enabled", "Ready":
	default:
		return line
	}
	word := strings.TrimSuffix(value, "\n")
	if !ok || stateMark(word) == 0 {
		return line
	}
	return key + ": " + e.paint(word) + value[len(word):]
}

func stateMark(word string) rune {
	switch strings.ToUpper(word) {
	case "OK", "CLOSED", "COMPLETE", "READY", "Y", "YES":
		return markGood
	case "FAILED", "PROBLEM", "N", "NO":
		return markBad
	case "OPEN", "BUILDING", "INIT", "WARNING":
		return markActive
	case "CANCELED", "DELETED", "EXPIRED":
		return markDim
	}
	return 0
}

// header is the first lines of a table, as they look on this terminal.
func (e *Env) header(text string) string {
	if !e.coloured {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = string(markStrong) + line + string(markPlain)
	}
	return strings.Join(lines, "\n")
}

// fit cuts each line of a table to the width of the terminal. A pipe gets whole
// lines.
func (e *Env) fit(text string) string {
	if !e.onTerminal() {
		return text
	}
	if !e.coloured {
		text = withoutMarks(text)
	}
	width, _ := e.size()
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = cutColumns(strings.TrimRight(line, " "), width)
	}
	return strings.Join(lines, "\n")
}

// cutColumns is a line of at most width columns; marks take none. How wide a
// letter is depends on those beside it, so what fits is found in the whole.
func cutColumns(line string, width int) string {
	plain := withoutMarks(line)
	if runewidth.StringWidth(plain) <= width {
		return line
	}
	fits := len(runewidth.Truncate(plain, width-1, ""))
	for i, r := range line {
		if isMark(r) {
			continue
		}
		if fits <= 0 {
			end := line[:i] + "…"
			if strings.ContainsFunc(line, isMark) {
				end += string(markPlain)
			}
			return end
		}
		fits -= utf8.RuneLen(r)
	}
	return line
}

func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return -1
		}
		return r
	}, s)
}

// colourWriter turns marks into escape sequences. A Write has whole characters.
type colourWriter struct{ w io.Writer }

func (c colourWriter) Write(p []byte) (int, error) {
	if !bytes.ContainsFunc(p, isMark) {
		return c.w.Write(p)
	}
	var b strings.Builder
	on := false
	for _, r := range string(p) {
		switch {
		case isMark(r):
			b.WriteString(marks()[r-markPlain])
			on = r != markPlain
			continue
		case r == '\n' && on:
			b.WriteString(marks()[0])
			on = false
		}
		b.WriteRune(r)
	}
	_, err := io.WriteString(c.w, b.String())
	return len(p), err
}
