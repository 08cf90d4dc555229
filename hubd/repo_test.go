package hubd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
)

// lines are the lines of a file below the topdir.
func (h *testHub) lines(rel string) []string {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.hub.cfg.KojiDir, rel))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// multiTag makes the tag "build" with confmulti-2.5-1.dist in it.
func (h *testHub) multiTag(extra map[string]any) {
	h.t.Helper()
	h.call("kojiadmin", "createTag", "build", nil, "x86_64 i686", nil, false, false, false, extra)
	h.call("kojiadmin", "packageListAdd", "build", "confmulti", "alice")
	h.call("kojiadmin", "packageListAdd", "build", "blocked", "alice", true)
	task, build, files := h.multiBuild()
	h.call("builder1", "host.completeBuild", task, build, files[0], texts(files[1:4]))
	h.tag("build", build)
}

func TestRepoInit(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.multiTag(nil)
		h.call("kojiadmin", "groupListAdd", "build", "build", koji.Named{"description": `<what> & "that"`})
		h.call("kojiadmin", "groupListAdd", "build", "base")
		h.call("kojiadmin", "groupPackageListAdd", "build", "build", "make")
		h.call("kojiadmin", "groupPackageListAdd", "build", "base", "bash")
		h.call("kojiadmin", "groupReqListAdd", "build", "build", "base")
		task := h.openTask("newRepo", "build")
		var made []any
		notices := h.told(koji.NoticeRepo, func() {
			made = h.call("builder1", "host.repoInit", "build", task, nil, map[string]any{"src": true}).([]any)
		})
		id := made[0].(int64)
		if len(notices) != 1 || notices[0].Repo.ID != id || notices[0].Repo.State != koji.RepoInit {
			t.Errorf("notices: %v", notices)
		}
		dir := fmt.Sprintf("repos/build/%d", id)
		want(t, "skeleton", []string{
			"groups/comps.xml",
			"i386/blocklist", "i386/pkglist", "i386/rpmlist.jsonl", "i386/toplink -> ../../../..",
			"repo.json",
			"x86_64/blocklist", "x86_64/pkglist", "x86_64/rpmlist.jsonl", "x86_64/toplink -> ../../../..",
		}, h.tree(dir))
		const top = "toplink/packages/confmulti/2.5/1.dist/"
		noarch, src := top+"noarch/"+multiBinaries[2], top+"src/"+multiSource
		want(t, "pkglist", []string{src, top + "x86_64/" + multiBinaries[0], top + "x86_64/" + multiBinaries[1], noarch}, h.lines(dir+"/x86_64/pkglist"))
		want(t, "pkglist of the other arch", []string{src, noarch}, h.lines(dir+"/i386/pkglist"))
		want(t, "blocklist", []string{"blocked"}, h.lines(dir+"/i386/blocklist"))
		for _, p := range h.lines(dir + "/x86_64/pkglist") {
			if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, dir, "x86_64", p)); err != nil {
				t.Error(err)
			}
		}
		var line map[string]any
		if err := json.Unmarshal([]byte(h.lines(dir + "/i386/rpmlist.jsonl")[1]), &line); err != nil {
			t.Fatal(err)
		}
		want(t, "rpmlist", []any{"confmulti-doc", "2.5", "1.dist", "noarch", 1.0, false}, pick(line, "name", "version", "release", "arch", "epoch", "draft"))
		var about map[string]any
		if err := json.Unmarshal([]byte(strings.Join(h.lines(dir+"/repo.json"), "")), &about); err != nil {
			t.Fatal(err)
		}
		want(t, "repo.json", map[string]any{
			"id": float64(id), "tag": "build", "tag_id": pick(h.call("", "getTag", "build"), "id")[0].(int64), "task_id": float64(task),
			"event_id": float64(made[1].(int64)), "custom_opts": map[string]any{"src": true},
			"opts":     map[string]any{"src": true, "debuginfo": false, "separate_src": false, "maven": false},
			"with_src": true, "with_separate_src": false, "with_debuginfo": false,
		}, func() map[string]any { about["tag_id"] = int64(about["tag_id"].(float64)); return about }())
		want(t, "comps", []string{
			`<?xml version="1.0" encoding="UTF-8"?>`,
			`<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">`,
			"<comps>",
			"  <group>", "    <id>base</id>", "    <name>base</name>", "    <default>false</default>", "    <uservisible>true</uservisible>",
			"    <packagelist>", `      <packagereq type="mandatory">bash</packagereq>`, "    </packagelist>", "  </group>",
			"  <group>", "    <id>build</id>", "    <name>build</name>", "    <description>&lt;what&gt; &amp; &#34;that&#34;</description>",
			"    <default>false</default>", "    <uservisible>true</uservisible>",
			"    <packagelist>", `      <packagereq type="mandatory">bash</packagereq>`, `      <packagereq type="mandatory">make</packagereq>`,
			"    </packagelist>", "  </group>",
			"</comps>",
		}, h.lines(dir+"/groups/comps.xml"))

		// Apart from the others, sources have a folder of their own.
		made = h.call("builder1", "host.repoInit", "build", nil, made[1], map[string]any{"separate_src": true, "bogus": 1}).([]any)
		want(t, "separate sources", []string{src}, h.lines(fmt.Sprintf("repos/build/%d/src/pkglist", made[0])))
		want(t, "no sources among the rest", []string{noarch}, h.lines(fmt.Sprintf("repos/build/%d/i386/pkglist", made[0])))
	})
}

