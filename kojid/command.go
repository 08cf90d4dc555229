package kojid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// runLogged runs a program with its output going to the end of a log file, whose
// first line is the command. The program dies with this process.
func (t *Task) runLogged(ctx context.Context, dir, log string, args ...string) error {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer out.Close()
	fmt.Fprintf(out, "$ %s\n", strings.Join(args, " "))
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir, c.Stdout, c.Stderr = dir, out, out
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = 10 * time.Second
	done := make(chan error, 1)
	go func() {
		// The kernel ends the program when the thread that started it ends.
		runtime.LockOSThread()
		done <- c.Run()
	}()
	err = <-done
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		// Another builder may have it.
		return &refusal{soft: true, msg: fmt.Sprintf("%s is not installed on %s", args[0], t.host.Name)}
	case err != nil:
		return fmt.Errorf("%s failed: %w: %s", args[0], err, lastLines(log, 3))
	}
	return nil
}

// lastLines is the end of a log in one line, for an error.
func lastLines(log string, n int) string {
	data, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
