package tui

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// reposView is what repos were asked for and how that goes, and the repos that
// there are: two lists, one of which is shown.
type reposView struct {
	screen
	fresh    refresher
	tabs     tabs
	requests *table[int64, repoRequest]
	repos    *table[int64, repoRow]
	data     *repoData
	all      bool // all repos, not only the newest of each tag
	counts   map[int64]behind
}

func newReposView(e *env) *reposView {
	v := &reposView{screen: newScreen(e), tabs: tabs{names: []string{"Requests", "Repos"}}, counts: map[int64]behind{}}
	h := e.hub
	v.fresh = refresher{e: e, v: v, load: func(ctx context.Context) (any, error) { return loadRepos(ctx, h) }}
	v.requests = newTable(e, func(r repoRequest) int64 { return r.id }, v.requestColumns()...)
	v.requests.text = func(r repoRequest) string { return fmt.Sprintf("%d %s %s %d", r.id, r.tag, r.ownerName, r.taskID) }
	v.requests.fields = map[string]func(repoRequest) string{
		"tag": func(r repoRequest) string { return r.tag },
		"own": func(r repoRequest) string { return r.ownerName },
		"st":  func(r repoRequest) string { return requestWords[r.state()] },
	}
	v.requests.notes, v.requests.empty = v.requestNotes, "nobody waits for a repo"
	v.repos = newTable(e, func(r repoRow) int64 { return r.id }, v.repoColumns()...)
	v.repos.text = func(r repoRow) string { return fmt.Sprintf("%d %s", r.id, r.tag) }
	v.repos.fields = map[string]func(repoRow) string{
		"tag": func(r repoRow) string { return r.tag },
		"st":  func(r repoRow) string { return r.state.String() },
	}
	v.repos.empty = "no repos"
	return v
}

func (v *reposView) requestColumns() []column[repoRequest] {
	return []column[repoRequest]{
		{title: "", widths: widths{1, 1, 1, 1}, cell: func(r repoRequest) (string, role) {
			m := requestMarks[r.state()]
			return v.e.sign(m), m.role
		}},
		{title: "REQUEST", widths: widths{8, 8, 8, 8},
			cell:  func(r repoRequest) (string, role) { return fmt.Sprint(r.id), roleLink },
			order: func(a, b repoRequest) int { return cmp.Compare(b.id, a.id) }},
		{title: "TAG", widths: widths{rest, rest, rest, rest},
			cell:  func(r repoRequest) (string, role) { return r.tag, roleText },
			order: func(a, b repoRequest) int { return cmp.Or(strings.Compare(a.tag, b.tag), cmp.Compare(b.id, a.id)) }},
		{title: "NEEDS", widths: widths{0, 17, 20, 20},
			cell: func(r repoRequest) (string, role) { return r.needs(), roleDim }},
		{title: "PRIO", widths: widths{4, 4, 4, 4}, right: true,
			cell: func(r repoRequest) (string, role) { return fmt.Sprint(r.priority), roleText },
			order: func(a, b repoRequest) int {
				return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.id, b.id))
			}},
		{title: "AGE", widths: widths{6, 6, 6, 6}, right: true,
			cell: func(r repoRequest) (string, role) { return span(r.until(v.e.clock()) - r.created), roleText }},
		{title: "STATE", widths: widths{16, 22, 40, 50},
			cell: func(r repoRequest) (string, role) { return v.requestState(r) }},
	}
}

// requestState says how far a request is.
func (v *reposView) requestState(r repoRequest) (string, role) {
	task := ""
	if r.taskID != 0 {
		task = fmt.Sprintf("newRepo %d", r.taskID)
	}
	switch r.state() {
	case requestDone:
		return fmt.Sprintf("repo %d", r.repoID), roleDone
	case requestFailed:
		return fmt.Sprintf("given up, %d %s %s", r.tries, plural(int(r.tries), "try", "tries"), task), roleFail
	case requestRuns:
		text := task
		if t := v.data.tasks[r.taskID]; t != nil {
			switch {
			case t.kind == kindFree || t.kind == kindAssigned:
				text += " " + kindWords[t.kind]
			case t.started > 0:
				text += " for " + span(v.e.clock()-t.started)
			}
		}
		return text, roleRun
	}
	text := "queued"
	if n := v.data.before(r); n > 0 {
		text += fmt.Sprintf(", %d before it", n)
	}
	if r.tries > 0 {
		text += fmt.Sprintf(", %d %s", r.tries, plural(int(r.tries), "try", "tries"))
	}
	return text, roleWait
}

