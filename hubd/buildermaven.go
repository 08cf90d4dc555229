package hubd

import (
	"path"
	"slices"
	"strings"

	"koji"
	"koji/internal/pom"
)

func builderMavenMethods() []method {
	return []method{
		writes("host.initMavenBuild", builder, "Creates the BUILDING row of a Maven build with next release.", hostInitMavenBuild),
		writes("host.createMavenBuild", builder, "Attaches Maven metadata (rpm2maven plugin helper).", hostCreateMavenBuild),
		writes("host.completeMavenBuild", builder, "Imports Maven output and completes a build.", hostCompleteMavenBuild),
		writes("host.moveMavenBuildToScratch", builder, "Moves scratch Maven files.", hostMoveMavenBuildToScratch),
		writes("host.importWrapperRPMs", builder, "Imports wrapper rpms into a completed build.", hostImportWrapperRPMs),
		writes("host.updateMavenBuildRootList", builder, "Matches Maven artifacts in a buildroot to archives.", hostUpdateMavenBuildRootList),
		writes("host.updateBuildrootArchives", builder, "Records archives used in a buildroot.", hostUpdateBuildrootArchives),
	}
}

type initMavenBuildArgs struct {
	TaskID any            `rpc:"task_id"`
	Build  map[string]any `rpc:"build_info"`
	Maven  map[string]any `rpc:"maven_info"`
}

func hostInitMavenBuild(c *call, a initMavenBuildArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	b, err := c.initTypedBuild(a.TaskID, a.Build, true)
	if err != nil {
		return nil, err
	}
	return begunBuild(b), c.makeMaven(b, a.Maven)
}

// initTypedBuild begins a build of a task. The release is the next one where
// none is asked for, or always.
func (c *call) initTypedBuild(taskID any, info map[string]any, next bool) (*koji.Build, error) {
	task, err := c.openTaskOf(taskID)
	if err != nil {
		return nil, err
	}
	data := map[string]any{}
	for key, v := range info {
		data[key] = v
	}
	if next || data["release"] == nil {
		if data["release"], err = getNextRelease(c, getNextReleaseArgs{Build: data, Incr: 1}); err != nil {
			return nil, err
		}
	}
	n, name, err := c.newBuildOf(data)
	if err != nil {
		return nil, err
	}
	if n.Draft {
		return nil, refuse("Invalid build: %s can't be a draft: only rpm builds can", name)
	}
	n.Owner, n.Task = task.Owner, task.ID
	id, err := c.beginBuild(name, n)
	if err != nil {
		return nil, err
	}
	return c.tx.Build(c, id)
}

// begunBuild is a build as the calls that begin a typed one answer.
func begunBuild(b *koji.Build) map[string]any {
	return map[string]any{
		"id": b.ID, "name": b.Name, "version": b.Version, "release": b.Release, "epoch": b.Epoch, "task_id": b.TaskID,
		"owner": b.OwnerID, "state": int64(b.State), "completion_time": nil,
	}
}

type hostCreateMavenBuildArgs struct {
	Build any            `rpc:"build_info"`
	Maven map[string]any `rpc:"maven_info"`
}

// hostCreateMavenBuild lets a builder's plugin make the build of its task a Maven build too.
func hostCreateMavenBuild(c *call, a hostCreateMavenBuildArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	b, err := c.ownBuild(a.Build)
	if err != nil {
		return nil, err
	}
	return nil, c.makeMaven(b, a.Maven)
}

// ownBuild finds a build, which must be one of a task that the calling host is at.
func (c *call) ownBuild(ref any) (*koji.Build, error) {
	b, err := c.buildRef(ref)
	if err != nil {
		return nil, err
	}
	if b.TaskID == nil {
		return nil, fault(koji.CodeActionNotAllowed, "Build %s is of no task", b.NVR)
	}
	_, err = c.openTaskOf(*b.TaskID)
	return b, err
}

type completeMavenArgs struct {
	TaskID  any `rpc:"task_id"`
	BuildID any `rpc:"build_id"`
	Results any `rpc:"maven_results"`
	RPMs    any `rpc:"rpm_results"`
}

