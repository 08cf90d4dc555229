package tui

import (
	"fmt"
	"slices"
	"strings"

	"koji/internal/safetext"
)

// tagItem is a line of one of a tag's lists: a package, a build, a target, a
// package of a group, an external repo.
type tagItem struct {
	key, group  string
	name, text  string
	owner, from string // from: the tag that it is inherited from
	ts          float64
	build       int64
	blocked     bool
}

// newTagItems is the table of a tab.
func newTagItems(e *env, tab int) *filteredPane[string, tagItem] {
	byName := func(a, b tagItem) int { return strings.Compare(a.name, b.name) }
	name := column[tagItem]{widths: widths{rest, rest, rest, rest}, order: byName, cell: func(i tagItem) (string, role) {
		if i.blocked {
			return i.name, roleDim
		}
		return i.name, roleText
	}}
	text := column[tagItem]{cell: func(i tagItem) (string, role) { return i.text, roleDim }}
	from := column[tagItem]{title: "FROM", widths: widths{0, 18, 24, 32}, cell: func(i tagItem) (string, role) { return i.from, roleDim },
		order: func(a, b tagItem) int { return strings.Compare(a.from, b.from) }}
	by := column[tagItem]{title: "OWNER", widths: widths{9, 9, 12, 16}, cell: func(i tagItem) (string, role) { return owner(i.owner), roleDim },
		order: func(a, b tagItem) int { return strings.Compare(a.owner, b.owner) }}
	when := column[tagItem]{title: "FINISHED", widths: widths{6, 9, 16, 19},
		draw:  func(p *pen, i tagItem, n int) { p.fit(roleText, dayTime(i.ts, e.clock(), e.loc, n), n) },
		whole: func(i tagItem) string { return wholeTime(i.ts, e.loc) },
		order: func(a, b tagItem) int { return int(min(max(b.ts-a.ts, -1), 1)) }}
	var columns []column[tagItem]
	empty := ""
	switch tab {
	case tagPackages:
		name.title, text.title, text.widths, empty = "PACKAGE", "", widths{8, 14, 24, 32}, "no packages are listed"
		columns = []column[tagItem]{name, text, from, by}
	case tagLatest:
		name.title, name.short, empty = "BUILD", shortenNVR, "no builds"
		columns = []column[tagItem]{name, from, by, when}
	case tagTargets:
		name.title, name.widths, empty = "TARGET", widths{24, 28, 40, 48}, "no target builds in it or into it"
		text.title, text.widths = "FROM → INTO", widths{rest, rest, rest, rest}
		columns = []column[tagItem]{name, text}
	case tagGroups:
		name.title, empty = "PACKAGE", "no groups"
		text.widths = widths{12, 16, 20, 20}
		columns = []column[tagItem]{name, text, from}
	case tagExternals:
		name.title, name.widths, empty = "EXTERNAL REPO", widths{20, 24, 30, 36}, "no external repos"
		text.title, text.widths = "PRIORITY, MODE, URL", widths{rest, rest, rest, rest}
		from.widths = widths{0, 0, 18, 24}
		columns = []column[tagItem]{name, text, from}
	}
	t := newTable(e, func(i tagItem) string { return i.key }, columns...)
	t.text = func(i tagItem) string { return i.name + " " + i.text }
	t.fields = map[string]func(tagItem) string{
		"own":  func(i tagItem) string { return i.owner },
		"from": func(i tagItem) string { return i.from },
	}
	if tab == tagGroups {
		t.group = func(i tagItem) string { return i.group }
		t.fields["group"] = t.group
	}
	t.empty = empty
	return &filteredPane[string, tagItem]{table: t}
}

// items is what a moment's part holds, for the table of a tab.
func (m *tagMoment) items(tab int) []tagItem {
	var list []tagItem
	add := func(i tagItem) { list = append(list, i) }
	switch tab {
	case tagPackages:
		for _, p := range m.packages {
			i := tagItem{key: p.name, name: p.name, owner: p.owner, from: p.from, blocked: p.blocked}
			if p.blocked {
				i.text = "blocked"
			}
			if p.arches != "" {
				i.text = strings.TrimSpace(i.text + " also " + p.arches)
			}
			add(i)
		}
	case tagLatest:
		for _, b := range m.latest {
			add(tagItem{key: fmt.Sprint(b.id), name: b.nvr, owner: b.owner, from: b.from, ts: b.completed, build: b.id})
		}
	case tagTargets:
		for _, t := range m.targets {
			add(tagItem{key: fmt.Sprint(t.ID), name: safetext.Clean(t.Name), text: targetText(t)})
		}
	case tagGroups:
		m.groupItems(add)
	case tagExternals:
		for n, r := range m.externals {
			add(tagItem{key: fmt.Sprint(n), name: safetext.Clean(r.ExternalRepoName), text: externalText(r), from: safetext.Clean(r.TagName)})
		}
	}
	return list
}

