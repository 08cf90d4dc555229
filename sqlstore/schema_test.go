package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// testdata/schema.txt is Koji 1.35's schema, a line for each column, unique set of columns (primary keys too) and index.
func TestSchemaIsKojis(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		want := slices.Clone(want)
		if s.Engine() == "sqlite" {
			want = sqliteTypes(want)
		}
		slices.Sort(want)
		got := inspect(t, s)
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("the schema differs from Koji's (-want +got):\n%s", diff)
		}
	})
}

// sqliteTypes is the schema with the types that SQLite has instead.
func sqliteTypes(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if strings.HasPrefix(l, "column ") {
			l = strings.NewReplacer(" TIMESTAMPTZ", " INTEGER", " JSONB", " TEXT", " JSON", " TEXT").Replace(l)
		}
		out[i] = l
	}
	return out
}

func inspect(t *testing.T, s *sqlstore.Store) []string {
	t.Helper()
	queries := []string{
		`SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || CASE WHEN c."notnull" THEN ' not null' ELSE '' END
		 FROM sqlite_schema m, pragma_table_info(m.name) c
		 WHERE m.type = 'table' AND m.name NOT LIKE 'hubd_%' AND m.name NOT LIKE 'sqlite_%'`,
		`SELECT 'unique ' || m.name || '(' || (SELECT group_concat(x.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) || ')'
		 FROM sqlite_schema m, pragma_index_list(m.name) i
		 WHERE m.type = 'table' AND i."unique" AND i.origin <> 'c' AND m.name NOT LIKE 'hubd_%' AND m.name NOT LIKE 'sqlite_%'
		 UNION SELECT 'unique ' || m.name || '(' || group_concat(c.name, ',') || ')'
		 FROM sqlite_schema m, pragma_table_info(m.name) c
		 WHERE m.type = 'table' AND c.pk AND m.name NOT LIKE 'hubd_%' AND m.name NOT LIKE 'sqlite_%'
		 GROUP BY m.name HAVING count(*) = 1`,
		`SELECT 'index ' || name || ' on ' || tbl_name FROM sqlite_schema
		 WHERE type = 'index' AND name NOT LIKE 'hubd_%' AND name NOT LIKE 'sqlite_%'`,
	}
	if s.Engine() == "postgres" {
		queries = []string{
			`SELECT 'column ' || c.relname || '.' || a.attname || ' ' ||
			   CASE format_type(a.atttypid, a.atttypmod) WHEN 'timestamp with time zone' THEN 'TIMESTAMPTZ' WHEN 'double precision' THEN 'FLOAT'
			   ELSE replace(upper(format_type(a.atttypid, a.atttypmod)), 'CHARACTER VARYING', 'VARCHAR') END
			   || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
			 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'hubd_%'`,
			`SELECT 'unique ' || k.conrelid::regclass || '(' || (SELECT string_agg(a.attname, ',' ORDER BY n.o)
			   FROM unnest(k.conkey) WITH ORDINALITY n(num, o) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num) || ')'
			 FROM pg_constraint k WHERE k.contype IN ('p', 'u') AND k.connamespace = 'public'::regnamespace
			   AND k.conrelid::regclass::text NOT LIKE 'hubd_%'`,
			`SELECT 'index ' || i.indexname || ' on ' || i.tablename FROM pg_indexes i
			 WHERE i.schemaname = 'public' AND i.indexname NOT LIKE 'hubd_%'
			   AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conname = i.indexname)`,
		}
	}
	return rowsOf(t, s, queries)
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		`SELECT id || ' ' || name FROM channels ORDER BY id`: {
			"1 default", "2 createrepo", "3 maven", "4 livecd", "5 appliance", "6 vm", "7 image", "8 livemedia",
		},
		`SELECT id || ' ' || name FROM permissions WHERE description <> '' ORDER BY id`: {
			"1 admin", "2 appliance", "3 dist-repo", "4 host", "5 image", "6 image-import", "7 livecd", "8 maven-import",
			"9 repo", "10 sign", "11 tag", "12 target", "13 win-admin", "14 win-import", "15 draft-promoter",
		},
		`SELECT id || ' ' || name FROM volume`:            {"0 DEFAULT"},
		`SELECT id || ' ' || name FROM external_repo`:     {"0 INTERNAL"},
		`SELECT id || ' ' || name FROM btype ORDER BY id`: {"1 rpm", "2 maven", "3 win", "4 image"},
		`SELECT name FROM locks ORDER BY name`:            {"protonmsg-plugin", "repo-queue", "scheduler"},
		`SELECT CAST(id AS TEXT) FROM events`:             {"1"},
		`SELECT CAST(count(*) AS TEXT) FROM archivetypes`: {"76"},
		`SELECT id || ' ' || name || ' ' || extensions FROM archivetypes WHERE id IN (1, 4, 44, 76) ORDER BY id`: {
			"1 jar jar war rar ear sar jdocbook jdocbook-style", "4 tar tar tar.gz tar.bz2 tar.xz tgz", "44 box box", "76 wsl wsl",
		},
		`SELECT name FROM archivetypes WHERE compression_type = 'tar'`: {"tar"},
		`SELECT name FROM hubd_migrations ORDER BY id`:                 sqlstore.MigrationNames(),
	}
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for query, want := range tests {
				got, err := sqlstore.List[string](ctx, tx, query)
				if err != nil {
					return fmt.Errorf("%s: %w", query, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", query, diff)
				}
			}
			return nil
		})
	})
}

