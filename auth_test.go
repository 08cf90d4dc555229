package koji

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/pkitest"
)

func TestExpiredSessionIsRenewed(t *testing.T) {
	t.Parallel()
	s, p, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, nth int) {
		switch {
		case c.Method == "exclusiveSession":
			reply(w, nil)
		case c.Method == "login":
			reply(w, SessionInfo{ID: 77, Key: "1-secondkey", HeaderAuth: true})
		case c.Key == "1-firstkey":
			replyFault(w, CodeAuthExpired, `session "77" has expired`)
		default:
			reply(w, "here")
		}
	})
	if err := s.Exclusive(within(t), true); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := s.Call(within(t), "echo", &got); err != nil || got != "here" {
		t.Fatalf("got %q, %v", got, err)
	}
	if err := s.Call(within(t), "echo", nil); err != nil {
		t.Fatal(err)
	}
	// Numbers go on: Koji's hub keeps the old one over a renewal.
	want := []string{"login", "exclusiveSession#0", "echo#1", "login", "echo#2", "echo#3"}
	if d := cmp.Diff(want, p.methods()); d != "" {
		t.Error(d)
	}
	renewal := p.calls()[3]
	if renewal.Key != "1-firstkey" || renewal.Session != "77" || renewal.CallNum != "" {
		t.Errorf("the renewal was sent as %+v", renewal)
	}
	if d := cmp.Diff(map[string]any{"renew": true, "exclusive": true}, renewal.Named); d != "" {
		t.Error(d)
	}
	if s.Info().Key != "1-secondkey" {
		t.Errorf("session is %+v", s.Info())
	}
}

func TestRenewalIsTriedOnce(t *testing.T) {
	t.Parallel()
	s, p, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, _ int) {
		if c.Method == "login" {
			reply(w, SessionInfo{ID: 77, Key: "1-secondkey", HeaderAuth: true})
			return
		}
		replyFault(w, CodeAuthExpired, "expired")
	})
	if err := s.Call(within(t), "echo", nil); !errors.Is(err, ErrAuthExpired) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff([]string{"login", "echo#0", "login", "echo#1"}, p.methods()); d != "" {
		t.Error(d)
	}
}

func TestRenewalThatFails(t *testing.T) {
	t.Parallel()
	for _, answer := range []func(http.ResponseWriter){
		func(w http.ResponseWriter) { replyFault(w, CodeAuth, "invalid username or password") },
		func(w http.ResponseWriter) { reply(w, nil) }, // a subsession whose master is closed
	} {
		s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, _ int) {
			if c.Method == "login" {
				answer(w)
				return
			}
			replyFault(w, CodeAuthExpired, "expired")
		})
		if err := s.Call(within(t), "echo", nil); !errors.Is(err, ErrAuthExpired) {
			t.Errorf("got %v", err)
		} else {
			mustContain(t, err.Error(), "renew it: log in: ")
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		if c.Method == "login" && c.Params[1] != "right" {
			replyFault(w, CodeAuth, "invalid username or password")
			return
		}
		reply(w, SessionInfo{ID: 5, Key: "k", HeaderAuth: true})
	})
	s, _ := p.session(t, Options{User: "bob", Password: "wrong"})
	if err := s.Login(within(t), LoginOptions{}); !errors.Is(err, ErrAuth) || s.LoggedIn() {
		t.Errorf("got %v", err)
	}
	s, _ = p.session(t, Options{User: "bob", Password: "right"})
	if err := s.Login(within(t), LoginOptions{Exclusive: true}); err != nil || !s.LoggedIn() {
		t.Errorf("got %v", err)
	}
	if err := s.Login(within(t), LoginOptions{}); err == nil {
		t.Error("logged in twice")
	}
	if err := s.Logout(within(t)); err != nil || s.LoggedIn() || s.Info() != (SessionInfo{}) {
		t.Errorf("log out: %v", err)
	}
	if err := s.Logout(within(t)); err != nil {
		t.Errorf("log out twice: %v", err)
	}
	if d := cmp.Diff([]string{"login", "login", "logout#0"}, p.methods()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"exclusive": true}, p.calls()[1].Named); d != "" {
		t.Error(d)
	}
	for _, o := range []LoginOptions{{}, {Method: LoginSSL}, {Method: "magic"}} {
		s, _ := p.session(t, Options{})
		if err := s.Login(within(t), o); err == nil {
			t.Errorf("%+v without credentials worked", o)
		}
	}
}

