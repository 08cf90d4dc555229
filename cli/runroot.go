package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type runrootOptions struct {
	env                              *Env
	packages, mounts                 []string
	skipSetarch, shell, newRoot, old bool
	weight, repoID                   int64
	channel                          string
	taskID, nowait, watch            bool
}

// newRunrootCommand is koji runroot.
func newRunrootCommand(env *Env) *cobra.Command {
	o := &runrootOptions{env: env}
	cmd := &cobra.Command{
		Use: "runroot [options] <tag> <arch> <command>", Short: "Run a command in a buildroot", GroupID: admin,
		Example: "koji runroot f40-build x86_64 rpm -qa", Args: arguments(3, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1], args[2:]) },
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // the options behind the command are its own
	f.StringArrayVarP(&o.packages, "package", "p", nil, "also install this `PACKAGE` (repeatable)")
	f.StringArrayVarP(&o.mounts, "mount", "m", nil, "mount this `DIR`, to be written to (repeatable)")
	f.BoolVar(&o.skipSetarch, "skip-setarch", false, "don't set the arch of the process")
	f.Int64VarP(&o.weight, "weight", "w", 0, "how much of a builder the task takes")
	f.StringVar(&o.channel, "channel-override", "", "the channel to run in")
	f.BoolVar(&o.taskID, "task-id", false, "print the id of the task")
	f.BoolVar(&o.shell, "use-shell", false, "run it through a shell, as one line")
	f.BoolVar(&o.newRoot, "new-chroot", false, "run it in a container")
	f.BoolVar(&o.old, "old-chroot", false, "run it in a chroot")
	f.Int64Var(&o.repoID, "repo-id", 0, "in a buildroot of this repo")
	f.BoolVar(&o.nowait, "nowait", false, "don't wait")
	f.BoolVar(&o.watch, "watch", false, "watch the task instead of printing what the command wrote")
	return withQuiet(env, cmd)
}

// command is what the task shall run: words, or a line for a shell.
func (o *runrootOptions) command(words []string) any {
	if o.shell {
		return strings.Join(words, " ")
	}
	return words
}

func (o *runrootOptions) run(ctx context.Context, tag, arch string, words []string) error {
	if o.newRoot && o.old {
		return usagef("--new-chroot conflicts with --old-chroot")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{
		"packages": append([]string{}, o.packages...), "mounts": append([]string{}, o.mounts...),
		"skip_setarch": o.skipSetarch, "repo_id": nil, "weight": nil,
	}
	setTexts(named, map[string]string{"channel": o.channel})
	if o.repoID != 0 {
		named["repo_id"] = o.repoID
	}
	if o.weight != 0 {
		named["weight"] = o.weight
	}
	if o.newRoot || o.old {
		named["new_chroot"] = o.newRoot
	}
	var id int64
	if err := s.Call(ctx, "runroot", &id, tag, arch, o.command(words), named); err != nil {
		return err
	}
	if o.taskID {
		o.env.printf("%d", id)
	}
	switch {
	case o.nowait:
		return nil
	case o.watch:
		return watchTasks(ctx, o.env, []int64{id})
	}
	return o.output(ctx, s, id)
}

// output waits for the task and prints what the command wrote.
func (o *runrootOptions) output(ctx context.Context, s *koji.Session, id int64) error {
	o.env.logout(ctx)
	w := newTaskWatch(o.env, id)
	if err := w.each(ctx, func(koji.TreeChange) {}); err != nil {
		return err
	}
	logs, err := taskLogs(ctx, s, id)
	if err != nil {
		return err
	}
	for _, l := range logs {
		if l.name != "runroot.log" {
			continue
		}
		data, err := s.DownloadTaskOutput(ctx, id, l.name, 0, -1, l.volume)
		if err != nil {
			return err
		}
		if _, err := o.env.Out.Write(data); err != nil {
			return err
		}
	}
	if t, _ := w.tree.Task(id); t.State != koji.TaskClosed {
		return exitStatus(exitFailed)
	}
	return nil
}
