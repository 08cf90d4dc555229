package koji

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tell writes a piece of an event stream at once.
func tell(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, text)
	w.(http.Flusher).Flush()
}

func taskEvent(id, task int64) string {
	return fmt.Sprintf("id: %d\nevent: task\ndata: {\"id\":%d,\"kind\":\"task\",\"time\":1.5,\ndata: \"task\":{\"id\":%d,\"state\":1,\"method\":\"build\"}}\n\n", id, id, task)
}

// held is a peer whose handlers can wait for the end of the test.
func held(t *testing.T, answer func(w http.ResponseWriter, c peerCall, nth int, end <-chan struct{})) *hubPeer {
	t.Helper()
	end := make(chan struct{})
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, nth int) { answer(w, c, nth, end) })
	t.Cleanup(func() { close(end) })
	return p
}

// listen reads the stream until it has n items.
func listen(t *testing.T, st *Stream, n int) []string {
	t.Helper()
	var got []string
	ctx := within(t)
	for range n {
		notice, err := st.Next(ctx)
		switch {
		case err != nil:
			got = append(got, err.Error())
		case notice.Task != nil:
			got = append(got, fmt.Sprintf("%d %s %d %v", notice.ID, notice.Kind, notice.Task.ID, notice.Task.State))
		default:
			got = append(got, fmt.Sprintf("%d %s", notice.ID, notice.Kind))
		}
	}
	return got
}

