package hubd

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"koji"
	"koji/sqlstore"
)

type mergeScratchArgs struct {
	TaskID int64 `rpc:"task_id"`
}

// mergeScratch adds what a scratch build made for further arches to the build
// of the same source. It answers with the build's id.
func mergeScratch(c *call, a mergeScratchArgs) (_ any, err error) {
	s, err := c.scratchBuild(a.TaskID)
	if err != nil {
		return nil, err
	}
	in, err := c.newIntake("DEFAULT")
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	b, srpm, err := c.buildOfScratch(in, s)
	if err != nil {
		return nil, err
	}
	if err := in.useVolume(b.VolumeName); err != nil {
		return nil, err
	}
	known, err := c.archesOf(b)
	if err != nil {
		return nil, err
	}
	if err := in.gather("packages"); err != nil {
		return nil, err
	}
	for _, part := range s.parts {
		if err := checkArch(part.arch); err != nil {
			return nil, err
		}
		if known[koji.CanonicalArch(part.arch)] {
			return nil, importFault("build %s has rpms of %s already", b.NVR, part.arch)
		}
		if err := c.mergePart(in, b, srpm, s, part); err != nil {
			return nil, err
		}
	}
	if err := c.tx.UpdateTagsOfBuild(c, b.ID, sqlstore.TagImport, c.session.user); err != nil {
		return nil, err
	}
	if err := in.merge(c.buildDir(b)); err != nil {
		return nil, err
	}
	return b.ID, c.buildNotification(b.ID)
}

func importFault(format string, args ...any) error { return fault(koji.CodeImport, format, args...) }

// scratch is a finished scratch build and what its buildArch tasks brought.
type scratch struct {
	task  *koji.Task
	dir   string // below the topdir
	srpm  string // a file's name there
	parts []scratchPart
}

// scratchPart is what one of the tasks brought: names of files in the scratch folder.
type scratchPart struct {
	arch       string
	rpms, logs []string
	buildroot  any
}

// scratchBuild reads what a scratch build made.
func (c *call) scratchBuild(id int64) (*scratch, error) {
	task, err := c.tx.Task(c, id)
	switch {
	case err != nil:
		return nil, err
	case task == nil:
		return nil, importFault("No such task: %d", id)
	case task.State != koji.TaskClosed:
		return nil, importFault("Task %d did not complete successfully", id)
	case task.Method != "build":
		return nil, importFault("Task %d is not a build task", id)
	}
	data, err := c.dataOfTask(task)
	if err != nil {
		return nil, err
	}
	if !truthy(data["scratch"]) {
		return nil, importFault("Task %d is not a scratch build", id)
	}
	owner, err := c.tx.User(c, task.Owner)
	if err != nil {
		return nil, err
	}
	s := &scratch{task: task, dir: c.hub.below(c.hub.paths.Scratch(owner.Name, id))}
	children, err := c.tx.TaskChildren(c, id)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		if child.Method != "buildArch" || child.State != koji.TaskClosed {
			continue
		}
		_, document, _, err := c.tx.TaskDocuments(c, child.ID)
		if err != nil {
			return nil, err
		}
		value, failure, err := decodeResult(child.ID, document)
		if err != nil || failure != nil {
			return nil, cmp.Or(err, importFault("Task %d has no result", child.ID))
		}
		result, _ := value.(map[string]any)
		part := scratchPart{arch: child.Arch, rpms: baseNames(result["rpms"]), logs: baseNames(result["logs"]), buildroot: result["brootid"]}
		s.parts = append(s.parts, part)
		if names := baseNames(result["srpms"]); len(names) > 0 && s.srpm == "" {
			s.srpm = names[0]
		}
	}
	if len(s.parts) == 0 || s.srpm == "" {
		return nil, importFault("Task %d made nothing that could be merged", id)
	}
	return s, nil
}

// baseNames are the names of the files that a builder lists as paths.
func baseNames(v any) []string {
	list, _ := v.([]any)
	var names []string
	for _, item := range list {
		if p, ok := item.(string); ok && p != "" {
			names = append(names, path.Base(p))
		}
	}
	return names
}

