package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"koji"
)

const rpmColumns = `r.id, r.build_id, r.buildroot_id, r.name, r.version, r.release, r.epoch, r.arch, r.draft,
	r.external_repo_id, x.name, r.payloadhash, r.size, r.buildtime, r.metadata_only, r.extra`

const rpmTables = ` FROM rpminfo r JOIN external_repo x ON x.id = r.external_repo_id`

func rpmFields(r *koji.RPM) []any {
	return []any{
		&r.ID, &r.BuildID, &r.BuildrootID, &r.Name, &r.Version, &r.Release, &r.Epoch, &r.Arch, &r.Draft,
		&r.ExternalRepoID, &r.ExternalRepoName, &r.PayloadHash, &r.Size, &r.BuildTime, &r.MetadataOnly, scanJSON(&r.Extra),
	}
}

func scanRPM(row scanner) (koji.RPM, error) {
	var r koji.RPM
	err := row.Scan(rpmFields(&r)...)
	return r, err
}

// RPM finds an rpm, nil if there is none.
func (tx *Tx) RPM(ctx context.Context, id int64) (*koji.RPM, error) {
	if !FitsID(id) {
		return nil, nil
	}
	r, found, err := one(ctx, tx, `SELECT `+rpmColumns+rpmTables+` WHERE r.id = ?`, []any{id}, scanRPM)
	if err != nil || !found {
		return nil, wrap(err, "find rpm %d", id)
	}
	return &r, nil
}

// RPMsByName finds the rpms of a name, version, release and arch: in an external repo, in the builds, or with repo nil
// everywhere. Those of builds that are no drafts come first, then drafts, the newest first, then external ones.
func (tx *Tx) RPMsByName(ctx context.Context, n koji.NVRA, repo *int64) ([]koji.RPM, error) {
	query, args := `SELECT `+rpmColumns+rpmTables+` WHERE r.name = ? AND r.version = ? AND r.release = ? AND r.arch = ?`,
		[]any{n.Name, n.Version, n.Release, n.Arch}
	if repo != nil {
		query, args = query+` AND r.external_repo_id = ?`, append(args, *repo)
	}
	l, err := list(ctx, tx, query+` ORDER BY CASE WHEN r.external_repo_id <> 0 THEN 2 WHEN r.draft = TRUE THEN 1 ELSE 0 END, r.id DESC`, args, scanRPM)
	return l, wrap(err, "find rpm %s", n)
}

// RPMFilter chooses rpms; what is nil chooses nothing.
type RPMFilter struct {
	Build     *int64
	Buildroot *int64 // in which they were built
	Host      *int64 // on which they were built
	Image     *int64 // the archive they are components of
	Component *int64 // the buildroot they were installed in
	Arches    []string
	Draft     *bool
}

var rpmOrder = map[string]string{
	"id": "r.id", "build_id": "r.build_id", "buildroot_id": "r.buildroot_id", "name": "r.name", "version": "r.version",
	"release": "r.release", "epoch": "r.epoch", "arch": "r.arch", "draft": "r.draft", "external_repo_id": "r.external_repo_id",
	"external_repo_name": "x.name", "payloadhash": "r.payloadhash", "size": "r.size", "buildtime": "r.buildtime",
	"metadata_only": "r.metadata_only", "extra": "r.extra", "nvr": "r.name || '-' || r.version || '-' || r.release",
}

