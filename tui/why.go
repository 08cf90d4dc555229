package tui

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// waiting is why a task doesn't go on: in a word, a line, and more lines.
type waiting struct {
	word  string
	line  string
	lines []string
}

// waits are what is known of tasks that wait, and when it was asked for.
type waits struct {
	known map[int64]waiting
	asked map[int64]time.Time
}

func newWaits() waits { return waits{map[int64]waiting{}, map[int64]time.Time{}} }

// A task is asked about once it has waited for a while, and again from time to time.
const (
	waitsAfter = 5 // seconds
	waitsEvery = 30 * time.Second
	waitsLife  = 10 * time.Minute // that a reason is kept for which nobody asks again
	waitsMost  = 30               // tasks in one asking
)

// waitsTold are reasons as the hub told them.
type waitsTold map[int64]waiting

// stuck reports whether a task waits for something other than its subtasks.
func (t *task) stuck() bool {
	return t.kind == kindFree || t.kind == kindAssigned || t.kind == kindRepo
}

// askWaits asks why those of the tasks wait of which that isn't known, or not lately.
func (e *env) askWaits(c *calls, tasks []task) tea.Cmd {
	var ask []task
	now := e.now()
	for _, t := range tasks {
		since := t.created
		if t.kind == kindRepo {
			since = t.started
		}
		if t.stuck() && seconds(now)-since >= waitsAfter && now.Sub(e.waits.asked[t.id]) >= waitsEvery && len(ask) < waitsMost {
			ask = append(ask, t)
			e.waits.asked[t.id] = now
		}
	}
	if len(ask) == 0 || e.lost() {
		return nil
	}
	h := e.hub
	return e.askByItself(c, func(ctx context.Context) (any, error) { return loadWaits(ctx, h, ask) })
}

// takeWaits brings in reasons; that they couldn't be had is no news.
func (e *env) takeWaits(told waitsTold) {
	for id, w := range told {
		e.waits.known[id] = w
	}
	now := e.now()
	maps.DeleteFunc(e.waits.asked, func(id int64, at time.Time) bool {
		t := e.store.get(id)
		over := t != nil && !t.stuck() || now.Sub(at) > waitsLife
		if over {
			delete(e.waits.known, id)
		}
		return over
	})
}

// refusal is a word that a host won't take a task.
type refusal struct {
	Task   int64   `xmlrpc:"task_id"`
	Host   int64   `xmlrpc:"host_id"`
	Soft   bool    `xmlrpc:"soft"`
	ByHost bool    `xmlrpc:"by_host"`
	Text   *string `xmlrpc:"msg"`
}

// queueOf is a channel with its hosts.
type queueOf struct {
	channel *koji.Channel
	hosts   []koji.Host
}

func loadWaits(ctx context.Context, h *hub, tasks []task) (waitsTold, error) {
	told := waitsTold{}
	queues := map[int64]*queueOf{}
	requests := map[string]*[]koji.RepoRequest{}
	var refusals []refusal
	var free []int64
	m := h.read.Multicall()
	for _, t := range tasks {
		switch {
		case t.kind == kindAssigned:
			told[t.id] = waiting{word: "builder", line: fmt.Sprintf("%s has been given it and has not begun yet", t.host)}
		case t.kind == kindRepo && t.tag != "" && requests[t.tag] == nil:
			requests[t.tag] = new([]koji.RepoRequest)
			m.Add(requests[t.tag], "repo.queryQueue", [][]any{{"tag_name", t.tag}, {"active", true}},
				[]string{"id", "task_id", "tries", "priority", "min_event"}, map[string]any{"order": "id"})
		case t.kind == kindFree:
			free = append(free, t.id)
			if queues[t.channel] == nil {
				q := &queueOf{}
				queues[t.channel] = q
				m.Add(&q.channel, "getChannel", t.channel)
				m.Add(&q.hosts, "listHosts", koji.Named{"channelID": t.channel})
			}
		}
	}
	if len(free) > 0 {
		m.Add(&refusals, "scheduler.getTaskRefusals", [][]any{{"task_id", "IN", free}}, []string{"task_id", "host_id", "soft", "by_host", "msg"})
	}
	if err := h.run(ctx, m); err != nil {
		return told, err
	}
	repos, err := repoTasks(ctx, h, requests)
	if err != nil {
		return told, err
	}
	for _, t := range tasks {
		switch t.kind {
		case kindFree:
			told[t.id] = whyFree(&t, queues[t.channel], refusals)
		case kindRepo:
			if t.tag != "" {
				told[t.id] = whyNoRepo(&t, *requests[t.tag], repos)
			}
		}
	}
	return told, nil
}

