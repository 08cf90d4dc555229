package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type saveFailedTreeOptions struct {
	env                            *Env
	full, task, buildroot, nowaits bool
}

// newSaveFailedTreeCommand is koji save-failed-tree.
func newSaveFailedTreeCommand(env *Env) *cobra.Command {
	o := &saveFailedTreeOptions{env: env}
	cmd := &cobra.Command{
		Use: "save-failed-tree [options] ID", Short: "Keep the buildroot of a failed task", GroupID: misc,
		Example: "koji save-failed-tree 1234", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.full, "full", "f", false, "all of it, not only what was built in")
	f.BoolVarP(&o.task, "task", "t", false, "ID is a task (the default)")
	f.BoolVarP(&o.buildroot, "buildroot", "r", false, "ID is a buildroot")
	f.BoolVar(&o.nowaits, "nowait", false, "don't wait")
	return withQuiet(env, cmd)
}

func (o *saveFailedTreeOptions) run(ctx context.Context, word string) error {
	id, ok := idOrName(word).(int64)
	switch {
	case !ok:
		return usagef("ID must be an integer: %s", word)
	case o.task && o.buildroot:
		return usagef("--task conflicts with --buildroot")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	root := id
	if !o.buildroot {
		var roots []koji.Buildroot
		if err := s.Call(ctx, "listBuildroots", &roots, koji.Named{"taskID": id, "queryOpts": map[string]any{"order": "-id", "limit": 1}}); err != nil {
			return err
		}
		if len(roots) == 0 {
			return failf("No buildroot of task %d", id)
		}
		root = roots[0].ID
	}
	var task int64
	if err := s.Call(ctx, "saveFailedTree", &task, root, o.full); err != nil {
		return err
	}
	o.env.say("Created task %d for buildroot %d", task, root)
	o.env.say("Task info: %s/taskinfo?taskID=%d", o.env.profile.WebURL, task)
	if o.nowaits {
		return nil
	}
	return watchTasks(ctx, o.env, []int64{task})
}
