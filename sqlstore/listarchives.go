package sqlstore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"koji"
)

// ArchiveFilter chooses archives; what is nil or "" chooses nothing. The members of Type narrow it further.
type ArchiveFilter struct {
	ID, Build     *int64
	Buildroot     *int64 // in which they were built
	Host          *int64 // on which they were built
	Component     *int64 // the buildroot they were used in
	Image         *int64 // the archive they are components of
	Filename      string
	Size          *int64
	Checksum      string
	ChecksumType  *int64
	Type          string // maven, win and image have tables of their own
	TypeID        int64  // of any other type
	Maven         map[string]string
	Relpath, Arch *string
	Platforms     []string // all of them
	Flags         []string // all of them
}

var archiveOrder = map[string]string{
	"id": "a.id", "btype": "bt.name", "btype_id": "a.btype_id", "build_id": "a.build_id", "buildroot_id": "a.buildroot_id",
	"checksum": "a.checksum", "checksum_type": "a.checksum_type", "compression_type": "t.compression_type", "extra": "a.extra",
	"filename": "a.filename", "metadata_only": "a.metadata_only", "size": "a.size", "type_description": "t.description",
	"type_extensions": "t.extensions", "type_id": "a.type_id", "type_name": "t.name",
}

// ListArchives streams the archives that a filter chooses, by id where opts have no order; with opts.CountOnly it counts
// them. Those of a type with a table come with what stands there.
func (tx *Tx) ListArchives(ctx context.Context, f ArchiveFilter, opts QueryOpts) (iter.Seq2[koji.Archive, error], int64, error) {
	columns, tables, where, args := archiveColumns, archiveTables, ` WHERE TRUE`, []any(nil)
	order := maps.Clone(archiveOrder)
	add := func(cond string, arg ...any) { where, args = where+` AND `+cond, append(args, arg...) }
	more := func(names ...string) {
		for i := 0; i < len(names); i += 2 {
			columns += ", " + names[i+1]
			order[names[i]] = names[i+1]
		}
	}
	switch f.Type {
	case "maven":
		more("group_id", "mv.group_id", "artifact_id", "mv.artifact_id", "version", "mv.version")
		tables += ` JOIN maven_archives mv ON mv.archive_id = a.id`
		for _, key := range slices.Sorted(maps.Keys(f.Maven)) {
			add(order[key]+` = ?`, f.Maven[key])
		}
	case "win":
		more("relpath", "w.relpath", "platforms", "w.platforms", "flags", "w.flags")
		tables += ` JOIN win_archives w ON w.archive_id = a.id`
		if f.Relpath != nil {
			add(`w.relpath = ?`, *f.Relpath)
		}
		for _, p := range f.Platforms {
			add(hasWord("w.platforms"), p)
		}
		for _, flag := range f.Flags {
			add(hasWord("coalesce(w.flags, '')"), flag)
		}
	case "image":
		more("arch", "i.arch")
		tables += ` JOIN image_archives i ON i.archive_id = a.id`
		if f.Arch != nil {
			add(`i.arch = ?`, *f.Arch)
		}
	}
	if f.TypeID != 0 {
		add(`a.btype_id = ?`, f.TypeID)
	}
	if f.Component != nil {
		more("component_buildroot_id", "ba.buildroot_id", "project", "ba.project_dep")
		tables += ` JOIN buildroot_archives ba ON ba.archive_id = a.id`
		add(`ba.buildroot_id = ?`, *f.Component)
	}
	if f.Image != nil {
		tables += ` JOIN archive_components ac ON ac.component_id = a.id`
		add(`ac.archive_id = ?`, *f.Image)
	}
	if f.Host != nil {
		tables += ` JOIN standard_buildroot sb ON sb.buildroot_id = a.buildroot_id`
		add(`sb.host_id = ?`, *f.Host)
	}
	for _, eq := range []struct {
		column string
		value  *int64
	}{{"a.id", f.ID}, {"a.build_id", f.Build}, {"a.buildroot_id", f.Buildroot}, {"a.size", f.Size}, {"a.checksum_type", f.ChecksumType}} {
		if eq.value != nil {
			add(eq.column+` = ?`, *eq.value)
		}
	}
	if f.Filename != "" {
		add(`a.filename = ?`, f.Filename)
	}
	if f.Checksum != "" {
		add(`a.checksum = ?`, f.Checksum)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, `SELECT a.id`+tables+where, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(`SELECT `+columns+tables+where, args, order, "a.id")
	if err != nil {
		return nil, 0, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (koji.Archive, error) {
		var a koji.Archive
		dest := append(archiveFields(&a), typeFields(&a, f.Type)...)
		if f.Component != nil {
			dest = append(dest, &a.ComponentBuildrootID, &a.Project)
		}
		err := row.Scan(dest...)
		return a, wrap(err, "list archives")
	}), 0, nil
}

// typeFields are where the columns go that a type's table adds.
func typeFields(a *koji.Archive, btype string) []any {
	switch btype {
	case "maven":
		a.MavenInfo = &koji.MavenInfo{}
		return []any{&a.GroupID, &a.ArtifactID, &a.Version}
	case "win":
		a.WinInfo = &koji.WinInfo{}
		return []any{&a.Relpath, &a.Platforms, &a.Flags}
	case "image":
		a.ImageInfo = &koji.ImageInfo{}
		return []any{&a.Arch}
	}
	return nil
}

// hasWord is the condition that a column of words, separated by spaces, has the one that is its argument.
func hasWord(column string) string {
	return `replace(' ' || ` + column + ` || ' ', ' ' || CAST(? AS TEXT) || ' ', '') <> ' ' || ` + column + ` || ' '`
}
