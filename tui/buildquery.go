package tui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// buildRow is what lists need of a build. Its texts are clean.
type buildRow struct {
	id, task           int64
	state              koji.BuildState
	nvr, name          string
	version, release   string
	epoch              int64
	owner              string
	ownerID            int64
	draft              bool
	started, completed float64  // seconds since the epoch, 0 if unknown
	tags               []string // that it is in
	tagged             bool     // tags is known
}

var buildMarks = [...]mark{
	koji.BuildBuilding: {"◉", ">", roleRun},
	koji.BuildComplete: {"✓", "+", roleDone},
	koji.BuildDeleted:  {"⌫", "d", roleDim},
	koji.BuildFailed:   {"✗", "X", roleFail},
	koji.BuildCanceled: {"⊘", "-", roleDim},
}

// buildMark is the sign of a state, which may be one that isn't known.
func buildMark(s koji.BuildState) mark {
	if s < 0 || int(s) >= len(buildMarks) {
		return mark{"?", "?", roleWarn}
	}
	return buildMarks[s]
}

// buildOf reads a build as listBuilds, getBuild and listTagged tell it; the
// last one tells of times as text only.
func buildOf(b koji.Build) buildRow {
	return buildRow{
		id: b.BuildID, task: value(b.TaskID), state: b.State, nvr: safetext.Clean(b.NVR), name: safetext.Clean(b.PackageName),
		version: safetext.Clean(b.Version), release: safetext.Clean(b.Release), epoch: value(b.Epoch),
		owner: safetext.Clean(b.OwnerName), ownerID: b.OwnerID, draft: b.Draft,
		started:   firstKnown(value(b.StartTS), stamp(b.StartTime), value(b.CreationTS), stamp(b.CreationTime)),
		completed: firstKnown(value(b.CompletionTS), stamp(b.CompletionTime)),
	}
}

// value is what p points to, zero if that is nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// firstKnown is the first of moments that is known.
func firstKnown(ts ...float64) float64 {
	for _, t := range ts {
		if t != 0 {
			return t
		}
	}
	return 0
}

// stamp is a moment in seconds since the epoch, 0 if it is unknown.
func stamp(t koji.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return koji.Seconds(t.Time)
}

// ref is the build as deeds need it; tag is one that it is looked at in, or "".
func (b buildRow) ref(tag string) buildRef {
	return buildRef{id: b.id, nvr: b.nvr, state: b.state, owner: b.ownerID, tag: tag}
}

// took is how long a build took, or takes until now; 0 if that is unknown.
func (b buildRow) took(now float64) float64 {
	end := b.completed
	if b.state == koji.BuildBuilding {
		end = now
	}
	if b.started == 0 || end == 0 {
		return 0
	}
	return max(end-b.started, 0)
}

// buildQuery is which builds are asked for: what the hub can choose by.
type buildQuery struct {
	name             string // a package, or a part of an NVR where there is none by that name
	tag, owner, kind string
	state            koji.BuildState
	hasState, part   bool   // part: name is known to be no package
	order            string // of the hub's answer, "" for the newest first
}

// buildWord reports whether a word may stand before a colon in the filter of builds.
func buildWord(key string) bool {
	switch key {
	case "pkg", "tag", "own", "st", "type", "id":
		return true
	}
	return false
}

// parseBuildQuery reads what of a filter is for the hub. The rest, and what
// excludes, only chooses from what it answers.
func parseBuildQuery(text string) (q buildQuery) {
	for _, w := range strings.Fields(text) {
		key, v, ok := strings.Cut(w, ":")
		if !ok || !buildWord(key) {
			key, v = "", w
		}
		switch {
		case v == "" || strings.HasPrefix(w, "-"):
		case key == "" && q.name == "" || key == "pkg":
			q.name = v
		case key == "tag":
			q.tag = v
		case key == "own":
			q.owner = v
		case key == "type":
			q.kind = v
		case key == "st":
			q.state, q.hasState = buildStateOf(v)
		}
	}
	return q
}

// buildStateOf is the state that begins with what was typed.
func buildStateOf(typed string) (koji.BuildState, bool) {
	for s := koji.BuildBuilding; s <= koji.BuildCanceled; s++ {
		if strings.HasPrefix(strings.ToLower(s.String()), strings.ToLower(typed)) {
			return s, true
		}
	}
	return 0, false
}

// localBuildWord reports whether a word of the filter chooses from rows that are here;
// others are for the hub alone.
func localBuildWord(w filterWord) bool {
	switch w.key {
	case "tag", "type":
		return w.not
	case "":
		return !strings.ContainsAny(w.value, "*?")
	}
	return true
}

