package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// DetachedArg is the first argument of a program that [Detach] started.
const DetachedArg = "@detached"

// readyFD is where a detached program says that it runs.
const readyFD = 3

// Detach starts this program again in the background, in a session of its own,
// with stdout and stderr to the file at log. It waits until that program calls
// [Ready]; when it fails before, the error is what it said.
func Detach(args []string, log string) (pid int, err error) {
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return 0, fmt.Errorf("open log: %w", err)
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, fmt.Errorf("open log: %w", err)
	}
	defer out.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("start in the background: %w", err)
	}
	defer r.Close()
	c := exec.Command("/proc/self/exe")
	c.Args = append([]string{args[0], DetachedArg}, args[1:]...)
	c.Stdout, c.Stderr = out, out
	c.ExtraFiles = []*os.File{w}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = c.Start()
	w.Close()
	if err != nil {
		return 0, fmt.Errorf("start in the background: %w", err)
	}
	said, err := io.ReadAll(io.LimitReader(r, 1<<16))
	if err != nil {
		return 0, fmt.Errorf("start in the background: %w", err)
	}
	if text := strings.TrimSpace(string(said)); text != readyWord {
		if text == "" {
			text = "it ended at once; see " + log
		}
		return 0, errors.New(text)
	}
	pid = c.Process.Pid
	return pid, c.Process.Release()
}

const readyWord = "ready"

// Detached takes the mark of Detach off the arguments.
func Detached(args []string) (rest []string, detached bool) {
	if len(args) < 2 || args[1] != DetachedArg {
		return args, false
	}
	return append([]string{args[0]}, args[2:]...), true
}

// Ready tells who waits in Detach that the program runs (err is nil), or why
// it doesn't. It does something once, and only in a detached program.
func Ready(err error) {
	syscall.CloseOnExec(readyFD)
	f := os.NewFile(readyFD, "ready")
	if f == nil {
		return
	}
	text := readyWord
	if err != nil {
		text = err.Error()
	}
	fmt.Fprintln(f, text)
	f.Close()
}
