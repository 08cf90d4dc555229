package kojid

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"path/filepath"
	"strings"

	"koji"
	"koji/kojid/buildroot"
)

// buildEnv is a buildroot as the hub and this machine know it.
type buildEnv struct {
	*Task
	id       int64 // at the hub
	name     string
	arch     string
	driver   buildroot.Driver
	recorder *recorder
	results  string
}

// newBuildEnv registers a buildroot for a tag's repo at the hub. Nothing is made
// on this machine before use.
func (t *Task) newBuildEnv(ctx context.Context, tagRef any, repoID int64, arch, group string) (*buildEnv, error) {
	if repoID == 0 {
		return nil, buildError("the task names no repo to build in")
	}
	if t.cfg.Driver == "auto" {
		_, _, err := buildroot.Detect(ctx, t.cfg.MockUser)
		return nil, &refusal{msg: fmt.Sprintf("no buildroot driver works on this host: %v", err)}
	}
	var repo *koji.Repo
	if err := t.call(ctx, "repoInfo", &repo, repoID, koji.Named{"strict": true}); err != nil {
		return nil, err
	}
	if repo.State != koji.RepoReady && repo.State != koji.RepoExpired {
		return nil, buildError("repo %d of tag %s can't be built in: it is %s", repo.ID, repo.TagName, repo.State)
	}
	if m, ok := tagRef.(map[string]any); ok {
		tagRef = m["id"]
	}
	var tag *koji.BuildConfig
	var groups []koji.Group
	m := t.hub.Multicall()
	at := koji.Named{"event": repo.CreateEvent}
	m.Add(&tag, "getBuildConfig", tagRef, at)
	m.Add(&groups, "getTagGroups", repo.TagID, at)
	if err := m.Run(ctx); err != nil {
		return nil, err
	}
	if tag == nil {
		return nil, buildError("there is no tag %v", tagRef)
	}
	arches, err := tagArches(tag)
	if err != nil {
		return nil, err
	}
	e := &buildEnv{Task: t, results: filepath.Join(t.dir, "result")}
	hostArches := ""
	if t.host.Arches != nil {
		hostArches = *t.host.Arches
	}
	if e.arch, err = buildrootArch(arch, t.Arch, strings.Fields(hostArches), arches, rand.IntN); err != nil {
		return nil, err
	}
	if e.recorder, err = t.newRecorder(ctx, repo, e.arch); err != nil {
		return nil, err
	}
	if err := t.call(ctx, "host.newBuildRoot", &e.id, repo.ID, koji.CanonicalArch(e.arch), koji.Named{"task_id": t.ID}); err != nil {
		return nil, err
	}
	e.name = buildrootName(repo.TagName, e.id, repo.ID)
	e.driver, err = buildroot.New(t.cfg.Driver, buildroot.Config{
		Name: e.name, ID: e.id, RepoID: repo.ID, Tag: repo.TagName, Arch: e.arch,
		BaseDir: t.cfg.buildrootBase(t.ID), Cache: t.cfg.cacheDir(), LogDir: e.results,
		Repos: []buildroot.Repo{{ID: "build", URL: t.repoURL(repo, e.arch), Own: true}},
		Group: group, Packages: groupPackages(groups, group),
		Macros: extraByPrefix(tag.Extra, "rpm.macro."), Env: extraByPrefix(tag.Extra, "rpm.env."),
		Vendor: t.cfg.Vendor, Packager: t.cfg.Packager, Distribution: t.cfg.Distribution,
		Timeout: t.cfg.RPMBuildTimeout, Limits: t.cfg.limits(), Mock: t.cfg.mock(tag.Extra),
	})
	if err != nil {
		return nil, koji.NewError(koji.CodeBuildroot, err.Error())
	}
	return e, nil
}

// use makes the buildroot, has build work in it and removes it. The hub hears of
// every step, and has all logs, their ends included, whatever the outcome. It
// returns the logs' paths below work/.
func (e *buildEnv) use(ctx context.Context, build func(buildroot.Driver) error) (logs []string, err error) {
	tail := e.tailLogs(ctx, logDir{root: e.results, sub: "."})
	err = e.work(ctx, tail, build)
	names, terr := tail.finish(ctx)
	// The root's own logs must be uploaded before it goes.
	if cerr := e.driver.Clean(ctx); cerr != nil {
		e.log.Error("remove buildroot", "buildroot", e.name, "error", cerr)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if serr := e.state(ctx, koji.BuildrootExpired); serr != nil {
		e.log.Warn("expire buildroot", "buildroot", e.name, "error", serr)
	}
	if err != nil {
		if terr != nil {
			e.log.Error("upload the end of the logs", "error", terr)
		}
		return nil, e.explain(err)
	}
	if terr != nil {
		return nil, terr
	}
	for _, n := range names {
		logs = append(logs, path.Join(e.uploadDir(), n))
	}
	return logs, nil
}

func (e *buildEnv) work(ctx context.Context, tail *logTail, build func(buildroot.Driver) error) error {
	if err := e.driver.Init(ctx); err != nil {
		return err
	}
	// dnf keeps its own log inside the root.
	tail.add(logDir{root: e.driver.RootDir(), sub: "var/log"})
	if err := e.list(ctx, "host.setBuildRootList"); err != nil {
		return err
	}
	if err := e.state(ctx, koji.BuildrootBuilding); err != nil {
		return err
	}
	if err := build(e.driver); err != nil {
		return err
	}
	return e.list(ctx, "host.updateBuildRootList")
}

// list tells the hub what is installed.
func (e *buildEnv) list(ctx context.Context, method string) error {
	pkgs, err := e.driver.Installed(ctx)
	if err != nil {
		return err
	}
	rpms, err := e.recorder.record(pkgs)
	if err != nil {
		return err
	}
	return e.do(ctx, method, e.id, rpms, koji.Named{"task_id": e.ID})
}

func (e *buildEnv) state(ctx context.Context, s koji.BuildrootState) error {
	return e.call(ctx, "host.setBuildRootState", nil, e.id, int(s), koji.Named{"task_id": e.ID})
}

// explain puts a failure into the words that Koji's builder uses, with ours
// about the reason. Init and unresolvable requirements are the buildroot's
// fault, the rest the package's.
func (e *buildEnv) explain(err error) error {
	var exit *buildroot.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	log := exit.Log
	if log == "" {
		log = "root.log"
	}
	status := fmt.Sprintf("mock exited with status %d", exit.Code)
	code := koji.CodeBuild
	if exit.Code == buildroot.ExitUnresolvable {
		code = koji.CodeBuildroot
	}
	return koji.NewError(code, fmt.Sprintf("error building package (arch %s), %s; see %s for more information: %s", e.arch, status, log, exit.Reason))
}
