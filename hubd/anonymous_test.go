package hubd

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// populated gives a hub something of each kind that callers could change: a
// tag with packages and groups, a build with files in it, a task, a repo, a
// reservation of a content generator.
func (h *testHub) populated() {
	h.t.Helper()
	h.generators()
	u := h.cgUpload("up")
	u.image("disk.raw")
	h.call("alice", "CGImport", u.meta, "up")
	h.call("alice", "CGInitBuild", "osbs", map[string]any{"name": "q", "version": "1", "release": "1"})
	for _, step := range [][]any{
		{"createTag", "thing", koji.Named{"arches": "x86_64"}},
		{"createTag", "other"},
		{"createBuildTarget", "thing", "thing", "other"},
		{"packageListAdd", "thing", "p", "alice"},
		{"groupListAdd", "thing", "thing"},
		{"groupPackageListAdd", "thing", "thing", "p"},
		{"tagBuildBypass", "thing", "p-1-1"},
		{"createExternalRepo", "thing", "http://example.com/"},
		{"addExternalRepoToTag", "thing", "thing", 1},
		{"newGroup", "things"},
		{"addGroupMember", "things", "bob"},
		{"addChannel", "thing"},
		{"makeTask", "sleep", []any{1}},
		{"newRepo", "thing"},
		{"createNotification", 1, nil, nil, false},
		{"createNotificationBlock", 1, nil, nil},
	} {
		// What this hub has no method for isn't there to be changed.
		if method := step[0].(string); h.hub.methods[method] != nil {
			h.call("kojiadmin", method, step[1:]...)
		}
	}
}

