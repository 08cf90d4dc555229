package koji

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrNoStream says that the hub has no event stream, as Koji's own; poll it.
var ErrNoStream = errors.New("hub has no event stream")

// ErrGap says that notices were lost, since the hub no longer has them. The
// stream goes on behind the gap; who builds on it must list anew.
var ErrGap = errors.New("events were lost, list anew")

// EventOptions choose which notices to hear. The zero value is all, from now on.
type EventOptions struct {
	After int64        // the last notice seen; what came since is told first. 0 is now
	Kinds []NoticeKind // only these kinds
	Tasks []int64      // of tasks only these and all their descendants
	Host  int64        // only what concerns this host

	// Gather is how long to leave what comes after a notice unread, so that it
	// comes together: a busy hub then wakes who listens less often.
	Gather time.Duration

	OnLost func(err error, pause time.Duration) // told when the stream broke, before the pause
	OnOpen func()                               // told whenever the stream is open again
}

const (
	streamSilence  = time.Minute // hubs send a heartbeat every 15 seconds
	longestEvent   = 1 << 20
	streamAhead    = 256
	helloEventName = "hello"
	gapEventName   = "gap"
)

// streamPauses are before the first, second … reconnection in a row; the last
// one goes on. Each is varied by a fifth so that clients don't come all at once.
var streamPauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

// Stream is a hub's event stream as it comes in. When the connection breaks it
// is opened again, and goes on behind the last notice.
type Stream struct {
	s       *Session
	o       EventOptions
	ctx     context.Context
	cancel  context.CancelFunc
	silence time.Duration
	items   chan streamItem
	mu      sync.Mutex
	last    int64 // guarded by mu
}

// streamItem is a notice, or an error; ErrGap alone doesn't end the stream.
type streamItem struct {
	notice Notice
	err    error
}

// Events opens the hub's event stream, GET <server>/events. It fails with
// ErrNoStream if the hub has none, and with a *TransportError if the hub can't
// be reached now. The stream needs no login. It lives until Close or until ctx
// ends, and so must one of the two.
func (s *Session) Events(ctx context.Context, o EventOptions) (*Stream, error) {
	st := &Stream{s: s, o: o, silence: streamSilence, last: o.After, items: make(chan streamItem, streamAhead)}
	st.start(ctx)
	c, err := st.connect()
	if err != nil {
		st.cancel()
		return nil, err
	}
	go st.run(c)
	return st, nil
}

func (st *Stream) start(ctx context.Context) { st.ctx, st.cancel = context.WithCancel(ctx) }

// Next waits for the next notice. ErrGap tells of lost ones, after it Next can
// be called on; every other error is final, unless it is ctx's own.
func (st *Stream) Next(ctx context.Context) (Notice, error) {
	select {
	case it, ok := <-st.items:
		switch {
		case !ok && ctx.Err() != nil:
			return Notice{}, context.Cause(ctx)
		case !ok:
			return Notice{}, io.EOF
		}
		return it.notice, it.err
	case <-ctx.Done():
		return Notice{}, context.Cause(ctx)
	}
}

// Pending is how many notices have come in that Next would give at once.
func (st *Stream) Pending() int { return len(st.items) }

// Last is the id of the last notice that came in, or where the stream began:
// what EventOptions.After takes.
func (st *Stream) Last() int64 {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.last
}

func (st *Stream) setLast(id int64) {
	st.mu.Lock()
	st.last = id
	st.mu.Unlock()
}

// Close ends the stream; Next gives io.EOF when what came in is read.
func (st *Stream) Close() { st.cancel() }

// run reads connection after connection until the stream ends.
func (st *Stream) run(c *eventConn) {
	defer close(st.items)
	defer st.cancel()
	failures := 0
	for {
		if c != nil {
			err := st.read(c)
			if c.heard {
				failures = 0
			}
			c.close()
			if st.ctx.Err() != nil {
				return
			}
			st.pause(err, failures)
			failures++
		}
		var err error
		c, err = st.connect()
		var te *TransportError
		switch {
		case err == nil:
		case st.ctx.Err() != nil:
			return
		case errors.As(err, &te) && te.Temporary:
			st.pause(err, failures)
			failures++
		default:
			st.put(streamItem{err: err})
			return
		}
	}
}

// pause waits before the next connection.
func (st *Stream) pause(err error, failures int) {
	d := streamPauses[min(failures, len(streamPauses)-1)]
	d = time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
	st.s.o.Logger.Info("event stream lost", "error", err, "pause", d)
	if st.o.OnLost != nil {
		st.o.OnLost(err, d)
	}
	_ = st.s.wait(st.ctx, d) // that it ended early is seen by the next connect
}

func (st *Stream) put(it streamItem) {
	select {
	case st.items <- it:
	case <-st.ctx.Done():
	}
}

// eventConn is one connection of a stream.
type eventConn struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	heard  bool // a whole event came in
}

func (c *eventConn) close() {
	c.cancel()
	c.body.Close()
}

