package hubd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestGeneratorAccess(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.wantFault(koji.CodeGeneric, "kojiadmin", "grantCGAccess", "alice", "osbs")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "grantCGAccess", "alice", "osbs", true)
		h.wantFault(koji.CodeActionNotAllowed, "", "grantCGAccess", "alice", "osbs", true)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "grantCGAccess", "alice", "../osbs", true)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "grantCGAccess", "alice", int64(99), true)
		h.call("kojiadmin", "grantCGAccess", "alice", "osbs", true)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "grantCGAccess", "alice", "osbs", true)
		h.call("kojiadmin", "grantCGAccess", "bob", "osbs")
		h.call("kojiadmin", "grantCGAccess", "bob", "mbs", true)
		all := h.call("", "listCGs").(map[string]any)
		if diff := cmp.Diff([]any{"alice", "bob"}, all["osbs"].(map[string]any)["users"]); diff != "" {
			h.t.Errorf("users of osbs (-want +got):\n%s", diff)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "revokeCGAccess", "bob", "osbs")
		h.call("kojiadmin", "revokeCGAccess", "bob", all["osbs"].(map[string]any)["id"])
		h.call("kojiadmin", "revokeCGAccess", "bob", "osbs") // as it is already
		h.call("kojiadmin", "revokeCGAccess", "bob", "mbs")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "revokeCGAccess", "bob", "nosuch")
		all = h.call("", "listCGs").(map[string]any)
		if diff := cmp.Diff([]any{}, all["mbs"].(map[string]any)["users"]); diff != "" {
			h.t.Errorf("users of mbs (-want +got):\n%s", diff)
		}
		h.call("kojiadmin", "grantCGAccess", "bob", "osbs") // again
		h.wantFault(koji.CodeAuth, "kojiadmin", "CGInitBuild", "osbs", map[string]any{"name": "p", "version": "1", "release": "1"})
		h.wantFault(koji.CodeAuth, "", "CGInitBuild", "osbs", map[string]any{"name": "p", "version": "1", "release": "1"})
	})
}

func TestReservations(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.call("kojiadmin", "grantCGAccess", "alice", "osbs", true)
		h.call("kojiadmin", "grantCGAccess", "bob", "mbs", true)
		reserve := func(change map[string]any) (int64, string) {
			h.t.Helper()
			data := map[string]any{"name": "p", "version": "1", "release": "1"}
			for k, v := range change {
				data[k] = v
			}
			r := h.call("alice", "CGInitBuild", "osbs", data).(map[string]any)
			return r["build_id"].(int64), r["token"].(string)
		}
		id, token := reserve(nil)
		if len(token) != 64 {
			h.t.Errorf("the token has %d characters, want 64", len(token))
		}
		b := h.call("", "getBuild", id).(map[string]any)
		if b["state"] != int64(koji.BuildBuilding) || b["cg_name"] != "osbs" || b["owner_name"] != "alice" {
			h.t.Errorf("reserved build is %v", b)
		}
		for name, data := range map[string]map[string]any{
			"taken":            {"name": "p", "version": "1", "release": "1"},
			"path":             {"name": "../p", "version": "1", "release": "2"},
			"version a path":   {"name": "p", "version": "..", "release": "2"},
			"dash in version":  {"name": "p", "version": "1-1", "release": "2"},
			"no name":          {"version": "1", "release": "2"},
			"unknown package":  {"pkg_id": int64(9999), "version": "1", "release": "2"},
			"no such task":     {"name": "p", "version": "1", "release": "2", "task_id": int64(9999)},
			"epoch of text":    {"name": "p", "version": "1", "release": "2", "epoch": "x"},
			"extra of a list":  {"name": "p", "version": "1", "release": "2", "extra": []any{int64(1)}},
			"binary in extra":  {"name": "p", "version": "1", "release": "2", "extra": map[string]any{"x": []byte("y")}},
			"negative epoch":   {"name": "p", "version": "1", "release": "2", "epoch": int64(-1)},
			"release of comma": {"name": "p", "version": "1", "release": "2,draft_1"},
		} {
			if f := h.fault("alice", "CGInitBuild", "osbs", data); f.Code != koji.CodeGeneric {
				h.t.Errorf("%s: fault %v", name, f)
			}
		}
		for name, args := range map[string][]any{
			"wrong token":       {"osbs", id, "wrong"},
			"state COMPLETE":    {"osbs", id, token, int64(koji.BuildComplete)},
			"no such build":     {"osbs", int64(2000000000), token},
			"id that can't be":  {"osbs", int64(1) << 40, token},
			"unknown generator": {"nosuch", id, token},
		} {
			if f := h.fault("alice", "CGRefundBuild", args...); f.Code != koji.CodeGeneric {
				h.t.Errorf("%s: fault %v", name, f)
			}
		}
		h.wantFault(koji.CodeAuth, "bob", "CGRefundBuild", "osbs", id, token)
		h.wantFault(koji.CodeGeneric, "bob", "CGRefundBuild", "mbs", id, token)
		if b := h.call("", "getBuild", id).(map[string]any); b["state"] != int64(koji.BuildBuilding) {
			h.t.Errorf("after what was refused the build is %v", b)
		}
		h.call("alice", "CGRefundBuild", "osbs", id, token)
		h.wantFault(koji.CodeGeneric, "alice", "CGRefundBuild", "osbs", id, token)
		if b := h.call("", "getBuild", id).(map[string]any); b["state"] != int64(koji.BuildFailed) {
			h.t.Errorf("refunded build is %v", b)
		}
		again, other := reserve(map[string]any{"epoch": int64(2), "name": nil, "pkg_id": b["package_id"]})
		if again != id || other == token {
			h.t.Errorf("reserved again it is build %d, was %d; tokens differ: %t", again, id, other != token)
		}
		h.wantFault(koji.CodeGeneric, "alice", "CGRefundBuild", "osbs", id, token)
		h.call("alice", "CGRefundBuild", "osbs", id, other, int64(koji.BuildCanceled))

		// A build that is canceled is reserved no more.
		id, token = reserve(map[string]any{"release": "2"})
		h.call("alice", "cancelBuild", id)
		h.wantFault(koji.CodeGeneric, "alice", "CGRefundBuild", "osbs", id, token)

		// A task's own build is nobody's to reserve, not even for that task.
		task := h.openTask("build", "x", nil)
		h.call("builder1", "host.initBuild", map[string]any{"task_id": task, "name": "q", "version": "1", "release": "1"})
		h.wantFault(koji.CodeGeneric, "alice", "CGInitBuild", "osbs", map[string]any{"name": "q", "version": "1", "release": "1", "task_id": task})
	})
}
