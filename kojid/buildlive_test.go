package kojid

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"koji"
	"koji/internal/minidistro"
	"koji/kojid/buildroot"
)

// newBuildLab is a lab that can build: a repo daemon, a target "lab" and an
// external repo made of this machine's packages.
func newBuildLab(t *testing.T) *lab {
	t.Helper()
	if _, why, err := buildroot.Detect(t.Context(), "kojibuilder"); err != nil {
		notTried(t, err.Error())
	} else if kind, _, _ := buildroot.Detect(t.Context(), "kojibuilder"); kind != buildroot.KindChroot {
		notTried(t, why)
	}
	for _, tool := range []string{"createrepo_c", "mergerepo_c", "rpmbuild"} {
		if _, err := exec.LookPath(tool); err != nil {
			notTried(t, tool+" is missing: apt-get install createrepo-c rpm")
		}
	}
	l := newLab(t)
	distro := l.path("distro")
	if _, err := minidistro.Build(t.Context(), minidistro.Options{Out: distro}); err != nil {
		notTried(t, err.Error())
	}
	if out, err := exec.Command("createrepo_c", "-q", "--no-database", "-g", "comps.xml", distro).CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v\n%s", err, out)
	}
	l.write("kojira.conf", "[kojira]\nserver = http://"+l.address+"/kojihub\ntopdir = "+l.path("koji")+
		"\nuser = kojira\npassword_file = "+l.path("kojira.pass")+"\nstatedir = "+l.path("kojira")+"\nretry_interval = 1\n")
	l.kojira = startProgram(t, filepath.Join(binDir, "kojira"), "--config", l.path("kojira.conf"), "--fg")
	l.kojira.expect(t, "looking after repos")

	l.call(nil, "createTag", "lab")
	l.call(nil, "createTag", "lab-build", koji.Named{"parent": "lab", "arches": "x86_64", "extra": map[string]any{"rpm.macro.dist": ".lab"}})
	l.call(nil, "createBuildTarget", "lab", "lab-build", "lab")
	l.call(nil, "createExternalRepo", "machine", "file://"+distro+"/")
	l.call(nil, "addExternalRepoToTag", "lab-build", "machine", 10)
	for group, packages := range minidistro.Groups() {
		l.call(nil, "groupListAdd", "lab-build", group)
		for _, p := range packages {
			l.call(nil, "groupPackageListAdd", "lab-build", group, p)
		}
	}
	for _, name := range []string{"greet", "failing", "lacking", "sleeper"} {
		l.call(nil, "packageListAdd", "lab", name, "admin")
	}
	return l
}

