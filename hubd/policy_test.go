package hubd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// policy is a policy of the configuration.
func policyText(name, text string) PolicyText {
	return PolicyText{Name: name, Text: text, File: "hub.conf"}
}

func TestPolicyTests(t *testing.T) {
	t.Parallel()
	type data = map[string]any
	cases := []struct {
		name, test string
		data       func(h *testHub) data
		want       bool
	}{
		{"operation", "operation tag", func(*testHub) data { return data{"operation": "tag"} }, true},
		{"operation, other", "operation tag move", func(*testHub) data { return data{"operation": "untag"} }, false},
		{"operation, none", "operation *", func(*testHub) data { return nil }, false},
		{"method", "method build*", func(*testHub) data { return data{"method": "buildArch"} }, true},
		{"package of data", "package ba*", func(*testHub) data { return data{"package": "bash"} }, true},
		{"package of the build", "package bash", func(h *testHub) data { return data{"build": "bash-1-2"} }, true},
		{"package, other", "package vim", func(h *testHub) data { return data{"build": "bash-1-2"} }, false},
		{"new package", "is_new_package", func(*testHub) data { return data{"package": "brandnew"} }, true},
		{"known package", "is_new_package", func(*testHub) data { return data{"package": "bash"} }, false},
		{"version", "version 1", func(*testHub) data { return data{"build": "bash-1-2"} }, true},
		{"version of data", "version 1", func(*testHub) data { return data{"version": "1.5"} }, false},
		{"release", "release 2", func(*testHub) data { return data{"build": "bash-1-2"} }, true},
		{"volume", "volume DEF*", func(*testHub) data { return data{"build": "bash-1-2"} }, true},
		{"volume of data", "volume DEFAULT", func(*testHub) data { return data{"volume": "DEFAULT"} }, true},
		{"tag", "tag dist-*", func(*testHub) data { return data{"tag": "dist-a"} }, true},
		{"tag by id", "tag dist", func(h *testHub) data { return data{"tag": pick(h.call("", "getTag", "dist"), "id")[0]} }, true},
		{"fromtag", "fromtag dist", func(*testHub) data { return data{"tag": "dist"} }, false},
		{"hastag", "hastag di*", func(*testHub) data { return data{"build": "bash-1-2"} }, true},
		{"hastag, other", "hastag base", func(*testHub) data { return data{"build": "bash-1-2"} }, false},
		{"skip_tag", "skip_tag", func(*testHub) data { return data{"skip_tag": true} }, true},
		{"buildtag", "buildtag dist-build", func(*testHub) data { return data{"target": "dist"} }, true},
		{"buildtag of data", "buildtag dist", func(*testHub) data { return data{"build_tag": "dist"} }, true},
		{"buildtags of data", "buildtag dist", func(*testHub) data { return data{"build_tags": []any{"base", "dist", nil}} }, true},
		{"buildtag of a build", "buildtag *", func(*testHub) data { return data{"build": "bash-1-2"} }, false},
		{"ancestor", "buildtag_inherits_from base", func(*testHub) data { return data{"build_tag": "dist-build"} }, true},
		{"ancestor, other", "buildtag_inherits_from dist-build", func(*testHub) data { return data{"build_tag": "base"} }, false},
		{"buildtype of data", "buildtype maven", func(*testHub) data { return data{"btypes": []any{"rpm", "maven"}} }, true},
		{"buildtype", "buildtype maven", func(*testHub) data { return data{"build": "bash-1-2"} }, false},
		{"imported", "imported", func(*testHub) data { return data{"build": "bash-1-2"} }, false},
		{"child task", "is_child_task", func(*testHub) data { return data{"parent": 5} }, true},
		{"top-level task", "is_child_task", func(*testHub) data { return data{"parent": nil} }, false},
		{"user", "user ali*", func(*testHub) data { return data{"user_id": "alice"} }, true},
		{"user by id", "user alice", func(h *testHub) data { return data{"user_id": pick(h.call("", "getUser", "alice"), "id")[0]} }, true},
		{"user, the caller", "user kojiadmin", func(*testHub) data { return nil }, true},
		{"user that isn't there", "user *", func(*testHub) data { return data{"user_id": "nosuch"} }, false},
		{"group", "user_in_group team", func(*testHub) data { return data{"user_id": "alice"} }, true},
		{"group, other", "user_in_group team", func(*testHub) data { return data{"user_id": "bob"} }, false},
		{"permission", "has_perm admin", func(*testHub) data { return nil }, true},
		{"permission of a group", "has_perm ta*", func(*testHub) data { return data{"user_id": "alice"} }, true},
		{"permission, none", "has_perm *", func(*testHub) data { return data{"user_id": "bob"} }, false},
		{"source", "source git+https://example.com/*", func(*testHub) data { return data{"build": "bash-1-2"} }, true},
		{"source of data", "source */x.src.rpm", func(*testHub) data { return data{"source": "cli/x.src.rpm"} }, true},
		{"build owner", "is_build_owner", func(*testHub) data { return data{"build": "bash-1-2", "user_id": "alice"} }, true},
		{"build owner, other", "is_build_owner", func(*testHub) data { return data{"build": "bash-1-2", "user_id": "bob"} }, false},
		{"draft of data", "is_draft", func(*testHub) data { return data{"draft": true} }, true},
		{"draft", "is_draft", func(*testHub) data { return data{"build": "bash-1-2"} }, false},
		{"generators of data", "cg_match_any x y*", func(*testHub) data { return data{"cg_list": []any{"ypsilon"}} }, true},
		{"all generators", "cg_match_all x y*", func(*testHub) data { return data{"cg_list": []any{"x", "other"}} }, false},
		{"no generators", "cg_match_all *", func(*testHub) data { return data{"cg_list": []any{}} }, false},
		{"another policy", "policy says_yes", func(*testHub) data { return data{"operation": "tag"} }, true},
		{"another policy, no", "policy says_yes", func(*testHub) data { return data{"operation": "untag"} }, false},
		{"a policy that isn't there", "policy nosuch", func(*testHub) data { return nil }, false},
		{"vm", "vm_name win*", func(*testHub) data { return data{"vm_name": "win10"} }, true},
	}
	eachHub(t, func(c *Config) {
		for i, x := range cases {
			c.Policies = append(c.Policies, policyText(fmt.Sprintf("case%d", i), x.test+" :: yes it is\nall :: no"))
		}
		c.Policies = append(c.Policies, policyText("says_yes", "operation tag :: Allow\nall :: deny"),
			policyText("number", "compare n > 5 :: yes\nall :: no"), policyText("silent", "operation nosuch :: yes"))
	}, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"base", "dist", "dist-build"} {
			h.call("kojiadmin", "createTag", tag)
		}
		h.parent("dist", "base")
		h.parent("dist-build", "dist")
		h.call("kojiadmin", "createBuildTarget", "dist", "dist-build", "dist")
		h.build("bash", "1", "2", func(n *sqlstore.NewBuild) {
			source := "git+https://example.com/bash#1"
			n.Source = &source
		})
		h.tag("dist", "bash-1-2")
		h.call("kojiadmin", "newGroup", "team")
		h.call("kojiadmin", "addGroupMember", "team", "alice")
		h.call("kojiadmin", "grantPermission", "team", "tag")
		for i, c := range cases {
			name := fmt.Sprintf("case%d", i)
			d := c.data(h)
			if d == nil {
				d = data{}
			}
			want(t, c.name, map[bool]any{true: "yes it is", false: "no"}[c.want], h.call("kojiadmin", "evalPolicy", name, d))
		}
		want(t, "no rule applies", nil, h.call("kojiadmin", "evalPolicy", "silent", data{}))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "evalPolicy", "nosuch", data{})
		h.wantFault(koji.CodeParameter, "kojiadmin", "evalPolicy", "says_yes", data{"user_id": []any{}}, 1)
		h.wantFault(koji.CodeParameter, "kojiadmin", "evalPolicy", "says_yes", "x")
		want(t, "a number", "yes", h.call("kojiadmin", "evalPolicy", "number", data{"n": 6}))
		for text, d := range map[string]data{"there is no field n": {}, "'x', no number": {"n": "x"}} {
			if f := h.fault("kojiadmin", "evalPolicy", "number", d); f.Code != koji.CodeGeneric || !strings.Contains(f.Text, text) {
				t.Errorf("data that can't be judged: want a fault about %q, got %v", text, f)
			}
		}
		h.raw().wantCode(0, "hello")
	})
}

