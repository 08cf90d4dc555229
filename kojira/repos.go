package kojira

import (
	"context"
	"errors"
	"fmt"
	"time"

	"koji"
)

// repos are all that aren't DELETED, with what must be known to judge them.
type repos struct {
	list   []koji.Repo
	latest map[kind]int64 // the newest READY one by create_event
}

// kind is what a repo is of; custom options make it one of its own.
type kind struct {
	tag  int64
	dist bool
}

func newRepos(list []koji.Repo) *repos {
	r := &repos{list: list, latest: map[kind]int64{}}
	best := map[kind]koji.Repo{}
	for _, repo := range list {
		if repo.State != koji.RepoReady || !repo.Dist && !defaultOpts(repo) {
			continue
		}
		k := kind{repo.TagID, repo.Dist}
		b, ok := best[k]
		if !ok || repo.CreateEvent > b.CreateEvent || repo.CreateEvent == b.CreateEvent && repo.ID > b.ID {
			best[k] = repo
		}
	}
	for k, repo := range best {
		r.latest[k] = repo.ID
	}
	return r
}

// defaultOpts says whether a repo was made as its tag wants it.
func defaultOpts(r koji.Repo) bool {
	m, _ := r.CustomOpts.(map[string]any)
	return len(m) == 0
}

func (r *repos) isLatest(repo koji.Repo) bool {
	return r.latest[kind{repo.TagID, repo.Dist}] == repo.ID
}

// verdict is what is to be done with a repo.
type verdict int

const (
	keep         verdict = iota
	keepChecked          // not to be looked at again for a while
	markProblem          // it will never be ready
	expire               // nobody shall begin to use it
	deleteUnused         // unless somebody still uses it
)

// judge decides by state and age. isTarget tells whether a tag is built in.
func (c *Config) judge(r koji.Repo, all *repos, isTarget func(tag int64) bool, now time.Time) verdict {
	age := now.Sub(since(r))
	switch r.State {
	case koji.RepoInit:
		ended := r.TaskState != nil && (koji.TaskState(*r.TaskState) == koji.TaskCanceled || koji.TaskState(*r.TaskState) == koji.TaskFailed)
		if ended || age > c.InitTimeout {
			return markProblem
		}
	case koji.RepoReady:
		return c.judgeReady(r, all, isTarget, age)
	case koji.RepoExpired, koji.RepoProblem:
		if age > c.ExpiredLifetime {
			return deleteUnused
		}
	}
	return keep
}

func (c *Config) judgeReady(r koji.Repo, all *repos, isTarget func(tag int64) bool, age time.Duration) verdict {
	lifetime := c.RepoLifetime
	if r.Dist {
		lifetime = c.DistRepoLifetime
	}
	switch {
	case !r.Dist && r.EndEvent == nil && defaultOpts(r):
		return keep
	case age <= lifetime:
		return keep
	case r.Dist && all.isLatest(r):
		return keepChecked
	case !r.Dist && all.isLatest(r) && isTarget(r.TagID):
		return keepChecked
	}
	return expire
}

// since is when a repo came into its state.
func since(r koji.Repo) time.Time {
	for _, ts := range []*float64{r.StateTS, r.CreationTS, r.CreateTS} {
		if ts != nil {
			return koji.FromSeconds(*ts)
		}
	}
	return r.CreationTime.Time
}

// manageRepos looks at every repo and does what is due, then prunes.
func (k *keeper) manageRepos(ctx context.Context) error {
	var list []koji.Repo
	clauses := []any{[]any{"state", "!=", int(koji.RepoDeleted)}}
	if err := k.hub.Call(ctx, "repo.query", &list, clauses, []any{"**"}); err != nil {
		return err
	}
	var targets []koji.Target
	if err := k.hub.Call(ctx, "getBuildTargets", &targets); err != nil {
		return err
	}
	buildTags := map[int64]bool{}
	for _, t := range targets {
		buildTags[t.BuildTag] = true
	}
	all, now := newRepos(list), k.now()
	var errs []error
	known := map[int64]bool{}
	for _, r := range list {
		known[r.ID] = true
		if k.checked[r.ID].After(now) {
			continue
		}
		v := k.cfg.judge(r, all, func(tag int64) bool { return buildTags[tag] }, now)
		if err := k.carryOut(ctx, r, v, now); err != nil {
			errs = append(errs, fmt.Errorf("repo %d: %w", r.ID, err))
		}
	}
	for id := range k.checked {
		if !known[id] {
			delete(k.checked, id)
		}
	}
	return errors.Join(append(errs, k.prune(ctx, known))...)
}

func (k *keeper) carryOut(ctx context.Context, r koji.Repo, v verdict, now time.Time) error {
	switch v {
	case keepChecked:
		k.checked[r.ID] = now.Add(k.cfg.RecheckPeriod)
	case markProblem:
		k.log.Warn("repo will never be ready", "repo", r.ID, "tag", r.TagName)
		return k.hub.Call(ctx, "repoProblem", nil, r.ID)
	case expire:
		k.log.Info("expire repo", "repo", r.ID, "tag", r.TagName)
		return k.hub.Call(ctx, "repoExpire", nil, r.ID)
	case deleteUnused:
		return k.deleteUnused(ctx, r, now)
	}
	return nil
}

// deleteUnused deletes a repo that no buildroot uses.
func (k *keeper) deleteUnused(ctx context.Context, r koji.Repo, now time.Time) error {
	var references []any
	if err := k.hub.Call(ctx, "repo.references", &references, r.ID); err != nil {
		return err
	}
	if len(references) > 0 {
		k.log.Info("repo is still used", "repo", r.ID, "tag", r.TagName, "buildroots", len(references))
		k.checked[r.ID] = now.Add(k.cfg.ReferenceRecheck)
		return nil
	}
	k.log.Info("delete repo", "repo", r.ID, "tag", r.TagName)
	if err := k.hub.Call(ctx, "repo.setState", nil, r.ID, int(koji.RepoDeleted)); err != nil {
		return err
	}
	return k.rm.remove(ctx, repoDir(r))
}
