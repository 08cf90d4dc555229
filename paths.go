package koji

import (
	"fmt"
	"path"
	"strings"
)

// Paths names files below a hub's topdir, or below its topurl: the same names
// serve both. Koji: reference/paths.md.
type Paths struct{ Top string }

func (p Paths) join(parts ...string) string {
	if strings.Contains(p.Top, "://") {
		return strings.TrimRight(p.Top, "/") + "/" + path.Join(parts...)
	}
	return path.Join(append([]string{p.Top}, parts...)...)
}

// Volume is the root of a storage volume.
func (p Paths) Volume(volume string) string {
	if volume == "" || volume == "DEFAULT" {
		return p.Top
	}
	return p.join("vol", volume)
}

// Build is a build's directory.
func (p Paths) Build(volume, name, version, release string) string {
	return Paths{p.Volume(volume)}.join("packages", name, version, release)
}

// RPM is an rpm's file, relative to its build's directory.
func (p Paths) RPM(n NVRA) string { return path.Join(n.Arch, n.FileName()) }

// Repo is a repo's directory.
func (p Paths) Repo(tag string, id int64) string {
	return p.join("repos", tag, fmt.Sprint(id))
}

// DistRepo is a dist repo's directory.
func (p Paths) DistRepo(tag string, id int64) string {
	return p.join("repos-dist", tag, fmt.Sprint(id))
}

// Work is the upload area of a volume.
func (p Paths) Work(volume string) string { return Paths{p.Volume(volume)}.join("work") }

// Task is the directory of a task's output.
func (p Paths) Task(volume string, id int64) string {
	return Paths{p.Work(volume)}.join(TaskRelPath(id))
}

// TaskRelPath is the directory of a task's output below work/.
func TaskRelPath(id int64) string { return fmt.Sprintf("tasks/%d/%d", id%10000, id) }

// Scratch is the directory of a scratch build's results.
func (p Paths) Scratch(user string, task int64) string {
	return p.join("scratch", user, fmt.Sprintf("task_%d", task))
}
