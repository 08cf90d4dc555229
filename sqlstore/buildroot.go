package sqlstore

import (
	"context"
	"iter"
	"slices"
	"strings"

	"koji"
)

const buildrootColumns = `b.id, b.br_type, b.cg_id, g.name, b.cg_version, b.container_type, b.container_arch, b.host_os, b.host_arch,
	b.extra, b.container_arch, s.state, s.task_id, s.host_id, h.name, s.repo_id, r.state, r.tag_id, t.name, s.create_event, ce.time,
	s.retire_event, re.time, r.create_event, rce.time`

const buildrootTables = ` FROM buildroot b
	LEFT JOIN standard_buildroot s ON s.buildroot_id = b.id
	LEFT JOIN content_generator g ON g.id = b.cg_id
	LEFT JOIN host h ON h.id = s.host_id
	LEFT JOIN repo r ON r.id = s.repo_id
	LEFT JOIN tag t ON t.id = r.tag_id
	LEFT JOIN events ce ON ce.id = s.create_event
	LEFT JOIN events re ON re.id = s.retire_event
	LEFT JOIN events rce ON rce.id = r.create_event`

func buildrootFields(b *koji.Buildroot) []any {
	return []any{
		&b.ID, &b.BRType, &b.CGID, &b.CGName, &b.CGVersion, &b.ContainerType, &b.ContainerArch, &b.HostOS, &b.HostArch,
		scanJSON(&b.Extra), &b.Arch, &b.State, &b.TaskID, &b.HostID, &b.HostName, &b.RepoID, &b.RepoState, &b.TagID, &b.TagName,
		&b.CreateEventID, scanTime(&b.CreateEventTime, &b.CreateTS), &b.RetireEventID, scanTime(&b.RetireEventTime, &b.RetireTS),
		&b.RepoCreateEvent, scanTime(&b.RepoCreateTime, nil),
	}
}

// Buildroot finds a buildroot, nil if there is none.
func (tx *Tx) Buildroot(ctx context.Context, id int64) (*koji.Buildroot, error) {
	if !FitsID(id) {
		return nil, nil
	}
	b, found, err := one(ctx, tx, `SELECT `+buildrootColumns+buildrootTables+` WHERE b.id = ?`, []any{id}, func(row scanner) (koji.Buildroot, error) {
		var b koji.Buildroot
		err := row.Scan(buildrootFields(&b)...)
		return b, err
	})
	if err != nil || !found {
		return nil, wrap(err, "find buildroot %d", id)
	}
	return &b, nil
}

// BuildrootFilter chooses buildroots; what is nil chooses nothing.
type BuildrootFilter struct {
	Host, Tag, Task, Repo *int64
	RPM, Archive          *int64 // that is installed in it
	States, IDs           []int64
}

var buildrootOrder = map[string]string{
	"id": "b.id", "br_type": "b.br_type", "arch": "b.container_arch", "container_arch": "b.container_arch", "state": "s.state",
	"task_id": "s.task_id", "host_id": "s.host_id", "host_name": "h.name", "repo_id": "s.repo_id", "repo_state": "r.state",
	"tag_id": "r.tag_id", "tag_name": "t.name", "create_event_id": "s.create_event", "create_event_time": "ce.time", "create_ts": "ce.time",
	"retire_event_id": "s.retire_event", "retire_event_time": "re.time", "retire_ts": "re.time", "repo_create_event_id": "r.create_event",
	"repo_create_event_time": "rce.time", "cg_id": "b.cg_id", "cg_name": "g.name", "cg_version": "b.cg_version",
	"container_type": "b.container_type", "host_os": "b.host_os", "host_arch": "b.host_arch",
}

