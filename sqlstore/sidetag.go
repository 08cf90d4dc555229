package sqlstore

import (
	"context"
	"iter"
	"strconv"

	"koji"
)

// A side tag is a tag with an extra sidetag, and with the id of its owner in
// another, sidetag_user_id. Koji: reference/callbacks.md, "Shipped plugins".

// SideTagFilter selects side tags; what is zero selects all.
type SideTagFilter struct {
	Base int64 // the parent
	User int64 // the owner
}

func (f SideTagFilter) query() (string, []any) {
	query, args := `SELECT t.id, t.name, o.value AS user_id, u.name AS user_name
		FROM tag_extra x
		JOIN tag t ON t.id = x.tag_id
		JOIN tag_config c ON c.tag_id = t.id AND c.active = TRUE
		JOIN tag_extra o ON o.tag_id = t.id AND o.key = 'sidetag_user_id' AND o.active = TRUE
		JOIN users u ON CAST(u.id AS TEXT) = o.value
		WHERE x.key = 'sidetag' AND x.value = 'true' AND x.active = TRUE`, []any{}
	if f.Base != 0 {
		query += ` AND t.id IN (SELECT tag_id FROM tag_inheritance WHERE parent_id = ? AND active = TRUE)`
		args = append(args, f.Base)
	}
	if f.User != 0 {
		query += ` AND o.value = ?`
		args = append(args, strconv.FormatInt(f.User, 10))
	}
	return query, args
}

// ListSideTags streams side tags, ordered by id.
func (tx *Tx) ListSideTags(ctx context.Context, f SideTagFilter, opts QueryOpts) (iter.Seq2[koji.SideTag, error], error) {
	query, args := f.query()
	order := map[string]string{"id": "t.id", "name": "t.name", "user_id": "o.value", "user_name": "u.name"}
	query, args, err := opts.apply(query, args, order, "t.id")
	if err != nil {
		return nil, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (koji.SideTag, error) {
		var t koji.SideTag
		err := row.Scan(&t.ID, &t.Name, &t.UserID, &t.UserName)
		return t, err
	}), nil
}

// CountSideTags counts side tags.
func (tx *Tx) CountSideTags(ctx context.Context, f SideTagFilter, opts QueryOpts) (int64, error) {
	query, args := f.query()
	return tx.count(ctx, query, args, opts)
}

// TagIsEmpty says whether no build is in a tag.
func (tx *Tx) TagIsEmpty(ctx context.Context, tag int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM tag_listing WHERE tag_id = ? AND active = TRUE LIMIT 1`, []any{tag}, value[int])
	return !found, wrap(err, "look for builds in tag %d", tag)
}
