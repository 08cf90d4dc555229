package hubd

import (
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

// upload puts an rpm of testdata into the upload area, below a name of its own
// if that is given, and returns its folder and name as importRPM wants them.
func (h *testHub) upload(dir, rpm string, name ...string) (string, string) {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/conformance/files", rpm))
	if err != nil {
		h.t.Fatal(err)
	}
	if len(name) > 0 {
		rpm = name[0]
	}
	os.Remove(filepath.Join(h.hub.cfg.KojiDir, "work", dir, rpm)) // what an import before left is a link
	h.file(path.Join("work", dir, rpm), data)
	return dir, rpm
}

// importRPM uploads and imports rpms of testdata and returns the id of the last one.
func (h *testHub) importRPM(rpms ...string) (id int64) {
	h.t.Helper()
	for _, rpm := range rpms {
		dir, name := h.upload("cli-import/1", rpm)
		id = h.call("kojiadmin", "importRPM", dir, name).(map[string]any)["id"].(int64)
	}
	return id
}

const (
	noarchSource = "confnoarch-1.0-1.src.rpm"
	noarchBinary = "confnoarch-1.0-1.noarch.rpm"
)

func TestImportRPM(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		dir, name := h.upload("cli-import/1", noarchSource)
		h.wantFault(koji.CodeActionNotAllowed, "alice", "importRPM", dir, name)
		h.wantFault(koji.CodeActionNotAllowed, "", "importRPM", dir, name)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "importRPM", dir, noarchBinary)
		dir, binary := h.upload("cli-import/1", noarchBinary)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "importRPM", dir, binary) // its build isn't there yet
		src := h.call("kojiadmin", "importRPM", dir, name).(map[string]any)
		if src["sourcepackage"] != int64(1) || src["sourcerpm"] != nil || src["arch"] != "src" {
			h.t.Errorf("source rpm is %v", src)
		}
		tag := h.call("kojiadmin", "createTag", "t")
		h.call("kojiadmin", "packageListAdd", "t", "confnoarch", "kojiadmin")
		h.call("kojiadmin", "tagBuildBypass", "t", "confnoarch-1.0-1")
		event := h.call("", "getLastEvent").(map[string]any)["id"]
		rpm := h.call("kojiadmin", "importRPM", dir, binary).(map[string]any)
		if rpm["sourcepackage"] != nil || rpm["sourcerpm"] != noarchSource || rpm["build_id"] != src["build_id"] {
			h.t.Errorf("binary rpm is %v", rpm)
		}
		if got := h.call("", "tagChangedSinceEvent", event, []any{tag}); got != true {
			h.t.Error("the build's tag has not changed")
		}
		want := []string{
			"data/sigcache/noarch/" + noarchBinary + ".sig", "data/sigcache/src/" + noarchSource + ".sig", "noarch/" + noarchBinary, "src/" + noarchSource,
		}
		if diff := cmp.Diff(want, h.tree("packages/confnoarch/1.0/1")); diff != "" {
			h.t.Errorf("build folder (-want +got):\n%s", diff)
		}
		wantWork := []string{
			noarchBinary + " -> ../../../packages/confnoarch/1.0/1/noarch/" + noarchBinary, noarchSource + " -> ../../../packages/confnoarch/1.0/1/src/" + noarchSource,
		}
		if diff := cmp.Diff(wantWork, h.tree("work/cli-import/1")); diff != "" {
			h.t.Errorf("upload area (-want +got):\n%s", diff)
		}
	})
}

// What can't be imported leaves nothing behind, in the database or on disk.
func TestImportRPMRefusals(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.importRPM(noarchSource, noarchBinary)
		h.call("kojiadmin", "createEmptyBuild", "confmulti", "2.5", "1.dist", 1)
		before := h.tree("packages")
		again, _ := h.upload("again", noarchBinary)
		wrong, _ := h.upload("wrong", noarchBinary, "other-1.0-1.noarch.rpm")
		h.file("work/text/notes-1-1.noarch.rpm", []byte("this is no rpm\n"))
		h.upload("stray", "confmulti-2.5-1.dist.x86_64.rpm")
		h.file("packages/confmulti/2.5/1.dist/x86_64/confmulti-2.5-1.dist.x86_64.rpm", []byte("of someone else\n"))
		for _, tt := range [][2]string{
			{again, noarchBinary}, {wrong, "other-1.0-1.noarch.rpm"}, {"text", "notes-1-1.noarch.rpm"},
			{"cli-import/1", noarchBinary}, // a link by now
			{"stray", "confmulti-2.5-1.dist.x86_64.rpm"},
			{"../packages/confnoarch/1.0/1/noarch", noarchBinary}, {"again/..", "../" + noarchBinary}, {"", ""}, {"again", "."},
		} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "importRPM", tt[0], tt[1])
		}
		if err := os.RemoveAll(filepath.Join(h.hub.cfg.KojiDir, "packages/confmulti")); err != nil {
			h.t.Fatal(err)
		}
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("packages after imports that were refused (-want +got):\n%s", diff)
		}
		if got := h.call("", "listRPMs", koji.Named{"queryOpts": map[string]any{"countOnly": true}}); got != int64(2) {
			h.t.Errorf("there are %v rpms, want 2", got)
		}
	})
}

func TestCreateEmptyBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		id := h.call("kojiadmin", "createEmptyBuild", "pkg", "1", "1", 3, "bob")
		b := h.call("", "getBuild", id).(map[string]any)
		if b["state"] != int64(koji.BuildComplete) || b["epoch"] != int64(3) || b["owner_name"] != "bob" || b["completion_ts"] == nil {
			h.t.Errorf("build is %v", b)
		}
		draft := h.call("kojiadmin", "createEmptyBuild", "pkg", "1", "2", nil, koji.Named{"draft": true})
		if b := h.call("", "getBuild", draft).(map[string]any); b["draft"] != true || b["task_id"] != nil {
			h.t.Errorf("draft is %v", b)
		}
		for _, args := range [][]any{
			{"pkg", "1", "1", nil},
			{"pkg", "1", "1", nil, "bob", true}, // could never be promoted
			{"pkg", "2", "1", nil, "nosuch"},
			{"../pkg", "1", "1", nil}, {"pkg", "..", "1", nil}, {"pkg", "1", "a/b", nil}, {"pkg", "1", "1-1", nil}, {"pkg", "", "1", nil}, {"pkg", 1, "1", nil},
			{"pkg", "3", "1", "x"}, {"pkg", "3", "1", 1 << 40},
		} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "createEmptyBuild", args...)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createEmptyBuild", "pkg", "9", "1", nil)
	})
}
