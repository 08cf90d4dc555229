package tui

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// buildView is all about one build: its rpms, logs, tags, history, changelog.
type buildView struct {
	screen
	id     int64  // 0 until it is known
	nvr    string // what it is called
	detail *buildDetail
	asking bool
	again  bool // it has changed meanwhile
	stale  bool // and isn't on the screen
	err    error

	tabs  tabs
	panes [buildTabCount]pane
	rpms  *filteredPane[int64, rpmRow]
	logs  *filteredPane[string, koji.BuildLog]
}

// The tabs of a build.
const (
	buildRPMs = iota
	buildLogs
	buildTags
	buildHistory
	buildChangelog
	buildInfo
	buildTabCount
)

func newBuildView(e *env, id int64, nvr string) *buildView {
	v := &buildView{screen: newScreen(e), id: id, nvr: nvr}
	v.rpms = &filteredPane[int64, rpmRow]{table: newTable(e, func(r rpmRow) int64 { return r.id },
		column[rpmRow]{title: "RPM", widths: widths{rest, rest, rest, rest}, cell: func(r rpmRow) (string, role) { return r.file, roleText },
			order: func(a, b rpmRow) int { return strings.Compare(a.file, b.file) }},
		column[rpmRow]{title: "SIZE", widths: widths{8, 9, 9, 9}, right: true, cell: func(r rpmRow) (string, role) { return bytesText(r.size), roleText },
			order: func(a, b rpmRow) int { return int(min(max(b.size-a.size, -1), 1)) }},
		column[rpmRow]{title: "SIGNED", widths: widths{0, 9, 18, 28}, cell: signedText},
		column[rpmRow]{title: "BUILDROOT", widths: widths{0, 9, 9, 9}, cell: func(r rpmRow) (string, role) {
			if r.buildroot == 0 {
				return "", roleText
			}
			return fmt.Sprint(r.buildroot), roleText
		}},
	)}
	v.rpms.text = func(r rpmRow) string { return r.file }
	v.rpms.fields = map[string]func(rpmRow) string{
		"arch": func(r rpmRow) string { return r.arch },
		"key":  func(r rpmRow) string { return strings.Join(r.keys, " ") },
	}
	v.rpms.group = func(r rpmRow) string { return r.arch }
	v.rpms.empty = "no rpms"
	v.logs = &filteredPane[string, koji.BuildLog]{table: newTable(e, func(l koji.BuildLog) string { return l.Path },
		column[koji.BuildLog]{title: "LOG", widths: widths{rest, rest, rest, rest}, cell: func(l koji.BuildLog) (string, role) { return l.Name, roleLink },
			order: func(a, b koji.BuildLog) int { return strings.Compare(a.Name, b.Name) }},
	)}
	v.logs.text = func(l koji.BuildLog) string { return l.Dir + "/" + l.Name }
	v.logs.group = func(l koji.BuildLog) string { return l.Dir }
	v.logs.empty = "no logs are kept of this build"
	v.panes = [...]pane{v.rpms, v.logs, newPagePane(e), newPagePane(e), newPagePane(e), newPagePane(e)}
	v.tabs.names = []string{"RPMs", "Logs", "Tags", "History", "Changelog", "Info"}
	return v
}

// signedText is the keys that an rpm is signed with.
func signedText(r rpmRow) (string, role) {
	if len(r.keys) == 0 {
		return "unsigned", roleWarn
	}
	return strings.Join(r.keys, " "), roleText
}

func (v *buildView) title() []string { return []string{v.nvr} }

func (v *buildView) pane() pane { return v.panes[v.tabs.at] }

func (v *buildView) keys() []action {
	return append(v.pane().keys(), actNextTab, actPrevTab, actOpen, actLog, actToTag, actCompare)
}

func (v *buildView) typing() bool { return v.pane().typing() }

func (v *buildView) input(k tea.KeyMsg) tea.Cmd {
	v.pane().input(k)
	return nil
}

func (v *buildView) escape() bool { return v.pane().escape() }

func (v *buildView) ticks() bool { return v.detail != nil && v.detail.row.state == koji.BuildBuilding }

// head is how many lines stand above the tab's pane.
func (v *buildView) head() int {
	if v.w < 80 || v.detail == nil || v.detail.build.Source == nil {
		return 2
	}
	return 3
}

// foot is how many lines stand below the rpms: the tags and the repos.
func (v *buildView) foot() int {
	if v.tabs.at != buildRPMs || v.h < 18 || v.detail == nil {
		return 0
	}
	return min(1+len(v.placeLines()), 5)
}

func (v *buildView) resize(w, h int) {
	v.screen.resize(w, h)
	for i, p := range v.panes {
		foot := 0
		if i == v.tabs.at {
			foot = v.foot()
		}
		p.resize(w, max(h-v.head()-foot, 0))
	}
}

func (v *buildView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		if v.detail == nil || v.stale {
			return v.load()
		}
	case changes:
		if v.concerns(m) {
			if !v.e.shown(v) {
				v.stale = true
				return nil
			}
			return v.load()
		}
	case done:
		return v.load()
	case reply:
		switch what := m.what.(type) {
		case *buildDetail:
			v.asking, v.err = false, m.err
			if m.err == nil {
				v.take(what)
			}
			if v.again {
				return v.load()
			}
		case logChoice:
			v.e.openLog(what, m.err)
		}
	}
	return nil
}

