package hubd

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

// states are the states of tasks.
func (h *testHub) states(tasks ...int64) (all []koji.TaskState) {
	h.t.Helper()
	for _, id := range tasks {
		all = append(all, koji.TaskState(pick(h.call("", "getTaskInfo", id), "state")[0].(int64)))
	}
	return all
}

func resultDocument(t *testing.T, v any) string {
	t.Helper()
	data, err := xmlrpc.MarshalResponse(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func faultDocument(t *testing.T, code koji.Code, text string) string {
	t.Helper()
	data, err := xmlrpc.MarshalFault(koji.NewError(code, text).Fault())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTaskLife(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		begin := clock.Now()
		id := h.call("kojiadmin", "makeTask", "m", []any{"a", int64(1), nil}, koji.Named{"priority": 5, "arch": "x86_64", "kwargs": map[string]any{"k": "v"}}).(int64)
		h.call("kojiadmin", "assignTask", id, "builder1")
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.closeTask", id, okDocument)
		want(t, "another builder opens it", nil, h.call("builder2", "host.openTask", id))
		clock.advance(time.Second)
		opened := h.call("builder1", "host.openTask", id).(map[string]any)
		if _, params, err := xmlrpc.UnmarshalCall([]byte(opened["request"].(string))); err != nil || len(params) != 4 {
			t.Errorf("request of the opened task: %v: %v", opened["request"], err)
		}
		want(t, "opened twice", nil, h.call("builder1", "host.openTask", id))
		for _, method := range []string{"host.closeTask", "host.failTask"} {
			h.wantFault(koji.CodeActionNotAllowed, "builder2", method, id, okDocument)
			h.wantFault(koji.CodeParameter, "builder1", method, id, "no document")
			h.wantFault(koji.CodeParameter, "builder1", method, id, "<?xml version='1.0'?><!DOCTYPE x><methodResponse/>")
			h.wantFault(koji.CodeParameter, "builder1", method, id, int64(1))
			h.wantFault(koji.CodeAuth, "kojiadmin", method, id, okDocument)
		}
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.setTaskWeight", id, 2)
		h.wantFault(koji.CodeParameter, "builder1", "host.setTaskWeight", id, -1.0)
		h.call("builder1", "host.setTaskWeight", id, "2.5")
		want(t, "unfinished", false, h.call("", "taskFinished", id))
		h.wantFault(koji.CodeGeneric, "", "getTaskResult", id)
		clock.advance(time.Second)
		h.call("builder1", "host.closeTask", id, resultDocument(t, map[string]any{"x": []any{int64(1), "é"}}))
		want(t, "result", any(map[string]any{"x": []any{int64(1), "é"}}), h.call("", "getTaskResult", id))
		want(t, "finished", true, h.call("", "taskFinished", id))
		host := h.call("", "getHost", "builder1").(map[string]any)["id"]
		stamp := func(d time.Duration) []any {
			at := begin.Add(d)
			return []any{koji.Time{Time: at}.String(), koji.Seconds(at)}
		}
		created, started, completed := stamp(0), stamp(time.Second), stamp(2*time.Second)
		want(t, "record", any(map[string]any{
			"id": id, "state": int64(koji.TaskClosed), "create_time": created[0], "create_ts": created[1],
			"start_time": started[0], "start_ts": started[1], "completion_time": completed[0], "completion_ts": completed[1],
			"channel_id": int64(1), "host_id": host, "parent": nil, "label": nil, "waiting": nil, "awaited": nil, "owner": int64(1),
			"method": "m", "arch": "x86_64", "priority": int64(5), "weight": 2.5,
			"request": []any{"a", int64(1), nil, map[string]any{"__starstar": true, "k": "v"}},
		}), h.call("", "getTaskInfo", id, true))
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.closeTask", id, okDocument)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "freeTask", id)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "setTaskPriority", id, 1)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "resubmitTask", id)

		failed := h.openTask("m")
		h.call("builder1", "host.failTask", failed, faultDocument(t, koji.CodeBuild, "it broke"))
		f := h.fault("", "getTaskResult", failed)
		if f.Code != koji.CodeBuild || f.Text != "it broke" {
			t.Errorf("result of a failed task: %v", f)
		}
		want(t, "its fault", any(map[string]any{"faultCode": int64(koji.CodeBuild), "faultString": "it broke"}), h.call("", "getTaskResult", failed, false))
		canceled := h.makeTask(nil)
		h.call("kojiadmin", "cancelTask", canceled)
		h.wantFault(koji.CodeGeneric, "", "getTaskResult", canceled, false)

		freed := h.openTask("m")
		h.call("builder2", "host.freeTasks", []any{freed}) // isn't its own
		want(t, "states", []koji.TaskState{koji.TaskOpen}, h.states(freed))
		h.call("builder1", "host.freeTasks", []any{freed, failed})
		want(t, "states", []koji.TaskState{koji.TaskFree, koji.TaskFailed}, h.states(freed, failed))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "freeTask", freed)
		h.wantFault(koji.CodeActionNotAllowed, "alice", "freeTask", freed)
	})
}

