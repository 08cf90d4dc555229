package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// buildsView lists builds, the newest first, as the filter asks for them.
type buildsView struct {
	listing[buildQuery, buildRow]
	follow bool
	tagged lookups // builds whose tags are asked for
}

func newBuildsView(e *env) *buildsView {
	v := &buildsView{tagged: lookups{}}
	v.listing = listing[buildQuery, buildRow]{
		screen: newScreen(e), t: v.newTable(e), fetch: askBuilds, local: localBuildWord, hint: buildQuery.hint, fill: v.fillTags,
		wanted: v.wantedBuilds, learnt: func(old, new buildRow) buildRow {
			if old.state == new.state {
				new.tags, new.tagged = old.tags, old.tagged
			}
			return new
		},
	}
	v.t.resort = v.ask
	return v
}

func (v *buildsView) newTable(e *env) *table[int64, buildRow] {
	byNVR := func(a, b buildRow) int { return strings.Compare(a.nvr, b.nvr) }
	t := newTable(e, func(b buildRow) int64 { return b.id },
		column[buildRow]{widths: widths{1, 1, 1, 1}, saveAs: "state", whole: func(b buildRow) string { return b.state.String() }, cell: func(b buildRow) (string, role) { m := buildMark(b.state); return e.sign(m), m.role }},
		column[buildRow]{title: "BUILD", widths: widths{rest, rest, rest, rest}, order: byNVR, short: shortenNVR, cell: func(b buildRow) (string, role) {
			if b.state == koji.BuildDeleted || b.state == koji.BuildCanceled {
				return b.nvr, roleDim
			}
			return b.nvr, roleText
		}},
		column[buildRow]{title: "TAG", widths: widths{0, 15, 24, 32}, short: shortenTags, cell: func(b buildRow) (string, role) { return tagsText(b), roleDim }},
		column[buildRow]{title: "OWNER", widths: widths{0, 9, 12, 16}, cell: func(b buildRow) (string, role) { return owner(b.owner), roleDim },
			order: func(a, b buildRow) int { return strings.Compare(a.owner, b.owner) }},
		column[buildRow]{title: "FINISHED", widths: widths{6, 9, 16, 19}, draw: v.drawFinished, whole: func(b buildRow) string { return wholeTime(b.completed, e.loc) },
			order: func(a, b buildRow) int { return cmp.Compare(b.completed, a.completed) }},
		column[buildRow]{title: "TOOK", widths: widths{7, 7, 7, 7}, right: true, cell: func(b buildRow) (string, role) {
			if s := b.took(e.clock()); s > 0 {
				return span(s), roleText
			}
			return "", roleText
		}},
	)
	t.text = func(b buildRow) string { return b.nvr }
	t.fields = map[string]func(buildRow) string{
		"pkg":  func(b buildRow) string { return b.name },
		"own":  func(b buildRow) string { return b.owner },
		"st":   func(b buildRow) string { return b.state.String() },
		"id":   func(b buildRow) string { return fmt.Sprint(b.id) },
		"tag":  func(b buildRow) string { return strings.Join(b.tags, " ") },
		"type": func(buildRow) string { return "" },
	}
	t.empty = "no builds"
	return t
}

// tagsText is the tag that a build is in, and how many more there are.
func tagsText(b buildRow) string {
	switch n := len(b.tags); {
	case b.draft:
		return "draft"
	case n == 0:
		return ""
	case n == 1:
		return b.tags[0]
	default:
		return fmt.Sprintf("%s +%d", b.tags[0], n-1)
	}
}

// shortenTags cuts the name, not the number of the others.
func shortenTags(text string, n int, ascii bool) string {
	name, more, ok := strings.Cut(text, " +")
	if !ok {
		return cut(text, n, ascii)
	}
	return cut(name, n-len(more)-2, ascii) + " +" + more
}

// shortenNVR cuts the name in its middle; version and release stay.
func shortenNVR(nvr string, n int, ascii bool) string {
	over := textWidth(nvr, ascii) - n
	if over <= 0 {
		return nvr
	}
	at := strings.LastIndexByte(nvr, '-')
	if at > 0 {
		at = strings.LastIndexByte(nvr[:at], '-')
	}
	room := textWidth(nvr[:max(at, 0)], ascii) - over
	if room < 4 {
		return cut(nvr, n, ascii)
	}
	name := clean(nvr[:at])
	front := head(name, (room-textWidth("…", ascii)+1)/2, ascii)
	back := name
	for textWidth(front, ascii)+textWidth("…"+back, ascii) > room && back != "" {
		back = string([]rune(back)[1:])
	}
	return front + "…" + back + nvr[at:]
}

func (v *buildsView) drawFinished(p *pen, b buildRow, n int) {
	if b.state == koji.BuildBuilding {
		word := "building"
		if n < len(word) {
			word = "runs"
		}
		p.fit(roleRun, word, n)
		return
	}
	p.fit(roleText, dayTime(b.completed, v.e.clock(), v.e.loc, n), n)
}

func (v *buildsView) title() []string { return []string{"Builds"} }

func (v *buildsView) keys() []action {
	return append(v.t.keys(), actOpen, actLog, actToTag, actCompare, actFollow)
}

func (v *buildsView) ticks() bool {
	return v.polled() || slices.ContainsFunc(v.t.items, func(b buildRow) bool { return b.state == koji.BuildBuilding })
}

// wantedBuilds is what the filter and the sorting ask for.
func (v *buildsView) wantedBuilds() buildQuery {
	q := parseBuildQuery(v.t.filter.text)
	if v.t.sorted >= 0 {
		column := map[string]string{"BUILD": "nvr", "OWNER": "owner_name", "FINISHED": "-completion_time"}[v.t.columns[v.t.sorted].title]
		if v.t.reverse {
			column = strings.TrimPrefix("-"+column, "--")
		}
		q.order = column
	}
	return q
}