func TestStreamReconnects(t *testing.T) {
	t.Parallel()
	p := held(t, func(w http.ResponseWriter, _ peerCall, nth int, end <-chan struct{}) {
		switch nth {
		case 0:
			tell(w, "event: hello\r\ndata: {\"id\": 10}\r\n\r\n: heartbeat\n\n"+taskEvent(11, 1)+"id: 12\nevent: build\ndata: {}\n\nid: 13\nevent: task\ndata: {\"half")
			cut(w, "")
		case 1, 2:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case 3:
			tell(w, "event: hello\ndata: {\"id\": 12}\n\nid: 20\nevent: gap\ndata: {}\n\n"+taskEvent(21, 2))
		case 4:
			tell(w, "event: hello\ndata: {\"id\": 3}\n\n"+taskEvent(4, 3)) // set up anew
		default:
			tell(w, "event: hello\ndata: {\"id\": 4}\n\n"+taskEvent(5, 4))
			<-end
		}
	})
	s, waited := p.session(t, Options{})
	lost, opened := make(chan error, 10), make(chan struct{}, 10)
	st, err := s.Events(within(t), EventOptions{
		Kinds: []NoticeKind{NoticeTask, NoticeBuild}, Tasks: []int64{1, 2}, Host: 3,
		OnLost: func(err error, _ time.Duration) { lost <- err },
		OnOpen: func() { opened <- struct{}{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	want := []string{"11 task 1 OPEN", "12 build", ErrGap.Error(), "21 task 2 OPEN", ErrGap.Error(), "4 task 3 OPEN", "5 task 4 OPEN"}
	if d := cmp.Diff(want, listen(t, st, len(want))); d != "" {
		t.Error(d)
	}
	var ids []string
	for _, c := range p.calls() {
		if c.Method != "GET" || c.Path != "/kojihub/events" || c.LastID != c.Query.Get("after") {
			t.Errorf("asked by %+v", c)
		}
		ids = append(ids, c.LastID)
	}
	if d := cmp.Diff([]string{"", "12", "12", "12", "21", "4"}, ids); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(url.Values{"kind": {"task", "build"}, "task": {"1", "2"}, "host": {"3"}}, p.calls()[0].Query); d != "" {
		t.Error(d)
	}
	// Each pause is longer than the last one until the hub is heard of again.
	limits := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, time.Second, time.Second}
	got := waited.all()
	if len(got) != len(limits) {
		t.Fatalf("waited %v", got)
	}
	for i, d := range limits {
		if got[i] < d*8/10 || got[i] > d*12/10 {
			t.Errorf("pause %d was %v, want about %v", i, got[i], d)
		}
	}
	if len(lost) != 5 || len(opened) != 4 {
		t.Errorf("lost %d times, opened %d times", len(lost), len(opened))
	}
	if st.Last() != 5 {
		t.Errorf("last is %d", st.Last())
	}
}

func TestHubsWithoutAStream(t *testing.T) {
	t.Parallel()
	tests := map[string]func(http.ResponseWriter){
		"Koji's own": func(w http.ResponseWriter) {
			w.Header().Set("Allow", "POST")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		},
		"not found": func(w http.ResponseWriter) { http.Error(w, "no", http.StatusNotFound) },
		"a page":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html></html>") },
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) { answer(w) })
			s, _ := p.session(t, Options{})
			if _, err := s.Events(within(t), EventOptions{}); !errors.Is(err, ErrNoStream) {
				t.Errorf("got %v", err)
			}
			// The same while a stream is being listened to.
			p = newPeer(t, func(w http.ResponseWriter, _ peerCall, nth int) {
				if nth > 0 {
					answer(w)
					return
				}
				tell(w, "event: hello\ndata: {\"id\": 0}\n\n")
			})
			s, _ = p.session(t, Options{})
			st, err := s.Events(within(t), EventOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := st.Next(within(t)); !errors.Is(err, ErrNoStream) {
				t.Errorf("got %v", err)
			}
			if _, err := st.Next(within(t)); !errors.Is(err, io.EOF) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestStreamThatFailsAtFirst(t *testing.T) {
	t.Parallel()
	for status, temporary := range map[int]bool{http.StatusForbidden: false, http.StatusBadGateway: true} {
		p := newPeer(t, func(w http.ResponseWriter, _ peerCall, _ int) { w.WriteHeader(status) })
		s, _ := p.session(t, Options{})
		_, err := s.Events(within(t), EventOptions{})
		var te *TransportError
		if !errors.As(err, &te) || te.Temporary != temporary {
			t.Errorf("%d: got %v", status, err)
		}
	}
	p := newPeer(t, nil)
	s, _ := p.session(t, Options{})
	p.Close()
	_, err := s.Events(within(t), EventOptions{})
	var te *TransportError
	if !errors.As(err, &te) || !te.Temporary {
		t.Errorf("got %v", err)
	}
}

func TestSilentStream(t *testing.T) {
	t.Parallel()
	p := held(t, func(w http.ResponseWriter, _ peerCall, nth int, end <-chan struct{}) {
		tell(w, fmt.Sprintf("event: hello\ndata: {\"id\": %d}\n\n", nth+1))
		if nth > 0 {
			tell(w, taskEvent(int64(nth)+10, 1))
		}
		<-end
	})
	s, _ := p.session(t, Options{})
	lost := make(chan error, 100)
	st := &Stream{
		s: s, silence: 30 * time.Millisecond, items: make(chan streamItem, streamAhead),
		o: EventOptions{OnLost: func(err error, _ time.Duration) { lost <- err }},
	}
	st.start(within(t))
	c, err := st.connect()
	if err != nil {
		t.Fatal(err)
	}
	go st.run(c)
	defer st.Close()
	if d := cmp.Diff([]string{"11 task 1 OPEN"}, listen(t, st, 1)); d != "" {
		t.Error(d)
	}
	mustContain(t, (<-lost).Error(), "nothing heard for 30ms")
}

func TestNonsenseInTheStream(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":  "id: 1\nevent: task\ndata: {\n\n",
		"bad hello": "event: hello\ndata: 1\n\n",
		"endless":   "data: " + strings.Repeat("x", longestEvent+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := held(t, func(w http.ResponseWriter, _ peerCall, nth int, end <-chan struct{}) {
				if nth == 0 {
					tell(w, text)
				} else {
					tell(w, taskEvent(2, 2))
				}
				<-end
			})
			s, _ := p.session(t, Options{})
			lost := make(chan error, 1)
			st, err := s.Events(within(t), EventOptions{OnLost: func(err error, _ time.Duration) { lost <- err }})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			if d := cmp.Diff([]string{"2 task 2 OPEN"}, listen(t, st, 1)); d != "" {
				t.Error(d)
			}
			if err := <-lost; err == nil {
				t.Error("no reason")
			}
		})
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	p := held(t, func(w http.ResponseWriter, _ peerCall, _ int, end <-chan struct{}) {
		tell(w, "event: hello\ndata: {\"id\": 0}\n\n")
		<-end
	})
	s, _ := p.session(t, Options{})
	st, err := s.Events(within(t), EventOptions{})
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
	if _, err := st.Next(within(t)); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func FuzzServerEvent(f *testing.F) {
	f.Add("event: task\ndata: {}\nid: 7\n\n")
	f.Add(": x\r\n\r\ndata\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		var ev serverEvent
		for line := range strings.SplitSeq(text, "\n") {
			if !ev.line(line) {
				continue
			}
			if ev.name == "" && !ev.hasData {
				t.Errorf("%q gave an empty event", text)
			}
			if strings.ContainsAny(ev.name+ev.id, "\n") {
				t.Errorf("%q gave %q, %q", text, ev.name, ev.id)
			}
			ev = serverEvent{}
		}
	})
}

// What comes soon after something was read stays unread for a while, unless
// there was so much that more must be behind it.
func TestGatheringReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		much := strings.Repeat("x", muchRead)
		r := &gathering{Reader: strings.NewReader("ab" + much + "c"), ctx: ctx, every: time.Second}
		begin := time.Now()
		for _, step := range []struct {
			room, read int
			at         time.Duration
		}{{1, 1, 0}, {1, 1, time.Second}, {muchRead, muchRead, 2 * time.Second}, {10, 1, 2 * time.Second}} {
			n, err := r.Read(make([]byte, step.room))
			if at := time.Since(begin); n != step.read || err != nil || at != step.at {
				t.Errorf("read %d bytes after %v, %v; want %+v", n, at, err, step)
			}
		}
		cancel(errors.New("it ended"))
		if _, err := r.Read(make([]byte, 1)); err == nil || err.Error() != "it ended" || time.Since(begin) != 2*time.Second {
			t.Errorf("a stream that ended is waited for until %v: %v", time.Since(begin), err)
		}
	})
}