func TestSubtasks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "addChannel", "side")
		parent := h.call("kojiadmin", "makeTask", "parent", []any{}, koji.Named{"assign": "builder1", "channel": "side", "arch": "x86_64", "priority": 9}).(int64)
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.subtask", "child", []any{}, parent)
		h.call("builder1", "host.openTask", parent)
		h.wantFault(koji.CodeActionNotAllowed, "builder2", "host.subtask", "child", []any{}, parent)
		child := h.call("builder1", "host.subtask", "child", []any{int64(1)}, parent, koji.Named{"label": "x"}).(int64)
		side := h.call("", "getChannel", "side").(map[string]any)["id"]
		want(t, "what it has of its parent", []any{"x86_64", int64(8), side, "x", parent}, pick(h.call("", "getTaskInfo", child), "arch", "priority", "channel_id", "label", "parent"))
		want(t, "same label", child, h.call("builder1", "host.subtask", "other", []any{}, parent, koji.Named{"label": "x"}))
		second := h.call("builder1", "host.subtask2", parent, map[string]any{"label": "y", "arch": "noarch"}, "child", int64(2), koji.Named{"k": "v"}).(int64)
		want(t, "named arguments", []any{int64(2), map[string]any{"__starstar": true, "k": "v"}}, h.call("", "getTaskRequest", second))
		for _, opts := range []koji.Named{{"label": 5}, {"owner": 1}, {"nosuch": 1}, {"channel": "nosuch"}, {"priority": "x"}, {"arch": strings.Repeat("a", 17)}, {"label": strings.Repeat("l", 256)}, {"priority": int64(1) << 40}} {
			if f := h.fault("builder1", "host.subtask", "child", []any{}, parent, opts); f.Code == koji.CodeOther {
				t.Errorf("%v: %v", opts, f)
			}
		}
		want(t, "children", []any{child, second}, column(h.call("", "getTaskChildren", parent), "id"))
		want(t, "requests of children", []any{[]any{int64(1)}, []any{int64(2), map[string]any{"__starstar": true, "k": "v"}}}, column(h.call("", "getTaskChildren", parent, true), "request"))
		want(t, "children of none", []any{}, h.call("", "getTaskChildren", 999999))
		h.wantFault(koji.CodeGeneric, "", "getTaskChildren", 999999, false, true)

		top := h.call("kojiadmin", "makeTask", "m", []any{}, koji.Named{"label": "top"}).(int64)
		want(t, "label of a task without a parent", []any{nil}, pick(h.call("", "getTaskInfo", top), "label"))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "makeTask", "m", []any{}, koji.Named{"parent": top})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "makeTask", "m", []any{}, koji.Named{"parent": 999999})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "makeTask", "m", []any{})
		h.wantFault(koji.CodeParameter, "kojiadmin", "makeTask", int64(5), []any{})
		h.wantFault(koji.CodeParameter, "kojiadmin", "makeTask", "m", "x")
		h.wantFault(koji.CodeParameter, "kojiadmin", "makeTask", "m", []any{}, 1)
	})
}

