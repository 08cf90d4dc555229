package sqlstore

import (
	"context"
	"iter"
	"maps"
)

// The scheduler's records as clients may ask for them. "*" gives the host's
// name too, "**" the task's fields.

// schedulerView is a view of records that have a task and a host.
func schedulerView(name, from string, own map[string]viewField, standard ...string) *view {
	v := &view{
		name: name, from: from + ` LEFT JOIN host h ON h.id = r.host_id`, standard: standard,
		fields: map[string]viewField{
			"id": {column: "r.id"}, "task_id": {column: "r.task_id"}, "host_id": {column: "r.host_id"},
			"host_name": {column: "h.name", kind: viewText}, "host_ready": {column: "h.ready", kind: viewBool},
			"method": {column: "t.method", kind: viewText, join: "task"}, "state": {column: "t.state", join: "task"},
			"owner": {column: "t.owner", join: "task"}, "arch": {column: "t.arch", kind: viewText, join: "task"},
			"channel_id":    {column: "t.channel_id", join: "task"},
			"start_ts":      {column: "t.start_time", kind: viewSeconds, join: "task"},
			"completion_ts": {column: "t.completion_time", kind: viewSeconds, join: "task"},
		},
		joins: map[string]string{
			"task": ` LEFT JOIN task t ON t.id = r.task_id`,
		},
	}
	maps.Copy(v.fields, own)
	return v
}

// QueryTaskRuns answers scheduler.getTaskRuns: what was assigned.
func (tx *Tx) QueryTaskRuns(ctx context.Context, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	return tx.ask(ctx, schedulerView("scheduler.getTaskRuns", "scheduler_task_runs r", map[string]viewField{
		"active": {column: "r.active", kind: viewBool}, "create_ts": {column: "r.create_time", kind: viewSeconds},
	}, "id", "task_id", "host_id", "active", "create_ts"), q)
}

// QueryTaskRefusals answers scheduler.getTaskRefusals: who won't take what.
func (tx *Tx) QueryTaskRefusals(ctx context.Context, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	return tx.ask(ctx, schedulerView("scheduler.getTaskRefusals", "scheduler_task_refusals r", map[string]viewField{
		"by_host": {column: "r.by_host", kind: viewBool}, "soft": {column: "r.soft", kind: viewBool},
		"msg": {column: "r.msg", kind: viewText}, "ts": {column: "r.time", kind: viewSeconds}, "time": {column: "r.time", kind: viewTime},
	}, "id", "task_id", "host_id", "by_host", "soft", "msg", "ts"), q)
}

// QuerySchedulerLog answers scheduler.getLogMessages: what the scheduler noted.
func (tx *Tx) QuerySchedulerLog(ctx context.Context, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	return tx.ask(ctx, schedulerView("scheduler.getLogMessages", "scheduler_log_messages r", map[string]viewField{
		"msg": {column: "r.msg", kind: viewText}, "msg_ts": {column: "r.msg_time", kind: viewSeconds}, "msg_time": {column: "r.msg_time", kind: viewTime},
	}, "id", "task_id", "host_id", "msg_ts", "msg"), q)
}
