package sqlstore

import (
	"context"
	"iter"
	"strings"
	"time"

	"koji"
)

const taskColumns = `t.id, t.state, t.create_time, t.start_time, t.completion_time, t.channel_id, t.host_id, t.parent,
	t.label, t.waiting, t.awaited, t.owner, t.method, t.arch, t.priority, t.weight`

func taskFields(t *koji.Task) []any {
	return []any{
		&t.ID, &t.State, scanTime(&t.CreateTime, &t.CreateTS), scanTime(&t.StartTime, &t.StartTS),
		scanTime(&t.CompletionTime, &t.CompletionTS), &t.ChannelID, &t.HostID, &t.Parent,
		&t.Label, &t.Waiting, &t.Awaited, &t.Owner, &t.Method, &t.Arch, &t.Priority, &t.Weight,
	}
}

func scanTask(row scanner) (koji.Task, error) {
	var t koji.Task
	err := row.Scan(taskFields(&t)...)
	return t, err
}

// scanTaskText is scanTask with the request's document as text.
func scanTaskText(row scanner) (koji.Task, error) {
	var t koji.Task
	var request string
	err := row.Scan(append(taskFields(&t), &request)...)
	t.Request = request
	return t, err
}

// Task finds a task, nil if there is none. In a transaction that writes, its row is locked.
func (tx *Tx) Task(ctx context.Context, id int64) (*koji.Task, error) {
	lock := ""
	if !tx.readOnly {
		lock = tx.forUpdate()
	}
	t, found, err := one(ctx, tx, `SELECT `+taskColumns+` FROM task t WHERE t.id = ?`+lock, []any{id}, scanTask)
	if err != nil || !found {
		return nil, wrap(err, "find task %d", id)
	}
	return &t, nil
}

// Tasks finds several tasks, by id. Those that aren't there are left out.
func (tx *Tx) Tasks(ctx context.Context, ids []int64) (map[int64]koji.Task, error) {
	l, err := few(ctx, tx, `SELECT `+taskColumns+`, coalesce(t.request, '') FROM task t WHERE t.id IN `+in(len(ids))+` ORDER BY t.id`, anys(ids), scanTaskText)
	if err != nil {
		return nil, wrap(err, "find tasks")
	}
	tasks := make(map[int64]koji.Task, len(l))
	for _, t := range l {
		tasks[t.ID] = t
	}
	return tasks, nil
}

// TaskDocuments are a task's request and result as they are stored, "" where there is none.
func (tx *Tx) TaskDocuments(ctx context.Context, id int64) (request, result string, found bool, err error) {
	type documents struct{ request, result string }
	d, found, err := one(ctx, tx, `SELECT coalesce(request, ''), coalesce(result, '') FROM task WHERE id = ?`, []any{id},
		func(row scanner) (documents, error) {
			var d documents
			err := row.Scan(&d.request, &d.result)
			return d, err
		})
	return d.request, d.result, found, wrap(err, "read documents of task %d", id)
}

// NewTask is a task to insert. Zero ids are NULL.
type NewTask struct {
	State    koji.TaskState
	Owner    int64
	Method   string
	Request  string // the document
	Parent   int64
	Label    string
	Channel  int64
	Host     int64
	Arch     string
	Priority int64
}

// InsertTask inserts a task and returns its id.
func (tx *Tx) InsertTask(ctx context.Context, n NewTask) (int64, error) {
	var label any
	if n.Label != "" {
		label = n.Label
	}
	id, err := tx.insertID(ctx, `INSERT INTO task (state, create_time, owner, method, request, parent, label, channel_id, host_id, arch, priority, weight)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1.0) RETURNING id`,
		int(n.State), tx.now, n.Owner, n.Method, n.Request, nullID(n.Parent), label, n.Channel, nullID(n.Host), n.Arch, n.Priority)
	return id, wrap(err, "insert task %s", n.Method)
}

