package hubd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// schedule runs the scheduler once, however busy the one in the background is.
func (h *testHub) schedule() {
	h.t.Helper()
	if _, err := h.hub.scheduler.schedule(h.t.Context(), true); err != nil {
		h.t.Fatal(err)
	}
}

// ready has hosts check in; the data tells the scheduler more, unless it is nil.
func (h *testHub) ready(data any, hosts ...string) {
	h.t.Helper()
	for _, name := range hosts {
		h.call(name, "host.updateHost", 0.0, true, data)
	}
}

// makeTask makes a task and returns its id.
func (h *testHub) makeTask(opts koji.Named) int64 {
	h.t.Helper()
	return h.call("kojiadmin", "makeTask", "test", []any{}, opts).(int64)
}

// at tells which host each task is on, "" where it has none, with its state unless that is ASSIGNED or FREE.
func (h *testHub) at(tasks ...int64) []string {
	h.t.Helper()
	names := map[any]string{nil: ""}
	for _, v := range h.call("", "listHosts").([]any) {
		row := pick(v, "id", "name")
		names[row[0]] = row[1].(string)
	}
	var all []string
	for _, id := range tasks {
		row := pick(h.call("", "getTaskInfo", id), "host_id", "state")
		text := names[row[0]]
		if state := koji.TaskState(row[1].(int64)); state != koji.TaskAssigned && state != koji.TaskFree {
			text += " " + state.String()
		}
		all = append(all, text)
	}
	return all
}

// noted are the texts of the scheduler's log about a task.
func (h *testHub) noted(task int64) []any {
	h.t.Helper()
	return column(h.call("", "scheduler.getLogMessages", []any{[]any{"task_id", task}}, nil, map[string]any{"order": "id"}), "msg")
}

// timeless is a configuration in which the clock only moves the scheduler.
func timeless(c *Config) { c.SessionRenewalTimeout = 0 }

func TestSchedulerArchesAndChannels(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, _ *testClock) {
		h.ready(nil, "builder1", "builder2")
		h.call("kojiadmin", "addChannel", "elsewhere")
		h.call("kojiadmin", "addHostToChannel", "builder2", "elsewhere")
		i686 := h.makeTask(koji.Named{"arch": "i686"})
		foreign := h.makeTask(koji.Named{"arch": "aarch64"})
		channel := h.makeTask(koji.Named{"channel": "elsewhere"})
		h.schedule()
		want(h.t, "hosts", []string{"builder2", "", "builder2"}, h.at(i686, foreign, channel))

		h.call("kojiadmin", "disableHost", "builder1")
		h.call("kojiadmin", "removeHostFromChannel", "builder2", "elsewhere")
		other, none := h.makeTask(koji.Named{"arch": "x86_64"}), h.makeTask(koji.Named{"channel": "elsewhere"})
		h.schedule()
		want(h.t, "a disabled host, a left channel", []string{"", ""}, h.at(other, none)) // builder2 is full
		h.call("kojiadmin", "enableHost", "builder1")
		h.schedule()
		want(h.t, "an enabled host", []string{"builder1"}, h.at(other))
		h.call("kojiadmin", "disableChannel", "elsewhere")
		h.call("kojiadmin", "addHostToChannel", "builder1", "elsewhere", koji.Named{"force": true})
		h.schedule()
		want(h.t, "a disabled channel", []string{""}, h.at(none))
		h.call("kojiadmin", "enableChannel", "elsewhere")
		await(h.t, "the task of an enabled channel goes out", func() bool { return h.at(none)[0] == "builder1" })
	})
}

