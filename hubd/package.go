package hubd

import (
	"regexp"
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

func packageMethods() []method {
	return []method{
		writes("getPackage", anyone, "Package by id or name.", getPackage),
		reads("getPackageID", anyone, "Package id by name.", getPackageID),
		reads("getPackageConfig", anyone, "A package's entry in a tag, or the nearest that the tag inherits.", getPackageConfig),
		reads("checkTagPackage", anyone, "Whether a package is listed in a tag, and not blocked.", checkTagPackage),
		reads("listPackages", anyone, "Entries of package lists by tag, owner and package; without any of them all packages.", listPackages),
		reads("listPackagesSimple", anyone, "All packages, by the beginning of their name.", listPackagesSimple),
		writes("packageListAdd", user, "Adds a package to a tag's list, or changes its entry.", packageListAdd),
		writes("packageListBlock", user, "Blocks a package in a tag.", packageListBlock),
		writes("packageListUnblock", user, "Removes a package's block in a tag.", packageListUnblock),
		writes("packageListRemove", user, "Removes a package from a tag's list.", packageListRemove),
		writes("packageListSetOwner", user, "Changes the owner of a package in a tag.", packageListSetOwner),
		writes("packageListSetArches", user, "Changes the extra arches of a package in a tag.", packageListSetArches),
	}
}

// packageRef finds a package.
func (c *call) packageRef(ref any) (koji.Package, error) {
	n, err := c.need(sqlstore.PackageNames, ref)
	return koji.Package{ID: n.ID, Name: n.Name}, err
}

type getPackageArgs struct {
	Package any  `rpc:"info"`
	Strict  bool `rpc:"strict=false"`
	Create  bool `rpc:"create=false"`
}

// getPackage with create is for those who may add packages to tags, while
// Koji lets anyone.
func getPackage(c *call, a getPackageArgs) (any, error) {
	n, found, err := c.find(sqlstore.PackageNames, a.Package)
	switch {
	case err != nil:
		return nil, err
	case found:
		return n, nil
	case a.Create:
		if err := c.needPerm("tag"); err != nil {
			return nil, err
		}
		id, err := c.addPackage(a.Package)
		if err != nil {
			return nil, err
		}
		return c.packageRef(id)
	case a.Strict:
		return nil, noSuch(sqlstore.PackageNames, a.Package)
	}
	return nil, nil
}

type getPackageIDArgs struct {
	Name   any  `rpc:"name"`
	Strict bool `rpc:"strict=false"`
}

func getPackageID(c *call, a getPackageIDArgs) (any, error) {
	n, found, err := c.find(sqlstore.PackageNames, a.Name)
	switch {
	case err != nil:
		return nil, err
	case found:
		return n.ID, nil
	case a.Strict:
		return nil, noSuch(sqlstore.PackageNames, a.Name)
	}
	return nil, nil
}

// packageFilter reads the pattern of an inheritance link; it matches from the
// start of a package's name.
func packageFilter(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:` + pattern + `)`)
	if err != nil {
		return nil, refuse("Package filter %q can't be read: %v", pattern, err)
	}
	return re, nil
}

// packageQuery is what to list of a tag's packages.
type packageQuery struct {
	inherit bool
	dups    bool // also the entries that a nearer one hides
	filter  sqlstore.PackageFilter
}

// tagPackages are a tag's packages: the nearest entry of each in the order of
// the inheritance, or all. Blocked ones are there. Koji: reference/semantics.md,
// "Package lists".
func (c *call) tagPackages(tag int64, q packageQuery) ([]koji.TagPackage, error) {
	links, byTag, err := c.tx.PackageLists(c, tag, q.inherit, q.filter)
	if err != nil {
		return nil, err
	}
	total, most := 0, 0
	for _, entries := range byTag {
		total, most = total+len(entries), max(most, len(entries))
	}
	if !q.dups {
		total = most // or some more
	}
	list, seen := make([]koji.TagPackage, 0, total), make(map[int64]bool, most)
	for _, l := range links {
		var filters []*regexp.Regexp
		for _, pattern := range l.Filter {
			re, err := packageFilter(pattern)
			if err != nil {
				return nil, err
			}
			filters = append(filters, re)
		}
		entries := byTag[l.ParentID]
		for i := range entries {
			e := &entries[i]
			if !q.dups && seen[e.PackageID] || slices.ContainsFunc(filters, func(re *regexp.Regexp) bool { return !re.MatchString(e.PackageName) }) {
				continue
			}
			seen[e.PackageID] = true
			list = append(list, *e)
		}
	}
	return list, nil
}

// tagPackage is a package's entry in a tag, or the nearest inherited one; nil if it isn't listed.
func (c *call) tagPackage(tag, pkg int64, event *int64) (*koji.TagPackage, error) {
	list, err := c.tagPackages(tag, packageQuery{inherit: true, filter: sqlstore.PackageFilter{Package: pkg, Event: event}})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

type packageConfigArgs struct {
	Tag     any `rpc:"tag"`
	Package any `rpc:"pkg"`
	Event   any `rpc:"event=nil"`
}

func getPackageConfig(c *call, a packageConfigArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	tag, tagFound, err := c.find(sqlstore.TagNames, a.Tag)
	if err != nil {
		return nil, err
	}
	pkg, pkgFound, err := c.find(sqlstore.PackageNames, a.Package)
	if err != nil || !tagFound || !pkgFound {
		return nil, err
	}
	p, err := c.tagPackage(tag.ID, pkg.ID, event)
	if err != nil || p == nil {
		return nil, err
	}
	return p, nil
}

type checkTagPackageArgs struct {
	Tag     any `rpc:"tag"`
	Package any `rpc:"pkg"`
}

func checkTagPackage(c *call, a checkTagPackageArgs) (any, error) {
	tag, tagFound, err := c.find(sqlstore.TagNames, a.Tag)
	if err != nil {
		return nil, err
	}
	pkg, pkgFound, err := c.find(sqlstore.PackageNames, a.Package)
	if err != nil || !tagFound || !pkgFound {
		return false, err
	}
	p, err := c.tagPackage(tag.ID, pkg.ID, nil)
	return p != nil && !p.Blocked, err
}

type listPackagesArgs struct {
	Tag       any     `rpc:"tagID=nil"`
	User      any     `rpc:"userID=nil"`
	Package   any     `rpc:"pkgID=nil"`
	Prefix    *string `rpc:"prefix=nil"`
	Inherited bool    `rpc:"inherited=false"`
	Dups      bool    `rpc:"with_dups=false"`
	Event     any     `rpc:"event=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
	Owners    bool    `rpc:"with_owners=true"`
	Blocked   bool    `rpc:"with_blocked=true"`
}

