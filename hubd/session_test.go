package hubd

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// stored is a user's password as the database has it.
func (h *testHub) stored(name string) (password string) {
	h.t.Helper()
	ctx := h.t.Context()
	err := h.store.Read(ctx, func(tx *sqlstore.Tx) error {
		l, _, err := tx.Login(ctx, name)
		password = l.Password
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return password
}

func TestLogin(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		h.call("kojiadmin", "disableUser", "bob")
		h.call("kojiadmin", "newGroup", "team")
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			u, err := tx.UserByName(ctx, "team")
			if err != nil {
				return err
			}
			return tx.SetPassword(ctx, u.ID, "team")
		})
		for name, args := range map[string][]any{
			"wrong password":   {"alice", "Alice"},
			"empty password":   {"alice", ""},
			"empty name":       {"", "alice"},
			"no such user":     {"nobody", "nobody"},
			"blocked":          {"bob", "bob"},
			"group":            {"team", "team"},
			"number":           {int64(1), "alice"},
			"nothing":          {},
			"password is nil":  {"alice", nil},
			"password is list": {"alice", []any{"alice"}},
		} {
			if _, f := c.ask("login", args...); codeOf(f) != koji.CodeAuth {
				t.Errorf("%s: %v", name, f)
			} else if strings.Contains(f.Text, "hunter") || strings.Contains(f.Text, "argon") {
				t.Errorf("%s: the fault tells too much: %s", name, f.Text)
			}
		}
		if p := h.stored("alice"); p != "alice" {
			t.Errorf("a failed login changed the password to %q", p)
		}

		plain := c.login("alice")
		hashed := h.stored("alice")
		if !strings.HasPrefix(hashed, argonPrefix) || strings.Contains(hashed, "alice") {
			t.Errorf("after a login the password is stored as %q", hashed)
		}
		again := c.login("alice")
		if again.ID == plain.ID || again.Key == plain.Key {
			t.Errorf("two logins share a session: %v and %v", plain, again)
		}
		if h.stored("alice") != hashed {
			t.Error("a hashed password was hashed again")
		}
		if len(again.Key) != len(strings.Split(again.Key, "-")[0])+1+19 {
			t.Errorf("key %q is not USER-19 characters", again.Key)
		}
		c.wantCode(koji.CodeAuth, "login", "alice", "alicE")
		c.wantCode(koji.CodeAuth, "login", "alice", hashed)
		c.with(again, 0).wantCode(koji.CodeAuth, "login", "alice", "alice")
		me, _ := c.with(again, 1).ask("getLoggedInUser")
		want(t, "who", []any{"alice", int64(koji.AuthPassword)}, pick(me, "name", "authtype"))
		me, _ = c.ask("getLoggedInUser")
		want(t, "who without a session", nil, me)

		named, f := c.ask("login", named(koji.Named{"user": "alice", "password": "alice", "exclusive": true}))
		if f != nil {
			t.Fatal(f)
		}
		info, _ := c.with(sessionInfo(t, named), 0).ask("getSessionInfo")
		want(t, "exclusive login", []any{true}, pick(info, "exclusive"))

		// A user that is blocked later has no more to say.
		h.call("kojiadmin", "disableUser", "alice")
		c.with(sessionInfo(t, named), 1).wantCode(koji.CodeAuth, "getTag", "x")
	})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	hashed, err := hashPassword("sesame")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		stored, password string
		ok, rehash       bool
	}{
		"hashed":                {hashed, "sesame", true, false},
		"hashed, wrong":         {hashed, "sesamE", false, false},
		"plain":                 {"sesame", "sesame", true, true},
		"plain, wrong":          {"sesame", "sesam", false, true},
		"none":                  {"", "", false, true},
		"cut":                   {hashed[:len(hashed)-3], "sesame", false, false},
		"no parts":              {argonPrefix + "x", "sesame", false, false},
		"other version":         {strings.Replace(hashed, "v=19", "v=18", 1), "sesame", false, false},
		"no lanes":              {strings.Replace(hashed, "p=1", "p=0", 1), "sesame", false, false},
		"all the memory it can": {strings.Replace(hashed, "m=64", "m=4294967295", 1), "sesame", false, false},
		"salt is no base64":     {argonPrefix + "v=19$m=8,t=1,p=1$***$AAAA", "sesame", false, false},
		"sum is no base64":      {argonPrefix + "v=19$m=8,t=1,p=1$AAAA$***", "sesame", false, false},
		"the hash itself":       {hashed, hashed, false, false},
	} {
		ok, rehash := checkPassword(c.stored, c.password)
		if ok != c.ok || ok && rehash != c.rehash {
			t.Errorf("%s: %v, %v", name, ok, rehash)
		}
	}
	if other, _ := hashPassword("sesame"); other == hashed {
		t.Error("two hashes have one salt")
	}
}

