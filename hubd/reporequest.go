package hubd

import (
	"time"

	"koji"
	"koji/sqlstore"
)

// repoWish is a repo that someone wants: of a tag as it is, at least, after
// MinEvent, or as it was at AtEvent.
type repoWish struct {
	tag      *koji.Tag // with its extra
	minEvent *int64
	atEvent  *int64
	opts     repoOpts
}

// readRepoWish reads the arguments of repo.get and repo.request. min_event
// "last" is the tag's last change, nil one that isn't older than the tag's lag.
func (c *call) readRepoWish(tagRef, minEvent, atEvent, opts any) (w repoWish, err error) {
	if w.opts, err = readRepoOpts(opts, true); err != nil {
		return w, err
	}
	if minEvent != nil && atEvent != nil {
		return w, fault(koji.CodeParameter, "min_event and at_event can't both be given")
	}
	if w.atEvent, err = c.eventArg("at_event", atEvent); err != nil {
		return w, err
	}
	if w.tag, err = c.tagAt(tagRef, w.atEvent); err != nil {
		return w, err
	}
	if w.tag == nil {
		return w, noSuch(sqlstore.TagNames, tagRef)
	}
	if err := c.addExtra(w.tag, false); err != nil {
		return w, err
	}
	switch {
	case w.atEvent != nil:
	case minEvent == "last":
		w.minEvent, err = c.lastChange(w.tag.ID, nil)
	case minEvent != nil:
		var id int64
		id, err = intArg("min_event", minEvent)
		w.minEvent = &id
	default:
		w.minEvent, err = c.laggingEvent(w.tag, c.hub.cfg.RepoLag)
	}
	return w, err
}

// laggingEvent is the oldest state of a tag that is new enough: its last
// change, or the state it had before the lag, whichever is older. The time is
// rounded so that requests of one moment are the same. Koji:
// reference/scheduler_repos.md, "Requests".
func (c *call) laggingEvent(tag *koji.Tag, lag time.Duration) (*int64, error) {
	if n, ok := tag.Extra["repo.lag"].(int64); ok && n >= 0 && n < 1<<31 {
		lag = time.Duration(n) * time.Second
	}
	at := c.tx.Now().Add(-lag)
	if window := c.hub.cfg.RepoLagWindow; window > 0 {
		at = at.Truncate(window)
	}
	event, err := c.tx.EventAt(c, at)
	if err != nil {
		return nil, err
	}
	last, err := c.lastChange(tag.ID, nil)
	if err != nil {
		return nil, err
	}
	if last != nil && (event == 0 || *last < event) {
		return last, nil
	}
	return &event, nil
}

// find is the newest READY repo that is as wanted, nil if there is none.
func (c *call) findRepo(w repoWish) (*koji.Repo, error) {
	repos, err := c.tx.ReadyRepos(c, w.tag.ID, w.atEvent, w.minEvent)
	if err != nil {
		return nil, err
	}
	for i := range repos {
		if w.opts.fits(&repos[i]) {
			return &repos[i], nil
		}
	}
	return nil, nil
}

type repoGetArgs struct {
	Tag      any `rpc:"tag"`
	MinEvent any `rpc:"min_event=nil"`
	AtEvent  any `rpc:"at_event=nil"`
	Opts     any `rpc:"opts=nil"`
}

func repoGet(c *call, a repoGetArgs) (any, error) {
	// Where nothing is asked for, any repo that is READY will do.
	w, err := c.readRepoWish(a.Tag, a.MinEvent, a.AtEvent, a.Opts)
	if err != nil {
		return nil, err
	}
	if a.MinEvent == nil {
		w.minEvent = nil
	}
	return orNil(c.findRepo(w))
}

type repoRequestArgs struct {
	Tag      any  `rpc:"tag"`
	MinEvent any  `rpc:"min_event=nil"`
	AtEvent  any  `rpc:"at_event=nil"`
	Opts     any  `rpc:"opts=nil"`
	Priority any  `rpc:"priority=nil"`
	Force    bool `rpc:"force=false"`
}

func repoRequest(c *call, a repoRequestArgs) (any, error) {
	priority := int64(defaultPriority)
	if a.Priority != nil {
		n, err := intArg("priority", a.Priority)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			if err := c.needPerm("admin"); err != nil {
				return nil, err
			}
		}
		priority += n
	}
	w, err := c.readRepoWish(a.Tag, a.MinEvent, a.AtEvent, a.Opts)
	if err != nil {
		return nil, err
	}
	return c.requestRepo(w, priority, a.Force)
}