// What the schema refuses, on both engines alike.
func TestConstraints(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"long name":                `INSERT INTO users (name, status, usertype) VALUES ('` + strings.Repeat("n", 256) + `', 0, 0)`,
		"same name":                `INSERT INTO users (name, status, usertype) VALUES ('user', 0, 0)`,
		"no name":                  `INSERT INTO users (status, usertype) VALUES (0, 0)`,
		"active and revoked":       `INSERT INTO user_perms (user_id, perm_id, create_event, creator_id, active, revoke_event, revoker_id) VALUES (1, 1, 1, 1, TRUE, 1, 1)`,
		"neither":                  `INSERT INTO user_perms (user_id, perm_id, create_event, creator_id, active) VALUES (1, 1, 1, 1, NULL)`,
		"active false":             `INSERT INTO user_perms (user_id, perm_id, create_event, creator_id, active, revoke_event, revoker_id) VALUES (1, 1, 1, 1, FALSE, 1, 1)`,
		"no such event":            `INSERT INTO user_perms (user_id, perm_id, create_event, creator_id, active) VALUES (1, 1, 99, 1, TRUE)`,
		"exclusive closed session": `INSERT INTO sessions (user_id, exclusive, closed) VALUES (1, TRUE, TRUE)`,
		"label without parent":     `INSERT INTO task (channel_id, owner, arch, label) VALUES (1, 1, 'noarch', 'x')`,
		"capacity 1":               `INSERT INTO host_config (host_id, capacity, create_event, creator_id, active) VALUES (1, 1, 1, 1, TRUE)`,
		"negative load":            `INSERT INTO host (user_id, name, task_load) VALUES (1, 'other', -1)`,
		"draft release":            `INSERT INTO build (id, volume_id, pkg_id, version, release, draft, create_event, state, owner) VALUES (5, 0, 1, '1', '1,draft_6', TRUE, 1, 0, 1)`,
		"building but complete":    `INSERT INTO build (volume_id, pkg_id, version, release, create_event, state, owner) VALUES (0, 1, '1', '1', 1, 1, 1)`,
	}
	accepted := map[string]string{
		"longest name":     `INSERT INTO users (name, status, usertype) VALUES ('` + strings.Repeat("é", 255) + `', 0, 0)`,
		"draft release":    `INSERT INTO build (id, volume_id, pkg_id, version, release, draft, create_event, state, owner) VALUES (5, 0, 1, '1', '1,draft_5', TRUE, 1, 0, 1)`,
		"first volume":     `INSERT INTO volume (name) VALUES ('second')`,
		"default of times": `INSERT INTO sessions (user_id, exclusive) VALUES (1, TRUE)`,
	}
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for _, q := range []string{
				`INSERT INTO users (name, status, usertype) VALUES ('user', 0, 0)`,
				`INSERT INTO host (user_id, name) VALUES (1, 'host')`,
				`INSERT INTO package (name) VALUES ('hello')`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
			return nil
		})
		for name, q := range tests {
			err := s.Write(t.Context(), func(tx *sqlstore.Tx) error {
				_, err := tx.Exec(t.Context(), q)
				return err
			})
			if err == nil {
				t.Errorf("%s: accepted: %s", name, q)
			}
			if got, want := sqlstore.Duplicate(err), name == "same name"; got != want {
				t.Errorf("%s: duplicate is %v: %v", name, got, err)
			}
			if got, want := sqlstore.MissingReference(err), name == "no such event"; got != want {
				t.Errorf("%s: missingReference is %v: %v", name, got, err)
			}
		}
		for name, q := range accepted {
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				if _, err := tx.Exec(ctx, q); err != nil {
					t.Errorf("%s: refused: %v", name, err)
				}
				return nil
			})
		}
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			var started sqlstore.Stamp
			var exclusive bool
			if err := tx.Scan(ctx, `SELECT start_time, exclusive FROM sessions`, nil, &started, &exclusive); err != nil {
				return err
			}
			if d := tx.Now().Sub(started.Time).Abs(); d.Minutes() > 5 || !exclusive {
				t.Errorf("a new session is %v old, exclusive %v", d, exclusive)
			}
			return nil
		})
	})
}

