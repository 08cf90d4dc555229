package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// beginAssign asks which host tasks shall be done by.
func (e *env) beginAssign(tasks []task) tea.Cmd {
	host := pickField("host", "", e.hostsFor(tasks))
	force := toggleField("force", false)
	force.about = "also from another host, or to one that is full"
	stay := toggleField("override", false)
	stay.about = "the scheduler leaves it there, whatever becomes of the host"
	e.confirm(change{
		title: "Assign " + theTasks(tasks), yes: "assign", form: newForm(e, host, force, stay),
		update: func(c *change) {
			to := host.text()
			c.lines, c.why = nil, host.unsure()
			for i := range tasks {
				if t := &tasks[i]; t.kind != kindFree && !force.on && c.why == "" {
					c.why = fmt.Sprintf("%d is %s on %s: only by force", t.id, stateOf(t.kind), orID(t.host, 0))
				}
			}
			if c.why != "" {
				return
			}
			for i := range tasks {
				t := &tasks[i]
				c.say(roleText, "%s does %d %s, whether the scheduler would have it so or not.", to, t.id, t.label)
				if lost := e.workLost(t.id); t.kind == kindRun && lost != "" {
					c.say(roleWarn, "%s", lost)
				}
			}
			c.command = e.assignCommand(tasks, to, force.on, stay.on)
			c.do = func(ctx context.Context) (string, error) {
				for i := range tasks {
					var did bool
					named := koji.Named{"force": force.on, "override": stay.on}
					if err := e.modify(ctx, &did, "assignTask", tasks[i].id, to, named); err != nil {
						return "", fmt.Errorf("assign %d: %w", tasks[i].id, err)
					}
					if !did {
						return "", fmt.Errorf("assign %d: the hub hasn't done so: it isn't FREE any more, or %s can't take it", tasks[i].id, to)
					}
				}
				return fmt.Sprintf("%s %s assigned to %s", theTasks(tasks), plural(len(tasks), "is", "are"), to), nil
			}
		},
	})
	return e.fetchNames(listHosts)
}

// hostsFor are the hosts to pick from: those first that are for the tasks' arches.
func (e *env) hostsFor(tasks []task) func() []choice {
	fits := func(c choice) bool {
		arches := strings.Fields(c.about)
		return !slices.ContainsFunc(tasks, func(t task) bool { return t.arch != "noarch" && !slices.Contains(arches, t.arch) })
	}
	return func() []choice {
		list := slices.Clone(e.lists[listHosts].choices)
		slices.SortStableFunc(list, func(a, b choice) int {
			switch {
			case fits(a) == fits(b):
				return 0
			case fits(a):
				return -1
			}
			return 1
		})
		return list
	}
}

// assignCommand is the lines for a shell that assign tasks; what has no option
// goes by its method.
func (e *env) assignCommand(tasks []task, host string, force, stay bool) string {
	switch {
	case stay && force:
		return e.eachLine(tasks, "call assignTask", host, "force=True", "override=True")
	case stay:
		return e.eachLine(tasks, "call assignTask", host, "override=True")
	case force:
		return e.eachLine(tasks, "assign-task --force", host)
	}
	return e.eachLine(tasks, "assign-task", host)
}
