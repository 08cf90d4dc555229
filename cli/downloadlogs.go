package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/fnmatch"
)

type downloadLogsOptions struct {
	env                 *Env
	recurse, nvr, again bool
	match               []string
	dir                 string
}

// newDownloadLogsCommand is koji download-logs.
func newDownloadLogsCommand(env *Env) *cobra.Command {
	o := &downloadLogsOptions{env: env}
	cmd := &cobra.Command{
		Use: "download-logs [options] <task_id|n-v-r> [<task_id|n-v-r> ...]", Short: "Fetch the logs of tasks", GroupID: download,
		Example: "koji download-logs -r -m build.log 1234\nkoji download-logs --nvr bash-5.2-1.fc40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recurse, "recurse", "r", false, "those of subtasks too")
	f.BoolVar(&o.nvr, "nvr", false, "the arguments are builds")
	f.StringArrayVarP(&o.match, "match", "m", nil, "only logs whose name matches `PATTERN` (repeatable)")
	f.BoolVarP(&o.again, "continue", "c", false, "fetch only what is missing of logs that are here")
	f.StringVarP(&o.dir, "dir", "d", "kojilogs", "the `DIRECTORY` to write to")
	return withQuiet(env, cmd)
}

func (o *downloadLogsOptions) run(ctx context.Context, args []string) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	for _, arg := range args {
		if !o.nvr {
			ids, err := taskIDs([]string{arg})
			if err != nil {
				return err
			}
			if err := o.save(ctx, s, ids[0], o.dir, ""); err != nil {
				return err
			}
			continue
		}
		b, err := lookBuild(ctx, s, arg)
		switch {
		case err != nil:
			return err
		case b == nil:
			return failf("No such build: %s", arg)
		case b.TaskID == nil:
			return failf("Build %s has no task, so no logs of one", b.NVR)
		}
		if err := o.save(ctx, s, *b.TaskID, o.dir, b.NVR); err != nil {
			return err
		}
	}
	return nil
}

// save writes a task's logs to a directory of its own below parent.
func (o *downloadLogsOptions) save(ctx context.Context, s *koji.Session, id int64, parent, name string) error {
	task, err := needTask(ctx, s, id, false)
	if err != nil {
		return err
	}
	if name == "" {
		name = fmt.Sprintf("%s-%d", task.Arch, id)
	}
	dir := filepath.Join(parent, path.Base("/"+name))
	logs, err := taskLogs(ctx, s, id)
	if err != nil {
		return err
	}
	for _, l := range logs {
		matches := func(pattern string) bool { return fnmatch.Match(pattern, l.name) }
		if len(o.match) > 0 && !slices.ContainsFunc(o.match, matches) {
			continue
		}
		if err := o.log(ctx, s, id, l, dir); err != nil {
			return err
		}
	}
	if task.State == koji.TaskFailed {
		if err := o.writeFault(ctx, s, id, dir); err != nil {
			return err
		}
	}
	if !o.recurse {
		return nil
	}
	var children []koji.Task
	if err := s.Call(ctx, "getTaskChildren", &children, id); err != nil {
		return err
	}
	for _, c := range children {
		if err := o.save(ctx, s, c.ID, dir, ""); err != nil {
			return err
		}
	}
	return nil
}

// log fetches one log by pieces, with --continue from where the file ends.
func (o *downloadLogsOptions) log(ctx context.Context, s *koji.Session, id int64, l taskLog, dir string) error {
	if l.volume != "DEFAULT" && l.volume != "" {
		dir = filepath.Join(dir, "vol_"+path.Base("/"+l.volume))
	}
	if strings.ContainsAny(l.name, "/\x00") {
		return failf("Refusing to write the log named %q", l.name)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	file := filepath.Join(dir, l.name)
	flags := os.O_WRONLY | os.O_CREATE
	if !o.again {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o666)
	if err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	if at > 0 {
		o.env.say("Continuing: %s", file)
	} else {
		o.env.say("Writing: %s", file)
	}
	const piece = 1 << 20
	for {
		data, err := s.DownloadTaskOutput(ctx, id, l.name, at, piece, l.volume)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return f.Close()
		}
		if _, err := f.Write(data); err != nil {
			return fmt.Errorf("save logs: %w", err)
		}
		at += int64(len(data))
	}
}

// writeFault keeps why a task failed beside its logs.
func (o *downloadLogsOptions) writeFault(ctx context.Context, s *koji.Session, id int64, dir string) error {
	f, err := taskFault(ctx, s, id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	file := filepath.Join(dir, "task_failed.log")
	o.env.say("Writing: %s", file)
	if err := os.WriteFile(file, []byte(fmt.Sprintf("%s: %s\n", f.class, f.text)), 0o666); err != nil {
		return fmt.Errorf("save logs: %w", err)
	}
	return nil
}
