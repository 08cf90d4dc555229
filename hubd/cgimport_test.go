package hubd

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// cgUpload is a directory of uploads and the metadata that tells of them.
type cgUpload struct {
	h     *testHub
	dir   string
	build map[string]any
	root  map[string]any
	meta  map[string]any
}

// cgUpload begins an import of build p-1-1, with one buildroot and a log.
func (h *testHub) cgUpload(dir string) *cgUpload {
	h.t.Helper()
	u := &cgUpload{h: h, dir: dir}
	u.build = map[string]any{
		"name": "p", "version": "1", "release": "1", "source": "git+https://example.com/p#1", "start_time": int64(1767225600), "end_time": 1767226200.5,
		"extra": map[string]any{"typeinfo": map[string]any{"image": map[string]any{}}},
	}
	u.root = map[string]any{
		"id": "one", "host": map[string]any{"os": "Fedora 40", "arch": "x86_64"}, "content_generator": map[string]any{"name": "osbs", "version": "0.5"},
		"container": map[string]any{"type": "docker", "arch": "x86_64"}, "tools": []any{map[string]any{"name": "tar", "version": "1.35"}},
		"components": []any{}, "extra": map[string]any{"list": []any{int64(1), 2.0, "x"}},
	}
	u.meta = map[string]any{"metadata_version": int64(0), "build": u.build, "buildroots": []any{u.root}, "output": []any{}}
	u.add("build.log", "a log\n", map[string]any{"type": "log"})
	return u
}

// add uploads a file, which may be one of the recorded conversations', and tells of it as an output.
func (u *cgUpload) add(name, content string, told map[string]any) map[string]any {
	data, err := os.ReadFile(filepath.Join("testdata/conformance/files", name))
	if err != nil {
		data = []byte(content)
	}
	sub, _ := told["relpath"].(string)
	u.h.file(path.Join("work", u.dir, sub, name), data)
	sum := sha256.Sum256(data)
	output := map[string]any{
		"buildroot_id": "one", "filename": name, "filesize": int64(len(data)), "arch": "x86_64", "checksum": hex.EncodeToString(sum[:]), "checksum_type": "sha256",
	}
	maps.Copy(output, told)
	u.meta["output"] = append(u.meta["output"].([]any), output)
	return output
}

func (u *cgUpload) image(name string) map[string]any {
	return u.add(name, "an image\n", map[string]any{"type": "file", "extra": map[string]any{"image": map[string]any{"arch": "x86_64"}}})
}

func (h *testHub) generators() {
	h.t.Helper()
	h.call("kojiadmin", "grantCGAccess", "alice", "osbs", true)
	h.call("kojiadmin", "grantCGAccess", "alice", "mbs", true)
	h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
		_, err := tx.AddName(ctx, sqlstore.BuildTypeNames, "operator")
		return err
	})
}

