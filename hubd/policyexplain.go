package hubd

import (
	"path/filepath"
	"strings"

	"koji/internal/policy"
)

// explainPolicy answers with {policy, matched, action, verdict, reason, rule,
// file, line, error, rules}; rules has each of the policy in its order, with its
// tests and what came of them: yes, no, failed or not reached. It is no method of Koji's.
func explainPolicy(c *call, a evalPolicyArgs) (any, error) {
	if err := c.mayAskPolicy(a); err != nil {
		return nil, err
	}
	rules := c.hub.policies[a.Name]
	if rules == nil {
		return nil, refuse("no such policy: %s (known: %s)", a.Name, strings.Join(sortedKeys(c.hub.policies), ", "))
	}
	trace, failure := rules.Explain(c, policy.Data(a.Data))
	verdict, reason := trace.Result.Verdict()
	answer := map[string]any{
		"policy": trace.Policy, "matched": trace.Result.Matched, "action": trace.Result.Action, "verdict": verdict, "reason": reason,
		"rule": trace.Result.Rule, "file": filepath.Base(trace.Result.File), "line": int64(trace.Result.Line), "error": nil,
	}
	if !trace.Result.Matched {
		for _, key := range []string{"action", "verdict", "reason", "rule", "file", "line"} {
			answer[key] = nil
		}
	}
	if failure != nil {
		answer["error"] = c.hub.faultOf(c.request, c.method, policyFault(failure)).Text
	}
	list := []any{}
	for _, r := range trace.Rules {
		tests := []any{}
		for _, t := range r.Tests {
			tests = append(tests, map[string]any{"test": t.Text, "outcome": t.Outcome.String()})
		}
		list = append(list, map[string]any{
			"file": filepath.Base(r.File), "line": int64(r.Line), "depth": int64(r.Depth), "rule": r.Text, "negated": r.Negated,
			"action": r.Action, "outcome": r.Outcome.String(), "tests": tests,
		})
	}
	answer["rules"] = list
	return answer, nil
}