// fillTags asks for the tags of the builds on the screen.
func (v *buildsView) fillTags() tea.Cmd {
	var ids []int64
	for _, b := range v.t.visible() {
		if b.state == koji.BuildComplete && !b.tagged && v.tagged.begin(b.id, v.c) {
			ids = append(ids, b.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	h := v.e.hub
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return askTags(ctx, h, ids) })
}

func (v *buildsView) update(msg tea.Msg) tea.Cmd {
	newest := v.newest()
	cmd, taken := v.listing.update(msg)
	if taken {
		if v.follow && v.newest() > newest {
			v.t.do(actFirst)
		}
		return cmd
	}
	switch m := msg.(type) {
	case changes:
		return v.heard(m)
	case done:
		v.forgetTags()
		return v.changed(v.e.shown(v))
	case tick:
		v.t.build()
	case reply:
		switch what := m.what.(type) {
		case map[int64][]string:
			v.takeTags(what, m.err)
			return v.fillTags()
		case logChoice:
			v.e.openLog(what, m.err)
		}
	}
	return nil
}

// heard has the builds asked for anew when some have changed. A hub that is
// polled tells of tasks only.
func (v *buildsView) heard(m changes) tea.Cmd {
	news := m.whole || len(m.builds) > 0
	if !v.e.link.stream {
		news = news || slices.ContainsFunc(m.tasks, func(t task) bool { return t.parent == 0 && makesBuilds(t.method) })
	}
	if len(m.tags) > 0 {
		v.forgetTags() // builds may have come into tags, or left them
	}
	switch {
	case news:
		return v.changed(v.e.shown(v))
	case len(m.tags) > 0 && v.e.shown(v):
		return v.fillTags()
	}
	return nil
}

// forgetTags has the tags of builds asked for anew; until then they stay.
func (v *buildsView) forgetTags() {
	clear(v.tagged)
	v.edit(func(b *buildRow) { b.tagged = false })
}

// makesBuilds reports whether tasks of a method make builds.
func makesBuilds(method string) bool {
	switch method {
	case "build", "maven", "image", "livecd", "livemedia", "appliance", "winbuild", "wrapperRPM", "kiwiBuild", "buildContainer":
		return true
	}
	return false
}

func (v *buildsView) newest() (id int64) {
	for _, b := range v.t.items {
		id = max(id, b.id)
	}
	return id
}

func (v *buildsView) takeTags(tags map[int64][]string, err error) {
	if err != nil {
		return // the column stays as it is until the next look
	}
	v.edit(func(b *buildRow) {
		if t, ok := tags[b.id]; ok {
			b.tags, b.tagged = t, true
		}
	})
}

func (v *buildsView) do(a action) tea.Cmd {
	b, ok := v.t.selected()
	switch {
	case a == actRefresh:
		v.forgetTags()
		return v.ask()
	case a == actFollow:
		v.follow = !v.follow
		if v.follow {
			v.t.do(actFirst)
		}
	case v.t.do(a):
		if a == actUp {
			v.follow = false
		}
		return v.more()
	case !ok:
		v.e.tell(roleWarn, "no build is selected")
	case a == actOpen:
		v.e.next = newBuildView(v.e, b.id, b.nvr)
	case a == actLog && b.task != 0:
		return v.e.chooseLog(b.task, v.c)
	case a == actLog:
		d := newBuildView(v.e, b.id, b.nvr)
		d.tabs.at = buildLogs
		v.e.next = d
	case a == actToTag:
		v.e.chooseTag(b.tags)
	case a == actCompare:
		v.compare(b)
	}
	return nil
}

// compare compares two marked builds, or the selected one with the one before it.
func (v *buildsView) compare(b buildRow) {
	marked := v.t.acted()
	switch {
	case len(v.t.marks) == 2 && len(marked) == 2:
		v.e.next = newCompareView(v.e, min(marked[0].id, marked[1].id), max(marked[0].id, marked[1].id))
	case len(v.t.marks) > 2:
		v.e.tell(roleWarn, "mark two builds to compare, or none to compare with the one before")
	default:
		v.e.next = newCompareView(v.e, 0, b.id)
	}
}

// chooseTag opens a tag, or lets one choose of several.
func (e *env) chooseTag(tags []string) {
	switch len(tags) {
	case 0:
		e.tell(roleWarn, "it is in no tag")
		return
	case 1:
		e.next = newTagView(e, tags[0])
		return
	}
	m := &menu{e: e, title: "go to a tag"}
	for i, name := range tags[:min(len(tags), 26)] {
		m.items = append(m.items, menuItem{key: string(rune('a' + i)), name: name, do: func() tea.Cmd {
			e.next = newTagView(e, name)
			return nil
		}})
	}
	e.over = m
}

func (v *buildsView) deeds() []deed {
	var refs []buildRef
	for _, b := range v.t.acted() {
		refs = append(refs, b.ref(v.query.tag))
	}
	return v.e.buildDeeds(refs)
}

func (v *buildsView) clips() []clip {
	return selectedClips(v.t, func(b buildRow) []clip { return v.e.buildClips(b.nvr, b.id) })
}

func (e *env) buildClips(nvr string, id int64) []clip {
	return e.thingClips("NVR", nvr, "buildinfo?buildID", id)
}

func (v *buildsView) command() string {
	b, ok := v.t.selected()
	if !ok {
		return ""
	}
	return v.e.commandLine("buildinfo", b.nvr)
}
