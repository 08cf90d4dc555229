package hubd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	eachHub(t, func(c *Config) { c.MaxRequestLength = 10000 }, func(h *testHub) {
		t := h.t
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			req, _ := http.NewRequestWithContext(t.Context(), method, h.url, nil)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "POST" || res.Header.Get("Koji-Version") != Version {
				t.Errorf("%s: %s, %v", method, res.Status, res.Header)
			}
		}
		const hello = "<methodCall><methodName>hello</methodName><params></params></methodCall>"
		for name, c := range map[string]struct {
			body   string
			status int
		}{
			"good":         {hello, 200},
			"no params":    {"<methodCall><methodName>hello</methodName></methodCall>", 200},
			"empty":        {"", 400},
			"text":         {"hello", 400},
			"json":         {`{"method": "hello"}`, 400},
			"cut":          {hello[:len(hello)-5], 400},
			"crossed":      {strings.Replace(hello, "</methodName>", "</params>", 1), 400},
			"DTD":          {`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y "z">]>` + hello, 400},
			"entity":       {strings.Replace(hello, "hello", "&xxe;", 1), 400},
			"answer":       {"<methodResponse><params><param><value>1</value></param></params></methodResponse>", 400},
			"two":          {hello + hello, 400},
			"no name":      {"<methodCall><params></params></methodCall>", 400},
			"at the limit": {hello + strings.Repeat(" ", 10000-len(hello)), 200},
			"too long":     {hello + strings.Repeat(" ", 10001-len(hello)), 400},
			"far too long": {"<methodCall><methodName>echo</methodName><params><param><value>" + strings.Repeat("x", 1<<20) + "</value></param></params></methodCall>", 400},
		} {
			res, data := h.raw().post("text/xml", "", strings.NewReader(c.body)) //nolint:bodyclose // post reads it to its end and closes it
			if res.StatusCode != c.status {
				t.Errorf("%s: %s: %s", name, res.Status, data)
			}
			kind := map[int]string{200: "text/xml", 400: "text/plain"}[c.status]
			if res.Header.Get("Content-Type") != kind || res.Header.Get("Koji-Version") != Version || res.ContentLength != int64(len(data)) {
				t.Errorf("%s: headers %v", name, res.Header)
			}
			if c.status == 400 && (!bytes.HasPrefix(data, []byte("Invalid request: ")) || !bytes.HasSuffix(data, []byte("\n"))) {
				t.Errorf("%s: %q", name, data)
			}
		}
		if _, data := h.raw().post("text/xml", "", strings.NewReader(strings.Repeat(" ", 20000))); !strings.Contains(string(data), "too long") { //nolint:bodyclose // post reads it to its end and closes it
			t.Errorf("too long: %q", data)
		}
		for _, kind := range []string{"", "application/json", "text/xml; charset=utf-8"} {
			if res, data := h.raw().post(kind, "", strings.NewReader(hello)); res.StatusCode != 200 { //nolint:bodyclose // post reads it to its end and closes it
				t.Errorf("content type %q: %s: %s", kind, res.Status, data)
			}
		}
		res, err := http.Get(strings.TrimSuffix(h.url, "/kojihub") + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if data, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(data) != "ok\n" {
			t.Errorf("healthz: %s: %s", res.Status, data)
		}
	})
}

