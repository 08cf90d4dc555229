package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// taskIDs reads the numbers of tasks.
func taskIDs(args []string) ([]int64, error) {
	ids := make([]int64, len(args))
	for i, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, usagef("task id must be an integer: %s", arg)
		}
		ids[i] = id
	}
	return ids, nil
}

// needTask is the task of an id.
func needTask(ctx context.Context, s *koji.Session, id int64, request bool) (*koji.Task, error) {
	var task *koji.Task
	err := s.Call(ctx, "getTaskInfo", &task, id, request)
	if err == nil && task == nil || errors.Is(err, koji.ErrNoSuchTask) {
		err = failf("No such task: %d", id)
	}
	return task, err
}

type cancelOptions struct {
	env                  *Env
	justOne, full, force bool
}

// newCancelCommand is koji cancel.
func newCancelCommand(env *Env) *cobra.Command {
	o := &cancelOptions{env: env}
	cmd := &cobra.Command{
		Use: "cancel [options] <task_id|build> [<task_id|build> ...]", Short: "Cancel tasks and builds", GroupID: build,
		Aliases: []string{"cancel-task", "cxl"}, Example: "koji cancel 1234", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.justOne, "justone", false, "don't cancel the subtasks")
	f.BoolVar(&o.full, "full", false, "cancel the whole family of the task (needs admin)")
	f.BoolVar(&o.force, "force", false, "with --full, of a subtask too")
	return cmd
}

func (o *cancelOptions) run(ctx context.Context, args []string) error {
	var tasks []int64
	var builds []string
	for _, arg := range args {
		if id, err := strconv.ParseInt(arg, 10, 64); err == nil {
			tasks = append(tasks, id)
		} else if _, err := koji.ParseNVR(arg); err == nil {
			builds = append(builds, arg)
		} else {
			return usagef("please specify only task ids (integer) or builds (n-v-r): %s", arg)
		}
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	m := s.Multicall()
	for _, id := range tasks {
		switch {
		case o.justOne:
			m.Add(nil, "cancelTask", id, koji.Named{"recurse": false})
		case o.full && o.force:
			m.Add(nil, "cancelTaskFull", id, koji.Named{"strict": false})
		case o.full:
			m.Add(nil, "cancelTaskFull", id)
		default:
			m.Add(nil, "cancelTask", id)
		}
	}
	for _, b := range builds {
		m.Add(nil, "cancelBuild", b, koji.Named{"strict": true})
	}
	err = m.Run(ctx)
	var several *koji.MulticallError
	if !errors.As(err, &several) {
		return err
	}
	for _, e := range several.Unwrap() {
		o.env.logError("%s: %s", errorClass(e), errorText(e))
	}
	return exitStatus(exitFailed)
}

// newFreeTaskCommand is koji free-task.
func newFreeTaskCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "free-task [options] <task_id> [<task_id> ...]", Short: "Take tasks off their builders, to run anew", GroupID: admin,
		Example: "koji free-task 1234", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := taskIDs(args)
			if err != nil {
				return err
			}
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.Call(cmd.Context(), "freeTask", nil, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// newAssignTaskCommand is koji assign-task.
func newAssignTaskCommand(env *Env) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "assign-task <task_id> <hostname>", Short: "Give a task to a builder", GroupID: admin,
		Example: "koji assign-task 1234 builder1", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return assignTask(cmd.Context(), env, args, force) },
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "also a task that has a builder, or to one that is full")
	return cmd
}

func assignTask(ctx context.Context, env *Env, args []string, force bool) error {
	ids, err := taskIDs(args[:1])
	if err != nil {
		return err
	}
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	if err := mayNot(ctx, s); err != nil {
		return err
	}
	if _, err := needTask(ctx, s, ids[0], false); err != nil {
		return err
	}
	var host *koji.Host
	if err := s.Call(ctx, "getHost", &host, args[1]); err != nil {
		return err
	}
	if host == nil {
		return failf("No such host: %s", args[1])
	}
	var done bool
	if err := s.Call(ctx, "assignTask", &done, ids[0], args[1], force); err != nil {
		return err
	}
	if done {
		env.say("assigned task %d to host %s", ids[0], args[1])
	} else {
		env.say("failed to assign task %d to host %s", ids[0], args[1])
	}
	return nil
}

type setTaskPriorityOptions struct {
	env      *Env
	priority int64
	recurse  bool
}

