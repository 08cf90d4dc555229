package koji

// UserType tells people, builders and groups apart; all are users.
type UserType int

// The types of users.
const (
	UserNormal UserType = iota
	UserHost
	UserGroup
)

func (t UserType) String() string { return nameOf([]string{"NORMAL", "HOST", "GROUP"}, int(t)) }

// UserStatus tells whether a user may log in.
type UserStatus int

// The statuses of a user.
const (
	StatusNormal UserStatus = iota
	StatusBlocked
)

func (s UserStatus) String() string { return nameOf([]string{"NORMAL", "BLOCKED"}, int(s)) }

// AuthType is how a session logged in. Koji: reference/enums.md.
type AuthType int

// The ways to log in.
const (
	AuthPassword AuthType = iota
	AuthKerberos          // gone; old rows may hold it
	AuthSSL
	AuthGSSAPI
)

// User is a person, a builder's account or a group.
type User struct {
	ID            int64      `xmlrpc:"id"`
	Name          string     `xmlrpc:"name"`
	Status        UserStatus `xmlrpc:"status"`
	UserType      UserType   `xmlrpc:"usertype"`
	KrbPrincipals []string   `xmlrpc:"krb_principals"`
}

// LoggedInUser is who a session belongs to (getLoggedInUser).
type LoggedInUser struct {
	User
	AuthType     AuthType `xmlrpc:"authtype"`
	KrbPrincipal *string  `xmlrpc:"krb_principal"`
}

// Permission is a right by name.
type Permission struct {
	ID          int64   `xmlrpc:"id"`
	Name        string  `xmlrpc:"name"`
	Description *string `xmlrpc:"description"`
}

// SessionInfo is what a hub gives at login; Key is a secret.
type SessionInfo struct {
	ID         int64  `xmlrpc:"session-id"`
	Key        string `xmlrpc:"session-key"`
	HeaderAuth bool   `xmlrpc:"header-auth"`
}

// SessionRecord is a session as getSessionInfo tells it.
type SessionRecord struct {
	ID         int64    `xmlrpc:"id,omitempty"`
	UserID     int64    `xmlrpc:"user_id"`
	AuthType   AuthType `xmlrpc:"authtype"`
	CallNum    *int64   `xmlrpc:"callnum"`
	Exclusive  *bool    `xmlrpc:"exclusive"`
	Expired    bool     `xmlrpc:"expired"`
	Master     *int64   `xmlrpc:"master"`
	StartTime  Time     `xmlrpc:"start_time"`
	StartTS    *float64 `xmlrpc:"start_ts"`
	UpdateTime Time     `xmlrpc:"update_time"`
	UpdateTS   *float64 `xmlrpc:"update_ts"`
	RenewTime  Time     `xmlrpc:"renew_time"`
	RenewTS    *float64 `xmlrpc:"renew_ts"`
	HostIP     string   `xmlrpc:"hostip,omitempty"`
}
