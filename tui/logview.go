package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// logView shows one log, or two side by side.
type logView struct {
	screen
	panes    []*logPane
	focus    int
	together bool // what moves in one moves in the other
	right    bool // a second one is to be opened with the first
	edit     lineEdit
}

func newLogView(e *env, task int64, name string, files map[string]fileStat) *logView {
	v := &logView{screen: newScreen(e), edit: newLineEdit()}
	v.panes = []*logPane{newLogPane(e, v.c, task, name, files)}
	return v
}

func (v *logView) pane() *logPane { return v.panes[v.focus] }

func (v *logView) title() []string {
	if len(v.panes) == 1 {
		if p := v.panes[0]; p.of != "" {
			return []string{p.name} // it stands below what it is of
		}
		return []string{v.e.taskTitle(v.panes[0].task), v.panes[0].name}
	}
	titles := make([]string, 2)
	for i, p := range v.panes {
		titles[i] = fmt.Sprintf("%d %s", p.task, p.name)
	}
	return []string{strings.Join(titles, " | ")}
}

// taskTitle is a task's number and label, if that is known.
func (e *env) taskTitle(id int64) string {
	if t := e.store.get(id); t != nil {
		return fmt.Sprintf("%d %s", id, t.label)
	}
	return fmt.Sprint(id)
}

func (v *logView) keys() []action {
	keys := []action{
		actDown, actUp, actLeft, actRight, actAside, actSearch, actNextHit, actPrevHit, actNextError, actPrevError,
		actNextPart, actPrevPart, actFold, actFoldDone, actFollow, actWrap, actNumbers, actClean, actOtherLog, actLogRight,
		actSave, actFirst, actLast, actHalfDown, actHalfUp, actPageDown, actPageUp,
	}
	if len(v.panes) > 1 {
		keys = append(keys, actNextTab, actPrevTab, actTogether)
	}
	return keys
}

func (v *logView) ticks() bool {
	return slices.ContainsFunc(v.panes, func(p *logPane) bool { return p.polls() || p.seek != nil || p.counting })
}

func (v *logView) status() string { return v.pane().status() }

func (v *logView) resize(w, h int) {
	v.screen.resize(w, h)
	if len(v.panes) == 1 {
		v.panes[0].resize(w, h)
		return
	}
	left := (w - 1) / 2
	v.panes[0].resize(left, h-1)
	v.panes[1].resize(w-1-left, h-1)
}

func (v *logView) typing() bool { return v.edit.active }

func (v *logView) input(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyEnter {
		v.edit.key(k)
		return nil
	}
	v.edit.close()
	text := v.edit.value()
	if text == "" {
		return nil
	}
	var cmds []tea.Cmd
	for i, p := range v.panes {
		p.pattern = text
		p.countHits()
		if i == v.focus || v.together {
			p.mark = -1
			cmds = append(cmds, p.find(wanted{name: "/" + text, match: matcher(text), dir: 1, turn: true}))
		}
	}
	return tea.Batch(cmds...)
}

func (v *logView) escape() bool {
	if v.edit.active {
		v.edit.close()
		return true
	}
	left := false
	for _, p := range v.panes {
		left = p.escape() || left
	}
	return left
}

func (v *logView) command() string {
	if p := v.pane(); p.of != "" {
		return v.e.commandLine("download-logs", "--nvr", p.of)
	}
	return v.e.commandLine("watch-logs", "--log", v.pane().name, v.pane().task)
}

func (v *logView) do(a action) tea.Cmd {
	switch a {
	case actNextTab, actPrevTab:
		v.focus = (v.focus + 1) % len(v.panes)
	case actTogether:
		v.together = !v.together
	case actSearch:
		v.edit.open("")
	case actOtherLog:
		return v.other()
	case actLogRight:
		return v.openRight()
	case actSave:
		return v.save()
	default:
		return v.move(a)
	}
	return nil
}

// move does what moves or turns something in the pane that has the focus, and
// in the other one if they go together.
func (v *logView) move(a action) tea.Cmd {
	p := v.pane()
	cmd := p.do(a)
	if !v.together || len(v.panes) < 2 {
		return cmd
	}
	other := v.panes[1-v.focus]
	switch a {
	case actNextPart, actPrevPart:
		if p.mark >= 0 && p.mark < len(p.win.lines) {
			return tea.Batch(cmd, other.toPhase(phaseOf(p.win.line(p.mark))))
		}
		return cmd
	}
	return tea.Batch(cmd, other.do(a))
}

// back closes the pane that has the focus, so that the other one has all the
// room.
func (v *logView) back() bool {
	if len(v.panes) < 2 {
		return false
	}
	v.panes[v.focus].stopSeek()
	v.panes[v.focus].gen++
	v.panes = slices.Delete(v.panes, v.focus, v.focus+1)
	v.focus, v.together = 0, false
	v.resize(v.w, v.h)
	return true
}

// logNames are the logs among a task's files, what one looks for first.
func logNames(files map[string]fileStat) []string {
	names := slices.SortedFunc(maps.Keys(files), func(a, b string) int { return strings.Compare(logRank(a), logRank(b)) })
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".log") })
}