func TestCGImport(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		first := h.cgUpload("first")
		first.image("base.qcow2")
		first.add(multiBinaries[0], "", map[string]any{"type": "rpm", "extra": map[string]any{"note": "x"}})
		base := h.call("alice", "CGImport", first.meta, "first").(map[string]any)
		archives := h.archivesOf(base["id"])
		rpms := h.call("", "listBuildRPMs", base["id"]).([]any)
		if len(archives) != 1 || len(rpms) != 1 {
			h.t.Fatalf("build has archives %v and rpms %v", archives, rpms)
		}
		archive, rpm := archives[0], rpms[0].(map[string]any)
		want(h.t, "extra of the rpm", any(map[string]any{"note": "x"}), rpm["extra"])
		want(h.t, "types", any([]string{"image", "rpm"}), any(sortedKeys(h.call("", "getBuildType", base["id"]).(map[string]any))))
		root := h.call("", "getBuildroot", archive["buildroot_id"]).(map[string]any)
		want(h.t, "extra of the buildroot", first.root["extra"], root["extra"])
		want(h.t, "buildroot of the rpm", archive["buildroot_id"], rpm["buildroot_id"])

		parts := []any{
			map[string]any{
				"type": "rpm", "name": rpm["name"], "version": rpm["version"], "release": rpm["release"], "epoch": rpm["epoch"], "arch": rpm["arch"],
				"sigmd5": rpm["payloadhash"], "signature": nil,
			},
			map[string]any{"type": "rpm", "name": "nosuch", "version": "1", "release": "1", "epoch": nil, "arch": "noarch", "sigmd5": "00"},
			map[string]any{"type": "rpm", "name": rpm["name"], "version": rpm["version"], "release": rpm["release"], "arch": rpm["arch"], "sigmd5": "00"},
			map[string]any{"type": "kojifile", "archive_id": archive["id"], "nvr": "p-1-1", "filename": "base.qcow2", "filesize": archive["size"]},
			map[string]any{
				"type": "file", "filename": "base.qcow2", "filesize": archive["size"], "checksum": archive["checksum"], "checksum_type": "sha256",
			},
			map[string]any{"type": "file", "filename": "other", "filesize": int64(1), "checksum": "00", "checksum_type": "md5"},
		}
		second := h.cgUpload("second")
		second.build["name"], second.build["owner"], second.root["components"] = "q", "bob", parts
		second.build["extra"].(map[string]any)["typeinfo"].(map[string]any)["operator"] = map[string]any{"x": "y"}
		second.image("layer.raw")["components"] = parts
		second.add("manifest.json", "{}\n", map[string]any{
			"type": "file", "relpath": "sub/dir", "subdir": "deep", "extra": map[string]any{"typeinfo": map[string]any{"operator": nil}},
		})
		second.add("x86_64.log", "more\n", map[string]any{"type": "log", "subdir": "x86_64"})
		ghost := second.image("ghost.raw")
		ghost["metadata_only"] = true
		if err := os.Remove(filepath.Join(h.hub.cfg.KojiDir, "work/second/ghost.raw")); err != nil {
			h.t.Fatal(err)
		}
		text, err := json.Marshal(second.meta)
		if err != nil {
			h.t.Fatal(err)
		}
		h.file("work/second/m.json", text)
		b := h.call("alice", "CGImport", "m.json", "second").(map[string]any)
		if b["owner_name"] != "bob" || b["cg_name"] != "osbs" || b["start_ts"] != 1767225600.0 || b["completion_ts"] != 1767226200.5 {
			h.t.Errorf("build is %v", b)
		}
		want(h.t, "build folder", []string{
			"data/logs/build.log", "data/logs/cg_import.log", "data/logs/x86_64/x86_64.log", "files/operator/deep/manifest.json", "images/layer.raw",
			"metadata.json",
		}, h.tree("packages/q/1/1"))
		want(h.t, "uploads", []string{
			"build.log -> ../../packages/q/1/1/data/logs/build.log", "layer.raw -> ../../packages/q/1/1/images/layer.raw", "m.json",
			"sub/dir/manifest.json -> ../../../../packages/q/1/1/files/operator/deep/manifest.json",
			"x86_64.log -> ../../packages/q/1/1/data/logs/x86_64/x86_64.log",
		}, h.tree("work/second"))
		kept, err := os.ReadFile(filepath.Join(h.hub.cfg.KojiDir, "packages/q/1/1/metadata.json"))
		if err != nil || string(kept) != string(text) {
			h.t.Errorf("metadata.json is %s (%v)", kept, err)
		}
		for _, a := range h.archivesOf(b["id"]) {
			if a["filename"] != "layer.raw" {
				continue
			}
			want(h.t, "rpms in the image", []any{rpm["id"]}, ids(h.call("", "listRPMs", koji.Named{"imageID": a["id"]})))
			want(h.t, "rpms in the buildroot", []any{rpm["id"]}, ids(h.call("", "listRPMs", koji.Named{"componentBuildrootID": a["buildroot_id"]})))
			want(h.t, "buildroots with the archive", []any{a["buildroot_id"]}, ids(h.call("", "listBuildroots", koji.Named{"archiveID": archive["id"]})))
		}
		h.wantFault(koji.CodeGeneric, "alice", "CGImport", "m.json", "second")
	})
}

// archivesOf are the archives of a build, of a hub that has only few.
func (h *testHub) archivesOf(build any) []map[string]any {
	h.t.Helper()
	var all []map[string]any
	for id := range int64(20) {
		if a, ok := h.call("", "getArchive", id).(map[string]any); ok && a["build_id"] == build {
			all = append(all, a)
		}
	}
	return all
}

func ids(list any) []any {
	var all []any
	for _, v := range list.([]any) {
		all = append(all, v.(map[string]any)["id"])
	}
	return all
}

