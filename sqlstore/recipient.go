package sqlstore

import (
	"context"

	"koji"
)

// Subscribers are the active users who asked for mail about builds of a package, or of any, in a tag, or in any; with
// tag nil only those who named no tag. success says whether the build is complete: some want to hear of these only.
func (tx *Tx) Subscribers(ctx context.Context, pkg int64, tag *int64, success bool) ([]Name, error) {
	query, args := `SELECT DISTINCT u.id, u.name FROM build_notifications n JOIN users u ON u.id = n.user_id
		WHERE u.status = ? AND u.usertype IN (?, ?) AND (n.package_id IS NULL OR n.package_id = ?)`,
		[]any{int(koji.StatusNormal), int(koji.UserNormal), int(koji.UserGroup), pkg}
	if tag != nil {
		query, args = query+` AND (n.tag_id IS NULL OR n.tag_id = ?)`, append(args, *tag)
	} else {
		query += ` AND n.tag_id IS NULL`
	}
	if !success {
		query += ` AND n.success_only = FALSE`
	}
	l, err := list(ctx, tx, query+` ORDER BY u.name`, args, scanName)
	return l, wrap(err, "list subscribers of package %d", pkg)
}

// OptedOut are the users who want no mail about builds of a package in a tag.
func (tx *Tx) OptedOut(ctx context.Context, pkg int64, tag *int64) ([]int64, error) {
	query, args := `SELECT DISTINCT user_id FROM build_notifications_block WHERE (package_id IS NULL OR package_id = ?)`, []any{pkg}
	if tag != nil {
		query, args = query+` AND (tag_id IS NULL OR tag_id = ?)`, append(args, *tag)
	} else {
		query += ` AND tag_id IS NULL`
	}
	l, err := list(ctx, tx, query+` ORDER BY user_id`, args, value[int64])
	return l, wrap(err, "list who opted out of package %d", pkg)
}