func TestCheckPolicy(t *testing.T) {
	t.Parallel()
	change := func(c *Config) {
		c.Policies = append(c.Policies, policyText("gate", "operation good :: allow\noperation bad :: deny because it is bad\noperation odd :: maybe\n"))
	}
	type data = map[string]any
	op := func(s string) data { return data{"operation": s} }
	eachHub(t, change, func(h *testHub) {
		t := h.t
		check := func(args ...any) any { t.Helper(); return h.call("builder1", "host.checkPolicy", args...) }
		want(t, "allowed", any([]any{true, ""}), check("gate", op("good")))
		want(t, "denied", any([]any{false, "because it is bad"}), check("gate", op("bad")))
		want(t, "neither", any([]any{false, "error in policy"}), check("gate", op("odd")))
		want(t, "no rule", any([]any{false, "not covered by policy"}), check("gate", op("x")))
		want(t, "no rule, allow", any([]any{true, ""}), check("gate", op("x"), "allow"))
		want(t, "no policy", any([]any{true, ""}), check("nosuch", data{}))
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.checkPolicy", "gate", op("bad"), "deny", true)
		h.call("builder1", "host.assertPolicy", "gate", op("good"))
		f := h.fault("builder1", "host.assertPolicy", "gate", op("bad"))
		if f.Code != koji.CodeActionNotAllowed || f.Text != "policy violation (gate): because it is bad" {
			t.Errorf("assertPolicy: %v", f)
		}
		for _, user := range []string{"", "alice", "kojiadmin"} {
			for _, method := range []string{"host.checkPolicy", "host.assertPolicy", "host.evalPolicy"} {
				h.wantFault(koji.CodeAuth, user, method, "gate", op("good"))
			}
		}
	})
	eachHub(t, func(c *Config) { change(c); c.MissingPolicyOk, c.VerbosePolicy = false, true }, func(h *testHub) {
		want(h.t, "no policy", any([]any{false, "missing policy"}), h.call("builder1", "host.checkPolicy", "nosuch", data{}))
		want(h.t, "denied", any([]any{false, "because it is bad [rule: operation bad :: deny because it is bad]"}), h.call("builder1", "host.checkPolicy", "gate", op("bad")))
	})
}

