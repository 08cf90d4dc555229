package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// tagView is all about one tag, as it is now or was at an event, and how the
// two differ.
type tagView struct {
	screen
	name    string
	id      int64 // 0 until it is known
	moments map[int64]*tagMoment
	repo    tagRepo
	looked  time.Time // when repo was asked for last

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
	case tick:
		return v.look()
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
			v.takeRepo(what, m.err)
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
	v.outdated()
	v.repo.known = false
	if !v.e.shown(v) {
		return nil
	}
	return v.ask()
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
