package tui

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"
)

// besideLog is a log that may stand beside another one.
type besideLog struct {
	task  int64
	name  string
	files map[string]fileStat // nil if they aren't known
}

// logsBeside are the logs that one may want to see beside a pane's: of the same
// name of the tasks that do the same below the same parent, which are those of
// the other arches, and the others of its own task.
func (e *env) logsBeside(p *logPane) []besideLog {
	var list []besideLog
	if t := e.store.get(p.task); t != nil && e.store.get(t.parent) != nil {
		for _, id := range e.store.get(t.parent).children {
			if c := e.store.get(id); c.method == t.method && id != p.task && c.started > 0 {
				list = append(list, besideLog{task: id, name: p.name})
			}
		}
	}
	for _, name := range logNames(p.files) {
		if name != p.name {
			list = append(list, besideLog{p.task, name, p.files})
		}
	}
	return list
}

// openRight opens a second log, which is chosen from a list if there are
// several; enter takes the one that comes next.
func (v *logView) openRight() tea.Cmd {
	if v.w < 80 {
		v.e.tell(roleWarn, "two logs need 80 columns")
		return nil
	}
	list := v.e.logsBeside(v.panes[0])
	switch len(list) {
	case 0:
		v.e.tell(roleWarn, "there is no other log beside this one")
		return nil
	case 1:
		return v.openBeside(list[0])
	}
	m := &menu{e: v.e, title: "at the right", at: v.nextBeside(list)}
	for i, l := range list[:min(len(list), 26)] {
		name, about := l.name, "of the same task"
		if t := v.e.store.get(l.task); t != nil && l.task != v.panes[0].task {
			name = fmt.Sprintf("%d %s", t.id, t.arch)
			about = fmt.Sprintf("%s · %s", l.name, stateOf(t.kind))
			if t.host != "" {
				about += " on " + shortHost(t.host, 16, false)
			}
		}
		m.items = append(m.items, menuItem{key: string(rune('a' + i)), name: name, about: about, do: func() tea.Cmd { return v.openBeside(l) }})
	}
	v.e.over = m
	return nil
}

// nextBeside is the log after the one at the right, else that of the next task.
func (v *logView) nextBeside(list []besideLog) int {
	if len(v.panes) > 1 {
		right := v.panes[1]
		at := slices.IndexFunc(list, func(l besideLog) bool { return l.task == right.task && l.name == right.name })
		return (at + 1) % len(list)
	}
	return max(0, slices.IndexFunc(list, func(l besideLog) bool { return l.task > v.panes[0].task }))
}

func (v *logView) openBeside(l besideLog) tea.Cmd {
	if len(v.panes) > 1 {
		return v.panes[1].replace(l.task, l.name, l.files)
	}
	p := newLogPane(v.e, v.c, l.task, l.name, l.files)
	v.panes = append(v.panes, p)
	v.focus = 1
	v.resize(v.w, v.h)
	return p.fetch(fetchOpen)
}