func TestSchedulerCapacity(t *testing.T) {
	t.Parallel()
	eachHubAt(t, func(c *Config) { timeless(c); c.CapacityOvercommit = 0 }, func(h *testHub, _ *testClock) {
		t := h.t
		h.ready(nil, "builder1") // of capacity 2
		var tasks []int64
		for i := range 3 {
			tasks = append(tasks, h.makeTask(koji.Named{"priority": 10 - i}))
		}
		// Each task was given out as it came, unless several came at once: the
		// more urgent first. So that it doesn't matter here, only the counts count.
		h.schedule()
		given := func() (n int) {
			for _, at := range h.at(tasks...) {
				if strings.HasPrefix(at, "builder1") {
					n++
				}
			}
			return n
		}
		want(t, "of three tasks on a host for two", 1, given()) // capacity - load must be above the weight
		h.call("kojiadmin", "editHost", "builder1", koji.Named{"capacity": 2.5})
		h.schedule()
		want(t, "with capacity 2.5", 2, given())
	})
}

func TestSchedulerOvercommitAndWeight(t *testing.T) {
	t.Parallel()
	eachHubAt(t, func(c *Config) { timeless(c); c.CapacityOvercommit = 1 }, func(h *testHub, _ *testClock) {
		t := h.t
		h.ready(nil, "builder1")
		first := h.makeTask(nil)
		h.schedule()
		h.call("builder1", "host.openTask", first)
		h.call("builder1", "host.setTaskWeight", first, 1.9)
		second := h.makeTask(nil)
		h.schedule()
		want(t, "weight 1 on a host with 0.1 free", []string{"builder1"}, h.at(second)) // one too much is allowed
		third := h.makeTask(nil)
		h.schedule()
		want(t, "a host that is overloaded", []string{""}, h.at(third))
		child := h.call("builder1", "host.subtask", "child", []any{}, first).(int64)
		h.call("builder1", "host.taskSetWait", first, []any{child})
		h.schedule()
		want(t, "what waits weighs nothing: the more urgent child goes out", []string{"builder1"}, h.at(child))
	})
}

func TestSchedulerMaxJobs(t *testing.T) {
	t.Parallel()
	eachHubAt(t, func(c *Config) { timeless(c); c.MaxJobs = 1 }, func(h *testHub, _ *testClock) {
		t := h.t
		h.call("kojiadmin", "editHost", "builder1", koji.Named{"capacity": 100.0})
		h.ready(nil, "builder1")
		one, two, three := h.makeTask(nil), h.makeTask(nil), h.makeTask(nil)
		h.schedule()
		want(t, "one job a host", []string{"builder1", "", ""}, h.at(one, two, three))
		h.ready(map[string]any{"maxjobs": 2, "methods": []any{"test"}}, "builder1")
		h.schedule()
		want(t, "the host says two", []string{"builder1", "builder1", ""}, h.at(one, two, three))
		h.ready(map[string]any{"maxjobs": 0}, "builder1")
		h.call("kojiadmin", "cancelTask", one)
		h.schedule()
		want(t, "none is no word", []string{"builder1", ""}, h.at(two, three))
		data := h.call("", "scheduler.getHostData").([]any)
		want(t, "data of hosts", []any{map[string]any{"maxjobs": int64(0)}}, column(data, "data"))
		h.wantFault(koji.CodeParameter, "builder1", "host.setHostData", "no json")
		h.wantFault(koji.CodeParameter, "builder1", "host.setHostData", []any{1})
		h.call("builder1", "host.setHostData", `{"maxjobs": "many"}`)
		h.schedule()
	})
}

// The urgent go first, and the less busy host is taken.
func TestSchedulerOrder(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		h.call("kojiadmin", "disableChannel", "default")
		h.call("kojiadmin", "addChannel", "hold")
		for _, host := range []string{"builder1", "builder2"} {
			h.call("kojiadmin", "addHostToChannel", host, "hold")
		}
		var tasks []int64
		for i := range 4 {
			tasks = append(tasks, h.makeTask(koji.Named{"channel": "hold", "priority": 20 - i}))
			clock.advance(time.Second)
		}
		h.schedule()
		want(t, "no host is ready", []string{"", "", "", ""}, h.at(tasks...))
		// Both hosts come in one transaction, so that the background has no moment between.
		h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
			for _, name := range []string{"builder1", "builder2"} {
				host, _, err := tx.NameByName(ctx, sqlstore.HostNames, name)
				if err != nil {
					return err
				}
				if _, err := tx.UpdateHost(ctx, host.ID, 0, true); err != nil {
					return err
				}
			}
			return nil
		})
		h.schedule()
		hosts := h.at(tasks...)
		slices.Sort(hosts)
		want(t, "the load is shared", []string{"builder1", "builder1", "builder2", "builder2"}, hosts)
		runs := column(h.call("", "scheduler.getTaskRuns", nil, nil, map[string]any{"order": "id"}), "task_id")
		slices.Reverse(tasks)
		if fmt.Sprint(runs) != fmt.Sprint(tasks) {
			t.Errorf("given out in the order %v, want the most urgent first: %v", runs, tasks)
		}
	})
}