// A request whose length is told in two ways ends its connection: nothing behind it is taken for a request.
func TestHiddenRequest(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(h.url, "/kojihub"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	body := "<methodCall><methodName>hello</methodName></methodCall>"
	hidden := fmt.Sprintf("POST /kojihub HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	inner := "0\r\n\r\n" + hidden
	fmt.Fprintf(conn, "POST /kojihub HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s", len(inner), inner)
	data, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "Hello World") {
		t.Errorf("the hidden request was run:\n%s", data)
	}
}

func TestWrongCalls(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for _, c := range []struct {
			code   koji.Code
			method string
			args   []any
		}{
			{koji.CodeGeneric, "nosuch", nil},
			{koji.CodeGeneric, "gettag", []any{"x"}},
			{koji.CodeGeneric, "", nil},
			{koji.CodeGeneric, "__init__", nil},
			{koji.CodeGeneric, "rawUpload", nil},
			{koji.CodeGeneric, "error", nil},
			{koji.CodeOther, "fault", nil},
			{koji.CodeParameter, "getTag", nil},
			{koji.CodeParameter, "getTag", []any{"x", true, nil, false, 5}},
			{koji.CodeParameter, "getTag", []any{koji.Named{"tagInfo": "x", "nosuch": 1}}},
			{koji.CodeParameter, "getTag", []any{"x", koji.Named{"tagInfo": "x"}}},
			{koji.CodeParameter, "getTaskInfo", []any{"x"}},
			{koji.CodeParameter, "getTaskInfo", []any{map[string]any{}}},
			{koji.CodeParameter, "host.getTasks", []any{1}},
		} {
			h.wantFault(c.code, map[bool]string{true: "builder1"}[strings.HasPrefix(c.method, "host.")], c.method, c.args...)
		}
		for _, method := range []string{"getTaskInfo", "getTaskChildren", "taskFinished", "getTaskRequest", "getBuild", "getHost", "getTag", "getUser", "getChannel", "getRepo"} {
			for _, id := range []any{int64(1) << 40, -(int64(1) << 40), int64(-1), int64(0)} {
				var v any
				var f *koji.Error
				if err := h.as("").Call(h.t.Context(), method, &v, id); errors.As(err, &f) && f.Code == koji.CodeOther {
					h.t.Errorf("%s(%v): %v", method, id, f)
				}
			}
		}
	})
}

func TestErrorsTellNothingOfTheInside(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, store *sqlstore.Store) {
		h := setup(t, store, nil)
		var log bytes.Buffer
		h.hub.log = slog.New(slog.NewTextHandler(&log, nil))
		methods := []method{
			reads("test.read", anyone, "", func(*call, none) (any, error) { return nil, fmt.Errorf("read: %w", errSecret) }),
			writes("test.write", anyone, "", func(*call, none) (any, error) { return nil, errSecret }),
			reads("test.panic", anyone, "", func(*call, none) (any, error) { panic(errSecret) }),
			writes("test.index", anyone, "", func(_ *call, _ none) (any, error) { return []int(nil)[len(h.url)], nil }),
			reads("test.stream", anyone, "", func(*call, none) (any, error) {
				return iter.Seq2[any, error](func(yield func(any, error) bool) { yield(nil, errSecret) }), nil
			}),
			reads("test.yieldpanic", anyone, "", func(*call, none) (any, error) {
				return iter.Seq2[any, error](func(func(any, error) bool) { panic(errSecret) }), nil
			}),
		}
		for i := range methods {
			h.hub.methods[methods[i].name] = &methods[i]
		}
		for _, m := range methods {
			log.Reset()
			_, f := h.raw().ask(m.name)
			if codeOf(f) != koji.CodeOther {
				t.Errorf("%s: %v", m.name, f)
				continue
			}
			if strings.Contains(f.Text, "hunter2") || strings.Contains(f.Text, "/srv") || strings.Contains(f.Text, "index out of") {
				t.Errorf("%s tells the client %q", m.name, f.Text)
			}
			words := strings.Fields(f.Text)
			id := words[len(words)-1]
			if len(id) != 12 || !strings.Contains(log.String(), id) {
				t.Errorf("%s: the log has nothing of request %q:\n%s", m.name, id, log.String())
			}
			if m.name != "test.index" && !strings.Contains(log.String(), "hunter2") {
				t.Errorf("%s: the log doesn't tell the cause:\n%s", m.name, log.String())
			}
		}
		if _, f := h.raw().ask("hello"); f != nil {
			t.Errorf("afterwards: %v", f)
		}
	})
}

// streaming adds a method whose long answer comes from next.
func (h *testHub) streaming(next func(i int) (any, error)) {
	m := reads("test.stream", anyone, "", func(*call, none) (any, error) {
		return iter.Seq2[any, error](func(yield func(any, error) bool) {
			for i := 0; ; i++ {
				v, err := next(i)
				if errors.Is(err, io.EOF) || !yield(v, err) || err != nil {
					return
				}
			}
		}), nil
	})
	h.hub.methods[m.name] = &m
}

