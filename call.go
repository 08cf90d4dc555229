package koji

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"koji/internal/xmlrpc"
)

// Named are arguments given by name. As the last argument of a call they
// travel as a struct marked with __starstar (Koji: reference/wire.md §2).
type Named map[string]any

// starstar is the wire form of n.
func (n Named) starstar() map[string]any {
	m := maps.Clone(map[string]any(n))
	m["__starstar"] = true
	return m
}

// wireArgs are args with a last Named in its wire form, or left out if empty.
func wireArgs(args []any) []any {
	if len(args) == 0 {
		return args
	}
	named, ok := args[len(args)-1].(Named)
	if !ok {
		return args
	}
	args = args[: len(args)-1 : len(args)-1]
	if len(named) == 0 {
		return args
	}
	return append(args, named.starstar())
}

// identity is in whose name a request is made, and its number.
type identity struct {
	info     *SessionInfo // nil for nobody
	numbered bool
	callNum  int64
}

// request is one thing to ask of the hub. All its tries carry the same
// identity, by which the hub knows them as one.
type request struct {
	method  string // the API method, for errors and logs
	path    string // below the hub's URL
	query   url.Values
	mime    string // text/xml if empty
	body    []byte
	result  any // pointer or nil
	timeout time.Duration
	once    bool // no retries
	id      identity
	retried func(r *request) // changes the request before each retry
	// authorize makes the Authorization header of one try, for this URL.
	authorize func(context.Context, *url.URL) (string, error)
}

func (r *request) encode(args []any) error {
	body, err := xmlrpc.MarshalCall(r.method, wireArgs(args)...)
	if err != nil {
		return fmt.Errorf("call %s: write the arguments: %w", r.method, err)
	}
	r.body = body
	return nil
}

// Call calls a method of the hub and reads the answer into result, a pointer,
// or drops it if result is nil. A last argument of type Named gives arguments
// by name. A fault is an *Error (errors.Is finds ErrNoSuchTag and the others);
// everything else that the hub or the way to it does wrong is a
// *TransportError.
//
// Transport errors are tried again, with the number of the call unchanged so
// that the hub carries it out only once, if the session is logged in or
// Options.AnonRetry is set. ErrRetry means that the hub had carried the call
// out but its answer was lost. An expired login is renewed.
func (s *Session) Call(ctx context.Context, method string, result any, args ...any) error {
	r := &request{method: method, result: result, timeout: s.o.Timeout}
	if err := r.encode(args); err != nil {
		return err
	}
	return s.do(ctx, r)
}

// do makes a request in the session's name.
func (s *Session) do(ctx context.Context, r *request) error {
	if !s.LoggedIn() {
		return s.attempt(ctx, r)
	}
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.learnCallNum(ctx); err != nil {
		return err
	}
	r.id = s.nextIdentity()
	err = s.attempt(ctx, r)
	alive, rerr := s.revive(ctx, err)
	switch {
	case !alive:
		return err
	case rerr != nil:
		return fmt.Errorf("call %s: %w: renew it: %w", r.method, err, rerr)
	}
	s.o.Logger.Info("the session was over, logged in again", "method", r.method, "session", r.id.info.ID)
	r.id = s.nextIdentity()
	return s.attempt(ctx, r)
}

// takeTurn waits until no other numbered call is under way.
func (s *Session) takeTurn(ctx context.Context) (release func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// nextIdentity takes the next number; the caller has the turn.
func (s *Session) nextIdentity() identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loggedIn {
		return identity{}
	}
	info := s.info
	id := identity{info: &info, numbered: s.counted, callNum: s.callNum}
	s.callNum++
	return id
}

