package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

const (
	rangeSize   = 256 << 10 // what is fetched at once to be shown
	seekSize    = 1 << 20   // and to be looked through
	windowLimit = 4 << 20   // what is kept
	windowLeft  = 3 << 20   // of it when it was too much
	countLimit  = 4 << 20   // files up to here are counted without being asked to
)

// fetchKind is which part of a file to fetch.
type fetchKind uint8

const (
	fetchOpen   fetchKind = iota // the end
	fetchFirst                   // the beginning
	fetchExact                   // the same again, by its place in the file
	fetchBefore                  // what is before the window
	fetchAfter                   // what is behind it, also what is new
	fetchHit                     // where a search found something
)

// fetched is a part of a file.
type fetched struct {
	kind  fetchKind
	pane  *logPane
	gen   int
	from  int64 // as it was asked for; negative from the end
	hit   int64 // the place that was looked for
	after int   // or the line that is so many after it
	data  []byte
	size  int64
	files map[string]fileStat // of the task, nil if they weren't asked for
	state string              // of the file, for its logKey; "" if it wasn't asked for
	over  bool                // the task had finished before the file was read
}

func (p *logPane) fetch(kind fetchKind) tea.Cmd {
	from, n := int64(0), int64(rangeSize)
	switch kind {
	case fetchOpen:
		from = -rangeSize
		if p.settled() { // by blocks, so that none is asked for that was kept
			from = (max(p.size-rangeSize, 0) + blockSize - 1) / blockSize * blockSize
		}
	case fetchExact:
		from = p.win.start
	case fetchBefore:
		from = max(p.win.start-rangeSize, 0)
		n = p.win.start - from
	case fetchAfter:
		from = p.win.end()
	}
	return p.fetchRange(fetched{kind: kind, from: from}, n)
}

// around fetches what stands around a place of the file, and goes to the line
// that is so many after it.
func (p *logPane) around(hit int64, after int) tea.Cmd {
	return p.fetchRange(fetched{kind: fetchHit, from: max(hit-rangeSize/2, 0), hit: hit, after: after}, rangeSize)
}

func (p *logPane) fetchRange(want fetched, n int64) tea.Cmd {
	if p.fetching && want.kind != fetchHit {
		return nil
	}
	p.fetching = true
	want.pane, want.gen, want.over = p, p.gen, !p.running()
	read := p.source()
	return p.e.ask(p.c, func(ctx context.Context) (any, error) {
		f, err := read(ctx, want.from, n)
		want.data, want.size, want.files, want.state = f.data, f.size, f.files, f.state
		return want, err
	})
}

// more fetches what is next to the screen if it isn't there.
func (p *logPane) more() tea.Cmd {
	switch {
	case !p.loaded || p.fetching:
		return nil
	case p.win.start > 0 && p.above(p.rows()):
		return p.fetch(fetchBefore)
	case p.win.end() < p.size && p.below(2*p.rows()):
		return p.fetch(fetchAfter)
	}
	return p.countOn()
}

// above reports whether fewer than n shown lines stand above the screen.
func (p *logPane) above(n int) bool {
	at := p.top
	for ; n > 0 && at > 0; n-- {
		at = p.shown(at - 1)
	}
	return n > 0
}

// below reports whether fewer than n shown lines follow from the top on.
func (p *logPane) below(n int) bool {
	at := p.top
	for ; n > 0 && at < len(p.win.lines); n-- {
		at = p.next(at)
	}
	return n > 0
}

// take brings a fetched part in.
func (p *logPane) take(f fetched, err error) tea.Cmd {
	if f.gen != p.gen {
		return nil
	}
	p.fetching = false
	p.err = err
	if err != nil {
		p.stopSeek()
		return nil
	}
	if f.files != nil {
		p.files = f.files
	}
	switch {
	case !f.over:
		p.key.state = ""
	case f.state != "":
		p.key.state = f.state
	}
	p.final = p.final || f.over
	if f.size < p.win.end() && (f.kind == fetchExact || f.kind == fetchBefore || f.kind == fetchAfter) {
		return p.restart()
	}
	p.size = max(f.size, 0)
	p.bring(f)
	p.size = max(p.size, p.win.end())
	p.index.follow(&p.win)
	p.number()
	p.hide()
	p.countHits()
	switch {
	case f.kind == fetchOpen:
		p.opened()
	case f.kind == fetchHit:
		p.jump(min(max(p.win.lineAt(f.hit), 0)+f.after, max(len(p.win.lines)-1, 0)))
	}
	p.settleTop()
	if !p.exact {
		p.exact = true
		if !f.over {
			return p.fetch(fetchExact)
		}
	}
	if p.follow && p.win.end() < p.size {
		return p.fetch(fetchAfter)
	}
	return p.more()
}

// bring puts a part of the file into the window.
func (p *logPane) bring(f fetched) {
	switch f.kind {
	case fetchOpen:
		// Where it stands is what the size says, which is sure if all of it
		// came, or if nobody writes any more.
		start := max(f.from, 0)
		p.exact = true
		if f.from < 0 && len(f.data) == rangeSize {
			start = max(f.size-rangeSize, 0)
			p.exact = f.over || start == 0
		}
		p.win.set(start, f.data)
	case fetchFirst:
		p.win.set(0, f.data)
		p.top, p.exact = 0, true
	case fetchExact, fetchHit:
		p.win.set(f.from, f.data)
		p.exact = true
	case fetchBefore:
		if f.from+int64(len(f.data)) == p.win.start {
			added := p.win.prepend(f.from, f.data)
			p.top += added
			if p.mark >= 0 {
				p.mark += added
			}
			p.win.trimBack(windowLimit)
		}
	case fetchAfter:
		if f.from == p.win.end() {
			p.win.grow(f.data)
			n := p.win.trimFront(windowLimit, windowLeft)
			p.top, p.mark = max(p.top-n, 0), max(p.mark-n, -1)
		}
	}
}

// opened begins at the end, and of what failed at its first error.
func (p *logPane) opened() {
	first := !p.loaded
	p.loaded, p.follow = true, true
	if !first {
		return
	}
	p.count = p.size <= countLimit
	p.foldFinished()
	if t := p.e.store.get(p.task); t != nil && t.kind == kindFailed {
		for i := range p.win.lines {
			if isErrorLine(p.win.line(i)) {
				p.top = p.lastTop()
				p.jump(i)
				return
			}
		}
	}
}

// number gives lines their numbers, once they are known.
func (p *logPane) number() {
	if p.win.first < 0 {
		p.win.first = p.index.number(&p.win)
	}
}

// counted is what was read for the index.
type counted struct {
	pane *logPane
	gen  int
	part indexPart
}

// countOn reads on for the index, beside what the screen needs.
func (p *logPane) countOn() tea.Cmd {
	if !p.count || p.counting || !p.loaded || !p.exact || p.index.whole(p.size) {
		return nil
	}
	p.counting = true
	x, read, want := p.index, p.source(), counted{pane: p, gen: p.gen}
	return p.e.ask(p.c, func(ctx context.Context) (any, error) {
		f, err := read(ctx, x.at, seekSize)
		if err == nil {
			want.part = x.read(f.data)
		}
		return want, err
	})
}

func (p *logPane) takeCounted(m counted, err error) tea.Cmd {
	if m.gen != p.gen {
		return nil
	}
	p.counting = false
	if err != nil || m.part.index.at == m.part.from {
		p.count = false
		return nil
	}
	p.index.take(m.part)
	p.index.follow(&p.win)
	p.number()
	return p.countOn()
}
