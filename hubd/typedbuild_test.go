package hubd

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

// gave puts a text into a task's output.
func (h *testHub) gave(task int64, name, text string) {
	h.t.Helper()
	h.file(path.Join("work", koji.TaskRelPath(task), name), []byte(text))
}

// mavenOutput makes what a Maven build brings: a folder of the artifact org.example:art:1.0.
func (h *testHub) mavenOutput(task int64) map[string]any {
	h.t.Helper()
	const dir = "org/example/art/1.0"
	h.gave(task, dir+"/art-1.0.pom", testPOM)
	for _, name := range []string{dir + "/art-1.0.jar", dir + "/art-1.0.jar.md5", "org/example/art/maven-metadata.xml", "build.log", "x.nosuchext"} {
		h.gave(task, name, name)
	}
	return map[string]any{
		"task_id": task, "buildroot_id": nil, "logs": []any{"build.log"},
		"files": map[string]any{
			dir:               []any{"art-1.0.pom", "art-1.0.jar", "art-1.0.jar.md5"},
			"org/example/art": []any{"maven-metadata.xml"},
		},
	}
}

func with(values map[string]any, key string, v any) map[string]any {
	changed := map[string]any{}
	for k, old := range values {
		changed[k] = old
	}
	changed[key] = v
	return changed
}

func mavenNVR() map[string]any {
	return map[string]any{"name": "org.example-art", "version": "1.0", "release": nil, "epoch": nil}
}

func TestCompleteMavenBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("maven", "git+https://example.com/m#1", "t")
		begun := h.call("builder1", "host.initMavenBuild", task, mavenNVR(), gavInfo()).(map[string]any)
		if begun["release"] != "1" || begun["task_id"] != task || begun["state"] != int64(0) {
			h.t.Errorf("begun: %v", begun)
		}
		results := h.mavenOutput(task)
		for name, c := range map[string]struct {
			results any
			code    koji.Code
		}{
			"unknown kind":     {with(results, "files", map[string]any{"": []any{"x.nosuchext"}}), koji.CodeBuild},
			"two POMs":         {with(results, "files", map[string]any{"a": []any{"a.pom", "b.pom"}}), koji.CodeBuild},
			"missing":          {with(results, "files", map[string]any{"a": []any{"a.jar"}}), koji.CodeGeneric},
			"leads up":         {with(results, "files", map[string]any{"../1": []any{"a.jar"}}), koji.CodeGeneric},
			"name is a path":   {with(results, "files", map[string]any{"a": []any{"../a.jar"}}), koji.CodeGeneric},
			"log leads up":     {with(results, "logs", []any{"../x.log"}), koji.CodeGeneric},
			"task of others":   {with(results, "task_id", task+100), koji.CodeGeneric},
			"no struct":        {"x", koji.CodeParameter},
			"files are a list": {with(results, "files", []any{}), koji.CodeParameter},
		} {
			if f := h.fault("builder1", "host.completeMavenBuild", task, begun["id"], c.results, nil); f.Code != c.code {
				h.t.Errorf("%s: fault %d, want %d: %s", name, f.Code, c.code, f.Text)
			}
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.completeMavenBuild", task, begun["id"], results, nil)
		h.wantFault(koji.CodeAuth, "kojiadmin", "host.completeMavenBuild", task, begun["id"], results, nil)
		if got := h.tree("packages"); len(got) != 0 {
			h.t.Fatalf("refused files are at their place: %v", got)
		}

		h.call("builder1", "host.completeMavenBuild", task, begun["id"], results, nil)
		want := []string{
			"data/logs/maven/build.log",
			"maven/org/example/art/1.0/art-1.0.jar",
			"maven/org/example/art/1.0/art-1.0.jar.md5",
			"maven/org/example/art/1.0/art-1.0.jar.sha1",
			"maven/org/example/art/1.0/art-1.0.pom",
			"maven/org/example/art/1.0/art-1.0.pom.md5",
			"maven/org/example/art/1.0/art-1.0.pom.sha1",
			"maven/org/example/art/maven-metadata.xml",
			"maven/org/example/art/maven-metadata.xml.md5",
			"maven/org/example/art/maven-metadata.xml.sha1",
		}
		if diff := cmp.Diff(want, h.tree("packages/org.example-art/1.0/1")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		if b := h.call("", "getBuild", begun["id"]).(map[string]any); b["state"] != int64(koji.BuildComplete) {
			h.t.Errorf("build is in state %v", b["state"])
		}
		again := h.call("builder1", "host.initMavenBuild", task, mavenNVR(), gavInfo()).(map[string]any)
		if again["release"] != "2" {
			h.t.Errorf("the next build has release %v", again["release"])
		}
	})
}

func TestCompleteWinBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("winbuild", "vm", "url", "t")
		info := map[string]any{"name": "w", "version": "1", "release": "1", "epoch": nil}
		b := h.call("builder1", "host.initWinBuild", task, info, map[string]any{"platform": "win10"}).(map[string]any)
		h.gave(task, "bin/a.exe", "MZ")
		h.gave(task, "sub/s.log", "log")
		results := map[string]any{
			"task_id": task, "logs": []any{"sub/s.log"},
			"output": map[string]any{"bin/a.exe": map[string]any{"platforms": []any{"x86_64"}, "flags": []any{"chk", "debug"}}},
		}
		sources := h.output(task, multiSource, multiBinaries[2])
		rpms := map[string]any{"task_id": task, "buildroot_id": nil, "srpm": path.Base(sources[0]), "rpms": []any{path.Base(sources[1])}, "logs": []any{}}
		h.wantFault(koji.CodeGeneric, "builder1", "host.completeWinBuild", task, b["id"], results, with(rpms, "srpm", path.Base(sources[1])))
		h.call("builder1", "host.completeWinBuild", task, b["id"], results, rpms)
		want := []string{
			"data/logs/win/sub/s.log",
			"data/sigcache/noarch/confmulti-doc-2.5-1.dist.noarch.rpm.sig",
			"data/sigcache/src/confmulti-2.5-1.dist.src.rpm.sig",
			"noarch/confmulti-doc-2.5-1.dist.noarch.rpm",
			"src/confmulti-2.5-1.dist.src.rpm",
			"win/bin/a.exe",
		}
		if diff := cmp.Diff(want, h.tree("packages/w/1/1")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		types := h.call("", "getBuildType", "w-1-1").(map[string]any)
		if _, rpm := types["rpm"]; !rpm || len(types) != 2 {
			h.t.Errorf("types are %v", types)
		}
		// There are wrapper rpms now.
		h.wantFault(koji.CodeGeneric, "builder1", "host.importWrapperRPMs", task, b["id"], rpms)
	})
}

func TestCompleteImageBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("image", "i", "1", []any{"x86_64"}, "t", "tree")
		b := h.call("builder1", "host.initImageBuild", task, map[string]any{"name": "i", "version": "1", "release": nil, "epoch": nil}).(map[string]any)
		h.call("kojiadmin", "createExternalRepo", "ext", "http://ext.example.com/")
		results := map[string]any{"failed": map[string]any{"arch": "s390x"}}
		for _, arch := range []string{"x86_64", "aarch64"} {
			sub := h.call("builder1", "host.subtask", "createImage", []any{}, task, koji.Named{"label": arch}).(int64)
			h.gave(sub, "disk-"+arch+".qcow2", arch)
			h.gave(sub, "disk-"+arch+".xml", arch)
			h.gave(sub, "oz.log", arch)
			h.gave(sub, "other.log", arch)
			results[arch] = map[string]any{
				"arch": arch, "task_id": sub, "files": []any{"disk-" + arch + ".qcow2", "disk-" + arch + ".xml"}, "logs": []any{"oz.log"},
				"rpmlist": []any{map[string]any{
					"name": "e", "version": "1", "release": "1", "epoch": nil, "arch": arch, "payloadhash": strings.Repeat("a", 32),
					"size": 10, "buildtime": 1767000000, "location": "ext",
				}},
			}
		}
		h.call("builder1", "host.completeImageBuild", task, b["id"], results)
		want := []string{
			"data/logs/image/other.log", "data/logs/image/oz.log", "data/logs/image/x86_64/other.log", "data/logs/image/x86_64/oz.log",
			"images/disk-aarch64.qcow2", "images/disk-aarch64.xml", "images/disk-x86_64.qcow2", "images/disk-x86_64.xml",
		}
		if diff := cmp.Diff(want, h.tree("packages/i/1/1")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		for name, known := range map[string]bool{"disk-x86_64.qcow2": true, "disk-x86_64.xml": false} {
			found := h.call("", "listArchives", koji.Named{"filename": name, "type": "image"}).([]any)
			id := found[0].(map[string]any)["id"]
			if got := h.call("", "getImageArchive", id).(map[string]any)["rootid"]; got != known {
				h.t.Errorf("rootid of %s is %v", name, got)
			}
			if got := h.call("", "listRPMs", koji.Named{"imageID": id, "queryOpts": map[string]any{"countOnly": true}}); (got == int64(1)) != known {
				h.t.Errorf("%s has %v rpms", name, got)
			}
		}
	})
}

