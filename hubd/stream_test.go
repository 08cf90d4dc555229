package hubd

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// sse is one event of a stream as it stands on the wire.
type sse struct{ id, event, data string }

// events opens the event stream and gives what comes until it ends.
func (h *testHub) events(query, lastID string) <-chan sse {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	h.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/events"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Koji-Version") != Version {
		h.t.Fatalf("event stream%s: %s %v", query, res.Status, res.Header)
	}
	out := make(chan sse, 4096)
	go func() {
		defer close(out)
		defer res.Body.Close()
		var e sse
		lines := bufio.NewScanner(res.Body)
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "":
				out <- e
				e = sse{}
			}
		}
	}()
	return out
}

// next is the next event, which must come.
func (h *testHub) next(events <-chan sse) sse {
	h.t.Helper()
	select {
	case e, open := <-events:
		if !open {
			h.t.Fatal("the event stream ended")
		}
		return e
	case <-time.After(20 * time.Second):
		h.t.Fatal("no event came")
	}
	return sse{}
}

// wantTags checks that the next events are of these tags, and no others.
func (h *testHub) wantTags(events <-chan sse, names ...string) (last sse) {
	h.t.Helper()
	for _, name := range names {
		last = h.next(events)
		if last.event != "tag" || last.id == "" || !strings.Contains(last.data, `"name":"`+name+`"`) {
			h.t.Fatalf("want tag %s, got %v", name, last)
		}
	}
	return last
}

func (h *testHub) hello(events <-chan sse) sse {
	h.t.Helper()
	e := h.next(events)
	if e.event != "hello" || !strings.HasPrefix(e.data, `{"id":`) {
		h.t.Fatalf("the stream begins with %v", e)
	}
	return e
}

func (h *testHub) makeTags(names ...string) {
	h.t.Helper()
	for _, name := range names {
		h.call("kojiadmin", "createTag", name)
	}
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		live := h.events("", "")
		h.hello(live)
		h.makeTags("a", "b", "c")
		h.fault("kojiadmin", "createTag", "a") // what is undone isn't told
		h.multi("kojiadmin", one("createTag", "a"), one("createTag", "d"), one("createTag", "e"))
		first := h.wantTags(live, "a")
		h.wantTags(live, "b", "c", "d", "e")

		resumed := h.events("", first.id)
		h.hello(resumed)
		h.wantTags(resumed, "b", "c", "d", "e")
		byQuery := h.events("?after="+first.id+"&kind=tag", "")
		h.hello(byQuery)
		h.wantTags(byQuery, "b", "c", "d", "e")
		all := h.events("?after=0", "")
		h.hello(all)
		h.wantTags(all, "a")
		h.makeTags("f")
		h.wantTags(live, "f")
		h.wantTags(resumed, "f")
		h.wantTags(all, "b", "c", "d", "e", "f")
	})
}

func TestEventStreamGap(t *testing.T) {
	t.Parallel()
	eachHubAt(t, func(c *Config) { c.SessionRenewalTimeout = 0 }, func(h *testHub, clock *testClock) {
		live := h.events("", "")
		h.hello(live)
		h.makeTags("a", "b")
		old := h.wantTags(live, "a")
		h.wantTags(live, "b")
		clock.advance(noticeLife + time.Hour)
		h.makeTags("c")
		kept := h.wantTags(live, "c")
		ctx := h.t.Context()
		h.write(func(_ context.Context, tx *sqlstore.Tx) error { return tx.PruneNotices(ctx, tx.Now().Add(-noticeLife)) })

		for name, last := range map[string]string{"pruned": old.id, "from the future": "99999999"} {
			s := h.events("", last)
			hello := h.hello(s)
			gap := h.next(s)
			if gap.event != "gap" || gap.id == "" || gap.data != hello.data {
				h.t.Errorf("%s: want a gap, got %v", name, gap)
			}
		}
		s := h.events("", kept.id)
		h.hello(s)
		h.makeTags("d")
		h.wantTags(s, "d")
	})
}

func TestEventStreamFilters(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		root, other := h.openTask("root"), h.openTask("other")
		mine := h.call("builder1", "host.subtask", "child", []any{}, root, koji.Named{"label": "x"}).(int64)
		host := h.call("", "getHost", "builder1").(map[string]any)["id"]
		byTree := h.events(fmt.Sprintf("?task=%d", root), "")
		byKind := h.events("?kind=host&kind=tag", "")
		byHost := h.events(fmt.Sprintf("?host=%d", host), "")
		for _, s := range []<-chan sse{byTree, byKind, byHost} {
			h.hello(s)
		}
		h.makeTags("t")
		h.call("builder1", "host.subtask", "child", []any{}, other)
		h.call("kojiadmin", "setTaskPriority", mine, 3)
		h.call("kojiadmin", "assignTask", mine, "builder1")
		h.call("builder1", "host.openTask", mine)
		grandchild := h.call("builder1", "host.subtask", "grandchild", []any{}, mine).(int64)
		h.call("builder1", "host.updateHost", 1.5, true)
		h.call("builder2", "host.updateHost", 1.5, true)

		task := func(id int64) string { return fmt.Sprintf(`"task":{"id":%d,`, id) }
		seen := func(s <-chan sse, done func(sse) bool) (all []sse) {
			for {
				e := h.next(s)
				all = append(all, e)
				if done(e) {
					return all
				}
			}
		}
		for _, e := range seen(byTree, func(e sse) bool { return strings.Contains(e.data, task(grandchild)) }) {
			if e.event != "task" || strings.Contains(e.data, task(other)) || !strings.Contains(e.data, task(mine)) && !strings.Contains(e.data, task(grandchild)) && !strings.Contains(e.data, task(root)) {
				t.Errorf("of task %d: %v", root, e)
			}
		}
		var kinds []string
		for _, e := range seen(byKind, func(e sse) bool { return strings.Contains(e.data, "builder2") }) {
			kinds = append(kinds, e.event)
		}
		want(t, "tags and hosts", []string{"tag", "host", "host"}, kinds)
		for _, e := range seen(byHost, func(e sse) bool { return e.event == "host" }) {
			if strings.Contains(e.data, "builder2") || e.event == "tag" || e.event == "task" && !strings.Contains(e.data, fmt.Sprintf(`"host":%d`, host)) {
				t.Errorf("of host %d: %v", host, e)
			}
		}
		for _, query := range []string{"?after=x", "?after=-2", "?task=", "?task=1&task=x", "?host=%zz", "?host=-1"} {
			res, err := http.Get(h.url + "/events" + query)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %s", query, res.Status)
			}
		}
	})
}