// What is refused leaves no row and no file behind, and the uploads where they were.
func TestCGImportRefusals(t *testing.T) {
	t.Parallel()
	type spoil func(h *testHub, u *cgUpload)
	output := func(change map[string]any) spoil {
		return func(_ *testHub, u *cgUpload) { maps.Copy(u.meta["output"].([]any)[1].(map[string]any), change) }
	}
	build := func(change map[string]any) spoil { return func(_ *testHub, u *cgUpload) { maps.Copy(u.build, change) } }
	component := func(c map[string]any) spoil {
		return func(_ *testHub, u *cgUpload) { u.root["components"] = []any{c} }
	}
	without := func(in func(*cgUpload) map[string]any, key string) spoil {
		return func(_ *testHub, u *cgUpload) { delete(in(u), key) }
	}
	theBuild, theRoot := func(u *cgUpload) map[string]any { return u.build }, func(u *cgUpload) map[string]any { return u.root }
	theOutput := func(u *cgUpload) map[string]any { return u.meta["output"].([]any)[1].(map[string]any) }
	cases := map[string]spoil{
		"version of metadata": func(_ *testHub, u *cgUpload) { u.meta["metadata_version"] = int64(1) },
		"no buildroots":       func(_ *testHub, u *cgUpload) { u.meta["buildroots"] = []any{} },
		"outputs no list":     func(_ *testHub, u *cgUpload) { u.meta["output"] = "x" },
		"base64 in it":        build(map[string]any{"extra": map[string]any{"x": []byte("y")}}),
		"unused buildroot":    func(_ *testHub, u *cgUpload) { addRoot(u, "two", "osbs") },
		"buildroot twice":     func(_ *testHub, u *cgUpload) { addRoot(u, "one", "osbs") },
		"tool twice": func(_ *testHub, u *cgUpload) {
			u.root["tools"] = append(u.root["tools"].([]any), u.root["tools"].([]any)[0])
		},
		"two generators":         func(_ *testHub, u *cgUpload) { addRoot(u, "two", "mbs"); theOutput(u)["buildroot_id"] = "two" },
		"no source":              without(theBuild, "source"),
		"no extra":               without(theBuild, "extra"),
		"no start":               without(theBuild, "start_time"),
		"no host":                without(theRoot, "host"),
		"no container":           without(theRoot, "container"),
		"no size":                without(theOutput, "filesize"),
		"no checksum":            without(theOutput, "checksum"),
		"end before 1970":        build(map[string]any{"end_time": -1.0}),
		"end of text":            build(map[string]any{"end_time": "now"}),
		"no such owner":          build(map[string]any{"owner": "nobody"}),
		"no such task":           build(map[string]any{"task_id": int64(99)}),
		"two tasks":              build(map[string]any{"task_id": int64(1), "extra": map[string]any{"container_koji_task_id": int64(2)}}),
		"name a path":            build(map[string]any{"name": "../../x"}),
		"name with a slash":      build(map[string]any{"name": "x/y"}),
		"version a path":         build(map[string]any{"version": ".."}),
		"release a path":         build(map[string]any{"release": "../x"}),
		"build that isn't":       build(map[string]any{"build_id": int64(99)}),
		"type that isn't":        build(map[string]any{"extra": map[string]any{"typeinfo": map[string]any{"image": nil, "nosuch": nil}}}),
		"type told twice":        build(map[string]any{"extra": map[string]any{"image": nil, "typeinfo": map[string]any{"image": nil}}}),
		"maven without identity": build(map[string]any{"extra": map[string]any{"typeinfo": map[string]any{"image": nil, "maven": map[string]any{"group_id": "g"}}}}),
		"win without platform":   build(map[string]any{"extra": map[string]any{"typeinfo": map[string]any{"image": nil, "win": map[string]any{}}}}),
		"wrong size":             output(map[string]any{"filesize": int64(1)}),
		"wrong checksum":         output(map[string]any{"checksum": strings.Repeat("0", 64)}),
		"unknown checksum":       output(map[string]any{"checksum_type": "crc32"}),
		"checksum not kept":      output(map[string]any{"checksum_type": "adler32", "checksum": "0"}),
		"filename a path":        output(map[string]any{"filename": "../first/build.log"}),
		"filename with NUL":      output(map[string]any{"filename": "a\x00b"}),
		"relpath upwards":        output(map[string]any{"relpath": "../up"}),
		"subdir upwards":         output(map[string]any{"type": "log", "subdir": "../../../../x"}),
		"subdir absolute":        output(map[string]any{"type": "log", "subdir": "/x"}),
		"subdir of an image":     output(map[string]any{"subdir": "x"}),
		"missing upload":         output(map[string]any{"relpath": "nowhere"}),
		"unknown ending":         func(_ *testHub, u *cgUpload) { u.image("x.unheard") },
		"twice":                  func(_ *testHub, u *cgUpload) { u.meta["output"] = append(u.meta["output"].([]any), theOutput(u)) },
		"no typeinfo":            output(map[string]any{"extra": map[string]any{}}),
		"type not of the build":  output(map[string]any{"extra": map[string]any{"typeinfo": map[string]any{"operator": nil}}}),
		"two types":              output(map[string]any{"extra": map[string]any{"image": map[string]any{"arch": "x"}, "win": map[string]any{}}}),
		"image without arch":     output(map[string]any{"extra": map[string]any{"image": map[string]any{}}}),
		"image of a long arch":   output(map[string]any{"extra": map[string]any{"image": map[string]any{"arch": strings.Repeat("x", 99)}}}),
		"buildroot that isn't":   output(map[string]any{"buildroot_id": "three"}),
		"unknown component":      component(map[string]any{"type": "x"}),
		"component of a list":    func(_ *testHub, u *cgUpload) { u.root["components"] = []any{[]any{}} },
		"external rpm":           component(map[string]any{"type": "rpm", "name": "x", "version": "1", "release": "1", "arch": "noarch", "sigmd5": "0", "location": "u"}),
		"kojifile that isn't":    component(map[string]any{"type": "kojifile", "archive_id": int64(1) << 40, "nvr": "p-1-1", "filename": "x"}),
		"rpm in a subdir": func(_ *testHub, u *cgUpload) {
			u.add(multiBinaries[0], "", map[string]any{"type": "rpm", "subdir": "x"})
		},
		"rpm without its file": func(_ *testHub, u *cgUpload) {
			u.add(multiBinaries[0], "", map[string]any{"type": "rpm", "metadata_only": true})
		},
		"rpm that is none":       func(_ *testHub, u *cgUpload) { u.add("x-1-1.noarch.rpm", "no rpm", map[string]any{"type": "rpm"}) },
		"upload a link":          func(h *testHub, u *cgUpload) { toLink(h, "build.log", "work/"+u.dir+"/disk.raw") },
		"link out of the tree":   func(h *testHub, u *cgUpload) { toLink(h, "/etc/hostname", "work/"+u.dir+"/disk.raw") },
		"directory of another":   func(h *testHub, u *cgUpload) { h.file("work/"+u.dir+"/.user", []byte("1")) },
		"folder that is there":   func(h *testHub, _ *cgUpload) { h.file("packages/p/1/1/x", nil) },
		"callback at the end":    func(h *testHub, _ *cgUpload) { refuseAt(h, "postImport", "cg") },
		"callback at the start":  func(h *testHub, _ *cgUpload) { refuseAt(h, "preImport", "cg") },
		"callback at an archive": func(h *testHub, _ *cgUpload) { refuseAt(h, "postImport", "archive") },
		"callback of the build":  func(h *testHub, _ *cgUpload) { refuseAt(h, "postBuildStateChange", nil) },
		"log beside the hub's own": func(_ *testHub, u *cgUpload) {
			u.add("cg_import.log", "x", map[string]any{"type": "log"})
			unknownPart(u)
		},
	}
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		rows := sqlstoretest.Dump(h.t, h.store, "sessions")
		for _, name := range sortedKeys(cases) {
			dir := "u/" + strings.ReplaceAll(name, " ", "-")
			u := h.cgUpload(dir)
			u.image("disk.raw")
			cases[name](h, u)
			files := [2][]string{h.tree("packages"), h.tree("work")}
			f := h.fault("alice", "CGImport", u.meta, dir)
			if f.Code != koji.CodeGeneric && f.Code != koji.CodeCallback {
				h.t.Errorf("%s: fault %d: %s", name, f.Code, f.Text)
			}
			if diff := cmp.Diff(files, [2][]string{h.tree("packages"), h.tree("work")}); diff != "" {
				h.t.Errorf("%s: files (-before +after):\n%s", name, diff)
			}
			clear(h.hub.callbacks)
			if err := os.RemoveAll(filepath.Join(h.hub.cfg.KojiDir, "packages/p")); err != nil {
				h.t.Fatal(err)
			}
		}
		if diff := cmp.Diff(rows, sqlstoretest.Dump(h.t, h.store, "sessions")); diff != "" {
			h.t.Errorf("rows (-before +after):\n%s", diff)
		}
		u := h.cgUpload("good")
		u.image("disk.raw")
		h.call("alice", "CGImport", u.meta, "good")
	})
}