// requestRepo answers with a repo that is as wanted or, with force even if
// there is one, with a request for it: one that is there already and brings no
// less, or a new one.
func (c *call) requestRepo(w repoWish, priority int64, force bool) (map[string]any, error) {
	if !force {
		repo, err := c.findRepo(w)
		if err != nil {
			return nil, err
		}
		if repo != nil {
			return repoAnswer(repo, nil, false), nil
		}
	}
	open, err := c.tx.OpenRepoRequests(c, w.tag.ID)
	if err != nil {
		return nil, err
	}
	for i := range open {
		q := &open[i]
		same := w.opts.is(q.Opts)
		if w.atEvent != nil {
			same = same && q.AtEvent != nil && *q.AtEvent == *w.atEvent
		} else {
			same = same && q.MinEvent != nil && (w.minEvent == nil || *q.MinEvent >= *w.minEvent)
		}
		if !same {
			continue
		}
		if priority < q.Priority {
			if err := c.tx.SetRepoRequestPriority(c, q.ID, priority); err != nil {
				return nil, err
			}
			if q, err = c.tx.RepoRequest(c, q.ID); err != nil {
				return nil, err
			}
		}
		return repoAnswer(nil, q, true), nil
	}
	id, err := c.tx.InsertRepoRequest(c, sqlstore.NewRepoRequest{
		Owner: c.session.user, Tag: w.tag.ID, Priority: priority, AtEvent: w.atEvent, MinEvent: w.minEvent, Opts: w.opts,
	})
	if err != nil {
		return nil, err
	}
	if err := c.tellRequest(id, w.tag.ID, 0); err != nil {
		return nil, err
	}
	q, err := c.tx.RepoRequest(c, id)
	return repoAnswer(nil, q, false), err
}

func repoAnswer(repo *koji.Repo, q *koji.RepoRequest, duplicate bool) map[string]any {
	answer := map[string]any{"repo": nil, "request": nil, "duplicate": duplicate}
	if repo != nil {
		answer["repo"] = repo
	}
	if q != nil {
		answer["request"] = q
	}
	return answer
}

// tellRequest tells the event stream of a request: that it is new or, with a
// repo, that it is fulfilled.
func (c *call) tellRequest(id, tag, repo int64) error {
	n := koji.RepoNotice{ID: repo, Tag: tag, Request: id}
	if repo != 0 {
		n.State = koji.RepoReady
	}
	return c.notice(koji.Notice{Kind: koji.NoticeRepo, Repo: &n})
}

type requestIDArgs struct {
	ID any `rpc:"req_id"`
}

func (c *call) requestRef(ref any) (*koji.RepoRequest, error) {
	id, err := intArg("req_id", ref)
	if err != nil {
		return nil, err
	}
	q, err := c.tx.RepoRequest(c, id)
	if err == nil && q == nil {
		err = refuse("No such request: %d", id)
	}
	return q, err
}

func repoCheckRequest(c *call, a requestIDArgs) (any, error) {
	q, err := c.requestRef(a.ID)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"repo": nil, "request": q}
	if q.RepoID != nil {
		answer["repo"], err = orNil(c.tx.Repo(c, *q.RepoID))
		return answer, err
	}
	if q.TaskID != nil {
		answer["task"], err = orNil(c.tx.Task(c, *q.TaskID))
	}
	return answer, err
}

type requestPriorityArgs struct {
	ID       any `rpc:"req_id"`
	Priority any `rpc:"priority"`
}

func repoSetRequestPriority(c *call, a requestPriorityArgs) (any, error) {
	q, err := c.requestRef(a.ID)
	if err != nil {
		return nil, err
	}
	priority, err := intArg("priority", a.Priority)
	if err != nil {
		return nil, err
	}
	if !sqlstore.FitsID(priority) {
		return nil, fault(koji.CodeParameter, "priority: %d is out of range", priority)
	}
	if !q.Active {
		return nil, refuse("Request %d is no longer active", q.ID)
	}
	return nil, c.tx.SetRepoRequestPriority(c, q.ID, priority)
}

// autoPriority is how much later automatic requests are worked on.
const autoPriority = 5

// repoAutoRequests asks for repos of the tags whose extra repo.auto is on.
func repoAutoRequests(c *call, _ none) (any, error) {
	tags, err := c.tx.AutoRepoTags(c)
	if err != nil {
		return nil, err
	}
	for _, n := range tags {
		w := repoWish{opts: repoOpts{}}
		if w.tag, err = c.tagRef(n.ID); err != nil {
			return nil, err
		}
		if err := c.addExtra(w.tag, false); err != nil {
			return nil, err
		}
		if w.minEvent, err = c.laggingEvent(w.tag, c.hub.cfg.RepoAutoLag); err != nil {
			return nil, err
		}
		if _, err := c.requestRepo(w, defaultPriority+autoPriority, false); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// fulfilRequests gives a repo that became READY to the requests that it is good enough for.
func (c *call) fulfilRequests(r *koji.Repo) error {
	open, err := c.tx.OpenRepoRequests(c, r.TagID)
	if err != nil {
		return err
	}
	for i := range open {
		q := &open[i]
		if !fulfils(r, q) {
			continue
		}
		if err := c.fulfil(q, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) fulfil(q *koji.RepoRequest, r *koji.Repo) error {
	if err := c.tx.FulfilRepoRequest(c, q.ID, r.ID); err != nil {
		return err
	}
	return c.tellRequest(q.ID, q.TagID, r.ID)
}

// fulfils says whether a repo is what a request asks for.
func fulfils(r *koji.Repo, q *koji.RepoRequest) bool {
	asked, _ := q.Opts.(map[string]any)
	switch {
	case r.TagID != q.TagID || r.State != koji.RepoReady || r.Dist || !repoOpts(asked).fits(r):
		return false
	case q.AtEvent != nil:
		return r.CreateEvent == *q.AtEvent
	case q.MinEvent != nil:
		return r.CreateEvent >= *q.MinEvent
	}
	return true
}
