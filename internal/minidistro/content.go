package minidistro

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/google/rpmpack"
)

// repack writes the rpm of a package with the files on this machine's disk.
func (d *distro) repack(p *deb, paths []string, dir string) (file string, size int64, err error) {
	version, err := parseVersion(p.version)
	if err != nil {
		return "", 0, err
	}
	arch, ok := rpmArch(p.arch)
	if !ok {
		return "", 0, fmt.Errorf("no rpm architecture is known for Debian's %q", p.arch)
	}
	out := newPackage(p.name, version, arch, "Debian's "+p.name+" "+p.version+", repacked")
	for _, name := range slices.Concat(p.provides, aliases(p.name)) {
		if strings.ContainsAny(name, "(/") {
			out.provide(name, "")
		} else {
			out.provide(name, version.String())
		}
	}
	out.require("filesystem")
	for _, dep := range p.depends {
		if n, ok := d.installs.resolve(dep); ok && d.chosen[n] && n != p.name {
			out.require(n)
		}
	}
	drop := newDropper()
	for _, path := range paths {
		if err := out.take(path, drop); err != nil {
			return "", 0, err
		}
	}
	for _, link := range slices.Sorted(maps.Keys(links(p.name))) {
		out.link(link, links(p.name)[link])
	}
	return out.write(dir)
}

// take adds a file of this machine to the package. What has gone from the disk
// is left out: dpkg diverts files, and images of Debian are thinned out by rules
// that dpkg keeps no record of.
func (p *rpmPackage) take(name string, drop *dropper) error {
	to := merged(name)
	if drop.match(name, to) {
		return nil
	}
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file := rpmpack.RPMFile{Name: to, Owner: "root", Group: "root", MTime: uint32(max(info.ModTime().Unix(), 0)), Mode: uint(info.Mode().Perm())}
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(name)
		if err != nil {
			return err
		}
		file.Mode, file.Body = syscall.S_IFLNK|0o777, []byte(target)
	case info.Mode().IsRegular():
		if file.Body, err = os.ReadFile(name); err != nil {
			return err
		}
		file.Mode |= syscall.S_IFREG | special(info.Mode())
		file.Body = adapt(to, file.Body)
		for name, version := range scan(to, file.Body) {
			p.provide(name, version)
		}
	default:
		return nil // directories come with their files, or with filesystem
	}
	p.files[to] = file
	return nil
}

// special are the mode bits beyond the permissions.
func special(mode fs.FileMode) uint {
	var bits uint
	if mode&os.ModeSetuid != 0 {
		bits |= syscall.S_ISUID
	}
	if mode&os.ModeSetgid != 0 {
		bits |= syscall.S_ISGID
	}
	return bits
}

// adapt undoes what Debian does differently: its rpm keeps the database in the
// home directory, since it is not the machine's package manager there.
func adapt(name string, body []byte) []byte {
	if name != "/usr/lib/rpm/macros" {
		return body
	}
	return regexp.MustCompile(`(?m)^%_dbpath\s.*$`).ReplaceAll(body, []byte("%_dbpath\t\t/var/lib/rpm"))
}

// merged is the place of a path in a system whose /bin, /lib … are links into /usr.
func merged(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	if slices.Contains(mergedDirs(), first) {
		return "/usr" + path.Clean(name)
	}
	return path.Clean(name)
}

func mergedDirs() []string { return []string{"bin", "lib", "lib32", "lib64", "libx32", "sbin"} }

// dropper knows the files that a buildroot has no use for.
type dropper struct{ useless *regexp.Regexp }

func newDropper() *dropper {
	return &dropper{regexp.MustCompile(strings.Join([]string{
		`^/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|doc-base|menu|applications|icons|pixmaps|zsh|fish|gdb|gcc|i18n)(/|$)`,
		`^/usr/lib/gcc/.*/(lto1|lto-wrapper|g\+\+-mapper-server|lib(asan|tsan|ubsan|lsan|itm|quadmath|gcov).*|plugin/.*)$`,
		`^/var/lib/dpkg(/|$)`, `^/usr/share/perl5/(debconf.*|.*pod)$`,
		`^/etc/(apt|cron[^/]*|init\.d|apparmor[^/]*|dpkg|systemd)(/|$)`, `^/usr/lib/systemd(/|$)`,
		`/(libc|libm-[0-9.]+|libmvec)\.a$`, `^/usr/lib/debug(/|$)`, `^/usr/lib/[^/]+/gconv/`,
		`^/usr/bin/([^/]+-linux-[^/]+-)?(gp-[^/]*|gprofng[^/]*|lto-dump[^/]*|dwp)$`,
	}, "|"))}
}

func (d *dropper) match(name, to string) bool {
	switch {
	case path.Dir(name) == "/" && slices.Contains(mergedDirs(), path.Base(name)):
		return true // the links of the merged /usr are filesystem's
	case name == "/var/run", name == "/var/lock":
		return true
	}
	return d.useless.MatchString(to)
}
