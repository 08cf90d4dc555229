package hubd

import (
	"koji"
	"koji/sqlstore"
)

type listArchivesArgs struct {
	Build        any            `rpc:"buildID=nil"`
	Buildroot    *int64         `rpc:"buildrootID=nil"`
	Component    *int64         `rpc:"componentBuildrootID=nil"`
	Host         any            `rpc:"hostID=nil"`
	Type         *string        `rpc:"type=nil"`
	Filename     *string        `rpc:"filename=nil"`
	Size         *int64         `rpc:"size=nil"`
	Checksum     *string        `rpc:"checksum=nil"`
	ChecksumType *int64         `rpc:"checksum_type=nil"`
	TypeInfo     map[string]any `rpc:"typeInfo=nil"`
	QueryOpts    any            `rpc:"queryOpts=nil"`
	Image        *int64         `rpc:"imageID=nil"`
	ID           *int64         `rpc:"archiveID=nil"`
	Strict       bool           `rpc:"strict=false"`
}

func listArchives(c *call, a listArchivesArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	f := sqlstore.ArchiveFilter{
		ID: a.ID, Buildroot: a.Buildroot, Component: a.Component, Image: a.Image, Filename: deref(a.Filename), Size: a.Size,
		Checksum: deref(a.Checksum), ChecksumType: a.ChecksumType, Type: deref(a.Type),
	}
	if f.Build, f.Host, err = c.buildAndHost(a.Build, a.Host); err != nil {
		return nil, err
	}
	if err := c.archiveTypeInfo(&f, a.TypeInfo); err != nil {
		return nil, err
	}
	list, n, err := c.tx.ListArchives(c, f, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		if a.Strict && n == 0 {
			return nil, noArchives()
		}
		return n, nil
	}
	if !a.Strict {
		return asList(opts.AsList, each(list)), nil
	}
	all, err := collect(asList(opts.AsList, each(list)))
	if some, _ := all.([]any); err == nil && len(some) == 0 {
		err = noArchives()
	}
	return all, err
}

func noArchives() error { return refuse("No matching archives found") }

// archiveTypeInfo reads the arguments that choose archives by what a type of
// build tells of them.
func (c *call) archiveTypeInfo(f *sqlstore.ArchiveFilter, info map[string]any) error {
	text := func(key string) (*string, error) {
		switch v := info[key].(type) {
		case nil:
			return nil, nil
		case string:
			return &v, nil
		default:
			return nil, fault(koji.CodeParameter, "typeInfo: %s: invalid type %s, want a string", key, typeName(v))
		}
	}
	words := func(key string) ([]string, error) {
		switch v := info[key].(type) {
		case nil, string, []any:
			return textOf(v), nil
		default:
			return nil, fault(koji.CodeParameter, "typeInfo: %s: invalid type %s, want a string or an array", key, typeName(v))
		}
	}
	var err error
	switch f.Type {
	case "":
	case "maven":
		f.Maven = map[string]string{}
		for _, key := range []string{"group_id", "artifact_id", "version"} {
			v, err := text(key)
			if err != nil {
				return err
			}
			if v != nil {
				f.Maven[key] = *v
			}
		}
	case "win":
		if f.Relpath, err = text("relpath"); err != nil {
			return err
		}
		if f.Platforms, err = words("platforms"); err != nil {
			return err
		}
		f.Flags, err = words("flags")
	case "image":
		f.Arch, err = text("arch")
	default:
		var btype sqlstore.Name
		if btype, err = c.need(sqlstore.BuildTypeNames, f.Type); err != nil {
			return err
		}
		if len(info) > 0 {
			return refuse("typeInfo is not supported for archives of type %s", f.Type)
		}
		f.TypeID = btype.ID
	}
	return err
}
