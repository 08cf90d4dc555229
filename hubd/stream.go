package hubd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"koji"
	"koji/sqlstore"
)

// The event stream is server-sent events: `hello` tells where it starts, then
// each notice as `id:`, `event:` (its kind) and `data:` (the notice as JSON);
// `gap` says that older ones are lost and the listener must look anew.
// Query: after=ID (or the header Last-Event-ID), kind=, task= (with all its
// descendants), host=; each may come several times.

// heartbeat is how often a silent stream shows that it lives.
const heartbeat = 15 * time.Second

// resumeLimit is how many missed notices a stream catches up with.
const resumeLimit = 20000

func (h *Hub) serveEvents(w http.ResponseWriter, r *http.Request) {
	filter, after, err := streamFilter(r)
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	ctl := http.NewResponseController(w)
	l := h.feed.listen()
	defer h.feed.leave(l)

	var missed []koji.Notice
	gap := false
	err = h.store.Read(r.Context(), func(tx *sqlstore.Tx) error {
		first, last, err := tx.NoticeRange(r.Context())
		if err != nil {
			return err
		}
		if after >= 0 {
			gap = after > last || last > 0 && after < first-1 || l.after-after > resumeLimit
		}
		if after >= 0 && !gap {
			for n, err := range tx.Notices(r.Context(), after, resumeLimit+listenerRoom) {
				if err != nil {
					return err
				}
				if n.ID > l.after {
					break
				}
				missed = append(missed, n)
			}
		}
		for _, root := range slices.Clone(filter.roots) {
			ids, err := tx.TaskDescendants(r.Context(), root)
			if err != nil {
				return err
			}
			for _, id := range ids {
				filter.tasks[id] = true
			}
		}
		return nil
	})
	if err != nil {
		h.log.Error("open event stream", "err", err)
		plain(w, http.StatusServiceUnavailable, "database outage\n")
		return
	}

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	send := func(format string, args ...any) bool {
		ctl.SetWriteDeadline(time.Now().Add(replyPatience))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && ctl.Flush() == nil
	}
	if !send("event: hello\ndata: {\"id\":%d}\n\n", l.after) {
		return
	}
	if gap && !send("id: %d\nevent: gap\ndata: {\"id\":%d}\n\n", l.after, l.after) {
		return
	}
	tell := func(n koji.Notice) bool {
		// A listener that comes from another hub on this database may be ahead of this one.
		if !filter.wants(n) || n.ID != 0 && n.ID <= after {
			return true
		}
		data, err := json.Marshal(n)
		if err != nil {
			h.log.Error("write notice", "err", err)
			return false
		}
		if n.ID == 0 {
			return send("event: %s\ndata: %s\n\n", n.Kind, data)
		}
		return send("id: %d\nevent: %s\ndata: %s\n\n", n.ID, n.Kind, data)
	}
	for _, n := range missed {
		if !tell(n) {
			return
		}
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-h.stopping:
			return
		case n, open := <-l.notices:
			if !open || !tell(n) {
				return
			}
		case <-beat.C:
			if !send(":\n\n") {
				return
			}
		}
	}
}

// noticeFilter is what a listener wants to hear of. Empty parts want all.
type noticeFilter struct {
	kinds []koji.NoticeKind
	hosts []int64
	roots []int64
	tasks map[int64]bool // the roots and all of their descendants
}

func streamFilter(r *http.Request) (f noticeFilter, after int64, err error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return f, 0, fmt.Errorf("query: %w", err)
	}
	f.tasks = map[int64]bool{}
	numbers := func(key string, texts []string) (list []int64, err error) {
		for _, t := range texts {
			n, err := strconv.ParseInt(t, 10, 64)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s is %q, not a number", key, t)
			}
			list = append(list, n)
		}
		return list, nil
	}
	for _, k := range q["kind"] {
		f.kinds = append(f.kinds, koji.NoticeKind(k))
	}
	if f.hosts, err = numbers("host", q["host"]); err != nil {
		return f, 0, err
	}
	if f.roots, err = numbers("task", q["task"]); err != nil {
		return f, 0, err
	}
	for _, id := range f.roots {
		f.tasks[id] = true
	}
	start := q["after"]
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		start = []string{last}
	}
	list, err := numbers("after", start)
	if err != nil {
		return f, 0, err
	}
	if len(list) == 0 {
		return f, -1, nil
	}
	return f, list[0], nil
}

// wants says whether a notice passes, and learns of new subtasks on the way.
func (f *noticeFilter) wants(n koji.Notice) bool {
	if len(f.roots) > 0 && n.Task != nil && f.tasks[n.Task.Parent] {
		f.tasks[n.Task.ID] = true
	}
	if len(f.kinds) > 0 && !slices.Contains(f.kinds, n.Kind) {
		return false
	}
	if len(f.roots) > 0 {
		switch {
		case n.Task != nil:
			if !f.tasks[n.Task.ID] {
				return false
			}
		case n.Log != nil:
			if !f.tasks[n.Log.Task] {
				return false
			}
		case n.Build != nil:
			if !f.tasks[n.Build.Task] {
				return false
			}
		default:
			return false
		}
	}
	if len(f.hosts) > 0 {
		switch {
		case n.Task != nil:
			return slices.Contains(f.hosts, n.Task.Host) || slices.Contains(f.hosts, n.Task.Alert)
		case n.Host != nil:
			return slices.Contains(f.hosts, n.Host.ID)
		}
		return false
	}
	return true
}
