//go:build linux

package buildroot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is also the namespace stage of the roots that tests make, and the
// victim of the kill test.
func TestMain(m *testing.M) {
	Hook(os.Args)
	if cfg := os.Getenv(victimEnv); cfg != "" {
		os.Exit(victim(cfg))
	}
	code := m.Run()
	if distro.dir != "" {
		if err := os.RemoveAll(distro.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// distro is a small rpm distribution made of this machine's own packages, and a
// cache of base roots made from it. All tests of a process share it.
var distro struct {
	once sync.Once
	dir  string
	err  error
	loud sync.Once
}

// needChroot skips a test where the chroot driver cannot run, and says so loudly
// once: a green run must not hide that the driver was not tested.
func needChroot(t *testing.T) (repo, cache string) {
	t.Helper()
	kind, why, err := Detect(t.Context(), "kojibuilder")
	if err == nil && kind == KindChroot {
		if _, cerr := exec.LookPath("createrepo_c"); cerr != nil {
			kind, why = "", "createrepo_c is missing: apt-get install createrepo-c"
		}
	}
	if err != nil {
		why = err.Error()
	}
	if kind != KindChroot {
		distro.loud.Do(func() { fmt.Fprintln(os.Stderr, "chroot driver tests did NOT run:", why) })
		t.Skip("chroot driver tests did NOT run: " + why)
	}
	distro.once.Do(func() {
		if distro.dir, distro.err = os.MkdirTemp("", "buildroot-test-"); distro.err == nil {
			distro.err = makeDistro(context.Background(), distro.dir)
		}
	})
	if distro.err != nil {
		t.Fatal(distro.err)
	}
	return filepath.Join(distro.dir, "repo"), filepath.Join(distro.dir, "cache")
}

// chrootConfig is a configuration on the shared distribution.
func chrootConfig(t *testing.T) Config {
	t.Helper()
	repo, cache := needChroot(t)
	dir := t.TempDir()
	return Config{
		Name: "f1-build-7-3", ID: 7, RepoID: 3, Tag: "f1-build", Arch: hostArch(),
		BaseDir: filepath.Join(dir, "roots"), LogDir: filepath.Join(dir, "result"), Cache: cache,
		Repos: []Repo{{ID: "build", URL: repo}}, Vendor: "Koji Lab", Packager: "Koji", Distribution: "Koji Test",
		Macros: map[string]string{"dist": ".lab1"}, Timeout: 2 * time.Minute,
	}
}

// hostConfig is a configuration for the host driver. Its work area is where an
// unprivileged user can come to, unlike t.TempDir.
func hostConfig(t *testing.T) Config {
	t.Helper()
	if need := missing(hostTools); need != "" {
		fmt.Fprintln(os.Stderr, "host driver tests did NOT run: apt-get install", need)
		t.Skip("host driver tests did NOT run: apt-get install " + need)
	}
	dir, err := os.MkdirTemp("", "buildroot-host-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return Config{
		Name: "f1-build-7-3", ID: 7, RepoID: 3, Tag: "f1-build", Arch: hostArch(),
		BaseDir: filepath.Join(dir, "roots"), LogDir: filepath.Join(dir, "result"), Vendor: "Koji Lab",
		Macros: map[string]string{"dist": ".lab1"}, Timeout: time.Minute,
	}
}

// started makes and initializes a buildroot that the test's end removes.
func started(t *testing.T, kind string, cfg Config) Driver {
	t.Helper()
	d, err := New(kind, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Clean(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(cfg.BaseDir, cfg.Name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("buildroot is still there: %v", err)
		}
	})
	if err := d.Init(t.Context()); err != nil {
		t.Fatalf("Init: %v\n%s", err, logText(t, cfg, rootLog))
	}
	return d
}

// sourceRPM makes a source rpm of a spec in testdata.
func sourceRPM(t *testing.T, spec string) string {
	t.Helper()
	dir := t.TempDir()
	src, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "rpmbuild", "-bs", "--nodeps", "--define", "_topdir "+dir, "--define", "_srcrpmdir "+dir,
		"--define", "_sourcedir "+src, filepath.Join(src, spec)).CombinedOutput()
	if err != nil {
		t.Fatalf("rpmbuild -bs: %v\n%s", err, out)
	}
	list, err := filepath.Glob(filepath.Join(dir, "*.src.rpm"))
	if err != nil || len(list) != 1 {
		t.Fatalf("source rpms: %v %v", list, err)
	}
	return list[0]
}

func logText(t *testing.T, cfg Config, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(cfg.LogDir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// exitOf is the ExitError that err must be.
func exitOf(t *testing.T, err error) *ExitError {
	t.Helper()
	var exit *ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("error is %v, not an ExitError", err)
	}
	return exit
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, w := range wants {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in:\n%s", w, text)
		}
	}
}

// configFor is a configuration for a kind of driver.
func configFor(t *testing.T, kind string) Config {
	t.Helper()
	if kind == KindHost {
		return hostConfig(t)
	}
	return chrootConfig(t)
}
