package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func TestRebind(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT 1`: `SELECT 1`,
		`SELECT a FROM t WHERE b = ? AND c IN (?, ?)`:        `SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)`,
		`SELECT '?', "?", 'it''s ?' FROM t WHERE a = ?`:      `SELECT '?', "?", 'it''s ?' FROM t WHERE a = $1`,
		"SELECT a -- really?\nFROM t WHERE a = ? - ?":        "SELECT a -- really?\nFROM t WHERE a = $1 - $2",
		`SELECT a FROM t WHERE a LIKE ? ESCAPE '\' OR b = ?`: `SELECT a FROM t WHERE a LIKE $1 ESCAPE '\' OR b = $2`,
		`SELECT 'open ?`: `SELECT 'open ?`,
	} {
		if got := sqlstore.Rebind(query); got != want {
			t.Errorf("%s became %s", query, got)
		}
	}
}

// What the engines say in different words means the same.
func TestDialect(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for _, name := range []string{"Bash", "bash_completion", "bashXcompletion", "100%", `back\slash`, "zsh"} {
				if _, err := tx.Exec(ctx, `INSERT INTO package (name) VALUES (?)`, name); err != nil {
					return err
				}
			}
			names := func(cond string, args ...any) []string {
				got, err := sqlstore.List[string](ctx, tx, `SELECT name FROM package WHERE `+cond+` ORDER BY id`, args...)
				if err != nil {
					t.Errorf("%s: %v", cond, err)
				}
				return got
			}
			for _, test := range []struct {
				cond string
				args []any
				want []string
			}{
				{tx.Like("name"), []any{sqlstore.Glob("bash*")}, []string{"Bash", "bash_completion", "bashXcompletion"}},
				{tx.Like("name"), []any{sqlstore.Glob("BASH_*")}, []string{"bash_completion"}},
				{tx.Like("name"), []any{sqlstore.Glob("?sh")}, []string{"zsh"}},
				{tx.Like("name"), []any{sqlstore.Glob("*%")}, []string{"100%"}},
				{tx.Like("name"), []any{sqlstore.Glob(`*k\s*`)}, []string{`back\slash`}},
				{tx.Regexp("name"), []any{"^(B|z).?.?sh$"}, []string{"Bash", "zsh"}},
				{"name IN " + sqlstore.In(2), []any{"zsh", "Bash"}, []string{"Bash", "zsh"}},
				{"name IN " + sqlstore.In(0), nil, []string{}},
			} {
				if diff := cmp.Diff(test.want, names(test.cond, test.args...)); diff != "" {
					t.Errorf("%s %q (-want +got):\n%s", test.cond, test.args, diff)
				}
			}
			err := tx.Savepoint(ctx, func() error {
				_, err := sqlstore.List[string](ctx, tx, `SELECT name FROM package WHERE `+tx.Regexp("name"), "(")
				return err
			})
			if !sqlstore.BadRegexp(err) {
				t.Errorf("a bad regular expression: %v", err)
			}

			for expr, want := range map[string]int64{
				tx.Greatest("1", "2"): 2, tx.Least("1", "2"): 1, tx.Greatest("NULL", "1"): 1, tx.Least("1", "NULL"): 1,
			} {
				if got, err := sqlstore.List[int64](ctx, tx, `SELECT CAST(`+expr+` AS INTEGER)`); err != nil || got[0] != want {
					t.Errorf("%s is %v: %v", expr, got, err)
				}
			}
			if _, err := tx.Exec(ctx, `INSERT INTO scheduler_sys_data (name, data) VALUES (?, ?)`, "x", `{"key": "value", "n": 1}`); err != nil {
				return err
			}
			if got, err := sqlstore.List[string](ctx, tx, `SELECT `+tx.JSONText("data", "key")+` FROM scheduler_sys_data`); err != nil || got[0] != "value" {
				t.Errorf("the JSON member is %v: %v", got, err)
			}
			var data []byte
			if err := tx.Scan(ctx, `SELECT data FROM scheduler_sys_data`, nil, &data); err != nil || len(data) == 0 {
				t.Errorf("the JSON column is %s: %v", data, err)
			}
			return nil
		})
	})
}

func TestStreamStopsEarly(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for range 3 {
				for id, err := range sqlstore.Stream[int](ctx, tx, `SELECT id FROM archivetypes ORDER BY id`) {
					if err != nil {
						return err
					}
					if id == 2 {
						break
					}
				}
				got, err := sqlstore.List[int](ctx, tx, `SELECT count(*) FROM archivetypes`)
				if err != nil || got[0] != 76 {
					t.Errorf("after a broken-off stream: %v %v", got, err)
				}
			}
			for _, err := range sqlstore.Stream[int](ctx, tx, `SELECT name FROM archivetypes ORDER BY id`) {
				if err == nil {
					t.Error("a name was read as a number")
				}
				break
			}
			return nil
		})
	})
}

func TestLockRow(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for _, wait := range []bool{true, false} {
				if ok, err := tx.LockRow(ctx, "scheduler", wait); err != nil || !ok {
					t.Errorf("LockRow: %v %v", ok, err)
				}
			}
			if s.Engine() == "sqlite" { // there is one writer
				return nil
			}
			write(t, s, func(ctx context.Context, other *sqlstore.Tx) error {
				if ok, err := other.LockRow(ctx, "scheduler", false); err != nil || ok {
					t.Errorf("LockRow of a held lock: %v %v", ok, err)
				}
				return nil
			})
			return nil
		})
	})
}

func TestListen(t *testing.T) {
	t.Parallel()
	s := sqlstoretest.Postgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ready, heard, done := make(chan struct{}), make(chan string, 10), make(chan error)
	go func() {
		done <- s.Listen(ctx, "hubd events", func() { close(ready) }, func(payload string) { heard <- payload })
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error { return tx.Notify(ctx, "hubd events", "it's 7") })
	select {
	case got := <-heard:
		if got != "it's 7" {
			t.Errorf("heard %q", got)
		}
	case err := <-done:
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("Listen returned nil")
	}
}
