package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// moment of a tag is what it was at an event, or is now: each part is asked
// for when it is looked at first, and then kept.
type tagMoment struct {
	event int64 // 0 is now
	parts [tagPartCount]tagPartState

	tag       koji.Tag
	ancestors []koji.Ancestor
	externals []koji.TagExternalRepo
	packages  []tagPackage
	latest    []tagBuild     // the latest of each package, with what is inherited
	perTag    map[string]int // how many of those are in which tag
	targets   []koji.Target
	groups    []koji.Group
}

// tagPart is a part of what there is to know about a tag.
type tagPart uint8

const (
	partTag tagPart = iota // itself, its inheritance and external repos
	partPackages
	partLatest
	partTargets
	partGroups
	tagPartCount
)

// tagPartState is how it stands with a part.
type tagPartState struct {
	asked, known bool
	old          bool // known, but it has changed since
	version      int  // grows with each answer
	err          error
}

// tagPackage is a package in the list of a tag.
type tagPackage struct {
	name, owner, from string
	arches            string
	blocked           bool
}

// tagBuild is a build as a tag has it.
type tagBuild struct {
	id          int64
	pkg, nvr    string
	version     string
	release     string
	epoch       int64
	owner, from string // from: the tag that it is in
	completed   float64
	state       koji.BuildState
}

// tagAnswer is the answer to what was asked about a part; the view puts it
// into the moment that it belongs to.
type tagAnswer struct {
	part  tagPart
	event int64
	fill  func(*tagMoment)
}

// at is the arguments of a question about a tag at an event.
func at(event int64, n koji.Named) koji.Named {
	if event != 0 {
		n["event"] = event
	}
	return n
}

// askTagPart asks for a part of a tag at an event.
func askTagPart(ctx context.Context, h *hub, id any, part tagPart, event int64) (tagAnswer, error) {
	a := tagAnswer{part: part, event: event}
	var err error
	switch part {
	case partTag:
		a.fill, err = askTagItself(ctx, h, id, event)
	case partPackages:
		a.fill, err = askTagPackages(ctx, h, id, event)
	case partLatest:
		a.fill, err = askTagLatest(ctx, h, id, event)
	case partTargets:
		a.fill, err = askTagTargets(ctx, h, id, event)
	case partGroups:
		var groups []koji.Group
		err = h.call(ctx, "getTagGroups", &groups, id, at(event, koji.Named{}))
		slices.SortFunc(groups, func(a, b koji.Group) int { return strings.Compare(a.Name, b.Name) })
		a.fill = func(m *tagMoment) { m.groups = groups }
	}
	return a, err
}

func askTagItself(ctx context.Context, h *hub, id any, event int64) (func(*tagMoment), error) {
	var tag *koji.Tag
	var ancestors []koji.Ancestor
	var externals []koji.TagExternalRepo
	m := h.read.Multicall()
	m.Add(&tag, "getTag", id, at(event, koji.Named{}))
	m.Add(&ancestors, "getFullInheritance", id, at(event, koji.Named{}))
	m.Add(&externals, "getExternalRepoList", id, at(event, koji.Named{}))
	if err := h.all(ctx, m); err != nil {
		return nil, err
	}
	if tag == nil {
		return nil, fmt.Errorf("there was no such tag at event %d", event)
	}
	return func(m *tagMoment) { m.tag, m.ancestors, m.externals = *tag, ancestors, externals }, nil
}

func askTagPackages(ctx context.Context, h *hub, id any, event int64) (func(*tagMoment), error) {
	var list []koji.TagPackage
	err := h.call(ctx, "listPackages", &list, at(event, koji.Named{"tagID": id, "inherited": true}))
	if err != nil {
		return nil, err
	}
	rows := make([]tagPackage, 0, len(list))
	for _, p := range list {
		rows = append(rows, tagPackage{
			name: safetext.Clean(p.PackageName), owner: safetext.Clean(p.OwnerName), from: safetext.Clean(p.TagName),
			arches: safetext.Clean(value(p.ExtraArches)), blocked: p.Blocked,
		})
	}
	slices.SortFunc(rows, func(a, b tagPackage) int { return strings.Compare(a.name, b.name) })
	return func(m *tagMoment) { m.packages = rows }, nil
}

