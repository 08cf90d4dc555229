package kojid

import (
	"context"
	"fmt"
	"slices"
	"time"

	"koji"
)

// subtask is what a task asks others to do.
type subtask struct {
	method string
	args   []any
	label  string // a name among the parent's subtasks: asked twice, it is made once
	arch   string // the parent's if empty
}

// start makes a subtask and returns its id.
func (t *Task) start(ctx context.Context, s subtask) (int64, error) {
	opts := koji.Named{}
	if s.label != "" {
		opts["label"] = s.label
	}
	if s.arch != "" {
		opts["arch"] = s.arch
	}
	var id int64
	if err := t.call(ctx, "host.subtask", &id, s.method, s.args, t.ID, opts); err != nil {
		return 0, err
	}
	return id, nil
}

// waiting is how to wait for subtasks. The zero value waits for all of them.
type waiting struct {
	failFast bool    // one that fails ends the others
	canFail  []int64 // these may fail: their result is the fault as a struct
}

// recheck is how often subtasks are looked at without being told to.
const recheck = 30 * time.Second

// wait waits until subtasks are finished and gives their results by id. The
// failure of one that may not fail is the error, with its code and text.
func (t *Task) wait(ctx context.Context, ids []int64, w waiting) (map[int64]any, error) {
	if err := t.call(ctx, "host.taskSetWait", nil, t.ID, anys(ids)); err != nil {
		return nil, err
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	seen := map[int64]bool{}
	for {
		var state [][]int64
		if err := t.call(ctx, "host.taskWait", &state, t.ID); err != nil {
			return nil, err
		}
		if len(state) != 2 {
			return nil, fmt.Errorf("wait for subtasks: the hub gives %d lists of tasks instead of two", len(state))
		}
		finished, unfinished := state[0], state[1]
		if w.failFast && len(unfinished) > 0 {
			for _, id := range finished {
				if seen[id] || slices.Contains(w.canFail, id) {
					continue
				}
				seen[id] = true
				if err := t.hub.Call(ctx, "getTaskResult", nil, id); err != nil {
					return nil, t.endOthers(ctx, err)
				}
			}
		}
		if len(unfinished) == 0 {
			return t.results(ctx, ids, w.canFail)
		}
		select {
		case <-t.woken:
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// endOthers cancels the subtasks that still run, and returns why.
func (t *Task) endOthers(ctx context.Context, why error) error {
	if err := t.call(ctx, "cancelTaskChildren", nil, t.ID); err != nil {
		t.log.Warn("cancel the other subtasks", "error", err)
	}
	return why
}

func (t *Task) results(ctx context.Context, ids, canFail []int64) (map[int64]any, error) {
	var pairs [][]any
	if err := t.call(ctx, "host.taskWaitResults", &pairs, t.ID, anys(ids), koji.Named{"canfail": anys(canFail)}); err != nil {
		return nil, err
	}
	results := map[int64]any{}
	for _, p := range pairs {
		if len(p) == 2 {
			if id, ok := p[0].(int64); ok {
				results[id] = p[1]
			}
		}
	}
	for _, id := range ids {
		if _, ok := results[id]; !ok {
			return nil, fmt.Errorf("wait for subtasks: the hub gives no result of task %d", id)
		}
	}
	return results, nil
}

// ask makes a subtask, waits for it and reads its result.
func (t *Task) ask(ctx context.Context, s subtask, result any) error {
	id, err := t.start(ctx, s)
	if err != nil {
		return err
	}
	results, err := t.wait(ctx, []int64{id}, waiting{})
	if err != nil || result == nil {
		return err
	}
	if err := convert(results[id], result); err != nil {
		return fmt.Errorf("read the result of task %d: %w", id, err)
	}
	return nil
}

// wake makes wait look again.
func (t *Task) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

func anys(ids []int64) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}
