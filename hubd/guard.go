package hubd

import (
	"net/netip"
	"sync"
	"time"

	"koji"
)

// loginGuard slows down the guessing of passwords. Who failed too often within
// a minute, counted for a user at an address, for an address and for a user,
// waits until a minute has passed without a failure. The count for a user
// doesn't hold at addresses where this user has logged in before: strangers
// can't lock anybody out of the own machine.
type loginGuard struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[string]*loginAttempts
}

type loginAttempts struct {
	failed int
	last   time.Time
	known  bool // the user has logged in at this address
}

const (
	triesOfUserAtAddress = 10
	triesOfAddress       = 50
	triesOfUser          = 50
	loginPause           = time.Minute
	guardSize            = 20000 // of what is remembered
)

// guardKeys are what a login is counted under: the user at the address, the
// address and the user. An IPv6 host has a whole /64 to call from.
func guardKeys(user, address string) [3]string {
	if ip, err := netip.ParseAddr(address); err == nil && ip.Unmap().Is6() {
		if net, err := ip.WithZone("").Prefix(64); err == nil {
			address = net.String()
		}
	}
	return [3]string{"user " + user + " from " + address, "address " + address, "user " + user}
}

// begin counts an attempt as a failure until passed takes that back, so that
// many at a time are no more than as many one after the other.
func (g *loginGuard) begin(user, address string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, keys := g.now(), guardKeys(user, address)
	for i, limit := range []int{triesOfUserAtAddress, triesOfAddress, triesOfUser} {
		a := g.seen[keys[i]]
		if a == nil || a.failed < limit || now.Sub(a.last) >= loginPause {
			continue
		}
		if at := g.seen[keys[0]]; i == 2 && at != nil && at.known {
			continue
		}
		return fault(koji.CodeAuth, "too many failed logins; try again in a minute")
	}
	g.makeRoom(now)
	for _, k := range keys {
		a := g.seen[k]
		if a == nil {
			a = &loginAttempts{}
			g.seen[k] = a
		}
		if now.Sub(a.last) >= loginPause {
			a.failed = 0
		}
		a.failed++
		a.last = now
	}
	return nil
}

// passed says that an attempt was none to guess.
func (g *loginGuard) passed(user, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, k := range guardKeys(user, address) {
		a := g.seen[k]
		switch {
		case a == nil:
		case i == 0:
			a.failed, a.known = 0, true
		case a.failed > 0:
			a.failed--
		}
	}
}

// makeRoom forgets what is over, and under attack also what has not failed
// often enough to matter.
func (g *loginGuard) makeRoom(now time.Time) {
	if g.seen == nil {
		g.seen = map[string]*loginAttempts{}
	}
	if len(g.seen) < guardSize {
		return
	}
	for k, a := range g.seen {
		if now.Sub(a.last) >= loginPause && !a.known {
			delete(g.seen, k)
		}
	}
	if len(g.seen) < guardSize {
		return
	}
	for k, a := range g.seen {
		if a.failed < triesOfUserAtAddress {
			delete(g.seen, k)
		}
	}
}
