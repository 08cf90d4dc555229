package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// tagView is all about one tag, as it is now or was at an event, and how the
// two differ.
type tagView struct {
	screen
	name    string
	id      int64 // 0 until it is known
	moments map[int64]*tagMoment
	repo    tagRepo

	history  tagHistory
	asking   bool // for history
	behind   bool // history has gone on since
	askedErr error
	at       int  // the event that the state then is before; len(history.events) is now
	steps    int  // to go back once there is a history
	back     bool // what was then is shown, not how now differs
	moved    int  // how often the slider was moved

	compared map[comparison][]difference // what is known
	working  map[comparison]bool         // what is on its way
	listed   comparison                  // what diffs shows
	filled   [tagTabCount]filledWith

	tabs  tabs
	panes [tagTabCount]pane
	lists [tagTabCount]*filteredPane[string, tagItem]
	diffs *filteredPane[string, difference]
	past  *filteredPane[string, pastRow]
}

// tagRepo is how a tag's newest repo stands to it.
type tagRepo struct {
	known bool
	repo  *koji.Repo
	last  int64 // the event of the tag's last change
}

// comparison names the versions of a part that were compared, of then and now.
type comparison struct {
	tab      int
	event    int64
	versions [2]int
}

// compared is how the parts of a comparison differ.
type compared struct {
	of   comparison
	list []difference
}

// filledWith is what a tab's list was filled with: the version of a moment's part.
type filledWith struct {
	event   int64
	version int
}

// The tabs of a tag.
const (
	tagInheritance = iota
	tagPackages
	tagLatest
	tagTargets
	tagGroups
	tagExternals
	tagHistoryTab
	tagTabCount
)

// partOf is the part of a tag that a tab shows.
var partOf = [tagTabCount]tagPart{partTag, partPackages, partLatest, partTargets, partGroups, partTag, partTag}

func newTagView(e *env, name string) *tagView {
	v := &tagView{screen: newScreen(e), name: name, moments: map[int64]*tagMoment{0: {}}, compared: map[comparison][]difference{}, working: map[comparison]bool{}}
	v.tabs.names = tagTabNames()
	v.panes[tagInheritance] = newPagePane(e)
	for tab := tagPackages; tab <= tagExternals; tab++ {
		v.lists[tab] = newTagItems(e, tab)
		v.panes[tab] = v.lists[tab]
	}
	v.diffs = newDifferences(e)
	v.past = newPastTable(e)
	v.panes[tagHistoryTab] = v.past
	return v
}

func tagTabNames() []string {
	return []string{"Inheritance", "Packages", "Latest", "Targets", "Groups", "Ext. repos", "History"}
}

func (v *tagView) title() []string { return []string{v.name} }

// comparing reports whether another moment than now was chosen.
func (v *tagView) comparing() bool { return v.at < len(v.history.events) }

// then is the event of the state that now is compared with: the one before
// the event that the slider stands at. 0 is now.
func (v *tagView) then() int64 {
	switch {
	case !v.comparing():
		return 0
	case v.at == 0:
		return v.history.events[0].id - 1
	}
	return v.history.events[v.at-1].id
}

// thenTime is when that was.
func (v *tagView) thenTime() float64 {
	switch {
	case !v.comparing():
		return v.e.clock()
	case v.at == 0:
		return v.history.events[0].ts
	}
	return v.history.events[v.at-1].ts
}

// shownEvent is the event whose state the tabs show.
func (v *tagView) shownEvent() int64 {
	if v.back {
		return v.then()
	}
	return 0
}

// moment is the tag at an event, as far as it is known.
func (v *tagView) moment(event int64) *tagMoment {
	m := v.moments[event]
	if m == nil {
		m = &tagMoment{event: event}
		v.moments[event] = m
	}
	return m
}

// pane is what the tab shows: how now differs from then, if that is asked for.
func (v *tagView) pane() pane {
	if v.comparing() && !v.back && v.lists[v.tabs.at] != nil {
		return v.diffs
	}
	return v.panes[v.tabs.at]
}

func (v *tagView) keys() []action {
	return append(v.pane().keys(), actNextTab, actPrevTab, actOpen, actPrevPart, actNextPart, actPrevDay, actNextDay, actSwap)
}

