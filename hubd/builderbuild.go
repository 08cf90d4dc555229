package hubd

import (
	"path"
	"strconv"
	"strings"

	"koji"
	"koji/sqlstore"
)

func builderBuildMethods() []method {
	return []method{
		writes("host.initBuild", builder, "Creates the BUILDING row of an rpm build.", hostInitBuild),
		writes("host.completeBuild", builder, "Imports srpm, rpms and logs and completes a build.", hostCompleteBuild),
		writes("host.failBuild", builder, "Marks a BUILDING build FAILED.", hostFailBuild),
		writes("host.moveBuildToScratch", builder, "Moves scratch rpm build files into the scratch area.", hostMoveBuildToScratch),
		writes("host.tagNotification", builder, "Creates a tagNotification task when there are recipients.", hostTagNotification),
	}
}

type initBuildArgs struct {
	Data map[string]any `rpc:"data"`
}

func hostInitBuild(c *call, a initBuildArgs) (any, error) {
	task, err := c.openTaskOf(a.Data["task_id"])
	if err != nil {
		return nil, err
	}
	n, name, err := c.newBuildOf(a.Data)
	if err != nil {
		return nil, err
	}
	n.Owner, n.Task = task.Owner, task.ID
	return c.beginBuild(name, n)
}

// newBuildOf reads what a build is to be.
func (c *call) newBuildOf(data map[string]any) (n sqlstore.NewBuild, name string, err error) {
	text := func(key string) string {
		s, ok := data[key].(string)
		if (!ok || s == "") && err == nil {
			err = refuse("Invalid build: %s: invalid type %s, want a string", key, typeName(data[key]))
		}
		return s
	}
	if pkg, given := data["pkg_id"]; given && data["name"] == nil {
		known, err := c.need(sqlstore.PackageNames, pkg)
		if err != nil {
			return n, name, err
		}
		name, n.Version, n.Release = known.Name, text("version"), text("release")
	} else {
		name, n.Version, n.Release = text("name"), text("version"), text("release")
	}
	if err != nil {
		return n, name, err
	}
	for key, s := range map[string]string{"version": n.Version, "release": n.Release} {
		if err := checkVersion(key, s); err != nil {
			return n, name, err
		}
	}
	switch epoch := data["epoch"].(type) {
	case nil:
	case int64:
		if !sqlstore.FitsID(epoch) || epoch < 0 {
			return n, name, refuse("Invalid build: epoch %d is out of range", epoch)
		}
		n.Epoch = &epoch
	default:
		return n, name, refuse("Invalid build: epoch: invalid type %s, want an integer", typeName(epoch))
	}
	if v := data["source"]; v != nil {
		source, ok := v.(string)
		if !ok {
			return n, name, refuse("Invalid build: source: invalid type %s, want a string", typeName(v))
		}
		n.Source = &source
	}
	if v := data["extra"]; v != nil {
		if _, ok := v.(map[string]any); !ok {
			return n, name, refuse("Invalid build: extra: invalid type %s, want a struct", typeName(v))
		}
		n.Extra = v
	}
	n.Draft, n.State, n.Started = truthy(data["draft"]), koji.BuildBuilding, c.tx.Now()
	return n, name, nil
}

// checkVersion refuses what can't be a version or release: it becomes a folder.
func checkVersion(what, s string) error {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~^%"
	switch {
	case len(s) > 200:
		return refuse("%s is longer than 200 characters: %.40s…", what, s)
	case strings.Trim(s, letters) != "" || strings.HasPrefix(s, "."):
		return refuse("%s has characters that are not allowed: %q", what, s)
	}
	for _, r := range s {
		if !strings.ContainsRune(letters, r) {
			return refuse("%s has characters that are not allowed: %q", what, s)
		}
	}
	return nil
}

