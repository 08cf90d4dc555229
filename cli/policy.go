package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"koji/internal/pylit"
)

// newPolicyCommand is koji policy, which Koji's client has not: it needs a hub of ours.
func newPolicyCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy explain [options] <policy> [<key>=<value> ...]", Short: "Tell how the hub's policies come to their answers", GroupID: info,
		Example: "koji policy explain tag tag=f40 build=bash-5.2-1 operation=tag", Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return usagef("say what to do: explain") },
	}
	cmd.AddCommand(withData(env, &cobra.Command{
		Use: "explain [options] <policy> [<key>=<value> ...]", Short: "Show which rule of a policy decides, and why",
		Long: "The keys are what the policy is asked about: tag, build, operation and others. A value may be a number, True, False, None, " +
			"or a list such as ['a','b']. What the policy says of another user (user_id=NAME) only an admin is told.",
		Example: "koji policy explain tag tag=f40 build=bash-5.2-1 operation=tag",
		Args:    arguments(1, -1), SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return explainPolicy(cmd.Context(), env, args[0], args[1:])
		},
	}))
	return cmd
}

// explanation is the answer of policy.explain.
type explanation struct {
	Policy  string          `xmlrpc:"policy"`
	Matched bool            `xmlrpc:"matched"`
	Action  *string         `xmlrpc:"action"`
	Verdict *string         `xmlrpc:"verdict"`
	Reason  *string         `xmlrpc:"reason"`
	Rule    *string         `xmlrpc:"rule"`
	File    *string         `xmlrpc:"file"`
	Line    *int64          `xmlrpc:"line"`
	Error   *string         `xmlrpc:"error"`
	Rules   []explainedRule `xmlrpc:"rules"`
}

type explainedRule struct {
	File    string          `xmlrpc:"file"`
	Line    int64           `xmlrpc:"line"`
	Depth   int64           `xmlrpc:"depth"`
	Rule    string          `xmlrpc:"rule"`
	Negated bool            `xmlrpc:"negated"`
	Action  string          `xmlrpc:"action"`
	Outcome string          `xmlrpc:"outcome"`
	Tests   []explainedTest `xmlrpc:"tests"`
}

type explainedTest struct {
	Test    string `xmlrpc:"test"`
	Outcome string `xmlrpc:"outcome"`
}

func explainPolicy(ctx context.Context, env *Env, name string, words []string) error {
	data := map[string]any{}
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return usagef("Not of the form key=value: %s", word)
		}
		data[key] = pylit.Filter(text)
		if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
			value, err := pylit.Parse(text)
			if err != nil {
				return usagef("Invalid value of %s: %v", key, err)
			}
			data[key] = value
		}
	}
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	var e explanation
	if err := s.Call(ctx, "policy.explain", &e, name, data); err != nil {
		return err
	}
	if env.asData() {
		return env.printData(e)
	}
	e.print(env)
	if e.Error != nil {
		return exitStatus(exitFailed)
	}
	return nil
}

// print tells the answer and, a line each, what the rules came to. An arrow
// points at the one that decided; what kept a rule of several tests from
// applying stands behind it.
func (e *explanation) print(env *Env) {
	switch {
	case e.Error != nil:
		env.printf("%s has no answer: %s", e.Policy, *e.Error)
	case !e.Matched:
		env.printf("%s: no rule applies", e.Policy)
	default:
		env.printf("%s: %s", e.Policy, *e.Action)
	}
	width := 0
	for _, r := range e.Rules {
		width = max(width, len(r.place()))
	}
	for _, r := range e.Rules {
		mark, why := "  ", ""
		if e.Matched && r.File == text(e.File) && e.Line != nil && r.Line == *e.Line {
			mark = "->"
		}
		for _, t := range r.Tests {
			if len(r.Tests) > 1 && (t.Outcome == "no" || t.Outcome == "failed") {
				why = fmt.Sprintf("   (%s: %s)", t.Test, t.Outcome)
			}
		}
		env.printf("%s %-*s %-11s %s%s%s", mark, width, r.place(), r.Outcome, strings.Repeat("    ", int(r.Depth)), r.Rule, why)
	}
}

func (r *explainedRule) place() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }
