package sqlstore

import (
	"context"
	"iter"

	"koji"
)

const repoColumns = `r.id, r.tag_id, t.name, r.state, r.state_time, r.create_event, ce.time, r.creation_time,
	r.begin_event, be.time, r.end_event, ee.time, r.dist, r.opts, r.custom_opts, r.task_id, k.state`

const repoTables = ` FROM repo r
	JOIN tag t ON t.id = r.tag_id
	JOIN events ce ON ce.id = r.create_event
	LEFT JOIN events be ON be.id = r.begin_event
	LEFT JOIN events ee ON ee.id = r.end_event
	LEFT JOIN task k ON k.id = r.task_id`

func scanRepo(row scanner) (koji.Repo, error) {
	var r koji.Repo
	err := row.Scan(
		&r.ID, &r.TagID, &r.TagName, &r.State, scanTime(&r.StateTime, &r.StateTS), &r.CreateEvent, scanTime(nil, &r.CreateTS),
		scanTime(&r.CreationTime, &r.CreationTS), &r.BeginEvent, scanTime(nil, &r.BeginTS), &r.EndEvent, scanTime(nil, &r.EndTS),
		&r.Dist, scanJSON(&r.Opts), scanJSON(&r.CustomOpts), &r.TaskID, &r.TaskState,
	)
	return r, err
}

// Repo finds a repo, nil if there is none.
func (tx *Tx) Repo(ctx context.Context, id int64) (*koji.Repo, error) {
	return tx.oneRepo(ctx, `WHERE r.id = ?`, id)
}

// LockRepo is Repo that waits until no other transaction changes it.
func (tx *Tx) LockRepo(ctx context.Context, id int64) (*koji.Repo, error) {
	if !FitsID(id) {
		return nil, nil
	}
	if _, _, err := one(ctx, tx, `SELECT id FROM repo WHERE id = ?`+tx.forUpdate(), []any{id}, value[int64]); err != nil {
		return nil, wrap(err, "lock repo %d", id)
	}
	return tx.Repo(ctx, id)
}

func (tx *Tx) oneRepo(ctx context.Context, where string, args ...any) (*koji.Repo, error) {
	for _, a := range args {
		if id, ok := a.(int64); ok && !FitsID(id) {
			return nil, nil
		}
	}
	r, found, err := one(ctx, tx, `SELECT `+repoColumns+repoTables+` `+where, args, scanRepo)
	if err != nil || !found {
		return nil, wrap(err, "find repo")
	}
	return &r, nil
}

// NewestRepo is a tag's newest repo of a state or, with event, of any state and no newer than that; minEvent is the
// oldest that counts.
func (tx *Tx) NewestRepo(ctx context.Context, tag int64, dist bool, state koji.RepoState, event, minEvent *int64) (*koji.Repo, error) {
	where, args := `WHERE r.tag_id = ? AND r.dist = ?`, []any{tag, dist}
	if event != nil {
		where, args = where+` AND r.create_event <= ?`, append(args, *event)
	} else {
		where, args = where+` AND r.state = ?`, append(args, int64(state))
	}
	if minEvent != nil {
		where, args = where+` AND r.create_event >= ?`, append(args, *minEvent)
	}
	return tx.oneRepo(ctx, where+` ORDER BY r.creation_time DESC, r.id DESC LIMIT 1`, args...)
}

// ReadyRepos are a tag's READY repos that are no dist repos, at the event or, with at nil, from the event min on; the
// newest come first.
func (tx *Tx) ReadyRepos(ctx context.Context, tag int64, at, min *int64) ([]koji.Repo, error) {
	where, args := ` WHERE r.tag_id = ? AND r.state = 1 AND r.dist = FALSE`, []any{tag}
	if at != nil {
		where, args = where+` AND r.create_event = ?`, append(args, *at)
	}
	if min != nil {
		where, args = where+` AND r.create_event >= ?`, append(args, *min)
	}
	l, err := list(ctx, tx, `SELECT `+repoColumns+repoTables+where+` ORDER BY r.create_event DESC, r.id DESC`, args, scanRepo)
	return l, wrap(err, "list repos of tag %d", tag)
}

