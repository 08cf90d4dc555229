package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
)

// newWhyCommand is koji why.
func newWhyCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "why [options] <task id> [<task id> ...]", Short: "Tell what tasks wait for, or why they failed", GroupID: monitor,
		Long: "Of a task that waits for a builder, each builder of its channel is listed with what keeps it from taking the task; " +
			"of one that waits for its subtasks, what they wait for; of one that failed, the subtask that failed first and the end of its log.",
		Example: "koji why 1234", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return why(cmd.Context(), env, args) },
	}
	return withData(env, withQuiet(env, cmd))
}

// reason is why a task is where it is.
type reason struct {
	Task     int64        `xmlrpc:"task"`
	Label    string       `xmlrpc:"label"`
	State    string       `xmlrpc:"state"`
	Why      []string     `xmlrpc:"why"`
	Hosts    []hostReason `xmlrpc:"hosts,omitempty"`    // of the channel, for a task that waits for one
	Subtasks []*reason    `xmlrpc:"subtasks,omitempty"` // that it waits for, or that failed
}

// hostReason is what keeps a host from taking a task; nothing if it may.
type hostReason struct {
	Host string   `xmlrpc:"host"`
	Why  []string `xmlrpc:"why"`
}

func why(ctx context.Context, env *Env, args []string) error {
	ids, err := taskIDs(args)
	if err != nil {
		return err
	}
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	a := &asker{s: s, now: time.Now()}
	var reasons []*reason
	for _, id := range ids {
		task, err := needTask(ctx, s, id, true)
		if err != nil {
			return err
		}
		r, err := a.ask(ctx, *task)
		if err != nil {
			return err
		}
		reasons = append(reasons, r)
	}
	if err := env.show(reasons, func(w *bufio.Writer) {
		for _, r := range reasons {
			r.print(env, w, 0)
		}
	}); err != nil || env.asData() || env.quiet() || len(a.failed) == 0 {
		return err
	}
	w := newTaskWatch(env, a.failed...)
	if err := w.each(ctx, func(koji.TreeChange) {}); err != nil {
		return err
	}
	w.tellFailures(ctx)
	return nil
}

func (r *reason) print(env *Env, w io.Writer, level int) {
	indent := strings.Repeat("  ", level)
	fmt.Fprintln(w, env.oneLine(fmt.Sprintf("%s%d %s: ", indent, r.Task, r.Label))+env.paint(strings.ToLower(r.State)))
	for _, text := range r.Why {
		fmt.Fprintln(w, env.oneLine(indent+"  "+text))
	}
	for _, h := range r.Hosts {
		text := strings.Join(h.Why, "; ")
		if text == "" {
			text = "may take it when the scheduler runs next"
		}
		fmt.Fprintln(w, env.oneLine(fmt.Sprintf("%s    %s: %s", indent, h.Host, text)))
	}
	for _, child := range r.Subtasks {
		child.print(env, w, level+1)
	}
}

// asker finds the reasons.
type asker struct {
	s      *koji.Session
	now    time.Time
	failed []int64 // tasks that failed by themselves
}

func (a *asker) ask(ctx context.Context, t koji.Task) (*reason, error) {
	r := &reason{Task: t.ID, Label: koji.TaskLabel(t), State: t.State.String(), Why: []string{}}
	var err error
	switch t.State {
	case koji.TaskFree:
		err = a.free(ctx, r, t)
	case koji.TaskAssigned:
		err = a.assigned(ctx, r, t)
	case koji.TaskOpen:
		err = a.open(ctx, r, t)
	case koji.TaskFailed:
		err = a.fail(ctx, r, t)
	case koji.TaskClosed:
		r.Why = append(r.Why, "It has ended well")
	case koji.TaskCanceled:
		r.Why = append(r.Why, "It was canceled")
	}
	return r, err
}

