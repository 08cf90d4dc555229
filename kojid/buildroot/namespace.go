//go:build linux

package buildroot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// space starts stage processes.
type space struct {
	once sync.Once
	self *os.File // sealed copy of our executable
	err  error
}

// run carries out one order in a cgroup (nil: ours) and returns how its command ended. An error means it
// was not carried out, or that ctx ended it.
//
// The stage dies with this process: the kernel sends it SIGKILL when the thread
// that started it ends, so that thread is locked until the stage is gone; and
// the stage is PID 1 of its namespace, so all else dies with it.
func (s *space) run(ctx context.Context, group *cgroup, o order, stdout io.Writer) (outcome, error) {
	type result struct {
		out outcome
		err error
	}
	done := make(chan result, 1)
	go func() {
		// Never unlocked: the thread ends with the goroutine, after the stage.
		runtime.LockOSThread()
		out, err := s.runLocked(ctx, group, o, stdout)
		done <- result{out, err}
	}()
	r := <-done
	return r.out, r.err
}

func (s *space) runLocked(ctx context.Context, group *cgroup, o order, stdout io.Writer) (outcome, error) {
	self, err := s.executable()
	if err != nil {
		return outcome{}, err
	}
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("make pipe: %w", err)
	}
	defer orderW.Close()
	outcomeR, outcomeW, err := os.Pipe()
	if err != nil {
		orderR.Close()
		return outcome{}, fmt.Errorf("make pipe: %w", err)
	}
	defer outcomeR.Close()

	flags := unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if !o.Network {
		flags |= unix.CLONE_NEWNET
	}
	c := exec.CommandContext(ctx, fdPath(selfFD))
	c.Args = []string{"kojid-buildroot", stageArg}
	c.Env = []string{}
	c.Stdout, c.Stderr = stdout, stdout
	c.ExtraFiles = []*os.File{orderR, self, outcomeW}
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(flags), Pdeathsig: syscall.SIGKILL, Setsid: true}
	c.Cancel = func() error {
		group.kill()
		return c.Process.Kill()
	}
	c.WaitDelay = 30 * time.Second
	err = c.Start()
	orderR.Close()
	outcomeW.Close()
	if err != nil {
		return outcome{}, fmt.Errorf("start namespaces: %w", err)
	}
	err = group.add(c.Process.Pid)
	if err == nil {
		err = json.NewEncoder(orderW).Encode(o)
	}
	if err != nil {
		c.Process.Kill()
		c.Wait()
		return outcome{}, fmt.Errorf("start namespaces: %w", err)
	}
	orderW.Close()
	waitErr := c.Wait()
	if ctx.Err() != nil {
		return outcome{}, ctx.Err()
	}
	var out outcome
	data, err := io.ReadAll(io.LimitReader(outcomeR, 1<<16))
	if err != nil {
		return outcome{}, fmt.Errorf("read outcome: %w", err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		// Killed from outside, by the kernel for want of memory for one.
		return outcome{}, errors.Join(errors.New("the first process of the buildroot was killed"), waitErr)
	}
	if out.Err != "" {
		return outcome{}, errors.New(out.Err)
	}
	return out, nil
}

// executable is a sealed copy of our own executable in memory. A root process in
// the buildroot can come to hold the file it was started by; this one it cannot
// write to, and replacing kojid on disk does not change it.
func (s *space) executable() (*os.File, error) {
	s.once.Do(func() { s.self, s.err = sealedSelf() })
	return s.self, s.err
}

func sealedSelf() (*os.File, error) {
	src, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("open own executable: %w", err)
	}
	defer src.Close()
	flags := unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("kojid-buildroot", flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("kojid-buildroot", flags)
	}
	if err != nil {
		return nil, fmt.Errorf("copy own executable: %w", err)
	}
	dst := os.NewFile(uintptr(fd), "kojid-buildroot")
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return nil, fmt.Errorf("copy own executable: %w", err)
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(dst.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		dst.Close()
		return nil, fmt.Errorf("seal own executable: %w", err)
	}
	return dst, nil
}

func (s *space) close() {
	if s.self != nil {
		s.self.Close()
	}
}

// probeNamespaces tries whether the namespaces can be had at all.
func probeNamespaces(ctx context.Context) error {
	c := exec.CommandContext(ctx, "true")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET}
	var out bytes.Buffer
	c.Stderr = &out
	if err := c.Run(); err != nil {
		return fmt.Errorf("%w %s", err, out.String())
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if !rootIsMount(string(mounts)) {
		return errors.New("/ is no mount point (this is a plain chroot), so that mounts cannot be kept private")
	}
	return nil
}

// rootIsMount says whether a mountinfo lists what is mounted on /.
func rootIsMount(mountinfo string) bool {
	for line := range strings.Lines(mountinfo) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == "/" {
			return true
		}
	}
	return false
}
