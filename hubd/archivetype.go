package hubd

import (
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

func archiveTypeMethods() []method {
	return []method{
		reads("getArchiveTypes", anyone, "All archive types.", getArchiveTypes),
		reads("getArchiveType", anyone, "Archive type by file name, type name or type id.", getArchiveType),
		writes("addArchiveType", perm("admin"), "Registers a new archive type.", addArchiveType),
		writes("addBType", perm("admin"), "Registers a new build type name.", addBType),
	}
}

func getArchiveTypes(c *call, _ none) (any, error) { return c.tx.ArchiveTypes(c) }

type getArchiveTypeArgs struct {
	Filename *string `rpc:"filename=nil"`
	TypeName *string `rpc:"type_name=nil"`
	TypeID   *int64  `rpc:"type_id=nil"`
	Strict   bool    `rpc:"strict=false"`
}

func getArchiveType(c *call, a getArchiveTypeArgs) (any, error) {
	types, err := c.tx.ArchiveTypes(c)
	if err != nil {
		return nil, err
	}
	var t *koji.ArchiveType
	what := ""
	switch {
	case a.TypeID != nil:
		t, what = findType(types, func(t koji.ArchiveType) bool { return t.ID == *a.TypeID }), refText(*a.TypeID)
	case a.TypeName != nil:
		t, what = findType(types, func(t koji.ArchiveType) bool { return t.Name == *a.TypeName }), *a.TypeName
	case a.Filename != nil:
		what = *a.Filename
		if t, err = archiveTypeOf(types, what); err != nil {
			return nil, err
		}
	default:
		return nil, refuse("archive type: one of filename, type_name and type_id is required")
	}
	switch {
	case t != nil:
		return t, nil
	case a.Strict:
		return nil, refuse("No such archive type: %s", what)
	}
	return nil, nil
}

func findType(types []koji.ArchiveType, is func(koji.ArchiveType) bool) *koji.ArchiveType {
	if i := slices.IndexFunc(types, is); i >= 0 {
		return &types[i]
	}
	return nil
}

// archiveTypeOf is the kind of file that a name says, nil for none that is
// known: of the whole name and what follows each of its dots, the first that is
// an extension counts. Koji: reference/enums.md, "Build types and archive types".
func archiveTypeOf(types []koji.ArchiveType, name string) (*koji.ArchiveType, error) {
	for end := strings.ToLower(name); ; {
		var found *koji.ArchiveType
		for i := range types {
			if !slices.Contains(strings.Fields(types[i].Extensions), end) {
				continue
			}
			if found != nil {
				return nil, refuse("multiple archive types have the extension %s: %s and %s", end, found.Name, types[i].Name)
			}
			found = &types[i]
		}
		_, rest, more := strings.Cut(end, ".")
		if found != nil || !more {
			return found, nil
		}
		end = rest
	}
}

type addArchiveTypeArgs struct {
	Name            any `rpc:"name"`
	Description     any `rpc:"description"`
	Extensions      any `rpc:"extensions"`
	CompressionType any `rpc:"compression_type=nil"`
}

func addArchiveType(c *call, a addArchiveTypeArgs) (any, error) {
	name, err := c.newName("archive type", a.Name)
	if err != nil {
		return nil, err
	}
	t := koji.ArchiveType{Name: name}
	var ok bool
	if t.Description, ok = a.Description.(string); !ok {
		return nil, refuse("description: invalid type %s, want a string", typeName(a.Description))
	}
	if t.Extensions, ok = a.Extensions.(string); !ok {
		return nil, refuse("extensions: invalid type %s, want a string", typeName(a.Extensions))
	}
	switch v := a.CompressionType.(type) {
	case nil:
	case string:
		t.CompressionType = &v
	default:
		return nil, refuse("compression_type: invalid type %s, want a string", typeName(v))
	}
	return nil, c.tx.AddArchiveType(c, t)
}

type addBTypeArgs struct {
	Name any `rpc:"name"`
}

func addBType(c *call, a addBTypeArgs) (any, error) {
	name, err := c.newName("build type", a.Name)
	if err != nil {
		return nil, err
	}
	_, found, err := c.tx.NameByName(c, sqlstore.BuildTypeNames, name)
	if err != nil {
		return nil, err
	}
	if found {
		return nil, refuse("btype already exists: %s", name)
	}
	_, err = c.tx.AddName(c, sqlstore.BuildTypeNames, name)
	return nil, err
}
