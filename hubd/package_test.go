package hubd

import (
	"context"
	"errors"
	"testing"

	"koji"
)

func TestPackageLists(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		par := h.call("kojiadmin", "createTag", "par")
		h.call("kojiadmin", "createTag", "t", "par")
		add := func(tag, pkg, owner string, more ...any) {
			t.Helper()
			h.call("kojiadmin", "packageListAdd", append([]any{tag, pkg, owner}, more...)...)
		}
		add("par", "bash", "alice")
		add("par", "gcc", "bob")
		add("t", "gcc", "alice", nil, "i386 i586")
		list := func(args ...any) []any {
			t.Helper()
			return column(h.call("", "listPackages", args...), "package_name")
		}
		inherited := koji.Named{"inherited": true, "queryOpts": map[string]any{"order": "package_name"}}
		want(t, "own", []any{"gcc"}, list("t"))
		want(t, "inherited", []any{"bash", "gcc"}, list("t", inherited))
		want(t, "the nearest wins", []any{"t", "alice", "i386 i586", false},
			pick(h.call("", "getPackageConfig", "t", "gcc"), "tag_name", "owner_name", "extra_arches", "blocked"))
		want(t, "by owner", []any{"gcc"}, list(koji.Named{"userID": "bob"}))
		want(t, "all there are", []any{"bash"}, list(koji.Named{"prefix": "BA"}))

		if n := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "packageListBlock", "t", "bash") }); len(n) != 1 {
			t.Errorf("notices of a block: %v", n)
		}
		want(t, "blocked", false, h.call("", "checkTagPackage", "t", "bash"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "packageListAdd", "t", "bash", nil, false)
		h.call("kojiadmin", "packageListUnblock", "t", "bash")
		want(t, "as inherited again", "par", pick(h.call("", "getPackageConfig", "t", "bash"), "tag_name")[0])
		h.call("kojiadmin", "packageListBlock", "par", "bash")
		h.call("kojiadmin", "packageListUnblock", "t", "bash")
		want(t, "unblocked below a block", []any{"t", false}, pick(h.call("", "getPackageConfig", "t", "bash"), "tag_name", "blocked"))

		h.call("kojiadmin", "setInheritanceData", "t", []any{link(par, 0, "pkg_filter", "^b")})
		h.call("kojiadmin", "packageListRemove", "t", "gcc")
		want(t, "filtered", []any{"bash"}, list("t", inherited))
		h.call("kojiadmin", "packageListSetOwner", "t", "bash", "bob")
		h.call("kojiadmin", "packageListSetArches", "t", "bash", "ppc64")
		want(t, "changed", []any{"bob", "ppc64"}, pick(h.call("", "getPackageConfig", "t", "bash"), "owner_name", "extra_arches"))

		h.wantFault(koji.CodeGeneric, "kojiadmin", "packageListAdd", "t", "vim")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "packageListSetOwner", "t", "nosuch", "bob")
		want(t, "nothing was made", nil, h.call("", "getPackage", "nosuch"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "packageListAdd", "t", "../../etc", "bob")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "packageListAdd", "t", "sub/dir", "bob")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "packageListAdd", "t", "vim", "alice")
		h.wantFault(koji.CodeActionNotAllowed, "", "packageListRemove", "t", "bash")
	})
}

func TestPackageListCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "t")
		var seen []string
		for _, event := range []string{"prePackageListChange", "postPackageListChange"} {
			h.hub.On(event, func(_ context.Context, event string, info map[string]any) error {
				seen = append(seen, event+" "+info["action"].(string)+" by "+info["user"].(*koji.User).Name)
				if info["action"] == "remove" {
					return errors.New("not this one")
				}
				return nil
			})
		}
		h.call("kojiadmin", "packageListAdd", "t", "bash", "alice")
		h.wantFault(koji.CodeCallback, "kojiadmin", "packageListRemove", "t", "bash")
		want(t, "callbacks", []string{
			"prePackageListChange add by kojiadmin", "postPackageListChange add by kojiadmin", "prePackageListChange remove by kojiadmin",
		}, seen)
		want(t, "what was refused didn't happen", true, h.call("", "checkTagPackage", "t", "bash"))
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "par")
		h.call("kojiadmin", "createTag", "t", "par")
		h.call("kojiadmin", "groupListAdd", "par", "build", koji.Named{"display_name": "Build"})
		h.call("kojiadmin", "groupListAdd", "par", "srpm-build")
		h.call("kojiadmin", "groupPackageListAdd", "par", "build", "bash")
		h.call("kojiadmin", "groupPackageListAdd", "par", "build", "gcc", koji.Named{"type": "optional"})
		h.call("kojiadmin", "groupReqListAdd", "par", "build", "srpm-build")
		groups := func(more ...any) []any {
			t.Helper()
			var all []any
			for _, g := range h.call("", "getTagGroups", append([]any{"t"}, more...)...).([]any) {
				f := pick(g, "name", "packagelist", "grouplist")
				all = append(all, f[0], column(f[1], "package"), column(f[2], "name"))
			}
			return all
		}
		none := []any{}
		want(t, "inherited", []any{"build", []any{"bash", "gcc"}, []any{"srpm-build"}, "srpm-build", none, none}, groups())
		event := pick(h.call("", "getLastEvent"), "id")[0]
		h.call("kojiadmin", "groupPackageListBlock", "t", "build", "gcc")
		h.call("kojiadmin", "groupPackageListAdd", "t", "build", "make")
		h.call("kojiadmin", "groupListBlock", "t", "srpm-build")
		want(t, "blocked below", []any{"build", []any{"make", "bash"}, none}, groups())
		want(t, "as it was", []any{"build", []any{"bash", "gcc"}, []any{"srpm-build"}, "srpm-build", none, none}, groups(event))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "groupPackageListAdd", "t", "build", "gcc")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "groupListAdd", "t", "srpm-build")
		h.call("kojiadmin", "groupListUnblock", "t", "srpm-build")
		h.call("kojiadmin", "groupPackageListUnblock", "t", "build", "gcc")
		h.call("kojiadmin", "groupReqListBlock", "t", "build", "srpm-build")
		want(t, "unblocked", []any{"build", []any{"make", "bash", "gcc"}, none, "srpm-build", none, none}, groups())
		h.call("kojiadmin", "groupReqListUnblock", "t", "build", "srpm-build")
		h.call("kojiadmin", "groupPackageListRemove", "t", "build", "make")
		h.call("kojiadmin", "groupReqListRemove", "par", "build", "srpm-build")
		h.call("kojiadmin", "groupListRemove", "par", "srpm-build")
		want(t, "removed", []any{"build", []any{"bash", "gcc"}, none}, groups())
		h.wantFault(koji.CodeActionNotAllowed, "alice", "groupListAdd", "t", "mine")
	})
}

