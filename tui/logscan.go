package tui

import (
	"bytes"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// scan looks for a line, in one direction, through what is loaded and then
// through what has to be fetched.
type scan struct {
	name  string
	match func(line []byte) bool
	dir   int
	next  int  // the line to look at next
	turn  bool // look in the other direction when nothing is found
	from  int64
}

// matcher finds text without regard to case if it is all lower case.
func matcher(text string) func([]byte) bool {
	want := []byte(text)
	if strings.ToLower(text) != text {
		return func(line []byte) bool { return bytes.Contains(line, want) }
	}
	return func(line []byte) bool {
		return bytes.Contains(line, want) || bytes.Contains(bytes.ToLower(line), want)
	}
}

func isErrorLine(line []byte) bool { return severityOf(line) == severityError }

// find begins to look for a line in direction dir from the mark, or else from
// the top of the screen.
func (v *logView) find(name string, match func([]byte) bool, dir int, turn bool) tea.Cmd {
	from := v.top
	if v.mark >= 0 {
		from = v.mark + dir
	}
	v.scan = &scan{name: name, match: match, dir: dir, next: from, turn: turn}
	return v.goOn()
}

// goOn looks through what is loaded and asks for more if that is not enough.
func (v *logView) goOn() tea.Cmd {
	s := v.scan
	if s == nil {
		return nil
	}
	for ; s.next >= 0 && s.next < len(v.win.lines); s.next += s.dir {
		if s.match(v.win.line(s.next)) {
			v.scan = nil
			v.jump(s.next)
			return v.more()
		}
	}
	switch {
	case s.dir > 0 && v.win.end() < v.size:
		return v.fetch(fetchAfter)
	case s.dir < 0 && v.win.start > 0:
		return v.fetch(fetchBefore)
	case s.turn:
		s.turn, s.dir, s.next = false, -s.dir, v.top-1
		return v.goOn()
	}
	v.scan = nil
	where := "below"
	if s.dir < 0 {
		where = "above"
	}
	v.e.tell(roleWarn, fmt.Sprintf("no %s %s", s.name, where))
	return nil
}

// jump marks a line and brings it on the screen.
func (v *logView) jump(line int) {
	v.mark = line
	v.follow = false
	if line < v.top || line >= v.top+v.rows() || v.wrap {
		v.setTop(line - v.rows()/3)
	}
}

// hits of the pattern in a line's text, as pairs of byte offsets.
func (v *logView) hits(text string) [][2]int {
	if v.pattern == "" {
		return nil
	}
	in, want := text, v.pattern
	if strings.ToLower(want) == want {
		in = strings.ToLower(in)
		if len(in) != len(text) {
			in = text // lower case of some letters is longer
		}
	}
	var hits [][2]int
	for at := 0; ; {
		i := strings.Index(in[at:], want)
		if i < 0 {
			return hits
		}
		hits = append(hits, [2]int{at + i, at + i + len(want)})
		at += i + len(want)
	}
}
