package sqlstore

import (
	"context"

	"koji"
)

// GroupConfig is a package group's entry in a tag.
type GroupConfig struct {
	GroupID     int64
	TagID       int64
	Name        string
	DisplayName string
	Description *string
	Blocked     bool
	Exported    *bool
	IsDefault   *bool
	UserVisible *bool
	LangOnly    *string
	BiarchOnly  *bool
}

// GroupConfigs are the package groups of some tags, now or at an event, ordered by tag and name.
func (tx *Tx) GroupConfigs(ctx context.Context, tags []int64, event *int64) ([]GroupConfig, error) {
	valid, args := atEvent("c", event)
	l, err := list(ctx, tx, `SELECT c.group_id, c.tag_id, g.name, c.display_name, c.description, c.blocked, c.exported, c.is_default,
		c.uservisible, c.langonly, c.biarchonly
		FROM group_config c JOIN groups g ON g.id = c.group_id
		WHERE c.tag_id IN `+in(len(tags))+` AND `+valid+` ORDER BY c.tag_id, g.name, g.id`, append(anys(tags), args...),
		func(row scanner) (GroupConfig, error) {
			var g GroupConfig
			err := row.Scan(&g.GroupID, &g.TagID, &g.Name, &g.DisplayName, &g.Description, &g.Blocked, &g.Exported, &g.IsDefault,
				&g.UserVisible, &g.LangOnly, &g.BiarchOnly)
			return g, err
		})
	return l, wrap(err, "list groups of tags")
}

// GroupPackages are the packages in the groups of some tags, now or at an event, ordered by tag, group and package.
func (tx *Tx) GroupPackages(ctx context.Context, tags []int64, event *int64) ([]koji.GroupPackage, error) {
	valid, args := atEvent("l", event)
	l, err := list(ctx, tx, `SELECT l.group_id, l.tag_id, l.package, l.blocked, l.type, l.basearchonly, l.requires
		FROM group_package_listing l WHERE l.tag_id IN `+in(len(tags))+` AND `+valid+`
		ORDER BY l.tag_id, l.group_id, l.package`, append(anys(tags), args...),
		func(row scanner) (koji.GroupPackage, error) {
			var p koji.GroupPackage
			err := row.Scan(&p.GroupID, &p.TagID, &p.Package, &p.Blocked, &p.Type, &p.BaseArchOnly, &p.Requires)
			return p, err
		})
	return l, wrap(err, "list packages of groups")
}

// GroupReqs are the groups in the groups of some tags, now or at an event, ordered by tag, group and name.
func (tx *Tx) GroupReqs(ctx context.Context, tags []int64, event *int64) ([]koji.GroupReq, error) {
	valid, args := atEvent("l", event)
	l, err := list(ctx, tx, `SELECT l.group_id, l.tag_id, l.req_id, g.name, l.blocked, l.type, l.is_metapkg
		FROM group_req_listing l JOIN groups g ON g.id = l.req_id WHERE l.tag_id IN `+in(len(tags))+` AND `+valid+`
		ORDER BY l.tag_id, l.group_id, g.name`, append(anys(tags), args...),
		func(row scanner) (koji.GroupReq, error) {
			var r koji.GroupReq
			err := row.Scan(&r.GroupID, &r.TagID, &r.ReqID, &r.Name, &r.Blocked, &r.Type, &r.IsMetaPkg)
			return r, err
		})
	return l, wrap(err, "list groups of groups")
}

// SetGroup puts a package group into a tag, in the place of the entry that it may have there.
func (tx *Tx) SetGroup(ctx context.Context, g GroupConfig, by int64) error {
	if _, err := tx.RemoveGroup(ctx, g.TagID, g.GroupID, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "group_config", by, columns{
		{"group_id", g.GroupID},
		{"tag_id", g.TagID},
		{"blocked", g.Blocked},
		{"exported", g.Exported},
		{"display_name", g.DisplayName},
		{"is_default", g.IsDefault},
		{"uservisible", g.UserVisible},
		{"description", g.Description},
		{"langonly", g.LangOnly},
		{"biarchonly", g.BiarchOnly},
	})
}

// RemoveGroup takes a package group out of a tag; the bool says whether it was there.
func (tx *Tx) RemoveGroup(ctx context.Context, tag, group, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "group_config", by, `tag_id = ? AND group_id = ?`, tag, group)
	return n > 0, err
}

// SetGroupPackage puts a package into a tag's group, in the place of the entry that it may have there.
func (tx *Tx) SetGroupPackage(ctx context.Context, p koji.GroupPackage, by int64) error {
	if _, err := tx.RemoveGroupPackage(ctx, p.TagID, p.GroupID, p.Package, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "group_package_listing", by, columns{
		{"group_id", p.GroupID},
		{"tag_id", p.TagID},
		{"package", p.Package},
		{"blocked", p.Blocked},
		{"type", p.Type},
		{"basearchonly", p.BaseArchOnly},
		{"requires", p.Requires},
	})
}

// RemoveGroupPackage takes a package out of a tag's group; the bool says whether it was there.
func (tx *Tx) RemoveGroupPackage(ctx context.Context, tag, group int64, pkg string, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "group_package_listing", by, `tag_id = ? AND group_id = ? AND package = ?`, tag, group, pkg)
	return n > 0, err
}

// SetGroupReq puts a group into a tag's group, in the place of the entry that it may have there.
func (tx *Tx) SetGroupReq(ctx context.Context, r koji.GroupReq, by int64) error {
	if _, err := tx.RemoveGroupReq(ctx, r.TagID, r.GroupID, r.ReqID, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "group_req_listing", by, columns{
		{"group_id", r.GroupID},
		{"tag_id", r.TagID},
		{"req_id", r.ReqID},
		{"blocked", r.Blocked},
		{"type", r.Type},
		{"is_metapkg", r.IsMetaPkg},
	})
}

// RemoveGroupReq takes a group out of a tag's group; the bool says whether it was there.
func (tx *Tx) RemoveGroupReq(ctx context.Context, tag, group, req, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "group_req_listing", by, `tag_id = ? AND group_id = ? AND req_id = ?`, tag, group, req)
	return n > 0, err
}
