package hubd

import (
	"koji"
)

// How tasks come from callers; maketask.go is how they come to be.

type makeTaskArgs struct {
	Args []any          `rpc:"*args"`
	Opts map[string]any `rpc:"**opts"`
}

// makeTask takes (method, arglist) and the options of a task.
func makeTask(c *call, a makeTaskArgs) (any, error) {
	words := map[string]any{}
	for i, k := range []string{"method", "arglist"} {
		if i < len(a.Args) {
			words[k] = a.Args[i]
		} else if v, ok := a.Opts[k]; ok {
			words[k] = v
		}
		delete(a.Opts, k)
	}
	if len(a.Args) > 2 {
		return nil, fault(koji.CodeParameter, "makeTask() takes a method and a list of arguments; %d positional arguments were given", len(a.Args))
	}
	name, ok := words["method"].(string)
	if !ok || name == "" {
		return nil, fault(koji.CodeParameter, "makeTask() method: invalid type %s, want a string", typeName(words["method"]))
	}
	list, ok := words["arglist"].([]any)
	if !ok && words["arglist"] != nil {
		return nil, fault(koji.CodeParameter, "makeTask() arglist: invalid type %s, want an array", typeName(words["arglist"]))
	}
	o, err := c.taskOptionsOf(a.Opts)
	if err != nil {
		return nil, err
	}
	o.Method, o.Params = name, list
	return c.makeTask(o)
}

type buildArgs struct {
	Src      string         `rpc:"src"`
	Target   *string        `rpc:"target"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=nil"`
}

func build(c *call, a buildArgs) (any, error) {
	o, err := c.submitted(a.Priority, a.Channel)
	if err != nil {
		return nil, err
	}
	params := []any{a.Src, nil}
	if a.Target != nil {
		params[1] = *a.Target
	}
	o.Method, o.Params = "build", append(params, orEmpty(a.Opts))
	return c.makeTask(o)
}

// submitted are the options of a task that a user submits: a priority relative
// to the default, which only admins may raise, and a channel.
func (c *call) submitted(priority, channel any) (taskOptions, error) {
	o, err := c.taskOptionsOf(map[string]any{"channel": channel})
	if err != nil || priority == nil {
		return o, err
	}
	n, err := intArg("priority", priority)
	if err != nil {
		return o, err
	}
	if n < 0 {
		admin, err := c.isAdmin()
		if err != nil {
			return o, err
		}
		if !admin {
			return o, fault(koji.CodeActionNotAllowed, "only admins may create high-priority tasks")
		}
	}
	n += defaultPriority
	o.Priority = &n
	return o, nil
}

// orEmpty are a task's options, which its request always holds.
func orEmpty(opts map[string]any) map[string]any {
	if opts == nil {
		return map[string]any{}
	}
	return opts
}

type chainBuildArgs struct {
	Srcs     []any          `rpc:"srcs"`
	Target   string         `rpc:"target"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=nil"`
}

func chainBuild(c *call, a chainBuildArgs) (any, error) {
	if truthy(a.Opts["scratch"]) {
		return nil, refuse("Chain builds cannot be scratch builds: each level needs the repo with the one before")
	}
	o, err := c.submitted(a.Priority, a.Channel)
	if err != nil {
		return nil, err
	}
	o.Method, o.Params = "chainbuild", []any{a.Srcs, a.Target, orEmpty(a.Opts)}
	return c.makeTask(o)
}

type resubmitArgs struct {
	TaskID any `rpc:"taskID"`
}

func resubmitTask(c *call, a resubmitArgs) (any, error) {
	t, err := c.findTask(a.TaskID)
	if err != nil {
		return nil, err
	}
	admin, err := c.isAdmin()
	if err != nil {
		return nil, err
	}
	switch {
	case t.Owner != c.session.user && !admin:
		return nil, refuse("only owner or admins may resubmit task %d", t.ID)
	case t.Parent != nil:
		return nil, refuse("cannot resubmit subtask %d; resubmit its parent %d", t.ID, *t.Parent)
	case t.State != koji.TaskFailed && t.State != koji.TaskCanceled:
		return nil, refuse("Invalid state for resubmission: task %d is %s", t.ID, t.State)
	}
	_, request, _, err := c.taskDocuments(t.ID)
	if err != nil {
		return nil, err
	}
	params, err := decodeRequest(t.ID, request)
	if err != nil {
		return nil, err
	}
	o := taskOptions{Method: t.Method, Params: params, Arch: t.Arch, Priority: &t.Priority} // owned by who resubmits it
	channel, err := c.channelRef(t.ChannelID)
	if err != nil {
		return nil, err
	}
	o.Channel = channel.Name
	return c.makeTask(o)
}
