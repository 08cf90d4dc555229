package sqlstoretest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"koji/sqlstore"
)

// opened are the databases of the stores that tests opened.
var opened sync.Map

// Dump is all that stands in a test's database: the rows of each table as text, in no order that means anything. Tests
// compare what was before with what is after. Tables that change by themselves are left out by name.
func Dump(t testing.TB, s *sqlstore.Store, without ...string) map[string][]string {
	t.Helper()
	dsn, found := opened.Load(s)
	if !found {
		t.Fatal("dump: the store was not opened here")
	}
	driver, name := "pgx", dsn.(string)
	tables := `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	if path, isFile := strings.CutPrefix(name, "sqlite:"); isFile {
		driver, name = "sqlite", path
		tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string][]string{}
	for _, table := range texts(t, db, tables) {
		if !slices.Contains(without, table) {
			all[table] = texts(t, db, `SELECT * FROM "`+table+`"`)
		}
	}
	return all
}

// texts are the rows of a query, each as a text.
func texts(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		parts := make([]string, len(cells))
		for i, c := range cells {
			parts[i] = fmt.Sprint(c)
		}
		all = append(all, strings.Join(parts, " | "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}
