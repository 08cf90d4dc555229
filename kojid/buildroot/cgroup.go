//go:build linux

package buildroot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroup holds the processes of one buildroot: a version 2 group where there is
// that hierarchy, and version 1 groups of controllers only to be had there. A
// nil *cgroup does nothing.
type cgroup struct {
	unified string   // directory of the version 2 group, or ""
	dirs    []string // all directories, that one included
}

// limitFile is one setting of a limit, in both versions.
type limitFile struct {
	controller      string
	want            bool
	v2file, v2value string
	v1file, v1value string
}

func (l Limits) files() []limitFile {
	const period = 100000 // microseconds
	return []limitFile{
		{"memory", l.Memory > 0, "memory.max", fmt.Sprint(l.Memory), "memory.limit_in_bytes", fmt.Sprint(l.Memory)},
		{"pids", l.PIDs > 0, "pids.max", fmt.Sprint(l.PIDs), "pids.max", fmt.Sprint(l.PIDs)},
		{"cpu", l.CPU > 0, "cpu.max", fmt.Sprintf("%d %d", int64(l.CPU*period), period), "cpu.cfs_quota_us", fmt.Sprint(int64(l.CPU * period))},
	}
}

// groupName is the name of a buildroot's groups. Several builders on a machine,
// each with its own work area, may have buildroots of one name.
func groupName(area string) string {
	h := fnv.New32a()
	h.Write([]byte(area))
	return fmt.Sprintf("buildroot-%s-%08x", filepath.Base(area), h.Sum32())
}

// newCgroup makes the groups of the buildroot in area. What it could not do is in notes,
// for root.log: a machine that delegates no controllers can still build.
func newCgroup(area string, l Limits) (g *cgroup, notes []string) {
	own, err := ownCgroups()
	if err != nil {
		return nil, []string{"no cgroups: " + err.Error()}
	}
	g = &cgroup{}
	name := groupName(area)
	enabled := map[string]bool{}
	if base := own[""]; base != "" {
		dir := filepath.Join(base, name)
		if err := freshGroup(dir); err == nil {
			g.unified = dir
			g.dirs = append(g.dirs, dir)
			if data, err := os.ReadFile(filepath.Join(base, "cgroup.subtree_control")); err == nil {
				for _, c := range strings.Fields(string(data)) {
					enabled[c] = true
				}
			}
		}
	}
	for _, f := range l.files() {
		if !f.want {
			continue
		}
		if err := g.limit(f, own[f.controller], enabled[f.controller], name); err != nil {
			notes = append(notes, fmt.Sprintf("no %s limit: %v", f.controller, err))
		}
	}
	return g, notes
}

// leftCgroup is what a killed worker may have left of a buildroot's groups.
func leftCgroup(area string) *cgroup {
	own, err := ownCgroups()
	if err != nil {
		return nil
	}
	g := &cgroup{}
	for controller, base := range own {
		dir := filepath.Join(base, groupName(area))
		if _, err := os.Stat(dir); err != nil || slices.Contains(g.dirs, dir) {
			continue
		}
		if controller == "" {
			g.unified = dir
		}
		g.dirs = append(g.dirs, dir)
	}
	return g
}

func (g *cgroup) limit(f limitFile, v1base string, v2 bool, name string) error {
	switch {
	case v2:
		return os.WriteFile(filepath.Join(g.unified, f.v2file), []byte(f.v2value), 0o644)
	case v1base == "":
		return errors.New("the controller is not delegated to this process")
	}
	dir := filepath.Join(v1base, name)
	if err := freshGroup(dir); err != nil {
		return err
	}
	g.dirs = append(g.dirs, dir)
	return os.WriteFile(filepath.Join(dir, f.v1file), []byte(f.v1value), 0o644)
}

// freshGroup makes a group, replacing one that a killed worker left.
func freshGroup(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, os.ErrExist) {
		if err := os.Remove(dir); err != nil {
			return err
		}
		return os.Mkdir(dir, 0o755)
	}
	return err
}

func (g *cgroup) add(pid int) error {
	if g == nil {
		return nil
	}
	for _, d := range g.dirs {
		if err := os.WriteFile(filepath.Join(d, "cgroup.procs"), fmt.Append(nil, pid), 0o644); err != nil {
			return fmt.Errorf("enter cgroup: %w", err)
		}
	}
	return nil
}

// kill ends every process in the group at once. Where there is no cgroup.kill
// (before Linux 5.14) the caller's kill of the namespace's init does the same.
func (g *cgroup) kill() {
	if g != nil && g.unified != "" {
		_ = os.WriteFile(filepath.Join(g.unified, "cgroup.kill"), []byte("1"), 0o644)
	}
}

// drain kills what is in the groups and waits until they are empty. The end of a
// command may be known a moment before the last process it started is gone.
func (g *cgroup) drain() error {
	if g == nil {
		return nil
	}
	deadline := time.Now().Add(20 * time.Second)
	for _, d := range g.dirs {
		for {
			procs, err := os.ReadFile(filepath.Join(d, "cgroup.procs"))
			if errors.Is(err, os.ErrNotExist) || err == nil && len(procs) == 0 {
				break
			}
			if err != nil {
				return fmt.Errorf("read cgroup: %w", err)
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("processes do not end: %s", strings.Join(strings.Fields(string(procs)), " "))
			}
			g.kill()
			time.Sleep(2 * time.Millisecond)
		}
	}
	return nil
}

func (g *cgroup) remove() error {
	if g == nil {
		return nil
	}
	errs := []error{g.drain()}
	for _, d := range g.dirs {
		if err := os.Remove(d); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove cgroup: %w", err))
		}
	}
	g.dirs = nil
	return errors.Join(errs...)
}

// ownCgroups maps each version 1 controller, and "" for version 2, to the
// directory of the group that this process is in.
func ownCgroups() (map[string]string, error) {
	member, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	dirs := cgroupDirs(member, mounts)
	for c, d := range dirs {
		if unix.Access(d, unix.W_OK) != nil {
			delete(dirs, c)
		}
	}
	return dirs, nil
}

// cgroupDirs joins /proc/self/cgroup (id:controllers:path) with the cgroup mounts
// in /proc/self/mountinfo.
func cgroupDirs(member, mountinfo []byte) map[string]string {
	path := map[string]string{}
	for sc := bufio.NewScanner(bytes.NewReader(member)); sc.Scan(); {
		f := strings.SplitN(sc.Text(), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, c := range strings.Split(f[1], ",") {
			path[c] = f[2]
		}
	}
	dirs := map[string]string{}
	for sc := bufio.NewScanner(bytes.NewReader(mountinfo)); sc.Scan(); {
		pre, post, ok := strings.Cut(sc.Text(), " - ")
		f, s := strings.Fields(pre), strings.Fields(post)
		if !ok || len(f) < 5 || len(s) < 3 {
			continue
		}
		root, at := f[3], f[4]
		switch s[0] {
		case "cgroup2":
			if p, ok := path[""]; ok {
				dirs[""] = filepath.Join(at, strings.TrimPrefix(p, strings.TrimSuffix(root, "/")))
			}
		case "cgroup":
			for _, c := range strings.Split(s[2], ",") {
				if p, ok := path[c]; ok && !strings.Contains(c, "=") {
					dirs[c] = filepath.Join(at, strings.TrimPrefix(p, strings.TrimSuffix(root, "/")))
				}
			}
		}
	}
	return dirs
}