func (v *tagView) typing() bool { return v.pane().typing() }

func (v *tagView) input(k tea.KeyMsg) tea.Cmd {
	v.pane().input(k)
	return nil
}

// escape leaves the filter, what was then, the comparison.
func (v *tagView) escape() bool {
	switch {
	case v.pane().escape():
	case v.back:
		v.back = false
		v.layout()
	case v.comparing():
		v.at, v.steps = len(v.history.events), 0
		v.layout()
	default:
		return false
	}
	return true
}

func (v *tagView) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		return v.ask()
	case changes:
		return v.heard(m)
	case done:
		return v.heard(changes{whole: true})
	case wake:
		if n, ok := m.what.(sliderRests); ok && int(n) == v.moved {
			return v.ask()
		}
	case reply:
		switch what := m.what.(type) {
		case tagAnswer:
			v.takePart(what, m.err)
		case tagRepo:
			if m.err == nil {
				v.repo = what
			}
		case tagHistory:
			v.takeHistory(what, m.err)
		case compared:
			delete(v.working, what.of)
			v.compared[what.of] = what.list
		}
		v.layout()
		return v.ask()
	}
	return nil
}

// heard has what is shown asked for anew if the tag, or one that it inherits
// from, has changed.
func (v *tagView) heard(m changes) tea.Cmd {
	now := v.moments[0]
	mine := func(n koji.TagNotice) bool {
		return n.ID == v.id || slices.ContainsFunc(now.ancestors, func(a koji.Ancestor) bool { return a.ParentID == n.ID })
	}
	if !m.whole && !slices.ContainsFunc(m.tags, mine) || v.id == 0 {
		return nil
	}
	for part := range now.parts {
		now.parts[part].old = now.parts[part].known
	}
	v.repo.known, v.behind = false, v.history.to > 0
	if !v.e.shown(v) {
		return nil
	}
	return v.ask()
}

// needed are the parts of the tag that the tab shows.
func (v *tagView) needed() []tagPart {
	parts := []tagPart{partTag}
	if part := partOf[v.tabs.at]; part != partTag {
		parts = append(parts, part)
	}
	if v.tabs.at == tagInheritance && v.comparing() && !v.back {
		parts = append(parts, partLatest)
	}
	return parts
}

// ask asks for what the tab shows and isn't known.
func (v *tagView) ask() tea.Cmd {
	var cmds []tea.Cmd
	events := []int64{0}
	if v.comparing() {
		events = append(events, v.then())
	}
	for _, event := range events {
		for _, part := range v.needed() {
			cmds = append(cmds, v.askPart(part, event))
		}
	}
	if v.id != 0 && !v.repo.known {
		v.repo.known = true
		h, id := v.e.hub, v.id
		cmds = append(cmds, v.e.ask(v.c, func(ctx context.Context) (any, error) { return askTagRepo(ctx, h, id) }))
	}
	cmds = append(cmds, v.askHistory(), v.compare(v.tabs.at))
	if v.tabs.at == tagInheritance {
		cmds = append(cmds, v.compare(tagLatest))
	}
	return tea.Batch(cmds...)
}

// comparison names the comparison that a tab shows; false if then or now isn't
// known yet.
func (v *tagView) comparison(tab int) (comparison, bool) {
	then, now, part := v.moment(v.then()), v.moments[0], partOf[tab]
	c := comparison{tab, then.event, [2]int{then.parts[part].version, now.parts[part].version}}
	return c, then.has(part) && now.has(part)
}

// comparisonsKept is how many comparisons are kept.
const comparisonsKept = 50

// compare compares then and now aside: a large tag takes its time.
func (v *tagView) compare(tab int) tea.Cmd {
	if !v.comparing() || v.back || tab == tagHistoryTab {
		return nil
	}
	c, ok := v.comparison(tab)
	if _, known := v.compared[c]; !ok || known || v.working[c] {
		return nil
	}
	if len(v.compared) >= comparisonsKept {
		clear(v.compared)
	}
	v.working[c] = true
	then, now := *v.moment(c.event), *v.moments[0]
	return v.e.ask(v.c, func(context.Context) (any, error) { return compared{c, differences(&then, &now, tab)}, nil })
}

