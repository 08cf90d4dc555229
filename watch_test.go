package koji

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// taskHub is a hub with nothing but tasks and hosts.
type taskHub struct {
	mu      sync.Mutex
	tasks   []Task
	streams bool          // has an event stream
	events  []string      // of the stream, in order
	more    chan struct{} // closed and replaced when there are more events
	trouble func(w http.ResponseWriter, c peerCall) bool
}

// set adds or changes a task and tells of it.
func (h *taskHub) set(t Task) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.IndexFunc(h.tasks, func(o Task) bool { return o.ID == t.ID }); i >= 0 {
		h.tasks[i] = t
	} else {
		h.tasks = append(h.tasks, t)
	}
	h.push(taskEvent(int64(len(h.events)+1), t.ID))
}

func (h *taskHub) push(event string) {
	h.events = append(h.events, event)
	if h.more != nil {
		close(h.more)
	}
	h.more = make(chan struct{})
}

func (h *taskHub) answer(w http.ResponseWriter, c peerCall, _ int, end <-chan struct{}) {
	if h.trouble != nil && h.trouble(w, c) {
		return
	}
	switch c.Method {
	case "GET":
		h.stream(w, c, end)
	case "multiCall":
		var answers []any
		for _, call := range c.Params[0].([]any) {
			m := call.(map[string]any)
			answers = append(answers, []any{h.call(m["methodName"].(string), m["params"].([]any)[0])})
		}
		reply(w, answers)
	default:
		reply(w, h.call(c.Method, c.Params[0]))
	}
}

func (h *taskHub) call(method string, arg any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch method {
	case "getTaskInfo":
		if ids, many := arg.([]any); many {
			infos := []any{}
			for _, id := range ids {
				infos = append(infos, h.info(id.(int64)))
			}
			return infos
		}
		return h.info(arg.(int64))
	case "getTaskDescendents":
		below := map[string][]Task{}
		h.descend(arg.(int64), below)
		return below
	case "getHost":
		return Host{ID: arg.(int64), Name: fmt.Sprintf("builder%d", arg)}
	}
	return nil
}

