package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRepoList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []labRepo
	}{
		{
			"dnf 4", "Repo-id            : os\nRepo-name          : OS\nRepo-metalink      : https://mirror.example.org/metalink\n" +
				"Repo-baseurl       : https://a.example.org/os/x86_64/ (12 more)\n\nRepo-id : extras\nRepo-baseurl : https://a.example.org/extras, https://b.example.org/extras\n",
			[]labRepo{{"lab-os", "https://a.example.org/os/x86_64/"}, {"lab-extras", "https://a.example.org/extras/"}},
		},
		{"dnf 5", "Repo ID              : os\nName                 : OS\nBase URL             : file:///srv/os\n", []labRepo{{"lab-os", "file:///srv/os/"}}},
		{"no address", "Repo-id : os\nRepo-metalink : https://a.example.org/m\n", nil},
		{"nothing", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, parseRepoList([]byte(c.text)), cmp.AllowUnexported(labRepo{})); diff != "" {
				t.Errorf("repos (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLabReadsTheDriverFromTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, log, kind, why string }{
		{"chroot", `time=T level=INFO msg="buildroot driver" driver=chroot why="root, and \"dnf\" is here"` + "\n", "chroot", `root, and "dnf" is here`},
		{"the last start counts", "x msg=\"buildroot driver\" driver=chroot why=a\nx msg=\"buildroot driver\" driver=host why=b\n", "host", "b"},
		{"none", `level=ERROR msg="this builder can build no packages" error="install dnf"` + "\n", "no", "install dnf"},
		{"silent", "nothing\n", "unknown", "its log doesn't say"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := &lab{dir: t.TempDir()}
			if err := os.Mkdir(l.path("log"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(l.log("kojid"), []byte(c.log), 0o644); err != nil {
				t.Fatal(err)
			}
			if kind, why := l.driver(); kind != c.kind || why != c.why {
				t.Errorf("driver is %q, %q, want %q, %q", kind, why, c.kind, c.why)
			}
		})
	}
}

// fakeProgram makes l start a shell script in the place of a program.
func fakeProgram(t *testing.T, l *lab, name, script string) {
	t.Helper()
	if err := os.WriteFile(l.program(name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func newTestLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{dir: t.TempDir(), bin: t.TempDir(), home: t.TempDir(), out: &bytes.Buffer{}}
	if err := os.Mkdir(l.path("log"), 0o755); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLabEndsAllItStarted: also what a program started in a session of its own
// and what doesn't listen when it is asked to end.
func TestLabEndsAllItStarted(t *testing.T) {
	t.Parallel()
	l := newTestLab(t)
	fakeProgram(t, l, "hubd", `setsid sh -c 'trap "" TERM; while :; do sleep 0.05; done' & exec sleep 1000`)
	s := &labState{}
	if _, err := l.run(s, "hubd"); err != nil {
		t.Fatal(err)
	}
	if err := labWait(t.Context(), 10*time.Second, func() bool { return len(l.marked()) >= 2 }); err != nil {
		t.Fatalf("the lab has processes %v, want 2 at least: %v", l.marked(), err)
	}
	// The reading of lab.json is what a later command knows of it.
	again, err := l.load()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(again.running()); got != 1 {
		t.Errorf("%d processes of the state run, want 1", got)
	}
	if left := labEnd(t.Context(), l.marked, 500*time.Millisecond); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if got := again.running(); len(got) != 0 {
		t.Errorf("%v run after their end", got)
	}
}

func TestLabDoesNotTakeAnotherProcessForItsOwn(t *testing.T) {
	t.Parallel()
	start, ok := processStart(os.Getpid())
	if !ok {
		t.Fatal("this process has no start")
	}
	ours := labProcess{Name: "hubd", PID: os.Getpid(), Start: start, Boot: bootID()}
	rebooted, reused := ours, ours
	rebooted.Boot, reused.Start = "another boot", "1"
	for _, c := range []struct {
		name string
		p    labProcess
		want bool
	}{
		{"itself", ours, true}, {"after a reboot", rebooted, false}, {"its id used again", reused, false}, {"nothing", labProcess{}, false},
	} {
		if got := c.p.runs(); got != c.want {
			t.Errorf("%s: runs is %v, want %v", c.name, got, c.want)
		}
	}
}

// TestLabWithoutPrograms: what is missing is named, and nothing is left behind.
func TestLabWithoutPrograms(t *testing.T) {
	t.Parallel()
	l := newTestLab(t)
	fakeProgram(t, l, "hubd", "echo the database is broken >&2; exit 3")
	if err := l.up(t.Context()); err == nil || !strings.Contains(err.Error(), "kojira is not beside koji") {
		t.Errorf("up without kojira: %v", err)
	}
	fakeProgram(t, l, "kojira", "exit 0")
	fakeProgram(t, l, "kojid", "exit 0")
	if err := l.up(t.Context()); err == nil || !strings.Contains(err.Error(), "the database is broken") {
		t.Errorf("up with a hub that fails: %v", err)
	}
	if left := l.marked(); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// TestRepackListensToItsMaker: the last line is the result, and an end without
// one is told.
func TestRepackListensToItsMaker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script, want, fault string
	}{
		"made":     {`echo '{"done":1,"total":2}'; echo '{"packages":2,"bytes":7,"groups":{"build":["a"]}}'`, "2 rpms of 7 bytes, groups map[build:[a]]", ""},
		"missing":  {`echo '{"missing":["gcc"],"install":"apt-get install gcc"}'`, "0 rpms of 0 bytes, groups map[], missing gcc", ""},
		"fails":    {`echo '{"done":1,"total":2}'; echo no room >&2; exit 1`, "", "no room"},
		"ends":     {`echo '{"done":1,"total":2}'`, "", "says nothing of the end"},
		"nonsense": {`echo hello`, "", "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTestLab(t)
			l.env = quietEnv(t)
			fakeProgram(t, l, "kojid", c.script)
			sum, err := l.repack(t.Context(), l.path("distro"))
			got := fmt.Sprintf("%d rpms of %d bytes, groups %v", sum.Packages, sum.Bytes, sum.Groups)
			if len(sum.Missing) > 0 {
				got += ", missing " + strings.Join(sum.Missing, " ")
			}
			switch {
			case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("error %v, want %q", err, c.fault)
			case c.fault == "" && (err != nil || got != c.want):
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestLabWorksForOneCommandAtATime(t *testing.T) {
	t.Parallel()
	l := newTestLab(t)
	unlock, err := l.lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.down(t.Context()); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("down while another command works: %v", err)
	}
	unlock()
	if err := l.down(t.Context()); err != nil {
		t.Errorf("down of a lab that isn't there: %v", err)
	}
}

func TestLabAddressGivesTheOldOneIfItIsFree(t *testing.T) {
	t.Parallel()
	first, err := labAddress("")
	if err != nil {
		t.Fatal(err)
	}
	again, err := labAddress(first)
	if err != nil {
		t.Fatal(err)
	}
	if first != again {
		t.Errorf("a free address %s was not taken again but %s", first, again)
	}
}

// TestLabSources: the demo's packages become source rpms, and twice the same tarball.
func TestLabSources(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("source rpms did NOT run: " + err.Error())
	}
	for _, name := range labPackages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := readLabSource(name)
			if err != nil {
				t.Fatal(err)
			}
			p.release("7.lab")
			srpm, err := p.makeSRPM(t.Context(), filepath.Join(t.TempDir(), "src"))
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "rpm", "-qp", "--nosignature", "--qf", "%{NVR} %{CHANGELOGTIME}\n", srpm).Output()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Fields(string(out))
			if len(got) != 2 || got[0] != name+"-1.0-7.lab" || got[1] == "0" {
				t.Errorf("rpm says %q of %s", out, srpm)
			}
			one, err := p.tarball(name + "-1.0")
			if err != nil {
				t.Fatal(err)
			}
			two, err := p.tarball(name + "-1.0")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(one, two) {
				t.Error("the tarball differs from one time to the next")
			}
		})
	}
}

func TestLabMountsFindsNothingWhereNothingIs(t *testing.T) {
	t.Parallel()
	got, err := labMounts(t.TempDir())
	if err != nil || len(got) > 0 {
		t.Errorf("mounts %q, %v", got, err)
	}
	if got, err := labMounts(""); err != nil || !slices.Contains(got, "/proc") {
		t.Errorf("mounts of all %q, %v: want /proc among them", got, err)
	}
}
