package cli

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
	"koji/profiles"
)

// finding is what came of one thing that koji profile check looks at.
type finding struct {
	Check  string `xmlrpc:"check"`
	State  string `xmlrpc:"state"` // ok, warning or failed
	Detail string `xmlrpc:"detail"`
	Advice string `xmlrpc:"advice"` // what to do about it
}

func fine(format string, args ...any) finding {
	return finding{State: "ok", Detail: fmt.Sprintf(format, args...)}
}

func doubtful(advice, format string, args ...any) finding {
	return finding{State: "warning", Detail: fmt.Sprintf(format, args...), Advice: advice}
}

func bad(advice, format string, args ...any) finding {
	return finding{State: "failed", Detail: fmt.Sprintf(format, args...), Advice: advice}
}

// How long a check may take, and how far apart clocks may be: Kerberos takes
// five minutes at most.
const (
	checkPatience = 10 * time.Second
	skewNoticed   = 30 * time.Second
	skewTooMuch   = 5 * time.Minute
	expirySoon    = 14 * 24 * time.Hour
)

// profileChecks looks at one profile. Each check may be all that fails, so each
// stands for itself.
type profileChecks struct {
	env     *Env
	profile *profiles.Profile
	options koji.Options
	server  *url.URL
}

func newProfileCheck(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "check [<profile>]", Short: "Try a profile out, and give advice", Example: "koji profile check koji-stg", Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env.named(args)
			findings := checkProfile(cmd.Context(), env)
			failed := false
			err := env.show(findings, func(w *bufio.Writer) {
				for _, f := range findings {
					fmt.Fprintf(w, "%-14s %s %s\n", f.Check, env.paint(fmt.Sprintf("%-8s", f.State)), env.oneLine(f.Detail))
					if f.Advice != "" && !env.quiet() {
						fmt.Fprintf(w, "%23s %s\n", "", env.oneLine(f.Advice))
					}
				}
			})
			for _, f := range findings {
				failed = failed || f.State == "failed"
			}
			if err == nil && failed {
				return exitStatus(exitFailed)
			}
			return err
		},
	})
}

func checkProfile(ctx context.Context, env *Env) []finding {
	p, err := env.Profile()
	if err != nil {
		return []finding{badConfiguration(err).of("configuration")}
	}
	c := &profileChecks{env: env, profile: p, options: env.options(p)}
	c.options.MaxRetries, c.options.Timeout = -1, checkPatience
	findings := []finding{c.configuration().of("configuration")}
	if c.server, err = url.Parse(p.Server); err != nil || c.server.Host == "" {
		return append(findings, bad("set server to a URL such as https://koji.example.org/kojihub", "server = %s is no URL", p.Server).of("hub"))
	}
	reach := c.reach(ctx)
	findings = append(findings, reach.of("network"))
	if reach.State == "failed" {
		return findings
	}
	if c.server.Scheme == "https" {
		f := c.tls(ctx)
		findings = append(findings, f.of("TLS"))
		if f.State == "failed" {
			return findings
		}
	}
	hub := c.hub(ctx)
	findings = append(findings, hub.of("hub"), c.clock(ctx).of("clock"))
	if hub.State != "failed" {
		findings = append(findings, c.login(ctx).of("login"))
	}
	return append(findings, c.files(ctx).of("files"))
}

// of says what a finding is of.
func (f finding) of(check string) finding {
	f.Check = check
	return f
}

func badConfiguration(err error) finding {
	var none *profiles.NoProfileError
	if !errors.As(err, &none) {
		return bad("correct the file", "%v", err)
	}
	if len(none.Known) == 0 {
		return bad("make it: koji profile add "+none.Name+" --server URL", "there is no profile %s, nor any other", none.Name)
	}
	return bad("make it with koji profile add, or take one of these: "+strings.Join(none.Known, ", "), "there is no profile %s", none.Name)
}

func (c *profileChecks) configuration() finding {
	read := fmt.Sprintf("[%s] in %s", c.profile.Name, strings.Join(c.profile.Source, ", "))
	if len(c.profile.Skipped) > 0 {
		return doubtful("ask the administrator, if something of them is missing", "%s; not readable: %s", read, strings.Join(c.profile.Skipped, ", "))
	}
	return fine("%s", read)
}