// beginBuild makes a build, or uses again one of that NVR that failed or was
// canceled and left nothing. The same task gets the same build again.
func (c *call) beginBuild(name string, n sqlstore.NewBuild) (int64, error) {
	pkg, err := c.packageID(name, true)
	if err != nil {
		return 0, err
	}
	n.Package = pkg
	old, err := c.lockBuildOf(name, n.Version, n.Release)
	if err != nil {
		return 0, err
	}
	nvr := name + "-" + n.Version + "-" + n.Release
	if old != nil && n.Draft {
		return 0, refuse("Build already exists (id=%d, state=%s): a draft of %s could never be promoted", old.ID, old.State, nvr)
	}
	if n.Draft {
		if id, err := c.taskDraft(name, n); err != nil || id != 0 {
			return id, err
		}
	}
	if old == nil {
		info := &koji.Build{
			Name: name, PackageName: name, PackageID: pkg, Version: n.Version, Release: n.Release, Epoch: n.Epoch, NVR: nvr, State: n.State,
			Draft: n.Draft, OwnerID: n.Owner, TaskID: some(n.Task), CGID: some(n.CG), VolumeID: n.Volume, Source: n.Source, Extra: n.Extra,
		}
		change := map[string]any{"attribute": "state", "old": nil, "new": int64(n.State), "info": info}
		if err := c.callback("preBuildStateChange", change); err != nil {
			return 0, err
		}
		id, err := c.tx.InsertBuild(c, n)
		if err != nil {
			return 0, err
		}
		return id, c.begun(id, change)
	}
	switch {
	case old.State == koji.BuildBuilding && old.TaskID != nil && *old.TaskID == n.Task && n.Task != 0:
		return old.ID, nil
	case old.State != koji.BuildFailed && old.State != koji.BuildCanceled:
		return 0, refuse("Build already exists (id=%d, state=%s): %s", old.ID, old.State, nvr)
	}
	rpms, archives, tags, err := c.tx.BuildUse(c, old.ID)
	if err != nil {
		return 0, err
	}
	if rpms || archives || tags {
		return 0, refuse("Build %s (id=%d, state=%s) can't be used again: it has had files or tags", nvr, old.ID, old.State)
	}
	change := map[string]any{"attribute": "state", "old": int64(old.State), "new": int64(n.State), "info": old}
	if err := c.callback("preBuildStateChange", change); err != nil {
		return 0, err
	}
	if err := c.tx.RecycleBuild(c, old.ID, n); err != nil {
		return 0, err
	}
	return old.ID, c.begun(old.ID, change)
}

// taskDraft is the draft that a task has begun already, 0 if it hasn't: a task
// that is started again goes on with it.
func (c *call) taskDraft(name string, n sqlstore.NewBuild) (int64, error) {
	if n.Task == 0 {
		return 0, nil
	}
	builds, err := c.tx.TaskBuilds(c, n.Task)
	if err != nil {
		return 0, err
	}
	for i := range builds {
		if b := &builds[i]; b.Draft && b.Name == name && b.Version == n.Version && targetRelease(b) == n.Release {
			return b.ID, nil
		}
	}
	return 0, nil
}

// lockBuildOf is the build that has a name, version and release, locked; nil when there is none.
func (c *call) lockBuildOf(name, version, release string) (*koji.Build, error) {
	id, err := c.tx.BuildIDByNVR(c, name, version, release)
	if err != nil || id == 0 {
		return nil, err
	}
	if _, _, err := c.tx.LockBuild(c, id); err != nil {
		return nil, err
	}
	return c.tx.Build(c, id)
}

func (c *call) begun(id int64, change map[string]any) error {
	b, err := c.tx.Build(c, id)
	if err != nil {
		return err
	}
	if err := c.tellBuild(b); err != nil {
		return err
	}
	change["info"] = b
	return c.callback("postBuildStateChange", change)
}

// taskBuild is a BUILDING build of a task, locked.
func (c *call) taskBuild(ref any, task *koji.Task) (*koji.Build, error) {
	id, err := intArg("build_id", ref)
	if err != nil {
		return nil, err
	}
	if sqlstore.FitsID(id) {
		if _, _, err := c.tx.LockBuild(c, id); err != nil {
			return nil, err
		}
	}
	b, err := c.tx.Build(c, id)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, refuse("No such build: %d", id)
	case b.TaskID == nil || *b.TaskID != task.ID:
		return nil, fault(koji.CodeActionNotAllowed, "Build %s is not of task %d", b.NVR, task.ID)
	case b.State != koji.BuildBuilding:
		return nil, refuse("Build %s is %s, not BUILDING", b.NVR, b.State)
	}
	return b, nil
}