// concerns reports whether changes have to do with the build: it changed, or
// its task did, or a tag that it is in.
func (v *buildView) concerns(m changes) bool {
	for _, b := range m.builds {
		if b.ID == v.id {
			return true
		}
	}
	if v.detail == nil {
		return false
	}
	for _, t := range m.tasks {
		if t.id == v.detail.row.task {
			return true
		}
	}
	for _, t := range m.tags {
		for _, stay := range v.detail.activeTags() {
			if stay.tag == t.Name {
				return true
			}
		}
	}
	// Into which tags it may come isn't known; few tags change at once.
	return len(m.tags) > 0
}

func (v *buildView) load() tea.Cmd {
	if v.asking {
		v.again = true
		return nil
	}
	v.asking, v.again, v.stale = true, false, false
	h, ref := v.e.hub, any(v.id)
	if v.id == 0 {
		ref = v.nvr
	}
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return loadBuild(ctx, h, ref) })
}

func (v *buildView) take(d *buildDetail) {
	begin := v.detail == nil
	v.detail, v.id, v.nvr = d, d.row.id, d.row.nvr
	v.rpms.set(d.rpms)
	v.logs.set(d.logs)
	if begin && len(d.rpms) > 0 {
		v.rpms.choose(d.rpms[0].id)
	}
	if begin && len(d.logs) > 0 {
		v.logs.choose(d.logs[0].Path)
	}
	count := func(name string, n int) string {
		if n == 0 {
			return name
		}
		return fmt.Sprintf("%s %d", name, n)
	}
	history := d.history()
	v.tabs.names = []string{
		count("RPMs", len(d.rpms)), count("Logs", len(d.logs)), count("Tags", len(d.activeTags())), count("History", len(history)), "Changelog", "Info",
	}
	v.fill(buildTags, v.layoutTags)
	v.fill(buildHistory, func(p *page) { v.layoutHistory(p, history) })
	v.fill(buildChangelog, v.layoutChangelog)
	v.fill(buildInfo, v.layoutInfo)
	v.resize(v.w, v.h)
}

// fill makes the lines of a tab's page anew.
func (v *buildView) fill(tab int, layout func(p *page)) {
	p := v.panes[tab].(pagePane).page
	p.begin()
	layout(p)
	p.end()
}

// tagKey is the key of a line about a tag, taskKey of one about a task.
type (
	tagKey  string
	taskKey int64
)

func (v *buildView) layoutTags(p *page) {
	now := v.e.clock()
	active := v.detail.activeTags()
	if len(active) == 0 {
		p.text(roleDim, "it is in no tag")
	}
	for _, t := range active {
		p.add(tagKey(t.tag), func(p *pen, room int) {
			n := min(max(room/2, 24), 48)
			p.fit(roleLink, t.tag, n).skip(2).upTo(roleText, fmt.Sprintf("since %s by %s, event %s",
				dayTime(t.from, now, v.e.loc, 19), t.by, thousands(t.event)), room+1)
		})
	}
	if len(v.detail.repos) > 0 {
		p.section("repos made for them")
	}
	for _, r := range v.detail.repos {
		m, text := v.repoText(r)
		p.add(tagKey(r.tag), func(p *pen, room int) { p.put(m.role, v.e.sign(m)).skip(1).upTo(roleText, text, room+1) })
	}
}

// repoText says whether a repo has what came into a tag.
func (v *buildView) repoText(r repoOfTag) (mark, string) {
	if r.repo == nil {
		return markOff, fmt.Sprintf("%s has no repo", r.tag)
	}
	when := dayTime(value(r.repo.CreateTS), v.e.clock(), v.e.loc, 19)
	if r.has {
		return buildMarks[koji.BuildComplete], fmt.Sprintf("%s: newest repo %d (%s) is from after it came into %s", r.tag, r.repo.ID, when, r.from)
	}
	return markWarn, fmt.Sprintf("%s: newest repo %d (%s) is from before it came into %s", r.tag, r.repo.ID, when, r.from)
}

func (v *buildView) layoutHistory(p *page, list []buildEvent) {
	now := v.e.clock()
	for _, h := range list {
		p.add(nil, func(p *pen, room int) {
			event := ""
			if h.id != 0 {
				event = thousands(h.id)
			}
			by := ""
			if h.by != "" {
				by = " by " + h.by
			}
			p.put(h.mark.role, v.e.sign(h.mark)).skip(1).fit(roleDim, dayTime(h.ts, now, v.e.loc, 17), 18)
			if room >= 76 {
				p.right(roleDim, event, 9).skip(2)
			}
			p.upTo(roleText, h.text+by, room+1)
		})
	}
}

