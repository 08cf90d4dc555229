package hubd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"koji"
	"koji/sqlstore"
)

func builderRepoMethods() []method {
	return []method{
		writes("host.repoInit", builder, "Creates a repo row and its on-disk skeleton; returns [repo_id, event_id].", hostRepoInit),
		writes("host.repoDone", builder, "Moves uploaded repodata into place and marks the repo READY.", hostRepoDone),
	}
}

type repoInitArgs struct {
	Tag    any `rpc:"tag"`
	TaskID any `rpc:"task_id=nil"`
	Event  any `rpc:"event=nil"`
	Opts   any `rpc:"opts=nil"`
}

func hostRepoInit(c *call, a repoInitArgs) (_ any, err error) {
	var task int64
	if a.TaskID != nil {
		t, err := c.openTaskOf(a.TaskID)
		if err != nil {
			return nil, err
		}
		task = t.ID
	}
	asked, err := readRepoOpts(a.Opts, false)
	if err != nil {
		return nil, err
	}
	event, err := c.eventArg("event", a.Event)
	if err != nil {
		return nil, err
	}
	tag, err := c.tagAt(a.Tag, event)
	if err != nil {
		return nil, err
	}
	if tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	tag.QueryEvent = event
	if err := c.addExtra(tag, false); err != nil {
		return nil, err
	}
	n := sqlstore.NewRepo{Tag: tag.ID, Task: task}
	all, custom := c.repoOptsOf(tag, asked)
	n.Opts, n.CustomOpts = map[string]any(all), map[string]any(custom)
	if err := c.repoEvents(&n, a.Event); err != nil {
		return nil, err
	}
	info := map[string]any{"tag": tag, "event": n.CreateEvent, "repo_id": nil, "task_id": a.TaskID, "opts": n.Opts}
	if err := c.callback("preRepoInit", info); err != nil {
		return nil, err
	}
	id, err := c.tx.InsertRepo(c, n)
	if err != nil {
		return nil, err
	}
	in, err := c.newIntake("DEFAULT")
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	if err := in.gather("repos"); err != nil {
		return nil, err
	}
	s := skeleton{in: in, tag: tag, repo: n, id: id, opts: all}
	if err := s.write(); err != nil {
		return nil, err
	}
	if err := in.place(c.hub.below(c.hub.paths.Repo(tag.Name, id))); err != nil {
		return nil, err
	}
	err = c.notice(koji.Notice{Kind: koji.NoticeRepo, Repo: &koji.RepoNotice{ID: id, Tag: tag.ID, State: koji.RepoInit}})
	if err != nil {
		return nil, err
	}
	info["repo_id"] = id
	if err := c.callback("postRepoInit", info); err != nil {
		return nil, err
	}
	return []any{id, n.CreateEvent}, nil
}

// eventArg is an argument that names an event which must be there, nil for none.
func (c *call) eventArg(name string, v any) (*int64, error) {
	if v == nil {
		return nil, nil
	}
	id, err := intArg(name, v)
	if err != nil {
		return nil, err
	}
	found, err := c.tx.HasEvent(c, id)
	if err == nil && !found {
		err = refuse("No such event: %d", id)
	}
	return &id, err
}

// repoEvents sets which state of its tag a repo shows: that at an event, or now.
func (c *call) repoEvents(n *sqlstore.NewRepo, at any) error {
	event, err := c.eventArg("event", at)
	switch {
	case err != nil:
		return err
	case event == nil:
		n.CreateEvent, err = c.tx.NewEvent(c)
	default:
		n.CreateEvent = *event
		n.EndEvent, err = c.firstChange(n.Tag, *event)
	}
	if err != nil {
		return err
	}
	after := n.CreateEvent + 1
	n.BeginEvent, err = c.lastChange(n.Tag, &after)
	return err
}

type repoDoneArgs struct {
	RepoID  any            `rpc:"repo_id"`
	Data    map[string]any `rpc:"data"`
	Expire  bool           `rpc:"expire=false"`
	Updates map[string]any `rpc:"repo_json_updates=nil"`
}

// hostRepoDone takes {arch: [upload folder, [file names]]}.
func hostRepoDone(c *call, a repoDoneArgs) (_ any, err error) {
	repo, err := c.lockRepo(a.RepoID)
	if err != nil {
		return nil, err
	}
	if repo.State != koji.RepoInit {
		return nil, refuse("repo %d is %s, not INIT", repo.ID, repo.State)
	}
	tree := map[int64]bool{}
	if repo.TaskID != nil {
		if _, err := c.openTaskOf(*repo.TaskID); err != nil {
			return nil, err
		}
		if tree, err = c.taskTree(*repo.TaskID); err != nil {
			return nil, err
		}
	}
	info := map[string]any{"repo": repo, "data": a.Data, "expire": a.Expire}
	if err := c.callback("preRepoDone", info); err != nil {
		return nil, err
	}
	in, err := c.newIntake("DEFAULT")
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	dir := c.hub.below(c.hub.paths.Repo(repo.TagName, repo.ID))
	if repo.Dist {
		dir = c.hub.below(c.hub.paths.DistRepo(repo.TagName, repo.ID))
	} else if err := in.takeRepodata(dir, a.Data, tree); err != nil {
		return nil, err
	}
	if len(a.Updates) > 0 {
		if err := in.updateRepoJSON(path.Join(dir, "repo.json"), a.Updates); err != nil {
			return nil, err
		}
	}
	state := koji.RepoReady
	if a.Expire {
		state = koji.RepoExpired
	}
	if err := c.moveRepo(repo, state); err != nil {
		return nil, err
	}
	if err := c.linkLatest(repo, dir); err != nil {
		return nil, err
	}
	if err := c.callback("postRepoDone", info); err != nil {
		return nil, err
	}
	in.removeUploads()
	return nil, nil
}

