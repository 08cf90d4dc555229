package sqlstore

import (
	"context"
	"fmt"
	"time"

	"koji"
)

const buildColumns = `b.id AS id, b.id AS build_id, p.name || '-' || b.version || '-' || b.release, p.name AS name, p.name AS package_name, b.pkg_id, b.version, b.release, b.epoch,
	b.state, b.draft, b.owner, u.name, b.task_id, b.cg_id, g.name, b.volume_id, v.name, b.source, b.extra, b.start_time,
	b.completion_time, b.create_event, e.time, b.promotion_time, b.promoter, pr.name`

const buildTables = ` FROM build b
	JOIN package p ON p.id = b.pkg_id
	JOIN users u ON u.id = b.owner
	JOIN volume v ON v.id = b.volume_id
	JOIN events e ON e.id = b.create_event
	LEFT JOIN content_generator g ON g.id = b.cg_id
	LEFT JOIN users pr ON pr.id = b.promoter`

func buildFields(b *koji.Build) []any {
	return []any{
		&b.ID, &b.BuildID, &b.NVR, &b.Name, &b.PackageName, &b.PackageID, &b.Version, &b.Release, &b.Epoch,
		&b.State, &b.Draft, &b.OwnerID, &b.OwnerName, &b.TaskID, &b.CGID, &b.CGName, &b.VolumeID, &b.VolumeName, &b.Source,
		scanJSON(&b.Extra), scanTime(&b.StartTime, &b.StartTS), scanTime(&b.CompletionTime, &b.CompletionTS),
		&b.CreationEventID, scanTime(&b.CreationTime, &b.CreationTS), scanTime(&b.PromotionTime, &b.PromotionTS),
		&b.PromoterID, &b.PromoterName,
	}
}

func scanBuild(row scanner) (koji.Build, error) {
	var b koji.Build
	err := row.Scan(buildFields(&b)...)
	return b, err
}

// Build finds a build, nil if there is none.
func (tx *Tx) Build(ctx context.Context, id int64) (*koji.Build, error) {
	if !FitsID(id) {
		return nil, nil
	}
	b, found, err := one(ctx, tx, `SELECT `+buildColumns+buildTables+` WHERE b.id = ?`, []any{id}, scanBuild)
	if err != nil || !found {
		return nil, wrap(err, "find build %d", id)
	}
	return &b, nil
}

// BuildByNVR finds a build by its name, version and release, nil if there is none.
func (tx *Tx) BuildByNVR(ctx context.Context, n koji.NVR) (*koji.Build, error) {
	b, found, err := one(ctx, tx, `SELECT `+buildColumns+buildTables+`
		WHERE p.name = ? AND b.version = ? AND b.release = ?`, []any{n.Name, n.Version, n.Release}, scanBuild)
	if err != nil || !found {
		return nil, wrap(err, "find build %s", n)
	}
	return &b, nil
}

// BuildIDByNVR finds a build's id by its name, version and release, 0 if there is none.
func (tx *Tx) BuildIDByNVR(ctx context.Context, name, version, release string) (int64, error) {
	id, _, err := one(ctx, tx, `SELECT b.id FROM build b JOIN package p ON p.id = b.pkg_id
		WHERE p.name = ? AND b.version = ? AND b.release = ?`, []any{name, version, release}, value[int64])
	return id, wrap(err, "find build %s-%s-%s", name, version, release)
}

// LockBuild waits until no other transaction changes the build, and returns its state then.
func (tx *Tx) LockBuild(ctx context.Context, id int64) (state koji.BuildState, found bool, err error) {
	n, found, err := one(ctx, tx, `SELECT state FROM build WHERE id = ?`+tx.forUpdate(), []any{id}, value[int64])
	return koji.BuildState(n), found, wrap(err, "lock build %d", id)
}

// NewBuild is a build to insert. Zero ids, and the zero Completed, are NULL.
type NewBuild struct {
	Package   int64
	Version   string
	Release   string // the target's, when Draft
	Epoch     *int64
	Draft     bool
	State     koji.BuildState
	Owner     int64
	Task      int64
	CG        int64
	Volume    int64
	Source    *string
	Extra     any
	Started   time.Time
	Completed time.Time
}

