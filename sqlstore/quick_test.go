package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// Of questions that are asked together each gets its own answer or its own error, also when another one fails, panics or
// loses the connection.
func TestQuickQuestions(t *testing.T) {
	t.Parallel()
	s := sqlstoretest.Postgres(t)
	waiting := s.AskOneByOne()
	ask := func(query string, row func(int64), args ...any) error {
		return s.Read(t.Context(), func(tx *sqlstore.Tx) error { return sqlstore.Few(t.Context(), tx, query, row, args...) })
	}
	// together has questions asked at once: while they come in, the first has the connection.
	together := func(t *testing.T, questions ...func()) {
		t.Helper()
		var all sync.WaitGroup
		has, go_on := make(chan bool), make(chan bool)
		all.Go(func() {
			if err := ask(`SELECT 1`, func(int64) { has <- true; <-go_on }); err != nil {
				t.Error(err)
			}
		})
		<-has
		for _, q := range questions {
			all.Go(q)
		}
		for waiting() < len(questions) {
			select {
			case <-t.Context().Done():
				t.Fatal("the questions don't come in")
			default:
			}
		}
		close(go_on)
		all.Wait()
	}
	good := func(n int64) func() {
		return func() {
			var got []int64
			// Asked again it begins again: what counts is the last.
			err := ask(`SELECT generate_series(?::int, ?::int + 1)`, func(id int64) { got = append(got, id) }, n, n)
			if err != nil || len(got) < 2 || got[len(got)-2] != n || got[len(got)-1] != n+1 {
				t.Errorf("%d: %v, %v", n, got, err)
			}
		}
	}
	t.Run("one fails", func(t *testing.T) {
		together(t, good(10), good(20), func() {
			if err := ask(`SELECT 1 / ?::int`, func(int64) {}, 0); err == nil || !strings.Contains(err.Error(), "zero") {
				t.Errorf("division by zero: %v", err)
			}
		}, good(30))
	})
	t.Run("one panics", func(t *testing.T) {
		together(t, good(10), func() {
			defer func() {
				if p := recover(); fmt.Sprint(p) != "boom" {
					t.Errorf("panic: %v", p)
				}
			}()
			_ = ask(`SELECT 1`, func(int64) { panic("boom") })
		}, good(20))
	})
	t.Run("the connection is lost", func(t *testing.T) {
		first := true
		together(t, good(10), func() {
			err := ask(`SELECT CASE WHEN ? THEN pg_terminate_backend(pg_backend_pid())::int ELSE 5 END`, func(int64) {}, first)
			if err == nil {
				t.Error("a connection ended itself and answered")
			}
		}, good(20))
		together(t, good(30))
	})
	t.Run("how they are planned", func(t *testing.T) {
		set := int64(0)
		err := ask(`SELECT count(*)::int FROM pg_settings WHERE (name, setting) IN (('plan_cache_mode', 'force_generic_plan'), ('jit', 'off'),
			('enable_seqscan', 'off'), ('default_transaction_read_only', 'on'))`, func(n int64) { set = n })
		if err != nil || set != 4 {
			t.Errorf("%d of 4 are set: %v", set, err)
		}
	})
	t.Run("who left", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Read(ctx, func(tx *sqlstore.Tx) error { return sqlstore.Few(ctx, tx, `SELECT 1`, func(int64) {}) })
		if err == nil {
			t.Error("somebody who left was answered")
		}
	})
}

// Who has others read for it holds no connection that they may wait for.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	s := sqlstoretest.Postgres(t)
	read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		if _, err := sqlstore.List[int64](ctx, tx, `SELECT 1`); err != nil {
			return err
		}
		tx.Apart()
		pool := s.Pools()["all"]
		if pool.Stats().InUse != 1 {
			t.Fatalf("%d connections are in use before", pool.Stats().InUse)
		}
		if n := tx.SideBySide(ctx); n < 2 || pool.Stats().InUse != 0 {
			t.Errorf("%d side by side, %d connections are in use", n, pool.Stats().InUse)
		}
		_, err := sqlstore.List[int64](ctx, tx, `SELECT 1`)
		return err
	})
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		if n := tx.SideBySide(ctx); n != 1 {
			t.Errorf("%d side by side with a transaction that writes", n)
		}
		return nil
	})
}

func TestMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"15.14 (Debian 15.14-0+deb12u1)": 15, "9.6.24": 9, "18beta1": 18, "": 0, "devel": 0} {
		if got := sqlstore.Major(version); got != want {
			t.Errorf("%q: %d, want %d", version, got, want)
		}
	}
}