func TestRepoDone(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.multiTag(nil)
		task := h.openTask("newRepo", "build")
		id := h.call("builder1", "host.repoInit", "build", task).([]any)[0].(int64)
		dir := fmt.Sprintf("repos/build/%d", id)
		files := h.output(task, "repomd.xml", "primary.xml.gz", "extra-pkglist", "pkglist")
		folder := koji.TaskRelPath(task)
		before := h.tree("repos")
		done := func(arch string, names ...any) []any {
			return []any{id, map[string]any{arch: []any{folder, names}}}
		}
		for _, bad := range [][]any{
			done("ppc64le", "repomd.xml"), done("../x86_64", "repomd.xml"), done("x86_64", "repomd.xml", "none.xml"),
			done("x86_64", "repomd.xml", "pkglist"), done("x86_64", "../repomd.xml"), done("x86_64", ".hidden"),
			{id, map[string]any{"x86_64": []any{"tasks/../..", []any{"x"}}}},
		} {
			h.wantFault(koji.CodeGeneric, "builder1", "host.repoDone", bad...)
		}
		h.wantFault(koji.CodeParameter, "builder1", "host.repoDone", id, map[string]any{"x86_64": "x"})
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.repoDone", id, map[string]any{})
		if diff := cmp.Diff(before, h.tree("repos")); diff != "" {
			t.Errorf("files after refusals (-before +after):\n%s", diff)
		}
		h.file(dir+"/x86_64/repodata/stray", nil) // of a hub that was killed

		notices := h.told(koji.NoticeRepo, func() {
			h.call("builder1", "host.repoDone", append(done("x86_64", "repomd.xml", "primary.xml.gz", "extra-pkglist"), false, map[string]any{"cloned_from_repo_id": 7})...)
		})
		if len(notices) != 1 || notices[0].Repo.State != koji.RepoReady {
			t.Errorf("notices: %v", notices)
		}
		want(t, "arch folder", []string{
			"blocklist", "extra-pkglist", "pkglist", "repodata/primary.xml.gz", "repodata/repomd.xml", "rpmlist.jsonl", "toplink -> ../../../..",
		}, h.tree(dir+"/x86_64"))
		want(t, "gathered folder", []string{}, h.tree("repos/.import"))
		if got, err := os.Readlink(filepath.Join(h.hub.cfg.KojiDir, "repos/build/latest")); got != fmt.Sprint(id) {
			t.Errorf("latest leads to %q (%v), want %d", got, err, id)
		}
		if got := strings.Join(h.lines(dir+"/repo.json"), ""); !strings.Contains(got, `"cloned_from_repo_id": 7`) {
			t.Errorf("repo.json holds %s", got)
		}
		for i, f := range files {
			if _, err := os.Lstat(filepath.Join(h.hub.cfg.KojiDir, "work", f)); os.IsNotExist(err) != (i < 3) {
				t.Errorf("upload %s: %v", f, err)
			}
		}
		want(t, "state", int64(koji.RepoReady), pick(h.call("", "repoInfo", id), "state")[0])
		h.wantFault(koji.CodeGeneric, "builder1", "host.repoDone", id, map[string]any{})

		// A repo with options of its own isn't what "latest" means.
		own := h.call("builder1", "host.repoInit", "build", nil, nil, map[string]any{"src": true}).([]any)[0]
		h.call("builder1", "host.repoDone", own, map[string]any{})
		if got, _ := os.Readlink(filepath.Join(h.hub.cfg.KojiDir, "repos/build/latest")); got != fmt.Sprint(id) {
			t.Errorf("latest leads to %q, want %d", got, id)
		}
	})
}