// In Koji anyone may import images; here it's the host that is at the build's task.
func TestImportImage(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("image", "i", "1", []any{"x86_64"}, "t", "tree")
		b := h.call("builder1", "host.initImageBuild", task, map[string]any{"name": "i", "version": "1", "release": "1", "epoch": nil})
		h.gave(task, "a.raw", "a")
		h.gave(task, "b.raw", "b")
		image := func(name string) map[string]any {
			return map[string]any{"x": map[string]any{"arch": "x86_64", "task_id": task, "files": []any{name}, "logs": []any{}, "rpmlist": []any{}}}
		}
		for user, code := range map[string]koji.Code{
			"": koji.CodeAuth, "alice": koji.CodeAuth, "kojiadmin": koji.CodeAuth, "builder2": koji.CodeActionNotAllowed,
		} {
			h.wantFault(code, user, "host.importImage", task, b, image("a.raw"))
		}
		other := h.openTask("image", "i", "1", []any{"x86_64"}, "t", "tree")
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.importImage", other, b, image("a.raw"))
		h.call("builder1", "host.importImage", task, b, image("a.raw"))
		h.call("builder1", "host.completeImageBuild", task, b.(map[string]any)["id"], image("b.raw"))
		if diff := cmp.Diff([]string{"images/a.raw", "images/b.raw"}, h.tree("packages/i/1/1")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		h.wantFault(koji.CodeGeneric, "builder1", "host.importImage", task, b, image("a.raw"))
	})
}

