package hubd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// testClock is a clock that goes when it is told to.
type testClock struct {
	busy *sync.Mutex // held by who must not see it go, unless nil
	mu   sync.Mutex
	now  time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	if c.busy != nil {
		c.busy.Lock()
		defer c.busy.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// eachHubAt is eachHub with a store whose clock stands still.
func eachHubAt(t *testing.T, change func(*Config), run func(h *testHub, clock *testClock)) {
	t.Helper()
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	on := func(open func(testing.TB, ...sqlstore.Option) *sqlstore.Store) func(*testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			clock := &testClock{now: start}
			h := setup(t, open(t, sqlstore.WithClock(clock.Now)), change)
			clock.busy = &h.hub.scheduler.busy // a run of the background has one time
			run(h, clock)
		}
	}
	t.Run("sqlite", on(sqlstoretest.SQLite))
	t.Run("postgres", on(sqlstoretest.Postgres))
}

// caller is a client whose headers are written by hand.
type caller struct {
	t       *testing.T
	url     string
	handler http.Handler // asked in place of url when set, as from address
	address string
	header  http.Header
}

// raw is a client that is nobody.
func (h *testHub) raw() *caller { return &caller{t: h.t, url: h.url, header: http.Header{}} }

// with is the client with the headers of a session; num is the number of its calls, none below 0.
func (c *caller) with(info koji.SessionInfo, num int) *caller {
	other := *c
	other.header = http.Header{}
	other.header.Set("Koji-Session-Id", strconv.FormatInt(info.ID, 10))
	other.header.Set("Koji-Session-Key", info.Key)
	if num >= 0 {
		other.header.Set("Koji-Session-Callnum", strconv.Itoa(num))
	}
	return &other
}

// from is the client at an address of its own.
func (c *caller) from(handler http.Handler, address string) *caller {
	other := *c
	other.handler, other.address = handler, address
	return &other
}

func (c *caller) post(contentType, query string, body io.Reader) (*http.Response, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+query, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = c.header.Clone()
	req.Header.Set("Content-Type", contentType)
	if c.handler != nil {
		rec := httptest.NewRecorder()
		req.RequestURI, req.RemoteAddr = req.URL.RequestURI(), c.address
		c.handler.ServeHTTP(rec, req)
		return rec.Result(), rec.Body.Bytes()
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res, data
}

// ask calls a method and gives its answer, or its fault.
func (c *caller) ask(method string, args ...any) (any, *koji.Error) {
	c.t.Helper()
	document, err := xmlrpc.MarshalCall(method, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	res, data := c.post("text/xml", "", bytes.NewReader(document))
	if res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s: %s", method, res.Status, data)
	}
	return readAnswer(c.t, data)
}

func readAnswer(t *testing.T, document []byte) (any, *koji.Error) {
	t.Helper()
	var answer any
	err := xmlrpc.UnmarshalResponse(document, &answer)
	if f, ok := asFault(err); ok {
		return nil, koji.FromFault(f)
	}
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return answer, nil
}

// wantCode checks the code of a fault; 0 is no fault.
func (c *caller) wantCode(code koji.Code, method string, args ...any) {
	c.t.Helper()
	if _, f := c.ask(method, args...); codeOf(f) != code {
		c.t.Errorf("%s%v: want fault %d, got %v", method, args, code, f)
	}
}

func codeOf(f *koji.Error) koji.Code {
	if f == nil {
		return 0
	}
	return f.Code
}

// login opens a session with the password.
func (c *caller) login(name string, more ...any) koji.SessionInfo {
	c.t.Helper()
	answer, f := c.ask("login", append([]any{name, name}, more...)...)
	if f != nil {
		c.t.Fatalf("login as %s: %v", name, f)
	}
	return sessionInfo(c.t, answer)
}

func sessionInfo(t *testing.T, answer any) koji.SessionInfo {
	t.Helper()
	m, ok := answer.(map[string]any)
	if !ok {
		t.Fatalf("session is %v", answer)
	}
	id, _ := m["session-id"].(int64)
	key, _ := m["session-key"].(string)
	if id == 0 || key == "" || m["header-auth"] != true {
		t.Fatalf("session is %v", answer)
	}
	return koji.SessionInfo{ID: id, Key: key, HeaderAuth: true}
}

// named are named arguments as they travel.
func named(n koji.Named) map[string]any {
	m := map[string]any{"__starstar": true}
	for k, v := range n {
		m[k] = v
	}
	return m
}

// await asks until it is so, for at most ten seconds: for what no signal tells.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-deadline.C:
			t.Fatal("in vain: ", what)
		case <-tick.C:
		}
	}
}

var errSecret = errors.New(`open /srv/secret/path: password "hunter2"`)
