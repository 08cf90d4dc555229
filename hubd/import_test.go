package hubd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/rpmfile"
	"koji/sqlstore"
)

const multiSource = "confmulti-2.5-1.dist.src.rpm"

var multiBinaries = []string{
	"confmulti-2.5-1.dist.x86_64.rpm", "confmulti-libs-2.5-1.dist.x86_64.rpm", "confmulti-doc-2.5-1.dist.noarch.rpm",
}

// openTask makes a task that builder1 has opened.
func (h *testHub) openTask(method string, params ...any) int64 {
	h.t.Helper()
	if params == nil {
		params = []any{}
	}
	id := h.call("kojiadmin", "makeTask", method, params, koji.Named{"assign": "builder1"}).(int64)
	h.call("builder1", "host.openTask", id)
	return id
}

// output puts files into a task's output, from testdata/conformance/files or with a text of
// their own, and returns their paths below work/.
func (h *testHub) output(task int64, names ...string) []string {
	h.t.Helper()
	var paths []string
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata/conformance/files", name))
		if errors.Is(err, fs.ErrNotExist) {
			data, err = []byte("text of "+name+"\n"), nil
		}
		if err != nil {
			h.t.Fatal(err)
		}
		rel := path.Join(koji.TaskRelPath(task), name)
		h.file(path.Join("work", rel), data)
		paths = append(paths, rel)
	}
	return paths
}

