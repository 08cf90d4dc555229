package hubd

import (
	"fmt"
	"strings"
	"unicode"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

// Callers name a thing by its id, by its name, or by a struct with one of the
// two (reference/wire.md §9). The functions here find what is meant. Those that
// end in ID or Ref refuse what isn't there; find and those that end in Lookup
// leave that to their caller.

// nouns is what people call the rows of the tables.
var nouns = map[sqlstore.NameTable]string{
	sqlstore.TagNames: "tag", sqlstore.TargetNames: "build target", sqlstore.PackageNames: "package",
	sqlstore.ChannelNames: "channel", sqlstore.HostNames: "host", sqlstore.UserNames: "user",
	sqlstore.PermissionNames: "permission", sqlstore.GroupNames: "group", sqlstore.ExternalRepoNames: "external repo",
	sqlstore.VolumeNames: "volume", sqlstore.BuildTypeNames: "build type", sqlstore.GeneratorNames: "content generator",
}

// find looks a row of a table up; the bool says whether there is one. What is
// neither id nor name nor a struct with one of them is a fault 1019.
func (c *call) find(table sqlstore.NameTable, ref any) (sqlstore.Name, bool, error) {
	n, err := namedBy(table, ref)
	switch {
	case err != nil:
		return n, false, err
	case n.ID != 0, isZero(ref): // 0 is an id as well: that of the volume DEFAULT
		return c.tx.NameByID(c, table, n.ID)
	}
	return c.tx.NameByName(c, table, n.Name)
}

// namedBy is the id, or if that is 0 the name, that an argument is.
func namedBy(table sqlstore.NameTable, ref any) (sqlstore.Name, error) {
	switch ref := ref.(type) {
	case int64:
		return sqlstore.Name{ID: ref}, nil
	case string:
		return sqlstore.Name{Name: ref}, nil
	case map[string]any:
		if id, ok := ref["id"].(int64); ok {
			return sqlstore.Name{ID: id}, nil
		}
		if name, ok := ref["name"].(string); ok && ref["id"] == nil {
			return sqlstore.Name{Name: name}, nil
		}
	}
	return sqlstore.Name{}, fault(koji.CodeParameter, "%s: invalid reference %s, want an id, a name, or a struct with one of them",
		nouns[table], refText(ref))
}

// isZero says that something is named by the id 0.
func isZero(ref any) bool {
	if m, ok := ref.(map[string]any); ok {
		ref = m["id"]
	}
	return ref == int64(0)
}

// need is find that refuses what isn't there.
func (c *call) need(table sqlstore.NameTable, ref any) (sqlstore.Name, error) {
	n, found, err := c.find(table, ref)
	if err == nil && !found {
		err = noSuch(table, ref)
	}
	return n, err
}

func noSuch(table sqlstore.NameTable, ref any) error {
	return refuse("No such %s: %s", nouns[table], refText(ref))
}

// refText is how a caller named something, for a fault.
func refText(ref any) string {
	if m, ok := ref.(map[string]any); ok {
		for _, key := range []string{"name", "id", "krb_principal"} {
			if v, ok := m[key]; ok {
				return refText(v)
			}
		}
		return "struct without id or name"
	}
	switch ref.(type) {
	case nil, []byte:
		return typeName(ref)
	}
	return fmt.Sprint(ref)
}

// tagID finds a tag, which may be one that was deleted.
func (c *call) tagID(ref any) (id int64, name string, err error) {
	n, err := c.need(sqlstore.TagNames, ref)
	return n.ID, n.Name, err
}

// packageID finds a package, with create it makes one that isn't there.
func (c *call) packageID(ref any, create bool) (int64, error) {
	n, found, err := c.find(sqlstore.PackageNames, ref)
	if err != nil || found {
		return n.ID, err
	}
	if create {
		return c.addPackage(ref)
	}
	return 0, noSuch(sqlstore.PackageNames, ref)
}

// addPackage makes a package of a name; an id can't be made.
func (c *call) addPackage(ref any) (int64, error) {
	if m, ok := ref.(map[string]any); ok {
		ref = m["name"]
	}
	name, ok := ref.(string)
	if !ok {
		return 0, noSuch(sqlstore.PackageNames, ref)
	}
	if err := c.checkName("package", name); err != nil {
		return 0, err
	}
	return c.tx.AddName(c, sqlstore.PackageNames, name)
}

// hostID finds a host.
func (c *call) hostID(ref any) (int64, error) {
	n, err := c.need(sqlstore.HostNames, ref)
	return n.ID, err
}

// channelID finds a channel.
func (c *call) channelID(ref any) (int64, error) {
	n, err := c.need(sqlstore.ChannelNames, ref)
	return n.ID, err
}

// permissionID finds a permission.
func (c *call) permissionID(ref any) (int64, error) {
	n, err := c.need(sqlstore.PermissionNames, ref)
	return n.ID, err
}

// eventRef is an argument that names an event: its id, or nil for now.
func eventRef(v any) (*int64, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		if sqlstore.FitsID(v) {
			return &v, nil
		}
		return nil, refuse("No such event: %d", v)
	}
	return nil, refuse("Invalid event: %s", refText(v))
}

