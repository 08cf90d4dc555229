package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type downloadTaskOptions struct {
	downloadOptions
	arches, filter, skip              []string
	logs, all, dirPerTask, parentOnly bool
	wait                              waitOption
}

// newDownloadTaskCommand is koji download-task.
func newDownloadTaskCommand(env *Env) *cobra.Command {
	o := &downloadTaskOptions{downloadOptions: downloadOptions{env: env}}
	cmd := &cobra.Command{
		Use: "download-task <task_id>", Short: "Fetch what a task and its subtasks made", GroupID: download,
		Long: "Fetches rpms unless told otherwise. What is here already, or half, isn't fetched again.\n" +
			"Files are checked for the size that the hub tells, and rpms against the digest in them.",
		Example: "koji download-task --arch x86_64 --logs 1234", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.arches, "arch", nil, "only files of this arch (repeatable)")
	f.BoolVar(&o.logs, "logs", false, "with logs")
	o.flags(f)
	o.wait.flags(f)
	f.BoolVar(&o.all, "all", false, "all files, not only rpms")
	f.BoolVar(&o.dirPerTask, "dirpertask", false, "a directory for each task")
	f.BoolVar(&o.parentOnly, "parentonly", false, "not those of subtasks")
	f.StringArrayVar(&o.filter, "filter", nil, "only files whose names match this `REGEXP` (repeatable)")
	f.StringArrayVar(&o.skip, "skip", nil, "no files whose names match this `REGEXP` (repeatable)")
	return quick(env, cmd)
}

func (o *downloadTaskOptions) run(ctx context.Context, arg string) error {
	ids, err := taskIDs([]string{arg})
	if err != nil {
		return err
	}
	filter, err := regexps(o.filter)
	if err != nil {
		return err
	}
	skip, err := regexps(o.skip)
	if err != nil {
		return err
	}
	s, top, err := o.open(ctx)
	if err != nil {
		return err
	}
	task, err := o.finished(ctx, s, ids[0])
	if err != nil {
		return err
	}
	tasks, err := o.tasks(ctx, s, task)
	if err != nil {
		return err
	}
	var files []remoteFile
	for _, t := range tasks {
		found, err := o.files(ctx, s, t, top)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	files = slices.DeleteFunc(files, func(f remoteFile) bool {
		name := filepath.Base(f.path)
		return len(filter) > 0 && !matchesAny(filter, name) || matchesAny(skip, name)
	})
	if len(files) == 0 {
		return failf("No files to download for task %d", task.ID)
	}
	files = apart(files)
	return fetchAll(ctx, o.env, s, files, !o.noprogress)
}

// apart leaves one of rpms that are the same, as the source rpm is that comes from
// several tasks, and gives other files of one name a directory each.
func apart(files []remoteFile) []remoteFile {
	slices.SortStableFunc(files, func(a, b remoteFile) int { return cmp.Compare(a.local, b.local) })
	files = slices.CompactFunc(files, func(a, b remoteFile) bool { return a.local == b.local && strings.HasSuffix(a.local, ".rpm") })
	for i, last := 1, files[0].local; i < len(files); i++ {
		if files[i].local == last {
			task := filepath.Base(filepath.Dir(files[i].path))
			files[i].local = filepath.Join(task, files[i].local)
		} else {
			last = files[i].local
		}
	}
	return files
}

func regexps(texts []string) ([]*regexp.Regexp, error) {
	list := make([]*regexp.Regexp, len(texts))
	for i, text := range texts {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, usagef("%v", err)
		}
		list[i] = re
	}
	return list, nil
}

func matchesAny(list []*regexp.Regexp, name string) bool {
	return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(name) })
}

// finished is the task once it has ended well. It is waited for if that is wanted.
func (o *downloadTaskOptions) finished(ctx context.Context, s *koji.Session, id int64) (*koji.Task, error) {
	task, err := needTask(ctx, s, id, false)
	if err != nil {
		return nil, err
	}
	if !task.Finished() && o.wait.wants(o.env) {
		if err := watchTasks(ctx, o.env, []int64{id}); err != nil {
			return nil, err
		}
		if task, err = needTask(ctx, s, id, false); err != nil {
			return nil, err
		}
	}
	switch {
	case task.State == koji.TaskClosed:
		return task, nil
	case task.State == koji.TaskCanceled:
		return nil, failf("Task %d was canceled", id)
	case task.State == koji.TaskFailed:
		return nil, failf("Task %d has failed, koji download-logs fetches its logs", id)
	}
	return nil, failf("Task %d has not finished yet", id)
}

// tasks are the task and all below it.
func (o *downloadTaskOptions) tasks(ctx context.Context, s *koji.Session, task *koji.Task) ([]koji.Task, error) {
	tasks := []koji.Task{*task}
	if o.parentOnly {
		return tasks, nil
	}
	var below map[string][]koji.Task
	if err := s.Call(ctx, "getTaskDescendents", &below, task.ID); err != nil {
		return nil, err
	}
	for _, id := range sortedKeys(below) {
		for _, t := range below[id] {
			if t.ID != task.ID {
				tasks = append(tasks, t)
			}
		}
	}
	slices.SortStableFunc(tasks[1:], func(a, b koji.Task) int { return cmp.Compare(a.ID, b.ID) })
	return tasks, nil
}

// files are those of one task that are wanted.
func (o *downloadTaskOptions) files(ctx context.Context, s *koji.Session, task koji.Task, top koji.Paths) ([]remoteFile, error) {
	output := map[string]map[string]struct { // by name and volume
		Size string `xmlrpc:"st_size"`
	}{}
	if err := s.Call(ctx, "listTaskOutput", &output, task.ID, koji.Named{"stat": true, "all_volumes": true}); err != nil {
		return nil, err
	}
	var files []remoteFile
	for _, name := range sortedKeys(output) {
		if !filepath.IsLocal(name) {
			return nil, failf("Refusing to write the file named %q", name)
		}
		if !o.wants(name, task) {
			continue
		}
		for _, volume := range sortedKeys(output[name]) {
			f := remoteFile{path: top.Task(volume, task.ID) + "/" + name, local: o.local(name, task)}
			if size, err := strconv.ParseInt(output[name][volume].Size, 10, 64); err == nil {
				f.check = outputCheck(size)
			}
			if volume != "DEFAULT" && volume != "" {
				if !filepath.IsLocal(volume) {
					return nil, failf("Refusing to write to the volume named %q", volume)
				}
				f.local = filepath.Join("vol_"+volume, f.local)
			}
			files = append(files, f)
		}
	}
	return files, nil
}

// wants reports whether a file is of a kind and an arch that is asked for.
func (o *downloadTaskOptions) wants(name string, task koji.Task) bool {
	isLog := strings.HasSuffix(name, ".log")
	arch := task.Arch
	switch n, err := koji.ParseNVRA(strings.TrimSuffix(filepath.Base(name), ".rpm")); {
	case strings.HasSuffix(name, ".rpm") && err == nil:
		arch = n.Arch
	case isLog && !o.logs && !o.all, !isLog && !o.all:
		return false
	}
	return len(o.arches) == 0 || slices.Contains(o.arches, arch)
}

// local is the name that a file gets. Each task has a build.log, so logs are
// told apart by their arch, or each task has a directory.
func (o *downloadTaskOptions) local(name string, task koji.Task) string {
	if o.dirPerTask {
		return filepath.Join(strconv.FormatInt(task.ID, 10), name)
	}
	if base, isLog := strings.CutSuffix(name, ".log"); isLog {
		return fmt.Sprintf("%s.%s.log", base, task.Arch)
	}
	return name
}
