package hubd

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "f44")
		h.fault("kojiadmin", "createTag", "f44")
		h.fault("", "no<such>\"method\n", "x")
		h.call("kojiadmin", "multiCall", []any{map[string]any{"methodName": "getTag", "params": []any{"f44"}}, map[string]any{"methodName": "nosuch", "params": []any{}}})
		h.call("kojiadmin", "makeTask", "nosuch", []any{}, koji.Named{"channel": "maven"})
		if err := h.as("kojiadmin").Upload(t.Context(), "dir", "file", strings.NewReader("12345"), koji.UploadOptions{}); err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get(strings.TrimSuffix(h.url, "/kojihub") + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %v\n%s", resp.Status, err, body)
		}
		for _, line := range []string{
			`hubd_calls_total{method="createTag"} 2`,
			`hubd_calls_total{method="getTag"} 1`,
			`hubd_calls_total{method="other"} 2`,
			`hubd_faults_total{code="1000",method="createTag"} 1`,
			`hubd_faults_total{code="1000",method="other"} 2`,
			`hubd_request_seconds_count{method="multiCall"} 1`,
			`hubd_request_seconds_count{method="rawUpload"} 1`,
			`hubd_upload_bytes_total 5`,
			`hubd_tasks{state="free"} 1`,
			`hubd_tasks{state="open"} 0`,
			`hubd_hosts{ready="no"} 2`,
			`hubd_repo_requests 0`,
			`hubd_event_listeners 1`,
		} {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + `$`).Match(body) {
				t.Errorf("no line %s", line)
			}
		}
		for _, part := range []string{"go_sql_open_connections{", "process_resident_memory_bytes", "go_goroutines"} {
			if !strings.Contains(string(body), part) {
				t.Errorf("no %s", part)
			}
		}
		if strings.Contains(string(body), "such") {
			t.Error("a name that a client made up is a label")
		}
	})
}

func TestWhoSeesMetrics(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	for name, tc := range map[string]struct {
		allow, from string
		header      [2]string
		want        int
	}{
		"this machine":         {allow: "127.0.0.0/8 ::1", from: "127.0.0.1:5", want: 200},
		"this machine, IPv6":   {allow: "127.0.0.0/8 ::1", from: "[::1]:5", want: 200},
		"mapped into IPv6":     {allow: "127.0.0.0/8 ::1", from: "[::ffff:127.0.0.1]:5", want: 200},
		"somebody":             {allow: "127.0.0.0/8 ::1", from: "192.0.2.1:5", want: 403},
		"somebody by a proxy":  {allow: "127.0.0.0/8 ::1", from: "127.0.0.1:5", header: [2]string{"X-Forwarded-For", "127.0.0.1"}, want: 403},
		"who is allowed":       {allow: "192.0.2.0/24", from: "192.0.2.1:5", want: 200},
		"the one address":      {allow: "192.0.2.1", from: "192.0.2.1:5", want: 200},
		"the address after it": {allow: "192.0.2.1", from: "192.0.2.2:5", want: 403},
		"nobody":               {allow: "", from: "127.0.0.1:5", want: 403},
		"no address":           {allow: "0.0.0.0/0", from: "@", want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			allow, err := parseNetworks(tc.allow)
			if err != nil {
				t.Fatal(err)
			}
			cfg := *h.hub.cfg
			cfg.MetricsAllow = allow
			hub := &Hub{cfg: &cfg, metrics: h.hub.metrics}
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.RemoteAddr = tc.from
			if tc.header[0] != "" {
				r.Header.Set(tc.header[0], tc.header[1])
			}
			w := httptest.NewRecorder()
			hub.serveMetrics(w, r)
			if w.Code != tc.want {
				t.Errorf("status %d, want %d", w.Code, tc.want)
			}
		})
	}
	for _, bad := range []string{"localhost", "1.2.3", "10.0.0.0/33"} {
		if _, err := LoadConfig(configFile(t, "[hub]\nMetricsAllow = "+bad+"\n")); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("MetricsAllow = %s: %v", bad, err)
		}
	}
	if _, err := LoadConfig(configFile(t, "[hub]\nLogFormat = xml\n")); err == nil {
		t.Error("LogFormat = xml is taken")
	}
	cfg, err := LoadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.MetricsAllow) != 2 || !cfg.MetricsAllow[0].Contains(netip.MustParseAddr("127.1.2.3")) {
		t.Errorf("MetricsAllow is %v by itself", cfg.MetricsAllow)
	}
}

// lockedBuffer is a log that several write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The log has a line for each request at INFO, a warning for a slow one, and no secrets.
func TestRequestLog(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), func(c *Config) { c.SlowCall = time.Nanosecond })
	var log lockedBuffer
	cfg := *h.hub.cfg
	hub := &Hub{cfg: &cfg, metrics: h.hub.metrics, log: slog.New(slog.NewTextHandler(&log, nil)), methods: h.hub.methods}
	req := &request{id: "abc123", address: "192.0.2.7", caller: &session{user: 4, name: "alice", id: 17}, code: koji.CodeGeneric}
	hub.served(req, "getTag", time.Now().Add(-time.Second))
	for _, part := range []string{"level=WARN", `msg="slow call"`, "request=abc123", "method=getTag", "address=192.0.2.7", "user=alice", "session=17", "fault=1000", "took="} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("no %s in %s", part, log.String())
		}
	}
	cfg.SlowCall = 0
	hub.served(&request{id: "def456"}, "no such method", time.Now().Add(-time.Hour))
	if last := log.String()[strings.Index(log.String(), "\n"):]; !strings.Contains(last, "level=INFO") || strings.Contains(last, "such") {
		t.Errorf("with SlowCall 0: %s", last)
	}
}
