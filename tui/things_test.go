package tui

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"koji"
)

// tags makes tags, each below the one before it.
func (l *lab) tags(names ...string) {
	l.t.Helper()
	parent := int64(0)
	for _, name := range names {
		var id int64
		l.call(l.admin, &id, "createTag", name, koji.Named{"arches": "x86_64 noarch"})
		if parent != 0 {
			l.call(l.admin, nil, "setInheritanceData", name, []any{map[string]any{
				"parent_id": parent, "priority": 10, "maxdepth": nil, "intransitive": false, "noconfig": false, "pkg_filter": "",
			}})
		}
		parent = id
	}
}

// made makes a build without rpms, of a package that is listed in a tag, and tags it there.
func (l *lab) made(tag, name, version, release string) (id int64) {
	l.t.Helper()
	l.call(l.admin, &id, "createEmptyBuild", name, version, release, nil)
	l.call(l.admin, nil, "packageListAdd", tag, name, "admin")
	l.call(l.admin, nil, "tagBuildBypass", tag, fmt.Sprintf("%s-%s-%s", name, version, release))
	return id
}

// imported imports rpms that are kept with the hub's tests.
func (l *lab) imported(names ...string) {
	l.t.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("..", "hubd", "testdata", "conformance", "files", name))
		if err != nil {
			l.t.Fatal(err)
		}
		if err := l.admin.UploadAt(l.t.Context(), "import", name, 0, data, true); err != nil {
			l.t.Fatal(err)
		}
		l.call(l.admin, nil, "importRPM", "import", name)
	}
}

// stored writes a log into a build's folder, as it is when a build is done.
func (l *lab) stored(name, version, release, arch, log, text string) {
	l.t.Helper()
	dir := filepath.Join(l.dir, "koji", "packages", name, version, release, "data", "logs", arch)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, log), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// calls is how often a method of the hub was called.
func (l *lab) calls(method string) (n int) {
	l.t.Helper()
	resp, err := http.Get(strings.TrimSuffix(l.server, "/kojihub") + "/metrics")
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), fmt.Sprintf("hubd_calls_total{method=%q} ", method)); ok {
			if n, err = strconv.Atoi(value); err != nil {
				l.t.Fatal(err)
			}
		}
	}
	if n == 0 {
		l.t.Fatalf("the hub counts no calls of %s", method)
	}
	return n
}

// Builds on a real hub: they are found, what changes shows, and all about one can be seen.
func TestBuilds(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.tags("f44", "f44-build")
	l.made("f44", "bash", "5.2", "1.fc44")
	l.made("f44", "bash", "5.3", "1.fc44")
	l.made("f44", "fish", "4.1", "1.fc44")
	for _, v := range []string{"2.5-1", "2.5-2"} {
		l.imported("confmulti-"+v+".dist.src.rpm", "confmulti-"+v+".dist.x86_64.rpm", "confmulti-libs-"+v+".dist.x86_64.rpm", "confmulti-doc-"+v+".dist.noarch.rpm")
	}
	l.stored("confmulti", "2.5", "2.dist", "x86_64", "build.log", "checking for gcc\nerror: \x1b]0;owned\x07 no\n")

	d := drive(t, l.admin, 80, 24)
	d.see("stream")
	d.press("2")
	d.see("5 of 5", "✓ bash-5.3-1.fc44", "✓ confmulti-2.5-2.dist")
	d.press("/", "bash", "enter")
	d.see("package bash", "2 of 2")
	d.press("d")
	d.see("bash-5.2-1.fc44 → bash-5.3-1.fc44")
	d.press("q", "enter")
	d.see("✓ COMPLETE · admin", "Builds › bash-5.3-1.fc44", "f44   since event", "Tags 1")
	d.press("tab", "tab", "tab")
	d.see("[History 3]", "tagged into f44 by admin")
	d.press("q", "esc", "g", "d")
	d.see("confmulti-2.5-1.dist → confmulti-2.5-2.dist", "4 others have about the same size")
	d.press("q", "enter")
	d.see("[RPMs 4]", "▌  confmulti-2.5-2.dist.src.rpm", "unsigned", "it is in no tag")
	d.press("j", "j", "enter")
	d.see("provides", "confmulti(x86-64) = 1:2.5-2.dist")
	d.press("q", "tab", "enter")
	d.see("x86_64/build.log", "error: ␛]0;owned␇ no", "log complete")
	d.press("q", "q")

	// What others do shows by itself.
	l.made("f44", "zsh", "5.9", "1.fc44")
	d.see("▌ ✓ confmulti-2.5-2.dist", "✓ zsh-5.9-1.fc44", "6 of 6")
	l.call(l.admin, nil, "tagBuildBypass", "f44-build", "zsh-5.9-1.fc44")
}

