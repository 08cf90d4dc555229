package hubd

import (
	"testing"

	"koji"
)

func TestMassTag(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "dist")
		h.call("kojiadmin", "packageListAdd", "dist", "bash", "alice")
		for _, r := range []string{"1", "2", "3"} {
			h.build("bash", "1", r)
		}
		var tagged, untagged []any
		h.hub.On("postTag", record(&tagged, "build"))
		h.hub.On("postUntag", record(&untagged, "build"))
		notices := h.told(koji.NoticeTag, func() { h.call("kojiadmin", "massTag", "dist", []any{"bash-1-3", "bash-1-1", "bash-1-2"}) })
		want(t, "notices", 1, len(notices))
		want(t, "callbacks", 3, len(tagged))
		want(t, "in order", []any{"bash-1-2", "bash-1-1", "bash-1-3"}, nvrs(h.call("", "listTagged", "dist")))
		h.call("kojiadmin", "editTag2", "dist", koji.Named{"locked": true})
		h.call("kojiadmin", "massTag", "dist", []any{"bash-1-1", "bash-1-1"})
		want(t, "tagged anew", []any{"bash-1-1", "bash-1-2", "bash-1-3"}, nvrs(h.call("", "listTagged", "dist")))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "massTag", "dist", []any{"bash-1-2", "nosuch-1-1"})
		want(t, "all or none", []any{"bash-1-1", "bash-1-2", "bash-1-3"}, nvrs(h.call("", "listTagged", "dist")))
		for _, bad := range []any{"x", 5, []any{nil}} {
			if f := h.fault("kojiadmin", "massTag", "dist", bad); f.Code != koji.CodeParameter && f.Code != koji.CodeGeneric {
				t.Errorf("massTag of %v: %v", bad, f)
			}
		}
	})
}

