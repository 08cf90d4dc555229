package tui

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// link is how the feed stands with the hub.
type link struct {
	stream bool      // told by the hub; else it is polled
	logs   bool      // the hub tells of logs that grow
	up     bool      // there was a listing, and nothing went wrong since
	heard  time.Time // the hub's last sign
	lost   time.Time // since when it is lost, zero if it isn't
	next   time.Time // the next try
	tries  int
	reason string
	every  time.Duration // between two polls
}

// feed finds out what changes at the hub and sends it to the program: by the
// event stream where there is one, else by asking every few seconds. Both
// bring the same changes. run is its one goroutine; the methods below may be
// called from others.
type feed struct {
	hub  *hub
	send func(tea.Msg)
	now  func() time.Time
	pace pace
	beat func(every time.Duration) *time.Ticker // of polls

	mu      sync.Mutex // guards what follows
	owner   int64      // whose tasks, 0 for all
	watched []int64    // running tasks on the screen
	away    bool       // nobody looks
	poked   chan struct{}

	link   link
	seen   map[int64]task // what was sent
	room   int            // from how many on some are forgotten
	pages  chan float64   // of old tasks that are wanted: those made before
	today  float64        // when the tasks finished that are listed, at the earliest
	most   int            // finished tasks of a first listing
	page   int            // of a page of old ones
	names  names
	last   int64 // the last notice that was taken in whole
	listed int64 // the owner whose tasks were listed last
	since  float64
	logs   map[int64]string  // the log of each watched task
	tails  map[int64]string  // their last lines, as they were sent
	grown  map[int64]logSize // logs that grew since the last flush
	heard  changes           // what was told of other things since the last flush
	rounds int               // of listing
	farm   map[int64]koji.Host
	loaded farmLoad  // as it was told last
	told   time.Time // when the link was
}

func newFeed(h *hub, send func(tea.Msg), p pace) *feed {
	return &feed{
		hub: h, send: send, now: h.now, pace: p, beat: time.NewTicker, poked: make(chan struct{}, 1),
		seen: map[int64]task{}, names: names{map[int64]string{}, map[int64]string{}, map[int64]string{}},
		logs: map[int64]string{}, tails: map[int64]string{}, grown: map[int64]logSize{},
		room: storeLimit, pages: make(chan float64, 1), most: finishedLimit, page: olderPage, farm: map[int64]koji.Host{}, link: link{every: p.poll},
	}
}

// poke has the feed list anew at once, or try a lost hub again.
func (f *feed) poke() {
	select {
	case f.poked <- struct{}{}:
	default:
	}
}

// nobodyYet is the scope until it is known who the user is.
const nobodyYet = -1

// known says who the user is: whose tasks to list, if that waited for it.
func (f *feed) known(owner int64) {
	f.mu.Lock()
	waited := f.owner == nobodyYet
	if waited {
		f.owner = owner
	}
	f.mu.Unlock()
	if waited {
		f.poke()
	}
}

// scope says whose tasks to list, 0 for all.
func (f *feed) scope(owner int64) {
	f.mu.Lock()
	changed := f.owner != owner
	f.owner = owner
	f.mu.Unlock()
	if changed {
		f.poke()
	}
}

// watch says of which running tasks the newest line of the log is wanted.
func (f *feed) watch(ids []int64) {
	f.mu.Lock()
	f.watched = ids
	f.mu.Unlock()
}

func (f *feed) wanted() (owner int64, watched []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.owner, f.watched
}

