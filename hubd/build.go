package hubd

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"koji"
	"koji/sqlstore"
)

func buildMethods() []method {
	return []method{
		reads("getBuild", anyone, "Full build record (id, NVR text or map accepted).", getBuild),
		reads("findBuildID", anyone, "Build id for an id, NVR text or map.", findBuildID),
		reads("listBuilds", anyone, "Builds by many filters.", listBuilds),
		writes("cancelBuild", user, "Cancels a BUILDING build (owner or admin) and its task; boolean result.", cancelBuild),
		reads("getBuildLogs", anyone, "Log files stored for a build.", getBuildLogs),
		reads("getBuildType", anyone, "Map of build type name to its type specific info.", getBuildType),
		reads("listBTypes", anyone, "Build types.", listBTypes),
		reads("getNextRelease", anyone, "Next release text for a name/version (increments the last integer part).", getNextRelease),
		reads("getAverageBuildDuration", anyone, "Mean seconds of completed builds of a package, optionally limited to N months; nil if none.", getAverageBuildDuration),
		writes("setBuildOwner", perm("admin"), "Changes the owner of a build.", setBuildOwner),
		reads("getLatestBuilds", anyone, "Latest builds of a tag with inheritance.", getLatestBuilds),
		reads("listTagged", anyone, "Builds tagged into a tag.", listTagged),
		reads("untaggedBuilds", anyone, "COMPLETE builds without active tags.", untaggedBuilds),
	}
}

type getBuildArgs struct {
	Build  any  `rpc:"buildInfo"`
	Strict bool `rpc:"strict=false"`
}

func getBuild(c *call, a getBuildArgs) (any, error) {
	b, err := c.findBuild(a.Build)
	switch {
	case err != nil:
		return nil, err
	case b != nil:
		return b, nil
	case a.Strict:
		return nil, noSuchBuild(a.Build)
	}
	return nil, nil
}

type findBuildIDArgs struct {
	X      any  `rpc:"X"`
	Strict bool `rpc:"strict=false"`
}

func findBuildID(c *call, a findBuildIDArgs) (any, error) {
	id, err := c.findBuildID(a.X)
	switch {
	case err != nil:
		return nil, err
	case id != 0:
		return id, nil
	case a.Strict:
		return nil, noSuchBuild(a.X)
	}
	return nil, nil
}

type listBuildsArgs struct {
	Package        any            `rpc:"packageID=nil"`
	User           any            `rpc:"userID=nil"`
	TaskID         *int64         `rpc:"taskID=nil"`
	Prefix         *string        `rpc:"prefix=nil"`
	State          *int64         `rpc:"state=nil"`
	Volume         any            `rpc:"volumeID=nil"`
	Source         *string        `rpc:"source=nil"`
	CreatedBefore  any            `rpc:"createdBefore=nil"`
	CreatedAfter   any            `rpc:"createdAfter=nil"`
	CompleteBefore any            `rpc:"completeBefore=nil"`
	CompleteAfter  any            `rpc:"completeAfter=nil"`
	Type           *string        `rpc:"type=nil"`
	TypeInfo       map[string]any `rpc:"typeInfo=nil"`
	QueryOpts      any            `rpc:"queryOpts=nil"`
	Pattern        *string        `rpc:"pattern=nil"`
	CG             any            `rpc:"cgID=nil"`
	Draft          *bool          `rpc:"draft=nil"`
	PromotedBefore any            `rpc:"promotedBefore=nil"`
	PromotedAfter  any            `rpc:"promotedAfter=nil"`
	Promoter       any            `rpc:"promoter=nil"`
}

func listBuilds(c *call, a listBuildsArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	f := sqlstore.BuildFilter{State: a.State, Draft: a.Draft, Prefix: deref(a.Prefix), Pattern: deref(a.Pattern), Source: deref(a.Source)}
	if a.TaskID != nil {
		if *a.TaskID == -1 {
			f.AnyTask = true
		} else {
			f.Task = a.TaskID
		}
	}
	if f.Type, err = c.buildType(a.Type, a.TypeInfo); err != nil {
		return nil, err
	}
	for _, t := range []struct {
		name string
		arg  any
		into *time.Time
	}{
		{"createdBefore", a.CreatedBefore, &f.CreatedBefore},
		{"createdAfter", a.CreatedAfter, &f.CreatedAfter},
		{"completeBefore", a.CompleteBefore, &f.CompletedBefore},
		{"completeAfter", a.CompleteAfter, &f.CompletedAfter},
		{"promotedBefore", a.PromotedBefore, &f.PromotedBefore},
		{"promotedAfter", a.PromotedAfter, &f.PromotedAfter},
	} {
		if t.arg != nil {
			if *t.into, err = timeArg(t.name, t.arg); err != nil {
				return nil, err
			}
		}
	}
	// Nothing is built of a package, nor by a user, that isn't there.
	for _, n := range []struct {
		table sqlstore.NameTable
		ref   any
		into  **int64
	}{
		{sqlstore.PackageNames, a.Package, &f.Package},
		{sqlstore.UserNames, a.User, &f.Owner},
		{sqlstore.VolumeNames, a.Volume, &f.Volume},
		{sqlstore.GeneratorNames, a.CG, &f.CG},
		{sqlstore.UserNames, a.Promoter, &f.Promoter},
	} {
		if n.ref == nil {
			continue
		}
		row, found, err := c.find(n.table, n.ref)
		if err != nil {
			return nil, err
		}
		if !found {
			row.ID = -1
		}
		*n.into = &row.ID
	}
	if opts.CountOnly {
		return c.tx.CountBuilds(c, f, opts)
	}
	builds, err := c.tx.ListBuilds(c, f, opts)
	if err != nil {
		return nil, err
	}
	return asList(opts.AsList, each(builds)), nil
}

