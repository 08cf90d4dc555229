package tui

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// compareView shows in what two builds of a package differ.
type compareView struct{ pageView[buildDiff] }

// newCompareView compares two builds, or with an old one of 0 the new one with
// the build before it.
func newCompareView(e *env, old, new int64) *compareView {
	v := &compareView{newPageView(e, func(ctx context.Context, h *hub) (*buildDiff, error) { return loadDiff(ctx, h, old, new) })}
	v.layout = v.lay
	return v
}

func (v *compareView) title() []string {
	if v.data == nil {
		return []string{"compare builds"}
	}
	return []string{safetext.Clean(v.data.old.NVR + " → " + v.data.new.NVR)}
}

func (v *compareView) keys() []action { return append(v.page.keys(), actOpen) }

func (v *compareView) do(a action) tea.Cmd {
	if b, ok := v.page.sel.(buildKey); ok && a == actOpen {
		v.e.next = newBuildView(v.e, int64(b), "")
		return nil
	}
	return v.pageView.do(a)
}

// buildKey is the key of a line about a build.
type buildKey int64

func (v *compareView) lay(d *buildDiff) {
	now := v.e.clock()
	for _, b := range []koji.Build{d.old, d.new} {
		row := buildOf(b)
		v.page.add(buildKey(row.id), func(p *pen, room int) {
			p.put(buildMark(row.state).role, v.e.sign(buildMark(row.state))).skip(1)
			p.upTo(roleLink, fmt.Sprintf("%s   %s, took %s, by %s", row.nvr, dayTime(row.completed, now, v.e.loc, 19), span(row.took(now)), owner(row.owner)), room+1)
		})
		v.page.text(roleDim, "    "+safetext.Clean(textOr(b.Source)))
	}
	v.page.section(fmt.Sprintf("changelog: %d new", len(d.changelog)))
	for _, e := range d.changelog {
		v.page.text(roleLink, fmt.Sprintf("%s  %s", moment(e.DateTS).UTC().Format("Mon Jan 02 2006"), e.Author))
		for _, line := range paragraphs(e.Text) {
			v.page.text(roleText, line)
		}
	}
	others := ""
	if d.same > 0 {
		others = fmt.Sprintf("; %d others have about the same size", d.same)
	}
	v.section("rpms", d.rpms, others)
	if d.arch != "" {
		v.section(fmt.Sprintf("buildroot of %s, %d → %d", d.arch, d.roots[0], d.roots[1]), d.buildroot, "")
	}
}

func (v *compareView) section(name string, list []difference, others string) {
	v.page.section(name + ": " + countsText(v.e, list) + others)
	for _, d := range list {
		v.page.add(nil, func(p *pen, room int) { d.draw(v.e, p, room+1-p.x) })
	}
}

// countsText says how many differences there are of each kind.
func countsText(e *env, list []difference) string {
	var parts []string
	for k, n := range kindCounts(list) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s %s", e.sign(differenceMarks[k]), thousands(int64(n)), differenceWords[k]))
		}
	}
	if len(parts) == 0 {
		return "unchanged"
	}
	return strings.Join(parts, "  ")
}

// draw writes a difference into n cells: the mark, the name, old → new, and by
// whom and when where that is known.
func (d *difference) draw(e *env, p *pen, n int) {
	end := p.x + n
	m := differenceMarks[d.kind]
	p.put(m.role, e.sign(m)).skip(1)
	name := max(min((n-2)/4, 30), 12)
	p.fit(roleText, d.name, name).skip(1)
	when := 0
	if d.by != "" && n >= 76 {
		when = 20
	}
	left := end - when - p.x
	switch {
	case d.old == "":
		p.fit(roleText, d.without(d.new), left)
	case d.new == "":
		p.fit(roleDim, d.without(d.old), left)
	default:
		half := (left - 4) / 2
		p.fit(roleDim, d.without(d.old), half).put(roleDim, " → ").fit(roleText, d.without(d.new), left-half-3)
	}
	if when > 0 {
		p.skip(1).fit(roleDim, owner(d.by), 9).skip(1).upTo(roleDim, dayTime(d.ts, e.clock(), e.loc, 9), end)
	}
}

// without is an NVR without the name that stands before it.
func (d *difference) without(nvr string) string { return strings.TrimPrefix(nvr, d.name+"-") }