// Who is nobody changes no row and no file, whatever is called and however. A
// login makes a session and is no change in this sense.
func TestAnonymousCallersChangeNothing(t *testing.T) {
	t.Parallel()
	eachHub(t, everything, func(h *testHub) {
		h.populated()
		logins := map[string]bool{"login": true, "sslLogin": true, "multiCall": true, "system.multicall": true}
		// Values that mean something to most methods, and some that mean nothing.
		values := []any{
			int64(1), "thing", "p-1-1", "p", nil, true, []any{}, []any{int64(1)}, map[string]any{"id": int64(1), "name": "thing", "task_id": int64(1)},
		}
		idle := []string{"sessions", "locks", "host", "hubd_notices", "scheduler_host_data", "scheduler_log_messages", "scheduler_task_runs"}
		rows := sqlstoretest.Dump(h.t, h.store, idle...)
		files := h.tree(".")
		for _, name := range sortedKeys(h.hub.methods) {
			m := h.hub.methods[name]
			if !m.writes || logins[name] {
				continue
			}
			var calls []any
			for _, v := range values {
				for _, all := range []bool{false, true} { // the required ones, and all that there are
					var params []any
					for _, p := range m.params {
						if p.required || all && !p.rest && !p.keywords {
							params = append(params, v)
						}
					}
					calls = append(calls, map[string]any{"methodName": name, "params": append([]any{}, params...)})
				}
			}
			answers, ok := h.call("", "multiCall", calls).([]any)
			if !ok || len(answers) != len(calls) {
				h.t.Fatalf("%s: %d calls, answers %v", name, len(calls), answers)
			}
			for n, a := range answers {
				f, isFault := a.(map[string]any)
				if isFault && f["faultCode"] == int64(koji.CodeOther) && strings.Contains(f["faultString"].(string), "internal error") {
					h.t.Errorf("%v: %v", calls[n], f["faultString"])
				}
			}
		}
		if diff := cmp.Diff(rows, sqlstoretest.Dump(h.t, h.store, idle...)); diff != "" {
			h.t.Errorf("rows changed (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(files, h.tree(".")); diff != "" {
			h.t.Errorf("files changed (-before +after):\n%s", diff)
		}
	})
}

// Each method that stores a name refuses one that is a path, or empty, or longer than a name may be; nothing is stored.
func TestNamesAreNoPaths(t *testing.T) {
	t.Parallel()
	build := func(name, version, release any) map[string]any {
		return map[string]any{"name": name, "version": version, "release": release}
	}
	stores := map[string]func(name string) (method string, args []any){
		"createTag":            func(n string) (string, []any) { return "createTag", []any{n} },
		"editTag2":             func(n string) (string, []any) { return "editTag2", []any{"thing", koji.Named{"name": n}} },
		"getTagID":             func(n string) (string, []any) { return "getTagID", []any{n, false, true} },
		"getPackage":           func(n string) (string, []any) { return "getPackage", []any{n, false, true} },
		"createBuildTarget":    func(n string) (string, []any) { return "createBuildTarget", []any{n, "thing", "other"} },
		"editBuildTarget":      func(n string) (string, []any) { return "editBuildTarget", []any{"thing", n, "thing", "other"} },
		"createUser":           func(n string) (string, []any) { return "createUser", []any{n} },
		"editUser":             func(n string) (string, []any) { return "editUser", []any{"bob", n} },
		"addUserKrbPrincipal":  func(n string) (string, []any) { return "addUserKrbPrincipal", []any{"bob", n} },
		"newGroup":             func(n string) (string, []any) { return "newGroup", []any{n} },
		"addHost":              func(n string) (string, []any) { return "addHost", []any{n, []any{"x86_64"}} },
		"addChannel":           func(n string) (string, []any) { return "addChannel", []any{n} },
		"editChannel":          func(n string) (string, []any) { return "editChannel", []any{"thing", koji.Named{"name": n}} },
		"renameChannel":        func(n string) (string, []any) { return "renameChannel", []any{"thing", n} },
		"addHostToChannel":     func(n string) (string, []any) { return "addHostToChannel", []any{"builder1", n, true} },
		"grantPermission":      func(n string) (string, []any) { return "grantPermission", []any{"bob", n, true} },
		"grantCGAccess":        func(n string) (string, []any) { return "grantCGAccess", []any{"bob", n, true} },
		"createExternalRepo":   func(n string) (string, []any) { return "createExternalRepo", []any{n, "http://example.com/"} },
		"editExternalRepo":     func(n string) (string, []any) { return "editExternalRepo", []any{"thing", n} },
		"groupListAdd":         func(n string) (string, []any) { return "groupListAdd", []any{"thing", n} },
		"groupPackageListAdd":  func(n string) (string, []any) { return "groupPackageListAdd", []any{"thing", "thing", n} },
		"packageListAdd":       func(n string) (string, []any) { return "packageListAdd", []any{"thing", n, "bob"} },
		"addVolume":            func(n string) (string, []any) { return "addVolume", []any{n} },
		"addBType":             func(n string) (string, []any) { return "addBType", []any{n} },
		"addArchiveType":       func(n string) (string, []any) { return "addArchiveType", []any{n, "a type", "x"} },
		"createEmptyBuild":     func(n string) (string, []any) { return "createEmptyBuild", []any{n, "1", "1", nil} },
		"createEmptyBuild V":   func(n string) (string, []any) { return "createEmptyBuild", []any{"n", n, "1", nil} },
		"createEmptyBuild R":   func(n string) (string, []any) { return "createEmptyBuild", []any{"n", "1", n, nil} },
		"CGInitBuild":          func(n string) (string, []any) { return "CGInitBuild", []any{"admins", build(n, "1", "1")} },
		"CGInitBuild version":  func(n string) (string, []any) { return "CGInitBuild", []any{"admins", build("n", n, "1")} },
		"CGInitBuild release":  func(n string) (string, []any) { return "CGInitBuild", []any{"admins", build("n", "1", n)} },
		"createSideTag suffix": func(n string) (string, []any) { return "createSideTag", []any{"thing", koji.Named{"suffix": n}} },
		"snapshotTag":          func(n string) (string, []any) { return "snapshotTag", []any{"thing", n} },
		"snapshotTagModify":    func(n string) (string, []any) { return "snapshotTagModify", []any{"thing", n} },
	}
	eachHub(t, everything, func(h *testHub) {
		h.populated()
		h.call("kojiadmin", "grantCGAccess", "kojiadmin", "admins", true)
		idle := []string{"sessions", "locks", "host", "hubd_notices", "scheduler_host_data", "scheduler_log_messages", "scheduler_task_runs"}
		rows, files := sqlstoretest.Dump(h.t, h.store, idle...), h.tree(".")
		for _, what := range sortedKeys(stores) {
			for _, name := range []string{"../x", "..", ".", "/etc/x", "a/../../x", "a//b", "a/", "a\nb", "a\\b", strings.Repeat("x", 5000)} {
				method, args := stores[what](name)
				if h.hub.methods[method] == nil {
					continue // its absence is told by TestAPI
				}
				var f *koji.Error
				if err := h.as("kojiadmin").Call(h.t.Context(), method, nil, args...); !errors.As(err, &f) || f.Code == koji.CodeOther {
					h.t.Errorf("%s %.20q: %v", what, name, err)
				}
			}
		}
		if diff := cmp.Diff(rows, sqlstoretest.Dump(h.t, h.store, idle...)); diff != "" {
			h.t.Errorf("rows changed (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(files, h.tree(".")); diff != "" {
			h.t.Errorf("files changed (-before +after):\n%s", diff)
		}
	})
}