func TestSchedulerRefusals(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		h.ready(nil, "builder1")
		soft := h.makeTask(koji.Named{"arch": "x86_64"})
		h.schedule()
		want(t, "to the only host", []string{"builder1"}, h.at(soft))
		h.call("builder2", "host.refuseTask", soft, true, "not mine") // has no say
		want(t, "refused by another", []string{"builder1"}, h.at(soft))
		h.call("builder1", "host.refuseTask", soft, koji.Named{"msg": "no room"})
		h.schedule()
		want(t, "refused", []string{""}, h.at(soft))
		want(t, "refusals", []any{"no room"}, column(h.call("", "scheduler.getTaskRefusals"), "msg"))
		want(t, "log", []any{"Assigning task", "Host refused task: no room"}, h.noted(soft))

		clock.advance(h.hub.cfg.SoftRefusalTimeout + time.Second)
		h.ready(nil, "builder1")
		h.schedule()
		want(t, "a soft refusal wears off", []string{"builder1"}, h.at(soft))
		want(t, "refusals", []any{}, h.call("", "scheduler.getTaskRefusals"))

		h.call("builder1", "host.refuseTask", soft, false, "unknown method")
		clock.advance(100 * h.hub.cfg.SoftRefusalTimeout)
		h.ready(nil, "builder1")
		h.schedule()
		want(t, "a hard one doesn't", []string{""}, h.at(soft))
		h.ready(nil, "builder2")
		h.schedule()
		want(t, "another host takes it", []string{"builder2"}, h.at(soft))
		h.call("kojiadmin", "cancelTask", soft)
		h.schedule()
		want(t, "refusals of a finished task", []any{}, h.call("", "scheduler.getTaskRefusals"))
	})
}

// A noarch task of a build isn't for hosts without the build tag's arches.
func TestSchedulerRefusesArches(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, _ *testClock) {
		h.call("kojiadmin", "createTag", "build", nil, "i386")
		h.ready(nil, "builder1")
		task := h.call("kojiadmin", "makeTask", "buildArch", []any{"x.src.rpm", "build", "noarch", true, map[string]any{}}).(int64)
		h.schedule()
		want(h.t, "no host for i386", []string{""}, h.at(task))
		want(h.t, "refusals", []any{"automatic arch refusal"}, column(h.call("", "scheduler.getTaskRefusals"), "msg"))
		h.ready(nil, "builder2")
		h.schedule()
		want(h.t, "i686 is its kind", []string{"builder2"}, h.at(task))
	})
}

func TestSchedulerReadiness(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		h.ready(nil, "builder1")
		clock.advance(h.hub.cfg.ReadyTimeout)
		one := h.makeTask(nil)
		h.schedule()
		want(t, "just ready", []string{"builder1"}, h.at(one))
		clock.advance(time.Second)
		two := h.makeTask(nil)
		h.schedule()
		want(t, "silent for too long", []string{""}, h.at(two))
		want(t, "ready", []any{false}, pick(h.call("", "getHost", "builder1"), "ready"))
		log := column(h.call("", "scheduler.getLogMessages", []any{[]any{"msg", "Marking host not ready"}}), "host_id")
		want(t, "noted once a host", 1, len(log))
		h.call("builder1", "host.updateHost", 0.0, false)
		h.schedule()
		want(t, "not ready by its own word", []string{""}, h.at(two))
		h.ready(nil, "builder1")
		await(t, "a host that is ready gets work", func() bool { return h.at(two)[0] == "builder1" })
	})
}