type failBuildArgs struct {
	TaskID  any `rpc:"task_id"`
	BuildID any `rpc:"build_id"`
}

func hostFailBuild(c *call, a failBuildArgs) (any, error) {
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	b, err := c.taskBuild(a.BuildID, task)
	if err != nil {
		return nil, err
	}
	if err := c.endBuild(b, koji.BuildFailed); err != nil {
		return nil, err
	}
	return nil, c.buildNotification(b.ID)
}

type scratchArgs struct {
	TaskID any            `rpc:"task_id"`
	SRPM   string         `rpc:"srpm"`
	RPMs   []string       `rpc:"rpms"`
	Logs   map[string]any `rpc:"logs=nil"`
}

// hostMoveBuildToScratch puts what a scratch build brought where people find it.
func hostMoveBuildToScratch(c *call, a scratchArgs) (any, error) {
	logs, err := logPaths(a.Logs)
	if err != nil {
		return nil, err
	}
	return nil, c.scratchOf(a.TaskID, func(in *intake, tree map[int64]bool) error {
		seen := map[string]bool{}
		for _, rel := range append([]string{a.SRPM}, a.RPMs...) {
			if seen[path.Base(rel)] { // noarch packages come from each arch
				continue
			}
			seen[path.Base(rel)] = true
			u, err := in.take(rel, tree)
			if err != nil {
				return err
			}
			if err := in.add(u, u.name); err != nil {
				return err
			}
		}
		return in.addLogs(logs, "logs", tree)
	})
}

// scratchOf puts what a scratch build brought where people find it: add gathers it.
func (c *call) scratchOf(taskID any, add func(in *intake, tasks map[int64]bool) error) (err error) {
	task, err := c.openTaskOf(taskID)
	if err != nil {
		return err
	}
	owner, err := c.tx.User(c, task.Owner)
	if err != nil {
		return err
	}
	tree, err := c.taskTree(task.ID)
	if err != nil {
		return err
	}
	in, err := c.newIntake("DEFAULT")
	if err != nil {
		return err
	}
	defer func() { in.close(err) }()
	if err := in.gather("scratch"); err != nil {
		return err
	}
	if err := add(in, tree); err != nil {
		return err
	}
	dest := c.hub.below(c.hub.paths.Scratch(owner.Name, task.ID))
	if err := in.place(dest); err != nil {
		return err
	}
	in.leaveLinks("", dest)
	return nil
}

// buildLog is a log that a builder names, and for which arch.
type buildLog struct{ dir, path string }

// logPaths reads an argument like {"x86_64": ["tasks/1/1/build.log"]}.
func logPaths(v map[string]any) ([]buildLog, error) {
	var logs []buildLog
	for _, arch := range sortedKeys(v) {
		if arch != "" {
			if err := checkArch(arch); err != nil {
				return nil, err
			}
		}
		list, ok := v[arch].([]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "logs: %s: invalid type %s, want an array", arch, typeName(v[arch]))
		}
		for _, item := range list {
			p, ok := item.(string)
			if !ok {
				return nil, fault(koji.CodeParameter, "logs: %s: invalid type %s, want a string", arch, typeName(item))
			}
			logs = append(logs, buildLog{arch, p})
		}
	}
	return logs, nil
}

func (in *intake) addLogs(logs []buildLog, below string, tasks map[int64]bool) error {
	for _, l := range logs {
		u, err := in.take(l.path, tasks)
		if err != nil {
			return err
		}
		if err := in.add(u, path.Join(below, l.dir, u.name)); err != nil {
			return err
		}
	}
	return nil
}

// draftRelease is the release that a draft has until it is promoted.
func draftRelease(target string, id int64) string {
	return target + ",draft_" + strconv.FormatInt(id, 10)
}

// targetRelease is the release that a build has, or a draft will have once it is promoted.
func targetRelease(b *koji.Build) string {
	if b.Draft {
		return strings.TrimSuffix(b.Release, draftRelease("", b.ID))
	}
	return b.Release
}
