package kojid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"koji"
)

// builder is the daemon: one goroutine that talks to the hub, and a process for
// each task. Koji: reference/tasks.md §4.
type builder struct {
	cfg    *Config
	log    *slog.Logger
	stderr io.Writer
	hub    *koji.Session
	host   koji.Host

	handlers map[string]handler
	spawn    *spawner
	groups   taskGroups
	workers  map[int64]*worker
	died     chan *worker
	notices  chan koji.Notice
	look     chan struct{} // asks for a poll

	ready      bool          // as the hub was told last
	leftOver   bool          // there are tasks of ours that we weren't ready for
	restarting bool          // nothing is taken any more
	crashes    map[int64]int // workers of a task that died without a word
	sinceTidy  int           // polls since buildroots were looked at
}

const (
	goodbyeTime = 5 * time.Second // for telling the hub at the end; it may be away
	tidyEvery   = 20              // polls between two looks at the hub's list of our buildroots
)

func newBuilder(cfg *Config, log *slog.Logger, stderr io.Writer) *builder {
	return &builder{
		cfg: cfg, log: log, stderr: stderr, handlers: handlersByMethod(), spawn: newSpawner(), groups: newTaskGroups(cfg.WorkDir),
		workers: map[int64]*worker{}, died: make(chan *worker, 16), notices: make(chan koji.Notice, 64), look: make(chan struct{}, 1),
		crashes: map[int64]int{},
	}
}

// run works until ctx ends, the login is lost (an error), or a restart was
// asked for and the last task is done (errRestart). It calls ready once it can
// take tasks.
func (b *builder) run(ctx context.Context, restart <-chan os.Signal, ready func()) error {
	if err := b.poll(ctx); err != nil {
		return err
	}
	ready()
	b.log.Info("ready for tasks", "host", b.host.Name, "arches", b.arches(), "capacity", b.host.Capacity)
	go b.listen(ctx)
	tick := time.NewTicker(b.cfg.SleepTime)
	defer tick.Stop()
	for {
		if b.restarting && len(b.workers) == 0 {
			return errRestart
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-restart:
			b.log.Info("starting anew once the tasks are done", "tasks", len(b.workers))
			b.restarting = true
		case n := <-b.notices:
			err = b.heard(ctx, n)
		case w := <-b.died:
			err = b.reap(ctx, w)
		case <-b.look:
			err = b.poll(ctx)
		case <-tick.C:
			err = b.poll(ctx)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, koji.ErrRetry):
			// Its answer was lost; the next poll sees what came of it.
			b.askLook()
		case errors.Is(err, koji.ErrAuth):
			return fmt.Errorf("the hub does not accept us any more: %w", err)
		default:
			b.log.Error("talk to the hub", "error", err)
		}
	}
}

func (b *builder) arches() string {
	if b.host.Arches == nil {
		return ""
	}
	return *b.host.Arches
}

func (b *builder) askLook() {
	select {
	case b.look <- struct{}{}:
	default:
	}
}

// listen reads the hub's event stream and asks for a poll whenever something
// may have been missed. It ends with ctx, or when the hub has no stream.
func (b *builder) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := b.listenOnce(ctx)
		if errors.Is(err, koji.ErrNoStream) {
			b.log.Info("the hub has no event stream, it is polled", "every", b.cfg.SleepTime)
			return
		}
		if ctx.Err() != nil {
			return
		}
		b.log.Warn("event stream", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(min(b.cfg.SleepTime, 5*time.Second)):
		}
	}
}