// TestRepoRequests follows requests from the asking to the repo.
func TestRepoRequests(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "build", nil, "x86_64")
		ask := func(args ...any) map[string]any {
			return h.call("alice", "repo.request", append([]any{"build"}, args...)...).(map[string]any)
		}
		var first map[string]any
		notices := h.told(koji.NoticeRepo, func() { first = ask("last") })
		request := first["request"].(map[string]any)
		if len(notices) != 1 || notices[0].Repo.Request != request["id"] || notices[0].Repo.ID != 0 {
			t.Errorf("notices of a request: %v", notices)
		}
		want(t, "new request", []any{nil, false, int64(20), true, map[string]any{}, nil},
			append(pick(first, "repo", "duplicate"), pick(request, "priority", "active", "opts", "task_id")...))
		same := ask("last", koji.Named{"priority": 3})
		want(t, "the same again", []any{true, request["id"], int64(20)}, append(pick(same, "duplicate"), pick(same["request"], "id", "priority")...))
		h.wantFault(koji.CodeActionNotAllowed, "alice", "repo.request", "build", koji.Named{"priority": -5})
		urgent := h.call("kojiadmin", "repo.request", "build", "last", koji.Named{"priority": -5}).(map[string]any)
		want(t, "more urgent", []any{true, request["id"], int64(15)}, append(pick(urgent, "duplicate"), pick(urgent["request"], "id", "priority")...))
		other := ask("last", koji.Named{"opts": map[string]any{"src": true, "debuginfo": nil}})
		want(t, "of other options", []any{false, map[string]any{"src": true}}, append(pick(other, "duplicate"), pick(other["request"], "opts")...))
		h.wantFault(koji.CodeParameter, "alice", "repo.request", "build", koji.Named{"opts": map[string]any{"bogus": 1}})
		h.wantFault(koji.CodeParameter, "alice", "repo.request", "build", koji.Named{"min_event": 1, "at_event": 1})
		h.wantFault(koji.CodeGeneric, "alice", "repo.request", "build", koji.Named{"at_event": 99999})
		h.wantFault(koji.CodeActionNotAllowed, "", "repo.request", "build")

		h.call("kojiadmin", "repo.checkQueue")
		status := h.call("", "repo.checkRequest", request["id"]).(map[string]any)
		task := pick(status["task"], "id")[0].(int64)
		want(t, "its task", []any{"newRepo", int64(15), int64(1)}, append(pick(status["task"], "method", "priority"), pick(status["request"], "tries")...))
		h.call("kojiadmin", "assignTask", task, "builder1")
		h.call("builder1", "host.openTask", task)
		id := h.call("builder1", "host.repoInit", "build", task).([]any)[0].(int64)
		notices = h.told(koji.NoticeRepo, func() { h.call("builder1", "host.repoDone", id, map[string]any{}) })
		if len(notices) != 2 || notices[1].Repo.Request != request["id"] || notices[1].Repo.ID != id {
			t.Errorf("notices of a repo that was asked for: %v", notices)
		}
		status = h.call("", "repo.checkRequest", request["id"]).(map[string]any)
		want(t, "fulfilled", []any{id, false, id}, append(pick(status["repo"], "id"), pick(status["request"], "active", "repo_id")...))
		want(t, "the other one waits on", true, pick(h.call("", "repo.checkRequest", pick(other["request"], "id")[0]).(map[string]any)["request"], "active")[0])
		want(t, "now there is a repo", []any{id}, pick(ask("last")["repo"], "id"))

		// The tag changes: what was new enough isn't any more.
		h.call("kojiadmin", "editTag2", "build", koji.Named{"arches": "x86_64 i686"})
		want(t, "of before the change", nil, ask("last")["repo"])
		h.call("kojiadmin", "repo.updateEndEvents")
		want(t, "end of the repo", h.call("", "tagLastChangeEvent", "build"), pick(h.call("", "repoInfo", id), "end_event")[0])
		h.wantFault(koji.CodeGeneric, "", "repo.checkRequest", 4711)
		h.call("kojiadmin", "repo.setRequestPriority", pick(other["request"], "id")[0], 7)
		h.wantFault(koji.CodeActionNotAllowed, "alice", "repo.setRequestPriority", pick(other["request"], "id")[0], 7)
	})
}