// taggedRecord is what is read of a build in a tag: a large tag has tens of
// thousands.
type taggedRecord struct {
	BuildID        int64           `xmlrpc:"build_id"`
	NVR            string          `xmlrpc:"nvr"`
	PackageName    string          `xmlrpc:"package_name"`
	Version        string          `xmlrpc:"version"`
	Release        string          `xmlrpc:"release"`
	Epoch          *int64          `xmlrpc:"epoch"`
	OwnerName      string          `xmlrpc:"owner_name"`
	TagName        string          `xmlrpc:"tag_name"`
	CompletionTime koji.Time       `xmlrpc:"completion_time"`
	State          koji.BuildState `xmlrpc:"state"`
}

func askTagLatest(ctx context.Context, h *hub, id any, event int64) (func(*tagMoment), error) {
	var list []taggedRecord
	err := h.call(ctx, "listTagged", &list, id, at(event, koji.Named{"inherit": true, "latest": true}))
	if err != nil {
		return nil, err
	}
	rows := make([]tagBuild, 0, len(list))
	for _, b := range list {
		rows = append(rows, tagBuild{
			id: b.BuildID, pkg: safetext.Clean(b.PackageName), nvr: safetext.Clean(b.NVR), version: safetext.Clean(b.Version),
			release: safetext.Clean(b.Release), epoch: value(b.Epoch), owner: safetext.Clean(b.OwnerName),
			from: safetext.Clean(b.TagName), completed: stamp(b.CompletionTime), state: b.State,
		})
	}
	slices.SortStableFunc(rows, func(a, b tagBuild) int { return strings.Compare(a.pkg, b.pkg) })
	perTag := map[string]int{}
	for _, b := range rows {
		perTag[b.from]++
	}
	return func(m *tagMoment) { m.latest, m.perTag = rows, perTag }, nil
}

func askTagTargets(ctx context.Context, h *hub, id any, event int64) (func(*tagMoment), error) {
	var from, into []koji.Target
	m := h.read.Multicall()
	m.Add(&from, "getBuildTargets", at(event, koji.Named{"buildTagID": id}))
	m.Add(&into, "getBuildTargets", at(event, koji.Named{"destTagID": id}))
	if err := h.all(ctx, m); err != nil {
		return nil, err
	}
	list := from
	for _, t := range into {
		if !slices.ContainsFunc(from, func(f koji.Target) bool { return f.ID == t.ID }) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b koji.Target) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return func(m *tagMoment) { m.targets = list }, nil
}

// ancestorRow is a line of the tree of inheritance.
type ancestorRow struct {
	guide    string // the lines of the tree before it
	tag      string
	id       int64
	priority int64
	notes    string // maxdepth and the like
	depth    int
}

// ancestorRows are the tags that a tag inherits from, as a tree.
func ancestorRows(list []koji.Ancestor) []ancestorRow {
	rows := make([]ancestorRow, 0, len(list))
	for i, a := range list {
		depth := int(max(a.CurrDepth, 1))
		var guide strings.Builder
		for d := 1; d < depth; d++ {
			if goesOn(list[i+1:], int64(d)) {
				guide.WriteString("│    ")
			} else {
				guide.WriteString("     ")
			}
		}
		if goesOn(list[i+1:], int64(depth)) {
			guide.WriteString("├")
		} else {
			guide.WriteString("└")
		}
		rows = append(rows, ancestorRow{
			guide: guide.String(), tag: safetext.Clean(a.Name), id: a.ParentID, priority: a.Priority, notes: linkNotes(a), depth: depth,
		})
	}
	return rows
}

// goesOn reports whether the tree has another line at a depth before it goes back.
func goesOn(rest []koji.Ancestor, depth int64) bool {
	for _, a := range rest {
		switch {
		case a.CurrDepth == depth:
			return true
		case a.CurrDepth < depth:
			return false
		}
	}
	return false
}

// linkNotes says what is special about a link of the inheritance.
func linkNotes(a koji.Ancestor) string {
	var notes []string
	if a.MaxDepth != nil {
		notes = append(notes, fmt.Sprintf("maxdepth %d", *a.MaxDepth))
	}
	if a.Intransitive {
		notes = append(notes, "intransitive")
	}
	if a.NoConfig {
		notes = append(notes, "noconfig")
	}
	if a.PkgFilter != "" {
		notes = append(notes, "filter "+safetext.Clean(a.PkgFilter))
	}
	return strings.Join(notes, "  ")
}
