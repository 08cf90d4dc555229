package kojid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"koji/kojid/buildroot"
)

func (c *Config) sessionFile() string { return filepath.Join(c.WorkDir, "session.json") }

func (c *Config) writePID() error {
	if c.PIDFile == "" {
		return nil
	}
	if err := os.WriteFile(c.PIDFile, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		return fmt.Errorf("write pidfile: %w", err)
	}
	return nil
}

func (c *Config) removePID() {
	if c.PIDFile != "" {
		_ = os.Remove(c.PIDFile) // a stale one does no harm
	}
}

// chooseDriver finds out what "auto" is on this machine, once for all workers.
func (c *Config) chooseDriver(ctx context.Context, log *slog.Logger) error {
	if c.Driver != "auto" {
		return nil
	}
	kind, why, err := buildroot.Detect(ctx, c.MockUser)
	if err != nil {
		// Repos, tags and the like can still be made.
		log.Error("this builder can build no packages", "error", err)
		return nil
	}
	c.Driver = kind
	log.Info("buildroot driver", "driver", kind, "why", why)
	return nil
}

// applyLimits sets the RLIMIT_* of the configuration; workers inherit them.
func (c *Config) applyLimits() error {
	resources := map[string]int{
		"as": unix.RLIMIT_AS, "core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA, "fsize": unix.RLIMIT_FSIZE,
		"memlock": unix.RLIMIT_MEMLOCK, "nofile": unix.RLIMIT_NOFILE, "ofile": unix.RLIMIT_NOFILE, "nproc": unix.RLIMIT_NPROC,
		"rss": unix.RLIMIT_RSS, "stack": unix.RLIMIT_STACK,
	}
	for name, v := range c.rlimits {
		words := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
		var values [2]uint64
		for i := range values {
			word := words[min(i, len(words)-1)]
			values[i] = unix.RLIM_INFINITY
			if word != "-1" {
				n, err := strconv.ParseUint(word, 10, 64)
				if err != nil {
					return fmt.Errorf("set RLIMIT_%s: %w", strings.ToUpper(name), err)
				}
				values[i] = n
			}
		}
		if err := unix.Setrlimit(resources[name], &unix.Rlimit{Cur: values[0], Max: values[1]}); err != nil {
			return fmt.Errorf("set RLIMIT_%s to %s: %w", strings.ToUpper(name), v, err)
		}
	}
	return nil
}

// errRestart ends the loop of a builder that is to start anew.
var errRestart = errors.New("restart")

// execAnew replaces this process by the program as it is on disk now.
func execAnew(args []string) error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	// While a program is being replaced, the kernel calls the old one so.
	path = strings.TrimSuffix(path, " (deleted)")
	argv := append([]string{args[0], "--fg"}, args[1:]...)
	if err := syscall.Exec(path, argv, os.Environ()); err != nil {
		return fmt.Errorf("restart %s: %w", path, err)
	}
	return nil
}
