package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// logView is a file of a task's output. It opens at its end, fetches what is
// scrolled to in ranges, and follows what is written.
type logView struct {
	screen
	task  int64
	name  string
	files map[string]fileStat

	win      logWindow
	size     int64 // of the file, as far as is known
	loaded   bool
	exact    bool // the place of the window in the file is sure
	final    bool // all was read after the task had finished
	fetching bool
	asked    fetched // what is being fetched
	err      error
	anew     bool // the file was replaced while it was open

	top     int // first line on the screen
	left    int // cells that are scrolled away sideways
	wrap    bool
	follow  bool
	mark    int // the line that was jumped to, -1 if none
	pattern string
	edit    lineEdit
	scan    *scan
}

// rangeSize is how much of a log is fetched at once, windowLimit how much is kept.
const (
	rangeSize   = 256 << 10
	windowLimit = 16 << 20
)

func newLogView(e *env, task int64, name string, files map[string]fileStat) *logView {
	return &logView{screen: newScreen(e), task: task, name: name, files: files, follow: true, mark: -1, edit: newLineEdit()}
}

func (v *logView) title() []string {
	label := fmt.Sprint(v.task)
	if t := v.e.store.get(v.task); t != nil {
		label += " " + t.label
	}
	return []string{label, v.name}
}

func (v *logView) keys() []action {
	return []action{
		actDown, actUp, actLeft, actRight, actAside, actSearch, actNextHit, actPrevHit, actNextError, actPrevError,
		actFollow, actWrap, actOtherLog, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp,
	}
}

func (v *logView) running() bool {
	t := v.e.store.get(v.task)
	return t != nil && !t.finished()
}

// polls reports whether the file must be looked at again and again: the hub
// doesn't tell when it grows.
func (v *logView) polls() bool { return v.running() && !(v.e.link.stream && v.e.link.logs) }

func (v *logView) ticks() bool { return v.polls() }

func (v *logView) status() string {
	switch {
	case v.scan != nil:
		done := v.size - v.win.end()
		if v.scan.dir < 0 {
			done = v.win.start
		}
		return fmt.Sprintf("looking for %s, %s to go · esc ends", v.scan.name, bytesText(done))
	case v.final && v.win.end() >= v.size:
		return "log complete"
	}
	return ""
}

func (v *logView) resize(w, h int) {
	v.screen.resize(w, h)
	v.settleTop()
}

// rows is how many lines of text there is room for.
func (v *logView) rows() int { return max(v.h-1, 1) }

func (v *logView) typing() bool { return v.edit.active }

func (v *logView) input(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyEnter {
		v.edit.key(k)
		return nil
	}
	v.edit.close()
	v.pattern = v.edit.value()
	if v.pattern == "" {
		return nil
	}
	v.mark = -1
	return v.find("/"+v.pattern, matcher(v.pattern), 1, true)
}

func (v *logView) escape() bool {
	switch {
	case v.edit.active:
		v.edit.close()
	case v.scan != nil:
		v.scan = nil
	case v.pattern != "":
		v.pattern = ""
	default:
		return false // leaving the view ends what it fetches
	}
	return true
}

func (v *logView) command() string { return v.e.commandLine("watch-logs", "--log", v.name, v.task) }

func (v *logView) do(a action) tea.Cmd {
	switch a {
	case actFirst:
		v.follow, v.mark = false, -1
		if v.win.start > 0 {
			return v.fetch(fetchFirst)
		}
		v.setTop(0)
	case actLast:
		v.mark = -1
		return v.toEnd()
	case actFollow:
		if v.follow {
			v.follow = false
			return nil
		}
		return v.toEnd()
	case actLeft:
		v.left = max(v.left-8, 0)
	case actRight, actAside:
		if !v.wrap {
			v.left = min(v.left+8, longestLine)
		}
	case actWrap:
		v.wrap, v.left = !v.wrap, 0
		v.settleTop()
	case actSearch:
		v.edit.open("")
	case actNextHit, actPrevHit:
		return v.nextHit(a == actNextHit)
	case actNextError:
		return v.find("error", isErrorLine, 1, false)
	case actPrevError:
		return v.find("error", isErrorLine, -1, false)
	case actOtherLog:
		return v.other()
	default:
		if n := scrollBy(a, v.rows(), len(v.win.lines)); n != 0 {
			v.follow = v.follow && n > 0
			v.setTop(v.top + n)
			return v.more()
		}
	}
	return v.more()
}

