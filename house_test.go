package koji_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/minidistro"
)

// arrows says which of our own packages each of them may import, tests aside:
// the way imports go in docs/tour.md. A name stands for all below it, too.
// The longest name that fits a package decides.
var arrows = map[string][]string{
	"koji":          {"koji/internal/xmlrpc", "koji/internal/lazyregexp"},
	"koji/profiles": {"koji/internal"},
	"koji/cli":      {"koji", "koji/profiles", "koji/tui", "koji/internal"},
	"koji/tui":      {"koji", "koji/profiles", "koji/internal"},
	"koji/hubd":     {"koji", "koji/sqlstore", "koji/hubd", "koji/internal"},
	"koji/sqlstore": {"koji", "koji/sqlstore", "koji/internal"},
	"koji/kojid":    {"koji", "koji/profiles", "koji/kojid", "koji/internal"},
	"koji/kojira":   {"koji", "koji/profiles", "koji/internal"},
	"koji/internal": {"koji/internal"},

	"koji/kojid/buildroot": {"koji/internal"},
	"koji/internal/daemon": {"koji", "koji/internal"}, // what kojid and kojira have in common
	"koji/internal/comps":  {"koji"},                  // groups as the hub and the client write and read them
	"koji/cli/manual":      {"koji/cli"},

	"koji/cmd/koji":   {"koji/cli"},
	"koji/cmd/hubd":   {"koji/hubd"},
	"koji/cmd/kojid":  {"koji/kojid"},
	"koji/cmd/kojira": {"koji/kojira"},
}

// below says whether a package is the named one or, but for the root, below it.
func below(pkg, name string) bool {
	return pkg == name || (name != "koji" && strings.HasPrefix(pkg, name+"/"))
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	var got []string
	for pkg, imports := range ownImports(t) {
		rule, ok := "", false
		for name := range arrows {
			if below(pkg, name) && len(name) > len(rule) {
				rule, ok = name, true
			}
		}
		if !ok {
			got = append(got, pkg+" is a new part of the house: say in arrows what it may import")
			continue
		}
		for _, imp := range imports {
			if !slices.ContainsFunc(arrows[rule], func(allowed string) bool { return below(imp, allowed) }) {
				got = append(got, pkg+" imports "+imp)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("imports that must not be (+):\n%s", diff)
	}
}

// ownImports lists for each package of the module which others of it it imports.
func ownImports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		packages[words[0]] = slices.DeleteFunc(words[1:], func(p string) bool { return p != "koji" && !strings.HasPrefix(p, "koji/") })
	}
	if len(packages) < len(arrows)-2 { // internal and the root of kojid stand for several or none
		t.Fatalf("go list found %d packages, of a house of %d", len(packages), len(arrows))
	}
	return packages
}

// TestNothingIsCalledUtil: a name that says nothing gathers everything.
func TestNothingIsCalledUtil(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`^(utils?|commons?|helpers?|models?|base|managers?)(_test)?(\.go)?$`)
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err == nil && bad.MatchString(d.Name()) {
			t.Errorf("%s needs a name that says what is in it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMakefileInstallsWhatALabNeeds compares the two lists of Debian packages.
func TestMakefileInstallsWhatALabNeeds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^LAB_PACKAGES\s*:=((?:.*\\\n)*.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the Makefile has no LAB_PACKAGES")
	}
	got := strings.Fields(strings.ReplaceAll(string(m[1]), "\\\n", " "))
	want := append(minidistro.AptPackages(), "bubblewrap") // for who is not root
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LAB_PACKAGES differs (-wanted +Makefile):\n%s", diff)
	}
}
