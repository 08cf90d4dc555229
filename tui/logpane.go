package tui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"
)

// logPane is a file of a task's output on a part of the screen. It opens at
// its end, fetches what is scrolled to in ranges, and follows what is written.
type logPane struct {
	e     *env
	c     *calls // of the view that it stands in
	gen   int    // replies of an older one are of a file that isn't shown any more
	task  int64
	of    string // what the log is of, if it isn't a task's output
	name  string
	files map[string]fileStat
	key   logKey
	read  logSource

	win      logWindow
	index    logIndex
	size     int64 // of the file, as far as is known
	loaded   bool
	exact    bool // the place of the window in the file is sure
	final    bool // all was read after the task had finished
	fetching bool
	counting bool
	count    bool // read all of the file, for its index
	err      error
	anew     bool // the file was replaced while it was open

	w, h     int
	top      int // first line on the screen
	left     int // cells that are scrolled away sideways
	wrap     bool
	bare     bool // only the text: no numbers, no map
	nonum    bool // no numbers
	warnings bool // e and E stop at warnings too
	follow   bool
	mark     int // the line that was jumped to, -1 if none
	pattern  string
	all      allHits // of the pattern
	seek     *seek
	folded   map[int64]bool // phases by their place in the file
	hidden   [][2]int       // lines of folded phases, from and up to
}

func newLogPane(e *env, c *calls, task int64, name string, files map[string]fileStat) *logPane {
	st := files[name]
	return &logPane{
		e: e, c: c, task: task, name: name, files: files, read: taskLog(e.hub, task, name),
		key: logKey{e.server, taskOutput(task, name), st.state()}, size: st.size(),
		follow: true, mark: -1, folded: map[int64]bool{},
	}
}

// settled reports whether it is known how the file is, and that it stays so.
// While the hub is lost, what was known of it before has to do.
func (p *logPane) settled() bool {
	return p.key.state != "" && (p.final || p.e.lost() && !p.running())
}

// source reads the file, by way of the disk if it has been finished.
func (p *logPane) source() logSource {
	if p.e.logs == nil || p.running() {
		return p.read
	}
	k := p.key
	if !p.settled() {
		k.state = ""
	}
	return p.e.logs.through(k, p.size, p.read)
}

// replace shows another file in the pane.
func (p *logPane) replace(task int64, name string, files map[string]fileStat) tea.Cmd {
	return p.begin(newLogPane(p.e, p.c, task, name, files))
}

// begin goes on as fresh, at the same place of the screen.
func (p *logPane) begin(fresh *logPane) tea.Cmd {
	p.stopSeek()
	fresh.gen, fresh.w, fresh.h = p.gen+1, p.w, p.h
	fresh.wrap, fresh.bare, fresh.nonum = p.wrap, p.bare, p.nonum
	*p = *fresh
	return p.fetch(fetchOpen)
}

func (p *logPane) running() bool {
	t := p.e.store.get(p.task)
	return t != nil && !t.finished()
}

// polls reports whether the file must be looked at again and again: the hub
// doesn't tell when it grows.
func (p *logPane) polls() bool { return p.running() && !(p.e.link.stream && p.e.link.logs) }

// complete reports whether the whole file is known and won't grow.
func (p *logPane) complete() bool { return p.final && p.win.end() >= p.size }

func (p *logPane) status() string {
	switch {
	case p.seek != nil:
		return fmt.Sprintf("looking for %s, %s read · esc ends", p.seek.name, bytesText(p.seek.read.Load()))
	case p.counting:
		return fmt.Sprintf("counting lines, %s of %s", bytesText(p.index.at), bytesText(p.size))
	case p.complete():
		return "log complete"
	}
	return ""
}

func (p *logPane) resize(w, h int) {
	p.w, p.h = w, h
	p.settleTop()
}

// rows is how many lines of text there is room for.
func (p *logPane) rows() int { return max(p.h-1, 1) }

// lastTop is the top with which the last line stands at the bottom.
func (p *logPane) lastTop() int {
	room := p.rows()
	at := len(p.win.lines)
	for at > 0 {
		before := p.shown(at - 1)
		room -= p.height(before)
		if room < 0 {
			break
		}
		at = before
	}
	return at
}

// height is how many rows a line takes.
func (p *logPane) height(line int) int {
	if !p.wrap {
		return 1
	}
	n := textWidth(logText(p.win.line(line)), p.e.theme.ascii)
	room := max(p.textRoom(), 1)
	return max(1, min((n+room-1)/room, wrapLimit))
}

// wrapLimit is how many rows a wrapped line takes at most.
const wrapLimit = 200

func (p *logPane) setTop(n int) {
	last := p.lastTop()
	if n = max(0, n); n >= last {
		p.top = last
		return
	}
	p.top = p.shown(n)
}

// settleTop keeps the top within the file, or at its end.
func (p *logPane) settleTop() {
	if p.follow {
		p.top = p.lastTop()
		return
	}
	p.setTop(p.top)
}

// scroll moves by n lines that are shown.
func (p *logPane) scroll(n int) tea.Cmd {
	p.follow = p.follow && n > 0
	top := p.top
	for ; n > 0 && top < len(p.win.lines); n-- {
		top = p.next(top)
	}
	for ; n < 0 && top > 0; n++ {
		top = p.shown(top - 1)
	}
	p.setTop(top)
	return p.more()
}

func (p *logPane) toFirst() tea.Cmd {
	p.follow, p.mark = false, -1
	if p.win.start > 0 {
		return p.fetch(fetchFirst)
	}
	p.setTop(0)
	return p.more()
}

func (p *logPane) toEnd() tea.Cmd {
	p.follow, p.mark = true, -1
	if p.win.end() < p.size {
		return p.fetch(fetchOpen)
	}
	p.settleTop()
	return nil
}

func (p *logPane) sideways(n int) {
	if !p.wrap {
		p.left = max(0, min(p.left+n, longestLine))
	}
}

// escape leaves a search, or what it found.
func (p *logPane) escape() bool {
	switch {
	case p.seek != nil:
		p.stopSeek()
	case p.pattern != "":
		p.pattern = ""
		p.countHits()
	case p.counting:
		p.count = false
	default:
		return false
	}
	return true
}

func (p *logPane) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tick:
		if p.loaded && p.polls() && !p.e.lost() && p.win.end() >= p.size {
			return p.fetch(fetchAfter)
		}
	case changes:
		return p.heard(m)
	case link:
		if p.err != nil && m.up {
			return p.again()
		}
	}
	return nil
}

// heard takes in what the hub tells of files that grow, and of the task's end.
func (p *logPane) heard(c changes) tea.Cmd {
	for _, l := range c.logs {
		if l.task != p.task || l.name != p.name {
			continue
		}
		atEnd := p.win.end() >= p.size
		if l.size < p.win.end() {
			return p.restart()
		}
		p.size = max(p.size, l.size)
		if p.loaded && atEnd {
			return p.fetch(fetchAfter)
		}
	}
	if p.loaded && !p.final && !p.running() && p.win.end() >= p.size {
		return p.fetch(fetchAfter)
	}
	return nil
}

func (p *logPane) again() tea.Cmd {
	if p.loaded {
		return p.fetch(fetchAfter)
	}
	return p.fetch(fetchOpen)
}

// restart begins anew with a file that was replaced.
func (p *logPane) restart() tea.Cmd {
	fresh := newLogPane(p.e, p.c, p.task, p.name, p.files)
	fresh.read, fresh.of, fresh.key.file, fresh.anew = p.read, p.of, p.key.file, true
	return p.begin(fresh)
}
