package hubd

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"koji"
	"koji/internal/rpmfile"
	"koji/sqlstore"
)

type completeBuildArgs struct {
	TaskID  any            `rpc:"task_id"`
	BuildID any            `rpc:"build_id"`
	SRPM    string         `rpc:"srpm"`
	RPMs    []string       `rpc:"rpms"`
	BRMap   map[string]any `rpc:"brmap=nil"`
	Logs    map[string]any `rpc:"logs=nil"`
}

// hostCompleteBuild imports what a build brought. All is checked before
// anything is stored; the files get to their place with one rename, the last
// step before the commit. Koji: reference/semantics.md, "Builds".
func hostCompleteBuild(c *call, a completeBuildArgs) (_ any, err error) {
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	b, err := c.taskBuild(a.BuildID, task)
	if err != nil {
		return nil, err
	}
	tree, err := c.taskTree(task.ID)
	if err != nil {
		return nil, err
	}
	logs, err := logPaths(a.Logs)
	if err != nil {
		return nil, err
	}
	volume, err := c.rpmVolume(b, task, a.BRMap)
	if err != nil {
		return nil, err
	}
	in, err := c.newIntake(volume.Name)
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()

	srpm, err := in.takeRPM(a.SRPM, tree)
	if err != nil {
		return nil, err
	}
	if err := checkSource(b, srpm); err != nil {
		return nil, err
	}
	rpms := []*takenRPM{srpm}
	for _, rel := range a.RPMs {
		r, err := in.takeRPM(rel, tree)
		if err != nil {
			return nil, err
		}
		if err := checkBinary(srpm, r); err != nil {
			return nil, err
		}
		rpms = append(rpms, r)
	}
	if rpms, err = distinctRPMs(rpms); err != nil {
		return nil, err
	}
	info := map[string]any{
		"type": "build", "srpm": a.SRPM, "rpms": a.RPMs, "brmap": a.BRMap, "task_id": task.ID, "build_id": b.ID, "build": b, "logs": a.Logs,
	}
	if err := c.callback("preImport", info); err != nil {
		return nil, err
	}
	if err := in.gather("packages"); err != nil {
		return nil, err
	}
	for _, r := range rpms {
		if _, err := c.importRPM(in, b, r, a.BRMap); err != nil {
			return nil, err
		}
	}
	if err := in.addLogs(logs, "data/logs", tree); err != nil {
		return nil, err
	}
	if err := c.addType(b, "rpm"); err != nil {
		return nil, err
	}
	if err := c.finishBuild(in, b, volume, false); err != nil {
		return nil, err
	}
	if info["build"], err = c.tx.Build(c, b.ID); err != nil {
		return nil, err
	}
	if err := c.callback("postImport", info); err != nil {
		return nil, err
	}
	return info["build"], nil
}

// rpmVolume asks the policy volume where an rpm build's files go.
func (c *call) rpmVolume(b *koji.Build, task *koji.Task, brmap map[string]any) (sqlstore.Name, error) {
	var buildroots []any
	seen := map[any]bool{}
	for _, key := range sortedKeys(brmap) {
		if id := brmap[key]; !seen[id] {
			seen[id] = true
			buildroots = append(buildroots, id)
		}
	}
	return c.importVolume(b, task, map[string]any{
		"version": b.Version, "release": b.Release, "buildroots": buildroots, "import_type": "rpm",
	})
}

// importVolume asks the policy volume where the files go that a build gets. The
// policy sees data, and what its task was asked for, if it has one.
func (c *call) importVolume(b *koji.Build, task *koji.Task, data map[string]any) (sqlstore.Name, error) {
	seen, err := c.dataOfTask(task)
	if err != nil {
		return sqlstore.Name{}, err
	}
	seen["build"], seen["package"], seen["import"] = b.ID, b.Name, true
	for key, v := range data {
		seen[key] = v
	}
	return c.volumeOfImport(seen)
}

// dataOfTask is what a policy sees of a task, which may be nil.
func (c *call) dataOfTask(task *koji.Task) (map[string]any, error) {
	if task == nil {
		return map[string]any{}, nil
	}
	request, _, _, err := c.tx.TaskDocuments(c, task.ID)
	if err != nil {
		return nil, err
	}
	params, err := decodeRequest(task.ID, request)
	if err != nil {
		return map[string]any{}, nil // one that can't be read tells nothing
	}
	return c.taskData(task.Method, params), nil
}

// volumeFor asks the policy volume where the files of a build go, nil where no rule says.
func (c *call) volumeFor(data map[string]any) (*sqlstore.Name, error) {
	result, err := c.evalPolicy("volume", data)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(result.Action)
	if !result.Matched || len(words) == 0 {
		return nil, nil
	}
	n, found, err := c.tx.NameByName(c, sqlstore.VolumeNames, words[0])
	if err == nil && !found {
		c.log().Error("volume policy names no volume", "action", result.Action, "build", data["build"])
		err = refuse("invalid volume policy: no volume %s", words[0])
	}
	return &n, err
}

