package hubd

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"koji/internal/conformance"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// What `make conformance` sets.
var (
	conformanceOnly  = flag.String("conformance.only", "", "replay scenarios whose name or area begins so")
	conformanceSteps = flag.Bool("conformance.steps", false, "a line for each step that agrees, too")
)

// TestConformance asks a fresh hub what Koji's was once asked, all scenarios
// one after the other, on each engine. Steps of testdata/conformance/deliberate.txt
// disagree on purpose.
func TestConformance(t *testing.T) {
	t.Parallel()
	data := os.DirFS("testdata/conformance")
	scenarios, err := conformance.Load(data, *conformanceOnly)
	if err != nil {
		t.Fatal(err)
	}
	if len(scenarios) == 0 {
		t.Fatalf("no scenario %q", *conformanceOnly)
	}
	deliberate := places(t, "deliberate.txt")
	for place, reason := range deliberate {
		if reason == "" {
			t.Errorf("deliberate.txt gives no reason for %s step %d", place.Scenario, place.Number)
		}
	}
	replay := func(outcomes *[]conformance.Outcome, open func(testing.TB, ...sqlstore.Option) *sqlstore.Store) func(*testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			h := setup(t, open(t), everything)
			for i := range scenarios {
				*outcomes = append(*outcomes, scenarios[i].Replay(t.Context(), h.url, data)...)
			}
		}
	}
	var onSQLite, onPostgres []conformance.Outcome
	t.Run("on", func(t *testing.T) {
		t.Run("sqlite", replay(&onSQLite, sqlstoretest.SQLite))
		t.Run("postgres", replay(&onPostgres, sqlstoretest.Postgres))
	})
	out := t.Output()
	var passed, failed int
	for _, engine := range []struct {
		name     string
		outcomes []conformance.Outcome
	}{{"SQLite", onSQLite}, {"PostgreSQL", onPostgres}} {
		if len(engine.outcomes) == 0 {
			continue // skipped, which the engine's test says
		}
		fmt.Fprintf(out, "== on %s\n", engine.name)
		tally := conformance.Report(out, engine.outcomes, deliberate, *conformanceSteps)
		passed, failed = passed+tally.Passed, failed+tally.Failed
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, failed)

	for _, o := range slices.Concat(onSQLite, onPostgres) {
		_, onPurpose := deliberate[o.Place()]
		if onPurpose && o.Problem == "" {
			t.Errorf("deliberate.txt names %s step %d, which agrees", o.Scenario, o.Number)
		}
		if !onPurpose && o.Problem != "" {
			t.Fail() // the report says what
		}
	}
}

// places reads a list of steps; one that isn't there is empty.
func places(t *testing.T, name string) map[conformance.Place]string {
	t.Helper()
	f, err := os.Open("testdata/conformance/" + name)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := conformance.ReadPlaces(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}