// run feeds until ctx ends.
func (f *feed) run(ctx context.Context) {
	ctx = asking(ctx, byFeed)
	for owner, _ := f.wanted(); owner == nobodyYet; owner, _ = f.wanted() {
		select {
		case <-ctx.Done():
			return
		case <-f.poked:
		}
	}
	for tries := 0; ctx.Err() == nil; {
		err := f.follow(ctx)
		if errors.Is(err, koji.ErrNoStream) {
			err = f.poll(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if f.link.up {
			tries = 0
		}
		pause := f.pace.lost[min(tries, len(f.pace.lost)-1)]
		pause = time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
		tries++
		if f.link.lost.IsZero() {
			f.link.lost = f.now()
		}
		f.link.up, f.link.tries, f.link.next, f.link.reason = false, tries, f.now().Add(pause), errorText(err)
		f.send(f.link)
		select {
		case <-ctx.Done():
		case <-f.poked:
		case <-time.After(pause):
		}
	}
}

// alive tells that the hub answered.
func (f *feed) alive() {
	was := f.link
	f.link.heard = f.now()
	f.link.up, f.link.lost, f.link.tries, f.link.reason = true, time.Time{}, 0, ""
	if !was.up || was.stream != f.link.stream || was.logs != f.link.logs || f.link.heard.Sub(f.told) >= time.Second {
		f.told = f.link.heard
		f.send(f.link)
	}
}

// follow listens to the stream until it breaks. The stream is opened before
// the listing, so that nothing falls in between.
func (f *feed) follow(ctx context.Context) error {
	streaming, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	after := f.last
	stream, err := f.hub.read.Events(streaming, koji.EventOptions{
		After:  after,
		Kinds:  []koji.NoticeKind{koji.NoticeTask, koji.NoticeLog, koji.NoticeBuild, koji.NoticeTag, koji.NoticeHost, koji.NoticeRepo},
		Gather: f.pace.gather,
		// New connections are the feed's own business: it shows when the next try is.
		OnLost: func(err error, _ time.Duration) { cancel(err) },
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	f.link.stream, f.link.logs = true, true
	if owner, _ := f.wanted(); after == 0 || owner != f.listed {
		if err := f.list(ctx); err != nil {
			return err
		}
	} else {
		f.alive()
	}
	return f.listen(ctx, streaming, stream)
}

// heardItem is what the stream gave.
type heardItem struct {
	notice koji.Notice
	err    error
}

// hear gives what the stream has, as much as comes together at a time, until
// it ends.
func hear(ctx context.Context, stream *koji.Stream, to chan<- []heardItem) {
	for {
		n, err := stream.Next(ctx)
		list := []heardItem{{n, err}}
		for (err == nil || errors.Is(err, koji.ErrGap)) && stream.Pending() > 0 {
			n, err = stream.Next(ctx)
			list = append(list, heardItem{n, err})
		}
		select {
		case to <- list:
		case <-ctx.Done():
			return
		}
		if err != nil && !errors.Is(err, koji.ErrGap) {
			return
		}
	}
}

// settleTime is for notices of one transaction to come in.
const settleTime = 3 * time.Millisecond

func (f *feed) listen(ctx, streaming context.Context, stream *koji.Stream) error {
	inner, stop := context.WithCancel(streaming)
	defer stop()
	items := make(chan []heardItem)
	go hear(inner, stream, items)
	tails := time.NewTicker(f.pace.tails)
	defer tails.Stop()
	changed, last, whole := map[int64]koji.TaskNotice{}, f.last, false
	var ripe <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-streaming.Done():
			return context.Cause(streaming)
		case <-f.poked:
			whole = true
			ripe = time.After(0)
		case list := <-items:
			for _, it := range list {
				switch {
				case errors.Is(it.err, koji.ErrGap):
					whole = true
				case it.err != nil:
					return it.err
				case it.notice.Task != nil:
					changed[it.notice.Task.ID] = *it.notice.Task
				default:
					f.take(it.notice)
				}
				last = max(last, it.notice.ID)
			}
			if ripe == nil {
				ripe = time.After(settleTime)
			}
		case <-ripe:
			ripe = nil
			if err := f.flush(ctx, changed, whole); err != nil {
				f.last = 0 // what was heard isn't in yet: list anew
				return err
			}
			changed, f.last, whole = map[int64]koji.TaskNotice{}, last, false
		case before := <-f.pages:
			if err := f.listOlder(ctx, before); err != nil {
				return err
			}
		case <-tails.C:
			if err := f.refreshTails(ctx); err != nil {
				return err
			}
		}
	}
}

// take takes in a notice of something other than a task.
func (f *feed) take(n koji.Notice) {
	switch {
	case n.Log != nil:
		f.grown[n.Log.Task] = logSize{n.Log.Task, n.Log.Name, n.Log.Size}
	case n.Build != nil:
		f.heard.builds = append(f.heard.builds, *n.Build)
	case n.Tag != nil:
		f.heard.tags = append(f.heard.tags, *n.Tag)
	case n.Host != nil:
		f.heard.hosts = append(f.heard.hosts, *n.Host)
		f.hostIs(*n.Host)
	case n.Repo != nil:
		f.heard.repos = append(f.heard.repos, *n.Repo)
	}
}

// hostIs takes in how a host is now.
func (f *feed) hostIs(n koji.HostNotice) {
	if h, ok := f.farm[n.ID]; ok {
		h.TaskLoad = n.Load
		f.farm[n.ID] = h
		f.heard.farm = f.loadOfFarm()
	}
}

// flush brings in what was heard of.
func (f *feed) flush(ctx context.Context, changed map[int64]koji.TaskNotice, whole bool) error {
	c := f.heard
	f.heard = changes{}
	for _, l := range f.grown {
		c.logs = append(c.logs, l)
	}
	slices.SortFunc(c.logs, func(a, b logSize) int { return ascending(a.task, b.task) })
	grown := f.grown
	f.grown = map[int64]logSize{}
	if len(c.logs)+len(c.builds)+len(c.tags)+len(c.hosts)+len(c.repos) > 0 {
		f.send(c) // an open log shall not wait for what follows
	}
	if whole {
		if err := f.list(ctx); err != nil {
			return err
		}
	} else if err := f.look(ctx, changed); err != nil {
		return err
	}
	return f.readTails(ctx, grown)
}
