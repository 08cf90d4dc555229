package hubd

import (
	"iter"

	"koji/sqlstore"
)

type listTaggedArchivesArgs struct {
	Tag     any     `rpc:"tag"`
	Event   any     `rpc:"event=nil"`
	Inherit bool    `rpc:"inherit=false"`
	Latest  any     `rpc:"latest=false"`
	Package *string `rpc:"package=nil"`
	Type    *string `rpc:"type=nil"`
	Strict  bool    `rpc:"strict=true"`
	Extra   bool    `rpc:"extra=true"`
}

// taggedArchiveExtra is a tagged archive with its extra, also where that is nil.
type taggedArchiveExtra struct {
	sqlstore.TaggedArchive
	Extra any `xmlrpc:"extra"`
}

// listTaggedArchives answers [archives, builds]: the builds are read first and
// kept, the archives are streamed.
func listTaggedArchives(c *call, a listTaggedArchivesArgs) (any, error) {
	f, err := c.taggedFilter(a.Tag, a.Event, a.Strict, a.Latest, a.Type)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return []any{}, nil
	}
	switch f.Type.Name {
	case "", "maven", "win":
	default:
		return nil, refuse("unsupported archive type: %s", f.Type.Name)
	}
	f.Inherit, f.Package = a.Inherit, deref(a.Package)
	builds, ids, err := c.keepTagged(*f)
	if err != nil {
		return nil, err
	}
	var archives iter.Seq2[any, error] = func(yield func(any, error) bool) {
		for archive, err := range c.tx.ArchivesOfBuilds(c, ids, f.Type.Name) {
			var row any = taggedArchiveExtra{archive, archive.Extra}
			if !a.Extra {
				archive.Extra = nil
				row = archive
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	if c.nested {
		list, err := collect(archives)
		return []any{list, builds}, err
	}
	return []any{archives, builds}, nil
}

type latestMavenArgs struct {
	Tag     any  `rpc:"tag"`
	Event   any  `rpc:"event=nil"`
	Inherit bool `rpc:"inherit=true"`
}

func getLatestMavenArchives(c *call, a latestMavenArgs) (any, error) {
	tag, event, err := c.tagIDAt(a.Tag, a.Event)
	if err != nil {
		return nil, err
	}
	archives, err := c.tx.MavenTagArchives(c, tag, event, a.Inherit)
	if err != nil {
		return nil, err
	}
	return each(archives), nil
}
