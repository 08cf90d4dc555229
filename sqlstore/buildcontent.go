package sqlstore

import (
	"context"
	"time"

	"koji"
)

// DeleteBuild marks a build DELETED and forgets the signatures and checksums of its rpms, whose files are gone. It leaves
// its tags at the call's event. The rows of its rpms and archives stay.
func (tx *Tx) DeleteBuild(ctx context.Context, id, user int64) error {
	for _, table := range []string{"rpmsigs", "rpm_checksum"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE rpm_id IN (SELECT id FROM rpminfo WHERE build_id = ?)`, id); err != nil {
			return wrap(err, "delete %s of build %d", table, id)
		}
	}
	if _, err := tx.revoke(ctx, "tag_listing", user, "build_id = ?", id); err != nil {
		return wrap(err, "untag build %d", id)
	}
	_, err := tx.exec(ctx, `UPDATE build SET state = ? WHERE id = ?`, int(koji.BuildDeleted), id)
	return wrap(err, "delete build %d", id)
}

// ResetBuild takes all from a build that it holds, with every trace of it in tags, buildroots and archives, and marks it
// CANCELED: its NVR can be used again.
func (tx *Tx) ResetBuild(ctx context.Context, id int64, now time.Time) error {
	const rpms, archives = `(SELECT id FROM rpminfo WHERE build_id = ?)`, `(SELECT id FROM archiveinfo WHERE build_id = ?)`
	for _, d := range []string{
		`rpmsigs WHERE rpm_id IN ` + rpms,
		`rpm_checksum WHERE rpm_id IN ` + rpms,
		`buildroot_listing WHERE rpm_id IN ` + rpms,
		`archive_rpm_components WHERE rpm_id IN ` + rpms,
		`rpminfo WHERE build_id = ?`,
		`maven_archives WHERE archive_id IN ` + archives,
		`win_archives WHERE archive_id IN ` + archives,
		`image_archives WHERE archive_id IN ` + archives,
		`buildroot_archives WHERE archive_id IN ` + archives,
		`archive_rpm_components WHERE archive_id IN ` + archives,
		`archive_components WHERE archive_id IN ` + archives,
		`archive_components WHERE component_id IN ` + archives,
		`archiveinfo WHERE build_id = ?`,
		`maven_builds WHERE build_id = ?`,
		`win_builds WHERE build_id = ?`,
		`image_builds WHERE build_id = ?`,
		`build_types WHERE build_id = ?`,
		`build_reservations WHERE build_id = ?`,
		`tag_listing WHERE build_id = ?`,
	} {
		if _, err := tx.exec(ctx, `DELETE FROM `+d, id); err != nil {
			return wrap(err, "reset build %d", id)
		}
	}
	_, err := tx.exec(ctx, `UPDATE build SET state = ?, task_id = NULL, volume_id = 0, completion_time = coalesce(completion_time, ?) WHERE id = ?`,
		int(koji.BuildCanceled), tx.time(now), id)
	return wrap(err, "reset build %d", id)
}

// SetBuildTime changes when a build was completed.
func (tx *Tx) SetBuildTime(ctx context.Context, id int64, completed time.Time) error {
	_, err := tx.exec(ctx, `UPDATE build SET completion_time = ? WHERE id = ?`, tx.time(completed), id)
	return wrap(err, "set completion time of build %d", id)
}

// SetBuildVolume changes the volume on which a build's files are.
func (tx *Tx) SetBuildVolume(ctx context.Context, id, volume int64) error {
	_, err := tx.exec(ctx, `UPDATE build SET volume_id = ? WHERE id = ?`, volume, id)
	return wrap(err, "set volume of build %d", id)
}

// PromoteBuild makes a draft a regular build of another release. An rpm of the same name in another build is a fault.
func (tx *Tx) PromoteBuild(ctx context.Context, id int64, release string, user int64, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE build SET draft = FALSE, release = ?, promoter = ?, promotion_time = ? WHERE id = ?`, release, user, tx.time(now), id)
	if duplicate(err) {
		return koji.NewError(koji.CodeGeneric, "the build, or one of its rpms, is there already under that name")
	}
	return wrap(err, "promote build %d", id)
}

// VolumeUsed says whether the files of any build are on a volume.
func (tx *Tx) VolumeUsed(ctx context.Context, volume int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM build WHERE volume_id = ? LIMIT 1`, []any{volume}, value[int64])
	return found, wrap(err, "look for builds on volume %d", volume)
}

// RemoveVolume removes a volume that no build is on.
func (tx *Tx) RemoveVolume(ctx context.Context, volume int64) error {
	_, err := tx.exec(ctx, `DELETE FROM volume WHERE id = ?`, volume)
	return wrap(err, "remove volume %d", volume)
}