func TestMoveAllBuilds(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies, policyText("tag", "operation move && user bob :: deny\nall :: allow"))
	}, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"from", "to"} {
			h.call("kojiadmin", "createTag", tag)
		}
		h.call("kojiadmin", "packageListAdd", "from", "bash", "alice")
		one, two := h.build("bash", "1", "1"), h.build("bash", "1", "2")
		h.tag("from", one, two)
		h.wantFault(koji.CodeTag, "alice", "moveAllBuilds", "from", "to", "bash")
		h.wantFault(koji.CodeTag, "alice", "moveAllBuilds", "from", "to", "bash", true) // force is for admins
		h.wantFault(koji.CodeActionNotAllowed, "", "moveAllBuilds", "from", "to", "bash")
		tasks := h.call("kojiadmin", "moveAllBuilds", "from", "to", "bash", true).([]any)
		want(t, "added to the list", []any{false}, column(h.call("", "listPackages", "to"), "blocked"))
		from, to := pick(h.call("", "getTag", "from"), "id")[0], pick(h.call("", "getTag", "to"), "id")[0]
		for i, build := range []int64{one, two} {
			wait := []any{}
			if i > 0 {
				wait = []any{tasks[0]}
			}
			want(t, "task", []any{"dependantTask", int64(20), []any{wait, []any{[]any{"tagBuild", []any{to, build, true, from}, map[string]any{"priority": int64(15)}}}}},
				pick(h.call("", "getTaskInfo", tasks[i], true), "method", "priority", "request"))
		}
		h.wantFault(koji.CodeActionNotAllowed, "bob", "moveAllBuilds", "from", "to", "bash")
		h.call("kojiadmin", "editTag2", "from", koji.Named{"locked": true})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "moveAllBuilds", "from", "to", "bash")
	})
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"base", "dist"} {
			h.call("kojiadmin", "createTag", tag, nil, "x86_64", nil, false, false, false, map[string]any{"of": tag})
		}
		h.parent("dist", "base")
		for _, p := range []string{"bash", "vim"} {
			h.call("kojiadmin", "packageListAdd", "base", p, "alice")
		}
		h.call("kojiadmin", "packageListAdd", "dist", "gone", "alice", true)
		h.call("kojiadmin", "groupListAdd", "base", "build")
		h.call("kojiadmin", "groupPackageListAdd", "base", "build", "make")
		for _, p := range []string{"bash", "vim"} {
			h.build(p, "1", "1")
			h.build(p, "1", "2")
		}
		h.tag("base", "bash-1-1", "vim-1-1", "vim-1-2")
		h.tag("dist", "bash-1-2")
		before := pick(h.call("", "getLastEvent"), "id")[0]

		h.wantFault(koji.CodeParameter, "kojiadmin", "snapshotTag", "dist", "copy", koji.Named{"pkgs": false})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTag", "dist", "base")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTag", "dist", "../copy")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTag", "nosuch", "copy")
		h.call("kojiadmin", "snapshotTag", "dist", "copy")
		want(t, "config", []any{"x86_64", map[string]any{"of": "dist"}}, pick(h.call("", "getTag", "copy"), "arches", "extra"))
		want(t, "parents", []any{}, h.call("", "getInheritanceData", "copy"))
		want(t, "latest builds", []any{"bash-1-2", "vim-1-2"}, nvrs(h.call("", "listTagged", "copy")))
		want(t, "packages", map[any]any{"bash": false, "vim": false, "gone": true}, func() map[any]any {
			m := map[any]any{}
			for _, p := range h.call("", "listPackages", "copy").([]any) {
				m[pick(p, "package_name")[0]] = pick(p, "blocked")[0]
			}
			return m
		}())
		groups := h.call("", "getTagGroups", "copy").([]any)
		want(t, "groups", []any{"build"}, column(groups, "name"))
		want(t, "their packages", []any{"make"}, column(pick(groups[0], "packagelist")[0], "package"))

		h.call("kojiadmin", "snapshotTag", "dist", "own", koji.Named{"config": false, "groups": false, "inherit_builds": false, "latest_only": false})
		want(t, "without configuration", []any{"", map[string]any{}}, pick(h.call("", "getTag", "own"), "arches", "extra"))
		want(t, "own builds", []any{"bash-1-2"}, nvrs(h.call("", "listTagged", "own")))
		h.call("kojiadmin", "snapshotTag", "dist", "all", koji.Named{"latest_only": false})
		want(t, "all builds", []any{"bash-1-2", "vim-1-2", "vim-1-1", "bash-1-1"}, nvrs(h.call("", "listTagged", "all")))

		// What it was like before, and into a locked tag.
		h.tag("dist", "bash-1-1")
		h.call("kojiadmin", "editTag2", "dist", koji.Named{"locked": true, "arches": nil})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTag", "dist", "then")
		h.call("kojiadmin", "snapshotTag", "dist", "then", koji.Named{"event": before})
		want(t, "as it was", []any{"bash-1-2", "vim-1-2"}, nvrs(h.call("", "listTagged", "then")))
		want(t, "arches, as they were", "x86_64", pick(h.call("", "getTag", "then"), "arches")[0])
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTagModify", "dist", "copy")
		h.call("kojiadmin", "snapshotTagModify", "dist", "copy", koji.Named{"force": true})
		want(t, "arches and lock", []any{nil, true}, pick(h.call("", "getTag", "copy"), "arches", "locked"))
		want(t, "the newest", "bash-1-1", nvrs(h.call("", "listTagged", "copy", koji.Named{"package": "bash"}))[0])
		h.wantFault(koji.CodeGeneric, "kojiadmin", "snapshotTagModify", "base", "copy") // it is locked now

		// With remove only what the source has stays.
		h.call("kojiadmin", "editTag2", "dist", koji.Named{"locked": false})
		h.call("kojiadmin", "groupListAdd", "own", "mine")
		h.call("kojiadmin", "groupListAdd", "own", "build")
		h.call("kojiadmin", "groupPackageListAdd", "own", "mine", "x")
		h.call("kojiadmin", "groupPackageListAdd", "own", "build", "y")
		h.call("kojiadmin", "packageListAdd", "own", "extra", "alice")
		h.build("extra", "1", "1")
		h.tag("own", "extra-1-1", "vim-1-2", "vim-1-1")
		args := koji.Named{"latest_only": false, "remove": true}
		h.call("kojiadmin", "snapshotTagModify", "dist", "own", args)
		want(t, "builds", []any{"bash-1-1", "bash-1-2"}, nvrs(h.call("", "listTagged", "own", koji.Named{"package": "bash"})))
		want(t, "builds that were in another order", []any{"vim-1-2", "vim-1-1"}, nvrs(h.call("", "listTagged", "own", koji.Named{"package": "vim"})))
		want(t, "of a package that was blocked", []any{}, h.call("", "listTags", koji.Named{"build": "extra-1-1"}))
		groups = h.call("", "getTagGroups", "own").([]any)
		want(t, "groups", []any{"build"}, column(groups, "name"))
		want(t, "their packages", []any{"make"}, column(pick(groups[0], "packagelist")[0], "package"))
		last := h.call("", "getLastEvent")
		h.call("kojiadmin", "snapshotTagModify", "dist", "own", args)
		want(t, "nothing to do, no event", last, h.call("", "getLastEvent"))
	})
}
