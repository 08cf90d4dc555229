package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// tagsView lists tags by name, each with the age of its repo.
type tagsView struct {
	listing[tagQuery, tagRow]
	looked lookups // tags whose repo is asked for
}

// tagRow is a tag in the list. Its texts are clean.
type tagRow struct {
	id                 int64
	name, arches, perm string
	locked             bool
	repo               int64   // its newest repo, 0 if there is none
	made               float64 // when that was made
	known              bool    // repo is known
}

// tagQuery is which tags are asked for.
type tagQuery struct{ part, order string }

func newTagsView(e *env) *tagsView {
	v := &tagsView{looked: lookups{}}
	v.listing = listing[tagQuery, tagRow]{
		screen: newScreen(e), t: newTagTable(e), fetch: askTagPage, hint: tagQuery.hint, fill: v.fillRepos, wanted: v.wantedTags,
		local: func(w filterWord) bool { return w.key != "" || !strings.ContainsAny(w.value, "*?") },
		learnt: func(old, new tagRow) tagRow {
			new.repo, new.made, new.known = old.repo, old.made, old.known
			return new
		},
	}
	v.t.resort = v.ask
	return v
}

func newTagTable(e *env) *table[int64, tagRow] {
	t := newTable(e, func(t tagRow) int64 { return t.id },
		column[tagRow]{widths: widths{1, 1, 1, 1}, cell: func(t tagRow) (string, role) {
			if t.locked {
				return e.sign(markOff), roleDim
			}
			return "", roleText
		}},
		column[tagRow]{title: "TAG", widths: widths{rest, rest, rest, rest}, cell: func(t tagRow) (string, role) { return t.name, roleText },
			order: func(a, b tagRow) int { return strings.Compare(a.name, b.name) }},
		column[tagRow]{title: "ARCHES", widths: widths{0, 24, 36, 48}, cell: func(t tagRow) (string, role) { return t.arches, roleDim }},
		column[tagRow]{title: "NEEDS", widths: widths{0, 0, 12, 16}, cell: func(t tagRow) (string, role) { return t.perm, roleDim }},
		column[tagRow]{title: "REPO", widths: widths{0, 7, 8, 8}, right: true, cell: func(t tagRow) (string, role) {
			if t.repo == 0 {
				return "", roleText
			}
			return fmt.Sprint(t.repo), roleText
		}},
		column[tagRow]{title: "AGE", widths: widths{7, 7, 7, 7}, right: true, cell: func(t tagRow) (string, role) {
			if t.made == 0 {
				return "", roleText
			}
			return age(e.clock() - t.made), roleText
		}},
	)
	t.text = func(t tagRow) string { return t.name }
	t.fields = map[string]func(tagRow) string{
		"arch": func(t tagRow) string { return t.arches },
		"perm": func(t tagRow) string { return t.perm },
		"id":   func(t tagRow) string { return fmt.Sprint(t.id) },
		"st": func(t tagRow) string {
			if t.locked {
				return "locked"
			}
			return "open"
		},
	}
	t.empty = "no tags"
	return t
}

// age is how old something is, without a word behind it.
func age(seconds float64) string { return strings.TrimSuffix(ago(seconds), " ago") }

func (q tagQuery) hint() string {
	if q.part == "" {
		return "any tag · by name"
	}
	return "names with " + q.part
}

// wantedTags is what the filter and the sorting ask for.
func (v *tagsView) wantedTags() (q tagQuery) {
	for _, w := range strings.Fields(v.t.filter.text) {
		if !strings.HasPrefix(w, "-") && !strings.Contains(w, ":") && q.part == "" {
			q.part = w
		}
	}
	if v.t.sorted >= 0 && v.t.reverse {
		q.order = "-name"
	}
	return q
}