func TestTaskTree(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		key := func(id int64) string { return fmt.Sprint(id) }
		root := h.openTask("root")
		left := h.call("builder1", "host.subtask", "left", []any{}, root).(int64)
		right := h.call("builder1", "host.subtask", "right", []any{}, root).(int64)
		h.call("kojiadmin", "assignTask", left, "builder1", true)
		h.call("builder1", "host.openTask", left)
		leaf := h.call("builder1", "host.subtask", "leaf", []any{}, left).(int64)
		tree := h.call("", "getTaskDescendents", root).(map[string]any)
		want(t, "keys", 4, len(tree))
		want(t, "below the root", []any{left, right}, column(tree[key(root)], "id"))
		want(t, "below left", []any{leaf}, column(tree[key(left)], "id"))
		want(t, "below the leaf", []any{}, tree[key(leaf)])
		want(t, "tree of left", 2, len(h.call("", "getTaskDescendents", left, true).(map[string]any)))
		want(t, "tree of none", any(map[string]any{"999999": []any{}}), h.call("", "getTaskDescendents", 999999))
		h.call("kojiadmin", "setTaskPriority", left, 3)
		want(t, "priorities", []any{int64(20), int64(3), int64(19), int64(3)},
			column(h.call("", "getTaskInfo", []any{root, left, right, leaf}), "priority"))
		h.call("kojiadmin", "setTaskPriority", root, 1, false)
		want(t, "priority without the tree", []any{int64(1), int64(3)}, column(h.call("", "getTaskInfo", []any{root, left}), "priority"))

		for user, code := range map[string]koji.Code{"alice": koji.CodeActionNotAllowed, "": koji.CodeActionNotAllowed, "builder2": koji.CodeActionNotAllowed} {
			for _, method := range []string{"cancelTask", "cancelTaskChildren", "cancelTaskFull", "setTaskPriority"} {
				h.wantFault(code, user, method, append([]any{left}, map[bool][]any{true: {1}}[method == "setTaskPriority"]...)...)
			}
		}
		h.call("kojiadmin", "cancelTaskChildren", left)
		want(t, "children canceled", []koji.TaskState{koji.TaskOpen, koji.TaskOpen, koji.TaskFree, koji.TaskCanceled}, h.states(root, left, right, leaf))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "cancelTaskFull", left)
		h.call("builder1", "cancelTask", left, false) // the host that runs it
		want(t, "one canceled", []koji.TaskState{koji.TaskOpen, koji.TaskCanceled, koji.TaskFree}, h.states(root, left, right))
		h.call("kojiadmin", "cancelTaskFull", left, false)
		want(t, "all canceled", []koji.TaskState{koji.TaskCanceled, koji.TaskCanceled, koji.TaskCanceled}, h.states(root, left, right))
		h.call("kojiadmin", "cancelTask", root) // no error
		h.wantFault(koji.CodeActionNotAllowed, "builder1", "host.closeTask", root, okDocument)

		mine := h.call("alice", "build", "git+https://example.com/p#1", "none").(int64)
		h.wantFault(koji.CodeActionNotAllowed, "bob", "cancelTask", mine)
		h.call("alice", "cancelTask", mine)
		want(t, "owner cancels", []koji.TaskState{koji.TaskCanceled}, h.states(mine))
	})
}

