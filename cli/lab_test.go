package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"koji/internal/minidistro"
)

// labBench is a lab as a person has it: programs on disk, and a home.
type labBench struct {
	bin, home, dir string
	credential     *syscall.Credential // nil: whoever runs the test
}

// newLabBench builds the programs, to be used by somebody else too. It skips
// where no distribution can be made to build with.
func newLabBench(t *testing.T) *labBench {
	t.Helper()
	for _, tool := range []string{"dpkg-query", "createrepo_c", "rpmbuild", "dnf", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the lab did NOT run: %v; on Debian: %s", err, minidistro.AptLine(minidistro.AptPackages()))
		}
	}
	// t.TempDir is for this user's eyes only.
	top, err := os.MkdirTemp("", "koji-lab-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the lab left is in %s", top)
			return
		}
		if err := os.RemoveAll(top); err != nil {
			t.Error(err)
		}
	})
	b := &labBench{bin: filepath.Join(top, "bin"), home: filepath.Join(top, "home"), dir: filepath.Join(top, "lab")}
	for _, dir := range []string{top, b.bin, b.home, b.dir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", b.bin, "../cmd/koji", "../cmd/hubd", "../cmd/kojid", "../cmd/kojira")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		// However the test went, nothing of the lab stays.
		out, err := b.command(context.Background(), "koji", "lab", "down", "--dir", b.dir).CombinedOutput()
		if err != nil {
			t.Errorf("koji lab down: %v\n%s", err, out)
		}
		if left := (&lab{dir: b.dir}).marked(); len(left) > 0 {
			t.Errorf("processes %v of the lab are left", left)
		}
		if left, err := labMounts(b.dir); err != nil || len(left) > 0 {
			t.Errorf("mounts %q of the lab are left (%v)", left, err)
		}
	})
	return b
}

func (b *labBench) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(b.bin, program), args...)
	c.Dir = b.home
	c.Env = append(os.Environ(), "HOME="+b.home, "XDG_STATE_HOME=", "XDG_CONFIG_HOME=", "XDG_RUNTIME_DIR=")
	if b.credential != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: b.credential}
	}
	return c
}

// run runs a program that must succeed, and gives what it says.
func (b *labBench) run(t *testing.T, program string, args ...string) string {
	t.Helper()
	var out, failed bytes.Buffer
	c := b.command(t.Context(), program, args...)
	c.Stdout, c.Stderr = &out, &failed
	begun := time.Now()
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s%s", program, strings.Join(args, " "), err, out.String(), failed.String(), b.logs())
	}
	t.Logf("%s %s: %.1f s", program, strings.Join(args, " "), time.Since(begun).Seconds())
	return out.String()
}

// logs are the ends of the daemons' logs.
func (b *labBench) logs() string {
	var text strings.Builder
	for _, name := range labPrograms {
		fmt.Fprintf(&text, "\n%s.log:\n%s", name, (&lab{dir: b.dir}).tail(name))
	}
	return text.String()
}

var labRPMRe = regexp.MustCompile(`(?m)^  (/\S+\.rpm)$`)

// TestLab is the whole way through the house: from one command to rpms.
func TestLab(t *testing.T) {
	t.Parallel()
	b := newLabBench(t)
	said := b.run(t, "koji", "lab", "demo", "--dir", b.dir)
	b.checkRPMs(t, said, "1")
	if os.Geteuid() == 0 && !strings.Contains(said, "chroot buildroots") {
		t.Log("builds in fresh chroots did NOT run, see how the lab builds: " + said)
	}

	out, err := b.command(t.Context(), "koji", "lab", "up", "--dir", b.dir).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "runs already") {
		t.Errorf("a second up: %v, %s", err, out)
	}
	if said := b.run(t, "koji-lab", "call", "getLoggedInUser", "--json-output"); !strings.Contains(said, `"kojiadmin"`) {
		t.Errorf("the profile logs in as %s", said)
	}
	said = b.run(t, "koji", "lab", "status", "--dir", b.dir)
	for _, want := range []string{"hubd    runs", "kojid   runs", "kojira  runs", "ready", "lab lab-build", "greet-1.0-1", "COMPLETE"} {
		if !strings.Contains(said, want) {
			t.Errorf("status has no %q:\n%s", want, said)
		}
	}

	// As after a power cut: nothing runs, lab.json says otherwise.
	for _, pid := range (&lab{dir: b.dir}).marked() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	if err := labWait(t.Context(), 30*time.Second, func() bool { return len((&lab{dir: b.dir}).marked()) == 0 }); err != nil {
		t.Fatalf("what was killed is still there: %v", err)
	}
	b.checkRPMs(t, b.run(t, "koji", "lab", "demo", "--dir", b.dir), "2")

	if said := b.run(t, "koji", "lab", "down", "--dir", b.dir); !strings.Contains(said, "the lab is down") {
		t.Errorf("down says %q", said)
	}
	if said := b.run(t, "koji", "lab", "status", "--dir", b.dir); !strings.Contains(said, "hubd    down") {
		t.Errorf("status of a lab that is down:\n%s", said)
	}
	for _, name := range []string{"secret", filepath.Join("secret", labAdmin)} {
		info, err := os.Stat(filepath.Join(b.dir, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may look at %s: %v, %v", name, info, err)
		}
	}
}

// checkRPMs asks rpm about what the demo says it made.
func (b *labBench) checkRPMs(t *testing.T, said, release string) {
	t.Helper()
	var names []string
	for _, m := range labRPMRe.FindAllStringSubmatch(said, -1) {
		if out, err := exec.CommandContext(t.Context(), "rpm", "-K", "--nosignature", m[1]).CombinedOutput(); err != nil {
			t.Errorf("rpm -K: %v: %s", err, out)
		}
		out, err := exec.CommandContext(t.Context(), "rpm", "-qp", "--nosignature", "--qf", "%{NAME}-%{VERSION}-%{RELEASE}", m[1]).Output()
		if err != nil {
			t.Errorf("rpm -qp %s: %v", m[1], err)
		}
		names = append(names, string(out))
	}
	for _, name := range []string{"libgreeting", "libgreeting-devel", "greet", "greet-doc"} {
		if want := name + "-1.0-" + release; !strings.Contains(" "+strings.Join(names, " ")+" ", " "+want+" ") {
			t.Errorf("no rpm %s among %q of:\n%s", want, names, said)
		}
	}
}

// TestLabOfAnOrdinaryUser: without the means for a chroot builds run on the
// host's own tools, and the lab says so.
func TestLabOfAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("TestLab is that of an ordinary user")
	}
	b := newLabBench(t)
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Skipf("the lab of an ordinary user did NOT run: %v", err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("the lab of an ordinary user did NOT run: %v", err)
	}
	uid, uerr := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, gerr := strconv.ParseUint(nobody.Gid, 10, 32)
	if err := errors.Join(uerr, gerr); err != nil {
		t.Fatal(err)
	}
	b.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, dir := range []string{b.home, b.dir} {
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "setpriv", "--reuid", nobody.Uid, "--regid", nobody.Gid, "--clear-groups",
		"bwrap", "--ro-bind", "/", "/", "--unshare-all", "true").CombinedOutput(); err != nil {
		t.Skipf("the lab of an ordinary user did NOT run: bwrap: %v: %s", err, out)
	}
	said := b.run(t, "koji", "lab", "demo", "--dir", b.dir)
	b.checkRPMs(t, said, "1")
	if !strings.Contains(said, "host buildroots") || !strings.Contains(said, "this machine's own tools") {
		t.Errorf("the lab doesn't say how it builds:\n%s", said)
	}
}
