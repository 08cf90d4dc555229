package hubd

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore/sqlstoretest"
)

// TestTwoHubs has two hubs on one database: sessions are good at both, what is
// told at one is heard at the other, and when one dies in the midst of work its
// clients go on with the other. Each task is done, by one host, once.
func TestTwoHubs(t *testing.T) {
	t.Parallel()
	dsn := sqlstoretest.PostgresDSN(t, true)
	config := processConfig(t, dsn)
	a, b := startProcess(t, config), startProcess(t, config)
	front, back := newForwarder(t), newForwarder(t)
	front.lead(a.address)
	back.lead(b.address)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()

	admin := front.client(t, "kojiadmin")
	builders := map[string]*koji.Session{"builder1": front.client(t, "builder1"), "builder2": back.client(t, "builder2")}
	t.Run("a session", func(t *testing.T) {
		s, err := koji.New(koji.Options{Server: back.url()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Resume(admin.Info())
		var me map[string]any
		if err := s.Call(ctx, "getLoggedInUser", &me); err != nil || me["name"] != "kojiadmin" {
			t.Errorf("of one hub, at the other: %v %v", me, err)
		}
	})
	t.Run("the event stream", func(t *testing.T) {
		listener, err := koji.New(koji.Options{Server: back.url()})
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		events, err := listener.Events(limited, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeTag, koji.NoticeLog}})
		if err != nil {
			t.Fatal(err)
		}
		if err := admin.Call(ctx, "createTag", nil, "told"); err != nil {
			t.Fatal(err)
		}
		if n, err := events.Next(limited); err != nil || n.Tag == nil || n.Tag.Name != "told" {
			t.Errorf("a change at the other hub: %+v %v", n, err)
		}
		var id int64
		if err := admin.Call(ctx, "makeTask", &id, "log", []any{}, koji.Named{"channel": "maven"}); err != nil {
			t.Fatal(err)
		}
		if err := builders["builder1"].Call(ctx, "host.openTask", nil, id); err != nil {
			t.Fatal(err)
		}
		if err := builders["builder1"].Upload(ctx, fmt.Sprintf("tasks/%d/%d", id, id), "build.log", strings.NewReader("a line\n"), koji.UploadOptions{}); err != nil {
			t.Fatal(err)
		}
		if n, err := events.Next(limited); err != nil || n.Log == nil || *n.Log != (koji.LogNotice{Task: id, Name: "build.log", Size: 7}) {
			t.Errorf("a log that grows at the other hub: %+v %v", n, err)
		}
	})

	w := &hubsWork{t: t, made: map[int64]bool{}, opened: map[int64]string{}, closed: map[int64]bool{}}
	var people, hosts sync.WaitGroup
	hostsCtx, stopHosts := context.WithCancel(ctx)
	defer stopHosts()
	for name, s := range builders {
		hosts.Go(func() { w.build(hostsCtx, s, name) })
	}
	const makers, each = 4, 10
	half := make(chan struct{}, makers)
	for range makers {
		s := front.client(t, "kojiadmin")
		people.Go(func() {
			for i := range each {
				if i == each/2 {
					half <- struct{}{}
				}
				w.make(ctx, s)
			}
		})
	}
	for range makers {
		<-half
	}
	a.kill()
	killed := time.Now()
	before := w.count(w.closed)
	front.lead(b.address)
	w.await(func() bool { return w.count(w.closed) > before })
	t.Logf("the next task was done %v after the kill", time.Since(killed).Round(time.Millisecond))
	people.Wait()
	w.await(func() bool { return w.allClosed() })
	stopHosts()
	hosts.Wait()

	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var twice int
	if err := db.QueryRow(`SELECT count(*) FROM (SELECT task_id FROM scheduler_task_runs GROUP BY task_id HAVING count(*) > 1) r`).Scan(&twice); err != nil || twice != 0 {
		t.Errorf("%d tasks were assigned twice: %v", twice, err)
	}
	var undone int
	if err := db.QueryRow(`SELECT count(*) FROM task WHERE method = 'sleep' AND state <> $1`, int(koji.TaskClosed)).Scan(&undone); err != nil || undone != 0 {
		t.Errorf("%d tasks aren't done: %v", undone, err)
	}
	if len(w.made) < makers*each/2 {
		t.Errorf("only %d tasks were made", len(w.made))
	}
}

// hubsWork is what people asked for and what the hosts did.
type hubsWork struct {
	t      *testing.T
	mu     sync.Mutex
	made   map[int64]bool
	opened map[int64]string // by which host
	closed map[int64]bool
}

func (w *hubsWork) make(ctx context.Context, s *koji.Session) {
	var id int64
	err := s.Call(ctx, "makeTask", &id, "sleep", []any{int64(0)})
	switch {
	case errors.Is(err, koji.ErrRetry): // made, and only the hub knows its id
	case err != nil:
		w.t.Errorf("makeTask: %v", err)
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.made[id] = true
	}
}

// build does what the scheduler gave to the host, and grabs at what it gave to the other: the hub decides.
func (w *hubsWork) build(ctx context.Context, s *koji.Session, name string) {
	answer, err := xmlrpc.MarshalResponse("done")
	if err != nil {
		w.t.Error(err)
		return
	}
	poll := time.NewTicker(retryPause)
	defer poll.Stop()
	for ctx.Err() == nil {
		if err := s.Call(ctx, "host.updateHost", nil, 0.0, true); err != nil {
			w.failed(ctx, name, "updateHost", err)
			return
		}
		var tasks []struct {
			ID int64 `xmlrpc:"id"`
		}
		if err := s.Call(ctx, "listTasks", &tasks, map[string]any{"method": "sleep", "state": []any{int64(koji.TaskAssigned)}}); err != nil {
			w.failed(ctx, name, "listTasks", err)
			return
		}
		for _, task := range tasks {
			var got map[string]any
			err := s.Call(ctx, "host.openTask", &got, task.ID)
			if err != nil && !errors.Is(err, koji.ErrRetry) {
				w.failed(ctx, name, "openTask", err)
				return
			}
			if err == nil && got == nil {
				continue // another's, or done
			}
			w.mu.Lock()
			if other, twice := w.opened[task.ID]; twice {
				w.t.Errorf("task %d was opened by %s and by %s", task.ID, other, name)
			}
			w.opened[task.ID] = name
			w.mu.Unlock()
			if err := s.Call(ctx, "host.closeTask", nil, task.ID, string(answer)); err != nil && !errors.Is(err, koji.ErrRetry) {
				w.failed(ctx, name, "closeTask", err)
				return
			}
			w.mu.Lock()
			w.closed[task.ID] = true
			w.mu.Unlock()
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}

func (w *hubsWork) failed(ctx context.Context, host, method string, err error) {
	if ctx.Err() == nil {
		w.t.Errorf("%s: %s: %v", host, method, err)
	}
}

func (w *hubsWork) count(tasks map[int64]bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(tasks)
}

func (w *hubsWork) allClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.made {
		if !w.closed[id] {
			return false
		}
	}
	return true
}

// await waits until something is so.
func (w *hubsWork) await(so func() bool) {
	w.t.Helper()
	tick := time.NewTicker(retryPause)
	defer tick.Stop()
	for end := time.After(2 * time.Minute); !so(); {
		select {
		case <-tick.C:
		case <-end:
			w.t.Fatalf("%d tasks made, %d opened, %d closed, and no more", len(w.made), len(w.opened), len(w.closed))
		}
	}
}
