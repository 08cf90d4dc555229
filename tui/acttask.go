package tui

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// taskDeeds are what can be done to tasks, the selected one or the marked.
func (e *env) taskDeeds(tasks []task) []deed {
	if len(tasks) == 0 {
		return nil
	}
	confirm := func(c func([]task) change) func() tea.Cmd {
		return func() tea.Cmd { e.confirm(c(tasks)); return nil }
	}
	list := []deed{
		{"c", "cancel", "with its subtasks", e.whyNot(tasks, e.whyNotCancel), confirm(e.cancelTasks)},
		{"o", "cancel only it", "its subtasks go on", e.whyNot(tasks, e.whyNotCancelAlone), confirm(e.cancelAlone)},
		{"k", "cancel subtasks", "it goes on itself", e.whyNot(tasks, e.whyNotCancelBelow), confirm(e.cancelBelow)},
		{"C", "cancel whole tree", "from the topmost task on", e.whyNot(tasks, e.whyNotCancelTree), confirm(e.cancelTrees)},
		{"s", "submit again", "same parameters", e.whyNot(tasks, e.whyNotResubmit), confirm(e.resubmitTasks)},
		{"f", "free", "for another host", e.whyNot(tasks, e.whyNotFree), confirm(e.freeTasks)},
		{"h", "assign…", "to a host", e.whyNot(tasks, e.whyNotPriority), func() tea.Cmd { return e.beginAssign(tasks) }},
		{"p", "priority…", "how urgent it is", e.whyNot(tasks, e.whyNotPriority), confirm(e.prioritizeTasks)},
	}
	if len(tasks) == 1 {
		t := tasks[0]
		list = append(list, deed{"t", "tag the build…", "what it has built", e.whyNotTagTask(&t), func() tea.Cmd { return e.tagBuildOf(t.id) }})
	}
	return list
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

func whyFinished(t *task) string {
	if t.finished() {
		return fmt.Sprintf("it has finished (%s)", stateOf(t.kind))
	}
	return ""
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

func (e *env) whyNotFree(t *task) string {
	if t.kind == kindFree {
		return "it is FREE"
	}
	if why := whyFinished(t); why != "" {
		return why
	}
	return e.whyWithout("admin")
}

func (e *env) whyNotPriority(t *task) string {
	if why := whyFinished(t); why != "" {
		return why
	}
	return e.whyWithout("admin")
}

func (e *env) whyNotTagTask(t *task) string {
	if t.method != "build" || t.kind != kindDone {
		return "no build was made"
	}
	return e.whyOffline()
}

// taskIDs are the ids as arguments of a command.
func taskIDs(tasks []task) []any {
	ids := make([]any, len(tasks))
	for i := range tasks {
		ids[i] = tasks[i].id
	}
	return ids
}

// eachLine is a line for a shell for each task, for commands that take one.
func (e *env) eachLine(tasks []task, verb string, after ...any) string {
	var lines []string
	for i := range tasks {
		lines = append(lines, e.commandLine(verb, append([]any{tasks[i].id}, after...)...))
	}
	return strings.Join(lines, "; ")
}

// theTasks is one task by its id, more by their number.
func theTasks(tasks []task) string {
	if len(tasks) == 1 {
		return fmt.Sprint(tasks[0].id)
	}
	return fmt.Sprintf("%d tasks", len(tasks))
}

// plural is the word that goes with the number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// eachTask is the calls of a change: one method for each task, until one fails.
func (e *env) eachTask(tasks []task, verb, told, method string, args ...any) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		for i := range tasks {
			if err := e.modify(ctx, nil, method, append([]any{tasks[i].id}, args...)...); err != nil {
				return "", fmt.Errorf("%s %d: %w", verb, tasks[i].id, err)
			}
		}
		return theTasks(tasks) + plural(len(tasks), " is ", " are ") + told, nil
	}
}

