package sqlstore

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"koji"
)

// QueuedTask is a task as the scheduler weighs it: FREE, or on a host.
type QueuedTask struct {
	ID       int64
	State    koji.TaskState
	Channel  int64
	Host     int64 // 0 when it has none
	Arch     string
	Priority int64
	Weight   float64
	Waiting  bool
	Owner    int64
	Method   string
	Assigned time.Time // of its active run; zero when it has none
}

const queuedColumns = `t.id, t.state, t.channel_id, coalesce(t.host_id, 0), t.arch, coalesce(t.priority, 20), t.weight, coalesce(t.waiting, FALSE), t.owner, coalesce(t.method, '')`

func scanQueued(row scanner) (QueuedTask, error) {
	var t QueuedTask
	var assigned stamp
	err := row.Scan(&t.ID, &t.State, &t.Channel, &t.Host, &t.Arch, &t.Priority, &t.Weight, &t.Waiting, &t.Owner, &t.Method, &assigned)
	t.Assigned = assigned.Time
	return t, err
}

// FreeTasks are the tasks that wait for a host, the most urgent first.
func (tx *Tx) FreeTasks(ctx context.Context, limit int) ([]QueuedTask, error) {
	l, err := list(ctx, tx, `SELECT `+queuedColumns+`, NULL FROM task t WHERE t.state = 0
		ORDER BY t.priority, t.create_time, t.id LIMIT 0+?`, []any{limit}, scanQueued)
	return l, wrap(err, "list free tasks")
}

// ActiveTasks are the tasks that are assigned or open, with the time of the
// scheduler's run that put them there.
func (tx *Tx) ActiveTasks(ctx context.Context) ([]QueuedTask, error) {
	l, err := list(ctx, tx, `SELECT `+queuedColumns+`,
		(SELECT max(r.create_time) FROM scheduler_task_runs r WHERE r.task_id = t.id AND r.active = TRUE)
		FROM task t WHERE t.state IN (1, 4) ORDER BY t.id`, nil, scanQueued)
	return l, wrap(err, "list active tasks")
}

// SchedulerHost is a host that may get tasks.
type SchedulerHost struct {
	ID       int64
	Name     string
	Arches   string // separated by spaces
	Capacity float64
	Ready    bool
	Updated  time.Time // zero when it never checked in
	Channels []int64   // those that are enabled
	MaxJobs  int64     // 0 when the host didn't say
}

// SchedulerHosts are the enabled hosts with their enabled channels.
func (tx *Tx) SchedulerHosts(ctx context.Context) ([]SchedulerHost, error) {
	hosts, err := list(ctx, tx, `
		SELECT h.id, h.name, coalesce(c.arches, ''), c.capacity, h.ready, h.update_time, d.data
		FROM host h
		JOIN host_config c ON c.host_id = h.id AND c.active = TRUE AND c.enabled = TRUE
		LEFT JOIN scheduler_host_data d ON d.host_id = h.id
		ORDER BY h.id`, nil, func(row scanner) (SchedulerHost, error) {
		var h SchedulerHost
		var updated stamp
		var data []byte
		if err := row.Scan(&h.ID, &h.Name, &h.Arches, &h.Capacity, &h.Ready, &updated, &data); err != nil {
			return h, err
		}
		h.Updated = updated.Time
		var told struct {
			MaxJobs int64 `json:"maxjobs"`
		}
		if json.Unmarshal(data, &told) == nil { // what a host says wrongly counts as not said
			h.MaxJobs = told.MaxJobs
		}
		return h, nil
	})
	if err != nil {
		return nil, wrap(err, "list hosts to schedule")
	}
	at := make(map[int64]int, len(hosts))
	for i := range hosts {
		at[hosts[i].ID] = i
	}
	type link struct{ host, channel int64 }
	links, err := list(ctx, tx, `SELECT hc.host_id, hc.channel_id FROM host_channels hc
		JOIN channels c ON c.id = hc.channel_id AND c.enabled = TRUE
		WHERE hc.active = TRUE ORDER BY hc.host_id, hc.channel_id`, nil, func(row scanner) (link, error) {
		var l link
		err := row.Scan(&l.host, &l.channel)
		return l, err
	})
	if err != nil {
		return nil, wrap(err, "list channels of hosts")
	}
	for _, l := range links {
		if i, ok := at[l.host]; ok {
			hosts[i].Channels = append(hosts[i].Channels, l.channel)
		}
	}
	return hosts, nil
}