// A long answer leaves while it is made: the hub holds no more than a part of it.
func TestLongAnswersStream(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		const count = 3000
		begun := make(chan struct{})
		line := strings.Repeat("x", 1000)
		h.streaming(func(i int) (any, error) {
			if i == count/2 {
				select {
				case <-begun: // the client has the beginning already
				case <-time.After(20 * time.Second):
					return nil, errors.New("nothing has left the hub so far")
				}
			}
			if i == count {
				return nil, io.EOF
			}
			return line, nil
		})
		document, _ := xmlrpc.MarshalCall("test.stream")
		res, err := http.Post(h.url, "text/xml", bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		first := make([]byte, 100000)
		if _, err := io.ReadFull(res.Body, first); err != nil {
			t.Fatal(err)
		}
		close(begun)
		rest, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		answer, f := readAnswer(t, append(first, rest...))
		if list, _ := answer.([]any); f != nil || len(list) != count {
			t.Errorf("%d elements, fault %v", len(list), f)
		}
	})
}

// An error in the middle of a long answer can no longer be a fault: the
// connection breaks, so that half an answer isn't taken for a whole one.
func TestBrokenLongAnswer(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		line := strings.Repeat("x", 1000)
		h.streaming(func(i int) (any, error) {
			if i == 2000 {
				return nil, errSecret
			}
			return line, nil
		})
		document, _ := xmlrpc.MarshalCall("test.stream")
		res, err := http.Post(h.url, "text/xml", bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err == nil {
			t.Errorf("%d bytes of a broken answer look whole", len(data))
		}
		if bytes.Contains(data, []byte("hunter2")) {
			t.Error("the cause went out")
		}
		h.raw().wantCode(0, "hello")
	})
}

// A client that goes away in the middle holds nothing up.
func TestClientThatLeaves(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		ended := make(chan struct{})
		line := strings.Repeat("x", 10000)
		m := reads("test.endless", anyone, "", func(*call, none) (any, error) {
			return iter.Seq2[any, error](func(yield func(any, error) bool) {
				defer close(ended)
				for yield(line, nil) {
				}
			}), nil
		})
		h.hub.methods[m.name] = &m
		ctx, leave := context.WithCancel(h.t.Context())
		document, _ := xmlrpc.MarshalCall("test.endless")
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(document))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := bufio.NewReader(res.Body).ReadString('>'); err != nil {
			h.t.Fatal(err)
		}
		leave()
		res.Body.Close()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			h.t.Error("the answer goes on for nobody")
		}
		h.raw().wantCode(0, "hello")
	})
}

// A call that a callback refuses leaves nothing behind, preCommit included.
func TestCallbacksRefuse(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		refusal := map[string]error{}
		var heard []string
		for _, event := range []string{"preTag", "preCommit", "postCommit", "preTaskStateChange", "postTaskStateChange"} {
			h.hub.On(event, func(_ context.Context, event string, _ map[string]any) error {
				heard = append(heard, event)
				return refusal[event]
			})
		}
		h.call("kojiadmin", "createTag", "a")
		want(t, "heard", []string{"preCommit", "postCommit"}, heard)
		h.call("kojiadmin", "editTag2", "a") // changes nothing
		want(t, "heard", 2, len(heard))

		refusal["preCommit"] = errSecret
		f := h.fault("kojiadmin", "createTag", "b")
		if f.Code != koji.CodeCallback || strings.Contains(f.Text, "hunter2") {
			t.Errorf("a plugin's failure: %v", f)
		}
		refusal["preCommit"] = fault(koji.CodePlugin, "not today")
		if f := h.fault("kojiadmin", "createTag", "b"); f.Code != koji.CodeCallback || !strings.HasSuffix(f.Text, ": not today") {
			t.Errorf("a plugin's refusal: %v", f)
		}
		delete(refusal, "preCommit")
		refusal["postTaskStateChange"] = errSecret
		h.wantFault(koji.CodeCallback, "kojiadmin", "makeTask", "x", []any{})
		refusal = map[string]error{"postCommit": errSecret}
		h.call("kojiadmin", "createTag", "c") // too late to refuse
		want(t, "tags", []any{"a", "c"}, column(h.call("", "listTags"), "name"))
		want(t, "tasks", []any{}, h.call("", "listTasks"))
	})
}
