package tui

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// hostView is all about one host: what it does and did, how it was configured
// when and by whom, and what it tells of itself.
type hostView struct {
	screen
	fresh refresher
	page  page
	tabs  tabs
	id    int64
	name  string
	host  *hostDetail
}

// hostDetail is what the hub tells of a host.
type hostDetail struct {
	host     *farmHost
	recent   []task // finished, the newest first
	history  []hostChange
	data     any // what the builder has said of itself
	channels []string
}

// hostChange is a change of a host's configuration or channels.
type hostChange struct {
	ts   float64
	who  string
	text string
}

// newHostView shows a host by its id, or by its name if the id is 0.
func newHostView(e *env, id int64, name string) *hostView {
	v := &hostView{screen: newScreen(e), page: page{e: e}, id: id, name: name, tabs: tabs{names: []string{"Tasks", "History", "Info"}}}
	h := e.hub
	v.fresh = refresher{e: e, v: v, load: func(ctx context.Context) (any, error) { return loadHost(ctx, h, id, name) }}
	return v
}

// hostTasks is how many finished tasks of a host are listed.
const hostTasks = 100

// hostConfigRow is a row of the history of a host's configuration.
type hostConfigRow struct {
	hostConfig
	Arches   *string `xmlrpc:"arches"`
	Capacity float64 `xmlrpc:"capacity"`
	Enabled  bool    `xmlrpc:"enabled"`
	Comment  *string `xmlrpc:"comment"`
	Revoked  *int64  `xmlrpc:"revoke_event"`
}

// hostChannelRow is a row of the history of a host's channels.
type hostChannelRow struct {
	hostConfig
	Channel   string   `xmlrpc:"channels.name"`
	RevokedTS *float64 `xmlrpc:"revoke_ts"`
	Revoker   string   `xmlrpc:"revoker_name"`
}

func loadHost(ctx context.Context, h *hub, id int64, name string) (*hostDetail, error) {
	var host *koji.Host
	if id == 0 {
		switch err := h.call(ctx, "getHost", &host, name); {
		case err != nil:
			return nil, err
		case host == nil:
			return nil, fmt.Errorf("no such host: %s", name)
		}
		id = host.ID
	}
	var channels []koji.Channel
	var open, recent []koji.Task
	var data []struct {
		Data any `xmlrpc:"data"`
	}
	m := h.read.Multicall()
	m.Add(&host, "getHost", id)
	m.Add(&channels, "listChannels", id)
	m.Add(&open, "listTasks", map[string]any{"host_id": id, "state": openTasks, "decode": true}, map[string]any{"order": "id"})
	m.Add(&recent, "listTasks",
		map[string]any{"host_id": id, "state": []any{int(koji.TaskClosed), int(koji.TaskCanceled), int(koji.TaskFailed)}, "decode": true},
		map[string]any{"order": "-id", "limit": hostTasks})
	told := m.Add(&data, "scheduler.getHostData", id)
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	for i := range told {
		if err := m.Err(i); err != nil {
			return nil, err
		}
	}
	if host == nil {
		return nil, fmt.Errorf("no such host: %d", id)
	}
	var history struct {
		Config   []hostConfigRow  `xmlrpc:"host_config"`
		Channels []hostChannelRow `xmlrpc:"host_channels"`
	}
	if err := h.call(ctx, "queryHistory", &history, []string{"host_config", "host_channels"}, koji.Named{"host": host.Name}); err != nil {
		return nil, err
	}
	f := newFarm([]koji.Host{*host}, nil, nil, open, nil)
	d := &hostDetail{host: f.hosts[0], history: hostChanges(history.Config, history.Channels)}
	known := names{}
	for _, t := range recent {
		d.recent = append(d.recent, taskOf(t, known))
	}
	for _, c := range channels {
		d.channels = append(d.channels, safetext.Clean(c.Name))
	}
	slices.Sort(d.channels)
	if len(data) > 0 {
		d.data = data[0].Data
	}
	return d, nil
}

// hostChanges are the steps by which a host became as it is, the newest first.
func hostChanges(config []hostConfigRow, channels []hostChannelRow) []hostChange {
	slices.SortFunc(config, func(a, b hostConfigRow) int { return cmp.Compare(a.Created, b.Created) })
	var list []hostChange
	for i, c := range config {
		var steps []string
		if i == 0 {
			steps = append(steps, "made")
		}
		var was hostConfigRow
		if i > 0 {
			was = config[i-1]
		}
		if c.Enabled != was.Enabled || i == 0 {
			steps = append(steps, map[bool]string{true: "enabled", false: "disabled"}[c.Enabled])
		}
		if c.Capacity != was.Capacity {
			steps = append(steps, fmt.Sprintf("capacity %.1f", c.Capacity))
		}
		if cleanOf(c.Arches) != cleanOf(was.Arches) {
			steps = append(steps, "arches "+cleanOf(c.Arches))
		}
		if cleanOf(c.Comment) != cleanOf(was.Comment) {
			steps = append(steps, fmt.Sprintf("comment %q", cleanOf(c.Comment)))
		}
		if len(steps) == 0 {
			steps = []string{"changed"}
		}
		list = append(list, hostChange{c.Created, safetext.Clean(c.Creator), strings.Join(steps, ", ")})
	}
	for _, c := range channels {
		name := safetext.Clean(c.Channel)
		list = append(list, hostChange{c.Created, safetext.Clean(c.Creator), "into channel " + name})
		if c.RevokedTS != nil {
			list = append(list, hostChange{*c.RevokedTS, safetext.Clean(c.Revoker), "out of channel " + name})
		}
	}
	slices.SortStableFunc(list, func(a, b hostChange) int { return cmp.Compare(b.ts, a.ts) })
	return list
}

