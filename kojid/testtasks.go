package kojid

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"koji"
)

// The methods in this file are there to try a hub and its builders out.

func runSleep(ctx context.Context, t *Task) (any, error) {
	var p struct {
		N float64 `xmlrpc:"n"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	return nil, sleep(ctx, p.N)
}

func sleep(ctx context.Context, seconds float64) error {
	if !(seconds > 0) {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(seconds * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// runFork makes n sleep tasks and doesn't wait for them.
func runFork(ctx context.Context, t *Task) (any, error) {
	var p struct {
		N int64 `xmlrpc:"n"`
		M int64 `xmlrpc:"m"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	for range p.N {
		if _, err := t.start(ctx, subtask{method: "sleep", args: []any{p.M}}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// runSubtask makes a task of its own kind with n-1, and waits for it.
func runSubtask(ctx context.Context, t *Task) (any, error) {
	var p struct {
		N int64 `xmlrpc:"n"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	if p.N > 0 {
		if err := t.ask(ctx, subtask{method: "subtask", args: []any{p.N - 1}, label: "foo"}, nil); err != nil {
			return nil, err
		}
	}
	return p.N, nil
}

// runWaittest waits for count sleep tasks of about so many seconds.
func runWaittest(ctx context.Context, t *Task) (any, error) {
	var p struct {
		Count   int64   `xmlrpc:"count"`
		Seconds float64 `xmlrpc:"seconds"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	var ids []int64
	for i := range p.Count {
		id, err := t.start(ctx, subtask{method: "sleep", args: []any{p.Seconds * (0.5 + rand.Float64())}, label: fmt.Sprintf("task %d", i)})
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	results, err := t.wait(ctx, ids, waiting{failFast: true})
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, id := range ids {
		list = append(list, []any{id, results[id]})
	}
	return list, nil
}

func runSomeMethod(context.Context, *Task) (any, error) { return 42, nil }

// runDefault is for a task whose method is really "default".
func runDefault(context.Context, *Task) (any, error) {
	return nil, koji.NewError(koji.CodeGeneric, "Invalid method: default")
}
