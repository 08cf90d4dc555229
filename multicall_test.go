package koji

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answerMulticall carries calls out by their names, as a hub does.
func answerMulticall(w http.ResponseWriter, c peerCall) {
	var answers []any
	for _, call := range c.Params[0].([]any) {
		m := call.(map[string]any)
		params := m["params"].([]any)
		switch m["methodName"] {
		case "getUser":
			answers = append(answers, []any{map[string]any{"id": int64(len(params)), "name": params[0]}})
		case "echo":
			answers = append(answers, []any{params})
		default:
			answers = append(answers, map[string]any{
				"faultCode": int64(1000), "faultString": "Invalid method: " + m["methodName"].(string), "traceback": []any{"x"},
			})
		}
	}
	reply(w, answers)
}

func TestMulticall(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) { answerMulticall(w, c) })
	s, _ := p.session(t, Options{})
	m := s.Multicall()
	m.Batch = 2
	var u User
	var said []any
	m.Add(&u, "getUser", "alice")
	m.Add(nil, "nonsense")
	m.Add(&said, "echo", 1, Named{"a": true})
	m.Add(nil, "rubbish")
	m.Add(nil, "echo")
	err := m.Run(within(t))
	var partly *MulticallError
	if !errors.As(err, &partly) || !errors.Is(err, ErrNoSuchMethod) {
		t.Fatalf("got %v", err)
	}
	mustContain(t, err.Error(), "2 of 5 calls failed, the first: Invalid method: nonsense")
	var failed []int
	for i := range m.Len() {
		if m.Err(i) != nil {
			failed = append(failed, i)
		}
	}
	if d := cmp.Diff([]int{1, 3}, failed); d != "" {
		t.Error(d)
	}
	if u.Name != "alice" || u.ID != 1 {
		t.Errorf("user %+v", u)
	}
	if d := cmp.Diff([]any{int64(1), map[string]any{"__starstar": true, "a": true}}, said); d != "" {
		t.Error(d)
	}
	if n := len(p.calls()); n != 3 {
		t.Errorf("%d requests, want 3 of at most 2 calls", n)
	}
}

func TestMulticallThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		second func(http.ResponseWriter)
		want   error
	}{
		{"fault", func(w http.ResponseWriter) { replyFault(w, CodeServerOffline, "off") }, ErrServerOffline},
		{"too few", func(w http.ResponseWriter) { reply(w, []any{}) }, nil},
		{"broken", func(w http.ResponseWriter) { cut(w, "") }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, c peerCall, nth int) {
				if nth == 1 {
					tt.second(w)
					return
				}
				answerMulticall(w, c)
			})
			s, _ := p.session(t, Options{})
			m := s.Multicall()
			m.Batch = 1
			for i := range 3 {
				m.Add(nil, "echo", i)
			}
			err := m.Run(within(t))
			var partly *MulticallError
			if err == nil || errors.As(err, &partly) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %v", err)
			}
			if m.Err(0) != nil || m.Err(1) == nil || m.Err(2) == nil {
				t.Errorf("got %v, %v, %v", m.Err(0), m.Err(1), m.Err(2))
			}
			if n := len(p.calls()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestMulticallAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{nil, "x", []any{}, []any{int64(1), int64(2)}, map[string]any{"faultCode": "x"}, []any{"text"}} {
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) { reply(w, []any{answer}) })
			s, _ := p.session(t, Options{})
			m := s.Multicall()
			var n int
			m.Add(&n, "x")
			if err := m.Run(within(t)); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestEmptyMulticall(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	s, _ := p.session(t, Options{})
	if err := s.Multicall().Run(within(t)); err != nil || len(p.calls()) != 0 {
		t.Errorf("%v, %d requests", err, len(p.calls()))
	}
}