// A renamed draft drags its rpms' copy of the flag along (ON UPDATE CASCADE), and ids taken ahead are not given twice.
func TestDraftFlagCascades(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			if err := newUser(ctx, tx, "user"); err != nil {
				return err
			}
			first, err := tx.NextID(ctx, "build")
			if err != nil {
				return err
			}
			id, err := tx.NextID(ctx, "build")
			if err != nil || id != first+1 {
				t.Fatalf("ids %d and %d: %v", first, id, err)
			}
			for _, q := range []string{
				`INSERT INTO package (name) VALUES ('hello')`,
				fmt.Sprintf(`INSERT INTO build (id, volume_id, pkg_id, version, release, draft, create_event, state, owner)
					VALUES (%d, 0, 1, '1', '1,draft_%d', TRUE, 1, 0, 1)`, id, id),
				fmt.Sprintf(`INSERT INTO rpminfo (build_id, name, version, release, arch, draft, external_repo_id, payloadhash, size, buildtime)
					VALUES (%d, 'hello', '1', '1', 'noarch', TRUE, 0, 'ff', 1, 1)`, id),
				`UPDATE build SET draft = FALSE, release = '1'`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
			var draft bool
			if err := tx.Scan(ctx, `SELECT draft FROM rpminfo`, nil, &draft); err != nil || draft {
				t.Errorf("the rpm is still a draft: %v %v", draft, err)
			}
			next, err := tx.InsertID(ctx, `INSERT INTO build (volume_id, pkg_id, version, release, create_event, state, owner)
				VALUES (0, 1, '2', '1', 1, 0, 1) RETURNING id`)
			if next != id+1 {
				t.Errorf("the build after %d is %d", id, next)
			}
			return err
		})
	})
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	for engine, dsn := range emptyDatabases() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dsn := dsn(t)
			// Several hubs that start together, and one that starts later.
			var hubs sync.WaitGroup
			for range 4 {
				hubs.Go(func() {
					s, err := sqlstore.Open(t.Context(), dsn)
					if err != nil {
						t.Error(err)
						return
					}
					s.Close()
				})
			}
			hubs.Wait()
			s := reopen(t, dsn)
			read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				got, err := sqlstore.List[int](ctx, tx, `SELECT count(*) FROM hubd_migrations UNION ALL SELECT count(*) FROM channels`)
				if diff := cmp.Diff([]int{len(sqlstore.MigrationNames()), 8}, got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				return err
			})
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ prepare, want string }{
		"newer":       {`INSERT INTO hubd_migrations (id, name, time) SELECT 1000, 'later', time FROM hubd_migrations WHERE id = 1`, "newer hub"},
		"other make":  {`UPDATE hubd_migrations SET name = 'else' WHERE id = 2`, "different make"},
		"older Koji":  {`DROP TABLE hubd_migrations; DROP TABLE repo_queue`, "not a database of Koji 1.35"},
		"older again": {`DROP TABLE hubd_migrations; DROP TABLE scheduler_task_runs`, "not a database of Koji 1.35"},
	}
	for name, test := range tests {
		for engine, dsn := range emptyDatabases() {
			t.Run(name+"/"+engine, func(t *testing.T) {
				t.Parallel()
				dsn := dsn(t)
				s := reopen(t, dsn)
				write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
					for _, q := range strings.Split(test.prepare, "; ") {
						if _, err := tx.Exec(ctx, q); err != nil {
							return err
						}
					}
					return nil
				})
				s, err := sqlstore.Open(t.Context(), dsn)
				if err == nil {
					s.Close()
				}
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("Open: %v, want %q", err, test.want)
				}
			})
		}
	}
}

