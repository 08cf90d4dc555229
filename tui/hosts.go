package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// hostsView is the hosts: their load and capacity, tasks, last sign and
// channels. Grouped, it is the channels with their queues and their hosts.
type hostsView struct {
	screen
	fresh    refresher
	table    *table[hostKey, hostRow]
	farm     *farm
	channels bool // grouped by channel
	below    bool // lines below the hosts
}

// hostKey names a row: a host, or in a channel.
type hostKey struct {
	host    int64
	channel string
}

// hostRow is a host, below a channel or not; a channel without hosts has a row
// without a host.
type hostRow struct {
	*farmHost
	channel string
}

func newHostsView(e *env, channels bool) *hostsView {
	v := &hostsView{screen: newScreen(e), channels: channels, below: true}
	h := e.hub
	v.fresh = refresher{e: e, v: v, load: func(ctx context.Context) (any, error) { return loadFarm(ctx, h) }}
	v.table = newTable(e, func(r hostRow) hostKey { return hostKey{r.id, r.channel} }, v.columns()...)
	v.table.text = func(r hostRow) string {
		return strings.Join([]string{r.name, r.arches, strings.Join(r.farmHost.channels, " "), r.comment, r.channel}, " ")
	}
	v.table.fields = map[string]func(hostRow) string{
		"host": func(r hostRow) string { return r.name },
		"arch": func(r hostRow) string { return r.arches },
		"st":   func(r hostRow) string { return hostWords[v.stateOf(r)] },
		"ch":   func(r hostRow) string { return cmp.Or(r.channel, strings.Join(r.farmHost.channels, " ")) },
	}
	v.table.notes, v.table.empty = v.notes, "no hosts"
	if channels {
		v.table.group = func(r hostRow) string { return r.channel }
		v.table.about, v.table.empty = v.aboutChannel, "no channels"
		v.table.holds = func(r hostRow) bool { return r.id == 0 }
	}
	return v
}

func (v *hostsView) stateOf(r hostRow) hostState { return r.farmHost.state(v.e.clock()) }

func (v *hostsView) columns() []column[hostRow] {
	by := func(of func(hostRow) float64) func(a, b hostRow) int {
		return func(a, b hostRow) int { return cmp.Or(cmp.Compare(of(b), of(a)), strings.Compare(a.name, b.name)) }
	}
	list := []column[hostRow]{
		{title: "", widths: widths{1, 1, 1, 1}, cell: func(r hostRow) (string, role) {
			m := hostMarks[v.stateOf(r)]
			return v.e.sign(m), m.role
		}},
		{title: "HOST", widths: widths{12, 12, 20, 24}, short: shortHost,
			cell:  func(r hostRow) (string, role) { return r.name, roleLink },
			order: func(a, b hostRow) int { return strings.Compare(a.name, b.name) }},
		{title: "ARCHES", widths: widths{0, 15, 22, 30},
			cell: func(r hostRow) (string, role) { return r.arches, roleText },
			order: func(a, b hostRow) int {
				return cmp.Or(strings.Compare(a.arches, b.arches), strings.Compare(a.name, b.name))
			}},
		{title: "LOAD", widths: widths{12, 12, 12, 12}, right: true,
			cell: func(r hostRow) (string, role) {
				return fmt.Sprintf("%.1f of %.1f", r.load, r.capacity), roleText
			},
			order: by(func(r hostRow) float64 { return r.part() })},
		{title: "", widths: widths{0, 8, 10, 20}, draw: func(p *pen, r hostRow, n int) {
			if r.part() >= 1 {
				p.bar(roleWarn, 1, n)
				return
			}
			p.bar(roleRun, r.part(), n)
		}},
		{title: "JOBS", widths: widths{4, 4, 4, 6}, right: true,
			cell: func(r hostRow) (string, role) {
				return fmt.Sprint(len(r.tasks)), roleText
			},
			order: by(func(r hostRow) float64 { return float64(len(r.tasks)) })},
		{title: "SEEN", widths: widths{8, 8, 10, 12}, right: true,
			cell:  func(r hostRow) (string, role) { return v.seen(r) },
			order: by(func(r hostRow) float64 { return r.farmHost.seen })},
	}
	if !v.channels {
		list = append(list, column[hostRow]{title: "CHANNELS", widths: widths{rest, rest, rest, rest},
			cell: func(r hostRow) (string, role) { return strings.Join(r.farmHost.channels, " "), roleDim }})
	} else {
		list = append(list, column[hostRow]{title: "COMMENT", widths: widths{0, 0, rest, rest},
			cell: func(r hostRow) (string, role) { return r.comment, roleDim }})
	}
	return list
}