func (v *logView) nextHit(forward bool) tea.Cmd {
	if v.pattern == "" {
		v.e.tell(roleWarn, "nothing to look for; / begins a search")
		return nil
	}
	dir := 1
	if !forward {
		dir = -1
	}
	return v.find("/"+v.pattern, matcher(v.pattern), dir, false)
}

func (v *logView) toEnd() tea.Cmd {
	v.follow = true
	if v.win.end() < v.size {
		return v.fetch(fetchOpen)
	}
	v.settleTop()
	return nil
}

// other goes on to the next log of the task.
func (v *logView) other() tea.Cmd {
	names := slices.SortedFunc(maps.Keys(v.files), func(a, b string) int { return strings.Compare(logRank(a), logRank(b)) })
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".log") && n != v.name })
	if len(names) < 2 {
		v.e.tell(roleWarn, "the task has no other log")
		return nil
	}
	at := slices.Index(names, v.name)
	v.e.drop(v.c)
	fresh := newLogView(v.e, v.task, names[(at+1)%len(names)], v.files)
	fresh.screen, fresh.wrap = v.screen, v.wrap
	*v = *fresh
	return v.fetch(fetchOpen)
}

// lastTop is the top with which the last line stands at the bottom.
func (v *logView) lastTop() int {
	room := v.rows()
	at := len(v.win.lines)
	for at > 0 {
		room -= v.height(at - 1)
		if room < 0 {
			break
		}
		at--
	}
	return at
}

// height is how many rows a line takes.
func (v *logView) height(line int) int {
	if !v.wrap {
		return 1
	}
	n := textWidth(logText(v.win.line(line)), v.e.theme.ascii)
	room := max(v.w-v.gutter(), 1)
	return max(1, min((n+room-1)/room, wrapLimit))
}

// wrapLimit is how many rows a wrapped line takes at most.
const wrapLimit = 200

func (v *logView) setTop(n int) { v.top = max(0, min(n, v.lastTop())) }

// settleTop keeps the top within the file, or at its end.
func (v *logView) settleTop() {
	if v.follow {
		v.top = v.lastTop()
		return
	}
	v.setTop(v.top)
}

// more fetches what is next to the screen if it isn't there.
func (v *logView) more() tea.Cmd {
	switch {
	case !v.loaded || v.fetching:
		return nil
	case v.win.start > 0 && v.top < v.rows():
		return v.fetch(fetchBefore)
	case v.win.end() < v.size && v.top+2*v.rows() >= len(v.win.lines):
		return v.fetch(fetchAfter)
	}
	return nil
}

// fetchKind is which part of a file to fetch.
type fetchKind uint8

const (
	fetchOpen   fetchKind = iota // the end
	fetchFirst                   // the beginning
	fetchExact                   // the same again, by its place in the file
	fetchBefore                  // what is before the window
	fetchAfter                   // what is behind it, also what is new
)

// fetched is a part of a file.
type fetched struct {
	kind  fetchKind
	from  int64 // as it was asked for; negative from the end
	data  []byte
	size  int64
	files map[string]fileStat
	over  bool // the task had finished before the file was read
}

func (v *logView) fetch(kind fetchKind) tea.Cmd {
	if v.fetching {
		return nil
	}
	v.fetching = true
	want := fetched{kind: kind, over: !v.running()}
	n := int64(rangeSize)
	switch kind {
	case fetchOpen:
		want.from = -rangeSize
	case fetchExact:
		want.from = v.win.start
	case fetchBefore:
		want.from = max(v.win.start-rangeSize, 0)
		n = v.win.start - want.from
	case fetchAfter:
		want.from = v.win.end()
	}
	v.asked = want
	h, task, name := v.e.hub, v.task, v.name
	return v.e.ask(v.c, func(ctx context.Context) (any, error) {
		err := readRange(ctx, h, task, name, &want, n)
		return want, err
	})
}

// readRange reads n bytes and how long the file is, in one request. The size
// comes first: a file that grows in between has more, never less, than it says.
func readRange(ctx context.Context, h *hub, task int64, name string, f *fetched, n int64) error {
	var text string
	m := h.read.Multicall()
	stat := m.Add(&f.files, "listTaskOutput", task, koji.Named{"stat": true})
	data := m.Add(&text, "downloadTaskOutput", task, name, f.from, n)
	if err := h.run(ctx, m); err != nil {
		return err
	}
	if err := errors.Join(m.Err(stat), m.Err(data)); err != nil {
		return err
	}
	f.size = f.files[name].size()
	var err error
	f.data, err = base64.StdEncoding.DecodeString(text)
	return err
}