func FuzzStoredPassword(f *testing.F) {
	f.Add("plain", "plain")
	f.Add(argonPrefix+"v=19$m=8,t=1,p=1$AAAA$AAAA", "x")
	f.Fuzz(func(t *testing.T, stored, password string) {
		if len(stored) > 100 || strings.Count(stored, "m=") > 0 && len(stored) > 60 {
			t.Skip("costs")
		}
		if ok, _ := checkPassword(stored, password); ok && stored != password && !strings.HasPrefix(stored, argonPrefix) {
			t.Errorf("%q opens %q", password, stored)
		}
	})
}

func TestPresentedSession(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		alice, bob := c.login("alice"), c.login("bob")
		id := strconv.FormatInt(alice.ID, 10)
		for name, header := range map[string]map[string]string{
			"other's key":   {"Koji-Session-Id": id, "Koji-Session-Key": bob.Key},
			"upper case":    {"Koji-Session-Id": id, "Koji-Session-Key": strings.ToUpper(alice.Key)},
			"longer":        {"Koji-Session-Id": id, "Koji-Session-Key": alice.Key + "x"},
			"empty key":     {"Koji-Session-Id": id, "Koji-Session-Key": ""},
			"no key":        {"Koji-Session-Id": id},
			"empty id":      {"Koji-Session-Id": "", "Koji-Session-Key": alice.Key},
			"no such id":    {"Koji-Session-Id": "999999", "Koji-Session-Key": alice.Key},
			"too large id":  {"Koji-Session-Id": "99999999999999999999", "Koji-Session-Key": alice.Key},
			"id of 64 bits": {"Koji-Session-Id": "9999999999999999", "Koji-Session-Key": alice.Key},
			"text as id":    {"Koji-Session-Id": id + " OR 1=1", "Koji-Session-Key": alice.Key},
			"no number":     {"Koji-Session-Id": id, "Koji-Session-Key": alice.Key, "Koji-Session-Callnum": "x"},
			"empty number":  {"Koji-Session-Id": id, "Koji-Session-Key": alice.Key, "Koji-Session-Callnum": ""},
		} {
			who := h.raw()
			for k, v := range header {
				who.header.Set(k, v)
			}
			if _, f := who.ask("getLoggedInUser"); codeOf(f) != koji.CodeAuth {
				t.Errorf("%s: %v", name, f)
			} else if strings.Contains(f.Text, alice.Key) {
				t.Errorf("%s: the fault tells the key", name)
			}
		}
		old := h.raw()
		old.header.Set("Koji-Session-Id", id)
		old.header.Set("Koji-Session-Key", alice.Key)
		old.header.Set("Koji-Callnum", "0")
		old.wantCode(0, "getLoggedInUser")

		document, err := xmlrpc.MarshalCall("getLoggedInUser")
		if err != nil {
			t.Fatal(err)
		}
		inURL := func(query string) (any, *koji.Error) {
			_, data := c.post("text/xml", query, bytes.NewReader(document))
			return readAnswer(t, data)
		}
		me, f := inURL("?session-id=" + id + "&session-key=" + alice.Key + "&callnum=1")
		if f != nil {
			t.Fatal(f)
		}
		want(t, "session in the URL", []any{"alice"}, pick(me, "name"))
		for _, query := range []string{"?x=1", "?session-id=" + id, "?session-id=" + id + "&session-key=" + bob.Key} {
			if _, f := inURL(query); codeOf(f) != koji.CodeAuth {
				t.Errorf("%s: %v", query, f)
			}
		}
	})
	eachHub(t, func(c *Config) { c.DisableURLSessions = true }, func(h *testHub) {
		info := h.raw().login("alice")
		document, _ := xmlrpc.MarshalCall("getLoggedInUser")
		_, data := h.raw().post("text/xml", "?session-id="+strconv.FormatInt(info.ID, 10)+"&session-key="+info.Key, bytes.NewReader(document))
		if _, f := readAnswer(h.t, data); codeOf(f) != koji.CodeAuth {
			h.t.Errorf("a session in the URL, which is off: %v", f)
		}
	})
}

