package sqlstore

import (
	"context"
	"iter"
	"slices"
	"strings"

	"koji"
)

// chosenBuild is a build that a listing has, with what depends on the tag.
type chosenBuild struct {
	build      int64
	kept       *keptBuild
	tag, event int64
}

// keptTagged is TaggedBuilds from what is kept; false if it can't be had from there.
func (tx *Tx) keptTagged(ctx context.Context, f TaggedFilter) (builds iter.Seq2[TaggedBuild, error], served bool, err error) {
	if f.Event != nil || f.Extra || f.Type.Name != "" {
		return nil, false, nil
	}
	var chosen []chosenBuild
	names := map[int64]string{}
	served, err = tx.withKept(ctx, func(k *kept) (bool, error) {
		chosen = nil
		clear(names)
		walk, err := k.walk(ctx, tx, f.Tag)
		if err != nil {
			return false, err
		}
		tags := []int64{f.Tag}
		names[f.Tag] = walk.name
		for _, a := range walk.ancestors {
			names[a.ParentID] = a.Name
			tags = append(tags, a.ParentID)
		}
		tags = distinct(tags)
		listing := tags
		if !f.Inherit {
			listing = tags[:1]
		}
		if f.Package != "" {
			if k.has(tags, listing) {
				delete(k.asked, f.Tag)
			} else if !k.oftenAsked(f.Tag) {
				return false, nil
			}
		}
		lists, served, err := k.packageLists(ctx, tx, tags)
		if err != nil || !served {
			return false, err
		}
		byTag := make(map[int64][]koji.TagPackage, len(lists))
		for tag, l := range lists {
			byTag[tag] = l.all
			if f.Package != "" {
				byTag[tag] = withName(l.all, f.Package)
			}
		}
		listed, err := nearestPackages(f.Tag, walk.ancestors, byTag)
		if err != nil || len(listed) == 0 {
			return true, err
		}
		if served, err := k.choose(ctx, tx, f, listing, listed, &chosen); err != nil || !served {
			return false, err
		}
		return k.fillBuilds(ctx, tx, chosen, listed)
	})
	if err != nil || !served {
		return nil, false, err
	}
	return func(yield func(TaggedBuild, error) bool) {
		for _, c := range chosen {
			b := TaggedBuild{TaggedBuild: c.kept.TaggedBuild}
			b.TagID, b.TagName, b.CreateEvent = c.tag, names[c.tag], c.event
			if !yield(b, nil) {
				return
			}
		}
	}, true, nil
}

func withName(list []koji.TagPackage, name string) []koji.TagPackage {
	for i := range list {
		if list[i].PackageName == name {
			return list[i : i+1]
		}
	}
	return nil
}

// has says whether the package lists and the listings of tags are kept.
func (k *kept) has(lists, listings []int64) bool {
	for _, tag := range lists {
		if k.packages[tag] == nil {
			return false
		}
	}
	for _, tag := range listings {
		if k.listings[tag] == nil {
			return false
		}
	}
	return true
}

// manyAsked is how many questions about single packages cost about what it does to read a tag.
const manyAsked = 64

// oftenAsked counts a question about one package of a tag, and says whether it is worth to read the whole tag, again if it
// was changed since.
func (k *kept) oftenAsked(tag int64) bool {
	k.asked[tag]++
	return k.asked[tag] >= manyAsked
}

func (k *kept) walk(ctx context.Context, tx *Tx, tag int64) (keptWalk, error) {
	if w, ok := k.walks[tag]; ok {
		return w, nil
	}
	ancestors, err := tx.Ancestors(ctx, tag, nil)
	if err != nil {
		return keptWalk{}, err
	}
	own, found, err := tx.NameByID(ctx, TagNames, tag)
	w := keptWalk{own.Name, ancestors}
	if err == nil && found {
		k.walks[tag] = w
	}
	return w, err
}

// choose picks the entries of a listing, in its order.
func (k *kept) choose(ctx context.Context, tx *Tx, f TaggedFilter, tags []int64, listed map[int64]string, chosen *[]chosenBuild) (bool, error) {
	var owner int64
	if f.Owner != "" {
		u, found, err := tx.NameByName(ctx, UserNames, f.Owner)
		if err != nil || !found {
			return true, err
		}
		owner = u.ID
	}
	var only int64
	if f.Package != "" {
		for id := range listed { // there is one
			only = id
		}
	}
	count := map[int64]int64{}
	for _, tag := range tags {
		l, served, err := k.listing(ctx, tx, tag)
		if err != nil || !served {
			return false, err
		}
		if f.Latest == 0 && only == 0 {
			*chosen = slices.Grow(*chosen, len(l.entries))
		}
		for i := range l.entries {
			e := &l.entries[i]
			if only != 0 && e.pkg != only || e.state != koji.BuildComplete || owner != 0 && e.owner != owner || f.Draft != nil && e.draft != *f.Draft {
				continue
			}
			if _, ok := listed[e.pkg]; !ok {
				continue
			}
			if f.Latest > 0 {
				if count[e.pkg] == f.Latest {
					continue
				}
				count[e.pkg]++
			}
			*chosen = append(*chosen, chosenBuild{build: e.build, tag: tag, event: e.event})
		}
	}
	return true, nil
}

