package minidistro_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"koji/internal/minidistro"
	"koji/internal/rpmfile"
)

// debian skips, and says so, on a machine that has no dpkg to ask.
func debian(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Skip("the small distribution did NOT run: this machine has no dpkg; the package is for Debian")
	}
}

func small(out string) minidistro.Options {
	return minidistro.Options{Out: out, Seeds: []string{"bash", "coreutils", "libc6"}, Extra: []string{"sed"}}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	debian(t)
	o := small(filepath.Join(t.TempDir(), "deep", "repo"))
	var names []string
	o.Progress = func(done, total int, name string) {
		names = append(names, name)
		if done != len(names) || done > total {
			t.Errorf("progress %d of %d after %q", done, total, names)
		}
	}
	sum, err := minidistro.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	rpms, err := filepath.Glob(filepath.Join(o.Out, "*.rpm"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rpms) != sum.Packages || len(names) != sum.Packages || sum.Packages < 5 || sum.Unchanged {
		t.Errorf("%d rpms, %d reports of progress, summary %+v", len(rpms), len(names), sum)
	}
	provides, requires := map[string]bool{}, map[string]string{}
	for _, path := range rpms {
		f, err := rpmfile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.VerifyPayload(); err != nil {
			t.Error(err)
		}
		if f.FileName() != filepath.Base(path) {
			t.Errorf("%s calls itself %s", filepath.Base(path), f.FileName())
		}
		for _, d := range f.Provides() {
			provides[d.Name] = true
		}
		for _, d := range f.Requires() {
			requires[d.Name] = f.Name
		}
	}
	for name, by := range requires {
		if !provides[name] && !strings.HasPrefix(name, "rpmlib(") {
			t.Errorf("%s requires %s, which nothing provides", by, name)
		}
	}
	for _, name := range []string{"bash", "/bin/sh", "glibc", "libc.so.6()(64bit)", "filesystem", "sed"} {
		if !provides[name] {
			t.Errorf("nothing provides %s", name)
		}
	}
	comps, err := os.ReadFile(filepath.Join(o.Out, "comps.xml"))
	if err != nil || !strings.Contains(string(comps), ">coreutils<") || strings.Contains(string(comps), ">gcc<") {
		t.Errorf("comps.xml (%v):\n%s", err, comps)
	}
	checkWithRPM(t, rpms)
}

// checkWithRPM has rpm itself look at the packages.
func checkWithRPM(t *testing.T, rpms []string) {
	t.Helper()
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Error("NOT CHECKED with rpm, which is not installed: `apt-get install rpm`")
		return
	}
	for _, path := range rpms {
		out, err := exec.CommandContext(t.Context(), "rpm", "-K", "-v", path).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "MD5 digest: OK") || !strings.Contains(string(out), "Payload SHA256 digest: OK") {
			t.Errorf("rpm -K: %v\n%s", err, out)
		}
		out, err = exec.CommandContext(t.Context(), "rpm", "-qp", "--qf", "%{NVRA}.rpm", path).Output()
		if err != nil || string(out) != filepath.Base(path) {
			t.Errorf("rpm -qp %s: %q, %v", filepath.Base(path), out, err)
		}
	}
}

func TestSecondBuildReturnsAtOnce(t *testing.T) {
	t.Parallel()
	debian(t)
	o := small(filepath.Join(t.TempDir(), "repo"))
	first, err := minidistro.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(o.Out, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := minidistro.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !second.Unchanged || second.Packages != first.Packages || second.Bytes != first.Bytes {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("an up to date directory was written to: %v", err)
	}

	// An rpm that has gone, or another set of packages, makes it anew.
	rpms, err := filepath.Glob(filepath.Join(o.Out, "bash-*.rpm"))
	if err != nil || len(rpms) != 1 {
		t.Fatalf("rpms of bash: %q, %v", rpms, err)
	}
	if err := os.Remove(rpms[0]); err != nil {
		t.Fatal(err)
	}
	if again, err := minidistro.Build(t.Context(), o); err != nil || again.Unchanged || again.Packages != first.Packages || again.Bytes != first.Bytes {
		t.Errorf("after a loss: %+v, %v; first %+v", again, err, first)
	}
	o.Extra = append(o.Extra, "grep")
	if more, err := minidistro.Build(t.Context(), o); err != nil || more.Unchanged || more.Packages <= first.Packages {
		t.Errorf("with grep: %+v, %v", more, err)
	}
	left, err := os.ReadDir(filepath.Dir(o.Out))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the directory there is %v, %v", left, err)
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	debian(t)
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := minidistro.Build(t.Context(), small(dir)); err == nil || !strings.Contains(err.Error(), "not replaced") {
		t.Errorf("directory with other things: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
	o := small(filepath.Join(dir, "repo"))
	o.Extra = []string{"no-such-package"}
	var missing *minidistro.MissingError
	if _, err := minidistro.Build(t.Context(), o); !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("missing package: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o = small(filepath.Join(dir, "repo"))
	if _, err := minidistro.Build(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