// learnCallNum asks the hub for the last number of a session taken up by
// Resume, by a call without a number; the caller has the turn.
func (s *Session) learnCallNum(ctx context.Context) error {
	s.mu.Lock()
	known, info := s.counted || !s.loggedIn, s.info
	s.mu.Unlock()
	if known {
		return nil
	}
	var rec *struct {
		CallNum *int64 `xmlrpc:"callnum"`
	}
	r := &request{method: "getSessionInfo", result: &rec, timeout: s.o.Timeout, id: identity{info: &info}}
	if err := r.encode(nil); err != nil {
		return err
	}
	err := s.attempt(ctx, r)
	if alive, rerr := s.revive(ctx, err); alive {
		if err = rerr; err == nil {
			renewed := s.Info()
			r.id.info = &renewed
			err = s.attempt(ctx, r)
		}
	}
	if err != nil {
		return fmt.Errorf("take up session %d: %w", info.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted, s.callNum = true, 0
	if rec != nil && rec.CallNum != nil {
		s.callNum = *rec.CallNum + 1
	}
	return nil
}

// attempt tries a request until it is answered, as Call's contract says.
func (s *Session) attempt(ctx context.Context, r *request) error {
	retries := s.o.MaxRetries
	if r.once || (r.id.info == nil && !s.o.AnonRetry) {
		retries = 0
	}
	for n := 1; ; n++ {
		err := s.try(ctx, r)
		var te *TransportError
		var pause time.Duration
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return err
		case errors.Is(err, ErrServerOffline) && s.o.OfflineRetry && !r.once:
			pause = s.o.OfflineRetryInterval
			retries++ // being told to wait uses up no retry
		case errors.As(err, &te) && te.Temporary && n <= retries:
			if n > 1 {
				pause = s.o.RetryInterval
			}
		case n > 1 && errors.Is(err, ErrRetry):
			return fmt.Errorf("call %s: the hub carried it out, but its answer was lost on the way (look before calling it again): %w", r.method, err)
		case n > 1 && errors.As(err, &te) && te.Temporary:
			return fmt.Errorf("gave up after %d tries: %w", n, err)
		default:
			return err
		}
		s.o.Logger.Warn("call failed, trying again", "method", r.method, "attempt", n, "pause", pause, "error", err)
		if s.o.OnRetry != nil {
			s.o.OnRetry(err, n)
		}
		if werr := s.wait(ctx, pause); werr != nil {
			return fmt.Errorf("%w (while waiting to try again after: %w)", werr, err)
		}
		if r.retried != nil {
			r.retried(r)
		}
	}
}

// try sends a request once and reads its answer.
func (s *Session) try(ctx context.Context, r *request) error {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := s.httpRequest(limited, r)
	if err != nil {
		return err
	}
	begun := time.Now()
	resp, err := s.client.Do(req) //nolint:bodyclose // drain closes it
	if err != nil {
		return r.failed(ctx, req.URL, err)
	}
	defer drain(resp.Body, cancel)
	err = s.readAnswer(ctx, resp, r)
	s.o.Logger.Debug("called", "method", r.method, "callnum", r.id.callNum, "took", time.Since(begun), "error", err)
	return err
}

func (s *Session) httpRequest(ctx context.Context, r *request) (*http.Request, error) {
	u := *s.baseURL()
	u.Path += r.path
	q := u.Query()
	for k, v := range r.query {
		q[k] = v
	}
	if i := r.id.info; i != nil && !i.HeaderAuth { // hubs before 1.30
		q.Set("session-id", strconv.FormatInt(i.ID, 10))
		q.Set("session-key", i.Key)
		if r.id.numbered {
			q.Set("callnum", strconv.FormatInt(r.id.callNum, 10))
		}
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", r.method, bareURLError(err))
	}
	req.Header.Set("User-Agent", s.o.UserAgent)
	req.Header.Set("Content-Type", "text/xml")
	if r.mime != "" {
		req.Header.Set("Content-Type", r.mime)
	}
	if i := r.id.info; i != nil {
		req.Header.Set("Koji-Session-Id", strconv.FormatInt(i.ID, 10))
		req.Header.Set("Koji-Session-Key", i.Key)
		if r.id.numbered {
			req.Header.Set("Koji-Session-Callnum", strconv.FormatInt(r.id.callNum, 10))
		}
	}
	if r.authorize != nil {
		value, err := r.authorize(ctx, &u)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", value)
	}
	return req, nil
}
