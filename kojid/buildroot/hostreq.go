//go:build linux

package buildroot

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// hostRequires are the rpms of our own that were unpacked for a build.
type hostRequires struct {
	files []string // names in /builddir/deps
}

const sysroot = "/builddir/sysroot"

// env makes compilers, linkers and shells look into the sysroot first.
func (r hostRequires) env() map[string]string {
	if len(r.files) == 0 {
		return map[string]string{}
	}
	libs := strings.Join([]string{sysroot + "/usr/lib64", sysroot + "/usr/lib", sysroot + "/lib64", sysroot + "/lib"}, ":")
	return map[string]string{
		"CPATH": sysroot + "/usr/include", "LIBRARY_PATH": libs, "LD_LIBRARY_PATH": libs,
		"PKG_CONFIG_PATH":   strings.Join([]string{sysroot + "/usr/lib64/pkgconfig", sysroot + "/usr/lib/pkgconfig", sysroot + "/usr/share/pkgconfig"}, ":"),
		"CMAKE_PREFIX_PATH": sysroot + "/usr",
		"PATH":              sysroot + "/usr/bin:" + sysroot + "/usr/sbin:/usr/bin:/bin:/usr/sbin:/sbin",
	}
}

// install finds what a package needs: first among the rpms built by this Koji,
// then on the host. What is nowhere fails the build.
func (h *host) install(ctx context.Context, pkg string, requires []string) error {
	own, err := h.ownPackages(ctx)
	if err != nil {
		return &ExitError{Code: ExitUnresolvable, Log: rootLog, Reason: "BuildRequires of " + pkg + ": " + err.Error()}
	}
	var need []repoPackage
	var nothing []string
	for _, req := range requires {
		switch p, from := h.find(ctx, own, req); from {
		case "":
			nothing = append(nothing, "nothing provides "+req)
		case "own":
			h.logs.say("%s: from %s", req, p.Location.Href)
			need = withRequires(own, need, p)
		default:
			h.logs.say("%s: on the host, %s", req, from)
		}
	}
	if len(nothing) > 0 {
		return &ExitError{Code: ExitUnresolvable, Log: rootLog, Reason: "BuildRequires of " + pkg + ": " + strings.Join(nothing, "; ")}
	}
	if err := h.unpackAll(ctx, need); err != nil {
		return fmt.Errorf("unpack BuildRequires: %w", err)
	}
	pkgs, err := h.Installed(ctx)
	if err != nil {
		return err
	}
	return h.logs.write(installedLog, installedText(pkgs))
}

// find says where a requirement is met: "" nowhere, "own" by a package, or a
// word on how the host has it. What an external repo brought into a merged repo
// comes last: that is what the host stands for.
func (h *host) find(ctx context.Context, own []repoPackage, req string) (repoPackage, string) {
	p, ok := bestProvider(own, req)
	if ok && !foreign(p) {
		return p, "own"
	}
	if from := hostHas(ctx, req); from != "" {
		return repoPackage{}, from
	}
	if ok {
		return p, "own"
	}
	return repoPackage{}, ""
}

// foreign says whether a package lies in another repo than the one that lists it.
func foreign(p repoPackage) bool { return strings.Contains(p.Location.Href, "://") }