// Which channel and priority a task gets is the policies' word.
func TestTaskPolicies(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies,
			policyText("channel", "method inherit && is_child_task :: parent\nmethod bad :: use nosuch\nmethod worse :: nonsense\nmethod orphan :: parent\nhas req_channel && user kojiadmin :: req\nmethod pinned && source *special* :: use maven\nall :: use default"),
			policyText("priority", "method low :: set 50\nmethod later :: adjust +7\nmethod odd :: nonsense\nmethod worse :: set x\nall :: stay"))
	}, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "addChannel", "side")
		got := func(id any) []any {
			info := h.call("", "getTaskInfo", id).(map[string]any)
			return []any{pick(h.call("", "getChannel", info["channel_id"]), "name")[0], info["priority"]}
		}
		for method, c := range map[string]struct {
			opts koji.Named
			want []any
		}{
			"plain":  {nil, []any{"default", int64(20)}},
			"asked":  {koji.Named{"channel": "side"}, []any{"side", int64(20)}},
			"low":    {koji.Named{"priority": 3}, []any{"default", int64(50)}},
			"later":  {koji.Named{"priority": 3}, []any{"default", int64(10)}},
			"pinned": {nil, []any{"default", int64(20)}},
		} {
			want(t, method, c.want, got(h.call("kojiadmin", "makeTask", method, []any{}, c.opts)))
		}
		for _, method := range []string{"bad", "worse", "orphan", "odd"} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "makeTask", method, []any{})
		}
		parent := h.call("kojiadmin", "makeTask", "p", []any{}, koji.Named{"channel": "side", "assign": "builder1"}).(int64)
		h.call("builder1", "host.openTask", parent)
		want(t, "child", []any{"side", int64(19)}, got(h.call("builder1", "host.subtask", "inherit", []any{}, parent)))
		want(t, "a user's wish", []any{"default", int64(20)}, got(h.call("alice", "build", "x", "none", nil, nil, "side")))
	})
}

