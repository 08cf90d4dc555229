package hubd

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/internal/pkitest"
	"koji/internal/xmlrpc"
	"koji/sqlstore/sqlstoretest"
)

// secure serves the hub by TLS as hubd does, and gives the URL.
func (h *testHub) secure() string {
	h.t.Helper()
	return h.secureWith(h.hub.Handler())
}

// secureWith is secure with something before the hub.
func (h *testHub) secureWith(handler http.Handler) string {
	h.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = h.hub.certificates.serverConfig()
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of refused handshakes
	server.StartTLS()
	h.t.Cleanup(server.Close)
	return server.URL + "/kojihub"
}

// sslHub is a hub that serves TLS and takes the certificates of an authority.
func sslHub(t *testing.T, ca *pkitest.Authority, change func(*Config)) *testHub {
	t.Helper()
	return setup(t, sqlstoretest.SQLite(t), sslConfig(ca, change))
}

func sslConfig(ca *pkitest.Authority, change func(*Config)) func(*Config) {
	return func(c *Config) {
		c.SSLCertificate, c.SSLClientCA = ca.Server(), ca.File
		if change != nil {
			change(c)
		}
	}
}

// loginBy logs in and gives the session, or the error.
func loginBy(t *testing.T, o koji.Options, how koji.LoginOptions) (*koji.Session, error) {
	t.Helper()
	o.MaxRetries = -1
	s, err := koji.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, s.Login(t.Context(), how)
}

// wantRefused wants a login to fail with AuthError and a reason that has the words in it.
func wantRefused(t *testing.T, what string, err error, words string) {
	t.Helper()
	var f *koji.Error
	if !errors.As(err, &f) || f.Code != koji.CodeAuth || !strings.Contains(f.Text, words) {
		t.Errorf("%s: %v, want a fault of %q", what, err, words)
	}
}

func whoIs(t *testing.T, s *koji.Session) koji.LoggedInUser {
	t.Helper()
	var me koji.LoggedInUser
	if err := s.Call(t.Context(), "getLoggedInUser", &me); err != nil {
		t.Fatal(err)
	}
	return me
}

func TestLoginByCertificate(t *testing.T) {
	t.Parallel()
	ca, stranger := pkitest.New(t, "Koji CA"), pkitest.New(t, "Koji CA")
	eachHub(t, sslConfig(ca, nil), func(h *testHub) {
		t, url := h.t, h.secure()
		o := koji.Options{Server: url, ServerCA: ca.File, Cert: ca.Client("alice")}
		s, err := loginBy(t, o, koji.LoginOptions{Exclusive: true})
		if err != nil {
			t.Fatal(err)
		}
		if me := whoIs(t, s); me.Name != "alice" || me.AuthType != koji.AuthSSL {
			t.Errorf("alice is %+v", me)
		}
		_, err = loginBy(t, o, koji.LoginOptions{Exclusive: true})
		if !errors.Is(err, koji.ErrAuthLocked) {
			t.Errorf("a second exclusive login: %v", err)
		}
		o.Cert = ca.Client("newcomer")
		if s, err = loginBy(t, o, koji.LoginOptions{}); err != nil {
			t.Fatal(err)
		}
		if me := whoIs(t, s); me.Name != "newcomer" || me.UserType != koji.UserNormal {
			t.Errorf("the first login made %+v", me)
		}

		h.call("kojiadmin", "disableUser", "bob")
		h.call("kojiadmin", "newGroup", "team")
		for name, c := range map[string]struct{ cert, words string }{
			"another authority of the same name": {stranger.Client("alice"), "could not verify"},
			"expired":                            {ca.Client("alice", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "expired"},
			"a server's certificate":             {ca.Client("alice", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "could not verify"},
			"two names": {ca.Client("alice", func(c *x509.Certificate) {
				c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "kojiadmin"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "alice"}}
			}), "more than one"},
			"no name": {ca.Client(""), "has no CN"},
			"blocked": {ca.Client("bob"), "not allowed"},
			"a group": {ca.Client("team"), "not allowed"},
		} {
			o.Cert = c.cert
			_, err := loginBy(t, o, koji.LoginOptions{})
			wantRefused(t, name, err, c.words)
		}
		o.Cert = ca.Client("../alice")
		if _, err := loginBy(t, o, koji.LoginOptions{}); err == nil {
			t.Error("a path became a user")
		}
	})
}