// buildOfScratch is the build of the same source as a scratch build, locked.
func (c *call) buildOfScratch(in *intake, s *scratch) (*koji.Build, *takenRPM, error) {
	srpm, err := in.takeScratchRPM(s, s.srpm)
	if err != nil {
		return nil, nil, err
	}
	b, err := c.lockBuildOf(srpm.header.Name, srpm.header.Version, srpm.header.Release)
	switch {
	case err != nil:
		return nil, nil, err
	case b == nil:
		return nil, nil, importFault("No such build: %s", srpm.header.NVR())
	case b.State != koji.BuildComplete:
		return nil, nil, importFault("build %s is %s, not COMPLETE", b.NVR, b.State)
	case b.TaskID == nil:
		return nil, nil, importFault("build %s has no task", b.NVR)
	case !same(b.Epoch, srpm.header.Epoch):
		return nil, nil, importFault("build %s has epoch %s, %s has %s", b.NVR, epochText(b.Epoch), srpm.name, epochText(srpm.header.Epoch))
	}
	task, err := c.tx.Task(c, *b.TaskID)
	if err != nil {
		return nil, nil, err
	}
	if task == nil {
		return nil, nil, importFault("task %d of build %s is gone", *b.TaskID, b.NVR)
	}
	theirs, err := c.dataOfTask(task)
	if err != nil {
		return nil, nil, err
	}
	ours, err := c.dataOfTask(s.task)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range []string{"source", "build_tag"} {
		if ours[key] != theirs[key] {
			return nil, nil, importFault("tasks %d and %d differ in %s: %v and %v", s.task.ID, task.ID, key, ours[key], theirs[key])
		}
	}
	return b, srpm, nil
}

// archesOf are the arches of which a build has rpms, but for noarch and the source.
func (c *call) archesOf(b *koji.Build) (map[string]bool, error) {
	list, _, err := c.tx.ListRPMs(c, sqlstore.RPMFilter{Build: &b.ID}, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	arches := map[string]bool{}
	for r, err := range list {
		if err != nil {
			return nil, err
		}
		if r.Arch != "noarch" && r.Arch != "src" {
			arches[koji.CanonicalArch(r.Arch)] = true
		}
	}
	return arches, nil
}

// mergePart imports what one task of a scratch build brought. Noarch packages
// are the build's own already.
func (c *call) mergePart(in *intake, b *koji.Build, srpm *takenRPM, s *scratch, part scratchPart) error {
	for _, name := range part.rpms {
		r, err := in.takeScratchRPM(s, name)
		if err != nil {
			return err
		}
		if r.header.Source || r.header.Arch == "noarch" {
			continue
		}
		if err := checkBinary(srpm, r); err != nil {
			return err
		}
		if _, err := c.importRPM(in, b, r, map[string]any{name: part.buildroot}); err != nil {
			return err
		}
	}
	for _, name := range part.logs {
		u, err := in.takeFile(path.Join(s.dir, "logs", part.arch, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := in.add(u, path.Join("data/logs", part.arch, name)); err != nil {
			return err
		}
	}
	return nil
}

func (in *intake) takeScratchRPM(s *scratch, name string) (*takenRPM, error) {
	u, err := in.takeFile(path.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, importFault("%s of task %d is gone", name, s.task.ID)
	}
	if err != nil {
		return nil, err
	}
	return readTaken(u, name)
}

// takeFile opens a file that the hub keeps on the default volume, as if it were an upload.
func (in *intake) takeFile(rel string) (*upload, error) {
	f, err := in.tree.OpenFile(rel, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, wrapError(err, "open %s", rel)
	}
	u := &upload{rel: rel, name: path.Base(rel), file: f}
	in.uploads = append(in.uploads, u)
	if u.info, err = f.Stat(); err == nil && !u.info.Mode().IsRegular() {
		err = refuse("%s is no regular file", rel)
	}
	return u, err
}
