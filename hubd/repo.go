package hubd

import (
	"strconv"

	"koji"
	"koji/sqlstore"
)

func repoMethods() []method {
	return []method{
		reads("getRepo", anyone, "Newest repo of a tag (READY by default) as a full repo record, or nil.", getRepo),
		reads("repoInfo", anyone, "Full repo record by id.", repoInfo),
		reads("getActiveRepos", anyone, "All repos not in DELETED state.", getActiveRepos),
		reads("repo.get", anyone, "Best READY repo for a tag, event and options.", repoGet),
		reads("repo.query", anyone, "Query view over repos.", repoQuery),
		reads("repo.queryQueue", anyone, "Query view over the request queue.", repoQueryQueue),
		writes("repo.request", user, "Finds a matching repo or queues a request.", repoRequest),
		reads("repo.checkRequest", anyone, "Status of one request: repo, request and maybe task.", repoCheckRequest),
		writes("repo.setRequestPriority", perm("admin"), "Changes the priority of a queued request.", repoSetRequestPriority),
		writes("repo.setState", perm("repo"), "Changes repo state with transition checks.", repoSetState),
		writes("repoExpire", perm("repo"), "Marks a repo EXPIRED.", repoExpire),
		writes("repoDelete", perm("repo"), "Marks a repo DELETED unless buildroots use it; returns the reference count.", repoDelete),
		writes("repoProblem", perm("repo"), "Marks a repo PROBLEM.", repoProblem),
		reads("repo.references", anyone, "Buildroots still using a repo.", repoReferences),
		writes("repo.updateEndEvents", perm("repo"), "Fills end_event of READY repos whose tag changed (kojira).", repoUpdateEndEvents),
		writes("repo.autoRequests", perm("repo"), "Creates requests for tags with repo.auto (kojira).", repoAutoRequests),
		writes("repo.checkQueue", perm("repo"), "Processes the repo request queue and spawns newRepo tasks (kojira).", repoCheckQueue),
		writes("newRepo", perm("repo", "regen-repo"), "Creates a newRepo task; needs repo or regen-repo.", newRepo),
	}
}

// repoRef finds a repo that must be there.
func (c *call) repoRef(ref any) (*koji.Repo, error) {
	id, err := intArg("repo_id", ref)
	if err != nil {
		return nil, err
	}
	r, err := c.tx.Repo(c, id)
	if err == nil && r == nil {
		err = refuse("No such repo: %d", id)
	}
	return r, err
}

type getRepoArgs struct {
	Tag      any    `rpc:"tag"`
	State    any    `rpc:"state=nil"`
	Event    *int64 `rpc:"event=nil"`
	Dist     bool   `rpc:"dist=false"`
	MinEvent *int64 `rpc:"min_event=nil"`
}

func getRepo(c *call, a getRepoArgs) (any, error) {
	tag, _, err := c.tagID(a.Tag)
	if err != nil {
		return nil, err
	}
	state := koji.RepoReady
	if a.State != nil {
		if state, err = repoState(a.State); err != nil {
			return nil, err
		}
	}
	return orNil(c.tx.NewestRepo(c, tag, a.Dist, state, a.Event, a.MinEvent))
}

// orNil is a pointer as an answer: nil travels as nil.
func orNil[T any](v *T, err error) (any, error) {
	if err != nil || v == nil {
		return nil, err
	}
	return v, nil
}

// repoState reads a state: a number, its text, or a name.
func repoState(v any) (koji.RepoState, error) {
	for s := koji.RepoInit; s <= koji.RepoProblem; s++ {
		if v == int64(s) || v == s.String() || v == strconv.Itoa(int(s)) {
			return s, nil
		}
	}
	return 0, fault(koji.CodeParameter, "Invalid repo state: %s", refText(v))
}

type repoInfoArgs struct {
	ID     any  `rpc:"repo_id"`
	Strict bool `rpc:"strict=false"`
}

func repoInfo(c *call, a repoInfoArgs) (any, error) {
	id, err := intArg("repo_id", a.ID)
	if err != nil {
		return nil, err
	}
	r, err := c.tx.Repo(c, id)
	if err == nil && r == nil && a.Strict {
		err = refuse("No such repo: %d", id)
	}
	return orNil(r, err)
}

func getActiveRepos(c *call, _ none) (any, error) { return each(c.tx.ActiveRepos(c)), nil }

type repoQueryArgs struct {
	Clauses any `rpc:"clauses"`
	Fields  any `rpc:"fields=nil"`
	Opts    any `rpc:"opts=nil"`
}

func repoQuery(c *call, a repoQueryArgs) (any, error) {
	return c.view(c.tx.QueryRepos, a.Clauses, a.Fields, a.Opts)
}

