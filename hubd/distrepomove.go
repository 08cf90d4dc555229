package hubd

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

// distMove is the content of one arch of a dist repo on its way to its place.
type distMove struct {
	in      *intake
	volume  string // of the repo
	folder  string // where the builder uploaded
	tasks   map[int64]bool
	roots   map[string]*os.Root // of the volumes that rpms are on
	allowed func(key string) bool
}

// distPackage is an rpm as the builder tells what it put into a repo.
type distPackage struct {
	ID          int64   `json:"id"`
	SigKey      *string `json:"sigkey"`
	Name        string  `json:"name"`
	Version     string  `json:"version"`
	Release     string  `json:"release"`
	Arch        string  `json:"arch"`
	Epoch       *int64  `json:"epoch"`
	Size        int64   `json:"size"`
	PayloadHash string  `json:"payloadhash"`
	BuildID     *int64  `json:"build_id"`
}

type distRepoMoveArgs struct {
	RepoID any    `rpc:"repo_id"`
	Folder string `rpc:"uploadpath"`
	Arch   string `rpc:"arch"`
}

// hostDistRepoMove takes what a createdistrepo task uploaded: the files that
// its repo_manifest lists, and links to the rpms that its kojipkgs names, in
// signed copies where it names a key. All of an arch appears at once.
func hostDistRepoMove(c *call, a distRepoMoveArgs) (_ any, err error) {
	repo, err := c.lockRepo(a.RepoID)
	if err != nil {
		return nil, err
	}
	switch {
	case !repo.Dist:
		return nil, refuse("repo %d is no dist repo", repo.ID)
	case repo.State != koji.RepoInit:
		return nil, refuse("repo %d is %s, not INIT", repo.ID, repo.State)
	case repo.TaskID == nil:
		return nil, refuse("repo %d belongs to no task", repo.ID)
	}
	if err := checkArch(a.Arch); err != nil {
		return nil, err
	}
	task, err := c.openTaskOf(*repo.TaskID)
	if err != nil {
		return nil, err
	}
	m := distMove{folder: a.Folder, roots: map[string]*os.Root{}}
	if m.allowed, err = c.allowedKeys(task.ID); err != nil {
		return nil, err
	}
	if m.tasks, err = c.taskTree(task.ID); err != nil {
		return nil, err
	}
	if m.in, err = c.newIntake("DEFAULT"); err != nil {
		return nil, err
	}
	dir := c.hub.below(c.hub.paths.DistRepo(repo.TagName, repo.ID))
	if m.volume, err = m.in.distRepoVolume(dir); err == nil && m.volume != "DEFAULT" {
		m.in.volume, err = c.onVolume(m.volume)
	}
	defer func() {
		m.closeRoots()
		m.in.close(err)
	}()
	if err != nil {
		return nil, err
	}
	return nil, m.move(path.Join(dir, koji.CanonicalArch(a.Arch)), a.Arch)
}

// allowedKeys tells which signatures a distRepo task was asked for; "" is none.
func (c *call) allowedKeys(task int64) (func(string) bool, error) {
	request, _, _, err := c.tx.TaskDocuments(c, task)
	if err != nil {
		return nil, err
	}
	params, err := decodeRequest(task, request)
	if err != nil {
		return nil, err
	}
	if len(params) < 4 {
		return nil, refuse("task %d makes no dist repo", task)
	}
	keys := textOf(params[2])
	for i := range keys {
		keys[i] = strings.ToLower(keys[i])
	}
	opts, _ := params[3].(map[string]any)
	unsigned := truthy(opts["allow_missing_signatures"]) || slices.Contains(keys, "unsigned")
	return func(key string) bool {
		if key == "" {
			return unsigned
		}
		return slices.Contains(keys, strings.ToLower(key))
	}, nil
}