// A long list comes in pages as one scrolls, and stays where it is when
// something new begins.
func TestBuildPages(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	m := l.admin.Multicall()
	for i := range 450 {
		m.Add(nil, "createEmptyBuild", fmt.Sprintf("pkg%d", i%9), "1", fmt.Sprint(i), nil)
	}
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := drive(t, l.admin, 80, 24)
	d.see("stream")
	d.press("2")
	d.see("200 of 450", "▌ ✓ pkg8-1-449")
	d.press("G")
	d.see("400 of 450", "▌ ✓ pkg7-1-250")
	d.press("G")
	d.see("450 of 450", "▌ ✓ pkg5-1-50 ")
	d.press("G")
	d.see("▌ ✓ pkg0-1-0 ")
	l.call(l.admin, nil, "createEmptyBuild", "pkg0", "2", "1", nil)
	d.see("451 of 451", "▌ ✓ pkg0-1-0 ")
	d.press("/", "pkg0", "enter")
	d.see("package pkg0", "51 of 51", "✓ pkg0-2-1")
	d.press("s", "1")
	d.see("BUILD↑")
	d.see("▌ ✓ pkg0-1-0 ")
	d.press("esc")
	d.see("200 of 451")
	d.press("s", "s")
	d.see("BUILD↓", "200 of 451", "▌ ✓ pkg8-1-98 ")
}

// Tags on a real hub: what is in them, what was at an event, and what has changed since.
func TestTags(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.tags("f44", "f44-build")
	l.call(l.admin, nil, "createBuildTarget", "f44", "f44-build", "f44")
	l.call(l.admin, nil, "groupListAdd", "f44-build", "build")
	l.call(l.admin, nil, "groupPackageListAdd", "f44-build", "build", "bash")
	l.call(l.admin, nil, "createExternalRepo", "base", "https://repo.example.org/$arch/")
	l.call(l.admin, nil, "addExternalRepoToTag", "f44-build", "base", 5)
	l.made("f44", "bash", "5.2", "1.fc44")
	l.made("f44", "fish", "4.1", "1.fc44")
	l.made("f44", "bash", "5.3", "1.fc44")

	d := drive(t, l.admin, 80, 24)
	d.see("stream")
	d.press("3")
	d.see("2 of 2", "f44-build", "x86_64 noarch")
	d.press("/", "f44-b", "enter", "enter")
	d.see("Tags › f44-build", "[Inheritance]", "└10  f44", "arches x86_64 noarch")
	d.press("tab")
	d.see("[Packages]", "2 of 2", "▌ bash ", "  fish ")
	d.press("tab")
	d.see("[Latest]", "▌ bash-5.3-1.fc44", "f44 ")
	d.press("tab")
	d.see("[Targets 1]", "f44-build → f44")
	d.press("tab")
	d.see("[Groups 1]", "▾ build (1)", "mandatory")
	d.press("tab")
	d.see("[Ext. repos 1]", "priority 5  koji  https://repo.example.org/$arch/")
	d.press("tab")
	d.see("[History]", "+ ", "owner of fish is admin", "inherits f44, priority 10", "14 of 14")

	// Three events back: what has changed since.
	d.press("tab", "[", "[", "[")
	d.see("── then and now", "4 changes since then, at 3 events", "inheritance since then: unchanged", "latest builds since then: ~ 1 newer  + 1 added")
	d.see("~ bash                5.2-1.fc44       → 5.3-1.fc44", "+ fish                4.1-1.fc44")
	d.press("tab", "tab")
	d.see("changed since event", "~ bash ", "+ fish ", "2 of 2")
	d.press("t")
	d.see("as of event", "▌ bash-5.2-1.fc44", "1 of 1")
	calls := l.calls("listTagged")
	d.press("t")
	d.see("~ bash ")
	d.press("t", "t")
	if n := l.calls("listTagged"); n != calls {
		t.Errorf("%d calls to see again what was there", n-calls)
	}
	d.press("]", "]", "]")
	d.not("then and now")
	d.see("▌ bash-5.3-1.fc44", "2 of 2")

	// What others do shows by itself.
	l.made("f44", "zsh", "5.9", "1.fc44")
	d.see("zsh-5.9-1.fc44", "3 of 3")
	d.press("[")
	d.see("+ zsh ")
	d.press("/", "zsh", "enter", "enter")
	d.see("Tags › f44-build › zsh-5.9-1.fc44")

	// Before the tag was made there was nothing in it.
	d.press("q", "esc", "{")
	d.see("then ◂ before event", "+ bash ", "+ fish ", "+ zsh ", "3 of 3")
	d.press("t")
	d.see("as of event", "no builds")
}

