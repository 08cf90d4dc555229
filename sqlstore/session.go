package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"koji"
)

// Session is a session that is not closed, with the user it belongs to.
type Session struct {
	ID        int64
	Key       string // a secret
	User      int64
	UserName  string
	Status    koji.UserStatus
	UserType  koji.UserType
	Host      int64 // 0 when the user is no builder
	AuthType  koji.AuthType
	Master    int64 // 0 when this is no subsession
	HostIP    string
	CallNum   *int64
	Expired   bool
	Exclusive bool
	Start     time.Time
	Renewed   time.Time // zero when it never was
	Holder    int64     // another open exclusive session of the user, 0 when there is none
}

// Session finds an open session; the bool says whether there is one. In a
// transaction that writes, the row is locked.
func (tx *Tx) Session(ctx context.Context, id int64) (Session, bool, error) {
	lock := ""
	if !tx.readOnly && tx.store.engine == postgresEngine {
		lock = " FOR UPDATE OF s"
	}
	s, found, err := one(ctx, tx, `
		SELECT s.id, s.key, s.user_id, u.name, u.status, u.usertype, coalesce(h.id, 0), coalesce(s.authtype, 0),
		       coalesce(s.master, 0), coalesce(s.hostip, '-'), s.callnum, s.expired, s.exclusive, s.start_time, s.renew_time,
		       coalesce((SELECT o.id FROM sessions o WHERE o.user_id = s.user_id AND o.exclusive = TRUE AND o.closed = FALSE AND o.id <> s.id LIMIT 1), 0)
		FROM sessions s
		JOIN users u ON u.id = s.user_id
		LEFT JOIN host h ON h.user_id = s.user_id
		WHERE s.id = ? AND s.closed = FALSE`+lock, []any{id},
		func(row scanner) (Session, error) {
			var s Session
			var exclusive sql.NullBool
			var start, renewed stamp
			err := row.Scan(&s.ID, &s.Key, &s.User, &s.UserName, &s.Status, &s.UserType, &s.Host, &s.AuthType,
				&s.Master, &s.HostIP, &s.CallNum, &s.Expired, &exclusive, &start, &renewed, &s.Holder)
			s.Exclusive, s.Start, s.Renewed = exclusive.Bool, start.Time, renewed.Time
			return s, err
		})
	return s, found, wrap(err, "find session %d", id)
}

// CreateSession opens a session; master is 0 for one of its own.
func (tx *Tx) CreateSession(ctx context.Context, user int64, key string, auth koji.AuthType, hostip string, master int64) (int64, error) {
	var top any
	if master != 0 {
		top = master
	}
	id, err := tx.insertID(ctx, `INSERT INTO sessions (user_id, key, hostip, authtype, master, start_time, update_time)
		VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`, user, key, hostip, int(auth), top, tx.now, tx.now)
	return id, wrap(err, "open session of user %d", user)
}

// RenewSession gives an expired session a new key. Its call numbers start again.
func (tx *Tx) RenewSession(ctx context.Context, id int64, key string) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET key = ?, expired = FALSE, callnum = NULL, renew_time = ?, update_time = ? WHERE id = ?`,
		key, tx.now, tx.now, id)
	return wrap(err, "renew session %d", id)
}

// ExpireSession marks a session and its subsessions as expired.
func (tx *Tx) ExpireSession(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET expired = TRUE WHERE id = ? OR master = ?`, id, id)
	return wrap(err, "expire session %d", id)
}

// CloseSession ends a session and its subsessions. That counts as a change also
// if there was nothing to end, so that the call can't be repeated, as with Koji.
func (tx *Tx) CloseSession(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET expired = TRUE, closed = TRUE, exclusive = NULL WHERE id = ? OR master = ?`, id, id)
	tx.changed = true
	return wrap(err, "close session %d", id)
}

// CloseChild is CloseSession of a subsession of master; of another session nothing is changed.
func (tx *Tx) CloseChild(ctx context.Context, id, master int64) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET expired = TRUE, closed = TRUE, exclusive = NULL WHERE id = ? AND master = ?`, id, master)
	tx.changed = true
	return wrap(err, "close session %d", id)
}

// ExclusiveSession is the open exclusive session of a user, 0 if there is none.
// In a transaction that writes, the user is locked until its end.
func (tx *Tx) ExclusiveSession(ctx context.Context, user int64) (int64, error) {
	if _, _, err := one(ctx, tx, `SELECT id FROM users WHERE id = ?`+tx.forUpdate(), []any{user}, value[int64]); err != nil {
		return 0, wrap(err, "lock user %d", user)
	}
	id, _, err := one(ctx, tx, `SELECT id FROM sessions WHERE user_id = ? AND exclusive = TRUE AND closed = FALSE`, []any{user}, value[int64])
	return id, wrap(err, "find exclusive session of user %d", user)
}

// SetExclusive makes a session exclusive or shared.
func (tx *Tx) SetExclusive(ctx context.Context, id int64, exclusive bool) error {
	var v any
	if exclusive {
		v = true
	}
	_, err := tx.exec(ctx, `UPDATE sessions SET exclusive = ? WHERE id = ?`, v, id)
	return wrap(err, "set session %d exclusive", id)
}