// requestNotes say who asked, and which others wait for the same.
func (v *reposView) requestNotes(r repoRequest) []note {
	if !r.active {
		return nil
	}
	text := "asked by " + orID(owner(r.ownerName), r.owner)
	if r.opts != "" {
		text += " · " + r.opts
	}
	if n := len(v.data.waiting[r.id]); n > 0 {
		ids := make([]string, n)
		for i, id := range v.data.waiting[r.id] {
			ids[i] = fmt.Sprint(id)
		}
		text += fmt.Sprintf(" · waitrepo %s %s for it", enumerate(ids), plural(n, "waits", "wait"))
	}
	return []note{{roleDim, text}}
}

func (v *reposView) repoColumns() []column[repoRow] {
	return []column[repoRow]{
		{title: "", widths: widths{1, 1, 1, 1}, cell: func(r repoRow) (string, role) {
			m := r.mark()
			return v.e.sign(m), m.role
		}},
		{title: "TAG", widths: widths{rest, rest, rest, rest},
			cell:  func(r repoRow) (string, role) { return r.tag, roleText },
			order: func(a, b repoRow) int { return cmp.Or(strings.Compare(a.tag, b.tag), cmp.Compare(b.id, a.id)) }},
		{title: "REPO", widths: widths{7, 8, 8, 8}, right: true,
			cell:  func(r repoRow) (string, role) { return fmt.Sprint(r.id), roleLink },
			order: func(a, b repoRow) int { return cmp.Compare(b.id, a.id) }},
		{title: "STATE", widths: widths{8, 8, 8, 8},
			cell:  func(r repoRow) (string, role) { return r.state.String(), r.mark().role },
			order: func(a, b repoRow) int { return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(b.id, a.id)) }},
		{title: "AGE", widths: widths{8, 8, 10, 10}, right: true,
			cell: func(r repoRow) (string, role) {
				return strings.TrimSuffix(ago(v.e.clock()-r.created), " ago"), roleText
			},
			order: func(a, b repoRow) int { return cmp.Compare(b.created, a.created) }},
		{title: "BEHIND THE TAG", widths: widths{0, 26, 40, 50}, cell: func(r repoRow) (string, role) {
			return v.behind(r)
		}},
	}
}

func (v *reposView) title() []string { return []string{"Repos"} }
func (v *reposView) ticks() bool     { return true }

// list is the table that is shown.
func (v *reposView) list() interface {
	do(action) bool
	keys() []action
	typing() bool
	input(tea.KeyMsg)
	escape() bool
	draw(*Canvas)
	drawFilter(*pen, string, int)
	keep() map[string]string
	restore(map[string]string)
} {
	if v.tabs.at == 0 {
		return v.requests
	}
	return v.repos
}

func (v *reposView) keys() []action {
	return append(v.list().keys(), actNextTab, actPrevTab, actOpen, actLog, actToTag, actPane)
}

func (v *reposView) typing() bool               { return v.list().typing() }
func (v *reposView) input(k tea.KeyMsg) tea.Cmd { v.list().input(k); return nil }

func (v *reposView) filterBy(text string) tea.Cmd {
	v.requests.setFilter(text)
	v.repos.setFilter(text)
	return nil
}

func (v *reposView) keep() map[string]string        { return v.requests.keep() }
func (v *reposView) restore(kept map[string]string) { v.requests.restore(kept) }

func (v *reposView) escape() bool {
	if v.list().escape() {
		return true
	}
	v.fresh.dropped()
	return v.screen.escape()
}

// selected is the tag and the task of the selected line.
func (v *reposView) selected() (tag string, task int64) {
	if v.tabs.at == 0 {
		r, _ := v.requests.selected()
		return r.tag, r.taskID
	}
	r, _ := v.repos.selected()
	return r.tag, r.taskID
}

func (v *reposView) do(a action) tea.Cmd {
	tag, task := v.selected()
	switch {
	case v.tabs.do(a):
		return v.countBehind()
	case a == actOpen && task != 0:
		v.e.next = newTaskView(v.e, task)
	case a == actLog && task != 0:
		return v.e.chooseLog(task, v.c)
	case a == actOpen || a == actLog:
		if tag != "" {
			v.e.tell(roleWarn, "there is no task for it")
		}
	case a == actToTag:
		if tag != "" {
			v.e.next = newTagView(v.e, tag)
		}
	case a == actPane && v.tabs.at == 1:
		v.all = !v.all
		v.fill()
	case a == actRefresh:
		clear(v.counts)
		return v.fresh.now()
	default:
		v.list().do(a)
		return v.countBehind()
	}
	return nil
}

