package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"
)

// SQLite writes one transaction at a time, and most of what a small one costs is its commit: pages are logged and synced.
// So those who wait while another writes go on in its transaction, each in a savepoint of its own, and one commit serves
// them all, as in databases that call it a group commit. Nobody is told of success before that commit.
const (
	mostTogether = 64
	longestOpen  = 10 * time.Millisecond // from the first's beginning until nobody else is let in
)

// writers take turns at writing to SQLite.
type writers struct {
	turn    chan struct{} // holds one thing while somebody writes
	waiting atomic.Int32
	shared  *shared // what waits for its commit, nil for nothing; it is theirs whose turn it is
}

func newWriters() *writers { return &writers{turn: make(chan struct{}, 1)} }

// shared is a transaction that several writes have done their part of.
type shared struct {
	conn   *sql.Conn
	db     link
	began  time.Time
	writes int
	err    error         // of the commit
	done   chan struct{} // closed after it
}

// together runs fn as a write on SQLite and returns once it is committed, or undone.
func (s *Store) together(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	w := s.writers
	w.waiting.Add(1)
	w.turn <- struct{}{} // not to be left before its time: others may count on this one to commit
	w.waiting.Add(-1)
	tx.now = s.now()
	mine, err := w.part(ctx, tx, fn)
	if err == nil {
		<-mine.done
		err = mine.err
	}
	if err != nil {
		tx.undone(0)
	}
	return err
}

// part does a write's part of a transaction, passes the turn on, and returns what the part is committed with.
func (w *writers) part(ctx context.Context, tx *Tx, fn func(tx *Tx) error) (mine *shared, err error) {
	first := w.shared == nil
	good := false
	// Also after a panic or runtime.Goexit in fn.
	defer func() {
		if !good {
			w.undo(ctx, tx, first)
		}
		if w.shared != nil && w.full() {
			w.commit(ctx)
		}
		<-w.turn
		if mine == nil && err == nil {
			tx.undone(0) // a panic goes on
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	if first {
		err = tx.begin(ctx)
	} else {
		tx.conn, tx.db = w.shared.conn, w.shared.db
		_, err = tx.run(ctx, "SAVEPOINT part", nil)
		tx.begun = err == nil
	}
	if err != nil {
		return nil, err
	}
	if err := fn(tx); err != nil {
		return nil, err
	}
	if err := tx.flushNotices(); err != nil {
		return nil, err
	}
	for _, st := range tx.last {
		if _, err := tx.db.exec(ctx, "", st.query, st.args); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("commit transaction: %w", err)
	}
	if first {
		w.shared = &shared{conn: tx.conn, db: tx.db, began: time.Now(), done: make(chan struct{})}
	} else if _, err := tx.run(ctx, "RELEASE SAVEPOINT part", nil); err != nil {
		return nil, fmt.Errorf("end part of transaction: %w", err)
	}
	tx.conn, tx.begun = nil, false
	w.shared.writes++
	mine, good = w.shared, true
	return mine, nil
}

// full says whether the transaction is to be committed now.
func (w *writers) full() bool {
	t := w.shared
	return t.err != nil || w.waiting.Load() == 0 || t.writes >= mostTogether || time.Since(t.began) > longestOpen
}

// undo takes back a part that failed.
func (w *writers) undo(ctx context.Context, tx *Tx, first bool) {
	if first {
		tx.release(ctx)
		return
	}
	if !tx.begun {
		return
	}
	ctx = context.WithoutCancel(ctx)
	_, err := tx.run(ctx, "ROLLBACK TO SAVEPOINT part", nil)
	if err == nil {
		_, err = tx.run(ctx, "RELEASE SAVEPOINT part", nil)
	}
	if err != nil {
		// SQLite itself gave the whole transaction up: the disk is full, or worse.
		w.shared.err = fmt.Errorf("commit transaction: it ended with another's part: %w", err)
	}
	tx.conn, tx.begun = nil, false
}

// commit ends the transaction for all who are in it.
func (w *writers) commit(ctx context.Context) {
	t := w.shared
	w.shared = nil
	end := &Tx{conn: t.conn, db: t.db, begun: true}
	if t.err == nil {
		if err := t.db.commit(context.WithoutCancel(ctx), nil); err != nil {
			t.err = fmt.Errorf("commit transaction: %w", err)
		} else {
			end.begun = false
		}
	}
	end.release(ctx)
	close(t.done)
}
