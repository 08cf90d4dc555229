package sqlstore

import (
	"context"

	"koji"
)

// RPMReference is an rpm that refers to a build: something of the build was in its buildroot.
type RPMReference struct {
	ID      int64  `xmlrpc:"id"`
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Release string `xmlrpc:"release"`
	Arch    string `xmlrpc:"arch"`
	BuildID int64  `xmlrpc:"build_id"`
}

// ArchiveReference is an archive that refers to a build likewise.
type ArchiveReference struct {
	ID       int64  `xmlrpc:"id"`
	TypeID   int64  `xmlrpc:"type_id"`
	TypeName string `xmlrpc:"type_name"`
	BuildID  int64  `xmlrpc:"build_id"`
	FileName string `xmlrpc:"filename"`
}

// RPMsBuiltWith are the rpms of COMPLETE builds in whose buildroots a build's rpms were, by id; all with limit nil.
func (tx *Tx) RPMsBuiltWith(ctx context.Context, build int64, limit *int64) ([]RPMReference, error) {
	query, args := QueryOpts{Limit: limit}.page(`SELECT DISTINCT r.id, r.name, r.version, r.release, r.arch, r.build_id
		FROM rpminfo mine
		JOIN buildroot_listing bl ON bl.rpm_id = mine.id
		JOIN rpminfo r ON r.buildroot_id = bl.buildroot_id
		JOIN build b ON b.id = r.build_id
		WHERE mine.build_id = ? AND b.state = ? ORDER BY r.id`, []any{build, int(koji.BuildComplete)})
	l, err := list(ctx, tx, query, args, func(row scanner) (RPMReference, error) {
		var r RPMReference
		err := row.Scan(&r.ID, &r.Name, &r.Version, &r.Release, &r.Arch, &r.BuildID)
		return r, err
	})
	return l, wrap(err, "list rpms built with build %d", build)
}

// ArchivesBuiltWith are the archives of COMPLETE builds in whose buildroots a build's archives were, by id; all with
// limit nil.
func (tx *Tx) ArchivesBuiltWith(ctx context.Context, build int64, limit *int64) ([]ArchiveReference, error) {
	query, args := QueryOpts{Limit: limit}.page(`SELECT DISTINCT a.id, a.type_id, t.name, a.build_id, a.filename
		FROM archiveinfo mine
		JOIN buildroot_archives ba ON ba.archive_id = mine.id
		JOIN archiveinfo a ON a.buildroot_id = ba.buildroot_id
		JOIN archivetypes t ON t.id = a.type_id
		JOIN build b ON b.id = a.build_id
		WHERE mine.build_id = ? AND b.state = ? ORDER BY a.id`, []any{build, int(koji.BuildComplete)})
	l, err := list(ctx, tx, query, args, func(row scanner) (ArchiveReference, error) {
		var a ArchiveReference
		err := row.Scan(&a.ID, &a.TypeID, &a.TypeName, &a.BuildID, &a.FileName)
		return a, err
	})
	return l, wrap(err, "list archives built with build %d", build)
}

// ComponentOf are the ids of the archives of COMPLETE builds that hold rpms or archives of a build, by id; all with limit nil.
func (tx *Tx) ComponentOf(ctx context.Context, build int64, limit *int64) ([]int64, error) {
	query, args := QueryOpts{Limit: limit}.page(`SELECT a.id FROM archiveinfo a JOIN build b ON b.id = a.build_id
		WHERE b.state = ? AND a.id IN (
			SELECT c.archive_id FROM archive_rpm_components c JOIN rpminfo mine ON mine.id = c.rpm_id WHERE mine.build_id = ?
			UNION SELECT c.archive_id FROM archive_components c JOIN archiveinfo mine ON mine.id = c.component_id WHERE mine.build_id = ?)
		ORDER BY a.id`, []any{int(koji.BuildComplete), build, build})
	l, err := list(ctx, tx, query, args, value[int64])
	return l, wrap(err, "list archives that hold parts of build %d", build)
}

// LastUse is the event at which the newest buildroot was made that something of a build was in, nil when there is none.
func (tx *Tx) LastUse(ctx context.Context, build int64) (*koji.Event, error) {
	event, err := value[*int64](tx.queryRow(ctx, `SELECT max(event) FROM (
			SELECT max(s.create_event) AS event FROM rpminfo mine
			JOIN buildroot_listing bl ON bl.rpm_id = mine.id
			JOIN standard_buildroot s ON s.buildroot_id = bl.buildroot_id
			WHERE mine.build_id = ?
			UNION ALL
			SELECT max(s.create_event) FROM archiveinfo mine
			JOIN buildroot_archives ba ON ba.archive_id = mine.id
			JOIN standard_buildroot s ON s.buildroot_id = ba.buildroot_id
			WHERE mine.build_id = ?) AS uses`, build, build))
	if err != nil || event == nil {
		return nil, wrap(err, "find last use of build %d", build)
	}
	return tx.FindEvent(ctx, *event)
}
