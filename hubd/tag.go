package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

func tagMethods() []method {
	manager := perm("tag")
	return []method{
		writes("createTag", manager, "Creates a tag and returns its id.", createTag),
		writes("editTag2", manager, "Edits a tag by keyword: name, arches, locked, perm or perm_id, maven_support, maven_include_all, extra, remove_extra, block_extra.", editTag2),
		writes("editTag", manager, "Edits a tag; editTag2 does more.", editTag),
		writes("deleteTag", manager, "Deletes a tag; its name stays taken.", deleteTag),
		reads("getTag", anyone, "Tag record, historical when event is set; event may be the text auto.", getTag),
		writes("getTagID", anyone, "Tag id by name, also of a deleted tag.", getTagID),
		reads("listTags", anyone, "Tags, optionally those of a build, of a package or matching a pattern.", listTags),
		reads("getBuildConfig", anyone, "Tag with arches and extra resolved through inheritance.", getBuildConfig),
		reads("checkTagAccess", anyone, "[allowed, may override, reason] for tagging by a user.", checkTagAccess),
	}
}

// tagRef finds a tag that isn't deleted, without its extra.
func (c *call) tagRef(ref any) (*koji.Tag, error) {
	t, err := c.tagAt(ref, nil)
	if err == nil && t == nil {
		err = noSuch(sqlstore.TagNames, ref)
	}
	return t, err
}

// tagAt finds a tag at an event, nil if it isn't there or was deleted then.
func (c *call) tagAt(ref any, event *int64) (*koji.Tag, error) {
	n, found, err := c.find(sqlstore.TagNames, ref)
	if err != nil || !found {
		return nil, err
	}
	return c.tx.Tag(c, n.ID, event)
}

// tagChanged tells the event stream of a tag.
func (c *call) tagChanged(id int64, name string) error {
	return c.notice(koji.Notice{Kind: koji.NoticeTag, Tag: &koji.TagNotice{ID: id, Name: name}})
}

type createTagArgs struct {
	Name            any            `rpc:"name"`
	Parent          any            `rpc:"parent=nil"`
	Arches          any            `rpc:"arches=nil"`
	Perm            any            `rpc:"perm=nil"`
	Locked          bool           `rpc:"locked=false"`
	MavenSupport    bool           `rpc:"maven_support=false"`
	MavenIncludeAll bool           `rpc:"maven_include_all=false"`
	Extra           map[string]any `rpc:"extra=nil"`
}

// createTag stores "" where no arches are given, which keeps the tag from
// inheriting any; only editTag2 can set none. Koji: reference/surprises.md.
func createTag(c *call, a createTagArgs) (any, error) {
	name, err := c.newName("tag", a.Name)
	if err != nil {
		return nil, err
	}
	if (a.MavenSupport || a.MavenIncludeAll) && !c.hub.cfg.EnableMaven {
		return nil, refuse("Maven support is not enabled")
	}
	config := sqlstore.TagConfig{Locked: a.Locked, MavenSupport: a.MavenSupport, MavenIncludeAll: a.MavenIncludeAll, Arches: new(string)}
	if a.Arches != nil {
		arches, err := archList(a.Arches)
		if err != nil {
			return nil, err
		}
		config.Arches = &arches
	}
	if config.Perm, err = c.tagPerm(a.Perm); err != nil {
		return nil, err
	}
	var parent *koji.Tag
	if a.Parent != nil {
		if parent, err = c.tagRef(a.Parent); err != nil {
			return nil, err
		}
	}
	id, err := c.addTag(name, config)
	if err != nil {
		return nil, err
	}
	if parent != nil {
		if err := c.tx.SetParent(c, koji.Inheritance{ChildID: id, ParentID: parent.ID}, c.session.user); err != nil {
			return nil, err
		}
	}
	for _, key := range sortedKeys(a.Extra) {
		if err := c.tx.SetTagExtra(c, sqlstore.TagExtra{Tag: id, Key: key, Value: a.Extra[key]}, c.session.user); err != nil {
			return nil, err
		}
	}
	return id, c.tagChanged(id, name)
}

