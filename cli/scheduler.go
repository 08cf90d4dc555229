package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type schedulerOptions struct {
	env      *Env
	task     int64
	host     string
	state    string
	from, to float64
	limit    int64
}

// clauses are the conditions of a query view.
func (o *schedulerOptions) clauses(ctx context.Context, s *koji.Session) ([][]any, error) {
	clauses := [][]any{}
	if o.task != 0 {
		clauses = append(clauses, []any{"task_id", o.task})
	}
	if o.host != "" {
		var host *koji.Host
		if err := s.Call(ctx, "getHost", &host, idOrName(o.host)); err != nil {
			return nil, err
		}
		if host == nil {
			return nil, failf("No such host: %s", o.host)
		}
		clauses = append(clauses, []any{"host_id", host.ID})
	}
	return clauses, nil
}

// schedulerRun is that a task was given to a host.
type schedulerRun struct {
	TaskID       int64    `xmlrpc:"task_id"`
	HostName     *string  `xmlrpc:"host_name"`
	State        *int64   `xmlrpc:"state"`
	CreateTS     *float64 `xmlrpc:"create_ts"`
	StartTS      *float64 `xmlrpc:"start_ts"`
	CompletionTS *float64 `xmlrpc:"completion_ts"`
}

// newSchedulerInfoCommand is koji scheduler-info.
func newSchedulerInfoCommand(env *Env) *cobra.Command {
	o := &schedulerOptions{env: env}
	cmd := &cobra.Command{
		Use: "scheduler-info [options]", Short: "Show which tasks were given to which builders", GroupID: monitor,
		Example: "koji scheduler-info --task 1234", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.info(cmd.Context()) },
	}
	f := cmd.Flags()
	f.Int64VarP(&o.task, "task", "t", 0, "only of this task")
	f.StringVar(&o.host, "host", "", "only of this builder")
	f.StringVar(&o.state, "state", "", "only of tasks in this `STATE`: FREE, OPEN, CLOSED, CANCELED, ASSIGNED, FAILED")
	f.Int64Var(&o.limit, "limit", 100, "at most this many")
	return withData(env, withQuiet(env, cmd))
}

func (o *schedulerOptions) info(ctx context.Context) error {
	state, err := taskStateNamed(o.state)
	if err != nil {
		return err
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	clauses, err := o.clauses(ctx, s)
	if err != nil {
		return err
	}
	if o.state != "" {
		clauses = append(clauses, []any{"state", int64(state)})
	}
	fields := []string{"task_id", "host_name", "state", "create_ts", "start_ts", "completion_ts"}
	var runs []schedulerRun
	if err := s.Call(ctx, "scheduler.getTaskRuns", &runs, clauses, fields, map[string]any{"order": "-id", "limit": o.limit}); err != nil {
		return err
	}
	const layout = "%-9s %-20s %s %-17s %-17s %-17s"
	header := fmt.Sprintf(layout, "Task", "Host", "State  ", "Created", "Started", "Ended") + "\n" + strings.Repeat("-", 92)
	return list(o.env, runs, header, func(r schedulerRun) string {
		word := ""
		if r.State != nil {
			word = koji.TaskState(*r.State).String()
		}
		return strings.TrimRight(fmt.Sprintf(layout, fmt.Sprint(r.TaskID), text(r.HostName), o.env.paint(fmt.Sprintf("%-7s", word)), minute(r.CreateTS), minute(r.StartTS), minute(r.CompletionTS)), " ")
	})
}

// minute is a *_ts key to the minute.
func minute(ts *float64) string {
	if ts == nil {
		return ""
	}
	return koji.FromSeconds(*ts).Local().Format("2006-01-02 15:04")
}

// taskStateNamed is the state of a name; "" is FREE.
func taskStateNamed(name string) (koji.TaskState, error) {
	states := []koji.TaskState{koji.TaskFree, koji.TaskOpen, koji.TaskClosed, koji.TaskCanceled, koji.TaskAssigned, koji.TaskFailed}
	i := slices.IndexFunc(states, func(s koji.TaskState) bool { return s.String() == name })
	if i < 0 && name != "" {
		return 0, usagef("No such state of tasks: %s", name)
	}
	return states[max(i, 0)], nil
}

// schedulerMessage is what the scheduler noted.
type schedulerMessage struct {
	TaskID   *int64   `xmlrpc:"task_id"`
	HostID   *int64   `xmlrpc:"host_id"`
	HostName *string  `xmlrpc:"host_name"`
	TS       *float64 `xmlrpc:"msg_ts"`
	Text     string   `xmlrpc:"msg"`
}

// newSchedulerLogsCommand is koji scheduler-logs.
func newSchedulerLogsCommand(env *Env) *cobra.Command {
	o := &schedulerOptions{env: env}
	cmd := &cobra.Command{
		Use: "scheduler-logs <options>", Short: "Show what the scheduler noted", GroupID: monitor,
		Example: "koji scheduler-logs --task 1234", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.logs(cmd.Context()) },
	}
	f := cmd.Flags()
	f.Int64Var(&o.task, "task", 0, "only about this task")
	f.StringVar(&o.host, "host", "", "only about this builder")
	f.Float64Var(&o.from, "from", 0, "only since this `TIME`, seconds since 1970")
	f.Float64Var(&o.to, "to", 0, "only before this `TIME`, seconds since 1970")
	f.Int64Var(&o.limit, "limit", 0, "only the last so many")
	return withData(env, withQuiet(env, cmd))
}

func (o *schedulerOptions) logs(ctx context.Context) error {
	if o.limit != 0 && (o.from != 0 || o.to != 0) {
		return usagef("--limit conflicts with --from and --to")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	clauses, err := o.clauses(ctx, s)
	if err != nil {
		return err
	}
	if o.from != 0 {
		clauses = append(clauses, []any{"msg_ts", ">=", o.from})
	}
	if o.to != 0 {
		clauses = append(clauses, []any{"msg_ts", "<", o.to})
	}
	query := map[string]any{"order": "-id"}
	if o.limit != 0 {
		query["limit"] = o.limit
	}
	fields := []string{"task_id", "host_id", "host_name", "msg_ts", "msg"}
	var messages []schedulerMessage
	if err := s.Call(ctx, "scheduler.getLogMessages", &messages, clauses, fields, query); err != nil {
		return err
	}
	slices.Reverse(messages)
	const layout = "%-10s %-20s %-25s %-30s"
	header := fmt.Sprintf(layout, "Task", "Host", "Time", "Message") + "\n" + strings.Repeat("-", 88)
	return list(o.env, messages, header, func(m schedulerMessage) string {
		task := ""
		if m.TaskID != nil {
			task = fmt.Sprint(*m.TaskID)
		}
		return fmt.Sprintf(layout, task, text(m.HostName), asctimeTS(m.TS), m.Text)
	})
}