// file writes a file below the topdir.
func (h *testHub) file(rel string, data []byte) {
	h.t.Helper()
	full := filepath.Join(h.hub.cfg.KojiDir, rel)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// tree lists the files below a folder of the topdir; links as "name -> target".
func (h *testHub) tree(dir string) []string {
	h.t.Helper()
	top := filepath.Join(h.hub.cfg.KojiDir, dir)
	all := []string{}
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(p, top+"/")
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			all = append(all, rel+" -> "+target)
			return err
		case d.IsDir():
			if entries, err := os.ReadDir(p); err == nil && len(entries) == 0 && p != top && d.Name() != ".import" {
				all = append(all, rel+"/")
			}
		default:
			all = append(all, rel)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// multiBuild begins a build of confmulti and puts its files into the output of a subtask.
func (h *testHub) multiBuild() (task, build int64, files []string) {
	h.t.Helper()
	task = h.openTask("build", "cli-build/x.src.rpm", nil)
	build = h.call("builder1", "host.initBuild", map[string]any{
		"task_id": task, "name": "confmulti", "version": "2.5", "release": "1.dist", "epoch": 1, "source": "git+https://example.com/c#1",
	}).(int64)
	sub := h.call("builder1", "host.subtask", "buildArch", []any{}, task, koji.Named{"label": "x86_64"}).(int64)
	return task, build, h.output(sub, append(append([]string{multiSource}, multiBinaries...), "build.log")...)
}

func texts(s []string) []any {
	list := make([]any, len(s))
	for i, v := range s {
		list[i] = v
	}
	return list
}

func TestCompleteBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task, build, files := h.multiBuild()
		binaries := slices.Clone(files[1:4])
		h.call("builder1", "host.completeBuild", task, build, files[0], texts(append(slices.Clone(binaries), binaries[2])), map[string]any{},
			map[string]any{"x86_64": []any{files[4]}})

		got := h.call("", "getBuild", "confmulti-2.5-1.dist").(map[string]any)
		if got["state"] != int64(koji.BuildComplete) || got["task_id"] != task || got["epoch"] != int64(1) || got["completion_ts"] == nil {
			h.t.Errorf("build is %v", got)
		}
		want := []string{
			"data/logs/x86_64/build.log",
			"data/sigcache/noarch/confmulti-doc-2.5-1.dist.noarch.rpm.sig",
			"data/sigcache/src/confmulti-2.5-1.dist.src.rpm.sig",
			"data/sigcache/x86_64/confmulti-2.5-1.dist.x86_64.rpm.sig",
			"data/sigcache/x86_64/confmulti-libs-2.5-1.dist.x86_64.rpm.sig",
			"noarch/confmulti-doc-2.5-1.dist.noarch.rpm",
			"src/confmulti-2.5-1.dist.src.rpm",
			"x86_64/confmulti-2.5-1.dist.x86_64.rpm",
			"x86_64/confmulti-libs-2.5-1.dist.x86_64.rpm",
		}
		if diff := cmp.Diff(want, h.tree("packages/confmulti/2.5/1.dist")); diff != "" {
			h.t.Errorf("build folder (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{}, h.tree("packages/.import")); diff != "" {
			h.t.Errorf("gathered folder (-want +got):\n%s", diff)
		}
		// The uploads are links now, and lead to the imported files.
		for _, rel := range files {
			full := filepath.Join(h.hub.cfg.KojiDir, "work", rel)
			info, err := os.Lstat(full)
			if err != nil || info.Mode()&fs.ModeSymlink == 0 {
				h.t.Errorf("%s is no symlink: %v, %v", rel, info, err)
			}
			target, _ := os.Readlink(full)
			if path.IsAbs(target) {
				h.t.Errorf("%s leads to %s, which isn't relative", rel, target)
			}
			if _, err := os.Stat(full); err != nil {
				h.t.Errorf("follow the link in the place of an upload: %v", err)
			}
		}
		rpms := h.call("", "listBuildRPMs", build).([]any)
		if len(rpms) != 4 {
			h.t.Errorf("build has %d rpms, want 4", len(rpms))
		}
		logs := h.call("", "getBuildLogs", build).([]any)
		wantLog := map[string]any{"name": "build.log", "dir": "x86_64", "path": "packages/confmulti/2.5/1.dist/data/logs/x86_64/build.log"}
		if diff := cmp.Diff([]any{wantLog}, logs); diff != "" {
			h.t.Errorf("logs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]any{"rpm": nil}, h.call("", "getBuildType", build)); diff != "" {
			h.t.Errorf("types (-want +got):\n%s", diff)
		}
		f, err := rpmfile.Open(filepath.Join("testdata/conformance/files", multiSource))
		if err != nil {
			h.t.Fatal(err)
		}
		r := h.call("", "getRPM", multiSource).(map[string]any)
		if r["payloadhash"] != f.SigMD5 || r["size"] != f.Size || r["epoch"] != int64(1) {
			h.t.Errorf("rpm is %v", r)
		}
		if sig, err := os.ReadFile(filepath.Join(h.hub.cfg.KojiDir, "packages/confmulti/2.5/1.dist/data/sigcache/src", multiSource+".sig")); err != nil ||
			hex.EncodeToString(sig) != hex.EncodeToString(f.Signature.Header) {
			h.t.Errorf("signature header differs from the rpm's (%v)", err)
		}
		h.wantFault(koji.CodeGeneric, "builder1", "host.completeBuild", task, build, files[0], texts(binaries))
		if diff := cmp.Diff(want, h.tree("packages/confmulti/2.5/1.dist")); diff != "" {
			h.t.Errorf("build folder after a second import (-want +got):\n%s", diff)
		}
	})
}

// What is refused leaves the build as it was, no file in its place, and the uploads where they were.
func TestCompleteBuildRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		code koji.Code
		// spoil changes what is uploaded, or what is called with.
		spoil func(h *testHub, task int64, srpm *string, rpms *[]string, logs map[string]any)
	}{
		{"source of another build", koji.CodeGeneric, func(h *testHub, task int64, srpm *string, _ *[]string, _ map[string]any) {
			*srpm = h.output(task, "confnoarch-1.0-2.src.rpm")[0]
		}},
		{"binary as source", koji.CodeGeneric, func(_ *testHub, _ int64, srpm *string, rpms *[]string, _ map[string]any) { *srpm = (*rpms)[0] }},
		{"source among binaries", koji.CodeGeneric, func(_ *testHub, _ int64, srpm *string, rpms *[]string, _ map[string]any) {
			*rpms = append(*rpms, *srpm)
		}},
		{"missing file", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			os.Remove(filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[2]))
		}},
		{"cut file", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			os.Truncate(filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[0]), 2000)
		}},
		{"other name", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			other := path.Join(path.Dir((*rpms)[0]), "other-1-1.x86_64.rpm")
			top := filepath.Join(h.hub.cfg.KojiDir, "work")
			os.Rename(filepath.Join(top, (*rpms)[0]), filepath.Join(top, other))
			(*rpms)[0] = other
		}},
		{"symlink to a file", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			full := filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[0])
			os.Rename(full, full+".real")
			os.Symlink(filepath.Base(full)+".real", full)
		}},
		{"symlinked folder", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			dir := filepath.Join(h.hub.cfg.KojiDir, "work", path.Dir((*rpms)[0]))
			elsewhere := h.t.TempDir()
			os.Rename(filepath.Join(dir, path.Base((*rpms)[0])), filepath.Join(elsewhere, path.Base((*rpms)[0])))
			os.Symlink(elsewhere, filepath.Join(dir, "sub"))
			(*rpms)[0] = path.Join(path.Dir((*rpms)[0]), "sub", path.Base((*rpms)[0]))
		}},
		{"fifo", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			full := filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[0])
			os.Remove(full)
			syscall.Mkfifo(full, 0o644)
		}},
		{"path upwards", koji.CodeGeneric, func(_ *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			(*rpms)[0] = "tasks/../../packages/" + path.Base((*rpms)[0])
		}},
		{"absolute path", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			(*rpms)[0] = filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[0])
		}},
		{"another task's output", koji.CodeGeneric, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			(*rpms)[0] = h.output(h.openTask("sleep", 1), path.Base((*rpms)[0]))[0]
		}},
		{"an arch's package twice", koji.CodeGeneric, func(h *testHub, task int64, _ *string, rpms *[]string, _ map[string]any) {
			*rpms = append(*rpms, h.output(task, path.Base((*rpms)[0]))[0])
		}},
		{"log missing", koji.CodeGeneric, func(_ *testHub, _ int64, _ *string, rpms *[]string, logs map[string]any) {
			logs["x86_64"] = []any{path.Join(path.Dir((*rpms)[0]), "no.log")}
		}},
		{"log for a path", koji.CodeGeneric, func(_ *testHub, _ int64, _ *string, rpms *[]string, logs map[string]any) {
			logs["../x"] = []any{path.Join(path.Dir((*rpms)[0]), "build.log")}
		}},
		{"upload under way", koji.CodeLock, func(h *testHub, _ int64, _ *string, rpms *[]string, _ map[string]any) {
			f, err := os.Open(filepath.Join(h.hub.cfg.KojiDir, "work", (*rpms)[0]))
			if err == nil {
				err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
			}
			if err != nil {
				h.t.Fatal(err)
			}
			h.t.Cleanup(func() { f.Close() })
		}},
		{"callback refuses at the end", koji.CodeCallback, func(h *testHub, _ int64, _ *string, _ *[]string, _ map[string]any) {
			h.hub.On("postImport", func(_ context.Context, _ string, info map[string]any) error {
				if info["type"] == "build" {
					return errors.New("no")
				}
				return nil
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachHub(t, nil, func(h *testHub) {
				task, build, files := h.multiBuild()
				srpm, rpms, logs := files[0], slices.Clone(files[1:4]), map[string]any{}
				tt.spoil(h, task, &srpm, &rpms, logs)
				before := [2][]string{h.tree("packages"), h.tree("work")}
				h.wantFault(tt.code, "builder1", "host.completeBuild", task, build, srpm, texts(rpms), nil, logs)
				after := [2][]string{h.tree("packages"), h.tree("work")}
				if diff := cmp.Diff(before, after); diff != "" {
					h.t.Errorf("files changed (-before +after):\n%s", diff)
				}
				if got := h.call("", "getBuild", build).(map[string]any); got["state"] != int64(koji.BuildBuilding) {
					h.t.Errorf("build is in state %v", got["state"])
				}
				if rpms := h.call("", "listBuildRPMs", build).([]any); len(rpms) != 0 {
					h.t.Errorf("build has rpms: %v", rpms)
				}
				h.call("builder1", "host.failBuild", task, build)
			})
		})
	}
}