// address is where a connection goes: to the hub, or to a proxy on the way.
func (c *profileChecks) address() (address, through string) {
	u := c.server
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err == nil && proxy != nil {
		u, through = proxy, " (the proxy of the environment)"
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), through
}

func (c *profileChecks) reach(ctx context.Context) finding {
	address, through := c.address()
	begun := time.Now()
	conn, err := (&net.Dialer{Timeout: checkPatience}).DialContext(ctx, "tcp", address)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return bad("is the name in server = right? does a VPN need to be up?", "no address for %s%s", dns.Name, through)
	case err != nil:
		return bad("is the hub up, the port right, and no firewall on the way?", "no connection to %s%s: %v", address, through, err)
	}
	defer conn.Close()
	return fine("%s%s answers in %d ms", conn.RemoteAddr(), through, time.Since(begun).Milliseconds())
}

func (c *profileChecks) tls(ctx context.Context) finding {
	conf, err := c.options.TLSConfig()
	if err != nil {
		return bad("correct serverca and cert of the profile", "%v", err)
	}
	address, through := c.address()
	if through != "" {
		return fine("not looked at behind a proxy")
	}
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: checkPatience}, Config: conf}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return badTLS(err)
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	cert := state.PeerCertificates[0]
	what := fmt.Sprintf("%s, certificate issued by %s until %s", tls.VersionName(state.Version), cert.Issuer, cert.NotAfter.Local().Format("2006-01-02"))
	switch {
	case conf.InsecureSkipVerify:
		return doubtful("set serverca to the hub's authority instead of no_ssl_verify", "%s; not verified, so anybody could be the hub", what)
	case time.Until(cert.NotAfter) < expirySoon:
		return doubtful("tell the hub's administrator", "%s: that is soon", what)
	}
	return fine("%s", what)
}

func badTLS(err error) finding {
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return bad("set serverca to a file with the authority that the hub's administrator names", "the hub's certificate is of an unknown authority")
	case errors.As(err, &hostname):
		return bad("take the name that the certificate is for, in server =", "%v", hostname)
	case errors.As(err, &invalid):
		return bad("is this machine's clock right? else tell the hub's administrator", "the hub's certificate isn't valid: %v", invalid)
	case errors.As(err, &record):
		return bad("try http:// in server =", "no TLS is spoken there")
	}
	return bad("the hub may want another version of TLS, or a client certificate", "%v", err)
}

func (c *profileChecks) hub(ctx context.Context) finding {
	o := c.options
	o.Cert = "" // who we are comes with the login
	s, err := koji.New(o)
	if err != nil {
		return bad("correct the profile", "%v", err)
	}
	defer s.Close()
	var api int64
	begun := time.Now()
	if err := s.Call(ctx, "getAPIVersion", &api); err != nil {
		if errors.Is(err, koji.ErrServerOffline) {
			return bad("wait until it is back", "the hub says it is offline: %s", errorText(err))
		}
		return bad("is the path right? the hub's URL mostly ends in /kojihub", "no hub answers at %s: %s", c.profile.Server, errorText(err))
	}
	took := time.Since(begun).Milliseconds()
	var version string
	if err := s.Call(ctx, "getKojiVersion", &version); err != nil {
		version = "older than 1.23"
	}
	if api != apiVersion {
		return doubtful("take a client of the hub's version", "the hub speaks version %d of the API, this client %d", api, apiVersion)
	}
	return fine("Koji %s, API version 1, answers in %d ms", version, took)
}

// get asks for a page.
func (c *profileChecks) get(ctx context.Context, address string) (*http.Response, error) {
	conf, err := c.options.TLSConfig()
	if err != nil {
		return nil, err
	}
	conf.Certificates = nil
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: conf}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, err
	}
	return resp, resp.Body.Close()
}

