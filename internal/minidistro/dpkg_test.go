package minidistro

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machineOf makes a list of installed packages from lines of
// "name; depends; provides".
func machineOf(t *testing.T, lines ...string) *installed {
	t.Helper()
	var out strings.Builder
	for _, line := range lines {
		f := append(strings.Split(line, ";"), "", "")
		out.WriteString(strings.Join([]string{f[0], "1.0-1", "amd64", ", " + f[1], f[2], "12", "ii "}, "\t") + "\n")
	}
	all, err := parseQuery([]byte(out.String()), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParseQuery(t *testing.T) {
	t.Parallel()
	all, err := parseQuery([]byte(
		"bash\t5.2-2\tamd64\tlibc6 (>= 2.36), base-files (>= 2.1.12) | x\tsh (= 1), awk\t7164\tii \n"+
			"gone\t1\tamd64\t, \t\t1\trc \n"+
			"foreign\t1\ti386\t, \t\t1\tii \n"+
			"data\t1\tall\t, \t\t\tii \n"), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]*deb{
		"bash": {
			name: "bash", version: "5.2-2", arch: "amd64", size: 7164,
			depends: []string{"libc6 (>= 2.36)", "base-files (>= 2.1.12) | x"}, provides: []string{"sh", "awk"},
		},
		"data": {name: "data", version: "1", arch: "all"},
	}
	if diff := cmp.Diff(want, all.packages, cmp.AllowUnexported(deb{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, bad := range map[string]string{
		"few fields":     "bash\t5\n",
		"size":           "bash\t5\tamd64\t\t\tmuch\tii \n",
		"name is a path": "../x\t5\tamd64\t\t\t1\tii \n",
	} {
		if _, err := parseQuery([]byte(bad), "amd64"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestClosure(t *testing.T) {
	t.Parallel()
	all := machineOf(t,
		"gcc; gcc-13 (>= 13), cpp", "gcc-13; libasan8, binutils, libc6:amd64 (>= 2)", "cpp; nothing-here | binutils", "binutils; gcc",
		"libc6; libgcc-s1", "libgcc-s1; libc6", "rpm; perl:any, dpkg", "perl; perl-modules-5.40", "perl-modules-5.40", "dpkg", "libasan8",
		"mawk; ; awk", "gawk; ; awk", "script; awk", "tool; perl, libc6")
	for _, c := range []struct {
		name, seeds, extra, want string
	}{
		{"loops, alternatives and architectures", "gcc", "", "binutils cpp gcc gcc-13 libc6 libgcc-s1"},
		{"what is provided", "script", "", "gawk script"},
		{"heavy and never", "rpm", "", "rpm"},
		{"extra is whole", "rpm", "perl", "perl perl-modules-5.40 rpm"},
		{"extra leaves the seeds lean", "gcc", "tool", "binutils cpp gcc gcc-13 libc6 libgcc-s1 perl perl-modules-5.40 tool"},
	} {
		packages, err := all.closure(strings.Fields(c.seeds), strings.Fields(c.extra))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, p := range packages {
			got = append(got, p.name)
		}
		if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestMissingSeedsSayHowToGetThem(t *testing.T) {
	t.Parallel()
	_, err := machineOf(t, "bash").closure([]string{"rpm", "bash", "gcc"}, []string{"rpm"})
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install -y --no-install-recommends gcc rpm`") {
		t.Errorf("error %v", err)
	}
}

func TestParseFileLists(t *testing.T) {
	t.Parallel()
	got, err := parseFileLists([]byte("@bash\n /.\n /bin\n /bin/bash\n /usr/share/a b\n\n@empty\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"bash": {"/bin", "/bin/bash", "/usr/share/a b"}, "empty": nil}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{" /bin\n", "@bash\n bin\n"} {
		if _, err := parseFileLists([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ debian, want string }{
		{"12.4+deb12u11", "12.4+deb12u11-1.md1"},
		{"4:12.2.0-3", "4:12.2.0-3.md1"},
		{"1:1.2.13.dfsg-1", "1:1.2.13.dfsg-1.md1"},
		{"1.0-8-5+b1", "1.0_8-5+b1.md1"},
		{"2.36~rc1-9", "2.36~rc1-9.md1"},
	} {
		if got, err := parseVersion(c.debian); got.String() != c.want || err != nil {
			t.Errorf("parseVersion(%q) = %q, %v, want %q", c.debian, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "x:1-1", "-1", "1-", "99999999999:1"} {
		if got, err := parseVersion(bad); err == nil {
			t.Errorf("parseVersion(%q) = %q, want an error", bad, got)
		}
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"zlib1g-dev": "zlib-devel", "libssl-dev": "libssl-devel", "libxml2-dev": "libxml-devel", "libpng16-dev": "libpng-devel",
		"libpopt0": "", "debianutils": "which", "rpm": "redhat-rpm-config rpm-build rpm-libs rpm-sign",
	} {
		if got := strings.Join(aliases(name), " "); got != want {
			t.Errorf("aliases(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestGroupsAndAptPackagesAreOfTheDistribution(t *testing.T) {
	t.Parallel()
	seeds := strings.Join(Seeds(), " ") + " filesystem"
	for group, packages := range Groups() {
		for _, p := range packages {
			if !strings.Contains(" "+seeds+" ", " "+p+" ") {
				t.Errorf("group %s has %s, which is no seed", group, p)
			}
		}
	}
	for _, p := range AptPackages() {
		if p != "createrepo-c" && p != "dnf" && !strings.Contains(" "+seeds+" ", " "+p+" ") {
			t.Errorf("apt package %s is no seed", p)
		}
	}
}