func TestLogoutOfWhatIsGone(t *testing.T) {
	t.Parallel()
	s, p, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, _ peerCall, _ int) {
		replyFault(w, CodeAuthExpired, "expired")
	})
	if err := s.Logout(within(t)); err != nil {
		t.Error(err)
	}
	s, p2, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, _ peerCall, _ int) { cut(w, "") })
	if err := s.Logout(within(t)); err == nil || s.LoggedIn() {
		t.Errorf("got %v", err)
	}
	if len(p.calls()) != 2 || len(p2.calls()) != 2 {
		t.Errorf("logout was repeated: %v, %v", p.methods(), p2.methods())
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		if c.Method == "getSessionInfo" {
			reply(w, map[string]any{"callnum": int64(41), "user_id": int64(1)})
			return
		}
		reply(w, true)
	})
	s, _ := p.session(t, Options{})
	s.Resume(SessionInfo{ID: 9, Key: "2-handedover", HeaderAuth: true})
	for range 2 {
		if err := s.Call(within(t), "host.openTask", nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"getSessionInfo", "host.openTask#42", "host.openTask#43"}, p.methods()); d != "" {
		t.Error(d)
	}
	if c := p.calls()[1]; c.Session != "9" || c.Key != "2-handedover" {
		t.Errorf("sent as %+v", c)
	}
}

func TestResumedSessionThatNobodyUsedYet(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		switch {
		case c.Method == "getSessionInfo" && c.Key == "old":
			replyFault(w, CodeAuthExpired, "expired")
		case c.Method == "getSessionInfo":
			reply(w, map[string]any{"callnum": nil})
		case c.Method == "login":
			reply(w, SessionInfo{ID: 9, Key: "new", HeaderAuth: true})
		default:
			reply(w, true)
		}
	})
	s, _ := p.session(t, Options{User: "builder", Password: "x"})
	s.Resume(SessionInfo{ID: 9, Key: "old", HeaderAuth: true})
	if err := s.Call(within(t), "x", nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"getSessionInfo", "login", "getSessionInfo", "x#0"}, p.methods()); d != "" {
		t.Error(d)
	}
	s, _ = p.session(t, Options{})
	s.Resume(SessionInfo{ID: 9, Key: "old", HeaderAuth: true})
	if err := s.Call(within(t), "x", nil); !errors.Is(err, ErrAuthExpired) {
		t.Errorf("without credentials: %v", err)
	}
}

