package hubd

import (
	"bytes"
	"compress/gzip"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

func TestListArchives(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		win := func(relpath string, platforms, flags []any) map[string]any {
			return map[string]any{"relpath": relpath, "platforms": platforms, "flags": flags}
		}
		h.call("kojiadmin", "importArchive", h.uploaded("a.jar", "aa"), "m-1-1", "maven", gavInfo())
		h.call("kojiadmin", "importArchive", h.uploaded("b.jar", "bb"), "m-1-1", "maven", with(gavInfo(), "version", "2.0"))
		h.call("kojiadmin", "importArchive", h.uploaded("c.exe", "c"), "w-1-1", "win", win("bin", []any{"i386", "x86_64"}, []any{"fre"}))
		h.call("kojiadmin", "importArchive", h.uploaded("d.dll", "d"), "w-1-1", "win", win("", []any{"x86_64"}, nil))
		h.call("kojiadmin", "importArchive", h.uploaded("e.raw", "e"), "i-1-1", "image", map[string]any{"arch": "x86_64"})
		order := map[string]any{"order": "filename"}
		info := func(btype string, key string, v any) koji.Named {
			return koji.Named{"type": btype, "typeInfo": map[string]any{key: v}, "queryOpts": order}
		}
		for _, c := range []struct {
			name string
			args koji.Named
			want []any
		}{
			{"all", koji.Named{"queryOpts": order}, []any{"a.jar", "b.jar", "c.exe", "d.dll", "e.raw"}},
			{"build", koji.Named{"buildID": "w-1-1", "queryOpts": map[string]any{"order": "-filename"}}, []any{"d.dll", "c.exe"}},
			{"type", koji.Named{"type": "image"}, []any{"e.raw"}},
			{"group", info("maven", "group_id", "org.example"), []any{"a.jar", "b.jar"}},
			{"version", info("maven", "version", "2.0"), []any{"b.jar"}},
			{"no wildcards", info("maven", "version", "2%"), []any{}},
			{"platform", info("win", "platforms", "x86_64"), []any{"c.exe", "d.dll"}},
			{"platforms", info("win", "platforms", []any{"x86_64", "i386"}), []any{"c.exe"}},
			{"part of a platform", info("win", "platforms", "x86"), []any{}},
			{"flag", info("win", "flags", "fre"), []any{"c.exe"}},
			{"relpath", info("win", "relpath", "bin"), []any{"c.exe"}},
			{"arch", info("image", "arch", "x86_64"), []any{"e.raw"}},
			{"other arch", info("image", "arch", "s390x"), []any{}},
			{"order of a type", koji.Named{"type": "maven", "queryOpts": map[string]any{"order": "-version"}}, []any{"b.jar", "a.jar"}},
			{"size", koji.Named{"size": 2, "queryOpts": map[string]any{"order": "id", "limit": 1}}, []any{"a.jar"}},
			{"no such build", koji.Named{"buildID": "x-1-1"}, []any{}},
			{"no such host", koji.Named{"hostID": "nosuch"}, []any{}},
			{"component of none", koji.Named{"imageID": 5}, []any{}},
			{"id that no column holds", koji.Named{"archiveID": int64(1) << 40}, []any{}},
		} {
			got := h.call("", "listArchives", c.args)
			if diff := cmp.Diff(c.want, column(got, "filename")); diff != "" {
				h.t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		for name, args := range map[string]koji.Named{
			"type":             {"type": "nosuch"},
			"info of no table": {"type": "rpm", "typeInfo": map[string]any{"a": "b"}},
			"nothing":          {"filename": "nosuch", "strict": true},
			"none":             {"filename": "nosuch", "strict": true, "queryOpts": map[string]any{"countOnly": true}},
		} {
			if f := h.fault("", "listArchives", args); f.Code != koji.CodeGeneric {
				h.t.Errorf("%s: fault %d: %s", name, f.Code, f.Text)
			}
		}
		if got := h.call("", "listArchives", koji.Named{"type": "maven", "queryOpts": map[string]any{"countOnly": true}}); got != int64(2) {
			h.t.Errorf("count is %v", got)
		}
	})
}

func TestTaggedArchives(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		build := func(release, version string, files ...string) int64 {
			nvr := map[string]any{"name": "m", "version": "1", "release": release, "epoch": nil}
			h.call("kojiadmin", "createMavenBuild", nvr, with(gavInfo(), "version", version))
			for _, name := range files {
				h.file(path.Join("work/x", release, name), []byte(release))
				h.call("kojiadmin", "importArchive", path.Join("x", release, name), nvr, "maven", with(gavInfo(), "version", version))
			}
			return h.call("", "findBuildID", "m-1-"+release).(int64)
		}
		first, second, third := build("1", "1.0", "a.jar", "a.txt"), build("2", "2.0", "b.jar"), build("3", "1.0", "c.jar")
		h.call("kojiadmin", "createTag", "parent", koji.Named{"maven_support": true, "maven_include_all": true})
		h.call("kojiadmin", "createTag", "child", koji.Named{"maven_support": true})
		for _, tag := range []string{"parent", "child"} {
			h.call("kojiadmin", "packageListAdd", tag, "m", "alice")
		}
		h.parent("child", "parent")
		h.tag("parent", first)
		h.tag("parent", second)
		h.tag("child", third)

		for name, c := range map[string]struct {
			args koji.Named
			want []any
		}{
			"own":       {koji.Named{}, []any{"c.jar"}},
			"inherited": {koji.Named{"inherit": true}, []any{"c.jar", "b.jar", "a.jar", "a.txt"}},
			"latest":    {koji.Named{"inherit": true, "latest": true}, []any{"c.jar"}},
			"of Maven":  {koji.Named{"inherit": true, "type": "maven", "extra": false}, []any{"c.jar", "b.jar", "a.jar", "a.txt"}},
			"of win":    {koji.Named{"inherit": true, "type": "win"}, []any{}},
		} {
			got := h.call("", "listTaggedArchives", "child", c.args).([]any)
			if diff := cmp.Diff(c.want, column(got[0], "filename")); diff != "" {
				h.t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		rows := h.call("", "listTaggedArchives", "child", koji.Named{"type": "maven"}).([]any)[0].([]any)
		if row := rows[0].(map[string]any); row["maven_group_id"] != "org.example" || row["maven_version"] != "1.0" {
			h.t.Errorf("row is %v", row)
		}
		// The child's own 1.0 hides the parent's; of the parent all versions count.
		if diff := cmp.Diff([]any{"c.jar", "b.jar"}, column(h.call("", "getLatestMavenArchives", "child"), "filename")); diff != "" {
			h.t.Errorf("latest of child (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]any{"b.jar", "a.jar", "a.txt"}, column(h.call("", "getLatestMavenArchives", "parent"), "filename")); diff != "" {
			h.t.Errorf("latest of parent (-want +got):\n%s", diff)
		}
		h.call("kojiadmin", "editTag2", "parent", koji.Named{"maven_include_all": false})
		if diff := cmp.Diff([]any{"b.jar"}, column(h.call("", "getLatestMavenArchives", "parent"), "filename")); diff != "" {
			h.t.Errorf("latest of parent without all (-want +got):\n%s", diff)
		}
		if got := h.call("", "getLatestMavenArchives", "child", nil, false); len(got.([]any)) != 1 {
			h.t.Errorf("without inheritance: %v", got)
		}
	})
}

func TestListArchiveFiles(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	h.typedBuilds()
	ball, err := os.ReadFile("testdata/conformance/files/conf.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.tar.gz": string(ball), "b.tar.gz": "no archive", "c.txt": "x"} {
		h.call("kojiadmin", "importArchive", h.uploaded(name, text), "i-1-1", "image", map[string]any{"arch": "noarch"})
	}
	id := func(name string) any {
		return column(h.call("", "listArchives", koji.Named{"filename": name}), "id")[0]
	}
	files := h.call("", "listArchiveFiles", id("a.tar.gz"))
	if diff := cmp.Diff([]any{"dir", "dir/a.txt", "dir/run.sh", "dir/link"}, column(files, "name")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{
		"archive_id": id("a.tar.gz"), "name": "dir/a.txt", "size": int64(6), "mtime": int64(1767225600), "mode": int64(0o644), "user": "builder", "group": "users",
	}, h.call("", "getArchiveFile", id("a.tar.gz"), "dir/a.txt")); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	for name, opts := range map[string]map[string]any{
		"page":  {"offset": 1, "limit": 2},
		"order": {"order": "name", "offset": 1, "limit": 2},
	} {
		want := map[string][]any{"page": {"dir/a.txt", "dir/run.sh"}, "order": {"dir/a.txt", "dir/link"}}[name]
		if diff := cmp.Diff(want, column(h.call("", "listArchiveFiles", id("a.tar.gz"), opts), "name")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := h.call("", "listArchiveFiles", id("a.tar.gz"), map[string]any{"countOnly": true}); got != int64(4) {
		t.Errorf("count is %v", got)
	}
	h.wantFault(koji.CodeOther, "", "listArchiveFiles", id("a.tar.gz"), map[string]any{"order": "colour"})
	h.wantFault(koji.CodeGeneric, "", "listArchiveFiles", id("b.tar.gz"))
	h.wantFault(koji.CodeGeneric, "", "listArchiveFiles", id("c.txt"), nil, true)
	h.wantFault(koji.CodeGeneric, "", "getArchiveFile", id("a.tar.gz"), "nosuch", true)
	h.wantFault(koji.CodeGeneric, "", "getArchiveFile", 99, "x")
	if err := os.Remove(filepath.Join(h.hub.cfg.KojiDir, "packages/i/1/1/images/a.tar.gz")); err != nil {
		t.Fatal(err)
	}
	if got := h.call("", "listArchiveFiles", id("a.tar.gz"), nil, true); len(got.([]any)) != 0 {
		t.Errorf("files of a file that is gone: %v", got)
	}
	// A link in the place of an archive leads nowhere outside.
	outside := filepath.Join(t.TempDir(), "x.tar.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Close()
	if err := os.WriteFile(outside, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(h.hub.cfg.KojiDir, "packages/i/1/1/images/a.tar.gz")); err != nil {
		t.Fatal(err)
	}
	if f := h.fault("", "listArchiveFiles", id("a.tar.gz")); strings.Contains(f.Text, outside) {
		t.Errorf("the fault tells what the link is: %s", f.Text)
	}
}

func TestMavenRepo(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.call("kojiadmin", "createTag", "b", koji.Named{"arches": "x86_64", "maven_support": true, "maven_include_all": true})
		h.call("kojiadmin", "packageListAdd", "b", "m", "alice")
		for i, version := range []string{"1.9", "1.10"} {
			release := string(rune('1' + i))
			nvr := map[string]any{"name": "m", "version": "1", "release": release, "epoch": nil}
			h.call("kojiadmin", "createMavenBuild", nvr, with(gavInfo(), "version", version))
			h.call("kojiadmin", "importArchive", h.uploaded(version+".jar", "x"), nvr, "maven", with(gavInfo(), "version", version))
			if i == 0 { // another's folder would lie inside of this one's
				nested := map[string]any{"group_id": "org.example.art", "artifact_id": "1.9", "version": "7"}
				h.call("kojiadmin", "importArchive", h.uploaded("n.jar", "x"), nvr, "maven", nested)
			}
			h.tag("b", h.call("", "findBuildID", "m-1-"+release))
		}
		task := h.openTask("newRepo", "b")
		h.call("builder1", "host.repoInit", "b", task)
		const top = "repos/b/1/maven/org/example/art"
		want := []string{
			"1.10 -> ../../../../../../../packages/m/1/2/maven/org/example/art/1.10",
			"1.9 -> ../../../../../../../packages/m/1/1/maven/org/example/art/1.9",
			"maven-metadata.xml", "maven-metadata.xml.md5", "maven-metadata.xml.sha1",
		}
		if diff := cmp.Diff(want, h.tree(top)); diff != "" {
			h.t.Errorf("Maven repo (-want +got):\n%s", diff)
		}
		if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, top, "1.10/1.10.jar")); err != nil {
			h.t.Error(err)
		}
		text := strings.Join(h.lines(top+"/maven-metadata.xml"), "")
		if !strings.Contains(text, "<latest>1.10</latest>") || !strings.Contains(text, "<version>1.9</version>") {
			h.t.Errorf("metadata is %s", text)
		}
	})
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	sorted := []string{"", "a", "1", "1-alpha", "1.0", "1.0a", "1.0.1", "1.9", "1.010", "1.10", "2"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := compareVersions(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q and %q: %d", a, b, got)
			}
		}
	}
}
