package minidistro

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// deb is an installed Debian package.
type deb struct {
	name     string
	version  string
	arch     string
	size     int64    // KiB installed, as Debian estimates
	depends  []string // each with its alternatives: "a (>= 1) | b"
	provides []string // names
}

// installed are the packages of this machine by name, and who provides what.
type installed struct {
	packages  map[string]*deb
	providers map[string][]string // sorted
}

// architecture is a machine by the names that dpkg and rpm have for it.
type architecture struct{ deb, rpm string }

func machine(ctx context.Context) (architecture, error) {
	out, err := run(ctx, "dpkg", "--print-architecture")
	if err != nil {
		return architecture{}, err
	}
	name := strings.TrimSpace(string(out))
	rpm, ok := rpmArch(name)
	if !ok {
		return architecture{}, fmt.Errorf("no rpm architecture is known for Debian's %q", name)
	}
	return architecture{name, rpm}, nil
}

// rpmArch translates the name of an architecture.
func rpmArch(deb string) (string, bool) {
	switch deb {
	case "all":
		return "noarch", true
	case "amd64":
		return "x86_64", true
	case "arm64":
		return "aarch64", true
	case "i386":
		return "i686", true
	case "ppc64el":
		return "ppc64le", true
	case "riscv64", "s390x":
		return deb, true
	}
	return "", false
}

// queryFormat has a line for each package, its fields parted by tabs.
const queryFormat = `${Package}\t${Version}\t${Architecture}\t${Pre-Depends}, ${Depends}\t${Provides}\t${Installed-Size}\t${db:Status-Abbrev}\n`

// query lists the installed packages of one architecture and those of all.
func query(ctx context.Context, arch string) (*installed, error) {
	out, err := run(ctx, "dpkg-query", "-W", "-f", queryFormat)
	if err != nil {
		return nil, err
	}
	return parseQuery(out, arch)
}

func parseQuery(out []byte, arch string) (*installed, error) {
	all := &installed{packages: map[string]*deb{}, providers: map[string][]string{}}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			return nil, fmt.Errorf("dpkg-query: cannot read %q", line)
		}
		if !strings.HasPrefix(f[6], "ii") || (f[2] != arch && f[2] != "all") {
			continue
		}
		if f[0] == "" || strings.ContainsAny(f[0], "/ ") {
			return nil, fmt.Errorf("dpkg-query: package name %q", f[0])
		}
		d := &deb{name: f[0], version: f[1], arch: f[2], depends: commaList(f[3])}
		if f[5] != "" {
			size, err := strconv.ParseInt(f[5], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("dpkg-query: size of %s: %w", d.name, err)
			}
			d.size = size
		}
		for _, p := range commaList(f[4]) {
			name := relationName(p)
			d.provides = append(d.provides, name)
			all.providers[name] = append(all.providers[name], d.name)
		}
		all.packages[d.name] = d
	}
	for _, names := range all.providers {
		slices.Sort(names)
	}
	return all, nil
}

func commaList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// relationName is the name in a relation such as "perl:any (>= 5)".
func relationName(relation string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(relation), " ")
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// resolve finds the installed package that a dependency means: the first of its
// alternatives that is there or is provided. Versions are dpkg's affair.
func (all *installed) resolve(depend string) (string, bool) {
	for alternative := range strings.SplitSeq(depend, "|") {
		name := relationName(alternative)
		if _, ok := all.packages[name]; ok {
			return name, true
		}
		if by := all.providers[name]; len(by) > 0 {
			return by[0], true
		}
	}
	return "", false
}

// closure is the seeds with all they need, sorted by name. What comes on top for
// the extra packages comes whole; what the seeds brought stays as lean as it was.
func (all *installed) closure(seeds, extra []string) ([]*deb, error) {
	var missing []string
	for _, name := range slices.Concat(seeds, extra) {
		if _, ok := all.packages[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, &MissingError{slices.Compact(missing)}
	}
	chosen := map[string]*deb{}
	var visit func(name string, full bool)
	visit = func(name string, full bool) {
		if chosen[name] != nil {
			return
		}
		chosen[name] = all.packages[name]
		for _, d := range all.packages[name].depends {
			if n, ok := all.resolve(d); ok && !never(n) && (full || !heavy(n)) {
				visit(n, full)
			}
		}
	}
	for _, s := range seeds {
		visit(s, false)
	}
	for _, e := range extra {
		visit(e, true)
	}
	return slices.SortedFunc(maps.Values(chosen), func(a, b *deb) int { return cmp.Compare(a.name, b.name) }), nil
}

// fileLists are the paths of the files of each package, by package. A line with
// a name comes before the indented lines of its files.
func fileLists(ctx context.Context, packages []*deb) (map[string][]string, error) {
	args := []string{"-W", "-f", `@${Package}\n${db-fsys:Files}`}
	for _, p := range packages {
		name := p.name
		if p.arch != "all" {
			name += ":" + p.arch
		}
		args = append(args, name)
	}
	out, err := run(ctx, "dpkg-query", args...)
	if err != nil {
		return nil, err
	}
	return parseFileLists(out)
}

func parseFileLists(out []byte) (map[string][]string, error) {
	lists, current := map[string][]string{}, ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		name, isName := strings.CutPrefix(line, "@")
		path := strings.TrimPrefix(line, " ")
		switch {
		case isName:
			current = name
			lists[current] = nil
		case path == "" || path == "/.":
		case current == "" || !strings.HasPrefix(path, "/"):
			return nil, fmt.Errorf("dpkg-query: no path in %q", line)
		default:
			lists[current] = append(lists[current], path)
		}
	}
	return lists, nil
}

// run is a command's output; an error has what it said.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return nil, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
