package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"koji"
)

const archiveColumns = `a.id, bt.name, a.btype_id, a.build_id, a.buildroot_id, a.checksum, a.checksum_type, t.compression_type, a.extra, a.filename,
	a.metadata_only, a.size, t.description, t.extensions, a.type_id, t.name`

const archiveTables = ` FROM archiveinfo a
	JOIN archivetypes t ON t.id = a.type_id
	LEFT JOIN btype bt ON bt.id = a.btype_id`

func archiveFields(a *koji.Archive) []any {
	return []any{
		&a.ID, &a.BType, &a.BTypeID, &a.BuildID, &a.BuildrootID, &a.Checksum, &a.ChecksumType, &a.CompressionType, scanJSON(&a.Extra), &a.Filename,
		&a.MetadataOnly, &a.Size, &a.TypeDescription, &a.TypeExtensions, &a.TypeID, &a.TypeName,
	}
}

func scanArchive(row scanner) (koji.Archive, error) {
	var a koji.Archive
	err := row.Scan(archiveFields(&a)...)
	return a, err
}

// Archive finds an archive, with what its type of build tells of it; nil if there is none.
func (tx *Tx) Archive(ctx context.Context, id int64) (*koji.Archive, error) {
	if !FitsID(id) {
		return nil, nil
	}
	a, found, err := one(ctx, tx, `SELECT `+archiveColumns+archiveTables+` WHERE a.id = ?`, []any{id}, scanArchive)
	if err != nil || !found {
		return nil, wrap(err, "find archive %d", id)
	}
	if a.MavenInfo, err = tx.MavenArchive(ctx, id); err != nil {
		return nil, err
	}
	if a.WinInfo, err = tx.WinArchive(ctx, id); err != nil {
		return nil, err
	}
	a.ImageInfo, err = tx.ImageArchive(ctx, id)
	return &a, err
}

// MavenArchive is the Maven identity of an archive, nil if it has none.
func (tx *Tx) MavenArchive(ctx context.Context, id int64) (*koji.MavenInfo, error) {
	return typedRow(ctx, tx, `SELECT group_id, artifact_id, version FROM maven_archives WHERE archive_id = ?`, id, scanMaven)
}

// WinArchive is what is known of a Windows archive, nil if it is none.
func (tx *Tx) WinArchive(ctx context.Context, id int64) (*koji.WinInfo, error) {
	return typedRow(ctx, tx, `SELECT relpath, platforms, flags FROM win_archives WHERE archive_id = ?`, id, func(row scanner) (w koji.WinInfo, err error) {
		return w, row.Scan(&w.Relpath, &w.Platforms, &w.Flags)
	})
}

// ImageArchive is what is known of an image, nil if the archive is none.
func (tx *Tx) ImageArchive(ctx context.Context, id int64) (*koji.ImageInfo, error) {
	return typedRow(ctx, tx, `SELECT i.arch, EXISTS (SELECT 1 FROM archive_rpm_components c WHERE c.archive_id = i.archive_id)
		FROM image_archives i WHERE i.archive_id = ?`, id, func(row scanner) (koji.ImageInfo, error) {
		var root bool
		i := koji.ImageInfo{RootID: &root}
		return i, row.Scan(&i.Arch, &root)
	})
}

// typedRow reads the row that a table of a type has for an id, nil if there is none.
func typedRow[T any](ctx context.Context, tx *Tx, query string, id int64, scan func(scanner) (T, error)) (*T, error) {
	if !FitsID(id) {
		return nil, nil
	}
	v, found, err := one(ctx, tx, query, []any{id}, scan)
	if err != nil || !found {
		return nil, wrap(err, "read row of %d", id)
	}
	return &v, nil
}

func scanMaven(row scanner) (m koji.MavenInfo, err error) {
	return m, row.Scan(&m.GroupID, &m.ArtifactID, &m.Version)
}

// InsertArchive inserts an archive of a build, with the row that its type of build has a table for, and returns its id.
func (tx *Tx) InsertArchive(ctx context.Context, a *koji.Archive) (int64, error) {
	extra, err := jsonArg(a.Extra)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO archiveinfo (type_id, btype_id, build_id, buildroot_id, filename, size, checksum, checksum_type, metadata_only, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		a.TypeID, a.BTypeID, a.BuildID, a.BuildrootID, a.Filename, a.Size, a.Checksum, int(a.ChecksumType), a.MetadataOnly, extra)
	if err != nil {
		return 0, wrap(err, "insert archive %s", a.Filename)
	}
	if m := a.MavenInfo; m != nil {
		err = tx.insert(ctx, "maven_archives", columns{{"archive_id", id}, {"group_id", m.GroupID}, {"artifact_id", m.ArtifactID}, {"version", m.Version}})
	}
	if w := a.WinInfo; w != nil && err == nil {
		err = tx.insert(ctx, "win_archives", columns{{"archive_id", id}, {"relpath", w.Relpath}, {"platforms", w.Platforms}, {"flags", w.Flags}})
	}
	if i := a.ImageInfo; i != nil && err == nil {
		err = tx.insert(ctx, "image_archives", columns{{"archive_id", id}, {"arch", i.Arch}})
	}
	return id, err
}

// AddArchiveRPMs records the rpms inside an archive; what was recorded before stays.
func (tx *Tx) AddArchiveRPMs(ctx context.Context, archive int64, rpms []int64) error {
	return wrap(tx.link(ctx, "archive_rpm_components", "archive_id", archive, "rpm_id", rpms), "add rpms to archive %d", archive)
}

// AddArchiveComponents records the archives inside an archive; what was recorded before stays.
func (tx *Tx) AddArchiveComponents(ctx context.Context, archive int64, components []int64) error {
	return wrap(tx.link(ctx, "archive_components", "archive_id", archive, "component_id", components), "add archives to archive %d", archive)
}

// AddBuildrootArchives records archives that were used in a buildroot: what the project itself needs, or what its
// environment does. What was recorded before stays.
func (tx *Tx) AddBuildrootArchives(ctx context.Context, buildroot int64, archives []int64, project bool) error {
	err := tx.link(ctx, "buildroot_archives", "buildroot_id", buildroot, "archive_id", archives, column{"project_dep", project})
	return wrap(err, "add archives to buildroot %d", buildroot)
}

// link inserts rows that join one id with each of many, all with the same rest. Those that are there stay as they are.
func (tx *Tx) link(ctx context.Context, table, left string, id int64, right string, ids []int64, rest ...column) error {
	names, values := left+", "+right, []any(nil)
	for _, c := range rest {
		names += ", " + c.name
		values = append(values, c.value)
	}
	for chunk := range slices.Chunk(ids, 1000) {
		query, args := fmt.Sprintf(`INSERT INTO %s (%s) VALUES `, table, names), []any(nil)
		for i, other := range chunk {
			if i > 0 {
				query += ", "
			}
			query += in(2 + len(rest))
			args = append(append(args, id, other), values...)
		}
		if _, err := tx.exec(ctx, query+fmt.Sprintf(` ON CONFLICT (%s, %s) DO NOTHING`, left, right), args...); err != nil {
			return err
		}
	}
	return nil
}
