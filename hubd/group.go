package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

func groupMethods() []method {
	manager := perm("tag")
	return []method{
		reads("getTagGroups", anyone, "Package groups of a tag with the packages and groups in them.", getTagGroups),
		writes("groupListAdd", manager, "Adds a package group to a tag, or changes its entry.", groupListAdd),
		writes("groupListBlock", manager, "Blocks a group in a tag.", groupListBlock),
		writes("groupListUnblock", manager, "Removes a group's block in a tag.", groupListUnblock),
		writes("groupListRemove", manager, "Removes a group from a tag.", groupListRemove),
		writes("groupPackageListAdd", manager, "Adds a package to a group, or changes its entry.", groupPackageListAdd),
		writes("groupPackageListBlock", manager, "Blocks a package in a group.", groupPackageListBlock),
		writes("groupPackageListUnblock", manager, "Removes a package's block in a group.", groupPackageListUnblock),
		writes("groupPackageListRemove", manager, "Removes a package from a group.", groupPackageListRemove),
		writes("groupReqListAdd", manager, "Adds a group to a group, or changes its entry.", groupReqListAdd),
		writes("groupReqListBlock", manager, "Blocks a group in a group.", groupReqListBlock),
		writes("groupReqListUnblock", manager, "Removes a group's block in a group.", groupReqListUnblock),
		writes("groupReqListRemove", manager, "Removes a group from a group.", groupReqListRemove),
	}
}

// tagGroup is a package group as a tag sees it: its nearest entry, and the
// nearest entry of each package and group in it.
type tagGroup struct {
	sqlstore.GroupConfig
	packages []koji.GroupPackage
	reqs     []koji.GroupReq
}

// groupsQuery is what to read of a tag's groups.
type groupsQuery struct {
	event          *int64
	inherit        bool
	packages, reqs bool
}

// tagGroups are a tag's groups in the order of the inheritance, with those that
// are blocked, which hold nothing; nor is a group required that isn't there. Koji: reference/semantics.md, "Groups".
func (c *call) tagGroups(tag int64, q groupsQuery) ([]*tagGroup, error) {
	tags := []int64{tag}
	if q.inherit {
		links, err := c.tx.Ancestors(c, tag, q.event)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			if !slices.Contains(tags, l.ParentID) {
				tags = append(tags, l.ParentID)
			}
		}
	}
	configs, err := c.tx.GroupConfigs(c, tags, q.event)
	if err != nil {
		return nil, err
	}
	var groups []*tagGroup
	byID := map[int64]*tagGroup{}
	for g := range nearest(tags, configs, func(g sqlstore.GroupConfig) int64 { return g.TagID }) {
		if byID[g.GroupID] == nil {
			byID[g.GroupID] = &tagGroup{GroupConfig: g}
			groups = append(groups, byID[g.GroupID])
		}
	}
	if q.packages {
		entries, err := c.tx.GroupPackages(c, tags, q.event)
		if err != nil {
			return nil, err
		}
		for p := range nearest(tags, entries, func(p koji.GroupPackage) int64 { return p.TagID }) {
			g := byID[p.GroupID]
			if g != nil && !g.Blocked && !slices.ContainsFunc(g.packages, func(o koji.GroupPackage) bool { return o.Package == p.Package }) {
				g.packages = append(g.packages, p)
			}
		}
	}
	if q.reqs {
		entries, err := c.tx.GroupReqs(c, tags, q.event)
		if err != nil {
			return nil, err
		}
		for r := range nearest(tags, entries, func(r koji.GroupReq) int64 { return r.TagID }) {
			g := byID[r.GroupID]
			if g != nil && !g.Blocked && byID[r.ReqID] != nil && !slices.ContainsFunc(g.reqs, func(o koji.GroupReq) bool { return o.ReqID == r.ReqID }) {
				g.reqs = append(g.reqs, r)
			}
		}
	}
	return groups, nil
}

