//go:build linux

package buildroot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A build that leaves something other than plain rpms where results are gets
// nothing taken.
func TestTakeHostile(t *testing.T) {
	t.Parallel()
	rpm := string(rpmMagic) + "rest"
	tests := map[string]struct {
		make func(dir string) error
		want string
	}{
		"link to a file": {func(d string) error { return os.Symlink("/etc/passwd", d+"/a.rpm") }, "too many levels"},
		"hard link": {func(d string) error {
			if err := os.WriteFile(d+"/x", []byte(rpm), 0o644); err != nil {
				return err
			}
			return os.Link(d+"/x", d+"/a.rpm")
		}, "second name"},
		"FIFO":         {func(d string) error { return unix.Mkfifo(d+"/a.rpm", 0o644) }, "not a regular file"},
		"directory":    {func(d string) error { return os.Mkdir(d+"/a.rpm", 0o755) }, "not a regular file"},
		"not an rpm":   {func(d string) error { return os.WriteFile(d+"/a.rpm", []byte("text"), 0o644) }, "not an rpm"},
		"strange name": {func(d string) error { return os.WriteFile(d+"/-a b.rpm", []byte(rpm), 0o644) }, "not a name"},
		"huge": {func(d string) error {
			if err := os.WriteFile(d+"/a.rpm", []byte(rpm), 0o644); err != nil {
				return err
			}
			return os.Truncate(d+"/a.rpm", 1<<40)
		}, "larger than allowed"},
		"holes": {func(d string) error {
			if err := os.WriteFile(d+"/a.rpm", []byte(rpm), 0o644); err != nil {
				return err
			}
			return os.Truncate(d+"/a.rpm", 64<<20)
		}, "has holes"},
		"link for the directory": {func(d string) error {
			if err := os.Remove(d); err != nil {
				return err
			}
			return os.Symlink("/etc", d)
		}, "not a directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top, dst := t.TempDir(), t.TempDir()
			dir := filepath.Join(top, "build", "RPMS")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := tt.make(dir); err != nil {
				t.Fatal(err)
			}
			tk := &taker{tree: top, uid: os.Geteuid(), dst: dst, left: 1 << 30}
			files, err := tk.take("build", "RPMS")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("take = %v, %v, want error with %q", files, err, tt.want)
			}
			if left, err := os.ReadDir(dst); err != nil || len(left) != 0 {
				t.Errorf("something was taken: %v %v", left, err)
			}
		})
	}
}

func TestTakeForeignOwner(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	if err := os.WriteFile(filepath.Join(top, "a.rpm"), rpmMagic, 0o644); err != nil {
		t.Fatal(err)
	}
	tk := &taker{tree: top, uid: os.Geteuid() + 1, dst: t.TempDir(), left: 100}
	if _, err := tk.take(); err == nil || !strings.Contains(err.Error(), "belongs to") {
		t.Errorf("take: %v", err)
	}
}

// A whole build may turn its own tree into traps: nothing outside is read by
// taking results or removed by cleaning up.
func TestHostileBuild(t *testing.T) {
	t.Parallel()
	traps := map[string]struct{ run, want string }{
		"results link":  {"ln -s /etc/passwd /builddir/build/RPMS/a.rpm", "take result"},
		"results moved": {"rm -rf /builddir/build/RPMS && ln -s /etc /builddir/build/RPMS", "exited with status 1"},
		"tree moved":    {"rm -rf /builddir/originals /builddir/.rpmmacros && ln -s /etc /builddir/originals && ln -s /etc/passwd /builddir/.rpmmacros; mkfifo /builddir/build/RPMS/b.rpm", "not a regular file"},
		"locked away":   {"mkdir -p /builddir/build/BUILD/x/y && chmod 0 /builddir/build/BUILD/x; mkdir /builddir/build/RPMS/c.rpm", "not a regular file"},
	}
	for _, kind := range []string{KindChroot, KindHost} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(t, kind)
			outside := filepath.Join(filepath.Dir(cfg.BaseDir), "outside")
			if err := os.WriteFile(outside, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			d := started(t, kind, cfg)
			srpm := sourceRPM(t, "hostile.spec")
			for name, trap := range traps {
				setMacro(t, d, "trap", trap.run+" && ln -s "+filepath.Dir(outside)+" /builddir/build/BUILD/out")
				_, err := d.Rebuild(t.Context(), srpm, cfg.Arch)
				if err == nil || !strings.Contains(err.Error(), trap.want) {
					t.Errorf("%s: Rebuild: %v\n%s", name, err, logText(t, cfg, buildLog))
				}
			}
			// The tree is made anew for the next build, whatever became of it.
			setMacro(t, d, "trap", ":")
			if _, err := d.Rebuild(t.Context(), srpm, cfg.Arch); err != nil {
				t.Errorf("next Rebuild: %v", err)
			}
			if err := d.Clean(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(outside); err != nil {
				t.Error(err)
			}
		})
	}
}

// setMacro changes a macro of a buildroot that exists.
func setMacro(t *testing.T, d Driver, name, value string) {
	t.Helper()
	switch d := d.(type) {
	case *chroot:
		d.cfg.Macros[name] = value
	case *host:
		d.cfg.Macros[name] = value
	}
}

func TestRemoveTreeKeepsOutside(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "keep"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	top := filepath.Join(dir, "tree")
	if err := os.MkdirAll(filepath.Join(top, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(top, "a", "b", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(top, "a"), 0); err != nil {
		t.Fatal(err)
	}
	if err := removeTree(top); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(outside)
	if err != nil || len(left) != 1 {
		t.Errorf("outside: %v %v", left, err)
	}
	if _, err := os.Lstat(top); err == nil {
		t.Error("the tree is still there")
	}
}

func TestBringTree(t *testing.T) {
	t.Parallel()
	src, dst := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(src, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(src, "sub", "run"), []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(src, "link")); err != nil {
		t.Fatal(err)
	}
	tr := tree{dir: dst, uid: -1}
	if err := tr.bringTree(src, "."); err != nil {
		t.Fatal(err)
	}
	if l, err := os.Readlink(filepath.Join(dst, "link")); err != nil || l != "/etc/passwd" {
		t.Errorf("link: %q %v", l, err)
	}
	if st, err := os.Stat(filepath.Join(dst, "sub", "run")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("file: %v %v", st, err)
	}
	if err := unix.Mkfifo(filepath.Join(src, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tr.bringTree(src, "sub"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("FIFO: %v", err)
	}
	names, err := listDown(dst, "sub")
	if err != nil || !slices.Contains(names, "run") {
		t.Errorf("%v %v", names, err)
	}
}
