package sqlstore

import (
	"context"
	"slices"

	"koji"
)

const linkColumns = `ti.tag_id, ti.parent_id, t.name, ti.priority, ti.maxdepth, ti.intransitive, ti.noconfig, coalesce(ti.pkg_filter, '')`

func scanLink(row scanner) (koji.Inheritance, error) {
	var l koji.Inheritance
	err := row.Scan(&l.ChildID, &l.ParentID, &l.Name, &l.Priority, &l.MaxDepth, &l.Intransitive, &l.NoConfig, &l.PkgFilter)
	return l, err
}

// Parents are a tag's links to its parents, now or at an event, by priority.
func (tx *Tx) Parents(ctx context.Context, tag int64, event *int64) ([]koji.Inheritance, error) {
	valid, args := atEvent("ti", event)
	l, err := few(ctx, tx, `SELECT `+linkColumns+` FROM tag_inheritance ti JOIN tag t ON t.id = ti.parent_id
		WHERE ti.tag_id = ? AND `+valid+` ORDER BY ti.priority, ti.parent_id`, append([]any{tag}, args...), scanLink)
	return l, wrap(err, "list parents of tag %d", tag)
}

// ParentsOf is Parents of the tag with an id, or if that is 0 a name; the bool says whether there is such a tag.
func (tx *Tx) ParentsOf(ctx context.Context, ref Name, event *int64) ([]koji.Inheritance, bool, error) {
	by, arg := ref.by("own")
	valid, args := atEvent("ti", event)
	l, err := few(ctx, tx, `SELECT own.id, coalesce(ti.parent_id, 0), coalesce(t.name, ''), coalesce(ti.priority, 0), ti.maxdepth,
			coalesce(ti.intransitive, FALSE), coalesce(ti.noconfig, FALSE), coalesce(ti.pkg_filter, '')
		FROM tag own LEFT JOIN tag_inheritance ti ON ti.tag_id = own.id AND `+valid+` LEFT JOIN tag t ON t.id = ti.parent_id
		WHERE `+by+` ORDER BY ti.priority, ti.parent_id`, append(args, arg), scanLink)
	found := len(l) > 0
	if found && l[0].ParentID == 0 {
		l = l[:0]
	}
	return l, found, wrap(err, "list parents of tag %d %s", ref.ID, ref.Name)
}

// Children are the ids of the tags that inherit from a tag now.
func (tx *Tx) Children(ctx context.Context, tag int64) ([]int64, error) {
	l, err := few(ctx, tx, `SELECT tag_id FROM tag_inheritance WHERE parent_id = ? AND active = TRUE ORDER BY tag_id`, []any{tag}, value[int64])
	return l, wrap(err, "list children of tag %d", tag)
}

// SetParent gives a tag a link to a parent.
func (tx *Tx) SetParent(ctx context.Context, l koji.Inheritance, by int64) error {
	return tx.insertVersioned(ctx, "tag_inheritance", by, columns{
		{"tag_id", l.ChildID},
		{"parent_id", l.ParentID},
		{"priority", l.Priority},
		{"maxdepth", l.MaxDepth},
		{"intransitive", l.Intransitive},
		{"noconfig", l.NoConfig},
		{"pkg_filter", l.PkgFilter},
	})
}

// RemoveParent ends a tag's link to a parent; the bool says whether there was one.
func (tx *Tx) RemoveParent(ctx context.Context, tag, parent, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "tag_inheritance", by, `tag_id = ? AND parent_id = ?`, tag, parent)
	return n > 0, err
}

// links are all the links that a walk from a tag can meet, by the tag that the
// walk is at: one query, however deep the inheritance is.
func (tx *Tx) links(ctx context.Context, tag int64, event *int64, reverse bool) (map[int64][]koji.Inheritance, error) {
	at, next := "tag_id", "parent_id"
	if reverse {
		at, next = next, at
	}
	valid, args := atEvent("ti", event)
	var all []any
	all = append(append(append(all, tag), args...), args...)
	l, err := few(ctx, tx, `
		WITH RECURSIVE reached (id) AS (
			SELECT t.id FROM tag t WHERE t.id = ?
			UNION
			SELECT ti.`+next+` FROM reached r JOIN tag_inheritance ti ON ti.`+at+` = r.id WHERE `+valid+`
		)
		SELECT `+linkColumns+` FROM reached r JOIN tag_inheritance ti ON ti.`+at+` = r.id JOIN tag t ON t.id = ti.`+next+`
		WHERE `+valid+` ORDER BY ti.`+at+`, ti.priority, ti.`+next, all, scanLink)
	if err != nil {
		return nil, wrap(err, "read inheritance of tag %d", tag)
	}
	links := map[int64][]koji.Inheritance{}
	for _, link := range l {
		if reverse {
			links[link.ParentID] = append(links[link.ParentID], link)
		} else {
			links[link.ChildID] = append(links[link.ChildID], link)
		}
	}
	return links, nil
}