// TaskRepo is the newest repo that a task made, nil if it made none.
func (tx *Tx) TaskRepo(ctx context.Context, task int64) (*koji.Repo, error) {
	return tx.oneRepo(ctx, `WHERE r.task_id = ? ORDER BY r.id DESC LIMIT 1`, task)
}

// ActiveRepo is a repo as getActiveRepos tells it.
type ActiveRepo struct {
	ID          int64          `xmlrpc:"id"`
	State       koji.RepoState `xmlrpc:"state"`
	TaskID      *int64         `xmlrpc:"task_id"`
	CreateEvent int64          `xmlrpc:"create_event"`
	CreateTS    *float64       `xmlrpc:"create_ts"`
	CreationTS  *float64       `xmlrpc:"creation_ts"`
	StateTS     *float64       `xmlrpc:"state_ts"`
	EndEvent    *int64         `xmlrpc:"end_event"`
	Dist        bool           `xmlrpc:"dist"`
	Opts        any            `xmlrpc:"opts"`
	TagID       int64          `xmlrpc:"tag_id"`
	TagName     string         `xmlrpc:"tag_name"`
}

// ActiveRepos streams the repos that aren't DELETED.
func (tx *Tx) ActiveRepos(ctx context.Context) iter.Seq2[ActiveRepo, error] {
	return stream(ctx, tx, `SELECT `+repoColumns+repoTables+` WHERE r.state <> 3 ORDER BY r.id`, nil, func(row scanner) (ActiveRepo, error) {
		r, err := scanRepo(row)
		return ActiveRepo{
			r.ID, r.State, r.TaskID, r.CreateEvent, r.CreateTS, r.CreationTS, r.StateTS, r.EndEvent, r.Dist, r.Opts, r.TagID, r.TagName,
		}, wrap(err, "list active repos")
	})
}

// NewRepo is a repo to insert.
type NewRepo struct {
	Tag         int64
	CreateEvent int64
	BeginEvent  *int64
	EndEvent    *int64
	Dist        bool
	Opts        any
	CustomOpts  any
	Task        int64
}

// InsertRepo inserts a repo in state INIT and returns its id.
func (tx *Tx) InsertRepo(ctx context.Context, n NewRepo) (int64, error) {
	opts, err := jsonArg(n.Opts)
	if err != nil {
		return 0, err
	}
	custom, err := jsonArg(n.CustomOpts)
	if err != nil {
		return 0, err
	}
	id, err := tx.insertID(ctx, `INSERT INTO repo (creation_time, create_event, state_time, begin_event, end_event, tag_id, state, dist, opts, custom_opts, task_id)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) RETURNING id`,
		tx.now, n.CreateEvent, tx.now, n.BeginEvent, n.EndEvent, n.Tag, n.Dist, opts, custom, nullID(n.Task))
	return id, wrap(err, "insert repo of tag %d", n.Tag)
}

// SetRepoState changes a repo's state, at the transaction's time.
func (tx *Tx) SetRepoState(ctx context.Context, id int64, state koji.RepoState) error {
	_, err := tx.exec(ctx, `UPDATE repo SET state = ?, state_time = ? WHERE id = ?`, int(state), tx.now, id)
	return wrap(err, "set state of repo %d", id)
}

// SetRepoEnd stores the event at which a repo's tag changed.
func (tx *Tx) SetRepoEnd(ctx context.Context, id, event int64) error {
	_, err := tx.exec(ctx, `UPDATE repo SET end_event = ? WHERE id = ?`, event, id)
	return wrap(err, "set end of repo %d", id)
}

// CurrentRepos are the READY repos that are no dist repos and have no end event.
func (tx *Tx) CurrentRepos(ctx context.Context) ([]koji.Repo, error) {
	l, err := list(ctx, tx, `SELECT `+repoColumns+repoTables+` WHERE r.state = 1 AND r.dist = FALSE AND r.end_event IS NULL ORDER BY r.id`, nil, scanRepo)
	return l, wrap(err, "list current repos")
}