func TestSessionIsBoundToItsAddress(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) { c.CheckClientIP = true }, func(h *testHub) {
		home := h.raw().from(h.hub.Handler(), "192.0.2.1:1000")
		info := home.login("alice")
		home.with(info, 0).wantCode(0, "getLoggedInUser")
		home.from(h.hub.Handler(), "192.0.2.1:2000").with(info, 1).wantCode(0, "getLoggedInUser")
		home.from(h.hub.Handler(), "192.0.2.2:1000").with(info, 2).wantCode(koji.CodeAuth, "getLoggedInUser")
		sub, f := home.with(info, 3).ask("subsession")
		if f != nil {
			h.t.Fatal(f)
		}
		home.from(h.hub.Handler(), "192.0.2.2:1000").with(sessionInfo(h.t, sub), 0).wantCode(koji.CodeAuth, "getLoggedInUser")
		given := home.login("bob", map[string]any{"hostip": "192.0.2.3"})
		home.with(given, 0).wantCode(koji.CodeAuth, "getLoggedInUser")
		home.from(h.hub.Handler(), "192.0.2.3:1").with(given, 0).wantCode(0, "getLoggedInUser")
		for _, bad := range []string{"-", "", "192.0.2.3, 192.0.2.4", "localhost", strings.Repeat("1", 300), "::1%\x00"} {
			home.wantCode(koji.CodeAuth, "login", "bob", "bob", map[string]any{"hostip": bad})
		}
	})
}

func TestSessionExpiry(t *testing.T) {
	t.Parallel()
	eachHubAt(t, func(c *Config) { c.SessionRenewalTimeout = time.Hour }, func(h *testHub, clock *testClock) {
		t, c := h.t, h.raw()
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			u, err := tx.UserByName(ctx, "alice")
			if err != nil {
				return err
			}
			return tx.GrantPermission(ctx, u.ID, 1, u.ID)
		})
		info := c.login("alice")
		answer, f := c.with(info, 0).ask("subsession")
		if f != nil {
			t.Fatal(f)
		}
		child := sessionInfo(t, answer)
		c.with(info, 7).wantCode(0, "createTag", "one")
		clock.advance(time.Hour)
		c.with(info, 8).wantCode(0, "getLoggedInUser") // just in time
		clock.advance(time.Second)
		c.with(info, 9).wantCode(koji.CodeAuthExpired, "getLoggedInUser")
		c.with(info, 10).wantCode(koji.CodeAuthExpired, "createTag", "two")
		c.with(child, 0).wantCode(koji.CodeAuthExpired, "getLoggedInUser")
		c.with(info, 11).wantCode(koji.CodeAuthExpired, "multiCall", []any{map[string]any{"methodName": "login", "params": []any{"alice", "alice"}}})

		renew := named(koji.Named{"renew": true})
		c.with(info, 12).wantCode(koji.CodeAuth, "login", "alice", "wrong", renew)
		other := sessionOf(c.with(info, 12), "bob", "bob", renew)
		if other.ID == info.ID {
			t.Error("bob renewed the session of alice")
		}
		again := sessionOf(c.with(info, 13), "alice", "alice", renew)
		if again.ID != info.ID || again.Key == info.Key {
			t.Errorf("renewed: %v, was %v", again, info)
		}
		c.with(info, 14).wantCode(koji.CodeAuth, "getLoggedInUser") // the old key
		c.with(again, 0).wantCode(0, "createTag", "two")            // numbers begin anew
		c.with(again, 0).wantCode(koji.CodeRetry, "createTag", "three")
		c.with(child, 1).wantCode(koji.CodeAuthExpired, "getLoggedInUser")
		c.with(child, 2).wantCode(koji.CodeGeneric, "login", "alice", "alice", named(koji.Named{"renew": true, "exclusive": true}))
		sub := sessionOf(c.with(child, 2), "alice", "alice", renew)
		if sub.ID != child.ID {
			t.Errorf("renewed subsession: %v, was %v", sub, child)
		}
		clock.advance(time.Hour)
		c.with(again, 1).wantCode(0, "getLoggedInUser") // counts from the renewal
		clock.advance(time.Second)
		c.with(sub, 0).wantCode(koji.CodeAuthExpired, "getLoggedInUser")
		fresh := sessionOf(c.with(again, 2), "alice", "alice")
		if fresh.ID == again.ID {
			t.Error("a login without renew renewed")
		}
		c.with(fresh, 0).wantCode(0, "logout", again.ID)
		if answer, f := c.with(sub, 0).ask("login", "alice", "alice", renew); f == nil && answer != nil {
			t.Errorf("a subsession of a closed session was renewed: %v", answer)
		}
	})
	eachHubAt(t, func(c *Config) { c.SessionRenewalTimeout = 0 }, func(h *testHub, clock *testClock) {
		info := h.raw().login("alice")
		clock.advance(10 * 365 * 24 * time.Hour)
		h.raw().with(info, 0).wantCode(0, "getLoggedInUser")
	})
}