type cancelBuildArgs struct {
	Build  any  `rpc:"buildID"`
	Strict bool `rpc:"strict=false"`
}

func cancelBuild(c *call, a cancelBuildArgs) (any, error) {
	b, err := c.findBuild(a.Build)
	if err != nil {
		return nil, err
	}
	if b == nil {
		if a.Strict {
			return nil, noSuchBuild(a.Build)
		}
		return false, nil
	}
	if b.OwnerID != c.session.user {
		admin, err := c.isAdmin()
		if err != nil {
			return nil, err
		}
		if !admin {
			return nil, fault(koji.CodeActionNotAllowed, "Cannot cancel build %s, not owner", b.NVR)
		}
	}
	canceled, err := c.cancelBuild(b)
	if err != nil || !canceled {
		return canceled, err
	}
	if b.TaskID != nil {
		if err := c.cancelTask(*b.TaskID, true); err != nil {
			return nil, err
		}
	}
	return true, nil
}

// cancelBuild cancels a build that is BUILDING; false when it isn't. Its task goes on.
func (c *call) cancelBuild(b *koji.Build) (bool, error) {
	state, _, err := c.tx.LockBuild(c, b.ID)
	if err != nil || state != koji.BuildBuilding {
		return false, err
	}
	if err := c.endBuild(b, koji.BuildCanceled); err != nil {
		return false, err
	}
	return true, c.buildNotification(b.ID)
}

// cancelTaskBuilds cancels the builds that a task is at.
func (c *call) cancelTaskBuilds(task int64) error {
	builds, err := c.tx.TaskBuilds(c, task)
	if err != nil {
		return err
	}
	for i := range builds {
		if _, err := c.cancelBuild(&builds[i]); err != nil {
			return err
		}
	}
	return nil
}

// endBuild puts a build that is BUILDING into a state in which it has no files.
// Should a folder lie in its place, from an import that was broken off, it goes.
func (c *call) endBuild(b *koji.Build, state koji.BuildState) error {
	dir, log := c.hub.paths.Build(b.VolumeName, b.Name, b.Version, b.Release), c.log()
	if _, err := os.Lstat(dir); err == nil {
		c.tx.AfterCommit(func() {
			log.Warn("folder of a build without files removed", "build", b.ID, "path", dir)
			if err := os.RemoveAll(dir); err != nil {
				log.Error("remove folder of a build without files", "build", b.ID, "path", dir, "err", err)
			}
		})
	}
	return c.changeBuild(b, "state", int64(b.State), int64(state), func() error { return c.tx.EndBuild(c, b.ID, state, c.tx.Now()) })
}

// changeBuild runs a change of a build between the callbacks that hear of it,
// and tells the event stream how the build stands then.
func (c *call) changeBuild(b *koji.Build, attribute string, before, after any, change func() error) error {
	info := map[string]any{"attribute": attribute, "old": before, "new": after, "info": b}
	if err := c.callback("preBuildStateChange", info); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	now, err := c.tx.Build(c, b.ID)
	if err != nil || now == nil {
		return err
	}
	if attribute == "state" {
		if err := c.tellBuild(now); err != nil {
			return err
		}
	}
	return c.callback("postBuildStateChange", map[string]any{"attribute": attribute, "old": before, "new": after, "info": now})
}

func (c *call) tellBuild(b *koji.Build) error {
	n := koji.BuildNotice{ID: b.ID, NVR: b.NVR, State: b.State}
	if b.TaskID != nil {
		n.Task = *b.TaskID
	}
	return c.notice(koji.Notice{Kind: koji.NoticeBuild, Build: &n})
}

type buildOnlyArgs struct {
	Build any `rpc:"build"`
}