func (h *taskHub) info(id int64) any {
	for _, t := range h.tasks {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (h *taskHub) descend(id int64, below map[string][]Task) {
	below[fmt.Sprint(id)] = []Task{}
	for _, t := range h.tasks {
		if t.Parent != nil && *t.Parent == id {
			below[fmt.Sprint(id)] = append(below[fmt.Sprint(id)], t)
			h.descend(t.ID, below)
		}
	}
}

func (h *taskHub) stream(w http.ResponseWriter, c peerCall, end <-chan struct{}) {
	if !h.streams {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	next := 0
	h.mu.Lock()
	if c.LastID == "" {
		next = len(h.events)
	} else {
		_, _ = fmt.Sscan(c.LastID, &next)
	}
	h.mu.Unlock()
	tell(w, fmt.Sprintf("event: hello\ndata: {\"id\": %d}\n\n", next))
	for {
		h.mu.Lock()
		news := strings.Join(h.events[next:], "")
		next = len(h.events)
		if h.more == nil {
			h.more = make(chan struct{})
		}
		more := h.more
		h.mu.Unlock()
		tell(w, news)
		if strings.Contains(news, "break off") {
			return
		}
		select {
		case <-more:
		case <-end:
			return
		}
	}
}

func ref[T any](v T) *T { return &v }

// story drives a build from beginning to end: what the watcher tells of makes
// the next thing happen.
func story(h *taskHub) func(TreeChange) {
	root := Task{ID: 10, Method: "build", Arch: "noarch", Request: []any{"git+https://scm.example/r/foo#abc", "f40"}}
	srpm := Task{ID: 11, Parent: ref(int64(10)), Method: "buildSRPMFromSCM", Arch: "noarch"}
	arch := Task{ID: 12, Parent: ref(int64(10)), Method: "buildArch", Arch: "x86_64"}
	below := Task{ID: 13, Parent: ref(int64(12)), Method: "sleep", Arch: "noarch"}
	h.set(root)
	return func(c TreeChange) {
		switch fmt.Sprintf("%d %v", c.Task.ID, c.Task.State) {
		case "10 FREE":
			root.State, root.HostID = TaskOpen, ref(int64(3))
			h.set(root)
		case "10 OPEN":
			h.set(srpm)
		case "11 FREE":
			srpm.State = TaskClosed
			h.set(srpm)
		case "11 CLOSED":
			h.mu.Lock()
			h.push("event: gap\nid: 4\ndata: {}\n\n") // lists anew
			h.mu.Unlock()
			h.set(arch)
			h.set(below)
		case "13 FREE":
			h.mu.Lock()
			h.push(": break off\n\n")
			h.mu.Unlock()
			arch.State = TaskFailed
			h.set(arch)
		case "12 FAILED":
			root.State = TaskFailed
			h.set(root)
		}
	}
}

var storyTold = []string{
	"0 10 build (f40, /r/foo:abc): FREE",
	"0 10 build (f40, /r/foo:abc): FREE -> OPEN builder3",
	"1 11 buildSRPMFromSCM (noarch): FREE",
	"1 11 buildSRPMFromSCM (noarch): FREE -> CLOSED",
	"1 12 buildArch (x86_64): FREE",
	"2 13 sleep (noarch): FREE",
	"1 12 buildArch (x86_64): FREE -> FAILED",
	"0 10 build (f40, /r/foo:abc): OPEN -> FAILED builder3",
}

func told(c TreeChange) string {
	text := fmt.Sprintf("%d %d %s: ", c.Depth, c.Task.ID, TaskLabel(c.Task))
	if !c.New {
		text += c.Old.String() + " -> "
	}
	return strings.TrimSpace(text + c.Task.State.String() + " " + c.Host)
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream %v", streams), func(t *testing.T) {
			t.Parallel()
			h := &taskHub{streams: streams}
			p := held(t, h.answer)
			s, _ := p.session(t, Options{})
			next := story(h)
			tree := NewTree(10)
			var got []string
			for c, err := range Watch(within(t), s, []int64{10}, WatchOptions{Tree: tree}) {
				if err != nil {
					t.Fatal(err)
				}
				if c.StateChanged() {
					got = append(got, told(c))
				}
				next(c)
			}
			if d := cmp.Diff(storyTold, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(map[TaskState]int{TaskFailed: 2, TaskClosed: 1, TaskFree: 1}, tree.Counts()); d != "" {
				t.Error(d)
			}
			if !streams {
				return
			}
			if q := p.calls()[0].Query; q.Get("task") != "10" || q.Get("kind") != "task" {
				t.Errorf("listened to %v", q)
			}
		})
	}
}

func TestWatchWaitsForALostHub(t *testing.T) {
	t.Parallel()
	for _, trouble := range []func(http.ResponseWriter){
		func(w http.ResponseWriter) { cut(w, "") },
		func(w http.ResponseWriter) { http.Error(w, "", http.StatusBadGateway) },
		func(w http.ResponseWriter) { replyFault(w, CodeServerOffline, "off") },
	} {
		h := &taskHub{}
		var troubles atomic.Int32
		h.trouble = func(w http.ResponseWriter, c peerCall) bool {
			if c.Method == "GET" || troubles.Add(1) > 3 {
				return false
			}
			trouble(w)
			return true
		}
		p := held(t, h.answer)
		s, waited := p.session(t, Options{})
		h.set(Task{ID: 1, State: TaskClosed, Method: "sleep"})
		lost, back, changes := 0, 0, 0
		o := WatchOptions{OnLost: func(error) { lost++ }, OnBack: func() { back++ }}
		for c, err := range Watch(within(t), s, []int64{1}, o) {
			if err != nil || c.Task.ID != 1 {
				t.Fatal(c, err)
			}
			changes++
		}
		if lost != 1 || back != 1 || changes != 1 || len(waited.all()) != 3 {
			t.Errorf("lost %d times, back %d times, %d changes, waited %v", lost, back, changes, waited.all())
		}
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	h := &taskHub{streams: true}
	p := held(t, h.answer)
	s, _ := p.session(t, Options{})
	h.set(Task{ID: 1, State: TaskOpen, Method: "sleep"})
	h.set(Task{ID: 2, State: TaskOpen, Method: "sleep"})

	var errs []error
	for _, err := range Watch(within(t), s, []int64{99}, WatchOptions{}) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrNoSuchTask) {
		t.Errorf("of a missing task: %v", errs)
	}
	n := 0
	for range Watch(within(t), s, []int64{1, 2}, WatchOptions{}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d changes after break", n)
	}
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	errs = nil
	for c, err := range Watch(ctx, s, []int64{1}, WatchOptions{}) {
		if err != nil {
			errs = append(errs, err)
		} else if c.Task.ID == 1 {
			cancel()
		}
	}
	if len(errs) != 1 || !errors.Is(errs[0], ctx.Err()) {
		t.Errorf("of a cancelled watcher: %v", errs)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	tree := NewTree(5, 1, 5)
	apply := func(id, parent int64, state TaskState) (TreeChange, bool) {
		task := Task{ID: id, State: state}
		if parent != 0 {
			task.Parent = &parent
		}
		return tree.Apply(task)
	}
	if _, news := apply(7, 6, TaskOpen); news {
		t.Error("took a stranger")
	}
	for _, link := range [][2]int64{{1, 0}, {9, 1}, {3, 1}, {4, 3}, {5, 4}} { // 5 is a root below another
		if c, news := apply(link[0], link[1], TaskOpen); !news || !c.New || !c.StateChanged() {
			t.Errorf("%v: %+v, %v", link, c, news)
		}
	}
	if _, news := apply(4, 3, TaskOpen); news {
		t.Error("the same is news")
	}
	c, news := apply(4, 3, TaskClosed)
	if !news || c.New || *c.Old != TaskOpen || c.Depth != 2 || c.Root {
		t.Errorf("%+v, %v", c, news)
	}
	var got []string
	for depth, task := range tree.All() {
		got = append(got, fmt.Sprintf("%d:%d", depth, task.ID))
	}
	if d := cmp.Diff([]string{"0:1", "1:3", "2:4", "3:5", "1:9"}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int64{3, 9}, tree.Children(1)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int64{5, 1}, tree.Roots()); d != "" {
		t.Error(d)
	}
	if tree.Finished() || tree.Len() != 5 {
		t.Errorf("finished %v, %d tasks", tree.Finished(), tree.Len())
	}
	tree.Apply(Task{ID: 1, State: TaskCanceled, Request: []any{"x"}})
	tree.Apply(Task{ID: 1, State: TaskCanceled})
	if task, ok := tree.Task(1); !ok || task.Request == nil {
		t.Error("a shorter record took the request away")
	}
	apply(5, 4, TaskFailed)
	if !tree.Finished() {
		t.Error("not finished")
	}
}