func TestTaskWaits(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		parent := h.openTask("parent")
		var kids []int64
		for _, label := range []string{"a", "b", "c"} {
			kids = append(kids, h.call("builder1", "host.subtask", "child", []any{}, parent, koji.Named{"label": label}).(int64))
		}
		awaited := func() []any { return column(h.call("", "getTaskChildren", parent), "awaited") }
		alert := func() []any { return column(h.call("builder1", "host.getHostTasks"), "alert") }
		want(t, "nobody waits", any([]any{[]any{}, []any{}}), h.call("builder1", "host.taskWait", parent))
		want(t, "no results yet", []any{}, h.call("builder1", "host.taskWaitResults", parent, nil))
		h.call("builder1", "host.taskSetWait", parent, []any{kids[0], kids[1]})
		want(t, "awaited", []any{true, true, false}, awaited())
		want(t, "alert", []any{nil}, alert())
		h.call("kojiadmin", "cancelTask", kids[2])
		want(t, "one that isn't awaited ended", []any{nil}, alert())
		h.call("kojiadmin", "assignTask", kids[0], "builder2")
		h.call("builder2", "host.openTask", kids[0])
		h.call("builder2", "host.closeTask", kids[0], resultDocument(t, "done"))
		want(t, "one ended", []any{true}, alert())
		want(t, "taskWait", any([]any{[]any{kids[0]}, []any{kids[1]}}), h.call("builder1", "host.taskWait", parent))
		want(t, "taskWait again", any([]any{[]any{}, []any{kids[1]}}), h.call("builder1", "host.taskWait", parent))
		want(t, "heard of", []any{nil}, alert())
		h.wantFault(koji.CodeGeneric, "builder1", "host.taskWaitResults", parent, []any{kids[1]})
		h.call("kojiadmin", "assignTask", kids[1], "builder2")
		h.call("builder2", "host.openTask", kids[1])
		h.call("builder2", "host.failTask", kids[1], faultDocument(t, koji.CodeBuild, "broke"))
		h.wantFault(koji.CodeBuild, "builder1", "host.taskWaitResults", parent, []any{kids[0], kids[1]})
		broken := map[string]any{"faultCode": int64(koji.CodeBuild), "faultString": "broke"}
		want(t, "results", any([]any{[]any{kids[1], broken}, []any{kids[0], "done"}}),
			h.call("builder1", "host.taskWaitResults", parent, []any{kids[1], kids[0]}, []any{kids[1]}))
		want(t, "awaited no more", []any{false, false, false}, awaited())
		want(t, "waiting", []any{false}, pick(h.call("", "getTaskInfo", parent), "waiting"))
		h.call("builder1", "host.taskSetWait", parent, nil)
		want(t, "all awaited", []any{true, true, true}, awaited())
		h.call("builder1", "host.taskSetWait", parent, []any{})
		want(t, "none named: as it was", []any{true, true, true}, awaited())
		h.wantFault(koji.CodeParameter, "builder1", "host.taskSetWait", parent, "x")
		h.wantFault(koji.CodeGeneric, "builder1", "host.taskWaitResults", parent, []any{999999})
		// A task that is freed waits for nothing.
		h.call("kojiadmin", "freeTask", parent)
		want(t, "freed", []any{nil}, pick(h.call("", "getTaskInfo", parent), "waiting"))
	})
}

func TestResubmit(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "addChannel", "side")
		id := h.call("alice", "build", "git+https://example.com/p#1", "none", map[string]any{"scratch": true}, koji.Named{"channel": "side", "priority": 3}).(int64)
		h.wantFault(koji.CodeGeneric, "alice", "resubmitTask", id)
		h.call("alice", "cancelTask", id)
		h.wantFault(koji.CodeGeneric, "bob", "resubmitTask", id)
		h.wantFault(koji.CodeActionNotAllowed, "", "resubmitTask", id)
		fields := []string{"method", "request", "channel_id", "priority", "arch", "state"}
		old := pick(h.call("", "getTaskInfo", id, true), fields[:5]...)
		for _, user := range []string{"alice", "kojiadmin"} {
			again := h.call(user, "resubmitTask", id)
			info := h.call("", "getTaskInfo", again, true)
			want(t, "resubmitted", append(old, int64(koji.TaskFree)), pick(info, fields...))
			want(t, "owner", pick(h.call("", "getUser", user), "id"), pick(info, "owner"))
		}
		parent := h.openTask("m")
		child := h.call("builder1", "host.subtask", "m", []any{}, parent).(int64)
		h.call("kojiadmin", "cancelTask", child)
		h.wantFault(koji.CodeGeneric, "kojiadmin", "resubmitTask", child)

		h.wantFault(koji.CodeActionNotAllowed, "alice", "build", "x", "none", nil, -1)
		h.call("kojiadmin", "build", "x", "none", nil, -1)
		h.wantFault(koji.CodeActionNotAllowed, "", "build", "x", "none")
		h.wantFault(koji.CodeParameter, "alice", "build", int64(5), "none")
		h.wantFault(koji.CodeGeneric, "alice", "build", "x", "none", nil, nil, "nosuch")
		h.wantFault(koji.CodeGeneric, "alice", "chainBuild", []any{[]any{"x"}}, "none", map[string]any{"scratch": true})
		h.call("kojiadmin", "disableChannel", "side")
		h.wantFault(koji.CodeGeneric, "alice", "resubmitTask", id)
	})
}

