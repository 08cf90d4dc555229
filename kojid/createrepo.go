package kojid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"koji"
)

// createrepo makes the metadata of a repo for one arch.
type createrepo struct {
	*Task
	repo *koji.Repo
	arch string
	src  string // the arch's directory in the hub's tree
	out  string // where repodata/ is made
	logs string
}

// runCreaterepo makes the metadata of one arch of a repo that newRepo laid out.
func runCreaterepo(ctx context.Context, t *Task) (any, error) {
	var p struct {
		RepoID  int64  `xmlrpc:"repo_id"`
		Arch    string `xmlrpc:"arch"`
		OldRepo any    `xmlrpc:"oldrepo"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	var repo *koji.Repo
	if err := t.call(ctx, "repoInfo", &repo, p.RepoID, koji.Named{"strict": true}); err != nil {
		return nil, err
	}
	if repo.State != koji.RepoInit {
		return nil, koji.NewError(koji.CodeGeneric, fmt.Sprintf("Repo %d is %s, metadata is made in INIT only", repo.ID, repo.State))
	}
	c := &createrepo{
		Task: t, repo: repo, arch: p.Arch, out: filepath.Join(t.dir, "repo"), logs: filepath.Join(t.dir, "logs"),
		src: filepath.Join(koji.Paths{Top: t.cfg.TopDir}.Repo(repo.TagName, repo.ID), p.Arch),
	}
	if strings.ContainsAny(p.Arch, "/\x00") || p.Arch == ".." {
		return nil, koji.NewError(koji.CodeParameter, fmt.Sprintf("Invalid arch: %q", p.Arch))
	}
	for _, dir := range []string{c.out, c.logs} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	tail := t.tailLogs(ctx, logDir{root: c.logs, sub: "."})
	err := c.make(ctx, p.OldRepo)
	if _, terr := tail.finish(ctx); err == nil {
		err = terr
	}
	if err != nil {
		return nil, err
	}
	files, err := c.uploadAll(ctx)
	if err != nil {
		return nil, err
	}
	return []any{t.uploadDir(), files}, nil
}

func (c *createrepo) make(ctx context.Context, oldRepo any) error {
	external, err := c.externalRepos(ctx)
	if err != nil {
		return err
	}
	list := filepath.Join(c.src, "pkglist")
	info, err := os.Stat(list)
	if err != nil {
		return &refusal{soft: true, msg: fmt.Sprintf("repo %d can't be read on %s: %v", c.repo.ID, c.host.Name, err)}
	}
	if err := c.createLocal(ctx, list, oldRepo); err != nil {
		return err
	}
	if len(external) > 0 {
		return c.merge(ctx, external)
	}
	if info.Size() == 0 {
		return os.WriteFile(filepath.Join(c.out, "repodata", "EMPTY_REPO"), []byte("This repo has no packages.\n"), 0o644)
	}
	return nil
}

// externalRepos are those of the tag that have this arch, in the order in which
// they are merged.
func (c *createrepo) externalRepos(ctx context.Context) ([]koji.TagExternalRepo, error) {
	var list []koji.TagExternalRepo
	if err := c.call(ctx, "getExternalRepoList", &list, c.repo.TagID, koji.Named{"event": c.repo.CreateEvent}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(e koji.TagExternalRepo) bool {
		return e.Arches != nil && *e.Arches != "" && !slices.Contains(strings.Fields(*e.Arches), c.arch)
	}), nil
}

// comps is the package groups' file, as createrepo_c takes it: relative to the repo.
func (c *createrepo) comps() string {
	file := filepath.Join(filepath.Dir(c.src), "groups", "comps.xml")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// createLocal makes the metadata of the hub's own packages.
func (c *createrepo) createLocal(ctx context.Context, list string, oldRepo any) error {
	args := []string{"createrepo_c", "-vd", "-o", c.out, "-i", list}
	if comps := c.comps(); comps != "" {
		args = append(args, "-g", comps)
	}
	if c.cfg.CreaterepoUpdate && c.copyOld(oldRepo) {
		args = append(args, "--update")
		if c.cfg.CreaterepoSkipStat {
			args = append(args, "--skip-stat")
		}
	}
	return c.runLogged(ctx, c.src, filepath.Join(c.logs, "createrepo.log"), append(args, c.src)...)
}

// copyOld brings the metadata of an older repo along; what is in it needn't be
// read from the packages again. Without it, that takes longer, no more.
func (c *createrepo) copyOld(oldRepo any) bool {
	old, ok := oldRepo.(map[string]any)
	if !ok {
		return false
	}
	id, _ := old["id"].(int64)
	tag, _ := old["tag_name"].(string)
	if id == 0 || tag == "" || strings.ContainsAny(tag, "/\x00") {
		return false
	}
	from := filepath.Join(koji.Paths{Top: c.cfg.TopDir}.Repo(tag, id), c.arch, "repodata")
	if err := copyDir(filepath.Join(c.out, "repodata"), from); err != nil {
		c.log.Info("no older metadata to start from", "repo", id, "error", err)
		return false
	}
	return true
}

// copyDir copies the plain files of a directory.
func copyDir(to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(to, e.Name()), filepath.Join(from, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// merge joins the metadata of external repos to ours.
func (c *createrepo) merge(ctx context.Context, external []koji.TagExternalRepo) error {
	// Builders know the hub's own packages by this directory's name.
	local := filepath.Join(c.dir, strings.TrimPrefix(localTail(c.repo.ID), "/"))
	if err := os.Rename(c.out, local); err != nil {
		return err
	}
	if err := os.Mkdir(c.out, 0o755); err != nil {
		return err
	}
	args, err := mergeArgs(external, mergePaths{
		arch: c.arch, out: c.out, local: local, comps: c.comps(), blocklist: filepath.Join(c.src, "blocklist"),
	})
	if err != nil {
		return err
	}
	return c.runLogged(ctx, c.dir, filepath.Join(c.logs, "mergerepos.log"), args...)
}

type mergePaths struct{ arch, out, local, comps, blocklist string }

// mergeArgs is the command line of mergerepo_c. The mode says what wins where
// repos have the same package; there is one for all of a tag.
func mergeArgs(external []koji.TagExternalRepo, p mergePaths) ([]string, error) {
	args := []string{"mergerepo_c"}
	mode := external[0].MergeMode
	for _, e := range external {
		if e.MergeMode != mode {
			return nil, koji.NewError(koji.CodeGeneric, fmt.Sprintf("external repos of a tag must have one merge mode, but there are %s and %s", mode, e.MergeMode))
		}
	}
	switch mode {
	case "koji", "":
		args = append(args, "--koji", "--arch-expand")
	case "simple":
		args = append(args, "--koji", "--simple", "--arch-expand")
	case "bare":
		args = append(args, "--pkgorigins", "--all", "--arch-expand")
	default:
		return nil, koji.NewError(koji.CodeGeneric, "Invalid merge mode: "+mode)
	}
	if _, err := os.Stat(p.blocklist); err == nil && mode != "bare" {
		args = append(args, "-b", p.blocklist)
	}
	args = append(args, "-a", p.arch, "-o", p.out)
	if p.comps != "" {
		args = append(args, "-g", p.comps)
	}
	args = append(args, "-r", "file://"+p.local+"/")
	for _, e := range external {
		args = append(args, "-r", strings.ReplaceAll(e.URL, "$arch", p.arch))
	}
	return args, nil
}

// uploadAll sends the metadata and returns its files' names.
func (c *createrepo) uploadAll(ctx context.Context) ([]string, error) {
	dir := filepath.Join(c.out, "repodata")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the metadata made: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		rel, err := c.upload(ctx, filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		names = append(names, path.Base(rel))
	}
	return names, nil
}
