package kojira

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"koji"
)

// keeper looks after the repos. Its duties are loops of their own; each runs
// every sleeptime, and at once when the hub tells of something for it.
// Koji: reference/scheduler_repos.md, kojira.
type keeper struct {
	cfg *Config
	hub *koji.Session
	log *slog.Logger
	now func() time.Time

	duties []*duty
	rm     *remover

	checked map[int64]time.Time // repos and when they are to be looked at again
	strays  map[int64]time.Time // directories, likewise
	newest  map[int64]float64   // external repos and their newest timestamp
}

// duty is one loop.
type duty struct {
	name  string
	do    func(context.Context) error
	calm  time.Duration // at least so long between two runs
	woken chan struct{}
}

func (d *duty) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// tagCalm keeps a mass of tag changes from being a mass of queries.
const tagCalm = time.Second

func newKeeper(cfg *Config, hub *koji.Session, log *slog.Logger) *keeper {
	k := &keeper{
		cfg: cfg, hub: hub, log: log, now: time.Now, rm: newRemover(cfg, log),
		checked: map[int64]time.Time{}, strays: map[int64]time.Time{}, newest: map[int64]float64{},
	}
	k.add("queue", 0, k.checkQueue)
	k.add("currency", tagCalm, k.updateEndEvents)
	k.add("autoregen", tagCalm, k.autoRequests)
	k.add("repos", tagCalm, k.manageRepos)
	if cfg.CheckExternal {
		k.add("external", tagCalm, k.checkExternal)
	}
	return k
}

func (k *keeper) add(name string, calm time.Duration, do func(context.Context) error) {
	k.duties = append(k.duties, &duty{name: name, do: do, calm: calm, woken: make(chan struct{}, 1)})
}

// wake wakes duties by name.
func (k *keeper) wake(names ...string) {
	for _, d := range k.duties {
		for _, n := range names {
			if d.name == n {
				d.wake()
			}
		}
	}
}

// run works until ctx ends; losing the login is an error.
func (k *keeper) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, d := range k.duties {
		wg.Go(func() { k.loop(ctx, d, cancel) })
	}
	wg.Go(func() { k.listen(ctx) })
	wg.Go(func() { k.rm.run(ctx) })
	k.log.Info("looking after repos", "server", k.cfg.Server, "topdir", k.cfg.TopDir)
	wg.Wait()
	if err := context.Cause(ctx); errors.Is(err, koji.ErrAuth) {
		return fmt.Errorf("the hub does not accept us any more: %w", err)
	}
	return nil
}

func (k *keeper) loop(ctx context.Context, d *duty, fail context.CancelCauseFunc) {
	tick := time.NewTicker(k.cfg.SleepTime)
	defer tick.Stop()
	for {
		err := d.do(ctx)
		switch {
		case err == nil || ctx.Err() != nil || errors.Is(err, koji.ErrRetry):
		case errors.Is(err, koji.ErrAuth):
			fail(err)
		default:
			k.log.Error("duty failed", "duty", d.name, "error", err)
		}
		if d.calm > 0 && pause(ctx, d.calm) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-d.woken:
		case <-tick.C:
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// listen wakes the duties that the hub's notices are for, until ctx ends or the
// hub turns out to have no stream.
func (k *keeper) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := k.listenOnce(ctx)
		if errors.Is(err, koji.ErrNoStream) {
			k.log.Info("the hub has no event stream, it is polled", "every", k.cfg.SleepTime)
			return
		}
		if ctx.Err() == nil {
			k.log.Warn("event stream", "error", err)
			_ = pause(ctx, min(k.cfg.SleepTime, 5*time.Second)) // its end is seen above
		}
	}
}

func (k *keeper) wakeAll() { k.wake("queue", "currency", "autoregen", "repos") }

func (k *keeper) listenOnce(ctx context.Context) error {
	stream, err := k.hub.Events(ctx, koji.EventOptions{
		Kinds: []koji.NoticeKind{koji.NoticeRepo, koji.NoticeTag, koji.NoticeTask}, OnOpen: k.wakeAll,
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		n, err := stream.Next(ctx)
		if errors.Is(err, koji.ErrGap) {
			k.wakeAll()
			continue
		}
		if err != nil {
			return err
		}
		k.heard(n)
	}
}

func (k *keeper) heard(n koji.Notice) {
	switch {
	case n.Repo != nil && n.Repo.Request != 0:
		k.wake("queue")
	case n.Repo != nil:
		k.wake("queue", "repos")
	case n.Tag != nil:
		k.wake("currency", "autoregen")
	case n.Task != nil && n.Task.Method == "newRepo" && n.Task.State.Finished():
		k.wake("queue", "repos")
	}
}

// checkQueue has the hub make tasks of the requests for repos.
func (k *keeper) checkQueue(ctx context.Context) error {
	return k.hub.Call(ctx, "repo.checkQueue", nil)
}

// updateEndEvents has the hub find out which repos are older than their tags.
func (k *keeper) updateEndEvents(ctx context.Context) error {
	return k.hub.Call(ctx, "repo.updateEndEvents", nil)
}

// autoRequests has the hub request repos of the tags that always want one.
func (k *keeper) autoRequests(ctx context.Context) error {
	if err := k.hub.Call(ctx, "repo.autoRequests", nil); err != nil {
		return err
	}
	k.wake("queue") // a hub without a stream doesn't tell
	return nil
}
