package sqlstore

import (
	"context"
	"iter"
	"slices"
	"strings"

	"koji"
)

const tagColumns = `t.id, t.name, p.name AS perm, c.perm_id, c.arches, c.locked, c.maven_support, c.maven_include_all`

const tagTables = ` FROM tag t JOIN tag_config c ON c.tag_id = t.id LEFT JOIN permissions p ON p.id = c.perm_id`

func tagFields(t *koji.Tag) []any {
	return []any{&t.ID, &t.Name, &t.Perm, &t.PermID, &t.Arches, &t.Locked, &t.MavenSupport, &t.MavenIncludeAll}
}

func scanTag(row scanner) (koji.Tag, error) {
	var t koji.Tag
	err := row.Scan(tagFields(&t)...)
	return t, err
}

// Tag finds a tag without its extra, now or at an event; nil if there is none, or it was deleted.
func (tx *Tx) Tag(ctx context.Context, id int64, event *int64) (*koji.Tag, error) {
	valid, args := atEvent("c", event)
	t, found, err := one(ctx, tx, `SELECT `+tagColumns+tagTables+` WHERE t.id = ? AND `+valid, append([]any{id}, args...), scanTag)
	if err != nil || !found {
		return nil, wrap(err, "find tag %d", id)
	}
	t.QueryEvent = event
	return &t, nil
}

// FullTag finds a tag by its id, or if that is 0 by its name, with its extra, now or at an event; nil if there is none.
// With blocked each value of the extra is [blocked, value], without what is blocked is left out.
func (tx *Tx) FullTag(ctx context.Context, ref Name, event *int64, blocked bool) (*koji.Tag, error) {
	if !FitsID(ref.ID) {
		return nil, nil
	}
	by, arg := ref.by("t")
	valid, at := atEvent("c", event)
	validExtra, _ := atEvent("x", event)
	args := append(append(slices.Clone(at), arg), at...)
	type line struct {
		tag koji.Tag
		TagExtra
	}
	lines, err := few(ctx, tx, `SELECT `+tagColumns+`, x.key, x.value`+tagTables+` LEFT JOIN tag_extra x ON x.tag_id = t.id AND `+validExtra+`
		WHERE `+by+` AND `+valid+` ORDER BY x.key`, args, func(row scanner) (l line, err error) {
		var key, value *string
		if err := row.Scan(append(tagFields(&l.tag), &key, &value)...); err == nil && key != nil {
			l.TagExtra, err = extraOf(l.tag.ID, *key, value)
		}
		return l, err
	})
	if err != nil || len(lines) == 0 {
		return nil, wrap(err, "find tag %d %s", ref.ID, ref.Name)
	}
	tag := &lines[0].tag
	tag.QueryEvent, tag.Extra = event, map[string]any{}
	for _, l := range lines {
		if l.Tag != 0 {
			l.AddTo(tag, blocked)
		}
	}
	return tag, nil
}

// Tags finds several tags, by id, without their extra. Those that aren't there are left out.
func (tx *Tx) Tags(ctx context.Context, ids []int64, event *int64) (map[int64]*koji.Tag, error) {
	valid, args := atEvent("c", event)
	l, err := few(ctx, tx, `SELECT `+tagColumns+tagTables+` WHERE t.id IN `+in(len(ids))+` AND `+valid+` ORDER BY t.id`,
		append(anys(ids), args...), scanTag)
	if err != nil {
		return nil, wrap(err, "find tags")
	}
	tags := make(map[int64]*koji.Tag, len(l))
	for i := range l {
		tags[l[i].ID] = &l[i]
	}
	return tags, nil
}

