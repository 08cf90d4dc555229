package hubd

import (
	"errors"
	"strings"
	"testing"

	"koji"
	"koji/sqlstore"
)

// What Koji is weak in and this hub must not be (reference/README.md, "Known
// weak spots of the original"): a test for each, named after what an attacker
// would do. TestAnonymousCallersChangeNothing tries many more arguments.

// getTagID and getPackage make rows in Koji, whoever calls.
func TestAttackNamesMadeByReading(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for _, method := range []string{"getTagID", "getPackage"} {
			for _, user := range []string{"", "alice"} {
				h.wantFault(koji.CodeActionNotAllowed, user, method, "made", false, true)
			}
			want(h.t, method, nil, h.call("", method, "made"))
		}
	})
}

// host.writeSignedRPM writes files in Koji, whoever calls: here for builders and those who may sign.
func TestAttackSignedCopiesWrittenByAnyone(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		rpm := h.importRPM(plainSource, plainBinary)
		h.call("kojiadmin", "addRPMSig", rpm, signature(h.t, signedBinary))
		before := h.tree(".")
		for _, user := range []string{"", "alice"} {
			h.wantFault(koji.CodeAuth, user, "host.writeSignedRPM", rpm, signingKey)
			h.wantFault(koji.CodeAuth, user, "host.writeSignedRPM", rpm, signingKey, true)
		}
		want(h.t, "files", before, h.tree("."))
		h.call("kojiadmin", "host.writeSignedRPM", rpm, signingKey)
		if len(h.tree(".")) == len(before) {
			h.t.Error("nothing was written for an admin either: the refusals prove nothing")
		}
	})
}

// host.importImage fills anybody's build in Koji, whoever calls: here for the host that is at the build's task.
func TestAttackImagesImportedByAnyone(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		task := h.openTask("image", "i", "1", []any{"x86_64"}, "t", "tree")
		b := h.call("builder1", "host.initImageBuild", task, map[string]any{"name": "i", "version": "1", "release": "1", "epoch": nil})
		h.gave(task, "a.raw", "a")
		image := map[string]any{"x": map[string]any{"arch": "x86_64", "task_id": task, "files": []any{"a.raw"}, "logs": []any{}, "rpmlist": []any{}}}
		before := h.tree(".")
		for user, code := range map[string]koji.Code{
			"": koji.CodeAuth, "alice": koji.CodeAuth, "kojiadmin": koji.CodeAuth, "builder2": koji.CodeActionNotAllowed,
		} {
			h.wantFault(code, user, "host.importImage", task, b, image)
		}
		want(h.t, "files", before, h.tree("."))
		want(h.t, "archives", 0, len(h.archivesOf(pick(b, "id")[0])))
		h.call("builder1", "host.importImage", task, b, image)
	})
}

// No method writes for those who are nobody, but for logins and what asks by itself.
func TestAttackAnonymousWrites(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		free := map[string]bool{
			"login": true, "sslLogin": true, "logout": true, "exclusiveSession": true, "sharedSession": true, "multiCall": true, "system.multicall": true,
			"getTagID": true, "getPackage": true, // TestAttackNamesMadeByReading
		}
		before := h.call("", "getLastEvent")
		for name, m := range h.hub.methods {
			if !m.writes || free[name] {
				continue
			}
			args := make([]any, 0, len(m.params))
			for _, p := range m.params {
				if p.required {
					args = append(args, int64(1))
				}
			}
			c := &call{Context: h.t.Context(), hub: h.hub, method: name, session: &session{}, request: &request{id: "test"}}
			_ = h.store.Write(h.t.Context(), func(tx *sqlstore.Tx) error {
				c.tx = tx
				if err := m.access.check(c); err != nil {
					return err
				}
				_, err := m.run(c, args, nil)
				if err == nil && tx.Changed() {
					h.t.Errorf("%s%v by nobody changed something", name, args)
				}
				return err
			})
		}
		want(h.t, "last event", before, h.call("", "getLastEvent"))
	})
}

// count and its like run a method that they are given the name of: with that method's checks.
func TestAttackMethodsRunThroughCount(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for _, user := range []string{"", "alice"} {
			h.wantFault(koji.CodeActionNotAllowed, user, "count", "createTag", "made")
			h.wantFault(koji.CodeGeneric, user, "filterResults", "createTag", "made")
			h.wantFault(koji.CodeGeneric, user, "countAndFilterResults", "createTag", "made")
		}
		want(h.t, "tags", []any{}, h.call("", "listTags"))
	})
}

// evalPolicy judges whom the caller names in Koji: here a user is told of itself only.
func TestAttackPoliciesProbedForOthers(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		ask := func(who any) map[string]any { return map[string]any{"user_id": who} }
		for _, who := range []any{"kojiadmin", "bob", int64(1), "nosuch", []any{}, true} {
			h.wantFault(koji.CodeActionNotAllowed, "alice", "evalPolicy", "build_from_srpm", ask(who))
			h.wantFault(koji.CodeActionNotAllowed, "", "evalPolicy", "build_from_srpm", ask(who))
		}
		me := pick(h.call("", "getUser", "alice"), "id")[0]
		for _, who := range []any{me, "alice", nil} {
			want(h.t, "of itself", "deny", h.call("alice", "evalPolicy", "build_from_srpm", ask(who)))
		}
		want(h.t, "without a user", "deny", h.call("", "evalPolicy", "build_from_srpm", map[string]any{}))
		want(h.t, "an admin asks", "deny", h.call("kojiadmin", "evalPolicy", "build_from_srpm", ask("bob")))
	})
}

// Koji keeps passwords as they are: a copy of the database logs in as everybody.
func TestAttackPasswordsReadFromTheDatabase(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.raw().login("bob")
		if p := h.stored("bob"); !strings.HasPrefix(p, argonPrefix) || strings.Contains(p, "bob") {
			h.t.Errorf("bob's password is stored as %q", p)
		}
	})
}

// Wrong types get to Koji's database, which tells of it: here they are refused by name.
func TestAttackWrongTypesIntoTheDatabase(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for key, v := range map[string]any{"owner": "x' OR 1=1", "state": "x", "channel_id": []any{"x"}, "parent": 1.5} {
			f := h.fault("", "listTasks", map[string]any{key: v})
			if f.Code != koji.CodeParameter || !strings.Contains(f.Text, key) {
				h.t.Errorf("listTasks of %s %v: %v", key, v, f)
			}
		}
	})
}

// A session without its key, or an upload without a digest, fails in Koji's code and not by its checks.
func TestAttackHeadersLeftOut(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		c := h.raw()
		c.header.Set("Koji-Session-Id", "1")
		c.wantCode(koji.CodeAuth, "hello")
		if _, f := h.up("alice", "up/w", "f", "x", "fileverify", ""); f != nil {
			h.t.Errorf("an upload without a digest: %v", f)
		}
		if _, f := h.up("alice", "up/w", "g", "x", "fileverify", "rot13"); codeOf(f) != koji.CodeGeneric {
			h.t.Errorf("an upload with a digest that there isn't: %v", f)
		}
	})
}

// An error that nobody foresaw tells of Koji's code: here of where to look in the log.
func TestAttackInternalsReadFromFaults(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		m := reads("test.broken", anyone, "", func(*call, none) (any, error) { return nil, errors.New(`relation "users" has no column x`) })
		h.hub.methods[m.name] = &m
		f := h.fault("", m.name)
		if f.Code != koji.CodeOther || strings.Contains(f.Text, "users") || !strings.Contains(f.Text, "request") {
			h.t.Errorf("an unforeseen error: %v", f)
		}
	})
}
