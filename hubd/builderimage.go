package hubd

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

func builderImageMethods() []method {
	return []method{
		writes("host.initImageBuild", builder, "Creates the BUILDING row of an image build.", hostInitImageBuild),
		writes("host.importImage", builder, "Imports image results into a build.", hostImportImage),
		writes("host.completeImageBuild", builder, "Imports image results and completes an image build.", hostCompleteImageBuild),
		writes("host.moveImageBuildToScratch", builder, "Moves scratch image files.", hostMoveImageBuildToScratch),
	}
}

type initImageBuildArgs struct {
	TaskID any            `rpc:"task_id"`
	Build  map[string]any `rpc:"build_info"`
}

func hostInitImageBuild(c *call, a initImageBuildArgs) (any, error) {
	b, err := c.initTypedBuild(a.TaskID, a.Build, false)
	if err != nil {
		return nil, err
	}
	return begunBuild(b), c.makeImage(b)
}

// imageResults is what one image task brought, with the wrapper rpms around it.
type imageResults struct {
	taskResults
	files   []string
	rpms    []any
	wrapper *wrapper
}

// imageResultsOf reads the results of a build's image tasks. Those that were
// allowed to fail, and did, name no task.
func imageResultsOf(results map[string]any) ([]imageResults, error) {
	var all []imageResults
	for _, key := range sortedKeys(results) {
		one, ok := results[key].(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "results: %s: invalid type %s, want a struct", key, typeName(results[key]))
		}
		if _, ran := one["task_id"]; !ran {
			continue
		}
		r, err := resultsOf("results: "+key, one)
		if err != nil {
			return nil, err
		}
		i := imageResults{taskResults: r}
		if i.files, err = r.names("files"); err != nil {
			return nil, err
		}
		if i.rpms, ok = one["rpmlist"].([]any); !ok && one["rpmlist"] != nil {
			return nil, fault(koji.CodeParameter, "results: %s: rpmlist: invalid type %s, want an array", key, typeName(one["rpmlist"]))
		}
		if i.wrapper, err = wrapperOf("results: "+key+": rpmresults", one["rpmresults"], 0); err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

type completeImageArgs struct {
	TaskID  any            `rpc:"task_id"`
	BuildID any            `rpc:"build_id"`
	Results map[string]any `rpc:"results"`
}

func hostCompleteImageBuild(c *call, a completeImageArgs) (any, error) {
	results, err := imageResultsOf(a.Results)
	if err != nil {
		return nil, err
	}
	return nil, c.completeTyped(a.TaskID, a.BuildID, "image", func(t *typedImport) error { return t.takeImages(results) })
}

type importImageArgs struct {
	TaskID  any            `rpc:"task_id"`
	Build   any            `rpc:"build_info"`
	Results map[string]any `rpc:"results"`
}

// hostImportImage adds images to the build of a task, which stays as it is. In
// Koji anyone may call it; here only the host that is at the task.
func hostImportImage(c *call, a importImageArgs) (any, error) {
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	b, err := c.ownBuild(a.Build)
	if err != nil {
		return nil, err
	}
	if *b.TaskID != task.ID {
		return nil, fault(koji.CodeActionNotAllowed, "Build %s is not of task %d", b.NVR, task.ID)
	}
	state, _, err := c.tx.LockBuild(c, b.ID)
	if err != nil {
		return nil, err
	}
	if state != koji.BuildBuilding && state != koji.BuildComplete {
		return nil, refuse("Build %s is %s, neither BUILDING nor COMPLETE", b.NVR, state)
	}
	results, err := imageResultsOf(a.Results)
	if err != nil {
		return nil, err
	}
	return nil, c.addToBuild(b, func(in *intake) error {
		t, err := c.newTypedImport(in, b, task)
		if err != nil {
			return err
		}
		return t.takeImages(results)
	})
}

func (t *typedImport) takeImages(results []imageResults) error {
	for _, r := range results {
		if err := t.takeImage(r); err != nil {
			return err
		}
		if err := t.c.importWrapper(t.in, t.build, r.wrapper, t.tasks); err != nil {
			return err
		}
	}
	return nil
}

// takeImage takes over the files and logs of one image task, and records which
// rpms are in the images.
func (t *typedImport) takeImage(r imageResults) error {
	c := t.c
	info := map[string]any{"type": "image", "image": r.values}
	if err := c.callback("preImport", info); err != nil {
		return err
	}
	var images []int64
	for _, name := range r.files {
		if err := t.needKnownType(name); err != nil {
			return err
		}
		u, err := r.take(t.in, name, t.tasks)
		if err != nil {
			return err
		}
		archive, err := t.take(newArchive{btype: "image", info: r.values, file: u})
		if err != nil {
			return err
		}
		info["fullpath"] = u.file.Name()
		if !strings.HasSuffix(u.name, "xml") { // which describes the image
			images = append(images, archive.ID)
		}
	}
	if err := t.takeImageLogs(r); err != nil {
		return err
	}
	rpms, err := c.imageRPMs(r.rpms)
	if err != nil {
		return err
	}
	for _, id := range images {
		if err := c.tx.AddArchiveRPMs(c, id, rpms); err != nil {
			return err
		}
	}
	info["build"] = t.build
	return c.callback("postImport", info)
}

// takeImageLogs takes over a task's logs, those that it tells of and those that
// just lie there. Where several tasks' logs may have the same names each arch
// has a folder of its own.
func (t *typedImport) takeImageLogs(r imageResults) error {
	logs := slices.Clone(r.logs)
	there, err := fs.ReadDir(t.in.tree.FS(), t.c.hub.below(t.c.hub.paths.Task("", r.task)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrapError(err, "list output of task %d", r.task)
	}
	for _, e := range there {
		if e.Type().IsRegular() && path.Ext(e.Name()) == ".log" && !slices.Contains(logs, e.Name()) {
			logs = append(logs, e.Name())
		}
	}
	arch, err := infoText("image", r.values, "arch")
	if err != nil {
		return err
	}
	own := path.Join("data/logs/image", arch)
	for _, name := range logs {
		u, err := r.take(t.in, name, t.tasks)
		if err != nil {
			return err
		}
		to := own
		if slices.Contains([]string{"appliance", "image", "indirectionimage", "livecd"}, t.task.Method) && !t.in.has(path.Join("data/logs/image", u.name)) {
			to = "data/logs/image"
		}
		if err := t.in.add(u, path.Join(to, u.name)); err != nil {
			return err
		}
	}
	return nil
}

// has says whether a name in the gathered folder is taken.
func (in *intake) has(name string) bool {
	_, err := in.volume.Lstat(path.Join(in.stage, name))
	return err == nil
}

// imageRPMs finds the rpms that are in an image. Those of external repos are
// recorded if they weren't met before.
func (c *call) imageRPMs(list []any) ([]int64, error) {
	ids := make([]int64, 0, len(list))
	repos := map[any]sqlstore.Name{}
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "rpmlist: element %d: invalid type %s, want a struct", i, typeName(v))
		}
		id, err := c.installedRPM(m, repos)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

type scratchImageArgs struct {
	TaskID  any            `rpc:"task_id"`
	Results map[string]any `rpc:"results"`
}

func hostMoveImageBuildToScratch(c *call, a scratchImageArgs) (any, error) {
	results, err := imageResultsOf(a.Results)
	if err != nil {
		return nil, err
	}
	return nil, c.scratchOf(a.TaskID, func(in *intake, tasks map[int64]bool) error {
		for _, r := range results {
			for _, name := range append(slices.Clone(r.files), r.logs...) {
				u, err := r.take(in, name, tasks)
				if err != nil {
					return err
				}
				to := name
				if in.has(to) {
					arch, err := infoText("image", r.values, "arch")
					if err != nil {
						return err
					}
					to = path.Join(arch, name)
				}
				if err := in.add(u, to); err != nil {
					return err
				}
			}
			if err := r.wrapper.scratch(in, tasks); err != nil {
				return err
			}
		}
		return nil
	})
}