// ChannelHosts are the enabled hosts of a channel; only ID, Name and Arches are set.
func (tx *Tx) ChannelHosts(ctx context.Context, channel int64) ([]SchedulerHost, error) {
	l, err := list(ctx, tx, `
		SELECT h.id, h.name, coalesce(c.arches, '') FROM host h
		JOIN host_config c ON c.host_id = h.id AND c.active = TRUE AND c.enabled = TRUE
		JOIN host_channels hc ON hc.host_id = h.id AND hc.active = TRUE
		WHERE hc.channel_id = ? ORDER BY h.id`, []any{channel}, func(row scanner) (SchedulerHost, error) {
		var h SchedulerHost
		err := row.Scan(&h.ID, &h.Name, &h.Arches)
		return h, err
	})
	return l, wrap(err, "list hosts of channel %d", channel)
}

// UpdateHost stores a host's heartbeat and says whether anything but the time changed.
func (tx *Tx) UpdateHost(ctx context.Context, host int64, load float64, ready bool) (changed bool, err error) {
	n, err := tx.exec(ctx, `UPDATE host SET update_time = ? WHERE id = ? AND task_load = ? AND ready = ?`, tx.now, host, load, ready)
	if err != nil || n > 0 {
		return false, wrap(err, "update host %d", host)
	}
	n, err = tx.exec(ctx, `UPDATE host SET task_load = ?, ready = ?, update_time = ? WHERE id = ?`, load, ready, tx.now, host)
	return n > 0, wrap(err, "update host %d", host)
}

// SetHostReady changes whether a host wants tasks.
func (tx *Tx) SetHostReady(ctx context.Context, host int64, ready bool) error {
	_, err := tx.exec(ctx, `UPDATE host SET ready = ? WHERE id = ?`, ready, host)
	return wrap(err, "set host %d ready", host)
}

// SetHostData stores what a host tells the scheduler, as JSON, and says
// whether that is something new.
func (tx *Tx) SetHostData(ctx context.Context, host int64, data string) (changed bool, err error) {
	old, found, err := one(ctx, tx, `SELECT CAST(data AS TEXT) FROM scheduler_host_data WHERE host_id = ?`, []any{host}, value[string])
	if err != nil {
		return false, wrap(err, "read data of host %d", host)
	}
	if found && sameJSON(old, data) {
		return false, nil
	}
	_, err = tx.exec(ctx, `INSERT INTO scheduler_host_data (host_id, data) VALUES (?, ?)
		ON CONFLICT (host_id) DO UPDATE SET data = excluded.data`, host, data)
	return true, wrap(err, "store data of host %d", host)
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	return string(one) == string(two)
}

// HostData is what hosts told the scheduler; host 0 stands for all.
func (tx *Tx) HostData(ctx context.Context, host int64) ([]map[string]any, error) {
	query, args := `SELECT host_id, CAST(data AS TEXT) FROM scheduler_host_data`, []any(nil)
	if host != 0 {
		query, args = query+` WHERE host_id = ?`, []any{host}
	}
	l, err := list(ctx, tx, query+` ORDER BY host_id`, args, func(row scanner) (map[string]any, error) {
		var id int64
		var data string
		if err := row.Scan(&id, &data); err != nil {
			return nil, err
		}
		v, err := DecodeJSON(data)
		return map[string]any{"host_id": id, "data": v}, err
	})
	return l, wrap(err, "list data of hosts")
}

// Refusal is a host's word, or the hub's, that it won't take a task.
type Refusal struct {
	ID, Task, Host int64
	Soft           bool
	Time           time.Time
}

// RefuseTask records a refusal, in place of an earlier one.
func (tx *Tx) RefuseTask(ctx context.Context, task, host int64, byHost, soft bool, msg string) error {
	_, err := tx.exec(ctx, `INSERT INTO scheduler_task_refusals (task_id, host_id, by_host, soft, msg, time) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (task_id, host_id) DO UPDATE SET by_host = excluded.by_host, soft = excluded.soft, msg = excluded.msg, time = excluded.time`,
		task, host, byHost, soft, msg, tx.now)
	return wrap(err, "refuse task %d for host %d", task, host)
}

