package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"
	"text/template"
	"time"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/xmlrpc"
)

// What a command finds can be had as data: with --json, or by a template with
// --format. In both, things have the names under which they travel.

// withData lets a command be asked for data.
func withData(env *Env, cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.BoolVar(&env.globals.json, "json", env.globals.json, "print as JSON")
	f.Var(&env.globals.format, "format", "print each by a Go `TEMPLATE`, such as '{{.id}} {{.name}}'")
	f.BoolVar(&env.globals.utc, "utc", env.globals.utc, "print times in UTC instead of the local zone")
	return cmd
}

// formatOption is the value of --format.
type formatOption struct {
	text     string
	template *template.Template
}

// String is the template as it was given.
func (o *formatOption) String() string { return o.text }

// Type names the value in a command's help.
func (o *formatOption) Type() string { return "TEMPLATE" }

// Set parses the template.
func (o *formatOption) Set(text string) error {
	t, err := template.New("format").Option("missingkey=error").Funcs(template.FuncMap{
		"json": compactJSON, "join": joinItems, "time": formatTime,
	}).Parse(text)
	if err != nil {
		return err
	}
	o.text, o.template = text, t
	return nil
}

// joinItems is what the template function join does: the items of an array with
// sep between them.
func joinItems(sep string, items []any) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = fmt.Sprint(item)
	}
	return strings.Join(words, sep)
}

// formatTime is what the template function time does: seconds since 1970 as a
// time people read.
func formatTime(ts any) string {
	switch ts := ts.(type) {
	case float64:
		return longTime(&ts)
	case int64:
		return koji.FromSeconds(float64(ts)).Local().Format(longLayout)
	}
	return fmt.Sprint(ts)
}

// asData reports whether the answer shall be data, without any prose.
func (e *Env) asData() bool { return e.globals.json || e.globals.format.template != nil }

// printData prints a value as --json or --format want it: a list, by its template
// item by item.
func (e *Env) printData(v any) error {
	t := e.globals.format.template
	if t == nil {
		return e.printJSON(v)
	}
	plain, err := travelled(v)
	if err != nil {
		return fmt.Errorf("print with --format: %w", err)
	}
	items, ok := plain.([]any)
	if !ok {
		items = []any{plain}
	}
	w := bufio.NewWriter(e.Out)
	for _, item := range items {
		if err := t.Execute(w, withoutNil(item)); err != nil {
			return failf("print with --format: %v", err)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// withoutNil makes what isn't there empty: a template would call it <no value>.
func withoutNil(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		for key, member := range v {
			v[key] = withoutNil(member)
		}
	case []any:
		for i, item := range v {
			v[i] = withoutNil(item)
		}
	}
	return v
}

// printLines prints items as they come: with --json each as a line of JSON, for
// programs that read while there is more.
func (e *Env) printLines(items ...any) error {
	if e.globals.format.template != nil {
		return e.printData(items)
	}
	w := bufio.NewWriter(e.Out)
	for _, item := range items {
		text, err := compactJSON(item)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, text)
	}
	return w.Flush()
}

// printJSON prints a value as Python's json.dump with an indent of two does.
// Structs have the keys under which they travel.
func (e *Env) printJSON(v any) error {
	plain, err := travelled(v)
	if err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	return e.writeJSON(plain)
}

// writeJSON is printJSON for a value that has travelled.
func (e *Env) writeJSON(v any) error {
	w := bufio.NewWriter(e.Out)
	if err := (jsonWriter{w: w}).value(v, "\n"); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// compactJSON is a value as JSON on one line.
func compactJSON(v any) (string, error) {
	plain, err := travelled(v)
	if err != nil {
		return "", fmt.Errorf("print as JSON: %w", err)
	}
	var b strings.Builder
	if err := (jsonWriter{w: &b, compact: true}).value(plain, ""); err != nil {
		return "", fmt.Errorf("print as JSON: %w", err)
	}
	return b.String(), nil
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

// jsonWriter writes JSON as Python's json.dump does.
type jsonWriter struct {
	w       io.Writer
	compact bool
}

// value writes a value; indent is the line end and the indent of its own items.
func (j jsonWriter) value(v any, indent string) error {
	switch v := v.(type) {
	case map[string]any:
		return j.items("{", "}", indent, len(v), func(yield func(key string, value any)) {
			for _, key := range sortedKeys(v) {
				yield(quoteJSON(key)+": ", v[key])
			}
		})
	case xmlrpc.Object:
		return j.items("{", "}", indent, len(v), func(yield func(key string, value any)) {
			for _, m := range v {
				yield(quoteJSON(m.Name)+": ", m.Value)
			}
		})
	case []any:
		return j.items("[", "]", indent, len(v), func(yield func(key string, value any)) {
			for _, item := range v {
				yield("", item)
			}
		})
	case string:
		return j.text(quoteJSON(v))
	case []byte:
		return j.text(quoteJSON(string(v)))
	case float64:
		return j.text(floatJSON(v))
	case time.Time: // a dateTime, such as in a task's request
		return j.text(quoteJSON(v.UTC().Format("20060102T15:04:05")))
	case *big.Int:
		return j.text(v.String())
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return j.text(string(text))
}

func (j jsonWriter) text(s string) error {
	_, err := io.WriteString(j.w, s)
	return err
}

func (j jsonWriter) items(open, end, indent string, n int, each func(func(string, any))) error {
	if n == 0 {
		return j.text(open + end)
	}
	inner, between := indent+"  ", ","
	if j.compact {
		indent, inner, between = "", "", ", "
	}
	err := j.text(open)
	sep := inner
	each(func(key string, value any) {
		if err == nil {
			err = j.text(sep + key)
		}
		if err == nil {
			err = j.value(value, inner)
		}
		sep = between + inner
	})
	if err == nil {
		err = j.text(indent + end)
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
