package hubd

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"koji"
	"koji/sqlstore"
)

// session is who calls. The zero session is nobody: an anonymous caller.
type session struct {
	id        int64
	user      int64
	name      string
	userType  koji.UserType
	authType  koji.AuthType
	host      int64
	master    int64
	exclusive bool
	loggedIn  bool
	expired   *sqlstore.Session // a session that login may renew
	perms     map[string]bool   // read when first asked for
}

// sessionKey is the session that a request presents.
type sessionKey struct {
	id     int64
	key    string
	given  bool
	broken error // what was presented can't be one
}

// sessionOf reads the session from the request: from headers, or from the URL
// where that is allowed. Koji: reference/wire.md §4.
func (h *Hub) sessionOf(r *http.Request, req *request) {
	var id, key, num string
	numbered := false
	if _, given := r.Header["Koji-Session-Id"]; given {
		id, key = r.Header.Get("Koji-Session-Id"), r.Header.Get("Koji-Session-Key")
		for _, name := range []string{"Koji-Session-Callnum", "Koji-Callnum"} {
			if _, numbered = r.Header[name]; numbered {
				num = r.Header.Get(name)
				break
			}
		}
		if key == "" {
			req.session.broken = fault(koji.CodeAuth, "header Koji-Session-Key is missing")
		}
	} else if r.URL.RawQuery != "" {
		q := r.URL.Query()
		switch {
		case h.cfg.DisableURLSessions:
			if q.Has("session-id") {
				req.session.broken = fault(koji.CodeAuth, "sessions in the URL are disabled; send the Koji-Session-* headers")
			}
			return
		case !q.Has("session-id"):
			req.session.broken = fault(koji.CodeAuth, "'session-id' not specified in session args")
		case !q.Has("session-key"):
			req.session.broken = fault(koji.CodeAuth, "'session-key' not specified in session args")
		}
		id, key, num, numbered = q.Get("session-id"), q.Get("session-key"), q.Get("callnum"), q.Has("callnum")
	} else {
		return
	}
	if req.session.broken != nil {
		return
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		req.session.broken = fault(koji.CodeAuth, "Invalid session or bad credentials")
		return
	}
	req.session = sessionKey{id: n, key: key, given: true}
	if numbered {
		n, err := strconv.ParseInt(num, 10, 32)
		if err != nil {
			req.session.broken = fault(koji.CodeAuth, "Invalid callnum: %q", num)
			return
		}
		req.callnum = &n
	}
}

// needsExpiry says that the session's time is up, which a writing transaction must record.
type needsExpiry struct{ id int64 }

func (e *needsExpiry) Error() string { return fmt.Sprintf(`session "%d" has expired`, e.id) }

// expire records what needsExpiry found, and gives the fault for it.
func (h *Hub) expire(ctx context.Context, e *needsExpiry) error {
	err := h.store.Write(ctx, func(tx *sqlstore.Tx) error { return tx.ExpireSession(ctx, e.id) })
	if err != nil {
		return err
	}
	return koji.NewError(koji.CodeAuthExpired, e.Error())
}

// repeatable are the calls that may come twice with the same number.
var repeatable = map[string]bool{
	"host.taskWait": true, "host.taskUnwait": true, "host.taskSetWait": true, "host.updateHost": true,
	"host.setBuildRootState": true, "repoExpire": true, "repoDelete": true, "repoProblem": true,
}

// checkSession finds out who calls and whether that session may, in Koji's
// order of checks (reference/wire.md §4, "Check order for each request").
func (h *Hub) checkSession(c *call, write bool) (*session, error) {
	key := c.request.session
	if key.broken != nil {
		return nil, key.broken
	}
	if !key.given {
		return &session{}, nil
	}
	row, found, err := c.tx.Session(c, key.id)
	if err != nil {
		return nil, err
	}
	if !found || subtle.ConstantTimeCompare([]byte(row.Key), []byte(key.key)) != 1 || row.HostIP != h.hostIP(c.request.address) {
		return nil, fault(koji.CodeAuth, "Invalid session or bad credentials")
	}
	login := c.method == "login" || c.method == "sslLogin"
	if limit := h.cfg.SessionRenewalTimeout; !row.Expired && limit > 0 {
		since := row.Start
		if !row.Renewed.IsZero() {
			since = row.Renewed
		}
		if c.tx.Now().Sub(since) > limit {
			if !login {
				return nil, &needsExpiry{row.ID}
			}
			if err := c.tx.ExpireSession(c, row.ID); err != nil {
				return nil, err
			}
			row.Expired = true
		}
	}
	if row.Expired && !login {
		return nil, fault(koji.CodeAuthExpired, `session "%d" has expired`, row.ID)
	}
	if num := c.request.callnum; num != nil && row.CallNum != nil && !row.Expired {
		switch {
		case *row.CallNum > *num:
			return nil, fault(koji.CodeSequence, "%d > %d (session %d)", *row.CallNum, *num, row.ID)
		case *row.CallNum == *num && !repeatable[c.method]:
			return nil, fault(koji.CodeRetry, "unable to retry call %d (method %s) for session %d", *num, c.method, row.ID)
		}
	}
	if row.Expired {
		return &session{id: row.ID, expired: &row}, nil
	}
	if row.Status != koji.StatusNormal {
		return nil, fault(koji.CodeAuth, "logins by %s are not allowed", row.UserName)
	}
	s := &session{
		id: row.ID, user: row.User, name: row.UserName, userType: row.UserType, authType: row.AuthType,
		host: row.Host, master: row.Master, exclusive: row.Exclusive, loggedIn: true,
	}
	if s.userType != koji.UserHost {
		s.host = 0
	}
	if !s.exclusive && row.Holder != 0 {
		if row.Holder == row.Master {
			s.exclusive = true
		} else if c.method != "exclusiveSession" && c.method != "login" && c.method != "logout" {
			return nil, fault(koji.CodeAuthLock, "User locked by another session")
		}
	}
	h.touched.note(row.ID, c.tx.Now())
	return s, nil
}

// hostIP is the address that a session is bound to. Of the hub's own machine
// it is the one that its name stands for, as sessions that Koji's hub opened
// have it.
func (h *Hub) hostIP(address string) string {
	switch {
	case !h.cfg.CheckClientIP:
		return "-"
	case address == "127.0.0.1":
		return ownAddress()
	}
	return address
}

// ownAddress is the IPv4 address of the machine's name, or 127.0.0.1 if it has
// none. It is asked for once: a session must not end because it changed.
var ownAddress = sync.OnceValue(func() string {
	const loopback = "127.0.0.1"
	name, err := os.Hostname()
	if err != nil {
		return loopback
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupIP(ctx, "ip4", name)
	if err != nil || len(found) == 0 {
		return loopback
	}
	return found[0].String()
})

// touches gathers when sessions were last used, so that a call that reads
// needn't write. What is gathered is stored every few seconds and at the end.
type touches struct {
	mu   sync.Mutex
	used map[int64]time.Time
}

func (t *touches) note(id int64, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		t.used = map[int64]time.Time{}
	}
	t.used[id] = at
}

func (t *touches) take() map[int64]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	used := t.used
	t.used = nil
	return used
}

// storeTouches writes what was gathered.
func (h *Hub) storeTouches(ctx context.Context) error {
	used := h.touched.take()
	if len(used) == 0 {
		return nil
	}
	return h.store.Write(ctx, func(tx *sqlstore.Tx) error { return tx.TouchSessions(ctx, used) })
}
