package sqlstore

import (
	"context"
	"slices"
	"strings"

	"koji"
)

// What content generators say their outputs were made of is found here, many at a time: an image has hundreds of rpms.

// componentChunk is how many components one query looks for.
const componentChunk = 1000

// valueRows is a table of texts to look for: a WITH clause that names its columns, and its arguments.
func valueRows(name string, columns []string, rows [][]any) (string, []any) {
	row := "(" + strings.TrimSuffix(strings.Repeat("CAST(? AS TEXT), ", len(columns)), ", ") + ")"
	with := `WITH ` + name + ` (` + strings.Join(columns, ", ") + `) AS (VALUES ` + strings.TrimSuffix(strings.Repeat(row+", ", len(rows)), ", ") + `)`
	return with, slices.Concat(rows...)
}

// RPMComponents finds the rpms of many names, versions, releases and arches. Of each, those of builds that are no drafts
// come first, then drafts, then external ones.
func (tx *Tx) RPMComponents(ctx context.Context, names []koji.NVRA) ([]koji.RPM, error) {
	var all []koji.RPM
	for chunk := range slices.Chunk(names, componentChunk) {
		rows := make([][]any, len(chunk))
		for i, n := range chunk {
			rows[i] = []any{n.Name, n.Version, n.Release, n.Arch}
		}
		with, args := valueRows("want", []string{"name", "version", "release", "arch"}, rows)
		l, err := list(ctx, tx, with+` SELECT DISTINCT `+rpmColumns+`, CASE WHEN r.external_repo_id <> 0 THEN 2 WHEN r.draft = TRUE THEN 1 ELSE 0 END AS rank
			FROM want JOIN rpminfo r ON r.name = want.name AND r.version = want.version AND r.release = want.release AND r.arch = want.arch
			JOIN external_repo x ON x.id = r.external_repo_id ORDER BY rank, r.id`, args, func(row scanner) (koji.RPM, error) {
			var r koji.RPM
			var rank int
			err := row.Scan(append(rpmFields(&r), &rank)...)
			return r, err
		})
		if err != nil {
			return nil, wrap(err, "find rpms of components")
		}
		all = append(all, l...)
	}
	return all, nil
}

// FileIdentity is what tells a file from others.
type FileIdentity struct {
	Filename     string
	Size         int64
	Checksum     string
	ChecksumType koji.ChecksumType
}

// ArchiveComponent is an archive as a component of something.
type ArchiveComponent struct {
	ID int64
	FileIdentity
	NVR   string // of its build
	Draft bool
}

const archiveComponentColumns = `a.id, a.filename, a.size, a.checksum, a.checksum_type, p.name || '-' || b.version || '-' || b.release, b.draft`

const archiveComponentJoins = ` JOIN build b ON b.id = a.build_id JOIN package p ON p.id = b.pkg_id`

func scanArchiveComponent(row scanner) (a ArchiveComponent, err error) {
	return a, row.Scan(&a.ID, &a.Filename, &a.Size, &a.Checksum, &a.ChecksumType, &a.NVR, &a.Draft)
}

// FileComponents finds the archives that files with these names and checksums may be: those of builds that are no drafts
// first, each by id. Sizes, and types of checksums, are the caller's to compare.
func (tx *Tx) FileComponents(ctx context.Context, files []FileIdentity) ([]ArchiveComponent, error) {
	var all []ArchiveComponent
	for chunk := range slices.Chunk(files, componentChunk) {
		rows := make([][]any, len(chunk))
		for i, f := range chunk {
			rows[i] = []any{f.Filename, f.Checksum}
		}
		with, args := valueRows("want", []string{"filename", "checksum"}, rows)
		l, err := list(ctx, tx, with+` SELECT DISTINCT `+archiveComponentColumns+`
			FROM want JOIN archiveinfo a ON a.filename = want.filename AND a.checksum = want.checksum`+archiveComponentJoins+`
			ORDER BY b.draft, a.id`, args, scanArchiveComponent)
		if err != nil {
			return nil, wrap(err, "find archives of components")
		}
		all = append(all, l...)
	}
	return all, nil
}

// ArchiveComponents finds archives by their ids, in that order.
func (tx *Tx) ArchiveComponents(ctx context.Context, ids []int64) ([]ArchiveComponent, error) {
	var all []ArchiveComponent
	for chunk := range slices.Chunk(ids, componentChunk) {
		l, err := list(ctx, tx, `SELECT `+archiveComponentColumns+` FROM archiveinfo a`+archiveComponentJoins+`
			WHERE a.id IN `+in(len(chunk))+` ORDER BY a.id`, anys(chunk), scanArchiveComponent)
		if err != nil {
			return nil, wrap(err, "find archives of components")
		}
		all = append(all, l...)
	}
	return all, nil
}