func TestExternalRepos(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "par")
		h.call("kojiadmin", "createTag", "t", "par")
		repo := h.call("kojiadmin", "createExternalRepo", "ext", "http://example.com/$arch")
		want(t, "created", []any{"ext", "http://example.com/$arch/"}, pick(repo, "name", "url"))
		h.call("kojiadmin", "createExternalRepo", "more", "http://example.com/more/")
		h.call("kojiadmin", "addExternalRepoToTag", "par", "ext", int64(10), "bare", "x86_64,i686")
		h.call("kojiadmin", "addExternalRepoToTag", "par", "more", int64(5))
		h.call("kojiadmin", "addExternalRepoToTag", "t", "ext", int64(20))
		want(t, "in merge order", []any{"ext", "more"}, column(h.call("", "getExternalRepoList", "t"), "external_repo_name"))
		want(t, "own only", []any{"t"}, column(h.call("", "getTagExternalRepos", "t"), "tag_name"))
		want(t, "all of one", []any{"par", "t"}, column(h.call("", "getTagExternalRepos", nil, "ext"), "tag_name"))
		want(t, "arches", "x86_64 i686", pick(h.call("", "getTagExternalRepos", "par", "ext").([]any)[0], "arches")[0])

		if n := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "editExternalRepo", "ext", nil, "http://example.com/new") }); len(n) != 2 {
			t.Errorf("both tags are told of: %v", n)
		}
		want(t, "edit", true, h.call("kojiadmin", "editTagExternalRepo", "t", "ext", int64(1)))
		want(t, "edit to the same", false, h.call("kojiadmin", "editTagExternalRepo", "t", "ext", int64(1), "koji"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "editTagExternalRepo", "par", "ext", int64(5))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "editTagExternalRepo", "par", "ext", nil, "mixed")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addExternalRepoToTag", "t", "ext", int64(30))

		h.call("kojiadmin", "repo.setExternalRepoData", "ext", map[string]any{"max_ts": int64(7), "f": 2.0})
		want(t, "data", map[string]any{"max_ts": int64(7), "f": 2.0}, h.call("", "repo.getExternalRepoData", "ext"))
		h.wantFault(koji.CodeActionNotAllowed, "alice", "repo.setExternalRepoData", "ext", map[string]any{})

		h.call("kojiadmin", "removeExternalRepoFromTag", "t", "ext")
		h.call("kojiadmin", "deleteExternalRepo", "ext")
		want(t, "deleted", []any{"more"}, column(h.call("", "getExternalRepoList", "t"), "external_repo_name"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "createExternalRepo", "bad", "http://example.com/a b")
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		last := func() any { t.Helper(); return pick(h.call("", "getLastEvent"), "id")[0] }
		par := h.call("kojiadmin", "createTag", "par")
		made := last()
		tag := h.call("kojiadmin", "createTag", "t", "par")
		linked := last()
		h.call("kojiadmin", "editTag2", "par", koji.Named{"arches": "x86_64"})
		edited := last()
		h.call("kojiadmin", "packageListAdd", "par", "bash", "alice")
		h.call("kojiadmin", "packageListSetOwner", "par", "bash", "bob")

		want(t, "an owner is no change", false, h.call("", "tagChangedSinceEvent", last().(int64)-1, []any{par}))
		want(t, "changed", true, h.call("", "tagChangedSinceEvent", linked, []any{tag, par}))
		want(t, "not changed itself", false, h.call("", "tagChangedSinceEvent", linked, []any{tag}))
		want(t, "no tags", false, h.call("", "tagChangedSinceEvent", linked, []any{}))
		want(t, "first", linked, h.call("", "tagFirstChangeEvent", "t"))
		want(t, "first after", edited, h.call("", "tagFirstChangeEvent", "t", linked))
		want(t, "last without ancestors", linked, h.call("", "tagLastChangeEvent", "t", koji.Named{"inherit": false}))
		want(t, "last before", linked, h.call("", "tagLastChangeEvent", "t", edited))
		want(t, "none before", nil, h.call("", "tagLastChangeEvent", "par", made))

		want(t, "getEvent", h.call("", "getLastEvent"), h.call("", "getEvent", last()))
		ts := pick(h.call("", "getEvent", edited), "ts")[0]
		want(t, "before a time", linked, pick(h.call("", "getLastEvent", ts), "id")[0])
		want(t, "before all time", nil, h.call("", "getLastEvent", -1e300, false))
		h.wantFault(koji.CodeGeneric, "", "getEvent", int64(1)<<40)
		before := last()
		h.call("kojiadmin", "editTag2", "par", koji.Named{"arches": "x86_64"})
		want(t, "no change makes no event", before, last())
	})
}