// nearest yields entries in the order of the tags that they belong to.
func nearest[T any](tags []int64, entries []T, tagOf func(T) int64) func(func(T) bool) {
	byTag := map[int64][]T{}
	for _, e := range entries {
		byTag[tagOf(e)] = append(byTag[tagOf(e)], e)
	}
	return func(yield func(T) bool) {
		for _, t := range tags {
			for _, e := range byTag[t] {
				if !yield(e) {
					return
				}
			}
		}
	}
}

type getTagGroupsArgs struct {
	Tag      any  `rpc:"tag"`
	Event    any  `rpc:"event=nil"`
	Inherit  bool `rpc:"inherit=true"`
	Packages bool `rpc:"incl_pkgs=true"`
	Reqs     bool `rpc:"incl_reqs=true"`
	Blocked  bool `rpc:"incl_blocked=false"`
}

func getTagGroups(c *call, a getTagGroupsArgs) (any, error) {
	tag, event, err := c.tagIDAt(a.Tag, a.Event)
	if err != nil {
		return nil, err
	}
	groups, err := c.tagGroups(tag, groupsQuery{event: event, inherit: a.Inherit, packages: a.Packages, reqs: a.Reqs})
	if err != nil {
		return nil, err
	}
	blocked := map[int64]bool{}
	for _, g := range groups {
		blocked[g.GroupID] = g.Blocked
	}
	list := []map[string]any{}
	for _, g := range groups {
		if g.Blocked && !a.Blocked {
			continue
		}
		m := map[string]any{
			"group_id": g.GroupID, "tag_id": g.TagID, "name": g.Name, "display_name": g.DisplayName, "description": g.Description,
			"blocked": g.Blocked, "exported": g.Exported, "is_default": g.IsDefault, "uservisible": g.UserVisible,
			"langonly": g.LangOnly, "biarchonly": g.BiarchOnly,
		}
		if a.Packages {
			m["packagelist"] = kept(g.packages, func(p koji.GroupPackage) bool { return a.Blocked || !p.Blocked })
		}
		if a.Reqs {
			m["grouplist"] = kept(g.reqs, func(r koji.GroupReq) bool { return (a.Blocked || !r.Blocked) && !blocked[r.ReqID] })
		}
		list = append(list, m)
	}
	return list, nil
}

// kept are the items that a function keeps, never nil.
func kept[T any](items []T, keep func(T) bool) []T {
	list := []T{}
	for _, item := range items {
		if keep(item) {
			list = append(list, item)
		}
	}
	return list
}

// groupLookup finds a package group, with create it makes one of a name that isn't there.
func (c *call) groupLookup(ref any, create bool) (sqlstore.Name, error) {
	n, found, err := c.find(sqlstore.GroupNames, ref)
	if err != nil || found {
		return n, err
	}
	if _, isName := ref.(string); !isName || !create {
		return n, noSuch(sqlstore.GroupNames, ref)
	}
	if n.Name, err = c.shortName("group", ref, 50); err != nil {
		return n, err
	}
	n.ID, err = c.tx.AddName(c, sqlstore.GroupNames, n.Name)
	return n, err
}

// groupField reads a setting of a group's entry into *into, if it is given.
func groupField[T string | bool](opts map[string]any, key string, into **T) error {
	v, given := opts[key]
	if !given {
		return nil
	}
	if v == nil {
		*into = nil
		return nil
	}
	t, ok := v.(T)
	if !ok {
		return fault(koji.CodeParameter, "%s: invalid type %s", key, typeName(v))
	}
	*into = &t
	return nil
}

type groupListAddArgs struct {
	Tag   any            `rpc:"taginfo"`
	Group any            `rpc:"grpinfo"`
	Block bool           `rpc:"block=false"`
	Force bool           `rpc:"force=false"`
	Opts  map[string]any `rpc:"**opts"`
}