func (m *distMove) move(to, arch string) error {
	switch entries, err := fs.ReadDir(m.in.volume.FS(), to); {
	case err != nil:
		return refuse("Repo arch directory missing: %s", arch)
	case len(entries) > 0:
		return refuse("Repo arch directory is filled already: %s", arch)
	}
	if err := m.in.gather("repos-dist"); err != nil {
		return err
	}
	var files []string
	if err := m.read("repo_manifest", &files); err != nil {
		return err
	}
	var packages map[string]distPackage
	if err := m.read("kojipkgs", &packages); err != nil {
		return err
	}
	for _, name := range files {
		if !filepath.IsLocal(name) || path.Clean(name) != name || name == "Packages" || strings.HasPrefix(name, "Packages/") {
			return refuse("Invalid file in repo_manifest: %q", name)
		}
		u, err := m.in.take(m.folder+"/"+name, m.tasks)
		if err != nil {
			return err
		}
		if err := m.in.add(u, name); err != nil {
			return err
		}
	}
	if err := m.linkPackages(packages); err != nil {
		return err
	}
	// The folder that was made for the arch is empty: what is gathered takes its place.
	if err := m.in.volume.Remove(to); err != nil {
		return diskFault(err, "clear %s", to)
	}
	m.in.undo = append(m.in.undo, func() error { return m.in.volume.Mkdir(to, 0o755) })
	if err := m.in.place(to); err != nil {
		return err
	}
	m.in.removeUploads()
	return nil
}

// longestList is how long the lists are that a builder may upload beside a repo.
const longestList = 256 << 20

// read decodes a JSON file that the builder uploaded.
func (m *distMove) read(name string, into any) error {
	u, err := m.in.take(m.folder+"/"+name, m.tasks)
	if err != nil {
		return err
	}
	if u.info.Size() > longestList {
		return refuse("%s is longer than %d bytes", name, longestList)
	}
	if err := json.NewDecoder(io.NewSectionReader(u.file, 0, u.info.Size())).Decode(into); err != nil {
		return refuse("%s can't be read: %v", name, err)
	}
	return nil
}

// linkPackages links the rpms below Packages/, each in a folder of its first letter.
func (m *distMove) linkPackages(packages map[string]distPackage) error {
	var ids []int64
	for _, p := range packages {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	rpms, err := m.in.c.tx.StoredRPMs(m.in.c, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(packages) {
		p := packages[name]
		r := rpms[p.ID]
		if r == nil || !p.is(r) || name != r.FileName() {
			return refuse("kojipkgs: %s is not what the hub knows as rpm %d", name, p.ID)
		}
		key := deref(p.SigKey)
		if !m.allowed(key) {
			return refuse("kojipkgs: %s with key %q: the repo is not of that key", name, key)
		}
		if err := m.linkRPM(r, key, path.Join(m.in.stage, "Packages", strings.ToLower(name[:1]), name)); err != nil {
			return err
		}
	}
	return nil
}

// is says whether the builder knows the rpm as the hub does.
func (p distPackage) is(r *sqlstore.StoredRPM) bool {
	return p.Name == r.Name && p.Version == r.Version && p.Release == r.Release && p.Arch == r.Arch && same(p.Epoch, r.Epoch) &&
		p.Size == r.Size && p.PayloadHash == r.PayloadHash && same(p.BuildID, r.BuildID)
}

// linkRPM makes a hard link to an rpm, or copies it where it is on another volume.
func (m *distMove) linkRPM(r *sqlstore.StoredRPM, key, dest string) error {
	h := m.in.c.hub
	from := path.Join(h.below(h.paths.Build("", r.Package, r.BuildVersion, r.BuildRelease)), r.Arch, r.FileName())
	if key != "" {
		from = path.Join(path.Dir(path.Dir(from)), "data/signed", strings.ToLower(key), r.Arch, r.FileName())
	}
	if err := m.in.volume.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return diskFault(err, "make folder for %s", r.FileName())
	}
	root, err := m.root(r.Volume)
	if err != nil {
		return err
	}
	info, err := root.Lstat(from)
	if err != nil || !info.Mode().IsRegular() {
		return refuse("%s with key %q is not in the file tree", r.FileName(), key)
	}
	if r.Volume == m.volume && m.in.volume.Link(from, dest) == nil {
		return nil
	}
	return diskFault(copyAcross(root, from, m.in.volume, dest), "copy %s", r.FileName())
}

func copyAcross(src *os.Root, from string, dst *os.Root, to string) error {
	in, err := src.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := dst.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func (m *distMove) root(volume string) (*os.Root, error) {
	if m.roots[volume] == nil {
		root, err := m.in.c.onVolume(volume)
		if err != nil {
			return nil, err
		}
		m.roots[volume] = root
	}
	return m.roots[volume], nil
}

func (m *distMove) closeRoots() {
	for _, r := range m.roots {
		r.Close()
	}
}
