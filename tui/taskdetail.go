package tui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// taskView is all about one task: its parameters, subtasks, result or fault,
// and files.
type taskView struct {
	e       *env
	c       *calls
	id      int64
	version uint64 // of the store's task when it was asked for
	asking  bool
	again   bool // it has changed meanwhile
	detail  *detail
	err     error
	lines   []detailLine
	sel     detailKey
	top     int
	w, h    int
}

// detail is what the hub tells of a task.
type detail struct {
	task     koji.Task
	children []koji.Task
	params   map[string]any // nil if they have no names
	result   any
	fault    error
	files    map[string]fileStat
}

// detailLine is a line of the view; those with a key can be selected.
type detailLine struct {
	key  detailKey
	draw func(p *pen, room int)
}

// detailKey is the subtask or the file of a line.
type detailKey struct {
	task int64
	file string
}

func newTaskView(e *env, id int64) *taskView {
	return &taskView{e: e, c: newCalls(e.ctx), id: id}
}

func (v *taskView) calls() *calls  { return v.c }
func (v *taskView) status() string { return "" }
func (v *taskView) escape() bool   { return false }

func (v *taskView) input(tea.KeyMsg) (tea.Cmd, bool) { return nil, false }

func (v *taskView) title() []string {
	label := fmt.Sprint(v.id)
	if t := v.e.store.get(v.id); t != nil {
		label += " " + t.label
	} else if v.detail != nil {
		label += " " + koji.TaskLabel(v.detail.task)
	}
	return []string{label}
}

func (v *taskView) keys() []action {
	return []action{actDown, actUp, actOpen, actLog, actAct, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp}
}

func (v *taskView) ticks() bool {
	t := v.e.store.get(v.id)
	return t != nil && !t.finished()
}

func (v *taskView) resize(w, h int) {
	v.w, v.h = w, h
	v.scroll(0)
}

func (v *taskView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.load()
	case changes:
		if v.changed() {
			return v.load()
		}
		v.layout()
	case tick, link:
		v.layout()
	case reply:
		switch what := m.what.(type) {
		case *detail:
			v.asking = false
			v.err = m.err
			if m.err == nil {
				v.detail = what
			}
			v.layout()
			if v.again {
				return v.load()
			}
		case done:
			v.e.tellDone(what, m.err)
		case logChoice:
			v.e.openLog(what, m.err)
		}
	}
	return nil
}

// changed reports whether the task, or one below it, isn't as it was asked for.
func (v *taskView) changed() bool {
	t := v.e.store.get(v.id)
	if t == nil {
		return false
	}
	newest := t.version
	for _, id := range t.children {
		newest = max(newest, v.e.store.get(id).version)
	}
	return newest > v.version
}

// load asks for everything in one request.
func (v *taskView) load() tea.Cmd {
	if v.asking {
		v.again = true
		return nil
	}
	v.asking, v.again = true, false
	v.version = v.e.store.version
	e, id := v.e, v.id
	return e.ask(v.c, func(ctx context.Context) (any, error) { return loadDetail(ctx, e.hub, id) })
}

func loadDetail(ctx context.Context, h *hub, id int64) (*detail, error) {
	var t *koji.Task
	d := &detail{}
	m := h.read.Multicall()
	m.Add(&t, "getTaskInfo", id, koji.Named{"request": true})
	m.Add(&d.children, "getTaskChildren", id, koji.Named{"request": true})
	m.Add(&d.files, "listTaskOutput", id, koji.Named{"stat": true})
	result := m.Add(&d.result, "getTaskResult", id)
	if err := h.run(ctx, m); err != nil {
		return d, err
	}
	if err := m.Err(0); err != nil {
		return d, err
	}
	if t == nil {
		return d, fmt.Errorf("no such task: %d", id)
	}
	d.task = *t
	if t.State == koji.TaskFailed {
		d.fault = m.Err(result)
	}
	if request, ok := t.Request.([]any); ok {
		if params, err := koji.ParseTaskParams(t.Method, request); err == nil {
			d.params = params
		}
	}
	return d, nil
}

func (v *taskView) do(a action) tea.Cmd {
	switch a {
	case actOpen:
		return v.open(false)
	case actLog:
		return v.open(true)
	case actAct:
		v.e.openMenu(v.id, v.c)
	default:
		v.move(scrollBy(a, v.h, len(v.lines)))
	}
	return nil
}

// open opens the selected subtask or file; with l its log.
func (v *taskView) open(log bool) tea.Cmd {
	switch {
	case v.sel.file != "" && v.detail != nil:
		v.e.next = newLogView(v.e, v.id, v.sel.file, v.detail.files)
	case v.sel.task != 0 && log:
		return v.e.chooseLog(v.sel.task, v.c)
	case v.sel.task != 0:
		v.e.next = newTaskView(v.e, v.sel.task)
	case log:
		return v.e.chooseLog(v.id, v.c)
	}
	return nil
}