// ownPackages lists the usable packages of our own repos. Locations are made
// absolute where the repo says that a package lies elsewhere.
func (h *host) ownPackages(ctx context.Context) ([]repoPackage, error) {
	var out []repoPackage
	for _, r := range h.cfg.Repos {
		if !r.Own {
			continue
		}
		pkgs, err := readPrimary(ctx, r.URL)
		if err != nil {
			return nil, err
		}
		base, err := repoURL(r.URL)
		if err != nil {
			return nil, err
		}
		base = strings.TrimSuffix(base, "/")
		for _, p := range pkgs {
			if p.Arch != "noarch" && p.Arch != h.cfg.Arch {
				continue
			}
			if b := strings.TrimSuffix(p.Location.Base, "/"); b != "" && b != base {
				p.Location.Href = b + "/" + p.Location.Href
				p.Location.Base = b
			} else {
				p.Location.Base = base
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// bestProvider is the newest package that provides a requirement, and of two
// alike the one of this Koji's own.
func bestProvider(pkgs []repoPackage, req string) (best repoPackage, ok bool) {
	name, op, version := splitRequire(req)
	for _, p := range pkgs {
		if !p.provides(name, op, version) {
			continue
		}
		newer := parseEVR(p.Version.String()).compare(parseEVR(best.Version.String())) > 0
		if !ok || foreign(best) && !foreign(p) || newer && foreign(best) == foreign(p) {
			best, ok = p, true
		}
	}
	return best, ok
}

func (p *repoPackage) provides(name, op, version string) bool {
	if strings.HasPrefix(name, "/") && slices.Contains(p.Files, name) {
		return true
	}
	return slices.ContainsFunc(p.Provides, func(d xmlDep) bool { return d.Name == name && satisfies(d.String(), op, version) })
}

// splitRequire splits "name op version".
func splitRequire(req string) (name, op, version string) {
	if f := strings.Fields(req); len(f) == 3 && strings.Trim(f[1], "<=>") == "" {
		return f[0], f[1], f[2]
	}
	return req, "", ""
}

// withRequires adds a package to those needed, and of what it requires what this
// Koji built; the rest is the host's.
func withRequires(pkgs, need []repoPackage, p repoPackage) []repoPackage {
	todo := []repoPackage{p}
	for len(todo) > 0 {
		p, todo = todo[0], todo[1:]
		if slices.ContainsFunc(need, func(q repoPackage) bool { return q.Location == p.Location }) {
			continue
		}
		need = append(need, p)
		for _, d := range p.Requires {
			req := d.Name
			if d.op() != "" {
				req += " " + d.op() + " " + d.String()
			}
			if q, ok := bestProvider(pkgs, req); ok && !foreign(q) {
				todo = append(todo, q)
			}
		}
	}
	return need
}

// unpackAll downloads rpms and unpacks them in the sysroot, inside: what is in
// an rpm is the work of strangers.
func (h *host) unpackAll(ctx context.Context, need []repoPackage) error {
	t := h.tree()
	for _, p := range need {
		name := filepath.Base(p.Location.Href)
		if slices.Contains(h.reqs.files, name) {
			continue
		}
		if !rpmNameRe.MatchString(name) {
			return fmt.Errorf("%q is not a name for an rpm", name)
		}
		if err := fetch(ctx, p, t, filepath.Join("deps", name)); err != nil {
			return err
		}
		script := `mkdir -p sysroot && cd sysroot && rpm2cpio "../deps/$1" | cpio -idmu --quiet --no-absolute-filenames`
		res, err := h.inside(ctx, []string{"/bin/bash", "-o", "pipefail", "-c", script, "unpack", name}, RunOpts{}, "")
		if err := ran(ctx, "unpack "+name, rootLog, res, err); err != nil {
			return err
		}
		h.reqs.files = append(h.reqs.files, name)
	}
	return nil
}

// fetch brings an rpm into the tree and checks it against the repo's checksum.
func fetch(ctx context.Context, p repoPackage, t tree, dst string) error {
	src := p.Location.Href
	r, err := openRepoFile(ctx, p.Location.Base, strings.TrimPrefix(src, p.Location.Base+"/"))
	if err != nil {
		return err
	}
	defer r.Close()
	sums := map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New, "sha": sha1.New, "sha1": sha1.New}
	newHash, ok := sums[p.Checksum.Type]
	if !ok {
		return fmt.Errorf("fetch %s: unknown checksum type %q", src, p.Checksum.Type)
	}
	h := newHash()
	root, err := os.OpenRoot(t.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return fmt.Errorf("fetch %s: %w", src, err)
	}
	if err := t.write(root, io.TeeReader(io.LimitReader(r, p.Size.Package+1), h), dst); err != nil {
		return fmt.Errorf("fetch %s: %w", src, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != strings.TrimSpace(p.Checksum.Hex) {
		return fmt.Errorf("fetch %s: its checksum is not what the repo says", src)
	}
	return nil
}

// Installed lists the unpacked rpms.
func (h *host) Installed(ctx context.Context) ([]Package, error) {
	if len(h.reqs.files) == 0 {
		return nil, nil
	}
	args := []string{"rpm", "-qp", "--nosignature", "--qf", packageFormat}
	for _, f := range h.reqs.files {
		args = append(args, "/builddir/deps/"+f)
	}
	var out strings.Builder
	res, err := h.inside(ctx, args, RunOpts{Stdout: &out}, "")
	if err := ran(ctx, "rpm -qp", rootLog, res, err); err != nil {
		return nil, fmt.Errorf("list installed packages: %w", err)
	}
	return parsePackages(out.String())
}

// debNames are Debian's names of what RPM distributions call otherwise.
var debNames = map[string][]string{
	"gcc-c++": {"g++"}, "glibc-devel": {"libc6-dev"}, "glibc-headers": {"libc6-dev"}, "glibc": {"libc6"}, "glibc-static": {"libc6-dev"},
	"zlib-devel": {"zlib1g-dev"}, "ncurses-devel": {"libncurses-dev"}, "openssl-devel": {"libssl-dev"}, "bzip2-devel": {"libbz2-dev"},
	"xz": {"xz-utils"}, "xz-devel": {"liblzma-dev"}, "readline-devel": {"libreadline-dev"}, "pkgconfig": {"pkg-config", "pkgconf"},
	"pkgconf-pkg-config": {"pkg-config", "pkgconf"}, "perl": {"perl", "perl-base"}, "perl-interpreter": {"perl", "perl-base"},
	"python3-devel": {"python3-dev"}, "rpm-build": {"rpm"}, "redhat-rpm-config": {"rpm"}, "perl-generators": {"rpm"}, "python3-rpm-macros": {"rpm"},
	"kernel-headers": {"linux-libc-dev"}, "procps-ng": {"procps"}, "shadow-utils": {"passwd"}, "expat-devel": {"libexpat1-dev"},
	"elfutils-libelf-devel": {"libelf-dev"}, "libuuid-devel": {"uuid-dev"}, "gettext-devel": {"gettext"}, "lua-devel": {"liblua5.4-dev", "liblua5.3-dev"},
}

// hostHas says how the host meets a requirement, or "". Versions are not looked
// at: Debian's do not compare with an RPM distribution's.
func hostHas(ctx context.Context, req string) string {
	name, _, _ := splitRequire(req)
	if strings.HasPrefix(name, "(") || strings.HasPrefix(name, "-") {
		return ""
	}
	if strings.HasPrefix(name, "/") {
		if _, err := os.Stat(name); err == nil {
			return "file " + name
		}
		return ""
	}
	if module, ok := strings.CutPrefix(name, "pkgconfig("); ok {
		module = strings.TrimSuffix(module, ")")
		if exec.CommandContext(ctx, "pkg-config", "--exists", "--", module).Run() == nil {
			return "pkg-config " + module
		}
		return ""
	}
	bare, _, _ := strings.Cut(name, "(") // foo(x86-64)
	if p, err := exec.LookPath(bare); err == nil {
		return p
	}
	if _, err := exec.LookPath("dpkg-query"); errors.Is(err, exec.ErrNotFound) {
		if exec.CommandContext(ctx, "rpm", "-q", "--whatprovides", "--", name).Run() == nil {
			return "rpm " + name
		}
		return ""
	}
	debs := append(slices.Clone(debNames[bare]), bare)
	if stem, ok := strings.CutSuffix(bare, "-devel"); ok {
		debs = append(debs, stem+"-dev", "lib"+stem+"-dev")
	}
	for _, deb := range debs {
		out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${db:Status-Status}\n", "--", deb).Output()
		if err == nil && strings.Contains(string(out), "installed") && !strings.Contains(string(out), "not-installed") {
			return "Debian package " + deb
		}
	}
	return ""
}
