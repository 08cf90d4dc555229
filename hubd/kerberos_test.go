package hubd

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"koji"
	"koji/internal/kdctest"
	"koji/internal/pkitest"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// krbHub is a hub that takes tickets of a KDC, on a store.
func krbHub(t *testing.T, store *sqlstore.Store, ca *pkitest.Authority, keytab string, change func(*Config)) *testHub {
	t.Helper()
	return setup(t, store, sslConfig(ca, func(c *Config) {
		c.AuthKeytab = keytab
		if change != nil {
			change(c)
		}
	}))
}

// localhost is the URL by the name that the service's principal has.
func localhost(url string) string { return strings.Replace(url, "127.0.0.1", "localhost", 1) }

func TestKerberos(t *testing.T) {
	t.Parallel()
	kdc := kdctest.Start(t)
	ca := pkitest.New(t, "Koji CA")
	service := kdc.Keytab("HTTP/localhost")
	people := kdc.Keytab("alice", "web", "compile/b9.example", "newcomer", "team", "host/b8.example")
	login := func(t *testing.T, url, principal string, how koji.LoginOptions) (*koji.Session, error) {
		t.Helper()
		how.Method = koji.LoginKerberos
		return loginBy(t, koji.Options{Server: localhost(url), ServerCA: ca.File, Keytab: people, Principal: principal, KerberosConfig: kdc.Config}, how)
	}
	realm := "@" + kdctest.Realm

	t.Run("logins", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, func(c *Config) { c.HostPrincipalFormat = "compile/%s" + realm })
		url := h.secure()
		h.call("kojiadmin", "newGroup", "team")
		h.call("kojiadmin", "addHost", "b9.example", []any{"x86_64"})
		for principal, name := range map[string]string{
			"alice":                      "alice", // the user was there, and has the principal from now on
			"newcomer" + realm:           "newcomer",
			"compile/b9.example" + realm: "b9.example", // by HostPrincipalFormat
			"host/b8.example":            "host/b8.example",
		} {
			for range 2 {
				s, err := login(t, url, principal, koji.LoginOptions{})
				if err != nil {
					t.Fatalf("%s: %v", principal, err)
				}
				me := whoIs(t, s)
				full := strings.TrimSuffix(principal, realm) + realm
				if me.Name != name || me.AuthType != koji.AuthGSSAPI || len(me.KrbPrincipals) != 1 || me.KrbPrincipals[0] != full {
					t.Errorf("%s is %+v", principal, me)
				}
			}
		}
		_, err := login(t, url, "team", koji.LoginOptions{})
		wantRefused(t, "a group", err, "not allowed")
		_, err = login(t, url, "web", koji.LoginOptions{ProxyUser: "alice"})
		wantRefused(t, "for others", err, "web"+realm+" is not authorized to login other users")
		h.call("kojiadmin", "addUserKrbPrincipal", "bob", "bob@OTHER.TEST")
		h.call("kojiadmin", "disableUser", "alice")
		_, err = login(t, url, "alice", koji.LoginOptions{})
		wantRefused(t, "blocked", err, "logins by alice are not allowed")
	})

	t.Run("with the tickets of kinit", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, nil)
		o := koji.Options{Server: localhost(h.secure()), ServerCA: ca.File, TicketCache: "FILE:" + kdc.Tickets(people, "alice"), KerberosConfig: kdc.Config}
		how := koji.LoginOptions{Method: koji.LoginKerberos, Exclusive: true}
		s, err := loginBy(t, o, how)
		if err != nil {
			t.Fatal(err)
		}
		if me := whoIs(t, s); me.Name != "alice" {
			t.Errorf("alice is %+v", me)
		}
		o.Principal = "bob"
		if _, err := loginBy(t, o, how); !errors.Is(err, koji.ErrNoTicket) {
			t.Errorf("somebody else's tickets: %v", err)
		}
		o.Principal, o.TicketCache = "", o.TicketCache+".missing"
		if _, err := loginBy(t, o, how); !errors.Is(err, koji.ErrNoTicket) || !strings.Contains(err.Error(), "kinit") {
			t.Errorf("no tickets: %v", err)
		}
		o.TicketCache = "KEYRING:persistent:0"
		if _, err := loginBy(t, o, how); !errors.Is(err, koji.ErrNoTicket) || !strings.Contains(err.Error(), "KEYRING") {
			t.Errorf("tickets in the kernel: %v", err)
		}
	})

	t.Run("for others", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, func(c *Config) { c.ProxyPrincipals = []string{"gc" + realm, "web" + realm} })
		s, err := login(t, h.secure(), "web", koji.LoginOptions{ProxyUser: "bob"})
		if err != nil {
			t.Fatal(err)
		}
		if me := whoIs(t, s); me.Name != "bob" || me.AuthType != koji.AuthGSSAPI {
			t.Errorf("became %+v", me)
		}
		s, err = login(t, h.secure(), "web", koji.LoginOptions{ProxyUser: "dora" + realm})
		if err != nil {
			t.Fatal(err)
		}
		if me := whoIs(t, s); me.Name != "dora" || me.KrbPrincipal == nil || *me.KrbPrincipal != "dora"+realm {
			t.Errorf("became %+v", me)
		}
		ssl := koji.AuthSSL
		_, err = login(t, h.secure(), "web", koji.LoginOptions{ProxyUser: "bob", ProxyAuthType: &ssl})
		wantRefused(t, "by ssl", err, "AllowProxyAuthType")
	})

	t.Run("only some realms", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, func(c *Config) { c.AllowedKrbRealms = []string{"OTHER.TEST"} })
		_, err := login(t, h.secure(), "alice", koji.LoginOptions{})
		wantRefused(t, "realm", err, "Kerberos realm "+kdctest.Realm+" is not allowed")
		h.hub.cfg.AllowedKrbRealms = []string{"OTHER.TEST", kdctest.Realm}
		if _, err := login(t, h.secure(), "alice", koji.LoginOptions{}); err != nil {
			t.Error(err)
		}
	})

	t.Run("nobody new", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, func(c *Config) { c.LoginCreatesUser = false })
		_, err := login(t, h.secure(), "alice", koji.LoginOptions{})
		wantRefused(t, "a principal that alice hasn't", err, "Unknown user")
		h.call("kojiadmin", "addUserKrbPrincipal", "alice", "alice"+realm)
		if _, err := login(t, h.secure(), "alice", koji.LoginOptions{}); err != nil {
			t.Error(err)
		}
	})

	// alice of one realm isn't alice of another.
	t.Run("a namesake", func(t *testing.T) {
		t.Parallel()
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, nil)
		h.call("kojiadmin", "addUserKrbPrincipal", "alice", "alice@OTHER.TEST")
		_, err := login(t, h.secure(), "alice", koji.LoginOptions{})
		wantRefused(t, "a namesake", err, "another principal")
	})

	// Whoever overhears a login has nothing from it, at no hub on this database.
	t.Run("a replayed ticket", func(t *testing.T) {
		t.Parallel()
		sqlstoretest.Each(t, func(t *testing.T, store *sqlstore.Store) {
			one := krbHub(t, store, ca, service, nil)
			two := start(t, store, one.hub.cfg)
			recorder := &recordingClient{}
			url := recorder.before(t, one)
			s, err := loginBy(t, koji.Options{Server: localhost(url), ServerCA: ca.File, Keytab: people, Principal: "alice", KerberosConfig: kdc.Config}, koji.LoginOptions{Method: koji.LoginKerberos})
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			for name, hub := range map[string]*testHub{"at the same hub": one, "at another hub": two} {
				_, f := recorder.replay(t, hub)
				if codeOf(f) != koji.CodeAuth || !strings.Contains(f.Text, "used before") {
					t.Errorf("%s: %v", name, f)
				}
			}
			for range 2 { // what is forgotten is what nobody would take
				if err := store.Write(t.Context(), func(tx *sqlstore.Tx) error { return tx.PruneTokens(t.Context()) }); err != nil {
					t.Fatal(err)
				}
			}
			if _, f := recorder.replay(t, one); codeOf(f) != koji.CodeAuth {
				t.Errorf("after the old ones were forgotten: %v", f)
			}
		})
	})

	t.Run("asked for by curl", func(t *testing.T) {
		t.Parallel()
		curl, err := exec.LookPath("curl")
		if err != nil {
			t.Skipf("Kerberos logins with curl did NOT run: %v", err)
		}
		h := krbHub(t, sqlstoretest.SQLite(t), ca, service, nil)
		document, err := xmlrpc.MarshalCall("sslLogin")
		if err != nil {
			t.Fatal(err)
		}
		url := localhost(h.secure()) + "/ssllogin"
		ask := func(args ...string) []byte {
			t.Helper()
			cmd := exec.CommandContext(t.Context(), curl, append(args, "-sS", "--cacert", ca.File, "-H", "Content-Type: text/xml", "--data-binary", "@-", url)...)
			cmd.Env = append(os.Environ(), "KRB5_CONFIG="+kdc.Config, "KRB5CCNAME=FILE:"+kdc.Tickets(people, "alice"))
			cmd.Stdin = bytes.NewReader(document)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("curl: %v", err)
			}
			return out
		}
		answer, f := readAnswer(t, ask("--negotiate", "-u", ":"))
		if f != nil {
			t.Fatal(f)
		}
		me, _ := h.raw().with(sessionInfo(t, answer), 0).ask("getLoggedInUser")
		want(t, "who", []any{"alice", int64(koji.AuthGSSAPI)}, pick(me, "name", "authtype"))
		if head := string(ask("-D", "-", "-o", "/dev/null")); !strings.Contains(head, " 401") || !strings.Contains(strings.ToLower(head), "www-authenticate: negotiate") {
			t.Errorf("without a ticket: %s", head)
		}
	})
}

// recordingClient stands before a hub and keeps what a login says.
type recordingClient struct {
	mu     sync.Mutex
	header http.Header
	body   []byte
}

func (c *recordingClient) before(t *testing.T, h *testHub) string {
	t.Helper()
	return h.secureWith(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		c.header, c.body = r.Header.Clone(), body
		c.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.hub.Handler().ServeHTTP(w, r)
	}))
}

// replay sends what was kept to a hub.
func (c *recordingClient) replay(t *testing.T, h *testHub) (any, *koji.Error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.secure()+"/ssllogin", bytes.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = c.header.Clone()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer bytes.Buffer
	answer.ReadFrom(res.Body)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", res.Status, answer.String())
	}
	return readAnswer(t, answer.Bytes())
}
