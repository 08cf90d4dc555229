package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// labMark is the variable by which the processes of a lab, and all they start,
// are known: its value is the lab's directory.
const labMark = "KOJI_LAB"

// labProcess is a process by a name that no later process can have.
type labProcess struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start string `json:"start"` // clock ticks since the boot
	Boot  string `json:"boot"`  // id of that boot
}

// runs reports whether it is this very process that has its id now.
func (p labProcess) runs() bool {
	start, ok := processStart(p.PID)
	return ok && start == p.Start && bootID() == p.Boot
}

// anew reports whether the process runs another program than the one that is on
// disk now: it was built or installed anew since.
func (p labProcess) anew(program string) bool {
	exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(p.PID), "exe"))
	if err != nil {
		return false
	}
	if now, err := filepath.EvalSymlinks(program); err == nil {
		program = now
	}
	return exe != program
}

// bootID is empty where the kernel doesn't tell.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// processStart is when a process started; false for one that is gone or only
// waits to be collected.
func processStart(pid int) (string, bool) {
	fields := processStat(pid)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}

// processStat gives the fields of /proc/PID/stat behind the command's name,
// which may itself have spaces and parentheses: the state first.
func processStat(pid int) []string {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	text := string(data)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// startProcess starts a program of the lab in the background, in a session of
// its own, with its output appended to log. Ended is closed when it ends.
func (l *lab) startProcess(name, log string, args ...string) (p labProcess, ended <-chan struct{}, err error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return labProcess{}, nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close()
	c := exec.Command(l.program(name), args...)
	c.Dir = l.dir
	c.Env = append(os.Environ(), labMark+"="+l.dir)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return labProcess{}, nil, fmt.Errorf("start %s: %w", name, err)
	}
	p = labProcess{Name: name, PID: c.Process.Pid, Boot: bootID()}
	p.Start, _ = processStart(p.PID) // of one that ended already it stays empty, and fits none
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Wait() // collected; how it ended stands in its log
	}()
	return p, done, nil
}

// marked lists the processes that belong to the lab: those with its mark and
// all that descend from one.
func (l *lab) marked() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	parents := map[int]int{}
	ours := map[int]bool{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		fields := processStat(pid)
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parents[pid], _ = strconv.Atoi(fields[1])
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && slices.Contains(strings.Split(string(environ), "\x00"), labMark+"="+l.dir) {
			ours[pid] = true
		}
	}
	var found []int
	for pid := range parents {
		for p, steps := pid, 0; p > 1 && steps < len(parents); p, steps = parents[p], steps+1 {
			if ours[p] {
				found = append(found, pid)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// labEnd asks processes to end, waits, and then ends them. It returns
// those that are still there.
func labEnd(ctx context.Context, list func() []int, patience time.Duration) []int {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, pid := range list() {
			_ = syscall.Kill(pid, sig) // it may just have ended
		}
		if labWait(ctx, patience, func() bool { return len(list()) == 0 }) == nil {
			return nil
		}
	}
	return list()
}

var errLabPatience = errors.New("it took too long")

// labWait looks until it is so: soon at first, then less often. It gives up
// with errLabPatience.
func labWait(ctx context.Context, patience time.Duration, so func() bool) error {
	end := time.Now().Add(patience)
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, 200*time.Millisecond) {
		if so() {
			return nil
		}
		if time.Now().After(end) {
			return errLabPatience
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// labMounts lists mount points in a directory, the innermost first.
func labMounts(dir string) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		// The kernel writes blanks and backslashes as octal numbers.
		point, err := strconv.Unquote(`"` + strings.ReplaceAll(fields[4], `"`, `\"`) + `"`)
		if err == nil && strings.HasPrefix(point, dir+"/") {
			found = append(found, point)
		}
	}
	slices.Reverse(found)
	return found, nil
}
