package koji

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"
)

func TestRetryKeepsTheCallNumber(t *testing.T) {
	t.Parallel()
	s, p, waited := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, nth int) {
		switch nth {
		case 0:
			cut(w, "")
		case 1:
			http.Error(w, "no backend", http.StatusBadGateway)
		case 2:
			cut(w, "<?xml version='1.0'?>\n<methodResponse><params><param><value><arr")
		default:
			reply(w, "done")
		}
	})
	var attempts []int
	s.o.OnRetry = func(_ error, n int) { attempts = append(attempts, n) }
	var got string
	if err := s.Call(within(t), "createTag", &got, "f40"); err != nil {
		t.Fatal(err)
	}
	if err := s.Call(within(t), "echo", &got, "x"); err != nil {
		t.Fatal(err)
	}
	want := []string{"login", "createTag#0", "createTag#0", "createTag#0", "createTag#0", "echo#1"}
	if d := cmp.Diff(want, p.methods()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]time.Duration{0, 20 * time.Second, 20 * time.Second}, waited.all()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{1, 2, 3}, attempts); d != "" {
		t.Error(d)
	}
}

func TestLostAnswerOfACallThatWasCarriedOut(t *testing.T) {
	t.Parallel()
	s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, nth int) {
		if nth == 0 {
			cut(w, "")
		}
		replyFault(w, CodeRetry, "unable to retry call 0 (method createTag) for session 77")
	})
	err := s.Call(within(t), "createTag", nil, "f40")
	if !errors.Is(err, ErrRetry) || !errors.Is(err, ErrAuth) {
		t.Fatalf("got %v, want ErrRetry", err)
	}
	mustContain(t, err.Error(), "createTag", "its answer was lost", "unable to retry call 0")
}

func TestRetriesAreOnlyForTheOnesThatMay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		o     Options
		login bool
		tries int
	}{
		{name: "anonymous", tries: 1},
		{name: "anonymous that wants it", o: Options{AnonRetry: true, MaxRetries: 3}, tries: 4},
		{name: "logged in", o: Options{MaxRetries: 2}, login: true, tries: 3},
		{name: "logged in, default", login: true, tries: 31},
		{name: "no retries", o: Options{MaxRetries: -1}, login: true, tries: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := func(w http.ResponseWriter, c peerCall, nth int) { cut(w, "") }
			var s *Session
			var p *hubPeer
			before := 0
			if tt.login {
				s, p, _ = loggedIn(t, tt.o, broken)
				before = 1
			} else {
				p = newPeer(t, broken)
				s, _ = p.session(t, tt.o)
			}
			err := s.Call(within(t), "echo", nil)
			var te *TransportError
			if !errors.As(err, &te) || !te.Temporary {
				t.Fatalf("got %v", err)
			}
			if got := len(p.calls()) - before; got != tt.tries {
				t.Errorf("%d tries, want %d", got, tt.tries)
			}
		})
	}
}

