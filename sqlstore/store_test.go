package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func read(t testing.TB, s *sqlstore.Store, fn func(ctx context.Context, tx *sqlstore.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), func(tx *sqlstore.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, s *sqlstore.Store, fn func(ctx context.Context, tx *sqlstore.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), func(tx *sqlstore.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// emptyDatabases makes, for each engine, a database that nothing was done to, and returns its name for Open.
func emptyDatabases() map[string]func(t *testing.T) string {
	return map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "koji.db") },
		"postgres": func(t *testing.T) string { return sqlstoretest.PostgresDSN(t, false) },
	}
}

func reopen(t *testing.T, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newUser(ctx context.Context, tx *sqlstore.Tx, name string) error {
	_, err := tx.InsertID(ctx, `INSERT INTO users (name, status, usertype) VALUES (?, 0, 0) RETURNING id`, name)
	return err
}

func users(t *testing.T, s *sqlstore.Store) []string {
	t.Helper()
	var names []string
	read(t, s, func(ctx context.Context, tx *sqlstore.Tx) (err error) {
		names, err = sqlstore.List[string](ctx, tx, `SELECT name FROM users ORDER BY id`)
		return err
	})
	return names
}

func TestEvents(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 22, 6, 18, 48, 754275123, time.UTC)
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		var ids []int64
		for range 2 {
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				if want := now.Truncate(time.Microsecond); !tx.Now().Equal(want) {
					t.Errorf("Now is %v, want %v", tx.Now(), want)
				}
				for range 2 { // calls
					first, err := tx.Event(ctx)
					if err != nil {
						return err
					}
					again, err := tx.Event(ctx)
					if err != nil || again != first {
						t.Errorf("one call has the events %d and %d: %v", first, again, err)
					}
					ids = append(ids, first)
					tx.EndCall()
				}
				if tx.Changed() {
					t.Error("an event alone is not a change")
				}
				return nil
			})
		}
		if len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 4 || !slices.IsSorted(ids) {
			t.Errorf("the events of four calls are %v", ids)
		}
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			if _, err := tx.Event(ctx); err == nil {
				t.Error("a reading transaction made an event")
			}
			var at koji.Time
			var ts *float64
			if err := tx.Scan(ctx, `SELECT time, time FROM events WHERE id = ?`, []any{ids[3]}, sqlstore.ScanTime(&at, nil), sqlstore.ScanTime(nil, &ts)); err != nil {
				return err
			}
			if at.String() != "2026-01-22 06:18:48.754275+00:00" || ts == nil || *ts != 1769062728.754275 {
				t.Errorf("the event's time is %v, %v", at, ts)
			}
			return tx.Scan(ctx, `SELECT start_time, start_time FROM task UNION ALL SELECT NULL, NULL`, nil, sqlstore.ScanTime(&at, nil), sqlstore.ScanTime(nil, &ts))
		})
	}, sqlstore.WithClock(func() time.Time { return now }))
}

func TestNullTime(t *testing.T) {
	t.Parallel()
	at, ts := koji.Time{Time: time.Now()}, new(float64)
	for _, scan := range []interface{ Scan(any) error }{sqlstore.ScanTime(&at, nil), sqlstore.ScanTime(nil, &ts)} {
		if err := scan.Scan(nil); err != nil {
			t.Error(err)
		}
	}
	if !at.IsZero() || ts != nil {
		t.Errorf("NULL reads as %v, %v", at, ts)
	}
	if err := sqlstore.ScanTime(&at, nil).Scan("yesterday"); err == nil {
		t.Error("a text was read as a time")
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		fail := func(end func(cancel func()) error) (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = p.(error)
				}
			}()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			return s.Write(ctx, func(tx *sqlstore.Tx) error {
				tx.AfterCommit(func() { t.Error("a hook ran without a commit") })
				if _, err := tx.Event(ctx); err != nil {
					return err
				}
				if err := newUser(ctx, tx, "nobody"); err != nil {
					return err
				}
				return end(cancel)
			})
		}
		for name, end := range map[string]func(func()) error{
			"error": func(func()) error { return wrong },
			"panic": func(func()) error { panic(wrong) },
		} {
			if err := fail(end); !errors.Is(err, wrong) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := fail(func(cancel func()) error { cancel(); return nil }); err == nil {
			t.Error("a canceled transaction was committed")
		}
		if got := users(t, s); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error { return newUser(ctx, tx, "user") })
		if err := s.Read(t.Context(), func(tx *sqlstore.Tx) error { return newUser(t.Context(), tx, "other") }); err == nil {
			t.Error("a reading transaction wrote")
		}
		if diff := cmp.Diff([]string{"user"}, users(t, s)); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
	})
}

