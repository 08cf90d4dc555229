package conformance

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Place names a step.
type Place struct {
	Scenario string
	Number   int
}

// Place is where a step stands.
func (o *Outcome) Place() Place { return Place{o.Scenario, o.Number} }

// ReadPlaces reads a list of steps that may disagree: lines of a scenario, the
// number of a step and, to the end of the line, why. # begins a comment.
func ReadPlaces(r io.Reader) (map[Place]string, error) {
	places := map[Place]string{}
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		line := strings.TrimSpace(scan.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.SplitN(line, " ", 3)
		if len(words) < 3 {
			return nil, fmt.Errorf("%q: want a scenario, the number of a step and a reason", line)
		}
		number, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		places[Place{words[0], number}] = strings.TrimSpace(words[2])
	}
	return places, scan.Err()
}

// Tally counts outcomes.
type Tally struct{ Passed, Differ, Failed int }

// Report writes what disagrees and a line for each area. Steps in deliberate
// differ on purpose, which counts neither as passed nor as failed. With steps
// set, each step has a line.
func Report(w io.Writer, outcomes []Outcome, deliberate map[Place]string, steps bool) Tally {
	areas := map[string]*Tally{}
	var whole Tally
	for _, o := range outcomes {
		area := areas[o.Area]
		if area == nil {
			area = &Tally{}
			areas[o.Area] = area
		}
		reason, onPurpose := deliberate[o.Place()]
		switch {
		case o.Problem == "":
			area.Passed++
			whole.Passed++
			if steps {
				fmt.Fprintf(w, "ok     %s step %d %s\n", o.Scenario, o.Number, o.Method)
			}
		case onPurpose:
			area.Differ++
			whole.Differ++
			fmt.Fprintf(w, "differ %s step %d %s: %s\n", o.Scenario, o.Number, o.Method, reason)
		default:
			area.Failed++
			whole.Failed++
			fmt.Fprintf(w, "FAIL   %s step %d %s: %s\n", o.Scenario, o.Number, o.Method, o.Problem)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(areas)) {
		a := areas[name]
		note := ""
		if a.Differ > 0 {
			note = fmt.Sprintf(", %d differ on purpose", a.Differ)
		}
		fmt.Fprintf(w, "%-16s %4d of %4d agree%s\n", name, a.Passed, a.Passed+a.Differ+a.Failed, note)
	}
	return whole
}
