package kojid

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// taskGroup is the cgroup of a worker and of all that it starts: one write
// kills the whole tree, daemons that have left the process group included. A
// nil *taskGroup does nothing.
type taskGroup struct {
	dir string
	fd  *os.File
}

// taskGroups is where the groups of a builder's tasks are; an empty one is
// nowhere. Several builders may run on a machine, each in its own work area.
type taskGroups struct{ base, prefix string }

func newTaskGroups(workDir string) taskGroups {
	h := fnv.New32a()
	h.Write([]byte(workDir))
	return taskGroups{base: groupBase(), prefix: fmt.Sprintf("kojid-%08x-task-", h.Sum32())}
}

// removeLeft removes the groups that a killed builder left.
func (gs taskGroups) removeLeft() {
	if gs.base == "" {
		return
	}
	left, _ := filepath.Glob(filepath.Join(gs.base, gs.prefix+"*")) // the pattern is sound
	for _, dir := range left {
		removeGroup(dir)
	}
}

// make makes the cgroup of a task, or nil where that isn't possible: version 2
// only, and not where controllers are handed down, since a buildroot's own
// group must stay next to ours to be limited.
func (gs taskGroups) make(task int64) *taskGroup {
	if gs.base == "" {
		return nil
	}
	g := &taskGroup{dir: filepath.Join(gs.base, gs.prefix+strconv.FormatInt(task, 10))}
	if err := os.Mkdir(g.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil
	}
	fd, err := os.Open(g.dir)
	if err != nil {
		_ = os.Remove(g.dir)
		return nil
	}
	g.fd = fd
	return g
}

// enter makes a process start inside the group.
func (g *taskGroup) enter(attr *syscall.SysProcAttr) {
	if g != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(g.fd.Fd())
	}
}

func (g *taskGroup) kill() {
	if g != nil {
		_ = os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0o644) // not before Linux 5.14
	}
}

// remove kills what is left in the group and below, and removes it.
func (g *taskGroup) remove() {
	if g == nil {
		return
	}
	g.fd.Close()
	removeGroup(g.dir)
}

func removeGroup(dir string) {
	_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0o644)
	deadline := time.Now().Add(10 * time.Second)
	for {
		below, _ := filepath.Glob(filepath.Join(dir, "*/"))
		for _, d := range below {
			_ = os.Remove(d) // files can't be removed, groups can
		}
		err := os.Remove(dir)
		if err == nil || errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// groupBase is the cgroup of this process if tasks can have groups in it, else "".
func groupBase() string {
	member, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(member)) {
		path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		if !ok {
			continue
		}
		for _, mount := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
			dir := filepath.Join(mount, path)
			handed, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
			if err == nil && strings.TrimSpace(string(handed)) == "" && syscall.Access(dir, 2) == nil {
				return dir
			}
		}
	}
	return ""
}
