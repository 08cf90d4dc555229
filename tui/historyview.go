package tui

import (
	tea "github.com/charmbracelet/bubbletea"
)

// historyView is what was done since the UI began, as commands that do the
// same in a shell.
type historyView struct {
	screen
	page page
}

func newHistoryView(e *env) *historyView {
	return &historyView{screen: newScreen(e), page: page{e: e}}
}

func (v *historyView) title() []string { return []string{"what was done"} }
func (v *historyView) keys() []action  { return v.page.keys() }

func (v *historyView) resize(w, h int) {
	v.screen.resize(w, h)
	v.page.resize(h)
}

func (v *historyView) update(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case opened, done:
		v.layout()
	}
	return nil
}

func (v *historyView) do(a action) tea.Cmd {
	v.page.do(a)
	return nil
}

func (v *historyView) draw(c *Canvas) { v.page.draw(c) }

func (v *historyView) layout() {
	v.page.begin()
	if len(v.e.history) == 0 {
		v.page.text(roleDim, "nothing was done yet")
	}
	for i, d := range v.e.history {
		v.page.add(i, func(p *pen, room int) {
			end := p.x + room
			p.put(roleDim, d.at.In(v.e.loc).Format("15:04:05")).skip(2)
			if d.failed != "" {
				p.put(roleFail, v.e.sign(kindMarks[kindFailed])).skip(1).write(roleText, d.command, end).skip(2).write(roleFail, d.failed, end)
				return
			}
			p.put(roleDone, v.e.sign(kindMarks[kindDone])).skip(1).write(roleText, d.command, end)
		})
	}
	v.page.end()
}

// command is that of the selected line.
func (v *historyView) command() string {
	if i, ok := v.page.sel.(int); ok && i < len(v.e.history) {
		return v.e.history[i].command
	}
	return ""
}

func (v *historyView) clips() []clip {
	text := ""
	for _, d := range v.e.history {
		text += d.command + "\n"
	}
	if text == "" {
		return nil
	}
	return []clip{{"a", "all", text}}
}