// ListBuildroots streams the buildroots that a filter chooses, by id where opts have no order; with opts.CountOnly it
// counts them.
func (tx *Tx) ListBuildroots(ctx context.Context, f BuildrootFilter, opts QueryOpts) (iter.Seq2[koji.Buildroot, error], int64, error) {
	columns, tables, where, args := buildrootColumns, buildrootTables, ` WHERE TRUE`, []any(nil)
	add := func(cond string, arg ...any) { where, args = where+` AND `+cond, append(args, arg...) }
	if f.RPM != nil {
		columns += `, bl.is_update`
		tables += ` JOIN buildroot_listing bl ON bl.buildroot_id = b.id`
		add(`bl.rpm_id = ?`, *f.RPM)
	}
	if f.Archive != nil {
		tables += ` JOIN buildroot_archives ba ON ba.buildroot_id = b.id`
		add(`ba.archive_id = ?`, *f.Archive)
	}
	for _, eq := range []struct {
		column string
		value  *int64
	}{{"s.host_id", f.Host}, {"r.tag_id", f.Tag}, {"s.task_id", f.Task}, {"s.repo_id", f.Repo}} {
		if eq.value != nil {
			add(eq.column+` = ?`, *eq.value)
		}
	}
	if f.States != nil {
		add(`s.state IN `+in(len(f.States)), anys(f.States)...)
	}
	if f.IDs != nil {
		add(`b.id IN `+in(len(f.IDs)), anys(f.IDs)...)
	}
	if opts.CountOnly {
		n, err := tx.count(ctx, `SELECT b.id`+tables+where, args, opts)
		return nil, n, err
	}
	query, args, err := opts.apply(`SELECT `+columns+tables+where, args, buildrootOrder, "b.id")
	if err != nil {
		return nil, 0, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (koji.Buildroot, error) {
		var b koji.Buildroot
		dest := buildrootFields(&b)
		if f.RPM != nil {
			dest = append(dest, &b.IsUpdate)
		}
		err := row.Scan(dest...)
		return b, wrap(err, "list buildroots")
	}), 0, nil
}

// NewBuildroot is a builder's buildroot to insert.
type NewBuildroot struct {
	Host, Repo, Task int64
	Arch             string
}

