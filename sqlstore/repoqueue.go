package sqlstore

import (
	"context"
	"iter"
	"time"

	"koji"
)

const requestColumns = `q.id, q.create_time, q.update_time, q.owner, u.name, q.priority, q.tag_id, t.name, q.at_event, q.min_event,
	q.opts, q.active, q.task_id, k.state, q.tries, q.repo_id`

const requestTables = ` FROM repo_queue q
	JOIN users u ON u.id = q.owner
	JOIN tag t ON t.id = q.tag_id
	LEFT JOIN task k ON k.id = q.task_id`

func scanRequest(row scanner) (koji.RepoRequest, error) {
	var q koji.RepoRequest
	err := row.Scan(
		&q.ID, scanTime(&q.CreateTime, &q.CreateTS), scanTime(&q.UpdateTime, &q.UpdateTS), &q.Owner, &q.OwnerName, &q.Priority,
		&q.TagID, &q.TagName, &q.AtEvent, &q.MinEvent, scanJSON(&q.Opts), &q.Active, &q.TaskID, &q.TaskState, &q.Tries, &q.RepoID,
	)
	return q, err
}

// RepoRequest finds a request for a repo, nil if there is none.
func (tx *Tx) RepoRequest(ctx context.Context, id int64) (*koji.RepoRequest, error) {
	if !FitsID(id) {
		return nil, nil
	}
	q, found, err := one(ctx, tx, `SELECT `+requestColumns+requestTables+` WHERE q.id = ?`, []any{id}, scanRequest)
	if err != nil || !found {
		return nil, wrap(err, "find repo request %d", id)
	}
	return &q, nil
}

// OpenRepoRequests are the active requests, of a tag or with tag 0 of all, the most urgent first.
func (tx *Tx) OpenRepoRequests(ctx context.Context, tag int64) ([]koji.RepoRequest, error) {
	where, args := ` WHERE q.active = TRUE AND q.repo_id IS NULL`, []any(nil)
	if tag != 0 {
		where, args = where+` AND q.tag_id = ?`, []any{tag}
	}
	l, err := list(ctx, tx, `SELECT `+requestColumns+requestTables+where+` ORDER BY q.priority, q.id`, args, scanRequest)
	return l, wrap(err, "list repo requests")
}

// NewRepoRequest is a request to insert. At most one of the events is set.
type NewRepoRequest struct {
	Owner, Tag, Priority int64
	AtEvent, MinEvent    *int64
	Opts                 map[string]any
}

// InsertRepoRequest inserts an active request and returns its id.
func (tx *Tx) InsertRepoRequest(ctx context.Context, n NewRepoRequest) (int64, error) {
	opts, err := EncodeJSON(n.Opts)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO repo_queue (create_time, owner, priority, tag_id, at_event, min_event, opts, update_time, active, tries)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, TRUE, 0) RETURNING id`,
		tx.now, n.Owner, n.Priority, n.Tag, n.AtEvent, n.MinEvent, opts, tx.now)
	return id, wrap(err, "insert repo request")
}

// FulfilRepoRequest gives a request its repo and ends it.
func (tx *Tx) FulfilRepoRequest(ctx context.Context, id, repo int64) error {
	_, err := tx.exec(ctx, `UPDATE repo_queue SET repo_id = ?, active = FALSE, update_time = ? WHERE id = ?`, repo, tx.now, id)
	return wrap(err, "fulfil repo request %d", id)
}

// StartRepoRequest records the task that works on a request, as one more try.
func (tx *Tx) StartRepoRequest(ctx context.Context, id, task int64) error {
	_, err := tx.exec(ctx, `UPDATE repo_queue SET task_id = ?, tries = tries + 1, update_time = ? WHERE id = ?`, task, tx.now, id)
	return wrap(err, "start repo request %d", id)
}

// RetryRepoRequest takes a request's task away, so that it gets another.
func (tx *Tx) RetryRepoRequest(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE repo_queue SET task_id = NULL, update_time = ? WHERE id = ?`, tx.now, id)
	return wrap(err, "retry repo request %d", id)
}

