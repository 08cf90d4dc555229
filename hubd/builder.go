package hubd

import (
	"encoding/json"
	"strconv"

	"koji"
)

func builderMethods() []method {
	return []method{
		writes("host.updateHost", builder, "Heartbeat: load, ready flag and optional scheduler data.", hostUpdate),
		writes("host.setHostData", builder, "Stores scheduler data for the host (map or JSON text).", hostSetData),
		reads("host.getTasks", builder, "Tasks assigned to the host.", hostGetTasks),
		reads("host.getLoadData", builder, "Legacy: [[own host record], assigned tasks].", hostGetLoadData),
		reads("host.getHostTasks", builder, "Open tasks of the host (id, waiting, weight, alert).", hostGetHostTasks),
		writes("host.openTask", builder, "Opens an assigned task; returns the record with raw request text, or nil.", hostOpenTask),
		writes("host.closeTask", builder, "Stores a result document and closes an open task owned by the host.", hostCloseTask),
		writes("host.failTask", builder, "Stores a fault document and fails an open task.", hostFailTask),
		writes("host.freeTasks", builder, "Frees open tasks of the host.", hostFreeTasks),
		writes("host.refuseTask", builder, "Records a refusal and frees the task.", hostRefuseTask),
		writes("host.setTaskWeight", builder, "Changes the weight of an open task.", hostSetTaskWeight),
		writes("host.subtask", builder, "Creates a subtask or returns the id of an existing one with the same label.", hostSubtask),
		writes("host.subtask2", builder, "Variant of subtask with explicit task options before the method.", hostSubtask2),
		writes("host.taskSetWait", builder, "Marks a task waiting and its chosen children awaited.", hostTaskSetWait),
		writes("host.taskWait", builder, "[finished, unfinished] awaited children; finished ones lose the awaited flag.", hostTaskWait),
		writes("host.taskWaitResults", builder, "List of [task_id, result] and clears wait flags; raises the first fault unless listed in canfail.", hostTaskWaitResults),
	}
}

type hostUpdateArgs struct {
	Load  any  `rpc:"task_load"`
	Ready bool `rpc:"ready"`
	Data  any  `rpc:"data=nil"`
}

func hostUpdate(c *call, a hostUpdateArgs) (any, error) {
	load, err := floatArg("task_load", a.Load)
	if err != nil {
		return nil, err
	}
	if load < 0 {
		return nil, fault(koji.CodeParameter, "task_load: %v is below zero", load)
	}
	changed, err := c.tx.UpdateHost(c, c.session.host, load, a.Ready)
	if err != nil {
		return nil, err
	}
	if a.Data != nil {
		fresh, err := c.setHostData(a.Data)
		if err != nil {
			return nil, err
		}
		changed = changed || fresh
	}
	if !changed {
		return nil, nil
	}
	return nil, c.notice(koji.Notice{Kind: koji.NoticeHost, Host: &koji.HostNotice{
		ID: c.session.host, Name: c.session.name, Ready: a.Ready, Load: load,
	}})
}

// floatArg reads a number where builders also send it as text.
func floatArg(name string, v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	}
	return 0, fault(koji.CodeParameter, "%s: %v is not a number", name, v)
}

type setHostDataArgs struct {
	Data any `rpc:"hostdata"`
}

func hostSetData(c *call, a setHostDataArgs) (any, error) {
	_, err := c.setHostData(a.Data)
	return nil, err
}

func (c *call) setHostData(v any) (changed bool, err error) {
	if text, ok := v.(string); ok {
		v = nil
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return false, fault(koji.CodeParameter, "hostdata is no JSON: %v", err)
		}
	}
	if _, ok := v.(map[string]any); !ok {
		return false, fault(koji.CodeParameter, "hostdata: invalid type %s, want a struct", typeName(v))
	}
	data, err := json.Marshal(v)
	if err != nil {
		return false, fault(koji.CodeParameter, "hostdata: %v", err)
	}
	return c.tx.SetHostData(c, c.session.host, string(data))
}

func hostGetTasks(c *call, _ none) (any, error) { return c.tx.AssignedTasks(c, c.session.host) }

// loadedHost is a host with the channels it listens to.
type loadedHost struct {
	koji.Host
	Channels []int64 `xmlrpc:"channels"`
}

