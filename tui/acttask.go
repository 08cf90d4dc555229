package tui

import (
	"context"
	"fmt"
	"sort"

	tea "github.com/charmbracelet/bubbletea"
)

// taskDeeds are what can be done to tasks, the selected one or the marked.
func (e *env) taskDeeds(tasks []task) []deed {
	if len(tasks) == 0 {
		return nil
	}
	confirm := func(c func([]task) change) func() tea.Cmd {
		return func() tea.Cmd { e.confirm(c(tasks)); return nil }
	}
	return []deed{
		{"c", "cancel", "with its subtasks", e.whyNot(tasks, e.whyNotCancel), confirm(e.cancelTasks)},
		{"s", "submit again", "same parameters", e.whyNot(tasks, e.whyNotResubmit), confirm(e.resubmitTasks)},
	}
}

// whyNot is the reason of the first task that one is off for.
func (e *env) whyNot(tasks []task, of func(*task) string) string {
	for i := range tasks {
		why := of(&tasks[i])
		if why != "" && len(tasks) > 1 {
			return fmt.Sprintf("%d: %s", tasks[i].id, why)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// whyNotMine is the reason if a task is neither the user's own nor they an admin.
func (e *env) whyNotMine(t *task) string {
	if why := e.whyOffline(); why != "" {
		return why
	}
	if t.owner != e.me.id && !e.me.admin() {
		return fmt.Sprintf("it is %s's, so needs admin; %s", orID(t.ownerName, t.owner), e.have())
	}
	return ""
}

func (e *env) whyNotCancel(t *task) string {
	if t.finished() {
		return fmt.Sprintf("it has finished (%s)", stateOf(t.kind))
	}
	return e.whyNotMine(t)
}

func (e *env) whyNotResubmit(t *task) string {
	switch {
	case t.parent != 0:
		return fmt.Sprintf("it is a subtask of %d", t.parent)
	case t.kind != kindFailed && t.kind != kindCanceled:
		return fmt.Sprintf("it is %s, not FAILED or CANCELED", stateOf(t.kind))
	}
	return e.whyNotMine(t)
}

// taskIDs are the ids as arguments of a command.
func taskIDs(tasks []task) []any {
	ids := make([]any, len(tasks))
	for i := range tasks {
		ids[i] = tasks[i].id
	}
	return ids
}

func (e *env) cancelTasks(tasks []task) change {
	c := change{
		title: "Cancel a task?", command: e.commandLine("cancel", taskIDs(tasks)...), destroys: true, yes: "cancel it", no: "keep it",
	}
	if tasks[0].method == "build" {
		c.title = "Cancel a build?"
	}
	if len(tasks) > 1 {
		c.title, c.yes, c.no = fmt.Sprintf("Cancel %d tasks?", len(tasks)), "cancel them", "keep them"
	}
	for i := range tasks {
		t := &tasks[i]
		c.lines = append(c.lines, dialogLine{roleText, fmt.Sprintf("Cancels %d %s", t.id, t.label)})
		n, total := e.store.below(t.id)
		if total > 0 {
			running := n[kindRun] + n[kindParent] + n[kindRepo]
			waiting := n[kindFree] + n[kindAssigned]
			c.lines = append(c.lines, dialogLine{roleText, fmt.Sprintf("and its %d subtasks: %d running, %d waiting, %d finished (kept).",
				total, running, waiting, n[kindDone]+n[kindFailed]+n[kindCanceled])})
		}
		if lost := e.workLost(t.id); lost != "" {
			c.lines = append(c.lines, dialogLine{roleWarn, lost})
		}
	}
	c.do = func(ctx context.Context) (string, error) {
		for i := range tasks {
			if err := e.modify(ctx, nil, "cancelTask", tasks[i].id); err != nil {
				return "", fmt.Errorf("cancel %d: %w", tasks[i].id, err)
			}
		}
		if len(tasks) > 1 {
			return fmt.Sprintf("%d tasks are canceled", len(tasks)), nil
		}
		return fmt.Sprintf("%d is canceled", tasks[0].id), nil
	}
	return c
}

// workLost says how much work of which hosts a cancel throws away.
func (e *env) workLost(id int64) string {
	var spans, hosts []string
	seen := map[string]bool{}
	var walk func(id int64)
	walk = func(id int64) {
		t := e.store.get(id)
		if t == nil {
			return
		}
		if t.kind == kindRun && t.started > 0 {
			spans = append(spans, span(e.clock()-t.started))
			if t.host != "" && !seen[t.host] {
				seen[t.host] = true
				hosts = append(hosts, t.host)
			}
		}
		for _, child := range t.children {
			walk(child)
		}
	}
	walk(id)
	if len(spans) == 0 {
		return ""
	}
	sort.Strings(hosts)
	verb := "is"
	if len(spans) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s of work on %s %s lost.", enumerate(spans), enumerate(hosts), verb)
}

func (e *env) resubmitTasks(tasks []task) change {
	c := change{title: "Submit again?", command: e.commandLine("resubmit", taskIDs(tasks)...), yes: "submit"}
	for i := range tasks {
		t := &tasks[i]
		c.lines = append(c.lines,
			dialogLine{roleText, fmt.Sprintf("Makes a new task like %d %s", t.id, t.label)},
			dialogLine{roleText, fmt.Sprintf("with the same parameters, for %s.", orID(t.ownerName, t.owner))})
	}
	c.do = func(ctx context.Context) (string, error) {
		var told []string
		for i := range tasks {
			var made int64
			if err := e.modify(ctx, &made, "resubmitTask", tasks[i].id); err != nil {
				return "", fmt.Errorf("resubmit %d: %w", tasks[i].id, err)
			}
			told = append(told, fmt.Sprintf("%d is submitted again as %d", tasks[i].id, made))
		}
		return enumerate(told), nil
	}
	return c
}

// taskClips are what can be copied of a task.
func (e *env) taskClips(t *task) []clip {
	list := []clip{{"i", "id", fmt.Sprint(t.id)}, {"l", "label", t.label}}
	if t.fault != "" {
		list = append(list, clip{"f", "fault", t.fault})
	}
	if e.weburl != "" {
		list = append(list, clip{"u", "URL", fmt.Sprintf("%s/taskinfo?taskID=%d", e.weburl, t.id)})
	}
	return list
}
