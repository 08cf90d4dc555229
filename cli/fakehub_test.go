package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
)

// answers are what a fake hub says, by method. A func([]any) any is asked, an
// error is a fault, all else is the answer.
type answers map[string]any

// fakeHub is a hub for what the real one is hard to bring to: it answers what
// it is told to, and serves files.
type fakeHub struct {
	*httptest.Server
	answers answers
	files   map[string]string // below /kojifiles
	conf    string            // the client's configuration
}

func newFakeHub(t *testing.T, a answers) *fakeHub {
	t.Helper()
	h := &fakeHub{answers: a, files: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /kojihub", h.call)
	mux.HandleFunc("GET /kojifiles/", func(w http.ResponseWriter, r *http.Request) {
		data, ok := h.files[strings.TrimPrefix(r.URL.Path, "/kojifiles/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Unix(1700000000, 0), strings.NewReader(data))
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	h.conf = filepath.Join(t.TempDir(), "koji.conf")
	text := fmt.Sprintf("[koji]\nserver=%s/kojihub\ntopurl=%s/kojifiles\nweburl=http://web.example.org\ntopdir=/mnt/koji\nauthtype=noauth\nmax_retries=0\n", h.URL, h.URL)
	if err := os.WriteFile(h.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *fakeHub) call(w http.ResponseWriter, r *http.Request) {
	method, params, err := xmlrpc.NewDecoder(r.Body, xmlrpc.Limits{}).Call()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var doc []byte
	answer := h.answer(method, params)
	if fault, ok := answer.(*koji.Error); ok {
		doc, err = xmlrpc.MarshalFault(fault.Fault())
	} else {
		doc, err = xmlrpc.MarshalResponse(answer)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(doc)
}

func (h *fakeHub) answer(method string, params []any) any {
	if method == "multiCall" {
		results := []any{}
		for _, c := range params[0].([]any) {
			call := c.(map[string]any)
			args, _ := call["params"].([]any)
			switch answer := h.answer(call["methodName"].(string), args).(type) {
			case *koji.Error:
				results = append(results, map[string]any{"faultCode": int64(answer.Code), "faultString": answer.Text, "traceback": []any{}})
			default:
				results = append(results, []any{answer})
			}
		}
		return results
	}
	answer, ok := h.answers[method]
	if !ok {
		return koji.NewError(koji.CodeGeneric, "Invalid method: "+method)
	}
	if f, ok := answer.(func([]any) any); ok {
		return f(params)
	}
	return answer
}

// ran is what came of a command.
type ran struct {
	code     int
	out, err string
}

// run runs the client on the hub.
func (h *fakeHub) run(t *testing.T, args ...string) ran {
	t.Helper()
	return runCLI(t, append([]string{"-c", h.conf}, args...)...)
}

func runCLI(t *testing.T, args ...string) ran {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(t.Context(), append([]string{"koji"}, args...), Stdio{In: strings.NewReader(""), Out: &out, Err: &err})
	return ran{code, out.String(), err.String()}
}

// env is an Env with a profile, for what needs no hub.
func testEnv(t *testing.T, out io.Writer) *Env {
	t.Helper()
	h := newFakeHub(t, nil)
	e := newEnv(Stdio{In: strings.NewReader(""), Out: out, Err: io.Discard})
	if _, err := e.globals.parse([]string{"-c", h.conf}); err != nil {
		t.Fatal(err)
	}
	e.argv0 = "koji"
	if _, err := e.Anonymous(context.Background()); err != nil {
		t.Fatal(err)
	}
	return e
}
