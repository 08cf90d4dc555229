package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"koji"
)

// logChunk is how much of a log is asked for at once.
const logChunk = 16384

type watchLogsOptions struct {
	env          *Env
	log          string
	mine, follow bool
}

// newWatchLogsCommand is koji watch-logs.
func newWatchLogsCommand(env *Env) *cobra.Command {
	o := &watchLogsOptions{env: env}
	cmd := &cobra.Command{
		Use: "watch-logs [options] <task id> [<task id> ...]", Short: "Print the logs of tasks while they grow", GroupID: monitor,
		Example: "koji watch-logs --follow --log build.log 1234",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	cmd.Flags().StringVar(&o.log, "log", "", "only the log of this `NAME`")
	cmd.Flags().BoolVar(&o.mine, "mine", false, "the logs of all your tasks")
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "those of subtasks too")
	return cmd
}

func (o *watchLogsOptions) run(ctx context.Context, args []string) error {
	switch {
	case o.mine && len(args) > 0:
		return usagef("Selection options cannot be combined with a task list")
	case !o.mine && len(args) == 0:
		return usagef("at least one task id must be specified")
	}
	ids, err := taskIDs(args)
	if err != nil {
		return err
	}
	filter := taskFilter{mine: o.mine}
	s, err := filter.session(ctx, o.env)
	if err != nil {
		return err
	}
	if o.mine {
		opts, err := filter.options(ctx, s)
		if err != nil {
			return err
		}
		var tasks []koji.Task
		if err := s.Call(ctx, "listTasks", &tasks, opts); err != nil {
			return err
		}
		for _, t := range tasks {
			ids = append(ids, t.ID)
		}
		if len(ids) == 0 {
			return failf("You've no active tasks.")
		}
		o.env.logout(ctx)
	}
	o.env.say("Watching logs (this may be safely interrupted)...")
	w := &logWatch{o: o, s: s, tasks: ids, at: map[logKey]int64{}, ended: map[int64]bool{}}
	err = w.run(ctx)
	if ctx.Err() != nil {
		return nil // interrupting is how one stops reading
	}
	return err
}

type logKey struct {
	task         int64
	volume, name string
}

// logWatch is how far the logs of some tasks have been read.
type logWatch struct {
	o       *watchLogsOptions
	s       *koji.Session
	tasks   []int64
	at      map[logKey]int64
	ended   map[int64]bool
	current logKey
	midLine bool
}

// run prints what is new until all tasks have ended.
func (w *logWatch) run(ctx context.Context) error {
	feed, err := w.o.env.news(ctx, w.s, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeTask, koji.NoticeLog}, Tasks: w.tasks})
	if err != nil {
		return err
	}
	defer feed.close()
	for {
		done, err := w.round(ctx)
		if err != nil && !hubLost(err) {
			return err
		}
		if done && err == nil {
			return nil
		}
		if err := feed.wait(ctx); err != nil {
			return err
		}
	}
}

// hubLost reports whether the hub can't be reached now but may be later.
func hubLost(err error) bool {
	var transport *koji.TransportError
	return errors.Is(err, koji.ErrServerOffline) || errors.As(err, &transport) && transport.Temporary
}

// round looks at all tasks once, and reports whether all have ended.
func (w *logWatch) round(ctx context.Context) (bool, error) {
	done := true
	for i := 0; i < len(w.tasks); i++ { //nolint:intrange // the list grows meanwhile
		id := w.tasks[i]
		if w.ended[id] {
			continue
		}
		// The state is asked for before the logs: of a task that has ended
		// then, they are whole.
		task, err := needTask(ctx, w.s, id, false)
		if err != nil {
			return false, err
		}
		if w.o.follow {
			if err := w.addChildren(ctx, id); err != nil {
				return false, err
			}
		}
		if err := w.read(ctx, id); err != nil {
			return false, err
		}
		w.ended[id] = task.Finished()
		done = done && task.Finished()
	}
	return done, nil
}

func (w *logWatch) addChildren(ctx context.Context, id int64) error {
	var children []koji.Task
	if err := w.s.Call(ctx, "getTaskChildren", &children, id); err != nil {
		return err
	}
	known := map[int64]bool{}
	for _, t := range w.tasks {
		known[t] = true
	}
	for _, c := range children {
		if !known[c.ID] {
			w.tasks = append(w.tasks, c.ID)
		}
	}
	return nil
}

// read prints what has been added to the logs of a task.
func (w *logWatch) read(ctx context.Context, id int64) error {
	logs, err := taskLogs(ctx, w.s, id)
	if err != nil {
		return err
	}
	for _, l := range logs {
		if w.o.log != "" && l.name != w.o.log {
			continue
		}
		key := logKey{id, l.volume, l.name}
		for {
			data, err := w.s.DownloadTaskOutput(ctx, id, l.name, w.at[key], logChunk, l.volume)
			if err != nil {
				return err
			}
			if len(data) == 0 {
				break
			}
			w.print(key, data)
			w.at[key] += int64(len(data))
		}
	}
	return nil
}

func (w *logWatch) print(key logKey, data []byte) {
	if key != w.current {
		if w.midLine {
			w.o.env.printf("")
		}
		w.o.env.say("==> %d:%s:%s: <==", key.task, key.volume, key.name)
		w.current = key
	}
	_, _ = w.o.env.Out.Write(data)
	w.midLine = data[len(data)-1] != '\n'
}