func addRoot(u *cgUpload, id, generator string) {
	other := maps.Clone(u.root)
	other["id"], other["content_generator"] = id, map[string]any{"name": generator, "version": "1"}
	u.meta["buildroots"] = append(u.meta["buildroots"].([]any), other)
}

func unknownPart(u *cgUpload) {
	u.root["components"] = []any{map[string]any{"type": "file", "filename": "x", "filesize": int64(1), "checksum": "00", "checksum_type": "md5"}}
}

func toLink(h *testHub, target, name string) {
	full := filepath.Join(h.hub.cfg.KojiDir, name)
	if err := errors.Join(os.Remove(full), os.Symlink(target, full)); err != nil {
		h.t.Fatal(err)
	}
}

func refuseAt(h *testHub, event string, kind any) {
	h.hub.On(event, func(_ context.Context, _ string, info map[string]any) error {
		if info["type"] == kind {
			return errors.New("no")
		}
		return nil
	})
}

// Metadata comes in four ways, and as nothing else.
func TestCGMetadataForms(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		for release, send := range []func(u *cgUpload, text []byte) any{
			func(u *cgUpload, _ []byte) any { return u.meta },
			func(_ *cgUpload, text []byte) any { return string(text) },
			func(u *cgUpload, text []byte) any { h.file("work/"+u.dir+"/metadata.json", text); return nil },
			func(u *cgUpload, text []byte) any { h.file("work/"+u.dir+"/m.json", text); return "m.json" },
		} {
			u := h.cgUpload(fmt.Sprint("f", release))
			u.build["release"] = fmt.Sprint(release)
			text, err := json.Marshal(u.meta)
			if err != nil {
				h.t.Fatal(err)
			}
			h.call("alice", "CGImport", send(u, text), u.dir)
			if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, "packages/p/1", fmt.Sprint(release), "metadata.json")); err != nil {
				h.t.Error(err)
			}
		}
		u := h.cgUpload("bad")
		h.file("work/bad/list.json", []byte("[]"))
		h.file("work/bad/cut.json", []byte(`{"metadata_version": 0`))
		h.file("work/bad/latin.json", []byte("{\"a\": \"\xe4\"}"))
		h.file("work/bad/deep.json", []byte(strings.Repeat("[", 100000)))
		for _, metadata := range []any{
			int64(1), true, []any{}, "", "{", "[]", "1 2", "nosuch.json", "../bad/list.json", "/etc/x.json", "list.json", "cut.json", "latin.json",
			"deep.json", strings.Repeat("[", 100000), map[string]any{}, `{"metadata_version": 1e999}`,
		} {
			if f := h.fault("alice", "CGImport", metadata, "bad"); f.Code != koji.CodeGeneric {
				h.t.Errorf("metadata %.40v: fault %d: %s", metadata, f.Code, f.Text)
			}
		}
		for _, dir := range []string{"", ".", "..", "../work/bad", "/etc", "bad/..", "a\x00b", ".hidden"} {
			if f := h.fault("alice", "CGImport", u.meta, dir); f.Code != koji.CodeGeneric {
				h.t.Errorf("directory %q: fault %d: %s", dir, f.Code, f.Text)
			}
		}
		h.wantFault(koji.CodeAuth, "bob", "CGImport", u.meta, "bad")
		h.wantFault(koji.CodeAuth, "kojiadmin", "CGImport", u.meta, "bad")
		h.wantFault(koji.CodeAuth, "", "CGImport", u.meta, "bad")
	})
}

