package hubd

import (
	"context"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"koji"
	"koji/sqlstore"
)

// scheduler gives FREE tasks to hosts. It runs when something happened that
// can change its mind, and every so often for what only time brings. The rules
// are Koji's (reference/scheduler_repos.md); only its clock is not.
type scheduler struct {
	hub   *Hub
	woken chan struct{}
	busy  sync.Mutex // held during a run: one process does one at a time
}

// schedulerPulse is how often time alone makes the scheduler run.
const schedulerPulse = 10 * time.Second

// schedulerSecondLook is after what time a hub looks again, where another was running.
const schedulerSecondLook = time.Second

// schedulerBatch is how many free tasks one run looks at.
const schedulerBatch = 1000

// schedulerPause is how long tasks are gathered while nobody listens to the
// event stream. Builders that poll lose nothing by it, and what comes together
// is given out by its priority, not by who came first.
const schedulerPause = time.Second

func newScheduler(h *Hub) *scheduler {
	return &scheduler{hub: h, woken: make(chan struct{}, 1)}
}

func (s *scheduler) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *scheduler) run(ctx context.Context) {
	l := s.hub.feed.listen()
	defer func() { s.hub.feed.leave(l) }()
	pulse := time.NewTicker(schedulerPulse)
	defer pulse.Stop()
	s.wake()
	var due <-chan time.Time // when a wake that can wait is followed
	for {
		select {
		case <-ctx.Done():
			return
		case n, open := <-l.notices:
			if !open {
				if ctx.Err() != nil {
					return
				}
				l = s.hub.feed.listen()
				s.wake()
			} else if schedulable(n) {
				s.wake()
			}
			continue
		case <-s.woken:
			if !s.hub.feed.heard() {
				if due == nil {
					due = time.After(schedulerPause)
				}
				continue
			}
		case <-due:
		case <-pulse.C:
		}
		due = nil
		ran, err := s.schedule(ctx, false)
		if err != nil && ctx.Err() == nil {
			s.hub.log.Error("scheduler run", "err", err)
		}
		if !ran && err == nil {
			// Another hub was at it. What woke this one may have come too late for
			// it, and it may have died over it.
			time.AfterFunc(schedulerSecondLook, s.wake)
		}
	}
}

// schedulable says whether a notice can make a task assignable.
func schedulable(n koji.Notice) bool {
	switch {
	case n.Host != nil:
		return true
	case n.Task != nil:
		return n.Task.State != koji.TaskAssigned && n.Task.State != koji.TaskOpen || n.Task.Waiting
	}
	return false
}

// schedule does one run. Another hub's run under way makes it return false,
// unless wait is set.
func (s *scheduler) schedule(ctx context.Context, wait bool) (ran bool, err error) {
	s.busy.Lock()
	defer s.busy.Unlock()
	err = s.hub.store.Write(ctx, func(tx *sqlstore.Tx) error {
		if ran, err = tx.LockScheduler(ctx, wait); err != nil || !ran {
			return err
		}
		c := &call{Context: ctx, hub: s.hub, tx: tx, method: "scheduler", session: &session{name: "scheduler"}, request: &request{id: "scheduler"}}
		return c.finish(c.schedule())
	})
	return ran, err
}

// candidate is a host with what it carries and what is asked of it.
type candidate struct {
	sqlstore.SchedulerHost
	load   float64 // weight of what it works on, without what waits
	count  int64
	demand float64
}

func (h *candidate) rank() float64 { return h.load + float64(h.count) + h.demand }

// takes says whether there is room for a task of that weight.
func (h *candidate) takes(weight float64, cfg *Config) bool {
	limit := cfg.MaxJobs
	if h.MaxJobs > 0 {
		limit = h.MaxJobs
	}
	return h.Ready && h.count < limit && h.Capacity-h.load > math.Max(0, weight-cfg.CapacityOvercommit)
}

// bin is what a host serves and a task needs: a channel and an arch.
type bin struct {
	channel int64
	arch    string
}