func (v *hostView) title() []string { return []string{v.name} }
func (v *hostView) ticks() bool     { return true }

func (v *hostView) keys() []action {
	return append(v.page.keys(), actNextTab, actPrevTab, actOpen, actLog)
}

func (v *hostView) resize(w, h int) {
	v.screen.resize(w, h)
	v.page.resize(max(h-hostHead, 0))
}

// hostHead is how many lines stand above the tab.
const hostHead = 4

func (v *hostView) do(a action) tea.Cmd {
	id, _ := v.page.sel.(int64)
	switch {
	case v.tabs.do(a):
		v.page.sel, v.page.top = nil, 0
		v.layout()
	case a == actOpen && id != 0:
		v.e.next = newTaskView(v.e, id)
	case a == actLog && id != 0:
		return v.e.chooseLog(id, v.c)
	case a == actRefresh:
		return v.fresh.now()
	default:
		v.page.do(a)
	}
	return nil
}

func (v *hostView) escape() bool { return false }

func (v *hostView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.fresh.now()
	case changes:
		if slices.ContainsFunc(m.hosts, func(n koji.HostNotice) bool { return n.ID == v.id }) || len(m.tasks) > 0 {
			return v.fresh.changed()
		}
	case done:
		return v.fresh.changed()
	case tick:
		v.layout()
		return v.fresh.tick()
	case reply:
		switch what := m.what.(type) {
		case logChoice:
			v.e.openLog(what, m.err)
		case *hostDetail:
			v.fresh.answered(m.err)
			if m.err == nil {
				v.host, v.id, v.name = what, what.host.id, what.host.name
				v.layout()
			}
		}
	}
	return nil
}

func (v *hostView) deeds() []deed {
	if v.host == nil {
		return nil
	}
	return v.e.hostDeeds(hostRefs([]hostRow{{farmHost: v.host.host}}))
}

func (v *hostView) clips() []clip { return v.e.hostClips(v.name, v.id) }

func (v *hostView) command() string { return v.e.commandLine("hostinfo", v.name) }

func (v *hostView) draw(c *Canvas) {
	if v.host == nil {
		text, ro := "asking the hub…", roleDim
		if err := v.fresh.err; err != nil {
			text, ro = errorText(err), roleFail
		}
		c.at(0, 1).upTo(ro, text, c.w-1)
		return
	}
	h := v.host.host
	state := h.state(v.e.clock())
	m := hostMarks[state]
	p := c.at(0, 1).put(m.role, v.e.sign(m)+" "+hostWords[state])
	seen := "never seen"
	if h.seen > 0 {
		seen = "seen " + ago(v.e.clock()-h.seen)
	}
	p.put(roleText, " · "+seen).upTo(roleText, " · "+h.arches, c.w-1)
	p = c.at(1, 1).put(roleText, fmt.Sprintf("load %.1f of %.1f ", h.load, h.capacity)).bar(roleRun, h.part(), 20)
	p.upTo(roleText, "  channels "+strings.Join(v.host.channels, " "), c.w-1)
	if h.comment != "" {
		c.at(2, 1).upTo(roleWarn, h.comment, c.w-1)
	}
	v.tabs.draw(c.at(3, 1), c.w-2)
	v.page.draw(c.rect(0, hostHead, c.w, c.h))
}

// layout makes the lines of the tab that is shown.
func (v *hostView) layout() {
	if v.host == nil {
		return
	}
	v.page.begin()
	switch v.tabs.at {
	case 0:
		v.layoutTasks("now", v.host.host.tasks)
		v.layoutTasks("before", v.host.recent)
	case 1:
		for _, c := range v.host.history {
			when := dayTime(c.ts, v.e.clock(), v.e.loc, 16)
			v.page.add(nil, func(p *pen, room int) {
				p.fit(roleDim, when, 17).fit(roleText, owner(c.who), 12).skip(1).upTo(roleText, c.text, room+1)
			})
		}
	default:
		v.page.value("description", v.host.host.description)
		v.page.value("comment", v.host.host.comment)
		data, ok := v.host.data.(map[string]any)
		if !ok && v.host.data != nil {
			v.page.value("data", v.host.data)
		}
		for _, k := range slices.Sorted(maps.Keys(data)) {
			v.page.value(safetext.Clean(k), data[k])
		}
	}
	v.page.end()
}

func (v *hostView) layoutTasks(name string, tasks []task) {
	v.page.section(fmt.Sprintf("%s (%d)", name, len(tasks)))
	for _, t := range tasks {
		v.page.add(t.id, func(p *pen, room int) { p.taskLine(v.e, &t, room) })
	}
}

// taskLine writes a task into a line of a page: mark, number, label, how long
// it took and when it ended.
func (p *pen) taskLine(e *env, t *task, room int) {
	end := p.x + room
	m := kindMarks[t.kind]
	p.put(m.role, e.sign(m)).put(roleDim, fmt.Sprintf(" %d ", t.id))
	took, when := "", ""
	if t.started > 0 {
		stop := e.clock()
		if t.finished() {
			stop, when = t.completed, dayTime(t.completed, e.clock(), e.loc, 9)
		}
		took = span(stop - t.started)
	}
	n := end - p.x - 8 - 10
	p.fit(roleText, shortenLabel(t.label, n, p.c.ascii), n).right(roleText, took, 8).skip(1).fit(roleDim, when, 9)
}
