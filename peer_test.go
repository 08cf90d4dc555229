package koji

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"koji/internal/xmlrpc"
)

// peerCall is a request as it reached the other side.
type peerCall struct {
	Method  string
	Params  []any
	Named   map[string]any
	Session string
	Key     string
	CallNum string
	Path    string
	Query   url.Values
	Body    []byte // of a raw upload
	LastID  string // the header Last-Event-ID
}

// hubPeer speaks a hub's protocol over real HTTP and does what a test says.
type hubPeer struct {
	*httptest.Server
	mu     sync.Mutex
	seen   []peerCall
	answer func(w http.ResponseWriter, c peerCall, nth int) // nth request, from 0
}

func newPeer(t *testing.T, answer func(w http.ResponseWriter, c peerCall, nth int)) *hubPeer {
	t.Helper()
	p := &hubPeer{answer: answer}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

func (p *hubPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := peerCall{
		Session: r.Header.Get("Koji-Session-Id"), Key: r.Header.Get("Koji-Session-Key"),
		CallNum: r.Header.Get("Koji-Session-Callnum"), Path: r.URL.Path, Query: r.URL.Query(),
		LastID: r.Header.Get("Last-Event-ID"),
	}
	if r.Header.Get("Content-Type") == "application/octet-stream" {
		c.Method = "rawUpload"
		c.Body, _ = io.ReadAll(r.Body)
	} else if r.Method == http.MethodPost {
		method, params, err := xmlrpc.NewDecoder(r.Body, xmlrpc.Limits{}).Call()
		if err != nil {
			http.Error(w, "Invalid request: "+err.Error(), http.StatusBadRequest)
			return
		}
		c.Method = method
		c.Params, c.Named = xmlrpc.Kwargs(params)
	} else {
		c.Method = r.Method
	}
	p.mu.Lock()
	nth := len(p.seen)
	p.seen = append(p.seen, c)
	p.mu.Unlock()
	p.answer(w, c, nth)
}

// calls is what came in so far.
func (p *hubPeer) calls() []peerCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]peerCall(nil), p.seen...)
}

// methods is the names of what came in, with the call numbers.
func (p *hubPeer) methods() []string {
	var names []string
	for _, c := range p.calls() {
		name := c.Method
		if c.CallNum != "" {
			name += "#" + c.CallNum
		}
		names = append(names, name)
	}
	return names
}

func reply(w http.ResponseWriter, v any) {
	doc, err := xmlrpc.MarshalResponse(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(doc)
}

func replyFault(w http.ResponseWriter, code Code, text string) {
	doc, err := xmlrpc.MarshalFault(xmlrpc.Fault{Code: int(code), String: text})
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(doc)
}

// cut breaks the connection off, after part of an answer.
func cut(w http.ResponseWriter, part string) {
	if part != "" {
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, part)
		w.(http.Flusher).Flush()
	}
	panic(http.ErrAbortHandler)
}

// pauses are how long a session wanted to wait; it doesn't in tests.
type pauses struct {
	mu   sync.Mutex
	list []time.Duration
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, d)
	return ctx.Err()
}

func (p *pauses) all() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Duration(nil), p.list...)
}

// session is a session with the peer that doesn't wait.
func (p *hubPeer) session(t *testing.T, o Options) (*Session, *pauses) {
	t.Helper()
	if o.Server == "" {
		o.Server = p.URL + "/kojihub"
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	waited := &pauses{}
	s.wait = waited.wait
	return s, waited
}

// loggedIn is a session that has logged in; answer sees only what comes later,
// and counts from there.
func loggedIn(t *testing.T, o Options, answer func(w http.ResponseWriter, c peerCall, nth int)) (*Session, *hubPeer, *pauses) {
	t.Helper()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, nth int) {
		if nth == 0 {
			reply(w, SessionInfo{ID: 77, Key: "1-firstkey", HeaderAuth: true})
			return
		}
		answer(w, c, nth-1)
	})
	o.User, o.Password = "alice", "open sesame"
	s, waited := p.session(t, o)
	if err := s.Login(within(t), LoginOptions{}); err != nil {
		t.Fatal(err)
	}
	return s, p, waited
}

// within is a context that ends before the test would hang.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// syncBuffer is a log that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q lacks %q", text, p)
		}
	}
}
