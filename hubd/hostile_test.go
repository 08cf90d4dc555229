package hubd

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// What a hostile or broken network may send to a hub. It answers sanely, or
// hangs up, and serves others all the while.

// echoOf is a call of echo whose one argument is written out.
func echoOf(value string) string {
	return "<?xml version='1.0'?><methodCall><methodName>echo</methodName><params><param><value>" + value + "</value></param></params></methodCall>"
}

// wantAlive asks the hub something harmless.
func (h *testHub) wantAlive(after string) {
	h.t.Helper()
	if got, f := h.raw().ask("echo", "x"); f != nil {
		h.t.Fatalf("after %.60q the hub answers %v, %v", after, got, f)
	}
}

func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	bomb := `<!ENTITY a0 "lollollollol">`
	for i := 1; i < 10; i++ {
		bomb += fmt.Sprintf(`<!ENTITY a%d "%s">`, i, strings.Repeat(fmt.Sprintf("&a%d;", i-1), 10))
	}
	doctype := func(subset, value string) string {
		return strings.Replace(echoOf(value), "'1.0'?>", "'1.0'?><!DOCTYPE methodCall ["+subset+"]>", 1)
	}
	for name, body := range map[string]string{
		"NULs": strings.Repeat("\x00", 100), "two roots": echoOf("x") + echoOf("x"), "rest": echoOf("x") + "rest", "HTML": "<html><body/></html>",
		"invalid UTF-8": echoOf("\xff\xfe"), "cut UTF-8": echoOf("\xe2\x82"), "long UTF-8": echoOf("\xc0\xaf"), "surrogate": echoOf("\xed\xa0\x80"),
		"control character": echoOf("\x01"), "reference to NUL": echoOf("&#0;"), "reference to surrogate": echoOf("&#xD800;"), "no character": echoOf("&#xFFFF;"),
		"unknown entity": echoOf("&nosuch;"), "bare &": echoOf("a & b"), "unknown encoding": strings.Replace(echoOf("x"), "'1.0'", "'1.0' encoding='x-nosuch'", 1),
		"int of text": echoOf("<int>abc</int>"), "empty int": echoOf("<int></int>"), "int with a point": echoOf("<int>1.5</int>"),
		"boolean 2": echoOf("<boolean>2</boolean>"), "unknown type": echoOf("<nosuch>1</nosuch>"), "time of text": echoOf("<dateTime.iso8601>no</dateTime.iso8601>"),
		"two types": echoOf("<int>1</int><int>2</int>"), "base64 of text": echoOf("<base64>!!!</base64>"), "text in an array": echoOf("<array>x<data/></array>"),
		"i8 too big": echoOf("<i8>9223372036854775808</i8>"), "5000 digits": echoOf("<int>" + strings.Repeat("9", 5000) + "</int>"),
		"no number": strings.Replace(echoOf("<double>nan</double>"), "echo", "getTag", 1) /* echo alone gives it back */, "too deep": echoOf(strings.Repeat("<array><data><value>", 50000) + "1" + strings.Repeat("</value></data></array>", 50000)),
		"entity": doctype(`<!ENTITY a "boom">`, "&a;"), "file entity": doctype(`<!ENTITY a SYSTEM "file:///etc/passwd">`, "&a;"),
		"parameter entity": doctype(`<!ENTITY % a SYSTEM "/etc/passwd"> %a;`, "x"), "entity bomb": doctype(bomb, "&a9;"),
		"long entity": doctype(`<!ENTITY a "`+strings.Repeat("a", 100000)+`">`, strings.Repeat("&a;", 10000)),
	} {
		start := time.Now()
		res, data := h.raw().post("text/xml", "", strings.NewReader(body))
		if res.StatusCode != 400 && !(res.StatusCode == 200 && bytes.Contains(data, []byte("<fault>"))) {
			t.Errorf("%s: %s: %.200s", name, res.Status, data)
		}
		if len(data) > 10000 || bytes.Contains(data, []byte("root:")) || time.Since(start) > 20*time.Second {
			t.Errorf("%s: an answer of %d bytes after %v: %.200s", name, len(data), time.Since(start), data)
		}
		h.wantAlive(name)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.CopyN(z, zeros{}, 200<<20); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	c := h.raw()
	c.header.Set("Content-Encoding", "gzip")
	if res, data := c.post("text/xml", "", &packed); res.StatusCode != 400 {
		t.Errorf("a packed request of 200 MiB: %s: %.200s", res.Status, data)
	}
	h.wantAlive("a packed request")
}

