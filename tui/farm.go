package tui

import (
	"context"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// farm is the hosts of a hub, its channels, and what waits or runs there.
type farm struct {
	hosts    []*farmHost // by name
	channels []farmChannel
}

// farmHost is a host. Its texts are clean.
type farmHost struct {
	id             int64
	name           string
	arches         string
	channels       []string
	load, capacity float64
	enabled, ready bool
	seen           float64 // last sign of it, seconds since the epoch; 0: never
	comment        string
	description    string
	changed        float64 // when it was configured as it is
	changedBy      string
	tasks          []task // that it has, by id
}

// farmChannel is a channel and its queue.
type farmChannel struct {
	id               int64
	name             string
	enabled          bool
	comment          string
	queued           int
	oldest           float64 // when the first of the queue was made
	load, capacity   float64 // of its enabled hosts
	hosts, readyHost int
}

// hostSilence is after which time without a sign a host counts as silent.
const hostSilence = 5 * 60

// hostState is what a host is like.
type hostState uint8

const (
	hostReady hostState = iota
	hostNotReady
	hostSilent
	hostDisabled
	hostStates
)

var hostWords = [hostStates]string{"ready", "not ready", "silent", "disabled"}

var hostMarks = [hostStates]mark{
	hostReady:    {"◉", ">", roleRun},
	hostNotReady: {"◔", "o", roleWait},
	hostSilent:   {"✗", "X", roleFail},
	hostDisabled: {"⊘", "-", roleDim},
}

func (h *farmHost) state(now float64) hostState {
	switch {
	case !h.enabled:
		return hostDisabled
	case now-h.seen > hostSilence:
		return hostSilent
	case !h.ready:
		return hostNotReady
	}
	return hostReady
}

// hostConfig is a row of the history of hosts' configuration.
type hostConfig struct {
	HostID  int64   `xmlrpc:"host_id"`
	Creator string  `xmlrpc:"creator_name"`
	Created float64 `xmlrpc:"create_ts"`
}

// openTasks are the states of tasks that hosts have or that wait for one.
var openTasks = []any{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}

// loadFarm asks for all hosts in one request, and in a second one for those of
// each channel.
func loadFarm(ctx context.Context, h *hub) (*farm, error) {
	var hosts []koji.Host
	var channels []koji.Channel
	var tasks []koji.Task
	var history map[string][]hostConfig
	m := h.read.Multicall()
	m.Add(&hosts, "listHosts")
	m.Add(&channels, "listChannels")
	m.Add(&tasks, "listTasks", map[string]any{"state": openTasks, "decode": true}, map[string]any{"order": "id", "limit": openLimit})
	m.Add(&history, "queryHistory", []string{"host_config"}, koji.Named{"active": true})
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	for i := range 3 { // who changed a host is good to know, not needed
		if err := m.Err(i); err != nil {
			return nil, err
		}
	}
	members := make([][]koji.Host, len(channels))
	m = h.read.Multicall()
	for i, c := range channels {
		m.Add(&members[i], "listHosts", koji.Named{"channelID": c.ID})
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	return newFarm(hosts, channels, members, tasks, history["host_config"]), nil
}

// newFarm puts together what the hub has told.
func newFarm(hosts []koji.Host, channels []koji.Channel, members [][]koji.Host, tasks []koji.Task, history []hostConfig) *farm {
	f := &farm{}
	byID := map[int64]*farmHost{}
	known := names{hosts: map[int64]string{}}
	for _, h := range hosts {
		fh := &farmHost{
			id: h.ID, name: safetext.Clean(h.Name), arches: cleanOf(h.Arches), load: h.TaskLoad, capacity: h.Capacity,
			enabled: h.Enabled, ready: h.Ready, comment: cleanOf(h.Comment), description: cleanOf(h.Description),
		}
		if h.UpdateTS != nil {
			fh.seen = *h.UpdateTS
		}
		f.hosts, byID[h.ID], known.hosts[h.ID] = append(f.hosts, fh), fh, h.Name
	}
	slices.SortFunc(f.hosts, func(a, b *farmHost) int { return strings.Compare(a.name, b.name) })
	for _, c := range history {
		if h := byID[c.HostID]; h != nil {
			h.changed, h.changedBy = c.Created, safetext.Clean(c.Creator)
		}
	}
	queue := map[int64]*farmChannel{}
	for i, c := range channels {
		fc := farmChannel{id: c.ID, name: safetext.Clean(c.Name), enabled: c.Enabled, comment: cleanOf(c.Comment)}
		for _, member := range members[i] {
			h := byID[member.ID]
			if h == nil {
				continue
			}
			h.channels = append(h.channels, fc.name)
			fc.hosts++
			if h.enabled {
				fc.load, fc.capacity = fc.load+h.load, fc.capacity+h.capacity
			}
			if h.enabled && h.ready {
				fc.readyHost++
			}
		}
		f.channels = append(f.channels, fc)
	}
	slices.SortFunc(f.channels, func(a, b farmChannel) int { return strings.Compare(a.name, b.name) })
	for i := range f.channels {
		queue[f.channels[i].id] = &f.channels[i]
	}
	for _, h := range f.hosts {
		slices.Sort(h.channels)
	}
	for _, t := range tasks {
		if t.HostID != nil {
			if h := byID[*t.HostID]; h != nil {
				h.tasks = append(h.tasks, taskOf(t, known))
			}
			continue
		}
		if c := queue[t.ChannelID]; c != nil {
			if c.queued == 0 && t.CreateTS != nil {
				c.oldest = *t.CreateTS
			}
			c.queued++
		}
	}
	return f
}

// cleanOf is a text that may be missing, fit to be shown.
func cleanOf(s *string) string {
	if s == nil {
		return ""
	}
	return safetext.Clean(*s)
}

// running are the tasks that load a host, not those that wait for others.
func (h *farmHost) running() []task {
	var list []task
	for _, t := range h.tasks {
		if t.kind != kindParent {
			list = append(list, t)
		}
	}
	return list
}

// shortHost is a host's name without its domain.
func shortHost(name string, n int, ascii bool) string {
	if short, _, ok := strings.Cut(name, "."); ok && textWidth(name, ascii) > n {
		return short
	}
	return name
}