// refusal is a word that a host won't take a task.
type refusal struct {
	HostID int64    `xmlrpc:"host_id"`
	Soft   bool     `xmlrpc:"soft"`
	ByHost bool     `xmlrpc:"by_host"`
	Text   *string  `xmlrpc:"msg"`
	TS     *float64 `xmlrpc:"ts"`
}

// free asks each host of the task's channel. Koji: reference/scheduler_repos.md, Steps.
func (a *asker) free(ctx context.Context, r *reason, t koji.Task) error {
	var channel *koji.Channel
	var hosts []koji.Host
	var refusals []refusal
	m := a.s.Multicall()
	m.Add(&channel, "getChannel", t.ChannelID)
	m.Add(&hosts, "listHosts", koji.Named{"channelID": t.ChannelID})
	m.Add(&refusals, "scheduler.getTaskRefusals", [][]any{{"task_id", t.ID}}, []string{"host_id", "soft", "by_host", "msg", "ts"})
	if err := m.Run(ctx); err != nil {
		return err
	}
	switch {
	case channel == nil:
		r.Why = append(r.Why, fmt.Sprintf("Its channel %d does not exist", t.ChannelID))
		return nil
	case !channel.Enabled:
		r.Why = append(r.Why, fmt.Sprintf("The channel %s is disabled", channel.Name))
	case len(hosts) == 0:
		r.Why = append(r.Why, fmt.Sprintf("No builder is in the channel %s", channel.Name))
	default:
		r.Why = append(r.Why, fmt.Sprintf("It waits for a builder of the channel %s, for %s, priority %d:", channel.Name, t.Arch, t.Priority))
	}
	slices.SortFunc(hosts, func(x, y koji.Host) int { return strings.Compare(x.Name, y.Name) })
	for _, h := range hosts {
		r.Hosts = append(r.Hosts, hostReason{Host: h.Name, Why: a.against(h, t, refusals)})
	}
	return nil
}

// overcommit is how far a task's weight may exceed what a host has left, unless
// the hub is set otherwise.
const overcommit = 5

// against is what speaks against a host for a task.
func (a *asker) against(h koji.Host, t koji.Task, refusals []refusal) []string {
	reasons := []string{}
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if !h.Enabled {
		add("disabled")
	}
	if !h.Ready {
		add("not ready, last seen %s", a.ago(h.UpdateTS))
	}
	if arches := strings.Fields(text(h.Arches)); t.Arch != "noarch" && !slices.Contains(arches, t.Arch) {
		add("builds for %s, not for %s", strings.Join(arches, " "), t.Arch)
	}
	if h.Capacity-h.TaskLoad <= max(0, t.Weight-overcommit) {
		add("full: load %.1f of %.1f", h.TaskLoad, h.Capacity)
	}
	for _, f := range refusals {
		if f.HostID != h.ID {
			continue
		}
		word := "refused it for good"
		if f.Soft {
			word = "refused it for now"
		}
		if !f.ByHost {
			word = "ruled out by the hub"
		}
		if text(f.Text) != "" {
			word += ": " + text(f.Text)
		}
		add("%s (%s)", word, a.ago(f.TS))
	}
	return reasons
}

// ago is how long a *_ts key is past.
func (a *asker) ago(ts *float64) string {
	if ts == nil {
		return "never"
	}
	return a.now.Sub(koji.FromSeconds(*ts)).Round(time.Second).String() + " ago"
}

// host tells which host has the task.
func (a *asker) host(ctx context.Context, t koji.Task) (string, error) {
	if t.HostID == nil {
		return "no builder", nil
	}
	var host *koji.Host
	if err := a.s.Call(ctx, "getHost", &host, *t.HostID); err != nil {
		return "", err
	}
	if host == nil {
		return fmt.Sprintf("builder %d, which does not exist", *t.HostID), nil
	}
	return fmt.Sprintf("builder %s, last seen %s", host.Name, a.ago(host.UpdateTS)), nil
}

func (a *asker) assigned(ctx context.Context, r *reason, t koji.Task) error {
	host, err := a.host(ctx, t)
	r.Why = append(r.Why, "It was given to "+host+", which has not begun yet")
	return err
}

