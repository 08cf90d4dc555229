package cli

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHubTalksNonsense asks what is no hub, or one that is broken: the end is
// one line that says what came, exit code 1, and it isn't far off.
func TestHubTalksNonsense(t *testing.T) {
	t.Parallel()
	const head = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n"
	says := func(kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, text)
		}
	}
	cases := []struct {
		name  string
		serve http.HandlerFunc
		tls   bool
		want  string
	}{
		{name: "a web page", serve: says("text/html", "<!DOCTYPE html><html><body>Welcome</body></html>"), want: "is that the URL of a hub?"},
		{name: "plain text", serve: says("text/plain", "hello\x1b[31m\nworld"), want: `beginning "hello [31m world"`},
		{name: "nothing", serve: says("text/xml", ""), want: "the answer broke off after 0 bytes"},
		{name: "other XML", serve: says("text/xml", "<?xml version='1.0'?><rss></rss>"), want: "the answer is no XML-RPC"},
		{name: "XML with an entity bomb", serve: says("text/xml", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a 'aaaa'>]><methodResponse/>"), want: "the answer is no XML-RPC"},
		{name: "another value", serve: says("text/xml", "<?xml version='1.0'?><methodResponse><params><param><value><int>5</int></value></param></params></methodResponse>"), want: "read the answer"},
		{name: "half an answer", serve: says("text/xml", head+"<value><struct>\n<member>\n<name>na"), want: "the answer broke off"},
		{name: "an answer that is cut", serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			w.Header().Set("Content-Length", "1000000")
			_, _ = io.WriteString(w, head)
		}, want: "the answer broke off"},
		{name: "an answer without end", serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, head)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, "<value><nil/></value>"); err != nil {
					return
				}
			}
		}, want: "no whole answer within 1s"},
		{name: "silence", serve: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or that the client goes isn't seen
			<-r.Context().Done()
		}, want: "no whole answer within 1s"},
		{name: "a broken server", serve: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Traceback (most recent call last):\n  File \"x.py\"", http.StatusInternalServerError)
		}, want: "HTTP status 500"},
		{name: "somewhere else", serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example.org/kojihub?secret", http.StatusFound)
		}, want: "the hub has moved to https://elsewhere.example.org/kojihub,"},
		{name: "a certificate of nobody", tls: true, serve: says("text/xml", ""), want: "certificate"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(c.serve)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.tls {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			complain(t, server.URL, c.want)
		})
	}
	t.Run("no HTTP", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.6\r\n")
				conn.Close()
			}
		}()
		complain(t, "http://"+l.Addr().String(), "")
	})
}

// complain runs a command on what stands at url, and wants one line of it.
func complain(t *testing.T, url, want string) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "koji.conf")
	timeout := 1
	if strings.HasPrefix(url, "https:") {
		timeout = 20 // a busy machine may take more than a second to shake hands
	}
	text := fmt.Sprintf("[koji]\nserver = %s/kojihub\nauthtype = noauth\nmax_retries = 0\ntimeout = %d\n", url, timeout)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	got := runCLI(t, "-c", conf, "list-tags")
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if got.code != 1 || got.out != "" || strings.Count(got.err, "\n") != 1 || strings.Contains(got.err, "\x1b") || strings.Contains(got.err, "secret") || !strings.Contains(got.err, want) {
		t.Errorf("exit code %d, %q; want 1 and a line with %q", got.code, got.err, want)
	}
}