func hostGetLoadData(c *call, _ none) (any, error) {
	host, err := c.tx.Host(c, c.session.host, nil)
	if err != nil || host == nil {
		return nil, err
	}
	channels, err := c.tx.HostChannels(c, host.ID, nil, nil)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, channel := range channels {
		ids = append(ids, channel.ID)
	}
	tasks, err := c.tx.AssignedTasks(c, c.session.host)
	if err != nil {
		return nil, err
	}
	return []any{[]any{loadedHost{*host, ids}}, tasks}, nil
}

func hostGetHostTasks(c *call, _ none) (any, error) { return c.tx.HostTasks(c, c.session.host) }

type hostTaskArgs struct {
	TaskID any `rpc:"task_id"`
}

func hostOpenTask(c *call, a hostTaskArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	mine := t.HostID != nil && *t.HostID == c.session.host
	if t.State != koji.TaskFree && !(t.State == koji.TaskAssigned && mine) {
		return nil, nil
	}
	if err := c.moveTask(t, koji.TaskOpen, c.session.host); err != nil {
		return nil, err
	}
	if t, err = c.tx.Task(c, t.ID); err != nil {
		return nil, err
	}
	_, request, _, err := c.taskDocuments(t.ID)
	t.Request = request
	return t, err
}

// openTaskOf is a task that must be open on the calling host.
func (c *call) openTaskOf(ref any) (*koji.Task, error) {
	t, err := c.findTask(ref)
	if err != nil {
		return nil, err
	}
	if t.State != koji.TaskOpen || t.HostID == nil || *t.HostID != c.session.host {
		return nil, fault(koji.CodeActionNotAllowed, "Access denied: task %d is not open on host %d", t.ID, c.session.host)
	}
	return t, nil
}

type hostResultArgs struct {
	TaskID   any    `rpc:"task_id"`
	Response string `rpc:"response"`
}

func hostCloseTask(c *call, a hostResultArgs) (any, error) { return c.finishTask(a, koji.TaskClosed) }

func hostFailTask(c *call, a hostResultArgs) (any, error) { return c.finishTask(a, koji.TaskFailed) }

func (c *call) finishTask(a hostResultArgs, state koji.TaskState) (any, error) {
	t, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	if err := checkResult(a.Response); err != nil {
		return nil, err
	}
	return nil, c.endTask(t, state, a.Response)
}

type hostFreeTasksArgs struct {
	Tasks []any `rpc:"tasks"`
}

