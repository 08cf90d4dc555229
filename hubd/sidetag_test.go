package hubd

import (
	"strings"
	"testing"

	"koji"
)

// sideTag makes a side tag and returns its name.
func (h *testHub) sideTag(user, base string, more ...any) string {
	h.t.Helper()
	return pick(h.call(user, "createSideTag", append([]any{base}, more...)...), "name")[0].(string)
}

func TestSideTags(t *testing.T) {
	t.Parallel()
	eachHub(t, plugged(t, "sidetag_hub"), func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "base", nil, "x86_64")
		h.call("kojiadmin", "createTag", "heir")
		h.call("kojiadmin", "editTag2", "heir", koji.Named{"arches": nil})
		var made map[string]any
		notices := h.told(koji.NoticeTag, func() { made = h.call("alice", "createSideTag", "base", true).(map[string]any) })
		if len(notices) != 1 || notices[0].Tag.Name != made["name"] {
			t.Errorf("notices: %v", notices)
		}
		id := made["id"].(int64)
		name := "base-side-" + refText(id)
		want(t, "answer", map[string]any{"id": id, "name": name, "task_id": nil, "request": nil}, made)
		alice := pick(h.call("", "getUser", "alice"), "id")[0]
		want(t, "tag", []any{"x86_64", map[string]any{"sidetag": true, "sidetag_user": "alice", "sidetag_user_id": alice, "with_debuginfo": true}},
			pick(h.call("", "getTag", name), "arches", "extra"))
		want(t, "one event", true, len(h.call("", "getFullInheritance", name).([]any)) == 1)
		want(t, "arches that the base inherits", any(nil), pick(h.call("", "getTag", h.sideTag("alice", "heir")), "arches")[0])
		// A tag that others made look like one lacks the owner, and is not listed.
		h.call("kojiadmin", "createTag", "fake", "base", nil, nil, false, false, false, map[string]any{"sidetag": true, "sidetag_user_id": "x'); DROP TABLE tag"})
		want(t, "list", []any{name}, column(h.call("", "listSideTags", "base"), "name"))
		want(t, "list of another", []any{}, h.call("", "listSideTags", nil, "bob"))

		// No name is taken twice, not even in one transaction.
		many := h.multi("bob", one("createSideTag", "base"), one("createSideTag", "nosuch"), one("createSideTag", "base"))
		want(t, "several at once", 3, len(h.call("", "listSideTags", "base").([]any)))
		want(t, "of a tag that isn't there", koji.CodeGeneric, faultIn(many[1]))

		// The extra of a side tag is its owner's only as far as the base allows.
		h.wantFault(koji.CodeGeneric, "alice", "editSideTag", name, koji.Named{"extra": map[string]any{"sidetag_user_id": 1}})
		h.call("kojiadmin", "editTag2", "base", koji.Named{"extra": map[string]any{"sidetag_rpm_macros_allowed": "dist* vendor"}})
		h.call("alice", "editSideTag", name, koji.Named{"rpm_macros": map[string]any{"distro": "x", "vendor": int64(5)}})
		for _, bad := range []koji.Named{
			{"rpm_macros": map[string]any{"dist": []any{}}}, {"rpm_macros": "dist"}, {"remove_rpm_macros": "dist"}, {"remove_rpm_macros": []any{int64(1)}},
		} {
			h.wantFault(koji.CodeParameter, "alice", "editSideTag", name, bad)
		}
		for _, bad := range []koji.Named{
			{"rpm_macros": map[string]any{"other": "x"}}, {"rpm_macros": map[string]any{"dist\nx": "x"}}, {"remove_rpm_macros": []any{"dist"}},
			{"remove_rpm_macros": []any{"other"}}, {"debuginfo": false}, {"extra": map[string]any{}}, {"remove_extra": []any{"sidetag"}},
		} {
			h.wantFault(koji.CodeGeneric, "alice", "editSideTag", name, bad)
		}
		h.call("kojiadmin", "grantPermission", "alice", "sidetag_admin", true)
		h.call("alice", "editSideTag", name, koji.Named{"extra": map[string]any{"a": "b"}, "remove_rpm_macros": []any{"vendor"}})
		extra := pick(h.call("", "getTag", name), "extra")[0]
		want(t, "extra", []any{"x", nil, "b", true}, pick(extra, "rpm.macro.distro", "rpm.macro.vendor", "a", "with_debuginfo"))

		h.tag(name, h.build("bash", "1", "1"))
		want(t, "not removed when a build goes", nil, h.call("kojiadmin", "untagBuildBypass", name, "bash-1-1"))
		h.call("alice", "removeSideTag", name)
		want(t, "target", nil, h.call("", "getBuildTarget", name))
		want(t, "children", 3, len(h.call("", "getInheritanceData", "fake").([]any))+len(h.call("", "listSideTags", "base").([]any)))
	})
}