func (v *reposView) deeds() []deed {
	if v.tabs.at == 0 {
		r, ok := v.requests.selected()
		if !ok {
			return nil
		}
		return v.e.requestDeeds(requestRef{r.id, r.priority, r.tag, r.active})
	}
	tag, _ := v.selected()
	return v.e.repoDeeds(tag)
}

func (v *reposView) clips() []clip {
	tag, task := v.selected()
	if tag == "" {
		return nil
	}
	list := []clip{{"t", "tag", tag}}
	if task != 0 {
		list = append(list, clip{"i", "task", fmt.Sprint(task)})
	}
	if r, ok := v.repos.selected(); ok && v.tabs.at == 1 {
		list = append(list, clip{"r", "repo", fmt.Sprint(r.id)})
		list = append(list, v.e.webClip("repoinfo?repoID", r.id)...)
	}
	return list
}

func (v *reposView) command() string {
	if v.tabs.at == 0 {
		return v.e.commandLine("call", "repo.queryQueue", "[]", `["id","tag_name","task_id","active"]`)
	}
	return v.e.commandLine("call", "getActiveRepos")
}

func (v *reposView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.fresh.now()
	case changes:
		if len(m.tags) > 0 {
			for id, b := range v.counts {
				b.asked = time.Time{} // what is known stays until the next look
				v.counts[id] = b
			}
		}
		if len(m.repos) > 0 || v.concerns(m.tasks) {
			return v.fresh.changed()
		}
	case done:
		return v.fresh.changed()
	case tick:
		return tea.Batch(v.fresh.tick(), v.countBehind())
	case reply:
		switch what := m.what.(type) {
		case logChoice:
			v.e.openLog(what, m.err)
		case *repoData:
			v.fresh.answered(m.err)
			if m.err == nil {
				v.data = what
				v.fill()
			}
			return v.countBehind()
		case behindTold:
			if m.err == nil {
				v.takeBehind(what)
			}
			return v.countBehind()
		}
	}
	return nil
}

// concerns reports whether a task that changed makes a repo or waits for one.
func (v *reposView) concerns(tasks []task) bool {
	for i := range tasks {
		switch tasks[i].method {
		case "newRepo", "waitrepo", "distRepo":
			return true
		}
	}
	return false
}

func (v *reposView) fill() {
	v.requests.set(v.data.requests)
	repos := v.data.repos
	if !v.all {
		repos = newestOfTags(repos)
	}
	v.repos.set(repos)
}

func (v *reposView) resize(w, h int) {
	v.screen.resize(w, h)
	v.requests.resize(w, h-headLines)
	v.repos.resize(w, h-headLines)
}

func (v *reposView) draw(c *Canvas) {
	if v.data != nil {
		v.drawCounts(c.at(0, 1))
	}
	v.tabs.draw(c.at(0, max(c.w-34, 40)), min(33, c.w-40))
	hint := "tag: own: st:"
	if v.tabs.at == 1 {
		hint = "newest of each tag · v all · tag: st:"
		if v.all {
			hint = "all · v newest of each tag · tag: st:"
		}
	}
	v.list().drawFilter(c.at(1, 1), hint, c.w-2)
	body := c.rect(0, headLines, c.w, c.h)
	switch {
	case v.data == nil && v.fresh.err != nil:
		body.at(0, 2).upTo(roleFail, errorText(v.fresh.err), c.w-1)
	case v.data == nil:
		body.at(0, 2).put(roleDim, "asking the hub…")
	default:
		v.list().draw(body)
	}
	if v.e.lost() {
		body.dim()
	}
}

func (v *reposView) drawCounts(p *pen) {
	queued, runs := 0, 0
	for i := range v.data.requests {
		switch v.data.requests[i].state() {
		case requestQueued:
			queued++
		case requestRuns:
			runs++
		}
	}
	p.put(roleText, "queue ").put(roleWait, fmt.Sprint(queued))
	m := kindMarks[kindRun]
	p.skip(2).put(m.role, v.e.sign(m)).put(roleText, fmt.Sprintf(" %d newRepo", runs))
}

// mark is the sign of a repo's state.
func (r *repoRow) mark() mark {
	switch r.state {
	case koji.RepoInit:
		return mark{"◉", ">", roleRun}
	case koji.RepoReady:
		if r.endEvent == 0 {
			return mark{"✓", "+", roleDone}
		}
		return markWarn
	case koji.RepoExpired:
		return markWarn
	case koji.RepoDeleted:
		return mark{"⌫", "d", roleDim}
	}
	return mark{"✗", "X", roleFail}
}
