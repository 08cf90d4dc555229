package tui

import (
	"fmt"
	"slices"
	"sort"

	"koji"
)

func (e *env) whyNotCancel(t *task) string {
	if why := whyFinished(t); why != "" {
		return why
	}
	return e.whyNotMine(t)
}

func (e *env) whyNotCancelAlone(t *task) string {
	if why := e.whyNotCancel(t); why != "" {
		return why
	}
	return e.whyNoneBelow(t.id)
}

func (e *env) whyNotCancelBelow(t *task) string {
	if why := e.whyNoneBelow(t.id); why != "" {
		return why
	}
	return e.whyNotMine(t)
}

func (e *env) whyNotCancelTree(t *task) string {
	top := e.store.get(e.store.root(t.id))
	if top == nil {
		return "its tree isn't known"
	}
	if why := whyFinished(&top.task); why != "" && e.whyNoneBelow(top.id) != "" {
		return why
	}
	return e.whyWithout("admin")
}

// whyNoneBelow is the reason if nothing is left of a task's subtasks.
func (e *env) whyNoneBelow(id int64) string {
	switch n, total := e.store.below(id); total {
	case 0:
		return "it has no subtasks"
	case n[kindDone] + n[kindFailed] + n[kindCanceled]:
		return "its subtasks have finished"
	}
	return ""
}

func (e *env) cancelTasks(tasks []task) change {
	c := e.cancelChange(tasks, "cancel", "cancelTask")
	if tasks[0].method == "build" && len(tasks) == 1 {
		c.title = "Cancel a build?"
	}
	for i := range tasks {
		c.say(roleText, "Cancels %d %s", tasks[i].id, tasks[i].label)
		e.sayBelow(&c, "and", tasks[i].id)
	}
	return c
}

func (e *env) cancelAlone(tasks []task) change {
	c := e.cancelChange(tasks, "cancel --justone", "cancelTask", false)
	for i := range tasks {
		c.say(roleText, "Cancels %d %s alone;", tasks[i].id, tasks[i].label)
		c.say(roleText, "what is below it goes on, for nobody who waits for it.")
	}
	return c
}

func (e *env) cancelBelow(tasks []task) change {
	c := e.cancelChange(tasks, "call cancelTaskChildren", "cancelTaskChildren")
	for i := range tasks {
		c.say(roleText, "Of %d %s, which goes on,", tasks[i].id, tasks[i].label)
		e.sayBelow(&c, "cancels", tasks[i].id)
	}
	return c
}

// cancelTrees cancels all that the tasks are a part of.
func (e *env) cancelTrees(tasks []task) change {
	var tops []task
	verb := "cancel --full"
	for i := range tasks {
		top := e.store.get(e.store.root(tasks[i].id)).task
		if slices.ContainsFunc(tops, func(t task) bool { return t.id == top.id }) {
			continue
		}
		tops = append(tops, top)
		if top.parent != 0 {
			verb = "cancel --full --force" // the one above isn't known here; the hub finds it
		}
	}
	c := e.cancelChange(tops, verb, "cancelTaskFull", koji.Named{"strict": false})
	c.title = "Cancel the whole tree?"
	for i := range tops {
		c.say(roleText, "Cancels %d %s", tops[i].id, tops[i].label)
		e.sayBelow(&c, "and", tops[i].id)
	}
	return c
}

// cancelChange is what all ways to cancel have in common.
func (e *env) cancelChange(tasks []task, verb, method string, args ...any) change {
	c := change{
		title: "Cancel a task?", command: e.commandLine(verb, taskIDs(tasks)...), destroys: true, yes: "cancel it", no: "keep it",
		do: e.eachTask(tasks, "cancel", "canceled", method, args...),
	}
	if method == "cancelTaskChildren" {
		c.title, c.yes, c.no = "Cancel subtasks?", "cancel them", "keep them"
		c.command = e.eachLine(tasks, verb)
		c.do = e.eachTask(tasks, "cancel the subtasks of", "without subtasks now", method)
	}
	if len(tasks) > 1 {
		c.title, c.yes, c.no = fmt.Sprintf("Cancel %d tasks?", len(tasks)), "cancel them", "keep them"
	}
	return c
}

// sayBelow says what is canceled of a task's subtasks, and what is lost.
func (e *env) sayBelow(c *change, verb string, id int64) {
	if n, total := e.store.below(id); total > 0 {
		running := n[kindRun] + n[kindParent] + n[kindRepo]
		waiting := n[kindFree] + n[kindAssigned]
		c.say(roleText, "%s its %d %s: %d running, %d waiting, %d finished (kept).", verb,
			total, plural(total, "subtask", "subtasks"), running, waiting, n[kindDone]+n[kindFailed]+n[kindCanceled])
	}
	if lost := e.workLost(id); lost != "" {
		c.say(roleWarn, "%s", lost)
	}
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
	return fmt.Sprintf("%s of work on %s %s lost.", enumerate(spans), enumerate(hosts), plural(len(spans), "is", "are"))
}
