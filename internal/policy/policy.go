// Package policy is the rule language of Koji's hub (Koji:
// reference/policy.md), also used by the garbage collector.
//
// A policy is a list of rules, one a line:
//
//	# the first rule that applies decides
//	operation tag && tag *-released :: {
//	    has_perm release :: allow
//	    all :: deny only release engineering may do that
//	}
//	user_in_group packagers !! deny
//	all :: allow
//
// "tests :: action" applies when all tests hold, "tests !! action" when not
// all do. An action that is an opening brace begins a list of its own; when no
// rule of it applies, the rules behind the closing brace are tried.
//
// What the tests mean is told by functions: a few general ones are here, the
// others come from whoever parses.
package policy

import (
	"context"
	"fmt"
	"strings"
)

// Data is what a policy is asked about, by field. Values are those of the
// wire (nil, bool, int64, float64, string, []any) or lists of strings; what
// else a hub puts in is for its own tests.
type Data map[string]any

// Test is a kind of condition. args are the words behind its name.
type Test struct {
	// Run tells whether the condition holds. An error ends the evaluation: the
	// policy then has no answer.
	Run func(ctx context.Context, data Data, args []string) (bool, error)
	// Check, unless nil, judges the arguments when the policy is read.
	Check func(args []string) error
}

// Ruleset is one policy, ready to be applied. It does not change and may be
// used by several goroutines, if its tests may.
type Ruleset struct {
	name, file string
	rules      []*rule
}

// rule is one line and, if it opens one, the block behind it.
type rule struct {
	line    int
	tests   []test
	negated bool
	action  string // "{" when the rule opens a block
	block   []*rule
}

type test struct {
	name string
	args []string
	run  func(context.Context, Data, []string) (bool, error)
}

// Name is the policy's name.
func (s *Ruleset) Name() string { return s.name }

// Actions lists the actions the policy can end in, in order of first
// appearance.
func (s *Ruleset) Actions() []string {
	var actions []string
	seen := map[string]bool{}
	var walk func([]*rule)
	walk = func(rules []*rule) {
		for _, r := range rules {
			if r.action == "{" {
				walk(r.block)
			} else if !seen[r.action] {
				seen[r.action] = true
				actions = append(actions, r.action)
			}
		}
	}
	walk(s.rules)
	return actions
}

// Use is a place where a policy uses a test.
type Use struct {
	File string
	Line int
	Args []string
}

// Uses lists where the policy uses a test, in the order of the file.
func (s *Ruleset) Uses(name string) []Use {
	var uses []Use
	var walk func([]*rule)
	walk = func(rules []*rule) {
		for _, r := range rules {
			for _, t := range r.tests {
				if t.name == name {
					uses = append(uses, Use{s.file, r.line, t.args})
				}
			}
			walk(r.block)
		}
	}
	walk(s.rules)
	return uses
}

// Result is a policy's answer.
type Result struct {
	Matched bool   // false: no rule applied, and the rest is empty
	Action  string // as written behind the separator
	Rule    string // the rule that decided, in normal spacing
	File    string // where that rule stands
	Line    int
}

// Verdict splits the action into its first word, lower-cased, and the rest:
// allow or deny and the reason.
func (r Result) Verdict() (word, reason string) {
	words := strings.Fields(r.Action)
	if len(words) == 0 {
		return "", ""
	}
	return strings.ToLower(words[0]), strings.TrimSpace(strings.TrimPrefix(r.Action, words[0]))
}

// Apply finds the first rule that applies. Tests run from left to right and
// stop at the first that does not hold.
func (s *Ruleset) Apply(ctx context.Context, data Data) (Result, error) {
	return s.apply(ctx, s.rules, data)
}

func (s *Ruleset) apply(ctx context.Context, rules []*rule, data Data) (Result, error) {
	for _, r := range rules {
		applies, err := s.try(ctx, r, data, nil)
		if err != nil {
			return Result{}, err
		}
		if !applies {
			continue
		}
		if r.action != "{" {
			return s.result(r), nil
		}
		if result, err := s.apply(ctx, r.block, data); err != nil || result.Matched {
			return result, err
		}
	}
	return Result{}, nil
}

func (s *Ruleset) result(r *rule) Result {
	return Result{Matched: true, Action: r.action, Rule: r.String(), File: s.file, Line: r.line}
}

// try runs the tests of a rule as far as needed and tells whether the rule
// applies. It notes what came of each test run, unless outcomes is nil.
func (s *Ruleset) try(ctx context.Context, r *rule, data Data, outcomes []TestTrace) (bool, error) {
	for i, t := range r.tests {
		holds, err := t.run(ctx, data, t.args)
		if outcomes != nil {
			outcomes[i].Outcome = outcome(holds, err)
		}
		if err != nil {
			return false, fmt.Errorf("policy %s: %s:%d: test %s: %w", s.name, s.file, r.line, t.name, err)
		}
		if !holds {
			return r.negated, nil
		}
	}
	return !r.negated, nil
}

// String gives the rule as it could be written.
func (r *rule) String() string {
	var b strings.Builder
	for i, t := range r.tests {
		if i > 0 {
			b.WriteString(" && ")
		}
		b.WriteString(t.String())
	}
	if r.negated {
		b.WriteString(" !! ")
	} else {
		b.WriteString(" :: ")
	}
	b.WriteString(r.action)
	return b.String()
}

func (t test) String() string {
	return strings.Join(append([]string{t.name}, t.args...), " ")
}