func (v *logView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.fetch(fetchOpen)
	case tick:
		if v.loaded && v.polls() && !v.e.lost() && v.win.end() >= v.size {
			return v.fetch(fetchAfter)
		}
	case changes:
		return v.heard(m)
	case link:
		if v.err != nil && m.up {
			return v.again()
		}
	case reply:
		return v.take(m)
	}
	return nil
}

// heard takes in what the hub tells of files that grow, and of the task's end.
func (v *logView) heard(c changes) tea.Cmd {
	for _, l := range c.logs {
		if l.task != v.task || l.name != v.name {
			continue
		}
		atEnd := v.win.end() >= v.size
		if l.size < v.win.end() {
			return v.restart()
		}
		v.size = max(v.size, l.size)
		if v.loaded && atEnd {
			return v.fetch(fetchAfter)
		}
	}
	if v.loaded && !v.final && !v.running() && v.win.end() >= v.size {
		return v.fetch(fetchAfter)
	}
	return nil
}

func (v *logView) again() tea.Cmd {
	if v.loaded {
		return v.fetch(fetchAfter)
	}
	return v.fetch(fetchOpen)
}

func (v *logView) restart() tea.Cmd {
	v.e.drop(v.c)
	v.fetching, v.scan, v.mark = false, nil, -1
	v.win, v.size, v.anew, v.follow = logWindow{}, 0, true, true
	return v.fetch(fetchOpen)
}

// take brings a fetched part in.
func (v *logView) take(m reply) tea.Cmd {
	f, ok := m.what.(fetched)
	if !ok {
		return nil
	}
	v.fetching = false
	v.err = m.err
	if m.err != nil {
		v.scan = nil
		return nil
	}
	v.files = f.files
	v.final = v.final || f.over
	if f.size < v.win.end() && f.kind != fetchOpen && f.kind != fetchFirst {
		return v.restart()
	}
	v.size = max(f.size, 0)
	switch f.kind {
	case fetchOpen:
		v.open(f)
	case fetchFirst:
		v.win.set(0, f.data)
		v.top, v.exact = 0, true
	case fetchExact:
		v.win.set(f.from, f.data)
		v.exact = true
	case fetchBefore:
		v.before(f)
	case fetchAfter:
		if f.from == v.win.end() {
			v.win.grow(f.data)
			v.lose(v.win.trimFront(windowLimit))
		}
	}
	v.size = max(v.size, v.win.end())
	v.settleTop()
	if !v.exact {
		v.exact = true
		if !f.over {
			return v.fetch(fetchExact)
		}
	}
	if v.scan != nil {
		return v.goOn()
	}
	if v.follow && v.win.end() < v.size {
		return v.fetch(fetchAfter)
	}
	return v.more()
}

// open takes the end of the file. Where it stands is what its size says,
// which is sure if all of it came, or if nobody writes any more.
func (v *logView) open(f fetched) {
	first := !v.loaded
	v.loaded = true
	start := int64(0)
	v.exact = true
	if len(f.data) == rangeSize {
		start = max(f.size-rangeSize, 0)
		v.exact = f.over || start == 0
	}
	v.win.set(start, f.data)
	v.follow = true
	if t := v.e.store.get(v.task); first && t != nil && t.kind == kindFailed {
		for i := range v.win.lines {
			if isErrorLine(v.win.line(i)) {
				v.top = v.lastTop()
				v.jump(i)
				break
			}
		}
	}
}

func (v *logView) before(f fetched) {
	if f.from+int64(len(f.data)) != v.win.start {
		return
	}
	added := v.win.prepend(f.from, f.data)
	v.top += added
	if v.mark >= 0 {
		v.mark += added
	}
	if v.scan != nil {
		v.scan.next += added
	}
	v.win.trimBack(windowLimit)
}

// lose forgets n lines at the front.
func (v *logView) lose(n int) {
	v.top = max(v.top-n, 0)
	v.mark = max(v.mark-n, -1)
	if v.scan != nil {
		v.scan.next = max(v.scan.next-n, 0)
	}
}