// DropRepoRequest ends a request without a repo.
func (tx *Tx) DropRepoRequest(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE repo_queue SET active = FALSE, update_time = ? WHERE id = ?`, tx.now, id)
	return wrap(err, "drop repo request %d", id)
}

// SetRepoRequestPriority changes when a request is worked on; lower is earlier.
func (tx *Tx) SetRepoRequestPriority(ctx context.Context, id, priority int64) error {
	_, err := tx.exec(ctx, `UPDATE repo_queue SET priority = ?, update_time = ? WHERE id = ?`, priority, tx.now, id)
	return wrap(err, "set priority of repo request %d", id)
}

// CleanRepoRequests deletes the requests that ended before the time.
func (tx *Tx) CleanRepoRequests(ctx context.Context, before time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM repo_queue WHERE active = FALSE AND update_time < ?`, tx.time(before))
	return wrap(err, "clean repo requests")
}

// LockRepoQueue takes the lock under which requests are worked on, until the end of the transaction. With wait false it
// returns false when another has it.
func (tx *Tx) LockRepoQueue(ctx context.Context, wait bool) (bool, error) {
	return tx.lockRow(ctx, "repo-queue", wait)
}

// AutoRepoTags are the live tags whose extra repo.auto is true, by id.
func (tx *Tx) AutoRepoTags(ctx context.Context) ([]Name, error) {
	l, err := list(ctx, tx, `SELECT t.id, t.name FROM tag_extra x JOIN tag t ON t.id = x.tag_id
		JOIN tag_config c ON c.tag_id = t.id AND c.active = TRUE
		WHERE x.active = TRUE AND x.key = 'repo.auto' AND x.value = 'true' ORDER BY t.id`, nil, scanName)
	return l, wrap(err, "list tags with repo.auto")
}

// EventAt is the newest event that was made before the time, 0 if there is none.
func (tx *Tx) EventAt(ctx context.Context, at time.Time) (int64, error) {
	id, _, err := one(ctx, tx, `SELECT id FROM events WHERE time < ? ORDER BY id DESC LIMIT 1`, []any{tx.time(at)}, value[int64])
	return id, wrap(err, "find event before %s", at)
}

// HasEvent says whether there is such an event.
func (tx *Tx) HasEvent(ctx context.Context, id int64) (bool, error) {
	if !FitsID(id) {
		return false, nil
	}
	_, found, err := one(ctx, tx, `SELECT id FROM events WHERE id = ?`, []any{id}, value[int64])
	return found, wrap(err, "find event %d", id)
}

var requestView = view{
	name: "repo_queue", from: "repo_queue q",
	fields: map[string]viewField{
		"id": {column: "q.id"}, "tag_id": {column: "q.tag_id"}, "owner": {column: "q.owner"}, "priority": {column: "q.priority"},
		"at_event": {column: "q.at_event"}, "min_event": {column: "q.min_event"}, "task_id": {column: "q.task_id"},
		"tries": {column: "q.tries"}, "repo_id": {column: "q.repo_id"}, "active": {column: "q.active", kind: viewBool},
		"opts":        {column: "q.opts", kind: viewJSON},
		"create_time": {column: "q.create_time", kind: viewTime}, "create_ts": {column: "q.create_time", kind: viewSeconds},
		"update_time": {column: "q.update_time", kind: viewTime}, "update_ts": {column: "q.update_time", kind: viewSeconds},
		"tag_name":   {column: "t.name", kind: viewText, join: "tag"},
		"owner_name": {column: "u.name", kind: viewText, join: "owner"},
		"task_state": {column: "k.state", join: "task"},
	},
	joins: map[string]string{
		"tag":   ` JOIN tag t ON t.id = q.tag_id`,
		"owner": ` JOIN users u ON u.id = q.owner`,
		"task":  ` LEFT JOIN task k ON k.id = q.task_id`,
	},
	standard: []string{"active", "at_event", "create_ts", "id", "min_event", "opts", "repo_id", "tag_id", "task_id", "tries", "update_ts"},
}

// QueryRepoRequests answers repo.queryQueue.
func (tx *Tx) QueryRepoRequests(ctx context.Context, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	return tx.ask(ctx, &requestView, q)
}
