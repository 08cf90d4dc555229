//go:build linux

package buildroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDNFTrouble(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, output, want string }{
		{
			"missing arguments",
			"Last metadata expiration check: 0:00:02 ago.\nNo match for argument: foo-devel >= 2\nNo match for argument: bar\nError: Unable to find a match: foo-devel >= 2 bar\n",
			"nothing provides foo-devel >= 2; nothing provides bar",
		},
		{
			"a requirement of a requirement",
			"Error: \n Problem: conflicting requests\n  - nothing provides libx.so.1()(64bit) needed by foo-1-1.x86_64 from build\n(try to add '--skip-broken')\n",
			"nothing provides libx.so.1()(64bit), needed by foo-1-1.x86_64",
		},
		{"no group", "Module or Group 'build' is not available.\nError: Nothing to do.\n", "no group build"},
		{
			"conflict",
			"Error: \n Problem: problem with installed package a-1-1.x86_64\n  - package b-1-1.x86_64 from build conflicts with a provided by a-1-1.x86_64 from @System\n",
			"package b-1-1.x86_64 from build conflicts with a provided by a-1-1.x86_64 from @System",
		},
		{"repo is down", "Errors during downloading metadata for repository 'build':\n  - Curl error (7)\nError: Failed to download metadata for repo 'build'\n", "Failed to download metadata for repo 'build'"},
		{"silent", "", "dnf failed"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, dnfTrouble(tt.output)); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

func TestParseRequires(t *testing.T) {
	t.Parallel()
	reqs, dynamic := parseRequires("warning: x\n=\tgcc\t\t\n=\tmake\t >= \t4.0-1\n=\tmake\t >= \t4.0-1\n=\t(a or b)\t\t\n=\trpmlib(CompressedFileNames)\t <= \t3.0.4-1\n=\trpmlib(DynamicBuildRequires)\t <= \t4.15\n=\tbroken\n")
	if diff := cmp.Diff([]string{"gcc", "make >= 4.0-1", "(a or b)"}, reqs); diff != "" || !dynamic {
		t.Errorf("dynamic %v %s", dynamic, diff)
	}
}

func TestParsePackages(t *testing.T) {
	t.Parallel()
	one := int64(1)
	got, err := parsePackages("warning: db\nzlib\t1.2\t3\t1\tx86_64\t0123\t10\t170\ngpg-pubkey\ta\tb\t(none)\t(none)\t(none)\t0\t1\nbash\t5\t2\t(none)\tx86_64\t(none)\t7\t(none)\n")
	want := []Package{
		{Name: "bash", Version: "5", Release: "2", Arch: "x86_64", Size: 7},
		{Name: "zlib", Version: "1.2", Release: "3", Epoch: &one, Arch: "x86_64", SigMD5: "0123", Size: 10, BuildTime: 170},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if diff := cmp.Diff("bash-5-2.x86_64 0 7  installed\nzlib-1:1.2-3.x86_64 170 10 0123 installed\n", string(installedText(got))); diff != "" {
		t.Error(diff)
	}
	if _, err := parsePackages("a\t1\t1\tx\ti\tm\t1\t1\n"); err == nil {
		t.Error("a bad epoch was read")
	}
}

// The cases are those that rpm's documentation of version comparison explains.
func TestCompareVersions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0},
		{"1.0", "2.0", -1},
		{"1.10", "1.9", 1},
		{"1.0", "1.0.1", -1},
		{"1.0a", "1.0", 1},
		{"1.0~rc1", "1.0", -1},
		{"1.0~rc1", "1.0~rc2", -1},
		{"1.0^git1", "1.0", 1},
		{"1.0^git1", "1.0.1", -1},
		{"1.0^git1", "1.0^git2", -1},
		{"1.0^20", "1.0~rc1", 1},
		{"007", "7", 0},
		{"1_0", "1.0", 0},
		{"a", "1", -1},
		{"2a", "2.0", -1},
		{"", "1", -1},
		{"1.0.", "1.0", 0},
		{"é1", "1", 0},
	}
	for _, tt := range tests {
		if got := compareVersions(tt.a, tt.b); got != tt.want {
			t.Errorf("compareVersions(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := compareVersions(tt.b, tt.a); got != -tt.want {
			t.Errorf("compareVersions(%q, %q) = %d, want %d", tt.b, tt.a, got, -tt.want)
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("1.0~rc1", "1.0^2")
	f.Add("", "a..1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if compareVersions(a, b) != -compareVersions(b, a) {
			t.Errorf("%q and %q have no order", a, b)
		}
		if compareVersions(a, a) != 0 {
			t.Errorf("%q is not itself", a)
		}
	})
}

func TestSatisfies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		provided, op, wanted string
		want                 bool
	}{
		{"", "", "", true},
		{"1-1", "", "", true},
		{"", ">=", "1", false},
		{"0:1.2-3", ">=", "1.2", true},
		{"0:1.2-3", "=", "1.2-3", true},
		{"0:1.2-3", "=", "1.2-4", false},
		{"1:1", ">", "2", true},
		{"0:1.2-3", "<", "1.3", true},
		{"0:1.2-3", "<=", "1.1", false},
	}
	for _, tt := range tests {
		if got := satisfies(tt.provided, tt.op, tt.wanted); got != tt.want {
			t.Errorf("satisfies(%q, %q, %q) = %v", tt.provided, tt.op, tt.wanted, got)
		}
	}
}

