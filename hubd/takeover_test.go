package hubd

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"koji"
	"koji/internal/conformance"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// kojiSchema is Koji's schema as an old database has it: columns that came with
// an upgrade stand in another place, constraints have other names, and an
// administrator has added things.
func kojiSchema(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../sqlstore/migrations/0001_koji.sql")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?s)(CREATE TABLE \w+ \(\n)(.*?)(\n\);)`)
	column := regexp.MustCompile(`^    "?[a-z_]+"? [A-Z]`)
	turned := table.ReplaceAllStringFunc(string(text), func(st string) string {
		m := table.FindStringSubmatch(st)
		var columns, rest []string
		for line := range strings.SplitSeq(m[2], "\n") {
			if column.MatchString(line) {
				columns = append(columns, strings.TrimSuffix(line, ","))
			} else {
				rest = append(rest, line)
			}
		}
		slices.Reverse(columns)
		body := strings.Join(columns, ",\n")
		if len(rest) > 0 {
			body += ",\n" + strings.Join(rest, "\n")
		}
		return m[1] + body + m[3]
	})
	return turned + `
DO $$ DECLARE c RECORD; BEGIN
    FOR c IN SELECT conrelid::regclass AS t, conname, oid FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'u', 'p', 'c') LOOP
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', c.t, c.conname, 'old_' || c.oid);
    END LOOP;
END $$;
CREATE TABLE site_notes (build_id INTEGER REFERENCES build (id), note TEXT);
CREATE VIEW site_builds AS SELECT b.id, p.name, b.version FROM build b JOIN package p ON p.id = b.pkg_id;
CREATE INDEX site_build_source ON build (source);
ALTER TABLE users ADD COLUMN site_badge TEXT;
`
}

// kojiRows are what Koji's hub wrote: plain passwords, defaults that make events, a task's documents.
const kojiRows = `
INSERT INTO users (name, password, status, usertype) VALUES ('kojiadmin', 'kojiadmin', 0, 0), ('alice', 'alice', 0, 0), ('bob', 'bob', 0, 0),
    ('builder1', 'builder1', 0, 1), ('builder2', 'builder2', 0, 1), ('retired', 'retired', 1, 0), ('kerberized', NULL, 0, 0);
INSERT INTO user_perms (user_id, perm_id, creator_id) VALUES (1, 1, 1);
INSERT INTO host (user_id, name, ready, update_time) VALUES (4, 'builder1', TRUE, now()), (5, 'builder2', FALSE, NULL);
INSERT INTO host_config (host_id, arches, capacity, enabled, creator_id) VALUES (1, 'x86_64 noarch', 2.0, TRUE, 1), (2, 'x86_64 i686', 2.0, TRUE, 1);
INSERT INTO host_channels (host_id, channel_id, creator_id) VALUES (1, 1, 1), (2, 1, 1);
INSERT INTO sessions (user_id, key, authtype, hostip, callnum) VALUES (2, '2-kojis-own-key', 0, '-', 41);
INSERT INTO tag (name) VALUES ('f44'), ('f44-build');
INSERT INTO tag_config (tag_id, arches, creator_id) VALUES (1, 'x86_64', 1), (2, 'x86_64', 1);
INSERT INTO tag_inheritance (tag_id, parent_id, priority, pkg_filter, creator_id) VALUES (2, 1, 0, '', 1);
INSERT INTO package (name) VALUES ('bash');
INSERT INTO tag_packages (package_id, tag_id, creator_id) VALUES (1, 1, 1);
INSERT INTO tag_package_owners (package_id, tag_id, owner, creator_id) VALUES (1, 1, 2, 1);
INSERT INTO task (state, channel_id, method, request, result, owner, arch, priority, label, create_time, completion_time) VALUES (2, 1, 'build',
    '<?xml version=''1.0''?>
<methodCall>
<methodName>build</methodName>
<params>
<param>
<value><string>git://pkgs/bash#abc</string></value>
</param>
<param>
<value><string>f44</string></value>
</param>
</params>
</methodCall>
',
    '<?xml version=''1.0''?>
<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>', 2, 'noarch', 20, NULL, now(), now());
INSERT INTO build (volume_id, pkg_id, version, release, epoch, start_time, completion_time, state, task_id, owner)
    VALUES (0, 1, '5.2', '1', NULL, now(), now(), 1, 1, 2);
INSERT INTO tag_listing (build_id, tag_id, creator_id) VALUES (1, 1, 2);
INSERT INTO site_notes VALUES (1, 'signed by hand');
`