// takeRepodata takes over what the createrepo tasks uploaded, an arch at a time.
func (in *intake) takeRepodata(dir string, data map[string]any, tasks map[int64]bool) error {
	if len(data) == 0 {
		return nil
	}
	if err := in.gather("repos"); err != nil {
		return err
	}
	type part struct{ from, to string }
	var parts []part
	for _, arch := range sortedKeys(data) {
		folder, files, err := repodataArg(arch, data[arch])
		if err != nil {
			return err
		}
		archDir := path.Join(dir, koji.CanonicalArch(arch))
		if err := checkArch(arch); err != nil {
			return err
		}
		if info, err := in.tree.Lstat(archDir); err != nil || !info.IsDir() {
			return refuse("Repo arch directory missing: %s", arch)
		}
		own := false
		for _, name := range files {
			u, err := in.take(folder+"/"+name, tasks)
			if err != nil {
				return err
			}
			if !strings.HasSuffix(name, "pkglist") {
				own = true
				if err := in.add(u, path.Join(arch, "repodata", name)); err != nil {
					return err
				}
				continue
			}
			if _, err := in.tree.Lstat(path.Join(archDir, name)); err == nil {
				return refuse("Destination exists: %s in %s", name, arch)
			}
			if err := in.add(u, path.Join(arch, name)); err != nil {
				return err
			}
			parts = append(parts, part{path.Join(arch, name), path.Join(archDir, name)})
		}
		if own {
			parts = append(parts, part{path.Join(arch, "repodata"), path.Join(archDir, "repodata")})
		}
	}
	for _, p := range parts {
		if err := in.put(p.from, p.to); err != nil {
			return err
		}
	}
	return nil
}

func repodataArg(arch string, v any) (folder string, files []string, err error) {
	pair, ok := v.([]any)
	if ok && len(pair) == 2 {
		var names []any
		if folder, ok = pair[0].(string); ok {
			if names, ok = pair[1].([]any); ok {
				for _, n := range names {
					name, isText := n.(string)
					if !isText || name != path.Base(name) {
						return "", nil, refuse("Invalid upload filename: %s", refText(n))
					}
					files = append(files, name)
				}
				return folder, files, nil
			}
		}
	}
	return "", nil, fault(koji.CodeParameter, "data: %s: want [folder, [file names]]", arch)
}

// updateRepoJSON puts more members into a repo's repo.json. Undone by close.
func (in *intake) updateRepoJSON(name string, updates map[string]any) error {
	old, err := in.tree.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("the repo has no repo.json")
	}
	if err != nil {
		return wrapError(err, "read repo.json")
	}
	members := map[string]any{}
	if err := json.Unmarshal(old, &members); err != nil {
		return wrapError(err, "read repo.json")
	}
	for k, v := range updates {
		members[k] = v
	}
	data, err := json.MarshalIndent(members, "", "  ")
	if err != nil {
		return fault(koji.CodeParameter, "repo_json_updates: %v", err)
	}
	replace := func(data []byte) error {
		next := name + ".new"
		in.tree.Remove(next)
		if err := writeDurably(in.tree, next, data); err != nil {
			in.tree.Remove(next)
			return err
		}
		return in.tree.Rename(next, name)
	}
	if err := replace(append(data, '\n')); err != nil {
		return diskFault(err, "write repo.json")
	}
	in.undo = append(in.undo, func() error { return replace(old) })
	return nil
}

// linkLatest has the tag's link "latest" lead to a repo that is READY and has
// no options of its own, unless a newer one is there.
func (c *call) linkLatest(r *koji.Repo, dir string) error {
	custom, _ := r.CustomOpts.(map[string]any)
	if r.State != koji.RepoReady || !r.Dist && len(custom) > 0 {
		return nil
	}
	newer, err := c.tx.NewerReadyRepo(c, r)
	if err != nil || newer {
		return err
	}
	top, log := c.hub.cfg.KojiDir, c.log()
	c.tx.AfterCommit(func() {
		root, err := os.OpenRoot(top)
		if err == nil {
			err = errors.Join(replaceByLink(root, path.Join(path.Dir(dir), "latest"), strconv.FormatInt(r.ID, 10)), root.Close())
		}
		if err != nil {
			log.Error("link latest repo", "repo", r.ID, "path", filepath.Join(top, dir), "err", err)
		}
	})
	return nil
}
