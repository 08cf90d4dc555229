package tui

import (
	"context"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// askTimeout ends a call that a view waits for.
const askTimeout = time.Minute

// calls is what a view has under way: leaving the view, or esc, ends them, and
// what they still answer is dropped by its generation.
type calls struct {
	ctx    context.Context
	cancel context.CancelFunc
	gen    int
	open   int
}

func newCalls(parent context.Context) *calls {
	c := &calls{}
	c.ctx, c.cancel = context.WithCancel(parent)
	return c
}

// drop ends what is under way; later calls can be made under parent.
func (c *calls) drop(parent context.Context) {
	c.cancel()
	c.gen++
	c.open = 0
	c.ctx, c.cancel = context.WithCancel(parent)
}

// reply is the end of a call.
type reply struct {
	from *env
	to   *calls
	gen  int
	what any // the value, of a type that its asker knows
	err  error
}

// wake is a message that a view sends itself after a while.
type wake struct {
	to   *calls
	gen  int
	what any
}

// wakeAfter is a command that brings a message to c after a while.
func (c *calls) wakeAfter(d time.Duration, what any) tea.Cmd {
	m := wake{c, c.gen, what}
	return tea.Tick(d, func(time.Time) tea.Msg { return m })
}

// meter counts the calls of the last minute.
type meter struct {
	mu    sync.Mutex
	calls []metered
}

// metered is a call that was made.
type metered struct {
	at time.Time
	by asker
}

// asker is what made a call.
type asker uint8

const (
	byUser asker = iota
	byView       // since time has passed
	byFeed
)

func (m *meter) add(now time.Time, by asker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trim(now)
	m.calls = append(m.calls, metered{now, by})
}

func (m *meter) perMinute(now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trim(now)
	return len(m.calls)
}

// since counts the calls that the user had no part in since then, at most a
// minute ago.
func (m *meter) since(then time.Time) (feed, views int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.calls {
		switch {
		case !c.at.After(then):
		case c.by == byFeed:
			feed++
		case c.by == byView:
			views++
		}
	}
	return feed, views
}

func (m *meter) trim(now time.Time) {
	n := 0
	for n < len(m.calls) && now.Sub(m.calls[n].at) >= time.Minute {
		n++
	}
	m.calls = m.calls[n:]
}

// hub is the way to a hub: reads go by a session without a login, whose calls
// run side by side, what changes something by the user's own.
type hub struct {
	read, act *koji.Session
	served    bool // the hub's file tree, at a URL
	meter     *meter
	slots     chan struct{} // four calls at once
	now       func() time.Time
}

func newHub(act *koji.Session, now func() time.Time) (*hub, error) {
	o := act.Options()
	o.MaxRetries = -1 // the feed and the user try again, and say so
	o.AnonRetry, o.OfflineRetry = false, false
	o.Timeout = askTimeout
	read, err := koji.New(o)
	if err != nil {
		return nil, err
	}
	return &hub{read: read, act: act, served: o.TopURL != "", meter: &meter{}, slots: make(chan struct{}, 4), now: now}, nil
}

// take waits for one of the slots and counts the call.
func (h *hub) take(ctx context.Context) (release func(), err error) {
	release, err = h.slot(ctx)
	if err == nil {
		by, _ := ctx.Value(askerKey{}).(asker)
		h.meter.add(h.now(), by)
	}
	return release, err
}

// slot waits for one of the slots.
func (h *hub) slot(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// call makes one call with the reading session.
func (h *hub) call(ctx context.Context, method string, result any, args ...any) error {
	release, err := h.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	return h.read.Call(ctx, method, result, args...)
}

// run makes gathered calls. That single ones failed is no error here: the
// caller looks at each that matters.
func (h *hub) run(ctx context.Context, m *koji.Multicall) error {
	if m.Len() == 0 {
		return nil
	}
	release, err := h.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = m.Run(ctx)
	if partly(err) {
		return nil
	}
	return err
}

// all makes gathered calls, each of which matters.
func (h *hub) all(ctx context.Context, m *koji.Multicall) error {
	if err := h.run(ctx, m); err != nil {
		return err
	}
	for i := range m.Len() {
		if err := m.Err(i); err != nil {
			return err
		}
	}
	return nil
}

// askerKey is what a context tells the asker by; else it is the user.
type askerKey struct{}

func asking(ctx context.Context, by asker) context.Context {
	return context.WithValue(ctx, askerKey{}, by)
}

// askByItself is ask for what time alone brings: it counts towards what a
// polled hub is asked a minute.
func (e *env) askByItself(c *calls, f func(ctx context.Context) (any, error)) tea.Cmd {
	return e.ask(c, func(ctx context.Context) (any, error) { return f(asking(ctx, byView)) })
}

// ask is a command that makes a call in the background and brings its answer
// as a reply to c.
func (e *env) ask(c *calls, f func(ctx context.Context) (any, error)) tea.Cmd {
	return e.askWithin(c, askTimeout, f)
}

// askWithin is ask for what may take longer.
func (e *env) askWithin(c *calls, limit time.Duration, f func(ctx context.Context) (any, error)) tea.Cmd {
	if e.pending == 0 {
		e.busySince = e.now()
	}
	e.pending++
	c.open++
	ctx, gen := c.ctx, c.gen
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		v, err := f(ctx)
		return reply{from: e, to: c, gen: gen, what: v, err: err}
	}
}