// hint says in words what is asked for.
func (q buildQuery) hint() string {
	word := func(kind, v string) string {
		if v == "" {
			return "any " + kind
		}
		return kind + " " + v
	}
	name := word("package", q.name)
	if q.name != "" && q.part {
		name = "names with " + q.name
	}
	state := "any state"
	if q.hasState {
		state = strings.ToLower(q.state.String())
	}
	return strings.Join([]string{name, word("tag", q.tag), word("owner", q.owner), state}, " · ")
}

// buildPage is a part of the builds that were asked for.
type buildPage = listPage[buildQuery, buildRow]

// askBuilds asks for a page. A name is a package's if there are builds of one,
// else a part of an NVR.
func askBuilds(ctx context.Context, h *hub, q buildQuery, offset int) (buildPage, error) {
	ask := listBuilds
	if q.tag != "" {
		ask = listTagged
	}
	if strings.ContainsAny(q.name, "*?") {
		q.part = true
	}
	p, err := ask(ctx, h, q, offset)
	if err == nil && len(p.items) == 0 && offset == 0 && q.name != "" && !q.part {
		q.part = true
		return ask(ctx, h, q, offset)
	}
	return p, err
}

func listBuilds(ctx context.Context, h *hub, q buildQuery, offset int) (buildPage, error) {
	args := func(opts map[string]any) koji.Named {
		n := koji.Named{"queryOpts": opts}
		switch {
		case q.name == "":
		case q.part:
			n["pattern"] = globAround(q.name)
		default:
			n["packageID"] = q.name
		}
		if q.owner != "" {
			n["userID"] = q.owner
		}
		if q.kind != "" {
			n["type"] = q.kind
		}
		if q.hasState {
			n["state"] = int(q.state)
		}
		return n
	}
	p := buildPage{query: q, offset: offset, total: -1}
	var list []koji.Build
	m := h.read.Multicall()
	m.Add(&list, "listBuilds", args(map[string]any{"order": cmp.Or(q.order, "-build_id"), "offset": offset, "limit": pageSize}))
	if offset == 0 {
		m.Add(&p.total, "listBuilds", args(map[string]any{"countOnly": true}))
	}
	if err := h.all(ctx, m); err != nil {
		return p, err
	}
	p.items = buildsOf(list)
	return p, nil
}

// listTagged asks for the builds in a tag. Those of Koji's methods that list
// them have no pages; the hub cuts one out of the whole.
func listTagged(ctx context.Context, h *hub, q buildQuery, offset int) (buildPage, error) {
	n := koji.Named{"filterOpts": map[string]any{"order": cmp.Or(q.order, "-build_id"), "offset": offset, "limit": pageSize}}
	switch {
	case q.name == "":
	case q.part:
		n["prefix"] = strings.Trim(q.name, "*")
	default:
		n["package"] = q.name
	}
	if q.owner != "" {
		n["owner"] = q.owner
	}
	if q.kind != "" {
		n["type"] = q.kind
	}
	p := buildPage{query: q, offset: offset, total: -1}
	m := h.read.Multicall()
	var list []koji.Build
	m.Add(&list, "filterResults", "listTagged", q.tag, n)
	if offset == 0 {
		counted := maps.Clone(n)
		delete(counted, "filterOpts")
		m.Add(&p.total, "count", "listTagged", q.tag, counted)
	}
	if err := h.all(ctx, m); err != nil {
		return p, err
	}
	p.items = buildsOf(list)
	return p, nil
}

func buildsOf(list []koji.Build) []buildRow {
	rows := make([]buildRow, len(list))
	for i, b := range list {
		rows[i] = buildOf(b)
	}
	return rows
}

// askTags asks which tags builds are in.
func askTags(ctx context.Context, h *hub, ids []int64) (map[int64][]string, error) {
	lists := make([][]koji.ListedTag, len(ids))
	m := h.read.Multicall()
	for i, id := range ids {
		m.Add(&lists[i], "listTags", id)
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	tags := map[int64][]string{}
	for i, id := range ids {
		names := []string{}
		for _, t := range lists[i] {
			names = append(names, safetext.Clean(t.Name))
		}
		slices.Sort(names)
		tags[id] = names
	}
	return tags, nil
}

func globAround(word string) string {
	if strings.ContainsAny(word, "*?") {
		return word
	}
	return "*" + word + "*"
}
