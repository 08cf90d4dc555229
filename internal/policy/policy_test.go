package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/fnmatch"
)

var errDown = errors.New("the database is down")

// hubTests stand in for the tests a hub supplies.
func hubTests() map[string]Test {
	return map[string]Test{
		"has_perm": {Run: func(_ context.Context, d Data, args []string) (bool, error) {
			perm, _ := d["perm"].(string)
			return fnmatch.MatchAny(args, perm), nil
		}, Check: needsField},
		"tag": {Run: func(_ context.Context, d Data, args []string) (bool, error) {
			tag, _ := d["tag"].(string)
			return fnmatch.MatchAny(args, tag), nil
		}},
		"fails": {Run: func(context.Context, Data, []string) (bool, error) { return false, errDown }},
	}
}

const tagPolicy = `
# comment
tag *-released && has_perm rel* :: {    # a block
    has_perm release :: allow
    tag f40-* !! {
        has_perm release-old :: deny not :: here
    }
    has_perm relax !! next
}
tag *-candidate :: allow
tag *-candidate !! Deny  only candidates, please
`

func mustParse(t *testing.T, text string) *Ruleset {
	t.Helper()
	set, err := Parse("tag", text, Lines{File: "hub.conf"}, hubTests())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestApply(t *testing.T) {
	t.Parallel()
	set := mustParse(t, tagPolicy)
	for _, tt := range []struct {
		name string
		data Data
		want Result
	}{
		{"in the block", Data{"tag": "f41-released", "perm": "release"}, Result{true, "allow", "has_perm release :: allow", "hub.conf", 4}},
		{"last separator splits, test keeps the rest", Data{"tag": "f41-released", "perm": "release-old :: deny not"}, Result{true, "next", "has_perm relax !! next", "hub.conf", 8}},
		{"behind an inner block without match", Data{"tag": "f41-released", "perm": "relative"}, Result{true, "next", "has_perm relax !! next", "hub.conf", 8}},
		{"behind a block without match", Data{"tag": "f41-released", "perm": "relax"}, Result{true, "Deny  only candidates, please", "tag *-candidate !! Deny  only candidates, please", "hub.conf", 11}},
		{"block not entered", Data{"tag": "f41-candidate", "perm": "release"}, Result{true, "allow", "tag *-candidate :: allow", "hub.conf", 10}},
		{"no data", Data{}, Result{true, "Deny  only candidates, please", "tag *-candidate !! Deny  only candidates, please", "hub.conf", 11}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := set.Apply(t.Context(), tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"allow", "here", "next", "Deny  only candidates, please"}, set.Actions()); diff != "" {
		t.Error(diff)
	}
	if set.Name() != "tag" {
		t.Error(set.Name())
	}
	if got, err := mustParse(t, "none :: allow").Apply(t.Context(), nil); err != nil || got != (Result{}) {
		t.Errorf("no rule applies: %+v, %v", got, err)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for action, want := range map[string][2]string{
		"allow": {"allow", ""}, "Deny  only candidates, please": {"deny", "only candidates, please"},
		"DENY\tnot you": {"deny", "not you"}, "": {"", ""}, "use Default": {"use", "Default"},
	} {
		word, reason := Result{Action: action}.Verdict()
		if got := [2]string{word, reason}; got != want {
			t.Errorf("%q is %q", action, got)
		}
	}
}

func TestGeneralTests(t *testing.T) {
	t.Parallel()
	data := Data{
		"nil": nil, "yes": true, "no": false, "zero": int64(0), "seven": int64(7), "half": 0.5, "empty": "", "method": "buildArch",
		"list": []any{"src", "x86_64"}, "strings": []string{"rpm", "image"}, "none": []any{}, "nils": []any{nil}, "target": "f41-candidate",
		"map": map[string]any{}, "bytes": []byte("x"), "int": 3, "other": struct{}{}, "large": int64(1<<62 + 1), "bignil": 0.0, "nostrings": []string{},
	}
	for test, want := range map[string]bool{
		"true": true, "all": true, "all of it": true, "false": false, "none": false,
		"has nil": true, "has absent": false,
		"bool yes": true, "bool no": false, "bool nil": false, "bool absent": false, "bool zero": false, "bool seven": true, "bool half": true,
		"bool bignil": false, "bool empty": false, "bool method": true, "bool list": true, "bool none": false, "bool strings": true, "bool nostrings": false,
		"bool map": false, "bool bytes": true, "bool int": true, "bool other": true,
		"match method build*": true, "match method rpm* *Arch": true, "match method Build*": false, "match method": false, "match nil *": false,
		"match absent *": false, "match yes True": true, "match seven 7": true, "match half 0.?": true, "match empty *": true,
		"match_any list x86*": true, "match_any list a* s*": true, "match_any list ppc*": false, "match_any method *": false, "match_any none *": false,
		"match_any nils *": false, "match_any strings im*": true, "match_any absent *": false,
		"match_all list x86*": false, "match_all list x86* s*": true, "match_all none *": false, "match_all absent *": false, "match_all strings *": true,
		"target f4?-*": true, "target f40-* f41-*": true, "target": false,
		"compare seven < 8": true, "compare seven < 7": false, "compare seven > 6.5": true, "compare seven <= 7": true, "compare seven >= 8": false,
		"compare seven = 7.0": true, "compare seven != 7": false, "compare half = .5": true, "compare half > -1": true, "compare yes = 1": true,
		"compare no < 1": true, "compare int = 3": true, "compare large = 4611686018427387905": true, "compare large = 4611686018427387904": false,
		"compare seven < inf": true, "compare seven < 99999999999999999999": true,
	} {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			got, err := mustParse(t, test+" :: yes").Apply(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			if got.Matched != want {
				t.Errorf("matched: %v", got.Matched)
			}
			not, err := mustParse(t, test+" !! yes").Apply(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			if not.Matched == want {
				t.Errorf("matched with !!: %v", not.Matched)
			}
		})
	}
	if got, err := mustParse(t, "target * :: yes").Apply(t.Context(), Data{"target": nil}); err != nil || got.Matched {
		t.Errorf("a target of nil: %v, %v", got, err)
	}
}

func TestApplyErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"supplied test", "none :: allow\nfails x !! allow\nall :: allow", "policy tag: hub.conf:2: test fails: the database is down"},
		{"in a block", "all :: {\nall && fails :: allow\n}\nall :: allow", "policy tag: hub.conf:2: test fails: the database is down"},
		{"compare nothing", "compare age < 3 !! allow", "policy tag: hub.conf:1: test compare: there is no field age"},
		{"compare text", "compare tag < 3 !! allow", "policy tag: hub.conf:1: test compare: the field tag is 'f41', no number"},
		{"compare nil", "compare nil < 3 !! allow", "policy tag: hub.conf:1: test compare: the field nil is None, no number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := Data{"tag": "f41", "nil": nil}
			got, err := mustParse(t, tt.text).Apply(t.Context(), data)
			if err == nil || err.Error() != tt.want || got != (Result{}) {
				t.Errorf("%+v, %v", got, err)
			}
			trace, explained := mustParse(t, tt.text).Explain(t.Context(), data)
			if explained == nil || explained.Error() != tt.want || trace.Result.Matched {
				t.Errorf("explained as %+v, %v", trace.Result, explained)
			}
		})
	}
	if _, err := mustParse(t, "fails :: allow").Apply(t.Context(), nil); !errors.Is(err, errDown) {
		t.Errorf("%v does not wrap the test's error", err)
	}
	// A test behind one that does not hold is not run.
	if got, err := mustParse(t, "none && fails !! allow").Apply(t.Context(), nil); err != nil || !got.Matched {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		data Data
		want string
	}{
		{"through the blocks", Data{"tag": "f41-released", "perm": "relative"}, `
hub.conf:3 yes {: tag *-released=yes, has_perm rel*=yes
  hub.conf:4 no allow: has_perm release=no
  hub.conf:5 yes {: tag f40-*=no
    hub.conf:6 no here: has_perm release-old :: deny not=no
  hub.conf:8 yes next: has_perm relax=no
hub.conf:10 not reached allow: tag *-candidate=not reached
hub.conf:11 not reached Deny  only candidates, please: tag *-candidate=not reached
= next at 8
`},
		{"past the block", Data{"tag": "f41-candidate"}, `
hub.conf:3 no {: tag *-released=no, has_perm rel*=not reached
  hub.conf:4 not reached allow: has_perm release=not reached
  hub.conf:5 not reached {: tag f40-*=not reached
    hub.conf:6 not reached here: has_perm release-old :: deny not=not reached
  hub.conf:8 not reached next: has_perm relax=not reached
hub.conf:10 yes allow: tag *-candidate=yes
hub.conf:11 not reached Deny  only candidates, please: tag *-candidate=not reached
= allow at 10
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trace, err := mustParse(t, tagPolicy).Explain(t.Context(), tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, "\n"+draw(trace)); diff != "" {
				t.Error(diff)
			}
		})
	}
	trace, err := mustParse(t, "all && fails && all :: allow\nall :: deny").Explain(t.Context(), nil)
	want := `hub.conf:1 failed allow: all=yes, fails=failed, all=not reached
hub.conf:2 not reached deny: all=not reached
=  at 0
`
	if diff := cmp.Diff(want, draw(trace)); diff != "" || !errors.Is(err, errDown) {
		t.Error(err, diff)
	}
}

func draw(trace Trace) string {
	var b strings.Builder
	for _, r := range trace.Rules {
		fmt.Fprintf(&b, "%s%s:%d %s %s: ", strings.Repeat("  ", r.Depth), r.File, r.Line, r.Outcome, r.Action)
		for i, test := range r.Tests {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s=%s", test.Text, test.Outcome)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "= %s at %d\n", trace.Result.Action, trace.Result.Line)
	return b.String()
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"no separator", "\nall allow", `hub.conf:40: policy tag: "all allow" has neither :: nor !! before an action`},
		{"no action", "all :: # allow", `hub.conf:30: policy tag: "all ::" has no action`},
		{"no test", ":: allow", "hub.conf:30: policy tag: a test is missing"},
		{"no test behind &&", "all && :: allow", "hub.conf:30: policy tag: a test is missing"},
		{"unknown test", "all && is_nice x !! allow", "hub.conf:30: policy tag: there is no test is_nice (known: all, bool, compare, fails, false, has, has_perm, match, match_all, match_any, none, tag, target, true)"},
		{"closed twice", "all :: {\n}\n}", "hub.conf:43: policy tag: } closes a block that was never opened"},
		{"never closed", "all :: {\nnone :: {\nall :: x\n}", "hub.conf:30: policy tag: this block is never closed"},
		{"field", "has :: allow", "hub.conf:30: policy tag: test has: the name of a field is missing"},
		{"compare", "compare a b :: allow", "hub.conf:30: policy tag: test compare: it is written compare FIELD OP NUMBER"},
		{"operator", "compare a == 1 :: allow", "hub.conf:30: policy tag: test compare: == is none of < > <= >= = !="},
		{"number", "compare a < True :: allow", "hub.conf:30: policy tag: test compare: True is no number"},
		{"two errors", "x\ny", "hub.conf:30: policy tag: \"x\" has neither :: nor !! before an action\nhub.conf:40: policy tag: \"y\" has neither :: nor !! before an action"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("tag", tt.text, Lines{"hub.conf", []int{30, 40, 43, 44}}, hubTests())
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			var e *Error
			if !errors.As(err, &e) || e.Policy != "tag" || e.File != "hub.conf" {
				t.Errorf("%#v is no Error", err)
			}
		})
	}
}

func TestSuppliedTestWins(t *testing.T) {
	t.Parallel()
	own := map[string]Test{"has": {Run: func(_ context.Context, _ Data, args []string) (bool, error) { return len(args) == 0, nil }}}
	set, err := Parse("p", "has :: own", Lines{File: "f"}, own)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := set.Apply(t.Context(), nil); err != nil || got.Action != "own" {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(tagPolicy, "f41-released", "relax")
	f.Add("all :: {\nnone !! {\nall::a\n}\n}", "", "")
	f.Add("compare seven < 1e5 && match tag [!a]* :: use x # y", "t", "")
	f.Fuzz(func(t *testing.T, text, tag, perm string) {
		set, err := Parse("p", text, Lines{File: "f"}, hubTests())
		if err != nil {
			return
		}
		data := Data{"tag": tag, "perm": perm, "seven": int64(7)}
		result, err := set.Apply(t.Context(), data)
		trace, explained := set.Explain(t.Context(), data)
		if (err == nil) != (explained == nil) || result != trace.Result {
			t.Fatalf("Apply says %+v, %v; Explain %+v, %v", result, err, trace.Result, explained)
		}
		// The rules as they are printed mean the same.
		var printed strings.Builder
		depth := 0
		for _, r := range trace.Rules {
			for ; depth > r.Depth; depth-- {
				printed.WriteString("}\n")
			}
			printed.WriteString(r.Text + "\n")
			if depth = r.Depth; r.Action == "{" {
				depth++
			}
		}
		printed.WriteString(strings.Repeat("}\n", depth))
		again, err := Parse("p", printed.String(), Lines{File: "f"}, hubTests())
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", text, printed.String(), err)
		}
		other, _ := again.Apply(t.Context(), data)
		if other.Action != result.Action || other.Rule != result.Rule {
			t.Errorf("%q is printed as %q, which gives %+v instead of %+v", text, printed.String(), other, result)
		}
	})
}

func TestUses(t *testing.T) {
	t.Parallel()
	set := mustParse(t, "tag a* :: {\n  has_perm x && tag b :: allow\n}\ntag !! deny")
	want := []Use{{"hub.conf", 1, []string{"a*"}}, {"hub.conf", 2, []string{"b"}}, {"hub.conf", 4, []string{}}}
	if diff := cmp.Diff(want, set.Uses("tag")); diff != "" {
		t.Error(diff)
	}
	if got := set.Uses("nosuch"); got != nil {
		t.Errorf("uses of another test: %v", got)
	}
}

func TestSuppliedCheck(t *testing.T) {
	t.Parallel()
	_, err := Parse("p", "all :: x\nhas_perm :: y", Lines{File: "f"}, hubTests())
	if err == nil || err.Error() != "f:2: policy p: test has_perm: the name of a field is missing" {
		t.Errorf("without arguments: %v", err)
	}
}