// InsertBuild inserts a build, at an event of its own, and returns its id. A draft's release becomes "RELEASE,draft_ID".
func (tx *Tx) InsertBuild(ctx context.Context, n NewBuild) (int64, error) {
	event, err := tx.NewEvent(ctx)
	if err != nil {
		return 0, err
	}
	extra, err := jsonArg(n.Extra)
	if err != nil {
		return 0, err
	}
	id, err := tx.nextID(ctx, "build")
	if err != nil {
		return 0, err
	}
	release := n.Release
	if n.Draft {
		release = fmt.Sprintf("%s,draft_%d", n.Release, id)
	}
	err = tx.insert(ctx, "build", columns{
		{"id", id},
		{"volume_id", n.Volume},
		{"pkg_id", n.Package},
		{"version", n.Version},
		{"release", release},
		{"epoch", n.Epoch},
		{"draft", n.Draft},
		{"source", n.Source},
		{"create_event", event},
		{"start_time", tx.time(n.Started)},
		{"completion_time", tx.time(n.Completed)},
		{"state", int(n.State)},
		{"task_id", nullID(n.Task)},
		{"owner", n.Owner},
		{"cg_id", nullID(n.CG)},
		{"extra", extra},
	})
	return id, wrap(err, "insert build")
}

// RecycleBuild puts a build that failed or was canceled into use again, at a new event. Its NVR stays.
func (tx *Tx) RecycleBuild(ctx context.Context, id int64, n NewBuild) error {
	event, err := tx.NewEvent(ctx)
	if err != nil {
		return err
	}
	extra, err := jsonArg(n.Extra)
	if err != nil {
		return err
	}
	cols := columns{
		{"volume_id", n.Volume},
		{"epoch", n.Epoch},
		{"source", n.Source},
		{"create_event", event},
		{"start_time", tx.time(n.Started)},
		{"completion_time", tx.time(n.Completed)},
		{"state", int(n.State)},
		{"task_id", nullID(n.Task)},
		{"owner", n.Owner},
		{"extra", extra},
	}
	if n.CG != 0 { // else it stays with the generator that reserved it
		cols = append(cols, column{"cg_id", n.CG})
	}
	if _, err = tx.update(ctx, "build", cols, "id = ?", id); err != nil {
		return wrap(err, "recycle build %d", id)
	}
	for _, table := range []string{"build_types", "maven_builds", "win_builds", "image_builds"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE build_id = ?`, id); err != nil {
			return wrap(err, "recycle build %d", id)
		}
	}
	return nil
}

// BuildUse says what of a build keeps it from being recycled.
func (tx *Tx) BuildUse(ctx context.Context, id int64) (rpms, archives, tags bool, err error) {
	var r, a, t int64
	err = tx.queryRow(ctx, `SELECT (SELECT count(*) FROM rpminfo WHERE build_id = ?), (SELECT count(*) FROM archiveinfo WHERE build_id = ?),
		(SELECT count(*) FROM tag_listing WHERE build_id = ?)`, id, id, id).Scan(&r, &a, &t)
	return r > 0, a > 0, t > 0, wrap(err, "look for content of build %d", id)
}

// EndBuild puts a build into a state that isn't BUILDING; completed is when that was. A reservation ends.
func (tx *Tx) EndBuild(ctx context.Context, id int64, state koji.BuildState, completed time.Time) error {
	_, err := tx.exec(ctx, `UPDATE build SET state = ?, completion_time = ? WHERE id = ?`, int(state), tx.time(completed), id)
	if err != nil {
		return wrap(err, "end build %d", id)
	}
	_, err = tx.exec(ctx, `DELETE FROM build_reservations WHERE build_id = ?`, id)
	return wrap(err, "end reservation of build %d", id)
}

// CompleteBuild is EndBuild with the volume, source and extra that only a finished build knows.
func (tx *Tx) CompleteBuild(ctx context.Context, id, volume int64, completed time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE build SET volume_id = ? WHERE id = ?`, volume, id); err != nil {
		return wrap(err, "set volume of build %d", id)
	}
	return tx.EndBuild(ctx, id, koji.BuildComplete, completed)
}

// CompleteReserved is CompleteBuild for a build that a content generator reserved: its owner, source and extra, and a task
// if n has one, are known only now. It began when it was reserved.
func (tx *Tx) CompleteReserved(ctx context.Context, id int64, n NewBuild, completed time.Time) error {
	extra, err := jsonArg(n.Extra)
	if err != nil {
		return err
	}
	cols := columns{{"owner", n.Owner}, {"source", n.Source}, {"extra", extra}}
	if n.Task != 0 {
		cols = append(cols, column{"task_id", n.Task})
	}
	if _, err := tx.update(ctx, "build", cols, "id = ?", id); err != nil {
		return wrap(err, "fill build %d", id)
	}
	return tx.CompleteBuild(ctx, id, n.Volume, completed)
}

// SetBuildOwner gives a build another owner.
func (tx *Tx) SetBuildOwner(ctx context.Context, id, owner int64) error {
	_, err := tx.exec(ctx, `UPDATE build SET owner = ? WHERE id = ?`, owner, id)
	return wrap(err, "set owner of build %d", id)
}

