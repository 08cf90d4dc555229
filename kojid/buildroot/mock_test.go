//go:build linux

package buildroot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mockConfig is a configuration for the mock driver. mock is not to be had on
// Debian: what it runs is the stand-in in testdata, which says of itself what it
// is not. So these tests hold the command lines, the configuration, the logs and
// the exit codes; that a real mock agrees was NOT run.
func mockConfig(t *testing.T) (cfg Config, commands func() []string) {
	t.Helper()
	cfg = hostConfig(t)
	dir := filepath.Dir(cfg.BaseDir)
	program := filepath.Join(dir, "mock")
	script, err := os.ReadFile("testdata/standin-mock")
	if err == nil {
		err = errors.Join(os.WriteFile(program, script, 0o755), os.Mkdir(filepath.Join(dir, "mocks"), 0o755), os.Chmod(filepath.Join(dir, "mocks"), 0o777))
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg.Repos = []Repo{{ID: "build", URL: "http://127.0.0.1:9/repo"}}
	cfg.Mock = Mock{
		Program: program, Dir: filepath.Join(dir, "mocks"), ConfDir: filepath.Join(dir, "etc", "koji"), User: "nobody",
		Extra: map[string]any{"mock.new_chroot": false, "rpm.macro.dist": ".lab1"},
	}
	return cfg, func() []string {
		data, err := os.ReadFile(filepath.Join(cfg.Mock.Dir, "commands"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(data), dir, "DIR")), "\n")
	}
}

// published is a source rpm where others than its owner can read it.
func published(t *testing.T, cfg Config, spec string) string {
	t.Helper()
	data, err := os.ReadFile(sourceRPM(t, spec))
	path := filepath.Join(filepath.Dir(cfg.BaseDir), strings.TrimSuffix(spec, ".spec")+".src.rpm")
	if err = errors.Join(err, os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMockCommandLines(t *testing.T) {
	t.Parallel()
	cfg, commands := mockConfig(t)
	srpm := published(t, cfg, "greet.spec")
	d := started(t, KindMock, cfg)
	made, err := d.Rebuild(t.Context(), srpm, cfg.Arch)
	if err != nil {
		t.Fatalf("Rebuild: %v\n%s\n%s", err, logText(t, cfg, mockOutputLog), logText(t, cfg, buildLog))
	}
	if len(made) != 3 || filepath.Dir(made[0]) != cfg.LogDir {
		t.Errorf("results %v", made)
	}
	pkgs, err := d.Installed(t.Context())
	if err != nil || len(pkgs) != 1 || pkgs[0].Name != "bash" {
		t.Errorf("installed %+v, %v", pkgs, err)
	}
	var out strings.Builder
	if err := d.Run(t.Context(), []string{"sh", "-c", "echo $GREETING"}, RunOpts{Cwd: "/", Env: map[string]string{"GREETING": "hello"}, Stdout: &out}); err != nil || out.String() != "hello\n" {
		t.Errorf("Run gives %q, %v", out.String(), err)
	}
	var exit *ExitError
	if err := d.Run(t.Context(), []string{"sh", "-c", "exit 7"}, RunOpts{Root: true, Network: true}); !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("Run fails with %v, want status 7", err)
	}
	if err := d.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{filepath.Join(cfg.Mock.Dir, cfg.Name), filepath.Join(cfg.Mock.ConfDir, cfg.Name+".cfg")} {
		if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", left, err)
		}
	}
	const mock = "-r koji/f1-build-7-3 --configdir DIR/etc --old-chroot "
	want := []string{
		mock + "--init",
		mock + "--no-clean --target " + cfg.Arch + " --rebuild DIR/greet.src.rpm",
		mock + "--no-clean --quiet --target " + cfg.Arch + " --chroot -- rpm -qa --qf " + packageFormat,
		mock + "--no-clean --quiet --unpriv --cwd / --chroot -- /usr/bin/env GREETING=hello sh -c echo $GREETING",
		mock + "--no-clean --quiet --enable-network --chroot -- sh -c exit 7",
		mock + "--clean",
	}
	if diff := cmp.Diff(want, commands()); diff != "" {
		t.Errorf("command lines (-want +got):\n%s", diff)
	}
	contains(t, logText(t, cfg, mockConfigLog), "# Koji buildroot id: 7\n", "config_opts['macros']['%dist'] = '.lab1'\n", "config_opts['resultdir'] = '"+cfg.LogDir+"'\n")
}

