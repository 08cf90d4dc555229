package hubd

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
)

const testPOM = `<?xml version="1.0" encoding="UTF-8"?>
<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.example</groupId><version>1.0</version></parent><artifactId>art</artifactId></project>
`

// gavInfo is the identity that testPOM has.
func gavInfo() map[string]any {
	return map[string]any{"group_id": "org.example", "artifact_id": "art", "version": "1.0"}
}

// uploaded puts a file into the upload area, of everybody's.
func (h *testHub) uploaded(name, text string) string {
	h.file(path.Join("work/cli-build/x", name), []byte(text))
	return path.Join("cli-build/x", name)
}

// typedBuilds makes the builds m-1-1, w-1-1 and i-1-1 of the three types.
func (h *testHub) typedBuilds() {
	build := func(name string) map[string]any {
		return map[string]any{"name": name, "version": "1", "release": "1", "epoch": nil}
	}
	h.call("kojiadmin", "createMavenBuild", build("m"), gavInfo())
	h.call("kojiadmin", "createWinBuild", build("w"), map[string]any{"platform": "win10"})
	h.call("kojiadmin", "createImageBuild", build("i"))
}

func TestImportArchive(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		pom, exe, disk := h.uploaded("art-1.0.pom", testPOM), h.uploaded("a.exe", "MZ"), h.uploaded("d.qcow2", "QFI")
		win := map[string]any{"relpath": "/bin/x64/", "platforms": []any{"x86_64", "i386"}, "flags": []any{}}
		h.call("kojiadmin", "importArchive", pom, "m-1-1", "maven", gavInfo())
		h.call("kojiadmin", "importArchive", exe, "w-1-1", "win", win)
		h.call("kojiadmin", "importArchive", disk, "i-1-1", "image", map[string]any{"arch": "x86_64"})

		want := []string{
			"i/1/1/images/d.qcow2",
			"m/1/1/maven/org/example/art/1.0/art-1.0.pom",
			"m/1/1/maven/org/example/art/1.0/art-1.0.pom.md5",
			"m/1/1/maven/org/example/art/1.0/art-1.0.pom.sha1",
			"w/1/1/win/bin/x64/a.exe",
		}
		if diff := cmp.Diff(want, h.tree("packages")); diff != "" {
			h.t.Errorf("files (-want +got):\n%s", diff)
		}
		links := []string{
			"a.exe -> ../../../packages/w/1/1/win/bin/x64/a.exe",
			"art-1.0.pom -> ../../../packages/m/1/1/maven/org/example/art/1.0/art-1.0.pom",
			"d.qcow2 -> ../../../packages/i/1/1/images/d.qcow2",
		}
		if diff := cmp.Diff(links, h.tree("work/cli-build/x")); diff != "" {
			h.t.Errorf("uploads (-want +got):\n%s", diff)
		}
		got := h.call("", "getArchive", 1).(map[string]any)
		for key, want := range map[string]any{
			"filename": "art-1.0.pom", "type_name": "pom", "btype": "maven", "group_id": "org.example", "artifact_id": "art", "version": "1.0",
			"size": int64(len(testPOM)), "checksum_type": int64(2), "buildroot_id": nil, "compression_type": nil, "metadata_only": false,
		} {
			if got[key] != want {
				h.t.Errorf("%s is %v, want %v", key, got[key], want)
			}
		}
		if diff := cmp.Diff(map[string]any{"archive_id": int64(2), "relpath": "bin/x64", "platforms": "x86_64 i386", "flags": nil},
			h.call("", "getWinArchive", 2)); diff != "" {
			h.t.Errorf("Windows archive (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"archive_id": int64(3), "arch": "x86_64", "rootid": false}, h.call("", "getImageArchive", 3)); diff != "" {
			h.t.Errorf("image archive (-want +got):\n%s", diff)
		}
	})
}