func (v *tagView) askPart(part tagPart, event int64) tea.Cmd {
	p := &v.moment(event).parts[part]
	if p.asked || p.known && !p.old || v.id == 0 && (part != partTag || event != 0) {
		return nil
	}
	p.asked = true
	h, ref := v.e.hub, any(v.id)
	if v.id == 0 {
		ref = v.name
	}
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return askTagPart(ctx, h, ref, part, event) })
}

func (v *tagView) takePart(a tagAnswer, err error) {
	m := v.moment(a.event)
	p := &m.parts[a.part]
	p.asked, p.old, p.known, p.err = false, false, true, err
	p.version++
	if err != nil {
		return
	}
	a.fill(m)
	if a.part == partTag && a.event == 0 {
		v.id, v.name = m.tag.ID, safetext.Clean(m.tag.Name)
	}
	v.forget()
}

// momentsKept is how many moments are kept: each may hold a large tag's lists.
const momentsKept = 12

// forget lets the moments go that are farthest from what is looked at.
func (v *tagView) forget() {
	for len(v.moments) > momentsKept {
		far := int64(-1)
		for event := range v.moments {
			if event != 0 && event != v.then() && (far < 0 || distance(event, v.then()) > distance(far, v.then())) {
				far = event
			}
		}
		delete(v.moments, far)
	}
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

func askTagRepo(ctx context.Context, h *hub, id int64) (tagRepo, error) {
	r := tagRepo{known: true}
	m := h.read.Multicall()
	m.Add(&r.repo, "getRepo", id)
	m.Add(&r.last, "tagLastChangeEvent", id)
	return r, h.all(ctx, m)
}

// askHistory asks for the newest history, or for what came before it, where
// one is looked for.
func (v *tagView) askHistory() tea.Cmd {
	wanted := v.tabs.at == tagHistoryTab || v.steps > 0
	if v.id == 0 || v.asking || v.askedErr != nil || !wanted && !v.behind {
		return nil
	}
	now, known := v.e.clock(), v.history.to > 0
	from, to := now-historyWindow, float64(0)
	switch {
	case known && v.behind:
		from = v.history.last()
	case known && (v.steps > 0 || v.past.wantsMore()) && v.past.more:
		from, to = v.history.from-historyWindow, v.history.from
	case known:
		return nil
	}
	v.asking, v.behind = true, false
	tags := []int64{v.id}
	for _, a := range v.moments[0].ancestors {
		if !slices.Contains(tags, a.ParentID) {
			tags = append(tags, a.ParentID)
		}
	}
	h := v.e.hub
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return askTagHistory(ctx, h, tags, from, to) })
}

func (v *tagView) takeHistory(h tagHistory, err error) {
	v.asking, v.askedErr = false, err
	if err != nil {
		v.steps = 0
		return
	}
	comparing := v.comparing()
	switch {
	case v.history.to == 0:
		v.history = h
	case h.to <= v.history.from:
		v.at += len(h.events)
		v.history.earlier(h)
	default:
		v.history.later(h)
	}
	if !comparing {
		v.at = len(v.history.events)
	}
	back := min(v.steps, v.at)
	v.at -= back
	v.steps = 0
	v.past.more = !v.reached()
}

// reached reports whether the history goes back to the tag's beginning, or so
// far that nobody will look further.
func (v *tagView) reached() bool {
	const years = 25 * 365 * 24 * 3600
	made := slices.ContainsFunc(v.history.events, func(e tagEvent) bool {
		return slices.ContainsFunc(e.changes, func(c tagChange) bool { return c.made && c.tag == v.name })
	})
	return made || v.e.clock()-v.history.from > years
}

// sliderRests says that the slider wasn't moved for a while.
type sliderRests int

// sliderPause is how long the slider must stand before lists are asked for.
const sliderPause = 150 * time.Millisecond

// slide moves the slider by events, into the past if n is negative.
func (v *tagView) slide(n int) tea.Cmd {
	v.moved++
	if v.history.to == 0 || v.at+n < 0 && v.past.more {
		v.steps = max(v.steps-n, 0)
		return v.ask()
	}
	v.at = min(max(v.at+n, 0), len(v.history.events))
	if v.at == len(v.history.events) {
		v.back = false
	}
	v.layout()
	return v.c.wakeAfter(sliderPause, sliderRests(v.moved))
}

