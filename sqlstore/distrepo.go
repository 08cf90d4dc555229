package sqlstore

import (
	"context"
	"slices"

	"koji"
)

// StoredRPM is an rpm of a build and what tells where its file is.
type StoredRPM struct {
	koji.RPM
	Package, BuildVersion, BuildRelease, Volume string
}

// StoredRPMs finds rpms of builds by their ids. Those that aren't there are left out.
func (tx *Tx) StoredRPMs(ctx context.Context, ids []int64) (map[int64]*StoredRPM, error) {
	rpms := make(map[int64]*StoredRPM, len(ids))
	for chunk := range slices.Chunk(ids, taggedChunk) {
		walk, args := walkTable("rpm_id", chunk)
		l, err := list(ctx, tx, walk+` SELECT `+rpmColumns+`, p.name, b.version, b.release, v.name`+`
			FROM walk JOIN rpminfo r ON r.id = walk.rpm_id JOIN external_repo x ON x.id = r.external_repo_id
			JOIN build b ON b.id = r.build_id JOIN package p ON p.id = b.pkg_id JOIN volume v ON v.id = b.volume_id
			ORDER BY walk.place`, args, func(row scanner) (StoredRPM, error) {
			var r StoredRPM
			err := row.Scan(append(rpmFields(&r.RPM), &r.Package, &r.BuildVersion, &r.BuildRelease, &r.Volume)...)
			return r, err
		})
		if err != nil {
			return nil, wrap(err, "find rpms")
		}
		for i := range l {
			rpms[l[i].ID] = &l[i]
		}
	}
	return rpms, nil
}

// SetRepoTask stores the task that makes a repo.
func (tx *Tx) SetRepoTask(ctx context.Context, repo, task int64) error {
	_, err := tx.exec(ctx, `UPDATE repo SET task_id = ? WHERE id = ?`, task, repo)
	return wrap(err, "set task of repo %d", repo)
}