func (b *builder) listenOnce(ctx context.Context) error {
	stream, err := b.hub.Events(ctx, koji.EventOptions{Host: b.host.ID, Kinds: []koji.NoticeKind{koji.NoticeTask}, OnOpen: b.askLook})
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		n, err := stream.Next(ctx)
		if errors.Is(err, koji.ErrGap) {
			b.askLook()
			continue
		}
		if err != nil {
			return err
		}
		select {
		case b.notices <- n:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heard does what a notice asks for.
func (b *builder) heard(ctx context.Context, n koji.Notice) error {
	t := n.Task
	if t == nil {
		return nil
	}
	if t.Alert == b.host.ID {
		if w := b.workers[t.Parent]; w != nil {
			w.wake()
		}
	}
	if t.Host != b.host.ID {
		return nil
	}
	w := b.workers[t.ID]
	switch {
	case t.State == koji.TaskAssigned && w == nil:
		return b.take(ctx, koji.AssignedTask{ID: t.ID, State: t.State, HostID: &t.Host, Method: t.Method, Arch: t.Arch})
	case t.State == koji.TaskCanceled && w != nil:
		b.log.Info("task was canceled", "task", t.ID)
		w.kill()
	case t.State == koji.TaskOpen && w != nil:
		w.waiting = t.Waiting
	}
	return nil
}

// poll brings us and the hub to the same idea of what goes on, and takes what
// was assigned.
func (b *builder) poll(ctx context.Context) error {
	var mine []koji.HostTask
	m := b.hub.Multicall()
	m.Add(&b.host, "host.getHost")
	m.Add(&mine, "host.getHostTasks")
	if err := m.Run(ctx); err != nil {
		return err
	}
	if err := b.updateTasks(ctx, mine); err != nil {
		return err
	}
	if b.sinceTidy == 0 || b.sinceTidy >= tidyEvery {
		if err := b.tidyBuildroots(ctx); err != nil {
			return err
		}
		b.sinceTidy = 0
	}
	b.sinceTidy++
	return b.nextTasks(ctx)
}

// nextTasks tells the hub how we are, and takes what it has for us.
func (b *builder) nextTasks(ctx context.Context) error {
	why := b.notReady()
	b.setReady(why)
	var assigned []koji.AssignedTask
	m := b.hub.Multicall()
	m.Add(nil, "host.updateHost", b.load(), b.ready, b.hostData())
	m.Add(&assigned, "host.getTasks")
	if err := m.Run(ctx); err != nil {
		return err
	}
	b.leftOver = false
	for _, t := range assigned {
		if t.State != koji.TaskAssigned || b.workers[t.ID] != nil || t.HostID != nil && *t.HostID != b.host.ID {
			continue
		}
		if err := b.take(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) setReady(why string) {
	if b.ready != (why == "") {
		b.ready = why == ""
		if !b.ready {
			b.log.Warn("not ready for tasks", "why", why)
		} else {
			b.log.Debug("ready for tasks")
		}
	}
}

// hostData is what the scheduler gets to know of us.
func (b *builder) hostData() map[string]any {
	return map[string]any{"methods": slices.Sorted(maps.Keys(b.handlers)), "maxjobs": b.cfg.MaxJobs}
}

// updateTasks compares the hub's list of our open tasks with our workers.
func (b *builder) updateTasks(ctx context.Context, mine []koji.HostTask) error {
	open := map[int64]bool{}
	var stale []any
	for _, t := range mine {
		open[t.ID] = true
		w := b.workers[t.ID]
		if w == nil {
			stale = append(stale, t.ID)
			continue
		}
		w.weight, w.waiting = t.Weight, t.Waiting != nil && *t.Waiting
		if t.Alert {
			w.wake()
		}
	}
	if len(stale) > 0 {
		b.log.Info("giving back tasks that nobody works on", "tasks", stale)
		if err := b.hub.Call(ctx, "host.freeTasks", nil, stale); err != nil {
			return err
		}
	}
	for id, w := range b.workers {
		if open[id] || w.wasKilled() {
			continue
		}
		if err := b.checkStray(ctx, id, w); err != nil {
			return err
		}
	}
	return nil
}

// checkStray looks at a worker whose task is not open on us any more. Most
// often it has just been closed; but it may be canceled, or another's.
func (b *builder) checkStray(ctx context.Context, id int64, w *worker) error {
	var t *koji.Task
	if err := b.hub.Call(ctx, "getTaskInfo", &t, id); err != nil {
		return err
	}
	switch {
	case t == nil, t.State == koji.TaskCanceled, t.State == koji.TaskFree, t.HostID == nil, *t.HostID != b.host.ID:
		b.log.Info("task is not ours any more", "task", id)
		w.kill()
	case t.Finished():
		b.log.Debug("worker lingers", "task", id)
	}
	return nil
}

// take opens an assigned task and starts its worker.
func (b *builder) take(ctx context.Context, a koji.AssignedTask) error {
	h, ok := b.handlers[a.Method]
	if !ok {
		b.log.Warn("refusing task: no handler for its method", "task", a.ID, "method", a.Method)
		return b.hub.Call(ctx, "host.refuseTask", nil, a.ID, false, "no handler for method "+a.Method)
	}
	if why := b.notReady(); why != "" {
		b.setReady(why)
		b.leftOver = true
		b.log.Info("not taking a task now", "task", a.ID, "why", why)
		return nil
	}
	var t *koji.Task
	var sub koji.SessionInfo
	m := b.hub.Multicall()
	opened := m.Add(&t, "host.openTask", a.ID)
	weighed := m.Add(nil, "host.setTaskWeight", a.ID, h.weight)
	session := m.Add(&sub, "subsession")
	var failed *koji.MulticallError
	if err := m.Run(ctx); err != nil && !errors.As(err, &failed) {
		return err
	}
	if t == nil {
		// Somebody was faster, or it was taken back.
		if m.Err(session) == nil {
			b.endSession(ctx, sub)
		}
		return m.Err(opened)
	}
	if err := errors.Join(m.Err(weighed), m.Err(session)); err != nil {
		return errors.Join(fmt.Errorf("open task %d: %w", a.ID, err), b.hub.Call(ctx, "host.freeTasks", nil, []any{a.ID}))
	}
	return b.startWorker(ctx, t, h, sub)
}

func (b *builder) startWorker(ctx context.Context, t *koji.Task, h handler, sub koji.SessionInfo) error {
	request, _ := t.Request.(string)
	w := &worker{
		task: taskRecord{
			ID: t.ID, Owner: t.Owner, Channel: t.ChannelID, Priority: t.Priority, Method: t.Method, Arch: t.Arch, Request: request,
		},
		weight: h.weight, session: sub, group: b.groups.make(t.ID),
	}
	if t.Parent != nil {
		w.task.Parent = *t.Parent
	}
	if t.Label != nil {
		w.task.Label = *t.Label
	}
	err := b.spawn.start(w, &order{Config: *b.cfg, Session: sub, Host: b.host, Task: w.task}, b.stderr, b.died)
	if err != nil {
		w.group.remove()
		b.endSession(ctx, sub)
		return errors.Join(fmt.Errorf("task %d: %w", t.ID, err), b.hub.Call(ctx, "host.freeTasks", nil, []any{t.ID}))
	}
	b.workers[t.ID] = w
	b.log.Info("task taken", "task", t.ID, "method", t.Method, "worker", w.cmd.Process.Pid)
	return nil
}

// endSession closes a worker's session. It ends with ours anyway.
func (b *builder) endSession(ctx context.Context, sub koji.SessionInfo) {
	if err := b.hub.Call(ctx, "logoutChild", nil, sub.ID); err != nil {
		b.log.Warn("end a worker's session", "session", sub.ID, "error", err)
	}
}

// reap takes note of a worker's end.
func (b *builder) reap(ctx context.Context, w *worker) error {
	id := w.task.ID
	delete(b.workers, id)
	b.cleanTask(ctx, id)
	b.log.Info("worker ended", "task", id, "status", w.cmd.ProcessState.String())
	why := b.notReady()
	tell := b.ready != (why == "") || b.leftOver
	m := b.hub.Multicall()
	m.Add(nil, "logoutChild", w.session.ID)
	if w.waitErr != nil && !w.wasKilled() {
		b.addVerdict(m, w)
	}
	var failed *koji.MulticallError
	if err := m.Run(ctx); errors.As(err, &failed) {
		b.log.Debug("say that a worker ended", "task", id, "error", err)
	} else if err != nil {
		return err
	}
	if tell {
		return b.nextTasks(ctx)
	}
	return nil
}

// addVerdict decides on the task of a worker that died without a word: one more
// try, for it may have been the kernel's want of memory; then it fails.
func (b *builder) addVerdict(m *koji.Multicall, w *worker) {
	id := w.task.ID
	if w.cmd.ProcessState.ExitCode() == workerUnheard {
		m.Add(nil, "host.freeTasks", []any{id})
		return
	}
	b.crashes[id]++
	b.log.Error("worker died", "task", id, "status", w.cmd.ProcessState.String(), "times", b.crashes[id])
	if b.crashes[id] < 2 {
		m.Add(nil, "host.freeTasks", []any{id})
		return
	}
	delete(b.crashes, id)
	text := fmt.Sprintf("the process that worked on task %d died on %s: %s", id, b.host.Name, w.cmd.ProcessState)
	m.Add(nil, "host.failTask", id, faultDocument(koji.NewError(koji.CodeGeneric, text)))
}

// stop ends all workers and tells the hub that we are away.
func (b *builder) stop(ctx context.Context, restarting bool) error {
	late := time.NewTimer(killPatience + 10*time.Second)
	defer late.Stop()
	var ids []any
	for id, w := range b.workers {
		ids = append(ids, id)
		w.kill()
	}
	for len(b.workers) > 0 {
		select {
		case w := <-b.died:
			delete(b.workers, w.task.ID)
			b.cleanTask(ctx, w.task.ID)
		case <-late.C:
			b.log.Error("workers do not end", "count", len(b.workers))
			clear(b.workers)
		}
	}
	m := b.hub.Multicall()
	if len(ids) > 0 {
		m.Add(nil, "host.freeTasks", ids)
	}
	m.Add(nil, "host.updateHost", 0.0, false)
	ctx, cancel := context.WithTimeout(ctx, goodbyeTime)
	defer cancel()
	err := m.Run(ctx)
	if !restarting {
		b.log.Info("ended", "tasks given back", len(ids))
	}
	return err
}
