package tui

import (
	"context"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/safetext"
)

// outdated says that what is known of now is no longer so.
func (v *tagView) outdated() {
	for part := range v.moments[0].parts {
		v.moments[0].parts[part].old = v.moments[0].parts[part].known
	}
	v.behind = v.history.to > 0
}

// ticks: a hub that doesn't tell of changes is asked for them.
func (v *tagView) ticks() bool { return v.repo.known && v.e.link.up && !v.e.link.stream }

// look asks whether the tag has changed, from time to time, where the hub
// doesn't tell.
func (v *tagView) look() tea.Cmd {
	if !v.ticks() || v.e.lost() || !v.e.shown(v) || v.e.now().Sub(v.looked) < refreshPoll {
		return nil
	}
	v.repo.known = false
	return v.ask()
}

func (v *tagView) takeRepo(r tagRepo, err error) {
	v.looked = v.e.now()
	if err != nil {
		return
	}
	before := v.repo.last
	v.repo = r
	if !v.e.link.stream && before != 0 && r.last > before {
		v.outdated()
	}
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

// comparison names the versions of a part that were compared, of then and now.
type comparison struct {
	tab      int
	event    int64
	versions [2]int
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
	m := v.moment(event)
	p := &m.parts[part]
	if p.asked || p.known && !p.old || v.id == 0 && (part != partTag || event != 0) {
		return nil
	}
	v.moments[event] = m
	if event != 0 && v.unborn(event) {
		p.known = true // nothing was in it
		return nil
	}
	p.asked = true
	h, ref := v.e.hub, any(v.id)
	if v.id == 0 {
		ref = v.name
	}
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return askTagPart(ctx, h, ref, part, event) })
}

// unborn reports whether the tag wasn't there yet at an event.
func (v *tagView) unborn(event int64) bool {
	at := slices.IndexFunc(v.history.events, v.begins)
	return at >= 0 && event < v.history.events[at].id
}

// begins reports whether the tag was made at an event.
func (v *tagView) begins(e tagEvent) bool {
	return slices.ContainsFunc(e.changes, func(c tagChange) bool { return c.made && c.tag == v.name })
}

func (v *tagView) takePart(a tagAnswer, err error) {
	m := v.moment(a.event)
	v.moments[a.event] = m
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
		if v.steps > 0 {
			v.e.tell(roleFail, "history: "+errorText(err))
		}
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
	return slices.ContainsFunc(v.history.events, v.begins) || v.e.clock()-v.history.from > years
}
