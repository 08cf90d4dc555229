package sqlstore

import (
	"context"
	"iter"
	"time"

	"koji"
)

// BuildFilter chooses builds; what is nil, "" or zero chooses nothing. Prefix, Pattern and Source don't look at case.
type BuildFilter struct {
	Package, Owner, Task, CG, Volume, State, Promoter *int64

	AnyTask bool   // only builds of a task
	Prefix  string // of the package's name
	Pattern string // Koji's wildcards, against the NVR
	Source  string // likewise
	Draft   *bool

	CreatedBefore, CreatedAfter, CompletedBefore, CompletedAfter, PromotedBefore, PromotedAfter time.Time

	Type BuildType
}

// BuildType chooses builds that have content of a type. Name is maven, win or image for the types with tables of their
// own, whose columns can be matched with wildcards in Info; ID is any other type's.
type BuildType struct {
	Name string
	ID   int64
	Info map[string]string
}

// BuildTypeInfo is what a listing of maven or win builds tells beside the build.
type BuildTypeInfo struct {
	MavenGroupID    *string `xmlrpc:"maven_group_id,omitempty"`
	MavenArtifactID *string `xmlrpc:"maven_artifact_id,omitempty"`
	MavenVersion    *string `xmlrpc:"maven_version,omitempty"`
	Platform        *string `xmlrpc:"platform,omitempty"`
}

// ListedBuild is a build as listBuilds tells it: without id, cg_id and cg_name.
type ListedBuild struct {
	koji.Build
	ID     int64   `xmlrpc:"id,omitempty"`
	CGID   *int64  `xmlrpc:"cg_id,omitempty"`
	CGName *string `xmlrpc:"cg_name,omitempty"`
	BuildTypeInfo
}

// join is the SQL that narrows builds (b) to the type, the columns it adds and where they go.
func (t BuildType) join(tx *Tx, info *BuildTypeInfo) (columns, join string, joinArgs []any, where string, whereArgs []any, dest []any) {
	match := func(key, column string) {
		if pattern, ok := t.Info[key]; ok {
			where += ` AND ` + tx.like(column)
			whereArgs = append(whereArgs, glob(pattern))
		}
	}
	switch {
	case t.Name == "maven":
		columns, join = `, mb.group_id, mb.artifact_id, mb.version`, ` JOIN maven_builds mb ON mb.build_id = b.id`
		dest = []any{&info.MavenGroupID, &info.MavenArtifactID, &info.MavenVersion}
		match("group_id", "mb.group_id")
		match("artifact_id", "mb.artifact_id")
		match("version", "mb.version")
	case t.Name == "win":
		columns, join = `, wb.platform`, ` JOIN win_builds wb ON wb.build_id = b.id`
		dest = []any{&info.Platform}
		match("platform", "wb.platform")
	case t.Name == "image":
		join = ` JOIN image_builds ib ON ib.build_id = b.id`
	case t.ID != 0:
		join, joinArgs = ` JOIN build_types bt ON bt.build_id = b.id AND bt.btype_id = ?`, []any{t.ID}
	}
	return columns, join, joinArgs, where, whereArgs, dest
}

func (f BuildFilter) query(tx *Tx) (string, []any) {
	var info BuildTypeInfo
	more, join, args, typeWhere, typeArgs, _ := f.Type.join(tx, &info)
	query := `SELECT ` + buildColumns + more + buildTables + join + ` WHERE TRUE` + typeWhere
	args = append(args, typeArgs...)
	add := func(cond string, arg ...any) { query, args = query+` AND `+cond, append(args, arg...) }
	for _, eq := range []struct {
		column string
		value  *int64
	}{
		{"b.pkg_id", f.Package},
		{"b.owner", f.Owner},
		{"b.task_id", f.Task},
		{"b.cg_id", f.CG},
		{"b.volume_id", f.Volume},
		{"b.state", f.State},
		{"b.promoter", f.Promoter},
	} {
		if eq.value != nil {
			add(eq.column+` = ?`, *eq.value)
		}
	}
	if f.AnyTask {
		add(`b.task_id IS NOT NULL`)
	}
	if f.Prefix != "" {
		add(tx.like("p.name"), glob(f.Prefix)+"%")
	}
	if f.Pattern != "" {
		add(tx.like("p.name || '-' || b.version || '-' || b.release"), glob(f.Pattern))
	}
	if f.Source != "" {
		add(tx.like("b.source"), glob(f.Source))
	}
	if f.Draft != nil {
		add(`b.draft = ?`, *f.Draft)
	}
	for _, t := range []struct {
		cond string
		at   time.Time
	}{
		{"e.time < ?", f.CreatedBefore},
		{"e.time > ?", f.CreatedAfter},
		{"b.completion_time < ?", f.CompletedBefore},
		{"b.completion_time > ?", f.CompletedAfter},
		{"b.promotion_time < ?", f.PromotedBefore},
		{"b.promotion_time > ?", f.PromotedAfter},
	} {
		if !t.at.IsZero() {
			add(t.cond, tx.time(t.at))
		}
	}
	return query, args
}