func (c *call) schedule() error {
	cfg, now := c.hub.cfg, c.tx.Now()
	hostRows, err := c.tx.SchedulerHosts(c)
	if err != nil {
		return err
	}
	hosts := make(map[int64]*candidate, len(hostRows))
	bins := map[bin][]*candidate{}
	for _, row := range hostRows {
		h := &candidate{SchedulerHost: row}
		hosts[h.ID] = h
		if h.Ready && (h.Updated.IsZero() || now.Sub(h.Updated) > cfg.ReadyTimeout) {
			h.Ready = false
			if err := c.tx.SetHostReady(c, h.ID, false); err != nil {
				return err
			}
			if err := c.tx.LogScheduler(c, 0, h.ID, "Marking host not ready"); err != nil {
				return err
			}
		}
		arches := strings.Fields(h.Arches)
		if !slices.Contains(arches, "noarch") {
			arches = append(arches, "noarch")
		}
		for _, channel := range h.Channels {
			for _, arch := range arches {
				bins[bin{channel, arch}] = append(bins[bin{channel, arch}], h)
			}
		}
	}
	active, err := c.tx.ActiveTasks(c)
	if err != nil {
		return err
	}
	// What is freed here can be given away in this very run, but not to the
	// host that has just been noted to refuse it.
	if active, err = c.checkActive(active, hosts); err != nil {
		return err
	}
	for _, t := range active {
		if h := hosts[t.Host]; h != nil {
			h.count++
			if !t.Waiting {
				h.load += t.Weight
			}
		}
	}
	refused, err := c.refusals(now)
	if err != nil {
		return err
	}
	free, err := c.tx.FreeTasks(c, schedulerBatch)
	if err != nil {
		return err
	}
	if len(free) > 0 {
		if err := c.assignFree(free, bins, refused); err != nil {
			return err
		}
	}
	return c.tx.EndRuns(c)
}

func (c *call) refusals(now time.Time) (map[[2]int64]bool, error) {
	l, err := c.tx.Refusals(c, now.Add(-c.hub.cfg.SoftRefusalTimeout))
	if err != nil {
		return nil, err
	}
	refused := make(map[[2]int64]bool, len(l))
	for _, r := range l {
		refused[[2]int64{r.Task, r.Host}] = true
	}
	return refused, nil
}

// assignFree gives each task, the most urgent first, to the host that ranks
// lowest: the one that carries least and is least in demand by other tasks.
func (c *call) assignFree(free []sqlstore.QueuedTask, bins map[bin][]*candidate, refused map[[2]int64]bool) error {
	cfg := c.hub.cfg
	choices := make([][]*candidate, len(free))
	total := 0.0
	for i, t := range free {
		for _, h := range bins[bin{t.Channel, t.Arch}] {
			if !refused[[2]int64{t.ID, h.ID}] && h.takes(t.Weight, cfg) {
				choices[i] = append(choices[i], h)
			}
		}
		for _, h := range choices[i] {
			h.demand += t.Weight / float64(len(choices[i]))
			total += t.Weight / float64(len(choices[i]))
		}
	}
	scaled := map[*candidate]bool{}
	for _, list := range choices {
		for _, h := range list {
			if total > 0 && !scaled[h] {
				h.demand /= total
				scaled[h] = true
			}
		}
	}
	for i, t := range free {
		list := choices[i]
		sort.SliceStable(list, func(a, b int) bool { return list[a].rank() < list[b].rank() })
		for _, h := range list {
			if !h.takes(t.Weight, cfg) {
				continue
			}
			task, err := c.tx.Task(c, t.ID)
			if err != nil {
				return err
			}
			if task == nil || task.State != koji.TaskFree {
				break
			}
			if _, err := c.assignTask(task, h.ID, false, false); err != nil {
				return err
			}
			h.load += t.Weight
			h.count++
			break
		}
	}
	return nil
}

