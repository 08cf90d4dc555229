package koji

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// LoginMethod is a way to prove who one is.
type LoginMethod string

// The ways to log in.
const (
	LoginAuto     LoginMethod = ""         // the certificate if there is one, else the keytab, else the password
	LoginPassword LoginMethod = "password" // Options.User and Password
	LoginSSL      LoginMethod = "ssl"      // Options.Cert, by sslLogin at <server>/ssllogin
	LoginKerberos LoginMethod = "kerberos" // Options.Keytab, or the tickets of kinit; sslLogin too
)

// LoginOptions are the details of a login.
type LoginOptions struct {
	Method        LoginMethod
	Exclusive     bool      // make the session the user's only one; fails if there is another
	ProxyUser     string    // log in as this user (ssl and kerberos; the hub must trust who asks for it)
	ProxyAuthType *AuthType // what the hub records as the way ProxyUser logged in
}

// Login opens a session. It is an error to be logged in already. A wrong name
// or password is an *Error that matches ErrAuth. Once it succeeded, the
// session renews itself when the hub lets it expire.
func (s *Session) Login(ctx context.Context, o LoginOptions) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	if s.LoggedIn() {
		return fmt.Errorf("log in: session %d is logged in already", s.Info().ID)
	}
	info, err := s.openSession(ctx, o, nil)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info, s.loggedIn, s.exclusive = *info, true, o.Exclusive
	s.counted, s.callNum = true, 0
	s.login = &o
	return nil
}

// renew brings an expired session back to life; the caller has the turn.
// Numbers go on instead of beginning anew at 0 as Koji's client has it: Koji's
// hub keeps the old number and would refuse with a SequenceError, and any hub
// accepts a greater one.
func (s *Session) renew(ctx context.Context) error {
	s.mu.Lock()
	o, old, exclusive := s.login, s.info, s.exclusive
	s.mu.Unlock()
	if o == nil {
		return errors.New("nothing to log in with again")
	}
	again := *o
	again.Exclusive = exclusive
	info, err := s.openSession(ctx, again, &old)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info = *info
	return nil
}

// openSession sends the login, or with old set the renewal of that session.
func (s *Session) openSession(ctx context.Context, o LoginOptions, old *SessionInfo) (*SessionInfo, error) {
	named := Named{}
	if o.Exclusive {
		named["exclusive"] = true
	}
	if old != nil {
		named["renew"] = true
	}
	r := &request{timeout: s.o.AuthTimeout, id: identity{info: old}}
	var args []any
	switch o.method(s.o) {
	case LoginPassword:
		if s.o.User == "" {
			return nil, errors.New("log in: no user given")
		}
		r.method = "login"
		args = []any{s.o.User, s.o.Password}
	case LoginSSL:
		if s.o.Cert == "" {
			return nil, errors.New("log in: no client certificate given")
		}
		s.vouched(r, o, named)
	case LoginKerberos:
		r.authorize = s.o.negotiateHeader
		s.vouched(r, o, named)
	default:
		return nil, fmt.Errorf("log in: no such method %q: password, ssl or kerberos", o.Method)
	}
	var info *SessionInfo
	if err := r.encode(append(args, named)); err != nil {
		return nil, err
	}
	r.result = &info
	if err := s.attempt(ctx, r); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	if info == nil {
		return nil, errors.New("log in: the hub gave no session (of a subsession: its master is closed)")
	}
	return info, nil
}

// vouched makes a login of one that isn't proven by the call but around it. It
// goes by https: neither certificates nor tickets mean anything without.
func (s *Session) vouched(r *request, o LoginOptions, named Named) {
	r.method, r.path = "sslLogin", "/ssllogin"
	s.forceHTTPS()
	if o.ProxyUser != "" {
		named["proxyuser"] = o.ProxyUser
	}
	if o.ProxyAuthType != nil {
		named["proxyauthtype"] = int64(*o.ProxyAuthType)
	}
}

func (o LoginOptions) method(s Options) LoginMethod {
	switch {
	case o.Method != LoginAuto:
		return o.Method
	case s.Cert != "":
		return LoginSSL
	case s.Keytab != "":
		return LoginKerberos
	default:
		return LoginPassword
	}
}

// forceHTTPS makes this and all later calls go by https.
func (s *Session) forceHTTPS() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base.Scheme != "https" {
		b := *s.base
		b.Scheme = "https"
		s.base = &b
	}
}

func (s *Session) baseURL() *url.URL {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// Logout ends the session and its subsessions. It is tried once; that the
// session had expired already is no error. Without a login it does nothing.
func (s *Session) Logout(ctx context.Context) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	if !s.LoggedIn() {
		return nil
	}
	r := &request{method: "logout", timeout: s.o.AuthTimeout, once: true, id: s.nextIdentity()}
	if err := r.encode(nil); err != nil {
		return err
	}
	err = s.attempt(ctx, r)
	s.mu.Lock()
	s.info, s.loggedIn, s.exclusive, s.login = SessionInfo{}, false, false, nil
	s.mu.Unlock()
	if err != nil && !errors.Is(err, ErrAuthExpired) {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// Subsession opens a session under this one, to hand to another process. It
// shares the exclusivity of its master and ends with it.
func (s *Session) Subsession(ctx context.Context) (SessionInfo, error) {
	var info SessionInfo
	if err := s.Call(ctx, "subsession", &info); err != nil {
		return SessionInfo{}, fmt.Errorf("open subsession: %w", err)
	}
	return info, nil
}

// Join takes up a login that other processes use at the same time, by a session
// under it: each counts its own calls. The call that opens it has no number, as
// theirs go on meanwhile. Logout ends it, and the login goes on.
func (s *Session) Join(ctx context.Context, login SessionInfo) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	var info *SessionInfo
	r := &request{method: "subsession", result: &info, timeout: s.o.AuthTimeout, id: identity{info: &login}}
	if err := r.encode(nil); err != nil {
		return err
	}
	if err := s.attempt(ctx, r); err != nil {
		return fmt.Errorf("join session %d: %w", login.ID, err)
	}
	if info == nil {
		return fmt.Errorf("join session %d: the hub gave no session", login.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info, s.loggedIn, s.exclusive, s.login = *info, true, false, nil
	s.counted, s.callNum = true, 0
	return nil
}

// Exclusive makes the session the only one of its user. If there is another
// exclusive one, it fails with ErrAuthLocked, or closes that one with force.
func (s *Session) Exclusive(ctx context.Context, force bool) error {
	if err := s.Call(ctx, "exclusiveSession", nil, force); err != nil {
		return fmt.Errorf("make session exclusive: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exclusive = true
	return nil
}
