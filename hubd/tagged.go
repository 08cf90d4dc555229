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
	return taggedBuilds(builds, a.Extra, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), prefix) }), nil
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

func taggedBuilds(builds iter.Seq2[sqlstore.TaggedBuild, error], extra bool, want func(pkg string) bool) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for b, err := range builds {
			if err != nil {
				yield(nil, err)
				return
			}
			if !want(b.PackageName) {
				continue
			}
			var row any = b
			if extra {
				row = taggedWithExtra{b, b.Extra}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
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
	return taggedBuilds(builds, false, func(string) bool { return true }), nil
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
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	tag, _, err := c.tagID(a.Tag)
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

// taggedRPMs answers [rpms, builds]. The builds are read first and kept, which
// tells of whom the rpms are; those are streamed.
func (c *call) taggedRPMs(f sqlstore.TaggedFilter, arch any, sigs, extra bool) (any, error) {
	arches, err := archesArg(arch)
	if err != nil {
		return nil, err
	}
	builds, ids, err := c.keepTagged(f)
	if err != nil {
		return nil, err
	}
	rpms := func(yield func(any, error) bool) {
		for r, err := range c.tx.RPMsOfBuilds(c, ids, arches, sigs) {
			if err != nil {
				yield(nil, err)
				return
			}
			row := taggedRPM{RPM: r}
			var v any = row
			switch {
			case sigs && extra:
				v = taggedRPMSigExtra{row, r.SigKey, r.Extra}
			case sigs:
				v = taggedRPMSig{row, r.SigKey}
			case extra:
				v = taggedRPMExtra{row, r.Extra}
			}
			if !yield(v, nil) {
				return
			}
		}
	}
	if c.nested {
		list, err := collect(iter.Seq2[any, error](rpms))
		return []any{list, builds}, err
	}
	return []any{iter.Seq2[any, error](rpms), builds}, nil
}

// keepTagged reads the builds of a tag, and the ids of each of them once.
func (c *call) keepTagged(f sqlstore.TaggedFilter) (builds []sqlstore.TaggedBuild, ids []int64, err error) {
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