func TestSavepoints(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		var hooks []string
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			call := func(name string, end error) func() error {
				return func() error {
					tx.AfterCommit(func() { hooks = append(hooks, name) })
					if err := newUser(ctx, tx, name); err != nil {
						return err
					}
					return end
				}
			}
			if err := tx.Savepoint(ctx, func() error {
				if _, err := tx.Event(ctx); err != nil {
					return err
				}
				return call("first", wrong)()
			}); !errors.Is(err, wrong) {
				t.Errorf("Savepoint: %v", err)
			}
			if tx.Changed() {
				t.Error("changed by what was undone")
			}
			event, err := tx.Event(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO event_labels (event_id, label) VALUES (?, 'x')`, event); err != nil {
				t.Errorf("the event of an undone call was kept: %v", err)
			}
			if err := tx.Savepoint(ctx, func() error {
				if err := tx.Savepoint(ctx, call("inner", wrong)); !errors.Is(err, wrong) {
					t.Errorf("inner Savepoint: %v", err)
				}
				if err := tx.Savepoint(ctx, call("second", nil)); err != nil {
					return err
				}
				return call("third", nil)()
			}); err != nil {
				return err
			}
			// The database's own refusal is undone too, and the transaction goes on.
			if err := tx.Savepoint(ctx, call("third", nil)); !sqlstore.Duplicate(err) {
				t.Errorf("the same name again: %v", err)
			}
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				tx.Savepoint(ctx, func() error { call("fourth", nil)(); panic("at the disco") })
			}()
			if !tx.Changed() || len(hooks) > 0 {
				t.Errorf("before the commit: changed %v, hooks run %v", tx.Changed(), hooks)
			}
			return call("fifth", nil)()
		})
		want := []string{"second", "third", "fifth"}
		if diff := cmp.Diff(want, users(t, s)); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, hooks); diff != "" {
			t.Errorf("hooks (-want +got):\n%s", diff)
		}
	})
}

func TestVersionedRows(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		var events []int64
		step := func(fn func(ctx context.Context, tx *sqlstore.Tx) error) {
			t.Helper()
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				if err := fn(ctx, tx); err != nil {
					return err
				}
				event, err := tx.Event(ctx)
				events = append(events, event)
				return err
			})
		}
		step(func(ctx context.Context, tx *sqlstore.Tx) error {
			if err := newUser(ctx, tx, "user"); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO tag (name) VALUES ('tag')`); err != nil {
				return err
			}
			return tx.InsertVersioned(ctx, "tag_config", 1, sqlstore.Column{"tag_id", 1}, sqlstore.Column{"arches", "x86_64"})
		})
		step(func(ctx context.Context, tx *sqlstore.Tx) error {
			if n, err := tx.Revoke(ctx, "tag_config", 1, "tag_id = ?", 1); err != nil || n != 1 {
				t.Errorf("revoked %d rows: %v", n, err)
			}
			return tx.InsertVersioned(ctx, "tag_config", 1, sqlstore.Column{"tag_id", 1}, sqlstore.Column{"arches", "i686"}, sqlstore.Column{"locked", true})
		})
		step(func(ctx context.Context, tx *sqlstore.Tx) error {
			_, err := tx.Revoke(ctx, "tag_config", 1, "tag_id = ? OR tag_id = ?", 1, 7)
			return err
		})
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			before, err := sqlstore.List[int](ctx, tx, `SELECT count(*) FROM events`)
			if err != nil {
				return err
			}
			if n, err := tx.Revoke(ctx, "tag_config", 1, "tag_id = ?", 1); err != nil || n != 0 || tx.Changed() {
				t.Errorf("revoked %d rows of a deleted tag, changed %v: %v", n, tx.Changed(), err)
			}
			after, err := sqlstore.List[int](ctx, tx, `SELECT count(*) FROM events`)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("a call that changed nothing made an event:\n%s", diff)
			}
			return err
		})
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			before := events[0] - 1
			for i, test := range []struct {
				event *int64
				want  []string
			}{
				{&before, []string{}}, {&events[0], []string{"x86_64"}}, {&events[1], []string{"i686"}}, {&events[2], []string{}}, {nil, []string{}},
			} {
				cond, args := sqlstore.AtEvent("c", test.event)
				got, err := sqlstore.List[string](ctx, tx, `SELECT c.arches FROM tag_config c WHERE `+cond+` ORDER BY c.create_event`, args...)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("case %d (-want +got):\n%s", i, diff)
				}
			}
			return nil
		})
	})
}