// Refusals drops the soft refusals from before a time and those of finished
// tasks, and lists the rest.
func (tx *Tx) Refusals(ctx context.Context, softSince time.Time) ([]Refusal, error) {
	all, err := list(ctx, tx, `SELECT r.id, r.task_id, r.host_id, r.soft, r.time, t.state
		FROM scheduler_task_refusals r JOIN task t ON t.id = r.task_id ORDER BY r.id`, nil, func(row scanner) (Refusal, error) {
		var r Refusal
		var at stamp
		var state koji.TaskState
		err := row.Scan(&r.ID, &r.Task, &r.Host, &r.Soft, &at, &state)
		r.Time = at.Time
		if state.Finished() || r.Soft && at.Before(softSince) {
			r.Task = 0
		}
		return r, err
	})
	if err != nil {
		return nil, wrap(err, "list refusals")
	}
	kept := all[:0]
	for _, r := range all {
		if r.Task != 0 {
			kept = append(kept, r)
			continue
		}
		if _, err := tx.exec(ctx, `DELETE FROM scheduler_task_refusals WHERE id = ?`, r.ID); err != nil {
			return nil, wrap(err, "drop refusal %d", r.ID)
		}
	}
	return kept, nil
}

// StartRun records that the scheduler gave a task to a host, and ends the
// task's earlier runs. host 0 only ends them.
func (tx *Tx) StartRun(ctx context.Context, task, host int64) error {
	if _, err := tx.exec(ctx, `UPDATE scheduler_task_runs SET active = FALSE WHERE task_id = ? AND active = TRUE`, task); err != nil {
		return wrap(err, "end runs of task %d", task)
	}
	if host == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `INSERT INTO scheduler_task_runs (task_id, host_id, active, create_time) VALUES (?, ?, TRUE, ?)`, task, host, tx.now)
	return wrap(err, "record run of task %d", task)
}

// EndRuns ends the runs of tasks that are neither assigned nor open any more.
func (tx *Tx) EndRuns(ctx context.Context) error {
	_, err := tx.exec(ctx, `UPDATE scheduler_task_runs SET active = FALSE
		WHERE active = TRUE AND NOT EXISTS (SELECT 1 FROM task t WHERE t.id = scheduler_task_runs.task_id AND t.state IN (1, 4))`)
	return wrap(err, "end runs")
}

// LogScheduler adds a line to the scheduler's log; ids may be 0.
func (tx *Tx) LogScheduler(ctx context.Context, task, host int64, msg string) error {
	_, err := tx.exec(ctx, `INSERT INTO scheduler_log_messages (task_id, host_id, msg_time, msg) VALUES (?, ?, ?, ?)`,
		nullID(task), nullID(host), tx.now, msg)
	return wrap(err, "log %q", msg)
}

// LockScheduler keeps other hubs' schedulers out until the transaction ends;
// without wait, false says that one is at work.
func (tx *Tx) LockScheduler(ctx context.Context, wait bool) (bool, error) {
	return tx.lockRow(ctx, "scheduler", wait)
}

// SchedulerDue says whether the last run that counts was at least interval ago,
// and if so notes this one. A time in the future is set right and counts as a run.
func (tx *Tx) SchedulerDue(ctx context.Context, interval time.Duration) (bool, error) {
	last, found, err := one(ctx, tx, `SELECT CAST(data AS TEXT) FROM scheduler_sys_data WHERE name = 'last_run_ts'`, nil, value[string])
	if err != nil {
		return false, wrap(err, "read last run of the scheduler")
	}
	due := true
	if found {
		seconds, err := strconv.ParseFloat(last, 64)
		if err == nil {
			at := koji.FromSeconds(seconds)
			due = !at.After(tx.now) && tx.now.Sub(at) >= interval
			if !due && !at.After(tx.now) {
				return false, nil
			}
		}
	}
	_, err = tx.exec(ctx, `INSERT INTO scheduler_sys_data (name, data) VALUES ('last_run_ts', ?)
		ON CONFLICT (name) DO UPDATE SET data = excluded.data`, strconv.FormatFloat(koji.Seconds(tx.now), 'f', 6, 64))
	return due, wrap(err, "note run of the scheduler")
}
