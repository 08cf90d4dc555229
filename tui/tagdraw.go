package tui

import (
	"fmt"
	"strings"

	"koji/internal/safetext"
)

// The keys of lines in the tab of the inheritance.
type (
	ancestorKey struct {
		n   int
		tag string
	}
	differenceKey struct {
		key   string
		build int64
	}
)

// sliderLines is how many lines the slider takes: none if it isn't used, two
// where there is little room.
func (v *tagView) sliderLines() int {
	switch {
	case !v.comparing():
		return 0
	case v.h < 18:
		return 2
	}
	return 5
}

// head is how many lines stand above the slider and the tab's pane.
const tagHead = 2

func (v *tagView) resize(w, h int) {
	v.screen.resize(w, h)
	room := max(h-tagHead-v.sliderLines(), 0)
	v.diffs.resize(w, room)
	for _, p := range v.panes {
		p.resize(w, room)
	}
}

// layout makes what is shown from what is known.
func (v *tagView) layout() {
	now := v.moments[0]
	shown := v.moment(v.shownEvent())
	names := tagTabNames()
	for tab, n := range map[int]int{tagTargets: len(now.targets), tagGroups: len(now.groups), tagExternals: len(now.externals)} {
		if now.has(partOf[tab]) && n > 0 {
			names[tab] = fmt.Sprintf("%s %d", names[tab], n)
		}
	}
	v.tabs.names = names
	if list := v.lists[v.tabs.at]; list != nil {
		part := partOf[v.tabs.at]
		list.hint = v.partHint(shown, part)
		with := filledWith{shown.event, shown.parts[part].version}
		if with != v.filled[v.tabs.at] {
			v.filled[v.tabs.at] = with
			list.set(shown.items(v.tabs.at))
		}
		v.layoutDifferences()
	}
	switch v.tabs.at {
	case tagInheritance:
		v.layoutTree(shown)
	case tagHistoryTab:
		v.past.hint = v.historyHint()
		if with := (filledWith{int64(v.history.from), len(v.history.events)}); with != v.filled[tagHistoryTab] {
			v.filled[tagHistoryTab] = with
			v.past.set(pastRows(&v.history))
		}
	}
	v.resize(v.w, v.h)
}

// partHint says how it stands with a part, and of when it is.
func (v *tagView) partHint(m *tagMoment, part tagPart) string {
	p := m.parts[part]
	switch {
	case p.err != nil:
		return errorText(p.err)
	case !p.known:
		return "asking the hub…"
	case m.event != 0:
		return "as of event " + thousands(m.event)
	}
	return ""
}

func (v *tagView) historyHint() string {
	switch {
	case v.askedErr != nil:
		return errorText(v.askedErr)
	case v.history.to == 0:
		return "asking the hub…"
	}
	return "since " + dayTime(v.history.from, v.e.clock(), v.e.loc, 9) + ", with what is inherited"
}

func (v *tagView) layoutDifferences() {
	if !v.comparing() || v.back {
		return
	}
	c, _ := v.comparison(v.tabs.at)
	then := v.moment(c.event)
	list, ok := v.found(v.tabs.at)
	v.diffs.hint, v.diffs.empty = "changed since event "+thousands(then.event), "nothing has changed"
	switch err := then.parts[partOf[v.tabs.at]].err; {
	case err != nil:
		v.diffs.empty = errorText(err)
	case !ok:
		v.diffs.empty, c = "asking the hub…", comparison{}
	}
	if c != v.listed || !ok {
		v.diffs.set(list)
		v.listed = c
	}
}

// found is how then and now differ in what a tab shows; false if that isn't
// known yet.
func (v *tagView) found(tab int) (list []difference, ok bool) {
	c, ok := v.comparison(tab)
	if ok {
		list, ok = v.compared[c]
	}
	return list, ok
}

