package hubd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
)

func TestDeleteBuild(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		id := h.importRPM(noarchSource, noarchBinary)
		build := h.call("", "getBuild", "confnoarch-1.0-1").(map[string]any)["id"].(int64)
		// The rpm was in the buildroot of another build's rpm.
		task := h.openTask("build", "x", nil)
		other := h.call("kojiadmin", "createEmptyBuild", "other", "1", "1", nil).(int64)
		h.call("kojiadmin", "createTag", "t")
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			tag, _, err := tx.NameByName(ctx, sqlstore.TagNames, "t")
			if err != nil {
				return err
			}
			event, err := tx.NewEvent(ctx)
			if err != nil {
				return err
			}
			repo, err := tx.InsertRepo(ctx, sqlstore.NewRepo{Tag: tag.ID, CreateEvent: event, Task: task})
			if err != nil {
				return err
			}
			br, err := tx.InsertBuildroot(ctx, sqlstore.NewBuildroot{Host: 1, Repo: repo, Task: task, Arch: "x86_64"})
			if err != nil {
				return err
			}
			if err := tx.AddBuildrootRPMs(ctx, br, []int64{id}, false); err != nil {
				return err
			}
			draft := false
			_, err = tx.InsertRPM(ctx, koji.RPM{BuildID: &other, BuildrootID: &br, Name: "other", Version: "1", Release: "1", Arch: "noarch", Draft: &draft})
			return err
		})
		h.call("kojiadmin", "packageListAdd", "t", "confnoarch", "kojiadmin")
		h.call("kojiadmin", "tagBuildBypass", "t", build)
		before := h.tree("packages")
		lazy := h.call("", "buildReferences", build, nil, true).(map[string]any)
		if len(lazy) != 1 || len(lazy["tags"].([]any)) != 1 {
			h.t.Errorf("lazy references are %v", lazy)
		}
		refused := func(why string) {
			h.t.Helper()
			f := h.fault("kojiadmin", "deleteBuild", build)
			if f.Code != koji.CodeGeneric || !strings.Contains(f.Text, why) {
				h.t.Errorf("want a refusal with %q, got %v", why, f)
			}
			if got := h.call("kojiadmin", "deleteBuild", build, false); got != false {
				h.t.Errorf("deleteBuild that isn't strict gives %v", got)
			}
		}
		refused("tagged: t")
		h.call("kojiadmin", "untagBuildBypass", "t", build)
		refs := h.call("", "buildReferences", build, 1).(map[string]any)
		want := []any{map[string]any{"id": refs["rpms"].([]any)[0].(map[string]any)["id"], "name": "other", "version": "1", "release": "1", "arch": "noarch", "build_id": other}}
		if diff := cmp.Diff(want, refs["rpms"]); diff != "" || refs["last_used"] == nil || refs["images"] == nil {
			h.t.Errorf("references are %v; rpms (-want +got):\n%s", refs, diff)
		}
		refused("used in buildroots")
		h.call("kojiadmin", "deleteBuild", other)
		refused("used in recent buildroot")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "deleteBuild", build)
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("packages after deletions that were refused (-want +got):\n%s", diff)
		}
		if got := h.call("kojiadmin", "deleteBuild", build, true, 0); got != true {
			h.t.Errorf("deleteBuild gives %v", got)
		}
		if _, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, "packages/confnoarch/1.0/1")); !os.IsNotExist(err) {
			h.t.Errorf("the folder of a deleted build: %v", err)
		}
		if diff := cmp.Diff([]string{}, h.tree("packages/.removed")); diff != "" {
			h.t.Errorf("removed folders (-want +got):\n%s", diff)
		}
		if got := h.call("kojiadmin", "deleteBuild", build); got != nil {
			h.t.Errorf("a second deleteBuild gives %v", got)
		}
		h.call("kojiadmin", "resetBuild", build)
		if got := h.call("", "getRPM", id); got != nil {
			h.t.Errorf("rpm of a build that was reset: %v", got)
		}
		h.call("kojiadmin", "createEmptyBuild", "confnoarch", "1.0", "1", nil)
		h.importRPM(noarchSource, noarchBinary)
	})
}

// A change of files that is undone with its call leaves the files as they were.
func TestUndoneFiles(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.importRPM(noarchSource, noarchBinary)
		if err := os.MkdirAll(filepath.Join(h.hub.cfg.KojiDir, "vol/fast"), 0o755); err != nil {
			h.t.Fatal(err)
		}
		h.call("kojiadmin", "addVolume", "fast")
		before := h.tree("packages")
		h.hub.On("postBuildStateChange", func(context.Context, string, map[string]any) error { return refuse("a plugin says no") })
		h.wantFault(koji.CodeCallback, "kojiadmin", "deleteBuild", "confnoarch-1.0-1")
		h.wantFault(koji.CodeCallback, "kojiadmin", "resetBuild", "confnoarch-1.0-1")
		h.wantFault(koji.CodeCallback, "kojiadmin", "changeBuildVolume", "confnoarch-1.0-1", "fast")
		got := h.tree("packages")
		if diff := cmp.Diff(before, withoutHidden(got)); diff != "" {
			h.t.Errorf("packages after changes that were undone (-want +got):\n%s", diff)
		}
		if got := withoutHidden(h.tree("vol/fast")); len(got) != 0 {
			h.t.Errorf("the volume holds %v", got)
		}
	})
}

// withoutHidden leaves out what is below hidden folders, if they are empty.
func withoutHidden(tree []string) []string {
	all := []string{}
	for _, p := range tree {
		if !strings.Contains("/"+p, "/.") || !strings.HasSuffix(p, "/") {
			all = append(all, p)
		}
	}
	return all
}
