package hubd

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"koji"
)

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	const home, away = "192.0.2.1", "192.0.2.2"
	setup := func() (*loginGuard, *testClock) {
		clock := &testClock{now: time.Unix(1e9, 0)}
		return &loginGuard{now: clock.Now}, clock
	}
	fail := func(t *testing.T, g *loginGuard, n int, user, address string) {
		t.Helper()
		for i := range n {
			if err := g.begin(user, address); err != nil {
				t.Fatalf("after %d failures of %s from %s: %v", i, user, address, err)
			}
		}
	}
	refused := func(t *testing.T, g *loginGuard, what, user, address string, want bool) {
		t.Helper()
		if err := g.begin(user, address); (err != nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}

	t.Run("of one user at one address", func(t *testing.T) {
		t.Parallel()
		g, clock := setup()
		fail(t, g, triesOfUserAtAddress, "alice", home)
		refused(t, g, "one more", "alice", home, true)
		refused(t, g, "alice elsewhere", "alice", away, false)
		refused(t, g, "bob at the same address", "bob", home, false)
		clock.advance(loginPause)
		refused(t, g, "after the pause", "alice", home, false)
	})
	t.Run("ends with a login", func(t *testing.T) {
		t.Parallel()
		g, _ := setup()
		for range 5 {
			fail(t, g, triesOfUserAtAddress, "alice", home)
			g.passed("alice", home)
		}
		refused(t, g, "one more", "alice", home, false)
	})
	t.Run("of all users from one address", func(t *testing.T) {
		t.Parallel()
		g, _ := setup()
		for i := range triesOfAddress {
			fail(t, g, 1, "user"+strconv.Itoa(i), home)
		}
		refused(t, g, "one more user", "carol", home, true)
		refused(t, g, "carol elsewhere", "carol", away, false)
	})
	t.Run("from all of an IPv6 network", func(t *testing.T) {
		t.Parallel()
		g, _ := setup()
		for i := range triesOfAddress {
			fail(t, g, 1, "user"+strconv.Itoa(i), fmt.Sprintf("2001:db8::%x", i+1))
		}
		refused(t, g, "a neighbour", "carol", "2001:db8::ffff", true)
		refused(t, g, "another network", "carol", "2001:db8:0:1::1", false)
	})
	t.Run("of one user from everywhere", func(t *testing.T) {
		t.Parallel()
		g, _ := setup()
		fail(t, g, 1, "alice", home)
		g.passed("alice", home)
		for i := range triesOfUser {
			fail(t, g, 1, "alice", fmt.Sprintf("198.51.100.%d", i))
		}
		refused(t, g, "from a new address", "alice", away, true)
		refused(t, g, "from where alice was before", "alice", home, false)
	})
	t.Run("at a time", func(t *testing.T) {
		t.Parallel()
		g, _ := setup()
		var wg sync.WaitGroup
		var through atomic.Int64
		for range 10 * triesOfUserAtAddress {
			wg.Go(func() {
				if g.begin("alice", home) == nil {
					through.Add(1)
				}
			})
		}
		wg.Wait()
		if n := through.Load(); n != triesOfUserAtAddress {
			t.Errorf("%d guesses came through together, not %d", n, triesOfUserAtAddress)
		}
	})
	t.Run("is not washed away by other names", func(t *testing.T) {
		t.Parallel()
		g, clock := setup()
		fail(t, g, triesOfUserAtAddress, "alice", home)
		for i := range guardSize {
			fail(t, g, 1, "user"+strconv.Itoa(i), "address"+strconv.Itoa(i))
		}
		if len(g.seen) > guardSize+3 {
			t.Errorf("%d attempts are remembered", len(g.seen))
		}
		refused(t, g, "alice again", "alice", home, true)
		clock.advance(loginPause)
		for i := range guardSize {
			fail(t, g, 1, "user"+strconv.Itoa(i), "address"+strconv.Itoa(i))
		}
		refused(t, g, "alice after the pause", "alice", home, false)
	})
}

func TestGuessingIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		for range triesOfUserAtAddress - 1 {
			c.wantCode(koji.CodeAuth, "login", "alice", "guess")
		}
		c.login("alice") // which ends the count
		for range triesOfUserAtAddress {
			c.wantCode(koji.CodeAuth, "login", "alice", "guess")
		}
		_, f := c.ask("login", "alice", "alice")
		if codeOf(f) != koji.CodeAuth || f.Text != "too many failed logins; try again in a minute" {
			t.Errorf("the right password after many wrong ones: %v", f)
		}
		_, f = c.ask("login", "nobody", "guess")
		_, g := c.ask("login", "bob", "guess")
		if codeOf(f) != koji.CodeAuth || *f != *g {
			t.Errorf("that there is no such user shows: %v, %v", f, g)
		}
	})
}

// A request can't make the hub hash without end, nor have more guesses than
// those that come one by one.
func TestManyLoginsInOneRequest(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t, c := h.t, h.raw()
		many := func(n int, password string) []any {
			var calls []any
			for i := range n {
				calls = append(calls, map[string]any{"methodName": "login", "params": []any{"alice", password + strconv.Itoa(i)}})
			}
			return calls
		}
		c.wantCode(koji.CodeAuth, "multiCall", many(loginsPerRequest+1, "x"))
		nested := map[string]any{"methodName": "multiCall", "params": []any{many(1, "alice")}}
		right := map[string]any{"methodName": "login", "params": []any{"bob", "bob"}}
		answer, f := c.ask("multiCall", []any{right, nested, right, map[string]any{"methodName": "getLoggedInUser", "params": []any{}}})
		if f != nil {
			t.Fatal(f)
		}
		results := answer.([]any)
		first := sessionInfo(t, results[0].([]any)[0])
		second := sessionInfo(t, results[2].([]any)[0])
		if first.ID == second.ID {
			t.Errorf("two logins gave one session: %v", results)
		}
		inner := results[1].([]any)[0].([]any)[0]
		want(t, "wrong password in a nested multiCall", []any{int64(koji.CodeAuth)}, pick(inner, "faultCode"))
		want(t, "who after a login in a multiCall", []any{nil}, results[3])
	})
}