// move goes to the next line that can be selected, and scrolls where there is none.
func (v *taskView) move(n int) {
	at := v.indexOf(v.sel)
	step := 1
	if n < 0 {
		step = -1
	}
	for left := n; left != 0; left -= step {
		next := at + step
		for next >= 0 && next < len(v.lines) && v.lines[next].key == (detailKey{}) {
			next += step
		}
		if next < 0 || next >= len(v.lines) {
			v.scroll(left)
			return
		}
		at = next
		v.sel = v.lines[at].key
	}
	if at >= 0 {
		v.scroll(max(0, at+1-v.top-v.h))
		v.scroll(min(0, at-v.top))
	}
}

func (v *taskView) indexOf(k detailKey) int {
	if k == (detailKey{}) {
		return -1
	}
	return slices.IndexFunc(v.lines, func(l detailLine) bool { return l.key == k })
}

func (v *taskView) scroll(n int) { v.top = max(0, min(v.top+n, len(v.lines)-v.h)) }

func (v *taskView) draw(c *Canvas) {
	switch {
	case v.err != nil:
		c.at(0, 1).fit(roleFail, errorText(v.err), c.w-2)
	case v.detail == nil:
		c.at(0, 1).put(roleDim, "asking the hub…")
	}
	if v.err != nil && v.detail == nil {
		return
	}
	for y := 0; y < c.h && v.top+y < len(v.lines); y++ {
		l := &v.lines[v.top+y]
		p := c.at(y, 1)
		if l.key != (detailKey{}) && l.key == v.sel {
			c.at(y, 0).put(roleText, v.e.sign(markSelect))
		}
		l.draw(p, c.w-2)
		if l.key != (detailKey{}) && l.key == v.sel {
			c.selectLine(y)
		}
	}
}

// layout makes the lines from what is known.
func (v *taskView) layout() {
	v.lines = v.lines[:0]
	if v.detail == nil {
		return
	}
	d := v.detail
	v.layoutState(d.task)
	if d.fault != nil {
		v.section("fault")
		for _, line := range paragraphs(d.fault.Error()) {
			v.text(roleFail, line)
		}
	}
	if len(d.children) > 0 {
		v.section("subtasks")
		for _, t := range d.children {
			v.child(t)
		}
	}
	if len(d.files) > 0 {
		v.section("files")
		for _, name := range slices.SortedFunc(maps.Keys(d.files), func(a, b string) int { return strings.Compare(logRank(a), logRank(b)) }) {
			v.file(name, d.files[name].size())
		}
	}
	v.section("parameters")
	v.layoutParams(d)
	if d.task.State == koji.TaskClosed && d.result != nil {
		v.section("result")
		v.value("", d.result)
	}
	if v.indexOf(v.sel) < 0 {
		v.sel = detailKey{}
	}
	v.scroll(0)
}

func (v *taskView) layoutState(t koji.Task) {
	s := taskOf(t, names{})
	if known := v.e.store.get(t.ID); known != nil {
		s.host, s.ownerName = known.host, known.ownerName
	}
	m := kindMarks[s.kind]
	state := t.State.String()
	if s.kind == kindParent {
		state += ", waits for subtasks"
	}
	parts := []string{orID(s.ownerName, s.owner)}
	if s.host != "" {
		parts = append(parts, s.host)
	}
	parts = append(parts, s.arch, fmt.Sprintf("prio %d", t.Priority), fmt.Sprintf("weight %.1f", t.Weight))
	v.add(detailKey{}, func(p *pen, room int) {
		p.put(m.role, v.e.sign(m)+" "+state).upTo(roleText, " · "+strings.Join(parts, " · "), room+1)
	})
	when := "made " + clockTime(s.created, v.e.loc)
	if s.started > 0 {
		when += " · started " + clockTime(s.started, v.e.loc)
		end := v.e.clock()
		if s.completed > 0 {
			when += " · finished " + clockTime(s.completed, v.e.loc)
			end = s.completed
		}
		when += " · " + span(end-s.started)
	}
	v.text(roleDim, when)
	if s.parent != 0 {
		v.add(detailKey{task: s.parent}, func(p *pen, room int) {
			text := fmt.Sprintf("subtask of %d", s.parent)
			if up := v.e.store.get(s.parent); up != nil {
				text += " " + up.label
			}
			p.fit(roleText, text, room)
		})
	}
}