func TestListTasks(t *testing.T) {
	t.Parallel()
	eachHubAt(t, timeless, func(h *testHub, clock *testClock) {
		t := h.t
		a := h.makeTask(koji.Named{"arch": "x86_64", "priority": 3, "assign": "builder1"})
		clock.advance(time.Second)
		h.call("builder1", "host.openTask", a)
		began := clock.Now()
		b := h.call("builder1", "host.subtask", "sub", []any{"x"}, a).(int64)
		clock.advance(time.Second)
		c := h.call("alice", "build", "git+https://example.com/p#1", "none").(int64)
		clock.advance(time.Second)
		h.call("builder1", "host.closeTask", a, resultDocument(t, []any{"r"}))
		alice := h.call("", "getUser", "alice").(map[string]any)["id"]
		host := h.call("", "getHost", "builder1").(map[string]any)["id"]
		type opts = map[string]any
		for name, q := range map[string]struct {
			opts opts
			want []any
		}{
			"all":                {nil, []any{a, b, c}},
			"owner":              {opts{"owner": alice}, []any{c}},
			"not owner":          {opts{"not_owner": alice}, []any{a, b}},
			"method":             {opts{"method": "sub"}, []any{b}},
			"methods":            {opts{"method": []any{"sub", "build"}}, []any{b, c}},
			"not methods":        {opts{"not_method": []any{"sub", "build"}}, []any{a}},
			"state":              {opts{"state": []any{int64(koji.TaskFree)}}, []any{b, c}},
			"state as text":      {opts{"state": "2"}, []any{a}},
			"no state":           {opts{"state": []any{}}, []any{}},
			"arch":               {opts{"arch": "noarch"}, []any{c}},
			"host":               {opts{"host_id": host}, []any{a}},
			"no host":            {opts{"host_id": nil}, []any{b, c}},
			"any host":           {opts{"not_host_id": nil}, []any{a}},
			"parent":             {opts{"parent": a}, []any{b}},
			"no parent":          {opts{"parent": nil}, []any{a, c}},
			"created before":     {opts{"createdBefore": koji.Seconds(began)}, []any{a}},
			"created after":      {opts{"createdAfter": koji.Seconds(began)}, []any{c}},
			"started after":      {opts{"startedAfter": koji.Seconds(began)}, []any{}},
			"started after text": {opts{"startedAfter": "2026-01-31 12:00:00"}, []any{a}},
			"completed after":    {opts{"completeAfter": koji.Seconds(began)}, []any{a}},
			"completed before":   {opts{"completeBefore": "2026-01-31"}, []any{}},
			"an id of 64 bits":   {opts{"owner": int64(1) << 40}, []any{}},
		} {
			want(t, name, q.want, column(h.call("", "listTasks", q.opts, opts{"order": "id"}), "id"))
			want(t, name+", counted", int64(len(q.want)), h.call("", "listTasks", q.opts, opts{"countOnly": true}))
		}
		want(t, "order", []any{c, a, b}, column(h.call("", "listTasks", nil, opts{"order": "-priority,id"}), "id"))
		want(t, "page", []any{b}, column(h.call("", "listTasks", nil, opts{"order": "id", "offset": 1, "limit": 1}), "id"))
		want(t, "decoded", []any{[]any{[]any{"r"}}}, column(h.call("", "listTasks", opts{"id": 1, "method": "test", "decode": true}), "result"))
		want(t, "owner's name", []any{"alice"}, column(h.call("", "listTasks", opts{"owner": alice}), "owner_name"))
		for _, bad := range []opts{{"owner": "alice"}, {"method": int64(5)}, {"state": map[string]any{}}, {"createdAfter": "noon"}, {"createdAfter": []any{}}, {"arch": []any{[]any{}}}} {
			h.wantFault(koji.CodeParameter, "", "listTasks", bad)
		}
		if f := h.fault("", "listTasks", nil, opts{"order": "nosuch; DROP TABLE task"}); strings.Contains(f.Text, "syntax") {
			t.Errorf("order: %v", f)
		}
	})
}

