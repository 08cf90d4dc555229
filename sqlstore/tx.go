package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"koji"
)

// Tx is a transaction of a [Store]. It belongs to one goroutine and ends with the function that was given it.
type Tx struct {
	store    *Store
	sql      *sql.Tx
	readOnly bool
	now      time.Time

	event   int64 // of the call under way, 0 when it has none yet
	changed bool
	depth   int // of savepoints
	after   []func()
	undo    []func()
	notices []koji.Notice
}

// Now is the transaction's time: one instant, in UTC, to the microsecond.
func (tx *Tx) Now() time.Time { return tx.now }

// Event is the event of the call under way, at which all of its changes begin or end (Koji: reference/schema.md,
// "Versioning convention"). The first use in a call makes it; [Tx.EndCall] ends the call.
func (tx *Tx) Event(ctx context.Context) (int64, error) {
	if tx.event != 0 {
		return tx.event, nil
	}
	id, err := tx.NewEvent(ctx)
	if err != nil {
		return 0, err
	}
	tx.event = id
	return id, nil
}

// NewEvent makes an event that is not the call's: for rows whose event Koji takes from the column's default (repos,
// buildroots, builds, tag updates).
func (tx *Tx) NewEvent(ctx context.Context) (int64, error) {
	if tx.readOnly {
		return 0, errors.New("make event: the transaction is for reading")
	}
	changed := tx.changed
	id, err := tx.insertID(ctx, `INSERT INTO events (time) VALUES (?) RETURNING id`, tx.now)
	tx.changed = changed
	if err != nil {
		return 0, fmt.Errorf("make event: %w", err)
	}
	return id, nil
}

// EndCall ends a call: the next use of [Tx.Event] makes an event of its own. A multiCall ends each of its calls with it,
// as do the steps of a call whose order must be kept (massTag, snapshotTag).
func (tx *Tx) EndCall() { tx.event = 0 }

// Changed says whether anything but the events table was changed. What a failed savepoint undid does not count.
func (tx *Tx) Changed() bool { return tx.changed }

// AfterCommit has hook run once the transaction is committed; hooks run in the order they were given. When the
// transaction, or the savepoint around the call, is undone, the hook is dropped.
func (tx *Tx) AfterCommit(hook func()) { tx.after = append(tx.after, hook) }

// AfterRollback has hook run if what the transaction, or the savepoint around the call, did is undone: for what was done
// outside of the database. Hooks run once that is undone, the last one first.
func (tx *Tx) AfterRollback(hook func()) { tx.undo = append(tx.undo, hook) }

// undone runs the hooks of what was undone, down to the first n.
func (tx *Tx) undone(n int) {
	for i := len(tx.undo) - 1; i >= n; i-- {
		tx.undo[i]()
	}
	tx.undo = tx.undo[:n]
}

// Savepoint runs fn; if it returns an error or panics, all it did in the database is undone, with its event and its
// hooks, and the transaction can go on. Savepoints nest.
func (tx *Tx) Savepoint(ctx context.Context, fn func() error) (err error) {
	before := *tx
	tx.depth++
	name := fmt.Sprintf("sp%d", tx.depth)
	if _, err := tx.sql.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		tx.depth--
		return fmt.Errorf("set savepoint: %w", err)
	}
	done := false
	defer func() {
		if done {
			return
		}
		// Without the caller's cancellation: what was done must be undone also when the caller has gone.
		_, undo := tx.sql.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name)
		if undo == nil {
			_, undo = tx.sql.ExecContext(context.WithoutCancel(ctx), "RELEASE SAVEPOINT "+name)
		}
		if undo != nil && err != nil {
			err = errors.Join(err, fmt.Errorf("undo savepoint: %w", undo))
		}
		tx.undone(len(before.undo))
		*tx = before
	}()
	if err := fn(); err != nil {
		return err
	}
	if _, err := tx.sql.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	done = true
	tx.depth--
	return nil
}
