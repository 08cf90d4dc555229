package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"koji"
)

// newWatchTaskCommand is koji watch-task.
func newWatchTaskCommand(env *Env) *cobra.Command {
	var filter taskFilter
	cmd := &cobra.Command{
		Use: "watch-task [options] <task id> [<task id> ...]", Short: "Watch tasks and their subtasks until they end", GroupID: monitor,
		Aliases: []string{"watch-tasks"}, Example: "koji watch-task 1234\nkoji watch-task --mine",
		RunE: func(cmd *cobra.Command, args []string) error { return watchCommand(cmd.Context(), env, filter, args) },
	}
	withQuiet(env, cmd)
	filter.flags(cmd)
	return withData(env, cmd)
}

func watchCommand(ctx context.Context, env *Env, filter taskFilter, args []string) error {
	switch {
	case len(args) > 0 && filter.given():
		return usagef("Selection options cannot be combined with a task list")
	case len(args) == 0 && !filter.given():
		return usagef("at least one task id must be specified")
	}
	ids, err := taskIDs(args)
	if err != nil {
		return err
	}
	s, err := filter.session(ctx, env)
	if err != nil {
		return err
	}
	if filter.given() {
		opts, err := filter.options(ctx, s)
		if err != nil {
			return err
		}
		var tasks []koji.Task
		if err := s.Call(ctx, "listTasks", &tasks, opts, map[string]any{"order": "priority,create_time"}); err != nil {
			return err
		}
		for _, t := range tasks {
			ids = append(ids, t.ID)
		}
		if len(ids) == 0 {
			env.printf("(no tasks)")
			return nil
		}
	}
	return watchTasks(ctx, env, ids)
}

// watchTasks shows how tasks go until they have ended: as a tree that stays in
// place on a terminal, else a line for each change. It is exit status 1 if one
// of them didn't succeed. The login is given up before, as Koji does: watching
// needs none, and may take long.
func watchTasks(ctx context.Context, env *Env, ids []int64) error {
	env.logout(ctx)
	w := newTaskWatch(env, ids...)
	show := w.lines
	switch {
	case env.asData():
		show = w.data
	case env.onTerminal() && !env.quiet():
		show = w.inPlace
	}
	env.say("Watching tasks (this may be safely interrupted)...")
	if err := show(ctx); err != nil {
		if ctx.Err() != nil {
			w.interrupted()
			return exitStatus(exitFailed)
		}
		return err
	}
	return w.summary(ctx)
}

// taskWatch is what is known of the watched tasks.
type taskWatch struct {
	env       *Env
	s         *koji.Session
	tree      *koji.Tree
	estimates bool // how long builds take is wanted

	mu     sync.Mutex         // the clock that redraws the tree reads what follows
	hosts  map[int64]string   // by task
	faults map[int64]*fault   // of failed tasks
	usual  map[string]float64 // seconds that builds take, by package; 0 where nobody knows
}

func newTaskWatch(env *Env, ids ...int64) *taskWatch {
	return &taskWatch{
		env: env, s: env.session, tree: koji.NewTree(ids...),
		hosts: map[int64]string{}, faults: map[int64]*fault{}, usual: map[string]float64{},
	}
}

// fault is why a task failed.
type fault struct {
	class, text string
}

func (w *taskWatch) options() koji.WatchOptions {
	return koji.WatchOptions{
		PollInterval: w.env.profile.PollInterval,
		Tree:         w.tree,
		OnLost:       func(err error) { w.env.warn("koji: the hub does not answer, waiting for it: %v", err) },
		OnBack:       func() { w.env.warn("koji: the hub is back") },
	}
}

// each calls f for each change that a person wants to read.
func (w *taskWatch) each(ctx context.Context, f func(koji.TreeChange)) error {
	for c, err := range koji.Watch(ctx, w.s, w.tree.Roots(), w.options()) {
		if err != nil {
			return err
		}
		if err := w.learn(ctx, c); err != nil {
			return err
		}
		f(c)
	}
	return nil
}

// learn keeps a task's host and asks why it failed. A hub that is lost just then
// is no end of the watch: it is asked again for the summary.
func (w *taskWatch) learn(ctx context.Context, c koji.TreeChange) error {
	var f *fault
	if c.Task.State == koji.TaskFailed {
		var err error
		if f, err = taskFault(ctx, w.s, c.Task.ID); err != nil && !hubLost(err) {
			return err
		}
	}
	w.learnUsual(ctx, c.Task)
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Host != "" {
		w.hosts[c.Task.ID] = c.Host
	}
	if f != nil {
		w.faults[c.Task.ID] = f
	}
	return nil
}

// taskFault asks for the result of a failed task, which is a fault.
func taskFault(ctx context.Context, s *koji.Session, id int64) (*fault, error) {
	err := s.Call(ctx, "getTaskResult", nil, id)
	var e *koji.Error
	switch {
	case err == nil:
		return &fault{"Error", "the task gave a result but counts as failed"}, nil
	case errors.As(err, &e):
		return &fault{e.Code.String(), strings.TrimSpace(e.Text)}, nil
	}
	return nil, err
}

