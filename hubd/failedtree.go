package hubd

import (
	"slices"
	"strings"

	"koji"
)

// failedTreePlugin is the hub's side of Koji's plugin save_failed_tree: it
// keeps the buildroot of a task that failed, for whoever wants to see why.
type failedTreePlugin struct {
	methods []string // of the tasks whose buildroots may be kept; * is any
}

func (p *failedTreePlugin) install(h *Hub) error {
	r, err := h.cfg.pluginSection("save_failed_tree.conf", "permissions")
	if err != nil {
		return err
	}
	p.methods = strings.FieldsFunc(r.text("allowed_methods", "*"), isListSeparator)
	if r.err != nil {
		return r.err
	}
	return h.addMethods([]method{
		writes("saveFailedTree", user, "Creates a saveFailedTree task pinned to the host of a failed buildroot.", p.save),
	})
}

// isListSeparator tells where lists in plugins' files are cut: Koji's are cut at commas, or at spaces.
func isListSeparator(r rune) bool { return strings.ContainsRune(", \t\n", r) }

type saveFailedTreeArgs struct {
	Buildroot any            `rpc:"buildrootID"`
	Full      bool           `rpc:"full=false"`
	Opts      map[string]any `rpc:"**opts"`
}

func (p *failedTreePlugin) save(c *call, a saveFailedTreeArgs) (any, error) {
	id, err := intArg("buildrootID", a.Buildroot)
	if err != nil {
		return nil, err
	}
	root, err := c.tx.Buildroot(c, id)
	switch {
	case err != nil:
		return nil, err
	case root == nil:
		return nil, refuse("No such buildroot: %d", id)
	case root.TaskID == nil || root.HostID == nil:
		return nil, fault(koji.CodePreBuild, "Buildroot %d belongs to no task", id)
	}
	task, err := c.findTask(*root.TaskID)
	if err != nil {
		return nil, err
	}
	admin, err := c.isAdmin()
	if err != nil {
		return nil, err
	}
	host, err := c.hostRef(*root.HostID)
	switch {
	case err != nil:
		return nil, err
	case task.State != koji.TaskFailed:
		return nil, fault(koji.CodePreBuild, "Task %d has not failed: it is %s, and only buildroots of failed tasks can be kept", task.ID, task.State)
	case !slices.Contains(p.methods, "*") && !slices.Contains(p.methods, task.Method):
		return nil, fault(koji.CodePreBuild, "Only buildroots of %s tasks can be kept, and task %d is a %s task",
			strings.Join(p.methods, ", "), task.ID, task.Method)
	case task.Owner != c.session.user && !admin:
		return nil, fault(koji.CodeActionNotAllowed, "Only the owner of task %d or an admin may keep its buildroot", task.ID)
	case !host.Enabled:
		return nil, fault(koji.CodePreBuild, "Host %s, which has the buildroot, is disabled", host.Name)
	}
	return c.makeTask(taskOptions{Method: "saveFailedTree", Params: []any{id, a.Full}, Named: a.Opts, Assign: host.ID})
}