func repoQueryQueue(c *call, a viewArgs) (any, error) {
	return c.view(c.tx.QueryRepoRequests, a.Clauses, a.Fields, a.Opts)
}

type repoStateArgs struct {
	ID    any `rpc:"repo_id"`
	State any `rpc:"state"`
}

func repoSetState(c *call, a repoStateArgs) (any, error) {
	r, err := c.lockRepo(a.ID)
	if err != nil {
		return nil, err
	}
	state, err := repoState(a.State)
	if err != nil {
		return nil, err
	}
	return nil, c.moveRepo(r, state)
}

type repoIDArgs struct {
	ID any `rpc:"repo_id"`
}

func repoExpire(c *call, a repoIDArgs) (any, error) {
	return repoSetState(c, repoStateArgs{a.ID, int64(koji.RepoExpired)})
}

func repoProblem(c *call, a repoIDArgs) (any, error) {
	return repoSetState(c, repoStateArgs{a.ID, int64(koji.RepoProblem)})
}

func repoDelete(c *call, a repoIDArgs) (any, error) {
	r, err := c.lockRepo(a.ID)
	if err != nil {
		return nil, err
	}
	references, err := c.tx.RepoReferences(c, r.ID)
	if err != nil || len(references) > 0 {
		return int64(len(references)), err
	}
	return int64(0), c.moveRepo(r, koji.RepoDeleted)
}

func repoReferences(c *call, a repoIDArgs) (any, error) {
	id, err := intArg("repo_id", a.ID)
	if err != nil {
		return nil, err
	}
	return c.tx.RepoReferences(c, id)
}

// lockRepo is repoRef for a repo that is about to change.
func (c *call) lockRepo(ref any) (*koji.Repo, error) {
	id, err := intArg("repo_id", ref)
	if err != nil {
		return nil, err
	}
	r, err := c.tx.LockRepo(c, id)
	if err == nil && r == nil {
		err = refuse("No such repo: %d", id)
	}
	return r, err
}

// moveRepo changes a locked repo's state. States only grow, but DELETED can be
// reached from everywhere and is the last; the same state is no change.
func (c *call) moveRepo(r *koji.Repo, state koji.RepoState) error {
	switch {
	case state == r.State:
		return nil
	case r.State == koji.RepoDeleted, state < r.State && state != koji.RepoDeleted:
		return refuse("repo %d is %s; it can't become %s", r.ID, r.State, state)
	}
	if err := c.tx.SetRepoState(c, r.ID, state); err != nil {
		return err
	}
	r.State = state
	if err := c.notice(koji.Notice{Kind: koji.NoticeRepo, Repo: &koji.RepoNotice{ID: r.ID, Tag: r.TagID, State: state}}); err != nil {
		return err
	}
	if state == koji.RepoReady && !r.Dist {
		return c.fulfilRequests(r)
	}
	return nil
}

// repoUpdateEndEvents finds the repos whose tag changed since.
func repoUpdateEndEvents(c *call, _ none) (any, error) {
	repos, err := c.tx.CurrentRepos(c)
	if err != nil {
		return nil, err
	}
	type state struct{ tag, event int64 }
	known := map[state]*int64{} // repos of one tag often show the same state
	for _, r := range repos {
		s := state{r.TagID, r.CreateEvent}
		end, ok := known[s]
		if !ok {
			if end, err = c.firstChange(r.TagID, r.CreateEvent); err != nil {
				return nil, err
			}
			known[s] = end
		}
		if end == nil {
			continue
		}
		if err := c.tx.SetRepoEnd(c, r.ID, *end); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

type newRepoArgs struct {
	Tag         any    `rpc:"tag"`
	Event       *int64 `rpc:"event=nil"`
	Src         bool   `rpc:"src=false"`
	Debuginfo   bool   `rpc:"debuginfo=false"`
	SeparateSrc bool   `rpc:"separate_src=false"`
}

const newRepoPriority = 15

func newRepo(c *call, a newRepoArgs) (any, error) {
	if !c.hub.cfg.AllowNewRepo {
		return nil, refuse("newRepo is switched off on this hub; use repo.request")
	}
	tag, err := c.tagAt(a.Tag, a.Event)
	if err != nil {
		return nil, err
	}
	if tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	named := map[string]any{}
	if a.Event != nil {
		named["event"] = *a.Event
	}
	for key, on := range map[string]bool{"src": a.Src, "debuginfo": a.Debuginfo, "separate_src": a.SeparateSrc} {
		if on {
			named[key] = true
		}
	}
	priority := int64(newRepoPriority)
	return c.makeTask(taskOptions{Method: "newRepo", Params: []any{tag.Name}, Named: named, Priority: &priority, Channel: "createrepo"})
}