// layoutTree makes the lines of the inheritance, and below them what has
// changed since then.
func (v *tagView) layoutTree(m *tagMoment) {
	p := v.panes[tagInheritance].(pagePane).page
	p.begin()
	defer p.end()
	if state := m.parts[partTag]; !m.has(partTag) {
		if state.err != nil {
			p.text(roleFail, errorText(state.err))
		} else {
			p.text(roleDim, "asking the hub…")
		}
		return
	}
	p.add(nil, func(p *pen, room int) {
		p.skip(3).put(roleBold, safetext.Clean(m.tag.Name))
		v.drawFrom(p, m.perTag[v.name], room)
	})
	for n, a := range ancestorRows(m.ancestors) {
		p.add(ancestorKey{n, a.tag}, func(p *pen, room int) {
			p.skip(3).put(roleFrame, a.guide).right(roleDim, fmt.Sprint(a.priority), 2).skip(2).put(roleLink, a.tag)
			if a.notes != "" {
				p.skip(3).put(roleDim, a.notes)
			}
			v.drawFrom(p, m.perTag[a.tag], room)
		})
	}
	if len(m.ancestors) == 0 {
		p.text(roleDim, "   it inherits from no other tag")
	}
	if !v.comparing() || v.back {
		v.layoutExtra(p, m)
		return
	}
	for _, part := range []struct {
		tab  int
		name string
	}{{tagInheritance, "inheritance"}, {tagLatest, "latest builds"}} {
		list, ok := v.found(part.tab)
		text := "asking the hub…"
		switch err := v.moment(v.then()).parts[partOf[part.tab]].err; {
		case ok:
			text = countsText(v.e, list)
		case err != nil:
			text = errorText(err)
		}
		p.section(part.name + " since then: " + text)
		for _, d := range list {
			p.add(differenceKey{part.name + d.key(), d.build}, func(p *pen, room int) { d.draw(v.e, p, room+1-p.x) })
		}
	}
}

// drawFrom says how many of the latest builds are in a tag of the tree.
func (v *tagView) drawFrom(p *pen, builds, room int) {
	if builds > 0 && room >= 60 {
		p.skip(3).put(roleDim, thousands(int64(builds))+" builds")
	}
}

// layoutExtra shows the tag's own options.
func (v *tagView) layoutExtra(p *page, m *tagMoment) {
	if len(m.tag.Extra) == 0 {
		return
	}
	p.section("options")
	for _, line := range valueText(m.tag.Extra) {
		p.text(roleText, line)
	}
}

func (v *tagView) draw(c *Canvas) {
	now := v.moments[0]
	p := c.at(0, 1)
	switch state := now.parts[partTag]; {
	case state.err != nil:
		p.fit(roleFail, errorText(state.err), c.w-2)
	case !state.known:
		p.put(roleDim, "asking the hub…")
	default:
		v.drawState(p, v.moment(v.shownEvent()), c.w-2)
	}
	v.tabs.draw(c.at(1, 1), c.w-2)
	n := v.sliderLines()
	if n > 0 {
		v.drawSlider(c.rect(0, tagHead, c.w, n))
	}
	v.pane().draw(c.rect(0, tagHead+n, c.w, c.h-tagHead-n))
	if v.e.lost() {
		c.dim()
	}
}

// drawState writes the line about the tag itself.
func (v *tagView) drawState(p *pen, m *tagMoment, room int) {
	if !m.has(partTag) {
		text := "asking the hub…"
		if err := m.parts[partTag].err; err != nil {
			text = errorText(err)
		}
		p.fit(roleDim, text, room)
		return
	}
	t := m.tag
	arches := safetext.Clean(value(t.Arches))
	if arches == "" {
		arches = "-"
	}
	parts := []string{"arches " + arches}
	if t.Perm != nil || room >= 76 {
		parts = append(parts, "perm "+safetext.Clean(textOr(t.Perm)))
	}
	switch {
	case t.Locked:
		parts = append(parts, "locked")
	case room >= 76:
		parts = append(parts, "not locked")
	}
	p.put(roleText, cut(strings.Join(parts, " · "), room, p.c.ascii))
	if m.event != 0 {
		p.put(roleWarn, " · as of event "+thousands(m.event))
		return
	}
	v.drawRepo(p, room)
}

// drawRepo says how the newest repo stands to the tag.
func (v *tagView) drawRepo(p *pen, room int) {
	r := v.repo.repo
	if r == nil {
		return
	}
	m, word := markWarn, "the tag has changed since"
	if v.repo.last <= r.CreateEvent {
		m, word = mark{"✓", "+", roleDone}, "current"
	}
	text := fmt.Sprintf("repo %d %s", r.ID, age(v.e.clock()-firstKnown(value(r.CreationTS), value(r.CreateTS))))
	if p.c.width(text+word)+6 <= room+1-p.x {
		text += ", " + word
	}
	p.put(roleText, " · ").put(m.role, v.e.sign(m)+" ").upTo(roleText, text, room+1)
}