// hostFreeTasks frees those of the tasks that are open on the host.
func hostFreeTasks(c *call, a hostFreeTasksArgs) (any, error) {
	for _, ref := range a.Tasks {
		t, err := c.findTask(ref)
		if err != nil {
			return nil, err
		}
		if t.State != koji.TaskOpen || t.HostID == nil || *t.HostID != c.session.host {
			continue
		}
		if err := c.freeTask(t); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

type refuseTaskArgs struct {
	TaskID any    `rpc:"task_id"`
	Soft   bool   `rpc:"soft=true"`
	Msg    string `rpc:"msg="`
}

func hostRefuseTask(c *call, a refuseTaskArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	mine := t.HostID != nil && *t.HostID == c.session.host
	if !mine || t.State != koji.TaskAssigned && t.State != koji.TaskOpen {
		return nil, nil
	}
	if err := c.tx.RefuseTask(c, t.ID, c.session.host, true, a.Soft, a.Msg); err != nil {
		return nil, err
	}
	if err := c.freeTask(t); err != nil {
		return nil, err
	}
	return nil, c.tx.LogScheduler(c, t.ID, c.session.host, "Host refused task: "+a.Msg)
}

type setTaskWeightArgs struct {
	TaskID any `rpc:"task_id"`
	Weight any `rpc:"weight"`
}

func hostSetTaskWeight(c *call, a setTaskWeightArgs) (any, error) {
	weight, err := floatArg("weight", a.Weight)
	if err != nil {
		return nil, err
	}
	if weight < 0 {
		return nil, fault(koji.CodeParameter, "weight: %v is below zero", weight)
	}
	t, err := c.openTaskOf(a.TaskID)
	if err != nil || t.Weight == weight {
		return nil, err
	}
	return nil, c.changeTask(t.ID, func() error { return c.tx.SetTaskWeight(c, t.ID, weight) }, taskChange{"weight", t.Weight, weight})
}

type subtaskArgs struct {
	Method  string         `rpc:"method"`
	ArgList []any          `rpc:"arglist"`
	Parent  any            `rpc:"parent"`
	Opts    map[string]any `rpc:"**opts"`
}

func hostSubtask(c *call, a subtaskArgs) (any, error) {
	return c.subtask(a.Parent, a.Opts, a.Method, a.ArgList, nil)
}

type subtask2Args struct {
	Parent   any            `rpc:"__parent"`
	TaskOpts map[string]any `rpc:"__taskopts"`
	Method   string         `rpc:"__method"`
	Args     []any          `rpc:"*args"`
	Opts     map[string]any `rpc:"**opts"`
}

func hostSubtask2(c *call, a subtask2Args) (any, error) {
	return c.subtask(a.Parent, a.TaskOpts, a.Method, a.Args, a.Opts)
}

func (c *call) subtask(parent any, opts map[string]any, method string, args []any, named map[string]any) (any, error) {
	t, err := c.openTaskOf(parent)
	if err != nil {
		return nil, err
	}
	o, err := c.taskOptionsOf(opts)
	if err != nil {
		return nil, err
	}
	o.Parent, o.Method, o.Params = t.ID, method, args
	if named != nil {
		o.Named = named
	}
	return c.makeTask(o)
}

type taskSetWaitArgs struct {
	Parent any `rpc:"parent"`
	Tasks  any `rpc:"tasks"`
}

func hostTaskSetWait(c *call, a taskSetWaitArgs) (any, error) {
	parent, err := intArg("parent", a.Parent)
	if err != nil {
		return nil, err
	}
	ids, err := idList("tasks", a.Tasks)
	if err != nil {
		return nil, err
	}
	if err := c.tx.SetTaskWaiting(c, parent, ids); err != nil {
		return nil, err
	}
	return nil, c.tellTask(parent, 0)
}

// idList reads a list of ids; nil stays nil.
func idList(name string, v any) ([]int64, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fault(koji.CodeParameter, "%s: invalid type %s (%v), want an array", name, typeName(v), v)
	}
	ids := make([]int64, len(list))
	for i, item := range list {
		var err error
		if ids[i], err = intArg(name, item); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

type taskWaitArgs struct {
	Parent any `rpc:"parent"`
}

func hostTaskWait(c *call, a taskWaitArgs) (any, error) {
	parent, err := intArg("parent", a.Parent)
	if err != nil {
		return nil, err
	}
	finished, unfinished, err := c.tx.AwaitedTasks(c, parent)
	if err != nil {
		return nil, err
	}
	if err := c.tx.ClearAwaited(c, finished); err != nil {
		return nil, err
	}
	return []any{finished, unfinished}, nil
}

type taskWaitResultsArgs struct {
	Parent  any `rpc:"parent"`
	Tasks   any `rpc:"tasks"`
	CanFail any `rpc:"canfail=nil"`
}

func hostTaskWaitResults(c *call, a taskWaitResultsArgs) (any, error) {
	parent, err := intArg("parent", a.Parent)
	if err != nil {
		return nil, err
	}
	ids, err := idList("tasks", a.Tasks)
	if err != nil {
		return nil, err
	}
	canFail, err := idList("canfail", a.CanFail)
	if err != nil {
		return nil, err
	}
	if ids == nil {
		children, err := c.tx.TaskChildren(c, parent)
		if err != nil {
			return nil, err
		}
		for _, t := range children {
			if t.Finished() {
				ids = append(ids, t.ID)
			}
		}
	}
	mayFail := map[int64]bool{}
	for _, id := range canFail {
		mayFail[id] = true
	}
	results := make([]any, 0, len(ids))
	for _, id := range ids {
		t, err := c.findTask(id)
		if err != nil {
			return nil, err
		}
		if !t.Finished() {
			return nil, refuse("Task %d is not finished", id)
		}
		value, err := c.taskResult(t, true)
		if err != nil {
			if !mayFail[id] {
				return nil, err
			}
			value = faultStruct(c.hub.faultOf(c.request, c.method, err))
		}
		results = append(results, []any{id, value})
	}
	return results, c.tx.ClearWaiting(c, parent)
}
