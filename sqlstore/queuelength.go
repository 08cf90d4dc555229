package sqlstore

import (
	"context"

	"koji"
)

// QueueLengths are how much a hub has before it.
type QueueLengths struct {
	Free, Assigned, Open int64 // tasks
	Ready, NotReady      int64 // enabled hosts
	RepoRequests         int64 // active ones
}

// QueueLengths counts what waits.
func (tx *Tx) QueueLengths(ctx context.Context) (QueueLengths, error) {
	var l QueueLengths
	err := tx.queryRow(ctx, `SELECT
			(SELECT count(*) FROM task WHERE state = ?), (SELECT count(*) FROM task WHERE state = ?), (SELECT count(*) FROM task WHERE state = ?),
			(SELECT count(*) FROM host h JOIN host_config c ON c.host_id = h.id AND c.active = TRUE WHERE c.enabled = TRUE AND h.ready = TRUE),
			(SELECT count(*) FROM host h JOIN host_config c ON c.host_id = h.id AND c.active = TRUE WHERE c.enabled = TRUE AND h.ready = FALSE),
			(SELECT count(*) FROM repo_queue WHERE active = TRUE)`,
		int64(koji.TaskFree), int64(koji.TaskAssigned), int64(koji.TaskOpen)).
		Scan(&l.Free, &l.Assigned, &l.Open, &l.Ready, &l.NotReady, &l.RepoRequests)
	return l, wrap(err, "count what waits")
}
