package hubd

import (
	"koji"
	"koji/sqlstore"
)

// packageChange is a change of a package's entry in a tag. What is nil stays
// as it is, with what the tag inherits as the beginning.
type packageChange struct {
	Owner       any
	Block       *bool
	ExtraArches any
	Force       bool // also where nothing changes, for blocked ones, and without an owner
	Update      bool // only of an entry that is there
	NoPolicy    bool // whoever changes it was asked already
}

func (ch packageChange) action() string {
	switch {
	case ch.Update:
		return "update"
	case ch.Block != nil && *ch.Block:
		return "block"
	}
	return "add"
}

// changePackage makes the change, if the policy package_list lets the caller.
// A package that is only a name is made. Koji: reference/semantics.md.
func (c *call) changePackage(tagRef, pkgRef any, ch packageChange) error {
	tag, err := c.tagRef(tagRef)
	if err != nil {
		return err
	}
	pkg, found, err := c.find(sqlstore.PackageNames, pkgRef)
	if err != nil {
		return err
	}
	if !found {
		if pkg.Name, err = c.newName("package", pkgRef); err != nil {
			return err
		}
	}
	var owner *int64
	if ch.Owner != nil && ch.Owner != "" {
		id, err := c.userID(ch.Owner)
		if err != nil {
			return err
		}
		owner = &id
	}
	var arches *string
	if ch.ExtraArches != nil {
		text, err := archList(ch.ExtraArches)
		if err != nil {
			return err
		}
		arches = &text
	}
	if err := c.mayChangePackage(tag, pkg.Name, ch.action(), ch.Force, ch.NoPolicy); err != nil {
		return err
	}
	if !found {
		if pkg.ID, err = c.tx.AddName(c, sqlstore.PackageNames, pkg.Name); err != nil {
			return err
		}
	}
	previous, err := c.tagPackage(tag.ID, pkg.ID, nil)
	if err != nil {
		return err
	}
	return c.changeEntry(tag, pkg, previous, ch, owner, arches)
}

// changeEntry changes a package's entry between the callbacks. previous is the
// one that the tag has or inherits, nil for none.
func (c *call) changeEntry(tag *koji.Tag, pkg sqlstore.Name, previous *koji.TagPackage, ch packageChange, owner *int64, arches *string) error {
	info := map[string]any{
		"action": ch.action(), "tag": tag, "package": &koji.Package{ID: pkg.ID, Name: pkg.Name}, "owner": value(owner), "block": value(ch.Block), "extra_arches": value(arches),
		"force": ch.Force, "update": ch.Update,
	}
	return c.aroundPackageChange(tag, info, func() (bool, error) { return c.storePackage(tag, pkg, previous, ch, owner, arches) })
}

// value is what a pointer points to, nil for nil.
func value[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// some points to a value, and is nil for one that stands for nothing.
func some[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

// mayChangePackage asks the policy.
func (c *call) mayChangePackage(tag *koji.Tag, pkg, action string, force, noPolicy bool) error {
	if noPolicy {
		return nil
	}
	return c.assertPolicy("package_list", map[string]any{"tag": tag.ID, "action": action, "package": pkg, "force": force}, force)
}

// aroundPackageChange runs the callbacks around a change and tells the event stream of it.
func (c *call) aroundPackageChange(tag *koji.Tag, info map[string]any, change func() (bool, error)) error {
	if c.hub.hears("prePackageListChange", "postPackageListChange") {
		u, err := c.userRef(nil)
		if err != nil {
			return err
		}
		info["user"] = u
	}
	if err := c.callback("prePackageListChange", info); err != nil {
		return err
	}
	changed, err := change()
	if err != nil || !changed {
		return err
	}
	if err := c.callback("postPackageListChange", info); err != nil {
		return err
	}
	return c.tagChanged(tag.ID, tag.Name)
}

// storePackage works out what the entry becomes, and stores what differs.
func (c *call) storePackage(tag *koji.Tag, pkg sqlstore.Name, previous *koji.TagPackage, ch packageChange, owner *int64, arches *string) (bool, error) {
	block := ch.Block != nil && *ch.Block
	entry, owned := true, true // what is to be stored
	if previous == nil {
		if ch.Update && !ch.Force {
			return false, refuse("Package %s is not in the list of tag %s", pkg.Name, tag.Name)
		}
	} else {
		if owner == nil {
			owner = previous.OwnerID
		}
		if ch.Block == nil {
			block = previous.Blocked
		}
		if arches == nil {
			arches = previous.ExtraArches
		}
		owned = *owner != *previous.OwnerID
		entry = block != previous.Blocked || !same(arches, previous.ExtraArches)
		if !entry && !owned && !ch.Force {
			return false, nil
		}
		if previous.Blocked && !block && !ch.Force {
			return false, refuse("Package %s is blocked in tag %s", pkg.Name, tag.Name)
		}
		// An entry of the tag's own needs an owner of its own, and each is stored with its owner.
		entry = entry || ch.Force || owned && previous.TagID != tag.ID
		owned = owned || entry
	}
	if owner == nil {
		if !ch.Force {
			return false, refuse("Package %s has no owner in tag %s yet: one must be given", pkg.Name, tag.Name)
		}
		owner = &c.session.user
	}
	if entry {
		if err := c.tx.SetTagPackage(c, tag.ID, pkg.ID, block, arches, c.session.user); err != nil {
			return false, err
		}
	}
	if owned {
		if err := c.tx.SetPackageOwner(c, tag.ID, pkg.ID, *owner, c.session.user); err != nil {
			return false, err
		}
	}
	return entry || owned, nil
}

type packageListAddArgs struct {
	Tag         any   `rpc:"taginfo"`
	Package     any   `rpc:"pkginfo"`
	Owner       any   `rpc:"owner=nil"`
	Block       *bool `rpc:"block=nil"`
	ExtraArches any   `rpc:"extra_arches=nil"`
	Force       bool  `rpc:"force=false"`
	Update      bool  `rpc:"update=false"`
}

func packageListAdd(c *call, a packageListAddArgs) (any, error) {
	return nil, c.changePackage(a.Tag, a.Package, packageChange{
		Owner: a.Owner, Block: a.Block, ExtraArches: a.ExtraArches, Force: a.Force, Update: a.Update,
	})
}

type packageListArgs struct {
	Tag     any  `rpc:"taginfo"`
	Package any  `rpc:"pkginfo"`
	Force   bool `rpc:"force=false"`
}

// listedPackage finds a tag, a package and the package's entry there.
func (c *call) listedPackage(a packageListArgs) (*koji.Tag, koji.Package, *koji.TagPackage, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, koji.Package{}, nil, err
	}
	pkg, err := c.packageRef(a.Package)
	if err != nil {
		return nil, pkg, nil, err
	}
	entry, err := c.tagPackage(tag.ID, pkg.ID, nil)
	return tag, pkg, entry, err
}

func packageListBlock(c *call, a packageListArgs) (any, error) {
	tag, pkg, entry, err := c.listedPackage(a)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, refuse("Package %s is not in the list of tag %s", pkg.Name, tag.Name)
	}
	block := true
	return nil, c.changePackage(tag.ID, pkg.ID, packageChange{Block: &block, Force: a.Force})
}

