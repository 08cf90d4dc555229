package tui

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	tea "github.com/charmbracelet/bubbletea"
)

// seek is a search that is under way beyond the window.
type seek struct {
	name string
	read atomic.Int64 // bytes
	stop context.CancelFunc
}

// wanted is what to look for, in one direction.
type wanted struct {
	name  string
	match func(line []byte) bool
	dir   int
	turn  bool // look in the other direction when nothing is found
}

// found is the end of a search.
type found struct {
	pane *logPane
	gen  int
	seek *seek
	want wanted
	at   int64 // place of the line in the file, -1 if there is none
}

// matcher finds text without regard to case if it is all lower case.
func matcher(text string) func([]byte) bool {
	want := []byte(text)
	if strings.ToLower(text) != text {
		return func(line []byte) bool { return bytes.Contains(line, want) }
	}
	if !isASCII(text) {
		return func(line []byte) bool { return bytes.Contains(bytes.ToLower(line), want) }
	}
	return func(line []byte) bool { return containsFold(line, want) }
}

// containsFold reports whether line holds lower-case ASCII letters in any case.
func containsFold(line, want []byte) bool {
	if len(want) == 0 {
		return true
	}
	upper := want[0]
	if upper >= 'a' && upper <= 'z' {
		upper -= 'a' - 'A'
	}
	for i := 0; i+len(want) <= len(line); i++ {
		if b := line[i]; (b == want[0] || b == upper) && bytes.EqualFold(line[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

func isErrorLine(line []byte) bool { return severityOf(line) == severityError }

// find looks for a line from the mark, or else from the screen on:
// through the window at once, and beyond it in the background.
func (p *logPane) find(want wanted) tea.Cmd {
	p.stopSeek()
	from := p.top
	switch {
	case p.mark >= 0:
		from = p.mark + want.dir
	case p.follow && want.dir < 0:
		from = len(p.win.lines) - 1
	}
	if !p.loaded {
		return nil
	}
	if line := p.inWindow(want, from); line >= 0 {
		p.jump(line)
		return p.more()
	}
	size, start := p.size, p.win.start
	if want.dir > 0 && p.win.end() < size {
		last := p.win.offset(len(p.win.lines) - 1) // it may go on
		return p.beyond(want, last)
	}
	if want.dir < 0 && start > 0 {
		return p.beyond(want, start)
	}
	return p.notFound(want)
}

func (p *logPane) inWindow(want wanted, from int) int {
	for i := from; i >= 0 && i < len(p.win.lines); i += want.dir {
		if want.match(p.win.line(i)) {
			return i
		}
	}
	return -1
}

// beyond looks through what isn't in the window.
func (p *logPane) beyond(want wanted, from int64) tea.Cmd {
	ctx, stop := context.WithCancel(p.c.ctx)
	s := &seek{name: want.name, stop: stop}
	p.seek = s
	read, f := p.source(), found{pane: p, gen: p.gen, seek: s, want: want, at: -1}
	return p.e.ask(p.c, func(context.Context) (any, error) { // it may take longer than a call
		defer stop()
		var err error
		if want.dir > 0 {
			f.at, err = seekForward(ctx, read, from, want.match, &s.read)
		} else {
			f.at, err = seekBack(ctx, read, from, want.match, &s.read)
		}
		return f, err
	})
}

func (p *logPane) stopSeek() {
	if p.seek != nil {
		p.seek.stop()
		p.seek = nil
	}
}

func (p *logPane) takeFound(f found, err error) tea.Cmd {
	if f.gen != p.gen || f.seek != p.seek {
		return nil
	}
	p.seek = nil
	switch {
	case err != nil:
		p.e.tell(roleFail, fmt.Sprintf("look for %s: %s", f.want.name, errorText(err)))
		return nil
	case f.at < 0:
		return p.notFound(f.want)
	}
	p.follow = false
	return p.around(f.at, 0)
}

// notFound tells so, or turns round.
func (p *logPane) notFound(want wanted) tea.Cmd {
	if want.turn {
		want.turn, want.dir = false, -want.dir
		return p.find(want)
	}
	where := "below"
	if want.dir < 0 {
		where = "above"
	}
	p.e.tell(roleWarn, fmt.Sprintf("no %s %s", want.name, where))
	return nil
}

// longestSought is how much of a line is looked through.
const longestSought = 1 << 20

// seekForward finds the place of the first line from a line's beginning on.
func seekForward(ctx context.Context, read logSource, from int64, match func([]byte) bool, done *atomic.Int64) (int64, error) {
	var carry []byte
	begin := from
	for {
		f, err := read(ctx, from, seekSize)
		if err != nil {
			return -1, err
		}
		data := f.data
		for at := 0; ; {
			i := bytes.IndexByte(data[at:], '\n')
			if i < 0 {
				rest := data[at:]
				carry = append(carry, rest[:min(len(rest), max(longestSought-len(carry), 0))]...)
				break
			}
			line := data[at : at+i]
			if len(carry) > 0 {
				line = append(carry, line...)
				carry = carry[:0]
			}
			if match(line) {
				return begin, nil
			}
			at += i + 1
			begin = from + int64(at)
		}
		from += int64(len(data))
		done.Add(int64(len(data)))
		if len(data) < seekSize {
			if len(carry) > 0 && match(carry) {
				return begin, nil
			}
			return -1, nil
		}
	}
}

// seekBack finds the place of the last line before a line's beginning.
func seekBack(ctx context.Context, read logSource, end int64, match func([]byte) bool, done *atomic.Int64) (int64, error) {
	var tail []byte // the end of a line whose beginning comes next
	for end > 0 {
		from := max(end-seekSize, 0)
		f, err := read(ctx, from, end-from)
		if err != nil {
			return -1, err
		}
		if int64(len(f.data)) < end-from {
			return -1, nil // it was cut meanwhile
		}
		data := append(slices.Clip(f.data), tail...)
		first := 0
		if from > 0 {
			first = bytes.IndexByte(data, '\n') + 1
			if first == 0 {
				first = len(data)
			}
		}
		for stop := len(data); stop > first; {
			at := bytes.LastIndexByte(data[:stop-1], '\n') + 1
			if at < first {
				at = first
			}
			if match(bytes.TrimRight(data[at:stop], "\r\n")) {
				return from + int64(at), nil
			}
			stop = at
		}
		tail = slices.Clone(data[:min(first, longestSought)])
		done.Add(end - from)
		end = from
	}
	return -1, nil
}

// jump marks a line and brings it on the screen.
func (p *logPane) jump(line int) {
	p.mark = line
	p.follow = false
	p.unfold(line)
	if line < p.top || p.wrap || !p.onScreen(line) {
		p.top = line
		p.back(p.rows() / 3)
	}
}

// back moves the top up by n shown lines.
func (p *logPane) back(n int) {
	top := p.top
	for ; n > 0 && top > 0; n-- {
		top = p.shown(top - 1)
	}
	p.setTop(top)
}

func (p *logPane) onScreen(line int) bool {
	at := p.top
	for range p.rows() {
		if at == line {
			return true
		}
		at = p.next(at)
	}
	return false
}

// hits of the pattern in a line's text, as pairs of byte offsets.
func (p *logPane) hits(text string) [][2]int {
	if p.pattern == "" {
		return nil
	}
	in, want := text, p.pattern
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
