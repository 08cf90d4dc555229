package policy

import "context"

// Outcome is what came of a test or a rule.
type Outcome int

// The outcomes. What stands behind the deciding rule, behind a test that does
// not hold, or in a block that was not entered, is not reached.
const (
	NotReached Outcome = iota
	No                 // the test does not hold, the rule does not apply
	Yes                // the test holds, the rule applies
	Failed             // the test ended in an error
)

// String gives the outcome in a word or two.
func (o Outcome) String() string {
	switch o {
	case No:
		return "no"
	case Yes:
		return "yes"
	case Failed:
		return "failed"
	}
	return "not reached"
}

func outcome(holds bool, err error) Outcome {
	switch {
	case err != nil:
		return Failed
	case holds:
		return Yes
	}
	return No
}

// Trace is how a policy came to its answer.
type Trace struct {
	Policy string
	// Rules has every rule of the policy in the order of the file.
	Rules  []RuleTrace
	Result Result
}

// RuleTrace is one rule on the way.
type RuleTrace struct {
	File  string
	Line  int
	Depth int    // blocks around it
	Text  string // in normal spacing
	Tests []TestTrace
	// Negated rules (!!) apply when not all tests hold.
	Negated bool
	Action  string // "{" for a rule that opens a block
	Outcome Outcome
}

// TestTrace is one test of a rule.
type TestTrace struct {
	Text    string
	Outcome Outcome
}

// Explain applies the policy as Apply does, with the same answer or error, and
// tells on the way what every rule and test came to. After an error the trace
// is whole as well: the test that failed is marked.
func (s *Ruleset) Explain(ctx context.Context, data Data) (Trace, error) {
	e := explainer{set: s, trace: Trace{Policy: s.name}, data: data}
	e.walk(ctx, s.rules, 0, true)
	return e.trace, e.err
}

type explainer struct {
	set   *Ruleset
	data  Data
	trace Trace
	err   error
}

// walk notes the rules of a block; reached tells whether they are tried.
func (e *explainer) walk(ctx context.Context, rules []*rule, depth int, reached bool) {
	for _, r := range rules {
		rt := RuleTrace{
			File: e.set.file, Line: r.line, Depth: depth, Text: r.String(),
			Tests: make([]TestTrace, len(r.tests)), Negated: r.negated, Action: r.action,
		}
		for i, t := range r.tests {
			rt.Tests[i].Text = t.String()
		}
		// A rule inside a block may have decided, or failed, meanwhile.
		if reached && !e.trace.Result.Matched && e.err == nil {
			applies, err := e.set.try(ctx, r, e.data, rt.Tests)
			rt.Outcome = outcome(applies, err)
			e.err = err
		}
		e.trace.Rules = append(e.trace.Rules, rt)
		switch {
		case r.action == "{":
			e.walk(ctx, r.block, depth+1, rt.Outcome == Yes)
		case rt.Outcome == Yes:
			e.trace.Result = e.set.result(r)
		}
	}
}
