package hubd

import (
	"path"

	"koji"
)

// taskResults is what a builder says that a subtask brought: the values of
// buildMaven, vmExec, the image tasks and wrapperRPM have these in common.
// Koji: reference/tasks.md §2.
type taskResults struct {
	task   int64
	values map[string]any
	logs   []string // below the task's output
}

// resultsOf reads an argument that holds such results.
func resultsOf(name string, v any) (r taskResults, err error) {
	values, ok := v.(map[string]any)
	if !ok {
		return r, fault(koji.CodeParameter, "%s: invalid type %s, want a struct", name, typeName(v))
	}
	r.values = values
	if r.task, err = intArg(name+": task_id", values["task_id"]); err != nil {
		return r, err
	}
	r.logs, err = r.names("logs")
	return r, err
}

// names are the files that a member lists, as they are called below the task's output.
func (r *taskResults) names(key string) ([]string, error) { return fileNames(key, r.values[key]) }

func fileNames(key string, v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, fault(koji.CodeParameter, "%s: invalid type %s, want an array", key, typeName(v))
	}
	names := make([]string, 0, len(list))
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil, fault(koji.CodeParameter, "%s: invalid type %s, want a string", key, typeName(item))
		}
		if !plainPath(name) {
			return nil, refuse("%s: invalid path: %q", key, name)
		}
		names = append(names, name)
	}
	return names, nil
}

// path is where an upload lies below work/.
func (r *taskResults) path(name string) string { return path.Join(koji.TaskRelPath(r.task), name) }

// take opens a file of the results.
func (r *taskResults) take(in *intake, name string, tasks map[int64]bool) (*upload, error) {
	return in.take(r.path(name), tasks)
}

// addLogs gathers the logs below a folder, keeping the folders in which they lie.
func (r *taskResults) addLogs(in *intake, below string, tasks map[int64]bool) error {
	return r.addFiles(in, r.logs, below, tasks)
}

// addFiles gathers files of the results below a folder.
func (r *taskResults) addFiles(in *intake, names []string, below string, tasks map[int64]bool) error {
	for _, name := range names {
		u, err := r.take(in, name, tasks)
		if err != nil {
			return err
		}
		if err := in.add(u, path.Join(below, name)); err != nil {
			return err
		}
	}
	return nil
}

// needKnownType refuses a file of a kind that isn't known, before anything is done with it.
func (ai *archiveImport) needKnownType(name string) error {
	kind, err := archiveTypeOf(ai.types, path.Base(name))
	if err == nil && kind == nil {
		err = fault(koji.CodeBuild, "unsupported file type: %s", name)
	}
	return err
}