func hostCompleteMavenBuild(c *call, a completeMavenArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	r, err := mavenResultsOf("maven_results", a.Results)
	if err != nil {
		return nil, err
	}
	w, err := wrapperOf("rpm_results", a.RPMs, 0)
	if err != nil {
		return nil, err
	}
	return nil, c.completeTyped(a.TaskID, a.BuildID, "maven", func(t *typedImport) error {
		maven, err := c.tx.MavenBuild(c, t.build.ID)
		if err != nil {
			return err
		}
		if maven == nil {
			return refuse("No such Maven build: %s", t.build.NVR)
		}
		for _, dir := range sortedKeys(r.files) {
			if err := t.takeMaven(r, dir, *maven); err != nil {
				return err
			}
		}
		if err := r.addLogs(t.in, "data/logs/maven", t.tasks); err != nil {
			return err
		}
		return c.importWrapper(t.in, t.build, w, t.tasks)
	})
}

// mavenResults is what buildMaven brought: the folders of a Maven repo.
type mavenResults struct {
	taskResults
	files map[string]any
}

func mavenResultsOf(name string, v any) (r mavenResults, err error) {
	if r.taskResults, err = resultsOf(name, v); err != nil {
		return r, err
	}
	files, ok := r.values["files"].(map[string]any)
	if !ok && r.values["files"] != nil {
		return r, fault(koji.CodeParameter, "%s: files: invalid type %s, want a struct", name, typeName(r.values["files"]))
	}
	r.files = files
	return r, nil
}

// in are the files of a folder, as paths below the task's output.
func (r *mavenResults) in(dir string) ([]string, error) {
	if dir != "" && !plainPath(dir) {
		return nil, refuse("files: invalid path: %q", dir)
	}
	names, err := fileNames("files", r.files[dir])
	for i, name := range names {
		if err := checkFileName(name); err != nil {
			return nil, err
		}
		names[i] = path.Join(dir, name)
	}
	return names, err
}

// mavenMetadata is the list of an artifact's versions that Maven keeps beside them.
const mavenMetadata = "maven-metadata.xml"

// takeMaven takes over the files of one folder. They are of the artifact that
// the POM among them describes, or else of the build's own. Sums are made anew.
func (t *typedImport) takeMaven(r mavenResults, dir string, own koji.MavenInfo) error {
	names, err := r.in(dir)
	if err != nil {
		return err
	}
	var poms []string
	for _, name := range names {
		if path.Ext(name) == ".pom" {
			poms = append(poms, name)
		}
	}
	if len(poms) > 1 {
		return fault(koji.CodeBuild, "multiple .pom files in %s: %s", dir, strings.Join(poms, ", "))
	}
	for _, name := range poms {
		u, err := r.take(t.in, name, t.tasks)
		if err != nil {
			return err
		}
		p, err := pom.Read(u.content())
		if err != nil {
			return fault(koji.CodeBuild, "%s is no valid POM: %v", name, err)
		}
		own = koji.MavenInfo(p)
	}
	for _, name := range names {
		if slices.Contains([]string{".md5", ".sha1"}, path.Ext(name)) {
			continue
		}
		if path.Base(name) != mavenMetadata {
			if err := t.needKnownType(name); err != nil {
				return err
			}
		}
		u, err := r.take(t.in, name, t.tasks)
		if err != nil {
			return err
		}
		if u.name == mavenMetadata {
			// It makes the folder a Maven repo, but is no archive: a tag's repo has its own.
			if err := t.in.addWithSums(u, path.Join("maven", name)); err != nil {
				return err
			}
			continue
		}
		info := map[string]any{"group_id": own.GroupID, "artifact_id": own.ArtifactID, "version": own.Version}
		if _, err := t.take(newArchive{btype: "maven", info: info, file: u}); err != nil {
			return err
		}
	}
	return nil
}

type scratchTypedArgs struct {
	TaskID  any `rpc:"task_id"`
	Results any `rpc:"results"`
	RPMs    any `rpc:"rpm_results"`
}

func hostMoveMavenBuildToScratch(c *call, a scratchTypedArgs) (any, error) {
	r, err := mavenResultsOf("results", a.Results)
	if err != nil {
		return nil, err
	}
	w, err := wrapperOf("rpm_results", a.RPMs, 0)
	if err != nil {
		return nil, err
	}
	return nil, c.scratchOf(a.TaskID, func(in *intake, tasks map[int64]bool) error {
		for _, dir := range sortedKeys(r.files) {
			names, err := r.in(dir)
			if err != nil {
				return err
			}
			if err := r.addFiles(in, names, "", tasks); err != nil {
				return err
			}
		}
		if err := r.addLogs(in, "", tasks); err != nil {
			return err
		}
		return w.scratch(in, tasks)
	})
}