// A database that Koji made has its tables and none of ours.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	dsn := sqlstoretest.PostgresDSN(t, true)
	s := reopen(t, dsn)
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		indexes, err := sqlstore.List[string](ctx, tx, `SELECT indexname FROM pg_indexes WHERE indexname LIKE 'hubd_%' AND tablename NOT LIKE 'hubd_%'`)
		if err != nil {
			return err
		}
		for _, i := range indexes {
			if _, err := tx.Exec(ctx, `DROP INDEX `+i); err != nil {
				return err
			}
		}
		tables, err := sqlstore.List[string](ctx, tx, `SELECT tablename FROM pg_tables WHERE tablename LIKE 'hubd_%'`)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if _, err := tx.Exec(ctx, `DROP TABLE `+table); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO tag (name) VALUES ('dist-6E')`)
		return err
	})
	s = reopen(t, dsn)
	read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		got, err := sqlstore.List[string](ctx, tx, `SELECT name FROM tag UNION ALL SELECT name FROM hubd_migrations ORDER BY name`)
		if diff := cmp.Diff(slices.Sorted(slices.Values(append(sqlstore.MigrationNames(), "dist-6E"))), got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		return err
	})
}

func TestOpenNames(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"", "koji", "sqlite:", "mysql://host/koji"} {
		if s, err := sqlstore.Open(t.Context(), dsn); err == nil {
			s.Close()
			t.Errorf("Open(%q) succeeded", dsn)
		}
	}
	dir := filepath.Join(t.TempDir(), "new", "odd %41 ? # name")
	path := filepath.Join(dir, "koji.db")
	s := reopen(t, "sqlite:"+path)
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error { return newUser(ctx, tx, "user") })
	for name, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v: %v", name, info.Mode(), want, err)
		}
	}
}

func TestNoPasswordInErrors(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://koji:s3cr%2Fet@127.0.0.1:1/koji",
		"postgres://koji:s3cr%2Fet@127.0.0.1:port/koji",
		"postgres://koji:s3cr%2Fet@127.0.0.1:1/koji?sslmode=nonsense",
		"postgres://koji:s3cr/et@127.0.0.1:1/koji",
		"postgres://koji:s3cr%zzet@127.0.0.1:1/koji",
		"postgres://127.0.0.1:1/koji?password=s3cr%2Fet",
	} {
		s, err := sqlstore.Open(t.Context(), dsn)
		if err == nil {
			s.Close()
			t.Errorf("Open(%q) succeeded", dsn)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "s3cr") {
				t.Errorf("Open(%q): %v", dsn, e)
			}
		}
	}
	// Whatever a driver may say.
	dsn := "postgres://koji:s3cr%2Fet@127.0.0.1/koji"
	if err := sqlstore.Redact(errors.New("bad s3cr/et in "+dsn), dsn); strings.Contains(err.Error(), "s3cr") {
		t.Error(err)
	}
}
