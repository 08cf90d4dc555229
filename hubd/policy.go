package hubd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"koji"
	"koji/internal/fnmatch"
	"koji/internal/policy"
)

// policies are the hub's rules by name, as the configuration has them or, for
// those that it leaves out, as Koji's defaults. Koji: reference/policy.md.
type policies map[string]*policy.Ruleset

// defaultPolicies are what holds where the configuration says nothing.
var defaultPolicies = map[string]string{
	"build_rpm":          "all :: allow",
	"build_from_srpm":    "has_perm admin :: allow\nall :: deny",
	"build_from_repo_id": "has_perm admin :: allow\nall :: deny",
	"build_from_scm":     "has_perm admin :: allow\nall :: deny",
	"package_list":       "has_perm admin :: allow\nhas_perm tag :: allow\nall :: deny",
	"channel":            "has req_channel :: req\nis_child_task :: parent\nall :: use default",
	"priority":           "all :: stay",
	"volume":             "all :: DEFAULT",
	"vm":                 "has_perm admin win-admin :: allow\nall :: deny",
	"cg_import":          "all :: allow",
	"draft_promotion":    "has_perm draft-promoter :: allow\nis_build_owner :: allow\nall :: deny",
}

func policyMethods() []method {
	return []method{
		reads("evalPolicy", anyone, "Returns the raw action text of a named policy for the given data.", evalPolicy),
		reads("policy.explain", user, "How a policy comes to its answer for the given data: what each rule and test came to.", explainPolicy),
		reads("host.evalPolicy", builder, "Action text of a named policy.", hostEvalPolicy),
		reads("host.checkPolicy", builder, "[allowed, reason] for a named policy.", hostCheckPolicy),
		reads("host.assertPolicy", builder, "Raises ActionNotAllowed unless the policy allows.", hostAssertPolicy),
	}
}

// evalPolicy applies a policy. A policy that isn't there has no answer.
func (c *call) evalPolicy(name string, data map[string]any) (policy.Result, error) {
	rules := c.hub.policies[name]
	if rules == nil {
		return policy.Result{}, nil
	}
	result, err := rules.Apply(c, policy.Data(data))
	return result, policyFault(err)
}

// policyFault tells whoever gave the data that a policy can't judge it. Other errors stay.
func policyFault(err error) error {
	var bad *policy.DataError
	if errors.As(err, &bad) {
		return refuse("%v", err)
	}
	return err
}

// checkPolicy says whether a policy allows, and if not why. standard is the
// verdict where no rule applies.
func (c *call) checkPolicy(name string, data map[string]any, standard string) (bool, string, error) {
	if c.hub.policies[name] == nil {
		if c.hub.cfg.MissingPolicyOk {
			return true, "", nil
		}
		return false, "missing policy", nil
	}
	result, err := c.evalPolicy(name, data)
	if err != nil {
		return false, "", err
	}
	verdict, reason := result.Verdict()
	if !result.Matched {
		if standard == "allow" {
			return true, "", nil
		}
		verdict, reason = "deny", "not covered by policy"
	}
	rule := ""
	if c.hub.cfg.VerbosePolicy && result.Matched {
		rule = fmt.Sprintf(" [rule: %s]", result.Rule)
	}
	switch verdict {
	case "allow":
		return true, reason, nil
	case "deny":
		return false, reason + rule, nil
	}
	c.log().Error("policy ends in neither allow nor deny", "policy", name, "action", result.Action)
	return false, "error in policy" + rule, nil
}

// assertPolicy refuses what a policy doesn't allow. With force an admin may pass all the same.
func (c *call) assertPolicy(name string, data map[string]any, force bool) error {
	allowed, reason, err := c.checkPolicy(name, data, "deny")
	if err != nil || allowed {
		return err
	}
	if force {
		admin, err := c.isAdmin()
		if err != nil {
			return err
		}
		if admin {
			c.log().Info("policy overridden", "policy", name)
			return nil
		}
	}
	if reason == "" {
		reason = "denied"
	}
	return fault(koji.CodeActionNotAllowed, "policy violation (%s): %s", name, reason)
}

type evalPolicyArgs struct {
	Name string         `rpc:"name"`
	Data map[string]any `rpc:"data"`
}

// evalPolicy for anyone.
func evalPolicy(c *call, a evalPolicyArgs) (any, error) {
	if err := c.mayAskPolicy(a); err != nil {
		return nil, err
	}
	return hostEvalPolicy(c, a)
}

