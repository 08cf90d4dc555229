package buildroot

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// repoURL makes the base URL of a repo as dnf takes it.
func repoURL(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", errors.New("URL has blanks or control characters")
	}
	if filepath.IsAbs(s) {
		return (&url.URL{Scheme: "file", Path: s}).String(), nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "http", "https", "file":
		return s, nil
	}
	return "", fmt.Errorf("URL %q is neither http, https, file nor an absolute path", s)
}

// dnfConf is the whole configuration dnf gets: nothing of the host's is read.
// The metadata cache lies inside the root, so that a kept base root brings it along.
func dnfConf(c *Config) string {
	var b strings.Builder
	b.WriteString(`[main]
best=1
install_weak_deps=0
gpgcheck=0
localpkg_gpgcheck=0
plugins=0
reposdir=/dev/null
varsdir=/dev/null
cachedir=/var/cache/dnf
logdir=/var/log
persistdir=/var/lib/dnf
keepcache=0
metadata_expire=-1
assumeyes=1
tsflags=nodocs
zchunk=0
`)
	for _, r := range c.Repos {
		u, err := repoURL(r.URL)
		if err != nil {
			continue // refused by Config.complete already
		}
		fmt.Fprintf(&b, "\n[%s]\nname=%s\nbaseurl=%s\nenabled=1\ngpgcheck=0\nskip_if_unavailable=0\nmodule_hotfixes=1\n", r.ID, r.ID, u)
	}
	return b.String()
}

// homeMacros is the .rpmmacros of dnf's HOME. Debian's rpm keeps its database in
// the home directory; a root's is where the distribution in it has it.
func homeMacros(c *Config) string {
	db := c.Macros["_dbpath"]
	if db == "" {
		db = "/var/lib/rpm"
	}
	return "%_dbpath " + db + "\n"
}

// dnfArgs is a dnf command line on the root of an area.
func dnfArgs(c *Config, area, command string, what ...string) []string {
	args := []string{
		"dnf", "-y", "--noplugins", "--config", filepath.Join(area, "dnf.conf"),
		"--installroot", filepath.Join(area, "root"), "--releasever", "1",
	}
	if c.Arch != hostArch() {
		args = append(args, "--forcearch", c.Arch)
	}
	args = append(args, command, "--")
	return append(args, what...)
}

// groupArgs is what the base root is installed from.
func groupArgs(c *Config) []string {
	if len(c.Packages) > 0 {
		p := slices.Clone(c.Packages)
		slices.Sort(p)
		return slices.Compact(p)
	}
	return []string{"@" + c.Group}
}

// hostArch is rpm's name of the architecture this program runs on.
func hostArch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH // ppc64le, s390x, riscv64
}

var bits32Re = regexp.MustCompile(`^(i[3-6]86|athlon|geode|armv[5-7].*|ppc|s390|mips(el)?)$`)

var (
	noMatchRe    = regexp.MustCompile(`(?m)^(?:No match for argument|Unable to find a match|Error: Unable to find a match): (.+)$`)
	noProviderRe = regexp.MustCompile(`(?m)nothing provides (.+?) needed by (.+?)(?: from .+)?$`)
	noGroupRe    = regexp.MustCompile(`(?m)^(?:Warning: |Error: )?Module or Group '([^']+)' (?:is not available|does not exist)`)
	conflictRe   = regexp.MustCompile(`(?m)^\s*-? ?(package .+ conflicts with .+|cannot install both .+)$`)
)

// dnfTrouble says in a sentence why dnf failed: which requirement nothing
// provides, first of all.
func dnfTrouble(output string) string {
	var say []string
	add := func(s string) {
		if !slices.Contains(say, s) {
			say = append(say, s)
		}
	}
	for _, m := range noMatchRe.FindAllStringSubmatch(output, -1) {
		if strings.HasPrefix(m[0], "No match") {
			add("nothing provides " + strings.TrimSpace(m[1]))
		}
	}
	for _, m := range noGroupRe.FindAllStringSubmatch(output, -1) {
		add("no group " + m[1])
	}
	for _, m := range noProviderRe.FindAllStringSubmatch(output, -1) {
		add("nothing provides " + m[1] + ", needed by " + m[2])
	}
	for _, m := range conflictRe.FindAllStringSubmatch(output, -1) {
		add(m[1])
	}
	if len(say) > 0 {
		return strings.Join(say, "; ")
	}
	for line := range strings.Lines(output) {
		if s, ok := strings.CutPrefix(strings.TrimSpace(line), "Error: "); ok && s != "" {
			add(s)
		}
	}
	if len(say) == 0 {
		return "dnf failed"
	}
	return strings.Join(say, "; ")
}