// part is how much of its capacity a host has to do.
func (h *farmHost) part() float64 {
	if h.capacity <= 0 {
		return 0
	}
	return h.load / h.capacity
}

func (v *hostsView) seen(r hostRow) (string, role) {
	if r.farmHost.seen == 0 {
		return "never", roleDim
	}
	text := strings.TrimSuffix(ago(v.e.clock()-r.farmHost.seen), " ago")
	if v.stateOf(r) == hostSilent {
		return text, roleFail
	}
	return text, roleText
}

// notes are the lines below a host: what it does, or why it does nothing.
func (v *hostsView) notes(r hostRow) []note {
	if !v.below {
		return nil
	}
	var list []note
	switch v.stateOf(r) {
	case hostDisabled:
		text := "disabled"
		if r.changedBy != "" {
			text += fmt.Sprintf(" by %s, %s", owner(r.changedBy), dayTime(r.changed, v.e.clock(), v.e.loc, 16))
		}
		if r.comment != "" {
			text += fmt.Sprintf(": %q", r.comment)
		}
		list = append(list, note{roleDim, text})
	case hostSilent:
		if n := len(r.tasks); n > 0 {
			list = append(list, note{roleFail, fmt.Sprintf("has %d %s that the hub frees after 15 min of silence, unless it is set otherwise", n, plural(n, "task", "tasks"))})
		}
	case hostNotReady:
		list = append(list, note{roleWait, "says that it is not ready for tasks"})
	}
	if running := r.running(); len(running) > 0 {
		t := running[0]
		text := fmt.Sprintf("%d %s", t.id, t.label)
		if t.started > 0 {
			text += "  " + span(v.e.clock()-t.started)
		}
		if more := len(r.tasks) - 1; more > 0 {
			text += fmt.Sprintf("  %d more", more)
		}
		list = append(list, note{roleDim, text})
	}
	return list
}

// aboutChannel is said of a channel beside its name.
func (v *hostsView) aboutChannel(name string) (string, role) {
	if v.farm == nil {
		return "", roleDim
	}
	i := slices.IndexFunc(v.farm.channels, func(c farmChannel) bool { return c.name == name })
	if i < 0 {
		return "", roleDim
	}
	c := &v.farm.channels[i]
	if c.hosts == 0 {
		return "no host is in this channel", roleWarn
	}
	text, ro := fmt.Sprintf("%d ready · load %.1f of %.1f", c.readyHost, c.load, c.capacity), roleDim
	if c.queued > 0 {
		text += fmt.Sprintf(" · queue %d, %s", c.queued, strings.TrimSuffix(ago(v.e.clock()-c.oldest), " ago"))
		ro = roleWait
	}
	if !c.enabled {
		text, ro = v.e.sign(markOff)+" disabled · "+text, roleWarn
	}
	if c.comment != "" {
		text += fmt.Sprintf(" · %q", c.comment)
	}
	return text, ro
}

func (v *hostsView) title() []string {
	if v.channels {
		return []string{"Channels"}
	}
	return []string{"Hosts"}
}

func (v *hostsView) keys() []action { return append(v.table.keys(), actOpen, actPane, actLog) }

func (v *hostsView) do(a action) tea.Cmd {
	switch a {
	case actOpen:
		if r, ok := v.table.selected(); ok {
			v.e.next = newHostView(v.e, r.id, r.name)
		} else {
			v.table.do(actFold)
		}
	case actPane:
		v.below = !v.below
		v.table.build()
		v.table.reveal()
	case actLog:
		if r, ok := v.table.selected(); ok && len(r.running()) > 0 {
			return v.e.chooseLog(r.running()[0].id, v.c)
		}
		v.e.tell(roleWarn, "nothing runs there")
	case actRefresh:
		return v.fresh.now()
	default:
		v.table.do(a)
	}
	return nil
}

func (v *hostsView) typing() bool               { return v.table.typing() }
func (v *hostsView) input(k tea.KeyMsg) tea.Cmd { v.table.input(k); return nil }
func (v *hostsView) keep() map[string]string    { return v.table.keep() }
func (v *hostsView) ticks() bool                { return true }

func (v *hostsView) filterBy(text string) tea.Cmd { v.table.setFilter(text); return nil }

func (v *hostsView) restore(kept map[string]string) { v.table.restore(kept) }

func (v *hostsView) escape() bool {
	if v.table.escape() {
		return true
	}
	v.fresh.dropped()
	return v.screen.escape()
}

