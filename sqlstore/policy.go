package sqlstore

import "context"

// What the hub's policies ask about a build (Koji: reference/policy.md, "Hub tests").

// TagsOfBuild are the names of the tags that a build is in.
func (tx *Tx) TagsOfBuild(ctx context.Context, build int64) ([]string, error) {
	l, err := few(ctx, tx, `SELECT t.name FROM tag_listing l JOIN tag t ON t.id = l.tag_id
		WHERE l.build_id = ? AND l.active = TRUE ORDER BY t.name`, []any{build}, value[string])
	return l, wrap(err, "list tags of build %d", build)
}

// BuildrootTags are the ids of the tags whose repos a build's buildroots used.
func (tx *Tx) BuildrootTags(ctx context.Context, build int64) ([]int64, error) {
	l, err := few(ctx, tx, `
		SELECT DISTINCT r.tag_id FROM standard_buildroot b JOIN repo r ON r.id = b.repo_id
		WHERE b.buildroot_id IN (
			SELECT buildroot_id FROM rpminfo WHERE build_id = ? AND buildroot_id IS NOT NULL
			UNION SELECT buildroot_id FROM archiveinfo WHERE build_id = ? AND buildroot_id IS NOT NULL)
		ORDER BY r.tag_id`, []any{build, build}, value[int64])
	return l, wrap(err, "list build tags of build %d", build)
}

// TypesOfBuild are the names of a build's types.
func (tx *Tx) TypesOfBuild(ctx context.Context, build int64) ([]string, error) {
	l, err := few(ctx, tx, `SELECT b.name FROM build_types bt JOIN btype b ON b.id = bt.btype_id
		WHERE bt.build_id = ? ORDER BY b.name`, []any{build}, value[string])
	return l, wrap(err, "list types of build %d", build)
}

// BuildImported says whether some rpm or archive of a build has no buildroot.
func (tx *Tx) BuildImported(ctx context.Context, build int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM rpminfo WHERE build_id = ? AND buildroot_id IS NULL
		UNION SELECT 1 FROM archiveinfo WHERE build_id = ? AND buildroot_id IS NULL LIMIT 1`, []any{build, build}, value[int])
	return found, wrap(err, "look for imports in build %d", build)
}

// BuildGenerators are the content generators of a build's buildroots; "" stands
// for a component that has none.
func (tx *Tx) BuildGenerators(ctx context.Context, build int64) ([]string, error) {
	l, err := few(ctx, tx, `
		SELECT DISTINCT coalesce(g.name, '') AS name
		FROM (SELECT buildroot_id FROM rpminfo WHERE build_id = ? UNION SELECT buildroot_id FROM archiveinfo WHERE build_id = ?) c
		LEFT JOIN buildroot b ON b.id = c.buildroot_id
		LEFT JOIN content_generator g ON g.id = b.cg_id
		ORDER BY name`, []any{build, build}, value[string])
	return l, wrap(err, "list content generators of build %d", build)
}
