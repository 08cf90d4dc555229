package kojid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"koji"
	"koji/internal/xmlrpc"
)

// workerUnheard is the exit code of a worker that could not tell the hub how
// its task ended.
const workerUnheard = 3

// errCanceled ends a task that was taken from us: nothing is reported.
var errCanceled = errors.New("the task was taken from this worker")

// workerMain is the life of a worker: one task, from the order on stdin to the
// report to the hub.
func workerMain(ctx context.Context, stdio Stdio) int {
	in := json.NewDecoder(stdio.In)
	var o order
	if err := in.Decode(&o); err != nil {
		return workerUnheard // the builder died before it could say anything
	}
	log := slog.New(slog.NewTextHandler(stdio.Err, nil)).With("task", o.Task.ID, "method", o.Task.Method)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &Task{taskRecord: o.Task, cfg: &o.Config, host: o.Host, log: log, woken: make(chan struct{}, 1)}
	go func() {
		for {
			var s message
			// The end of the pipe is the end of the builder.
			if err := in.Decode(&s); err != nil || s.Cancel {
				cancel(errCanceled)
				return
			}
			if s.Wake {
				t.wake()
			}
		}
	}()
	if err := t.connect(o.Session); err != nil {
		log.Error("connect to the hub", "error", err)
		return workerUnheard
	}
	defer t.hub.Close()
	result, err := t.carryOut(ctx)
	if ctx.Err() != nil {
		return exitOK
	}
	if err := t.report(ctx, result, err); err != nil {
		if ctx.Err() != nil {
			return exitOK
		}
		log.Error("report the task's end", "error", err)
		return workerUnheard
	}
	return exitOK
}

func (t *Task) connect(info koji.SessionInfo) error {
	o := t.cfg.session()
	o.Logger = t.log
	s, err := koji.New(o)
	if err != nil {
		return err
	}
	s.Resume(info)
	t.hub = s
	return nil
}

// carryOut runs the handler in a fresh work area. A panic is an error that
// tells the hub no more than that; what led to it is in the builder's log.
func (t *Task) carryOut(ctx context.Context) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("handler panicked", "panic", p, "stack", string(debug.Stack()))
			result, err = nil, fmt.Errorf("internal error in the handler of %s, see the log of %s", t.Method, t.host.Name)
		}
	}()
	h, ok := handlersByMethod()[t.Method]
	if !ok {
		return nil, &refusal{msg: "no handler for method " + t.Method}
	}
	_, params, err := xmlrpc.UnmarshalCall([]byte(t.Request))
	if err != nil {
		return nil, koji.NewError(koji.CodeParameter, "the task's request can't be read: "+err.Error())
	}
	t.request = params
	t.dir = t.cfg.taskDir(t.ID)
	if err := errors.Join(removeBuildroots(ctx, t.cfg, t.ID), os.RemoveAll(t.dir)); err != nil {
		return nil, fmt.Errorf("empty the work area: %w", err)
	}
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the work area: %w", err)
	}
	defer func() {
		if t.cfg.KeepTasks {
			return
		}
		if rerr := removeTaskDir(t.cfg, t.ID); rerr != nil {
			t.log.Error("remove the work area", "error", rerr)
		}
	}()
	return h.run(ctx, t)
}

// report tells the hub how the task ended.
func (t *Task) report(ctx context.Context, result any, err error) error {
	var refused *refusal
	var call func() error
	switch {
	case err == nil:
		doc, merr := xmlrpc.MarshalResponse(result)
		if merr != nil {
			return fmt.Errorf("write the result: %w", merr)
		}
		call = func() error { return t.hub.Call(ctx, "host.closeTask", nil, t.ID, string(doc)) }
	case errors.As(err, &refused):
		t.log.Warn("task refused", "why", refused.msg, "soft", refused.soft)
		call = func() error { return t.hub.Call(ctx, "host.refuseTask", nil, t.ID, refused.soft, refused.msg) }
	default:
		t.log.Warn("task failed", "error", err)
		call = func() error { return t.hub.Call(ctx, "host.failTask", nil, t.ID, faultDocument(err)) }
	}
	rerr := call()
	if errors.Is(rerr, koji.ErrRetry) {
		return nil // the hub has it, only its answer was lost
	}
	return rerr
}

// faultDocument is what a failed task leaves: a fault of the hub's or ours as it
// is, anything else under code 1. There is no stack in it.
func faultDocument(err error) string {
	f := xmlrpc.Fault{Code: int(koji.CodeOther), String: err.Error()}
	var fault *koji.Error
	if errors.As(err, &fault) {
		f.Code = int(fault.Code)
	}
	doc, merr := xmlrpc.MarshalFault(f)
	if merr != nil { // not for any text
		doc, _ = xmlrpc.MarshalFault(xmlrpc.Fault{Code: f.Code, String: "the error can't be written"})
	}
	return string(doc)
}