// LastTag finds a tag that may have been deleted: as it is, else as it was last,
// with RevokeEvent set and QueryEvent the event before.
func (tx *Tx) LastTag(ctx context.Context, id int64) (*koji.Tag, error) {
	t, found, err := one(ctx, tx, `SELECT `+tagColumns+`, c.revoke_event`+tagTables+` WHERE t.id = ? ORDER BY c.create_event DESC LIMIT 1`, []any{id},
		func(row scanner) (koji.Tag, error) {
			var t koji.Tag
			err := row.Scan(append(tagFields(&t), &t.RevokeEvent)...)
			return t, err
		})
	if err != nil || !found {
		return nil, wrap(err, "find tag %d", id)
	}
	if t.RevokeEvent != nil {
		before := *t.RevokeEvent - 1
		t.QueryEvent = &before
	}
	return &t, nil
}

// TagExtra is a free setting of a tag. A blocked one keeps the tag from inheriting the key.
type TagExtra struct {
	Tag     int64
	Key     string
	Value   any
	Blocked bool
}

// TagExtras are the free settings of some tags, now or at an event, ordered by tag and key.
func (tx *Tx) TagExtras(ctx context.Context, tags []int64, event *int64) ([]TagExtra, error) {
	valid, args := atEvent("x", event)
	l, err := few(ctx, tx, `SELECT x.tag_id, x.key, x.value FROM tag_extra x WHERE x.tag_id IN `+in(len(tags))+` AND `+valid+`
		ORDER BY x.tag_id, x.key`, append(anys(tags), args...),
		func(row scanner) (TagExtra, error) {
			var tag int64
			var key string
			var value *string
			if err := row.Scan(&tag, &key, &value); err != nil {
				return TagExtra{}, err
			}
			return extraOf(tag, key, value)
		})
	return l, wrap(err, "list extra of tags")
}

func extraOf(tag int64, key string, value *string) (x TagExtra, err error) {
	x = TagExtra{Tag: tag, Key: key, Blocked: value == nil}
	if value != nil {
		x.Value, err = DecodeJSON(*value)
	}
	return x, err
}

// AddTo adds the setting to its tag's extra, as [Tx.FullTag] says.
func (x TagExtra) AddTo(t *koji.Tag, blocked bool) {
	switch {
	case blocked:
		t.Extra[x.Key] = []any{x.Blocked, x.Value}
	case !x.Blocked:
		t.Extra[x.Key] = x.Value
	}
}

// SetTagExtra gives a tag a free setting, in the place of the one it may have.
func (tx *Tx) SetTagExtra(ctx context.Context, x TagExtra, by int64) error {
	var text any
	if !x.Blocked {
		s, err := EncodeJSON(x.Value)
		if err != nil {
			return koji.NewError(koji.CodeParameter, "extra: "+x.Key+": "+err.Error())
		}
		text = s
	}
	if _, err := tx.RemoveTagExtra(ctx, x.Tag, x.Key, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "tag_extra", by, columns{{"tag_id", x.Tag}, {"key", x.Key}, {"value", text}})
}

// SameExtra says whether two values are stored as the same text.
func SameExtra(a, b any) bool {
	one, err := EncodeJSON(a)
	two, other := EncodeJSON(b)
	return err == nil && other == nil && one == two
}

// RemoveTagExtra takes a free setting from a tag; the bool says whether it had it.
func (tx *Tx) RemoveTagExtra(ctx context.Context, tag int64, key string, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "tag_extra", by, `tag_id = ? AND key = ?`, tag, key)
	return n > 0, err
}

// TagConfig is what tag_config holds of a tag.
type TagConfig struct {
	Tag             int64
	Arches          *string
	Perm            *int64
	Locked          bool
	MavenSupport    bool
	MavenIncludeAll bool
}

// ConfigureTag gives a tag a configuration, in the place of the one it may have.
func (tx *Tx) ConfigureTag(ctx context.Context, c TagConfig, by int64) error {
	if _, err := tx.revoke(ctx, "tag_config", by, `tag_id = ?`, c.Tag); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "tag_config", by, columns{
		{"tag_id", c.Tag},
		{"arches", c.Arches},
		{"perm_id", c.Perm},
		{"locked", c.Locked},
		{"maven_support", c.MavenSupport},
		{"maven_include_all", c.MavenIncludeAll},
	})
}

