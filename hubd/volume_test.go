package hubd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestVolumes(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) {
		cfg.Policies = []PolicyText{{Name: "volume", Text: "hastag slow :: slow", File: "test", Lines: []int{1}}}
	}, func(h *testHub) {
		top := h.hub.cfg.KojiDir
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addVolume", "fast") // no folder
		for _, name := range []string{"fast", "slow"} {
			if err := os.MkdirAll(filepath.Join(top, "vol", name), 0o755); err != nil {
				h.t.Fatal(err)
			}
			h.call("kojiadmin", "addVolume", name)
		}
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addVolume", "fast")
		if again := h.call("kojiadmin", "addVolume", "fast", false); !cmp.Equal(again, h.call("", "getVolume", "fast")) {
			h.t.Errorf("addVolume of a known one gives %v", again)
		}
		for _, bad := range []any{"../x", "a/b", "", ".", 7} {
			h.wantFault(koji.CodeGeneric, "kojiadmin", "addVolume", bad)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "addVolume", "fast")
		h.importRPM(noarchSource, noarchBinary)
		const nvr, rpm = "confnoarch-1.0-1", "packages/confnoarch/1.0/1/noarch/" + noarchBinary
		files := h.tree("packages/confnoarch/1.0/1")
		moved := func(volume string) {
			h.t.Helper()
			if got := h.call("", "getBuild", nvr).(map[string]any)["volume_name"]; got != volume {
				h.t.Errorf("build is on volume %v, want %s", got, volume)
			}
			if _, err := os.Stat(filepath.Join(top, rpm)); err != nil {
				h.t.Error(err)
			}
			for _, other := range []string{"fast", "slow"} {
				tree := withoutHidden(h.tree("vol/" + other))
				if want := other == volume; want != (len(withoutEmpty(tree)) == len(files)) {
					h.t.Errorf("volume %s holds %v", other, tree)
				}
			}
			link := volume != "DEFAULT"
			info, err := os.Lstat(filepath.Join(top, "packages/confnoarch/1.0/1"))
			if err != nil || link != (info.Mode()&os.ModeSymlink != 0) {
				h.t.Errorf("on the default volume there is %v, %v", info, err)
			}
			if h.call("", "getRPMHeaders", koji.Named{"rpmID": "confnoarch-1.0-1.noarch", "headers": []any{"name"}, "strict": true}) == nil {
				h.t.Error("the rpm can't be read")
			}
		}
		h.call("kojiadmin", "changeBuildVolume", nvr, "fast")
		moved("fast")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "changeBuildVolume", nvr, "fast")
		h.call("kojiadmin", "changeBuildVolume", nvr, "fast", false)
		h.call("kojiadmin", "applyVolumePolicy", nvr)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "applyVolumePolicy", nvr, true)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "removeVolume", "fast")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "removeVolume", "DEFAULT")
		tag := h.call("kojiadmin", "createTag", "slow")
		h.call("kojiadmin", "packageListAdd", "slow", "confnoarch", "kojiadmin")
		h.call("kojiadmin", "tagBuildBypass", "slow", nvr)
		event := h.call("", "getLastEvent").(map[string]any)["id"]
		h.call("kojiadmin", "applyVolumePolicy", nvr)
		moved("slow")
		if got := h.call("", "tagChangedSinceEvent", event, []any{tag}); got != true {
			h.t.Error("the build's tag has not changed")
		}
		h.call("kojiadmin", "changeBuildVolume", nvr, 0)
		moved("DEFAULT")
		h.call("kojiadmin", "removeVolume", "fast")
		if got := h.call("", "listVolumes").([]any); len(got) != 2 {
			h.t.Errorf("volumes are %v", got)
		}
	})
}

func TestPromoteBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		draft := h.call("kojiadmin", "createEmptyBuild", "p", "1", "1", nil, "alice", true).(int64)
		release := h.call("", "getBuild", draft).(map[string]any)["release"].(string)
		h.file("packages/p/1/"+release+"/data/logs/build.log", []byte("log\n"))
		h.file("packages/p/1/1/stray", []byte("of no build\n"))
		h.call("kojiadmin", "createTag", "t")
		h.call("kojiadmin", "packageListAdd", "t", "p", "kojiadmin")
		h.call("kojiadmin", "tagBuildBypass", "t", draft)
		h.wantFault(koji.CodeActionNotAllowed, "", "promoteBuild", draft)
		h.wantFault(koji.CodeActionNotAllowed, "bob", "promoteBuild", draft, true)
		h.wantFault(koji.CodeActionNotAllowed, "kojiadmin", "promoteBuild", draft)
		b := h.call("alice", "promoteBuild", draft).(map[string]any)
		if b["release"] != "1" || b["draft"] != false || b["promoter_name"] != "alice" || b["promotion_ts"] == nil {
			h.t.Errorf("promoted build is %v", b)
		}
		want := []string{"1/data/logs/build.log", release + " -> 1"}
		if diff := cmp.Diff(want, h.tree("packages/p/1")); diff != "" {
			h.t.Errorf("package folder (-want +got):\n%s", diff)
		}
		h.wantFault(koji.CodeGeneric, "kojiadmin", "promoteBuild", draft, true)
		h.call("kojiadmin", "untagBuildBypass", "t", draft)
		h.call("kojiadmin", "deleteBuild", draft)
		if diff := cmp.Diff([]string{}, h.tree("packages/p/1")); diff != "" {
			h.t.Errorf("package folder after the deletion (-want +got):\n%s", diff)
		}
	})
}
