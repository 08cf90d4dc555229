package sqlstore

import (
	"context"
	"strings"

	"koji"
)

const targetColumns = `SELECT t.id, t.name, c.build_tag, b.name AS build_tag_name, c.dest_tag, d.name AS dest_tag_name
	FROM build_target t JOIN build_target_config c ON c.build_target_id = t.id
	JOIN tag b ON b.id = c.build_tag JOIN tag d ON d.id = c.dest_tag`

func scanTarget(row scanner) (koji.Target, error) {
	var t koji.Target
	err := row.Scan(&t.ID, &t.Name, &t.BuildTag, &t.BuildTagName, &t.DestTag, &t.DestTagName)
	return t, err
}

// TargetFilter selects build targets; what is zero selects all.
type TargetFilter struct {
	ID       int64
	BuildTag int64
	DestTag  int64
	Event    *int64
}

func (f TargetFilter) query() (string, []any) {
	valid, args := atEvent("c", f.Event)
	where := []string{valid}
	for _, cond := range []struct {
		column string
		id     int64
	}{{"t.id", f.ID}, {"c.build_tag", f.BuildTag}, {"c.dest_tag", f.DestTag}} {
		if cond.id != 0 {
			where, args = append(where, cond.column+` = ?`), append(args, cond.id)
		}
	}
	return targetColumns + ` WHERE ` + strings.Join(where, ` AND `), args
}

// Target finds a build target, now or at an event; nil if there is none, or it was deleted.
func (tx *Tx) Target(ctx context.Context, id int64, event *int64) (*koji.Target, error) {
	query, args := TargetFilter{ID: id, Event: event}.query()
	t, found, err := one(ctx, tx, query, args, scanTarget)
	if err != nil || !found {
		return nil, wrap(err, "find target %d", id)
	}
	return &t, nil
}

// ListTargets are the build targets that the filter keeps, ordered by id.
func (tx *Tx) ListTargets(ctx context.Context, f TargetFilter, opts QueryOpts) ([]koji.Target, error) {
	query, args := f.query()
	query, args, err := opts.apply(query, args, map[string]string{
		"id": "t.id", "name": "t.name", "build_tag": "c.build_tag", "build_tag_name": "b.name",
		"dest_tag": "c.dest_tag", "dest_tag_name": "d.name",
	}, "t.id")
	if err != nil {
		return nil, err
	}
	l, err := list(ctx, tx, query, args, scanTarget)
	return l, wrap(err, "list targets")
}

// CountTargets counts the build targets that the filter keeps.
func (tx *Tx) CountTargets(ctx context.Context, f TargetFilter, opts QueryOpts) (int64, error) {
	query, args := f.query()
	return tx.count(ctx, query, args, opts)
}

// ConfigureTarget says which tags a build target stands for, in the place of those it may have.
func (tx *Tx) ConfigureTarget(ctx context.Context, target, buildTag, destTag, by int64) error {
	if _, err := tx.DeleteTarget(ctx, target, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "build_target_config", by,
		columns{{"build_target_id", target}, {"build_tag", buildTag}, {"dest_tag", destTag}})
}

// DeleteTarget revokes a build target; the bool says whether it was there. Its name stays taken.
func (tx *Tx) DeleteTarget(ctx context.Context, target, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "build_target_config", by, `build_target_id = ?`, target)
	return n > 0, err
}