// A hub whose policies can't be read doesn't start, and says where the mistake is.
func TestBadPolicies(t *testing.T) {
	t.Parallel()
	store := sqlstoretest.SQLite(t)
	for name, x := range map[string]struct{ text, want string }{
		"no separator":    {"all allow", `hub.conf:12: policy gate: "all allow" has neither`},
		"unknown test":    {"nosuchtest x :: allow", "hub.conf:12: policy gate: there is no test nosuchtest"},
		"open brace":      {"all :: {\nall :: allow", "hub.conf:12: policy gate: this block is never closed"},
		"close brace":     {"all :: allow\n}", "hub.conf:13: policy gate: } closes a block"},
		"no action":       {"all ::", "hub.conf:12: policy gate:"},
		"no number":       {"all :: allow\ncompare n < many :: allow", "hub.conf:13: policy gate: test compare: many is no number"},
		"no operator":     {"compare n ~ 5 :: allow", "hub.conf:12: policy gate: test compare: ~ is none of"},
		"no field":        {"match :: allow", "hub.conf:12: policy gate: test match:"},
		"no name":         {"policy :: allow", "hub.conf:12: policy gate: test policy: it takes the name of one policy"},
		"two mistakes":    {"all allow\nnosuchtest :: x", "hub.conf:13: policy gate: there is no test nosuchtest"},
		"itself":          {"policy gate :: allow", "hub.conf:12: policy gate: it comes round to itself: gate → gate"},
		"through another": {"all :: {\nnone && policy other :: x\n}", "policy other: it comes round to itself"},
		"default too":     {"policy volume :: allow", ""},
		"not there":       {"policy nosuch :: allow", ""},
	} {
		cfg, err := LoadConfig("")
		if err != nil {
			t.Fatal(err)
		}
		cfg.KojiDir = t.TempDir()
		cfg.Policies = []PolicyText{
			{Name: "gate", Text: "none :: allow\n" + x.text, File: "hub.conf", Lines: []int{11, 12, 13, 14}},
			{Name: "other", Text: "policy gate :: yes", File: "hub.conf.d/a.conf", Lines: []int{3}},
		}
		if x.want != "" && !strings.Contains(x.text, "other") {
			cfg.Policies = cfg.Policies[:1]
		}
		_, err = New(cfg, store, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: want %q, got %v", name, x.want, err)
		}
	}
}

