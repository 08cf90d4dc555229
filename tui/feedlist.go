package tui

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"koji"
)

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
	f.forget()
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
	f.since = max(f.since, n.completed)
	if f.seen[n.id] == n {
		return list
	}
	f.seen[n.id] = n
	return append(list, n)
}

// forget lets go of what was sent of tasks that finished so long ago that they
// aren't told of again.
func (f *feed) forget() {
	if len(f.seen) <= f.room {
		return
	}
	maps.DeleteFunc(f.seen, func(_ int64, t task) bool { return t.finished() && t.completed < f.since-2*toldAgain })
	f.room = max(storeLimit, 2*len(f.seen))
	over := func(id int64) bool { t, known := f.seen[id]; return !known || t.finished() }
	maps.DeleteFunc(f.logs, func(id int64, _ string) bool { return over(id) })
	maps.DeleteFunc(f.tails, func(id int64, _ string) bool { return over(id) })
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

// toldAgain is of how many seconds a poll tells again what was told: clocks
// differ, and transactions take their time.
const toldAgain = 60

// hostRounds is how many polls come to one that asks how loaded hosts are.
const hostRounds = 12

// The most tasks that one listing brings.
const (
	openLimit     = 10000
	finishedLimit = 2000
)

// chosen are the options of a listing of the scope's tasks.
func (f *feed) chosen(more map[string]any) map[string]any {
	o := map[string]any{"decode": true}
	if owner, _ := f.wanted(); owner != 0 {
		o["owner"] = owner
	}
	maps.Copy(o, more)
	return o
}

func (f *feed) listSince(ctx context.Context, since float64, whole bool) error {
	owner, _ := f.wanted()
	newest := func(limit int) map[string]any { return map[string]any{"order": "-id", "limit": limit} }
	var open, finished []koji.Task
	var hosts []koji.Host
	var channels []koji.Channel
	m := f.hub.read.Multicall()
	m.Add(&open, "listTasks", f.chosen(map[string]any{"state": []any{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}}), newest(openLimit))
	over := f.chosen(map[string]any{"state": finishedStates, "completedAfter": since})
	m.Add(&finished, "listTasks", over, newest(f.most))
	f.rounds++
	if whole || f.rounds%hostRounds == 0 {
		m.Add(&hosts, "listHosts")
	}
	count := 0
	if whole {
		m.Add(&channels, "listChannels")
		m.Add(&count, "listTasks", over, map[string]any{"countOnly": true})
		f.today = since
	}
	tails := func() map[int64]string { return nil }
	if !f.link.stream {
		tails = f.addTails(m)
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
	c := changes{whole: whole, rest: max(count-len(finished), 0), farm: f.loadOfFarm(), tails: tails()}
	told := make(map[int64]bool, len(open))
	// A task that finished between the two is in both: the later one counts.
	for _, list := range [][]koji.Task{open, finished} {
		for _, t := range list {
			told[t.ID] = true
			c.tasks = f.news(c.tasks, t)
		}
	}
	if !whole {
		if err := f.vanished(ctx, told, &c); err != nil {
			return err
		}
	}
	f.forget()
	f.alive()
	if whole || len(c.tasks)+len(c.tails) > 0 || c.farm != nil {
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
	ticks := f.beat(f.pace.poll)
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
		case before := <-f.pages:
			err = f.listOlder(ctx, before)
		case now := <-ticks.C:
			if !f.due(now) {
				continue
			}
			since := f.since - toldAgain
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