// TaskBuilds are the BUILDING builds of a task, by id.
func (tx *Tx) TaskBuilds(ctx context.Context, task int64) ([]koji.Build, error) {
	l, err := list(ctx, tx, `SELECT `+buildColumns+buildTables+` WHERE b.task_id = ? AND b.state = ? ORDER BY b.id`,
		[]any{task, int(koji.BuildBuilding)}, scanBuild)
	return l, wrap(err, "list builds of task %d", task)
}

// AddBuildType records that a build has content of a type; that it was recorded before is no error.
func (tx *Tx) AddBuildType(ctx context.Context, build, btype int64) error {
	_, err := tx.exec(ctx, `INSERT INTO build_types (build_id, btype_id) VALUES (?, ?) ON CONFLICT (build_id, btype_id) DO NOTHING`, build, btype)
	return wrap(err, "add type %d to build %d", btype, build)
}

// BuildTypes are the types of a build with what is known of each: Koji's own tables for maven, win and image, else the
// member of extra's typeinfo.
func (tx *Tx) BuildTypes(ctx context.Context, b *koji.Build) (map[string]any, error) {
	names, err := few(ctx, tx, `SELECT t.name FROM build_types bt JOIN btype t ON t.id = bt.btype_id WHERE bt.build_id = ? ORDER BY t.name`,
		[]any{b.ID}, value[string])
	if err != nil {
		return nil, wrap(err, "list types of build %d", b.ID)
	}
	types := map[string]any{}
	for _, name := range names {
		extra, _ := b.Extra.(map[string]any)
		info, _ := extra["typeinfo"].(map[string]any)
		types[name] = info[name]
	}
	maven, err := tx.MavenBuild(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	if maven != nil {
		types["maven"] = map[string]any{"build_id": b.ID, "group_id": maven.GroupID, "artifact_id": maven.ArtifactID, "version": maven.Version}
	}
	platform, err := tx.WinBuild(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	if platform != nil {
		types["win"] = map[string]any{"build_id": b.ID, "platform": *platform}
	}
	image, err := tx.IsImageBuild(ctx, b.ID)
	if image {
		types["image"] = map[string]any{"build_id": b.ID}
	}
	return types, err
}

// ListBuildTypes lists the names of build types; id and name choose one where given.
func (tx *Tx) ListBuildTypes(ctx context.Context, id *int64, name *string, opts QueryOpts) ([]Name, int64, error) {
	query, args := `SELECT id, name FROM btype WHERE TRUE`, []any(nil)
	if id != nil {
		query, args = query+` AND id = ?`, append(args, *id)
	}
	if name != nil {
		query, args = query+` AND name = ?`, append(args, *name)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, query, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(query, args, map[string]string{"id": "id", "name": "name"}, "id")
	if err != nil {
		return nil, 0, err
	}
	l, err := list(ctx, tx, query, args, scanName)
	return l, int64(len(l)), wrap(err, "list build types")
}

// NewestRelease is the release of the package's newest build of a version that is COMPLETE, DELETED or BUILDING and no
// draft; "" when there is none.
func (tx *Tx) NewestRelease(ctx context.Context, name, version string) (string, error) {
	release, _, err := one(ctx, tx, `SELECT b.release FROM build b JOIN package p ON p.id = b.pkg_id
		WHERE p.name = ? AND b.version = ? AND b.state IN (0, 1, 2) AND b.draft = FALSE ORDER BY b.id DESC LIMIT 1`,
		[]any{name, version}, value[string])
	return release, wrap(err, "find newest release of %s-%s", name, version)
}

// AverageBuildDuration is the mean of the seconds that a package's builds of tasks took from their beginning to their end,
// of those that ended after the time, which may be zero; nil when there are none.
func (tx *Tx) AverageBuildDuration(ctx context.Context, pkg int64, after time.Time) (*float64, error) {
	query, args := `SELECT e.time, b.completion_time FROM build b JOIN events e ON e.id = b.create_event
		WHERE b.pkg_id = ? AND b.state = 1 AND b.task_id IS NOT NULL`, []any{pkg}
	if !after.IsZero() {
		query, args = query+` AND b.completion_time > ?`, append(args, tx.time(after))
	}
	sum, n := 0.0, 0
	for d, err := range stream(ctx, tx, query+` ORDER BY b.id`, args, func(row scanner) (time.Duration, error) {
		var start, end stamp
		err := row.Scan(&start, &end)
		return end.Sub(start.Time), err
	}) {
		if err != nil {
			return nil, wrap(err, "read durations of builds")
		}
		sum, n = sum+d.Seconds(), n+1
	}
	if n == 0 {
		return nil, nil
	}
	mean := sum / float64(n)
	return &mean, nil
}
