package sqlstore

import (
	"context"
	"iter"
	"slices"

	"koji"
)

// TaggedArchive is an archive as listTaggedArchives tells it. Of Maven and of Windows archives it tells more where only
// those are asked for.
type TaggedArchive struct {
	ID              int64             `xmlrpc:"id"`
	BType           *string           `xmlrpc:"btype"`
	BTypeID         *int64            `xmlrpc:"btype_id"`
	BuildID         int64             `xmlrpc:"build_id"`
	BuildrootID     *int64            `xmlrpc:"buildroot_id"`
	Checksum        string            `xmlrpc:"checksum"`
	ChecksumType    koji.ChecksumType `xmlrpc:"checksum_type"`
	Extra           any               `xmlrpc:"extra,omitempty"`
	Filename        string            `xmlrpc:"filename"`
	MetadataOnly    bool              `xmlrpc:"metadata_only"`
	Size            int64             `xmlrpc:"size"`
	TypeID          int64             `xmlrpc:"type_id"`
	MavenGroupID    *string           `xmlrpc:"maven_group_id,omitempty"`
	MavenArtifactID *string           `xmlrpc:"maven_artifact_id,omitempty"`
	MavenVersion    *string           `xmlrpc:"maven_version,omitempty"`
	*koji.WinInfo
}

// ArchivesOfBuilds streams the archives of builds, build by build; with btype maven or win only such.
func (tx *Tx) ArchivesOfBuilds(ctx context.Context, builds []int64, btype string) iter.Seq2[TaggedArchive, error] {
	columns, join := ``, ``
	switch btype {
	case "maven":
		columns, join = `, mv.group_id, mv.artifact_id, mv.version`, ` JOIN maven_archives mv ON mv.archive_id = a.id`
	case "win":
		columns, join = `, w.relpath, w.platforms, w.flags`, ` JOIN win_archives w ON w.archive_id = a.id`
	}
	return func(yield func(TaggedArchive, error) bool) {
		for chunk := range slices.Chunk(builds, taggedChunk) {
			walk, args := walkTable("build_id", chunk)
			query := walk + ` SELECT a.id, bt.name, a.btype_id, a.build_id, a.buildroot_id, a.checksum, a.checksum_type, a.extra, a.filename,
					a.metadata_only, a.size, a.type_id` + columns + `
				FROM walk JOIN archiveinfo a ON a.build_id = walk.build_id LEFT JOIN btype bt ON bt.id = a.btype_id` + join + `
				ORDER BY walk.place, a.id`
			for a, err := range stream(ctx, tx, query, args, func(row scanner) (TaggedArchive, error) {
				var a TaggedArchive
				dest := []any{
					&a.ID, &a.BType, &a.BTypeID, &a.BuildID, &a.BuildrootID, &a.Checksum, &a.ChecksumType, scanJSON(&a.Extra), &a.Filename,
					&a.MetadataOnly, &a.Size, &a.TypeID,
				}
				switch btype {
				case "maven":
					dest = append(dest, &a.MavenGroupID, &a.MavenArtifactID, &a.MavenVersion)
				case "win":
					a.WinInfo = &koji.WinInfo{}
					dest = append(dest, &a.Relpath, &a.Platforms, &a.Flags)
				}
				err := row.Scan(dest...)
				return a, wrap(err, "list archives of builds")
			}) {
				if !yield(a, err) || err != nil {
					return
				}
			}
		}
	}
}

// MavenTagArchive is a Maven archive with its build and the tag that it is in, as getLatestMavenArchives tells it.
type MavenTagArchive struct {
	ID           int64             `xmlrpc:"id"`
	BuildID      int64             `xmlrpc:"build_id"`
	BuildName    string            `xmlrpc:"build_name"`
	BuildVersion string            `xmlrpc:"build_version"`
	BuildRelease string            `xmlrpc:"build_release"`
	BuildEpoch   *int64            `xmlrpc:"build_epoch"`
	BuildrootID  *int64            `xmlrpc:"buildroot_id"`
	Checksum     string            `xmlrpc:"checksum"`
	ChecksumType koji.ChecksumType `xmlrpc:"checksum_type"`
	Extra        any               `xmlrpc:"extra"`
	Filename     string            `xmlrpc:"filename"`
	MetadataOnly bool              `xmlrpc:"metadata_only"`
	Owner        int64             `xmlrpc:"owner"`
	PackageID    int64             `xmlrpc:"pkg_id"`
	Size         int64             `xmlrpc:"size"`
	State        koji.BuildState   `xmlrpc:"state"`
	TagEvent     int64             `xmlrpc:"tag_event"`
	TagID        int64             `xmlrpc:"tag_id"`
	TagName      string            `xmlrpc:"tag_name"`
	TaskID       *int64            `xmlrpc:"task_id"`
	TypeID       int64             `xmlrpc:"type_id"`
	VolumeID     int64             `xmlrpc:"volume_id"`
	VolumeName   string            `xmlrpc:"volume_name"`
	koji.MavenInfo

	all bool // the tag wants all versions of an artifact
}