// Documents as old hubs stored them, and ones that nothing can read.
func TestStoredDocuments(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		insert := func(request string) (id int64) {
			h.write(func(ctx context.Context, tx *sqlstore.Tx) (err error) {
				id, err = tx.InsertTask(ctx, sqlstore.NewTask{State: koji.TaskFree, Owner: 1, Method: "m", Request: request, Channel: 1, Arch: "noarch", Priority: 20})
				return err
			})
			return id
		}
		document, err := xmlrpc.MarshalCall("m", "x")
		if err != nil {
			t.Fatal(err)
		}
		old := insert(base64.StdEncoding.EncodeToString(document))
		want(t, "base64", []any{"x"}, h.call("", "getTaskRequest", old))
		broken := insert("<?xml version='1.0'?><methodCall>")
		h.wantFault(koji.CodeGeneric, "", "getTaskRequest", broken)
		want(t, "task without its parameters", []any{broken}, pick(h.call("", "getTaskInfo", broken), "id"))
		h.wantFault(koji.CodeGeneric, "", "getTaskInfo", broken, true)
		want(t, "a list goes on", 2, len(h.call("", "listTasks", map[string]any{"decode": true}).([]any)))
	})
}

func TestTaskOutput(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		task := h.openTask("build")
		dir := filepath.Join(h.hub.cfg.KojiDir, "work", koji.TaskRelPath(task))
		want(t, "nothing yet", []any{}, h.call("", "listTaskOutput", task))
		h.file("work/"+koji.TaskRelPath(task)+"/build.log", []byte("0123456789"))
		h.file("work/"+koji.TaskRelPath(task)+"/x86_64/root.log", []byte("root"))
		h.file("packages/p/1/1/p.rpm", []byte("rpm"))
		h.file("secret", []byte("secret"))
		for name, target := range map[string]string{"p.rpm": "../../../../packages/p/1/1/p.rpm", "out": "/etc/passwd", "gone": "nowhere"} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		got := h.call("", "listTaskOutput", task).([]any)
		for _, name := range []string{"build.log", "x86_64/root.log", "p.rpm"} {
			if !strings.Contains(fmt.Sprint(got), name) {
				t.Errorf("%s is not in %v", name, got)
			}
		}
		if strings.Contains(fmt.Sprint(got), "gone") || strings.Contains(fmt.Sprint(got), "out") {
			t.Errorf("links that lead nowhere or out are listed: %v", got)
		}
		stat := h.call("", "listTaskOutput", task, true).(map[string]any)
		want(t, "size", []any{"10"}, pick(stat["build.log"], "st_size"))
		want(t, "volumes", any([]any{"DEFAULT"}), h.call("", "listTaskOutput", task, false, true).(map[string]any)["build.log"])
		read := func(args ...any) string {
			t.Helper()
			text, err := base64.StdEncoding.DecodeString(h.call("", "downloadTaskOutput", append([]any{task}, args...)...).(string))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		for text, args := range map[string][]any{
			"0123456789": {"build.log"},
			"345":        {"build.log", 3, 3},
			"789":        {"build.log", -3},
			"56789":      {"build.log", "5", "100"},
			"":           {"build.log", 100},
			"root":       {"x86_64/root.log"},
			"rpm":        {"p.rpm"},
		} {
			want(t, fmt.Sprint(args), text, read(args...))
		}
		want(t, "far before the beginning", "0123456789", read("build.log", -100))
		for _, args := range [][]any{
			{"nosuch"},
			{"../../../../secret"},
			{"/etc/passwd"},
			{"out"},
			{"gone"},
			{"x86_64"},
			{""},
			{"a\x7fb"},
			{"build.log", 0, -1, "nosuch"},
			{"build.log/x"},
		} {
			h.wantFault(koji.CodeGeneric, "", "downloadTaskOutput", append([]any{task}, args...)...)
		}
		h.wantFault(koji.CodeGeneric, "", "listTaskOutput", 999999, koji.Named{"strict": true})
	})
}