// sessionOf is the session that a login gives.
func sessionOf(c *caller, args ...any) koji.SessionInfo {
	c.t.Helper()
	answer, f := c.ask("login", args...)
	if f != nil {
		c.t.Fatalf("login%v: %v", args, f)
	}
	return sessionInfo(c.t, answer)
}

func TestCallNumbers(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		info := c.login("kojiadmin")
		at := func(n int) *caller { return c.with(info, n) }
		at(5).wantCode(0, "getTag", "a")
		at(5).wantCode(0, "getTag", "a") // reads may come again
		at(4).wantCode(0, "getTag", "a")
		at(5).wantCode(0, "createTag", "a")
		at(5).wantCode(koji.CodeRetry, "createTag", "b")
		at(5).wantCode(koji.CodeRetry, "getTag", "a")
		at(4).wantCode(koji.CodeSequence, "createTag", "b")
		at(6).wantCode(koji.CodeGeneric, "createTag", "a") // it failed, so it may come again
		at(6).wantCode(0, "editTag2", "a")                 // it changed nothing
		at(6).wantCode(0, "multiCall", []any{
			map[string]any{"methodName": "getTag", "params": []any{"a"}},
			map[string]any{"methodName": "createTag", "params": []any{"a"}},
		})
		at(6).wantCode(0, "multiCall", []any{map[string]any{"methodName": "createTag", "params": []any{"b"}}})
		at(6).wantCode(koji.CodeRetry, "getTag", "a")
		at(-1).wantCode(0, "createTag", "c") // without a number nothing is compared
		at(7).wantCode(0, "createTag", "d")
		row, _ := at(8).ask("getSessionInfo")
		want(t, "number in the session", []any{int64(7)}, pick(row, "callnum"))

		host := h.raw().login("builder1", nil, false, true)
		c.with(host, 1).wantCode(0, "host.updateHost", 0.5, true)
		c.with(host, 1).wantCode(0, "host.updateHost", 0.5, true) // one of those that may be repeated
		c.with(host, 1).wantCode(koji.CodeRetry, "host.getTasks")
	})
}

// Calls about sessions can't be repeated, whether they had something to do or not.
func TestCallNumbersOfSessionCalls(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		info, other := c.login("kojiadmin"), c.login("kojiadmin")
		n := 0
		for _, call := range []struct {
			method string
			args   []any
		}{
			{"subsession", nil},
			{"logoutChild", []any{int64(999999)}},
			{"logoutChild", []any{other.ID}},
			{"exclusiveSession", nil},
			{"sharedSession", nil},
			{"logout", []any{int64(999999)}},
			{"logout", []any{other.ID}},
		} {
			c.with(info, n).wantCode(0, call.method, call.args...)
			c.with(info, n).wantCode(koji.CodeRetry, call.method, call.args...)
			n++
		}
		row, _ := c.with(info, n).ask("getSessionInfo")
		want(t, "number in the session", []any{int64(n - 1)}, pick(row, "callnum"))
	})
}

