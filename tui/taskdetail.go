package tui

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// taskView is all about one task: the timeline of it and all below it, why it
// waits or failed, its parameters, result and files, the build and the
// buildroots.
type taskView struct {
	screen
	page    page
	tabs    tabs
	id      int64
	version uint64 // of the store's task when it was asked for
	asking  bool
	again   bool // it has changed meanwhile
	detail  *detail
	err     error
}

// detail is what the hub tells of a task.
type detail struct {
	task       koji.Task
	below      []subtask
	channel    string
	params     map[string]any // nil if they have no names
	result     any
	fault      error
	files      []taskFile
	builds     []koji.Build
	buildroots []buildroot
}

// subtask is a task below another one.
type subtask struct {
	koji.Task
	row   task
	depth int
	last  bool // of its parent's
}

// taskFile is a file of the output of a task, or of one below it.
type taskFile struct {
	task int64
	name string
	size int64
	all  map[string]fileStat
}

// buildroot is one that a task was done in.
type buildroot struct {
	ID    int64   `xmlrpc:"id"`
	Host  string  `xmlrpc:"host_name"`
	Arch  string  `xmlrpc:"arch"`
	State int     `xmlrpc:"state"`
	Tag   string  `xmlrpc:"tag_name"`
	Repo  int64   `xmlrpc:"repo_id"`
	Task  int64   `xmlrpc:"task_id"`
	Made  float64 `xmlrpc:"create_ts"`
}

// detailKey is the subtask, the file or the build of a line.
type detailKey struct {
	task  int64
	file  string
	build int64
}

func newTaskView(e *env, id int64) *taskView {
	v := &taskView{screen: newScreen(e), page: page{e: e}, id: id, detail: e.details[id]}
	v.tabs.names = v.tabNames()
	return v
}

// The tabs of a task.
const (
	tabTimeline = iota
	tabParams
	tabResult
	tabFiles
	tabBuild
	tabBuildroots
)

func (v *taskView) tabNames() []string {
	names := []string{"Timeline", "Params", "Result", "Files", "Build", "Buildroots"}
	if d := v.detail; d != nil {
		for tab, n := range map[int]int{tabFiles: len(d.files), tabBuildroots: len(d.buildroots)} {
			if n > 0 {
				names[tab] += fmt.Sprintf(" %d", n)
			}
		}
	}
	return names
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
	return append(v.page.keys(), actOpen, actLog, actLogRight, actNextTab, actPrevTab)
}

func (v *taskView) ticks() bool {
	t, ok := v.task()
	return ok && !t.finished()
}

// detailHead is how many lines stand above the tab.
const detailHead = 3

func (v *taskView) resize(w, h int) {
	v.screen.resize(w, h)
	v.page.resize(max(h-detailHead, 0))
	v.layout()
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
	case tick:
		v.layout()
		return v.wonder()
	case link:
		v.layout()
	case reply:
		switch what := m.what.(type) {
		case *detail:
			return v.take(what, m.err)
		case logChoice:
			v.e.openLog(what, m.err)
		case waitsTold:
			v.e.takeWaits(what)
			v.layout()
		case timesTold:
			v.e.takeTimes(what)
			v.layout()
		}
	}
	return nil
}

func (v *taskView) take(d *detail, err error) tea.Cmd {
	v.asking, v.err = false, err
	if err == nil {
		v.detail = d
		v.e.keepDetail(d)
		v.tabs.names = v.tabNames()
	}
	v.layout()
	if v.again {
		return v.load()
	}
	return v.wonder()
}

// detailsKept is how many details are kept, to be there at once when they are
// opened again, and while the hub is lost.
const detailsKept = 50

func (e *env) keepDetail(d *detail) {
	if len(e.details) >= detailsKept {
		clear(e.details)
	}
	e.details[d.task.ID] = d
}

// wonder asks why tasks wait and how long such tasks took before.
func (v *taskView) wonder() tea.Cmd {
	if v.detail == nil || !v.e.shown(v) || !v.e.link.up {
		return nil
	}
	list := []task{v.known(v.detail.task)}
	for i := range v.detail.below {
		list = append(list, v.known(v.detail.below[i].Task))
	}
	run := slices.DeleteFunc(slices.Clone(list), func(t task) bool { return t.finished() })
	return tea.Batch(v.e.askWaits(v.c, run), v.e.askTimes(v.c, run))
}

// known is a task as the store has it, or else as the hub told it here.
func (v *taskView) known(t koji.Task) task {
	if known := v.e.store.get(t.ID); known != nil {
		return known.task
	}
	return taskOf(t, names{})
}

// changed reports whether the task, or one below it, isn't as it was asked for.
func (v *taskView) changed() bool {
	t := v.e.store.get(v.id)
	if t == nil {
		return false
	}
	newest := t.version
	if v.detail != nil {
		for i := range v.detail.below {
			if c := v.e.store.get(v.detail.below[i].ID); c != nil {
				newest = max(newest, c.version)
			}
		}
	}
	for _, id := range t.children {
		newest = max(newest, v.e.store.get(id).version)
	}
	return newest > v.version
}

