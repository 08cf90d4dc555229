//go:build linux

package buildroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tree is the directory that is /builddir inside, as the host sees it. What an
// earlier command in the buildroot has done to it cannot be trusted, so it is
// touched through os.Root only.
type tree struct {
	dir string
	uid int // owner on the host; -1: ourselves
}

// make makes the tree, or makes it as new.
func (t tree) make(c *Config) error {
	if err := os.Mkdir(t.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make build directory: %w", err)
	}
	r, err := os.OpenRoot(t.dir)
	if err != nil {
		return fmt.Errorf("make build directory: %w", err)
	}
	defer r.Close()
	for _, d := range []string{"build", "originals", "deps", "sysroot"} {
		if err := removeTree(filepath.Join(t.dir, d)); err != nil {
			return fmt.Errorf("make build directory: %w", err)
		}
	}
	for _, d := range []string{".", "build", "build/SPECS", "build/SOURCES", "build/BUILD", "build/BUILDROOT", "build/RPMS", "build/SRPMS", "originals"} {
		if d != "." {
			if err := r.Mkdir(d, 0o755); err != nil {
				return fmt.Errorf("make build directory: %w", err)
			}
		}
		if err := t.own(r, d); err != nil {
			return err
		}
	}
	if err := r.RemoveAll(".rpmmacros"); err != nil {
		return fmt.Errorf("write macros: %w", err)
	}
	return t.write(r, strings.NewReader(buildMacros(c)), ".rpmmacros")
}

func (t tree) own(r *os.Root, name string) error {
	if t.uid < 0 {
		return nil
	}
	if err := r.Lchown(name, t.uid, t.uid); err != nil {
		return fmt.Errorf("give to the build user: %w", err)
	}
	return nil
}

// buildMacros is the .rpmmacros of the build user.
func buildMacros(c *Config) string {
	m := map[string]string{
		"_topdir":      "/builddir/build",
		"_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
		"_dbpath":      "/var/lib/rpm",
	}
	for k, v := range map[string]string{"vendor": c.Vendor, "packager": c.Packager, "distribution": c.Distribution} {
		if v != "" {
			m[k] = v
		}
	}
	maps.Copy(m, c.Macros)
	m["_topdir"] = "/builddir/build" // results are looked for there
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		// A macro goes on over lines that end in a backslash.
		fmt.Fprintf(&b, "%%%s %s\n", k, strings.ReplaceAll(strings.TrimRight(m[k], "\n"), "\n", "\\\n"))
	}
	return b.String()
}

// bring copies one regular file of the host into the tree as dst.
func (t tree) bring(src, dst string) error {
	r, err := os.OpenRoot(t.dir)
	if err != nil {
		return fmt.Errorf("bring %s: %w", src, err)
	}
	defer r.Close()
	in, err := os.Open(src)
	if err != nil {
		return fmt.Errorf("bring %s: %w", src, err)
	}
	defer in.Close()
	if st, err := in.Stat(); err != nil || !st.Mode().IsRegular() {
		return errors.Join(fmt.Errorf("bring %s: not a regular file", src), err)
	}
	return t.write(r, in, dst)
}

func (t tree) write(r *os.Root, in io.Reader, dst string) error {
	out, err := r.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", dst, err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", dst, err), out.Close())
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write %s: %w", dst, err)
	}
	return t.own(r, dst)
}

// bringTree copies the directory src, which may come from a foreign SCM, into
// dst. Links are copied as links: they mean what they mean inside. What is
// neither file, directory nor link is refused.
func (t tree) bringTree(src, dst string) error {
	from, err := os.OpenRoot(src)
	if err != nil {
		return fmt.Errorf("bring sources: %w", err)
	}
	defer from.Close()
	to, err := os.OpenRoot(t.dir)
	if err != nil {
		return fmt.Errorf("bring sources: %w", err)
	}
	defer to.Close()
	return fs.WalkDir(from.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && name != "." {
			err = t.bringEntry(from, to, name, filepath.Join(dst, name), d)
		}
		if err != nil {
			return fmt.Errorf("bring sources: %w", err)
		}
		return nil
	})
}

func (t tree) bringEntry(from, to *os.Root, name, dst string, d fs.DirEntry) error {
	switch {
	case d.IsDir():
		if err := to.Mkdir(dst, 0o755); err != nil {
			return err
		}
		return t.own(to, dst)
	case d.Type()&fs.ModeSymlink != 0:
		l, err := from.Readlink(name)
		if err != nil {
			return err
		}
		if err := to.Symlink(l, dst); err != nil {
			return err
		}
		return t.own(to, dst)
	case !d.Type().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	}
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := t.write(to, in, dst); err != nil {
		return err
	}
	if st, err := in.Stat(); err == nil && st.Mode()&0o111 != 0 {
		return to.Chmod(dst, 0o755)
	}
	return nil
}

// removeTree removes a tree that a build has written, never following a link out
// of it. Directories that their owner may not enter are opened up first: root can
// remove them anyway, others not.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	r, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	walkErr := fs.WalkDir(r.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && err == nil {
			// Before its entries are read, which is the next thing to happen.
			return r.Chmod(name, 0o700)
		}
		return nil
	})
	return errors.Join(walkErr, os.RemoveAll(dir))
}