// volumeOfImport is volumeFor, where DEFAULT stands for what no rule says.
func (c *call) volumeOfImport(data map[string]any) (sqlstore.Name, error) {
	v, err := c.volumeFor(data)
	if err != nil || v == nil {
		return sqlstore.Name{ID: 0, Name: "DEFAULT"}, err
	}
	return *v, nil
}

// takenRPM is an uploaded rpm whose headers were read.
type takenRPM struct {
	*upload
	rel      string // as the builder named it
	header   *rpmfile.File
	fileinfo map[string]any // what a content generator tells of it
}

// takeRPM opens an uploaded rpm, whose file must be whole and named after it.
func (in *intake) takeRPM(rel string, tasks map[int64]bool) (*takenRPM, error) {
	u, err := in.take(rel, tasks)
	if err != nil {
		return nil, err
	}
	return readTaken(u, rel)
}

func readTaken(u *upload, rel string) (*takenRPM, error) {
	// By descriptor, so that what is read is the file that was opened.
	f, err := rpmfile.Open(fmt.Sprintf("/proc/self/fd/%d", u.file.Fd()))
	if errors.Is(err, rpmfile.ErrNotRPM) {
		return nil, refuse("%s: not a valid rpm file", u.name)
	}
	if err != nil {
		return nil, wrapError(err, "read %s", u.name)
	}
	if f.FileName() != u.name {
		return nil, refuse("Bad filename: %s should be %s", u.name, f.FileName())
	}
	if err := checkArch(f.Arch); err != nil {
		return nil, refuse("%s: %v", u.name, err)
	}
	if f.SigMD5 == "" {
		return nil, refuse("%s has no payload digest", u.name)
	}
	return &takenRPM{upload: u, rel: rel, header: f}, nil
}

// checkSource compares a source rpm with the build that it is of.
func checkSource(b *koji.Build, srpm *takenRPM) error {
	h := srpm.header
	switch {
	case !h.Source:
		return refuse("%s is no source rpm", srpm.name)
	case h.Name != b.Name || h.Version != b.Version || h.Release != targetRelease(b):
		return refuse("srpm NVR mismatch: %s is of build %s-%s-%s", srpm.name, b.Name, b.Version, targetRelease(b))
	case !same(h.Epoch, b.Epoch):
		return refuse("epoch mismatch: %s has %s, build %s has %s", srpm.name, epochText(h.Epoch), b.NVR, epochText(b.Epoch))
	}
	return nil
}

func epochText(epoch *int64) string {
	if epoch == nil {
		return "none"
	}
	return fmt.Sprint(*epoch)
}

func checkBinary(srpm, r *takenRPM) error {
	switch {
	case r.header.Source:
		return refuse("%s is a source rpm; there is one already", r.name)
	case r.header.SourceRPM != srpm.name:
		return refuse("srpm mismatch for %s: %s (expected %s)", r.name, r.header.SourceRPM, srpm.name)
	}
	return nil
}

// distinctRPMs keeps one of those that come several times: a noarch package is
// built on each arch, and must be the same everywhere.
func distinctRPMs(rpms []*takenRPM) ([]*takenRPM, error) {
	first := map[string]*takenRPM{}
	var kept []*takenRPM
	for _, r := range rpms {
		f := first[r.name]
		switch {
		case f == nil:
			first[r.name] = r
			kept = append(kept, r)
		case r.header.Arch != "noarch":
			return nil, refuse("%s is there twice: %s and %s", r.name, f.rel, r.rel)
		case f.header.ContentDigest() != r.header.ContentDigest():
			return nil, fault(koji.CodeBuild, "mismatch when comparing noarch rpms: %s differs between %s and %s", r.name, f.rel, r.rel)
		}
	}
	return kept, nil
}

// importRPM stores an rpm's record and signature, and gathers its files.
func (c *call) importRPM(in *intake, b *koji.Build, r *takenRPM, brmap map[string]any) (koji.RPM, error) {
	h := r.header
	record := koji.RPM{
		BuildID: &b.ID, Name: h.Name, Version: h.Version, Release: h.Release, Epoch: h.Epoch, Arch: h.Arch, Draft: &b.Draft,
		PayloadHash: h.SigMD5, Size: h.Size, BuildTime: h.BuildTime, Extra: r.fileinfo["extra"],
	}
	if ref := brmap[r.rel]; ref != nil {
		id, err := intArg("brmap", ref)
		if err != nil {
			return record, err
		}
		broot, err := c.tx.Buildroot(c, id)
		if err != nil {
			return record, err
		}
		if broot == nil {
			return record, refuse("No such buildroot: %d, of %s", id, r.name)
		}
		record.BuildrootID = &id
	}
	info := map[string]any{"type": "rpm", "rpm": &record, "build": b, "filepath": r.file.Name(), "fileinfo": nil}
	if r.fileinfo != nil {
		info["fileinfo"] = r.fileinfo
	}
	if err := c.callback("preImport", info); err != nil {
		return record, err
	}
	id, err := c.tx.InsertRPM(c, record)
	if err != nil {
		return record, err
	}
	record.ID = id
	if err := in.add(r.upload, path.Join(h.Arch, r.name)); err != nil {
		return record, err
	}
	if err := c.callback("postImport", info); err != nil {
		return record, err
	}
	return record, c.addSignature(in, b, &record, h.Signature)
}