// What is refused changes nothing: no row, no file, and the upload stays.
func TestImportArchiveRefused(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		h.call("kojiadmin", "importArchive", h.uploaded("once.jar", "x"), "m-1-1", "maven", gavInfo())
		before := h.tree("packages")
		with := func(info map[string]any, key string, v any) map[string]any {
			info[key] = v
			return info
		}
		win := func() map[string]any {
			return map[string]any{"relpath": "", "platforms": []any{"x"}, "flags": nil}
		}
		for _, c := range []struct {
			name, file, text, build, btype string
			info                           any
			user                           string
			code                           koji.Code
		}{
			{"no permission", "a.jar", "x", "m-1-1", "maven", gavInfo(), "alice", koji.CodeActionNotAllowed},
			{"nobody", "a.jar", "x", "m-1-1", "maven", gavInfo(), "", koji.CodeActionNotAllowed},
			{"type", "a.jar", "x", "m-1-1", "rpm", gavInfo(), "", koji.CodeActionNotAllowed},
			{"unknown type", "a.jar", "x", "m-1-1", "rpm", gavInfo(), "kojiadmin", koji.CodeGeneric},
			{"build of another type", "a.jar", "x", "w-1-1", "maven", gavInfo(), "kojiadmin", koji.CodeImport},
			{"no build", "a.jar", "x", "n-1-1", "maven", gavInfo(), "kojiadmin", koji.CodeGeneric},
			{"extension", "a.nosuchext", "x", "m-1-1", "maven", gavInfo(), "kojiadmin", koji.CodeGeneric},
			{"POM of another", "b.pom", testPOM, "m-1-1", "maven", with(gavInfo(), "version", "2.0"), "kojiadmin", koji.CodeBuild},
			{"no POM", "c.pom", "<html/>", "m-1-1", "maven", gavInfo(), "kojiadmin", koji.CodeBuild},
			{"there already", "../y/once.jar", "y", "m-1-1", "maven", gavInfo(), "kojiadmin", koji.CodeGeneric},
			{"group is a path", "a.jar", "x", "m-1-1", "maven", with(gavInfo(), "group_id", "../../x"), "kojiadmin", koji.CodeGeneric},
			{"group leads up", "a.jar", "x", "m-1-1", "maven", with(gavInfo(), "group_id", "a..b"), "kojiadmin", koji.CodeGeneric},
			{"version leads up", "a.jar", "x", "m-1-1", "maven", with(gavInfo(), "version", ".."), "kojiadmin", koji.CodeGeneric},
			{"no artifact", "a.jar", "x", "m-1-1", "maven", with(gavInfo(), "artifact_id", nil), "kojiadmin", koji.CodeGeneric},
			{"info is text", "a.jar", "x", "m-1-1", "maven", "x", "kojiadmin", koji.CodeGeneric},
			{"relpath leads up", "a.exe", "x", "w-1-1", "win", with(win(), "relpath", "a/../../../x"), "kojiadmin", koji.CodeGeneric},
			{"relpath is no text", "a.exe", "x", "w-1-1", "win", with(win(), "relpath", 1), "kojiadmin", koji.CodeGeneric},
			{"no platforms", "a.exe", "x", "w-1-1", "win", with(win(), "platforms", []any{}), "kojiadmin", koji.CodeBuild},
			{"arch", "a.raw", "x", "i-1-1", "image", map[string]any{"arch": "../x"}, "kojiadmin", koji.CodeGeneric},
			{"no arch", "a.raw", "x", "i-1-1", "image", map[string]any{}, "kojiadmin", koji.CodeGeneric},
		} {
			h.uploaded(c.file, c.text)
			if f := h.fault(c.user, "importArchive", path.Join("cli-build/x", c.file), c.build, c.btype, c.info); f.Code != c.code {
				h.t.Errorf("%s: fault %d, want %d: %s", c.name, f.Code, c.code, f.Text)
			}
			info, err := os.Lstat(filepath.Join(h.hub.cfg.KojiDir, "work/cli-build/x", c.file))
			if err != nil || !info.Mode().IsRegular() {
				h.t.Errorf("%s: the upload is gone: %v", c.name, err)
			}
		}
		for _, p := range []string{"cli-build/x/nosuch.jar", "../packages/x.jar", "/etc/passwd"} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "importArchive", p, "m-1-1", "maven", gavInfo())
		}
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("files (-before +after):\n%s", diff)
		}
		if got := h.call("", "getArchive", 2); got != nil {
			h.t.Errorf("a refused archive is stored: %v", got)
		}
	})
}

// When the transaction fails after all, what was at its place already is taken away again.
func TestImportArchiveUndone(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.typedBuilds()
		h.call("kojiadmin", "importArchive", h.uploaded("old.jar", "x"), "m-1-1", "maven", gavInfo())
		boom := errors.New("boom")
		h.uploaded("never.jar", "z")
		err := h.store.Write(context.Background(), func(tx *sqlstore.Tx) error {
			c := &call{Context: h.t.Context(), hub: h.hub, tx: tx, session: &session{user: 1, name: "kojiadmin"}, request: &request{}}
			if err := c.importUploaded(importArchiveArgs{File: "cli-build/x/never.jar", Build: "m-1-1", Type: "maven", TypeInfo: gavInfo()}, nil); err != nil {
				return err
			}
			if all := strings.Join(h.tree("packages"), " "); !strings.Contains(all, "never.jar") {
				h.t.Errorf("before the commit the file isn't at its place: %s", all)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			h.t.Fatal(err)
		}
		if all := strings.Join(h.tree("packages"), " "); strings.Contains(all, "never.jar") {
			h.t.Errorf("what was undone is still there: %s", all)
		}
		if info, err := os.Lstat(filepath.Join(h.hub.cfg.KojiDir, "work/cli-build/x/never.jar")); err != nil || !info.Mode().IsRegular() {
			h.t.Errorf("the upload is gone: %v", err)
		}
	})
}

func TestArchiveTypeOf(t *testing.T) {
	t.Parallel()
	types := []koji.ArchiveType{
		{ID: 1, Name: "tar", Extensions: "tar tar.gz tgz"},
		{ID: 2, Name: "gz", Extensions: "gz"},
		{ID: 3, Name: "kernel", Extensions: "vmlinuz"},
		{ID: 4, Name: "a", Extensions: "two"},
		{ID: 5, Name: "b", Extensions: "x two"},
	}
	for name, want := range map[string]string{
		"a.tar.gz": "tar", "A.TAR.GZ": "tar", "a.b.gz": "gz", "vmlinuz": "kernel", "a.vmlinuz": "kernel", "tgz": "tar", "a.nosuch": "", "": "", ".": "",
	} {
		got, err := archiveTypeOf(types, name)
		if err != nil || (got == nil) != (want == "") || got != nil && got.Name != want {
			t.Errorf("%q is %v, %v; want %q", name, got, err, want)
		}
	}
	if _, err := archiveTypeOf(types, "x.two"); err == nil {
		t.Error("an extension of two types is no error")
	}
}