// ListRPMs streams the rpms that a filter chooses, by id where opts have no order; with opts.CountOnly it counts them.
func (tx *Tx) ListRPMs(ctx context.Context, f RPMFilter, opts QueryOpts) (iter.Seq2[koji.RPM, error], int64, error) {
	columns, tables, order := rpmColumns, rpmTables, rpmOrder
	where, args := ` WHERE TRUE`, []any(nil)
	add := func(cond string, arg ...any) { where, args = where+` AND `+cond, append(args, arg...) }
	if f.Component != nil {
		columns += `, bl.buildroot_id, bl.is_update`
		tables += ` JOIN buildroot_listing bl ON bl.rpm_id = r.id`
		add(`bl.buildroot_id = ?`, *f.Component)
	}
	if f.Image != nil {
		tables += ` JOIN archive_rpm_components ac ON ac.rpm_id = r.id`
		add(`ac.archive_id = ?`, *f.Image)
	}
	if f.Host != nil {
		tables += ` JOIN standard_buildroot sb ON sb.buildroot_id = r.buildroot_id`
		add(`sb.host_id = ?`, *f.Host)
	}
	if f.Build != nil {
		add(`r.build_id = ?`, *f.Build)
	}
	if f.Buildroot != nil {
		add(`r.buildroot_id = ?`, *f.Buildroot)
	}
	if f.Arches != nil {
		add(`r.arch IN `+in(len(f.Arches)), anys(f.Arches)...)
	}
	if f.Draft != nil {
		add(`r.draft = ?`, *f.Draft)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, `SELECT r.id`+tables+where, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(`SELECT `+columns+tables+where, args, order, "r.id")
	if err != nil {
		return nil, 0, err
	}
	read := stream[koji.RPM]
	if f.Build != nil && !opts.paged() {
		read = short[koji.RPM]
	}
	return read(ctx, tx, query, args, func(row scanner) (koji.RPM, error) {
		var r koji.RPM
		dest := rpmFields(&r)
		if f.Component != nil {
			dest = append(dest, &r.ComponentBuildID, &r.IsUpdate)
		}
		err := row.Scan(dest...)
		r.NVR = r.Name + "-" + r.Version + "-" + r.Release
		return r, wrap(err, "list rpms")
	}), 0, nil
}

// buildRPMColumns are those of rpms that builds have, which are in no external repo.
const buildRPMColumns = `r.id, r.build_id, r.buildroot_id, r.name, r.version, r.release, r.epoch, r.arch, r.draft,
	r.payloadhash, r.size, r.buildtime, r.metadata_only, r.extra`

// taggedChunk is how many builds' rpms one query reads.
const taggedChunk = 250

// RPMsOfBuilds streams the rpms of builds, build by build; with sigs one row for each signature, its key in SigKey.
// Rpms that other builds in the list have too come once for each. ExternalRepoID is 0, without its name.
func (tx *Tx) RPMsOfBuilds(ctx context.Context, builds []int64, arches []string, sigs bool) iter.Seq2[koji.RPM, error] {
	if sigs {
		return tx.rpmsOfBuilds(ctx, builds, arches, sigs)
	}
	return func(yield func(koji.RPM, error) bool) {
		lists, served, err := tx.keptRPMsOf(ctx, builds)
		if err != nil {
			yield(koji.RPM{}, err)
			return
		}
		if !served {
			tx.rpmsOfBuilds(ctx, builds, arches, sigs)(yield)
			return
		}
		for _, list := range lists {
			for i := range list {
				if (arches == nil || slices.Contains(arches, list[i].Arch)) && !yield(list[i], nil) {
					return
				}
			}
		}
	}
}

// rpmsOfBuilds is RPMsOfBuilds from the database.
func (tx *Tx) rpmsOfBuilds(ctx context.Context, builds []int64, arches []string, sigs bool) iter.Seq2[koji.RPM, error] {
	return func(yield func(koji.RPM, error) bool) {
		for chunk := range slices.Chunk(builds, taggedChunk) {
			walk, args := walkTable("build_id", chunk)
			columns, join := buildRPMColumns+`, NULL`, ``
			if sigs {
				columns, join = buildRPMColumns+`, s.sigkey`, ` LEFT JOIN rpmsigs s ON s.rpm_id = r.id`
			}
			query := walk + ` SELECT ` + columns + ` FROM walk` + tx.thenJoin() + `rpminfo r ON r.build_id = walk.build_id` + join
			if arches != nil {
				query, args = query+` WHERE r.arch IN `+in(len(arches)), append(args, anys(arches)...)
			}
			query += ` ORDER BY walk.place, r.id`
			if sigs {
				query += `, s.sigkey`
			}
			for r, err := range stream(ctx, tx, query, args, func(row scanner) (koji.RPM, error) {
				var r koji.RPM
				err := row.Scan(&r.ID, &r.BuildID, &r.BuildrootID, &r.Name, &r.Version, &r.Release, &r.Epoch, &r.Arch, &r.Draft,
					&r.PayloadHash, &r.Size, &r.BuildTime, &r.MetadataOnly, scanJSON(&r.Extra), &r.SigKey)
				return r, wrap(err, "list rpms of builds")
			}) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// InsertRPM inserts an rpm of a build, which must be there, or with Build 0 of an external repo, and returns its id.
// It is an error when that NVRA is there already, but for a draft's.
func (tx *Tx) InsertRPM(ctx context.Context, r koji.RPM) (int64, error) {
	extra, err := jsonArg(r.Extra)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO rpminfo (build_id, buildroot_id, name, version, release, epoch, arch, draft,
			external_repo_id, payloadhash, size, buildtime, metadata_only, extra)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		r.BuildID, r.BuildrootID, r.Name, r.Version, r.Release, r.Epoch, r.Arch, r.Draft,
		r.ExternalRepoID, r.PayloadHash, r.Size, r.BuildTime, r.MetadataOnly, extra)
	if duplicate(err) {
		return 0, koji.NewError(koji.CodeGeneric, fmt.Sprintf("rpm %s is already there", r.FileName()))
	}
	return id, wrap(err, "insert rpm %s", r.FileName())
}
