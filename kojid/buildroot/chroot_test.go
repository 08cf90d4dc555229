//go:build linux

package buildroot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChrootRebuild(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	cfg.Limits = Limits{PIDs: 500, Memory: 2 << 30}
	d := started(t, KindChroot, cfg)
	files, err := d.Rebuild(t.Context(), sourceRPM(t, "greet.spec"), cfg.Arch)
	if err != nil {
		t.Fatalf("Rebuild: %v\n%s\n%s", err, logText(t, cfg, rootLog), logText(t, cfg, buildLog))
	}
	var names []string
	for _, f := range files {
		if filepath.Dir(f) != cfg.LogDir {
			t.Errorf("result %s is not in the result directory", f)
		}
		names = append(names, filepath.Base(f))
	}
	want := []string{"greet-1.2-3.lab1.src.rpm", "greet-1.2-3.lab1." + cfg.Arch + ".rpm", "greet-devel-1.2-3.lab1." + cfg.Arch + ".rpm"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	out, err := exec.CommandContext(t.Context(), "rpm", "-qp", "--qf", "%{VENDOR}|%{PACKAGER}|%{DISTRIBUTION}|%{BUILDHOST}", files[1]).Output()
	if err != nil || string(out) != "Koji Lab|Koji|Koji Test|localhost" {
		t.Errorf("rpm says %q %v", out, err)
	}

	// What %check saw of the buildroot.
	build := logText(t, cfg, buildLog)
	contains(t, build,
		"uid=1000 gid=1000 groups=1000 user=mockbuild", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000",
		"CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "interfaces=lo \n", "host=localhost umask=0022 home=/builddir", "init=kojid-buildroot")

	contains(t, logText(t, cfg, rootLog), "driver chroot", "BuildRequires of greet-1.2-3.src.rpm: gcc, make >= 4")
	for _, l := range strings.Split(strings.TrimSpace(logText(t, cfg, stateLog)), "\n") {
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (Start|Finish): \S.*$`).MatchString(l) {
			t.Errorf("state.log has %q", l)
		}
	}
	contains(t, logText(t, cfg, installedLog), "\nmake-", " installed\n")
	contains(t, logText(t, cfg, hwInfoLog), "CPU info:", "Memory:", "Storage:")

	pkgs, err := d.Installed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pkgs, func(p Package) bool { return p.Name == "gcc" })
	if i < 0 || len(pkgs[i].SigMD5) != 32 || pkgs[i].BuildTime == 0 || pkgs[i].Epoch == nil {
		t.Errorf("gcc is not well listed among %v", pkgs)
	}
}

func TestChrootBuildSRPM(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	cfg.Group = "srpm-build"
	d := started(t, KindChroot, cfg)
	sources := t.TempDir()
	for _, f := range []string{"greet.spec", "greet.c"} {
		data, err := os.ReadFile(filepath.Join("testdata", f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sources, f), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, src := range map[string]Source{
		"srpm": {SRPM: sourceRPM(t, "greet.spec")},
		"spec": {Spec: filepath.Join(sources, "greet.spec"), Sources: sources},
	} {
		files, err := d.BuildSRPM(t.Context(), src)
		if err != nil {
			t.Fatalf("BuildSRPM from %s: %v\n%s", name, err, logText(t, cfg, buildLog))
		}
		if want := []string{filepath.Join(cfg.LogDir, "greet-1.2-3.lab1.src.rpm")}; !slices.Equal(files, want) {
			t.Errorf("BuildSRPM from %s = %v, want %v", name, files, want)
		}
	}
}

func TestChrootFailures(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	d := started(t, KindChroot, cfg)
	tests := []struct {
		spec string
		code int
		log  string
		says []string
	}{
		{"lacking.spec", ExitUnresolvable, rootLog, []string{"nothing provides libunobtainium-devel >= 4.2", "pkgconfig(unobtainium)"}},
		{"failing.spec", ExitBuildFailed, buildLog, []string{"rpmbuild exited with status 1"}},
	}
	for _, tt := range tests {
		_, err := d.Rebuild(t.Context(), sourceRPM(t, tt.spec), cfg.Arch)
		exit := exitOf(t, err)
		if exit.Code != tt.code || exit.Log != tt.log {
			t.Errorf("%s: exit %d, log %s, want %d, %s", tt.spec, exit.Code, exit.Log, tt.code, tt.log)
		}
		contains(t, err.Error(), tt.says...)
		contains(t, logText(t, cfg, rootLog), tt.says...)
	}
	contains(t, logText(t, cfg, buildLog), "about to fail")
}

func TestChrootDynamicBuildRequires(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	cfg.Packages = []string{"bash", "coreutils", "filesystem", "findutils", "grep", "gzip", "mawk", "rpm", "sed", "tar", "xz-utils", "diffutils", "file", "libc-bin", "patch"}
	d := started(t, KindChroot, cfg)
	files, err := d.Rebuild(t.Context(), sourceRPM(t, "dynamic.spec"), cfg.Arch)
	if err != nil {
		t.Fatalf("Rebuild: %v\n%s\n%s", err, logText(t, cfg, rootLog), logText(t, cfg, buildLog))
	}
	if len(files) != 2 {
		t.Errorf("results %v", files)
	}
	contains(t, logText(t, cfg, rootLog), "dynamic BuildRequires of dynamic-1-1.src.rpm: make")
}

func TestChrootInitUnresolvable(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"no-such-package", ""} {
		cfg := chrootConfig(t)
		if what != "" {
			cfg.Packages = []string{"bash", what}
		} else {
			cfg.Group = "no-such-group"
		}
		d, err := New(KindChroot, cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Init(t.Context())
		if exit := exitOf(t, err); exit.Code != ExitUnresolvable || exit.Log != rootLog {
			t.Errorf("Init: %v", err)
		}
		contains(t, err.Error(), "no-such-")
		if err := d.Clean(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestChrootRun(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := chrootConfig(t)
	d := started(t, KindChroot, cfg)
	tests := []struct {
		name string
		opts RunOpts
		sh   string
		want string
		code int
	}{
		{"user", RunOpts{}, "id -u; pwd", "1000\n/builddir\n", 0},
		{"cwd and env", RunOpts{Cwd: "/tmp", Env: map[string]string{"A": "b c"}}, "pwd; echo $A", "/tmp\nb c\n", 0},
		{"exit code", RunOpts{}, "exit 7", "", 7},
		{"root has few capabilities", RunOpts{Root: true}, "id -u; grep CapEff /proc/self/status", "0\nCapEff:\t00000000880400fb\n", 0},
		{"root cannot make namespaces", RunOpts{Root: true}, "unshare -m true 2>&1", "unshare: unshare failed: Operation not permitted\n", 1},
		{"root cannot change the kernel", RunOpts{Root: true}, "echo x 2>/dev/null > /proc/sys/kernel/core_pattern; echo $?; echo x 2>/dev/null >/proc/sysrq-trigger; echo $?", "1\n1\n", 0},
		{"root cannot read the stage", RunOpts{Root: true}, "cat /proc/1/environ 2>/dev/null; head -c4 /proc/1/exe 2>/dev/null; echo $?", "1\n", 0},
		{"root cannot use a device node", RunOpts{Root: true}, "mknod /tmp/d b 254 0; head -c1 /tmp/d 2>/dev/null; echo $?", "1\n", 0},
		{"no file of the host", RunOpts{Root: true}, "cat " + secret + " 2>/dev/null; echo $?; ls -d /work 2>/dev/null", "1\n", 2},
		{"no chroot out", RunOpts{Root: true}, "mkdir -p /tmp/x; chroot /tmp/../../../.. /bin/ls -d " + secret + " 2>/dev/null; echo $?", "2\n", 0},
		{"no mount but ours", RunOpts{}, "cut -d' ' -f5 /proc/self/mountinfo | grep -vE '^/(proc|sys|dev|builddir)(/|$)'", "/\n", 0},
		{"no network", RunOpts{}, "cat /proc/net/route | wc -l; (echo >/dev/tcp/192.0.2.1/80) 2>&1 | grep -o unreachable | head -1", "1\nunreachable\n", 0},
		{"loopback", RunOpts{}, "(echo >/dev/tcp/127.0.0.1/9) 2>&1 | grep -o refused | head -1", "refused\n", 0},
		{"network on request", RunOpts{Network: true}, "test $(wc -l </proc/net/dev) -gt 3; echo $?", "0\n", 0},
		{"devices", RunOpts{}, "cd /dev; echo *; test -c null && echo a >null; head -c2 zero | wc -c", "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero\n2\n", 0},
		{"no such program", RunOpts{}, "exec /no/such", "", 127},
	}
	for _, tt := range tests {
		var out strings.Builder
		tt.opts.Stdout = &out
		if tt.name == "no such program" {
			tt.opts.Stdout = nil
		}
		err := d.Run(t.Context(), []string{"sh", "-c", tt.sh}, tt.opts)
		code := 0
		if err != nil {
			code = exitOf(t, err).Code
		}
		if diff := cmp.Diff(tt.want, out.String()); diff != "" || code != tt.code {
			t.Errorf("%s: exit %d, want %d\n%s", tt.name, code, tt.code, diff)
		}
	}
	if err := d.Run(t.Context(), []string{"no-such-program"}, RunOpts{}); err == nil || !strings.Contains(err.Error(), "no program no-such-program") {
		t.Errorf("run of a missing program: %v", err)
	}
}

// Two buildroots on one kept base do not see each other's changes, nor does the
// base; the second one is quick because it installs nothing.
func TestChrootFreshRoots(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	a := started(t, KindChroot, cfg)
	if err := a.Run(t.Context(), []string{"sh", "-c", "touch /etc/spoiled && rm -r /usr/bin/make"}, RunOpts{Root: true}); err != nil {
		t.Fatal(err)
	}
	other := cfg
	other.Name, other.LogDir = "f1-build-8-3", filepath.Join(t.TempDir(), "result")
	b := started(t, KindChroot, other)
	contains(t, logText(t, other, rootLog), "kept from an earlier build")
	if err := b.Run(t.Context(), []string{"sh", "-c", "test ! -e /etc/spoiled && make --version"}, RunOpts{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(a.RootDir(), "etc/spoiled")); err != nil {
		t.Error(err)
	}
}

// Without a cache the root is a plain directory, and works the same.
func TestChrootPlainRoot(t *testing.T) {
	t.Parallel()
	cfg := chrootConfig(t)
	cfg.Cache, cfg.Group = "", "srpm-build"
	d := started(t, KindChroot, cfg)
	if err := d.Run(t.Context(), []string{"rpmbuild", "--version"}, RunOpts{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(d.RootDir(), "usr/bin/rpmbuild")); err != nil {
		t.Error(err)
	}
}
