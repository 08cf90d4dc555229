package hubd

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"koji"
)

func authMethods() []method {
	return []method{
		writes("login", anyone, "Password login; returns session info.", login),
		writes("sslLogin", anyone, "Login by client certificate, Kerberos ticket or a proxy's word; returns session info.", sslLogin),
		writes("logout", anyone, "Closes the session (and subsessions) or another session of the same user.", logout),
		writes("logoutChild", inSession, "Closes one child session.", logoutChild),
		writes("subsession", inSession, "Creates a child session.", subsession),
		writes("exclusiveSession", anyone, "Makes the session exclusive for its user.", exclusiveSession),
		writes("sharedSession", anyone, "Gives up exclusive mode.", sharedSession),
		reads("getSessionInfo", anyone, "Session row of the caller, or all live sessions of a user.", getSessionInfo),
		reads("showSession", anyone, "Debug text of the current session.", showSession),
		reads("getLoggedInUser", anyone, "Current user record with authtype, or nil when anonymous.", getLoggedInUser),
	}
}

// openSession opens a session for a user, or renews the expired one that the
// request came with. Koji: reference/wire.md §4, "Renewal".
func (c *call) openSession(userID int64, auth koji.AuthType, hostip string, renew, exclusive bool) (any, error) {
	key := sessionSecret(userID)
	var id int64
	if old := c.session.expired; renew && old != nil && old.User == userID {
		id = old.ID
		if old.Master != 0 {
			if exclusive {
				return nil, refuse("subsessions cannot become exclusive")
			}
			if _, open, err := c.tx.Session(c, old.Master); err != nil || !open {
				return nil, err
			}
		}
		if err := c.tx.RenewSession(c, id, key); err != nil {
			return nil, err
		}
		c.session.id = 0 // the number of this call belongs to the time before
	} else {
		var err error
		if id, err = c.tx.CreateSession(c, userID, key, auth, hostip, 0); err != nil {
			return nil, err
		}
	}
	if exclusive {
		if err := c.makeExclusive(userID, id, false); err != nil {
			return nil, err
		}
	}
	return koji.SessionInfo{ID: id, Key: key, HeaderAuth: true}, nil
}

// sessionSecret is a new key: the user's id and 19 random letters and digits.
func sessionSecret(userID int64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 19)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // the system has no randomness: nothing may go on
		}
		b[i] = letters[n.Int64()]
	}
	return fmt.Sprintf("%d-%s", userID, b)
}

type logoutArgs struct {
	SessionID *int64 `rpc:"session_id=nil"`
}

func logout(c *call, a logoutArgs) (any, error) {
	if !c.session.loggedIn {
		return nil, fault(koji.CodeAuth, "Not logged in")
	}
	id := c.session.id
	if a.SessionID != nil && *a.SessionID != id {
		id = *a.SessionID
		other, found, err := c.tx.Session(c, id)
		if err != nil {
			return nil, err
		}
		admin, err := c.isAdmin()
		if err != nil {
			return nil, err
		}
		if !admin && (!found || other.User != c.session.user) {
			return nil, refuse("only admins or owner may logout other session")
		}
	}
	if err := c.tx.CloseSession(c, id); err != nil {
		return nil, err
	}
	if id == c.session.id || id == c.session.master {
		*c.session = session{} // what follows in a multiCall is nobody's
	}
	return nil, nil
}

// inSession is anyone with a session, for the calls about sessions.
var inSession = access{"users", func(c *call) error {
	if !c.session.loggedIn {
		return fault(koji.CodeAuth, "Not logged in")
	}
	return nil
}}

type logoutChildArgs struct {
	SessionID int64 `rpc:"session_id"`
}

// logoutChild ends a subsession. One that has ended, or isn't the caller's, is no error.
func logoutChild(c *call, a logoutChildArgs) (any, error) {
	return nil, c.tx.CloseChild(c, a.SessionID, c.session.id)
}

func subsession(c *call, _ none) (any, error) {
	top := c.session.id
	if c.session.master != 0 {
		top = c.session.master
	}
	key := sessionSecret(c.session.user)
	id, err := c.tx.CreateSession(c, c.session.user, key, c.session.authType, c.hub.hostIP(c.request.address), top)
	if err != nil {
		return nil, err
	}
	return koji.SessionInfo{ID: id, Key: key, HeaderAuth: true}, nil
}

type exclusiveArgs struct {
	Args []any          `rpc:"*args"`
	Opts map[string]any `rpc:"**opts"`
}

func exclusiveSession(c *call, a exclusiveArgs) (any, error) {
	if !c.session.loggedIn {
		return nil, nil
	}
	if c.session.master != 0 {
		return nil, refuse("subsessions cannot become exclusive")
	}
	if c.session.exclusive {
		return nil, refuse("session %d is exclusive already", c.session.id)
	}
	force := truthy(a.Opts["force"]) || len(a.Args) > 0 && truthy(a.Args[0])
	return nil, c.makeExclusive(c.session.user, c.session.id, force)
}

// makeExclusive gives a user's lock to a session; force closes the one that has it.
func (c *call) makeExclusive(userID, id int64, force bool) error {
	holder, err := c.tx.ExclusiveSession(c, userID)
	if err != nil {
		return err
	}
	if holder != 0 && holder != id {
		if !force {
			return fault(koji.CodeAuthLock, "Cannot get exclusive session")
		}
		if err := c.tx.CloseSession(c, holder); err != nil {
			return err
		}
	}
	return c.tx.SetExclusive(c, id, true)
}

func sharedSession(c *call, _ none) (any, error) {
	if !c.session.loggedIn {
		return nil, nil
	}
	return nil, c.tx.SetExclusive(c, c.session.id, false)
}

// userOf finds a user for a call about sessions, where what names no user is
// the same as a user that isn't there.
func (c *call) userOf(ref any) (int64, error) {
	switch ref.(type) {
	case int64, string, map[string]any:
		return c.userID(ref)
	}
	return 0, refuse("No such user: %s", refText(ref))
}

type sessionInfoArgs struct {
	Details bool `rpc:"details=false"`
	UserID  any  `rpc:"user_id=nil"`
}

func getSessionInfo(c *call, a sessionInfoArgs) (any, error) {
	if !c.session.loggedIn {
		return nil, nil
	}
	if a.UserID != nil {
		u, err := c.userOf(a.UserID)
		if err != nil {
			return nil, err
		}
		if u != c.session.user {
			if err := c.needPerm("admin"); err != nil {
				return nil, err
			}
		}
		return c.tx.UserSessions(c, u)
	}
	r, err := c.tx.SessionRecord(c, c.session.id)
	if err != nil || r == nil || !a.Details {
		if r != nil {
			r.HostIP = ""
		}
		return r, err
	}
	return r, nil
}

func showSession(c *call, _ none) (any, error) {
	if !c.session.loggedIn {
		return "session: not logged in", nil
	}
	return fmt.Sprintf("session %d of %s, exclusive: %t", c.session.id, c.session.name, c.session.exclusive), nil
}

func getLoggedInUser(c *call, _ none) (any, error) {
	if !c.session.loggedIn {
		return nil, nil
	}
	u, err := c.tx.User(c, c.session.user)
	if err != nil || u == nil {
		return nil, err
	}
	me := koji.LoggedInUser{User: *u, AuthType: c.session.authType}
	if len(u.KrbPrincipals) > 0 {
		me.KrbPrincipal = &u.KrbPrincipals[0]
	}
	return me, nil
}
