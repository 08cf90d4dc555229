// Package conformance replays recorded conversations with a hub: what is asked
// again must be answered as Koji 1.35 answered it. Its client shares no code
// with the hub, so that a mistake of the codec cannot hide itself.
//
// A scenario is a JSON file: {"name", "area", "about", "steps"}. A step has
//
//	call, args, kwargs   the method; kwargs travel as a last struct with __starstar
//	upload               instead: content, or files/<file>, raw to path/name (offset, overwrite, volume)
//	as                   who calls: a user (kojiadmin if absent); alice/2 is a second session of alice,
//	                     anon… is not logged in
//	save                 the name that later steps know the answer by
//	ordered              arrays must come in the recorded order (else those of structs and strings may come in any)
//	expect               what Koji answered; a step without is not compared
//
// In arguments {"$ref": "name.key.0"} is (part of) a saved answer, {"$fmt": "a/{x}", "with": {"x": …}} a text,
// {"$b64": "<hex>"} binary. Every @@ stands for a token that is new for each replay, so that
// a hub may be asked again and again. What an answer is compared with: see matcher.
package conformance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Scenario is a conversation.
type Scenario struct {
	Name  string
	Area  string
	About string
	Once  bool // only the first replay on a hub can agree
	Steps []Step
}

// Step is one call of a conversation and its answer.
type Step struct {
	Call    string
	Args    tree
	Kwargs  tree
	Upload  tree
	As      string
	Save    string
	Ordered bool
	Expect  *Expectation
}

// Method is what the step calls.
func (s *Step) Method() string {
	if s.Upload.v != nil {
		return "rawUpload"
	}
	return s.Call
}

// Expectation is a recorded answer: a result or a fault.
type Expectation struct {
	Result tree
	Fault  *struct {
		Code     int64
		Mentions []string // arguments that the text must name; the text is the hub's own
	}
}

// Load reads the scenarios of a folder, those whose name or area begins with
// only, in the order of their names.
func Load(dir fs.FS, only string) ([]Scenario, error) {
	names, err := fs.Glob(dir, "scenarios/*.json")
	if err != nil {
		return nil, err
	}
	var all []Scenario
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		var s Scenario
		if err := json.Unmarshal(data, &s); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if s.Name != strings.TrimSuffix(path.Base(name), ".json") {
			return nil, fmt.Errorf("%s holds a scenario named %q", name, s.Name)
		}
		if strings.HasPrefix(s.Name, only) || strings.HasPrefix(s.Area, only) {
			all = append(all, s)
		}
	}
	return all, nil
}
