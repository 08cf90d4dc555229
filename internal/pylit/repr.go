package pylit

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Repr writes a value on one line as Python's repr does, except that the keys
// of dicts are sorted.
func Repr(v any) string {
	w := reprWriter{limit: -1}
	w.value(v)
	return string(w.text)
}

// reprWithin is Repr as long as it is not wider than limit characters; it
// gives up as soon as it is.
func reprWithin(v any, limit int) (text string, ok bool) {
	w := reprWriter{limit: max(limit, 0)}
	w.value(v)
	if w.full() {
		return "", false
	}
	return string(w.text), true
}

// reprWriter collects a repr and its width in characters.
type reprWriter struct {
	text  []byte
	width int
	limit int // no more than this is wanted; negative: everything
}

func (w *reprWriter) full() bool { return w.limit >= 0 && w.width > w.limit }

func (w *reprWriter) write(s string) {
	w.text = append(w.text, s...)
	w.width += utf8.RuneCountInString(s)
}

func (w *reprWriter) value(v any) {
	switch v := v.(type) {
	case []any:
		w.write("[")
		for i, item := range v {
			if w.full() {
				return
			}
			if i > 0 {
				w.write(", ")
			}
			w.value(item)
		}
		w.write("]")
	case map[string]any:
		w.write("{")
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if w.full() {
				return
			}
			if i > 0 {
				w.write(", ")
			}
			w.write(reprString(key))
			w.write(": ")
			w.value(v[key])
		}
		w.write("}")
	default:
		w.write(reprScalar(v))
	}
}

func reprScalar(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return formatFloat(v)
	case string:
		return reprString(v)
	case []byte:
		return reprBytes(v)
	case time.Time:
		// What Python's xmlrpc library makes of a dateTime.iso8601, less the
		// address in memory.
		return "<DateTime " + reprString(v.Format("20060102T15:04:05")) + ">"
	}
	return fmt.Sprintf("<%T %s>", v, reprString(fmt.Sprint(v)))
}

// quote picks the quotes Python would: single ones, unless only those occur.
func quote(hasSingle, hasDouble bool) byte {
	if hasSingle && !hasDouble {
		return '"'
	}
	return '\''
}

// reprString escapes what Python does not print. A byte that is no UTF-8 is
// shown as the lone surrogate that Python would hold for it.
func reprString(s string) string {
	q := quote(strings.Contains(s, "'"), strings.Contains(s, `"`))
	b := make([]byte, 0, len(s)+2)
	b = append(b, q)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = fmt.Appendf(b, `\udc%02x`, s[i])
		case r < 0x80:
			b = appendASCII(b, byte(r), q)
		case unicode.IsPrint(r):
			b = append(b, s[i:i+size]...)
		case r < 0x100:
			b = fmt.Appendf(b, `\x%02x`, r)
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = fmt.Appendf(b, `\U%08x`, r)
		}
		i += size
	}
	return string(append(b, q))
}

func reprBytes(s []byte) string {
	q := quote(slices.Contains(s, '\''), slices.Contains(s, '"'))
	b := make([]byte, 0, len(s)+3)
	b = append(b, 'b', q)
	for _, c := range s {
		if c < 0x80 {
			b = appendASCII(b, c, q)
		} else {
			b = fmt.Appendf(b, `\x%02x`, c)
		}
	}
	return string(append(b, q))
}

func appendASCII(b []byte, c, quote byte) []byte {
	switch {
	case c == quote || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, `\n`...)
	case c == '\r':
		return append(b, `\r`...)
	case c == '\t':
		return append(b, `\t`...)
	case c < ' ' || c == 0x7f:
		return fmt.Appendf(b, `\x%02x`, c)
	}
	return append(b, c)
}
