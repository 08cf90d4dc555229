package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type taskInfoOptions struct {
	env              *Env
	recurse, verbose bool
}

// newTaskInfoCommand is koji taskinfo.
func newTaskInfoCommand(env *Env) *cobra.Command {
	o := taskInfoOptions{env: env}
	cmd := &cobra.Command{
		Use: "taskinfo [options] <task_id> [<task_id> ...]", Short: "Show tasks", GroupID: info,
		Example: "koji taskinfo -v -r 1234", Args: arguments(1, -1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids, err := taskIDs(args)
		if err != nil {
			return failf("%v", err)
		}
		s, err := env.Anonymous(cmd.Context())
		if err != nil {
			return err
		}
		return printTaskInfo(cmd.Context(), env, s, ids, o)
	}
	cmd.Flags().BoolVarP(&o.recurse, "recurse", "r", false, "with its subtasks")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "with its parameters")
	return withData(env, cmd)
}

// taskDetails is all that taskinfo tells of a task.
type taskDetails struct {
	koji.Task
	OwnerName  string           `xmlrpc:"owner_name"`
	HostName   string           `xmlrpc:"host_name,omitempty"`
	Builds     []koji.Build     `xmlrpc:"builds"`
	Buildroots []koji.Buildroot `xmlrpc:"buildroots"`
	Logs       []string         `xmlrpc:"logs"`
	Output     []string         `xmlrpc:"output"`
	Children   []*taskDetails   `xmlrpc:"children,omitempty"`

	params []string
}

// printTaskInfo shows tasks.
func printTaskInfo(ctx context.Context, env *Env, s *koji.Session, ids []int64, o taskInfoOptions) error {
	var tasks []*taskDetails
	for _, id := range ids {
		t, err := taskDetail(ctx, env, s, id, o)
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	return env.show(tasks, func(w *bufio.Writer) {
		for _, t := range tasks {
			t.print(w, 0, o.verbose)
		}
	})
}

func taskDetail(ctx context.Context, env *Env, s *koji.Session, id int64, o taskInfoOptions) (*taskDetails, error) {
	task, err := needTask(ctx, s, id, true)
	if err != nil {
		return nil, err
	}
	t := &taskDetails{Task: *task}
	var owner *koji.User
	var host *koji.Host
	var children []koji.Task
	output := map[string][]string{}
	m := s.Multicall()
	m.Add(&owner, "getUser", task.Owner)
	m.Add(&t.Builds, "listBuilds", koji.Named{"taskID": id})
	m.Add(&t.Buildroots, "listBuildroots", koji.Named{"taskID": id})
	m.Add(&output, "listTaskOutput", id, koji.Named{"all_volumes": true})
	if task.HostID != nil {
		m.Add(&host, "getHost", *task.HostID)
	}
	if o.recurse {
		m.Add(&children, "getTaskChildren", id)
	}
	if err := m.Run(ctx); err != nil {
		return nil, err
	}
	if owner != nil {
		t.OwnerName = owner.Name
	}
	if host != nil {
		t.HostName = host.Name
	}
	top := koji.Paths{Top: env.profile.TopDir}
	for _, name := range slices.Sorted(maps.Keys(output)) {
		for _, volume := range output[name] {
			file := top.Task(volume, id) + "/" + name
			if strings.HasSuffix(name, ".log") {
				t.Logs = append(t.Logs, file)
			} else {
				t.Output = append(t.Output, file)
			}
		}
	}
	if o.verbose {
		if t.params, err = requestLines(ctx, s, *task, top); err != nil {
			return nil, err
		}
	}
	for _, child := range children {
		c, err := taskDetail(ctx, env, s, child.ID, o)
		if err != nil {
			return nil, err
		}
		t.Children = append(t.Children, c)
	}
	return t, nil
}

// buildDir is where builders keep their buildroots.
const buildDir = "/var/lib/mock"

func (t *taskDetails) print(w io.Writer, level int, verbose bool) {
	line := func(format string, args ...any) {
		fmt.Fprintf(w, strings.Repeat("  ", level)+format+"\n", args...)
	}
	line("Task: %d", t.ID)
	line("Type: %s", t.Method)
	if verbose {
		line("Request Parameters:")
		for _, p := range t.params {
			line("  %s", p)
		}
	}
	line("Owner: %s", t.OwnerName)
	line("State: %s", strings.ToLower(t.State.String()))
	line("Created: %s", asctimeTS(t.CreateTS))
	if t.StartTS != nil {
		line("Started: %s", asctimeTS(t.StartTS))
	}
	if t.CompletionTS != nil {
		line("Finished: %s", asctimeTS(t.CompletionTS))
	}
	if t.HostName != "" {
		line("Host: %s", t.HostName)
	}
	for _, b := range t.Builds {
		line("Build: %s (%d)", b.NVR, b.BuildID)
	}
	if len(t.Buildroots) > 0 {
		line("Buildroots:")
		for _, b := range t.Buildroots {
			line("  %s/%s/", buildDir, buildrootName(b))
		}
	}
	line("Log Files:")
	t.files(line, t.Logs)
	line("Output:")
	t.files(line, t.Output)
	if len(t.Logs) == 0 || len(t.Output) == 0 {
		line("[1] The files may have been removed since, or the task may have made none")
	}
	fmt.Fprintln(w)
	for _, c := range t.Children {
		c.print(w, level+1, verbose)
	}
}

func (t *taskDetails) files(line func(string, ...any), names []string) {
	for _, name := range names {
		line("  %s", name)
	}
	if len(names) == 0 {
		line("  No outputs reported [1]")
	}
}