// notTried skips, and says so where it can't be missed.
func notTried(t *testing.T, why string) {
	t.Helper()
	fmt.Fprintln(os.Stderr, "tests of whole builds did NOT run:", why)
	t.Skip("tests of whole builds did NOT run: " + why)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// srpm packs a spec of this test, or of those of buildroot, and uploads it.
func (l *lab) srpm(spec string) string {
	l.t.Helper()
	testdata, err := filepath.Abs("buildroot/testdata")
	if err != nil {
		l.t.Fatal(err)
	}
	out, file := l.path("srpm-"+spec), filepath.Join(testdata, spec+".spec")
	if own := l.path(spec + ".spec"); exists(own) {
		file = own
	}
	c := exec.Command("rpmbuild", "-bs", "--nodeps", "--define", "_topdir "+out, "--define", "_sourcedir "+testdata, file)
	if text, err := c.CombinedOutput(); err != nil {
		l.t.Fatalf("rpmbuild: %v\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(out, "SRPMS", "*.src.rpm"))
	if err != nil || len(files) != 1 {
		l.t.Fatalf("source rpms %v, %v", files, err)
	}
	return l.uploaded(files[0])
}

func (l *lab) uploaded(file string) string {
	l.t.Helper()
	f, err := os.Open(file)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	dir := "cli-build/test." + filepath.Base(file)
	if err := l.hub.Upload(l.t.Context(), dir, filepath.Base(file), f, koji.UploadOptions{Overwrite: true}); err != nil {
		l.t.Fatal(err)
	}
	return path.Join(dir, filepath.Base(file))
}

func (l *lab) build(srpm string, opts map[string]any) int64 {
	l.t.Helper()
	var id int64
	l.call(&id, "build", srpm, "lab", opts)
	return id
}

// output is a file of a task's, as it is at the hub now.
func (l *lab) output(id int64, name string) string {
	data, err := os.ReadFile(filepath.Join(koji.Paths{Top: l.path("koji")}.Task("", id), name))
	if err != nil {
		return ""
	}
	return string(data)
}

// subtaskOf waits for a task's subtask to be opened, and gives its id.
func (l *lab) subtaskOf(parent int64, method string) int64 {
	l.t.Helper()
	return l.until(method+" of a task", func(n *koji.TaskNotice) bool {
		return n.Parent == parent && n.Method == method && n.State == koji.TaskOpen
	}).ID
}

// napSeconds is how long the package "sleeper" sleeps: by this number its
// processes are known.
func napSeconds() string { return fmt.Sprint(10_000_000 + os.Getpid()) }

// clean makes sure that no buildroot is left: neither a process nor a mount.
func (l *lab) clean(what string, pids ...int) {
	l.t.Helper()
	eventually(l.t, what+": no process is left", func() bool {
		for _, pid := range pids {
			if alive(pid) {
				return false
			}
		}
		return len(processesWith("sleep\x00"+napSeconds())) == 0 && len(processesWith(l.path("work"))) == 0
	})
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), l.dir) {
		l.t.Errorf("%s: mounts are left (%v)", what, err)
	}
}

func TestBuilds(t *testing.T) {
	t.Parallel()
	l := newBuildLab(t)
	greet := l.srpm("greet")
	t.Run("good", func(t *testing.T) { l.testGoodBuild(t, greet) })
	t.Run("refused", func(t *testing.T) { l.testRefusedBuilds(t, greet) })
	t.Run("failing", func(t *testing.T) { l.testFailingBuilds(t) })
	t.Run("hub killed", func(t *testing.T) { l.testHubKilledInBuild(t, greet) })
	t.Run("builder killed", func(t *testing.T) { l.testBuilderKilledInBuild(t) })
}

func (l *lab) testGoodBuild(t *testing.T, greet string) {
	id := l.build(greet, map[string]any{})
	if s := l.finished(id); s != koji.TaskClosed {
		_, err := l.result(id)
		t.Fatalf("build is %s: %v", s, err)
	}
	var b *koji.Build
	l.call(&b, "getBuild", "greet-1.2-3.lab")
	if b == nil || b.State != koji.BuildComplete || b.TaskID == nil || *b.TaskID != id {
		t.Fatalf("build %+v", b)
	}
	var rpms []koji.RPM
	l.call(&rpms, "listRPMs", b.ID)
	names := map[string]bool{}
	for _, r := range rpms {
		names[r.FileName()] = true
		if r.BuildrootID == nil {
			t.Errorf("%s has no buildroot", r.FileName())
			continue
		}
		var content []koji.RPM
		l.call(&content, "listRPMs", koji.Named{"componentBuildrootID": *r.BuildrootID})
		if len(content) < 50 || content[0].ExternalRepoName != "machine" {
			t.Errorf("buildroot %d of %s has %d packages", *r.BuildrootID, r.FileName(), len(content))
		}
	}
	for _, want := range []string{"greet-1.2-3.lab.src.rpm", "greet-1.2-3.lab.x86_64.rpm", "greet-devel-1.2-3.lab.x86_64.rpm"} {
		if !names[want] {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
	var logs []koji.BuildLog
	l.call(&logs, "getBuildLogs", b.ID)
	there := map[string]bool{}
	for _, log := range logs {
		there[log.Name] = true
	}
	for _, want := range []string{"build.log", "root.log", "state.log", "installed_pkgs.log", "hw_info.log"} {
		if !there[want] {
			t.Errorf("log %s is missing in %v", want, there)
		}
	}
	var tagged []koji.TaggedBuild
	l.call(&tagged, "listTagged", "lab", koji.Named{"package": "greet"})
	if len(tagged) != 1 || tagged[0].NVR != "greet-1.2-3.lab" {
		t.Errorf("tagged: %+v", tagged)
	}
	var roots []koji.Buildroot
	l.call(&roots, "listBuildroots", koji.Named{"state": []any{0, 1, 2}})
	if len(roots) != 0 {
		t.Errorf("%d buildroots are not expired", len(roots))
	}
	l.clean("after a build")
}

func (l *lab) testRefusedBuilds(t *testing.T, greet string) {
	bad := l.path("bad-1-1.src.rpm")
	if err := os.WriteFile(bad, []byte("this is no rpm"), 0o644); err != nil {
		t.Fatal(err)
	}
	l.call(nil, "packageListBlock", "lab", "greet")
	for name, c := range map[string]struct {
		srpm string
		want string
	}{
		"no rpm":          {l.uploaded(bad), "not a source rpm"},
		"blocked package": {greet, "package greet is blocked for tag lab"},
	} {
		id := l.build(c.srpm, map[string]any{})
		if s := l.finished(id); s != koji.TaskFailed {
			t.Errorf("%s: task is %s", name, s)
		}
		if _, err := l.result(id); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.call(nil, "packageListUnblock", "lab", "greet")
}

func (l *lab) testFailingBuilds(t *testing.T) {
	for _, c := range []struct {
		spec, want, log, tail string
		code                  koji.Code
	}{
		{"failing", "error building package (arch x86_64), mock exited with status 10; see build.log for more information", "build.log", "about to fail", koji.CodeBuild},
		{"lacking", "libunobtainium-devel", "root.log", "libunobtainium-devel", koji.CodeBuildroot},
	} {
		id := l.build(l.srpm(c.spec), map[string]any{})
		arch := l.subtaskOf(id, "buildArch")
		if s := l.finished(id); s != koji.TaskFailed {
			t.Errorf("%s: task is %s", c.spec, s)
		}
		_, err := l.result(id)
		if !koji.HasCode(err, c.code) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.spec, err)
		}
		if log := l.output(arch, c.log); !strings.Contains(log, c.tail) {
			t.Errorf("%s: the log at the hub lacks its end:\n%s", c.spec, log)
		}
		var b *koji.Build
		l.call(&b, "getBuild", c.spec+"-1-1")
		if b == nil || b.State != koji.BuildFailed {
			t.Errorf("%s: build %+v", c.spec, b)
		}
	}
	l.clean("after failures")
}

// kill -9 of the hub in the middle: builder and workers wait and go on.
func (l *lab) testHubKilledInBuild(t *testing.T, greet string) {
	id := l.build(greet, map[string]any{"scratch": true})
	l.subtaskOf(id, "buildArch")
	l.hubd.end(t, syscall.SIGKILL)
	l.kojid.expect(t, "connection refused")
	l.startHub()
	if s := l.finished(id); s != koji.TaskClosed {
		_, err := l.result(id)
		t.Fatalf("build is %s: %v", s, err)
	}
	kept, err := filepath.Glob(l.path("koji", "scratch", "admin", fmt.Sprintf("task_%d", id), "*.rpm"))
	if err != nil || len(kept) < 3 {
		t.Errorf("scratch results %v, %v", kept, err)
	}
}

// kill -9 of the builder in the middle: nothing is left, and after a restart the
// task is done again.
func (l *lab) testBuilderKilledInBuild(t *testing.T) {
	l.write("sleeper.spec", `Name: sleeper
Version: 1
Release: 1
Summary: Does not end
License: MIT
BuildArch: noarch
%description
%build
setsid sleep `+napSeconds()+` &
echo asleep
sleep `+napSeconds()+`
%files
`)
	id := l.build(l.srpm("sleeper"), map[string]any{})
	arch := l.subtaskOf(id, "buildArch")
	pid := l.workerOf(arch)
	asleep := func() bool { return strings.Contains(l.output(arch, "build.log"), "asleep") }
	eventually(t, "the log grows while the build runs", asleep)
	if n := len(processesWith("sleep\x00" + napSeconds())); n != 2 {
		t.Errorf("%d processes sleep in the buildroot, the check for what is left would see nothing", n)
	}
	l.kojid.end(t, syscall.SIGKILL)
	l.clean("after kill -9", pid)
	if err := os.Remove(filepath.Join(koji.Paths{Top: l.path("koji")}.Task("", arch), "build.log")); err != nil {
		t.Fatal(err)
	}
	l.startBuilder()
	eventually(t, "the task is at work again", asleep)
	if left, err := filepath.Glob(l.path("work", "buildroots", "*", "*")); err != nil || len(left) != 1 {
		t.Errorf("buildroots %v, %v", left, err)
	}
	l.call(nil, "cancelTask", id)
	eventually(t, "the buildroot is removed", func() bool { return isEmpty(l.path("work", "buildroots")) && isEmpty(l.path("work", "tasks")) })
	var b *koji.Build
	l.call(&b, "getBuild", "sleeper-1-1")
	if b == nil || b.State != koji.BuildCanceled {
		t.Errorf("build %+v", b)
	}
	l.kojid.end(t, syscall.SIGTERM)
	l.clean("after a cancel")
	l.startBuilder()
}
