package hubd

import (
	"iter"
	"strings"

	"koji"
	"koji/sqlstore"
)

type listTaggedArgs struct {
	Tag     any     `rpc:"tag"`
	Event   any     `rpc:"event=nil"`
	Inherit bool    `rpc:"inherit=false"`
	Prefix  *string `rpc:"prefix=nil"`
	Latest  any     `rpc:"latest=false"`
	Package *string `rpc:"package=nil"`
	Owner   *string `rpc:"owner=nil"`
	Type    *string `rpc:"type=nil"`
	Strict  bool    `rpc:"strict=true"`
	Extra   bool    `rpc:"extra=false"`
	Draft   *bool   `rpc:"draft=nil"`
}

// taggedFilter checks what the calls about a tag's content have in common. A
// tag that isn't there is nil, or with strict a fault.
func (c *call) taggedFilter(ref, at any, strict bool, latest any, typeName *string) (*sqlstore.TaggedFilter, error) {
	event, err := eventRef(at)
	if err != nil {
		return nil, err
	}
	tag, err := c.tagAt(ref, event)
	if err != nil {
		return nil, err
	}
	if tag == nil {
		if strict {
			return nil, noSuch(sqlstore.TagNames, ref)
		}
		return nil, nil
	}
	c.tx.Apart() // the tag may have become another one since, as for a caller who knew its id
	f := &sqlstore.TaggedFilter{Tag: tag.ID, Event: event}
	if f.Latest, err = latestArg(latest); err != nil {
		return nil, err
	}
	f.Type, err = c.buildType(typeName, nil)
	return f, err
}

func listTagged(c *call, a listTaggedArgs) (any, error) {
	f, err := c.taggedFilter(a.Tag, a.Event, a.Strict, a.Latest, a.Type)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return []any{}, nil
	}
	f.Inherit, f.Package, f.Owner, f.Draft, f.Extra = a.Inherit, deref(a.Package), deref(a.Owner), a.Draft, a.Extra
	builds, err := c.tx.TaggedBuilds(c, *f)
	if err != nil {
		return nil, err
	}
	prefix := strings.ToLower(deref(a.Prefix))
	return c.taggedBuilds(builds, a.Extra, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), prefix) }), nil
}

// latestArg is how many builds of each package are wanted: all (0), one, or a number.
func latestArg(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int64:
		if v >= 0 {
			return v, nil
		}
	}
	return 0, fault(koji.CodeParameter, "latest: want true, false or a number of builds, not %s", refText(v))
}

// taggedWithExtra is a tagged build with its extra, also where that is nil.
type taggedWithExtra struct {
	sqlstore.TaggedBuild
	Extra any `xmlrpc:"extra"`
}

func (c *call) taggedBuilds(builds iter.Seq2[sqlstore.TaggedBuild, error], extra bool, want func(pkg string) bool) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		plain, more := new(row[sqlstore.TaggedBuild]), new(row[taggedWithExtra])
		for b, err := range builds {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case !want(b.PackageName):
				continue
			}
			v := any(nil)
			if extra {
				v = more.next(c, taggedWithExtra{b, b.Extra})
			} else {
				v = plain.next(c, b)
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// row is the row of a long list that is being written. All have one place in memory, but for a nested call's, which are
// kept: a row for each is more to clean up than the list is to write.
type row[T any] struct{ v T }

func (r *row[T]) next(c *call, v T) any {
	if c.nested {
		return v
	}
	r.v = v
	return &r.v
}

type latestBuildsArgs struct {
	Tag     any     `rpc:"tag"`
	Event   any     `rpc:"event=nil"`
	Package *string `rpc:"package=nil"`
	Type    *string `rpc:"type=nil"`
	Draft   *bool   `rpc:"draft=nil"`
}

// getLatestBuilds looks no id up: of a tag that isn't there nothing is tagged.
func getLatestBuilds(c *call, a latestBuildsArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	tag, isID := a.Tag.(int64)
	if !isID {
		if tag, _, err = c.tagID(a.Tag); err != nil {
			return nil, err
		}
	}
	if !sqlstore.FitsID(tag) {
		return []any{}, nil
	}
	f := sqlstore.TaggedFilter{Tag: tag, Event: event, Inherit: true, Latest: 1, Package: deref(a.Package), Draft: a.Draft}
	if f.Type, err = c.buildType(a.Type, nil); err != nil {
		return nil, err
	}
	builds, err := c.tx.TaggedBuilds(c, f)
	if err != nil {
		return nil, err
	}
	return c.taggedBuilds(builds, false, func(string) bool { return true }), nil
}

type listTaggedRPMsArgs struct {
	Tag     any     `rpc:"tag"`
	Event   any     `rpc:"event=nil"`
	Inherit bool    `rpc:"inherit=false"`
	Latest  any     `rpc:"latest=false"`
	Package *string `rpc:"package=nil"`
	Arch    any     `rpc:"arch=nil"`
	RPMSigs bool    `rpc:"rpmsigs=false"`
	Owner   *string `rpc:"owner=nil"`
	Type    *string `rpc:"type=nil"`
	Strict  bool    `rpc:"strict=true"`
	Extra   bool    `rpc:"extra=true"`
	Draft   *bool   `rpc:"draft=nil"`
}

func listTaggedRPMS(c *call, a listTaggedRPMsArgs) (any, error) {
	f, err := c.taggedFilter(a.Tag, a.Event, a.Strict, a.Latest, a.Type)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return []any{}, nil
	}
	f.Inherit, f.Package, f.Owner, f.Draft = a.Inherit, deref(a.Package), deref(a.Owner), a.Draft
	return c.taggedRPMs(*f, a.Arch, a.RPMSigs, a.Extra)
}