// newSetTaskPriorityCommand is koji set-task-priority.
func newSetTaskPriorityCommand(env *Env) *cobra.Command {
	o := &setTaskPriorityOptions{env: env}
	cmd := &cobra.Command{
		Use: "set-task-priority [options] --priority=<priority> <task_id> [<task_id> ...]", Short: "Set how urgent tasks are", GroupID: admin,
		Example: "koji set-task-priority --priority 5 1234", Args: arguments(1, -1),
	}
	cmd.Flags().Int64Var(&o.priority, "priority", 0, "the priority, a `NUMBER`: the lower, the sooner")
	cmd.Flags().BoolVar(&o.recurse, "recurse", false, "of its subtasks too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("priority") {
			return usagef("You must specify --priority")
		}
		return o.run(cmd.Context(), args)
	}
	return cmd
}

// run goes on with the next task if one has ended, as Koji does.
func (o *setTaskPriorityOptions) run(ctx context.Context, args []string) error {
	ids, err := taskIDs(args)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.Call(ctx, "setTaskPriority", nil, id, o.priority, o.recurse)
		var refused *koji.Error
		switch {
		case err == nil:
		case !errors.As(err, &refused) || refused.Code != koji.CodeGeneric:
			return err
		default:
			o.env.warn("Can't set the priority of task %d: %s", id, errorText(err))
		}
	}
	return nil
}

// newResubmitCommand is koji resubmit.
func newResubmitCommand(env *Env) *cobra.Command {
	var wait waitOption
	cmd := &cobra.Command{
		Use: "resubmit [options] <task_id>", Short: "Run a canceled or failed task again", GroupID: build,
		Example: "koji resubmit 1234", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return resubmit(cmd.Context(), env, args, wait) },
	}
	wait.flags(cmd.Flags())
	cmd.Flags().BoolVar(&wait.nowait, "nowatch", false, "the same as --nowait")
	return withQuiet(env, cmd)
}

func resubmit(ctx context.Context, env *Env, args []string, wait waitOption) error {
	ids, err := taskIDs(args)
	if err != nil {
		return err
	}
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	if !env.quiet() {
		env.printf("Resubmitting the following task:")
		if err := printTaskInfo(ctx, env, s, ids, taskInfoOptions{env: env, verbose: true}); err != nil {
			return err
		}
	}
	var id int64
	if err := s.Call(ctx, "resubmitTask", &id, ids[0]); err != nil {
		return err
	}
	env.say("Resubmitted task %d as new task %d", ids[0], id)
	if !wait.wants(env) {
		return nil
	}
	return watchTasks(ctx, env, []int64{id})
}

// taskFilter are the options by which list-tasks and watch-task choose.
type taskFilter struct {
	mine                              bool
	user, arch, method, channel, host string
}

func (o *taskFilter) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.mine, "mine", false, "only your own tasks")
	f.StringVar(&o.user, "user", "", "only tasks of this user")
	f.StringVar(&o.arch, "arch", "", "only tasks of this arch")
	f.StringVar(&o.method, "method", "", "only tasks of this method")
	f.StringVar(&o.channel, "channel", "", "only tasks in this channel")
	f.StringVar(&o.host, "host", "", "only tasks on this builder")
}

func (o *taskFilter) given() bool { return *o != taskFilter{} }

// session logs in if it matters who asks.
func (o *taskFilter) session(ctx context.Context, env *Env) (*koji.Session, error) {
	if o.mine {
		return env.Session(ctx)
	}
	return env.Anonymous(ctx)
}

// options are those of listTasks, for tasks that aren't finished.
func (o *taskFilter) options(ctx context.Context, s *koji.Session) (map[string]any, error) {
	opts := map[string]any{
		"decode": true,
		"state":  []int64{int64(koji.TaskFree), int64(koji.TaskOpen), int64(koji.TaskAssigned)},
	}
	switch {
	case o.mine && o.user != "":
		return nil, failf("Can't specify 'mine' and 'user' in same time")
	case o.mine:
		var user *koji.LoggedInUser
		if err := s.Call(ctx, "getLoggedInUser", &user); err != nil {
			return nil, err
		}
		if user == nil {
			return nil, failf("Unable to determine user")
		}
		opts["owner"] = user.ID
	case o.user != "":
		user, err := userNamed(ctx, s, o.user)
		if err != nil {
			return nil, err
		}
		if user == nil {
			return nil, failf("No such user: %s", o.user)
		}
		opts["owner"] = user.ID
	}
	if o.arch != "" {
		list, err := koji.ArchList(o.arch)
		if err != nil {
			return nil, usagef("%v", err)
		}
		opts["arch"] = list
	}
	if o.method != "" {
		opts["method"] = o.method
	}
	if o.channel != "" {
		var channel *koji.Channel
		if err := s.Call(ctx, "getChannel", &channel, o.channel); err != nil {
			return nil, err
		}
		if channel == nil {
			return nil, failf("No such channel: %s", o.channel)
		}
		opts["channel_id"] = channel.ID
	}
	if o.host != "" {
		var host *koji.Host
		if err := s.Call(ctx, "getHost", &host, o.host); err != nil {
			return nil, err
		}
		if host == nil {
			return nil, failf("No such host: %s", o.host)
		}
		opts["host_id"] = host.ID
	}
	return opts, nil
}