// repoTasks are the tasks that work on requests.
func repoTasks(ctx context.Context, h *hub, requests map[string]*[]koji.RepoRequest) (map[int64]task, error) {
	var ids []int64
	for _, list := range requests {
		for _, r := range *list {
			if r.TaskID != nil {
				ids = append(ids, *r.TaskID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var tasks []*koji.Task
	if err := h.call(ctx, "getTaskInfo", &tasks, ids, koji.Named{"request": true}); err != nil {
		return nil, err
	}
	known := map[int64]task{}
	for _, t := range tasks {
		if t != nil {
			known[t.ID] = taskOf(*t, names{})
		}
	}
	return known, nil
}

// whyNoRepo says how far the repo is that a waitrepo task waits for.
func whyNoRepo(t *task, requests []koji.RepoRequest, tasks map[int64]task) waiting {
	w := waiting{word: "repo"}
	if len(requests) == 0 {
		w.line = fmt.Sprintf("nobody has asked for a repo of %s yet", t.tag)
		return w
	}
	for _, r := range requests {
		line := fmt.Sprintf("request %d for a repo of %s has no task yet", r.ID, t.tag)
		if r.Tries > 0 {
			line += fmt.Sprintf(", after %d %s", r.Tries, plural(int(r.Tries), "try", "tries"))
		}
		if made, ok := tasks[valueOr(r.TaskID)]; ok {
			line = fmt.Sprintf("%s %d (%s) %s", made.method, made.id, t.tag, stateOf(made.kind))
		}
		w.lines = append(w.lines, line)
	}
	w.line, w.lines = w.lines[0], w.lines[1:]
	return w
}

// Hosts are given a task as long as what they have left isn't much less than
// it weighs. Koji: reference/scheduler_repos.md.
const overcommit = 5

// whyFree says what keeps the hosts of a channel from taking a task.
func whyFree(t *task, q *queueOf, refusals []refusal) waiting {
	if q == nil || q.channel == nil {
		return waiting{word: "channel", line: fmt.Sprintf("its channel %d does not exist", t.channel)}
	}
	channel := safetext.Clean(q.channel.Name)
	if !q.channel.Enabled {
		return waiting{word: "channel", line: fmt.Sprintf("the channel %s is disabled", channel)}
	}
	hosts := slices.DeleteFunc(slices.Clone(q.hosts), func(h koji.Host) bool { return !fitsArch(h, t.arch) })
	slices.SortFunc(hosts, func(a, b koji.Host) int { return strings.Compare(a.Name, b.Name) })
	arch := t.arch + " "
	if t.arch == "noarch" {
		arch = ""
	}
	w := waiting{word: "host"}
	if len(hosts) == 0 {
		w.line = fmt.Sprintf("no host of channel %s is for %s", channel, t.arch)
		return w
	}
	var off, full, refused, may []string
	for _, h := range hosts {
		name := shortHost(safetext.Clean(h.Name), 0, false)
		load := fmt.Sprintf("%s %.1f of %.1f", name, h.TaskLoad, h.Capacity)
		text, no := refusedBy(t.id, h.ID, refusals)
		switch {
		case !h.Enabled:
			off = append(off, name)
			w.lines = append(w.lines, name+" is disabled")
		case !h.Ready:
			off = append(off, name)
			w.lines = append(w.lines, name+" is not ready")
		case no:
			refused = append(refused, name)
			w.lines = append(w.lines, name+" "+text)
		case h.Capacity-h.TaskLoad <= max(0, t.weight-overcommit):
			full = append(full, load)
			w.lines = append(w.lines, load+", which is full")
		default:
			may = append(may, name)
			w.lines = append(w.lines, load+", which may take it")
		}
	}
	usable := len(hosts) - len(off)
	switch {
	case usable == 0:
		w.line = fmt.Sprintf("no %shost of channel %s is enabled and ready (%s)", arch, channel, enumerate(off))
	case len(may) > 0:
		w.word = "turn"
		w.line = fmt.Sprintf("%s of channel %s may take it when its turn comes", enumerate(may), channel)
	case len(full) == usable:
		all := fmt.Sprintf("all %d %shosts of channel %s are full", usable, arch, channel)
		switch usable {
		case 1:
			all = fmt.Sprintf("the only %shost of channel %s is full", arch, channel)
		case 2:
			all = fmt.Sprintf("both %shosts of channel %s are full", arch, channel)
		}
		w.line = fmt.Sprintf("%s (%s)", all, strings.Join(full, ", "))
	default:
		w.line = fmt.Sprintf("refused by %s of channel %s", enumerate(refused), channel)
		if len(full) > 0 {
			w.line += ", full: " + enumerate(full)
		}
	}
	return w
}

func fitsArch(h koji.Host, arch string) bool {
	return arch == "noarch" || h.Arches != nil && slices.Contains(strings.Fields(*h.Arches), arch)
}

// refusedBy is what a host has said against a task, or the hub for it.
func refusedBy(task, host int64, refusals []refusal) (text string, refused bool) {
	for _, r := range refusals {
		if r.Task != task || r.Host != host {
			continue
		}
		word := "refused it"
		switch {
		case !r.ByHost:
			word = "is ruled out by the hub"
		case r.Soft:
			word = "refused it for now"
		}
		if said := cleanOf(r.Text); said != "" {
			word += ": " + said
		}
		return word, true
	}
	return "", false
}
