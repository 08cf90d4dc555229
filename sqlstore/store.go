// Package sqlstore keeps a hub's data: Koji 1.35's tables on SQLite or PostgreSQL behind one set of queries.
//
// All work happens in a transaction: [Store.Read] and [Store.Write] hand out a [Tx], and the nouns (tags, tasks, builds
// …) are methods on it, a file each. What differs between the two engines stands in dialect.go and nowhere else.
//
// Rules for the noun files:
//   - Placeholders are `?`, on both engines.
//   - One statement at a time: while rows are open (inside the loop over a stream) no other statement may run in the same
//     transaction; PostgreSQL refuses it. Collect with list first where that is needed.
//   - one, few and short are for what indexes find, list and stream for all else: see quick.go.
//   - Columns that PostgreSQL fills by default (create_event, times) are always given, so that both engines and the
//     tests' clock agree: tx.Event for events, tx.Now for times.
//   - Booleans are tested as `active = TRUE` and scanned into bool or *bool, never into any.
package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	engine    engine
	dsn       string
	writer    *sql.DB
	readers   *sql.DB // the same as writer on PostgreSQL
	clock     func() time.Time
	name      string // by which it knows what it told itself
	told      func() // wakes who reads notices, after a commit
	kept      *kept
	writers   *writers   // on SQLite
	questions *questions // on PostgreSQL
}

// Option changes a Store while it is opened.
type Option func(*Store)

// WithClock makes the store take the time from now instead of time.Now. For tests.
func WithClock(now func() time.Time) Option {
	return func(s *Store) { s.clock = now }
}

// OnNotices has f called after each commit of a transaction that told the event
// stream something; f reads it with [Tx.Notices]. Call it before the store is used.
func (s *Store) OnNotices(f func()) { s.told = f }

// Open opens the database that dsn names and brings its schema up to date.
//
// dsn is "sqlite:PATH" (the file, and the folder it is in, are made when missing, for the owner alone) or a PostgreSQL
// URL, "postgres://…" or "postgresql://…". A PostgreSQL database that holds Koji 1.35's schema is taken over in place.
// It is an error if the database is of another Koji, or was written by a newer hub. Errors never carry the password.
func Open(ctx context.Context, dsn string, opts ...Option) (*Store, error) {
	s, err := connect(ctx, dsn, opts...)
	if err == nil {
		if err = s.migrate(ctx); err == nil {
			err = s.trimChanges(ctx)
		}
		if err == nil && s.engine == postgresEngine {
			err = s.openQuick() // not before: a start needs no second connection
		}
		if err != nil {
			s.Close()
		}
	}
	if err != nil {
		return nil, redact(fmt.Errorf("open database: %w", err), dsn)
	}
	return s, nil
}

// connect opens a database and leaves its schema as it is. Its errors may carry the password.
func connect(ctx context.Context, dsn string, opts ...Option) (*Store, error) {
	s := &Store{dsn: dsn, name: rand.Text(), clock: time.Now, kept: newKept()}
	for _, o := range opts {
		o(s)
	}
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		s.engine, s.writers = sqliteEngine, newWriters()
		err = s.openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		s.engine = postgresEngine
		err = s.openPostgres(ctx, dsn)
	default:
		err = errors.New("the database is named sqlite:PATH or postgres://USER@HOST/NAME")
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the database. Transactions under way are rolled back.
func (s *Store) Close() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.questions != nil {
		errs = append(errs, s.questions.db.Close())
	}
	if s.writer != nil && s.writer != s.readers {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(errs...)
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return string(s.engine) }

// Read runs fn in a transaction that cannot change the database. Its statements see one consistent state from the second
// on, so that a call of one statement costs no transaction; [Tx.Steady] makes it the first.
func (s *Store) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return s.run(ctx, &Tx{store: s, pool: s.readers, readOnly: true}, fn)
}

// Write runs fn in a transaction, commits if it returns nil and then runs the hooks that [Tx.AfterCommit] took. If fn
// returns an error or panics, nothing of what it did remains, and the error or the panic goes on to the caller.
//
// On SQLite there is one Write at a time; fn must not call Write itself: it would wait for its own end.
func (s *Store) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return s.run(ctx, &Tx{store: s, pool: s.writer}, fn)
}

func (s *Store) run(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	if err := s.perform(ctx, tx, fn); err != nil || tx.readOnly {
		return err
	}
	for _, hook := range tx.after { // they may use the database
		hook()
	}
	if s.told != nil && len(tx.notices) > 0 {
		s.told()
	}
	return nil
}

func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// perform runs fn in a transaction and ends that.
func (s *Store) perform(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	if s.engine == sqliteEngine && !tx.readOnly {
		return s.together(ctx, tx, fn)
	}
	tx.now = s.now()
	// After a commit this does nothing; after an error, a panic or runtime.Goexit in fn it undoes all.
	committed := false
	defer func() {
		tx.release(ctx)
		if !committed {
			tx.undone(0)
		}
	}()
	if !tx.readOnly {
		if err := tx.begin(ctx); err != nil {
			return err
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	if tx.readOnly {
		return nil
	}
	if err := tx.flushNotices(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	if err := tx.commit(ctx); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	committed = true
	return nil
}

// Pools are the connections to the database, by what they are for.
func (s *Store) Pools() map[string]*sql.DB {
	if s.writer == s.readers {
		return map[string]*sql.DB{"all": s.writer, "quick": s.questions.db}
	}
	return map[string]*sql.DB{"write": s.writer, "read": s.readers}
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.readers.PingContext(ctx) }