func (a *asker) open(ctx context.Context, r *reason, t koji.Task) error {
	host, err := a.host(ctx, t)
	if err != nil {
		return err
	}
	if t.Method == "waitrepo" {
		return a.waitrepo(ctx, r, t)
	}
	children, err := a.children(ctx, t, func(c koji.Task) bool { return !c.Finished() })
	if err != nil {
		return err
	}
	if len(children) == 0 {
		r.Why = append(r.Why, fmt.Sprintf("It runs on %s, begun %s", host, a.ago(t.StartTS)))
		return nil
	}
	r.Why = append(r.Why, fmt.Sprintf("It waits for %d of its subtasks:", len(children)))
	return a.descend(ctx, r, children)
}

// queued is a request for a repo.
type queued struct {
	ID     int64  `xmlrpc:"id"`
	TaskID *int64 `xmlrpc:"task_id"`
	Tries  int64  `xmlrpc:"tries"`
}

// waitrepo tells how far the repo is that the task waits for.
func (a *asker) waitrepo(ctx context.Context, r *reason, t koji.Task) error {
	request, _ := t.Request.([]any)
	params, err := koji.ParseTaskParams(t.Method, request)
	if err != nil || params["tag"] == nil {
		r.Why = append(r.Why, "It waits for a repo")
		return nil
	}
	tag := paramText(params["tag"])
	text := "It waits for a repo of " + tag
	if nvrs, _ := params["nvrs"].([]any); len(nvrs) > 0 {
		text += " with " + joined(nvrs)
	}
	r.Why = append(r.Why, text)
	var requests []queued
	err = a.s.Call(ctx, "repo.queryQueue", &requests, [][]any{{"tag_name", tag}, {"active", true}}, []string{"id", "task_id", "tries"}, map[string]any{"order": "id"})
	if err != nil {
		return err
	}
	for _, q := range requests {
		if q.TaskID == nil {
			r.Why = append(r.Why, fmt.Sprintf("Request %d for such a repo has no task yet, after %d tries", q.ID, q.Tries))
			continue
		}
		task, err := needTask(ctx, a.s, *q.TaskID, true)
		if err != nil {
			return err
		}
		r.Why = append(r.Why, fmt.Sprintf("Request %d for such a repo has the task %d:", q.ID, task.ID))
		if err := a.descend(ctx, r, []koji.Task{*task}); err != nil {
			return err
		}
	}
	if len(requests) == 0 {
		r.Why = append(r.Why, "Nobody has asked for such a repo yet")
	}
	return nil
}

// fail tells why a task failed, and which of its subtasks did.
func (a *asker) fail(ctx context.Context, r *reason, t koji.Task) error {
	f, err := taskFault(ctx, a.s, t.ID)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(f.text, "\n")
	r.Why = append(r.Why, fmt.Sprintf("%s: %s", f.class, first))
	children, err := a.children(ctx, t, func(c koji.Task) bool { return c.State == koji.TaskFailed })
	if err != nil {
		return err
	}
	if len(children) == 0 {
		host, err := a.host(ctx, t)
		if err != nil {
			return err
		}
		r.Why = append(r.Why, "It failed by itself on "+host)
		a.failed = append(a.failed, t.ID)
	}
	return a.descend(ctx, r, children)
}

// children are those of a task's subtasks that are wanted.
func (a *asker) children(ctx context.Context, t koji.Task, want func(koji.Task) bool) ([]koji.Task, error) {
	var all []koji.Task
	if err := a.s.Call(ctx, "getTaskChildren", &all, t.ID, koji.Named{"request": true}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c koji.Task) bool { return !want(c) }), nil
}

func (a *asker) descend(ctx context.Context, r *reason, tasks []koji.Task) error {
	for _, t := range tasks {
		child, err := a.ask(ctx, t)
		if err != nil {
			return err
		}
		r.Subtasks = append(r.Subtasks, child)
	}
	return nil
}
