package kojid

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"koji"
)

// findRepo gives a repo of a tag that is fit to build in: at once if there is
// one, else by a subtask that waits for it. With fresh it must have all that is
// in the tag now, with builds these as well.
func (t *Task) findRepo(ctx context.Context, tag string, fresh bool, builds []any) (*koji.Repo, error) {
	var minEvent, nvrs any
	if fresh || len(builds) > 0 {
		minEvent = "last"
		if len(builds) > 0 {
			nvrs = builds
		}
	} else {
		var answer koji.RepoAnswer
		if err := t.call(ctx, "repo.request", &answer, tag); err != nil {
			return nil, err
		}
		if answer.Repo != nil {
			return answer.Repo, nil
		}
		if answer.Request != nil && answer.Request.MinEvent != nil {
			minEvent = *answer.Request.MinEvent
		}
	}
	var repo *koji.Repo
	if err := t.ask(ctx, subtask{method: "waitrepo", args: []any{tag, nil, nvrs, minEvent}}, &repo); err != nil {
		return nil, err
	}
	if repo == nil {
		return nil, koji.NewError(koji.CodeGeneric, "waiting for a repo of tag "+tag+" brought none")
	}
	return repo, nil
}

// repoPath is a repo's directory below the hub's files.
func repoPath(repo *koji.Repo, arch string) string {
	kind := "repos"
	if repo.Dist {
		kind = "repos-dist"
	}
	return path.Join(kind, repo.TagName, itoa(repo.ID), koji.CanonicalArch(arch))
}

// repoURL is where a repo is read from: the mounted tree if it is there, else
// the web server.
func (t *Task) repoURL(repo *koji.Repo, arch string) string {
	rel := repoPath(repo, arch)
	mounted := filepath.Join(t.cfg.TopDir, rel)
	if _, err := os.Stat(filepath.Join(mounted, "repodata", "repomd.xml")); err == nil {
		return mounted
	}
	return strings.TrimRight(t.cfg.TopURL, "/") + "/" + rel
}