// tagIDAt reads the arguments of a question about a tag as it was at an event.
func (c *call) tagIDAt(tag, event any) (id int64, at *int64, err error) {
	if at, err = eventRef(event); err == nil {
		id, _, err = c.tagID(tag)
	}
	return id, at, err
}

// checkName refuses names that can't be stored: too long, of other letters
// than the hub allows, or ones that lead elsewhere when a file is called so.
// kind is what the name is for, as people call it.
func (c *call) checkName(kind, name string) error {
	cfg := c.hub.cfg
	if limit := cfg.MaxNameLengthInternal; limit > 0 && int64(len(name)) > limit {
		return refuse("%s name is longer than %d characters: %s", kind, limit, name)
	}
	allowed := cfg.RegexNameInternal
	if kind == "user" {
		allowed = cfg.RegexUserName
	}
	if allowed != nil && !allowed.MatchString(name) {
		return refuse("%s name has characters that are not allowed (%s): %q", kind, allowed, name)
	}
	// Koji's names may have a slash inside, as in host/builder.example.com. What
	// may lead out of a folder, or into another thing's, may not be.
	path := becomesFolder[kind] && strings.Contains(name, "/")
	for part := range strings.SplitSeq(name, "/") {
		path = path || part == "" || part == ".." || part == "."
	}
	switch {
	case name == "":
		return refuse("%s name is empty", kind)
	case path:
		return refuse("%s name is a path: %q", kind, name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return refuse("%s name has control characters: %q", kind, name)
	case becomesFile[kind] && (name[0] == '.' || name[0] == '-'):
		return refuse("%s name begins with %c: %q", kind, name[0], name)
	}
	return nil
}

// becomesFile are the kinds of names that files and folders are called by, and
// becomesFolder those that are one folder, with no other below.
var (
	becomesFile   = map[string]bool{"tag": true, "package": true, "volume": true, "build": true, "build type": true}
	becomesFolder = map[string]bool{"package": true, "volume": true, "build": true, "build type": true}
)

// newName is a name argument of a method that stores it: a text that checkName lets pass.
func (c *call) newName(kind string, v any) (string, error) {
	name, ok := v.(string)
	if !ok {
		return "", refuse("%s name: invalid type %s, want a string", kind, typeName(v))
	}
	return name, c.checkName(kind, name)
}

// shortName is newName for columns that hold fewer characters than a name may have.
func (c *call) shortName(kind string, v any, limit int) (string, error) {
	name, err := c.newName(kind, v)
	if err == nil && len(name) > limit {
		err = refuse("%s name is longer than %d characters: %s", kind, limit, name)
	}
	return name, err
}

// rows is a list as queryOpts want it: as structs or, with asList, as arrays.
func rows[T any](opts sqlstore.QueryOpts, list []T) any {
	if opts.AsList {
		return xmlrpc.AsList(list)
	}
	return list
}
