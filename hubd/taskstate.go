package hubd

import (
	"koji"
)

// taskChange is a member of a task's record that changes.
type taskChange struct {
	attribute     string
	before, after any
}

// changeTask runs a change of a task between the callbacks that hear of it,
// once for each member. They see the task as it was, and then as it is.
func (c *call) changeTask(id int64, change func() error, members ...taskChange) error {
	if err := c.taskCallbacks("preTaskStateChange", id, members); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return c.taskCallbacks("postTaskStateChange", id, members)
}

func (c *call) taskCallbacks(event string, id int64, members []taskChange) error {
	if !c.hub.hears(event) {
		return nil
	}
	t, err := c.taskRecord(id)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := c.callback(event, map[string]any{"attribute": m.attribute, "old": m.before, "new": m.after, "info": t}); err != nil {
			return err
		}
	}
	return nil
}

// taskRecord is a task with its parameters, and its result if it is CLOSED. A
// document that can't be read is left out: it keeps nobody from ending the task.
func (c *call) taskRecord(id int64) (*koji.Task, error) {
	t, err := c.tx.Task(c, id)
	if err != nil || t == nil {
		return nil, err
	}
	request, result, _, err := c.tx.TaskDocuments(c, id)
	if err != nil {
		return nil, err
	}
	if params, err := decodeRequest(id, request); err == nil {
		t.Request = params
	}
	if t.State == koji.TaskClosed {
		if value, failure, err := decodeResult(id, result); err == nil && failure == nil {
			t.Result = value
		}
	}
	return t, nil
}

// moveTask puts a task into a state that isn't final, on a host or none (0).
func (c *call) moveTask(t *koji.Task, state koji.TaskState, host int64) error {
	var to any
	if host != 0 {
		to = host
	}
	err := c.changeTask(t.ID, func() error { return c.tx.MoveTask(c, t.ID, state, host) },
		taskChange{"state", t.State.String(), state.String()}, taskChange{"host_id", value(t.HostID), to})
	if err != nil {
		return err
	}
	return c.tellTask(t.ID, 0)
}

// endTask puts a task into a final state and wakes the parent that awaits it.
func (c *call) endTask(t *koji.Task, state koji.TaskState, result string) error {
	err := c.changeTask(t.ID, func() error { return c.tx.EndTask(c, t.ID, state, result) },
		taskChange{"state", t.State.String(), state.String()},
		taskChange{"completion_ts", value(t.CompletionTS), koji.Seconds(c.tx.Now())})
	if err != nil {
		return err
	}
	var alert int64
	if t.Parent != nil && t.Awaited != nil && *t.Awaited {
		parent, err := c.tx.Task(c, *t.Parent)
		if err != nil {
			return err
		}
		if parent != nil && parent.State == koji.TaskOpen && parent.HostID != nil && parent.Waiting != nil && *parent.Waiting {
			alert = *parent.HostID
		}
	}
	return c.tellTask(t.ID, alert)
}

// findTask is a task that must be there.
func (c *call) findTask(ref any) (*koji.Task, error) {
	id, err := intArg("task_id", ref)
	if err != nil {
		return nil, err
	}
	t, err := c.tx.Task(c, id)
	if err == nil && t == nil {
		err = refuse("No such task: %d", id)
	}
	return t, err
}

// assignTask gives a FREE task to a host; false when it isn't free, or is
// another host's, and force doesn't overrule that.
func (c *call) assignTo(t *koji.Task, host int64, force bool) (bool, error) {
	same := t.State == koji.TaskAssigned && t.HostID != nil && *t.HostID == host
	if t.State != koji.TaskFree && !same && !force {
		return false, nil
	}
	return true, c.moveTask(t, koji.TaskAssigned, host)
}

// freeTask puts an unfinished task back into the queue.
func (c *call) freeTask(t *koji.Task) error {
	switch {
	case t.Finished():
		return refuse("Cannot free task %d, state is %s", t.ID, t.State)
	case t.State == koji.TaskFree:
		return refuse("Cannot free task %d, state is %s", t.ID, t.State)
	}
	return c.moveTask(t, koji.TaskFree, 0)
}

// cancelTask cancels a task, the builds it is at, and with recurse all below
// it. A finished task stays as it is, and is no error.
func (c *call) cancelTask(id int64, recurse bool) error {
	t, err := c.tx.Task(c, id)
	if err != nil {
		return err
	}
	if t == nil {
		return refuse("No such task: %d", id)
	}
	switch t.State {
	case koji.TaskCanceled:
		return nil
	case koji.TaskClosed, koji.TaskFailed:
		return nil
	}
	if err := c.endTask(t, koji.TaskCanceled, ""); err != nil {
		return err
	}
	if err := c.cancelTaskBuilds(id); err != nil {
		return err
	}
	if !recurse {
		return nil
	}
	return c.cancelChildren(id)
}

// cancelChildren cancels all below a task that isn't finished.
func (c *call) cancelChildren(id int64) error {
	children, err := c.tx.TaskChildren(c, id)
	if err != nil {
		return err
	}
	for i := range children {
		child := &children[i]
		if child.Finished() {
			continue
		}
		if err := c.cancelTask(child.ID, true); err != nil {
			return err
		}
	}
	return nil
}

// mayCancel lets a task's owner, its running host, and admins.
func (c *call) mayCancel(t *koji.Task) error {
	if t.Owner == c.session.user {
		return nil
	}
	if t.State == koji.TaskOpen && t.HostID != nil && c.session.host == *t.HostID && c.session.exclusive {
		return nil
	}
	if admin, err := c.isAdmin(); err != nil || admin {
		return err
	}
	return fault(koji.CodeActionNotAllowed, "Cannot cancel task %d, not owner", t.ID)
}
