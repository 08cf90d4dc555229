package daemon

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/xmlrpc"
)

func TestReadSettings(t *testing.T) {
	t.Parallel()
	var (
		text  string
		n     = 7
		d     = time.Second
		truth bool
		list  []string
	)
	path := filepath.Join(t.TempDir(), "x.conf")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known := Settings{"text": Text(&text), "n": Number(&n), "d": Seconds(&d), "truth": Truth(&truth), "list": Words(&list)}
	write("[x]\ntext = 100%s\nn =\nd = 0.5\nTRUTH = on\nlist = a\n  b\n")
	if err := ReadSettings(path, "x", known); err != nil {
		t.Fatal(err)
	}
	if text != "100%s" || n != 7 || d != time.Second/2 || !truth || cmp.Diff([]string{"a", "b"}, list) != "" {
		t.Errorf("%q %d %v %v %q", text, n, d, truth, list)
	}
	// Everything that is wrong is said at once, with its place.
	write("[x]\nodd = 1\nn = -3\nd = nan\ntruth = maybe\n[y]\na = b\n")
	err := ReadSettings(path, "x", known)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{path + ":2: odd: unknown key", ":3: n: ", ":4: d: ", ":5: truth: ", ":6: unknown section [y]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	first, err := Lock(dir, "prog")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir, "prog"); err == nil || !strings.Contains(err.Error(), "another prog (process ") {
		t.Errorf("error %v", err)
	}
	first.Close()
	again, err := Lock(dir, "prog")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestPatience(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		interval    time.Duration
		retries     int
		wantBetween time.Duration
		wantTries   int
	}{
		{time.Minute, 120, 2 * time.Second, 3600},
		{time.Second, 5, time.Second, 5},
		{time.Second, 0, time.Second, -1},
	} {
		var o koji.Options
		if Patience(&o, c.interval, c.retries); o.RetryInterval != c.wantBetween || o.MaxRetries != c.wantTries {
			t.Errorf("%v x %d: %v x %d", c.interval, c.retries, o.RetryInterval, o.MaxRetries)
		}
	}
}

func TestDetached(t *testing.T) {
	t.Parallel()
	rest, yes := Detached([]string{"p", DetachedArg, "-c", "x"})
	if d := cmp.Diff([]string{"p", "-c", "x"}, rest); !yes || d != "" {
		t.Error(yes, d)
	}
	if rest, yes := Detached([]string{"p"}); yes || len(rest) != 1 {
		t.Error(rest, yes)
	}
}

// loginHub answers what a login needs, and remembers who asked for what.
type loginHub struct {
	mu     sync.Mutex
	said   []string
	next   int64
	locked bool
	down   bool
}

func (h *loginHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	method, params, err := xmlrpc.NewDecoder(r.Body, xmlrpc.Limits{}).Call()
	if err != nil || h.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	h.said = append(h.said, strings.TrimSpace(r.Header.Get("Koji-Session-Id")+" "+method))
	w.Header().Set("Content-Type", "text/xml")
	enc := xmlrpc.NewEncoder(w)
	switch {
	case method == "login":
		h.next++
		err = enc.Response(map[string]any{"session-id": h.next, "session-key": "secret", "header-auth": true})
	case method == "exclusiveSession" && h.locked:
		err = enc.Fault(xmlrpc.Fault{Code: int(koji.CodeAuthLock), String: "Cannot get exclusive session"})
	case method == "echo":
		err = enc.Response(params)
	default:
		err = enc.Response(nil)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func newAccount(t *testing.T) (*Account, *loginHub) {
	t.Helper()
	h := &loginHub{}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &Account{
		Options:     koji.Options{Server: srv.URL, User: "b", Password: "p", MaxRetries: -1},
		SessionFile: filepath.Join(t.TempDir(), "state", "session.json"), Logger: slog.New(slog.DiscardHandler),
	}, h
}

// A daemon that was killed leaves its session behind; the next one ends it with
// its own key before it logs in.
func TestLoginEndsOldSession(t *testing.T) {
	t.Parallel()
	a, h := newAccount(t)
	if _, err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(a.SessionFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("session file: %v %v", info, err)
	}
	s, err := a.Login(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"login", "1 exclusiveSession", "1 echo",
		"1 logout", "login", "2 exclusiveSession", "2 echo",
	}
	if d := cmp.Diff(want, h.said); d != "" {
		t.Error(d)
	}
	if err := a.Logout(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.SessionFile); !os.IsNotExist(err) {
		t.Errorf("session file: %v", err)
	}
}

// What couldn't be ended is left for the next start.
func TestLogoutKeepsSessionOfHubThatIsAway(t *testing.T) {
	t.Parallel()
	a, h := newAccount(t)
	s, err := a.Login(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.down = true
	h.mu.Unlock()
	if err := a.Logout(t.Context(), s); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(a.SessionFile); err != nil {
		t.Error(err)
	}
}

func TestLoginLocked(t *testing.T) {
	t.Parallel()
	a, h := newAccount(t)
	h.locked = true
	if _, err := a.Login(t.Context()); err == nil || !strings.Contains(err.Error(), "--force-lock") {
		t.Errorf("error %v", err)
	}
	if last := h.said[len(h.said)-1]; last != "1 logout" {
		t.Errorf("last call: %s", last)
	}
}
