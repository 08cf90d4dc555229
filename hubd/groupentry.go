package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

// What is in a package group: packages by name, and other groups.

// openGroup finds a tag and a group that it lists, itself or from above, and that isn't blocked.
func (c *call) openGroup(tagRef, groupRef any) (*koji.Tag, *tagGroup, error) {
	tag, err := c.tagRef(tagRef)
	if err != nil {
		return nil, nil, err
	}
	group, err := c.groupLookup(groupRef, false)
	if err != nil {
		return nil, nil, err
	}
	groups, err := c.tagGroups(tag.ID, groupsQuery{inherit: true, packages: true, reqs: true})
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(groups, func(g *tagGroup) bool { return g.GroupID == group.ID })
	switch {
	case at < 0:
		return nil, nil, refuse("Group %s is not in tag %s", group.Name, tag.Name)
	case groups[at].Blocked:
		return nil, nil, refuse("Group %s is blocked in tag %s", group.Name, tag.Name)
	}
	return tag, groups[at], nil
}

type groupPackageAddArgs struct {
	Tag     any            `rpc:"taginfo"`
	Group   any            `rpc:"grpinfo"`
	Package string         `rpc:"pkg_name"`
	Block   bool           `rpc:"block=false"`
	Force   bool           `rpc:"force=false"`
	Opts    map[string]any `rpc:"**opts"`
}