// askTagPage asks for a page of tags.
func askTagPage(ctx context.Context, h *hub, q tagQuery, offset int) (listPage[tagQuery, tagRow], error) {
	p := listPage[tagQuery, tagRow]{query: q, offset: offset, total: -1}
	args := func(opts map[string]any) koji.Named {
		n := koji.Named{"queryOpts": opts}
		if q.part != "" {
			n["pattern"] = globAround(q.part)
		}
		return n
	}
	var list []koji.ListedTag
	m := h.read.Multicall()
	m.Add(&list, "listTags", args(map[string]any{"order": cmp.Or(q.order, "name"), "offset": offset, "limit": pageSize}))
	if offset == 0 {
		m.Add(&p.total, "listTags", args(map[string]any{"countOnly": true}))
	}
	if err := h.all(ctx, m); err != nil {
		return p, err
	}
	for _, t := range list {
		p.items = append(p.items, tagRow{
			id: t.ID, name: safetext.Clean(t.Name), arches: safetext.Clean(value(t.Arches)), perm: safetext.Clean(value(t.Perm)), locked: t.Locked,
		})
	}
	return p, nil
}

// fillRepos asks for the newest repos of the tags on the screen.
func (v *tagsView) fillRepos() tea.Cmd {
	var ids []int64
	for _, t := range v.t.visible() {
		if !t.known && v.looked.begin(t.id, v.c) {
			ids = append(ids, t.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	h := v.e.hub
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return askRepos(ctx, h, ids) })
}

// newestRepos are the newest repos of tags, nil where there is none.
type newestRepos map[int64]*koji.Repo

func askRepos(ctx context.Context, h *hub, tags []int64) (newestRepos, error) {
	repos := make([]*koji.Repo, len(tags))
	m := h.read.Multicall()
	for i, id := range tags {
		m.Add(&repos[i], "getRepo", id)
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	newest := newestRepos{}
	for i, id := range tags {
		newest[id] = repos[i]
	}
	return newest, nil
}

func (v *tagsView) title() []string { return []string{"Tags"} }

func (v *tagsView) keys() []action { return append(v.t.keys(), actOpen) }

func (v *tagsView) update(msg tea.Msg) tea.Cmd {
	cmd, taken := v.listing.update(msg)
	if taken {
		return cmd
	}
	switch m := msg.(type) {
	case changes:
		if m.whole || slices.ContainsFunc(m.tags, v.new) {
			return v.changed(v.e.shown(v))
		}
	case done:
		return v.changed(v.e.shown(v))
	case reply:
		if repos, ok := m.what.(newestRepos); ok && m.err == nil {
			v.edit(func(t *tagRow) {
				if r, ok := repos[t.id]; ok {
					t.known, t.repo, t.made = true, 0, 0
					if r != nil {
						t.repo, t.made = r.ID, firstKnown(value(r.CreationTS), value(r.CreateTS))
					}
				}
			})
			return v.fillRepos()
		}
	}
	return nil
}

// new reports whether a tag isn't in the list, or by another name.
func (v *tagsView) new(n koji.TagNotice) bool {
	return !slices.ContainsFunc(v.t.items, func(t tagRow) bool { return t.id == n.ID && (n.Name == "" || n.Name == t.name) })
}

func (v *tagsView) do(a action) tea.Cmd {
	switch {
	case a == actRefresh:
		clear(v.looked)
		v.edit(func(t *tagRow) { t.known = false })
		return v.ask()
	case v.t.do(a):
		return v.more()
	case a == actOpen:
		if t, ok := v.t.selected(); ok {
			v.e.next = newTagView(v.e, t.name)
		}
	}
	return nil
}

func (v *tagsView) deeds() []deed {
	t, ok := v.t.selected()
	if !ok {
		return nil
	}
	return v.e.repoDeeds(t.name)
}

func (v *tagsView) clips() []clip {
	return selectedClips(v.t, func(t tagRow) []clip { return v.e.tagClips(t.name, t.id) })
}

func (e *env) tagClips(name string, id int64) []clip {
	return e.thingClips("name", name, "taginfo?tagID", id)
}

func (v *tagsView) command() string {
	t, ok := v.t.selected()
	if !ok {
		return v.e.commandLine("list-tags")
	}
	return v.e.commandLine("taginfo", t.name)
}
