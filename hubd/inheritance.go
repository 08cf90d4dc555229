package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

func inheritanceMethods() []method {
	return []method{
		reads("getInheritanceData", anyone, "A tag's links to its parents.", getInheritanceData),
		writes("setInheritanceData", perm("tag"), "Adds, changes and removes links of a tag to parents.", setInheritanceData),
		reads("getFullInheritance", anyone, "All that a tag inherits from, in order; with reverse, all that inherit from it.", getFullInheritance),
	}
}

type getInheritanceArgs struct {
	Tag   any `rpc:"tag"`
	Event any `rpc:"event=nil"`
}

func getInheritanceData(c *call, a getInheritanceArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	tag, err := namedBy(sqlstore.TagNames, a.Tag)
	if err != nil {
		return nil, err
	}
	links, found, err := c.tx.ParentsOf(c, tag, event)
	if err == nil && !found {
		err = noSuch(sqlstore.TagNames, a.Tag)
	}
	return links, err
}

type setInheritanceArgs struct {
	Tag   any  `rpc:"tag"`
	Data  any  `rpc:"data"`
	Clear bool `rpc:"clear=false"`
}

func setInheritanceData(c *call, a setInheritanceArgs) (any, error) {
	tag, name, err := c.tagID(a.Tag)
	if err != nil {
		return nil, err
	}
	data, isList := a.Data.([]any)
	if one, isLink := a.Data.(map[string]any); isLink {
		data, isList = []any{one}, true
	}
	if !isList {
		return nil, fault(koji.CodeParameter, "data: invalid type %s, want an array of links", typeName(a.Data))
	}
	changed, err := c.setParents(tag, data, a.Clear)
	if err != nil || !changed {
		return nil, err
	}
	return nil, c.tagChanged(tag, name)
}

// setParents changes a tag's links; the bool says whether anything changed.
// A link with "delete link" goes, with all those not named go too.
func (c *call) setParents(tag int64, data []any, all bool) (bool, error) {
	old, err := c.tx.Parents(c, tag, nil)
	if err != nil {
		return false, err
	}
	links := slices.Clone(old)
	if all {
		links = nil
	}
	for _, v := range data {
		link, remove, err := c.inheritanceLink(tag, v)
		if err != nil {
			return false, err
		}
		at := slices.IndexFunc(links, func(l koji.Inheritance) bool { return l.ParentID == link.ParentID })
		switch {
		case remove && at >= 0:
			links = slices.Delete(links, at, at+1)
		case remove:
		case at >= 0:
			links[at] = link
		default:
			links = append(links, link)
		}
	}
	taken := map[int64]int64{}
	for _, l := range links {
		if other, there := taken[l.Priority]; there {
			return false, refuse("Parents %d and %d of tag %d have the same priority %d", other, l.ParentID, tag, l.Priority)
		}
		taken[l.Priority] = l.ParentID
	}
	return c.storeParents(tag, old, links)
}