func TestSideTagOptions(t *testing.T) {
	t.Parallel()
	conf := "[sidetag]\nremove_empty = on\ntrigger_new_repo = yes\nallowed_suffixes = gcc, llvm\nname_template = {basetag}+{tag_id}\n"
	eachHub(t, plugged(t, "sidetag", "sidetag.conf", conf), func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "base", nil, "x86_64")
		h.call("kojiadmin", "packageListAdd", "base", "bash", "alice")
		made := h.call("alice", "createSideTag", "base", false, "llvm").(map[string]any)
		tag := made["name"].(string)
		want(t, "name", "base+"+refText(made["id"])+"-llvm", tag)
		want(t, "request", []any{made["id"], true}, pick(made["request"], "tag_id", "active"))
		h.wantFault(koji.CodeGeneric, "alice", "createSideTag", "base", false, "rust")

		h.build("bash", "1", "1")
		h.build("bash", "2", "1")
		h.tag(tag, "bash-1-1", "bash-2-1")
		h.tag("base", "bash-1-1")
		h.call("alice", "untagBuild", tag, "bash-1-1")
		if h.call("", "getTag", tag) == nil {
			t.Error("a side tag with a build in it is gone")
		}
		h.call("alice", "untagBuild", tag, "bash-2-1")
		want(t, "an empty side tag", nil, h.call("", "getTag", tag))
		want(t, "its target", nil, h.call("", "getBuildTarget", tag))
		h.call("kojiadmin", "untagBuild", "base", "bash-1-1")
		if h.call("", "getTag", "base") == nil {
			t.Error("a tag that is no side tag is gone")
		}

		// One whose target leads elsewhere now stays.
		tag = h.sideTag("alice", "base")
		h.call("kojiadmin", "editBuildTarget", tag, tag, tag, "base")
		h.tag(tag, "bash-1-1")
		h.call("alice", "untagBuild", tag, "bash-1-1")
		if h.call("", "getTag", tag) == nil {
			t.Error("a side tag with a target of another kind is gone")
		}
		h.wantFault(koji.CodeGeneric, "alice", "removeSideTag", tag)
	})
	// A template may make a name that is taken, or none that a tag may have.
	for template, base := range map[string]string{"{basetag}": "base", "../{basetag}": "base", strings.Repeat("x", 300): "base"} {
		eachHub(t, plugged(t, "sidetag", "sidetag.conf", "[sidetag]\nname_template = "+template+"\n"), func(h *testHub) {
			h.call("kojiadmin", "createTag", base)
			before := h.call("", "listTags")
			h.wantFault(koji.CodeGeneric, "alice", "createSideTag", base)
			want(h.t, template, before, h.call("", "listTags"))
		})
	}
}

func TestSideTagPolicies(t *testing.T) {
	t.Parallel()
	plug := plugged(t, "sidetag_hub")
	eachHub(t, func(c *Config) {
		plug(c)
		c.Policies = append(c.Policies,
			policyText("sidetag", "tag closed :: deny it is closed\ncompare number_of_tags >= 2 :: deny\nall :: allow"),
			policyText("package_list", "is_sidetag_owner :: allow\nall :: deny"),
			policyText("is", "is_sidetag :: yes\nall :: no"), policyText("both", "is_sidetag_owner both :: yes\nall :: no"),
			policyText("from", "is_sidetag_owner fromtag :: yes\nall :: no"))
	}, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"base", "closed"} {
			h.call("kojiadmin", "createTag", tag)
		}
		a, b := h.sideTag("alice", "base"), h.sideTag("bob", "base")
		h.sideTag("alice", "base")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createSideTag", "base") // the third
		h.wantFault(koji.CodeActionNotAllowed, "bob", "createSideTag", "closed")
		h.call("alice", "packageListAdd", a, "bash", "alice")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "packageListAdd", b, "bash", "alice")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "packageListAdd", "base", "bash", "alice")
		for _, x := range []struct {
			policy, tag, from string
			want              any
		}{
			{"is", a, "", "yes"}, {"is", b, "", "yes"}, {"is", "base", "", "no"}, {"is", "nosuch", "", "no"}, {"is", "", "", "no"},
			{"from", "base", a, "yes"}, {"from", a, b, "no"}, {"from", a, "", "no"},
			{"both", a, a, "yes"}, {"both", a, "base", "no"}, {"both", "base", a, "no"}, {"both", b, b, "no"},
		} {
			data := map[string]any{}
			for key, v := range map[string]string{"tag": x.tag, "fromtag": x.from} {
				if v != "" {
					data[key] = v
				}
			}
			want(t, x.policy+" "+x.tag+" "+x.from, x.want, h.call("alice", "evalPolicy", x.policy, data))
		}
	})
}