const primaryXML = `<?xml version="1.0"?><metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>greet-devel</name><arch>x86_64</arch><version epoch="0" ver="1.2" rel="3"/><checksum type="sha256" pkgid="YES">ab</checksum>
<size package="10" installed="1" archive="1"/><location xml:base="http://x/y" href="p/greet-devel.rpm"/>
<format><rpm:provides><rpm:entry name="greet-devel" flags="EQ" epoch="0" ver="1.2" rel="3"/></rpm:provides>
<rpm:requires><rpm:entry name="greet" flags="GE" epoch="0" ver="1"/></rpm:requires><file>/usr/include/greet.h</file></format></package></metadata>`

func TestParsePrimary(t *testing.T) {
	t.Parallel()
	got, err := parsePrimary(strings.NewReader(primaryXML))
	if err != nil || len(got) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	p := got[0]
	if p.Name != "greet-devel" || p.Location.Base != "http://x/y" || p.Location.Href != "p/greet-devel.rpm" || p.Checksum.Hex != "ab" || p.Size.Package != 10 {
		t.Errorf("%+v", p)
	}
	if !p.provides("greet-devel", ">=", "1.1") || p.provides("greet-devel", ">", "1.2") || !p.provides("/usr/include/greet.h", "", "") {
		t.Errorf("provides: %+v", p)
	}
	if d := p.Requires[0]; d.op() != ">=" || d.String() != "0:1" {
		t.Errorf("requires: %+v", d)
	}
}

func FuzzParsePrimary(f *testing.F) {
	f.Add(primaryXML)
	f.Fuzz(func(_ *testing.T, s string) {
		pkgs, _ := parsePrimary(strings.NewReader(s))
		for _, p := range pkgs {
			p.provides("a", "=", "1")
		}
	})
}

func TestCgroupDirs(t *testing.T) {
	t.Parallel()
	member := "9:name=systemd:/\n8:pids:/a\n4:cpu,cpuacct:/docker/x/job\n0::/docker/x/b\n"
	mounts := "30 20 0:1 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n31 20 0:2 /docker/x /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"32 20 0:3 /docker/x /sys/fs/cgroup/unified rw shared:1 - cgroup2 cgroup2 rw\nbroken\n"
	want := map[string]string{
		"pids": "/sys/fs/cgroup/pids/a", "cpu": "/sys/fs/cgroup/cpu/job", "cpuacct": "/sys/fs/cgroup/cpu/job", "": "/sys/fs/cgroup/unified/b",
	}
	if diff := cmp.Diff(want, cgroupDirs([]byte(member), []byte(mounts))); diff != "" {
		t.Error(diff)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{Name: "f1-1-1", Arch: "x86_64", BaseDir: t.TempDir(), LogDir: t.TempDir()}
	bad := map[string]func(c *Config){
		"name":       func(c *Config) { c.Name = "../x" },
		"no name":    func(c *Config) { c.Name = "" },
		"arch":       func(c *Config) { c.Arch = "noarch" },
		"odd arch":   func(c *Config) { c.Arch = "x86 64" },
		"no base":    func(c *Config) { c.BaseDir = "" },
		"group":      func(c *Config) { c.Group = "--x" },
		"repo":       func(c *Config) { c.Repos = []Repo{{ID: "a", URL: "ftp://x"}} },
		"repo lines": func(c *Config) { c.Repos = []Repo{{ID: "a", URL: "http://x\nsslverify=0"}} },
		"repo id":    func(c *Config) { c.Repos = []Repo{{ID: "a]", URL: "/x"}} },
		"macro":      func(c *Config) { c.Macros = map[string]string{"a b": "c"} },
		"root":       func(c *Config) { c.BuildUser = "root" },
	}
	if _, err := New(KindHost, good); err != nil {
		t.Error(err)
	}
	if _, err := New("nspawn", good); err == nil {
		t.Error("there is no driver nspawn")
	}
	for name, spoil := range bad {
		c := good
		spoil(&c)
		if _, err := New(KindHost, c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestBuildMacros(t *testing.T) {
	t.Parallel()
	got := buildMacros(&Config{Vendor: "V", Macros: map[string]string{"dist": ".x", "multi": "a\nb", "_topdir": "/etc"}})
	contains(t, got, "%dist .x\n", "%multi a\\\nb\n", "%vendor V\n", "%_topdir /builddir/build\n", "%_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm\n")
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	tl := &tail{w: &b}
	for range 4 {
		if _, err := tl.Write([]byte(strings.Repeat("x", tailSize))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tl.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 4*tailSize+3 || len(tl.String()) > 2*tailSize+3 || !strings.HasSuffix(tl.String(), "end") {
		t.Errorf("%d %d", b.Len(), len(tl.String()))
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if reachable(dir, os.Geteuid()+4711) || !reachable("/usr", 4711) {
		t.Error("wrong about who can go where")
	}
}
