package kojid

import (
	"context"
	"fmt"
	"time"

	"koji"
)

// runDependantTask waits for tasks of others, then makes its own and waits for
// them.
func runDependantTask(ctx context.Context, t *Task) (any, error) {
	var p struct {
		Wait  []int64 `xmlrpc:"wait_list"`
		Tasks [][]any `xmlrpc:"task_list"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	if err := t.waitForOthers(ctx, p.Wait); err != nil {
		return nil, err
	}
	var ids []int64
	for _, call := range p.Tasks {
		if len(call) < 2 {
			return nil, koji.NewError(koji.CodeParameter, "task_list: each element is [method, args, opts]")
		}
		method, isText := call[0].(string)
		args, isList := call[1].([]any)
		if !isText || !isList {
			return nil, koji.NewError(koji.CodeParameter, "task_list: each element is [method, args, opts]")
		}
		opts := koji.Named{}
		if len(call) > 2 {
			m, _ := call[2].(map[string]any)
			for k, v := range m {
				opts[k] = v
			}
		}
		var id int64
		if err := t.hub.Call(ctx, "host.subtask", &id, method, args, t.ID, opts); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	_, err := t.wait(ctx, ids, waiting{failFast: true})
	return nil, err
}

// waitForOthers waits for tasks that aren't ours. The hub doesn't wake us for
// them, so they are looked at every second.
func (t *Task) waitForOthers(ctx context.Context, ids []int64) error {
	for len(ids) > 0 {
		var rest []int64
		for _, id := range ids {
			var other *koji.Task
			if err := t.call(ctx, "getTaskInfo", &other, id); err != nil {
				return err
			}
			switch {
			case other == nil || other.State == koji.TaskFailed || other.State == koji.TaskCanceled:
				return koji.NewError(koji.CodeGeneric, fmt.Sprintf("Dependency %d failed to complete.", id))
			case !other.Finished():
				rest = append(rest, id)
			}
		}
		if ids = rest; len(ids) > 0 {
			if err := sleep(ctx, time.Second.Seconds()); err != nil {
				return err
			}
		}
	}
	return nil
}
