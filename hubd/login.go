package hubd

import (
	"context"
	"net/netip"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

type loginArgs struct {
	Args []any          `rpc:"*args"`
	Opts map[string]any `rpc:"**opts"`
}

// words are the arguments by name: a method of *args and **opts has its names
// only here.
func (a loginArgs) words(names ...string) map[string]any {
	words := map[string]any{}
	for i, v := range a.Args {
		if i < len(names) {
			words[names[i]] = v
		}
	}
	for k, v := range a.Opts {
		words[k] = v
	}
	return words
}

// credentials are a name and a password as they came in.
type credentials struct{ name, password string }

// passwordLogin reads the words of login(user, password, opts=nil, renew, exclusive).
func passwordLogin(a loginArgs) (who credentials, words map[string]any, ok bool) {
	words = a.words("user", "password", "opts", "renew", "exclusive")
	var isName, isPassword bool
	who.name, isName = words["user"].(string)
	who.password, isPassword = words["password"].(string)
	return who, words, isName && isPassword && who.name != "" && who.password != "" && len(who.name) <= 255
}

// proof is what came of comparing a password with the one that was stored then.
type proof struct {
	stored string
	err    error  // why it doesn't count
	hashed string // what to store in place of a plain text
}

// login takes (user, password, opts=nil), renew and exclusive.
func login(c *call, a loginArgs) (any, error) {
	if c.session.loggedIn {
		return nil, fault(koji.CodeAuth, "Already logged in")
	}
	who, words, ok := passwordLogin(a)
	if !ok {
		return nil, errBadLogin
	}
	user, _, err := c.tx.Login(c, who.name)
	if err != nil {
		return nil, err
	}
	p, proved := c.request.proofs[who]
	if !proved || p.stored != user.Password { // it was changed in between
		p = c.hub.prove(c, c.request.address, who, user)
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := mayLogIn(user); err != nil {
		return nil, err
	}
	if p.hashed != "" {
		if err := c.tx.SetPassword(c, user.ID, p.hashed); err != nil {
			return nil, err
		}
	}
	hostip := c.hub.hostIP(c.request.address)
	opts, _ := words["opts"].(map[string]any)
	if given, ok := opts["hostip"].(string); ok && c.hub.cfg.CheckClientIP {
		ip, err := netip.ParseAddr(given)
		if err != nil || ip.Zone() != "" {
			return nil, fault(koji.CodeAuth, "opts: hostip %q is no address", given)
		}
		hostip = c.hub.hostIP(ip.Unmap().String())
	}
	return c.openSession(user.ID, koji.AuthPassword, hostip, truthy(words["renew"]), truthy(words["exclusive"]))
}

// errBadLogin tells a wrong name from a wrong password to nobody.
var errBadLogin = fault(koji.CodeAuth, "invalid username or password")

// mayLogIn refuses a user that is blocked.
func mayLogIn(user sqlstore.Login) error {
	if user.Status != koji.StatusNormal {
		return fault(koji.CodeAuth, "logins by %s are not allowed", user.Name)
	}
	return nil
}

// prove compares a password with the user's; user is empty if there is none. It
// takes a while, the same one whoever is asked for.
func (h *Hub) prove(ctx context.Context, address string, who credentials, user sqlstore.Login) proof {
	p := proof{stored: user.Password}
	if p.err = h.guard.begin(who.name, address); p.err != nil {
		return p
	}
	select {
	case h.hashing <- struct{}{}:
		defer func() {
			<-h.hashing
			h.hashed.Reset(hashRest)
		}()
	case <-ctx.Done():
		p.err = ctx.Err()
		return p
	}
	stored := user.Password
	if user.UserType == koji.UserGroup {
		stored = "" // a group has none to log in with
	}
	ok, rehash := checkPassword(stored, who.password)
	if !ok {
		p.err = errBadLogin
		return p
	}
	h.guard.passed(who.name, address)
	if rehash {
		p.hashed, p.err = hashPassword(who.password)
	}
	return p
}

// loginsPerRequest is how many passwords a multiCall may try.
const loginsPerRequest = 10

// provePasswords compares the passwords of a request's logins before its
// transaction begins: on SQLite all changes would wait for it.
func (h *Hub) provePasswords(ctx context.Context, req *request, method string, params []any) error {
	for who := range logins(method, params) {
		if len(req.proofs) >= loginsPerRequest {
			return fault(koji.CodeAuth, "more than %d logins in one request", loginsPerRequest)
		}
		var user sqlstore.Login
		err := h.store.Read(ctx, func(tx *sqlstore.Tx) (err error) {
			user, _, err = tx.Login(ctx, who.name)
			return err
		})
		if err != nil {
			return err
		}
		if req.proofs == nil {
			req.proofs = map[credentials]proof{}
		}
		req.proofs[who] = h.prove(ctx, req.address, who, user)
	}
	return nil
}

// logins are the password logins in a call: its own, those in a multiCall, and
// one that count or filterResults runs.
func logins(method string, params []any) map[credentials]bool {
	for range deepestInner {
		inner, ok := wrappedCall(method, params)
		if !ok {
			break
		}
		method, params = inner.name, inner.params
	}
	switch {
	case method == "login":
		positional, named := xmlrpc.Kwargs(params)
		if who, _, ok := passwordLogin(loginArgs{positional, named}); ok {
			return map[credentials]bool{who: true}
		}
	case isMulticall(method):
		all := map[credentials]bool{}
		for _, inner := range multicallCalls(params) {
			for who := range logins(inner.name, inner.params) {
				all[who] = true
			}
		}
		return all
	}
	return nil
}