// NewerReadyRepo says whether a tag has another READY repo of the same kind of a later event: one without options of its
// own, or a dist repo.
func (tx *Tx) NewerReadyRepo(ctx context.Context, r *koji.Repo) (bool, error) {
	repos, err := list(ctx, tx, `SELECT `+repoColumns+repoTables+`
		WHERE r.tag_id = ? AND r.state = 1 AND r.dist = ? AND r.id <> ? AND r.create_event > ? ORDER BY r.id`,
		[]any{r.TagID, r.Dist, r.ID, r.CreateEvent}, scanRepo)
	if err != nil {
		return false, wrap(err, "look for newer repos of tag %d", r.TagID)
	}
	for _, other := range repos {
		custom, _ := other.CustomOpts.(map[string]any)
		if r.Dist || len(custom) == 0 {
			return true, nil
		}
	}
	return false, nil
}

// RepoReference is a buildroot that still uses a repo.
type RepoReference struct {
	ID          int64               `xmlrpc:"id"`
	HostID      int64               `xmlrpc:"host_id"`
	TaskID      int64               `xmlrpc:"task_id"`
	CreateEvent int64               `xmlrpc:"create_event"`
	State       koji.BuildrootState `xmlrpc:"state"`
}

// RepoReferences are the buildroots of a repo that aren't EXPIRED.
func (tx *Tx) RepoReferences(ctx context.Context, id int64) ([]RepoReference, error) {
	if !FitsID(id) {
		return []RepoReference{}, nil
	}
	l, err := list(ctx, tx, `SELECT buildroot_id, host_id, task_id, create_event, state FROM standard_buildroot
		WHERE repo_id = ? AND state <> 3 ORDER BY buildroot_id`, []any{id}, func(row scanner) (RepoReference, error) {
		var r RepoReference
		err := row.Scan(&r.ID, &r.HostID, &r.TaskID, &r.CreateEvent, &r.State)
		return r, err
	})
	return l, wrap(err, "list references to repo %d", id)
}

var repoView = view{
	name: "repo", from: "repo r",
	fields: map[string]viewField{
		"id": {column: "r.id"}, "tag_id": {column: "r.tag_id"}, "state": {column: "r.state"}, "task_id": {column: "r.task_id"},
		"create_event": {column: "r.create_event"}, "begin_event": {column: "r.begin_event"}, "end_event": {column: "r.end_event"},
		"dist": {column: "r.dist", kind: viewBool}, "opts": {column: "r.opts", kind: viewJSON},
		"custom_opts":   {column: "r.custom_opts", kind: viewJSON},
		"creation_time": {column: "r.creation_time", kind: viewTime}, "creation_ts": {column: "r.creation_time", kind: viewSeconds},
		"state_time": {column: "r.state_time", kind: viewTime}, "state_ts": {column: "r.state_time", kind: viewSeconds},
		"tag_name":   {column: "t.name", kind: viewText, join: "tag"},
		"task_state": {column: "k.state", join: "task"},
		"create_ts":  {column: "ce.time", kind: viewSeconds, join: "create"},
		"begin_ts":   {column: "be.time", kind: viewSeconds, join: "begin"},
		"end_ts":     {column: "ee.time", kind: viewSeconds, join: "end"},
	},
	joins: map[string]string{
		"tag":    ` JOIN tag t ON t.id = r.tag_id`,
		"task":   ` LEFT JOIN task k ON k.id = r.task_id`,
		"create": ` LEFT JOIN events ce ON ce.id = r.create_event`,
		"begin":  ` LEFT JOIN events be ON be.id = r.begin_event`,
		"end":    ` LEFT JOIN events ee ON ee.id = r.end_event`,
	},
	standard: []string{"create_event", "custom_opts", "dist", "id", "opts", "state", "tag_id", "task_id"},
}

// QueryRepos answers repo.query.
func (tx *Tx) QueryRepos(ctx context.Context, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	return tx.ask(ctx, &repoView, q)
}
