package koji

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	page := func(status int, kind, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if kind == "" {
				w.Header()["Content-Type"] = nil
			} else {
				w.Header().Set("Content-Type", kind)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const ok = "<?xml version='1.0'?>\n<methodResponse><params><param><value><string>x</string></value></param></params></methodResponse>\n"
	tests := []struct {
		name      string
		answer    func(http.ResponseWriter)
		temporary bool
		status    int
		want      string // "" for no error
	}{
		{name: "a page", answer: page(200, "text/html; charset=utf-8", "<!DOCTYPE html>\n<html><title>Log in</title>\x1b[31m"), status: 200, want: `the answer is no XML-RPC but text/html; charset=utf-8 beginning "<!DOCTYPE html> <html><title>Log in</title> [31m"`},
		{name: "a page labelled XML", answer: page(200, "text/xml", "<html><body>hello</body></html>"), status: 200, want: "no XML-RPC but text/xml beginning"},
		{name: "JSON", answer: page(200, "application/json", `{"a": 1}`), status: 200, want: "no XML-RPC but application/json"},
		{name: "text without a type", answer: page(200, "", "hello"), status: 200, want: "something without a type"},
		{name: "another XML", answer: page(200, "text/xml", "<?xml version='1.0'?><rss></rss>"), status: 200, want: "the answer is no XML-RPC: syntax error"},
		{name: "a good answer labelled HTML", answer: page(200, "text/html", ok)},
		{name: "nothing", answer: page(200, "text/xml", ""), temporary: true, status: 200, want: "broke off after 0 bytes"},
		{name: "half an answer that looks whole", answer: page(200, "text/xml", ok[:60]), temporary: true, status: 200, want: "broke off after 60 bytes"},
		{name: "half an answer", answer: func(w http.ResponseWriter) { cut(w, ok[:60]) }, temporary: true, status: 200, want: "the answer broke off"},
		{name: "no answer", answer: func(w http.ResponseWriter) { cut(w, "") }, temporary: true, want: "EOF"},
		{name: "endless value", answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/xml")
			_, err := io.WriteString(w, ok[:strings.Index(ok, "x</string>")])
			for err == nil {
				_, err = io.WriteString(w, strings.Repeat("x", 4096))
			}
		}, status: 200, want: "longer than 100000 bytes"},
		{name: "endless tail", answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/xml")
			_, err := io.WriteString(w, ok)
			for err == nil {
				_, err = io.WriteString(w, strings.Repeat(" ", 4096))
			}
		}, status: 200, want: "longer than 100000 bytes"},
		{name: "another type", answer: func(w http.ResponseWriter) { reply(w, []any{int64(1)}) }, status: 200, want: "read the answer"},
		{name: "bad request", answer: page(400, "text/plain", "Invalid request: Request too long\n"), status: 400, want: "HTTP status 400 Bad Request: Invalid request: Request too long"},
		{name: "forbidden", answer: page(403, "text/html", "<html>no</html>"), status: 403, want: "HTTP status 403 Forbidden"},
		{name: "not found", answer: page(404, "text/html", "<html>no</html>"), status: 404, want: "HTTP status 404 Not Found"},
		{name: "method", answer: page(405, "text/plain", "Method Not Allowed\nThis"), status: 405, want: "405 Method Not Allowed: Method Not Allowed This"},
		{name: "too slow", answer: page(408, "text/plain", ""), temporary: true, status: 408, want: "408 Request Timeout"},
		{name: "too many", answer: page(429, "text/plain", ""), temporary: true, status: 429, want: "429 Too Many Requests"},
		{name: "no backend", answer: page(503, "text/html", "<h1>Service Unavailable</h1>"), temporary: true, status: 503, want: "503 Service Unavailable"},
		{name: "moved", answer: func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://u:pw@new.example/kojihub?x=1")
			w.WriteHeader(http.StatusFound)
		}, status: 302, want: "the hub has moved to https://new.example/kojihub, which must be configured"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) { tt.answer(w) })
			s, _ := p.session(t, Options{MaxAnswer: 100_000})
			var got string
			err := s.Call(within(t), "echo", &got, "x")
			if tt.want == "" {
				if err != nil || got != "x" {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			var te *TransportError
			if !errors.As(err, &te) {
				t.Fatalf("got %T: %v", err, err)
			}
			if te.Temporary != tt.temporary || te.Status != tt.status {
				t.Errorf("temporary %v, status %d; want %v, %d", te.Temporary, te.Status, tt.temporary, tt.status)
			}
			mustContain(t, err.Error(), "call echo at "+p.URL+"/kojihub: ", tt.want)
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("not one clean line: %q", err)
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	s, _ := p.session(t, Options{})
	p.Close()
	err := s.Call(within(t), "echo", nil)
	var te *TransportError
	if !errors.As(err, &te) || !te.Temporary {
		t.Fatalf("got %v", err)
	}
	mustContain(t, err.Error(), "call echo at "+p.URL+"/kojihub: ", "connection refused")
}
