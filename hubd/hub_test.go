package hubd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(context.Background(), os.Args, Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	argonTime, argonMemory = 1, 64
	sqlstoretest.Main(m)
}

// testHub is a running hub with the users kojiadmin (an admin), alice and bob
// and the hosts builder1 (x86_64 noarch) and builder2 (x86_64 i686), as the
// recorded conversations want it. Everyone's password is the own name.
type testHub struct {
	t     *testing.T
	hub   *Hub
	store *sqlstore.Store
	url   string // of the API

	mu       sync.Mutex
	sessions map[string]*koji.Session
}

// eachHub runs a subtest against a hub on each engine. change, if not nil, edits the configuration first.
func eachHub(t *testing.T, change func(*Config), run func(h *testHub)) {
	t.Helper()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) { run(setup(t, s, change)) })
}

// setup starts a hub on a store. It ends with the test.
func setup(t *testing.T, store *sqlstore.Store, change func(*Config)) *testHub {
	t.Helper()
	cfg, err := LoadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.KojiDir, cfg.CheckClientIP, cfg.DisableNotifications = t.TempDir(), false, true
	cfg.EnableMaven, cfg.EnableWin = true, true
	if change != nil {
		change(cfg)
	}
	if err := store.Write(t.Context(), func(tx *sqlstore.Tx) error { return populate(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	return start(t, store, cfg)
}

// start starts a hub on a store that has all it needs.
func start(t *testing.T, store *sqlstore.Store, cfg *Config) *testHub {
	t.Helper()
	h := &testHub{t: t, store: store, sessions: map[string]*koji.Session{}}
	var err error
	if h.hub, err = New(cfg, store, slog.New(slog.NewTextHandler(io.Discard, nil))); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		h.hub.Run(ctx)
	}()
	server := httptest.NewServer(h.hub.Handler())
	h.url = server.URL + "/kojihub"
	t.Cleanup(func() {
		stop()
		running.Wait() // ends the event streams, which the server would wait for
		server.Close()
	})
	return h
}

// populate makes the users and hosts.
func populate(ctx context.Context, tx *sqlstore.Tx) error {
	var admin int64
	for _, name := range []string{"kojiadmin", "alice", "bob", "builder1", "builder2"} {
		kind := koji.UserNormal
		arches := map[string]string{"builder1": "x86_64 noarch", "builder2": "x86_64 i686"}[name]
		if arches != "" {
			kind = koji.UserHost
		}
		id, err := tx.CreateUser(ctx, name, kind, koji.StatusNormal)
		if err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, id, name); err != nil {
			return err
		}
		if name == "kojiadmin" {
			admin = id
			if err := tx.GrantPermission(ctx, id, 1, id); err != nil {
				return err
			}
		}
		if arches == "" {
			continue
		}
		host, err := tx.CreateHost(ctx, name, id, arches, admin)
		if err != nil {
			return err
		}
		channel, _, err := tx.NameByName(ctx, sqlstore.ChannelNames, "default")
		if err != nil {
			return err
		}
		if err := tx.AddHostToChannel(ctx, host, channel.ID, admin); err != nil {
			return err
		}
	}
	return nil
}

// write changes the database behind the hub's back.
func (h *testHub) write(fn func(ctx context.Context, tx *sqlstore.Tx) error) {
	h.t.Helper()
	ctx := h.t.Context()
	if err := h.store.Write(ctx, func(tx *sqlstore.Tx) error { return fn(ctx, tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// as is a session of a user, the same one each time; "" is nobody. Hosts get an
// exclusive one. It spares the login, whose hash is costly by design.
func (h *testHub) as(user string) *koji.Session {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sessions[user]; s != nil {
		return s
	}
	s, err := koji.New(koji.Options{Server: h.url, MaxRetries: -1})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(s.Close)
	if user != "" {
		var info koji.SessionInfo
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			u, err := tx.UserByName(ctx, user)
			if err != nil {
				return err
			}
			if u == nil {
				return errors.New("no such user: " + user)
			}
			key := sessionSecret(u.ID)
			id, err := tx.CreateSession(ctx, u.ID, key, koji.AuthPassword, "-", 0)
			if err == nil && u.UserType == koji.UserHost {
				err = tx.SetExclusive(ctx, id, true)
			}
			info = koji.SessionInfo{ID: id, Key: key, HeaderAuth: true}
			return err
		})
		s.Resume(info)
	}
	h.sessions[user] = s
	return s
}

// call is the answer of a method that must not fail.
func (h *testHub) call(user, method string, args ...any) any {
	h.t.Helper()
	var result any
	if err := h.as(user).Call(h.t.Context(), method, &result, args...); err != nil {
		h.t.Fatalf("%s%v as %q: %v", method, args, user, err)
	}
	return result
}

// fault is the fault of a method that must fail.
func (h *testHub) fault(user, method string, args ...any) *koji.Error {
	h.t.Helper()
	var result any
	err := h.as(user).Call(h.t.Context(), method, &result, args...)
	var f *koji.Error
	if !errors.As(err, &f) {
		h.t.Fatalf("%s%v as %q: want a fault, got %v and %v", method, args, user, err, result)
	}
	return f
}

// wantFault checks the code of a fault.
func (h *testHub) wantFault(code koji.Code, user, method string, args ...any) {
	h.t.Helper()
	if f := h.fault(user, method, args...); f.Code != code {
		h.t.Errorf("%s%v as %q: want fault %d, got %d: %s", method, args, user, code, f.Code, f.Text)
	}
}