func listPackages(c *call, a listPackagesArgs) (any, error) {
	if a.Tag == nil && a.User == nil && a.Package == nil {
		return listPackagesSimple(c, listSimpleArgs{a.Prefix, a.QueryOpts})
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	q := packageQuery{inherit: a.Inherited, dups: a.Dups, filter: sqlstore.PackageFilter{Prefix: deref(a.Prefix), Open: !a.Blocked}}
	if q.filter.Event, err = eventRef(a.Event); err != nil {
		return nil, err
	}
	if a.User != nil {
		if !a.Owners {
			return nil, refuse("userID needs with_owners")
		}
		if q.filter.Owner, err = c.userID(a.User); err != nil {
			return nil, err
		}
	}
	if a.Package != nil {
		if q.filter.Package, err = c.packageID(a.Package, false); err != nil {
			return nil, err
		}
	}
	var list []koji.TagPackage
	if a.Tag != nil {
		tag, _, err := c.tagID(a.Tag)
		if err != nil {
			return nil, err
		}
		list, err = c.tagPackages(tag, q)
		if err != nil {
			return nil, err
		}
	} else if list, err = c.packagesOfTags(q); err != nil {
		return nil, err
	}
	if !a.Owners {
		for i := range list {
			list[i].OwnerID, list[i].OwnerName = nil, ""
		}
	}
	return packageRows(list, opts)
}

// packagesOfTags are entries of any tag; without dups the newest tag's of each package.
func (c *call) packagesOfTags(q packageQuery) ([]koji.TagPackage, error) {
	entries, err := c.tx.TagPackages(c, q.filter)
	if err != nil || q.dups {
		return entries, err
	}
	last := map[int64]int64{}
	for _, e := range entries {
		last[e.PackageID] = e.TagID
	}
	return slices.DeleteFunc(entries, func(e koji.TagPackage) bool { return last[e.PackageID] != e.TagID }), nil
}

// packageRows does what queryOpts ask for with a list that no single query made.
func packageRows(list []koji.TagPackage, opts sqlstore.QueryOpts) (any, error) {
	if opts.Order != "" {
		if err := sortPackages(list, opts.Order); err != nil {
			return nil, err
		}
	}
	if opts.Offset != nil {
		list = list[min(*opts.Offset, int64(len(list))):]
	}
	if opts.Limit != nil {
		list = list[:min(*opts.Limit, int64(len(list)))]
	}
	if opts.CountOnly {
		return int64(len(list)), nil
	}
	return rows(opts, list), nil
}

func sortPackages(list []koji.TagPackage, order string) error {
	by := map[string]func(a, b koji.TagPackage) int{
		"package_id":   func(a, b koji.TagPackage) int { return int(a.PackageID - b.PackageID) },
		"package_name": func(a, b koji.TagPackage) int { return strings.Compare(a.PackageName, b.PackageName) },
		"tag_id":       func(a, b koji.TagPackage) int { return int(a.TagID - b.TagID) },
		"tag_name":     func(a, b koji.TagPackage) int { return strings.Compare(a.TagName, b.TagName) },
		"owner_id":     func(a, b koji.TagPackage) int { return int(deref(a.OwnerID) - deref(b.OwnerID)) },
		"owner_name":   func(a, b koji.TagPackage) int { return strings.Compare(a.OwnerName, b.OwnerName) },
		"extra_arches": func(a, b koji.TagPackage) int { return strings.Compare(deref(a.ExtraArches), deref(b.ExtraArches)) },
		"blocked": func(a, b koji.TagPackage) int {
			switch {
			case a.Blocked == b.Blocked:
				return 0
			case b.Blocked:
				return -1
			}
			return 1
		},
	}
	names := strings.Split(order, ",")
	for _, name := range names {
		if by[strings.TrimPrefix(name, "-")] == nil {
			return koji.NewError(koji.CodeOther, "Invalid order: "+name)
		}
	}
	slices.SortStableFunc(list, func(a, b koji.TagPackage) int {
		for _, name := range names {
			column, down := strings.CutPrefix(name, "-")
			n := by[column](a, b)
			if down {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	return nil
}

// deref is what a pointer points to, zero for nil.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

type listSimpleArgs struct {
	Prefix    *string `rpc:"prefix=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
}

func listPackagesSimple(c *call, a listSimpleArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountPackages(c, deref(a.Prefix), opts)
	}
	list, err := c.tx.ListPackages(c, deref(a.Prefix), opts)
	return rows(opts, list), err
}