// InsertBuildroot inserts a builder's buildroot in state INIT, at an event of its own, and returns its id.
func (tx *Tx) InsertBuildroot(ctx context.Context, n NewBuildroot) (int64, error) {
	event, err := tx.NewEvent(ctx)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO buildroot (br_type, container_type, container_arch) VALUES (0, 'chroot', ?) RETURNING id`, n.Arch)
	if err != nil {
		return 0, wrap(err, "insert buildroot")
	}
	return id, wrap(tx.insert(ctx, "standard_buildroot", columns{
		{"buildroot_id", id},
		{"host_id", n.Host},
		{"repo_id", n.Repo},
		{"task_id", n.Task},
		{"create_event", event},
		{"state", int(koji.BuildrootInit)},
	}), "insert buildroot %d", id)
}

// Tool is a program that a content generator used.
type Tool struct{ Name, Version string }

// GeneratorBuildroot is the buildroot of a content generator, which is no builder's: it has no state, repo or task.
type GeneratorBuildroot struct {
	Generator                    int64
	Version                      string // of the generator
	HostOS, HostArch             string
	ContainerType, ContainerArch string
	Extra                        any
	Tools                        []Tool // no name twice
}

// InsertGeneratorBuildroot inserts a content generator's buildroot, with its tools, and returns its id.
func (tx *Tx) InsertGeneratorBuildroot(ctx context.Context, b GeneratorBuildroot) (int64, error) {
	extra, err := jsonArg(b.Extra)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO buildroot (br_type, cg_id, cg_version, container_type, container_arch, host_os, host_arch, extra)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		b.Generator, b.Version, b.ContainerType, b.ContainerArch, b.HostOS, b.HostArch, extra)
	if err != nil {
		return 0, wrap(err, "insert buildroot of a content generator")
	}
	for _, t := range b.Tools {
		err := tx.insert(ctx, "buildroot_tools_info", columns{{"buildroot_id", id}, {"tool", t.Name}, {"version", t.Version}})
		if err != nil {
			return 0, wrap(err, "add tool to buildroot %d", id)
		}
	}
	return id, nil
}

// LockBuildroot waits until no other transaction changes a builder's buildroot.
func (tx *Tx) LockBuildroot(ctx context.Context, id int64) error {
	if !FitsID(id) {
		return nil
	}
	_, _, err := one(ctx, tx, `SELECT state FROM standard_buildroot WHERE buildroot_id = ?`+tx.forUpdate(), []any{id}, value[*int64])
	return wrap(err, "lock buildroot %d", id)
}

// SetBuildrootState changes a builder's buildroot; EXPIRED retires it at an event of its own.
func (tx *Tx) SetBuildrootState(ctx context.Context, id int64, state koji.BuildrootState) error {
	cols := columns{{"state", int(state)}}
	if state == koji.BuildrootExpired {
		event, err := tx.NewEvent(ctx)
		if err != nil {
			return err
		}
		cols = append(cols, column{"retire_event", event})
	}
	_, err := tx.update(ctx, "standard_buildroot", cols, "buildroot_id = ?", id)
	return wrap(err, "set state of buildroot %d", id)
}

// BuildrootRPM is an rpm that is installed in a buildroot, as getBuildrootListing tells it.
type BuildrootRPM struct {
	RPMID            int64  `xmlrpc:"rpm_id"`
	IsUpdate         bool   `xmlrpc:"is_update"`
	Name             string `xmlrpc:"name"`
	Version          string `xmlrpc:"version"`
	Release          string `xmlrpc:"release"`
	Epoch            *int64 `xmlrpc:"epoch"`
	Arch             string `xmlrpc:"arch"`
	BuildID          *int64 `xmlrpc:"build_id"`
	Draft            *bool  `xmlrpc:"draft"`
	ExternalRepoID   int64  `xmlrpc:"external_repo_id"`
	ExternalRepoName string `xmlrpc:"external_repo_name"`
}

// BuildrootListing streams what is installed in a buildroot, by name.
func (tx *Tx) BuildrootListing(ctx context.Context, id int64) iter.Seq2[BuildrootRPM, error] {
	return stream(ctx, tx, `SELECT r.id, bl.is_update, r.name, r.version, r.release, r.epoch, r.arch, r.build_id, r.draft, r.external_repo_id, x.name
		FROM buildroot_listing bl JOIN rpminfo r ON r.id = bl.rpm_id JOIN external_repo x ON x.id = r.external_repo_id
		WHERE bl.buildroot_id = ? ORDER BY r.name, r.id`, []any{id}, func(row scanner) (BuildrootRPM, error) {
		var r BuildrootRPM
		err := row.Scan(&r.RPMID, &r.IsUpdate, &r.Name, &r.Version, &r.Release, &r.Epoch, &r.Arch, &r.BuildID, &r.Draft,
			&r.ExternalRepoID, &r.ExternalRepoName)
		return r, wrap(err, "list rpms in buildroot %d", id)
	})
}

// AddBuildrootRPMs records what is installed in a buildroot; what was recorded before stays as it is.
func (tx *Tx) AddBuildrootRPMs(ctx context.Context, id int64, rpms []int64, update bool) error {
	for chunk := range slices.Chunk(rpms, 1000) {
		query, args := `INSERT INTO buildroot_listing (buildroot_id, rpm_id, is_update) VALUES `, make([]any, 0, 3*len(chunk))
		for i, rpm := range chunk {
			if i > 0 {
				query += ", "
			}
			query += "(?, ?, ?)"
			args = append(args, id, rpm, update)
		}
		if _, err := tx.exec(ctx, query+` ON CONFLICT (buildroot_id, rpm_id) DO NOTHING`, args...); err != nil {
			return wrap(err, "add rpms to buildroot %d", id)
		}
	}
	return nil
}

// ExternalRepoByURL finds the external repo that has a URL, with or without a slash at its end.
func (tx *Tx) ExternalRepoByURL(ctx context.Context, url string) (Name, bool, error) {
	url = strings.TrimRight(url, "/")
	n, found, err := one(ctx, tx, `SELECT x.id, x.name FROM external_repo x
		JOIN external_repo_config c ON c.external_repo_id = x.id AND c.active = TRUE
		WHERE c.url IN (?, ?) ORDER BY x.id LIMIT 1`, []any{url, url + "/"}, scanName)
	return n, found, wrap(err, "find external repo %s", url)
}