func TestUnknownUserMayNotLogIn(t *testing.T) {
	t.Parallel()
	ca := pkitest.New(t, "Koji CA")
	h := sslHub(t, ca, func(c *Config) { c.LoginCreatesUser, c.DNUsernameComponent = false, "O" })
	o := koji.Options{Server: h.secure(), ServerCA: ca.File, Cert: ca.Client("x", func(c *x509.Certificate) { c.Subject.Organization = []string{"nosuch"} })}
	_, err := loginBy(t, o, koji.LoginOptions{})
	wantRefused(t, "unknown user", err, "Unknown user: nosuch")
	o.Cert = ca.Client("x", func(c *x509.Certificate) { c.Subject.Organization = []string{"bob"} })
	s, err := loginBy(t, o, koji.LoginOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if me := whoIs(t, s); me.Name != "bob" {
		t.Errorf("by DNUsernameComponent it is %+v", me)
	}
}

func TestCertificateSessionIsRenewed(t *testing.T) {
	t.Parallel()
	ca := pkitest.New(t, "Koji CA")
	eachHubAt(t, sslConfig(ca, func(c *Config) { c.SessionRenewalTimeout = time.Hour }), func(h *testHub, clock *testClock) {
		t := h.t
		s, err := loginBy(t, koji.Options{Server: h.secure(), ServerCA: ca.File, Cert: ca.Client("builder1")}, koji.LoginOptions{Exclusive: true})
		if err != nil {
			t.Fatal(err)
		}
		before := s.Info()
		if err := s.Call(t.Context(), "host.updateHost", nil, 0.5, true); err != nil {
			t.Fatal(err)
		}
		clock.advance(2 * time.Hour)
		if err := s.Call(t.Context(), "host.updateHost", nil, 0.5, true); err != nil { // needs the exclusive session again
			t.Fatal(err)
		}
		if now := s.Info(); now.ID != before.ID || now.Key == before.Key {
			t.Errorf("renewed from %v to %v", before, now)
		}
	})
}

// A certificate or ticket that goes over an open line is anybody's.
func TestSSLLoginOverPlainHTTP(t *testing.T) {
	t.Parallel()
	ca := pkitest.New(t, "Koji CA")
	h := sslHub(t, ca, nil)
	for _, path := range []string{"", "/ssllogin"} {
		c := h.raw()
		c.url += path
		c.header.Set("Authorization", "Negotiate YII=")
		if _, f := c.ask("sslLogin"); codeOf(f) != koji.CodeAuth || !strings.Contains(f.Text, "sslLogin") {
			t.Errorf("%s: %v", c.url, f)
		}
	}
	_, err := loginBy(t, koji.Options{Server: h.secure(), ServerCA: ca.File, NoVerify: true}, koji.LoginOptions{Method: koji.LoginSSL})
	if err == nil {
		t.Error("without a certificate")
	}
}

func TestLoginForOthers(t *testing.T) {
	t.Parallel()
	ca := pkitest.New(t, "Koji CA")
	gssapi, password := koji.AuthGSSAPI, koji.AuthPassword
	for name, c := range map[string]struct {
		dns   string
		other bool // AllowProxyAuthType
		how   koji.LoginOptions
		auth  koji.AuthType
		words string // of a refusal
	}{
		"trusted":                    {dns: "CN=web,O=Koji", auth: koji.AuthSSL},
		"trusted, as OpenSSL has it": {dns: "CN=else|/O=Koji/CN=web", auth: koji.AuthSSL},
		"not trusted":                {dns: "CN=web2,O=Koji", words: "not authorized to login other users"},
		"of another organization":    {dns: "CN=web,O=Other", words: "not authorized"},
		"a part of the name":         {dns: "CN=web", words: "not authorized"},
		"nobody is":                  {words: "not authorized"},
		"by gssapi":                  {dns: "CN=web,O=Koji", how: koji.LoginOptions{ProxyAuthType: &gssapi}, words: "AllowProxyAuthType"},
		"by gssapi, allowed":         {dns: "CN=web,O=Koji", other: true, how: koji.LoginOptions{ProxyAuthType: &gssapi}, auth: koji.AuthGSSAPI},
		"by password":                {dns: "CN=web,O=Koji", other: true, how: koji.LoginOptions{ProxyAuthType: &password}, words: "proxyauthtype"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := sslHub(t, ca, func(cfg *Config) {
				loaded, err := LoadConfig(configFile(t, "[hub]\nProxyDNs = "+c.dns+"\n"))
				if err != nil {
					t.Fatal(err)
				}
				cfg.ProxyDNs, cfg.AllowProxyAuthType = loaded.ProxyDNs, c.other
			})
			c.how.ProxyUser = "bob"
			s, err := loginBy(t, koji.Options{Server: h.secure(), ServerCA: ca.File, Cert: ca.Client("web")}, c.how)
			if c.words != "" {
				wantRefused(t, name, err, c.words)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if me := whoIs(t, s); me.Name != "bob" || me.AuthType != c.auth {
				t.Errorf("became %+v", me)
			}
		})
	}
}

func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	old, fresh := pkitest.New(t, "old"), pkitest.New(t, "fresh")
	dir := t.TempDir()
	cert, clients := filepath.Join(dir, "server.pem"), filepath.Join(dir, "clients.pem")
	first := old.ServerAt(cert)
	pkitest.Write(t, clients, old.Cert, nil)
	h := setup(t, sqlstoretest.SQLite(t), func(c *Config) { c.SSLCertificate, c.SSLClientCA = cert, clients })
	url := h.secure()
	served := func() *x509.Certificate {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/kojihub"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if v := c.ConnectionState().Version; v != tls.VersionTLS13 {
			t.Errorf("spoke %s", tls.VersionName(v))
		}
		return c.ConnectionState().PeerCertificates[0]
	}
	if !served().Equal(first) {
		t.Error("another certificate is served")
	}
	second := fresh.ServerAt(cert)
	pkitest.Write(t, clients, fresh.Cert, nil)
	if !served().Equal(second) {
		t.Error("the certificate was changed, and the old one is served")
	}
	_, err := loginBy(t, koji.Options{Server: url, ServerCA: fresh.File, Cert: old.Client("alice")}, koji.LoginOptions{})
	wantRefused(t, "a client of the old authority", err, "no client certificate") // a client doesn't show it to who wouldn't take it
	if _, err := loginBy(t, koji.Options{Server: url, ServerCA: fresh.File, Cert: fresh.Client("alice")}, koji.LoginOptions{}); err != nil {
		t.Errorf("a client of the new authority: %v", err)
	}
	pkitest.Write(t, cert, second, nil) // the key is missing
	if !served().Equal(second) {
		t.Error("while the files are broken another certificate is served")
	}
	if _, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/kojihub"),
		&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func TestCertificatesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	ca := pkitest.New(t, "Koji CA")
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for name, change := range map[string]func(*Config){
		"no certificate":        func(c *Config) { c.SSLCertificate = missing },
		"no key":                func(c *Config) { c.SSLKey = missing },
		"a certificate as key":  func(c *Config) { c.SSLKey = ca.File },
		"no authority":          func(c *Config) { c.SSLClientCA = missing },
		"authority is a config": func(c *Config) { c.SSLClientCA = configFile(t, "") },
		"only an authority":     func(c *Config) { c.SSLCertificate = "" },
		"no keytab":             func(c *Config) { c.AuthKeytab = missing },
	} {
		cfg, err := LoadConfig("")
		if err != nil {
			t.Fatal(err)
		}
		cfg.KojiDir = t.TempDir()
		sslConfig(ca, change)(cfg)
		if _, err := New(cfg, sqlstoretest.SQLite(t), nil); err == nil {
			t.Errorf("%s: the hub starts", name)
		}
	}
}

