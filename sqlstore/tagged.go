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
	Extra   bool // with the builds' extra
}

// TaggedBuild is a build as it stands in a tag; Extra is the build's.
type TaggedBuild struct {
	koji.TaggedBuild
	BuildTypeInfo
}

// TaggedBuilds streams the COMPLETE builds of a tag: its own, then those of its ancestors in the order of the walk, the
// newest tagged first. Builds of packages that the tag doesn't list, or that it blocks, are left out. The stream can be
// gone through again, and is then the same.
func (tx *Tx) TaggedBuilds(ctx context.Context, f TaggedFilter) (iter.Seq2[TaggedBuild, error], error) {
	if builds, served, err := tx.keptTagged(ctx, f); err != nil || served {
		return builds, err
	}
	if err := tx.Steady(ctx); err != nil {
		return nil, err
	}
	ancestors, err := tx.Ancestors(ctx, f.Tag, f.Event)
	if err != nil {
		return nil, err
	}
	listed, err := tx.listedPackages(ctx, f, ancestors)
	if err != nil || len(listed) == 0 {
		return nothing, err
	}
	names := map[int64]string{}
	tags := []int64{f.Tag}
	for _, a := range ancestors {
		names[a.ParentID] = a.Name
		if f.Inherit {
			tags = append(tags, a.ParentID)
		}
	}
	if own, _, err := tx.NameByID(ctx, TagNames, f.Tag); err != nil {
		return nil, err
	} else {
		names[f.Tag] = own.Name
	}
	volumes, err := tx.Names(ctx, VolumeNames)
	if err != nil {
		return nil, err
	}
	volume := map[int64]string{}
	for _, v := range volumes {
		volume[v.ID] = v.Name
	}
	finish := func(b *TaggedBuild) {
		b.BuildID, b.PackageName, b.TagName, b.VolumeName = b.ID, listed[b.PackageID], names[b.TagID], volume[b.VolumeID]
		b.Name, b.NVR = b.PackageName, b.PackageName+"-"+b.Version+"-"+b.Release
	}
	// The same tag may come again on the walk, for its packages; its builds are the same.
	tags = distinct(tags)
	if f.Latest > 0 {
		return tx.latestBuilds(ctx, f, tags, listed, finish), nil
	}
	return func(yield func(TaggedBuild, error) bool) {
		for _, tag := range tags {
			for b, err := range tx.buildsOfTag(ctx, f, tag, listed) {
				finish(&b)
				if _, ok := listed[b.PackageID]; !ok && err == nil {
					continue
				}
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
	}, nil
}

func nothing(func(TaggedBuild, error) bool) {}

// taggedWhere selects the entries of one tag that a filter chooses, in the order of the walk. Each tag is asked by itself:
// the order is then that of an index, while to sort the builds of all tags costs more than to read them.
func (f TaggedFilter) taggedWhere(tx *Tx, tag int64, listed map[int64]string) (tables, where string, args []any) {
	at, atArgs := atEvent("l", f.Event)
	var none BuildTypeInfo
	_, join, joinArgs, typeWhere, typeArgs, _ := f.Type.join(tx, &none)
	tables = ` FROM tag_listing l` + tx.thenJoin() + `build b ON b.id = l.build_id` + join
	if f.Package != "" {
		tables = ` FROM build b` + tx.thenJoin() + `tag_listing l ON l.build_id = b.id` + join
	}
	where, args = ` WHERE l.tag_id = ? AND `+at+` AND b.state = 1`+typeWhere, append(append(append(joinArgs, tag), atArgs...), typeArgs...)
	if f.Package != "" {
		for id := range listed { // there is one
			where, args = where+` AND b.pkg_id = ?`, append(args, id)
		}
	}
	if f.Owner != "" {
		where, args = where+` AND b.owner = (SELECT id FROM users WHERE name = ?)`, append(args, f.Owner)
	}
	if f.Draft != nil {
		where, args = where+` AND b.draft = ?`, append(args, *f.Draft)
	}
	return tables, where + ` ORDER BY l.create_event DESC, l.build_id DESC`, args
}

// buildColumns are what differs from build to build; the rest is known by id.
func (f TaggedFilter) buildColumns(tx *Tx) (columns, tables string) {
	var none BuildTypeInfo
	more, _, _, _, _, _ := f.Type.join(tx, &none)
	extra := `NULL`
	if f.Extra {
		extra = `b.extra`
	}
	return `b.id, b.pkg_id, b.version, b.release, b.epoch, b.state, b.draft, b.owner, u.name, b.promoter, pr.name, b.promotion_time, b.task_id,
		b.volume_id, b.start_time, b.completion_time, b.create_event, e.time, ` + extra + more,
		tx.thenJoin() + `users u ON u.id = b.owner` + tx.thenJoin() + `events e ON e.id = b.create_event LEFT JOIN users pr ON pr.id = b.promoter`
}

func (f TaggedFilter) buildFields(tx *Tx, b *TaggedBuild) []any {
	_, _, _, _, _, dest := f.Type.join(tx, &b.BuildTypeInfo)
	return append([]any{
		&b.ID, &b.PackageID, &b.Version, &b.Release, &b.Epoch, &b.State, &b.Draft, &b.OwnerID, &b.OwnerName, &b.PromoterID, &b.PromoterName,
		scanTime(&b.PromotionTime, nil), &b.TaskID, &b.VolumeID, scanTime(&b.StartTime, nil), scanTime(&b.CompletionTime, nil), &b.CreationEventID,
		scanTime(&b.CreationTime, nil), scanJSON(&b.Extra),
	}, dest...)
}

// buildsOfTag streams a tag's own builds, those of packages that aren't listed too.
func (tx *Tx) buildsOfTag(ctx context.Context, f TaggedFilter, tag int64, listed map[int64]string) iter.Seq2[TaggedBuild, error] {
	columns, names := f.buildColumns(tx)
	tables, where, args := f.taggedWhere(tx, tag, listed)
	return stream(ctx, tx, `SELECT `+columns+`, l.create_event`+tables+names+where, args, func(row scanner) (TaggedBuild, error) {
		var b TaggedBuild
		err := row.Scan(append(f.buildFields(tx, &b), &b.CreateEvent)...)
		b.TagID = tag
		return b, wrap(err, "list builds of tag %d", f.Tag)
	})
}

// buildChunk is how many builds one query reads by their ids.
const buildChunk = 500

// latestBuilds streams the latest builds of each package. They are few among all that the tags hold, so that they are
// chosen first by what little that takes.
func (tx *Tx) latestBuilds(ctx context.Context, f TaggedFilter, tags []int64, listed map[int64]string, finish func(*TaggedBuild)) iter.Seq2[TaggedBuild, error] {
	type entry struct{ build, pkg, tag, event int64 }
	return func(yield func(TaggedBuild, error) bool) {
		var chosen []entry
		count := map[int64]int64{}
		for _, tag := range tags {
			tables, where, args := f.taggedWhere(tx, tag, listed)
			for e, err := range stream(ctx, tx, `SELECT b.id, b.pkg_id, l.create_event`+tables+where, args, func(row scanner) (entry, error) {
				e := entry{tag: tag}
				err := row.Scan(&e.build, &e.pkg, &e.event)
				return e, err
			}) {
				if err != nil {
					yield(TaggedBuild{}, wrap(err, "list builds of tag %d", f.Tag))
					return
				}
				if _, ok := listed[e.pkg]; ok && count[e.pkg] < f.Latest {
					count[e.pkg]++
					chosen = append(chosen, e)
				}
			}
		}
		var none BuildTypeInfo
		_, join, joinArgs, _, _, _ := f.Type.join(tx, &none)
		columns, names := f.buildColumns(tx)
		for chunk := range slices.Chunk(chosen, buildChunk) {
			args := slices.Clone(joinArgs)
			for _, e := range chunk {
				args = append(args, e.build)
			}
			builds := make(map[int64]TaggedBuild, len(chunk))
			for b, err := range stream(ctx, tx, `SELECT `+columns+` FROM build b`+join+names+` WHERE b.id IN `+in(len(chunk))+` ORDER BY b.id`, args,
				func(row scanner) (TaggedBuild, error) {
					var b TaggedBuild
					err := row.Scan(f.buildFields(tx, &b)...)
					return b, err
				}) {
				if err != nil {
					yield(TaggedBuild{}, wrap(err, "read builds of tag %d", f.Tag))
					return
				}
				builds[b.ID] = b
			}
			for _, e := range chunk {
				b := builds[e.build]
				b.TagID, b.CreateEvent = e.tag, e.event
				finish(&b)
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// listedPackages are the names of the packages that a tag lists, itself or through its ancestors, and doesn't block: the
// nearest entry of each package counts, an inherited one only if its name passes the filters on the way. With a package in
// the filter it is that one at most.
func (tx *Tx) listedPackages(ctx context.Context, f TaggedFilter, ancestors []koji.Ancestor) (map[int64]string, error) {
	tags := []int64{f.Tag}
	for _, a := range ancestors {
		tags = append(tags, a.ParentID)
	}
	at, args := atEvent("tp", f.Event)
	ids := distinct(tags)
	byTag := map[int64][]koji.TagPackage{}
	query, args := `SELECT tp.tag_id, tp.package_id, p.name, tp.blocked FROM tag_packages tp
		JOIN package p ON p.id = tp.package_id WHERE `+at+` AND tp.tag_id IN `+in(len(ids)), append(args, anys(ids)...)
	if f.Package != "" {
		query, args = query+` AND tp.package_id = (SELECT id FROM package WHERE name = ?)`, append(args, f.Package)
	}
	// In no order: it goes into maps.
	for p, err := range stream(ctx, tx, query, args, func(s scanner) (koji.TagPackage, error) {
		var p koji.TagPackage
		err := s.Scan(&p.TagID, &p.PackageID, &p.PackageName, &p.Blocked)
		return p, err
	}) {
		if err != nil {
			return nil, wrap(err, "list packages of tag %d", f.Tag)
		}
		byTag[p.TagID] = append(byTag[p.TagID], p)
	}
	return nearestPackages(f.Tag, ancestors, byTag)
}

// nearestPackages is listedPackages with the tags' own lists.
func nearestPackages(tag int64, ancestors []koji.Ancestor, byTag map[int64][]koji.TagPackage) (map[int64]string, error) {
	most := len(byTag[tag])
	for _, list := range byTag {
		most = max(most, len(list))
	}
	listed := make(map[int64]string, most)
	blocked := map[int64]bool{}
	meet := func(p *koji.TagPackage) {
		if p.Blocked {
			blocked[p.PackageID] = true
		} else {
			listed[p.PackageID] = p.PackageName
		}
	}
	for i := range byTag[tag] {
		meet(&byTag[tag][i])
	}
	for _, a := range ancestors {
		pass, err := namePasses(a.Filter)
		if err != nil {
			return nil, fmt.Errorf("filter packages that tag %d inherits from %s: %w", tag, a.Name, err)
		}
		list := byTag[a.ParentID]
		for i := range list {
			p := &list[i]
			if _, seen := listed[p.PackageID]; !seen && !blocked[p.PackageID] && pass(p.PackageName) {
				meet(p)
			}
		}
	}
	return listed, nil
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
	l, err := few(ctx, tx, `SELECT t.id, t.name FROM tag_listing l JOIN tag t ON t.id = l.tag_id
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
