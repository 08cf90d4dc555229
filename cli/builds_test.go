package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

// buildAnswers are a build and its rpms as Koji's hub tells them.
func buildAnswers() answers {
	b := map[string]any{
		"id": int64(7), "build_id": int64(7), "nvr": "foo-1.0-1", "name": "foo", "package_name": "foo", "version": "1.0", "release": "1",
		"state": int64(1), "owner_name": "alice", "owner_id": int64(2), "volume_name": "DEFAULT", "task_id": int64(12), "completion_ts": 1700000000.5,
		"source": "git+https://example.org/foo#1", "extra": map[string]any{"k": []any{int64(1)}},
	}
	rpm := func(id int64, name, arch string) map[string]any {
		return map[string]any{
			"id": id, "build_id": int64(7), "buildroot_id": int64(3), "name": name, "version": "1.0", "release": "1", "arch": arch,
			"payloadhash": "d41d8cd98f00b204e9800998ecf8427e", "size": int64(1234), "buildtime": int64(1700000000), "nvr": name + "-1.0-1",
		}
	}
	rpms := []any{rpm(91, "foo", "src"), rpm(92, "foo", "x86_64"), rpm(93, "foo-debuginfo", "x86_64")}
	one := func(key string, value any) func([]any) any {
		return func(args []any) any {
			if len(args) > 0 && (args[0] == int64(7) || args[0] == key) {
				return value
			}
			return nil
		}
	}
	return answers{
		"getBuild":      one("foo-1.0-1", b),
		"listTags":      []any{map[string]any{"id": int64(1), "name": "f40"}, map[string]any{"id": int64(2), "name": "f41"}},
		"listRPMs":      rpms,
		"queryRPMSigs":  []any{map[string]any{"sigkey": "deadbeef", "sighash": "x", "rpm_id": int64(92)}},
		"getMavenBuild": nil, "getWinBuild": nil, "listArchives": []any{},
		"getTaskInfo": map[string]any{"id": int64(12), "method": "build", "arch": "noarch", "state": int64(2), "request": []any{"git+https://example.org/foo#1", "f40", map[string]any{}}},
		"getRPM": func(args []any) any {
			if args[0] == "foo-1.0-1.x86_64" {
				return rpms[1]
			}
			return nil
		},
		"getRPMHeaders":  map[string]any{"license": "MIT"},
		"getBuildroot":   map[string]any{"id": int64(3), "br_type": int64(0), "tag_name": "f40-build", "arch": "x86_64", "repo_id": int64(5), "host_name": "builder1", "task_id": int64(13)},
		"listBuildroots": []any{map[string]any{"id": int64(8), "tag_name": "f40-build", "arch": "x86_64", "host_name": "builder1"}},
		"listBuilds":     []any{b},
		"getPackageID":   one("foo", int64(4)),
		"getTag":         map[string]any{"id": int64(1), "name": "f40", "arches": "x86_64"},
		"listTagged": []any{map[string]any{
			"id": int64(7), "build_id": int64(7), "nvr": "foo-1.0-1", "name": "foo", "version": "1.0", "release": "1", "tag_name": "f40", "owner_name": "alice", "volume_name": "DEFAULT",
		}},
		"listTaggedRPMS": []any{rpms[:2], []any{b}},
	}
}

func TestBuildCommands(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, buildAnswers())
	for _, tt := range []struct {
		cmd  string
		code int
		out  string
	}{
		{"list-builds --package foo", 0, "" +
			"Build                                                    Built by          State\n" +
			"-------------------------------------------------------  ----------------  ----------------\n" +
			"foo-1.0-1                                                alice             COMPLETE\n"},
		{"list-builds --quiet --buildid 7", 0, "foo-1.0-1                                                alice             COMPLETE\n"},
		{"list-builds", 2, ""},
		{"list-builds --package nosuch", 2, ""},
		{"list-builds --package foo --before nonsense", 2, ""},
		{"list-builds --state 9 --package foo", 2, ""},
		{"list-tagged f40", 0, "" +
			"Build                                     Tag                   Built by\n" +
			"----------------------------------------  --------------------  ----------------\n" +
			"foo-1.0-1                                 f40                   alice\n"},
		{"list-tagged --quiet --paths f40", 0, "/mnt/koji/packages/foo/1.0/1              f40                   alice\n"},
		{"list-tagged --rpms f40", 0, "foo-1.0-1.src\nfoo-1.0-1.x86_64\n"},
		{"list-tagged --rpms --paths f40", 0, "/mnt/koji/packages/foo/1.0/1/src/foo-1.0-1.src.rpm\n/mnt/koji/packages/foo/1.0/1/x86_64/foo-1.0-1.x86_64.rpm\n"},
		{"buildinfo nosuch-1-1", 1, ""},
		{"rpminfo nosuch", 1, ""},
		{"latest-build f40", 2, ""},
		{"latest-build --all f40 foo", 2, ""},
	} {
		t.Run(tt.cmd, func(t *testing.T) {
			t.Parallel()
			got := h.run(t, strings.Fields(tt.cmd)...)
			if got.code != tt.code {
				t.Errorf("exit code %d instead of %d: %s", got.code, tt.code, got.err)
			}
			if diff := cmp.Diff(tt.out, got.out); diff != "" {
				t.Error(diff)
			}
			if (got.err != "") != (tt.code != 0) {
				t.Errorf("on standard error: %q", got.err)
			}
		})
	}
}

