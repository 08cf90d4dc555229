package hubd

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// retryPause is how long clients of a dead hub wait before they try again.
const retryPause = 20 * time.Millisecond

// crashRounds is how often the hub is killed; `make crash` sets more.
func crashRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("KOJI_TEST_CRASHES")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCrash kills the hub again and again while 16 clients write. Whatever it
// said was done is there afterwards, once, and of nothing only a half.
func TestCrash(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, "sqlite", "sqlite:"+filepath.Join(t.TempDir(), "hub.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		crash(t, "pgx", sqlstoretest.PostgresDSN(t, true))
	})
}

const crashClients = 16

func crash(t *testing.T, driver, dsn string) {
	config := processConfig(t, dsn)
	front := newForwarder(t)
	hub := startProcess(t, config)
	front.lead(hub.address)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := &crashWriters{t: t, tags: map[string]bool{}, tasks: map[int64]bool{}, files: map[string]string{}, done: make(chan struct{}, 1)}
	var clients sync.WaitGroup
	for i := range crashClients {
		s := front.client(t, "kojiadmin")
		clients.Go(func() { w.write(ctx, s, i) })
	}
	start, rounds := time.Now(), crashRounds(t)
	for range rounds {
		// At least as much work as there are clients, then in the middle of any.
		w.await(w.acknowledged.Load() + 3*crashClients + rand.Int64N(3*crashClients))
		hub.kill()
		if driver == "sqlite" {
			checkFile(t, strings.TrimPrefix(dsn, "sqlite:"))
		}
		hub = startProcess(t, config)
		front.lead(hub.address)
	}
	w.await(w.acknowledged.Load() + crashClients) // all go on
	stop()
	clients.Wait()
	hub.kill()
	w.check(driver, dsn, config)
	t.Logf("%d kills in %v: %d writes acknowledged (%d tags, %d tasks, %d files), of them %d whose answer was lost and whose number told",
		rounds, time.Since(start).Round(time.Second), w.acknowledged.Load(), len(w.tags), len(w.tasks), len(w.files), w.lost.Load())
}

// crashWriters write, and keep what was acknowledged.
type crashWriters struct {
	t            *testing.T
	acknowledged atomic.Int64
	lost         atomic.Int64
	done         chan struct{}

	mu    sync.Mutex
	tags  map[string]bool
	tasks map[int64]bool
	files map[string]string
}

// await waits until so many writes were acknowledged.
func (w *crashWriters) await(n int64) {
	for w.acknowledged.Load() < n {
		select {
		case <-w.done:
		case <-time.After(time.Minute):
			w.t.Fatalf("the clients don't get on: %d of %d writes", w.acknowledged.Load(), n)
		}
	}
}

func (w *crashWriters) write(ctx context.Context, s *koji.Session, client int) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("c%d-%d", client, i)
		var err error
		switch i % 3 {
		case 0:
			// A tag is four rows, in three tables.
			err = s.Call(ctx, "createTag", nil, name, koji.Named{"arches": "x86_64", "extra": map[string]any{"a": int64(1), "b": name}})
			w.keep(ctx, err, func() { w.tags[name] = true })
		case 1:
			var id int64
			err = s.Call(ctx, "makeTask", &id, "sleep", []any{name})
			if !errors.Is(err, koji.ErrRetry) { // whose id nobody knows
				w.keep(ctx, err, func() { w.tasks[id] = true })
			}
		default:
			text := strings.Repeat(name+"\n", 500)
			err = s.Upload(ctx, "crash", name, strings.NewReader(text), koji.UploadOptions{Overwrite: true})
			w.keep(ctx, err, func() { w.files[name] = text })
		}
	}
}

// keep notes what was acknowledged: by an answer, or by the refusal to do it
// once more.
func (w *crashWriters) keep(ctx context.Context, err error, note func()) {
	if err != nil && !errors.Is(err, koji.ErrRetry) {
		if ctx.Err() == nil {
			w.t.Errorf("a client got: %v", err)
		}
		return
	}
	if err != nil {
		w.lost.Add(1)
	}
	w.mu.Lock()
	note()
	w.mu.Unlock()
	w.acknowledged.Add(1)
	select {
	case w.done <- struct{}{}:
	default:
	}
}

// checkFile looks at what a killed hub left, before another opens it.
func checkFile(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var state string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&state); err != nil || state != "ok" {
		t.Errorf("integrity: %s %v", state, err)
	}
	if err := db.QueryRow(`PRAGMA foreign_key_check`).Scan(&state); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a row refers to none: %s %v", state, err)
	}
}

// check reads, behind the hub's back, what is there.
func (w *crashWriters) check(driver, dsn, config string) {
	t := w.t
	if driver == "sqlite" {
		dsn = "file:" + strings.TrimPrefix(dsn, "sqlite:")
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tags := map[string]int{}
	rows, err := db.Query(`SELECT t.name, (SELECT count(*) FROM tag_config c WHERE c.tag_id = t.id AND c.active = TRUE AND c.arches = 'x86_64'),
		(SELECT count(*) FROM tag_extra x WHERE x.tag_id = t.id AND x.active = TRUE) FROM tag t`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var configs, extras int
		if err := rows.Scan(&name, &configs, &extras); err != nil {
			t.Fatal(err)
		}
		if configs != 1 || extras != 2 {
			t.Errorf("tag %s is half there: %d configurations and %d settings", name, configs, extras)
		}
		tags[name]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(w.tags)) {
		if tags[name] != 1 {
			t.Errorf("tag %s was acknowledged and is there %d times", name, tags[name])
		}
	}
	// An unfinished call at the end may have been carried out without its client knowing.
	if extra := len(tags) - len(w.tags); extra < 0 || extra > crashClients {
		t.Errorf("there are %d tags, of which %d were acknowledged", len(tags), len(w.tags))
	}
	for id := range w.tasks {
		var request string
		if err := db.QueryRow(`SELECT request FROM task WHERE method = 'sleep' AND id = ` + strconv.FormatInt(id, 10)).Scan(&request); err != nil || request == "" {
			t.Errorf("task %d was acknowledged and is %q: %v", id, request, err)
		}
	}
	cfg, err := LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range w.files {
		got, err := os.ReadFile(filepath.Join(cfg.KojiDir, "work/crash", name))
		if err != nil || string(got) != text {
			t.Errorf("file %s was acknowledged and has %d bytes: %v", name, len(got), err)
		}
	}
}
