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

// distTag is multiTag with signed copies by the key cafe, which any user may make dist repos of.
func (h *testHub) distTag() {
	h.t.Helper()
	h.multiTag(nil)
	for _, name := range multiBinaries {
		arch := strings.Split(name, ".")[len(strings.Split(name, "."))-2]
		h.file("packages/confmulti/2.5/1.dist/data/signed/cafe/"+arch+"/"+name, []byte("signed "+name))
	}
}

// distRepo makes a dist repo, whose task builder1 has opened.
func (h *testHub) distRepo(keys []any, opts koji.Named) (task int64, dir string) {
	h.t.Helper()
	task = h.call("alice", "distRepo", "build", keys, opts).(int64)
	params := h.call("", "getTaskRequest", task).([]any)
	h.call("kojiadmin", "assignTask", task, "builder1", true)
	h.call("builder1", "host.openTask", task)
	return task, fmt.Sprintf("repos-dist/build/%d", params[1])
}

// packages is what a builder uploads as kojipkgs for some rpms.
func (h *testHub) packages(key any, change func(name string, p map[string]any), names ...string) []byte {
	h.t.Helper()
	all := map[string]any{}
	for _, name := range names {
		p := h.call("", "getRPM", strings.TrimSuffix(name, ".rpm")).(map[string]any)
		p["sigkey"] = key
		if change != nil {
			change(name, p)
		}
		all[name] = p
	}
	data, err := json.Marshal(all)
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

func TestDistRepoInit(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.distTag()
		var pre, post []any
		h.hub.On("preRepoInit", record(&pre, "repo_id"))
		h.hub.On("postRepoInit", record(&post, "repo_id"))
		if _, f := h.up("alice", "cli-dist-repo/1", "comps.xml", "<comps/>"); f != nil {
			t.Fatal(f)
		}
		task, dir := h.distRepo([]any{"CAFE"}, koji.Named{"arch": []any{"x86_64", "i686", "src"}, "comps": "cli-dist-repo/1/comps.xml", "latest": true})
		want(t, "files", []string{"groups/comps.xml", "i386/", "repo.json", "src/", "x86_64/"}, h.tree(dir))
		var about map[string]any
		if err := json.Unmarshal([]byte(strings.Join(h.lines(dir+"/repo.json"), "")), &about); err != nil {
			t.Fatal(err)
		}
		want(t, "repo.json", []any{"build", []any{"CAFE"}, nil}, pick(about, "tag", "keys", "volume"))
		info := h.call("", "getTaskInfo", task, true)
		want(t, "task", []any{"distRepo", int64(15), "noarch"}, pick(info, "method", "priority", "arch"))
		request := pick(info, "request")[0].([]any)
		repo := h.call("", "repoInfo", request[1])
		want(t, "repo", []any{int64(koji.RepoInit), true, task, pick(request[3], "event")[0]}, pick(repo, "state", "dist", "task_id", "create_event"))
		want(t, "callbacks", []any{nil, request[1]}, append(pre, post...))
		want(t, "the tag's arches", []any{"x86_64", "i686"}, pick(h.call("", "getTaskRequest", h.call("alice", "distRepo", "build", []any{"k"})).([]any)[3], "arch")[0])

		before := h.tree("repos-dist")
		h.call("kojiadmin", "createTag", "bare")
		for name, args := range map[string][]any{
			"no tag":        {"nosuch", []any{"k"}},
			"no arches":     {"bare", []any{"k"}},
			"an arch":       {"build", []any{"k"}, koji.Named{"arch": []any{"../x"}}},
			"an event":      {"build", []any{"k"}, koji.Named{"event": 99999999}},
			"a volume":      {"build", []any{"k"}, koji.Named{"volume": "nosuch"}},
			"no upload":     {"build", []any{"k"}, koji.Named{"comps": "cli-dist-repo/1/none.xml"}},
			"a path":        {"build", []any{"k"}, koji.Named{"comps": "../../etc/passwd"}},
			"other's":       {"build", []any{"k"}, koji.Named{"comps": "cli-dist-repo/2/comps.xml"}},
			"task's output": {"build", []any{"k"}, koji.Named{"comps": koji.TaskRelPath(task) + "/x"}},
		} {
			h.file("work/cli-dist-repo/2/comps.xml", nil)
			h.file("work/cli-dist-repo/2/.user", []byte("1"))
			h.file("work/"+koji.TaskRelPath(task)+"/x", nil)
			if f := h.fault("alice", "distRepo", args...); f.Code != koji.CodeGeneric {
				t.Errorf("%s: %v", name, f)
			}
		}
		h.wantFault(koji.CodeParameter, "alice", "distRepo", "build", []any{"../x"})
		h.wantFault(koji.CodeParameter, "alice", "distRepo", "build", []any{5})
		h.wantFault(koji.CodeGeneric, "", "distRepo", "build", []any{"k"})
		want(t, "after refusals", before, h.tree("repos-dist"))

		h.call("kojiadmin", "editTag2", "build", koji.Named{"extra": map[string]any{"distrepo.cancel_others": true}})
		other := h.call("alice", "distRepo", "build", []any{"k"}).(int64)
		want(t, "others are canceled", []koji.TaskState{koji.TaskCanceled, koji.TaskFree}, h.states(task, other))
	})
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies, policyText("dist_repo", "tag open :: allow\nall :: deny"))
	}, func(h *testHub) {
		for _, tag := range []string{"open", "closed"} {
			h.call("kojiadmin", "createTag", tag, nil, "x86_64")
		}
		h.call("alice", "distRepo", "open", []any{"k"})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "distRepo", "closed", []any{"k"})
		h.call("kojiadmin", "grantPermission", "alice", "dist-repo", true)
		h.call("alice", "distRepo", "closed", []any{"k"})
	})
}