func TestMockBuildSRPM(t *testing.T) {
	t.Parallel()
	cfg, commands := mockConfig(t)
	srpm := published(t, cfg, "greet.spec")
	d := started(t, KindMock, cfg)
	made, err := d.BuildSRPM(t.Context(), Source{SRPM: srpm})
	if err != nil {
		t.Fatalf("BuildSRPM: %v\n%s\n%s", err, logText(t, cfg, mockOutputLog), logText(t, cfg, buildLog))
	}
	if len(made) != 1 || !strings.HasSuffix(made[0], ".src.rpm") {
		t.Errorf("results %v", made)
	}
	last := commands()[1]
	if want := "--no-clean --buildsrpm --spec DIR/roots/f1-build-7-3/sources/SPECS/greet.spec --sources DIR/roots/f1-build-7-3/sources/SOURCES --target noarch"; !strings.HasSuffix(last, want) {
		t.Errorf("command line %q, want %q", last, want)
	}
}

func TestMockFailures(t *testing.T) {
	t.Parallel()
	t.Run("build", func(t *testing.T) {
		t.Parallel()
		cfg, _ := mockConfig(t)
		srpm := published(t, cfg, "failing.spec")
		d := started(t, KindMock, cfg)
		_, err := d.Rebuild(t.Context(), srpm, cfg.Arch)
		if exit := exitOf(t, err); exit.Code != ExitBuildFailed || exit.Log != buildLog || exit.Reason == "" {
			t.Errorf("%#v", exit)
		}
	})
	t.Run("init", func(t *testing.T) {
		t.Parallel()
		cfg, _ := mockConfig(t)
		cfg.Repos = []Repo{{ID: "build", URL: "file:///nowhere"}}
		d, err := New(KindMock, cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Init(t.Context())
		if exit := exitOf(t, err); exit.Code != ExitUnresolvable || exit.Log != rootLog || exit.Reason != "nothing provides libmissing, needed by gcc-1-1.x86_64" {
			t.Errorf("%#v", exit)
		}
		if err := d.Clean(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		cfg, _ := mockConfig(t)
		d := started(t, KindMock, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		err := d.Run(ctx, []string{"sh", "-c", "sleep 1000 & wait"}, RunOpts{})
		if exit := exitOf(t, err); exit.Code != ExitKilled {
			t.Errorf("%#v", exit)
		}
	})
	t.Run("nobody to run it", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("the choice of who runs mock did NOT run: only root has it")
		}
		for name, want := range map[string]string{"no-such-user": "no-such-user", "root": "is root"} {
			cfg, _ := mockConfig(t)
			cfg.Mock.User = name
			d, err := New(KindMock, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Init(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("mockuser %s: %v, want %q", name, err, want)
			}
		}
	})
}

// TestMockLeftBehind: a builder that starts again removes what a killed worker left.
func TestMockLeftBehind(t *testing.T) {
	t.Parallel()
	cfg, _ := mockConfig(t)
	dead, err := New(KindMock, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := New(KindMock, Config{Name: cfg.Name, Arch: "x86_64", BaseDir: cfg.BaseDir, LogDir: cfg.BaseDir, Mock: cfg.Mock})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{filepath.Join(cfg.BaseDir, cfg.Name), filepath.Join(cfg.Mock.Dir, cfg.Name)} {
		if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", left, err)
		}
	}
}