// other goes on to the next log of the task.
func (v *logView) other() tea.Cmd {
	p := v.pane()
	names := logNames(p.files)
	at := slices.Index(names, p.name)
	if len(names) == 0 || at >= 0 && len(names) < 2 {
		v.e.tell(roleWarn, "the task has no other log")
		return nil
	}
	return p.replace(p.task, names[(at+1)%len(names)], p.files)
}

func (v *logView) update(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	switch m := msg.(type) {
	case opened:
		if v.panes[0].loaded {
			return nil
		}
		cmds = append(cmds, v.panes[0].fetch(fetchOpen))
		if v.right {
			cmds = append(cmds, v.openRight())
		}
	case reply:
		return v.take(m)
	default:
		for _, p := range v.panes {
			cmds = append(cmds, p.update(msg))
		}
	}
	return tea.Batch(cmds...)
}

func (v *logView) take(m reply) tea.Cmd {
	if s, ok := m.what.(saved); ok {
		v.e.tellSaved(s, m.err)
		return nil
	}
	return takeLog(m)
}

// takeLog hands what was read of a log to the pane that asked for it.
func takeLog(m reply) tea.Cmd {
	switch what := m.what.(type) {
	case fetched:
		return what.pane.take(what, m.err)
	case counted:
		return what.pane.takeCounted(what, m.err)
	case found:
		return what.pane.takeFound(what, m.err)
	}
	return nil
}

// do does what moves or turns something in a pane.
func (p *logPane) do(a action) tea.Cmd {
	switch a {
	case actFirst:
		return p.toFirst()
	case actLast:
		return p.toEnd()
	case actFollow:
		if p.follow {
			p.follow = false
			return nil
		}
		return p.toEnd()
	case actLeft:
		p.sideways(-8)
	case actRight, actAside:
		p.sideways(8)
	case actWrap:
		p.wrap, p.left = !p.wrap, 0
		p.settleTop()
	case actClean:
		p.bare = !p.bare
		p.settleTop()
	case actNumbers:
		return p.toggleNumbers()
	case actFold:
		p.foldPhase()
	case actFoldDone:
		p.foldAll()
	case actNextHit:
		return p.nextHit(1)
	case actPrevHit:
		return p.nextHit(-1)
	case actNextError:
		return p.nextError(1)
	case actPrevError:
		return p.nextError(-1)
	case actNextPart:
		return p.find(wanted{name: "phase", match: beginsPhase, dir: 1})
	case actPrevPart:
		return p.find(wanted{name: "phase", match: beginsPhase, dir: -1})
	default:
		if n := scrollBy(a, p.rows(), len(p.win.lines)); n != 0 {
			return p.scroll(n)
		}
	}
	return p.more()
}

func (p *logPane) nextError(dir int) tea.Cmd {
	if p.warnings {
		return p.find(wanted{name: "error or warning", match: func(line []byte) bool { return severityOf(line) != severityNone }, dir: dir})
	}
	return p.find(wanted{name: "error", match: isErrorLine, dir: dir})
}

// commands are what has no key.
func (v *logView) commands() []command {
	on := !v.pane().warnings
	c := command{name: "warnings", about: "e and E stop at warnings too", do: func() tea.Cmd {
		for _, p := range v.panes {
			p.warnings = on
		}
		return nil
	}}
	if !on {
		c.about = "e and E stop at errors alone"
	}
	return []command{c}
}

func (v *logView) toLine(n int64) tea.Cmd { return v.pane().toLine(n) }

// toLine goes to the line of a number, as far as lines are counted.
func (p *logPane) toLine(n int64) tea.Cmd {
	n--
	if p.win.first >= 0 && n >= p.win.first && n < p.win.first+int64(len(p.win.lines)) {
		p.jump(int(n - p.win.first))
		return p.more()
	}
	if n > p.index.lines || n/indexEvery >= int64(len(p.index.places)) {
		text := fmt.Sprintf("the log has %s lines", thousands(p.index.lines))
		if !p.index.whole(p.size) {
			p.count = true
			text = fmt.Sprintf("%s lines are counted so far, try again in a moment", thousands(p.index.lines))
		}
		p.e.tell(roleWarn, text)
		return p.countOn()
	}
	p.follow = false
	return p.around(p.index.places[n/indexEvery], int(n%indexEvery))
}

func beginsPhase(line []byte) bool { return phaseOf(line) != "" }

// toPhase goes to the phase of a name, wherever it is.
func (p *logPane) toPhase(name string) tea.Cmd {
	p.mark = -1
	return p.find(wanted{name: name, match: func(line []byte) bool { return phaseOf(line) == name }, dir: 1, turn: true})
}

func (p *logPane) nextHit(dir int) tea.Cmd {
	if p.pattern == "" {
		p.e.tell(roleWarn, "nothing to look for; / begins a search")
		return nil
	}
	return p.find(wanted{name: "/" + p.pattern, match: matcher(p.pattern), dir: dir})
}

// toggleNumbers shows the numbers of lines or not; those of a long file are
// counted when they are asked for.
func (p *logPane) toggleNumbers() tea.Cmd {
	if !p.nonum && !p.count && !p.index.whole(p.size) {
		p.count = true
		return p.countOn()
	}
	p.nonum = !p.nonum
	return nil
}
