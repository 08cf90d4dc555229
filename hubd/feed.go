package hubd

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"koji"
	"koji/sqlstore"
)

// feed reads what was told to the event stream from the database, in order,
// and hands it to all who listen. The database is the one source: a commit
// only wakes the feed.
type feed struct {
	store *sqlstore.Store
	log   *slog.Logger
	woken chan struct{}

	flashes chan koji.Notice // on their way to other hubs

	mu        sync.Mutex
	last      int64 // the newest notice that was handed out
	listeners map[*listener]struct{}
}

// listener takes notices from its channel. One that doesn't keep up is closed
// and must begin again from the last notice that it saw.
type listener struct {
	notices chan koji.Notice
	after   int64 // what was handed out before it came
}

// listenerRoom is how far a listener may fall behind.
const listenerRoom = 1024

// flashRoom is how many flashes may wait for the database.
const flashRoom = 256

// newFeed begins at the end of what is there.
func newFeed(store *sqlstore.Store, log *slog.Logger) (*feed, error) {
	f := &feed{store: store, log: log, woken: make(chan struct{}, 1), flashes: make(chan koji.Notice, flashRoom), listeners: map[*listener]struct{}{}}
	ctx := context.Background()
	err := store.Read(ctx, func(tx *sqlstore.Tx) (err error) {
		_, f.last, err = tx.NoticeRange(ctx)
		return err
	})
	return f, err
}

func (f *feed) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

func (f *feed) run(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { f.hearOthers(ctx) })
	others.Go(func() { f.flashOthers(ctx) })
	defer others.Wait()
	for {
		select {
		case <-ctx.Done():
			f.closeAll()
			return
		case <-f.woken:
			if err := f.deliver(ctx); err != nil && ctx.Err() == nil {
				f.log.Error("read event stream", "err", err)
			}
		}
	}
}

// listenPause is before the feed listens again to the other hubs, after that broke.
const listenPause = 5 * time.Second

// hearOthers wakes the feed when another hub on the same database told something.
func (f *feed) hearOthers(ctx context.Context) {
	for {
		err := f.store.AwaitNotices(ctx, f.wake, f.show)
		if ctx.Err() != nil {
			return
		}
		f.log.Error("listen to other hubs", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(listenPause):
		}
	}
}

// feedBatch is how many notices are read in one go.
const feedBatch = 1000

func (f *feed) deliver(ctx context.Context) error {
	for {
		var batch []koji.Notice
		err := f.store.Read(ctx, func(tx *sqlstore.Tx) error {
			for n, err := range tx.Notices(ctx, f.last, feedBatch) {
				if err != nil {
					return err
				}
				batch = append(batch, n)
			}
			return nil
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		f.hand(batch)
		if len(batch) < feedBatch {
			return nil
		}
	}
}

func (f *feed) hand(batch []koji.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = batch[len(batch)-1].ID
	for l := range f.listeners {
		for _, n := range batch {
			select {
			case l.notices <- n:
				continue
			default:
			}
			delete(f.listeners, l)
			close(l.notices)
			break
		}
	}
}

// flash hands a notice that is kept nowhere, and has no id, to those who listen,
// here and at the other hubs. One that is behind misses it.
func (f *feed) flash(n koji.Notice) {
	f.show(n)
	select {
	case f.flashes <- n:
	default: // the database is slow; the next one tells the same and more
	}
}

// flashOthers sends what this hub flashed to the others. Callers don't wait for it.
func (f *feed) flashOthers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-f.flashes:
			if err := f.store.Flash(ctx, n); err != nil && ctx.Err() == nil {
				f.log.Warn("tell other hubs", "err", err)
			}
		}
	}
}

// show hands a flash to this hub's listeners.
func (f *feed) show(n koji.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		select {
		case l.notices <- n:
		default:
		}
	}
}

// listen adds a listener for all that comes from now on.
func (f *feed) listen() *listener {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &listener{notices: make(chan koji.Notice, listenerRoom), after: f.last}
	f.listeners[l] = struct{}{}
	return l
}

// heard says whether anybody but the hub's own scheduler listens.
func (f *feed) heard() bool { return f.audience() > 1 }

// audience is how many listen.
func (f *feed) audience() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

func (f *feed) closeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		delete(f.listeners, l)
		close(l.notices)
	}
}
