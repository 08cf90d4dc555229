package hubd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"koji"
	"koji/sqlstore"
)

func distRepoMethods() []method {
	return []method{
		writes("distRepo", anyone, "Initialises a dist repo and creates the distRepo task; needs dist-repo or admin, otherwise dist_repo policy.", distRepo),
		writes("host.distRepoMove", builder, "Moves uploaded dist repo content for one arch into place and links rpms.", hostDistRepoMove),
	}
}

type distRepoArgs struct {
	Tag  any            `rpc:"tag"`
	Keys []any          `rpc:"keys"`
	Opts map[string]any `rpc:"**task_opts"`
}

const distRepoPriority = 15

// distRepo makes the repo's row and folder, and the task that fills it. Where
// the tag's extra distrepo.cancel_others asks for it, the task takes the place
// of those for the same tag.
func distRepo(c *call, a distRepoArgs) (any, error) {
	if c.session.user == 0 {
		return nil, refuse("dist-repo permission required (user not logged in)")
	}
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	if err := c.mayDistRepo(tag); err != nil {
		return nil, err
	}
	return c.makeDistRepo(a.Tag, tag, a.Keys, a.Opts)
}

func (c *call) mayDistRepo(tag *koji.Tag) error {
	for _, perm := range []string{"dist-repo", "admin"} {
		if has, err := c.hasPerm(perm); err != nil || has {
			return err
		}
	}
	return c.assertPolicy("dist_repo", map[string]any{"tag": tag.ID}, false)
}

// makeDistRepo is distRepo for whoever may. ref is how the task names the tag.
func (c *call) makeDistRepo(ref any, tag *koji.Tag, keys []any, opts map[string]any) (any, error) {
	for _, k := range keys {
		if key, ok := k.(string); !ok || !isSigKey(key) {
			return nil, fault(koji.CodeParameter, "keys: invalid value %s, want the ids of keys", refText(k))
		}
	}
	repo, err := c.initDistRepo(tag, keys, opts)
	if err != nil {
		return nil, err
	}
	config, err := c.resolve(tag)
	if err != nil {
		return nil, err
	}
	if truthy(config.Extra["distrepo.cancel_others"]) {
		others, err := c.distRepoTasks(tag, koji.TaskFree, koji.TaskAssigned, koji.TaskOpen)
		if err != nil {
			return nil, err
		}
		for _, id := range others {
			if err := c.cancelTask(id, true); err != nil {
				return nil, err
			}
		}
	}
	priority := int64(distRepoPriority)
	task, err := c.makeTask(taskOptions{
		Method: "distRepo", Params: []any{ref, repo, keys, opts}, Priority: &priority, Channel: "createrepo",
	})
	if err != nil {
		return nil, err
	}
	return task, c.tx.SetRepoTask(c, repo, task)
}

// isSigKey says whether a text can be the id of a key, or the word unsigned
// that stands for none.
func isSigKey(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}