type latestRPMsArgs struct {
	Tag     any     `rpc:"tag"`
	Package *string `rpc:"package=nil"`
	Arch    any     `rpc:"arch=nil"`
	Event   any     `rpc:"event=nil"`
	RPMSigs bool    `rpc:"rpmsigs=false"`
	Type    *string `rpc:"type=nil"`
	Draft   *bool   `rpc:"draft=nil"`
}

func getLatestRPMS(c *call, a latestRPMsArgs) (any, error) {
	tag, event, err := c.tagIDAt(a.Tag, a.Event)
	if err != nil {
		return nil, err
	}
	f := sqlstore.TaggedFilter{Tag: tag, Event: event, Inherit: true, Latest: 1, Package: deref(a.Package), Draft: a.Draft}
	if f.Type, err = c.buildType(a.Type, nil); err != nil {
		return nil, err
	}
	return c.taggedRPMs(f, a.Arch, a.RPMSigs, true)
}

// taggedRPM is an rpm as it is told with the tag it is in: of a build, so that
// there is nothing to say about external repos.
type taggedRPM struct {
	koji.RPM
	ExternalRepoID   int64   `xmlrpc:"external_repo_id,omitempty"`
	ExternalRepoName string  `xmlrpc:"external_repo_name,omitempty"`
	Extra            any     `xmlrpc:"extra,omitempty"`
	SigKey           *string `xmlrpc:"sigkey,omitempty"`
}

// taggedRPMExtra and the two below it are taggedRPM with members that are there even when they are nil.
type taggedRPMExtra struct {
	taggedRPM
	Extra any `xmlrpc:"extra"`
}

type taggedRPMSig struct {
	taggedRPM
	SigKey *string `xmlrpc:"sigkey"`
}

type taggedRPMSigExtra struct {
	taggedRPM
	SigKey *string `xmlrpc:"sigkey"`
	Extra  any     `xmlrpc:"extra"`
}

// taggedRPMs answers [rpms, builds]. The builds are gone through twice: first they tell of whom the rpms are, which are
// streamed, and then they are streamed themselves.
func (c *call) taggedRPMs(f sqlstore.TaggedFilter, arch any, sigs, extra bool) (any, error) {
	arches, err := archesArg(arch)
	if err != nil {
		return nil, err
	}
	if err := c.tx.Steady(c); err != nil {
		return nil, err
	}
	builds, err := c.tx.TaggedBuilds(c, f)
	if err != nil {
		return nil, err
	}
	ids, err := idsOf(builds)
	if err != nil {
		return nil, err
	}
	var rpms iter.Seq2[any, error] = func(yield func(any, error) bool) {
		plain, withExtra, withSig, withBoth := new(row[taggedRPM]), new(row[taggedRPMExtra]), new(row[taggedRPMSig]), new(row[taggedRPMSigExtra])
		for r, err := range c.tx.RPMsOfBuilds(c, ids, arches, sigs) {
			if err != nil {
				yield(nil, err)
				return
			}
			var v any
			switch {
			case sigs && extra:
				v = withBoth.next(c, taggedRPMSigExtra{taggedRPM{RPM: r}, r.SigKey, r.Extra})
			case sigs:
				v = withSig.next(c, taggedRPMSig{taggedRPM{RPM: r}, r.SigKey})
			case extra:
				v = withExtra.next(c, taggedRPMExtra{taggedRPM{RPM: r}, r.Extra})
			default:
				v = plain.next(c, taggedRPM{RPM: r})
			}
			if !yield(v, nil) {
				return
			}
		}
	}
	all := c.taggedBuilds(builds, false, func(string) bool { return true })
	if !c.nested {
		return []any{rpms, all}, nil
	}
	rpmList, err := collect(rpms)
	if err != nil {
		return nil, err
	}
	buildList, err := collect(all)
	return []any{rpmList, buildList}, err
}

// idsOf are the ids of builds, each once.
func idsOf(builds iter.Seq2[sqlstore.TaggedBuild, error]) ([]int64, error) {
	var ids []int64
	met := map[int64]bool{}
	for b, err := range builds {
		if err != nil {
			return nil, err
		}
		if !met[b.ID] {
			met[b.ID] = true
			ids = append(ids, b.ID)
		}
	}
	return ids, nil
}

// keepTagged reads the builds of a tag, and the ids of each of them once.
func (c *call) keepTagged(f sqlstore.TaggedFilter) (builds []sqlstore.TaggedBuild, ids []int64, err error) {
	if err := c.tx.Steady(c); err != nil {
		return nil, nil, err
	}
	found, err := c.tx.TaggedBuilds(c, f)
	if err != nil {
		return nil, nil, err
	}
	builds = []sqlstore.TaggedBuild{}
	at := map[int64]bool{}
	for b, err := range found {
		if err != nil {
			return nil, nil, err
		}
		builds = append(builds, b)
		if !at[b.ID] {
			at[b.ID] = true
			ids = append(ids, b.ID)
		}
	}
	return builds, ids, nil
}

// archesArg is an argument that names one arch or several; nil is any.
func archesArg(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		arches := []string{}
		for _, item := range v {
			a, ok := item.(string)
			if !ok {
				return nil, refuse("Invalid type for arch: %s", typeName(item))
			}
			arches = append(arches, a)
		}
		return arches, nil
	}
	return nil, refuse("Invalid type for arch: %s", typeName(v))
}