// mayAskPolicy lets a policy tell a caller about itself only, unless an admin asks.
func (c *call) mayAskPolicy(a evalPolicyArgs) error {
	admin, err := c.isAdmin()
	if err != nil {
		return err
	}
	if who := a.Data["user_id"]; who != nil && !admin {
		if id, err := c.dataUser(who); err != nil || id == 0 || id != c.session.user {
			return fault(koji.CodeActionNotAllowed, "a policy tells you about yourself only: user_id %v is another user", who)
		}
	}
	return nil
}

func hostEvalPolicy(c *call, a evalPolicyArgs) (any, error) {
	if c.hub.policies[a.Name] == nil {
		return nil, refuse("no such policy: %s", a.Name)
	}
	result, err := c.evalPolicy(a.Name, a.Data)
	if err != nil || !result.Matched {
		return nil, err
	}
	return result.Action, nil
}

type checkPolicyArgs struct {
	Name    string         `rpc:"name"`
	Data    map[string]any `rpc:"data"`
	Default string         `rpc:"default=deny"`
	Strict  bool           `rpc:"strict=false"`
}

func hostCheckPolicy(c *call, a checkPolicyArgs) (any, error) {
	allowed, reason, err := c.checkPolicy(a.Name, a.Data, a.Default)
	if err != nil {
		return nil, err
	}
	if a.Strict && !allowed {
		return nil, fault(koji.CodeActionNotAllowed, "policy violation (%s): %s", a.Name, reason)
	}
	return []any{allowed, reason}, nil
}

type assertPolicyArgs struct {
	Name    string         `rpc:"name"`
	Data    map[string]any `rpc:"data"`
	Default string         `rpc:"default=deny"`
}

func hostAssertPolicy(c *call, a assertPolicyArgs) (any, error) {
	return hostCheckPolicyStrict(c, a)
}

func hostCheckPolicyStrict(c *call, a assertPolicyArgs) (any, error) {
	_, err := hostCheckPolicy(c, checkPolicyArgs{a.Name, a.Data, a.Default, true})
	return nil, err
}

// policyTests are the tests that know of users, tags and builds. The context
// they run in is the call. Koji: reference/policy.md, "Hub tests".
func policyTests() map[string]policy.Test {
	glob := func(value func(*call, policy.Data) ([]string, error)) policy.Test {
		return policy.Test{Run: func(ctx context.Context, data policy.Data, args []string) (bool, error) {
			values, err := value(ctx.(*call), data)
			if err != nil {
				return false, err
			}
			for _, v := range values {
				for _, pattern := range args {
					if fnmatch.Match(pattern, v) {
						return true, nil
					}
				}
			}
			return false, nil
		}}
	}
	field := func(name string) policy.Test {
		return glob(func(_ *call, data policy.Data) ([]string, error) { return textOf(data[name]), nil })
	}
	flag := func(name string) policy.Test {
		return policy.Test{Run: func(_ context.Context, data policy.Data, _ []string) (bool, error) { return truthy(data[name]), nil }}
	}
	return map[string]policy.Test{
		"operation":              field("operation"),
		"method":                 field("method"),
		"vm_name":                field("vm_name"),
		"skip_tag":               flag("skip_tag"),
		"is_child_task":          flag("parent"),
		"tag":                    glob(func(c *call, d policy.Data) ([]string, error) { return c.policyTags(d["tag"]) }),
		"fromtag":                glob(func(c *call, d policy.Data) ([]string, error) { return c.policyTags(d["fromtag"]) }),
		"user":                   glob((*call).policyUser),
		"user_in_group":          glob((*call).policyUserGroups),
		"has_perm":               glob((*call).policyUserPerms),
		"policy":                 {Run: policyNested, Check: oneName},
		"is_new_package":         {Run: policyNewPackage},
		"package":                glob((*call).policyPackage),
		"version":                glob(func(c *call, d policy.Data) ([]string, error) { return c.policyBuildText(d, "version") }),
		"release":                glob(func(c *call, d policy.Data) ([]string, error) { return c.policyBuildText(d, "release") }),
		"volume":                 glob((*call).policyVolume),
		"source":                 glob((*call).policySource),
		"hastag":                 glob((*call).policyBuildTags),
		"buildtag":               glob((*call).policyBuildtag),
		"buildtag_inherits_from": glob((*call).policyBuildtagAncestors),
		"buildtype":              glob((*call).policyBuildTypes),
		"cg_match_any":           glob((*call).policyGenerators),
		"cg_match_all":           {Run: policyAllGenerators},
		"imported":               {Run: policyImported},
		"is_build_owner":         {Run: policyBuildOwner},
		"is_draft":               {Run: policyDraft},
	}
}

