//go:build linux

package buildroot

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// victimEnv makes the test binary a worker that builds until it is killed.
const victimEnv = "BUILDROOT_TEST_VICTIM"

// victimJob is what the worker is told.
type victimJob struct {
	Kind string
	Cfg  Config
	SRPM string
}

// victim is the life of that worker.
func victim(text string) int {
	var job victimJob
	err := json.Unmarshal([]byte(text), &job)
	if err == nil {
		var d Driver
		if d, err = New(job.Kind, job.Cfg); err == nil {
			if err = d.Init(context.Background()); err == nil {
				_, err = d.Rebuild(context.Background(), job.SRPM, job.Cfg.Arch)
			}
		}
	}
	fmt.Fprintln(os.Stderr, "victim:", err)
	return 1
}

// A worker killed with SIGKILL while it builds leaves no process and no mount.
func TestKillWorker(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{KindChroot, KindHost} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(t, kind)
			job, err := json.Marshal(victimJob{kind, cfg, sourceRPM(t, "sleeper.spec")})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			worker := exec.CommandContext(t.Context(), os.Args[0])
			worker.Env = append(os.Environ(), victimEnv+"="+string(job))
			worker.Stderr = &out
			if err := worker.Start(); err != nil {
				t.Fatal(err)
			}
			asleep := waitFor(t, cfg, "asleep")
			pids := sleepers(t)
			if err := worker.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := worker.Wait(); err == nil || !asleep {
				t.Fatalf("worker: %v, asleep %v\n%s\n%s", err, asleep, out.String(), logText(t, cfg, buildLog))
			}
			if len(pids) < 2 {
				t.Errorf("expected two sleeping processes, found %v", pids)
			}
			gone(t, pids, cfg)
			mounts, err := os.ReadFile("/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(mounts), cfg.BaseDir) {
				t.Errorf("mounts are left:\n%s", mounts)
			}
			// The next buildroot of that name replaces what lies around.
			started(t, kind, cfg)
		})
	}
}

// Cancelling and timing out end everything as well, and say which it was.
func TestKillBuild(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{KindChroot, KindHost} {
		for _, how := range []string{"killed", "timed out"} {
			t.Run(kind+" "+how, func(t *testing.T) {
				t.Parallel()
				cfg := configFor(t, kind)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if how == "timed out" {
					cfg.Timeout = 1500 * time.Millisecond
				}
				d := started(t, kind, cfg)
				done := make(chan error, 1)
				srpm := sourceRPM(t, "sleeper.spec")
				go func() {
					_, err := d.Rebuild(ctx, srpm, cfg.Arch)
					done <- err
				}()
				if !waitFor(t, cfg, "asleep") {
					t.Fatalf("build did not start:\n%s", logText(t, cfg, rootLog))
				}
				if how == "killed" {
					cancel()
				}
				err := <-done
				if exit := exitOf(t, err); exit.Code != ExitKilled || exit.Log != buildLog {
					t.Errorf("Rebuild: %#v", exit)
				}
				contains(t, err.Error(), how)
				gone(t, nil, cfg)
			})
		}
	}
}

// waitFor waits until build.log has a line.
func waitFor(t *testing.T, cfg Config, line string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for sc := bufio.NewScanner(strings.NewReader(logText(t, cfg, buildLog))); sc.Scan(); {
			if sc.Text() == line {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// procCmdline maps the pids of this machine to command lines.
func procCmdline(t *testing.T) map[string]string {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range list {
		if data, err := os.ReadFile(p); err == nil && len(data) > 0 {
			out[filepath.Base(filepath.Dir(p))] = strings.ReplaceAll(string(data), "\x00", " ")
		}
	}
	return out
}

// sleepers are the processes of sleeper.spec, of this and of parallel tests.
func sleepers(t *testing.T) []string {
	t.Helper()
	var pids []string
	for pid, cmd := range procCmdline(t) {
		if strings.HasPrefix(cmd, "sleep 86399") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits until no process is left that has the buildroot in its command line
// or, of the given pids, in its mounts.
func gone(t *testing.T, pids []string, cfg Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var left []string
		for pid := range procCmdline(t) {
			data, err := os.ReadFile("/proc/" + pid + "/mountinfo")
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				continue // it ended while we looked
			}
			if strings.Contains(string(data), filepath.Base(filepath.Dir(cfg.BaseDir))+"/") && strings.Contains(string(data), filepath.Base(filepath.Dir(filepath.Dir(cfg.BaseDir)))) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Errorf("processes are left: %v (of %v)", left, pids)
			return
		case <-tick.C:
		}
	}
}