func (v *buildView) layoutChangelog(p *page) {
	if len(v.detail.changelog) == 0 {
		p.text(roleDim, "no changelog")
	}
	for _, c := range v.detail.changelog {
		p.text(roleLink, fmt.Sprintf("%s  %s", moment(c.DateTS).UTC().Format("Mon Jan 02 2006"), c.Author))
		for _, line := range paragraphs(c.Text) {
			p.text(roleText, line)
		}
		p.text(roleText, "")
	}
	if len(v.detail.changelog) == changelogLimit {
		p.text(roleDim, fmt.Sprintf("only the newest %d entries", changelogLimit))
	}
}

func (v *buildView) layoutInfo(p *page) {
	b, row := v.detail.build, v.detail.row
	p.value("id", fmt.Sprint(b.BuildID))
	p.value("package", row.name)
	if b.Epoch != nil {
		p.value("epoch", fmt.Sprint(*b.Epoch))
	}
	if row.task != 0 {
		p.add(taskKey(row.task), func(p *pen, room int) {
			p.fit(roleDim, "task", 14).skip(1).upTo(roleLink, fmt.Sprint(row.task), room+1)
		})
	}
	p.value("source", textOr(b.Source))
	p.value("volume", b.VolumeName)
	p.value("types", strings.Join(v.detail.typeNames(), " "))
	if b.CGName != nil {
		p.value("made by", "content generator "+*b.CGName)
	}
	if b.Draft {
		p.value("draft", "yes, it isn't promoted")
	}
	now := v.e.clock()
	for _, t := range []struct {
		name string
		ts   float64
	}{{"begun", row.started}, {"finished", row.completed}, {"created", firstKnown(value(b.CreationTS), stamp(b.CreationTime))}} {
		p.value(t.name, dayTime(t.ts, now, v.e.loc, 20))
	}
	if v.detail.build.Extra != nil {
		p.section("extra")
		p.value("", v.detail.build.Extra)
	}
	if len(v.detail.archives) > 0 {
		p.section("archives")
	}
	for _, a := range v.detail.archives {
		p.add(nil, func(p *pen, room int) {
			p.fit(roleText, a.Filename, room-24).skip(1).fit(roleDim, a.TypeName, 12).right(roleText, bytesText(a.Size), 10)
		})
	}
}

func textOr(s *string) string {
	if s == nil || *s == "" {
		return "-"
	}
	return *s
}

func (v *buildView) draw(c *Canvas) {
	switch {
	case v.err != nil:
		c.at(0, 1).fit(roleFail, errorText(v.err), c.w-2)
	case v.detail == nil:
		c.at(0, 1).put(roleDim, "asking the hub…")
	default:
		v.drawState(c.at(0, 1), c.w-2)
	}
	if v.detail == nil {
		return
	}
	v.tabs.draw(c.at(1, 1), c.w-2)
	if v.head() == 3 {
		c.at(2, 1).put(roleDim, "source  ").upTo(roleText, safetext.Clean(textOr(v.detail.build.Source)), c.w-1)
	}
	foot := v.foot()
	v.pane().draw(c.rect(0, v.head(), c.w, c.h-v.head()-foot))
	if foot > 0 {
		v.drawPlaces(c.rect(0, c.h-foot, c.w, foot))
	}
	if v.e.lost() {
		c.dim()
	}
}

func (v *buildView) drawState(p *pen, room int) {
	b, row := v.detail.build, v.detail.row
	m := buildMark(b.State)
	parts := []string{owner(row.owner)}
	now := v.e.clock()
	switch {
	case b.State == koji.BuildBuilding:
		parts = append(parts, "for "+span(row.took(now)))
	case row.completed > 0:
		parts = append(parts, dayTime(row.completed, now, v.e.loc, 20)+", took "+span(row.took(now)))
	}
	if row.task != 0 {
		parts = append(parts, fmt.Sprintf("task %d", row.task))
	}
	parts = append(parts, "volume "+b.VolumeName)
	if b.Draft {
		parts = append(parts, "draft")
	}
	p.put(m.role, v.e.sign(m)+" "+b.State.String()).upTo(roleText, " · "+strings.Join(parts, " · "), room+1)
}

// placeLines say where the build has come to: its tags, and repos made of those.
func (v *buildView) placeLines() []dialogLine {
	var lines []dialogLine
	now := v.e.clock()
	for _, t := range v.detail.activeTags() {
		lines = append(lines, dialogLine{roleText, fmt.Sprintf("%s   since event %s, %s, by %s", t.tag, thousands(t.event), dayTime(t.from, now, v.e.loc, 19), t.by)})
	}
	if len(lines) == 0 {
		lines = append(lines, dialogLine{roleDim, "it is in no tag"})
	}
	if n := len(lines); n > 2 {
		lines = append(lines[:1], dialogLine{roleDim, fmt.Sprintf("and %d more tags", n-1)})
	}
	for _, r := range v.detail.repos {
		m, text := v.repoText(r)
		lines = append(lines, dialogLine{m.role, text})
	}
	return lines
}

func (v *buildView) drawPlaces(c *Canvas) {
	c.at(0, 1).rule("tags", c.w-2)
	for i, l := range v.placeLines() {
		c.at(i+1, 1).fit(l.role, l.text, c.w-2)
	}
}