// textOf is a value as texts to match, none for nil.
func textOf(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, textOf(item)...)
		}
		return all
	}
	return []string{fmt.Sprint(v)}
}

// policyNested is the test policy: another policy says yes, true or allow. It
// is asked once for the same data; that none comes round to itself is known
// since the start (checkNesting).
func policyNested(ctx context.Context, data policy.Data, args []string) (bool, error) {
	const answers = "\x00answers"
	known, _ := data[answers].(map[string]bool)
	if known == nil {
		known = map[string]bool{}
		data = maps.Clone(data)
		data[answers] = known
	}
	if yes, asked := known[args[0]]; asked {
		return yes, nil
	}
	result, err := ctx.(*call).evalPolicy(args[0], data)
	if err != nil {
		return false, err
	}
	verdict, _ := result.Verdict()
	known[args[0]] = verdict == "yes" || verdict == "true" || verdict == "allow"
	return known[args[0]], nil
}

// policyUserID is who the policy is about: the data's user, else the caller.
func (c *call) policyUserID(data policy.Data) (int64, error) {
	v := data["user_id"]
	if v == nil {
		return c.session.user, nil
	}
	return c.dataUser(v)
}

// dataUser is the id of the user that a policy's data names, by id or name; 0 for one that isn't there.
func (c *call) dataUser(v any) (int64, error) {
	switch v := v.(type) {
	case int64, string:
		u, err := c.userLookup(v)
		if err != nil || u == nil {
			return 0, err
		}
		return u.ID, nil
	}
	return 0, fault(koji.CodeParameter, "user_id: invalid type %s, want an id or a name", typeName(v))
}

func (c *call) policyUser(data policy.Data) ([]string, error) {
	id, err := c.policyUserID(data)
	if err != nil || id == 0 {
		return nil, err
	}
	u, err := c.tx.User(c, id)
	if err != nil || u == nil {
		return nil, err
	}
	return []string{u.Name}, nil
}

func (c *call) policyUserPerms(data policy.Data) ([]string, error) {
	id, err := c.policyUserID(data)
	if err != nil || id == 0 {
		return nil, err
	}
	return c.tx.UserPerms(c, id, true)
}

func (c *call) policyUserGroups(data policy.Data) ([]string, error) {
	id, err := c.policyUserID(data)
	if err != nil || id == 0 {
		return nil, err
	}
	return c.tx.UserGroupNames(c, id)
}

func (c *call) policyTags(ref any) ([]string, error) {
	switch ref := ref.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{ref}, nil
	}
	_, name, err := c.tagID(ref)
	if err != nil {
		return nil, err
	}
	return []string{name}, nil
}

// taskData is what the parameters of a task tell a policy: source, target,
// tag, build_tag and scratch, where the method has them.
func (c *call) taskData(method string, params []any) map[string]any {
	data := map[string]any{}
	p, err := koji.ParseTaskParams(method, params)
	if err != nil {
		return data // a policy can go by the method alone
	}
	for _, key := range []string{"src", "spec_url", "url", "source_url"} {
		if s, ok := p[key].(string); ok {
			data["source"] = s
			break
		}
	}
	for _, key := range []string{"target", "build_target"} {
		if v, ok := p[key]; ok {
			if m, isMap := v.(map[string]any); isMap {
				v = m["name"]
			}
			data["target"] = v
			if name, ok := v.(string); ok {
				if t, err := c.targetRef(name); err == nil && t != nil {
					data["tag"], data["build_tag"] = t.DestTagName, t.BuildTagName
				}
			}
		}
	}
	if v, ok := p["build_tag"]; ok {
		data["build_tag"] = tagName(v)
	}
	if v, ok := p["tag"]; ok && strings.HasSuffix(strings.ToLower(method), "repo") {
		data["tag"] = tagName(v)
	}
	if opts, ok := p["opts"].(map[string]any); ok {
		data["scratch"] = truthy(opts["scratch"])
	}
	return data
}

func tagName(v any) any {
	if m, ok := v.(map[string]any); ok {
		return m["name"]
	}
	return v
}