func (k *kept) listing(ctx context.Context, tx *Tx, tag int64) (*keptListing, bool, error) {
	l := k.listings[tag]
	if l == nil {
		l = &keptListing{}
		for e, err := range stream(ctx, tx, `SELECT l.build_id, l.create_event, b.pkg_id, b.owner, b.state, b.draft
			FROM tag_listing l`+tx.thenJoin()+`build b ON b.id = l.build_id
			WHERE l.tag_id = ? AND l.active = TRUE ORDER BY l.create_event DESC, l.build_id DESC`, []any{tag}, func(row scanner) (e keptEntry, err error) {
			err = row.Scan(&e.build, &e.event, &e.pkg, &e.owner, &e.state, &e.draft)
			return e, err
		}) {
			if err != nil {
				return nil, false, wrap(err, "list builds of tag %d", tag)
			}
			l.entries = append(l.entries, e)
			if len(l.entries)*sizeOfEntry > keptLimit {
				return nil, false, nil
			}
		}
		if !k.room(len(l.entries) * sizeOfEntry) {
			return nil, false, nil
		}
		l.entries = slices.Clip(l.entries)
		k.listings[tag] = l
		k.size += len(l.entries) * sizeOfEntry
	}
	l.used = k.clock
	return l, true, nil
}

// fillBuilds finds the builds that were chosen, and reads those that aren't kept yet.
func (k *kept) fillBuilds(ctx context.Context, tx *Tx, chosen []chosenBuild, listed map[int64]string) (bool, error) {
	var missing []int64
	for _, c := range chosen {
		if b := k.builds[c.build]; b != nil {
			b.used = k.clock
		} else {
			missing = append(missing, c.build)
		}
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	if !k.room(len(missing) * sizeOfBuild) {
		return false, nil
	}
	texts := sharedTexts{}
	var none TaggedFilter
	columns, names := none.buildColumns(tx)
	for chunk := range slices.Chunk(missing, buildChunk) {
		builds, err := list(ctx, tx, `SELECT `+columns+` FROM build b`+names+` WHERE b.id IN `+in(len(chunk))+` ORDER BY b.id`, anys(chunk),
			func(row scanner) (*keptBuild, error) {
				var b TaggedBuild
				err := row.Scan(none.buildFields(tx, &b)...)
				return &keptBuild{TaggedBuild: b.TaggedBuild}, err
			})
		if err != nil {
			return false, wrap(err, "read builds of a tag")
		}
		for _, b := range builds {
			b.BuildID, b.Name, b.PackageName, b.used = b.ID, listed[b.PackageID], listed[b.PackageID], k.clock
			if b.VolumeName, err = k.volume(ctx, tx, b.VolumeID); err != nil {
				return false, err
			}
			b.Version, b.Release, b.OwnerName = texts.share(b.Version), texts.share(b.Release), texts.share(b.OwnerName)
			b.NVR = b.Name + "-" + b.Version + "-" + b.Release
			k.builds[b.ID] = b
			k.size += sizeOfBuild
		}
	}
	for i := range chosen {
		if chosen[i].kept = k.builds[chosen[i].build]; chosen[i].kept == nil {
			return false, nil
		}
	}
	return true, nil
}

func (k *kept) volume(ctx context.Context, tx *Tx, id int64) (string, error) {
	if name, ok := k.volumes[id]; ok {
		return name, nil
	}
	volumes, err := tx.Names(ctx, VolumeNames)
	for _, v := range volumes {
		k.volumes[v.ID] = v.Name
	}
	return k.volumes[id], err
}

// packageLists are the own package lists of tags.
func (k *kept) packageLists(ctx context.Context, tx *Tx, tags []int64) (map[int64]*keptPackages, bool, error) {
	lists := make(map[int64]*keptPackages, len(tags))
	read := map[int64]*keptPackages{}
	var missing []int64
	for _, tag := range tags {
		if p := k.packages[tag]; p != nil {
			p.used, lists[tag] = k.clock, p
			continue
		}
		missing = append(missing, tag)
		read[tag] = &keptPackages{all: []koji.TagPackage{}, used: k.clock}
	}
	if len(missing) == 0 {
		return lists, true, nil
	}
	size := 0
	texts := sharedTexts{}
	for p, err := range stream(ctx, tx, `SELECT tp.package_id, p.name, tp.tag_id, t.name, o.owner, coalesce(u.name, ''), tp.extra_arches, tp.blocked
		FROM tag_packages tp JOIN package p ON p.id = tp.package_id JOIN tag t ON t.id = tp.tag_id
		LEFT JOIN tag_package_owners o ON o.tag_id = tp.tag_id AND o.package_id = tp.package_id AND o.active = TRUE
		LEFT JOIN users u ON u.id = o.owner
		WHERE tp.active = TRUE AND tp.tag_id IN `+in(len(missing))+` ORDER BY tp.tag_id, p.name, tp.package_id`, anys(missing), scanTagPackage) {
		if err != nil {
			return nil, false, wrap(err, "list packages of tags")
		}
		p.PackageName, p.TagName, p.OwnerName = texts.share(p.PackageName), texts.share(p.TagName), texts.share(p.OwnerName)
		l := read[p.TagID]
		l.all = append(l.all, p)
		if size += sizeOfPackage; size > keptLimit {
			return nil, false, nil
		}
	}
	if !k.room(size) {
		return nil, false, nil
	}
	for tag, l := range read {
		unowned := func(p koji.TagPackage) bool { return p.OwnerID == nil }
		if l.owned = l.all; slices.ContainsFunc(l.all, unowned) {
			l.owned = slices.DeleteFunc(slices.Clone(l.all), unowned)
		}
		k.packages[tag], lists[tag] = l, l
	}
	k.size += size
	return lists, true, nil
}

// keptPackageLists is PackageLists from what is kept; false if it can't be had from there.
func (tx *Tx) keptPackageLists(ctx context.Context, tag int64, inherit bool, f PackageFilter) (links []koji.Ancestor, lists map[int64][]koji.TagPackage, served bool, err error) {
	if f.Event != nil || f.Package != 0 || f.Prefix != "" || !FitsID(tag) {
		return nil, nil, false, nil
	}
	served, err = tx.withKept(ctx, func(k *kept) (bool, error) {
		links = []koji.Ancestor{ownLists(tag)}
		if inherit {
			walk, err := k.walk(ctx, tx, tag)
			if err != nil {
				return false, err
			}
			links = append(links, walk.ancestors...)
		}
		found, served, err := k.packageLists(ctx, tx, linkedTags(links))
		lists = make(map[int64][]koji.TagPackage, len(found))
		for tag, l := range found {
			lists[tag] = l.owned
		}
		return served, err
	})
	if f.Open || f.Owner != 0 {
		for tag, l := range lists {
			lists[tag] = slices.DeleteFunc(slices.Clone(l), func(p koji.TagPackage) bool {
				return f.Open && p.Blocked || f.Owner != 0 && *p.OwnerID != f.Owner
			})
		}
	}
	return links, lists, served, err
}

// keptRPMsOf are the rpms of each of the builds; false if they can't be had from what is kept.
func (tx *Tx) keptRPMsOf(ctx context.Context, builds []int64) (lists [][]koji.RPM, served bool, err error) {
	served, err = tx.withKept(ctx, func(k *kept) (bool, error) {
		var missing []int64
		for _, id := range builds {
			if r := k.rpms[id]; r != nil {
				r.used = k.clock
			} else {
				missing = append(missing, id)
			}
		}
		texts := sharedTexts{}
		for chunk := range slices.Chunk(missing, taggedChunk) {
			read := make(map[int64]*keptRPMs, len(chunk))
			for _, id := range chunk {
				read[id] = &keptRPMs{used: k.clock}
			}
			size := len(chunk) * sizeOfRPM
			for r, err := range tx.rpmsOfBuilds(ctx, chunk, nil, false) {
				if err != nil {
					return false, err
				}
				r.Name, r.Version, r.Release, r.Arch = texts.share(r.Name), texts.share(r.Version), texts.share(r.Release), texts.share(r.Arch)
				of := read[*r.BuildID]
				if len(of.list) > 0 {
					r.BuildID = of.list[0].BuildID
				}
				of.list = append(of.list, r)
				size += sizeOfRPM
			}
			if !k.room(size) {
				return false, nil
			}
			for id, r := range read {
				r.list = slices.Clip(r.list)
				k.rpms[id] = r
			}
			k.size += size
		}
		lists = make([][]koji.RPM, len(builds))
		for i, id := range builds {
			r := k.rpms[id]
			if r == nil {
				return false, nil
			}
			lists[i] = r.list
		}
		return true, nil
	})
	return lists, served, err
}

// sharedTexts lets equal texts that come in different rows have one place in memory.
type sharedTexts map[string]string

func (s sharedTexts) share(text string) string {
	if t, ok := s[text]; ok {
		return t
	}
	text = strings.Clone(text)
	s[text] = text
	return text
}
