package koji

import (
	"fmt"
	"strconv"
	"strings"
)

// NVR names a build: name, version and release, none of which may be empty.
// Version and release hold no dash.
type NVR struct {
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Release string `xmlrpc:"release"`
	Epoch   *int64 `xmlrpc:"epoch"`
}

func (n NVR) String() string { return n.Name + "-" + n.Version + "-" + n.Release }

// ParseNVR splits "name-version-release". An epoch in front ("2:name-…", or
// "name-2:version-…") is taken off and kept. Koji: reference/surprises.md.
func ParseNVR(s string) (NVR, error) {
	var n NVR
	rest := s
	r := strings.LastIndexByte(rest, '-')
	if r < 0 {
		return n, fmt.Errorf("invalid format: %s is no name-version-release", s)
	}
	n.Release, rest = rest[r+1:], rest[:r]
	v := strings.LastIndexByte(rest, '-')
	if v < 0 {
		return n, fmt.Errorf("invalid format: %s is no name-version-release", s)
	}
	n.Version, n.Name = rest[v+1:], rest[:v]
	for _, part := range []*string{&n.Name, &n.Version} {
		if e, after, ok := strings.Cut(*part, ":"); ok {
			epoch, err := strconv.ParseInt(e, 10, 64)
			if err != nil {
				return n, fmt.Errorf("invalid format: epoch %q of %s is no number", e, s)
			}
			n.Epoch, *part = &epoch, after
		}
	}
	if n.Name == "" || n.Version == "" || n.Release == "" {
		return n, fmt.Errorf("invalid format: %s is no name-version-release", s)
	}
	return n, nil
}

// NVRA names an rpm: a build's NVR and an arch, "src" for source rpms.
type NVRA struct {
	NVR
	Arch string `xmlrpc:"arch"`
	Src  bool   `xmlrpc:"src"`
}

func (n NVRA) String() string { return n.NVR.String() + "." + n.Arch }

// FileName is the name under which rpm and Koji store the file.
func (n NVRA) FileName() string { return n.String() + ".rpm" }

// ParseNVRA splits "name-version-release.arch", with or without ".rpm".
func ParseNVRA(s string) (NVRA, error) {
	base := strings.TrimSuffix(s, ".rpm")
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 || dot == len(base)-1 {
		return NVRA{}, fmt.Errorf("invalid format: %s is no name-version-release.arch", s)
	}
	n, err := ParseNVR(base[:dot])
	if err != nil {
		return NVRA{}, fmt.Errorf("invalid format: %s is no name-version-release.arch", s)
	}
	arch := base[dot+1:]
	return NVRA{NVR: n, Arch: arch, Src: arch == "src" || arch == "nosrc"}, nil
}

// CanonicalArch is the arch under which Koji files an rpm's arch: i686 is
// i386, armv7hl is armhfp. Koji: reference/enums.md, canonical arch mapping.
func CanonicalArch(arch string) string {
	switch {
	case len(arch) == 4 && arch[0] == 'i' && strings.HasSuffix(arch, "86"), arch == "athlon":
		return "i386"
	case arch == "ia32e":
		return "x86_64"
	case arch == "ppc64le":
		return "ppc64le"
	case strings.HasPrefix(arch, "ppc64"):
		return "ppc64"
	case strings.HasPrefix(arch, "sparc64"):
		return "sparc64"
	case strings.HasPrefix(arch, "sparc"):
		return "sparc"
	case strings.HasPrefix(arch, "alpha"):
		return "alpha"
	case strings.HasPrefix(arch, "arm") && strings.Contains(arch[3:], "h"):
		return "armhfp"
	case strings.HasPrefix(arch, "arm"):
		return "arm"
	}
	return arch
}

// ArchList splits a list of arches as people write it, at spaces and commas.
// An arch with other letters than [A-Za-z0-9_-] is an error.
func ArchList(s string) ([]string, error) {
	list := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })
	for _, a := range list {
		for _, r := range a {
			if !(r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
				return nil, fmt.Errorf("invalid arch %q: letters, digits, _ and - only", a)
			}
		}
	}
	return list, nil
}