// DeleteTag revokes everything of a tag. Its name stays taken.
func (tx *Tx) DeleteTag(ctx context.Context, tag, by int64) error {
	for _, table := range []string{
		"tag_config", "tag_extra", "tag_external_repos", "tag_listing", "tag_packages", "tag_package_owners",
		"group_config", "group_req_listing", "group_package_listing",
	} {
		if _, err := tx.revoke(ctx, table, by, `tag_id = ?`, tag); err != nil {
			return err
		}
	}
	if _, err := tx.revoke(ctx, "tag_inheritance", by, `tag_id = ? OR parent_id = ?`, tag, tag); err != nil {
		return err
	}
	_, err := tx.revoke(ctx, "build_target_config", by, `build_tag = ? OR dest_tag = ?`, tag, tag)
	return err
}

// TagFilter selects tags; what is zero selects all.
type TagFilter struct {
	Build   int64  // tagged with the build
	Package int64  // with an own entry for the package
	Pattern string // of the name, with * and ?
}

func (tx *Tx) tagQuery(f TagFilter) (query string, args []any) {
	more, tables := `, NULL AS owner, '' AS owner_name, NULL AS blocked, NULL AS extra_arches`, tagTables
	where := []string{`c.active = TRUE`}
	if f.Package != 0 {
		more = `, o.owner, u.name AS owner_name, tp.blocked, tp.extra_arches`
		tables += ` JOIN tag_packages tp ON tp.tag_id = t.id AND tp.package_id = ? AND tp.active = TRUE
			JOIN tag_package_owners o ON o.tag_id = t.id AND o.package_id = tp.package_id AND o.active = TRUE
			JOIN users u ON u.id = o.owner`
		args = append(args, f.Package)
	}
	if f.Build != 0 {
		where = append(where, `t.id IN (SELECT tag_id FROM tag_listing WHERE build_id = ? AND active = TRUE)`)
		args = append(args, f.Build)
	}
	if f.Pattern != "" {
		// Unlike in a search, a % is what it is for LIKE; Koji does so.
		pattern := strings.NewReplacer(`\`, `\\`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(f.Pattern)
		where, args = append(where, tx.like(`t.name`)), append(args, pattern)
	}
	return `SELECT ` + tagColumns + more + tables + ` WHERE ` + strings.Join(where, ` AND `), args
}

// ListTags streams the tags that the filter keeps, ordered by id. The four
// fields of a package's entry are set only where the filter has a package.
func (tx *Tx) ListTags(ctx context.Context, f TagFilter, opts QueryOpts) (iter.Seq2[koji.ListedTag, error], error) {
	query, args := tx.tagQuery(f)
	order := map[string]string{
		"id": "t.id", "name": "t.name", "perm": "p.name", "perm_id": "c.perm_id", "arches": "c.arches", "locked": "c.locked",
		"maven_support": "c.maven_support", "maven_include_all": "c.maven_include_all",
	}
	if f.Package != 0 {
		order["owner_id"], order["owner_name"], order["blocked"], order["extra_arches"] = "o.owner", "u.name", "tp.blocked", "tp.extra_arches"
	}
	query, args, err := opts.apply(query, args, order, "t.id")
	if err != nil {
		return nil, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (koji.ListedTag, error) {
		var t koji.ListedTag
		err := row.Scan(&t.ID, &t.Name, &t.Perm, &t.PermID, &t.Arches, &t.Locked, &t.MavenSupport, &t.MavenIncludeAll,
			&t.OwnerID, &t.OwnerName, &t.Blocked, &t.ExtraArches)
		return t, err
	}), nil
}

// CountTags counts the tags that the filter keeps.
func (tx *Tx) CountTags(ctx context.Context, f TagFilter, opts QueryOpts) (int64, error) {
	query, args := tx.tagQuery(f)
	return tx.count(ctx, query, args, opts)
}
