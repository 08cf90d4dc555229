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

type buildrootArchivesArgs struct {
	ID       int64 `rpc:"brootid"`
	TaskID   any   `rpc:"task_id"`
	Archives []any `rpc:"archives"`
	Project  bool  `rpc:"project=false"`
}

func hostUpdateBuildrootArchives(c *call, a buildrootArchivesArgs) (any, error) {
	b, err := c.buildingBuildroot(a.ID, a.TaskID)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(a.Archives))
	for i, v := range a.Archives {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "archives: element %d: invalid type %s, want a struct", i, typeName(v))
		}
		id, err := intArg("archives: id", m["id"])
		if err != nil {
			return nil, err
		}
		archive, err := c.tx.Archive(c, id)
		if err != nil {
			return nil, err
		}
		if archive == nil {
			return nil, noSuchArchive("", id)
		}
		ids = append(ids, id)
	}
	return nil, c.tx.AddBuildrootArchives(c, b.ID, ids, a.Project)
}

// buildingBuildroot is a buildroot of the calling host's own task in which something is built.
func (c *call) buildingBuildroot(id int64, taskID any) (*koji.Buildroot, error) {
	b, err := c.myBuildroot(id, taskID)
	if err == nil && *b.State != koji.BuildrootBuilding {
		err = refuse("buildroot %d is %s, not %s", id, *b.State, koji.BuildrootBuilding)
	}
	return b, err
}

type mavenRootListArgs struct {
	ID            int64 `rpc:"brootid"`
	TaskID        any   `rpc:"task_id"`
	List          []any `rpc:"mavenlist"`
	Ignore        []any `rpc:"ignore=nil"`
	Project       bool  `rpc:"project=false"`
	IgnoreUnknown bool  `rpc:"ignore_unknown=false"`
	ExtraDeps     []any `rpc:"extra_deps=nil"`
}

// mavenFile is a file of a Maven artifact, as it lay in a buildroot.
type mavenFile struct {
	koji.MavenInfo
	fileOf
	folder string // in the buildroot, where it is told
}

// fileOf is a file's name and size.
type fileOf struct {
	name string
	size int64
}

// hostUpdateMavenBuildRootList records which archives a Maven build used: those
// in the buildroot's local repo. They must be ones of the tag that the
// buildroot's repo is of, or of the builds and tasks that the build was given
// besides. What lay there before the build, ignore, and what those tasks made
// isn't recorded.
func hostUpdateMavenBuildRootList(c *call, a mavenRootListArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	b, err := c.buildingBuildroot(a.ID, a.TaskID)
	if err != nil {
		return nil, err
	}
	used, err := mavenFiles("mavenlist", a.List)
	if err != nil {
		return nil, err
	}
	before, err := mavenFiles("ignore", a.Ignore)
	if err != nil {
		return nil, err
	}
	known, made, err := c.mavenKnown(b, a.ExtraDeps)
	if err != nil {
		return nil, err
	}
	skip := map[mavenFile]bool{}
	for _, f := range append(before, made...) {
		skip[mavenFile{f.MavenInfo, f.fileOf, ""}] = true
	}
	var ids []int64
	for _, f := range used {
		build := known[f.MavenInfo]
		switch id, found := build[f.fileOf]; {
		case skip[mavenFile{f.MavenInfo, f.fileOf, ""}] || f.name == mavenMetadata || slices.Contains([]string{".md5", ".sha1"}, path.Ext(f.name)):
		case found:
			ids = append(ids, id)
		case a.IgnoreUnknown:
		case build == nil:
			return nil, fault(koji.CodeBuildroot, "Unmatched maven g:a:v in build environment: %s, of %s", gav(f.MavenInfo), path.Join(f.folder, f.name))
		default:
			return nil, fault(koji.CodeBuildroot, "Unknown file in build environment: %s of %s, size: %d", path.Join(f.folder, f.name), gav(f.MavenInfo), f.size)
		}
	}
	return nil, c.tx.AddBuildrootArchives(c, b.ID, ids, a.Project)
}

