package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"koji"
)

func scanEvent(row scanner) (koji.Event, error) {
	var e koji.Event
	var t stamp
	err := row.Scan(&e.ID, &t)
	e.TS = koji.Seconds(t.Time)
	return e, err
}

// FindEvent finds an event, nil if there is none.
func (tx *Tx) FindEvent(ctx context.Context, id int64) (*koji.Event, error) {
	if !FitsID(id) {
		return nil, nil
	}
	e, found, err := one(ctx, tx, `SELECT id, time FROM events WHERE id = ?`, []any{id}, scanEvent)
	if err != nil || !found {
		return nil, wrap(err, "find event %d", id)
	}
	return &e, nil
}

// LastEvent is the newest event, with a time that isn't zero the newest before it; nil if there is none.
func (tx *Tx) LastEvent(ctx context.Context, before time.Time) (*koji.Event, error) {
	query, args := `SELECT id, time FROM events`, []any(nil)
	if !before.IsZero() {
		query, args = query+` WHERE time < ?`, []any{before}
	}
	e, err := scanEvent(tx.queryRow(ctx, query+` ORDER BY id DESC LIMIT 1`, args...))
	if errors.Is(err, errNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap(err, "find last event")
	}
	return &e, nil
}

// tagTableNames are the versioned tables that make up a tag. Owners of packages are not among them: who owns what changes
// nothing in a tag's repo.
var tagTableNames = []string{
	"tag_config", "tag_inheritance", "tag_extra", "tag_external_repos", "tag_listing", "tag_packages",
	"group_config", "group_req_listing", "group_package_listing",
}

// TagsChangedSince says whether any of some tags changed after an event. What changed in their external repos doesn't count.
func (tx *Tx) TagsChangedSince(ctx context.Context, event int64, tags []int64) (bool, error) {
	for some := range slices.Chunk(tags, 500) {
		if _, changed, err := tx.tagChange(ctx, "min", some, &event, nil, false); err != nil || changed {
			return changed, err
		}
	}
	return false, nil
}

// FirstTagChange is the earliest event that changed any of some tags, or an external repo in one; after an event if
// that is given. The bool says whether there is one.
func (tx *Tx) FirstTagChange(ctx context.Context, tags []int64, after *int64) (int64, bool, error) {
	return tx.tagChange(ctx, "min", tags, after, nil, true)
}

// LastTagChange is the latest such event, before an event if that is given.
func (tx *Tx) LastTagChange(ctx context.Context, tags []int64, before *int64) (int64, bool, error) {
	return tx.tagChange(ctx, "max", tags, nil, before, true)
}

func (tx *Tx) tagChange(ctx context.Context, pick string, tags []int64, after, before *int64, external bool) (int64, bool, error) {
	var parts []string
	var args []any
	add := func(column, from, where string) {
		cond := []string{where, column + ` IS NOT NULL`}
		args = append(args, anys(tags)...)
		if after != nil {
			cond, args = append(cond, column+` > ?`), append(args, *after)
		}
		if before != nil {
			cond, args = append(cond, column+` < ?`), append(args, *before)
		}
		parts = append(parts, `SELECT `+pick+`(`+column+`) AS event FROM `+from+` WHERE `+strings.Join(cond, ` AND `))
	}
	inTags := ` IN ` + in(len(tags))
	for _, table := range tagTableNames {
		add("x.create_event", table+` x`, `x.tag_id`+inTags)
		add("x.revoke_event", table+` x`, `x.tag_id`+inTags)
	}
	add("x.update_event", `tag_updates x`, `x.tag_id`+inTags)
	if external {
		for _, column := range []string{"x.create_event", "x.revoke_event"} {
			add(column, `tag_external_repos l JOIN external_repo_config x ON x.external_repo_id = l.external_repo_id
				AND l.create_event <= `+column+` AND (l.revoke_event IS NULL OR `+column+` < l.revoke_event)`, `l.tag_id`+inTags)
		}
	}
	event, err := value[*int64](tx.queryRow(ctx, `SELECT `+pick+`(event) FROM (`+strings.Join(parts, ` UNION ALL `)+`) AS changes`, args...))
	if err != nil || event == nil {
		return 0, false, wrap(err, "find changes of tags")
	}
	return *event, true, nil
}