func TestDistRepoMove(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.distTag()
		task, dir := h.distRepo([]any{"cafe"}, koji.Named{"arch": []any{"x86_64"}})
		repo := h.call("", "getTaskRequest", task).([]any)[1]
		sub := h.call("builder1", "host.subtask", "createdistrepo", []any{"build", repo, "x86_64", []any{"cafe"}, map[string]any{}}, task, koji.Named{"label": "x86_64"}).(int64)
		folder := koji.TaskRelPath(sub)
		upload := func(manifest string, packages []byte) {
			h.file("work/"+folder+"/repo_manifest", []byte(manifest))
			h.file("work/"+folder+"/kojipkgs", packages)
			h.file("work/"+folder+"/pkglist", nil)
			h.file("work/"+folder+"/repodata/repomd.xml", []byte("<repomd/>"))
		}
		const files = `["kojipkgs", "pkglist", "repodata/repomd.xml"]`
		good := h.packages("cafe", nil, multiBinaries...)
		edit := func(key string, v any) []byte {
			return h.packages("cafe", func(_ string, p map[string]any) { p[key] = v }, multiBinaries[0])
		}
		upload(files, good)
		before := h.tree("repos-dist")
		for _, args := range [][]any{
			{repo, folder, "ppc64le"}, {repo, folder, "../x86_64"}, {repo, koji.TaskRelPath(task), "x86_64"}, {repo, "tasks/../..", "x86_64"},
			{repo, "cli-build/x", "x86_64"}, {99999, folder, "x86_64"},
		} {
			h.wantFault(koji.CodeGeneric, "builder1", "host.distRepoMove", args...)
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.distRepoMove", repo, folder, "x86_64")
		h.wantFault(koji.CodeAuth, "kojiadmin", "host.distRepoMove", repo, folder, "x86_64")
		for name, x := range map[string]struct {
			manifest string
			packages []byte
		}{
			"no JSON":         {"x", good},
			"no list":         {`{"x": 1}`, good},
			"outside":         {`["../../x"]`, good},
			"absolute":        {`["/etc/passwd"]`, good},
			"missing":         {`["none"]`, good},
			"twice":           {`["pkglist", "pkglist"]`, good},
			"in Packages":     {`["Packages/c/x.rpm"]`, good},
			"packages":        {files, []byte("[]")},
			"another size":    {files, edit("size", 5)},
			"another build":   {files, edit("build_id", 99)},
			"another epoch":   {files, edit("epoch", nil)},
			"no such rpm":     {files, edit("id", 99999)},
			"a path":          {files, []byte(strings.ReplaceAll(string(good), multiBinaries[0], "../../"+multiBinaries[0]))},
			"unsigned":        {files, h.packages("", nil, multiBinaries[0])},
			"another key":     {files, h.packages("beef", nil, multiBinaries[0])},
			"key that's path": {files, h.packages("../cafe", nil, multiBinaries[0])},
			"no signed copy":  {files, h.packages("cafe", nil, multiSource)},
		} {
			upload(x.manifest, x.packages)
			if f := h.fault("builder1", "host.distRepoMove", repo, folder, "x86_64"); f.Code != koji.CodeGeneric {
				t.Errorf("%s: %v", name, f)
			}
			if diff := cmp.Diff(before, h.tree("repos-dist")); diff != "" {
				t.Fatalf("%s: files after it (-before +after):\n%s", name, diff)
			}
		}
		// Undone with its transaction.
		upload(files, good)
		undone := writes("test.undone", builder, "", func(c *call, a distRepoMoveArgs) (any, error) {
			if _, err := hostDistRepoMove(c, a); err != nil {
				return nil, err
			}
			if now := h.tree("repos-dist"); len(now) == len(before) {
				t.Errorf("nothing was moved: %v", now)
			}
			return nil, fault(koji.CodeBuild, "not now")
		})
		h.hub.methods[undone.name] = &undone
		h.wantFault(koji.CodeBuild, "builder1", "test.undone", repo, folder, "x86_64")
		want(t, "files after it was undone", before, h.tree("repos-dist"))

		h.call("builder1", "host.distRepoMove", repo, folder, "x86_64")
		want(t, "files", []string{
			"Packages/c/" + multiBinaries[0], "Packages/c/" + multiBinaries[2], "Packages/c/" + multiBinaries[1],
			"kojipkgs", "pkglist", "repodata/repomd.xml",
		}, h.tree(dir+"/x86_64"))
		want(t, "content", []string{"signed " + multiBinaries[0]}, h.lines(dir+"/x86_64/Packages/c/"+multiBinaries[0]))
		want(t, "uploads", []string{"repo_manifest", "repodata/"}, h.tree("work/"+folder))
		upload(files, good)
		h.wantFault(koji.CodeGeneric, "builder1", "host.distRepoMove", repo, folder, "x86_64") // it is there already
		h.call("builder1", "host.repoDone", repo, map[string]any{})
		want(t, "state", int64(koji.RepoReady), pick(h.call("", "repoInfo", repo), "state")[0])
		h.wantFault(koji.CodeGeneric, "builder1", "host.distRepoMove", repo, folder, "x86_64") // it is READY
	})
}