// storeParents replaces the links that differ.
func (c *call) storeParents(tag int64, old, links []koji.Inheritance) (changed bool, err error) {
	same := func(a koji.Inheritance) func(koji.Inheritance) bool {
		return func(b koji.Inheritance) bool {
			depth := a.MaxDepth == b.MaxDepth || a.MaxDepth != nil && b.MaxDepth != nil && *a.MaxDepth == *b.MaxDepth
			return depth && a.ParentID == b.ParentID && a.Priority == b.Priority && a.Intransitive == b.Intransitive &&
				a.NoConfig == b.NoConfig && a.PkgFilter == b.PkgFilter
		}
	}
	for _, l := range old {
		if slices.ContainsFunc(links, same(l)) {
			continue
		}
		changed = true
		if _, err := c.tx.RemoveParent(c, tag, l.ParentID, c.session.user); err != nil {
			return false, err
		}
	}
	for _, l := range links {
		if slices.ContainsFunc(old, same(l)) {
			continue
		}
		changed = true
		if err := c.tx.SetParent(c, l, c.session.user); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// inheritanceLink reads one link as callers send it.
func (c *call) inheritanceLink(tag int64, v any) (link koji.Inheritance, remove bool, err error) {
	m, ok := v.(map[string]any)
	if !ok {
		return link, false, fault(koji.CodeParameter, "data: invalid type %s, want a struct", typeName(v))
	}
	link.ChildID = tag
	remove = truthy(m["delete link"])
	for _, key := range []string{"parent_id", "priority", "maxdepth", "intransitive", "noconfig", "pkg_filter"} {
		v, given := m[key]
		if !given {
			if remove && key != "parent_id" {
				continue
			}
			return link, false, refuse("Inheritance data lacks %s", key)
		}
		n, isNumber := v.(int64)
		fits := isNumber && sqlstore.FitsID(n)
		bad := fault(koji.CodeParameter, "inheritance data: %s: invalid value %s", key, refText(v))
		switch key {
		case "parent_id":
			if !fits {
				return link, false, bad
			}
			link.ParentID = n
		case "priority":
			if !fits {
				return link, false, bad
			}
			link.Priority = n
		case "maxdepth":
			if v != nil && !fits {
				return link, false, bad
			}
			if v != nil {
				link.MaxDepth = &n
			}
		case "intransitive":
			link.Intransitive = truthy(v)
		case "noconfig":
			link.NoConfig = truthy(v)
		case "pkg_filter":
			text, isText := v.(string)
			if !isText && v != nil {
				return link, false, bad
			}
			if _, err := packageFilter(text); err != nil {
				return link, false, err
			}
			link.PkgFilter = text
		}
	}
	if remove {
		return link, true, nil
	}
	parent, err := c.tagRef(link.ParentID)
	if err != nil {
		return link, false, err
	}
	link.Name = parent.Name
	return link, false, nil
}

type fullInheritanceArgs struct {
	Tag     any            `rpc:"tag"`
	Event   any            `rpc:"event=nil"`
	Reverse bool           `rpc:"reverse=false"`
	More    map[string]any `rpc:"**kwargs"`
}

// descendant is a link on the walk downwards: it is told by its child.
type descendant struct {
	TagID        int64    `xmlrpc:"tag_id"`
	ParentID     int64    `xmlrpc:"parent_id"`
	Name         string   `xmlrpc:"name"`
	Priority     int64    `xmlrpc:"priority"`
	MaxDepth     *int64   `xmlrpc:"maxdepth"`
	Intransitive bool     `xmlrpc:"intransitive"`
	NoConfig     bool     `xmlrpc:"noconfig"`
	PkgFilter    string   `xmlrpc:"pkg_filter"`
	CurrDepth    int64    `xmlrpc:"currdepth"`
	NextDepth    *int64   `xmlrpc:"nextdepth"`
	Filter       []string `xmlrpc:"filter"`
}

// getFullInheritance knows stops and jumps by name, as Koji once did, but only empty.
func getFullInheritance(c *call, a fullInheritanceArgs) (any, error) {
	for key, v := range a.More {
		if key != "stops" && key != "jumps" || truthy(v) {
			return nil, fault(koji.CodeParameter, "getFullInheritance() got an unexpected keyword argument '%s'", key)
		}
	}
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	id, isID := a.Tag.(int64)
	if !isID {
		if id, _, err = c.tagID(a.Tag); err != nil {
			return nil, err
		}
	}
	if !a.Reverse {
		return c.tx.Ancestors(c, id, event)
	}
	links, err := c.tx.Descendants(c, id, event)
	if err != nil {
		return nil, err
	}
	list := make([]descendant, len(links))
	for i, l := range links {
		list[i] = descendant{
			l.ChildID, l.ParentID, l.Name, l.Priority, l.MaxDepth, l.Intransitive, l.NoConfig, l.PkgFilter,
			l.CurrDepth, l.NextDepth, l.Filter,
		}
	}
	return list, nil
}
