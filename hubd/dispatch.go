package hubd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

// lookup finds a method by its name; names are case sensitive.
func (h *Hub) lookup(name string) (*method, error) {
	if m, ok := h.methods[name]; ok {
		return m, nil
	}
	return nil, refuse("Invalid method: %s", name)
}

// changes says whether a call needs a transaction that can write.
func (h *Hub) changes(name string, params []any) bool {
	if isMulticall(name) {
		for _, inner := range multicallCalls(params) {
			if h.changes(inner.name, inner.params) {
				return true
			}
		}
		return false
	}
	for range deepestInner {
		inner, ok := wrappedCall(name, params)
		if !ok {
			break
		}
		name, params = inner.name, inner.params
	}
	m, ok := h.methods[name]
	return ok && m.writes
}

// serveCall answers one XML-RPC request.
func (h *Hub) serveCall(w http.ResponseWriter, r *http.Request, req *request) {
	start := time.Now()
	dec := xmlrpc.NewDecoder(http.MaxBytesReader(w, r.Body, h.cfg.MaxRequestLength+1), xmlrpc.Limits{MaxBytes: h.cfg.MaxRequestLength})
	dec.Verbatim(func(method string) bool { return method == "echo" })
	name, params, err := dec.Call()
	if err != nil {
		h.badRequest(w, req, err)
		return
	}
	out := newReply(w)
	if err := h.answer(r.Context(), req, name, params, out); err != nil {
		if out.started() {
			// Half an answer is out: only a broken connection tells the client.
			h.log.Error("answer broken off", "request", req.id, "method", name, "err", err)
			panic(http.ErrAbortHandler)
		}
		out.reset()
		enc := xmlrpc.NewEncoder(out)
		e := h.faultOf(req, name, err)
		req.code = e.Code
		if err := enc.Fault(e.Fault()); err != nil {
			h.log.Error("write fault", "request", req.id, "method", name, "err", err)
		}
	}
	if err := out.finish(); err != nil {
		h.log.Debug("client went away", "request", req.id, "method", name, "err", err)
	}
	h.served(req, name, start)
}

// answer runs a call in its transaction and writes the result to out. The
// answer of a call that changed something is written after the commit, that of
// a read while the transaction still feeds it.
func (h *Hub) answer(ctx context.Context, req *request, name string, params []any, out *reply) error {
	if h.cfg.ServerOffline {
		return fault(koji.CodeServerOffline, "%s", h.cfg.offlineMessage())
	}
	positional, named := xmlrpc.Kwargs(params)
	if err := h.provePasswords(ctx, req, name, params); err != nil {
		return err
	}
	var result any
	write := h.changes(name, params)
	run := func(tx *sqlstore.Tx) error {
		c := &call{Context: ctx, hub: h, tx: tx, method: name, request: req}
		var err error
		if c.session, err = h.checkSession(c, write); err != nil {
			return err
		}
		req.caller = c.session
		tx.Apart()
		result, err = c.perform(positional, named)
		if err != nil || write {
			return c.finish(err)
		}
		return c.guarded(func() error { return xmlrpc.NewEncoder(out).Response(result) })
	}
	if !write {
		err := h.store.Read(ctx, run)
		var expire *needsExpiry
		if errors.As(err, &expire) {
			return h.expire(ctx, expire)
		}
		return err
	}
	err := h.store.Write(ctx, run)
	var expire *needsExpiry
	if errors.As(err, &expire) {
		return h.expire(ctx, expire)
	}
	if err != nil {
		return err
	}
	return xmlrpc.NewEncoder(out).Response(result)
}

// finish ends a call that may have written: its number is stored only if it
// changed something, so that only such calls cannot be repeated
// (Koji: reference/surprises.md). preCommit may still refuse.
func (c *call) finish(err error) error {
	if err != nil {
		return err
	}
	if !c.tx.Changed() {
		return nil
	}
	for _, w := range c.request.last {
		if err := w.do(c); err != nil {
			return err
		}
	}
	if err := c.callback("preCommit", nil); err != nil {
		return err
	}
	if c.request.callnum != nil && c.session.id != 0 {
		c.tx.SetCallNum(c.session.id, *c.request.callnum)
	}
	hub, inner := c.hub, *c
	inner.tx = nil
	c.tx.AfterCommit(func() { hub.committed(&inner) })
	return nil
}

// perform checks the permission and runs the method.
func (c *call) perform(positional []any, named map[string]any) (result any, err error) {
	err = c.guarded(func() error {
		c.hub.metrics.calls.WithLabelValues(c.hub.methodLabel(c.method)).Inc()
		m, err := c.hub.lookup(c.method)
		if err != nil {
			return err
		}
		if err := c.hub.lockedOut(c); err != nil {
			return err
		}
		if err := m.access.check(c); err != nil {
			return err
		}
		result, err = m.run(c, positional, named)
		return err
	})
	return result, err
}

// guarded runs a part of a call. A panic becomes an error: one caller's bad
// luck takes no other caller down.
func (c *call) guarded(part func() error) (err error) {
	defer func() {
		p := recover()
		switch {
		case p == nil:
		case p == http.ErrAbortHandler: //nolint:errorlint // it is this very value
			panic(p)
		default:
			c.log().Error("panic in a method", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return part()
}

// lockedOut refuses everyone but admins while LockOut is on.
func (h *Hub) lockedOut(c *call) error {
	if !h.cfg.LockOut {
		return nil
	}
	switch c.method {
	case "login", "sslLogin", "logout":
		return nil
	}
	if admin, err := c.isAdmin(); err != nil || admin {
		return err
	}
	return fault(koji.CodeServerOffline, "Server disabled for maintenance")
}

// faultOf is the one place where an error becomes what a client sees. Faults
// go out as they are; anything else is logged with the request's id, and the
// client gets the id and nothing of the code's inside.
func (h *Hub) faultOf(req *request, method string, err error) *koji.Error {
	e := h.outerFault(req, method, err)
	h.failedWith(method, e.Code)
	return e
}

func (h *Hub) outerFault(req *request, method string, err error) *koji.Error {
	var e *koji.Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return koji.NewError(koji.CodeOther, "the client went away")
	}
	h.log.Error("call failed", "request", req.id, "method", method, "err", err)
	return koji.NewError(koji.CodeOther, fmt.Sprintf("internal error in %s; the hub's log tells more under request %s", method, req.id))
}

// badRequest answers what could not be read as a call (HTTP 400).
func (h *Hub) badRequest(w http.ResponseWriter, req *request, err error) {
	reason := err.Error()
	var tooLong *http.MaxBytesError
	if errors.Is(err, xmlrpc.ErrTooLong) || errors.As(err, &tooLong) {
		reason = "Request too long"
	}
	h.log.Info("bad request", "request", req.id, "address", req.address, "err", err)
	plain(w, http.StatusBadRequest, "Invalid request: "+reason+"\n")
}