// On a volume of its own a repo holds copies of what lies elsewhere, and the default one a link.
func TestDistRepoVolume(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.distTag()
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			_, err := tx.AddName(ctx, sqlstore.VolumeNames, "fast")
			return err
		})
		if err := os.MkdirAll(filepath.Join(h.hub.cfg.KojiDir, "vol/fast"), 0o755); err != nil {
			t.Fatal(err)
		}
		task, dir := h.distRepo([]any{"cafe", "unsigned"}, koji.Named{"arch": []any{"x86_64"}, "volume": "fast"})
		repo := h.call("", "getTaskRequest", task).([]any)[1]
		folder := koji.TaskRelPath(task)
		h.file("work/"+folder+"/repo_manifest", []byte("[]"))
		h.file("work/"+folder+"/kojipkgs", h.packages("", nil, multiBinaries[0]))
		h.call("builder1", "host.distRepoMove", repo, folder, "x86_64")
		want(t, "link", fmt.Sprintf("%d -> ../../vol/fast/%s", repo, dir), h.tree("repos-dist/build")[0])
		want(t, "files", []string{"repo.json", "x86_64/Packages/c/" + multiBinaries[0]}, h.tree("vol/fast/"+dir))
	})
}

func TestTag2DistRepo(t *testing.T) {
	t.Parallel()
	eachHub(t, plugged(t, "tag2distrepo"), func(h *testHub) {
		t := h.t
		extra := map[string]any{"tag2distrepo.enabled": true, "tag2distrepo.keys": "cafe beef", "tag2distrepo.inherit": true}
		h.call("kojiadmin", "createTag", "on", nil, "x86_64", nil, false, false, false, extra)
		h.call("kojiadmin", "createTag", "off", nil, "x86_64")
		h.call("kojiadmin", "createTag", "bare", nil, nil, nil, false, false, false, extra)
		for _, r := range []string{"1", "2", "3"} {
			h.build("bash", "1", r)
		}
		tasks := func() []any {
			return h.call("", "listTasks", map[string]any{"method": "distRepo", "decode": true}).([]any)
		}
		for _, tag := range []string{"off", "bare"} {
			h.tag(tag, "bash-1-1")
		}
		want(t, "not enabled, or without arches", 0, len(tasks()))
		h.call("kojiadmin", "massTag", "on", []any{"bash-1-1", "bash-1-2", "bash-1-3"})
		all := tasks()
		want(t, "one for many", 1, len(all))
		request := pick(all[0], "request")[0].([]any)
		want(t, "request", []any{"on", []any{"cafe", "beef"}}, []any{request[0], request[2]})
		want(t, "options", []any{[]any{"x86_64"}, true, false, false, false},
			pick(request[3], "arch", "inherit", "latest", "split_debuginfo", "allow_missing_signatures"))
		h.call("kojiadmin", "untagBuildBypass", "on", "bash-1-1")
		want(t, "after untagging", 2, len(tasks()))
	})
}