func TestSubsession(t *testing.T) {
	t.Parallel()
	s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, _ int) {
		reply(w, SessionInfo{ID: 78, Key: "sub", HeaderAuth: true})
	})
	info, err := s.Subsession(within(t))
	if d := cmp.Diff(SessionInfo{ID: 78, Key: "sub", HeaderAuth: true}, info); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	var session any = SessionInfo{ID: 78, Key: "sub", HeaderAuth: true}
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		if c.Method == "subsession" {
			reply(w, session)
			return
		}
		reply(w, true)
	})
	s, _ := p.session(t, Options{})
	if err := s.Join(within(t), SessionInfo{ID: 9, Key: "2-handedover", HeaderAuth: true}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Call(within(t), "x", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Logout(within(t)); err != nil || s.LoggedIn() {
		t.Errorf("log out: %v", err)
	}
	if d := cmp.Diff([]string{"subsession", "x#0", "x#1", "logout#2"}, p.methods()); d != "" {
		t.Error(d)
	}
	if calls := p.calls(); calls[0].Session != "9" || calls[1].Session != "78" || calls[3].Session != "78" {
		t.Errorf("sent as %+v", calls)
	}
	session = nil
	if err := s.Join(within(t), SessionInfo{ID: 9}); err == nil || s.LoggedIn() {
		t.Errorf("joined a session that is closed: %v", err)
	}
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoginWithACertificate(t *testing.T) {
	t.Parallel()
	p := &hubPeer{answer: func(w http.ResponseWriter, c peerCall, _ int) {
		reply(w, SessionInfo{ID: 5, Key: "k", HeaderAuth: true})
	}}
	var who []string
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.TLS.PeerCertificates {
			who = append(who, c.Subject.CommonName)
		}
		p.ServeHTTP(w, r)
	}))
	p.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the refused handshake below
	p.StartTLS()
	t.Cleanup(p.Close)
	ca := writeFile(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}))

	s, _ := p.session(t, Options{
		Server: "http://" + p.Listener.Addr().String() + "/kojihub", // made https by the login
		Cert:   pkitest.New(t, "some authority").Client("carol"), ServerCA: ca,
	})
	if err := s.Login(within(t), LoginOptions{ProxyUser: "dave"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Call(within(t), "echo", nil); err != nil {
		t.Fatal(err)
	}
	c := p.calls()
	if c[0].Method != "sslLogin" || c[0].Path != "/kojihub/ssllogin" || c[1].Path != "/kojihub" {
		t.Errorf("got %+v", c)
	}
	if d := cmp.Diff(map[string]any{"proxyuser": "dave"}, c[0].Named); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"carol", "carol"}, who); d != "" {
		t.Error(d)
	}

	// A certificate that isn't trusted is no passing trouble.
	s, _ = p.session(t, Options{Server: p.URL, AnonRetry: true})
	err := s.Call(within(t), "echo", nil)
	var te *TransportError
	if !errors.As(err, &te) || te.Temporary {
		t.Errorf("untrusted server: %v", err)
	}
	if n := len(p.calls()); n != 2 {
		t.Errorf("%d calls came through", n)
	}
	s, _ = p.session(t, Options{Server: p.URL, NoVerify: true})
	if err := s.Call(within(t), "echo", nil); err != nil {
		t.Errorf("without verification: %v", err)
	}
}

func TestCertificatesThatAreNone(t *testing.T) {
	t.Parallel()
	junk := writeFile(t, "junk.pem", []byte("junk"))
	for _, o := range []Options{{Cert: junk}, {ServerCA: junk}, {Cert: junk + ".not"}, {ServerCA: junk + ".not"}} {
		o.Server = "https://hub.example/kojihub"
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		switch {
		case c.Method == "login":
			reply(w, SessionInfo{ID: 10, Key: "new", HeaderAuth: true})
		case c.Key == "closed":
			replyFault(w, CodeAuth, "Invalid session or bad credentials")
		case c.Key == "new" && c.Method == "secret":
			replyFault(w, CodeAuth, "Not for you")
		default:
			reply(w, true)
		}
	})
	s, _ := p.session(t, Options{User: "alice", Password: "x"})
	s.Restore(Suspended{SessionInfo{ID: 9, Key: "good", HeaderAuth: true}, 17}, &LoginOptions{})
	if err := s.Call(within(t), "a", nil); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Suspend(within(t))
	if d := cmp.Diff(Suspended{SessionInfo{ID: 9, Key: "good", HeaderAuth: true}, 18}, kept); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if s.LoggedIn() {
		t.Error("still logged in")
	}
	s.Restore(Suspended{SessionInfo{ID: 9, Key: "closed", HeaderAuth: true}, 18}, &LoginOptions{})
	if err := s.Call(within(t), "b", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Call(within(t), "secret", nil); !errors.Is(err, ErrAuth) {
		t.Errorf("a refusal of a live session: %v", err)
	}
	s.Restore(Suspended{SessionInfo{ID: 9, Key: "closed", HeaderAuth: true}, 18}, nil)
	if err := s.Call(within(t), "c", nil); !errors.Is(err, ErrAuth) {
		t.Errorf("with nothing to log in again: %v", err)
	}
	want := []string{"a#17", "b#18", "login", "b#0", "secret#1", "c#18"}
	if d := cmp.Diff(want, p.methods()); d != "" {
		t.Error(d)
	}
}
