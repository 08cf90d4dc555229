package kojid

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestTaskIsQuick(t *testing.T) {
	l := newLab(t) // not parallel: it is about time
	const bar = 150 * time.Millisecond
	var took []time.Duration
	for range 20 {
		begun := time.Now()
		id := l.makeTask("sleep", 0)
		if s := l.finished(id); s != koji.TaskClosed {
			t.Fatalf("task %d is %s", id, s)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("sleep(0), created to closed: median %v, slowest %v", took[10], took[19])
	if took[10] > bar {
		t.Errorf("median %v, the bar is %v", took[10], bar)
	}
	begun, open := time.Now(), map[int64]bool{}
	for range 20 {
		open[l.makeTask("sleep", 0)] = true
	}
	for len(open) > 0 {
		n := l.until("twenty tasks", func(n *koji.TaskNotice) bool { return open[n.ID] && n.State.Finished() })
		delete(open, n.ID)
	}
	t.Logf("20 at once: %v", time.Since(begun))
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("20 at once took %v", d)
	}
}

func TestTestMethods(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, c := range []struct {
		method string
		args   []any
		want   any
		fault  koji.Code
		text   string
	}{
		{method: "subtask", args: []any{3}, want: int64(3)},
		{method: "someMethod", args: []any{1, "x"}, want: int64(42)},
		{method: "fork", args: []any{2, 0}},
		{method: "dependantTask", args: []any{[]any{}, []any{[]any{"sleep", []any{0}}, []any{"sleep", []any{0}, map[string]any{"label": "b"}}}}},
		{method: "default", fault: koji.CodeGeneric, text: "Invalid method: default"},
		{method: "sleep", args: []any{"long"}, fault: koji.CodeParameter, text: "wrong parameters"},
		{method: "sleep", fault: koji.CodeParameter, text: "parameter n is missing"},
		{method: "dependantTask", args: []any{[]any{999999}, []any{}}, fault: koji.CodeGeneric, text: "Dependency 999999 failed"},
		{method: "waittest", args: []any{2, "x"}, fault: koji.CodeParameter, text: "wrong parameters"},
		{method: "rebuildSRPM", args: []any{"cli-build/none/x.src.rpm", 1, map[string]any{"repo_id": 1}}, fault: koji.CodeOther, text: "x.src.rpm"},
		{method: "rebuildSRPM", args: []any{"../../secret.src.rpm", 1, nil}, fault: koji.CodeParameter, text: "no path below"},
	} {
		id := l.makeTask(c.method, c.args...)
		l.finished(id)
		got, err := l.result(id)
		if c.fault == 0 {
			if d := cmp.Diff(c.want, got); err != nil || d != "" {
				t.Errorf("%s%v: %v %s", c.method, c.args, err, d)
			}
			continue
		}
		var fault *koji.Error
		if !errors.As(err, &fault) || fault.Code != c.fault || !strings.Contains(fault.Text, c.text) || strings.Contains(fault.Text, "goroutine") {
			t.Errorf("%s%v: %v", c.method, c.args, err)
		}
	}
	id := l.makeTask("waittest", 3, 0.1)
	l.finished(id)
	if list, err := l.result(id); err != nil || len(list.([]any)) != 3 {
		t.Errorf("waittest: %v %v", list, err)
	}
	eventually(t, "work areas are removed", func() bool { return isEmpty(l.path("work", "tasks")) })
}

// A subtask's failure is the parent's, with code and text; the others end.
func TestFailureOfSubtask(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("dependantTask", []any{}, []any{[]any{"sleep", []any{600}}, []any{"default", []any{}}})
	if s := l.finished(id); s != koji.TaskFailed {
		t.Errorf("task is %s", s)
	}
	if _, err := l.result(id); err == nil || err.Error() != "Invalid method: default" {
		t.Errorf("error %v", err)
	}
	eventually(t, "the other subtask is canceled and its worker gone", func() bool {
		var open []koji.Task
		l.call(&open, "listTasks", koji.Named{"opts": map[string]any{"state": []any{int(koji.TaskOpen)}, "method": "sleep"}})
		return len(open) == 0
	})
}

func TestUnknownMethodIsRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("nonsense")
	l.until("the task given back", func(n *koji.TaskNotice) bool {
		return n.ID == id && n.State == koji.TaskFree && n.Host == 0 && l.refused(id)
	})
	var refusals []map[string]any
	l.call(&refusals, "scheduler.getTaskRefusals", []any{[]any{"task_id", id}}, []any{"msg", "soft"})
	if len(refusals) != 1 || refusals[0]["soft"] != false || refusals[0]["msg"] != "no handler for method nonsense" {
		t.Errorf("refusals %v", refusals)
	}
}