// A waiting parent's host is alerted when an awaited child ends.
func TestEventStreamAlerts(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		parent := h.openTask("parent")
		child := h.call("builder1", "host.subtask", "child", []any{}, parent).(int64)
		h.call("builder1", "host.taskSetWait", parent, []any{child})
		notices := h.told(koji.NoticeTask, func() { h.call("kojiadmin", "cancelTask", child) })
		host := h.call("", "getHost", "builder1").(map[string]any)["id"].(int64)
		if len(notices) != 1 || notices[0].Task.Alert != host {
			h.t.Errorf("notices: %+v", notices[0].Task)
		}
	})
}

// A log that grows is told to those who listen, not to those who come later.
func TestEventStreamLogs(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		task := h.openTask("build")
		s := h.events(fmt.Sprintf("?kind=log&task=%d", task), "")
		h.hello(s)
		up := func(dir, name, text string, offset int64) {
			t.Helper()
			if err := h.as("builder1").UploadAt(t.Context(), dir, name, offset, []byte(text), false); err != nil {
				t.Fatal(err)
			}
		}
		dir := koji.TaskRelPath(task)
		up(dir, "build.log", "hello\n", 0)
		up(dir, "x.rpm", "no log", 0)
		up(dir, "build.log", "again\n", 6)
		up(dir+"/x86_64", "root.log", "!", 0)
		for _, part := range []string{`"name":"build.log","size":6`, `"name":"build.log","size":12`, `"name":"x86_64/root.log","size":1`} {
			if e := h.next(s); e.event != "log" || e.id != "" || !strings.Contains(e.data, part) {
				t.Errorf("want %s, got %v", part, e)
			}
		}
	})
}

// Who doesn't keep up is let go, and no one else waits for it.
func TestSlowListener(t *testing.T) {
	t.Parallel()
	f := &feed{listeners: map[*listener]struct{}{}}
	slow, quick := f.listen(), f.listen()
	batch := make([]koji.Notice, listenerRoom)
	for i := range batch {
		batch[i].ID = int64(i + 1)
	}
	f.hand(batch)
	for range batch {
		<-quick.notices
	}
	f.hand([]koji.Notice{{ID: listenerRoom + 1}})
	if n := <-quick.notices; n.ID != listenerRoom+1 {
		t.Errorf("the quick one got %d", n.ID)
	}
	count := 0
	for range slow.notices { // ends, since the channel was closed
		count++
	}
	want(t, "what the slow one got", listenerRoom, count)
	f.flash(koji.Notice{})
	f.leave(slow)
	f.leave(quick)
	f.hand(batch)
	if len(f.listeners) != 0 {
		t.Errorf("%d listeners are left", len(f.listeners))
	}
}

func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, store *sqlstore.Store) {
		h := setup(t, store, nil)
		s := h.events("", "")
		h.hello(s)
		h.hub.stopOnce.Do(func() { close(h.hub.stopping) })
		select {
		case e, open := <-s:
			if open {
				t.Errorf("at the end came %v", e)
			}
		case <-time.After(20 * time.Second):
			t.Error("the stream outlives the hub")
		}
	})
}

// twin is a second hub on the same database.
func (h *testHub) twin(dsn string) *testHub {
	h.t.Helper()
	store, err := sqlstore.Open(h.t.Context(), dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { store.Close() })
	return start(h.t, store, h.hub.cfg)
}

// What one hub does, the listeners of another on the same PostgreSQL hear.
func TestStreamCrossesHubs(t *testing.T) {
	t.Parallel()
	dsn := sqlstoretest.PostgresDSN(t, true)
	store, err := sqlstore.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h := setup(t, store, nil)
	other := h.twin(dsn)
	s := other.events("?kind=tag", "")
	other.hello(s)
	h.makeTags("a", "b")
	first := other.wantTags(s, "a")
	other.wantTags(s, "b")
	mine := h.events("?kind=tag", first.id)
	h.hello(mine)
	other.makeTags("c")
	h.wantTags(mine, "b", "c")
	other.wantTags(s, "c")
}