// A queue makes no more tasks than it may, the most urgent first.
func TestRepoQueueLimits(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) { cfg.MaxRepoTasks, cfg.MaxRepoTasksMaven = 2, 1 }, func(h *testHub) {
		t := h.t
		for i, opts := range []map[string]any{{"maven": true}, {"maven": true}, {}, {}} {
			tag := fmt.Sprintf("t%d", i)
			h.call("kojiadmin", "createTag", tag, nil, "x86_64")
			h.call("kojiadmin", "repo.request", tag, "last", koji.Named{"opts": opts, "priority": []int{0, 0, 2, 1}[i]})
		}
		h.call("kojiadmin", "repo.checkQueue")
		started := h.call("", "repo.queryQueue", []any{[]any{"task_id", "IS NOT", nil}}, []any{"tag_name"}, map[string]any{"order": "id"})
		want(t, "started", []any{"t0", "t3"}, column(started, "tag_name"))
	})
}

func TestRepoOpts(t *testing.T) {
	t.Parallel()
	c := &call{hub: &Hub{cfg: &Config{SourceTags: []string{"src-*"}, EnableMaven: true}}}
	for _, tt := range []struct {
		name        string
		tag         koji.Tag
		asked       repoOpts
		all, custom repoOpts
	}{
		{"nothing", koji.Tag{Name: "t"}, nil, repoOpts{"src": false, "debuginfo": false, "separate_src": false, "maven": false}, repoOpts{}},
		{
			"the hub's, the tag's and its own",
			koji.Tag{Name: "src-t", MavenSupport: true, Extra: map[string]any{"with_debuginfo": true, "repo.opts": map[string]any{"separate_src": true, "x": 1}}},
			repoOpts{"src": false, "maven": true},
			repoOpts{"src": false, "debuginfo": true, "separate_src": true, "maven": true},
			repoOpts{"src": false},
		},
	} {
		all, custom := c.repoOptsOf(&tt.tag, tt.asked)
		want(t, tt.name, tt.all, all)
		want(t, tt.name+": custom", tt.custom, custom)
	}
}