// Files are merged key by key, the main one last; each mistake is told with the file that it is in.
func TestPolicyFiles(t *testing.T) {
	t.Parallel()
	path := configFile(t, "[hub]\n[policy]\ntag =\n    # first\n    all :: allow main\n")
	if err := os.Mkdir(path+".d", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"10-a.conf": "[policy]\ntag =\n    all :: deny a\nvolume =\n    all :: A\n",
		"20-b.conf": "[policy]\nvolume =\n\n    bogus :: B\n",
		"other.txt": "[policy]\nvolume = nonsense\n",
	} {
		if err := os.WriteFile(filepath.Join(path+".d", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, p := range cfg.Policies {
		texts[p.Name] = strings.TrimSpace(p.Text)
	}
	want(t, "policies", map[string]string{"tag": "all :: allow main", "volume": "bogus :: B"}, texts)
	cfg.KojiDir = t.TempDir()
	_, err = New(cfg, sqlstoretest.SQLite(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil || !strings.Contains(err.Error(), "20-b.conf:4: policy volume: there is no test bogus") {
		t.Errorf("a mistake in one of the files: %v", err)
	}
}

// However policies refer to each other, each is asked once for the same data.
func TestPolicyNesting(t *testing.T) {
	t.Parallel()
	const deep = 40 // 2^40 evaluations, were each asked anew
	eachHub(t, func(c *Config) {
		for i := range deep {
			c.Policies = append(c.Policies, policyText(fmt.Sprint("p", i), fmt.Sprintf("policy p%d :: no\npolicy p%d :: no\nall :: maybe", i+1, i+1)))
		}
		c.Policies = append(c.Policies, policyText(fmt.Sprint("p", deep), "operation x :: yes"))
	}, func(h *testHub) {
		want(h.t, "answer", "maybe", h.call("kojiadmin", "evalPolicy", "p0", map[string]any{"operation": "y"}))
	})
}

func TestExplainPolicy(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies, PolicyText{
			Name: "gate", File: "/etc/koji-hub/hub.conf", Lines: []int{20, 21, 22, 24},
			Text: "operation tag && user bob :: {\nall :: allow bob\n}\nuser alice !! deny only alice",
		}, policyText("number", "compare n > 5 :: yes"))
	}, func(h *testHub) {
		t := h.t
		type m = map[string]any
		got := h.call("kojiadmin", "policy.explain", "gate", m{"operation": "tag", "user_id": "alice"}).(m)
		want(t, "no rule", []any{"gate", false, nil, nil, nil}, pick(got, "policy", "matched", "action", "line", "error"))
		want(t, "rules", any([]any{
			m{
				"file": "hub.conf", "line": int64(20), "depth": int64(0), "rule": "operation tag && user bob :: {", "negated": false, "action": "{", "outcome": "no",
				"tests": []any{m{"test": "operation tag", "outcome": "yes"}, m{"test": "user bob", "outcome": "no"}},
			},
			m{
				"file": "hub.conf", "line": int64(21), "depth": int64(1), "rule": "all :: allow bob", "negated": false, "action": "allow bob", "outcome": "not reached",
				"tests": []any{m{"test": "all", "outcome": "not reached"}},
			},
			m{
				"file": "hub.conf", "line": int64(24), "depth": int64(0), "rule": "user alice !! deny only alice", "negated": true, "action": "deny only alice", "outcome": "no",
				"tests": []any{m{"test": "user alice", "outcome": "yes"}},
			},
		}), got["rules"])
		want(t, "a rule", []any{true, "deny only alice", "deny", "only alice", "hub.conf", int64(24)},
			pick(h.call("bob", "policy.explain", "gate", m{}), "matched", "action", "verdict", "reason", "file", "line"))
		got = h.call("bob", "policy.explain", "number", m{}).(m)
		if text, _ := got["error"].(string); !strings.Contains(text, "there is no field n") {
			t.Errorf("data that can't be judged: %v", got)
		}
		h.wantFault(koji.CodeActionNotAllowed, "", "policy.explain", "gate", m{})
		h.wantFault(koji.CodeActionNotAllowed, "bob", "policy.explain", "gate", m{"user_id": "alice"})
		h.wantFault(koji.CodeGeneric, "bob", "policy.explain", "nosuch", m{})
	})
}

// A policy test runs in the call's own transaction: it sees what the call did so far.
func TestPolicySeesTheCall(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies, policyText("fresh", "is_new_package :: new\nall :: known"))
	}, func(h *testHub) {
		m := writes("test.fresh", anyone, "", func(c *call, _ none) (any, error) {
			before, err := c.evalPolicy("fresh", map[string]any{"package": "p"})
			if err != nil {
				return nil, err
			}
			if _, err := c.tx.AddName(context.WithoutCancel(c), sqlstore.PackageNames, "p"); err != nil {
				return nil, err
			}
			after, err := c.evalPolicy("fresh", map[string]any{"package": "p"})
			return []any{before.Action, after.Action}, err
		})
		h.hub.methods[m.name] = &m
		want(h.t, "before and after", any([]any{"new", "known"}), h.call("", "test.fresh"))
	})
}
