package tui

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// repoData is what the hub tells of repos and of those that were asked for.
type repoData struct {
	requests []repoRequest // what is open by priority, then the rest, the newest first
	repos    []repoRow     // the newest first
	tasks    map[int64]*task
	waiting  map[int64][]int64 // waitrepo tasks by the request that will help them
}

// repoRequest is a request for a repo. Its texts are clean.
type repoRequest struct {
	id, owner, priority int64
	ownerName, tag      string
	opts                string
	created, updated    float64
	atEvent, minEvent   int64
	active              bool
	taskID, repoID      int64
	tries               int64
}

// requestKind is how a request stands.
type requestKind uint8

const (
	requestQueued requestKind = iota
	requestRuns
	requestDone
	requestFailed
	requestKinds
)

var requestWords = [requestKinds]string{"queued", "running", "done", "failed"}

var requestMarks = [requestKinds]mark{
	{"◦", ".", roleWait}, {"◉", ">", roleRun}, {"✓", "+", roleDone}, {"✗", "X", roleFail},
}

func (r *repoRequest) state() requestKind {
	switch {
	case r.active && r.taskID != 0:
		return requestRuns
	case r.active:
		return requestQueued
	case r.repoID != 0:
		return requestDone
	}
	return requestFailed
}

// needs is how new a repo has to be for a request.
func (r *repoRequest) needs() string {
	switch {
	case r.atEvent != 0:
		return "event = " + thousands(r.atEvent)
	case r.minEvent != 0:
		return "event ≥ " + thousands(r.minEvent)
	}
	return "any"
}

// until is up to when a request was open.
func (r *repoRequest) until(now float64) float64 {
	if !r.active && r.updated > 0 {
		return r.updated
	}
	return now
}

// repoRow is a repo. Its texts are clean.
type repoRow struct {
	id, tagID, taskID int64
	tag               string
	state             koji.RepoState
	dist              bool
	created           float64
	event             int64 // whose state it holds
	endEvent          int64
	ended             float64
}

// The most requests and repos that are listed.
const (
	requestsListed = 200
	reposListed    = 2000
)

// loadRepos asks for requests, repos and the tasks that have to do with them
// in one request.
func loadRepos(ctx context.Context, h *hub) (*repoData, error) {
	var open, over []koji.RepoRequest
	var repos []koji.Repo
	var tasks, waits []koji.Task
	fields := []string{
		"id", "owner", "owner_name", "priority", "tag_id", "tag_name", "create_ts", "update_ts", "at_event", "min_event", "opts", "active",
		"task_id", "tries", "repo_id",
	}
	m := h.read.Multicall()
	m.Add(&open, "repo.queryQueue", [][]any{{"active", true}}, fields, map[string]any{"order": "priority,id", "limit": requestsListed})
	m.Add(&over, "repo.queryQueue", [][]any{{"active", false}}, fields, map[string]any{"order": "-id", "limit": requestsListed})
	m.Add(&repos, "repo.query",
		[][]any{{"state", "IN", []any{int(koji.RepoInit), int(koji.RepoReady), int(koji.RepoExpired), int(koji.RepoProblem)}}},
		[]string{"id", "tag_id", "tag_name", "state", "creation_ts", "create_event", "end_event", "end_ts", "dist", "task_id"},
		map[string]any{"order": "-id", "limit": reposListed})
	m.Add(&tasks, "listTasks", map[string]any{"method": "newRepo", "state": openTasks, "decode": true}, map[string]any{"order": "id"})
	m.Add(&waits, "listTasks", map[string]any{"method": "waitrepo", "state": openTasks, "decode": true}, map[string]any{"order": "id"})
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	for i := range m.Len() {
		if err := m.Err(i); err != nil {
			return nil, err
		}
	}
	return newRepoData(slices.Concat(open, over), repos, tasks, waits), nil
}

func newRepoData(requests []koji.RepoRequest, repos []koji.Repo, tasks, waits []koji.Task) *repoData {
	d := &repoData{tasks: map[int64]*task{}, waiting: map[int64][]int64{}}
	for _, r := range requests {
		row := repoRequest{
			id: r.ID, owner: r.Owner, priority: r.Priority, ownerName: safetext.Clean(r.OwnerName), tag: safetext.Clean(r.TagName),
			opts: optsText(r.Opts), active: r.Active, tries: r.Tries,
			created: valueOr(r.CreateTS), updated: valueOr(r.UpdateTS), atEvent: valueOr(r.AtEvent), minEvent: valueOr(r.MinEvent),
			taskID: valueOr(r.TaskID), repoID: valueOr(r.RepoID),
		}
		d.requests = append(d.requests, row)
	}
	for _, r := range repos {
		d.repos = append(d.repos, repoRow{
			id: r.ID, tagID: r.TagID, tag: safetext.Clean(r.TagName), state: r.State, dist: r.Dist,
			created: valueOr(r.CreationTS), event: r.CreateEvent, endEvent: valueOr(r.EndEvent), ended: valueOr(r.EndTS), taskID: valueOr(r.TaskID),
		})
	}
	none := names{}
	for _, t := range tasks {
		row := taskOf(t, none)
		d.tasks[t.ID] = &row
	}
	for _, t := range waits {
		if id := d.requestFor(t); id != 0 {
			d.waiting[id] = append(d.waiting[id], t.ID)
		}
	}
	return d
}

// requestFor is the open request for the tag that a waitrepo task waits for.
func (d *repoData) requestFor(t koji.Task) int64 {
	request, _ := t.Request.([]any)
	params, err := koji.ParseTaskParams(t.Method, request)
	if err != nil {
		return 0
	}
	tag, _ := params["tag"].(string)
	for i := range d.requests {
		if d.requests[i].active && d.requests[i].tag == safetext.Clean(tag) {
			return d.requests[i].id
		}
	}
	return 0
}

// before is how many requests of the queue come first.
func (d *repoData) before(r repoRequest) int {
	n := 0
	for i := range d.requests {
		o := &d.requests[i]
		if o.state() == requestQueued && (o.priority < r.priority || o.priority == r.priority && o.id < r.id) {
			n++
		}
	}
	return n
}

// newestOfTags are the newest repos of each tag, and what is being made, by the
// tags' names. What a dist-repo made is apart from what builds use.
func newestOfTags(repos []repoRow) []repoRow {
	type kind struct {
		tag  int64
		dist bool
	}
	seen := map[kind]bool{}
	var list []repoRow
	for _, r := range repos {
		if k := (kind{r.tagID, r.dist}); !seen[k] {
			seen[k] = r.state != koji.RepoInit
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b repoRow) int { return strings.Compare(a.tag, b.tag) })
	return list
}

// optsText are the options of a repo that aren't off.
func optsText(opts any) string {
	m, _ := opts.(map[string]any)
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		switch m[k] {
		case nil, false:
		case true:
			list = append(list, safetext.Clean(k))
		default:
			list = append(list, safetext.Clean(fmt.Sprintf("%s=%v", k, m[k])))
		}
	}
	return strings.Join(list, " ")
}

// valueOr is a value that may be missing.
func valueOr[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
