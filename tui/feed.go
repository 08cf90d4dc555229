package tui

import (
	"context"
	"errors"
	"maps"
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

	mu      sync.Mutex // guards what follows
	owner   int64      // whose tasks, 0 for all
	watched []int64    // running tasks on the screen
	away    bool       // nobody looks
	poked   chan struct{}

	link   link
	seen   map[int64]task // what was sent
	names  names
	last   int64 // the last notice that was taken in whole
	listed int64 // the owner whose tasks were listed last
	since  float64
	logs   map[int64]string  // the log of each watched task
	tails  map[int64]string  // their last lines, as they were sent
	grown  map[int64]logSize // logs that grew since the last flush
	rounds int               // of looking at logs
	heard  changes           // what was told of other things since the last flush
	farm   map[int64]koji.Host
	loaded farmLoad // as it was told last
}

func newFeed(h *hub, send func(tea.Msg), p pace) *feed {
	return &feed{
		hub: h, send: send, now: h.now, pace: p, poked: make(chan struct{}, 1),
		seen: map[int64]task{}, names: names{map[int64]string{}, map[int64]string{}, map[int64]string{}},
		logs: map[int64]string{}, tails: map[int64]string{}, grown: map[int64]logSize{},
		farm: map[int64]koji.Host{}, link: link{every: p.poll},
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
	if !was.up || was.stream != f.link.stream || was.logs != f.link.logs || f.link.heard.Sub(was.heard) >= time.Second {
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
		After: after,
		Kinds: []koji.NoticeKind{koji.NoticeTask, koji.NoticeLog, koji.NoticeBuild, koji.NoticeTag, koji.NoticeHost, koji.NoticeRepo},
		// New connections are the feed's own business: it shows when the next try is.
		OnLost: func(err error, _ time.Duration) { cancel(err) },
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	f.link.stream = true
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

func (f *feed) listen(ctx, streaming context.Context, stream *koji.Stream) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	items := make(chan heardItem)
	go func() {
		for {
			n, err := stream.Next(streaming)
			select {
			case items <- heardItem{n, err}:
			case <-inner.Done():
				return
			}
			if err != nil && !errors.Is(err, koji.ErrGap) {
				return
			}
		}
	}()
	tails := time.NewTicker(f.pace.tails)
	defer tails.Stop()
	changed, last, whole := map[int64]koji.TaskNotice{}, f.last, false
	var ripe <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.poked:
			whole = true
			ripe = time.After(0)
		case it := <-items:
			switch {
			case errors.Is(it.err, koji.ErrGap):
				whole = true
			case context.Cause(streaming) != nil:
				return context.Cause(streaming)
			case it.err != nil:
				return it.err
			case it.notice.Task != nil:
				changed[it.notice.Task.ID] = *it.notice.Task
			case it.notice.Log != nil:
				l := *it.notice.Log
				f.link.logs = true
				f.grown[l.Task] = logSize{l.Task, l.Name, l.Size}
			case it.notice.Build != nil:
				f.heard.builds = append(f.heard.builds, *it.notice.Build)
			case it.notice.Tag != nil:
				f.heard.tags = append(f.heard.tags, *it.notice.Tag)
			case it.notice.Host != nil:
				f.heard.hosts = append(f.heard.hosts, *it.notice.Host)
				f.hostIs(*it.notice.Host)
			case it.notice.Repo != nil:
				f.heard.repos = append(f.heard.repos, *it.notice.Repo)
			}
			last = max(last, it.notice.ID)
			if ripe == nil {
				ripe = time.After(f.pace.gather)
			}
		case <-ripe:
			ripe = nil
			if err := f.flush(ctx, changed, whole); err != nil {
				f.last = 0 // what was heard isn't in yet: list anew
				return err
			}
			changed, f.last, whole = map[int64]koji.TaskNotice{}, last, false
		case <-tails.C:
			if err := f.refreshTails(ctx); err != nil {
				return err
			}
		}
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

// look asks for the tasks that notices were about, all in one request.
func (f *feed) look(ctx context.Context, changed map[int64]koji.TaskNotice) error {
	owner, _ := f.wanted()
	var ids []int64
	failed := map[int64]*any{}
	m := f.hub.read.Multicall()
	var tasks []*koji.Task
	for id, n := range changed {
		if owner == 0 || n.Owner == owner {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		f.alive()
		return nil
	}
	slices.Sort(ids)
	m.Add(&tasks, "getTaskInfo", ids, koji.Named{"request": true})
	for _, id := range ids {
		if changed[id].State == koji.TaskFailed {
			failed[id] = new(any)
			m.Add(failed[id], "getTaskResult", id, koji.Named{"raise_fault": false})
		}
	}
	learn := f.askNames(m, changed)
	if err := f.hub.run(ctx, m); err != nil {
		return err
	}
	if err := m.Err(0); err != nil {
		return err
	}
	learn()
	var c changes
	for _, t := range tasks {
		if t == nil {
			continue
		}
		if r := failed[t.ID]; r != nil {
			t.Result = *r
		}
		c.tasks = f.news(c.tasks, *t)
	}
	f.alive()
	if len(c.tasks) > 0 {
		f.send(c)
	}
	return nil
}

// askNames adds calls for the names of hosts and users that aren't known yet,
// and gives what takes their answers in.
func (f *feed) askNames(m *koji.Multicall, changed map[int64]koji.TaskNotice) func() {
	hosts, users := map[int64]*koji.Host{}, map[int64]*koji.User{}
	for _, n := range changed {
		if _, known := f.names.hosts[n.Host]; n.Host != 0 && !known && hosts[n.Host] == nil {
			hosts[n.Host] = &koji.Host{}
			m.Add(hosts[n.Host], "getHost", n.Host)
		}
		if _, known := f.names.users[n.Owner]; n.Owner != 0 && !known && users[n.Owner] == nil {
			users[n.Owner] = &koji.User{}
			m.Add(users[n.Owner], "getUser", n.Owner)
		}
	}
	return func() {
		for id, h := range hosts {
			f.names.hosts[id] = h.Name
		}
		for id, u := range users {
			f.names.users[id] = u.Name
		}
	}
}

// news appends the task if it isn't as it was sent before.
func (f *feed) news(list []task, t koji.Task) []task {
	if t.OwnerName != "" {
		f.names.users[t.Owner] = t.OwnerName
	}
	n := taskOf(t, f.names)
	if n.kind == kindFailed && n.fault == "" {
		n.fault = f.seen[n.id].fault
	}
	if f.seen[n.id] == n {
		return list
	}
	f.seen[n.id] = n
	return append(list, n)
}

// list asks for all tasks of the scope that aren't finished, and those that
// finished since midnight, but at least of the last six hours.
func (f *feed) list(ctx context.Context) error {
	now := f.now()
	y, mo, d := now.Date()
	since := time.Date(y, mo, d, 0, 0, 0, 0, now.Location())
	if night := now.Add(-6 * time.Hour); night.Before(since) {
		since = night
	}
	f.since = 0
	return f.listSince(ctx, seconds(since), true)
}

// The most tasks that one listing brings.
const (
	openLimit     = 10000
	finishedLimit = 2000
)

func (f *feed) listSince(ctx context.Context, since float64, whole bool) error {
	owner, _ := f.wanted()
	opts := func(more map[string]any) map[string]any {
		o := map[string]any{"decode": true}
		if owner != 0 {
			o["owner"] = owner
		}
		maps.Copy(o, more)
		return o
	}
	newest := func(limit int) map[string]any { return map[string]any{"order": "-id", "limit": limit} }
	var open, finished []koji.Task
	var hosts []koji.Host
	var channels []koji.Channel
	m := f.hub.read.Multicall()
	m.Add(&open, "listTasks", opts(map[string]any{"state": []any{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}}), newest(openLimit))
	m.Add(&finished, "listTasks", opts(map[string]any{
		"state":          []any{int(koji.TaskClosed), int(koji.TaskCanceled), int(koji.TaskFailed)},
		"completedAfter": since,
	}), newest(finishedLimit))
	m.Add(&hosts, "listHosts")
	if whole {
		m.Add(&channels, "listChannels")
	}
	if err := f.hub.run(ctx, m); err != nil {
		return err
	}
	if err := errors.Join(m.Err(0), m.Err(1)); err != nil {
		return err
	}
	for _, h := range hosts {
		f.names.hosts[h.ID], f.farm[h.ID] = h.Name, h
	}
	for _, c := range channels {
		f.names.channels[c.ID] = c.Name
	}
	f.listed = owner
	if whole {
		f.seen = map[int64]task{}
	}
	c := changes{whole: whole, farm: f.loadOfFarm()}
	told := make(map[int64]bool, len(open))
	// A task that finished between the two is in both: the later one counts.
	for _, list := range [][]koji.Task{open, finished} {
		for _, t := range list {
			told[t.ID] = true
			c.tasks = f.news(c.tasks, t)
			if t.CompletionTS != nil {
				f.since = max(f.since, *t.CompletionTS)
			}
		}
	}
	if !whole {
		if err := f.vanished(ctx, told, &c); err != nil {
			return err
		}
	}
	f.alive()
	if whole || len(c.tasks) > 0 || c.farm != nil {
		f.send(c)
	}
	return nil
}

// loadOfFarm is how loaded the hosts are, nil if that is as it was told last.
func (f *feed) loadOfFarm() *farmLoad {
	var l farmLoad
	for _, h := range f.farm {
		if h.Enabled {
			l.load, l.capacity = l.load+h.TaskLoad, l.capacity+h.Capacity
		}
	}
	if l == f.loaded {
		return nil
	}
	f.loaded = l
	return &l
}

// vanished asks for tasks that ran when they were last seen and are in no list.
func (f *feed) vanished(ctx context.Context, told map[int64]bool, c *changes) error {
	var ids []int64
	for id, t := range f.seen {
		if !t.finished() && !told[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	var tasks []*koji.Task
	if err := f.hub.call(ctx, "getTaskInfo", &tasks, ids, koji.Named{"request": true}); err != nil {
		return err
	}
	for _, t := range tasks {
		if t != nil {
			c.tasks = f.news(c.tasks, *t)
		}
	}
	return nil
}

// poll lists again and again.
func (f *feed) poll(ctx context.Context) error {
	f.link.stream, f.link.logs = false, false
	if err := f.list(ctx); err != nil {
		return err
	}
	ticks := time.NewTicker(f.pace.poll)
	defer ticks.Stop()
	for {
		if err := f.refreshTails(ctx); err != nil {
			return err
		}
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.poked:
			err = f.list(ctx)
		case <-ticks.C:
			if f.resting() && f.now().Sub(f.link.heard) < restPolls*f.pace.poll {
				continue
			}
			// Clocks differ and transactions take their time: a minute twice.
			since := f.since - 60
			if f.since == 0 {
				since = seconds(f.now()) - 24*3600
			}
			err = f.listSince(ctx, since, false)
		}
		if err != nil {
			return err
		}
	}
}