func TestBuildrootContents(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.multiTag(nil)
		h.call("kojiadmin", "createExternalRepo", "ext", "http://example.com/repo/$arch/")
		repo := h.call("builder1", "host.repoInit", "build").([]any)[0]
		task := h.openTask("buildArch")
		root := h.call("builder1", "host.newBuildRoot", repo, "x86_64", task).(int64)
		own := map[string]any{"name": "confmulti-libs", "version": "2.5", "release": "1.dist", "arch": "x86_64", "epoch": 1, "payloadhash": "x"}
		foreign := func(change map[string]any) map[string]any {
			m := map[string]any{"name": "glibc", "version": "2", "release": "1", "epoch": nil, "arch": "x86_64", "payloadhash": "ab", "size": 5, "buildtime": 7, "location": "ext"}
			for k, v := range change {
				m[k] = v
			}
			return m
		}
		byURL := map[string]any{"name": "zlib", "location": nil, "external_repo": map[string]any{"url": "http://example.com/repo/$arch"}}
		h.call("builder1", "host.setBuildRootList", root, []any{own, foreign(nil), foreign(byURL)}, task)
		want(t, "contents", []any{"confmulti-libs", "glibc", "zlib"}, column(h.call("", "getBuildrootListing", root), "name"))
		want(t, "from where", []any{"INTERNAL", "ext", "ext"}, column(h.call("", "getBuildrootListing", root), "external_repo_name"))
		want(t, "as a component", []any{"confmulti-libs"}, column(h.call("", "listRPMs", koji.Named{"componentBuildrootID": root, "arches": []any{"x86_64"}, "queryOpts": map[string]any{"limit": 1}}), "name"))
		h.call("builder1", "host.setBuildRootState", root, "BUILDING", task)
		h.call("builder1", "host.updateBuildRootList", root, []any{foreign(nil), foreign(map[string]any{"name": "new"})}, task)
		for _, bad := range []map[string]any{
			{"payloadhash": "cd"}, {"location": "none"}, {"location": "INTERNAL"}, {"size": "5"}, {"name": nil}, {"arch": "0123456789abcdefg"},
		} {
			h.wantFault(koji.CodeGeneric, "builder1", "host.updateBuildRootList", root, []any{foreign(bad)}, task)
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.setBuildRootState", root, "EXPIRED")
		want(t, "not deleted while it is used", int64(1), h.call("kojiadmin", "repoDelete", repo))
		h.call("builder1", "host.setBuildRootState", root, "EXPIRED", task)
		want(t, "deleted", int64(0), h.call("kojiadmin", "repoDelete", repo))
		var found *koji.Buildroot
		h.write(func(ctx context.Context, tx *sqlstore.Tx) (err error) {
			found, err = tx.Buildroot(ctx, root)
			return err
		})
		if found.RetireEventID == nil || *found.State != koji.BuildrootExpired {
			t.Errorf("buildroot is %+v", found)
		}
	})
}

// Whatever clients name in a query is looked up; nothing of theirs becomes SQL.
func TestRepoQueryRefusals(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for _, args := range [][]any{
			{[]any{[]any{"id; DROP TABLE repo", 1}}},
			{[]any{[]any{"id", "= 1 OR 1 =", 1}}},
			{[]any{[]any{"id", "=", "1 OR 1"}}},
			{[]any{[]any{"id", "IN", 1}}},
			{[]any{[]any{"opts", "=", "{}"}}},
			{[]any{[]any{"opts", "@>", "{"}}},
			{[]any{[]any{"id", "@>", "{}"}}},
			{[]any{"id"}},
			{[]any{}, []any{"id", "(SELECT password FROM users)"}},
			{[]any{}, nil, map[string]any{"order": "id; DROP TABLE repo"}},
		} {
			h.wantFault(koji.CodeParameter, "", "repo.query", args...)
		}
		want(h.t, "an empty answer", []any{}, h.call("", "repo.query", []any{}))
	})
}