func (v *taskView) layoutParams(d *detail) {
	if d.params == nil {
		request, _ := d.task.Request.([]any)
		for i, p := range request {
			v.value(fmt.Sprint(i+1), p)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(d.params)) {
		v.value(name, d.params[name])
	}
}

func (v *taskView) add(k detailKey, draw func(p *pen, room int)) {
	v.lines = append(v.lines, detailLine{k, draw})
}

func (v *taskView) text(ro role, text string) {
	v.add(detailKey{}, func(p *pen, room int) { p.fit(ro, text, room) })
}

func (v *taskView) section(name string) {
	v.add(detailKey{}, func(p *pen, room int) {
		p.put(roleFrame, "── ").put(roleBold, name+" ")
		for p.x <= room {
			p.put(roleFrame, "─")
		}
	})
}

func (v *taskView) child(t koji.Task) {
	m := kindMarks[kindOf(t.State, t.Waiting != nil && *t.Waiting, t.Method)]
	label := koji.TaskLabel(t)
	v.add(detailKey{task: t.ID}, func(p *pen, room int) {
		p.put(m.role, v.e.sign(m)).put(roleDim, fmt.Sprintf(" %d ", t.ID))
		took := ""
		if t.StartTS != nil {
			end := v.e.clock()
			if t.CompletionTS != nil {
				end = *t.CompletionTS
			}
			took = span(end - *t.StartTS)
		}
		n := room + 1 - p.x - 8
		p.fit(roleText, shortenLabel(label, n, p.c.ascii), n).right(roleText, took, 8)
	})
}

func (v *taskView) file(name string, size int64) {
	v.add(detailKey{file: name}, func(p *pen, room int) {
		p.fit(roleLink, name, room-10).right(roleText, bytesText(size), 10)
	})
}

// valueLines is how much of one value is shown.
const valueLines = 200

// value shows a parameter or a result, structs and lists by their parts.
func (v *taskView) value(name string, value any) {
	for i, line := range valueText(value) {
		head := ""
		if i == 0 {
			head = name
		}
		if i == valueLines {
			v.text(roleDim, "…")
			return
		}
		v.add(detailKey{}, func(p *pen, room int) {
			if name != "" {
				p.fit(roleDim, head, 14).skip(1)
			}
			p.upTo(roleText, line, room+1)
		})
	}
}

func valueText(value any) []string {
	switch x := value.(type) {
	case nil:
		return []string{"-"}
	case string:
		return paragraphs(x)
	case []any:
		if len(x) == 0 {
			return []string{"none"}
		}
		var lines []string
		for _, item := range x {
			lines = append(lines, valueText(item)...)
		}
		return lines
	case map[string]any:
		if len(x) == 0 {
			return []string{"none"}
		}
		var lines []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			for i, line := range valueText(x[k]) {
				if i == 0 {
					lines = append(lines, k+" = "+line)
				} else {
					lines = append(lines, "    "+line)
				}
			}
		}
		return lines
	}
	return []string{fmt.Sprint(value)}
}

// paragraphs are the lines of a text, clean.
func paragraphs(s string) []string {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, safetext.Clean(strings.TrimRight(line, "\r\n")))
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	return lines
}

// logChoice is the log that fits a task best.
type logChoice struct {
	task  int64
	name  string
	files map[string]fileStat
}

var errNoLog = errors.New("there is no log yet")

// chooseLog finds the log to open for a task. A parent has hardly one of its
// own: what failed below it, or what runs, is what one wants to read.
func (e *env) chooseLog(id int64, c *calls) tea.Cmd {
	ids := e.logTasks(id)
	h := e.hub
	return e.ask(c, func(ctx context.Context) (any, error) {
		files := make([]map[string]fileStat, len(ids))
		m := h.read.Multicall()
		for i, id := range ids {
			m.Add(&files[i], "listTaskOutput", id, koji.Named{"stat": true})
		}
		if err := h.run(ctx, m); err != nil {
			return logChoice{task: id}, err
		}
		for i, id := range ids {
			if name := firstLog(files[i]); name != "" {
				return logChoice{task: id, name: name, files: files[i]}, nil
			}
		}
		return logChoice{task: id}, errNoLog
	})
}

// logTasks are the tasks whose logs are tried, the best first.
func (e *env) logTasks(id int64) []int64 {
	t := e.store.get(id)
	if t == nil || len(t.children) == 0 {
		return []int64{id}
	}
	var failed, running, rest []int64
	for i := len(t.children) - 1; i >= 0; i-- {
		switch child := e.store.get(t.children[i]); child.kind {
		case kindFailed:
			failed = append(failed, child.id)
		case kindRun:
			running = append(running, child.id)
		default:
			rest = append(rest, child.id)
		}
	}
	return slices.Concat(failed, running, []int64{id}, rest)
}

// firstLog is the log one looks for first, "" if there is none with text.
func firstLog(files map[string]fileStat) string {
	best := ""
	for name, st := range files {
		if strings.HasSuffix(name, ".log") && st.size() > 0 && (best == "" || logRank(name) < logRank(best)) {
			best = name
		}
	}
	return best
}

func (e *env) openLog(l logChoice, err error) {
	if err != nil {
		e.tell(roleWarn, fmt.Sprintf("log of %d: %s", l.task, errorText(err)))
		return
	}
	e.next = newLogView(e, l.task, l.name, l.files)
}
