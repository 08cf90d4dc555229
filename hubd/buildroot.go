package hubd

import (
	"strings"

	"koji"
	"koji/sqlstore"
)

func buildrootMethods() []method {
	return []method{
		reads("getBuildroot", anyone, "One buildroot.", getBuildroot),
		reads("listBuildroots", anyone, "Buildroots by host, tag, state, rpm, archive, task or repo.", listBuildroots),
		reads("getBuildrootListing", anyone, "Rpms installed in a buildroot.", getBuildrootListing),
		writes("host.newBuildRoot", builder, "Creates an INIT buildroot and returns its id.", hostNewBuildRoot),
		writes("host.setBuildRootState", builder, "Changes buildroot state.", hostSetBuildRootState),
		writes("host.setBuildRootList", builder, "Records initial buildroot rpm content (state INIT only).", hostSetBuildRootList),
		writes("host.updateBuildRootList", builder, "Adds newly installed rpms (state BUILDING only).", hostUpdateBuildRootList),
	}
}

type getBuildrootArgs struct {
	ID     int64 `rpc:"buildrootID"`
	Strict bool  `rpc:"strict=false"`
}

func getBuildroot(c *call, a getBuildrootArgs) (any, error) {
	b, err := c.tx.Buildroot(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case b != nil:
		return b, nil
	case a.Strict:
		return nil, refuse("No such buildroot: %d", a.ID)
	}
	return nil, nil
}

type listBuildrootsArgs struct {
	Host      any    `rpc:"hostID=nil"`
	Tag       any    `rpc:"tagID=nil"`
	State     any    `rpc:"state=nil"`
	RPM       *int64 `rpc:"rpmID=nil"`
	Archive   *int64 `rpc:"archiveID=nil"`
	Task      *int64 `rpc:"taskID=nil"`
	ID        any    `rpc:"buildrootID=nil"`
	Repo      *int64 `rpc:"repoID=nil"`
	QueryOpts any    `rpc:"queryOpts=nil"`
}

func listBuildroots(c *call, a listBuildrootsArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	f := sqlstore.BuildrootFilter{RPM: a.RPM, Archive: a.Archive, Task: a.Task, Repo: a.Repo}
	for _, n := range []struct {
		table sqlstore.NameTable
		ref   any
		into  **int64
	}{{sqlstore.HostNames, a.Host, &f.Host}, {sqlstore.TagNames, a.Tag, &f.Tag}} {
		if n.ref == nil {
			continue
		}
		row, err := c.need(n.table, n.ref)
		if err != nil {
			return nil, err
		}
		*n.into = &row.ID
	}
	if f.States, err = intsArg("state", a.State); err != nil {
		return nil, err
	}
	if f.IDs, err = intsArg("buildrootID", a.ID); err != nil {
		return nil, err
	}
	list, n, err := c.tx.ListBuildroots(c, f, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return n, nil
	}
	return asList(opts.AsList, each(list)), nil
}

