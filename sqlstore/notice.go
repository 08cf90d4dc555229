package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"koji"
)

// noticeLock serializes the transactions that tell of something, from there
// until their commit, so that ids appear in the order in which they can be seen
// and a listener that resumes after one misses none before it.
const noticeLock = 0x6b6f6a69

// Publish tells the event stream of something, as a part of the transaction:
// it is seen if and when this commits. The notice's ID and Time are set here.
// A tag that was told last is not told again: a listener learns of all its
// changes at once anyway.
func (tx *Tx) Publish(ctx context.Context, n koji.Notice) error {
	if len(tx.notices) > 0 && n.Tag != nil {
		if last := tx.notices[len(tx.notices)-1]; last.Tag != nil && *last.Tag == *n.Tag {
			return nil
		}
	}
	n.Time = koji.Seconds(tx.now)
	tx.notices = append(tx.notices, n)
	return nil
}

// flushNotices has the transaction's notices written, last of all it does.
func (tx *Tx) flushNotices() error {
	if len(tx.notices) == 0 {
		return nil
	}
	tx.advisoryLockAtEnd(noticeLock)
	for i := range tx.notices {
		n := &tx.notices[i]
		data, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("write notice: %w", err)
		}
		var task, build, tag, host, repo any
		switch {
		case n.Task != nil:
			task = n.Task.ID
		case n.Build != nil:
			build = n.Build.ID
		case n.Tag != nil:
			tag = n.Tag.ID
		case n.Host != nil:
			host = n.Host.ID
		case n.Repo != nil && n.Repo.ID != 0:
			repo, tag = n.Repo.ID, n.Repo.Tag
		case n.Log != nil:
			task = n.Log.Task
		}
		tx.atEnd(`INSERT INTO hubd_events (time, kind, task_id, build_id, tag_id, host_id, repo_id, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.now, string(n.Kind), task, build, tag, host, repo, string(data))
	}
	tx.notify(noticeChannel, "")
	return nil
}

// noticeChannel wakes the hubs on the same database.
const noticeChannel = "hubd_notices"

// AwaitNotices calls woken whenever a hub on this database, this one or another,
// told the event stream something, and once at the start: what came before then
// can be read. It calls shown with what another hub gave to [Store.Flash]. It
// returns when ctx ends or the connection breaks.
func (s *Store) AwaitNotices(ctx context.Context, woken func(), shown func(koji.Notice)) error {
	return s.Listen(ctx, noticeChannel, woken, func(payload string) {
		if payload == "" {
			woken()
			return
		}
		var f flash
		if json.Unmarshal([]byte(payload), &f) == nil && f.From != s.name {
			shown(f.Notice)
		}
	})
}

// flash is a notice on its way to other hubs.
type flash struct {
	From   string
	Notice koji.Notice
}

// longestPayload is what PostgreSQL takes for a notification.
const longestPayload = 7999

// Flash tells the other hubs on this database of something that is kept
// nowhere. What is too long for that is dropped.
func (s *Store) Flash(ctx context.Context, n koji.Notice) error {
	if s.engine != postgresEngine {
		return nil
	}
	payload, err := json.Marshal(flash{s.name, n})
	if err != nil || len(payload) > longestPayload {
		return wrap(err, "write notice")
	}
	_, err = s.writer.ExecContext(ctx, `SELECT pg_notify($1, $2)`, noticeChannel, string(payload))
	return wrap(err, "notify %s", noticeChannel)
}

// Notices streams what was told after the id, in order.
func (tx *Tx) Notices(ctx context.Context, after int64, limit int) iter.Seq2[koji.Notice, error] {
	return stream(ctx, tx, `SELECT id, data FROM hubd_events WHERE id > ? ORDER BY id LIMIT 0+?`, []any{after, limit},
		func(row scanner) (koji.Notice, error) {
			var id int64
			var data []byte
			var n koji.Notice
			if err := row.Scan(&id, &data); err != nil {
				return n, wrap(err, "read notice")
			}
			err := json.Unmarshal(data, &n)
			n.ID = id
			return n, wrap(err, "read notice %d", id)
		})
}

// NoticeRange are the first and last ids that are kept, 0 and 0 when none is.
func (tx *Tx) NoticeRange(ctx context.Context) (first, last int64, err error) {
	err = tx.queryRow(ctx, `SELECT coalesce((SELECT min(id) FROM hubd_events), 0), coalesce((SELECT max(id) FROM hubd_events), 0)`).Scan(&first, &last)
	return first, last, wrap(err, "read range of notices")
}

// PruneNotices drops what was told before the time.
func (tx *Tx) PruneNotices(ctx context.Context, before time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM hubd_events WHERE time < ? AND id < (SELECT max(id) FROM hubd_events)`, before)
	return wrap(err, "prune notices")
}