func TestFaultsComeBackAsErrors(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) {
		replyFault(w, CodeGeneric, "No such tag: nope")
	})
	s, _ := p.session(t, Options{AnonRetry: true})
	err := s.Call(within(t), "getTag", nil, "nope", true)
	if !errors.Is(err, ErrNoSuchTag) || errors.Is(err, ErrNoSuchBuild) {
		t.Fatalf("got %v", err)
	}
	var f kolo.FaultError
	if !errors.As(err, &f) || f.Code != 1000 {
		t.Errorf("not kolo's fault: %v", err)
	}
	if n := len(p.calls()); n != 1 {
		t.Errorf("a fault was tried %d times", n)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, _ int) { reply(w, true) })
	s, _ := p.session(t, Options{})
	named := Named{"strict": true}
	for _, args := range [][]any{{"a", int64(1), named}, {named}, {"a", Named{}}, {}} {
		if err := s.Call(within(t), "m", nil, args...); err != nil {
			t.Fatal(err)
		}
	}
	if _, marked := named["__starstar"]; marked {
		t.Error("the caller's arguments were changed")
	}
	type args struct {
		Params []any
		Named  map[string]any
	}
	var got []args
	for _, c := range p.calls() {
		got = append(got, args{append([]any{}, c.Params...), c.Named})
	}
	strict := map[string]any{"strict": true}
	want := []args{{[]any{"a", int64(1)}, strict}, {[]any{}, strict}, {[]any{"a"}, nil}, {[]any{}, nil}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOfflineHub(t *testing.T) {
	t.Parallel()
	offline := func(w http.ResponseWriter, _ peerCall, nth int) {
		if nth < 3 {
			replyFault(w, CodeServerOffline, "server is offline")
			return
		}
		reply(w, "back")
	}
	p := newPeer(t, offline)
	s, _ := p.session(t, Options{})
	if err := s.Call(within(t), "echo", nil); !errors.Is(err, ErrServerOffline) {
		t.Errorf("got %v", err)
	}
	p = newPeer(t, offline)
	s, waited := p.session(t, Options{OfflineRetry: true, OfflineRetryInterval: time.Minute, MaxRetries: 1})
	var got string
	if err := s.Call(within(t), "echo", &got); err != nil || got != "back" {
		t.Errorf("got %q, %v", got, err)
	}
	if d := cmp.Diff([]time.Duration{time.Minute, time.Minute, time.Minute}, waited.all()); d != "" {
		t.Error(d)
	}
}

func TestNumberedCallsArriveInOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	under := 0
	s, p, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, _ int) {
		mu.Lock()
		under++
		if under > 1 {
			t.Error("two numbered calls at once")
		}
		mu.Unlock()
		defer func() { mu.Lock(); under--; mu.Unlock() }()
		reply(w, true)
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Call(within(t), "x", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := []string{"login"}
	for _, n := range strings.Fields("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19") {
		want = append(want, "x#"+n)
	}
	if d := cmp.Diff(want, p.methods()); d != "" {
		t.Error(d)
	}
}

func TestAnonymousCallsRunSideBySide(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	both.Add(2)
	p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) {
		both.Done()
		both.Wait() // answers only when the other one is here too
		reply(w, true)
	})
	s, _ := p.session(t, Options{})
	ctx := within(t)
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- s.Call(ctx, "x", nil) }()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestCancelledCalls(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	ended := make(chan struct{})
	s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, _ int) {
		if c.Method == "slow" {
			arrived <- struct{}{}
			<-ended
		}
		reply(w, true)
	})
	defer close(ended)
	ctx, cancel := context.WithCancel(within(t))
	first := make(chan error, 1)
	go func() { first <- s.Call(ctx, "slow", nil) }()
	<-arrived
	// One that waits for its turn can be cancelled too.
	turn, stop := context.WithCancel(within(t))
	stop()
	if err := s.Call(turn, "echo", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.Call(within(t), "echo", nil); err != nil {
		t.Errorf("after a cancelled call: %v", err)
	}
}

func TestCancelWhileWaitingToRetry(t *testing.T) {
	t.Parallel()
	s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, _ peerCall, _ int) { cut(w, "") })
	ctx, cancel := context.WithCancel(within(t))
	s.wait = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return waitFor(ctx, time.Hour)
	}
	if err := s.Call(ctx, "echo", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSlowHubCountsAsATransportError(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) { <-ended })
	t.Cleanup(func() { close(ended) })
	s, _ := p.session(t, Options{Timeout: 20 * time.Millisecond})
	err := s.Call(within(t), "echo", nil)
	var te *TransportError
	if !errors.As(err, &te) || !te.Temporary {
		t.Fatalf("got %v", err)
	}
	mustContain(t, err.Error(), "no whole answer within 20ms")
}

func TestNoSecretsInErrorsAndLogs(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, nth int) {
		if nth == 0 {
			reply(w, SessionInfo{ID: 77, Key: "1-topsecretkey"}) // no header-auth: the key goes into the query
			return
		}
		cut(w, "")
	})
	log := &syncBuffer{}
	s, _ := p.session(t, Options{
		Server: strings.Replace(p.URL, "http://", "http://webuser:webpass@", 1) + "/kojihub",
		User:   "alice", Password: "open sesame", MaxRetries: 2,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err := s.Login(within(t), LoginOptions{}); err != nil {
		t.Fatal(err)
	}
	err := s.Call(within(t), "createTag", nil, "f40")
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), p.URL+"/kojihub")
	for _, secret := range []string{"webpass", "open sesame", "topsecretkey"} {
		if strings.Contains(err.Error(), secret) || strings.Contains(log.String(), secret) {
			t.Errorf("%q is told:\n%v\n%s", secret, err, log)
		}
	}
	if got := p.calls()[1].Query.Get("session-key"); got != "1-topsecretkey" {
		t.Errorf("an old hub wasn't given the key in the query, but %q", got)
	}
	if p.calls()[1].Query.Get("callnum") != "0" {
		t.Errorf("callnum of an old hub: %v", p.calls()[1].Query)
	}
}

func TestNewRefusesWhatIsNoHub(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "kojihub", "ftp://x/kojihub", "http://", "http://a b/%zz", "http://u:secret@/x"} {
		_, err := New(Options{Server: server})
		if err == nil {
			t.Errorf("%q was taken", server)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", server, err)
		}
	}
}