// load asks for everything.
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

// loadDetail asks for a task and all below it in one request, and in a second
// one for what is known of those.
func loadDetail(ctx context.Context, h *hub, id int64) (*detail, error) {
	var t *koji.Task
	d := &detail{}
	below := map[string][]koji.Task{}
	m := h.read.Multicall()
	m.Add(&t, "getTaskInfo", id, koji.Named{"request": true})
	m.Add(&below, "getTaskDescendents", id, koji.Named{"request": true})
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
	d.descend(below, id, 1)
	return d, d.loadRest(ctx, h)
}

// deepest is how far tasks below a task are followed.
const deepest = 20

// descend takes in the tasks below one, in the order of the tree.
func (d *detail) descend(below map[string][]koji.Task, id int64, depth int) {
	children := below[strconv.FormatInt(id, 10)]
	slices.SortFunc(children, func(a, b koji.Task) int { return ascending(a.ID, b.ID) })
	for i, c := range children {
		if depth > deepest {
			return
		}
		d.below = append(d.below, subtask{Task: c, row: taskOf(c, names{}), depth: depth, last: i == len(children)-1})
		d.descend(below, c.ID, depth+1)
	}
}

// filesMost is of how many tasks below one the files are listed.
const filesMost = 100

func (d *detail) loadRest(ctx context.Context, h *hub) error {
	ids := []int64{d.task.ID}
	for i := range d.below {
		if len(ids) < filesMost {
			ids = append(ids, d.below[i].ID)
		}
	}
	files := make([]map[string]fileStat, len(ids))
	roots := make([][]buildroot, len(ids))
	builds := make([][]koji.Build, 2)
	var channel *koji.Channel
	m := h.read.Multicall()
	for i, id := range ids {
		m.Add(&files[i], "listTaskOutput", id, koji.Named{"stat": true})
		m.Add(&roots[i], "listBuildroots", koji.Named{"taskID": id})
	}
	m.Add(&builds[0], "listBuilds", koji.Named{"taskID": d.task.ID})
	if d.task.Parent != nil {
		m.Add(&builds[1], "listBuilds", koji.Named{"taskID": *d.task.Parent})
	}
	m.Add(&channel, "getChannel", d.task.ChannelID)
	if err := h.run(ctx, m); err != nil {
		return err
	}
	if err := m.Err(0); err != nil {
		return err
	}
	for i, id := range ids {
		for _, name := range fileNames(files[i]) {
			d.files = append(d.files, taskFile{id, name, files[i][name].size(), files[i]})
		}
		for _, r := range roots[i] {
			r.Host, r.Arch, r.Tag, r.Task = safetext.Clean(r.Host), safetext.Clean(r.Arch), safetext.Clean(r.Tag), id
			d.buildroots = append(d.buildroots, r)
		}
	}
	d.builds = slices.Concat(builds...)
	if channel != nil {
		d.channel = safetext.Clean(channel.Name)
	}
	return nil
}

func (v *taskView) do(a action) tea.Cmd {
	switch {
	case v.tabs.do(a):
		v.page.sel, v.page.top = nil, 0
		v.layout()
	case a == actOpen:
		return v.open()
	case a == actLog, a == actLogRight:
		return v.openLog(a == actLogRight)
	case a == actRefresh:
		return v.load()
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

// open opens the selected subtask, file or build.
func (v *taskView) open() tea.Cmd {
	sel, _ := v.page.sel.(detailKey)
	switch {
	case sel.file != "":
		v.openFile(sel)
	case sel.build != 0:
		for _, b := range v.detail.builds {
			if b.ID == sel.build {
				v.e.next = newBuildView(v.e, b.ID, safetext.Clean(b.NVR))
			}
		}
	case sel.task != 0 && sel.task != v.id:
		v.e.next = newTaskView(v.e, sel.task)
	}
	return nil
}

func (v *taskView) openFile(sel detailKey) {
	for _, f := range v.detail.files {
		if f.task == sel.task && f.name == sel.file {
			v.e.next = newLogView(v.e, f.task, f.name, f.all)
		}
	}
}

// openLog opens the log of the selected subtask, else of the task.
func (v *taskView) openLog(right bool) tea.Cmd {
	sel, _ := v.page.sel.(detailKey)
	switch {
	case sel.file != "":
		v.openFile(sel)
		return nil
	case sel.task != 0:
		return v.e.chooseLogs(sel.task, v.c, right)
	}
	return v.e.chooseLogs(v.id, v.c, right)
}

func (v *taskView) draw(c *Canvas) {
	switch {
	case v.err != nil:
		c.at(0, 1).fit(roleFail, errorText(v.err), c.w-2)
	case v.detail == nil:
		c.at(0, 1).put(roleDim, "asking the hub…")
	}
	if v.detail == nil {
		return
	}
	if v.err == nil {
		v.drawState(c)
	}
	v.tabs.draw(c.at(2, 1), c.w-2)
	v.page.draw(c.rect(0, detailHead, c.w, c.h))
}