// lines prints a line for each new task and each new state.
// Koji: reference/cli.md, Progress and watching.
func (w *taskWatch) lines(ctx context.Context) error {
	return w.each(ctx, func(c koji.TreeChange) {
		if w.env.quiet() || !c.StateChanged() {
			return
		}
		label := fmt.Sprintf("%d %s", c.Task.ID, koji.TaskLabel(c.Task))
		indent := strings.Repeat("  ", c.Depth)
		if c.New {
			w.env.printf("%s%s: %s", indent, label, w.state(c.Task))
		} else {
			w.env.printf("%s%s: %s -> %s", indent, label, w.stateWord(*c.Old, c.Task.ID), w.state(c.Task))
		}
		if c.Task.State == koji.TaskFailed {
			w.relevantLogs(ctx, c.Task.ID, indent)
		}
		if c.Task.Finished() && !c.New {
			n := w.tree.Counts()
			w.env.printf("  %d free  %d open  %d done  %d failed", n[koji.TaskFree], n[koji.TaskOpen]+n[koji.TaskAssigned],
				n[koji.TaskClosed]+n[koji.TaskCanceled], n[koji.TaskFailed])
		}
	})
}

// taskEvent is a change as watch-task --json tells it.
type taskEvent struct {
	Time   float64 `xmlrpc:"time"` // seconds since 1970, when it was seen
	Task   int64   `xmlrpc:"task"`
	Parent *int64  `xmlrpc:"parent"`
	Method string  `xmlrpc:"method"`
	Label  string  `xmlrpc:"label"`
	Arch   string  `xmlrpc:"arch"`
	Host   string  `xmlrpc:"host"` // "" while there is none
	Old    *string `xmlrpc:"old"`  // the state before; nil for a task that is new here
	State  string  `xmlrpc:"state"`
	Fault  *string `xmlrpc:"fault"` // why it failed
}

// data prints each new task and each new state as a line of JSON.
func (w *taskWatch) data(ctx context.Context) error {
	var failed error
	err := w.each(ctx, func(c koji.TreeChange) {
		if !c.StateChanged() || failed != nil {
			return
		}
		t := c.Task
		e := taskEvent{
			Time: koji.Seconds(time.Now()), Task: t.ID, Parent: t.Parent, Method: t.Method, Label: koji.TaskLabel(t), Arch: t.Arch,
			Host: w.hosts[t.ID], State: t.State.String(),
		}
		if c.Old != nil {
			old := c.Old.String()
			e.Old = &old
		}
		if f := w.faults[t.ID]; f != nil {
			text := f.class + ": " + f.text
			e.Fault = &text
		}
		failed = w.env.printLines(e)
	})
	return errors.Join(err, failed)
}

// state is a task's state in words, with the host or the reason.
func (w *taskWatch) state(t koji.Task) string {
	if f := w.faults[t.ID]; t.State == koji.TaskFailed && f != nil {
		return fmt.Sprintf("FAILED: %s: %s", f.class, f.text)
	}
	return w.stateWord(t.State, t.ID)
}

func (w *taskWatch) stateWord(state koji.TaskState, id int64) string {
	switch host := w.hosts[id]; {
	case state == koji.TaskFailed:
		return "FAILED"
	case host != "" && (state == koji.TaskOpen || state == koji.TaskAssigned):
		return fmt.Sprintf("%s (%s)", strings.ToLower(state.String()), host)
	}
	return strings.ToLower(state.String())
}

// relevantLogs prints where a failed task's logs can be read.
func (w *taskWatch) relevantLogs(ctx context.Context, id int64, indent string) {
	if w.env.profile.TopURL == "" {
		return
	}
	logs, err := taskLogs(ctx, w.s, id)
	if err != nil || len(logs) == 0 {
		return // they are a help, not the matter itself
	}
	w.env.printf("%s  Relevant logs:", indent)
	for _, l := range logs {
		w.env.printf("%s    %s/%s", indent, koji.Paths{Top: w.env.profile.TopURL}.Task(l.volume, id), l.name)
	}
}

// summary says how each of the watched tasks ended, and why if it failed.
func (w *taskWatch) summary(ctx context.Context) error {
	ok, silent := true, w.env.quiet() || w.env.asData()
	if !silent {
		w.env.printf("")
	}
	for _, id := range w.tree.Roots() {
		t, _ := w.tree.Task(id)
		word := "has not completed"
		switch t.State {
		case koji.TaskClosed:
			word = "completed successfully"
		case koji.TaskFailed:
			word = "failed"
		case koji.TaskCanceled:
			word = "was canceled"
		}
		ok = ok && t.State == koji.TaskClosed
		if !silent {
			w.env.printf("%d %s %s", id, koji.TaskLabel(t), word)
		}
	}
	if ok {
		return nil
	}
	if !silent {
		w.tellFailures(ctx)
	}
	return exitStatus(exitFailed)
}

func (w *taskWatch) interrupted() {
	if w.env.quiet() || w.env.asData() {
		return
	}
	w.env.printf("Tasks still running. You can continue to watch with the 'koji watch-task' command.\nRunning Tasks:")
	for _, t := range w.tree.All() {
		if !t.Finished() {
			w.env.printf("%d %s: %s", t.ID, koji.TaskLabel(t), w.state(t))
		}
	}
}