func (m *tagMoment) groupItems(add func(tagItem)) {
	for _, g := range m.groups {
		group := safetext.Clean(g.Name)
		var items []tagItem
		for _, r := range g.Groups {
			items = append(items, tagItem{name: "@" + safetext.Clean(r.Name), text: "group", blocked: r.Blocked})
		}
		for _, p := range g.Packages {
			items = append(items, tagItem{name: safetext.Clean(p.Package), text: safetext.Clean(p.Type), blocked: p.Blocked})
		}
		slices.SortStableFunc(items, func(a, b tagItem) int { return strings.Compare(a.name, b.name) })
		if len(items) == 0 {
			items = []tagItem{{name: "(empty)", blocked: true}}
		}
		for n, i := range items {
			i.group, i.key = group, fmt.Sprintf("%s %d", group, n)
			add(i)
		}
	}
}

// differences is how a part that a tab shows differs between two moments.
func differences(then, now *tagMoment, tab int) []difference {
	switch tab {
	case tagInheritance:
		return compareAncestors(then.ancestors, now.ancestors)
	case tagPackages:
		return comparePackages(then.packages, now.packages)
	case tagLatest:
		return compareBuilds(then.latest, now.latest)
	case tagTargets:
		return compareTargets(then.targets, now.targets)
	case tagGroups:
		return compareGroups(then.groups, now.groups)
	}
	return compareExternals(then.externals, now.externals)
}

// has reports whether a part is known.
func (m *tagMoment) has(part tagPart) bool { return m.parts[part].known && m.parts[part].err == nil }

// newDifferences is the table of how two moments of a tag differ.
func newDifferences(e *env) *filteredPane[string, difference] {
	t := newTable(e, difference.key,
		column[difference]{title: "CHANGED", widths: widths{rest, rest, rest, rest}, draw: func(p *pen, d difference, n int) { d.draw(e, p, n) },
			whole: func(d difference) string {
				return strings.TrimSpace(differenceWords[d.kind] + " " + d.name + " " + d.old + " " + d.new)
			},
			order: func(a, b difference) int { return strings.Compare(a.name, b.name) }},
	)
	t.text = func(d difference) string { return d.name + " " + d.old + " " + d.new }
	t.fields = map[string]func(difference) string{
		"own": func(d difference) string { return d.by },
		"is":  func(d difference) string { return differenceWords[d.kind] },
	}
	t.empty = "nothing has changed"
	return &filteredPane[string, difference]{table: t}
}

func (d difference) key() string { return fmt.Sprintf("%d %s", d.kind, d.name) }

// pastRow is a change in a tag's history.
type pastRow struct {
	event  int64
	ts     float64
	n      int // of the changes of one event
	change tagChange
}

func pastKey(event int64, n int) string { return fmt.Sprintf("%d %d", event, n) }

// newPastTable is the table of a tag's history.
func newPastTable(e *env) *filteredPane[string, pastRow] {
	t := newTable(e, func(r pastRow) string { return pastKey(r.event, r.n) },
		column[pastRow]{widths: widths{1, 1, 1, 1}, saveAs: "change", cell: func(r pastRow) (string, role) { return e.sign(r.change.mark), r.change.mark.role }},
		column[pastRow]{title: "WHEN", widths: widths{9, 12, 16, 19}, draw: func(p *pen, r pastRow, n int) {
			p.fit(roleDim, dayTime(r.ts, e.clock(), e.loc, n), n)
		}, whole: func(r pastRow) string { return wholeTime(r.ts, e.loc) }},
		column[pastRow]{title: "EVENT", widths: widths{0, 0, 9, 11}, right: true, cell: func(r pastRow) (string, role) { return thousands(r.event), roleDim }},
		column[pastRow]{title: "WHAT", widths: widths{rest, rest, rest, rest}, cell: func(r pastRow) (string, role) { return r.change.text, roleText }},
		column[pastRow]{title: "IN", widths: widths{0, 16, 20, 28}, cell: func(r pastRow) (string, role) { return r.change.tag, roleDim }},
		column[pastRow]{title: "BY", widths: widths{9, 9, 12, 16}, cell: func(r pastRow) (string, role) { return owner(r.change.by), roleDim }},
	)
	t.text = func(r pastRow) string { return r.change.text }
	t.fields = map[string]func(pastRow) string{
		"own": func(r pastRow) string { return r.change.by },
		"tag": func(r pastRow) string { return r.change.tag },
	}
	t.empty = "nothing was changed in this time"
	return &filteredPane[string, pastRow]{table: t}
}

// pastRows are the changes of a history, the newest first.
func pastRows(h *tagHistory) []pastRow {
	var rows []pastRow
	for i := len(h.events) - 1; i >= 0; i-- {
		e := &h.events[i]
		for n := range e.changes {
			rows = append(rows, pastRow{event: e.id, ts: e.ts, n: n, change: e.changes[n]})
		}
	}
	return rows
}