// Ancestors walks a tag's inheritance, now or at an event: depth first, parents
// by priority. A tag is there again where its first visit didn't bring all.
// Koji: reference/semantics.md, "Inheritance walk".
func (tx *Tx) Ancestors(ctx context.Context, tag int64, event *int64) ([]koji.Ancestor, error) {
	if !FitsID(tag) {
		return []koji.Ancestor{}, nil
	}
	links, err := tx.links(ctx, tag, event, false)
	if err != nil {
		return nil, err
	}
	w := inheritanceWalk{links: links, visits: map[int64][]visit{}, order: []koji.Ancestor{}}
	w.up(tag, nil, nil, nil)
	return w.order, nil
}

// Descendants walks the tags that inherit from a tag, likewise. Name is the child's.
func (tx *Tx) Descendants(ctx context.Context, tag int64, event *int64) ([]koji.Ancestor, error) {
	if !FitsID(tag) {
		return []koji.Ancestor{}, nil
	}
	links, err := tx.links(ctx, tag, event, true)
	if err != nil {
		return nil, err
	}
	w := inheritanceWalk{links: links, visits: map[int64][]visit{}, order: []koji.Ancestor{}}
	w.down(tag, nil, nil)
	return w.order, nil
}

// inheritanceWalk gathers the order in which tags are met.
type inheritanceWalk struct {
	links  map[int64][]koji.Inheritance
	visits map[int64][]visit
	order  []koji.Ancestor
}

// visit is how much of a tag one way to it brings.
type visit struct {
	depth    *int64 // levels above that it goes on to, nil for all
	noConfig bool   // of the last link alone: what is above on the way doesn't count in Koji
	filtered bool
}

// covers says whether a visit brought all that another would.
func (v visit) covers(other visit) bool {
	deep := v.depth == nil || other.depth != nil && *other.depth <= *v.depth
	return deep && (!v.noConfig || other.noConfig) && !v.filtered
}

// seen says whether a visit of a tag brings nothing new, and keeps it in mind if it does.
func (w *inheritanceWalk) seen(tag int64, v visit) bool {
	if slices.ContainsFunc(w.visits[tag], func(old visit) bool { return old.covers(v) }) {
		return true
	}
	w.visits[tag] = append(w.visits[tag], v)
	return false
}

// up follows the links of a tag. depth is how many levels above may still be
// met, path the tags on the way to this one.
func (w *inheritanceWalk) up(tag int64, depth *int64, filter []string, path []int64) {
	if depth != nil && *depth < 1 {
		return
	}
	path = append(path[:len(path):len(path)], tag)
	for _, link := range w.links[tag] {
		if slices.Contains(path, link.ParentID) || link.Intransitive && len(path) > 1 {
			continue
		}
		next := link.MaxDepth
		if depth != nil {
			left := *depth - 1
			if next != nil {
				left = min(*depth, *next) - 1
			}
			next = &left
		}
		patterns := withFilter(filter, link.PkgFilter)
		if w.seen(link.ParentID, visit{next, link.NoConfig, len(patterns) > 0}) {
			continue
		}
		w.order = append(w.order, koji.Ancestor{Inheritance: link, CurrDepth: int64(len(path)), NextDepth: next, Filter: patterns})
		w.up(link.ParentID, next, patterns, path)
	}
}

// down follows the links to a tag. How deep a link goes counts from its child's side.
func (w *inheritanceWalk) down(tag int64, filter []string, path []int64) {
	path = append(path[:len(path):len(path)], tag)
	for _, link := range w.links[tag] {
		depth := int64(len(path))
		if link.MaxDepth != nil && *link.MaxDepth < depth-1 || slices.Contains(path, link.ChildID) {
			continue
		}
		patterns := withFilter(filter, link.PkgFilter)
		if w.seen(link.ChildID, visit{nil, link.NoConfig, len(patterns) > 0}) {
			continue
		}
		w.order = append(w.order, koji.Ancestor{Inheritance: link, CurrDepth: depth, Filter: patterns})
		if !link.Intransitive {
			w.down(link.ChildID, patterns, path)
		}
	}
}

func withFilter(filter []string, pattern string) []string {
	all := append([]string{}, filter...)
	if pattern != "" {
		all = append(all, pattern)
	}
	return all
}
