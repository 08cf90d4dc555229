package hubd

import (
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestTypedTasks(t *testing.T) {
	t.Parallel()
	plugins := func(c *Config) { c.Plugins = []string{"kiwi", "dud"} }
	eachHub(t, plugins, func(h *testHub) {
		h.call("kojiadmin", "createTag", "b", koji.Named{"arches": "x86_64"})
		h.call("kojiadmin", "createBuildTarget", "t", "b", "b")
		h.call("kojiadmin", "grantPermission", "alice", "image")
		h.call("kojiadmin", "grantPermission", "alice", "livemedia", true)
		kiwi := map[string]any{
			"optional_arches": []any{"s390x"}, "profile": "P", "scratch": true, "make_prep": false, "repos": []any{}, "release": nil, "type": nil,
			"type_attr": []any{}, "result_bundle_name_format": nil, "use_buildroot_repo": true, "version": nil, "repo_releasever": nil,
		}
		for _, c := range []struct {
			method  string
			args    []any
			task    string
			channel string
			arch    string
			params  []any
		}{
			{"chainMaven", []any{map[string]any{"p": map[string]any{"scmurl": "u"}}, "t"}, "chainmaven", "maven", "noarch",
				[]any{map[string]any{"p": map[string]any{"scmurl": "u"}}, "t", map[string]any{}}},
			{"buildImage", []any{"n", "1", []any{"x86_64"}, "t", "ks", "livemedia"}, "livemedia", "livemedia", "noarch",
				[]any{"n", "1", []any{"x86_64"}, "t", "ks", map[string]any{}}},
			{"buildImageOz", []any{"n", "1", "x86_64", "t", "tree"}, "image", "image", "noarch", []any{"n", "1", "x86_64", "t", "tree", map[string]any{}}},
			{"kiwiBuild", []any{"t", "x86_64 aarch64", "url", "path", []any{"s390x"}, "P", true}, "kiwiBuild", "image", "noarch",
				[]any{"t", []any{"x86_64", "aarch64"}, "url", "path", kiwi}},
			{"dudBuild", []any{"d", "1", []any{"x86_64"}, "t", "bash, make"}, "dudBuild", "image", "noarch",
				[]any{"d", "1", []any{"x86_64"}, "t", []any{"bash", "make"},
					map[string]any{"optional_arches": []any{}, "scratch": false, "alldeps": false, "scmurl": nil}}},
		} {
			if c.method != "chainMaven" {
				h.wantFault(koji.CodeActionNotAllowed, "bob", c.method, c.args...)
			}
			h.wantFault(koji.CodeActionNotAllowed, "", c.method, c.args...)
			id := h.call("alice", c.method, c.args...)
			task := h.call("", "getTaskInfo", id, true).(map[string]any)
			channel := h.call("", "getChannel", task["channel_id"]).(map[string]any)["name"]
			if task["method"] != c.task || channel != c.channel || task["arch"] != c.arch {
				h.t.Errorf("%s: task %v in channel %v on %v", c.method, task["method"], channel, task["arch"])
			}
			if diff := cmp.Diff(c.params, task["request"]); diff != "" {
				h.t.Errorf("%s: request (-want +got):\n%s", c.method, diff)
			}
		}
		for _, args := range [][]any{
			{"kiwiBuild", "nosuch", "x86_64", "url", "path"},
			{"kiwiBuild", "t", "x86_64;rm", "url", "path"},
			{"dudBuild", "d", "1", "x86_64", "nosuch", []any{}},
			{"buildImage", "n", "1", "x86_64", "t", "ks", "floppy"},
		} {
			h.wantFault(koji.CodeGeneric, "alice", args[0].(string), args[1:]...)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "kiwiBuild", "t", "x86_64", "url", "path", koji.Named{"priority": -1})
		h.wantFault(koji.CodeParameter, "alice", "dudBuild", "d", "1", "x86_64", "t", 7)
	})
}

func TestWrapperRPMs(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		h.call("kojiadmin", "createTag", "b", koji.Named{"arches": "x86_64"})
		h.call("kojiadmin", "createBuildTarget", "t", "b", "b")
		made := h.call("alice", "wrapperRPM", "m-1-1", "git+https://example.com/w#1", "t")
		if got := h.call("", "getTaskInfo", made).(map[string]any); got["method"] != "wrapperRPM" {
			h.t.Errorf("task %v", got)
		}
		task := h.openTask("wrapperRPM", "x")
		files := h.output(task, multiSource, multiBinaries[2], "build.log")
		build := h.call("", "findBuildID", "m-1-1")
		rpms := map[string]any{"srpm": path.Base(files[0]), "rpms": []any{path.Base(files[1])}, "logs": []any{"build.log"}, "buildroot_id": nil}
		h.wantFault(koji.CodeGeneric, "builder1", "host.importWrapperRPMs", task, build, nil)
		h.wantFault(koji.CodeGeneric, "builder1", "host.importWrapperRPMs", task, build, with(rpms, "srpm", "../x.src.rpm"))
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.importWrapperRPMs", task, build, rpms)
		h.call("builder1", "host.importWrapperRPMs", task, build, rpms)
		want := []string{
			"data/logs/noarch/build.log",
			"data/sigcache/noarch/confmulti-doc-2.5-1.dist.noarch.rpm.sig", "data/sigcache/src/confmulti-2.5-1.dist.src.rpm.sig",
			"noarch/confmulti-doc-2.5-1.dist.noarch.rpm", "src/confmulti-2.5-1.dist.src.rpm",
		}
		if diff := cmp.Diff(want, h.tree("packages/m/1/1")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		h.wantFault(koji.CodeGeneric, "builder1", "host.importWrapperRPMs", task, build, rpms)
		h.wantFault(koji.CodePreBuild, "alice", "wrapperRPM", "m-1-1", "url", "t")
		h.call("alice", "wrapperRPM", "m-1-1", "url", "t", koji.Named{"opts": map[string]any{"scratch": true}})
	})
}