// slideDay moves the slider by a day.
func (v *tagView) slideDay(days int) tea.Cmd {
	if v.history.to == 0 {
		return v.slide(-1)
	}
	wanted := v.thenTime() + float64(days)*24*3600
	at, _ := slices.BinarySearchFunc(v.history.events, wanted, func(e tagEvent, ts float64) int {
		if e.ts <= ts {
			return -1
		}
		return 1
	})
	n := at - v.at
	switch { // at least one event
	case days < 0:
		n = min(n, -1)
	default:
		n = max(n, 1)
	}
	return v.slide(n)
}

func (v *tagView) do(a action) tea.Cmd {
	switch {
	case a == actRefresh:
		return v.refresh()
	case v.tabs.do(a):
		v.layout()
		return v.ask()
	case a == actPrevPart:
		return v.slide(-1)
	case a == actNextPart:
		return v.slide(1)
	case a == actPrevDay:
		return v.slideDay(-1)
	case a == actNextDay:
		return v.slideDay(1)
	case a == actSwap:
		if !v.comparing() {
			v.e.tell(roleWarn, "[ goes back to an earlier event first")
			return nil
		}
		v.back = !v.back
		v.layout()
		return v.ask()
	case v.pane().do(a):
		return v.askHistory()
	case a == actOpen:
		v.open()
	}
	return nil
}

func (v *tagView) refresh() tea.Cmd {
	for _, m := range v.moments {
		for part := range m.parts {
			m.parts[part].old = m.parts[part].known
		}
	}
	v.repo.known, v.behind, v.askedErr = false, v.history.to > 0, nil
	return v.ask()
}

// open opens what is selected: a tag, a build.
func (v *tagView) open() {
	switch p := v.pane().(type) {
	case pagePane:
		switch sel := p.sel.(type) {
		case ancestorKey:
			v.e.next = newTagView(v.e, sel.tag)
		case differenceKey:
			if sel.build != 0 {
				v.e.next = newBuildView(v.e, sel.build, "")
			}
		}
	case *filteredPane[string, tagItem]:
		item, ok := p.selected()
		switch {
		case !ok:
			p.do(actFold)
		case item.build != 0:
			v.e.next = newBuildView(v.e, item.build, item.name)
		case item.from != "" && item.from != v.name:
			v.e.next = newTagView(v.e, item.from)
		}
	case *filteredPane[string, difference]:
		if d, ok := p.selected(); ok && d.build != 0 {
			v.e.next = newBuildView(v.e, d.build, "")
		}
	case *filteredPane[string, pastRow]:
		if r, ok := p.selected(); ok && r.change.build != 0 {
			v.e.next = newBuildView(v.e, r.change.build, strings.TrimSpace(r.change.text))
		}
	}
}

func (v *tagView) deeds() []deed {
	deeds := v.e.repoDeeds(v.name)
	list := v.lists[tagLatest]
	if v.tabs.at != tagLatest || v.pane() != pane(list) || v.back {
		return deeds
	}
	var refs []buildRef
	for _, i := range list.acted() {
		refs = append(refs, buildRef{id: i.build, nvr: i.name, state: koji.BuildComplete, tag: i.from})
	}
	return append(v.e.buildDeeds(refs), deeds...)
}

func (v *tagView) clips() []clip { return v.e.tagClips(v.name, v.id) }

func (v *tagView) command() string {
	verb := map[int]string{
		tagInheritance: "list-tag-inheritance", tagPackages: "list-pkgs", tagLatest: "list-tagged", tagGroups: "list-groups",
		tagExternals: "list-external-repos", tagHistoryTab: "list-history", tagTargets: "taginfo",
	}[v.tabs.at]
	args := []any{v.name}
	switch v.tabs.at {
	case tagPackages, tagExternals, tagHistoryTab:
		args = []any{fmt.Sprintf("--tag=%s", v.name)}
	case tagLatest:
		args = []any{"--latest", "--inherit", v.name}
	}
	if event := v.shownEvent(); event != 0 && v.tabs.at != tagHistoryTab && v.tabs.at != tagTargets {
		args = append([]any{fmt.Sprintf("--event=%d", event)}, args...)
	}
	return v.e.commandLine(verb, args...)
}
