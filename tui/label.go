package tui

import (
	"path"
	"strings"

	"koji/internal/lazyregexp"
)

// shortLabel is a label as it was last shortened.
type shortLabel struct {
	from  string
	width int
	ascii bool
	text  string
}

var longHash = lazyregexp.New(`:([0-9a-f]{7})[0-9a-f]+([,)]|$)`)

// shorten brings a task's label to n cells, step by step until it fits: the
// hash to 7 digits, .src.rpm off, the directories of a repository, the target
// or tag, then the rest before the arch and the closing bracket.
func (s *shortLabel) shorten(label string, n int, ascii bool) string {
	if s.from == label && s.width == n && s.ascii == ascii {
		return s.text
	}
	*s = shortLabel{from: label, width: n, ascii: ascii, text: shortenLabel(label, n, ascii)}
	return s.text
}

func shortenLabel(label string, n int, ascii bool) string {
	fits := func() bool { return textWidth(label, ascii) <= n }
	if fits() {
		return label
	}
	label = longHash().ReplaceAllString(label, ":$1$2")
	if fits() {
		return label
	}
	label = strings.Replace(label, ".src.rpm", "", 1)
	if fits() {
		return label
	}
	method, rest, ok := strings.Cut(label, " (")
	if !ok || !strings.HasSuffix(rest, ")") {
		return cut(label, n, ascii)
	}
	parts := strings.Split(strings.TrimSuffix(rest, ")"), ", ")
	join := func() string { return method + " (" + strings.Join(parts, ", ") + ")" }
	for i, p := range parts {
		if strings.HasPrefix(p, "/") && path.Dir(p) != "/" {
			parts[i] = "…/" + path.Base(p)
		}
	}
	if label = join(); fits() {
		return label
	}
	if len(parts) == 1 {
		return cut(label, n, ascii)
	}
	// The first part gives way; if it is a target it keeps 4 letters, a
	// package keeps what there is room for.
	over := textWidth(label, ascii) - n
	first := textWidth(parts[0], ascii)
	if room := first - over; room >= 4 {
		parts[0] = cut(parts[0], room, ascii)
		return join()
	}
	parts[0] = cut(parts[0], min(first, 4), ascii)
	last := parts[len(parts)-1]
	before := method + " (" + strings.Join(parts[:len(parts)-1], ", ")
	if tail := ", " + last + ")"; textWidth(tail, ascii) <= 12 && n > 24 {
		return cut(before, n-textWidth(tail, ascii), ascii) + tail
	}
	return cut(join(), n, ascii)
}
