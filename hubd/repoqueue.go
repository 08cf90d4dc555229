package hubd

import (
	"koji"
	"koji/sqlstore"
)

// repoCheckQueue moves the requests for repos on: tasks that ended bring a repo
// or another try, and requests without a task get one while there is room.
// Koji: reference/scheduler_repos.md, "Queue processing".
func repoCheckQueue(c *call, _ none) (any, error) {
	if mine, err := c.tx.LockRepoQueue(c, false); err != nil || !mine {
		return nil, err // another is at it
	}
	requests, err := c.tx.OpenRepoRequests(c, 0)
	if err != nil {
		return nil, err
	}
	var room repoRoom
	var waiting []*koji.RepoRequest
	changed := false
	for i := range requests {
		q := &requests[i]
		if q.TaskID == nil {
			waiting = append(waiting, q)
			continue
		}
		working, err := c.checkRepoTask(q)
		if err != nil {
			return nil, err
		}
		if working {
			room.take(q)
			continue
		}
		changed = true
		if q.Active && q.TaskID == nil {
			waiting = append(waiting, q)
		}
	}
	for _, q := range waiting {
		if !room.has(c.hub.cfg, q) {
			continue
		}
		if err := c.startRequest(q); err != nil {
			return nil, err
		}
		room.take(q)
		changed = true
	}
	if !changed {
		return nil, nil
	}
	return nil, c.tx.CleanRepoRequests(c, c.tx.Now().Add(-c.hub.cfg.RequestCleanTime))
}

// repoRoom counts the tasks that are at work on requests.
type repoRoom struct{ all, maven int64 }

func isMaven(q *koji.RepoRequest) bool {
	opts, _ := q.Opts.(map[string]any)
	return truthy(opts["maven"])
}

func (r *repoRoom) take(q *koji.RepoRequest) {
	r.all++
	if isMaven(q) {
		r.maven++
	}
}

func (r *repoRoom) has(cfg *Config, q *koji.RepoRequest) bool {
	return r.all < cfg.MaxRepoTasks && (!isMaven(q) || r.maven < cfg.MaxRepoTasksMaven)
}

// checkRepoTask looks how a request's task stands, and says whether it is
// still at work. If not, the request gets the repo, or loses the task, or ends
// when it had its tries.
func (c *call) checkRepoTask(q *koji.RepoRequest) (working bool, err error) {
	t, err := c.tx.Task(c, *q.TaskID)
	if err != nil {
		return false, err
	}
	if t != nil && !t.Finished() {
		return true, nil
	}
	if t != nil && t.State == koji.TaskClosed {
		repo, err := c.tx.TaskRepo(c, t.ID)
		if err != nil {
			return false, err
		}
		if repo != nil && fulfils(repo, q) {
			q.Active = false
			return false, c.fulfil(q, repo)
		}
		c.log().Warn("newRepo task brought no repo that its request wants", "task", t.ID, "request", q.ID, "tag", q.TagName)
	}
	if q.Tries > c.hub.cfg.RepoRetries {
		q.Active = false
		c.log().Warn("repo request given up", "request", q.ID, "tag", q.TagName, "tries", q.Tries)
		return false, c.tx.DropRepoRequest(c, q.ID)
	}
	q.TaskID = nil
	return false, c.tx.RetryRepoRequest(c, q.ID)
}

// startRequest makes the task that works on a request.
func (c *call) startRequest(q *koji.RepoRequest) error {
	opts, _ := q.Opts.(map[string]any)
	if opts == nil {
		opts = map[string]any{}
	}
	named := map[string]any{"opts": opts}
	if q.AtEvent != nil {
		named["event"] = *q.AtEvent
	}
	priority := int64(newRepoPriority)
	o := taskOptions{
		Method: "newRepo", Params: []any{map[string]any{"id": q.TagID, "name": q.TagName}}, Named: named,
		Priority: &priority, Channel: "createrepo",
	}
	owner, found, err := c.tx.NameByName(c, sqlstore.UserNames, c.hub.cfg.RepoQueueUser)
	if err != nil {
		return err
	}
	if found {
		o.Owner = owner.ID
	}
	id, err := c.makeTask(o)
	if err != nil {
		return err
	}
	return c.tx.StartRepoRequest(c, q.ID, id)
}
