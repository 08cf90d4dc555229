package hubd

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"koji/internal/conformance"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// What `make conformance` sets.
var (
	conformanceOnly    = flag.String("conformance.only", "", "replay scenarios whose name or area begins so")
	conformanceSteps   = flag.Bool("conformance.steps", false, "a line for each step that agrees, too")
	conformanceStrict  = flag.Bool("conformance.strict", false, "what is pending fails, too")
	conformancePending = flag.Bool("conformance.pending", false, "write what disagrees to testdata/conformance/pending.txt")
)

// TestConformance asks a fresh hub what Koji's was once asked, all scenarios
// one after the other, on each engine. Steps of testdata/conformance/deliberate.txt
// disagree on purpose; those of pending.txt, while there is such a file, for now.
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
	deliberate, pending := places(t, "deliberate.txt"), places(t, "pending.txt")
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

	var disagree []string
	for _, o := range slices.Concat(onSQLite, onPostgres) {
		_, onPurpose := deliberate[o.Place()]
		_, known := pending[o.Place()]
		switch {
		case onPurpose && o.Problem == "":
			t.Errorf("deliberate.txt names %s step %d, which agrees", o.Scenario, o.Number)
		case onPurpose || o.Problem == "":
		case *conformanceStrict || !known && !*conformancePending:
			t.Fail()
		default:
			disagree = append(disagree, fmt.Sprintf("%s %d pending\n", o.Scenario, o.Number))
		}
	}
	if *conformancePending {
		slices.Sort(disagree)
		text := "# Steps that disagree for now.\n" + strings.Join(slices.Compact(disagree), "")
		if err := os.WriteFile("testdata/conformance/pending.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
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
