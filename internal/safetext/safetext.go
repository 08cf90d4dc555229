// Package safetext makes foreign text fit for a terminal: what a hub tells (a
// task's label, a fault, a line of a log) may not move the cursor, change
// colours or titles, or turn the direction of what stands beside it.
package safetext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// marksPerCell is how many combining marks may stand on one character.
const marksPerCell = 2

// Clean is s on one line, with everything a terminal might act on made
// visible: control characters as their pictures (␛ ␊ ␡), C1 controls, bidi
// controls and other characters without width by their number (<9b> <202e>),
// bytes that are no UTF-8 as \xNN. Parts of joined characters, whose width
// differs between terminals, become □; of combining marks two are kept.
// Cleaning clean text changes nothing.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	marks, base := 0, false
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
			i++
			marks, base = 0, true
			continue
		}
		i += n
		if isMark(r) {
			if !base {
				b.WriteRune('◌')
				base = true
			}
			if marks < marksPerCell {
				b.WriteRune(r)
			}
			marks++
			continue
		}
		marks, base = 0, true
		write(&b, r)
	}
	return b.String()
}

// plain reports whether s is printable ASCII throughout.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func write(b *strings.Builder, r rune) {
	switch {
	case r < ' ':
		b.WriteRune('␀' + r)
	case r == 0x7f:
		b.WriteRune('␡')
	case r < 0x7f:
		b.WriteByte(byte(r))
	case isJoined(r):
		b.WriteRune('□')
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector), RuneWidth(r) == 0:
		fmt.Fprintf(b, "<%x>", r)
	default:
		b.WriteRune(r)
	}
}

// isMark reports whether r stands on the character before it.
func isMark(r rune) bool {
	return r >= 0x300 && unicode.In(r, unicode.Mn, unicode.Me) && !unicode.Is(unicode.Variation_Selector, r) && RuneWidth(r) == 0
}

// isJoined reports whether r changes the character beside it: halves of flags,
// skin colours, and Hangul that is put together.
func isJoined(r rune) bool {
	return r >= 0x1f1e6 && r <= 0x1f1ff || r >= 0x1f3fb && r <= 0x1f3ff ||
		r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff
}

// RuneWidth is how many cells a character of clean text takes: 0 for combining
// marks, 2 for wide ones, and 1 for all whose width is ambiguous.
func RuneWidth(r rune) int {
	if r >= ' ' && r < 0x7f {
		return 1
	}
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.RuneWidth(r)
}

// Width is how many cells clean text takes.
func Width(s string) int {
	if plain(s) {
		return len(s)
	}
	w := 0
	for _, r := range s {
		w += RuneWidth(r)
	}
	return w
}