// zeros reads as zeros without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// dial is a connection to the hub; what is read from it ends some time.
func (h *testHub) dial() net.Conn {
	h.t.Helper()
	u, err := url.Parse(h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

func head(length any, more string) string {
	return fmt.Sprintf("POST /kojihub HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %v\r\n%s\r\n", length, more)
}

// What is no request, or not all of one, is refused or ends the connection, and nothing is done.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	admin := h.as("kojiadmin").Info()
	session := fmt.Sprintf("Koji-Session-Id: %d\r\nKoji-Session-Key: %s\r\n", admin.ID, admin.Key)
	body := strings.Replace(echoOf("cut"), "echo", "createTag", 1)
	for _, sent := range []string{
		"\r\n\r\n", "hello\r\n\r\n", "POST\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "POST / HTTP/9.9\r\n\r\n", strings.Repeat("A", 200000) + "\r\n\r\n",
		head(0, "X: "+strings.Repeat("a", 2_000_000)+"\r\n"), head(0, "no colon here\r\n"),
		head(len(body)+10, session) + body, head(1_000_000_000, session) + body, head("1000000000000000000000000000000", session) + body,
		head(-1, session) + body, head("abc", session) + body, head("1 2", session) + body,
	} {
		conn := h.dial()
		// The hub may hang up before all is sent: that is an answer, too.
		_, _ = io.WriteString(conn, sent)
		_ = conn.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(conn)
		if len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(answer, []byte("HTTP/1.1 5")) &&
			!bytes.HasPrefix(answer, []byte("HTTP/1.0 4")) && !bytes.HasPrefix(answer, []byte("HTTP/1.0 5")) {
			t.Errorf("%.80q: %.200q", sent, answer)
		}
		h.wantAlive(sent)
	}
	want(t, "the tag of a cut request", nil, h.call("", "getTag", "cut"))
}

// Clients that say nothing, or stop in the middle, keep nobody else waiting.
func TestSilentClients(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	for i := range 60 {
		conn := h.dial()
		if _, err := io.WriteString(conn, []string{"", "POST ", head(1000, ""), head(1000, "") + echoOf("x")[:20]}[i%4]); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	h.wantAlive("60 silent clients")
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("another client waited %v", took)
	}
}

// Arguments that would be SQL, or numbers that no column holds, are data or refused, on both engines.
func TestQueryInjection(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.call("kojiadmin", "createTag", "thing")
		const evil = "x'; DROP TABLE tag_updates; --"
		ask := func(method string, args ...any) {
			h.t.Helper()
			var f *koji.Error
			if err := h.as("").Call(h.t.Context(), method, nil, args...); err != nil && !errors.As(err, &f) {
				h.t.Errorf("%s%.80v: %v", method, args, err)
			}
			if f != nil && strings.Contains(f.Text, "internal error") {
				h.t.Errorf("%s%.80v: %v", method, args, f)
			}
		}
		for _, opts := range []any{
			map[string]any{"order": evil},
			map[string]any{"order": int64(5)},
			map[string]any{"order": ","},
			map[string]any{"order": "--id"},
			map[string]any{"limit": evil},
			map[string]any{"offset": "1; SELECT 1"},
			map[string]any{"limit": int64(-1)},
			map[string]any{"offset": int64(-1)},
			map[string]any{"limit": int64(1) << 62},
			map[string]any{"limit": 1.5},
			map[string]any{"limit": []any{int64(1)}},
			map[string]any{"order": []any{"id"}},
			map[string]any{"order": "(SELECT 1)"},
			map[string]any{"group": evil},
			"x", int64(5),
			[]any{int64(1)},
		} {
			for _, method := range []string{"listTags", "listBuilds", "listUsers", "listHosts", "listRPMs", "listArchives", "listBuildroots", "listTaskOutput", "listBTypes", "untaggedBuilds"} {
				if m := h.hub.methods[method]; m != nil && hasParam(m.params, "queryOpts") {
					ask(method, koji.Named{"queryOpts": opts})
				}
			}
		}
		for _, v := range []any{evil, "' OR 1=1 --", int64(1) << 31, int64(-1) << 63, int64(math.MaxInt64), "a\\", "%", strings.Repeat("x", 100000), "*", "[", "\U0001f600"} {
			for _, method := range []string{"getTag", "getBuild", "getUser", "getHost", "getRPM", "getPackage", "getChannel", "getBuildTarget", "getArchive", "getRepo", "getTaskInfo"} {
				if h.hub.methods[method] != nil {
					ask(method, v)
				}
			}
			ask("search", v, "tag", "glob")
			ask("search", v, "package", "regexp")
			ask("listTags", koji.Named{"pattern": v})
			ask("listBuilds", koji.Named{"pattern": v, "prefix": v, "source": v})
			ask("listUsers", koji.Named{"prefix": v})
			ask("listPackagesSimple", v)
			ask("listTagged", "thing", koji.Named{"prefix": v})
		}
		if got := h.call("", "getTag", "thing"); got == nil {
			h.t.Error("the tag is gone")
		}
		h.call("kojiadmin", "editTag2", "thing", koji.Named{"arches": "x86_64"})
	})
}

