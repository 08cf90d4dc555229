package hubd

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"koji/internal/conformance"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// TestCopyCommand takes a hub that has been worked on to PostgreSQL and back to
// SQLite, finds the same there, and goes on with both.
func TestCopyCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, still, back := filepath.Join(dir, "first.db"), filepath.Join(dir, "still.db"), filepath.Join(dir, "back.db")
	postgres := sqlstoretest.PostgresDSN(t, false)
	open := func(dsn string) *sqlstore.Store {
		t.Helper()
		store, err := sqlstore.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return store
	}
	areas := []string{"builds", "tasks"}
	var cfg *Config
	h := setup(t, open("sqlite:"+first), func(c *Config) { everything(c); cfg = c })
	outcomes := replayAreas(t, h, areas...)

	// The hub goes on with the first; its copy stands still.
	copied(t, "--from", "sqlite:"+first, "--to", "sqlite:"+still)
	out := copied(t, "--from", "sqlite:"+still, "--to", postgres)
	if !regexp.MustCompile(`(?m)^task +[1-9]\d*$`).MatchString(out) || !regexp.MustCompile(`Copied and compared \d+ rows of \d+ tables`).MatchString(out) {
		t.Errorf("hubd copy says:\n%s", out)
	}
	copied(t, "--from", postgres, "--to", "sqlite:"+back)
	if diff := tablesThatDiffer(t, still, back); diff != "" {
		t.Errorf("there and back (-still +back):\n%s", diff)
	}

	code, _, problem := hubd(t, "copy", "--from", "sqlite:"+first, "--to", postgres)
	if code != exitFailed || !strings.Contains(problem, "isn't empty") {
		t.Errorf("onto a hub's database: exit %d, %s", code, problem)
	}
	for _, args := range [][]string{{"copy"}, {"copy", "--from", "sqlite:x"}, {"copy", "--to", "sqlite:x"}, {"copy", "--from", "sqlite:x", "--to", "sqlite:y", "z"}} {
		if code, _, problem := hubd(t, args...); code != exitUsage {
			t.Errorf("hubd %v: exit %d: %s", args, code, problem)
		}
	}

	for _, dsn := range []string{postgres, "sqlite:" + back} {
		again := start(t, open(dsn), cfg)
		if diff := cmp.Diff(outcomes, replayAreas(t, again, areas...)); diff != "" {
			t.Errorf("on %s (-before +copy):\n%s", again.store.Engine(), diff)
		}
	}
}

// copied is what hubd copy prints of a copy that goes well; on a slow machine it says how far it is as well.
func copied(t *testing.T, args ...string) string {
	t.Helper()
	code, out, problem := hubd(t, append([]string{"copy"}, args...)...)
	if code != exitOK {
		t.Fatalf("hubd copy %v: exit %d: %s", args, code, problem)
	}
	return out
}

// replayAreas gives the steps that agree, of the scenarios that can be replayed again.
func replayAreas(t *testing.T, h *testHub, areas ...string) map[string]int {
	t.Helper()
	data := os.DirFS("testdata/conformance")
	agree := map[string]int{}
	for _, area := range areas {
		scenarios, err := conformance.Load(data, area)
		if err != nil {
			t.Fatal(err)
		}
		for i := range scenarios {
			for _, o := range scenarios[i].Replay(t.Context(), h.url, data) {
				if !scenarios[i].Once && o.Problem == "" {
					agree[o.Scenario]++
				}
			}
		}
	}
	return agree
}

// tablesThatDiffer names the tables of two SQLite files whose rows differ. Those
// with a column that is JSONB on the way are left out: its keys change their order.
func tablesThatDiffer(t *testing.T, a, b string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+a)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`ATTACH ? AS other`, "file:"+b); err != nil {
		t.Fatal(err)
	}
	jsonb := map[string]bool{"repo": true, "repo_queue": true, "external_repo_data": true, "scheduler_host_data": true, "scheduler_task_runs": true}
	rows, err := db.Query(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'hubd_migrations'
		AND name NOT LIKE 'hubd_rpm_trigrams%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 68 {
		t.Fatalf("%d tables: %v", len(names), err)
	}
	same, differ := map[string]int{}, map[string]int{}
	for _, name := range names {
		var here, there, lost int
		err := db.QueryRow(`SELECT (SELECT count(*) FROM main.`+name+`), (SELECT count(*) FROM other.`+name+`),
			(SELECT count(*) FROM (SELECT * FROM main.`+name+` EXCEPT SELECT * FROM other.`+name+`))`).Scan(&here, &there, &lost)
		if err != nil {
			t.Fatal(err)
		}
		same[name], differ[name] = here, there
		if lost > 0 && !jsonb[name] {
			differ[name] = -lost
		}
	}
	return cmp.Diff(same, differ)
}