// addTag makes a tag. A name that a deleted one has brings that one back.
func (c *call) addTag(name string, config sqlstore.TagConfig) (int64, error) {
	if old, err := c.tagAt(name, nil); err != nil || old != nil {
		return 0, orRefuse(err, "Tag %s already exists", name)
	}
	id, err := c.tx.AddName(c, sqlstore.TagNames, name)
	if err != nil {
		return 0, err
	}
	config.Tag = id
	return id, c.tx.ConfigureTag(c, config, c.session.user)
}

func (c *call) tagPerm(ref any) (*int64, error) {
	if ref == nil {
		return nil, nil
	}
	id, err := c.permissionID(ref)
	return &id, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

type editTag2Args struct {
	Tag     any            `rpc:"tagInfo"`
	Changes map[string]any `rpc:"**kwargs"`
}

func editTag2(c *call, a editTag2Args) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	name, err := c.renameTag(tag, a.Changes)
	if err != nil {
		return nil, err
	}
	renamed := name != tag.Name
	tag.Name = name
	config, err := c.editTagConfig(tag, a.Changes)
	if err != nil {
		return nil, err
	}
	extra, err := c.editTagExtra(tag, a.Changes)
	if err != nil || !renamed && !config && !extra {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

func (c *call) renameTag(tag *koji.Tag, changes map[string]any) (string, error) {
	v, given := changes["name"]
	if !given || v == tag.Name {
		return tag.Name, nil
	}
	name, err := c.newName("tag", v)
	if err != nil {
		return "", err
	}
	if other, there, err := c.tx.NameByName(c, sqlstore.TagNames, name); err != nil || there {
		return "", orRefuse(err, "Name %s is already taken by tag %d", name, other.ID)
	}
	return name, c.tx.Rename(c, sqlstore.TagNames, tag.ID, name)
}

func (c *call) editTagConfig(tag *koji.Tag, changes map[string]any) (changed bool, err error) {
	config := sqlstore.TagConfig{
		Tag: tag.ID, Arches: tag.Arches, Perm: tag.PermID, Locked: tag.Locked,
		MavenSupport: tag.MavenSupport, MavenIncludeAll: tag.MavenIncludeAll,
	}
	if v, given := changes["arches"]; given {
		config.Arches = nil
		if v != nil {
			arches, err := archList(v)
			if err != nil {
				return false, err
			}
			config.Arches = &arches
		}
	}
	for _, key := range []string{"perm", "perm_id"} {
		if v, given := changes[key]; given {
			if config.Perm, err = c.tagPerm(v); err != nil {
				return false, err
			}
		}
	}
	for key, field := range map[string]*bool{
		"locked": &config.Locked, "maven_support": &config.MavenSupport, "maven_include_all": &config.MavenIncludeAll,
	} {
		if v, given := changes[key]; given {
			*field = truthy(v)
			if *field && key != "locked" && !c.hub.cfg.EnableMaven {
				return false, refuse("Maven support is not enabled")
			}
		}
	}
	if same(config.Arches, tag.Arches) && same(config.Perm, tag.PermID) && config.Locked == tag.Locked &&
		config.MavenSupport == tag.MavenSupport && config.MavenIncludeAll == tag.MavenIncludeAll {
		return false, nil
	}
	return true, c.tx.ConfigureTag(c, config, c.session.user)
}

// same says whether two values that may be missing are the same.
func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func (c *call) editTagExtra(tag *koji.Tag, changes map[string]any) (changed bool, err error) {
	set, isMap := changes["extra"].(map[string]any)
	if v := changes["extra"]; v != nil && !isMap {
		return false, fault(koji.CodeParameter, "extra: invalid type %s, want a struct", typeName(v))
	}
	remove, err := keyList("remove_extra", changes)
	if err != nil {
		return false, err
	}
	block, err := keyList("block_extra", changes)
	if err != nil || len(set)+len(remove)+len(block) == 0 {
		return false, err
	}
	for _, key := range append(slices.Clone(remove), block...) {
		if _, both := set[key]; both || slices.Contains(remove, key) && slices.Contains(block, key) {
			return false, refuse("Can't both set, remove or block extra %s of tag %s", key, tag.Name)
		}
	}
	list, err := c.tx.TagExtras(c, []int64{tag.ID}, nil)
	if err != nil {
		return false, err
	}
	old := map[string]sqlstore.TagExtra{}
	for _, x := range list {
		old[x.Key] = x
	}
	for _, key := range remove {
		if x, there := old[key]; !there || x.Blocked {
			return false, refuse("Tag %s has no extra %s", tag.Name, key)
		}
	}
	for _, key := range remove {
		changed = true
		if _, err := c.tx.RemoveTagExtra(c, tag.ID, key, c.session.user); err != nil {
			return false, err
		}
	}
	var now []sqlstore.TagExtra
	for _, key := range sortedKeys(set) {
		now = append(now, sqlstore.TagExtra{Tag: tag.ID, Key: key, Value: set[key]})
	}
	for _, key := range block {
		now = append(now, sqlstore.TagExtra{Tag: tag.ID, Key: key, Blocked: true})
	}
	for _, x := range now {
		if was, there := old[x.Key]; there && was.Blocked == x.Blocked && (x.Blocked || sqlstore.SameExtra(was.Value, x.Value)) {
			continue
		}
		changed = true
		if err := c.tx.SetTagExtra(c, x, c.session.user); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// keyList is a keyword argument that is a list of keys, each taken once.
func keyList(name string, args map[string]any) ([]string, error) {
	v := args[name]
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fault(koji.CodeParameter, "%s: invalid type %s, want an array", name, typeName(v))
	}
	var keys []string
	for _, item := range list {
		key, ok := item.(string)
		if !ok {
			return nil, fault(koji.CodeParameter, "%s: invalid type %s in the array, want a string", name, typeName(item))
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

type editTagArgs struct {
	Tag    any `rpc:"tagInfo"`
	Name   any `rpc:"name"`
	Arches any `rpc:"arches"`
	Locked any `rpc:"locked"`
	Perm   any `rpc:"permissionID"`
	Extra  any `rpc:"extra=nil"`
}

func editTag(c *call, a editTagArgs) (any, error) {
	changes := map[string]any{"name": a.Name, "arches": a.Arches, "locked": a.Locked, "perm_id": a.Perm}
	if a.Extra != nil {
		changes["extra"] = a.Extra
	}
	return editTag2(c, editTag2Args{a.Tag, changes})
}

type tagInfoArgs struct {
	Tag any `rpc:"tagInfo"`
}

func deleteTag(c *call, a tagInfoArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	children, err := c.tx.Children(c, tag.ID)
	if err != nil {
		return nil, err
	}
	if err := c.tx.DeleteTag(c, tag.ID, c.session.user); err != nil {
		return nil, err
	}
	for _, child := range children {
		if err := c.tagChanged(child, ""); err != nil {
			return nil, err
		}
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

type getTagArgs struct {
	Tag     any  `rpc:"tagInfo"`
	Strict  bool `rpc:"strict=false"`
	Event   any  `rpc:"event=nil"`
	Blocked bool `rpc:"blocked=false"`
}

func getTag(c *call, a getTagArgs) (any, error) {
	var tag *koji.Tag
	if a.Event == "auto" {
		n, found, err := c.find(sqlstore.TagNames, a.Tag)
		if err == nil && found {
			tag, err = c.tx.LastTag(c, n.ID)
		}
		if err == nil && tag != nil {
			err = c.addExtra(tag, a.Blocked)
		}
		if err != nil {
			return nil, err
		}
	} else {
		ref, err := namedBy(sqlstore.TagNames, a.Tag)
		if err != nil {
			return nil, err
		}
		event, err := eventRef(a.Event)
		if err != nil {
			return nil, err
		}
		if tag, err = c.tx.FullTag(c, ref, event, a.Blocked); err != nil {
			return nil, err
		}
	}
	switch {
	case tag != nil:
		return tag, nil
	case a.Strict:
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	return nil, nil
}

// addExtra reads a tag's extra; with blocked each value is [blocked, value].
func (c *call) addExtra(tag *koji.Tag, blocked bool) error {
	extras, err := c.tx.TagExtras(c, []int64{tag.ID}, tag.QueryEvent)
	if err != nil {
		return err
	}
	tag.Extra = map[string]any{}
	for _, x := range extras {
		x.AddTo(tag, blocked)
	}
	return nil
}

type getTagIDArgs struct {
	Tag    any  `rpc:"info"`
	Strict bool `rpc:"strict=false"`
	Create bool `rpc:"create=false"`
}

// getTagID with create takes a name into the list of names; that is for those
// who may create tags, while Koji lets anyone.
func getTagID(c *call, a getTagIDArgs) (any, error) {
	n, found, err := c.find(sqlstore.TagNames, a.Tag)
	switch {
	case err != nil:
		return nil, err
	case found:
		return n.ID, nil
	case a.Create:
		if err := c.needPerm("tag"); err != nil {
			return nil, err
		}
		name, err := c.newName("tag", a.Tag)
		if err != nil {
			return nil, err
		}
		return c.tx.AddName(c, sqlstore.TagNames, name)
	case a.Strict:
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	return nil, nil
}

type listTagsArgs struct {
	Build     any     `rpc:"build=nil"`
	Package   any     `rpc:"package=nil"`
	Perms     bool    `rpc:"perms=true"`
	QueryOpts any     `rpc:"queryOpts=nil"`
	Pattern   *string `rpc:"pattern=nil"`
}

func listTags(c *call, a listTagsArgs) (any, error) {
	f := sqlstore.TagFilter{Pattern: deref(a.Pattern)}
	var err error
	if a.Build != nil && a.Package != nil {
		return nil, refuse("Only one of build and package can be given")
	}
	if a.Build != nil {
		b, err := c.buildRef(a.Build)
		if err != nil {
			return nil, err
		}
		f.Build = b.ID
	}
	if a.Package != nil {
		if f.Package, err = c.packageID(a.Package, false); err != nil {
			return nil, err
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountTags(c, f, opts)
	}
	tags, err := c.tx.ListTags(c, f, opts)
	if err != nil {
		return nil, err
	}
	return asList(opts.AsList, func(yield func(any, error) bool) {
		for t, err := range tags {
			if !yield(listedTag(t, a.Perms, f.Package != 0), err) {
				return
			}
		}
	}), nil
}

// listedTag is a tag with the keys that were asked for.
func listedTag(t koji.ListedTag, perms, entry bool) map[string]any {
	m := map[string]any{
		"id": t.ID, "name": t.Name, "arches": t.Arches, "locked": t.Locked,
		"maven_support": t.MavenSupport, "maven_include_all": t.MavenIncludeAll,
	}
	if perms {
		m["perm"], m["perm_id"] = t.Perm, t.PermID
	}
	if entry {
		m["owner_id"], m["owner_name"], m["blocked"], m["extra_arches"] = t.OwnerID, t.OwnerName, t.Blocked, t.ExtraArches
	}
	return m
}

type checkTagAccessArgs struct {
	Tag  any `rpc:"tag_id"`
	User any `rpc:"user_id=nil"`
}

func checkTagAccess(c *call, a checkTagAccessArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	id, isID := a.User.(int64)
	if !isID && a.User != nil {
		return nil, fault(koji.CodeParameter, "user_id: invalid value %s, want the id of a user", refText(a.User))
	}
	if a.User == nil {
		if id = c.session.user; id == 0 {
			return nil, refuse("a user_id is required: nobody is logged in")
		}
	}
	if _, err := c.userRef(id); err != nil {
		return nil, err
	}
	allowed, override, reason, err := c.tagAccess(tag, id)
	return []any{allowed, override, reason}, err
}

// tagAccess says whether a user may tag builds into a tag and untag them; if
// not, why, and whether force helps, which it does for admins.
func (c *call) tagAccess(tag *koji.Tag, user int64) (allowed, override bool, reason string, err error) {
	perms, err := c.tx.UserPerms(c, user, true)
	if err != nil {
		return false, false, "", err
	}
	override = slices.Contains(perms, "admin")
	switch {
	case tag.Locked:
		return false, override, "tag is locked", nil
	case tag.Perm != nil && !slices.Contains(perms, *tag.Perm):
		return false, override, "tag requires " + *tag.Perm + " permission", nil
	}
	return true, override, "", nil
}