func getBuildLogs(c *call, a buildOnlyArgs) (any, error) {
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(c.hub.cfg.KojiDir)
	if err != nil {
		return nil, wrapError(err, "open file tree")
	}
	defer root.Close()
	top := path.Join(strings.TrimPrefix(c.hub.paths.Build(b.VolumeName, b.Name, b.Version, b.Release), c.hub.paths.Top+"/"), "data/logs")
	logs := []koji.BuildLog{}
	err = fs.WalkDir(root.FS(), top, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			if os.IsNotExist(err) {
				return nil // nothing was logged
			}
			return err
		}
		dir := path.Dir(strings.TrimPrefix(p, top+"/"))
		logs = append(logs, koji.BuildLog{Name: d.Name(), Dir: dir, Path: top + "/" + dir + "/" + d.Name()})
		return nil
	})
	return logs, wrapError(err, "list logs of build %d", b.ID)
}

func getBuildType(c *call, a getBuildArgs) (any, error) {
	b, err := c.findBuild(a.Build)
	if err != nil {
		return nil, err
	}
	if b == nil {
		if a.Strict {
			return nil, noSuchBuild(a.Build)
		}
		return nil, nil
	}
	return c.tx.BuildTypes(c, b)
}

type listBTypesArgs struct {
	Query     map[string]any `rpc:"query=nil"`
	QueryOpts any            `rpc:"queryOpts=nil"`
}

func listBTypes(c *call, a listBTypesArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	var id *int64
	var name *string
	for key, v := range a.Query {
		switch v := v.(type) {
		case int64:
			if key == "id" {
				id = &v
				continue
			}
		case string:
			if key == "name" {
				name = &v
				continue
			}
		}
		return nil, fault(koji.CodeParameter, "listBTypes: query: %s: want id (an integer) or name (a string)", key)
	}
	types, n, err := c.tx.ListBuildTypes(c, id, name, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return n, nil
	}
	return rows(opts, types), nil
}

type getNextReleaseArgs struct {
	Build map[string]any `rpc:"build_info"`
	Incr  int64          `rpc:"incr=1"`
}

func getNextRelease(c *call, a getNextReleaseArgs) (any, error) {
	name, okName := a.Build["name"].(string)
	version, okVersion := a.Build["version"].(string)
	if !okName || !okVersion {
		return nil, fault(koji.CodeParameter, "getNextRelease: build_info: want name and version as strings")
	}
	last, err := c.tx.NewestRelease(c, name, version)
	if err != nil {
		return nil, err
	}
	next, ok := nextRelease(last, a.Incr)
	if !ok {
		return nil, fault(koji.CodeBuild, "Unable to increment release value: %s", last)
	}
	return next, nil
}

// nextRelease counts a release up: 3 → 4, 3.fc40 → 4.fc40, 20260101.n.0 → 20260101.n.1.
func nextRelease(last string, incr int64) (string, bool) {
	if last == "" {
		return "1", true
	}
	parts := strings.Split(last, ".")
	at := map[int]int{1: 0, 2: 0, 3: 2}
	i, ok := at[len(parts)]
	if !ok || parts[i] == "" || strings.Trim(parts[i], "0123456789") != "" {
		return "", false
	}
	n, err := strconv.ParseInt(parts[i], 10, 64)
	if err != nil {
		return "", false
	}
	parts[i] = strconv.FormatInt(n+incr, 10)
	return strings.Join(parts, "."), true
}

type averageArgs struct {
	Package any    `rpc:"package"`
	Age     *int64 `rpc:"age=nil"`
}

func getAverageBuildDuration(c *call, a averageArgs) (any, error) {
	pkg, found, err := c.find(sqlstore.PackageNames, a.Package)
	if err != nil || !found {
		return nil, err
	}
	var after time.Time
	if a.Age != nil {
		if *a.Age < 0 || *a.Age > 12000 {
			return nil, fault(koji.CodeParameter, "age: %d is no number of months", *a.Age)
		}
		after = c.tx.Now().AddDate(0, -int(*a.Age), 0)
	}
	mean, err := c.tx.AverageBuildDuration(c, pkg.ID, after)
	if err != nil || mean == nil {
		return nil, err
	}
	return *mean, nil
}

type setBuildOwnerArgs struct {
	Build any `rpc:"build"`
	User  any `rpc:"user"`
}

func setBuildOwner(c *call, a setBuildOwnerArgs) (any, error) {
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	owner, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return nil, c.changeBuild(b, "owner_id", b.OwnerID, owner, func() error { return c.tx.SetBuildOwner(c, b.ID, owner) })
}

type untaggedArgs struct {
	Name      *string `rpc:"name=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
	Draft     *bool   `rpc:"draft=nil"`
}

func untaggedBuilds(c *call, a untaggedArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	builds, n, err := c.tx.UntaggedBuilds(c, deref(a.Name), a.Draft, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return n, nil
	}
	return asList(opts.AsList, each(builds)), nil
}