// The hub as it is started, asked by a client that isn't ours.
func TestServeTLSToCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skipf("logins with curl did NOT run: %v", err)
	}
	ca := pkitest.New(t, "Koji CA")
	config := configFile(t, "[hub]\nDatabase = sqlite:"+filepath.Join(t.TempDir(), "hub.db")+"\nKojiDir = "+t.TempDir()+
		"\nListen = 127.0.0.1:0\nSSLCertificate = "+ca.Server()+"\nSSLClientCA = "+ca.File+"\n")
	mustRun(t, "user", "add", "-c", config, "alice")
	url, _ := serve(t, "-c", config)
	document, err := xmlrpc.MarshalCall("sslLogin")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(args ...string) (any, *koji.Error) {
		cmd := exec.CommandContext(t.Context(), curl, append([]string{"-sS", "--fail", "--cacert", ca.File, "-H", "Content-Type: text/xml", "--data-binary", "@-", url + "/ssllogin"}, args...)...)
		cmd.Stdin = bytes.NewReader(document)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("curl: %v", err)
		}
		return readAnswer(t, out)
	}
	answer, f := ask("--cert", ca.Client("alice"))
	if f != nil {
		t.Fatal(f)
	}
	sessionInfo(t, answer)
	if _, f := ask(); codeOf(f) != koji.CodeAuth || !strings.Contains(f.Text, "no client certificate") {
		t.Errorf("without a certificate: %v", f)
	}
}
