package hubd

import (
	"context"
	"testing"

	"koji"
	"koji/sqlstore"
)

func TestTags(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		base := h.call("kojiadmin", "createTag", "base", nil, "x86_64", "admin", false, false, false, map[string]any{"k": 1.0, "gone": "x"})
		want(t, "getTag", map[string]any{
			"id": base, "name": "base", "arches": "x86_64", "perm": "admin", "perm_id": int64(1), "locked": false,
			"maven_support": false, "maven_include_all": false, "extra": map[string]any{"k": 1.0, "gone": "x"},
		}, h.call("", "getTag", "base"))
		event := pick(h.call("", "getLastEvent"), "id")[0]

		edit := koji.Named{"arches": nil, "locked": true, "perm": nil, "extra": map[string]any{"k": []any{int64(1), nil}}, "block_extra": []any{"gone"}}
		if n := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "editTag2", "base", edit) }); len(n) != 1 || n[0].Tag.Name != "base" {
			t.Errorf("notices of an edit: %v", n)
		}
		if n := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "editTag2", "base", edit) }); len(n) != 0 {
			t.Errorf("notices of an edit that changes nothing: %v", n)
		}
		want(t, "the tag now", []any{nil, true, nil, map[string]any{"k": []any{int64(1), nil}}},
			pick(h.call("", "getTag", "base"), "arches", "locked", "perm", "extra"))
		want(t, "its blocked extra", map[string]any{"k": []any{false, []any{int64(1), nil}}, "gone": []any{true, nil}},
			pick(h.call("", "getTag", "base", false, nil, true), "extra")[0])
		want(t, "the tag then", []any{"x86_64", "admin", map[string]any{"k": 1.0, "gone": "x"}, event},
			pick(h.call("", "getTag", "base", false, event), "arches", "perm", "extra", "query_event"))

		want(t, "locked for others", []any{false, false, "tag is locked"}, h.call("alice", "checkTagAccess", "base"))
		want(t, "locked for admins", []any{false, true, "tag is locked"}, h.call("kojiadmin", "checkTagAccess", base))

		h.call("kojiadmin", "deleteTag", "base")
		want(t, "a deleted tag", nil, h.call("", "getTag", "base"))
		want(t, "as it was last", []any{"base", nil}, pick(h.call("", "getTag", "base", false, "auto"), "name", "arches"))
		want(t, "made again", base, h.call("kojiadmin", "createTag", "base"))
		want(t, "without what it had", []any{"", map[string]any{}}, pick(h.call("", "getTag", "base"), "arches", "extra"))

		h.call("kojiadmin", "createTag", "other_1")
		want(t, "listTags by pattern", []any{"other_1"}, column(h.call("", "listTags", koji.Named{"pattern": "OTHER_?"}), "name"))
		want(t, "listTags as lists", []any{[]any{"", base, false, false, false, "base"}},
			h.call("", "listTags", koji.Named{"pattern": "base", "perms": false, "queryOpts": map[string]any{"asList": true}}))
		want(t, "getTagID", base, h.call("", "getTagID", "base"))

		for _, name := range []any{"a b", "../etc", "a/../b", "/abs", "end/", "-rf", ".hidden", "", int64(5), nil} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "createTag", name)
		}
		h.wantFault(koji.CodeGeneric, "kojiadmin", "editTag2", "other_1", koji.Named{"name": "base"})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "editTag2", "base", koji.Named{"remove_extra": []any{"none"}})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createTag", "mine")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "getTagID", "mine", false, true)
		h.wantFault(koji.CodeActionNotAllowed, "", "getPackage", "mine", false, true)
		h.wantFault(koji.CodeParameter, "", "getTag", []any{})
	})
}

// link is a link as setInheritanceData wants it.
func link(parent any, priority int64, change ...any) map[string]any {
	m := map[string]any{"parent_id": parent, "priority": priority, "maxdepth": nil, "intransitive": false, "noconfig": false, "pkg_filter": ""}
	for i := 0; i < len(change); i += 2 {
		m[change[i].(string)] = change[i+1]
	}
	return m
}

