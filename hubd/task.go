package hubd

import (
	"strings"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

func taskMethods() []method {
	return []method{
		reads("getTaskInfo", anyone, "Task record(s); request adds decoded parameters; a list of ids gives a list.", getTaskInfo),
		reads("getTaskRequest", anyone, "Decoded parameter list of a task.", getTaskRequest),
		reads("getTaskResult", anyone, "Decoded result; raises the stored fault unless raise_fault is false.", getTaskResult),
		reads("taskFinished", anyone, "Whether a task is CLOSED, CANCELED or FAILED.", taskFinished),
		reads("getTaskChildren", anyone, "Direct subtasks.", getTaskChildren),
		reads("getTaskDescendents", anyone, "Map of task id text to list of children for the whole subtree.", getTaskDescendents),
		reads("listTasks", anyone, "Tasks by state, owner, method, arch, times and so on.", listTasks),
		writes("makeTask", perm("admin"), "Creates an arbitrary task (debug).", makeTask),
		writes("build", user, "Creates a build task from an SCM URL or an uploaded srpm path; returns task id.", build),
		writes("chainBuild", user, "Creates a chainbuild task from a list of levels.", chainBuild),
		writes("cancelTask", user, "Cancels a task (owner, running host or admin), by default with descendants.", cancelTask),
		writes("cancelTaskChildren", user, "Cancels the children of a task but not the task.", cancelTaskChildren),
		writes("cancelTaskFull", perm("admin"), "Cancels a whole task tree; strict requires a top-level task.", cancelTaskFull),
		writes("freeTask", perm("admin"), "Puts an unfinished task back to FREE.", freeTask),
		writes("resubmitTask", user, "Creates a copy of a failed or cancelled top-level task.", resubmitTask),
		writes("setTaskPriority", perm("admin"), "Changes the priority of an unfinished task (tree).", setTaskPriority),
	}
}

type taskInfoArgs struct {
	TaskID  any  `rpc:"task_id"`
	Request bool `rpc:"request=false"`
	Strict  bool `rpc:"strict=false"`
}

func getTaskInfo(c *call, a taskInfoArgs) (any, error) {
	refs, many := a.TaskID.([]any)
	if !many {
		refs = []any{a.TaskID}
	}
	ids := make([]int64, len(refs))
	for i, ref := range refs {
		var err error
		if ids[i], err = intArg("task_id", ref); err != nil {
			return nil, err
		}
	}
	tasks, err := c.tx.Tasks(c, ids)
	if err != nil {
		return nil, err
	}
	results := make([]any, len(ids))
	for i, id := range ids {
		t, ok := tasks[id]
		if !ok {
			if a.Strict {
				return nil, refuse("No such task: %d", id)
			}
			continue
		}
		if results[i], err = withRequest(t, a.Request); err != nil {
			return nil, err
		}
	}
	if many {
		return results, nil
	}
	return results[0], nil
}

// withRequest gives a task with its decoded parameters, or without.
func withRequest(t koji.Task, wanted bool) (koji.Task, error) {
	text, _ := t.Request.(string)
	t.Request = nil
	if !wanted {
		return t, nil
	}
	params, err := decodeRequest(t.ID, text)
	t.Request = params
	return t, err
}

type taskArgs struct {
	TaskID any `rpc:"taskId"`
}

func (c *call) taskDocuments(ref any) (id int64, request, result string, err error) {
	if id, err = intArg("taskId", ref); err != nil {
		return id, "", "", err
	}
	request, result, found, err := c.tx.TaskDocuments(c, id)
	if err == nil && !found {
		err = refuse("No such task: %d", id)
	}
	return id, request, result, err
}

func getTaskRequest(c *call, a taskArgs) (any, error) {
	id, request, _, err := c.taskDocuments(a.TaskID)
	if err != nil {
		return nil, err
	}
	return decodeRequest(id, request)
}

type taskResultArgs struct {
	TaskID     any  `rpc:"taskId"`
	RaiseFault bool `rpc:"raise_fault=true"`
}

func getTaskResult(c *call, a taskResultArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	return c.taskResult(t, a.RaiseFault)
}

// taskResult is a finished task's value or fault. Koji: reference/wire.md §7.
func (c *call) taskResult(t *koji.Task, raise bool) (any, error) {
	switch t.State {
	case koji.TaskCanceled:
		return nil, refuse("Task %d is canceled", t.ID)
	case koji.TaskClosed, koji.TaskFailed:
	default:
		return nil, refuse("Task %d is not finished", t.ID)
	}
	_, _, document, err := c.taskDocuments(t.ID)
	if err != nil {
		return nil, err
	}
	value, failure, err := decodeResult(t.ID, document)
	switch {
	case err != nil:
		return nil, err
	case failure != nil && raise:
		return nil, failure
	case failure != nil:
		return faultStruct(failure), nil
	}
	return value, nil
}

func faultStruct(e *koji.Error) map[string]any {
	return map[string]any{"faultCode": int64(e.Code), "faultString": e.Text}
}

func taskFinished(c *call, a taskArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	return t.Finished(), nil
}

type taskChildrenArgs struct {
	TaskID  any  `rpc:"task_id"`
	Request bool `rpc:"request=false"`
	Strict  bool `rpc:"strict=false"`
}

func getTaskChildren(c *call, a taskChildrenArgs) (any, error) {
	id, err := intArg("task_id", a.TaskID)
	if err != nil {
		return nil, err
	}
	if a.Strict {
		if _, err := c.findTask(id); err != nil {
			return nil, err
		}
	}
	children, err := c.tx.TaskChildren(c, id)
	if err != nil {
		return nil, err
	}
	return withRequests(children, a.Request)
}

func withRequests(tasks []koji.Task, wanted bool) ([]koji.Task, error) {
	for i := range tasks {
		t, err := withRequest(tasks[i], wanted)
		if err != nil {
			return nil, err
		}
		tasks[i] = t
	}
	return tasks, nil
}

type taskDescendentsArgs struct {
	TaskID  any  `rpc:"task_id"`
	Request bool `rpc:"request=false"`
}

func getTaskDescendents(c *call, a taskDescendentsArgs) (any, error) {
	id, err := intArg("task_id", a.TaskID)
	if err != nil {
		return nil, err
	}
	tree, err := c.tx.TaskTree(c, id)
	if err != nil {
		return nil, err
	}
	if tree, err = withRequests(tree, a.Request); err != nil {
		return nil, err
	}
	all := map[int64][]koji.Task{id: {}}
	for _, t := range tree {
		if all[t.ID] == nil {
			all[t.ID] = []koji.Task{}
		}
		if t.Parent != nil && t.ID != id {
			all[*t.Parent] = append(all[*t.Parent], t)
		}
	}
	return all, nil
}

type listTasksArgs struct {
	Opts      map[string]any `rpc:"opts=nil"`
	QueryOpts map[string]any `rpc:"queryOpts=nil"`
}

// listTasks filters by owner, host_id, channel_id, parent, state, arch, method
// (a value, a list, or nil for none; not_ in front turns it round) and by
// created, started, completed Before and After.
func listTasks(c *call, a listTasksArgs) (any, error) {
	var f sqlstore.TaskFilter
	decode := false
	for key, v := range a.Opts {
		column, not := strings.CutPrefix(key, "not_")
		switch column {
		case "owner", "host_id", "channel_id", "parent", "state", "arch", "method":
			values, ok := v.([]any)
			if !ok {
				values = []any{v}
			}
			if err := checkTaskValues(column, values); err != nil {
				return nil, err
			}
			f.In(column, not, values)
		case "decode":
			decode = truthy(v)
		default:
			if not || v == nil {
				continue
			}
			if err := taskTimeFilter(&f, key, v); err != nil {
				return nil, err
			}
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountTasks(c, f, opts)
	}
	tasks, err := c.tx.ListTasks(c, f, opts)
	if err != nil {
		return nil, err
	}
	return asList(opts.AsList, func(yield func(any, error) bool) {
		for t, err := range tasks {
			if err == nil && decode && !opts.AsList {
				t, err = decoded(t)
			}
			if !yield(listedTask{t, t.Request, t.Result}, err) || err != nil {
				return
			}
		}
	}), nil
}

// listedTask is a task whose request and result are there even when they are nil.
type listedTask struct {
	koji.Task
	Request any `xmlrpc:"request"`
	Result  any `xmlrpc:"result"`
}

func checkTaskValues(column string, values []any) error {
	for i, v := range values {
		switch column {
		case "arch", "method":
			if _, ok := v.(string); !ok && v != nil {
				return fault(koji.CodeParameter, "listTasks: %s: invalid type %s, want a string", column, typeName(v))
			}
		default:
			if v == nil {
				continue
			}
			n, err := intArg(column, v)
			if err != nil {
				return err
			}
			values[i] = n
		}
	}
	return nil
}

func taskTimeFilter(f *sqlstore.TaskFilter, key string, v any) error {
	for prefix, column := range map[string]string{
		"created": "create_time", "started": "start_time", "completed": "completion_time", "complete": "completion_time",
	} {
		side := strings.TrimPrefix(key, prefix)
		if side != "Before" && side != "After" {
			continue
		}
		at, err := timeArg(key, v)
		if err != nil {
			return err
		}
		f.Time(column, side == "Before", at)
	}
	return nil
}

// timeArg reads a moment: seconds since the epoch, or a date as text.
func timeArg(name string, v any) (time.Time, error) {
	switch v := v.(type) {
	case int64:
		return time.Unix(v, 0), nil
	case float64:
		return koji.FromSeconds(v), nil
	case time.Time:
		return v, nil
	case string:
		for _, form := range []string{"2006-01-02", "2006-01-02 15:04"} {
			if t, err := time.Parse(form, v); err == nil {
				return t, nil
			}
		}
		if t, err := koji.ParseTime(v); err == nil {
			return t, nil
		}
		return time.Time{}, fault(koji.CodeParameter, "%s: %q is no time; write seconds since the epoch or 2026-01-31 23:59:59", name, v)
	}
	return time.Time{}, fault(koji.CodeParameter, "%s: invalid type %s, want a time", name, typeName(v))
}

// decoded puts the values of a task's documents in their place; one that
// can't be read stays text.
func decoded(t koji.Task) (koji.Task, error) {
	if text, ok := t.Request.(string); ok {
		if params, ok := xmlrpc.CopyCall(text); ok {
			t.Request = params
		} else if params, err := decodeRequest(t.ID, text); err == nil {
			t.Request = params
		}
	}
	if text, ok := t.Result.(string); ok {
		value, failure, err := decodeResult(t.ID, text)
		switch {
		case err != nil:
		case failure != nil:
			t.Result = faultStruct(failure)
		default:
			t.Result = []any{value} // as the document's parameters, of which there is one
		}
	}
	return t, nil
}

type cancelTaskArgs struct {
	TaskID  any  `rpc:"task_id"`
	Recurse bool `rpc:"recurse=true"`
}

func cancelTask(c *call, a cancelTaskArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	if err := c.mayCancel(t); err != nil {
		return nil, err
	}
	return nil, c.cancelTask(t.ID, a.Recurse)
}

type cancelChildrenArgs struct {
	TaskID any `rpc:"task_id"`
}

func cancelTaskChildren(c *call, a cancelChildrenArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	if err := c.mayCancel(t); err != nil {
		return nil, err
	}
	return nil, c.cancelChildren(t.ID)
}

type cancelFullArgs struct {
	TaskID any  `rpc:"task_id"`
	Strict bool `rpc:"strict=true"`
}

func cancelTaskFull(c *call, a cancelFullArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	if t.Parent != nil && a.Strict {
		return nil, refuse("Task %d is not top-level (parent=%d)", t.ID, *t.Parent)
	}
	for t.Parent != nil {
		if t, err = c.findTask(*t.Parent); err != nil {
			return nil, err
		}
	}
	tree, err := c.tx.TaskDescendants(c, t.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range tree {
		if err := c.cancelTask(id, false); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func freeTask(c *call, a cancelChildrenArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	return nil, c.freeTask(t)
}

type setPriorityArgs struct {
	TaskID   any  `rpc:"task_id"`
	Priority any  `rpc:"priority"`
	Recurse  bool `rpc:"recurse=true"`
}

func setTaskPriority(c *call, a setPriorityArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	priority, err := intArg("priority", a.Priority)
	if err != nil {
		return nil, err
	}
	if int64(int32(priority)) != priority {
		return nil, fault(koji.CodeParameter, "priority: %d is out of range", priority)
	}
	if t.Finished() {
		return nil, refuse("Finished task's priority can't be updated: task %d is %s", t.ID, t.State)
	}
	ids := []int64{t.ID}
	if a.Recurse {
		if ids, err = c.tx.TaskDescendants(c, t.ID); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		t, err := c.tx.Task(c, id)
		if err != nil {
			return nil, err
		}
		if t == nil || t.Finished() {
			continue
		}
		err = c.changeTask(id, func() error { return c.tx.SetTaskPriority(c, id, priority) }, taskChange{"priority", t.Priority, priority})
		if err != nil {
			return nil, err
		}
		if err := c.tellTask(id, 0); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// decodeRequest reads a task's parameters from its document.
func decodeRequest(id int64, document string) ([]any, error) {
	_, params, err := xmlrpc.UnmarshalCall(plainDocument(document))
	if err != nil {
		return nil, refuse("task %d: its request can't be read: %v", id, err)
	}
	return params, nil
}

// decodeResult reads a task's result from its document: a value, or the fault
// with which it failed.
func decodeResult(id int64, document string) (value any, failure *koji.Error, err error) {
	if document == "" {
		return nil, nil, nil
	}
	err = xmlrpc.UnmarshalResponse(plainDocument(document), &value)
	if f, ok := asFault(err); ok {
		return nil, koji.FromFault(f), nil
	}
	if err != nil {
		return nil, nil, refuse("task %d: its result can't be read: %v", id, err)
	}
	return value, nil, nil
}