// TestTakeover has a hub serve on a database that Koji's hub made and filled.
func TestTakeover(t *testing.T) {
	t.Parallel()
	dsn := sqlstoretest.PostgresDSN(t, false)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	run := func(statements string) {
		t.Helper()
		if _, err := db.Exec(statements); err != nil {
			t.Fatal(err)
		}
	}
	run(kojiSchema(t))
	run(kojiRows)
	before := dumpSchema(t, dsn)
	if !strings.Contains(before, "CREATE TABLE public.tag_listing") || !strings.Contains(before, "site_badge") {
		t.Fatalf("the dump isn't one:\n%s", before)
	}

	store, err := sqlstore.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	cfg, err := LoadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.KojiDir, cfg.CheckClientIP, cfg.EnableMaven, cfg.EnableWin = t.TempDir(), false, true, true
	everything(cfg)
	h := start(t, store, cfg)

	t.Run("what is there", func(t *testing.T) {
		want(t, "the task's request", []any{"git://pkgs/bash#abc", "f44"}, h.call("", "getTaskRequest", int64(1)))
		want(t, "the task's result", int64(1), h.call("", "getTaskResult", int64(1)))
		tagged, _ := h.call("", "listTagged", "f44-build", koji.Named{"inherit": true}).([]any)
		if len(tagged) != 1 || tagged[0].(map[string]any)["nvr"] != "bash-5.2-1" {
			t.Errorf("listTagged: %v", tagged)
		}
	})
	t.Run("a session of Koji's goes on", func(t *testing.T) {
		s, err := koji.New(koji.Options{Server: h.url, MaxRetries: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Resume(koji.SessionInfo{ID: 1, Key: "2-kojis-own-key", HeaderAuth: true})
		var me map[string]any
		if err := s.Call(t.Context(), "getLoggedInUser", &me); err != nil || me["name"] != "alice" {
			t.Errorf("getLoggedInUser: %v %v", me, err)
		}
	})
	t.Run("passwords", func(t *testing.T) {
		for range 2 { // the second time against the hash
			h.call("", "login", "bob", "bob")
		}
		h.wantFault(koji.CodeAuth, "", "login", "bob", "BOB")
		h.wantFault(koji.CodeAuth, "", "login", "retired", "retired")
		h.wantFault(koji.CodeAuth, "", "login", "kerberized", "")
		var stored string
		if err := db.QueryRow(`SELECT password FROM users WHERE name = 'bob'`).Scan(&stored); err != nil || !strings.HasPrefix(stored, argonPrefix) {
			t.Errorf("bob's password is stored as %q: %v", stored, err)
		}
	})
	// The whole range of calls, where columns stand in an order of their own.
	data := os.DirFS("testdata/conformance")
	for _, area := range []string{"tags", "hosts", "tasks", "repos", "builds"} {
		scenarios, err := conformance.Load(data, area)
		if err != nil {
			t.Fatal(err)
		}
		for i := range scenarios {
			for _, o := range scenarios[i].Replay(t.Context(), h.url, data) {
				if o.Problem != "" {
					t.Errorf("%s step %d %s: %s", o.Scenario, o.Number, o.Method, o.Problem)
				}
			}
		}
	}

	if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(dumpSchema(t, dsn), "\n")); diff != "" {
		t.Errorf("the schema was changed:\n%s", diff)
	}

	// Koji's hub is put back: its ids and events come from the database's own defaults, and ours, started again, sees them.
	h.call("kojiadmin", "createTag", "ours")
	run(`INSERT INTO tag (name) VALUES ('theirs');
		INSERT INTO tag_config (tag_id, arches, creator_id) VALUES (currval('tag_id_seq'), 'x86_64', 1)`)
	again, err := sqlstore.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	h = start(t, again, cfg)
	for _, tag := range []string{"f44", "ours", "theirs"} {
		if got, _ := h.call("", "getTag", tag, true).(map[string]any); got["name"] != tag {
			t.Errorf("getTag(%s) = %v", tag, got)
		}
	}
}

// dumpSchema is what pg_dump says of a database, without what is named hubd_
// and the extension that makes searches fast.
func dumpSchema(t *testing.T, dsn string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if err != nil || len(found) == 0 {
		t.Fatalf("no pg_dump beside PostgreSQL's server: %v", err)
	}
	out, err := exec.CommandContext(context.Background(), found[len(found)-1], "--schema-only", "--dbname", dsn).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	var kept []string
	// A function's statements end in semicolons of their own.
	text := regexp.MustCompile(`(?s)CREATE FUNCTION \S*hubd_.*?\$\$.*?\$\$;\n`).ReplaceAllString(string(out), "")
	for statement := range strings.SplitSeq(text, ";\n") {
		lines := slices.DeleteFunc(strings.Split(statement, "\n"), func(l string) bool {
			return l == "" || strings.HasPrefix(l, "--") || strings.HasPrefix(l, `\`) // a comment, a key that is new for each dump
		})
		if s := strings.Join(lines, "\n"); s != "" && !strings.Contains(s, "hubd_") && !strings.Contains(s, "pg_trgm") {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "\n")
}
