package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"koji"
)

// A tag's builds are found in few queries, however many packages it has: one walk through the inheritance, one query for
// the package lists of all the tags on it, one for the builds. Koji: reference/semantics.md, "Tagged builds".

// TaggedFilter chooses builds of a tag; what is nil, "" or zero chooses nothing.
type TaggedFilter struct {
	Tag     int64
	Event   *int64 // the tag as it was then
	Inherit bool
	Latest  int64 // how many builds of each package, 0 for all
	Package string
	Owner   string
	Draft   *bool
	Type    BuildType
}

// TaggedBuild is a build as it stands in a tag; Extra is the build's.
type TaggedBuild struct {
	koji.TaggedBuild
	BuildTypeInfo
}

// TaggedBuilds streams the COMPLETE builds of a tag: its own, then those of its ancestors in the order of the walk, the
// newest tagged first. Builds of packages that the tag doesn't list, or that it blocks, are left out.
func (tx *Tx) TaggedBuilds(ctx context.Context, f TaggedFilter) (iter.Seq2[TaggedBuild, error], error) {
	if err := tx.Steady(ctx); err != nil {
		return nil, err
	}
	ancestors, err := tx.Ancestors(ctx, f.Tag, f.Event)
	if err != nil {
		return nil, err
	}
	listed, err := tx.listedPackages(ctx, f.Tag, ancestors, f.Event)
	if err != nil {
		return nil, err
	}
	tags := []int64{f.Tag}
	if f.Inherit {
		for _, a := range ancestors {
			tags = append(tags, a.ParentID)
		}
	}
	// The same tag may come again on the walk, for its packages; its builds are the same.
	tags = distinct(tags)

	walk, args := walkTable("tag_id", tags)
	at, atArgs := atEvent("l", f.Event)
	var none BuildTypeInfo
	more, join, joinArgs, where, whereArgs, _ := f.Type.join(tx, &none)
	args = append(args, joinArgs...)
	args = append(args, atArgs...)
	args = append(args, whereArgs...)
	query := walk + `
		SELECT b.id, p.name || '-' || b.version || '-' || b.release, p.name, b.pkg_id, b.version, b.release, b.epoch,
			b.state, b.draft, l.tag_id, t.name, b.owner, u.name, b.promoter, pr.name, b.promotion_time, b.task_id,
			b.volume_id, v.name, b.start_time, b.completion_time, b.create_event, e.time, l.create_event, b.extra` + more + `
		FROM walk
		JOIN tag_listing l ON l.tag_id = walk.tag_id
		JOIN tag t ON t.id = l.tag_id
		JOIN build b ON b.id = l.build_id
		JOIN package p ON p.id = b.pkg_id
		JOIN users u ON u.id = b.owner
		JOIN volume v ON v.id = b.volume_id
		JOIN events e ON e.id = b.create_event
		LEFT JOIN users pr ON pr.id = b.promoter` + join + `
		WHERE ` + at + ` AND b.state = 1` + where
	if f.Package != "" {
		query, args = query+` AND p.name = ?`, append(args, f.Package)
	}
	if f.Owner != "" {
		query, args = query+` AND u.name = ?`, append(args, f.Owner)
	}
	if f.Draft != nil {
		query, args = query+` AND b.draft = ?`, append(args, *f.Draft)
	}
	builds := stream(ctx, tx, query+` ORDER BY walk.place, l.create_event DESC, b.id DESC`, args, func(row scanner) (TaggedBuild, error) {
		var b TaggedBuild
		_, _, _, _, _, dest := f.Type.join(tx, &b.BuildTypeInfo)
		err := row.Scan(append([]any{
			&b.ID, &b.NVR, &b.Name, &b.PackageID, &b.Version, &b.Release, &b.Epoch, &b.State, &b.Draft, &b.TagID, &b.TagName,
			&b.OwnerID, &b.OwnerName, &b.PromoterID, &b.PromoterName, scanTime(&b.PromotionTime, nil), &b.TaskID,
			&b.VolumeID, &b.VolumeName, scanTime(&b.StartTime, nil), scanTime(&b.CompletionTime, nil), &b.CreationEventID,
			scanTime(&b.CreationTime, nil), &b.CreateEvent, scanJSON(&b.Extra),
		}, dest...)...)
		b.BuildID, b.PackageName = b.ID, b.Name
		return b, wrap(err, "list builds of tag %d", f.Tag)
	})
	return func(yield func(TaggedBuild, error) bool) {
		count := map[int64]int64{}
		for b, err := range builds {
			if err == nil {
				if !listed[b.PackageID] {
					continue
				}
				if f.Latest > 0 {
					if count[b.PackageID] >= f.Latest {
						continue
					}
					count[b.PackageID]++
				}
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}, nil
}

// listedPackages are the packages that a tag lists, itself or through its ancestors, and doesn't block: the nearest entry
// of each package counts, an inherited one only if its name passes the filters on the way.
func (tx *Tx) listedPackages(ctx context.Context, tag int64, ancestors []koji.Ancestor, event *int64) (map[int64]bool, error) {
	tags := []int64{tag}
	for _, a := range ancestors {
		tags = append(tags, a.ParentID)
	}
	type entry struct {
		pkg     int64
		name    string
		blocked bool
	}
	at, args := atEvent("tp", event)
	ids := distinct(tags)
	byTag := map[int64][]entry{}
	type row struct {
		entry
		tag int64
	}
	for r, err := range stream(ctx, tx, `SELECT tp.tag_id, tp.package_id, p.name, tp.blocked FROM tag_packages tp
		JOIN package p ON p.id = tp.package_id WHERE `+at+` AND tp.tag_id IN `+in(len(ids))+` ORDER BY tp.tag_id, tp.package_id`,
		append(args, anys(ids)...), func(s scanner) (row, error) {
			var r row
			err := s.Scan(&r.tag, &r.pkg, &r.name, &r.blocked)
			return r, err
		}) {
		if err != nil {
			return nil, wrap(err, "list packages of tag %d", tag)
		}
		byTag[r.tag] = append(byTag[r.tag], r.entry)
	}
	seen := map[int64]bool{} // package → listed
	for _, e := range byTag[tag] {
		seen[e.pkg] = !e.blocked
	}
	for _, a := range ancestors {
		pass, err := namePasses(a.Filter)
		if err != nil {
			return nil, fmt.Errorf("filter packages that tag %d inherits from %s: %w", tag, a.Name, err)
		}
		for _, e := range byTag[a.ParentID] {
			if _, known := seen[e.pkg]; !known && pass(e.name) {
				seen[e.pkg] = !e.blocked
			}
		}
	}
	return seen, nil
}

// namePasses says whether a name matches all the patterns, each from the start of the name.
func namePasses(patterns []string) (func(string) bool, error) {
	var all []*regexp.Regexp
	for _, p := range patterns {
		re, err := regexp.Compile(`\A(?:` + p + `)`)
		if err != nil {
			return nil, err
		}
		all = append(all, re)
	}
	return func(name string) bool {
		for _, re := range all {
			if !re.MatchString(name) {
				return false
			}
		}
		return true
	}, nil
}

// walkTable is the beginning of a query over ids in an order: WITH walk (COLUMN, place).
func walkTable(column string, ids []int64) (string, []any) {
	const row = "(CAST(? AS INTEGER), CAST(? AS INTEGER))"
	args := make([]any, 0, 2*len(ids))
	for i, id := range ids {
		args = append(args, id, i)
	}
	return `WITH walk (` + column + `, place) AS (VALUES ` + strings.TrimSuffix(strings.Repeat(row+", ", len(ids)), ", ") + `)`, args
}

// distinct are the ids without those that came before.
func distinct(ids []int64) []int64 {
	var all []int64
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// InTag says whether a build is in a tag now.
func (tx *Tx) InTag(ctx context.Context, build, tag int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM tag_listing WHERE build_id = ? AND tag_id = ? AND active = TRUE`, []any{build, tag}, value[int64])
	return found, wrap(err, "look for build %d in tag %d", build, tag)
}

// AddToTag puts a build into a tag.
func (tx *Tx) AddToTag(ctx context.Context, build, tag, user int64) error {
	return wrap(tx.insertVersioned(ctx, "tag_listing", user, columns{{"build_id", build}, {"tag_id", tag}}), "tag build %d", build)
}

// RemoveFromTag takes a build out of a tag and says whether it was there.
func (tx *Tx) RemoveFromTag(ctx context.Context, build, tag, user int64) (bool, error) {
	n, err := tx.revoke(ctx, "tag_listing", user, "build_id = ? AND tag_id = ?", build, tag)
	return n > 0, wrap(err, "untag build %d", build)
}

// BuildTags are the ids and names of the tags that a build is in, by name.
func (tx *Tx) BuildTags(ctx context.Context, build int64) ([]Name, error) {
	l, err := list(ctx, tx, `SELECT t.id, t.name FROM tag_listing l JOIN tag t ON t.id = l.tag_id
		WHERE l.build_id = ? AND l.active = TRUE ORDER BY t.name`, []any{build}, scanName)
	return l, wrap(err, "list tags of build %d", build)
}

// TagUpdate is why a tag changed without a change of its own tables. Koji: reference/enums.md, TAG_UPDATE_TYPES.
type TagUpdate int

// The kinds of changes to a tag's content.
const (
	TagVolumeChange TagUpdate = iota
	TagImport
	TagManual
	TagDraftPromotion
)

// UpdateTagsOfBuild records, at an event of its own, that the content of a build's tags changed.
func (tx *Tx) UpdateTagsOfBuild(ctx context.Context, build int64, why TagUpdate, user int64) error {
	tags, err := tx.BuildTags(ctx, build)
	if err != nil || len(tags) == 0 {
		return err
	}
	event, err := tx.NewEvent(ctx)
	if err != nil {
		return err
	}
	for _, t := range tags {
		err := tx.insert(ctx, "tag_updates", columns{{"tag_id", t.ID}, {"update_event", event}, {"updater_id", user}, {"update_type", int(why)}})
		if err != nil {
			return wrap(err, "record change of tag %s", t.Name)
		}
	}
	return nil
}
