package hubd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"koji"
	"koji/internal/negotiate"
	"koji/internal/policy"
	"koji/sqlstore"
)

// Hub is a hub: it answers the API, keeps the file tree and hands out tasks.
// New makes it, Handler serves it, Run works in the background until its
// context ends.
type Hub struct {
	cfg          *Config
	store        *sqlstore.Store
	log          *slog.Logger
	paths        koji.Paths
	methods      map[string]*method
	tests        map[string]policy.Test // of policies
	policies     policies
	callbacks    map[string][]Callback
	guard        loginGuard
	hashing      chan struct{} // holds a token for each password that is hashed just now
	hashed       *time.Timer   // ends when none has been for a moment
	touched      touches
	certificates *certificates       // nil if the hub serves plain http
	kerberos     *negotiate.Acceptor // nil if it takes no tickets
	feed         *feed
	scheduler    *scheduler
	metrics      *metrics
	started      time.Time
	stopping     chan struct{}
	stopOnce     sync.Once
}

// New makes a hub on an open store. It checks the policies and makes the
// folders of the file tree. The store stays the caller's to close.
func New(cfg *Config, store *sqlstore.Store, log *slog.Logger) (*Hub, error) {
	if cfg.KojiDir == "" {
		return nil, errors.New("KojiDir is not set: it is the folder for builds, repos and uploads")
	}
	h := &Hub{
		cfg: cfg, store: store, log: log, paths: koji.Paths{Top: cfg.KojiDir},
		methods: map[string]*method{}, callbacks: map[string][]Callback{}, tests: policyTests(),
		guard: loginGuard{now: time.Now}, hashing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), hashed: returnMemory(),
		started: time.Now(), stopping: make(chan struct{}),
	}
	for _, table := range [][]method{
		systemMethods(), multicallMethods(), filterMethods(), subscriptionMethods(), authMethods(), uploadMethods(),
		userMethods(), permMethods(), hostMethods(), channelMethods(), tagMethods(), inheritanceMethods(), targetMethods(),
		packageMethods(), groupMethods(), externalRepoMethods(), eventMethods(), historyMethods(), searchMethods(),
		generatorMethods(),
		taskMethods(), taskOutputMethods(), builderMethods(), schedulerMethods(), policyMethods(),
		buildMethods(), buildChangeMethods(), deleteMethods(), volumeMethods(), rpmMethods(), importMethods(), signatureMethods(), taggingMethods(), buildrootMethods(), repoMethods(), builderBuildMethods(), builderRepoMethods(),
		distRepoMethods(),
		archiveMethods(), archiveTypeMethods(), typedBuildMethods(),
		builderMavenMethods(), builderWinMethods(), builderImageMethods(), typedTaskMethods(),
	} {
		if err := h.addMethods(table); err != nil {
			return nil, err
		}
	}
	if err := h.installPlugins(); err != nil {
		return nil, err
	}
	var err error
	if h.certificates, err = newCertificates(cfg, log); err != nil {
		return nil, err
	}
	if cfg.AuthKeytab != "" {
		if h.kerberos, err = negotiate.New(cfg.AuthKeytab); err != nil {
			return nil, err
		}
	}
	if h.policies, err = h.parsePolicies(cfg.Policies); err != nil {
		return nil, err
	}
	for _, dir := range []string{"packages", "repos", "repos-dist", "scratch", "work", "vol"} {
		if err := os.MkdirAll(filepath.Join(cfg.KojiDir, dir), 0o755); err != nil {
			return nil, fmt.Errorf("make file tree: %w", err)
		}
	}
	if h.feed, err = newFeed(store, log); err != nil {
		return nil, err
	}
	h.scheduler = newScheduler(h)
	h.metrics = newMetrics(h)
	store.OnNotices(h.feed.wake)
	return h, nil
}

// addMethods adds a table of methods, none of which may be there already.
func (h *Hub) addMethods(table []method) error {
	for i := range table {
		m := &table[i]
		if h.methods[m.name] != nil {
			return fmt.Errorf("method %s is there twice", m.name)
		}
		h.methods[m.name] = m
	}
	return nil
}

// Run does the hub's work beside the calls, until ctx ends: the scheduler, the
// event stream, and the small housekeeping. It returns once all is at rest.
func (h *Hub) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, work := range []func(context.Context){h.feed.run, h.scheduler.run, h.housekeeping} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			work(ctx)
		}()
	}
	wg.Wait()
	h.stopOnce.Do(func() { close(h.stopping) })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := h.storeTouches(last); err != nil {
		h.log.Error("store last use of sessions", "err", err)
	}
}

// How long the event stream can be resumed, and how often that is looked after.
const (
	noticeLife    = 24 * time.Hour
	touchInterval = 5 * time.Second
	pruneInterval = 10 * time.Minute
)

func (h *Hub) housekeeping(ctx context.Context) {
	touch, prune := time.NewTicker(touchInterval), time.NewTicker(pruneInterval)
	defer touch.Stop()
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-touch.C:
			if err := h.storeTouches(ctx); err != nil && ctx.Err() == nil {
				h.log.Error("store last use of sessions", "err", err)
			}
		case <-prune.C:
			err := h.store.Write(ctx, func(tx *sqlstore.Tx) error {
				if err := tx.PruneTokens(ctx); err != nil {
					return err
				}
				return tx.PruneNotices(ctx, tx.Now().Add(-noticeLife))
			})
			if err != nil && ctx.Err() == nil {
				h.log.Error("prune event stream and used tickets", "err", err)
			}
		}
	}
}