func (l *lab) refused(id int64) bool {
	var refusals []any
	l.call(&refusals, "scheduler.getTaskRefusals", []any{[]any{"task_id", id}}, []any{"msg"})
	return len(refusals) > 0
}

func TestCancelEndsWorker(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("sleep", 600)
	pid := l.workerOf(id)
	l.call(nil, "cancelTask", id)
	l.kojid.expect(t, `msg="worker ended"`)
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the worker lives")
	}
}

// kill -9 of the builder: its workers die with it, and a new one gets its
// session without force and does the task again.
func TestKilledBuilder(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("sleep", 600)
	pid := l.workerOf(id)
	l.kojid.end(t, syscall.SIGKILL)
	eventually(t, "the worker is dead", func() bool { return !alive(pid) })
	if info, err := os.Stat(l.path("work", "session.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("session file: %v %v", info, err)
	}
	l.startBuilder()
	second := l.workerOf(id)
	if second == pid {
		t.Error("no new worker")
	}
	l.call(nil, "cancelTask", id)
	l.kojid.expect(t, `msg="worker ended"`)
}

// alive says whether a process runs: neither gone nor a zombie.
func alive(pid int) bool {
	data, err := os.ReadFile("/proc/" + itoa(int64(pid)) + "/cmdline")
	return err == nil && len(data) > 0
}

// A worker that dies without a word: its task is tried once more, then fails.
func TestKilledWorker(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("sleep", 600)
	first := l.workerOf(id)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := 0
	eventually(t, "there is a second worker", func() bool {
		for _, p := range processesWith("@task\x00" + itoa(id)) {
			if n, err := pidOf(p); err == nil && n != first && strings.Contains(l.kojid.text(), "worker="+itoa(int64(n))) {
				second = n
			}
		}
		return second != 0
	})
	if err := syscall.Kill(second, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if s := l.finished(id); s != koji.TaskFailed {
		t.Errorf("task is %s", s)
	}
	if _, err := l.result(id); err == nil || !strings.Contains(err.Error(), "died on builder1: signal: killed") {
		t.Errorf("error %v", err)
	}
}

func TestTermGivesTasksBack(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("sleep", 600)
	pid := l.workerOf(id)
	l.kojid.end(t, syscall.SIGTERM)
	if alive(pid) {
		t.Error("the worker lives")
	}
	var task koji.Task
	l.call(&task, "getTaskInfo", id)
	var host koji.Host
	l.call(&host, "getHost", "builder1")
	if task.State != koji.TaskFree || host.Ready || l.kojid.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("task %s, host ready %v, exit %d", task.State, host.Ready, l.kojid.cmd.ProcessState.ExitCode())
	}
	if _, err := os.Stat(l.path("work", "session.json")); !os.IsNotExist(err) {
		t.Errorf("session file: %v", err)
	}
}

// SIGUSR1: the program starts anew once its tasks are done.
func TestGracefulRestart(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("sleep", 1)
	l.workerOf(id)
	if err := l.kojid.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if s := l.finished(id); s != koji.TaskClosed {
		t.Errorf("task is %s", s)
	}
	eventually(t, "it is ready again", func() bool { return strings.Count(l.kojid.text(), `msg="ready for tasks" host=`) == 2 })
	if s := l.finished(l.makeTask("sleep", 0)); s != koji.TaskClosed {
		t.Errorf("task afterwards is %s", s)
	}
}

// kill -9 of the hub: builder and worker wait and go on.
func TestKilledHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.makeTask("waittest", 2, 1)
	l.opened(id)
	l.workerOf(id)
	l.hubd.end(t, syscall.SIGKILL)
	l.kojid.expect(t, `connection refused`)
	l.startHub()
	if s := l.finished(id); s != koji.TaskClosed {
		_, err := l.result(id)
		t.Errorf("task is %s: %v", s, err)
	}
	if s := l.finished(l.makeTask("sleep", 0)); s != koji.TaskClosed {
		t.Errorf("task afterwards is %s", s)
	}
}

func TestSecondBuilderInWorkArea(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	second := startProgram(t, binDir+"/kojid", "--config", l.path("kojid.conf"), "--fg")
	second.expect(t, `another kojid \(process \d+\) works in `)
}

func pidOf(line string) (int, error) {
	word, _, _ := strings.Cut(line, " ")
	var n int
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0, errors.New("no number")
		}
		n = 10*n + int(c-'0')
	}
	return n, nil
}
