package cli

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"koji/internal/safetext"
)

// list prints what a command found: with --json and --format the rows as the hub
// names their members, else the header, which --quiet leaves out, and a line a row.
func list[T any](e *Env, rows []T, header string, line func(T) string) error {
	if e.asData() {
		if rows == nil {
			rows = []T{}
		}
		return e.printData(rows)
	}
	return e.buffered(func(w *bufio.Writer) {
		fit := func(line string) string { return line } // names alone stay whole
		if header != "" {
			fit = e.fit
		}
		if header != "" && !e.quiet() {
			fmt.Fprintln(w, e.header(fit(header)))
		}
		for _, row := range rows {
			fmt.Fprintln(w, fit(e.oneLine(line(row))))
		}
	})
}

// show prints one or several things in full: value with --json and --format, else
// what text writes.
func (e *Env) show(value any, text func(w *bufio.Writer)) error {
	if e.asData() {
		return e.printData(value)
	}
	if !e.coloured {
		return e.buffered(text)
	}
	var plain strings.Builder
	w := bufio.NewWriter(&plain)
	text(w)
	w.Flush()
	return e.buffered(func(w *bufio.Writer) {
		for line := range strings.Lines(plain.String()) {
			w.WriteString(e.paintState(line))
		}
	})
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
