package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// fileNames are a task's files, what one looks for first.
func fileNames(files map[string]fileStat) []string {
	return slices.SortedFunc(maps.Keys(files), func(a, b string) int { return strings.Compare(logRank(a), logRank(b)) })
}

// drawState says in two lines how the task stands.
func (v *taskView) drawState(c *Canvas) {
	s := v.known(v.detail.task)
	m := kindMarks[s.kind]
	state := stateOf(s.kind).String()
	if s.kind == kindParent {
		state += ", waits for subtasks"
	}
	parts := []string{owner(orID(s.ownerName, s.owner))}
	if s.host != "" {
		parts = append(parts, shortHost(s.host, 20, c.ascii))
	}
	if v.detail.channel != "" {
		parts = append(parts, "channel "+v.detail.channel)
	}
	if s.arch != "noarch" {
		parts = append(parts, s.arch)
	}
	parts = append(parts, fmt.Sprintf("prio %d", s.priority), fmt.Sprintf("weight %.1f", s.weight))
	c.at(0, 1).put(m.role, v.e.sign(m)+" "+state).upTo(roleText, " · "+strings.Join(parts, " · "), c.w-1)
	when := "made " + clockTime(s.created, v.e.loc)
	now := v.e.clock()
	switch {
	case s.completed > 0 && s.started > 0:
		when = fmt.Sprintf("started %s · took %s · finished %s, %s", clockTime(s.started, v.e.loc), span(s.completed-s.started),
			clockTime(s.completed, v.e.loc), ago(now-s.completed))
	case s.completed > 0:
		when += " · never started · over " + ago(now-s.completed)
	case s.started > 0:
		when = fmt.Sprintf("started %s, %s", clockTime(s.started, v.e.loc), ago(now-s.started))
		t := v.e.store.get(v.id)
		if o, ok := v.e.outlookOf(t); ok && !v.e.lost() {
			when += " · " + v.e.outlookLine(t, o)
		}
	default:
		when += ", " + ago(now-s.created)
	}
	c.at(1, 1).upTo(roleDim, when, c.w-1)
}

// layout makes the lines of the tab that is shown.
func (v *taskView) layout() {
	v.page.begin()
	if v.detail == nil {
		return
	}
	switch v.tabs.at {
	case tabTimeline:
		v.layoutTimeline()
	case tabParams:
		v.layoutParams()
	case tabResult:
		v.layoutResult()
	case tabFiles:
		v.layoutFiles()
	case tabBuild:
		v.layoutBuild()
	case tabBuildroots:
		v.layoutBuildroots()
	}
	v.page.end()
}

// layoutTimeline shows the tree in time, and below it the rest in short.
func (v *taskView) layoutTimeline() {
	d := v.detail
	if d.fault != nil {
		v.page.section("fault")
		for _, line := range paragraphs(d.fault.Error()) {
			v.page.text(roleFail, line)
		}
	}
	v.layoutWaterfall()
	v.layoutWhy()
	v.page.section("parameters")
	v.layoutParams()
	if len(d.files) > 0 {
		v.page.section("files")
		v.layoutFiles()
	}
	if d.task.State == koji.TaskClosed && d.result != nil {
		v.page.section("result")
		v.page.value("", d.result)
	}
}

// layoutWhy says what the task, or those below it, wait for.
func (v *taskView) layoutWhy() {
	begun := false
	tasks := []koji.Task{v.detail.task}
	for i := range v.detail.below {
		tasks = append(tasks, v.detail.below[i].Task)
	}
	for _, t := range tasks {
		s := v.known(t)
		w := v.e.waits.known[t.ID]
		if !s.stuck() || w.line == "" {
			continue
		}
		if !begun {
			begun = true
			v.page.section("why it waits")
		}
		m := kindMarks[s.kind]
		v.page.add(detailKey{task: t.ID}, func(p *pen, room int) {
			p.put(m.role, v.e.sign(m)).put(roleDim, fmt.Sprintf(" %d ", t.ID)).upTo(roleText, s.arch+" "+stateOf(s.kind).String()+": "+w.line, room+1)
		})
		for _, line := range w.lines {
			v.page.text(roleDim, "    "+line)
		}
	}
}

func (v *taskView) layoutParams() {
	d := v.detail
	if d.task.Parent != nil {
		parent := *d.task.Parent
		v.page.add(detailKey{task: parent}, func(p *pen, room int) {
			p.fit(roleDim, "subtask of", 14).skip(1).upTo(roleLink, v.e.taskTitle(parent), room+1)
		})
	}
	if d.params == nil {
		request, _ := d.task.Request.([]any)
		for i, p := range request {
			v.page.value(fmt.Sprint(i+1), p)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(d.params)) {
		v.page.value(safetext.Clean(name), d.params[name])
	}
}

func (v *taskView) layoutResult() {
	d := v.detail
	switch {
	case d.fault != nil:
		for _, line := range paragraphs(d.fault.Error()) {
			v.page.text(roleFail, line)
		}
	case d.task.State == koji.TaskClosed:
		v.page.value("", d.result)
	default:
		v.page.text(roleDim, "it has none: it is "+d.task.State.String())
	}
}

func (v *taskView) layoutFiles() {
	if len(v.detail.files) == 0 {
		v.page.text(roleDim, "no files")
	}
	many := slices.ContainsFunc(v.detail.files, func(f taskFile) bool { return f.task != v.id })
	for _, f := range v.detail.files {
		v.page.add(detailKey{task: f.task, file: f.name}, func(p *pen, room int) {
			end := p.x + room
			if many {
				p.fit(roleDim, fmt.Sprint(f.task), 9)
			}
			p.fit(roleLink, f.name, end-p.x-10).right(roleText, bytesText(f.size), 10)
		})
	}
}

func (v *taskView) layoutBuild() {
	if len(v.detail.builds) == 0 {
		v.page.text(roleDim, "it makes no build")
	}
	for _, b := range v.detail.builds {
		v.page.add(detailKey{build: b.ID}, func(p *pen, room int) {
			p.put(roleLink, b.NVR).upTo(roleText, fmt.Sprintf(" · %s · %s", b.State, owner(b.OwnerName)), room+1)
		})
		v.page.value("id", b.ID)
		v.page.value("source", valueOr(b.Source))
		v.page.value("volume", b.VolumeName)
	}
}

// buildrootStates are the states of buildroots. Koji: reference/enums.md.
var buildrootStates = []string{"INIT", "WAITING", "BUILDING", "EXPIRED"}

func (v *taskView) layoutBuildroots() {
	if len(v.detail.buildroots) == 0 {
		v.page.text(roleDim, "no buildroots")
	}
	for _, r := range v.detail.buildroots {
		state := fmt.Sprint(r.State)
		if r.State >= 0 && r.State < len(buildrootStates) {
			state = buildrootStates[r.State]
		}
		v.page.add(detailKey{task: r.Task, build: -r.ID}, func(p *pen, room int) {
			p.fit(roleLink, fmt.Sprint(r.ID), 9).fit(roleText, r.Arch, 9).fit(roleText, shortHost(r.Host, 12, p.c.ascii), 13).fit(roleText, state, 10)
			p.upTo(roleDim, fmt.Sprintf("%s · repo %d · task %d · %s", r.Tag, r.Repo, r.Task, dayTime(r.Made, v.e.clock(), v.e.loc, 12)), room+1)
		})
	}
}