func (c *profileChecks) clock(ctx context.Context) finding {
	resp, err := c.get(ctx, c.profile.Server) //nolint:bodyclose // get closes it
	if err != nil {
		return doubtful("", "the hub's time is unknown: %v", err)
	}
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return doubtful("", "the hub doesn't tell its time")
	}
	off := time.Since(theirs).Truncate(time.Second) // the header has whole seconds
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	switch off.Abs() {
	case 0, time.Second, 2 * time.Second:
		return fine("the same time as the hub's")
	}
	const advice = "set the clock, best by NTP (timedatectl set-ntp true)"
	switch {
	case off.Abs() >= skewTooMuch:
		return bad(advice, "this machine is %v %s the hub: Kerberos refuses that, and certificates may seem invalid", off.Abs(), way)
	case off.Abs() >= skewNoticed:
		return doubtful(advice, "this machine is %v %s the hub", off.Abs(), way)
	}
	return fine("%v %s the hub's", off.Abs(), way)
}

func (c *profileChecks) login(ctx context.Context) finding {
	method, err := c.env.method(c.profile)
	switch {
	case c.profile.AuthType == "noauth":
		return fine("none is wanted (noauth)")
	case err != nil:
		return bad("set authtype to ssl, password or kerberos", "authtype = %s is no way to log in", c.profile.AuthType)
	}
	if method == koji.LoginSSL {
		if f := certificate(c.profile.Cert); f.State != "ok" {
			return f
		}
	}
	s, err := c.env.Session(ctx)
	if err != nil {
		return badLogin(method, err)
	}
	var user *koji.LoggedInUser
	if err := s.Call(ctx, "getLoggedInUser", &user); err != nil {
		return badLogin(method, err)
	}
	if user == nil {
		return bad("", "the hub doesn't know who this is after a login by %s", method)
	}
	var perms []string
	if err := s.Call(ctx, "getPerms", &perms); err != nil {
		return badLogin(method, err)
	}
	may := "no permissions"
	if len(perms) > 0 {
		may = "permissions: " + strings.Join(perms, ", ")
	}
	return fine("%s, by %s; %s", user.Name, method, may)
}

// certificate looks at the client's own.
func certificate(path string) finding {
	const fetch = "get a new one from whoever issues them for this hub"
	pair, err := tls.LoadX509KeyPair(path, path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return bad("set cert to the file with your certificate and key", "there is no certificate %s", path)
	case err != nil:
		return bad("the file must have the certificate and its key, as PEM", "certificate %s: %v", path, err)
	}
	until := pair.Leaf.NotAfter
	if time.Now().After(until) {
		return bad(fetch, "the certificate %s has expired on %s", path, until.Local().Format("2006-01-02"))
	}
	return fine("until %s", until.Local().Format("2006-01-02"))
}

func badLogin(method koji.LoginMethod, err error) finding {
	advice := map[koji.LoginMethod]string{
		koji.LoginPassword: "are the user (principal, --user) and the password (password_file) right?",
		koji.LoginSSL:      "does the hub know this certificate's name, and trust who issued it?",
		koji.LoginKerberos: "run kinit, or set keytab and principal; with a certificate or password instead, set authtype",
	}[method]
	return bad(advice, "by %s: %s", method, errorText(err))
}

func (c *profileChecks) files(ctx context.Context) finding {
	if c.profile.TopURL == "" {
		if info, err := os.Stat(c.profile.TopDir); err == nil && info.IsDir() {
			return fine("mounted at %s; topurl isn't set", c.profile.TopDir)
		}
		return doubtful("set topurl, such as https://koji.example.org/kojifiles", "topurl isn't set: nothing can be downloaded")
	}
	resp, err := c.get(ctx, c.profile.TopURL) //nolint:bodyclose // get closes it
	switch {
	case err != nil:
		return doubtful("correct topurl, or nothing can be downloaded", "no answer from %s: %v", c.profile.TopURL, err)
	case resp.StatusCode >= 500:
		return doubtful("tell the hub's administrator", "%s answers: %s", c.profile.TopURL, resp.Status)
	case resp.StatusCode == http.StatusNotFound:
		return doubtful("is topurl right?", "%s answers: %s", c.profile.TopURL, resp.Status)
	}
	return fine("%s answers", c.profile.TopURL)
}