// nullID is an id as an argument: NULL for 0.
func nullID(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// TaskByLabel finds the subtask of that label, 0 if there is none.
func (tx *Tx) TaskByLabel(ctx context.Context, parent int64, label string) (int64, error) {
	id, _, err := one(ctx, tx, `SELECT id FROM task WHERE parent = ? AND label = ?`, []any{parent, label}, value[int64])
	return id, wrap(err, "find subtask %s of task %d", label, parent)
}

// MoveTask puts a task into a state on a host (0: none). Opening sets its start.
func (tx *Tx) MoveTask(ctx context.Context, id int64, state koji.TaskState, host int64) error {
	cols := columns{{"state", int(state)}, {"host_id", nullID(host)}}
	if state == koji.TaskOpen {
		cols = append(cols, column{"start_time", tx.now})
	}
	if state == koji.TaskFree {
		cols = append(cols, column{"waiting", nil})
	}
	_, err := tx.update(ctx, "task", cols, `id = ?`, id)
	return wrap(err, "move task %d to %s", id, state)
}

// EndTask puts a task into a final state, with its result document unless that is "".
func (tx *Tx) EndTask(ctx context.Context, id int64, state koji.TaskState, result string) error {
	cols := columns{{"state", int(state)}, {"completion_time", tx.now}}
	if result != "" {
		cols = append(cols, column{"result", result})
	}
	_, err := tx.update(ctx, "task", cols, `id = ?`, id)
	return wrap(err, "end task %d", id)
}

// SetTaskWeight changes a task's weight.
func (tx *Tx) SetTaskWeight(ctx context.Context, id int64, weight float64) error {
	_, err := tx.update(ctx, "task", columns{{"weight", weight}}, `id = ?`, id)
	return err
}

// SetTaskPriority changes a task's priority.
func (tx *Tx) SetTaskPriority(ctx context.Context, id, priority int64) error {
	_, err := tx.update(ctx, "task", columns{{"priority", priority}}, `id = ?`, id)
	return err
}

// TaskChildren are a task's direct subtasks, the newest last, with their requests as text.
func (tx *Tx) TaskChildren(ctx context.Context, parent int64) ([]koji.Task, error) {
	l, err := few(ctx, tx, `SELECT `+taskColumns+`, coalesce(t.request, '') FROM task t WHERE t.parent = ? ORDER BY t.id`, []any{parent}, scanTaskText)
	return l, wrap(err, "list children of task %d", parent)
}

// taskTree selects a task and all below it.
const taskTree = `WITH RECURSIVE tree(id) AS (
	SELECT id FROM task WHERE id = ? UNION SELECT c.id FROM task c JOIN tree ON c.parent = tree.id)`

// TaskDescendants are the ids of a task and of all below it.
func (tx *Tx) TaskDescendants(ctx context.Context, root int64) ([]int64, error) {
	l, err := few(ctx, tx, taskTree+` SELECT id FROM tree ORDER BY id`, []any{root}, value[int64])
	return l, wrap(err, "list descendants of task %d", root)
}

// TaskTree are a task and all below it, with their requests as text, by id.
func (tx *Tx) TaskTree(ctx context.Context, root int64) ([]koji.Task, error) {
	l, err := few(ctx, tx, taskTree+` SELECT `+taskColumns+`, coalesce(t.request, '') FROM tree JOIN task t ON t.id = tree.id ORDER BY tree.id`, []any{root}, scanTaskText)
	return l, wrap(err, "read tree of task %d", root)
}

// HostTasks are the open tasks of a host, with what wakes them.
func (tx *Tx) HostTasks(ctx context.Context, host int64) ([]koji.HostTask, error) {
	l, err := few(ctx, tx, `
		SELECT t.id, t.waiting, t.weight,
		       t.waiting = TRUE AND EXISTS (SELECT 1 FROM task c WHERE c.parent = t.id AND c.awaited = TRUE AND c.state IN (2, 3, 5))
		FROM task t WHERE t.host_id = ? AND t.state = 1 ORDER BY t.id`, []any{host},
		func(row scanner) (koji.HostTask, error) {
			var t koji.HostTask
			var alert *bool
			err := row.Scan(&t.ID, &t.Waiting, &t.Weight, &alert)
			t.Alert = alert != nil && *alert
			return t, err
		})
	return l, wrap(err, "list tasks of host %d", host)
}

// AssignedTasks are the tasks that wait for a host to open them.
func (tx *Tx) AssignedTasks(ctx context.Context, host int64) ([]koji.AssignedTask, error) {
	l, err := few(ctx, tx, `SELECT id, state, channel_id, host_id, arch, method, priority, create_time
		FROM task WHERE host_id = ? AND state = 4 ORDER BY priority, create_time, id`, []any{host},
		func(row scanner) (koji.AssignedTask, error) {
			var t koji.AssignedTask
			var created stamp
			err := row.Scan(&t.ID, &t.State, &t.ChannelID, &t.HostID, &t.Arch, &t.Method, &t.Priority, &created)
			t.CreateTS = koji.Seconds(created.Time)
			return t, err
		})
	return l, wrap(err, "list tasks assigned to host %d", host)
}

// SetTaskWaiting marks a task as waiting for children: those of ids, and no
// others, or all when ids is nil. An empty ids leaves the children as they are.
func (tx *Tx) SetTaskWaiting(ctx context.Context, parent int64, ids []int64) error {
	if _, err := tx.exec(ctx, `UPDATE task SET waiting = TRUE WHERE id = ?`, parent); err != nil {
		return wrap(err, "set task %d waiting", parent)
	}
	if ids == nil {
		_, err := tx.exec(ctx, `UPDATE task SET awaited = TRUE WHERE parent = ?`, parent)
		return wrap(err, "await children of task %d", parent)
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE task SET awaited = (id IN `+in(len(ids))+`) WHERE parent = ?`, append(anys(ids), parent)...)
	return wrap(err, "await children of task %d", parent)
}

// AwaitedTasks are a task's awaited children: finished and not.
func (tx *Tx) AwaitedTasks(ctx context.Context, parent int64) (finished, unfinished []int64, err error) {
	l, err := list(ctx, tx, `SELECT `+taskColumns+` FROM task t WHERE t.parent = ? AND t.awaited = TRUE ORDER BY t.id`, []any{parent}, scanTask)
	if err != nil {
		return nil, nil, wrap(err, "list awaited children of task %d", parent)
	}
	finished, unfinished = []int64{}, []int64{}
	for _, t := range l {
		if t.Finished() {
			finished = append(finished, t.ID)
		} else {
			unfinished = append(unfinished, t.ID)
		}
	}
	return finished, unfinished, nil
}

// ClearAwaited ends the waiting for some children.
func (tx *Tx) ClearAwaited(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE task SET awaited = FALSE WHERE id IN `+in(len(ids)), anys(ids)...)
	return wrap(err, "clear awaited tasks")
}

// ClearWaiting ends a task's waiting.
func (tx *Tx) ClearWaiting(ctx context.Context, parent int64) error {
	if _, err := tx.exec(ctx, `UPDATE task SET waiting = FALSE WHERE id = ?`, parent); err != nil {
		return wrap(err, "clear waiting of task %d", parent)
	}
	_, err := tx.exec(ctx, `UPDATE task SET awaited = FALSE WHERE parent = ? AND awaited = TRUE`, parent)
	return wrap(err, "clear waiting of task %d", parent)
}

// TaskFilter selects tasks: each condition is an SQL text made by listTasks
// from the names below, with its arguments.
type TaskFilter struct {
	where []string
	args  []any
}

// In keeps the tasks whose column is one of the values; nil stands for NULL.
// column is one of owner, host_id, channel_id, parent, state, arch, method.
func (f *TaskFilter) In(column string, not bool, values []any) {
	cond := `t.` + column + ` IN ` + in(len(values))
	args := values
	if len(values) == 1 && values[0] == nil {
		cond, args = `t.`+column+` IS NULL`, nil
		if not {
			cond = `t.` + column + ` IS NOT NULL`
		}
	} else if not {
		cond = `NOT (` + cond + `)`
	}
	f.where, f.args = append(f.where, cond), append(f.args, args...)
}

// Time keeps the tasks whose time column is before or after a moment.
// column is one of create_time, start_time, completion_time.
func (f *TaskFilter) Time(column string, before bool, at time.Time) {
	op := ` > ?`
	if before {
		op = ` < ?`
	}
	f.where, f.args = append(f.where, `t.`+column+op), append(f.args, at)
}

// taskOrder are the columns that listTasks can be ordered by.
var taskOrder = map[string]string{
	"id": "t.id", "state": "t.state", "create_time": "t.create_time", "create_ts": "t.create_time", "start_time": "t.start_time",
	"start_ts": "t.start_time", "completion_time": "t.completion_time", "completion_ts": "t.completion_time",
	"channel_id": "t.channel_id", "host_id": "t.host_id", "parent": "t.parent", "label": "t.label", "waiting": "t.waiting",
	"awaited": "t.awaited", "owner": "t.owner", "method": "t.method", "arch": "t.arch", "priority": "t.priority", "weight": "t.weight",
	"owner_name": "u.name", "owner_type": "u.usertype", "request": "t.request", "result": "t.result",
}

func (f *TaskFilter) clause() string {
	if len(f.where) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(f.where, ` AND `)
}

// ListTasks streams the tasks that the filter keeps, with their documents as text.
func (tx *Tx) ListTasks(ctx context.Context, f TaskFilter, opts QueryOpts) (iter.Seq2[koji.Task, error], error) {
	query := `SELECT ` + taskColumns + `, t.request, t.result, u.name, u.usertype
		FROM task t JOIN users u ON u.id = t.owner` + f.clause()
	query, args, err := opts.apply(query, f.args, taskOrder, "t.id")
	if err != nil {
		return nil, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (koji.Task, error) {
		var t koji.Task
		var request, result *string
		err := row.Scan(append(taskFields(&t), &request, &result, &t.OwnerName, &t.OwnerType)...)
		t.Request, t.Result = text(request), text(result)
		return t, err
	}), nil
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// CountTasks counts the tasks that the filter keeps.
func (tx *Tx) CountTasks(ctx context.Context, f TaskFilter, opts QueryOpts) (int64, error) {
	return tx.count(ctx, `SELECT t.id FROM task t JOIN users u ON u.id = t.owner`+f.clause(), f.args, opts)
}