func packageListUnblock(c *call, a packageListArgs) (any, error) {
	tag, pkg, entry, err := c.listedPackage(a)
	if err != nil {
		return nil, err
	}
	if err := c.mayChangePackage(tag, pkg.Name, "unblock", a.Force, false); err != nil {
		return nil, err
	}
	switch {
	case entry == nil:
		return nil, refuse("Package %s is not in the list of tag %s", pkg.Name, tag.Name)
	case !entry.Blocked:
		return nil, refuse("Package %s is not blocked in tag %s", pkg.Name, tag.Name)
	}
	info := map[string]any{"action": "unblock", "tag": tag, "package": &pkg}
	return nil, c.aroundPackageChange(tag, info, func() (bool, error) { return true, c.unblockPackage(tag.ID, pkg.ID, entry) })
}

// unblockPackage drops a tag's own block. If the package isn't listed without
// it, or is still blocked from above, the tag gets an entry that lets it in.
func (c *call) unblockPackage(tag, pkg int64, entry *koji.TagPackage) error {
	if entry.TagID == tag {
		if _, err := c.tx.RemoveTagPackage(c, tag, pkg, c.session.user); err != nil {
			return err
		}
		above, err := c.tagPackage(tag, pkg, nil)
		if err != nil || above != nil && !above.Blocked {
			return err
		}
	}
	if err := c.tx.SetTagPackage(c, tag, pkg, false, entry.ExtraArches, c.session.user); err != nil {
		return err
	}
	return c.tx.SetPackageOwner(c, tag, pkg, *entry.OwnerID, c.session.user)
}

func packageListRemove(c *call, a packageListArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	pkg, err := c.packageRef(a.Package)
	if err != nil {
		return nil, err
	}
	if err := c.mayChangePackage(tag, pkg.Name, "remove", a.Force, false); err != nil {
		return nil, err
	}
	info := map[string]any{"action": "remove", "tag": tag, "package": &pkg}
	return nil, c.aroundPackageChange(tag, info, func() (bool, error) {
		return c.tx.RemoveTagPackage(c, tag.ID, pkg.ID, c.session.user)
	})
}

type setOwnerArgs struct {
	Tag     any  `rpc:"taginfo"`
	Package any  `rpc:"pkginfo"`
	Owner   any  `rpc:"owner"`
	Force   bool `rpc:"force=false"`
}

func packageListSetOwner(c *call, a setOwnerArgs) (any, error) {
	return nil, c.changePackage(a.Tag, a.Package, packageChange{Owner: a.Owner, Force: a.Force, Update: true})
}

type setArchesArgs struct {
	Tag     any  `rpc:"taginfo"`
	Package any  `rpc:"pkginfo"`
	Arches  any  `rpc:"arches"`
	Force   bool `rpc:"force=false"`
}

func packageListSetArches(c *call, a setArchesArgs) (any, error) {
	return nil, c.changePackage(a.Tag, a.Package, packageChange{ExtraArches: a.Arches, Force: a.Force, Update: true})
}
