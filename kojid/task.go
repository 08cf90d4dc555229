package kojid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"koji"
	"koji/internal/xmlrpc"
)

// Task is a task in its worker: what a handler works with.
type Task struct {
	taskRecord
	cfg  *Config
	host koji.Host
	hub  *koji.Session
	log  *slog.Logger
	dir  string // work area, empty at first

	request []any
	woken   chan struct{}
}

// handler carries out the tasks of one method.
type handler struct {
	method string
	weight float64
	run    func(ctx context.Context, t *Task) (any, error)
}

// handlers are all there are, a file for each.
func handlers() []handler {
	return []handler{
		{"build", 0.2, runBuild},
		{"buildArch", 1.5, runBuildArch},
		{"rebuildSRPM", 1, runRebuildSRPM},
		{"tagBuild", 1, runTagBuild},
		{"newRepo", 0.1, runNewRepo},
		{"createrepo", 1.5, runCreaterepo},
		{"waitrepo", 0.2, runWaitrepo},
		{"buildNotification", 0.1, runBuildNotification},
		{"tagNotification", 0.1, runTagNotification},
		{"dependantTask", 0.2, runDependantTask},
		{"sleep", 0.25, runSleep},
		{"fork", 1, runFork},
		{"subtask", 0.1, runSubtask},
		{"waittest", 0.1, runWaittest},
		{"someMethod", 1, runSomeMethod},
		{"default", 0.1, runDefault},
	}
}

func handlersByMethod() map[string]handler {
	m := map[string]handler{}
	for _, h := range handlers() {
		m[h.method] = h
	}
	return m
}

// refusal is an error of a handler that can't carry out the task here; another
// host may. A hard refusal is for good, a soft one for a while.
type refusal struct {
	soft bool
	msg  string
}

func (r *refusal) Error() string { return r.msg }

// buildError is a fault of Koji's BuildError.
func buildError(format string, args ...any) error {
	return koji.NewError(koji.CodeBuild, fmt.Sprintf(format, args...))
}

// params reads the parameters into a struct whose tags are their names. A value
// of the wrong type is a fault.
func (t *Task) params(into any) error {
	named, err := koji.ParseTaskParams(t.Method, t.request)
	if err != nil {
		return err
	}
	return convert(named, into)
}

// convert reads an untyped value into a typed one.
func convert(v, into any) error {
	doc, err := xmlrpc.MarshalResponse(v)
	if err == nil {
		err = xmlrpc.UnmarshalResponse(doc, into)
	}
	if err != nil {
		return koji.NewError(koji.CodeParameter, "wrong parameters: "+err.Error())
	}
	return nil
}

// call calls a method that may be called twice with the effect of once. When
// the hub had carried it out and the answer was lost, it is called again.
func (t *Task) call(ctx context.Context, method string, result any, args ...any) error {
	err := t.hub.Call(ctx, method, result, args...)
	if errors.Is(err, koji.ErrRetry) {
		err = t.hub.Call(ctx, method, result, args...)
	}
	return err
}

// do calls a method that is to be called once and whose answer doesn't matter.
func (t *Task) do(ctx context.Context, method string, args ...any) error {
	err := t.hub.Call(ctx, method, nil, args...)
	if errors.Is(err, koji.ErrRetry) {
		return nil
	}
	return err
}

// uploadDir is where the task's files are at the hub, below work/.
func (t *Task) uploadDir() string { return koji.TaskRelPath(t.ID) }

// upload sends a file of the work area and returns its path below work/.
func (t *Task) upload(ctx context.Context, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	defer f.Close()
	name := filepath.Base(file)
	// Overwrite: an earlier try of this task may have got as far.
	if err := t.hub.Upload(ctx, t.uploadDir(), name, f, koji.UploadOptions{Overwrite: true}); err != nil {
		return "", err
	}
	return path.Join(t.uploadDir(), name), nil
}

// fetch gives a local path of a file of the hub's tree: the file itself where
// the tree is mounted, else a copy in the work area.
func (t *Task) fetch(ctx context.Context, rel string) (string, error) {
	clean := path.Clean("/" + rel)[1:]
	if clean != rel || clean == "" {
		return "", koji.NewError(koji.CodeParameter, fmt.Sprintf("%q is no path below the hub's files", rel))
	}
	mounted := filepath.Join(t.cfg.TopDir, rel)
	if f, err := os.Open(mounted); err == nil {
		f.Close()
		return mounted, nil
	}
	local := filepath.Join(t.dir, "fetched", rel)
	if err := os.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return "", err
	}
	if err := t.hub.Download(ctx, rel, local, koji.DownloadOptions{}); err != nil {
		return "", err
	}
	return local, nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
