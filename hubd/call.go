package hubd

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

// call is one call on its way through the hub: what a method gets beside its
// arguments. It is a context, so it can be handed to whatever blocks.
type call struct {
	context.Context
	hub     *Hub
	tx      *sqlstore.Tx
	session *session
	method  string
	request *request
	nested  bool // run by another method: a login gives no rights
	depth   int  // of methods that run one another, see filter.go
}

// request is what is known of the HTTP request around a call.
type request struct {
	id       string // stands in the log beside every line, and in faults of unknown cause
	address  string // of the client
	session  sessionKey
	callnum  *int64
	identity *identity             // who somebody else vouches for, asked for at loginPath alone
	nobody   error                 // why it is nobody
	proofs   map[credentials]proof // of the passwords that the request's logins came with

	caller *session   // once it is known
	code   koji.Code  // of the fault that was the answer, 0 if none was
	last   []lastWork // before the commit
}

// lastWork is what is done once for all calls of a request, before the commit.
type lastWork struct {
	name string
	do   func(*call) error
}

// beforeCommit has f run once all calls of the request are done, in their
// transaction; work of the same name once. What a multiCall undoes is not taken
// back: f looks again at what there is to do.
func (c *call) beforeCommit(name string, f func(*call) error) {
	for _, w := range c.request.last {
		if w.name == name {
			return
		}
	}
	c.request.last = append(c.request.last, lastWork{name, f})
}

// log is the hub's log with the keys that tell whose call this is.
func (c *call) log() *slog.Logger {
	l := c.hub.log.With("request", c.request.id, "method", c.method)
	if c.session.user != 0 {
		l = l.With("user", c.session.name, "session", c.session.id)
	}
	return l
}

// collect turns a stream into the list of what it yields, and so the streams in a struct.
func collect(v any) (any, error) {
	switch v := v.(type) {
	case iter.Seq2[any, error]:
		list := []any{}
		for item, err := range v {
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	case map[string]any:
		for key, member := range v {
			var err error
			if v[key], err = collect(member); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// each turns a typed stream into the one that the codec writes while it runs.
func each[T any](seq iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for v, err := range seq {
			if !yield(v, err) {
				return
			}
		}
	}
}

// notice tells the event stream of something, once the call is committed.
func (c *call) notice(n koji.Notice) error { return c.tx.Publish(c, n) }

// access decides whether a caller may call a method at all.
type access struct {
	who   string // may, in docs/api.md
	check func(*call) error
}

// anyone may call, logged in or not.
var anyone = access{"anyone", func(*call) error { return nil }}

// user is anyone with a session.
var user = access{"users", func(c *call) error {
	if c.session.user == 0 {
		return koji.NewError(koji.CodeActionNotAllowed, "you must be logged in for this operation")
	}
	return nil
}}

// perm is anyone with one of the permissions, or admin.
func perm(names ...string) access {
	return access{strings.Join(names, " or "), func(c *call) error { return c.needPerm(names...) }}
}

// needPerm refuses callers that have none of the permissions and aren't admin.
func (c *call) needPerm(names ...string) error {
	what := strings.Join(names, " or ")
	if c.session.user == 0 {
		return koji.NewError(koji.CodeActionNotAllowed, what+" permission required (user not logged in)")
	}
	for _, n := range append(names, "admin") {
		has, err := c.hasPerm(n)
		if err != nil || has {
			return err
		}
	}
	return koji.NewError(koji.CodeActionNotAllowed, fmt.Sprintf("%s permission required (logged in as %s)", what, c.session.name))
}

// hasPerm says whether the caller was given the permission, itself or through
// a group; admin is no other permission here.
func (c *call) hasPerm(name string) (bool, error) {
	if c.session.user == 0 {
		return false, nil
	}
	if c.session.perms == nil {
		perms, err := c.tx.UserPerms(c, c.session.user, true)
		if err != nil {
			return false, err
		}
		c.session.perms = map[string]bool{}
		for _, p := range perms {
			c.session.perms[p] = true
		}
	}
	return c.session.perms[name], nil
}

// isAdmin is hasPerm("admin").
func (c *call) isAdmin() (bool, error) { return c.hasPerm("admin") }

// builder is a host with an exclusive session: who may call host.* methods.
// Koji: reference/wire.md §4, "Session types".
var builder = access{"hosts", func(c *call) error {
	switch {
	case c.session.user == 0:
		return koji.NewError(koji.CodeAuth, "Not logged-in")
	case c.session.host == 0:
		return koji.NewError(koji.CodeAuth, fmt.Sprintf("User %d is not a host", c.session.user))
	case !c.session.exclusive:
		return koji.NewError(koji.CodeAuth, "This method requires an exclusive session")
	}
	return nil
}}

// asList gives rows as arrays where queryOpts ask for them.
func asList(wanted bool, seq iter.Seq2[any, error]) iter.Seq2[any, error] {
	if !wanted {
		return seq
	}
	return func(yield func(any, error) bool) {
		for v, err := range seq {
			if err == nil {
				v = xmlrpc.AsList(v)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// fault is a refusal with a code and a text that says what was wrong with which thing.
func fault(code koji.Code, format string, args ...any) error {
	return koji.NewError(code, fmt.Sprintf(format, args...))
}

// refuse is a GenericError, the fault of most refusals.
func refuse(format string, args ...any) error {
	return koji.NewError(koji.CodeGeneric, fmt.Sprintf(format, args...))
}