// No argument leads to a file outside of the hub's folders.
func TestPathsInCalls(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	h.call("kojiadmin", "grantCGAccess", "kojiadmin", "osbs", true)
	task := h.call("kojiadmin", "makeTask", "sleep", []any{0})
	up := strings.Repeat("../", 12) + "etc"
	for _, c := range []struct {
		user, method string
		args         []any
	}{
		{"", "downloadTaskOutput", []any{task, up + "/passwd"}},
		{"", "downloadTaskOutput", []any{task, "/etc/passwd"}},
		{"", "downloadTaskOutput", []any{task, "passwd", koji.Named{"volume": up}}},
		{"", "listTaskOutput", []any{up, koji.Named{"strict": true}}},
		{"", "getRPMHeaders", []any{koji.Named{"filepath": up + "/passwd"}}},
		{"", "getRPMHeaders", []any{koji.Named{"taskID": task, "filepath": up + "/passwd"}}},
		{"", "getChangelogEntries", []any{koji.Named{"filepath": up + "/passwd"}}},
		{"", "checkUpload", []any{up, "passwd", "md5"}},
		{"", "checkUpload", []any{"/etc", "passwd"}},
		{"kojiadmin", "importRPM", []any{up, "passwd"}},
		{"kojiadmin", "importRPM", []any{"/etc", "passwd"}},
		{"kojiadmin", "importArchive", []any{up + "/passwd", map[string]any{"id": int64(1)}, "maven", map[string]any{}}},
		{"kojiadmin", "CGImport", []any{nil, up}},
		{"kojiadmin", "CGImport", []any{"../metadata.json", "/etc"}},
	} {
		if h.hub.methods[c.method] == nil {
			continue // its absence is told by TestAPI
		}
		if f := h.fault(c.user, c.method, c.args...); f.Code == koji.CodeOther {
			t.Errorf("%s%v: %v", c.method, c.args, f)
		}
	}
}