// mavenFiles reads artifacts with their files, as builders list them.
func mavenFiles(what string, list []any) ([]mavenFile, error) {
	var all []mavenFile
	for i, v := range list {
		entry, ok := v.(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "%s: element %d: invalid type %s, want a struct", what, i, typeName(v))
		}
		info, _ := entry["maven_info"].(map[string]any)
		maven, err := mavenInfo(info)
		if err != nil {
			return nil, err
		}
		files, ok := entry["files"].([]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "%s: files of %s: invalid type %s, want an array", what, gav(*maven), typeName(entry["files"]))
		}
		for _, v := range files {
			file, _ := v.(map[string]any)
			name, ok := file["filename"].(string)
			if !ok {
				return nil, fault(koji.CodeParameter, "%s: files of %s: no filename", what, gav(*maven))
			}
			folder, _ := file["path"].(string)
			size, err := intArg("size", file["size"])
			if err != nil {
				return nil, err
			}
			all = append(all, mavenFile{*maven, fileOf{name, size}, folder})
		}
	}
	return all, nil
}

// mavenKnown are the archives that a Maven build may use, by artifact and file,
// and the files that tasks made which it builds upon.
func (c *call) mavenKnown(b *koji.Buildroot, deps []any) (known map[koji.MavenInfo]map[fileOf]int64, made []mavenFile, err error) {
	if b.TagID == nil {
		return nil, nil, refuse("buildroot %d has no repo", b.ID)
	}
	known = map[koji.MavenInfo]map[fileOf]int64{}
	add := func(m koji.MavenInfo, f fileOf, id int64) {
		if known[m] == nil {
			known[m] = map[fileOf]int64{}
		}
		if _, there := known[m][f]; !there {
			known[m][f] = id
		}
	}
	tagged, err := c.tx.MavenTagArchives(c, *b.TagID, b.RepoCreateEvent, true)
	if err != nil {
		return nil, nil, err
	}
	for a, err := range tagged {
		if err != nil {
			return nil, nil, err
		}
		add(a.MavenInfo, fileOf{a.Filename, a.Size}, a.ID)
	}
	for _, dep := range deps {
		if task, isTask := dep.(int64); isTask {
			files, err := c.madeByTask(task)
			if err != nil {
				return nil, nil, err
			}
			made = append(made, files...)
			continue
		}
		build, err := c.buildRef(dep)
		if err != nil {
			return nil, nil, err
		}
		archives, _, err := c.tx.ListArchives(c, sqlstore.ArchiveFilter{Build: &build.ID, Type: "maven"}, sqlstore.QueryOpts{})
		if err != nil {
			return nil, nil, err
		}
		for a, err := range archives {
			if err != nil {
				return nil, nil, err
			}
			add(*a.MavenInfo, fileOf{a.Filename, a.Size}, a.ID)
		}
	}
	return known, made, nil
}

// madeByTask are the artifacts in a task's output, whose folders tell what they are.
func (c *call) madeByTask(task int64) ([]mavenFile, error) {
	root, err := c.hub.openTree()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var all []mavenFile
	top := c.hub.below(c.hub.paths.Task("", task))
	err = fs.WalkDir(root.FS(), top, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && p == top {
			return nil // it made nothing
		}
		if err != nil || d.IsDir() || slices.Contains([]string{".log", ".md5", ".sha1"}, path.Ext(p)) {
			return err
		}
		parts := strings.Split(strings.TrimPrefix(p, top+"/"), "/")
		n := len(parts)
		if n < 4 {
			return nil
		}
		// What was imported since has become a link.
		info, err := root.Stat(p)
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		maven := koji.MavenInfo{GroupID: strings.Join(parts[:n-3], "."), ArtifactID: parts[n-3], Version: parts[n-2]}
		all = append(all, mavenFile{maven, fileOf{parts[n-1], info.Size()}, ""})
		return nil
	})
	return all, wrapError(err, "list output of task %d", task)
}