// A disk that fills up on the way gives a fault that says so, and nothing stays.
func TestCompleteBuildFullDisk(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	mount := func(cfg *Config) {
		var err error
		if cfg.KojiDir, err = os.MkdirTemp(top, "koji"); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", cfg.KojiDir, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("imports to a full disk did NOT run, it needs root to mount a small tmpfs: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(cfg.KojiDir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	mount(&Config{}) // skips before a subtest begins
	eachHub(t, mount, func(h *testHub) {
		task, build, files := h.multiBuild()
		filler, err := os.Create(filepath.Join(h.hub.cfg.KojiDir, "filler"))
		if err != nil {
			h.t.Fatal(err)
		}
		for block := make([]byte, 4096); err == nil; {
			_, err = filler.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			h.t.Fatal(err)
		}
		before := h.tree("packages")
		f := h.fault("builder1", "host.completeBuild", task, build, files[0], texts(files[1:4]))
		if !strings.Contains(f.Text, "no space left") {
			h.t.Errorf("fault is %v", f)
		}
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("files changed (-before +after):\n%s", diff)
		}
		if err := errors.Join(filler.Close(), os.Remove(filler.Name())); err != nil {
			h.t.Fatal(err)
		}
		h.call("builder1", "host.completeBuild", task, build, files[0], texts(files[1:4]))
	})
}

// A folder that a killed hub left in a build's place makes room, or goes when the build fails.
func TestStrayBuildFolder(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task, build, files := h.multiBuild()
		const stray = "packages/confmulti/2.5/1.dist/x86_64/stray.rpm"
		h.file(stray, nil)
		h.call("builder1", "host.failBuild", task, build)
		if got := h.tree("packages/confmulti/2.5"); len(got) != 0 {
			h.t.Errorf("after the build failed there is %v", got)
		}
		// Failed, it is used again.
		again := h.call("builder1", "host.initBuild", map[string]any{
			"task_id": task, "name": "confmulti", "version": "2.5", "release": "1.dist", "epoch": 1,
		}).(int64)
		if again != build {
			h.t.Errorf("build %d was not used again: %d", build, again)
		}
		h.file(stray, nil)
		h.call("builder1", "host.completeBuild", task, build, files[0], texts(files[1:4]))
		for _, f := range h.tree("packages/confmulti/2.5/1.dist") {
			if path.Base(f) == "stray.rpm" {
				h.t.Errorf("%s is still there", f)
			}
		}
		if got := h.tree("packages/.import"); len(got) != 0 {
			h.t.Errorf("gathered folder holds %v", got)
		}
	})
}

func TestInitBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("build", "x", nil)
		data := func(change map[string]any) map[string]any {
			d := map[string]any{"task_id": task, "name": "p", "version": "1", "release": "1", "epoch": nil}
			for k, v := range change {
				d[k] = v
			}
			return d
		}
		id := h.call("builder1", "host.initBuild", data(nil)).(int64)
		if again := h.call("builder1", "host.initBuild", data(nil)); again != id {
			h.t.Errorf("the same task got build %v, then %v", id, again)
		}
		other := h.openTask("build", "x", nil)
		h.wantFault(koji.CodeGeneric, "builder1", "host.initBuild", data(map[string]any{"task_id": other}))
		draft := h.call("builder1", "host.initBuild", data(map[string]any{"draft": true, "release": "2"})).(int64)
		b := h.call("", "getBuild", draft).(map[string]any)
		if want := fmt.Sprintf("2,draft_%d", draft); b["release"] != want || b["draft"] != true {
			h.t.Errorf("draft is %v, want release %s", b, want)
		}
		if again := h.call("builder1", "host.initBuild", data(map[string]any{"draft": true, "release": "2"})); again != draft {
			h.t.Errorf("the same task got draft %v, then %v", draft, again)
		}
		for _, bad := range []map[string]any{
			{"name": "../p"},
			{"name": "a/b"},
			{"name": ""},
			{"version": "1-2"},
			{"version": ".."},
			{"release": "1/2"},
			{"release": "1,draft_7"},
			{"release": ".1"},
			{"version": "1 2"},
			{"version": 1},
			{"epoch": "1"},
			{"epoch": -1},
			{"extra": "x"},
		} {
			h.wantFault(koji.CodeGeneric, "builder1", "host.initBuild", data(bad))
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.failBuild", task, id)
		if got := h.call("kojiadmin", "cancelBuild", id); got != true {
			h.t.Errorf("cancelBuild gives %v", got)
		}
		if got := h.call("kojiadmin", "cancelBuild", id); got != false {
			h.t.Errorf("cancelBuild gives %v the second time", got)
		}
		if got := h.call("", "getTaskInfo", task).(map[string]any); got["state"] != int64(koji.TaskCanceled) {
			h.t.Errorf("the canceled build's task is in state %v", got["state"])
		}
	})
}