func TestSchedulerAssignTimeout(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		cfg := h.hub.cfg
		h.ready(nil, "builder1")
		task := h.makeTask(koji.Named{"arch": "x86_64"})
		h.schedule()
		want(t, "given", []string{"builder1"}, h.at(task))
		clock.advance(cfg.AssignTimeout)
		h.ready(nil, "builder1", "builder2")
		h.schedule()
		want(t, "in time", []string{"builder1"}, h.at(task))
		clock.advance(time.Second)
		h.ready(nil, "builder2")
		h.schedule()
		want(t, "never opened: another host's turn", []string{"builder2"}, h.at(task))
		want(t, "refusal", []any{"assignment timeout"}, column(h.call("", "scheduler.getTaskRefusals"), "msg"))
		want(t, "log", []any{"Assigning task", "Task assignment timeout", "Assigning task"}, h.noted(task))
		runs := h.call("", "scheduler.getTaskRuns", []any{[]any{"task_id", task}}, nil, map[string]any{"order": "id"})
		want(t, "runs", []any{false, true}, column(runs, "active"))

		// A host that wasn't heard of since is not to blame.
		clock.advance(cfg.AssignTimeout + time.Second)
		h.schedule()
		want(t, "no host is there", []string{""}, h.at(task))
		want(t, "refusals", 1, len(h.call("", "scheduler.getTaskRefusals").([]any)))
	})
}

func TestSchedulerHostTimeout(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		h.ready(nil, "builder1")
		lost, byHand := h.makeTask(nil), h.makeTask(koji.Named{"assign": "builder2"})
		h.schedule()
		h.call("builder1", "host.openTask", lost)
		h.call("builder2", "host.openTask", byHand)
		clock.advance(h.hub.cfg.HostTimeout)
		h.schedule()
		want(t, "still there", []string{"builder1 OPEN", "builder2 OPEN"}, h.at(lost, byHand))
		clock.advance(time.Second)
		h.call("kojiadmin", "disableHost", "builder1")
		h.schedule()
		want(t, "a disabled host's", []string{"builder1 OPEN"}, h.at(lost))
		h.call("kojiadmin", "enableHost", "builder1")
		h.schedule()
		want(t, "freed, but not what was given by hand", []string{"", "builder2 OPEN"}, h.at(lost, byHand))
		want(t, "log", "Freeing task from unresponsive host", h.noted(lost)[1])
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.closeTask", lost, okDocument)
		h.ready(nil, "builder1")
		await(t, "it is given out again", func() bool { return h.at(lost)[0] == "builder1" })
	})
}

// okDocument is the result nil.
const okDocument = "<?xml version='1.0'?>\n<methodResponse><params><param><value><nil/></value></param></params></methodResponse>"

func TestAssignTask(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		task := h.makeTask(nil)
		h.wantFault(koji.CodeActionNotAllowed, "alice", "assignTask", task, "builder1")
		h.wantFault(koji.CodeActionNotAllowed, "", "assignTask", task, "builder1")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "assignTask", task, "nosuch")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "assignTask", 999999, "builder1")
		want(t, "free", true, h.call("kojiadmin", "assignTask", task, "builder1", koji.Named{"override": true}))
		want(t, "to the same host", true, h.call("kojiadmin", "assignTask", task, "builder1", koji.Named{"override": true}))
		want(t, "to another", false, h.call("kojiadmin", "assignTask", task, "builder2"))
		want(t, "where it is", []string{"builder1"}, h.at(task))
		want(t, "runs of an override", []any{}, h.call("", "scheduler.getTaskRuns", []any{[]any{"task_id", task}}))
		want(t, "log", []any{"Assigning task (override)", "Assigning task (override)", "Assignment failed"}, h.noted(task))
		h.ready(nil, "builder1")
		clock.advance(100 * h.hub.cfg.AssignTimeout)
		h.ready(nil, "builder2")
		h.schedule()
		want(t, "the scheduler leaves it alone", []string{"builder1"}, h.at(task))
		want(t, "force", true, h.call("kojiadmin", "assignTask", task, "builder2", true))
		want(t, "where it is", []string{"builder2"}, h.at(task))
		h.call("kojiadmin", "cancelTask", task)
		want(t, "a canceled one", false, h.call("kojiadmin", "assignTask", task, "builder2"))
		want(t, "a canceled one, by force", true, h.call("kojiadmin", "assignTask", task, "builder2", true))
	})
}

