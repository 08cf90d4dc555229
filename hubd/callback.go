package hubd

import (
	"context"
	"errors"

	"koji"
)

// Callback is a plugin's function for an event of the hub. pre* callbacks run
// inside the transaction and refuse the change by returning an error; post*
// run inside it, after the change, and undo it by one; postCommit runs once all
// is durable, so that its error is only logged. One that may fail returns nil.
// Info holds what reference/callbacks.md lists for the event: records as
// pointers to the types of package koji, where nothing is nil.
type Callback func(ctx context.Context, event string, info map[string]any) error

// callbackEvents are the events that the hub has callbacks for. Builders have others.
var callbackEvents = []string{
	"prePackageListChange", "postPackageListChange", "preTaskStateChange", "postTaskStateChange",
	"preBuildStateChange", "postBuildStateChange", "preImport", "postImport", "preRPMSign", "postRPMSign",
	"preTag", "postTag", "preUntag", "postUntag", "preRepoInit", "postRepoInit", "preRepoDone", "postRepoDone",
	"preBuildPromote", "postBuildPromote", "preCommit", "postCommit",
}

// On has f called at an event. All registration happens before the hub serves.
func (h *Hub) On(event string, f Callback) {
	h.callbacks[event] = append(h.callbacks[event], f)
}

// callback tells the plugins of an event. Whatever one of them fails with, the
// client gets CallbackError (1017): with the text of a fault, which is meant
// for clients, but not with that of another error.
func (c *call) callback(event string, info map[string]any) error {
	for _, f := range c.hub.callbacks[event] {
		err := c.guarded(func() error { return f(c, event, info) })
		if err == nil {
			continue
		}
		var e *koji.Error
		if errors.As(err, &e) {
			return fault(koji.CodeCallback, "Error running %s callback: %s", event, e.Text)
		}
		c.log().Error("callback failed", "event", event, "err", err)
		return fault(koji.CodeCallback, "Error running %s callback", event)
	}
	return nil
}

// hears says whether anyone listens for an event, where its info is costly to gather.
func (h *Hub) hears(events ...string) bool {
	for _, e := range events {
		if len(h.callbacks[e]) > 0 {
			return true
		}
	}
	return false
}

// committed runs once a call's changes are durable.
func (h *Hub) committed(c *call) {
	if err := c.callback("postCommit", nil); err != nil {
		c.log().Error("after commit", "err", err)
	}
}
