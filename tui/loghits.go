package tui

import (
	"fmt"
	"slices"
)

// allHits are the lines of a log in which a search finds something, as far as
// all of the log is in the window: else they would be too many to look for.
type allHits struct {
	pattern string
	lines   int     // that were looked at
	places  []int64 // of lines with a hit, ascending
}

// countHits brings the hits up to date; none are known of a log that is
// only there in part.
func (p *logPane) countHits() {
	if p.pattern == "" || p.win.start != 0 || p.win.end() < p.size {
		p.all = allHits{}
		return
	}
	if p.all.pattern != p.pattern || p.all.lines > len(p.win.lines) {
		p.all = allHits{pattern: p.pattern}
	}
	match, from := matcher(p.pattern), max(p.all.lines-1, 0) // the last line may have gone on
	for n := len(p.all.places); n > 0 && p.all.places[n-1] >= p.win.offset(from); n = len(p.all.places) {
		p.all.places = p.all.places[:n-1]
	}
	for i := from; i < len(p.win.lines); i++ {
		if match(p.win.line(i)) {
			p.all.places = append(p.all.places, p.win.offset(i))
		}
	}
	p.all.lines = len(p.win.lines)
}

// hitText is the pattern, with which of the lines that it hits is marked.
func (p *logPane) hitText() string {
	n := len(p.all.places)
	switch {
	case p.all.pattern != p.pattern || p.all.lines == 0:
		return "/" + p.pattern
	case p.mark >= 0 && p.mark < len(p.win.lines):
		if at, found := slices.BinarySearch(p.all.places, p.win.offset(p.mark)); found {
			return fmt.Sprintf("/%s %d of %d", p.pattern, at+1, n)
		}
	}
	return fmt.Sprintf("/%s %d %s", p.pattern, n, plural(n, "hit", "hits"))
}
