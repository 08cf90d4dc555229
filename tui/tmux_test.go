package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The program in a real terminal of 80x24: it draws, takes keys, and leaves
// the terminal as it was.
func TestInTmux(t *testing.T) {
	t.Parallel()
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Fatal("tmux is MISSING: nothing shows that the UI works in a real terminal")
	}
	l := newLab(t)
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	l.log(parent, "build.log", 0, "checking for gcc... gcc\n")

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(l.dir, "tmux")
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(tmux, append([]string{"-S", socket, "-f", "/dev/null", "-u"}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("new-session", "-d", "-x", "80", "-y", "24", "-e", "TUI_TEST_SERVER="+l.server, "-e", "LC_ALL=C.UTF-8",
		"sh", "-c", fmt.Sprintf("%s; echo left with $?; exec cat", self))
	t.Cleanup(func() { run("kill-server") })
	see := func(texts ...string) string {
		t.Helper()
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		limit := time.After(patience)
		for {
			screen := run("capture-pane", "-p")
			missing := ""
			for _, text := range texts {
				if !strings.Contains(screen, text) {
					missing = text
				}
			}
			if missing == "" {
				return screen
			}
			select {
			case <-look.C:
			case <-limit:
				t.Fatalf("%q isn't on the screen:\n%s", missing, screen)
			}
		}
	}
	screen := see(" Tasks ", fmt.Sprintf("▌ ◉ %d build (f44-candidate, /rpms/foo:main)", parent), "checking for gcc... gcc", "≋ stream", "? help")
	if n := strings.Count(strings.TrimRight(screen, "\n"), "\n") + 1; n != 24 {
		t.Errorf("the screen has %d lines", n)
	}
	run("send-keys", "?")
	see("next row or line", "koji test")
	run("send-keys", "q")
	run("send-keys", "l")
	see("› build.log", "1 checking for gcc... gcc")
	l.log(parent, "build.log", 24, "+ make -j8\n")
	see("2 + make -j8")
	run("send-keys", "q")
	run("send-keys", "4")
	see("1 host", "bld01", "default", fmt.Sprintf("%d build (f44-candidate, /rpms/foo:main)", parent))
	run("send-keys", "1")
	see(fmt.Sprintf("▌ ◉ %d build", parent))
	run("send-keys", "acy")
	see(fmt.Sprintf("%d is canceled", parent), fmt.Sprintf("⊘ %d", parent))
	run("resize-window", "-x", "60", "-y", "15")
	see("◉0 ✗0")
	run("resize-window", "-x", "50", "-y", "10")
	see("60x15 is needed, this is 50x10")
	run("send-keys", "q")
	see("left with 0")
}
