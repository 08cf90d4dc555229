package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"koji"
	"koji/profiles"
)

// Session is the session with the hub, logged in unless the user asked not to.
func (e *Env) Session(ctx context.Context) (*koji.Session, error) {
	s, err := e.Anonymous(ctx)
	if err != nil || s.LoggedIn() || e.profile.AuthType == "noauth" {
		return s, err
	}
	if err := e.login(ctx); err != nil {
		return nil, err
	}
	return e.session, nil
}

// Anonymous is the session with the hub for what needs no login. It is logged
// in all the same with --force-auth.
func (e *Env) Anonymous(ctx context.Context) (*koji.Session, error) {
	p, err := e.Profile()
	if err != nil {
		return nil, err
	}
	if e.session == nil {
		if e.session, err = koji.New(e.options(p)); err != nil {
			return nil, failf("%v", err)
		}
		if p.ForceAuth && p.AuthType != "noauth" {
			if err := e.login(ctx); err != nil {
				return nil, err
			}
		}
	}
	return e.session, nil
}

// options are the profile's, with what a login may need.
func (e *Env) options(p *profiles.Profile) koji.Options {
	o := koji.Options{
		Server: p.Server, TopURL: p.TopURL,
		ServerCA: p.ServerCA, NoVerify: p.NoSSLVerify,
		Timeout: p.Timeout, AuthTimeout: p.AuthTimeout,
		MaxRetries: p.MaxRetries, RetryInterval: p.RetryInterval, OfflineRetryInterval: p.OfflineRetryInterval,
		AnonRetry: p.AnonRetry, OfflineRetry: p.OfflineRetry,
		UploadBlocksize: p.UploadBlocksize,
		OnRetry:         e.tellRetry,
	}
	if p.MaxRetries == 0 {
		o.MaxRetries = -1
	}
	switch method, _ := e.method(p); method {
	case koji.LoginSSL:
		o.Cert = p.Cert
	case koji.LoginKerberos:
		o.Keytab, o.Principal = p.Keytab, p.Principal
	case koji.LoginPassword:
		o.User = e.user(p)
		o.Password, _ = e.password(p)
	}
	if p.Debug {
		o.Logger = slog.New(slog.NewTextHandler(e.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return o
}

// tellRetry says once that the hub is waited for.
func (e *Env) tellRetry(err error, attempt int) {
	if attempt != 2 || e.quiet() {
		return
	}
	tell := func() { e.warn("koji: no answer from the hub, trying again: %v", err) }
	if p := e.bar.Load(); p != nil {
		p.aside(tell)
	} else {
		tell()
	}
}

var errNoMethod = &failure{text: "Unable to log in, no authentication methods available"}

// method is how to log in. Koji: reference/cli.md, Authentication choice.
func (e *Env) method(p *profiles.Profile) (koji.LoginMethod, error) {
	_, certErr := os.Stat(p.Cert)
	switch {
	case p.AuthType == "ssl", p.AuthType == "" && p.Cert != "" && certErr == nil:
		return koji.LoginSSL, nil
	case p.AuthType == "password", p.AuthType == "" && e.globals.user != "", p.AuthType == "" && p.PasswordFile != "":
		return koji.LoginPassword, nil
	case p.AuthType == "kerberos", p.AuthType == "gssapi", p.AuthType == "":
		return koji.LoginKerberos, nil
	}
	return "", errNoMethod
}

// user is whom a password is for: --user, else the name in the profile's
// principal.
func (e *Env) user(p *profiles.Profile) string {
	if e.globals.user != "" {
		return e.globals.user
	}
	name, _, _ := strings.Cut(p.Principal, "@")
	return name
}

// password is --password, else what is in the profile's password file.
func (e *Env) password(p *profiles.Profile) (string, error) {
	if e.globals.flags.Changed("password") || p.PasswordFile == "" {
		return e.globals.password, nil
	}
	text, err := os.ReadFile(p.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// login logs the session in, or takes up a login that was kept or handed over.
func (e *Env) login(ctx context.Context) error {
	if ok, err := e.takeOver(ctx); ok || err != nil {
		return err
	}
	method, err := e.method(e.profile)
	if err != nil {
		return err
	}
	if method == koji.LoginPassword && e.user(e.profile) == "" {
		return errNoMethod
	}
	if e.profile.KeepSession {
		if ok, err := e.restore(ctx, method); ok || err != nil {
			return err
		}
	}
	return e.openLogin(ctx, method)
}

// openLogin makes a login. A password that must be typed makes a new session
// with it, since a session's options are fixed.
func (e *Env) openLogin(ctx context.Context, method koji.LoginMethod) error {
	p := e.profile
	if method == koji.LoginPassword {
		password, err := e.password(p)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if password == "" && !e.globals.flags.Changed("password") {
			if password, err = e.ask(fmt.Sprintf("Password of %s: ", e.user(p))); err != nil {
				return err
			}
			o := e.session.Options()
			o.Password = password
			if e.session, err = koji.New(o); err != nil {
				return err
			}
		}
	}
	err := e.session.Login(ctx, koji.LoginOptions{Method: method, ProxyUser: e.globals.runas})
	if err == nil {
		err = e.compareAPI(ctx)
	}
	var transport *koji.TransportError
	if errors.As(err, &transport) {
		return failf("Error: Unable to connect to server: %v", transport)
	}
	if errors.Is(err, koji.ErrNoTicket) && p.AuthType == "" { // it was only the last thing to try
		return &failure{text: fmt.Sprintf("%s (%v)", errNoMethod.text, err), cause: err}
	}
	return err
}

// apiVersion is the version of the API that the client speaks.
const apiVersion = 1

// compareAPI warns of a hub that speaks another version of the API.
func (e *Env) compareAPI(ctx context.Context) error {
	var hub int64
	err := e.session.Call(ctx, "getAPIVersion", &hub)
	var transport *koji.TransportError
	switch {
	case errors.As(err, &transport), ctx.Err() != nil:
		return err
	case err == nil && hub != apiVersion:
		e.warn("koji: the hub speaks version %d of the API, this client version %d", hub, apiVersion)
	}
	return nil // a hub that doesn't tell is taken as it is
}

// ask reads a secret from the terminal.
func (e *Env) ask(prompt string) (string, error) {
	f, ok := e.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", failf("Unable to log in: no password given, and no terminal to ask for it")
	}
	fmt.Fprint(e.Err, prompt)
	text, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(e.Err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(text), nil
}

// mayNot is nil if the user has one of the permissions or admin. Koji's client
// asks before some commands, and calls it wrong usage if not.
func mayNot(ctx context.Context, s *koji.Session, perms ...string) error {
	for _, perm := range append(perms, "admin") {
		var has bool
		if err := s.Call(ctx, "hasPerm", &has, perm); err != nil {
			return err
		}
		if has {
			return nil
		}
	}
	if len(perms) == 0 {
		return usagef("This action requires admin privileges")
	}
	return usagef("This action requires %s or admin privileges", strings.Join(perms, " or "))
}
