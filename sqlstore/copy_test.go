package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// What Copy takes is read from the migrations, and must be all that they make.
func TestCopyKnowsAllColumns(t *testing.T) {
	t.Parallel()
	got, err := sqlstore.CopyColumns()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	var want []string
	read(t, sqlstoretest.SQLite(t), func(ctx context.Context, tx *sqlstore.Tx) (err error) {
		want, err = sqlstore.List[string](ctx, tx, `SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN ('hubd_migrations', 'hubd_changes')
				AND m.name NOT LIKE 'hubd_rpm_trigrams%' ORDER BY 1`)
		return err
	})
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-schema +copy):\n%s", diff)
	}
}

// odd fills a database with values that are easily changed on the way.
func odd(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		if _, err := tx.Event(ctx); err != nil {
			return err
		}
		for _, name := range []string{"Jürgen ☃ \U0001f600", "", "tab\tand 'quote' \\N \\.", "last"} {
			if err := newUser(ctx, tx, name); err != nil {
				return err
			}
		}
		for _, q := range []string{
			`DELETE FROM users WHERE name = 'last'`, // its id stays used
			`INSERT INTO tag (name) VALUES ('f44')`,
			`INSERT INTO tag_extra (tag_id, key, value, create_event, creator_id) VALUES (1, 'k', '{"z": 1, "a": [1.5, 1e21, true, null, "\u00e4"]}', 1, 1)`,
			`INSERT INTO tag_extra (tag_id, key, value, create_event, revoke_event, creator_id, revoker_id, active) VALUES (1, 'gone', 'null', 1, 1, 1, 1, NULL)`,
			`INSERT INTO host (user_id, name, task_load, ready) VALUES (1, 'b1', 0.1, TRUE)`,
			`INSERT INTO scheduler_host_data (host_id, data) VALUES (1, '{"z": 1, "a": [1.50, 1e21, true, null, "\u00e4"], "bb": -0.0}')`,
			`INSERT INTO task (state, channel_id, method, request, owner, parent, weight, arch) VALUES (0, 1, 'build', '<xml/>', 1, NULL, 1.25, 'noarch')`,
			`INSERT INTO task (state, channel_id, method, request, owner, parent, awaited, arch) VALUES (1, 1, 'buildArch', NULL, 1, 1, FALSE, 'i686')`,
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE task SET completion_time = ? WHERE id = 1`, time.Date(2001, 2, 3, 4, 5, 6, 789012000, time.UTC)); err != nil {
			return err
		}
		return tx.Publish(ctx, koji.Notice{Kind: koji.NoticeTask, Task: &koji.TaskNotice{ID: 1, Method: "build"}})
	})
}

// oddRows is what odd made, as text.
func oddRows(t *testing.T, s *sqlstore.Store) []string {
	t.Helper()
	micros := `completion_time`
	truth := `CASE WHEN %s THEN 'yes' WHEN NOT %s THEN 'no' ELSE 'null' END`
	if s.Engine() == "postgres" {
		micros = `CAST(extract(epoch FROM completion_time) * 1000000 AS BIGINT)`
	}
	is := func(c string) string { return strings.ReplaceAll(truth, "%s", c) }
	return rowsOf(t, s, []string{
		`SELECT 'user ' || id || ' ' || name || coalesce(password, ' none') FROM users ORDER BY id`,
		`SELECT 'extra ' || key || ' ' || coalesce(CAST(value AS TEXT), 'null') || ' ' || ` + is("active") + ` FROM tag_extra ORDER BY key`,
		`SELECT 'host ' || name || ' ' || CAST(CAST(task_load * 100 AS BIGINT) AS TEXT) || ' ' || ` + is("ready") + ` FROM host ORDER BY id`,
		`SELECT 'task ' || id || ' ' || coalesce(parent, 0) || ' ' || coalesce(request, 'none') || ' ' || CAST(CAST(weight * 100 AS BIGINT) AS TEXT) || ' ' || ` + is("awaited") +
			` || ' ' || coalesce(CAST(` + micros + ` AS TEXT), 'never') FROM task ORDER BY id`,
		`SELECT 'told ' || id || ' ' || kind FROM hubd_events ORDER BY id`,
		`SELECT 'perm ' || id || ' ' || name FROM permissions ORDER BY id`,
	})
}

// rowsOf are the texts that queries select.
func rowsOf(t *testing.T, s *sqlstore.Store, queries []string) []string {
	t.Helper()
	var all []string
	read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		for _, q := range queries {
			lines, err := sqlstore.List[string](ctx, tx, q)
			if err != nil {
				return err
			}
			all = append(all, lines...)
		}
		return nil
	})
	return all
}

func TestCopy(t *testing.T) {
	t.Parallel()
	for fromEngine, fromDSN := range emptyDatabases() {
		for toEngine, toDSN := range emptyDatabases() {
			t.Run(fromEngine+" to "+toEngine, func(t *testing.T) {
				t.Parallel()
				from, to := fromDSN(t), toDSN(t)
				source := reopen(t, from)
				odd(t, source)
				var last [2]int64
				c := sqlstore.Copy{From: from, To: to, Progress: func(_ string, done, total int64) { last = [2]int64{done, total} }}
				if err := c.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if last[0] != last[1] || last[0] == 0 {
					t.Errorf("progress ended at %d of %d", last[0], last[1])
				}
				target := reopen(t, to)
				if diff := cmp.Diff(oddRows(t, source), oddRows(t, target)); diff != "" {
					t.Errorf("rows (-source +copy):\n%s", diff)
				}
				write(t, target, func(ctx context.Context, tx *sqlstore.Tx) error {
					id, err := tx.InsertID(ctx, `INSERT INTO users (name, status, usertype) VALUES ('next', 0, 0) RETURNING id`)
					if id != 5 {
						t.Errorf("the next user has id %d, want 5", id)
					}
					return err
				})
				if err := c.Run(t.Context()); err == nil {
					t.Error("a database with a hub in it was taken as target")
				}
			})
		}
	}
}

// A copy that ends early leaves the target as it was, so that it can be made again.
func TestCopyBrokenOff(t *testing.T) {
	t.Parallel()
	for engine, dsn := range emptyDatabases() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			from := "sqlite:" + filepath.Join(t.TempDir(), "from.db")
			odd(t, reopen(t, from))
			to := dsn(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := sqlstore.Copy{From: from, To: to, Progress: func(_ string, done, total int64) {
				if done > total*3/4 {
					cancel()
				}
			}}
			if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("Run: %v", err)
			}
			if path, ok := strings.CutPrefix(to, "sqlite:"); ok {
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("%s is there: %v", path, err)
				}
				// What a killed copy leaves is no hindrance.
				if err := os.WriteFile(path+".copying", []byte("half of it"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c.Progress = nil
			if err := c.Run(t.Context()); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hub := "sqlite:" + filepath.Join(dir, "hub.db")
	reopen(t, hub)
	old := "sqlite:" + filepath.Join(dir, "old.db")
	write(t, reopen(t, old), func(ctx context.Context, tx *sqlstore.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM hubd_migrations WHERE id > 2`)
		return err
	})
	other := filepath.Join(dir, "other.db")
	if err := os.WriteFile(other, []byte("a diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ from, to, want string }{
		"no source":         {"sqlite:" + filepath.Join(dir, "none.db"), "sqlite:" + filepath.Join(dir, "a.db"), "no such file"},
		"onto itself":       {hub, hub, "is there already"},
		"onto another file": {hub, "sqlite:" + other, "is there already"},
		"no database":       {"sqlite:" + other, "sqlite:" + filepath.Join(dir, "b.db"), "not a database"},
		"an older hub's":    {old, "sqlite:" + filepath.Join(dir, "c.db"), "start this hub on it once"},
		"no hub's":          {sqlstoretest.PostgresDSN(t, false), "sqlite:" + filepath.Join(dir, "d.db"), "no hub's database"},
		"to nowhere":        {hub, "mysql:x", "named sqlite:PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := (&sqlstore.Copy{From: tc.from, To: tc.to}).Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Run: %v, want %q", err, tc.want)
			}
		})
	}
	if text, err := os.ReadFile(other); string(text) != "a diary" {
		t.Errorf("the other file was changed: %q %v", text, err)
	}
}
