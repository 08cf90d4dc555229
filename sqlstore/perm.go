package sqlstore

import (
	"context"

	"koji"
)

// Permissions are all that there are, ordered by id.
func (tx *Tx) Permissions(ctx context.Context) ([]koji.Permission, error) {
	l, err := list(ctx, tx, `SELECT id, name, description FROM permissions ORDER BY id`, nil,
		func(row scanner) (koji.Permission, error) {
			var p koji.Permission
			err := row.Scan(&p.ID, &p.Name, &p.Description)
			return p, err
		})
	return l, wrap(err, "list permissions")
}

// CreatePermission makes a permission and returns its id.
func (tx *Tx) CreatePermission(ctx context.Context, name string, description *string) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO permissions (name, description) VALUES (?, ?) RETURNING id`, name, description)
	return id, wrap(err, "create permission %s", name)
}

// DescribePermission changes what a permission is said to be for.
func (tx *Tx) DescribePermission(ctx context.Context, id int64, description string) error {
	_, err := tx.exec(ctx, `UPDATE permissions SET description = ? WHERE id = ?`, description, id)
	return wrap(err, "describe permission %d", id)
}

// HasPermission says whether a user, or a group, was given a permission itself.
func (tx *Tx) HasPermission(ctx context.Context, user, perm int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM user_perms WHERE user_id = ? AND perm_id = ? AND active = TRUE`, []any{user, perm}, value[int])
	return found, wrap(err, "look for permission %d of user %d", perm, user)
}

// GrantPermission gives a user a permission that it doesn't have.
func (tx *Tx) GrantPermission(ctx context.Context, user, perm, by int64) error {
	return tx.insertVersioned(ctx, "user_perms", by, columns{{"user_id", user}, {"perm_id", perm}})
}

// RevokePermission takes a permission from a user; the bool says whether it had it.
func (tx *Tx) RevokePermission(ctx context.Context, user, perm, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "user_perms", by, `user_id = ? AND perm_id = ?`, user, perm)
	return n > 0, err
}

// PermissionSource is a permission of a user; Group is nil when it is the
// user's own, else the group that it comes from.
type PermissionSource struct {
	Permission string
	Group      *string
}

// PermissionSources are a user's permissions, its own first, then those of its
// groups. One that comes in several ways is there several times.
func (tx *Tx) PermissionSources(ctx context.Context, user int64) ([]PermissionSource, error) {
	l, err := few(ctx, tx, `SELECT permission, source FROM (
			SELECT p.name AS permission, NULL AS source, up.create_event AS since, 0 AS way
			FROM user_perms up JOIN permissions p ON p.id = up.perm_id
			WHERE up.active = TRUE AND up.user_id = ?
			UNION ALL
			SELECT p.name, g.name, up.create_event, 1
			FROM user_groups ug JOIN users g ON g.id = ug.group_id
			JOIN user_perms up ON up.user_id = ug.group_id AND up.active = TRUE
			JOIN permissions p ON p.id = up.perm_id
			WHERE ug.active = TRUE AND ug.user_id = ?) AS given
		ORDER BY way, since, permission, source`, []any{user, user},
		func(row scanner) (PermissionSource, error) {
			var s PermissionSource
			err := row.Scan(&s.Permission, &s.Group)
			return s, err
		})
	return l, wrap(err, "list permissions of user %d", user)
}

// UserGroups are the groups a user is a member of, ordered by id.
func (tx *Tx) UserGroups(ctx context.Context, user int64) ([]Name, error) {
	l, err := few(ctx, tx, `SELECT g.id, g.name FROM user_groups ug JOIN users g ON g.id = ug.group_id
		WHERE ug.active = TRUE AND ug.user_id = ? AND g.usertype = 2 ORDER BY g.id`, []any{user}, scanName)
	return l, wrap(err, "list groups of user %d", user)
}

// UserGroupNames are the names of the groups a user is a member of.
func (tx *Tx) UserGroupNames(ctx context.Context, user int64) ([]string, error) {
	groups, err := tx.UserGroups(ctx, user)
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names, err
}

// GroupMembers are a group's users, ordered by id.
func (tx *Tx) GroupMembers(ctx context.Context, group int64) ([]koji.User, error) {
	users, err := list(ctx, tx, userColumns+` JOIN user_groups ug ON ug.user_id = u.id
		WHERE ug.active = TRUE AND ug.group_id = ? ORDER BY u.id`, []any{group}, scanUser)
	if err != nil {
		return nil, wrap(err, "list members of group %d", group)
	}
	return users, tx.addPrincipals(ctx, users)
}

// AddGroupMember makes a user a member of a group that it is not in.
func (tx *Tx) AddGroupMember(ctx context.Context, group, user, by int64) error {
	return tx.insertVersioned(ctx, "user_groups", by, columns{{"user_id", user}, {"group_id", group}})
}

// DropGroupMember ends a membership; the bool says whether there was one.
func (tx *Tx) DropGroupMember(ctx context.Context, group, user, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "user_groups", by, `user_id = ? AND group_id = ?`, user, group)
	return n > 0, err
}