func (st *Stream) connect() (*eventConn, error) {
	ctx, cancel := context.WithCancel(st.ctx)
	u := *st.s.baseURL()
	u.Path += "/events"
	u.RawQuery = st.query().Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, bareURLError(err)
	}
	req.Header.Set("User-Agent", st.s.o.UserAgent)
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Accept-Encoding", "identity") // what packs, holds back
	if last := st.Last(); last > 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(last, 10))
	}
	late := time.AfterFunc(st.silence, cancel)
	resp, err := st.s.client.Do(req)
	if !late.Stop() && err == nil {
		resp.Body.Close()
		err = errors.New("no answer in time")
	}
	r := request{method: http.MethodGet, timeout: st.silence}
	if err != nil {
		cancel()
		return nil, r.failed(st.ctx, &u, err)
	}
	if err := streamAnswer(resp, &u); err != nil {
		resp.Body.Close()
		cancel()
		return nil, err
	}
	if st.o.OnOpen != nil {
		st.o.OnOpen()
	}
	return &eventConn{body: resp.Body, cancel: cancel}, nil
}

// streamAnswer tells a stream from what hubs without one answer.
func streamAnswer(resp *http.Response, u *url.URL) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode == http.StatusOK && kind == "text/event-stream":
		return nil
	case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusNotFound,
		resp.StatusCode == http.StatusMethodNotAllowed, resp.StatusCode == http.StatusNotImplemented:
		return fmt.Errorf("%w (%s answers GET with HTTP status %s)", ErrNoStream, publicURL(u), status(resp))
	}
	err, temporary := statusError(resp, bufio.NewReader(resp.Body))
	return &TransportError{Method: http.MethodGet, URL: publicURL(u), Status: resp.StatusCode, Err: err, Temporary: temporary}
}

func (st *Stream) query() url.Values {
	q := url.Values{}
	if last := st.Last(); last > 0 {
		q.Set("after", strconv.FormatInt(last, 10))
	}
	for _, k := range st.o.Kinds {
		q.Add("kind", string(k))
	}
	for _, id := range st.o.Tasks {
		q.Add("task", strconv.FormatInt(id, 10))
	}
	if st.o.Host != 0 {
		q.Set("host", strconv.FormatInt(st.o.Host, 10))
	}
	return q
}

// read takes events off a connection until it breaks.
func (st *Stream) read(c *eventConn) error {
	late := time.AfterFunc(st.silence, c.cancel)
	defer late.Stop()
	lines := bufio.NewScanner(&gathering{Reader: c.body, ctx: st.ctx, every: st.o.Gather})
	lines.Buffer(make([]byte, 4096), longestEvent)
	var ev serverEvent
	for lines.Scan() {
		late.Reset(st.silence)
		if !ev.line(lines.Text()) {
			continue
		}
		if err := st.take(c, ev); err != nil {
			return err
		}
		ev = serverEvent{}
	}
	if !late.Stop() && st.ctx.Err() == nil {
		return fmt.Errorf("nothing heard for %v", st.silence)
	}
	if err := lines.Err(); err != nil {
		return bareURLError(err)
	}
	return errors.New("the hub ended the stream")
}

// gathering is a reader that isn't read again for a while after it gave
// something, unless that was so much that there may be more.
type gathering struct {
	io.Reader
	ctx   context.Context
	every time.Duration
	next  time.Time
}

// muchRead is half of what the transport reads at once.
const muchRead = 2048

func (g *gathering) Read(p []byte) (int, error) {
	if wait := time.Until(g.next); wait > 0 {
		select {
		case <-time.After(wait):
		case <-g.ctx.Done():
			return 0, context.Cause(g.ctx)
		}
	}
	n, err := g.Reader.Read(p)
	if n < muchRead {
		g.next = time.Now().Add(g.every)
	}
	return n, err
}

// serverEvent is one event of a stream, while its lines come in.
type serverEvent struct {
	name, id string
	data     strings.Builder
	hasData  bool
}

// line takes a line and reports whether the event is whole.
func (ev *serverEvent) line(text string) bool {
	text = strings.TrimSuffix(text, "\r")
	if text == "" {
		return ev.hasData || ev.name != ""
	}
	field, value, _ := strings.Cut(text, ":")
	value = strings.TrimPrefix(value, " ")
	switch field { // one without a name is a comment, the heartbeat
	case "event":
		ev.name = value
	case "id":
		ev.id = value
	case "data":
		if ev.hasData {
			ev.data.WriteByte('\n')
		}
		ev.data.WriteString(value)
		ev.hasData = true
	}
	return false
}

// take hands an event on.
func (st *Stream) take(c *eventConn, ev serverEvent) error {
	switch ev.name {
	case helloEventName:
		var hello struct {
			ID int64 `json:"id"`
		}
		if err := json.Unmarshal([]byte(ev.data.String()), &hello); err != nil {
			return fmt.Errorf("read the stream's first event: %w", err)
		}
		last := st.Last()
		if last == 0 || hello.ID < last {
			st.setLast(hello.ID)
		}
		if hello.ID < last { // the hub counts anew: it was set up again, or restored
			st.put(streamItem{err: ErrGap})
		}
	case gapEventName:
		if id, err := strconv.ParseInt(ev.id, 10, 64); err == nil {
			st.setLast(id)
		}
		st.put(streamItem{err: ErrGap})
	default:
		var n Notice
		if err := json.Unmarshal([]byte(ev.data.String()), &n); err != nil {
			return fmt.Errorf("read event %q: %w", oneLine(ev.id), err)
		}
		if id, err := strconv.ParseInt(ev.id, 10, 64); err == nil {
			n.ID = id
		}
		if n.Kind == "" {
			n.Kind = NoticeKind(ev.name)
		}
		if n.ID > st.Last() {
			st.setLast(n.ID)
		}
		st.put(streamItem{notice: n})
	}
	c.heard = true
	return nil
}