// distRepoTasks are the ids of a tag's distRepo tasks in some states.
func (c *call) distRepoTasks(tag *koji.Tag, states ...koji.TaskState) ([]int64, error) {
	var in []any
	for _, s := range states {
		in = append(in, int64(s))
	}
	var f sqlstore.TaskFilter
	f.In("method", false, []any{"distRepo"})
	f.In("state", false, in)
	tasks, err := c.tx.ListTasks(c, f, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	var ids []int64
	for t, err := range tasks {
		if err != nil {
			return nil, err
		}
		document, _ := t.Request.(string)
		params, err := decodeRequest(t.ID, document)
		if err == nil && len(params) > 0 && (params[0] == tag.Name || params[0] == tag.ID) {
			ids = append(ids, t.ID)
		}
	}
	return ids, nil
}

// initDistRepo makes a dist repo in state INIT, with an empty folder for each
// arch. It completes opts: the arches, the event, and what stands for the rest.
// Koji: reference/paths.md, reference/scheduler_repos.md "repoInit output".
func (c *call) initDistRepo(tag *koji.Tag, keys []any, opts map[string]any) (_ int64, err error) {
	arches, err := c.distArches(tag, opts)
	if err != nil {
		return 0, err
	}
	n := sqlstore.NewRepo{Tag: tag.ID, Dist: true}
	if err := c.repoEvents(&n, opts["event"]); err != nil {
		return 0, err
	}
	opts["event"] = n.CreateEvent
	volume := "DEFAULT"
	if v := opts["volume"]; v != nil {
		named, err := c.need(sqlstore.VolumeNames, v)
		if err != nil {
			return 0, err
		}
		volume = named.Name
	}
	info := map[string]any{
		"tag": tag, "with_src": false, "with_debuginfo": false, "with_separate_src": false, "event": n.CreateEvent, "repo_id": nil,
		"dist": true, "keys": keys, "arches": arches, "task_opts": opts,
	}
	if err := c.callback("preRepoInit", info); err != nil {
		return 0, err
	}
	id, err := c.tx.InsertRepo(c, n)
	if err != nil {
		return 0, err
	}
	in, err := c.newIntake(volume)
	if err != nil {
		return 0, err
	}
	defer func() { in.close(err) }()
	if err := in.gather("repos-dist"); err != nil {
		return 0, err
	}
	about, err := json.MarshalIndent(map[string]any{
		"id": id, "tag": tag.Name, "tag_id": tag.ID, "keys": keys, "volume": opts["volume"], "task_opts": opts,
	}, "", "  ")
	if err != nil {
		return 0, fault(koji.CodeParameter, "task_opts: %v", err)
	}
	if err := in.write("repo.json", append(about, '\n')); err != nil {
		return 0, err
	}
	for _, arch := range arches {
		if err := in.volume.Mkdir(path.Join(in.stage, arch), 0o755); err != nil {
			return 0, diskFault(err, "make folder %s", arch)
		}
	}
	if v := opts["comps"]; v != nil && v != "" {
		if err := in.copyOwn(v, "groups/comps.xml"); err != nil {
			return 0, err
		}
	}
	dir := c.hub.below(c.hub.paths.DistRepo(tag.Name, id))
	if err := in.place(dir); err != nil {
		return 0, err
	}
	if volume != "DEFAULT" {
		if err := in.link(strings.Repeat("../", strings.Count(dir, "/"))+path.Join("vol", volume, dir), dir); err != nil {
			return 0, err
		}
	}
	err = c.notice(koji.Notice{Kind: koji.NoticeRepo, Repo: &koji.RepoNotice{ID: id, Tag: tag.ID, State: koji.RepoInit}})
	if err != nil {
		return 0, err
	}
	info["repo_id"], info["repodir"] = id, c.hub.paths.DistRepo(tag.Name, id)
	return id, c.callback("postRepoInit", info)
}

// distArches are the folders of a dist repo: of the arches that the options
// name, else of the tag's.
func (c *call) distArches(tag *koji.Tag, opts map[string]any) ([]string, error) {
	named := textOf(opts["arch"])
	if len(named) == 0 {
		config, err := c.resolve(tag)
		if err != nil {
			return nil, err
		}
		if config.Arches != nil {
			named = strings.Fields(*config.Arches)
		}
		if len(named) == 0 {
			return nil, refuse("No arches given, and tag %s has none", tag.Name)
		}
		opts["arch"] = named
	}
	var arches []string
	for _, a := range named {
		if err := checkArch(a); err != nil {
			return nil, err
		}
		if a = koji.CanonicalArch(a); !slices.Contains(arches, a) {
			arches = append(arches, a)
		}
	}
	return arches, nil
}

// copyOwn copies an upload of the caller's own into the gathered folder.
func (in *intake) copyOwn(ref any, to string) error {
	rel, ok := ref.(string)
	if !ok {
		return fault(koji.CodeParameter, "comps: invalid type %s, want the path of an upload", typeName(ref))
	}
	u, err := in.take(rel, nil)
	if err != nil {
		return err
	}
	owner, err := in.tree.ReadFile(path.Join(path.Dir(u.rel), ".user"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrapError(err, "read owner of upload")
	}
	if strings.TrimSpace(string(owner)) != strconv.FormatInt(in.c.session.user, 10) {
		return refuse("Invalid upload: %s is not yours", rel)
	}
	if err := in.volume.MkdirAll(path.Join(in.stage, path.Dir(to)), 0o755); err != nil {
		return diskFault(err, "make folder for %s", to)
	}
	return diskFault(in.copy(u, path.Join(in.stage, to)), "copy %s", rel)
}

// distRepoVolume is the volume that a dist repo lies on: its place in the tree is a link when it is another than DEFAULT.
func (in *intake) distRepoVolume(dir string) (string, error) {
	target, err := in.tree.Readlink(dir)
	if err != nil {
		return "DEFAULT", nil // no link, or nothing: the caller finds that out
	}
	parts := strings.Split(path.Join("/", path.Dir(dir), target), "/")
	if len(parts) < 3 || parts[1] != "vol" {
		return "", refuse("%s leads to no volume", dir)
	}
	return parts[2], nil
}

// onVolume is the root of a volume's tree, which the caller closes.
func (c *call) onVolume(volume string) (*os.Root, error) {
	root, err := os.OpenRoot(c.hub.paths.Volume(volume))
	return root, wrapError(err, "open volume %s", volume)
}