// MavenTagArchives streams a tag's Maven archives and, with inherit, those of its ancestors: of each artifact the version
// that was tagged last, where a tag is set to include all also the others, and of each version the build tagged last.
func (tx *Tx) MavenTagArchives(ctx context.Context, tag int64, event *int64, inherit bool) (iter.Seq2[MavenTagArchive, error], error) {
	if err := tx.Steady(ctx); err != nil {
		return nil, err
	}
	ancestors, err := tx.Ancestors(ctx, tag, event)
	if err != nil {
		return nil, err
	}
	listed, err := tx.listedPackages(ctx, TaggedFilter{Tag: tag, Event: event}, ancestors)
	if err != nil {
		return nil, err
	}
	tags := []int64{tag}
	if inherit {
		for _, a := range ancestors {
			tags = append(tags, a.ParentID)
		}
	}
	query, args := walkTable("tag_id", distinct(tags))
	config, configArgs := atEvent("c", event)
	at, atArgs := atEvent("l", event)
	args = append(append(args, configArgs...), atArgs...)
	query += `
		SELECT a.id, a.build_id, p.name, b.version, b.release, b.epoch, a.buildroot_id, a.checksum, a.checksum_type, a.extra, a.filename,
			a.metadata_only, b.owner, b.pkg_id, a.size, b.state, l.create_event, l.tag_id, t.name, b.task_id, a.type_id, b.volume_id, v.name,
			mv.group_id, mv.artifact_id, mv.version, coalesce(c.maven_include_all, FALSE)
		FROM walk
		JOIN tag_listing l ON l.tag_id = walk.tag_id
		JOIN tag t ON t.id = l.tag_id
		LEFT JOIN tag_config c ON c.tag_id = l.tag_id AND ` + config + `
		JOIN build b ON b.id = l.build_id
		JOIN package p ON p.id = b.pkg_id
		JOIN volume v ON v.id = b.volume_id
		JOIN archiveinfo a ON a.build_id = b.id
		JOIN maven_archives mv ON mv.archive_id = a.id
		WHERE ` + at + ` AND b.state = 1
		ORDER BY walk.place, l.create_event DESC, b.id DESC, a.id`
	archives := stream(ctx, tx, query, args, func(row scanner) (MavenTagArchive, error) {
		var a MavenTagArchive
		err := row.Scan(&a.ID, &a.BuildID, &a.BuildName, &a.BuildVersion, &a.BuildRelease, &a.BuildEpoch, &a.BuildrootID, &a.Checksum,
			&a.ChecksumType, scanJSON(&a.Extra), &a.Filename, &a.MetadataOnly, &a.Owner, &a.PackageID, &a.Size, &a.State, &a.TagEvent,
			&a.TagID, &a.TagName, &a.TaskID, &a.TypeID, &a.VolumeID, &a.VolumeName, &a.GroupID, &a.ArtifactID, &a.Version, &a.all)
		return a, wrap(err, "list Maven archives of tag %d", tag)
	})
	return func(yield func(MavenTagArchive, error) bool) {
		from := map[koji.MavenInfo]int64{} // the build that each version comes from
		known := map[koji.MavenInfo]bool{} // artifacts, without version
		given := map[int64]bool{}          // archives: a build may be in several tags
		for a, err := range archives {
			if err == nil && !(listed[a.PackageID] != "" && a.wanted(from, known, given)) {
				continue
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}, nil
}

// wanted says whether an archive is to be listed after those that were.
func (a *MavenTagArchive) wanted(from map[koji.MavenInfo]int64, known map[koji.MavenInfo]bool, given map[int64]bool) bool {
	artifact := koji.MavenInfo{GroupID: a.GroupID, ArtifactID: a.ArtifactID}
	build, same := from[a.MavenInfo]
	switch {
	case given[a.ID], same && build != a.BuildID, !same && known[artifact] && !a.all:
		return false
	}
	from[a.MavenInfo], known[artifact], given[a.ID] = a.BuildID, true, true
	return true
}