// A reserved build is filled by whoever has its token, and only with what was reserved.
func TestCGImportReserved(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		for _, draft := range []bool{false, true} {
			data := map[string]any{"name": "r", "version": "1", "release": "1", "draft": draft, "epoch": int64(2)}
			if draft {
				data["version"] = "2"
			}
			r := h.call("alice", "CGInitBuild", "osbs", data).(map[string]any)
			u := h.cgUpload(fmt.Sprint("r", draft))
			maps.Copy(u.build, data)
			u.build["build_id"] = r["build_id"]
			for key, v := range map[string]any{
				"epoch": nil, "name": "s", "version": "3", "release": "2", "draft": !draft, "build_id": nil,
			} {
				was := u.build[key]
				u.build[key] = v
				if key == "build_id" && draft {
					v = int64(99)
					u.build[key] = v
				}
				h.wantFault(koji.CodeGeneric, "alice", "CGImport", u.meta, u.dir, r["token"])
				u.build[key] = was
			}
			h.wantFault(koji.CodeGeneric, "alice", "CGImport", u.meta, u.dir)
			h.wantFault(koji.CodeGeneric, "alice", "CGImport", u.meta, u.dir, "wrong")
			u.root["content_generator"].(map[string]any)["name"] = "mbs"
			h.wantFault(koji.CodeGeneric, "alice", "CGImport", u.meta, u.dir, r["token"])
			u.root["content_generator"].(map[string]any)["name"] = "osbs"
			b := h.call("alice", "CGImport", u.meta, u.dir, r["token"]).(map[string]any)
			if b["id"] != r["build_id"] || b["state"] != int64(koji.BuildComplete) || b["draft"] != draft || b["source"] != u.build["source"] {
				h.t.Errorf("build is %v", b)
			}
			want(h.t, "folder", []string{"data/logs/build.log", "metadata.json"}, h.tree(path.Join("packages/r", b["version"].(string), b["release"].(string))))
			h.wantFault(koji.CodeGeneric, "alice", "CGImport", u.meta, u.dir, r["token"])
			h.wantFault(koji.CodeGeneric, "alice", "CGRefundBuild", "osbs", r["build_id"], r["token"])
		}
		// What failed is used again, and what lies in its place goes.
		r := h.call("alice", "CGInitBuild", "osbs", map[string]any{"name": "p", "version": "1", "release": "1"}).(map[string]any)
		h.call("alice", "CGRefundBuild", "osbs", r["build_id"], r["token"])
		h.file("packages/p/1/1/stray", nil)
		u := h.cgUpload("again")
		b := h.call("alice", "CGImport", u.meta, "again").(map[string]any)
		want(h.t, "build used again", r["build_id"], b["id"])
		want(h.t, "folder", []string{"data/logs/build.log", "metadata.json"}, h.tree("packages/p/1/1"))
	})
}

