//go:build linux

package buildroot

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
			pids := inside(t, cfg)
			if err := worker.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := worker.Wait(); err == nil || !asleep {
				t.Fatalf("worker: %v, asleep %v\n%s\n%s", err, asleep, out.String(), logText(t, cfg, buildLog))
			}
			if len(pids) < 4 { // init, rpmbuild, its shell, two sleepers
				t.Errorf("expected processes in the buildroot, found %v", pids)
			}
			gone(t, cfg)
			mounts, err := os.ReadFile("/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(mounts), cfg.BaseDir) {
				t.Errorf("mounts are left:\n%s", mounts)
			}
			d, err := New(kind, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Clean(t.Context()); err != nil {
				t.Error(err)
			}
			if g := leftCgroup(filepath.Join(cfg.BaseDir, cfg.Name)); g != nil && len(g.dirs) > 0 {
				t.Errorf("cgroups are left: %v", g.dirs)
			}
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
				if how == "killed" {
					if !waitFor(t, cfg, "asleep") {
						t.Fatalf("build did not start:\n%s", logText(t, cfg, rootLog))
					}
					cancel()
				}
				err := <-done
				if exit := exitOf(t, err); exit.Code != ExitKilled || exit.Log != buildLog {
					t.Errorf("Rebuild: %#v", exit)
				}
				contains(t, err.Error(), how)
				gone(t, cfg)
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

// inside finds the processes that have the buildroot among their mounts.
func inside(t *testing.T, cfg Config) []string {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, p := range list {
		data, err := os.ReadFile(p)
		if err == nil && strings.Contains(string(data), cfg.BaseDir) {
			pids = append(pids, filepath.Base(filepath.Dir(p)))
		}
	}
	return pids
}

// gone waits until no process is left in the buildroot.
func gone(t *testing.T, cfg Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := inside(t, cfg)
		if len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Errorf("processes are left: %v", left)
			return
		case <-tick.C:
		}
	}
}