// What one hub does to a session holds at once for the others on its database.
func TestSessionsOfTwoHubs(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, store *sqlstore.Store) {
		one := setup(t, store, nil)
		two := start(t, store, one.hub.cfg)
		here, there := one.raw(), two.raw()
		info := here.login("kojiadmin")
		there.with(info, 0).wantCode(0, "getLoggedInUser")
		here.with(info, 1).wantCode(0, "createTag", "a")
		there.with(info, 1).wantCode(koji.CodeRetry, "createTag", "b") // the number is known there
		exclusive := there.login("kojiadmin", nil, false, true)
		here.with(info, 2).wantCode(koji.CodeAuthLock, "getLoggedInUser")
		there.with(exclusive, 0).wantCode(0, "logout", info.ID)
		here.with(info, 3).wantCode(koji.CodeAuth, "getLoggedInUser")
		for _, h := range []*testHub{one, two} {
			if err := h.hub.storeTouches(t.Context()); err != nil {
				t.Error(err)
			}
		}
		here.with(exclusive, 1).wantCode(0, "disableUser", "alice")
		there.wantCode(koji.CodeAuth, "login", "alice", "alice")
	})
}

func TestExclusiveSessions(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		one, two := c.login("alice"), c.login("alice")
		answer, f := c.with(one, 0).ask("subsession")
		if f != nil {
			t.Fatal(f)
		}
		child := sessionInfo(t, answer)
		c.with(child, 0).wantCode(koji.CodeGeneric, "exclusiveSession")
		c.with(one, 1).wantCode(0, "exclusiveSession")
		c.with(one, 2).wantCode(koji.CodeGeneric, "exclusiveSession")
		c.with(child, 1).wantCode(0, "getLoggedInUser") // shares it
		c.with(two, 0).wantCode(koji.CodeAuthLock, "getLoggedInUser")
		c.with(two, 0).wantCode(koji.CodeAuthLock, "sharedSession")
		c.with(two, 1).wantCode(koji.CodeAuthLock, "exclusiveSession")
		three := c.login("alice") // a login is let through
		c.with(three, 0).wantCode(koji.CodeAuthLock, "getTag", "x")
		c.with(three, 1).wantCode(0, "logout")
		c.wantCode(koji.CodeAuthLock, "login", "alice", "alice", nil, false, true)
		h.raw().with(c.login("bob"), 0).wantCode(0, "getLoggedInUser") // locks only its own user

		c.with(one, 3).wantCode(0, "sharedSession")
		c.with(two, 2).wantCode(0, "exclusiveSession")
		c.with(one, 4).wantCode(koji.CodeAuthLock, "getLoggedInUser")
		c.with(child, 2).wantCode(koji.CodeAuthLock, "getLoggedInUser")
		c.with(one, 5).wantCode(0, "exclusiveSession", named(koji.Named{"force": true}))
		c.with(two, 3).wantCode(koji.CodeAuth, "getLoggedInUser") // closed by force
		c.with(one, 6).wantCode(0, "getLoggedInUser")
		c.with(one, 7).wantCode(0, "logout")
		c.with(one, 8).wantCode(koji.CodeAuth, "getLoggedInUser")
		c.with(child, 3).wantCode(koji.CodeAuth, "getLoggedInUser")
		c.login("alice", nil, false, true) // the lock went with it

		for _, method := range []string{"exclusiveSession", "sharedSession"} {
			if v, f := c.ask(method); v != nil || f != nil {
				t.Errorf("%s by nobody: %v, %v", method, v, f)
			}
		}
	})
}

