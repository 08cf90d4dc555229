package kojid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koji"
)

type newRepoParams struct {
	Tag         any            `xmlrpc:"tag"`
	Event       any            `xmlrpc:"event"`
	Src         *bool          `xmlrpc:"src"`
	Debuginfo   *bool          `xmlrpc:"debuginfo"`
	SeparateSrc *bool          `xmlrpc:"separate_src"`
	Opts        map[string]any `xmlrpc:"opts"`
}

// options are what the repo is made with. The parameters of before there was
// opts can't be given beside it.
func (p *newRepoParams) options() (map[string]any, error) {
	opts := map[string]any{}
	for key, v := range map[string]*bool{"src": p.Src, "debuginfo": p.Debuginfo, "separate_src": p.SeparateSrc} {
		if v != nil && *v {
			opts[key] = true
		}
	}
	if len(p.Opts) > 0 {
		if len(opts) > 0 {
			return nil, koji.NewError(koji.CodeParameter, "opts and the old flags can't be given together")
		}
		return p.Opts, nil
	}
	return opts, nil
}

// runNewRepo makes a repo of a tag: the hub lays it out, and a subtask for each
// arch makes its metadata.
func runNewRepo(ctx context.Context, t *Task) (any, error) {
	var p newRepoParams
	if err := t.params(&p); err != nil {
		return nil, err
	}
	opts, err := p.options()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(t.cfg.TopDir, "repos")); err != nil {
		return nil, &refusal{soft: true, msg: fmt.Sprintf("the hub's files are not mounted on %s: %v", t.host.Name, err)}
	}
	ref := p.Tag
	if m, ok := ref.(map[string]any); ok {
		ref = m["id"]
	}
	var tag *koji.Tag
	if err := t.call(ctx, "getTag", &tag, ref, koji.Named{"strict": true, "event": p.Event}); err != nil {
		return nil, err
	}
	oldRepo, err := t.oldRepo(ctx, tag)
	if err != nil {
		return nil, err
	}
	var made []int64
	named := koji.Named{"task_id": t.ID, "opts": opts}
	if p.Event != nil {
		named["event"] = p.Event
	}
	if err := t.call(ctx, "host.repoInit", &made, tag.ID, named); err != nil {
		return nil, err
	}
	if len(made) != 2 {
		return nil, fmt.Errorf("make repo: the hub gives %d numbers instead of two", len(made))
	}
	data, err := t.createRepos(ctx, tag.Name, made[0], oldRepo)
	if err != nil {
		return nil, err
	}
	if err := t.do(ctx, "host.repoDone", made[0], data); err != nil {
		return nil, err
	}
	return made, nil
}

// oldRepo is a repo whose metadata saves reading packages again: the tag's
// newest, else that of the tags it names, else that of the nearest parent.
func (t *Task) oldRepo(ctx context.Context, tag *koji.Tag) (any, error) {
	candidates := []any{tag.ID}
	switch hint := tag.Extra["repo.oldrepo_hint"].(type) {
	case []any:
		candidates = append(candidates, hint...)
	case nil:
		var parents []koji.Ancestor
		if err := t.call(ctx, "getFullInheritance", &parents, tag.ID); err != nil {
			return nil, err
		}
		for _, a := range parents {
			candidates = append(candidates, a.ParentID)
		}
	default:
		candidates = append(candidates, hint)
	}
	for _, c := range candidates {
		var repo *koji.Repo
		err := t.call(ctx, "getRepo", &repo, c)
		if errors.Is(err, koji.ErrNoSuchTag) {
			continue // a hint may be out of date
		}
		if err != nil {
			return nil, err
		}
		if repo != nil {
			name := repo.TagName
			return map[string]any{"id": repo.ID, "tag_id": repo.TagID, "tag_name": name, "create_event": repo.CreateEvent}, nil
		}
	}
	return nil, nil
}

// createRepos has the metadata made for every arch that the hub laid out.
func (t *Task) createRepos(ctx context.Context, tag string, repo int64, oldRepo any) (map[string]any, error) {
	dir := koji.Paths{Top: t.cfg.TopDir}.Repo(tag, repo)
	lists, err := filepath.Glob(filepath.Join(dir, "*", "pkglist"))
	if err != nil {
		return nil, fmt.Errorf("look for arches of repo %d: %w", repo, err)
	}
	var arches []string
	var ids []int64
	for _, list := range lists {
		arch := filepath.Base(filepath.Dir(list))
		id, err := t.start(ctx, subtask{method: "createrepo", args: []any{repo, arch, oldRepo}, label: arch, arch: "noarch"})
		if err != nil {
			return nil, err
		}
		arches, ids = append(arches, arch), append(ids, id)
	}
	if len(ids) == 0 {
		return nil, koji.NewError(koji.CodeGeneric, fmt.Sprintf("repo %d has no arches: does tag %s have any, and is %s the hub's tree?", repo, tag, t.cfg.TopDir))
	}
	results, err := t.wait(ctx, ids, waiting{failFast: true})
	if err != nil {
		return nil, err
	}
	data := map[string]any{}
	for i, arch := range arches {
		data[arch] = results[ids[i]]
	}
	return data, nil
}