// Policies say who may import, and to which volume.
func TestCGImportPolicies(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) {
		c.Policies = append(c.Policies,
			policyText("cg_import", "is_draft :: deny drafts\ncg_match_all osbs && buildtype image && match version 1 :: allow\nall :: deny not that"),
			policyText("volume", "cg_match_any osbs && package p :: fast"))
	}, func(h *testHub) {
		h.generators()
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			_, err := tx.AddName(ctx, sqlstore.VolumeNames, "fast")
			return err
		})
		if err := os.MkdirAll(filepath.Join(h.hub.cfg.KojiDir, "vol/fast"), 0o755); err != nil {
			h.t.Fatal(err)
		}
		u := h.cgUpload("u")
		u.image("disk.raw")
		u.build["version"] = "2"
		if f := h.fault("alice", "CGImport", u.meta, "u"); f.Code != koji.CodeActionNotAllowed || !strings.Contains(f.Text, "not that") {
			h.t.Errorf("fault is %v", f)
		}
		u.build["version"] = "1"
		b := h.call("alice", "CGImport", u.meta, "u").(map[string]any)
		want(h.t, "volume", any("fast"), b["volume_name"])
		want(h.t, "link", []string{"1/1 -> ../../../vol/fast/packages/p/1/1"}, h.tree("packages/p"))
		for _, p := range []string{"packages/p/1/1/images/disk.raw", "work/u/disk.raw"} {
			if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, p)); err != nil {
				h.t.Error(err)
			}
		}
	})
}