func TestMoveTypedBuildsToScratch(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		scratch := func(method string, results any, rpms ...any) []string {
			task := h.openTask("build", "x")
			made := results.(func(int64) any)(task)
			h.call("builder1", method, append([]any{task, made}, rpms...)...)
			return h.tree(fmt.Sprintf("scratch/kojiadmin/task_%d", task))
		}
		got := scratch("host.moveMavenBuildToScratch", func(task int64) any { return h.mavenOutput(task) }, nil)
		want := []string{
			"build.log", "org/example/art/1.0/art-1.0.jar", "org/example/art/1.0/art-1.0.jar.md5", "org/example/art/1.0/art-1.0.pom",
			"org/example/art/maven-metadata.xml",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			h.t.Errorf("Maven (-want +got):\n%s", diff)
		}
		got = scratch("host.moveWinBuildToScratch", func(task int64) any {
			h.gave(task, "bin/a.exe", "x")
			h.gave(task, "w.log", "x")
			return map[string]any{"task_id": task, "output": map[string]any{"bin/a.exe": map[string]any{}}, "logs": []any{"w.log"}}
		}, nil)
		if diff := cmp.Diff([]string{"bin/a.exe", "w.log"}, got); diff != "" {
			h.t.Errorf("Windows (-want +got):\n%s", diff)
		}
		got = scratch("host.moveImageBuildToScratch", func(task int64) any {
			h.gave(task, "a.raw", "x")
			h.gave(task, "oz.log", "x")
			return map[string]any{
				"a": map[string]any{"arch": "x86_64", "task_id": task, "files": []any{"a.raw"}, "logs": []any{"oz.log"}},
				"b": map[string]any{"arch": "aarch64"},
			}
		})
		if diff := cmp.Diff([]string{"a.raw", "oz.log"}, got); diff != "" {
			h.t.Errorf("image (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateMavenBuildRootList(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		h.call("kojiadmin", "importArchive", h.uploaded("art-1.0.jar", "12345"), "m-1-1", "maven", gavInfo())
		h.call("kojiadmin", "createTag", "b", koji.Named{"arches": "x86_64", "maven_support": true})
		h.call("kojiadmin", "packageListAdd", "b", "m", "alice")
		h.tag("b", h.call("", "findBuildID", "m-1-1"))
		task := h.openTask("buildMaven", "x")
		repo := h.call("builder1", "host.repoInit", "b", task).([]any)[0]
		broot := h.call("builder1", "host.newBuildRoot", repo, "x86_64", task)
		h.wantFault(koji.CodeGeneric, "builder1", "host.updateBuildrootArchives", broot, task, []any{})
		h.wantFault(koji.CodeGeneric, "builder1", "host.updateMavenBuildRootList", broot, task, []any{})
		h.call("builder1", "host.setBuildRootState", broot, "BUILDING", task)

		entry := func(info map[string]any, files ...any) map[string]any {
			list := []any{}
			for i := 0; i < len(files); i += 2 {
				list = append(list, map[string]any{"filename": files[i], "size": files[i+1]})
			}
			return map[string]any{"maven_info": info, "files": list}
		}
		other := with(gavInfo(), "artifact_id", "other")
		for name, list := range map[string][]any{
			"other artifact": {entry(other, "x.jar", 1)},
			"other size":     {entry(gavInfo(), "art-1.0.jar", 6)},
			"other file":     {entry(gavInfo(), "y.jar", 5)},
		} {
			if f := h.fault("builder1", "host.updateMavenBuildRootList", broot, task, list); f.Code != koji.CodeBuildroot {
				h.t.Errorf("%s: fault %d: %s", name, f.Code, f.Text)
			}
			h.call("builder1", "host.updateMavenBuildRootList", broot, task, list, list)
			h.call("builder1", "host.updateMavenBuildRootList", broot, task, list, nil, false, true)
		}
		if got := h.call("", "listArchives", koji.Named{"componentBuildrootID": broot}).([]any); len(got) != 0 {
			h.t.Fatalf("recorded: %v", got)
		}
		dep := h.openTask("buildMaven", "y")
		h.gave(dep, "org/example/other/1.0/x.jar", "x")
		h.call("builder1", "host.updateMavenBuildRootList", broot, task, []any{
			entry(gavInfo(), "art-1.0.jar", 5, "art-1.0.jar.md5", 32, "maven-metadata.xml", 7), entry(other, "x.jar", 1),
		}, nil, true, false, []any{dep})
		got := h.call("", "listArchives", koji.Named{"componentBuildrootID": broot}).([]any)
		if len(got) != 1 || got[0].(map[string]any)["project"] != true || got[0].(map[string]any)["component_buildroot_id"] != broot {
			h.t.Errorf("recorded: %v", got)
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.updateMavenBuildRootList", broot, task, []any{})
		h.wantFault(koji.CodeGeneric, "builder1", "host.updateBuildrootArchives", broot, task, []any{map[string]any{"id": 99}})
		h.call("builder1", "host.updateBuildrootArchives", broot, task, []any{map[string]any{"id": 1}})
		if roots := h.call("", "listBuildroots", koji.Named{"archiveID": 1}).([]any); len(roots) != 1 {
			h.t.Errorf("buildroots of the archive: %v", roots)
		}
	})
}

// Without Maven and Windows in the configuration nothing of it is to be had.
func TestTypesDisabled(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) { c.EnableMaven, c.EnableWin = false, false }, func(h *testHub) {
		for _, args := range [][]any{
			{"createMavenBuild", map[string]any{"name": "m", "version": "1", "release": "1", "epoch": nil}, gavInfo()},
			{"createWinBuild", map[string]any{"name": "m", "version": "1", "release": "1", "epoch": nil}, map[string]any{"platform": "x"}},
			{"importArchive", "a/b", "m-1-1", "maven", gavInfo()},
			{"importArchive", "a/b", "m-1-1", "win", map[string]any{}},
			{"mavenBuild", "url", "t"},
			{"chainMaven", map[string]any{}, "t"},
			{"wrapperRPM", "m-1-1", "url", "t"},
			{"winBuild", "vm", "url", "t"},
		} {
			f := h.fault("kojiadmin", args[0].(string), args[1:]...)
			if f.Code != koji.CodeGeneric || !strings.Contains(f.Text, "not enabled") {
				h.t.Errorf("%v: fault %d: %s", args[0], f.Code, f.Text)
			}
		}
	})
}