func TestLogout(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		alice, bob := c.login("alice"), c.login("bob")
		sub := func(of koji.SessionInfo) koji.SessionInfo {
			answer, f := c.with(of, -1).ask("subsession")
			if f != nil {
				t.Fatal(f)
			}
			return sessionInfo(t, answer)
		}
		first, second := sub(alice), sub(alice)
		deeper := sub(first)
		row, _ := c.with(deeper, -1).ask("getSessionInfo")
		want(t, "master of a subsession's subsession", []any{alice.ID}, pick(row, "master"))

		c.wantCode(koji.CodeAuth, "logout")
		c.wantCode(koji.CodeAuth, "logoutChild", alice.ID)
		c.with(bob, -1).wantCode(koji.CodeGeneric, "logout", alice.ID)
		c.with(bob, -1).wantCode(koji.CodeGeneric, "logout", int64(999999))
		c.with(bob, -1).wantCode(0, "logoutChild", first.ID) // not bob's: nothing happens
		c.with(first, -1).wantCode(0, "getLoggedInUser")
		c.with(alice, -1).wantCode(0, "logoutChild", first.ID)
		c.with(first, -1).wantCode(koji.CodeAuth, "getLoggedInUser")
		c.with(second, -1).wantCode(0, "getLoggedInUser")

		spare := c.login("alice")
		c.with(alice, -1).wantCode(0, "logout", spare.ID)
		c.with(spare, -1).wantCode(koji.CodeAuth, "getLoggedInUser")
		c.with(c.login("kojiadmin"), -1).wantCode(0, "logout", bob.ID)
		c.with(bob, -1).wantCode(koji.CodeAuth, "getLoggedInUser")
		c.with(alice, -1).wantCode(0, "logout", named(koji.Named{"session_id": alice.ID}))
		for _, s := range []koji.SessionInfo{alice, second, deeper} {
			c.with(s, -1).wantCode(koji.CodeAuth, "getLoggedInUser")
		}
	})
}

func TestSessionInfo(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		list := h.call("alice", "getSessionInfo", false, "alice").([]any)
		if len(list) != 1 {
			t.Errorf("alice's sessions: %v", list)
		}
		for _, v := range list {
			if _, there := v.(map[string]any)["key"]; there {
				t.Error("a list of sessions tells their keys")
			}
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "getSessionInfo", false, "bob")
		h.wantFault(koji.CodeGeneric, "alice", "getSessionInfo", false, "nosuch")
		h.call("kojiadmin", "getSessionInfo", false, "alice")
		want(t, "nobody's", nil, h.call("", "getSessionInfo"))
		brief := h.call("alice", "getSessionInfo").(map[string]any)
		whole := h.call("alice", "getSessionInfo", true).(map[string]any)
		if brief["hostip"] != nil || whole["hostip"] != "-" {
			t.Errorf("without details %v, with them %v", brief, whole)
		}
		if s, _ := h.call("alice", "showSession").(string); !strings.Contains(s, "alice") || strings.Contains(s, h.as("alice").Info().Key) {
			t.Errorf("showSession: %s", s)
		}
	})
}

// What a call that reads notes of its session's use is stored by and by.
func TestLastUseIsStored(t *testing.T) {
	t.Parallel()
	eachHubAt(t, nil, func(h *testHub, clock *testClock) {
		c := h.raw()
		info := c.login("alice")
		clock.advance(time.Minute)
		c.with(info, 0).wantCode(0, "getTag", "x")
		if err := h.hub.storeTouches(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
		row, _ := c.with(info, 1).ask("getSessionInfo")
		want(h.t, "last use", []any{koji.Seconds(clock.Now())}, pick(row, "update_ts"))
	})
}

func TestOffline(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) { c.ServerOffline, c.OfflineMessage = true, "back at noon" }, func(h *testHub) {
		_, f := h.raw().ask("hello")
		if codeOf(f) != koji.CodeServerOffline || f.Text != "back at noon" {
			h.t.Errorf("offline: %v", f)
		}
		res, data := h.raw().post("application/octet-stream", "?filename=x&filepath=y", strings.NewReader("z"))
		if _, f := readAnswer(h.t, data); res.StatusCode != http.StatusOK || codeOf(f) != koji.CodeServerOffline {
			h.t.Errorf("upload: %s, %v", res.Status, f)
		}
	})
	eachHub(t, func(c *Config) { c.LockOut = true }, func(h *testHub) {
		c := h.raw()
		c.wantCode(koji.CodeServerOffline, "hello")
		info := c.login("alice")
		c.with(info, 0).wantCode(koji.CodeServerOffline, "getLoggedInUser")
		c.with(info, 1).wantCode(koji.CodeServerOffline, "multiCall", []any{})
		c.with(info, 2).wantCode(0, "logout")
		c.with(c.login("kojiadmin"), 0).wantCode(0, "hello")
	})
}