// Nothing is made of drafts, which may go away.
func TestCGImportOfDraftComponents(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		draft := h.cgUpload("draft")
		draft.build["draft"] = true
		draft.image("disk.raw")
		draft.add(multiBinaries[0], "", map[string]any{"type": "rpm"})
		b := h.call("alice", "CGImport", draft.meta, "draft").(map[string]any)
		a := h.archivesOf(b["id"])[0]
		r := h.call("", "listBuildRPMs", b["id"]).([]any)[0].(map[string]any)
		for _, part := range []map[string]any{
			{"type": "kojifile", "archive_id": a["id"], "nvr": b["nvr"], "filename": "disk.raw"},
			{"type": "file", "filename": "disk.raw", "filesize": a["size"], "checksum": a["checksum"], "checksum_type": "sha256"},
			{"type": "rpm", "name": r["name"], "version": r["version"], "release": r["release"], "arch": r["arch"], "sigmd5": r["payloadhash"]},
		} {
			u := h.cgUpload("u")
			u.root["components"] = []any{part}
			if f := h.fault("alice", "CGImport", u.meta, "u"); f.Code != koji.CodeGeneric || !strings.Contains(f.Text, "draft") {
				h.t.Errorf("%v: fault %v", part["type"], f)
			}
		}
		sum := md5.Sum([]byte("an image\n"))
		for name, part := range map[string]map[string]any{
			"other build": {"nvr": "q-1-1", "filename": "disk.raw"}, "other name": {"nvr": b["nvr"], "filename": "x"},
			"other size":  {"nvr": b["nvr"], "filename": "disk.raw", "filesize": int64(1)},
			"other sum":   {"nvr": b["nvr"], "filename": "disk.raw", "checksum": strings.Repeat("0", 64), "checksum_type": "sha256"},
			"strange sum": {"nvr": b["nvr"], "filename": "disk.raw", "checksum": hex.EncodeToString(sum[:]), "checksum_type": "crc"},
		} {
			part["type"], part["archive_id"] = "kojifile", a["id"]
			u := h.cgUpload("u")
			u.root["components"] = []any{part}
			if f := h.fault("alice", "CGImport", u.meta, "u"); f.Code != koji.CodeGeneric || strings.Contains(f.Text, "draft's") {
				h.t.Errorf("%s: fault %v", name, f)
			}
		}
	})
}

// Whatever is sent as metadata, it is read or refused with a reason.
func FuzzMetadata(f *testing.F) {
	f.Add(`{"metadata_version": 0, "build": {"name": "p", "version": "1", "release": "1", "source": null, "start_time": 1, "end_time": 2.5,
		"extra": {"typeinfo": {"image": {}}}}, "buildroots": [{"id": 1, "host": {"os": "F", "arch": "x"}, "content_generator": {"name": "g", "version": "1"},
		"container": {"type": "none", "arch": "x"}, "tools": [{"name": "t", "version": "1"}], "components": [{"type": "kojifile", "archive_id": 1,
		"nvr": "p-1-1", "filename": "f"}]}], "output": [{"buildroot_id": 1, "filename": "f.raw", "filesize": 1, "checksum": "0", "checksum_type": "md5",
		"type": "x", "extra": {"image": {"arch": "x"}}, "components": []}]}`)
	f.Add(`{"metadata_version": 0, "build": null, "buildroots": [null], "output": {}}`)
	f.Add(`{"output": [{"filename": "%s", "extra": {"typeinfo": []}}], "build": {"extra": {"maven": 1, "typeinfo": {"maven": 2}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := sqlstore.DecodeJSON(text)
		if err != nil {
			return
		}
		told, ok := v.(map[string]any)
		if !ok {
			return
		}
		m, err := parseMetadata(told)
		var fault *koji.Error
		switch {
		case err != nil && (!errors.As(err, &fault) || fault.Text == ""):
			t.Errorf("%v is no fault", err)
		case err == nil:
			if m.generator == "" || len(m.buildroots) == 0 {
				t.Errorf("%s has no generator", text)
			}
			for _, o := range m.outputs {
				if checkFileName(o.filename) != nil || o.relpath != "" && !plainPath(o.relpath) || o.subdir != "" && !plainPath(o.subdir) {
					t.Errorf("output %q in %q below %q came through", o.filename, o.relpath, o.subdir)
				}
			}
		}
	})
}