// assignTask gives a task to a host and keeps the books of the scheduler;
// with override no run is recorded, so that the scheduler leaves the task alone.
func (c *call) assignTask(t *koji.Task, host int64, force, override bool) (bool, error) {
	done, err := c.assignTo(t, host, force)
	if err != nil {
		return false, err
	}
	if !done {
		return false, c.tx.LogScheduler(c, t.ID, host, "Assignment failed")
	}
	run, msg := host, "Assigning task"
	if override {
		run, msg = 0, "Assigning task (override)"
	}
	if err := c.tx.StartRun(c, t.ID, run); err != nil {
		return false, err
	}
	return true, c.tx.LogScheduler(c, t.ID, host, msg)
}

// checkActive frees what its host lost, or never opened, and returns the rest.
func (c *call) checkActive(active []sqlstore.QueuedTask, hosts map[int64]*candidate) ([]sqlstore.QueuedTask, error) {
	cfg, now := c.hub.cfg, c.tx.Now()
	var kept []sqlstore.QueuedTask
	for _, t := range active {
		host, lost := hosts[t.Host], ""
		switch {
		case t.Host == 0:
			lost = "Active task with no host"
		case t.Assigned.IsZero() || host == nil:
			// given by hand, or a disabled host's: left alone
		case t.State == koji.TaskAssigned && now.Sub(t.Assigned) > cfg.AssignTimeout:
			lost = "Task assignment timeout"
			if host.Updated.After(t.Assigned) {
				if err := c.tx.RefuseTask(c, t.ID, t.Host, false, true, "assignment timeout"); err != nil {
					return nil, err
				}
			}
		case t.State == koji.TaskOpen && now.Sub(later(host.Updated, t.Assigned)) > cfg.HostTimeout:
			lost = "Freeing task from unresponsive host"
		}
		if lost == "" {
			kept = append(kept, t)
			continue
		}
		if err := c.freeLost(t, lost); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// later is the later of two moments: a host that took a task was there then,
// whether it told its load or not.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (c *call) freeLost(t sqlstore.QueuedTask, why string) error {
	if err := c.tx.LogScheduler(c, t.ID, t.Host, why); err != nil {
		return err
	}
	task, err := c.tx.Task(c, t.ID)
	if err != nil || task == nil || task.State != t.State {
		return err
	}
	return c.freeTask(task)
}

func schedulerMethods() []method {
	return []method{
		writes("assignTask", perm("admin"), "Assigns a task to a host by hand; override suppresses scheduler reassignment.", assignTask),
		writes("scheduler.doRun", perm("admin"), "Forces a scheduler run.", schedulerDoRun),
		reads("scheduler.getHostData", anyone, "Stored builder data rows.", schedulerHostData),
		reads("scheduler.getTaskRuns", anyone, "Assignment run rows (query view).", schedulerTaskRuns),
		reads("scheduler.getTaskRefusals", anyone, "Refusal rows (query view).", schedulerTaskRefusals),
		reads("scheduler.getLogMessages", anyone, "Scheduler log rows (query view).", schedulerLogMessages),
	}
}

type assignTaskArgs struct {
	TaskID   any  `rpc:"task_id"`
	Host     any  `rpc:"host"`
	Force    bool `rpc:"force=false"`
	Override bool `rpc:"override=false"`
}

func assignTask(c *call, a assignTaskArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	host, err := c.hostID(a.Host)
	if err != nil {
		return nil, err
	}
	return c.assignTask(t, host, a.Force, a.Override)
}

type doRunArgs struct {
	Force bool `rpc:"force=false"`
}

// schedulerDoRun runs the scheduler at once and says whether it ran. Without
// force it is no more often than RunInterval.
func schedulerDoRun(c *call, a doRunArgs) (any, error) {
	got, err := c.tx.LockScheduler(c, a.Force)
	if err != nil || !got {
		return false, err
	}
	if !a.Force {
		due, err := c.tx.SchedulerDue(c, c.hub.cfg.RunInterval)
		if err != nil || !due {
			return false, err
		}
	}
	return true, c.schedule()
}

type hostDataArgs struct {
	HostID *int64 `rpc:"hostID=nil"`
}

func schedulerHostData(c *call, a hostDataArgs) (any, error) {
	var host int64
	if a.HostID != nil {
		host = *a.HostID
	}
	return c.tx.HostData(c, host)
}
