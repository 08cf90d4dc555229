package hubd

import (
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/xmlrpc"
)

// scratchTask is a finished scratch build of confmulti whose buildArch task brought files.
func (h *testHub) scratchTask(source, arch string, files ...string) int64 {
	h.t.Helper()
	task := h.openTask("build", source, nil, map[string]any{"scratch": true})
	sub := h.call("builder1", "host.subtask", "buildArch", []any{}, task, koji.Named{"label": arch, "arch": arch}).(int64)
	out := h.output(sub, append([]string{multiSource, "build.log"}, files...)...)
	h.call("kojiadmin", "assignTask", sub, "builder1", true)
	h.call("builder1", "host.openTask", sub)
	result, err := xmlrpc.MarshalResponse(map[string]any{"rpms": texts(out[2:]), "srpms": texts(out[:1]), "logs": texts(out[1:2]), "brootid": nil})
	if err != nil {
		h.t.Fatal(err)
	}
	h.call("builder1", "host.closeTask", sub, string(result))
	h.call("builder1", "host.moveBuildToScratch", task, out[0], texts(out[2:]), map[string]any{arch: texts(out[1:2])})
	h.call("builder1", "host.closeTask", task, okDocument)
	return task
}

func TestMergeScratch(t *testing.T) {
	t.Parallel()
	const source, x86 = "cli-build/x.src.rpm", "confmulti-2.5-1.dist.x86_64.rpm"
	eachHub(t, nil, func(h *testHub) {
		early := h.scratchTask(source, "x86_64", x86)
		h.wantFault(koji.CodeImport, "kojiadmin", "mergeScratch", early) // no such build yet
		task, build, files := h.multiBuild()
		h.call("builder1", "host.completeBuild", task, build, files[0], texts(files[3:4]))
		before := h.tree("packages")
		for _, wrong := range []int64{2000000000, task, h.scratchTask("cli-build/other.src.rpm", "x86_64", x86)} {
			h.wantFault(koji.CodeImport, "kojiadmin", "mergeScratch", wrong)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "mergeScratch", early)
		if diff := cmp.Diff(before, h.tree("packages")); diff != "" {
			h.t.Errorf("packages after merges that were refused (-want +got):\n%s", diff)
		}
		if got := h.call("kojiadmin", "mergeScratch", early); got != build {
			h.t.Errorf("mergeScratch gives %v, want build %d", got, build)
		}
		dir := "confmulti/2.5/1.dist"
		want := append([]string{
			path.Join(dir, "data/logs/x86_64/build.log"), path.Join(dir, "data/sigcache/x86_64", x86+".sig"), path.Join(dir, "x86_64", x86),
		}, before...)
		if diff := cmp.Diff(want, h.tree("packages"), cmp.Transformer("set", func(list []string) map[string]bool {
			set := map[string]bool{}
			for _, p := range list {
				set[p] = true
			}
			return set
		})); diff != "" {
			h.t.Errorf("packages (-want +got):\n%s", diff)
		}
		h.wantFault(koji.CodeImport, "kojiadmin", "mergeScratch", early) // has that arch now
	})
}
