// Package safetext makes foreign text safe to print on a terminal. Names, logs
// and messages come from anybody; what would steer the terminal, hide in it or
// forge lines is shown instead of done.
package safetext

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks a character keeps.
const maxMarks = 2

// Clean is s as one line: control characters become their pictures (␛ ␊ ␡ …),
// C1 controls, bidi controls and zero-width characters their code in angle
// brackets, bytes that are no UTF-8 \xNN. More than two combining marks on a
// character are dropped. Text without any of these is returned as it is.
func Clean(s string) string { return clean(s, false) }

// Lines is Clean for text of several lines: line ends and tabs stay.
func Lines(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	if plain(s, lines) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	marks := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		bad := r == utf8.RuneError && size == 1
		if !bad && unicode.Is(unicode.Mn, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case bad:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case lines && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune('␀' + r)
		case r == 0x7f:
			b.WriteRune('␡')
		case r >= 0x80 && r < 0xa0, hidden(r):
			fmt.Fprintf(&b, "<%02x>", r)
		case marks > maxMarks:
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// plain reports whether s is printable ASCII, as nearly all text is.
func plain(s string, lines bool) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c < 0x7f || lines && (c == '\n' || c == '\t') {
			continue
		}
		return false
	}
	return true
}

// hidden reports whether r has no picture of its own but changes how its
// neighbours look: bidi controls, zero-width characters, separators of lines.
func hidden(r rune) bool {
	switch {
	case r == 0x00ad, r == 0x061c, r == 0x180e, r == 0xfeff:
	case r >= 0x200b && r <= 0x200f:
	case r >= 0x2028 && r <= 0x202e:
	case r >= 0x2060 && r <= 0x206f:
	case r >= 0xfff9 && r <= 0xfffb:
	case r >= 0xe0000 && r <= 0xe007f:
	default:
		return false
	}
	return true
}

// Writer passes text on to w as Lines makes it. A character that is cut by the
// end of one Write is completed by the next.
func Writer(w io.Writer) io.Writer { return &writer{w: w} }

type writer struct {
	w    io.Writer
	rest []byte // the beginning of a character
}

func (w *writer) Write(p []byte) (int, error) {
	data := append(w.rest, p...)
	end := len(data)
	for back := 1; back < utf8.UTFMax && back <= len(data); back++ {
		if c := data[len(data)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(data[len(data)-back:]) {
				end = len(data) - back
			}
			break
		}
	}
	text := Lines(string(data[:end]))
	w.rest = append([]byte(nil), data[end:]...)
	if _, err := io.WriteString(w.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}
