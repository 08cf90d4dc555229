package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tuiProfile is a hub's configuration in which koji alone is koji tui.
func tuiProfile(t *testing.T, conf string) {
	t.Helper()
	f, err := os.OpenFile(conf, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\nui = tui\n"); err != nil {
		t.Fatal(err)
	}
}

func TestKojiAloneIsTheTUI(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, answers{"listTasks": []any{}, "listHosts": []any{}})
	tuiProfile(t, h.conf)
	master, terminal := openTerminal(t, 80, 24)
	cmd := exec.Command("koji", "-c", h.conf) // the one that testscript.Main makes
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "XDG_STATE_HOME="+t.TempDir())
	cmd.SysProcAttr = sessionLeader()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	seen := make(chan struct{})
	all := make(chan string, 1)
	go func() {
		var b strings.Builder
		buf, told := make([]byte, 4096), false
		for {
			n, err := master.Read(buf) // ends with EIO
			b.Write(buf[:n])
			if !told && strings.Contains(b.String(), "anonymous") {
				told = true
				close(seen)
			}
			if err != nil {
				all <- b.String()
				return
			}
		}
	}()
	select {
	case <-seen:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatalf("no screen: %q", <-all)
	}
	if _, err := master.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("left with %v: %q", err, <-all)
	}
}

func TestKojiAloneInAPipe(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, answers{})
	tuiProfile(t, h.conf)
	var out strings.Builder
	code := Main(context.Background(), []string{"koji", "-c", h.conf}, Stdio{In: strings.NewReader(""), Out: &out, Err: io.Discard})
	if code != 0 || !strings.Contains(out.String(), "Available commands:") {
		t.Errorf("%d: %q", code, out.String())
	}
	code = Main(context.Background(), []string{"koji", "-c", h.conf, "tui"}, Stdio{In: strings.NewReader(""), Out: &out, Err: io.Discard})
	if code != 1 {
		t.Errorf("koji tui in a pipe: %d", code)
	}
}