func (v *hostsView) marked() int { return v.table.marked() }

func (v *hostsView) deeds() []deed { return v.e.hostDeeds(hostRefs(v.table.acted())) }

func hostRefs(rows []hostRow) []hostRef {
	var refs []hostRef
	for _, r := range rows {
		refs = append(refs, hostRef{r.name, r.enabled, r.comment, len(r.tasks)})
	}
	return refs
}

func (v *hostsView) clips() []clip {
	return selectedClips(v.table, func(r hostRow) []clip { return v.e.hostClips(r.name, r.id) })
}

func (e *env) hostClips(name string, id int64) []clip {
	return e.thingClips("name", name, "hostinfo?hostID", id)
}

func (v *hostsView) command() string {
	if r, ok := v.table.selected(); ok {
		return v.e.commandLine("hostinfo", r.name)
	}
	if v.channels {
		return v.e.commandLine("list-channels")
	}
	return v.e.commandLine("list-hosts")
}

func (v *hostsView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.fresh.now()
	case changes:
		if len(m.hosts)+len(m.tasks) > 0 {
			return v.fresh.changed()
		}
	case done:
		return v.fresh.changed()
	case tick:
		v.table.build() // notes tell times
		return v.fresh.tick()
	case reply:
		return v.answer(m)
	}
	return nil
}

func (v *hostsView) answer(m reply) tea.Cmd {
	switch what := m.what.(type) {
	case logChoice:
		v.e.openLog(what, m.err)
	case *farm:
		v.fresh.answered(m.err)
		if m.err == nil {
			v.farm = what
			v.table.set(v.rows())
		}
		return v.fresh.tick()
	}
	return nil
}

// rows are the hosts, or those of each channel.
func (v *hostsView) rows() []hostRow {
	var rows []hostRow
	if !v.channels {
		for _, h := range v.farm.hosts {
			rows = append(rows, hostRow{h, ""})
		}
		return rows
	}
	for _, c := range v.farm.channels {
		if c.hosts == 0 {
			rows = append(rows, hostRow{&farmHost{}, c.name})
		}
		for _, h := range v.farm.hosts {
			if slices.Contains(h.channels, c.name) {
				rows = append(rows, hostRow{h, c.name})
			}
		}
	}
	return rows
}

// headLines is how many lines stand above the table.
const headLines = 2

func (v *hostsView) resize(w, h int) {
	v.screen.resize(w, h)
	v.table.resize(w, h-headLines)
}

func (v *hostsView) draw(c *Canvas) {
	v.drawCounts(c.at(0, 1))
	v.table.drawFilter(c.at(1, 1), "host: arch: ch: st:", c.w-2)
	body := c.rect(0, headLines, c.w, c.h)
	switch {
	case v.farm == nil && v.fresh.err != nil:
		body.at(0, 2).upTo(roleFail, errorText(v.fresh.err), c.w-1)
	case v.farm == nil:
		body.at(0, 2).put(roleDim, "asking the hub…")
	default:
		v.table.draw(body)
	}
	if v.e.lost() {
		body.dim()
	}
}

func (v *hostsView) drawCounts(p *pen) {
	if v.farm == nil {
		return
	}
	var n [hostStates]int
	var load, capacity float64
	for _, h := range v.farm.hosts {
		n[h.state(v.e.clock())]++
		if h.enabled {
			load, capacity = load+h.load, capacity+h.capacity
		}
	}
	total := len(v.farm.hosts)
	if v.channels {
		queued := 0
		for _, c := range v.farm.channels {
			queued += c.queued
		}
		p.put(roleBold, fmt.Sprintf("%d %s", len(v.farm.channels), plural(len(v.farm.channels), "channel", "channels")))
		p.put(roleText, fmt.Sprintf("  queue %d ", queued))
	} else {
		p.put(roleBold, fmt.Sprintf("%d %s", total, plural(total, "host", "hosts")))
	}
	for s, count := range n {
		if count > 0 || hostState(s) == hostReady {
			p.skip(2).put(hostMarks[s].role, v.e.sign(hostMarks[s])).put(roleText, fmt.Sprintf(" %d %s", count, hostWords[s]))
		}
	}
	text := fmt.Sprintf("load %.1f of %.1f ", load, capacity)
	width := 10
	if p.c.w >= 120 {
		width = 20
	}
	if at := p.c.w - 1 - p.c.width(text) - width; at > p.x+1 && capacity > 0 {
		p.x = at
		p.put(roleText, text).bar(roleRun, load/capacity, width)
	}
}
