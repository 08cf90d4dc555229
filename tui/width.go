package tui

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"

	"koji/internal/safetext"
)

// clean is foreign text fit for a cell grid: safe for the terminal, and of a
// width that all terminals agree on. Parts of characters that are put together
// (flags, skin colours, Hangul) become □, what has no width but isn't a mark is
// shown by its number.
func clean(s string) string {
	s = safetext.Clean(s)
	if isASCII(s) {
		return s
	}
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case joined(r):
			b.WriteRune('□')
		case odd(r):
			fmt.Fprintf(&b, "<%x>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func odd(r rune) bool {
	if r < 0x300 {
		return runeWidth(r) == 0
	}
	return joined(r) || unicode.Is(unicode.Variation_Selector, r) || runeWidth(r) == 0 && !unicode.In(r, unicode.Mn, unicode.Me)
}

// joined reports whether r changes the character beside it.
func joined(r rune) bool {
	return r >= 0x1f1e6 && r <= 0x1f1ff || r >= 0x1f3fb && r <= 0x1f3ff ||
		r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff
}

// runeWidth is how many cells a character takes: 0 for combining marks, 2 for
// wide ones, and 1 for all whose width is ambiguous.
func runeWidth(r rune) int {
	if r >= ' ' && r <= '~' {
		return 1
	}
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.RuneWidth(r)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// textWidth is how many cells text takes once it is clean; with ascii, as the
// letters that stand for what isn't ASCII.
func textWidth(text string, ascii bool) int {
	if isASCII(text) {
		return len(text)
	}
	n := 0
	for _, r := range clean(text) {
		w := runeWidth(r)
		if ascii && r > '~' && w > 0 {
			w = len(asciiFor(r, w))
		}
		n += w
	}
	return n
}

// cut is text with … at its end if it takes more than n cells.
func cut(text string, n int, ascii bool) string {
	if textWidth(text, ascii) <= n {
		return text
	}
	dots := "…"
	room := n - textWidth(dots, ascii)
	if room < 0 {
		return ""
	}
	return head(clean(text), room, ascii) + dots
}

// head is as much of clean text as fits into n cells.
func head(text string, n int, ascii bool) string {
	at := 0
	for i, r := range text {
		w := runeWidth(r)
		if ascii && r > '~' && w > 0 {
			w = len(asciiFor(r, w))
		}
		if at+w > n {
			return text[:i]
		}
		at += w
	}
	return text
}

// asciiFor stands for a character that isn't ASCII, w cells wide.
func asciiFor(r rune, w int) string {
	switch {
	case r >= '␀' && r <= '␟':
		return "^" + string('@'+r-'␀')
	case w == 2:
		return "??"
	}
	switch r {
	case '␡':
		return "^?"
	case '…':
		return ".."
	case '│', '┃', '▌', '▐', '▏':
		return "|"
	case '─', '·':
		return "-"
	case '╭', '╮', '╰', '╯', '├', '└':
		return "+"
	case '░':
		return "."
	case '▪':
		return "*"
	case '█', '▉', '▊', '▋', '▍', '▎':
		return "#"
	case '–', '−':
		return "-"
	case '≥':
		return ">="
	case '≈':
		return "~"
	case '↑':
		return "^"
	case '↓':
		return "v"
	case '→', '›':
		return ">"
	case '←':
		return "<"
	case '↵':
		return "enter"
	case '⇥':
		return "tab"
	case '⇧':
		return "shift-"
	case '●':
		return "o"
	case '═':
		return "="
	case '«', '»':
		return `"`
	}
	return "?"
}

// wrapWords breaks a text into lines of at most n cells, between words where
// there are any.
func wrapWords(text string, n int, ascii bool) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(clean(text), " ") {
		switch {
		case line == "":
			line = word
		case textWidth(line, ascii)+1+textWidth(word, ascii) <= n:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
		for textWidth(line, ascii) > n {
			part := head(line, n, ascii)
			if part == "" {
				return append(lines, line) // no room for a character
			}
			lines, line = append(lines, part), line[len(part):]
		}
	}
	return append(lines, line)
}