// SetCallNum stores the number of the last call that changed something, when the transaction is committed.
func (tx *Tx) SetCallNum(id, callnum int64) {
	tx.atEnd(`UPDATE sessions SET callnum = ? WHERE id = ?`, callnum, id)
}

// TouchSessions notes when sessions were last used, and moves no time backwards. A
// session that a call changes just now is left out: it would be waited for with
// others locked, which two hubs could do crosswise.
func (tx *Tx) TouchSessions(ctx context.Context, used map[int64]time.Time) error {
	for _, id := range slices.Sorted(maps.Keys(used)) {
		_, err := tx.exec(ctx, `UPDATE sessions SET update_time = ? WHERE id IN (SELECT id FROM sessions WHERE id = ? AND update_time < ?`+
			tx.forUpdateFree()+`)`, used[id], id, used[id])
		if err != nil {
			return wrap(err, "touch session %d", id)
		}
	}
	return nil
}

// SessionRecord is one session as getSessionInfo shows it.
func (tx *Tx) SessionRecord(ctx context.Context, id int64) (*koji.SessionRecord, error) {
	r, found, err := one(ctx, tx, sessionColumns+` WHERE id = ?`, []any{id}, scanSession)
	if err != nil || !found {
		return nil, wrap(err, "read session %d", id)
	}
	return &r, nil
}

// UserSessions are a user's open sessions.
func (tx *Tx) UserSessions(ctx context.Context, user int64) ([]koji.SessionRecord, error) {
	l, err := list(ctx, tx, sessionColumns+` WHERE user_id = ? AND closed = FALSE ORDER BY id`, []any{user}, scanSession)
	return l, wrap(err, "list sessions of user %d", user)
}

const sessionColumns = `SELECT id, user_id, coalesce(authtype, 0), callnum, exclusive, expired, master, start_time, update_time, renew_time, coalesce(hostip, '-') FROM sessions`

func scanSession(row scanner) (koji.SessionRecord, error) {
	var r koji.SessionRecord
	err := row.Scan(&r.ID, &r.UserID, &r.AuthType, &r.CallNum, &r.Exclusive, &r.Expired, &r.Master,
		scanTime(&r.StartTime, &r.StartTS), scanTime(&r.UpdateTime, &r.UpdateTS), scanTime(&r.RenewTime, &r.RenewTS), &r.HostIP)
	return r, err
}

// UserPerms are the names of a user's permissions, with those of its groups if withGroups.
func (tx *Tx) UserPerms(ctx context.Context, user int64, withGroups bool) ([]string, error) {
	query, args := `
		SELECT p.name FROM user_perms up JOIN permissions p ON p.id = up.perm_id
		WHERE up.active = TRUE AND up.user_id = ?`, []any{user}
	if withGroups {
		query += ` UNION SELECT p.name FROM user_groups ug
			JOIN user_perms up ON up.user_id = ug.group_id AND up.active = TRUE
			JOIN permissions p ON p.id = up.perm_id
			WHERE ug.active = TRUE AND ug.user_id = ?`
		args = append(args, user)
	}
	l, err := list(ctx, tx, query+` ORDER BY 1`, args, value[string])
	return l, wrap(err, "list permissions of user %d", user)
}

// Login is what a password is checked against.
type Login struct {
	ID       int64
	Name     string
	Status   koji.UserStatus
	UserType koji.UserType
	Password string // "" when the user has none
}

// Login finds a user to log in; the bool says whether there is one.
func (tx *Tx) Login(ctx context.Context, name string) (Login, bool, error) {
	l, found, err := one(ctx, tx, `SELECT id, name, status, usertype, coalesce(password, '') FROM users WHERE name = ?`, []any{name},
		func(row scanner) (Login, error) {
			var l Login
			err := row.Scan(&l.ID, &l.Name, &l.Status, &l.UserType, &l.Password)
			return l, err
		})
	return l, found, wrap(err, "find user %s", name)
}

// SetPassword stores a user's hashed password, "" for none.
func (tx *Tx) SetPassword(ctx context.Context, user int64, hashed string) error {
	var v any
	if hashed != "" {
		v = hashed
	}
	_, err := tx.exec(ctx, `UPDATE users SET password = ? WHERE id = ?`, v, user)
	return wrap(err, "set password of user %d", user)
}

// UseToken notes that a token was used to log in, and until when it would be
// taken; the bool says whether this was the first time.
func (tx *Tx) UseToken(ctx context.Context, digest []byte, until time.Time) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO hubd_login_tokens (digest, until) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING`, hex.EncodeToString(digest), until)
	return n > 0, wrap(err, "note login token")
}

// PruneTokens forgets tokens that wouldn't be taken any more.
func (tx *Tx) PruneTokens(ctx context.Context) error {
	_, err := tx.exec(ctx, `DELETE FROM hubd_login_tokens WHERE until < ?`, tx.now)
	return wrap(err, "prune login tokens")
}
