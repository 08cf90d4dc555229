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
)

// taskView is all about one task: its parameters, subtasks, result or fault,
// and files.
type taskView struct {
	screen
	page    page
	id      int64
	version uint64 // of the store's task when it was asked for
	asking  bool
	again   bool // it has changed meanwhile
	detail  *detail
	err     error
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

// detailKey is the subtask or the file of a line.
type detailKey struct {
	task int64
	file string
}

func newTaskView(e *env, id int64) *taskView {
	return &taskView{screen: newScreen(e), page: page{e: e}, id: id}
}

// escape leaves the view, which ends what it asks.
func (v *taskView) escape() bool { return false }

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
	return append(v.page.keys(), actOpen, actLog)
}

func (v *taskView) ticks() bool {
	t := v.e.store.get(v.id)
	return t != nil && !t.finished()
}

func (v *taskView) resize(w, h int) {
	v.screen.resize(w, h)
	v.page.resize(h)
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
	default:
		v.page.do(a)
	}
	return nil
}

// task is the task as far as it is known.
func (v *taskView) task() (task, bool) {
	if t := v.e.store.get(v.id); t != nil {
		return t.task, true
	}
	if v.detail == nil {
		return task{}, false
	}
	return taskOf(v.detail.task, names{}), true
}

func (v *taskView) deeds() []deed {
	t, ok := v.task()
	if !ok {
		return nil
	}
	return v.e.taskDeeds([]task{t})
}

func (v *taskView) clips() []clip {
	t, ok := v.task()
	if !ok {
		return nil
	}
	return v.e.taskClips(&t)
}

func (v *taskView) command() string { return v.e.commandLine("taskinfo", "-v", v.id) }

// open opens the selected subtask or file; with l its log.
func (v *taskView) open(log bool) tea.Cmd {
	sel, _ := v.page.sel.(detailKey)
	switch {
	case sel.file != "" && v.detail != nil:
		v.e.next = newLogView(v.e, v.id, sel.file, v.detail.files)
	case sel.task != 0 && log:
		return v.e.chooseLog(sel.task, v.c)
	case sel.task != 0:
		v.e.next = newTaskView(v.e, sel.task)
	case log:
		return v.e.chooseLog(v.id, v.c)
	}
	return nil
}

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
	v.page.draw(c)
}

// layout makes the lines from what is known.
func (v *taskView) layout() {
	v.page.begin()
	if v.detail == nil {
		return
	}
	d := v.detail
	v.layoutState(d.task)
	if d.fault != nil {
		v.page.section("fault")
		for _, line := range paragraphs(d.fault.Error()) {
			v.page.text(roleFail, line)
		}
	}
	if len(d.children) > 0 {
		v.page.section("subtasks")
		for _, t := range d.children {
			v.child(t)
		}
	}
	if len(d.files) > 0 {
		v.page.section("files")
		for _, name := range slices.SortedFunc(maps.Keys(d.files), func(a, b string) int { return strings.Compare(logRank(a), logRank(b)) }) {
			v.file(name, d.files[name].size())
		}
	}
	v.page.section("parameters")
	v.layoutParams(d)
	if d.task.State == koji.TaskClosed && d.result != nil {
		v.page.section("result")
		v.page.value("", d.result)
	}
	v.page.end()
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
	v.page.add(nil, func(p *pen, room int) {
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
	v.page.text(roleDim, when)
	if s.parent != 0 {
		v.page.add(detailKey{task: s.parent}, func(p *pen, room int) {
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
			v.page.value(fmt.Sprint(i+1), p)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(d.params)) {
		v.page.value(name, d.params[name])
	}
}

func (v *taskView) child(t koji.Task) {
	m := kindMarks[kindOf(t.State, t.Waiting != nil && *t.Waiting, t.Method)]
	label := koji.TaskLabel(t)
	v.page.add(detailKey{task: t.ID}, func(p *pen, room int) {
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
	v.page.add(detailKey{file: name}, func(p *pen, room int) {
		p.fit(roleLink, name, room-10).right(roleText, bytesText(size), 10)
	})
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