func TestDoRun(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		h.wantFault(koji.CodeActionNotAllowed, "alice", "scheduler.doRun")
		h.wantFault(koji.CodeActionNotAllowed, "", "scheduler.doRun", true)
		run := func(args ...any) any {
			// The background may hold the lock at this very moment.
			var ran any
			await(t, "a run", func() bool {
				ran = h.call("kojiadmin", "scheduler.doRun", args...)
				return ran == true
			})
			return ran
		}
		run()
		want(t, "too soon", false, h.call("kojiadmin", "scheduler.doRun"))
		want(t, "force", true, h.call("kojiadmin", "scheduler.doRun", true))
		clock.advance(h.hub.cfg.RunInterval)
		run()
		clock.advance(-time.Hour) // the clock was set back
		want(t, "from the future", false, h.call("kojiadmin", "scheduler.doRun"))
		clock.advance(h.hub.cfg.RunInterval)
		run()
	})
}

// A task is with its host as soon as it is there: nothing waits for a minute to pass.
func TestAssignsAtOnce(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.ready(nil, "builder1")
		s := h.events("?kind=task", "")
		h.hello(s)
		task := h.call("alice", "build", "git+https://example.com/p#1", "nosuch").(int64)
		var states []string
		for range 2 {
			e := h.next(s)
			for state, text := range map[koji.TaskState]string{koji.TaskFree: "FREE", koji.TaskAssigned: "ASSIGNED"} {
				if strings.Contains(e.data, fmt.Sprintf(`"id":%d,"state":%d,`, task, state)) {
					states = append(states, text)
				}
			}
		}
		want(h.t, "first two events", []string{"FREE", "ASSIGNED"}, states)
		h.call("builder1", "host.openTask", task)
		h.call("builder1", "host.closeTask", task, okDocument)
		for range 2 {
			h.next(s)
		}
	})
}

// Two hubs on one database give no task to two hosts.
func TestSchedulersRace(t *testing.T) {
	t.Parallel()
	race := func(t *testing.T, dsn string) {
		store, err := sqlstore.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		h := setup(t, store, nil)
		hubs := []*testHub{h, h.twin(dsn)}
		for _, host := range []string{"builder1", "builder2"} {
			h.call("kojiadmin", "editHost", host, koji.Named{"capacity": 1000.0})
		}
		h.ready(map[string]any{"maxjobs": 1000}, "builder1", "builder2")
		const tasks = 40
		var wg sync.WaitGroup
		for i, hub := range hubs {
			wg.Add(2)
			go func() {
				defer wg.Done()
				s := hub.as(map[int]string{0: "kojiadmin", 1: "bob"}[i])
				for range tasks / 2 {
					var id int64
					if err := s.Call(t.Context(), "build", &id, "git+https://example.com/p#1", "nosuch"); err != nil {
						t.Error(err)
					}
				}
			}()
			go func() {
				defer wg.Done()
				for range tasks {
					if _, err := hub.hub.scheduler.schedule(t.Context(), true); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		h.schedule()
		list := h.call("", "listTasks", map[string]any{"state": int64(koji.TaskAssigned)}).([]any)
		runs := column(h.call("", "scheduler.getTaskRuns"), "task_id")
		seen := map[any]bool{}
		for _, id := range runs {
			if seen[id] {
				t.Errorf("task %v was given out twice", id)
			}
			seen[id] = true
		}
		if len(list) != tasks || len(runs) != tasks {
			t.Errorf("of %d tasks %d are assigned, in %d runs", tasks, len(list), len(runs))
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		race(t, "sqlite:"+t.TempDir()+"/koji.db")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		race(t, sqlstoretest.PostgresDSN(t, true))
	})
}