// intsArg is an argument that is one number or several; nil is any.
func intsArg(name string, v any) ([]int64, error) {
	if v == nil {
		return nil, nil
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	numbers := []int64{}
	for _, item := range items {
		n, err := intArg(name, item)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

type buildrootIDArgs struct {
	ID int64 `rpc:"id"`
}

func getBuildrootListing(c *call, a buildrootIDArgs) (any, error) {
	return each(c.tx.BuildrootListing(c, a.ID)), nil
}

type newBuildRootArgs struct {
	Repo   any    `rpc:"repo"`
	Arch   string `rpc:"arch"`
	TaskID any    `rpc:"task_id=nil"`
}

func hostNewBuildRoot(c *call, a newBuildRootArgs) (any, error) {
	if err := checkArch(a.Arch); err != nil {
		return nil, err
	}
	if a.TaskID == nil {
		return nil, refuse("A buildroot belongs to a task: task_id is required")
	}
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	repo, err := c.repoRef(a.Repo)
	if err != nil {
		return nil, err
	}
	if repo.State == koji.RepoDeleted {
		return nil, refuse("repo %d is %s", repo.ID, repo.State)
	}
	return c.tx.InsertBuildroot(c, sqlstore.NewBuildroot{Host: c.session.host, Repo: repo.ID, Task: task.ID, Arch: a.Arch})
}

// checkArch refuses what is no name of one arch: it becomes a folder's.
func checkArch(arch string) error {
	list, err := koji.ArchList(arch)
	if err != nil || len(list) != 1 || list[0] != arch || len(arch) > 16 || strings.HasPrefix(arch, "-") {
		return refuse("Invalid arch: %q", arch)
	}
	return nil
}

// myBuildroot is a buildroot that must be the calling host's own and, where a
// task is given, that task's.
func (c *call) myBuildroot(id int64, taskRef any) (*koji.Buildroot, error) {
	if err := c.tx.LockBuildroot(c, id); err != nil {
		return nil, err
	}
	b, err := c.tx.Buildroot(c, id)
	switch {
	case err != nil:
		return nil, err
	case b == nil || b.State == nil:
		return nil, refuse("No such buildroot: %d", id)
	case b.HostID == nil || *b.HostID != c.session.host:
		return nil, fault(koji.CodeActionNotAllowed, "Host mismatch: buildroot %d is not of host %d", id, c.session.host)
	case taskRef == nil:
		return b, nil
	}
	task, err := intArg("task_id", taskRef)
	if err != nil {
		return nil, err
	}
	if b.TaskID == nil || *b.TaskID != task {
		return nil, fault(koji.CodeActionNotAllowed, "Task mismatch: buildroot %d is not of task %d", id, task)
	}
	_, err = c.openTaskOf(task)
	return b, err
}

type setBuildRootStateArgs struct {
	ID     int64 `rpc:"brootid"`
	State  any   `rpc:"state"`
	TaskID any   `rpc:"task_id=nil"`
}

// hostSetBuildRootState lets a state only grow; EXPIRED is the last. A host may
// retire what its finished tasks left behind, so that the task needn't be open.
func hostSetBuildRootState(c *call, a setBuildRootStateArgs) (any, error) {
	state, err := buildrootState(a.State)
	if err != nil {
		return nil, err
	}
	task := a.TaskID
	if state == koji.BuildrootExpired {
		task = nil
	}
	b, err := c.myBuildroot(a.ID, task)
	if err != nil {
		return nil, err
	}
	if id, isID := a.TaskID.(int64); isID && task == nil && (b.TaskID == nil || *b.TaskID != id) {
		return nil, fault(koji.CodeActionNotAllowed, "Task mismatch: buildroot %d is not of task %d", a.ID, id)
	}
	switch {
	case state == *b.State && state == koji.BuildrootExpired:
		return nil, nil
	case state < *b.State || *b.State == koji.BuildrootExpired:
		return nil, refuse("buildroot %d is %s; it can't become %s", a.ID, *b.State, state)
	}
	return nil, c.tx.SetBuildrootState(c, a.ID, state)
}

func buildrootState(v any) (koji.BuildrootState, error) {
	for s := koji.BuildrootInit; s <= koji.BuildrootExpired; s++ {
		if v == int64(s) || v == s.String() {
			return s, nil
		}
	}
	return 0, refuse("Invalid state for a buildroot: %v", refText(v))
}

type buildRootListArgs struct {
	ID     int64 `rpc:"brootid"`
	RPMs   []any `rpc:"rpmlist"`
	TaskID any   `rpc:"task_id=nil"`
}

func hostSetBuildRootList(c *call, a buildRootListArgs) (any, error) {
	return nil, c.addBuildrootRPMs(a, koji.BuildrootInit, false)
}

func hostUpdateBuildRootList(c *call, a buildRootListArgs) (any, error) {
	return nil, c.addBuildrootRPMs(a, koji.BuildrootBuilding, true)
}

func (c *call) addBuildrootRPMs(a buildRootListArgs, state koji.BuildrootState, update bool) error {
	b, err := c.myBuildroot(a.ID, a.TaskID)
	if err != nil {
		return err
	}
	if *b.State != state {
		return refuse("buildroot %d is %s, not %s", a.ID, *b.State, state)
	}
	ids := make([]int64, 0, len(a.RPMs))
	repos := map[any]sqlstore.Name{}
	for i, v := range a.RPMs {
		m, ok := v.(map[string]any)
		if !ok {
			return fault(koji.CodeParameter, "rpmlist: element %d: invalid type %s, want a struct", i, typeName(v))
		}
		id, err := c.installedRPM(m, repos)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	return c.tx.AddBuildrootRPMs(c, a.ID, ids, update)
}

// installedRPM finds the rpm that a builder found installed. One from an
// external repo (key location) that wasn't met before is recorded.
func (c *call) installedRPM(m map[string]any, repos map[any]sqlstore.Name) (int64, error) {
	location := m["location"]
	if location == nil {
		location = m["external_repo"]
	}
	if location == nil || location == "" {
		all, err := c.findRPMs(m)
		if err != nil {
			return 0, err
		}
		for _, r := range all {
			if r.PayloadHash == m["payloadhash"] {
				return r.ID, nil
			}
		}
		if len(all) == 0 {
			return 0, refuse("No such rpm: %v-%v-%v.%v; is its repo one of this hub's, or an external one?", m["name"], m["version"], m["release"], m["arch"])
		}
		return all[0].ID, nil
	}
	repo, err := c.externalRepoOf(location, repos)
	if err != nil {
		return 0, err
	}
	r, err := c.addExternalRPM(m, repo, false)
	if err != nil {
		return 0, err
	}
	return r.ID, nil
}

// addExternalRPM records an rpm of an external repo. One that was recorded
// before is that again, if it is the same; with strict it is refused.
func (c *call) addExternalRPM(m map[string]any, repo sqlstore.Name, strict bool) (*koji.RPM, error) {
	r, err := externalRPM(m)
	if err != nil {
		return nil, err
	}
	r.ExternalRepoID = repo.ID
	n := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
	known, err := c.tx.RPMsByName(c, n, &repo.ID)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		id, err := c.tx.InsertRPM(c, r)
		if err != nil {
			return nil, err
		}
		return c.tx.RPM(c, id)
	}
	if strict {
		return nil, refuse("external rpm already exists: %s@%s", n, repo.Name)
	}
	if old := known[0].PayloadHash; old != r.PayloadHash {
		return nil, refuse("hash changed for external rpm: %s@%s (%s -> %s)", n, repo.Name, old, r.PayloadHash)
	}
	return &known[0], nil
}

// externalRepoOf finds the external repo that a builder names: by name, by a
// struct, or by the URL that it has.
func (c *call) externalRepoOf(location any, repos map[any]sqlstore.Name) (sqlstore.Name, error) {
	key := any(refText(location))
	if n, ok := repos[key]; ok {
		return n, nil
	}
	var n sqlstore.Name
	url, isText := location.(string)
	if m, ok := location.(map[string]any); ok {
		if id, ok := m["external_repo_id"]; ok {
			location = id
		} else if u, ok := m["url"].(string); ok && m["id"] == nil && m["name"] == nil {
			url, isText = u, true
		}
	}
	err := error(nil)
	if isText && strings.Contains(url, "://") {
		var found bool
		if n, found, err = c.tx.ExternalRepoByURL(c, url); err == nil && !found {
			err = refuse("No such external repo: %s", url)
		}
	} else {
		n, err = c.need(sqlstore.ExternalRepoNames, location)
	}
	if err == nil && n.ID == 0 {
		err = refuse("external repo %s stands for the hub's own rpms", n.Name)
	}
	if err == nil {
		repos[key] = n
	}
	return n, err
}

// externalRPM reads what a builder tells of an rpm that isn't the hub's own.
func externalRPM(m map[string]any) (r koji.RPM, err error) {
	for key, into := range map[string]*string{
		"name": &r.Name, "version": &r.Version, "release": &r.Release, "arch": &r.Arch, "payloadhash": &r.PayloadHash,
	} {
		text, ok := m[key].(string)
		if !ok || text == "" || len(text) > 1024 {
			return r, refuse("rpm %v: %s: invalid type %s, want a string", m["name"], key, typeName(m[key]))
		}
		if strings.Contains(text, "/") || badText(text) {
			return r, refuse("rpm %q: %s: %q is a path, or has characters that are not allowed", m["name"], key, text)
		}
		*into = text
	}
	if len(r.Arch) > 16 {
		return r, refuse("Invalid arch: %q", r.Arch)
	}
	for key, into := range map[string]*int64{"size": &r.Size, "buildtime": &r.BuildTime} {
		n, ok := m[key].(int64)
		if !ok {
			return r, refuse("rpm %s: %s: invalid type %s, want an integer", r.Name, key, typeName(m[key]))
		}
		*into = n
	}
	switch epoch := m["epoch"].(type) {
	case nil:
	case int64:
		r.Epoch = &epoch
	default:
		return r, refuse("rpm %s: epoch: invalid type %s, want an integer", r.Name, typeName(epoch))
	}
	return r, nil
}
