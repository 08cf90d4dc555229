package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"

	"koji/internal/safetext"
	"koji/internal/xmlrpc"
)

// list prints what a command found: with --json the rows as the hub names
// their members, else the header, which --quiet leaves out, and a line a row.
func list[T any](e *Env, rows []T, header string, line func(T) string) error {
	if e.json() {
		if rows == nil {
			rows = []T{}
		}
		return e.printJSON(rows)
	}
	return e.buffered(func(w *bufio.Writer) {
		if header != "" && !e.quiet() {
			fmt.Fprintln(w, header)
		}
		for _, row := range rows {
			fmt.Fprintln(w, e.oneLine(line(row)))
		}
	})
}

// show prints one or several things in full: value with --json, else what text
// writes.
func (e *Env) show(value any, text func(w *bufio.Writer)) error {
	if e.json() {
		return e.printJSON(value)
	}
	return e.buffered(text)
}

// oneLine keeps a name from forging lines on a terminal. A pipe gets the text
// as it is.
func (e *Env) oneLine(s string) string {
	if e.onTerminal() {
		return safetext.Clean(s)
	}
	return s
}

// rule is the line of dashes under columns of these widths.
func rule(between string, widths ...int) string {
	parts := make([]string, len(widths))
	for i, n := range widths {
		parts[i] = strings.Repeat("-", n)
	}
	return strings.Join(parts, between)
}

// printJSON prints a value as Python's json.dump with an indent of two does.
// Structs have the keys under which they travel.
func (e *Env) printJSON(v any) error {
	plain, err := travelled(v)
	if err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	w := bufio.NewWriter(e.Out)
	if err := writeJSON(w, plain, ""); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// travelled is v as it would come over the wire: structs become maps.
func travelled(v any) (any, error) {
	doc, err := xmlrpc.MarshalResponse(v)
	if err != nil {
		return nil, err
	}
	var plain any
	return plain, xmlrpc.UnmarshalResponse(doc, &plain)
}

func writeJSON(w io.Writer, v any, indent string) error {
	switch v := v.(type) {
	case map[string]any:
		return writeItems(w, "{", "}", indent, len(v), func(yield func(key string, value any)) {
			for _, key := range sortedKeys(v) {
				yield(quoteJSON(key)+": ", v[key])
			}
		})
	case []any:
		return writeItems(w, "[", "]", indent, len(v), func(yield func(key string, value any)) {
			for _, item := range v {
				yield("", item)
			}
		})
	case string:
		_, err := io.WriteString(w, quoteJSON(v))
		return err
	case []byte:
		_, err := io.WriteString(w, quoteJSON(string(v)))
		return err
	case float64:
		_, err := io.WriteString(w, floatJSON(v))
		return err
	case *big.Int:
		_, err := io.WriteString(w, v.String())
		return err
	}
	text, err := json.Marshal(v)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

func writeItems(w io.Writer, open, end, indent string, n int, each func(func(string, any))) error {
	if n == 0 {
		_, err := io.WriteString(w, open+end)
		return err
	}
	if _, err := io.WriteString(w, open); err != nil {
		return err
	}
	var err error
	between := "\n"
	each(func(key string, value any) {
		if err == nil {
			_, err = io.WriteString(w, between+indent+"  "+key)
		}
		if err == nil {
			err = writeJSON(w, value, indent+"  ")
		}
		between = ",\n"
	})
	if err == nil {
		_, err = io.WriteString(w, "\n"+indent+end)
	}
	return err
}

// quoteJSON writes all but ASCII as \uXXXX, as Python does.
func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r >= 0x20 && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// floatJSON writes a number so that it stays a float: 3.0, not 3.
func floatJSON(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return pythonFloat(f)
}

// showEach finds the things of those names and shows them, with a line between
// them. Those that aren't there (find gives nil) are told, and make the command
// fail once the others are shown.
func showEach[T any](env *Env, noun string, names []string, find func(name string) (*T, error), print func(io.Writer, *T)) error {
	missing := false
	found := []*T{}
	for _, name := range names {
		thing, err := find(name)
		if err != nil {
			return err
		}
		if thing == nil {
			env.warn("No such %s: %s", noun, name)
			missing = true
			continue
		}
		found = append(found, thing)
	}
	err := env.show(found, func(w *bufio.Writer) {
		for i, thing := range found {
			if i > 0 {
				fmt.Fprintln(w)
			}
			print(w, thing)
		}
	})
	if err == nil && missing {
		return exitStatus(exitFailed)
	}
	return err
}

// idOrName is how a person names a thing: a number is its id.
func idOrName(name string) any {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return id
	}
	return name
}
