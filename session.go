package koji

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Options say which hub a Session talks to and how. Zero durations and numbers
// stand for Koji's defaults (Koji: reference/wire.md §10).
type Options struct {
	Server string // the hub's URL, such as https://koji.example.org/kojihub
	TopURL string // where the hub's file tree is served, for Download

	User, Password string // of a password login; Password is a secret
	Cert           string // PEM file with a client certificate and its key
	Keytab         string // of a Kerberos login; without it the tickets of kinit are taken
	Principal      string // whose key in the keytab, or whose tickets; the first one's if empty
	TicketCache    string // in place of KRB5CCNAME
	KerberosConfig string // in place of KRB5_CONFIG
	ServerCA       string // PEM file with the authorities to trust instead of the system's
	NoVerify       bool   // take any server certificate

	Timeout              time.Duration // of one try of a call; 12 hours if zero
	AuthTimeout          time.Duration // of one try of a login; 60 seconds if zero
	MaxRetries           int           // after the first try; 30 if zero, none if negative
	RetryInterval        time.Duration // from the second retry on; 20 seconds if zero
	OfflineRetryInterval time.Duration // 20 seconds if zero
	AnonRetry            bool          // retry calls without a login too
	OfflineRetry         bool          // wait, without limit, for a hub that says it is offline

	UploadBlocksize int    // bytes of one upload request; 1 MiB if zero
	MaxAnswer       int64  // bytes of the longest answer to accept; 1 GiB if zero
	UserAgent       string // koji/1 if empty

	Logger  *slog.Logger                 // nothing is logged if nil
	OnRetry func(err error, attempt int) // told before each retry; attempt counts from 1
}

func (o Options) withDefaults() Options {
	o.Server = strings.TrimRight(o.Server, "/")
	o.TopURL = strings.TrimRight(o.TopURL, "/")
	orDuration(&o.Timeout, 12*time.Hour)
	orDuration(&o.AuthTimeout, time.Minute)
	orDuration(&o.RetryInterval, 20*time.Second)
	orDuration(&o.OfflineRetryInterval, 20*time.Second)
	switch {
	case o.MaxRetries == 0:
		o.MaxRetries = 30
	case o.MaxRetries < 0:
		o.MaxRetries = 0
	}
	if o.UploadBlocksize <= 0 {
		o.UploadBlocksize = 1 << 20
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 1 << 30
	}
	if o.UserAgent == "" {
		o.UserAgent = "koji/1"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDuration(d *time.Duration, otherwise time.Duration) {
	if *d <= 0 {
		*d = otherwise
	}
}

// Session is a client's connection with a hub, logged in or not. All its
// methods may be called from several goroutines. Calls without a login run
// side by side; those of a login are numbered, must reach the hub in order,
// and therefore wait for each other. A result that a failed call was given may
// be half filled.
type Session struct {
	o      Options
	base   *url.URL
	client *http.Client
	wait   func(context.Context, time.Duration) error
	turn   chan struct{} // holds a token while a numbered call is under way

	mu        sync.Mutex // guards what follows
	info      SessionInfo
	loggedIn  bool
	exclusive bool
	counted   bool // callNum is known; not so just after Resume
	callNum   int64
	login     *LoginOptions // how to renew the login, nil if that isn't possible
	doubted   bool          // just after Restore: the hub may not know the login any more
}

// New is a session with the hub at o.Server, not logged in. It reads the
// certificates but sends nothing.
func New(o Options) (*Session, error) {
	o = o.withDefaults()
	base, err := url.Parse(o.Server)
	if err != nil {
		return nil, fmt.Errorf("read the hub's URL: %w", bareURLError(err))
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("hub URL %q: want a form like https://koji.example.org/kojihub", publicURL(base))
	}
	conf, err := o.TLSConfig()
	if err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = conf
	t.MaxIdleConnsPerHost = 8
	return &Session{
		o:      o,
		base:   base,
		client: &http.Client{Transport: t, CheckRedirect: followOnlyReads},
		wait:   waitFor,
		turn:   make(chan struct{}, 1),
	}, nil
}

// TLSConfig is how the hub is spoken to by https: whom to trust, and as whom.
func (o Options) TLSConfig() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.NoVerify}
	if o.ServerCA != "" {
		pem, err := os.ReadFile(o.ServerCA)
		if err != nil {
			return nil, fmt.Errorf("read the hub's certificate authority: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the hub's certificate authority: %s holds no PEM certificate", o.ServerCA)
		}
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Cert)
		if err != nil {
			return nil, fmt.Errorf("read client certificate %s: %w", o.Cert, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// followOnlyReads lets downloads be redirected, but not calls: a redirected
// POST becomes a GET, and the session's key would go to another server.
func followOnlyReads(_ *http.Request, via []*http.Request) error {
	if via[0].Method == http.MethodPost {
		return http.ErrUseLastResponse
	}
	if len(via) >= 10 {
		return errors.New("redirected more than 10 times")
	}
	return nil
}

func waitFor(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Close lets go of idle connections. It does not log out.
func (s *Session) Close() { s.client.CloseIdleConnections() }

// Options are those the session was made with, defaults filled in.
func (s *Session) Options() Options { return s.o }

// LoggedIn reports whether calls are made in somebody's name.
func (s *Session) LoggedIn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loggedIn
}

// Info is the session as the hub gave it at login, to be handed to another
// process for Resume. It is zero without a login. Its Key is a secret.
func (s *Session) Info() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// Resume takes up a session that was opened elsewhere, as a builder's worker
// does with the subsession made for it. The numbers of calls go on where the
// hub stands: the first call asks it. When the Options hold a password or a
// certificate or keytab, an expired session is renewed with it.
func (s *Session) Resume(info SessionInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info, s.loggedIn, s.exclusive = info, true, false
	s.counted, s.callNum = false, 0
	s.login = nil
	if s.o.Cert != "" || s.o.User != "" || s.o.Keytab != "" {
		s.login = &LoginOptions{}
	}
}

// publicURL is a URL fit for errors and logs: no user, password or query.
func publicURL(u *url.URL) string {
	c := *u
	c.User, c.RawQuery, c.Fragment = nil, "", ""
	return c.String()
}

// bareURLError takes the URL, and with it possible secrets, off an error of net/url or net/http.
func bareURLError(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