func TestMoveBuildToScratch(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("build", "x", nil, map[string]any{"scratch": true})
		files := h.output(task, append(append([]string{multiSource}, multiBinaries...), "build.log")...)
		h.wantFault(koji.CodeGeneric, "builder1", "host.moveBuildToScratch", task, files[0], []any{"tasks/1/1/x.rpm"})
		h.call("builder1", "host.moveBuildToScratch", task, files[0], texts(files[1:4]), map[string]any{"x86_64": []any{files[4]}})
		want := []string{multiSource, multiBinaries[0], multiBinaries[2], multiBinaries[1], "logs/x86_64/build.log"}
		if diff := cmp.Diff(want, h.tree(fmt.Sprintf("scratch/kojiadmin/task_%d", task))); diff != "" {
			h.t.Errorf("scratch folder (-want +got):\n%s", diff)
		}
	})
}

func TestWorkPath(t *testing.T) {
	t.Parallel()
	h := &Hub{paths: koji.Paths{Top: "/k"}}
	for rel, want := range map[string]string{
		"tasks/1/1/x.rpm": "/k/work/tasks/1/1/x.rpm", "cli-build/a//x": "/k/work/cli-build/a/x",
		"": "", "x": "", "/etc/passwd": "", "../x/y": "", "a/../../x": "", "a/..": "", "a/.x": "", "a/.b/x": "", "a/x\x00": "", "a/": "", "a\\b/x": "",
	} {
		got, err := h.workPath(rel)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("workPath(%q) = %q, %v; want %q", rel, got, err, want)
		}
	}
	if got, err := h.workPath("a/x", "fast"); got != "/k/vol/fast/work/a/x" || err != nil {
		t.Errorf("on a volume: %q, %v", got, err)
	}
}

// The volume that the policy names takes the files; the default one gets a link.
func TestCompleteBuildOnVolume(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) {
		cfg.Policies = []PolicyText{{Name: "volume", Text: "package confmulti :: fast", File: "test", Lines: []int{1}}}
	}, func(h *testHub) {
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			_, err := tx.AddName(ctx, sqlstore.VolumeNames, "fast")
			return err
		})
		if err := os.MkdirAll(filepath.Join(h.hub.cfg.KojiDir, "vol/fast/packages"), 0o755); err != nil {
			h.t.Fatal(err)
		}
		task, build, files := h.multiBuild()
		h.call("builder1", "host.completeBuild", task, build, files[0], texts(files[1:4]))
		if got := h.call("", "getBuild", build).(map[string]any); got["volume_name"] != "fast" {
			h.t.Errorf("build is on volume %v", got["volume_name"])
		}
		if got := h.tree("packages/confmulti"); !cmp.Equal(got, []string{"2.5/1.dist -> ../../../vol/fast/packages/confmulti/2.5/1.dist"}) {
			h.t.Errorf("the default volume holds %v", got)
		}
		for _, p := range []string{"packages/confmulti/2.5/1.dist/src/" + multiSource, "work/" + files[0]} {
			if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, p)); err != nil {
				h.t.Error(err)
			}
		}
	})
}
