package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"koji"
)

// Tx is a transaction of a [Store]. It belongs to one goroutine and ends with the function that was given it.
type Tx struct {
	store    *Store
	pool     *sql.DB
	readOnly bool
	now      time.Time

	conn  *sql.Conn // nil until the first statement
	db    link
	due   string // the BEGIN that goes out with the next statement
	begun bool   // a transaction is open on the connection
	ran   bool   // a statement was run
	last  []statement

	keptOnly bool // nothing is to be read: see withKept

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
	if tx.readOnly {
		return tx.readSavepoint(ctx, fn)
	}
	name := "sp" + strconv.Itoa(tx.depth+1)
	if _, err := tx.run(ctx, "SAVEPOINT "+name, nil); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	before := *tx
	tx.depth++
	done := false
	defer func() {
		if done {
			return
		}
		// Without the caller's cancellation: what was done must be undone also when the caller has gone.
		_, undo := tx.run(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name, nil)
		if undo == nil {
			_, undo = tx.run(context.WithoutCancel(ctx), "RELEASE SAVEPOINT "+name, nil)
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
	if _, err := tx.run(ctx, "RELEASE SAVEPOINT "+name, nil); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	done = true
	tx.depth--
	return nil
}

// readSavepoint runs fn where nothing can be changed, so that only a transaction that a statement of fn broke needs
// mending: the statements that follow are in a new one.
func (tx *Tx) readSavepoint(ctx context.Context, fn func() error) error {
	before := *tx
	err := fn()
	if err == nil {
		return nil
	}
	if n := len(before.undo); len(tx.undo) > n {
		tx.undone(n)
	}
	tx.after, tx.event, tx.changed, tx.notices = before.after, before.event, before.changed, before.notices
	if tx.begun && tx.db.aborted() {
		if _, undo := tx.run(context.WithoutCancel(ctx), "ROLLBACK", nil); undo != nil {
			return errors.Join(err, fmt.Errorf("end broken transaction: %w", undo))
		}
		tx.begun = false
	}
	return err
}

// Steady has all statements that follow see one state of the database, also when none was run before.
// In a transaction that writes it changes nothing: there, on PostgreSQL, each statement sees what is committed.
func (tx *Tx) Steady(ctx context.Context) error {
	if tx.begun {
		return nil
	}
	return tx.begin(ctx)
}

// Apart says that what was read so far needn't agree with what is read from now on: who calls with what is asked for.
func (tx *Tx) Apart() {
	if !tx.begun && tx.due == "" {
		tx.ran = false
	}
}

// begin opens a transaction on a connection that works. PostgreSQL is told together with the next statement: each word to
// it costs more than most queries.
func (tx *Tx) begin(ctx context.Context) error {
	begin := tx.store.engine.begin(tx.readOnly)
	if tx.store.engine == postgresEngine {
		tx.due = begin
		return nil
	}
	err := tx.first(ctx, func() error {
		_, err := tx.db.exec(ctx, "", begin, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	tx.begun = true
	return nil
}

// settle has the transaction that is due begin now.
func (tx *Tx) settle(ctx context.Context) error {
	if tx.due == "" {
		return nil
	}
	return tx.first(ctx, func() error {
		_, err := tx.db.exec(ctx, "", tx.due, nil)
		return err
	})
}

// ready prepares for a statement: the first query of a reading transaction runs by itself, with the second it begins. What
// isn't a query is left to the engine to refuse.
func (tx *Tx) ready(ctx context.Context, query bool) error {
	if !tx.begun && (tx.ran || !query) {
		return tx.begin(ctx)
	}
	return nil
}

// run runs a statement that brings no rows.
func (tx *Tx) run(ctx context.Context, query string, args []any) (n int64, err error) {
	err = tx.first(ctx, func() error {
		n, err = tx.db.exec(ctx, tx.due, query, args)
		return err
	})
	return n, err
}

// first runs something on the connection, with the BEGIN that is due. If it is the first thing that is done there and the
// connection turns out to be broken already, it runs on another one.
func (tx *Tx) first(ctx context.Context, run func() error) error {
	for try := 1; ; try++ {
		if err := tx.connect(ctx); err != nil {
			return err
		}
		err := run()
		if tx.due != "" && (err == nil || tx.db.within()) {
			tx.begun, tx.due = true, ""
		}
		if err == nil || tx.ran || tx.begun || try == maxTries || !tx.db.broken() || !unsent(err) || ctx.Err() != nil {
			return err
		}
		drop(tx.conn)
		tx.conn, tx.db = nil, nil
	}
}

// connect waits for a connection, if the transaction has none.
func (tx *Tx) connect(ctx context.Context) (err error) {
	if tx.conn == nil {
		tx.conn, tx.db, err = tx.store.take(ctx, tx.pool)
	}
	return err
}

// maxTries is more than the idle connections that a restarted server leaves behind.
const maxTries = 6

// statement is one that is run together with the commit.
type statement struct {
	query string
	args  []any
}

// atEnd has a statement run at the transaction's end, if it is committed: nobody asks what it does. They run in their order.
func (tx *Tx) atEnd(query string, args ...any) {
	tx.last = append(tx.last, statement{tx.store.engine.rebind(query, args), args})
}

func (tx *Tx) commit(ctx context.Context) error {
	if !tx.begun && len(tx.last) == 0 {
		return nil
	}
	if err := tx.settle(ctx); err != nil {
		return err
	}
	if tx.db.aborted() {
		return errors.New("a statement failed")
	}
	err := tx.db.commit(context.WithoutCancel(ctx), tx.last)
	if err == nil {
		tx.begun = false
	}
	return err
}

// release ends what is not committed and gives the connection back.
func (tx *Tx) release(ctx context.Context) {
	if tx.conn == nil {
		return
	}
	conn := tx.conn
	tx.conn = nil
	if tx.begun && !tx.db.broken() {
		if _, err := tx.db.exec(context.WithoutCancel(ctx), "", "ROLLBACK", nil); err != nil {
			drop(conn)
			return
		}
	}
	conn.Close()
}