func TestShowBuildAndRPM(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, buildAnswers())
	completed, built := 1700000000.5, 1700000000.0
	got := h.run(t, "buildinfo", "foo-1.0-1", "none-1-1")
	want := `BUILD: foo-1.0-1 [7]
State: COMPLETE
Built by: alice
Source: git+https://example.org/foo#1
Volume: DEFAULT
Task: 12 build (f40, /foo:1)
Finished: ` + longTime(&completed) + `
Tags: f40 f41
Extra: {'k': [1]}
RPMs:
/mnt/koji/packages/foo/1.0/1/src/foo-1.0-1.src.rpm	Signatures: deadbeef
/mnt/koji/packages/foo/1.0/1/x86_64/foo-1.0-1.x86_64.rpm	Signatures: deadbeef
/mnt/koji/packages/foo/1.0/1/x86_64/foo-debuginfo-1.0-1.x86_64.rpm	Signatures: deadbeef
`
	if diff := cmp.Diff(ran{1, want, "No such build: none-1-1\n"}, got, cmp.AllowUnexported(ran{})); diff != "" {
		t.Error(diff)
	}
	got = h.run(t, "rpminfo", "--buildroots", "foo-1.0-1.x86_64")
	want = `RPM: foo-1.0-1.x86_64 [92]
Build: foo-1.0-1 [7]
RPM Path: /mnt/koji/packages/foo/1.0/1/x86_64/foo-1.0-1.x86_64.rpm
SRPM: foo-1.0-1 [91]
SRPM Path: /mnt/koji/packages/foo/1.0/1/src/foo-1.0-1.src.rpm
Built: ` + longTime(&built) + `
SIGMD5: d41d8cd98f00b204e9800998ecf8427e
Size: 1234
License: MIT
Build ID: 7
Buildroot: 3 (tag f40-build, arch x86_64, repo 5)
Build Host: builder1
Build Task: 13
Used in 1 buildroots:
      id build tag                    arch     build host                   
-------- ---------------------------- -------- -----------------------------
       8 f40-build                    x86_64   builder1                     
`
	if diff := cmp.Diff(ran{0, want, ""}, got, cmp.AllowUnexported(ran{})); diff != "" {
		t.Error(diff)
	}
}

func TestDownloadBuild(t *testing.T) {
	h := newFakeHub(t, buildAnswers())
	body := strings.Repeat("rpm", 1000)
	h.files["packages/foo/1.0/1/x86_64/foo-1.0-1.x86_64.rpm"] = body
	h.files["packages/foo/1.0/1/src/foo-1.0-1.src.rpm"] = "source"
	h.files["packages/foo/1.0/1/data/signed/abcd/src/foo-1.0-1.src.rpm"] = "signed source"
	t.Chdir(t.TempDir())
	if err := os.WriteFile("foo-1.0-1.x86_64.rpm", []byte(body[:500]), 0o600); err != nil {
		t.Fatal(err)
	}
	got := h.run(t, "download-build", "foo-1.0-1")
	want := "Downloading [1/2]: foo-1.0-1.src.rpm\nDownloading [2/2]: foo-1.0-1.x86_64.rpm\nAppending to existing file foo-1.0-1.x86_64.rpm\n"
	if n := strings.Count(got.err, "not a valid rpm file"); n != 2 {
		t.Errorf("of 2 files %d are told to be no rpms: %s", n, got.err)
	}
	got.err = ""
	if diff := cmp.Diff(ran{0, want, ""}, got, cmp.AllowUnexported(ran{})); diff != "" {
		t.Fatal(diff)
	}
	check := func(name, want string) {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(data) != want {
			t.Errorf("%s holds %d bytes instead of %d", name, len(data), len(want))
		}
	}
	check("foo-1.0-1.x86_64.rpm", body)
	check("foo-1.0-1.src.rpm", "source")

	t.Chdir(t.TempDir())
	if got := h.run(t, "download-build", "-q", "--key", "ABCD", "foo-1.0-1"); got.code != 1 {
		t.Errorf("a signed copy that isn't there: %+v", got)
	}
	if _, err := os.Stat("foo-1.0-1.x86_64.rpm"); err == nil {
		t.Error("an empty file was left for one that isn't there")
	}
	if got := h.run(t, "download-build", "-q", "--key", "ABCD", "--fallback-unsigned", "foo-1.0-1"); got.code != 0 || got.out != "" {
		t.Errorf("signed copies or unsigned ones: %+v", got)
	}
	check("foo-1.0-1.src.rpm", "signed source")
	check("foo-1.0-1.x86_64.rpm", body)

	h.files["packages/foo/1.0/1/x86_64/foo-debuginfo-1.0-1.x86_64.rpm"] = "debug"
	t.Chdir(t.TempDir())
	if got := h.run(t, "download-build", "-q", "--debuginfo", "foo-1.0-1"); got.code != 0 {
		t.Errorf("with debuginfo: %+v", got)
	}
	check("foo-debuginfo-1.0-1.x86_64.rpm", "debug")
	if got := h.run(t, "download-build", "nosuch-1-1"); got.code != 1 || got.err != "No such build: nosuch-1-1\n" {
		t.Errorf("no such build: %+v", got)
	}
}

func TestArchiveNamesStayInPlace(t *testing.T) {
	a := buildAnswers()
	a["listArchives"] = []any{map[string]any{"id": int64(1), "filename": "../../evil", "btype": "image"}}
	h := newFakeHub(t, a)
	t.Chdir(t.TempDir())
	got := h.run(t, "download-build", "--type", "image", "foo-1.0-1")
	if got.code != 1 || !strings.Contains(got.err, "Refusing to write") {
		t.Errorf("%+v", got)
	}
}

func TestFaultsAreLoggedByClass(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, answers{"listTags": koji.NewError(koji.CodeServerOffline, "database outage")})
	got := h.run(t, "list-tags")
	if got.code != 1 || got.out != "" || !strings.HasSuffix(got.err, " [ERROR] koji: ServerOffline: database outage\n") {
		t.Errorf("%+v", got)
	}
}