type listTasksOptions struct {
	env           *Env
	filter        taskFilter
	before, after timeOption
	all           bool
}

// newListTasksCommand is koji list-tasks.
func newListTasksCommand(env *Env) *cobra.Command {
	o := &listTasksOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-tasks [options]", Short: "List tasks that are waiting or running", GroupID: info,
		Example: "koji list-tasks --mine\nkoji list-tasks --all --after 2026-01-01 --method build", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.filter.flags(cmd)
	withQuiet(env, cmd)
	f := cmd.Flags()
	f.Var(&o.before, "before", "only those started before")
	f.Var(&o.after, "after", "only those started after")
	f.BoolVar(&o.all, "all", false, "finished ones too; needs --after")
	return withData(env, cmd)
}

func (o *listTasksOptions) run(ctx context.Context) error {
	if o.all && o.after.ts == nil {
		return usagef("--all must be used with --after")
	}
	s, err := o.filter.session(ctx, o.env)
	if err != nil {
		return err
	}
	opts, err := o.filter.options(ctx, s)
	if err != nil {
		return err
	}
	if o.all {
		delete(opts, "state")
	}
	if o.before.ts != nil {
		opts["startedBefore"] = *o.before.ts
	}
	if o.after.ts != nil {
		opts["startedAfter"] = *o.after.ts
	}
	var tasks []koji.Task
	if err := s.Call(ctx, "listTasks", &tasks, opts, map[string]any{"order": "priority,create_time"}); err != nil {
		return err
	}
	rows, depth := familyOrder(tasks)
	switch {
	case o.env.asData():
		for _, t := range rows {
			if err := o.env.printLines(t); err != nil {
				return err
			}
		}
		return nil
	case len(tasks) == 0:
		o.env.printf("(no tasks)")
		return nil
	}
	header := fmt.Sprintf("%-8s %-4s %-20s %-8s %-10s %s", "ID", "Pri", "Owner", "State", "Arch", "Name")
	return list(o.env, rows, header, func(t koji.Task) string {
		indent := ""
		if n := depth[t.ID]; n > 0 {
			indent = strings.Repeat("  ", n-1) + " +"
		}
		return fmt.Sprintf("%-8d %-4d %-20s %s %-10s %s%s", t.ID, t.Priority, t.OwnerName, o.env.paint(fmt.Sprintf("%-8s", t.State)), t.Arch, indent, koji.TaskLabel(t))
	})
}

// familyOrder puts subtasks behind their parents, and tells how deep each
// stands. A task whose parent isn't listed stands at the top.
func familyOrder(tasks []koji.Task) ([]koji.Task, map[int64]int) {
	listed := map[int64]bool{}
	for _, t := range tasks {
		listed[t.ID] = true
	}
	children := map[int64][]koji.Task{}
	var roots []koji.Task
	for _, t := range tasks {
		if t.Parent != nil && listed[*t.Parent] {
			children[*t.Parent] = append(children[*t.Parent], t)
		} else {
			roots = append(roots, t)
		}
	}
	rows, depth := make([]koji.Task, 0, len(tasks)), map[int64]int{}
	var walk func(siblings []koji.Task, at int)
	walk = func(siblings []koji.Task, at int) {
		for _, t := range siblings {
			depth[t.ID] = at
			rows = append(rows, t)
			kids := children[t.ID]
			slices.SortStableFunc(kids, func(a, b koji.Task) int { return cmp.Compare(a.ID, b.ID) })
			walk(kids, at+1)
		}
	}
	walk(roots, 0)
	return rows, depth
}