func (e *env) resubmitTasks(tasks []task) change {
	c := change{title: "Submit again?", command: e.commandLine("resubmit", taskIDs(tasks)...), yes: "submit"}
	for i := range tasks {
		t := &tasks[i]
		c.say(roleText, "Makes a new task like %d %s", t.id, t.label)
		c.say(roleText, "with the same parameters, for %s.", orID(t.ownerName, t.owner))
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

func (e *env) freeTasks(tasks []task) change {
	c := change{
		title: "Free?", command: e.commandLine("free-task", taskIDs(tasks)...), destroys: true, yes: "free", no: "keep",
		do: e.eachTask(tasks, "free", "free again", "freeTask"),
	}
	for i := range tasks {
		t := &tasks[i]
		c.say(roleText, "Takes %d %s from %s; another host begins it anew.", t.id, t.label, orID(t.host, 0))
		if lost := e.workLost(t.id); lost != "" {
			c.say(roleWarn, "%s", lost)
		}
	}
	return c
}

func (e *env) prioritizeTasks(tasks []task) change {
	number := textField("priority", fmt.Sprint(tasks[0].priority))
	number.about = "the lower, the sooner"
	below := toggleField("subtasks too", true)
	return change{
		title: fmt.Sprintf("Priority of %s", theTasks(tasks)), yes: "set", form: newForm(e, number, below),
		update: func(c *change) {
			n, err := strconv.ParseInt(number.text(), 10, 32)
			c.why, c.lines = "", nil
			if err != nil {
				c.why = "the priority is a number"
				return
			}
			args := []any{"--priority", n}
			if below.on {
				args = append(args, "--recurse")
			}
			c.command = e.commandLine("set-task-priority", append(args, taskIDs(tasks)...)...)
			c.do = e.eachTask(tasks, "set the priority of", fmt.Sprintf("of priority %d now", n), "setTaskPriority", n, below.on)
		},
	}
}

// tagBuildOf finds the build that a task has made, to tag it.
func (e *env) tagBuildOf(id int64) tea.Cmd {
	h := e.hub
	return e.ask(e.acts, func(ctx context.Context) (any, error) {
		var builds []koji.Build
		if err := h.call(ctx, "listBuilds", &builds, koji.Named{"taskID": id}); err != nil {
			return resume(nil), err
		}
		if len(builds) == 0 {
			return resume(nil), fmt.Errorf("task %d has made no build", id)
		}
		var refs []buildRef
		for _, b := range builds {
			refs = append(refs, buildRef{id: b.BuildID, nvr: safetext.Clean(b.NVR), state: b.State, owner: b.OwnerID})
		}
		return resume(func() tea.Cmd { return e.beginTag(refs) }), nil
	})
}

// taskClips are what can be copied of a task.
func (e *env) taskClips(t *task) []clip {
	list := []clip{{"i", "id", fmt.Sprint(t.id)}, {"l", "label", t.label}}
	if t.fault != "" {
		list = append(list, clip{"f", "fault", t.fault})
	}
	return append(list, e.webClip("taskinfo?taskID", t.id)...)
}

// webClip is the address of a page of the hub's web pages, if they are known.
func (e *env) webClip(page string, id int64) []clip {
	if e.weburl == "" {
		return nil
	}
	return []clip{{"u", "URL", fmt.Sprintf("%s/%s=%d", e.weburl, page, id)}}
}

// thingClips are what can be copied of a thing with a name, a number and a page
// of its own.
func (e *env) thingClips(kind, name, page string, id int64) []clip {
	return append([]clip{{"n", kind, name}, {"i", "id", fmt.Sprint(id)}}, e.webClip(page, id)...)
}

// selectedClips are what can be copied of the selected item of a table.
func selectedClips[K comparable, T any](t *table[K, T], of func(T) []clip) []clip {
	item, ok := t.selected()
	if !ok {
		return nil
	}
	return of(item)
}