// buildOrder maps the keys of builds to columns.
var buildOrder = map[string]string{
	"build_id": "b.id", "id": "b.id", "nvr": "p.name || '-' || b.version || '-' || b.release", "name": "p.name", "package_name": "p.name",
	"package_id": "b.pkg_id", "version": "b.version", "release": "b.release", "epoch": "b.epoch", "state": "b.state", "draft": "b.draft",
	"owner_id": "b.owner", "owner_name": "u.name", "task_id": "b.task_id", "volume_id": "b.volume_id", "volume_name": "v.name",
	"source": "b.source", "extra": "b.extra", "start_time": "b.start_time", "start_ts": "b.start_time",
	"completion_time": "b.completion_time", "completion_ts": "b.completion_time", "creation_event_id": "b.create_event",
	"creation_time": "e.time", "creation_ts": "e.time", "promotion_time": "b.promotion_time", "promotion_ts": "b.promotion_time",
	"promoter_id": "b.promoter", "promoter_name": "pr.name",
}

// ListBuilds streams the builds that a filter chooses, by id where opts have no order.
func (tx *Tx) ListBuilds(ctx context.Context, f BuildFilter, opts QueryOpts) (iter.Seq2[ListedBuild, error], error) {
	query, args := f.query(tx)
	query, args, err := opts.apply(query, args, buildOrder, "b.id")
	if err != nil {
		return nil, err
	}
	read := stream[ListedBuild]
	if f.Package != nil && !opts.paged() {
		read = short[ListedBuild]
	}
	return read(ctx, tx, query, args, func(row scanner) (ListedBuild, error) {
		var b ListedBuild
		_, _, _, _, _, dest := f.Type.join(tx, &b.BuildTypeInfo)
		err := row.Scan(append(buildFields(&b.Build), dest...)...)
		return b, wrap(err, "list builds")
	}), nil
}

// CountBuilds counts the builds that a filter chooses.
func (tx *Tx) CountBuilds(ctx context.Context, f BuildFilter, opts QueryOpts) (int64, error) {
	query, args := f.query(tx)
	return tx.count(ctx, query, args, opts)
}

// UntaggedBuild is a build as untaggedBuilds tells it.
type UntaggedBuild struct {
	ID      int64  `xmlrpc:"id"`
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Release string `xmlrpc:"release"`
}

// UntaggedBuilds lists the COMPLETE builds that are in no tag, of a package where name isn't "", or counts them.
func (tx *Tx) UntaggedBuilds(ctx context.Context, name string, draft *bool, opts QueryOpts) (iter.Seq2[UntaggedBuild, error], int64, error) {
	query, args := `SELECT b.id, p.name, b.version, b.release FROM build b JOIN package p ON p.id = b.pkg_id
		WHERE b.state = 1 AND NOT EXISTS (SELECT 1 FROM tag_listing l WHERE l.build_id = b.id AND l.active = TRUE)`, []any(nil)
	if name != "" {
		query, args = query+` AND p.name = ?`, append(args, name)
	}
	if draft != nil {
		query, args = query+` AND b.draft = ?`, append(args, *draft)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, query, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(query, args, map[string]string{"id": "b.id", "name": "p.name", "version": "b.version", "release": "b.release"}, "b.id")
	if err != nil {
		return nil, 0, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (UntaggedBuild, error) {
		var b UntaggedBuild
		err := row.Scan(&b.ID, &b.Name, &b.Version, &b.Release)
		return b, wrap(err, "list untagged builds")
	}), 0, nil
}