func TestReadersSeeWhatIsCommitted(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		count := func(ctx context.Context, tx *sqlstore.Tx) (n int) {
			if err := tx.Scan(ctx, `SELECT count(*) FROM users`, nil, &n); err != nil {
				t.Error(err)
			}
			return n
		}
		read(t, s, func(ctx context.Context, old *sqlstore.Tx) error {
			if err := old.Steady(ctx); err != nil {
				return err
			}
			before := count(ctx, old)
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				if err := newUser(ctx, tx, "user"); err != nil {
					return err
				}
				read(t, s, func(ctx context.Context, other *sqlstore.Tx) error {
					if n := count(ctx, other); n != 0 {
						t.Errorf("%d users are seen before the commit", n)
					}
					return nil
				})
				return nil
			})
			if n := count(ctx, old); n != before {
				t.Errorf("a reader saw %d users and then %d", before, n)
			}
			return nil
		})
		if got := users(t, s); len(got) != 1 {
			t.Errorf("after the commit: %v", got)
		}
	})
}

func TestConcurrentWrites(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		const writers, rounds = 4, 10
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range rounds {
					err := s.Write(t.Context(), func(tx *sqlstore.Tx) error {
						if _, err := tx.LockRow(t.Context(), "scheduler", true); err != nil {
							return err
						}
						return newUser(t.Context(), tx, strconv.Itoa(w)+"-"+strconv.Itoa(i))
					})
					if err != nil {
						t.Error(err)
					}
					if err := s.Read(t.Context(), func(tx *sqlstore.Tx) error {
						_, err := sqlstore.List[int](t.Context(), tx, `SELECT id FROM users ORDER BY id`)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := len(users(t, s)); got != writers*rounds {
			t.Errorf("%d users of %d", got, writers*rounds)
		}
	})
}

func TestAfterRollback(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		ctx := t.Context()
		refused := errors.New("refused")
		var ran []string
		note := func(name string) func() { return func() { ran = append(ran, name) } }
		err := s.Write(ctx, func(tx *sqlstore.Tx) error {
			tx.AfterRollback(note("outer"))
			if err := tx.Savepoint(ctx, func() error {
				tx.AfterRollback(note("first in savepoint"))
				tx.AfterRollback(note("second in savepoint"))
				return refused
			}); !errors.Is(err, refused) {
				t.Errorf("savepoint: %v", err)
			}
			ran = append(ran, "after savepoint")
			return tx.Savepoint(ctx, func() error {
				tx.AfterRollback(note("in a savepoint that held"))
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"second in savepoint", "first in savepoint", "after savepoint"}
		if diff := cmp.Diff(want, ran); diff != "" {
			t.Errorf("hooks of a transaction that was committed:\n%s", diff)
		}
		ran = nil
		if err := s.Write(ctx, func(tx *sqlstore.Tx) error {
			tx.AfterRollback(note("one"))
			tx.AfterRollback(note("two"))
			return refused
		}); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"two", "one"}, ran); diff != "" {
			t.Errorf("hooks of a transaction that was undone:\n%s", diff)
		}
	})
}

// A statement that fails in a reading transaction breaks nothing but the savepoint it is in.
func TestReadSavepoint(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for range 2 { // by itself, and within the transaction
				undone := false
				err := tx.Savepoint(ctx, func() error {
					tx.AfterRollback(func() { undone = true })
					var n int
					return tx.Scan(ctx, `SELECT nothing FROM users`, nil, &n)
				})
				if err == nil || !undone {
					t.Errorf("a query of a column that isn't there: %v, undone %t", err, undone)
				}
				var n int
				if err := tx.Scan(ctx, `SELECT count(*) FROM channels`, nil, &n); err != nil || n != 8 {
					t.Errorf("after the failed savepoint: %d channels, %v", n, err)
				}
			}
			return nil
		})
	})
}