// A hub without a stream shows the same, and what has changed when it is asked.
func TestThingsOfPolledHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.tags("f44", "f44-build")
	l.made("f44", "bash", "5.2", "1.fc44")
	d := drive(t, l.polled(), 80, 24)
	d.see("⟳ poll")
	d.press("2")
	d.see("✓ bash-5.2-1.fc44", "f44 ", "1 of 1")
	l.made("f44", "bash", "5.3", "1.fc44")
	d.press("R")
	d.see("▌ ✓ bash-5.2-1.fc44", "  ✓ bash-5.3-1.fc44", "2 of 2")
	d.press("/", "tag:f44 own:admin", "enter")
	d.see("tag f44", "owner admin", "2 of 2")
	d.press("/", " fish", "enter")
	d.see("nothing fits the filter", "0 of 0")
	d.press("esc", "3", "j", "enter", "tab", "tab")
	d.see("Tags › f44-build", "[Latest]", "bash-5.3-1.fc44")
	d.press("[")
	d.see("~ bash ")

	l.made("f44", "fish", "4.1", "1.fc44")
	d.press("R")
	d.see("+ fish ")
}

// What a hub without a stream shows is asked for again when it is old enough,
// but only if it can be seen.
func TestPolledListIsAskedAgain(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	openBuilds(r)
	v := r.top().(*buildsView)
	tell(r, buildPage{query: v.query, offset: len(v.t.items)})
	r.Update(link{up: true, heard: testNow(), every: 5e9})
	asked := func() bool {
		v.pausing, v.asking = false, false
		r.Update(tickAt(r.tickGen))
		return v.pausing
	}
	later := testNow()
	r.e.hub.now = func() time.Time { return later }
	for _, tt := range []struct {
		name string
		do   func()
		want bool
	}{
		{"at once", func() {}, false},
		{"after 40 s", func() { later = later.Add(40 * time.Second) }, true},
		{"below another view", func() { press(r, "enter") }, false},
		{"in another place", func() { press(r, "q", "1") }, false},
		{"shown again", func() { press(r, "2"); later = later.Add(40 * time.Second) }, true},
		{"of a hub with a stream", func() { r.Update(link{up: true, stream: true}) }, false},
		{"of a lost hub", func() { r.Update(link{up: false, lost: later}) }, false},
	} {
		tt.do()
		if got := asked(); got != tt.want {
			t.Errorf("%s: asked again: %v, want %v", tt.name, got, tt.want)
		}
	}
}