// groupListAdd takes display_name, description, exported, is_default,
// uservisible, langonly and biarchonly; what isn't given stays as it is.
func groupListAdd(c *call, a groupListAddArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	group, err := c.groupLookup(a.Group, true)
	if err != nil {
		return nil, err
	}
	groups, err := c.tagGroups(tag.ID, groupsQuery{inherit: true})
	if err != nil {
		return nil, err
	}
	yes, no := true, false
	g := sqlstore.GroupConfig{DisplayName: group.Name, BiarchOnly: &no, Exported: &yes, UserVisible: &yes}
	at := slices.IndexFunc(groups, func(g *tagGroup) bool { return g.GroupID == group.ID })
	if at >= 0 {
		if g = groups[at].GroupConfig; g.Blocked && !a.Force {
			return nil, refuse("Group %s is blocked in tag %s", group.Name, tag.Name)
		}
	}
	old := g
	name := &g.DisplayName
	for _, err := range []error{
		groupField(a.Opts, "display_name", &name), groupField(a.Opts, "description", &g.Description),
		groupField(a.Opts, "exported", &g.Exported), groupField(a.Opts, "is_default", &g.IsDefault),
		groupField(a.Opts, "uservisible", &g.UserVisible), groupField(a.Opts, "langonly", &g.LangOnly),
		groupField(a.Opts, "biarchonly", &g.BiarchOnly),
	} {
		if err != nil {
			return nil, err
		}
	}
	if name == nil {
		return nil, fault(koji.CodeParameter, "display_name: a group has one")
	}
	g.DisplayName, g.Blocked = *name, a.Block
	if at >= 0 && sameGroup(g, old) {
		return nil, nil
	}
	g.TagID, g.GroupID = tag.ID, group.ID
	if err := c.tx.SetGroup(c, g, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

func sameGroup(a, b sqlstore.GroupConfig) bool {
	return a.DisplayName == b.DisplayName && a.Blocked == b.Blocked && same(a.Description, b.Description) &&
		same(a.Exported, b.Exported) && same(a.IsDefault, b.IsDefault) && same(a.UserVisible, b.UserVisible) &&
		same(a.LangOnly, b.LangOnly) && same(a.BiarchOnly, b.BiarchOnly)
}

type groupListArgs struct {
	Tag   any `rpc:"taginfo"`
	Group any `rpc:"grpinfo"`
}

func groupListBlock(c *call, a groupListArgs) (any, error) {
	return groupListAdd(c, groupListAddArgs{Tag: a.Tag, Group: a.Group, Block: true})
}

// ownGroup finds a tag, a group, and the tag's own entry of the group, nil if it has none.
func (c *call) ownGroup(tagRef, groupRef any) (*koji.Tag, sqlstore.Name, *tagGroup, error) {
	tag, err := c.tagRef(tagRef)
	if err != nil {
		return nil, sqlstore.Name{}, nil, err
	}
	group, err := c.groupLookup(groupRef, false)
	if err != nil {
		return nil, group, nil, err
	}
	own, err := c.tagGroups(tag.ID, groupsQuery{packages: true, reqs: true})
	for _, g := range own {
		if g.GroupID == group.ID {
			return tag, group, g, err
		}
	}
	return tag, group, nil, err
}

func groupListUnblock(c *call, a groupListArgs) (any, error) {
	tag, group, own, err := c.ownGroup(a.Tag, a.Group)
	switch {
	case err != nil:
		return nil, err
	case own == nil:
		return nil, refuse("Group %s is not in tag %s", group.Name, tag.Name)
	case !own.Blocked:
		return nil, refuse("Group %s is not blocked in tag %s", group.Name, tag.Name)
	}
	if _, err := c.tx.RemoveGroup(c, tag.ID, group.ID, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

type groupListRemoveArgs struct {
	Tag   any  `rpc:"taginfo"`
	Group any  `rpc:"grpinfo"`
	Force bool `rpc:"force=false"`
}

func groupListRemove(c *call, a groupListRemoveArgs) (any, error) {
	tag, group, own, err := c.ownGroup(a.Tag, a.Group)
	if err != nil {
		return nil, err
	}
	if own == nil {
		if a.Force {
			return nil, nil
		}
		return nil, refuse("Group %s is not in tag %s", group.Name, tag.Name)
	}
	if _, err := c.tx.RemoveGroup(c, tag.ID, group.ID, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}