// groupPackageListAdd takes type, basearchonly and requires.
func groupPackageListAdd(c *call, a groupPackageAddArgs) (any, error) {
	tag, group, err := c.openGroup(a.Tag, a.Group)
	if err != nil {
		return nil, err
	}
	if err := c.checkName("package", a.Package); err != nil {
		return nil, err
	}
	p := koji.GroupPackage{Type: "mandatory"}
	at := slices.IndexFunc(group.packages, func(p koji.GroupPackage) bool { return p.Package == a.Package })
	if at >= 0 {
		if p = group.packages[at]; p.Blocked && !a.Force {
			return nil, refuse("Package %s is blocked in group %s of tag %s", a.Package, group.Name, tag.Name)
		}
	}
	old := p
	kind := &p.Type
	for _, err := range []error{
		groupField(a.Opts, "type", &kind), groupField(a.Opts, "basearchonly", &p.BaseArchOnly), groupField(a.Opts, "requires", &p.Requires),
	} {
		if err != nil {
			return nil, err
		}
	}
	if kind == nil || len(*kind) > 25 {
		return nil, fault(koji.CodeParameter, "type: want a word of at most 25 characters")
	}
	p.Type, p.Blocked = *kind, a.Block
	p.Package = a.Package
	if at >= 0 && sameGroupPackage(p, old) {
		return nil, nil
	}
	p.TagID, p.GroupID = tag.ID, group.GroupID
	if err := c.tx.SetGroupPackage(c, p, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

func sameGroupPackage(a, b koji.GroupPackage) bool {
	return a.Package == b.Package && a.Type == b.Type && a.Blocked == b.Blocked && same(a.BaseArchOnly, b.BaseArchOnly) && same(a.Requires, b.Requires)
}

type groupPackageArgs struct {
	Tag     any    `rpc:"taginfo"`
	Group   any    `rpc:"grpinfo"`
	Package string `rpc:"pkg_name"`
}

func groupPackageListBlock(c *call, a groupPackageArgs) (any, error) {
	return groupPackageListAdd(c, groupPackageAddArgs{Tag: a.Tag, Group: a.Group, Package: a.Package, Block: true})
}

func groupPackageListUnblock(c *call, a groupPackageArgs) (any, error) {
	tag, group, err := c.groupOfTag(a.Tag, a.Group)
	if err != nil {
		return nil, err
	}
	entries, err := c.tx.GroupPackages(c, []int64{tag.ID}, nil)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(entries, func(p koji.GroupPackage) bool { return p.GroupID == group.ID && p.Package == a.Package })
	switch {
	case at < 0:
		return nil, refuse("Package %s is not in group %s of tag %s", a.Package, group.Name, tag.Name)
	case !entries[at].Blocked:
		return nil, refuse("Package %s is not blocked in group %s of tag %s", a.Package, group.Name, tag.Name)
	}
	return groupPackageListRemove(c, a)
}

func groupPackageListRemove(c *call, a groupPackageArgs) (any, error) {
	tag, group, err := c.groupOfTag(a.Tag, a.Group)
	if err != nil {
		return nil, err
	}
	was, err := c.tx.RemoveGroupPackage(c, tag.ID, group.ID, a.Package, c.session.user)
	if err != nil || !was {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

func (c *call) groupOfTag(tagRef, groupRef any) (*koji.Tag, sqlstore.Name, error) {
	tag, err := c.tagRef(tagRef)
	if err != nil {
		return nil, sqlstore.Name{}, err
	}
	group, err := c.groupLookup(groupRef, false)
	return tag, group, err
}

type groupReqAddArgs struct {
	Tag   any            `rpc:"taginfo"`
	Group any            `rpc:"grpinfo"`
	Req   any            `rpc:"reqinfo"`
	Block bool           `rpc:"block=false"`
	Force bool           `rpc:"force=false"`
	Opts  map[string]any `rpc:"**opts"`
}

// groupReqListAdd takes type and is_metapkg.
func groupReqListAdd(c *call, a groupReqAddArgs) (any, error) {
	tag, group, req, err := c.groupsOfTag(a.Tag, a.Group, a.Req)
	if err != nil {
		return nil, err
	}
	_, open, err := c.openGroup(tag.ID, group.ID)
	if err != nil {
		return nil, err
	}
	kind := "mandatory"
	r := koji.GroupReq{Type: &kind}
	at := slices.IndexFunc(open.reqs, func(r koji.GroupReq) bool { return r.ReqID == req.ID })
	if at >= 0 {
		if r = open.reqs[at]; r.Blocked && !a.Force {
			return nil, refuse("Group %s is blocked in group %s of tag %s", req.Name, group.Name, tag.Name)
		}
	}
	old := r
	meta := &r.IsMetaPkg
	for _, err := range []error{groupField(a.Opts, "type", &r.Type), groupField(a.Opts, "is_metapkg", &meta)} {
		if err != nil {
			return nil, err
		}
	}
	if meta == nil || r.Type != nil && len(*r.Type) > 25 {
		return nil, fault(koji.CodeParameter, "want a type of at most 25 characters, and is_metapkg true or false")
	}
	r.IsMetaPkg, r.Blocked, r.ReqID = *meta, a.Block, req.ID
	if at >= 0 && sameGroupReq(r, old) {
		return nil, nil
	}
	r.TagID, r.GroupID = tag.ID, group.ID
	if err := c.tx.SetGroupReq(c, r, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

func sameGroupReq(a, b koji.GroupReq) bool {
	return a.ReqID == b.ReqID && same(a.Type, b.Type) && a.IsMetaPkg == b.IsMetaPkg && a.Blocked == b.Blocked
}

// groupsOfTag finds a tag and two groups. A fault names both groups, since
// either may be the one that is meant wrongly.
func (c *call) groupsOfTag(tagRef, groupRef, reqRef any) (tag *koji.Tag, group, req sqlstore.Name, err error) {
	if tag, group, err = c.groupOfTag(tagRef, groupRef); err == nil {
		req, err = c.groupLookup(reqRef, false)
	}
	if koji.HasCode(err, koji.CodeGeneric) && !koji.HasCode(err, koji.CodeParameter) {
		err = refuse("Group %s in group %s: %v", refText(reqRef), refText(groupRef), err)
	}
	return tag, group, req, err
}

type groupReqArgs struct {
	Tag   any `rpc:"taginfo"`
	Group any `rpc:"grpinfo"`
	Req   any `rpc:"reqinfo"`
}

func groupReqListBlock(c *call, a groupReqArgs) (any, error) {
	return groupReqListAdd(c, groupReqAddArgs{Tag: a.Tag, Group: a.Group, Req: a.Req, Block: true})
}

func groupReqListUnblock(c *call, a groupReqArgs) (any, error) {
	tag, group, req, err := c.groupsOfTag(a.Tag, a.Group, a.Req)
	if err != nil {
		return nil, err
	}
	entries, err := c.tx.GroupReqs(c, []int64{tag.ID}, nil)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(entries, func(r koji.GroupReq) bool { return r.GroupID == group.ID && r.ReqID == req.ID })
	switch {
	case at < 0:
		return nil, refuse("Group %s is not in group %s of tag %s", req.Name, group.Name, tag.Name)
	case !entries[at].Blocked:
		return nil, refuse("Group %s is not blocked in group %s of tag %s", req.Name, group.Name, tag.Name)
	}
	return groupReqListRemove(c, groupReqRemoveArgs{Tag: a.Tag, Group: a.Group, Req: a.Req})
}

type groupReqRemoveArgs struct {
	Tag   any `rpc:"taginfo"`
	Group any `rpc:"grpinfo"`
	Req   any `rpc:"reqinfo"`
	Force any `rpc:"force=nil"` // taken and not needed, as in Koji
}

func groupReqListRemove(c *call, a groupReqRemoveArgs) (any, error) {
	tag, group, req, err := c.groupsOfTag(a.Tag, a.Group, a.Req)
	if err != nil {
		return nil, err
	}
	was, err := c.tx.RemoveGroupReq(c, tag.ID, group.ID, req.ID, c.session.user)
	if err != nil || !was {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}
