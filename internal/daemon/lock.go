package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock makes this process the only one that works in dir. The lock ends with
// the process, however that ends, or when the file is closed.
func Lock(dir, program string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make work area: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, program+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock work area: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock work area %s: %w", dir, err)
		}
		pid := make([]byte, 20)
		n, _ := f.ReadAt(pid, 0) // says nothing if it can't be read
		return nil, fmt.Errorf("another %s (process %s) works in %s", program, strings.TrimSpace(string(pid[:n])), dir)
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock work area: %w", err)
		}
	}
	return f, nil
}