func TestInheritance(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		id := map[string]any{}
		for _, name := range []string{"top", "left", "right", "base", "root"} {
			id[name] = h.call("kojiadmin", "createTag", name, koji.Named{"extra": map[string]any{"from": name, "only-" + name: true}})
		}
		set := func(tag string, links ...any) { t.Helper(); h.call("kojiadmin", "setInheritanceData", tag, links) }
		names := func(tag string, more ...any) []any {
			t.Helper()
			return column(h.call("", "getFullInheritance", append([]any{tag}, more...)...), "name")
		}
		set("top", link(id["left"], 0), link(id["right"], 10))
		set("left", link(id["base"], 0))
		set("right", link(id["base"], 0))
		set("base", link(id["root"], 5))
		want(t, "each tag once", []any{"left", "base", "root", "right"}, names("top"))
		want(t, "downwards", []any{"base", "left", "top", "right"}, names("root", nil, true))
		event := pick(h.call("", "getLastEvent"), "id")[0]

		set("top", link(id["left"], 0, "maxdepth", int64(1)))
		want(t, "again where more comes from it", []any{"left", "base", "right", "base", "root"}, names("top"))
		set("base", link(id["root"], 5, "intransitive", true))
		want(t, "intransitive links from afar", []any{"left", "base", "right", "base"}, names("top"))
		want(t, "intransitive links from near", []any{"root"}, names("base"))
		set("root", link(id["base"], 1))
		want(t, "round and round", []any{"base"}, names("root"))
		want(t, "as it was", []any{"left", "base", "root", "right"}, names("top", event))

		set("top", link(id["left"], 0, "delete link", true))
		want(t, "without a link", []any{"right", "base"}, names("top"))
		set("base", link(id["root"], 5, "noconfig", true))
		h.call("kojiadmin", "editTag2", "top", koji.Named{"remove_extra": []any{"from"}, "arches": nil})
		config := h.call("", "getBuildConfig", "top")
		want(t, "extra", map[string]any{"from": "right", "only-top": true, "only-right": true, "only-base": true}, pick(config, "extra")[0])
		source := func(name string) any { return map[string]any{"id": id[name], "name": name} }
		want(t, "where it comes from", map[string]any{
			"arches": source("right"),
			"extra":  map[string]any{"from": source("right"), "only-right": source("right"), "only-base": source("base")},
		}, pick(config, "config_inheritance")[0])

		if n := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "deleteTag", "right") }); len(n) != 2 {
			t.Errorf("the deleted tag and its child are told of: %v", n)
		}
		want(t, "without a deleted tag", []any{}, names("top"))
		want(t, "unknown ids inherit nothing", []any{}, h.call("", "getFullInheritance", int64(1)<<40))

		h.wantFault(koji.CodeGeneric, "kojiadmin", "setInheritanceData", "top", []any{link(id["left"], 0), link(id["base"], 0)})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "setInheritanceData", "top", []any{link(int64(99999), 0)})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "setInheritanceData", "top", []any{link(id["left"], 0, "pkg_filter", "(")})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "setInheritanceData", "top", []any{})
	})
}

func TestTargets(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		build, dest := h.call("kojiadmin", "createTag", "f1-build"), h.call("kojiadmin", "createTag", "f1")
		h.call("kojiadmin", "createBuildTarget", "f1", "f1-build", dest)
		target := h.call("", "getBuildTarget", "f1")
		want(t, "getBuildTarget", []any{"f1", build, "f1-build", dest, "f1"}, pick(target, "name", "build_tag", "build_tag_name", "dest_tag", "dest_tag_name"))
		event := pick(h.call("", "getLastEvent"), "id")[0]
		h.call("kojiadmin", "editBuildTarget", "f1", "candidate", "f1-build", "f1-build")
		want(t, "edited", []any{"candidate", "f1-build"}, pick(h.call("", "getBuildTarget", "candidate"), "name", "dest_tag_name"))
		want(t, "before that", "f1", pick(h.call("", "getBuildTarget", "candidate", event), "dest_tag_name")[0])
		want(t, "by build tag", []any{"candidate"}, column(h.call("", "getBuildTargets", koji.Named{"buildTagID": build}), "name"))
		want(t, "by destination", []any{}, h.call("", "getBuildTargets", koji.Named{"destTagID": "f1"}))
		want(t, "counted", int64(1), h.call("", "getBuildTargets", koji.Named{"queryOpts": map[string]any{"countOnly": true}}))
		h.call("kojiadmin", "deleteTag", "f1-build")
		want(t, "gone with its tag", nil, h.call("", "getBuildTarget", "candidate"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "createBuildTarget", "x", "none", "f1")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createBuildTarget", "x", "f1", "f1")
	})
}

func TestTagsOfBuildAndPackage(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		one, two := h.call("kojiadmin", "createTag", "one"), h.call("kojiadmin", "createTag", "two")
		h.call("kojiadmin", "packageListAdd", "one", "bash", "alice", nil, "i386")
		h.call("kojiadmin", "packageListAdd", "two", "bash", "bob", true)
		var build int64
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			pkg, _, err := tx.NameByName(ctx, sqlstore.PackageNames, "bash")
			if err != nil {
				return err
			}
			build, err = tx.InsertBuild(ctx, sqlstore.NewBuild{
				Package: pkg.ID, Version: "5", Release: "1", State: koji.BuildComplete, Owner: 1, Started: tx.Now(), Completed: tx.Now(),
			})
			return err
		})
		want(t, "no tags yet", []any{}, h.call("", "listTags", build))
		before := pick(h.call("", "getLastEvent"), "id")[0]
		h.call("kojiadmin", "tagBuildBypass", "one", build)
		for name, ref := range map[string]any{
			"id": build, "nvr": "bash-5-1", "struct": map[string]any{"name": "bash", "version": "5", "release": "1"},
		} {
			want(t, "tags of a build by "+name, []any{"one"}, column(h.call("", "listTags", ref), "name"))
		}
		want(t, "counted", int64(1), h.call("", "listTags", build, nil, true, map[string]any{"countOnly": true}))
		want(t, "a tagged build changes the tag", true, h.call("", "tagChangedSinceEvent", before, []any{one}))
		want(t, "and no other", false, h.call("", "tagChangedSinceEvent", before, []any{two}))

		var entries []any
		byOwner := koji.Named{"package": "bash", "queryOpts": map[string]any{"order": "-owner_name"}}
		for _, tag := range h.call("", "listTags", byOwner).([]any) {
			entries = append(entries, pick(tag, "name", "owner_name", "blocked", "extra_arches"))
		}
		want(t, "tags of a package", []any{[]any{"two", "bob", true, nil}, []any{"one", "alice", false, "i386"}}, entries)

		h.wantFault(koji.CodeGeneric, "", "listTags", "bash-5-2")
		h.wantFault(koji.CodeGeneric, "", "listTags", int64(99999))
		h.wantFault(koji.CodeGeneric, "", "listTags", build, "bash")
	})
}
