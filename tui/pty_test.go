package tui

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"koji"
)

// answered is what the terminal of the tests says of itself, when asked for
// the last of what programs ask for.
const answered = "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?2026;2$y\x1b[?62;22c"

// pty is a terminal with `koji tui` on it, and what is written to it.
type pty struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File
	began  time.Time // the program was started
	ended  chan struct{}

	mu   sync.Mutex
	text bytes.Buffer  // what was written since the last mark
	more chan struct{} // closed at the next piece
}

// openPTY is both ends of a new terminal of 160x50.
func openPTY(t testing.TB) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	cerr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err != nil {
			return
		}
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 160})
	})
	if cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// client builds `koji` once, when the first test needs it.
var client = sync.OnceValues(func() (string, error) {
	path := filepath.Join(hubdDir, "koji")
	if out, err := exec.Command("go", "build", "-o", path, "koji/cmd/koji").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build koji: %w\n%s", err, out)
	}
	return path, nil
})

// inPTY starts `koji tui` as admin. A terminal that is mute answers nothing.
func (l *lab) inPTY(mute bool) *pty {
	t := l.t
	t.Helper()
	program, err := client()
	if err != nil {
		t.Fatal(err)
	}
	l.write("koji.conf", fmt.Sprintf("[koji]\nserver = %s\nauthtype = password\n", l.server))
	master, slave := openPTY(t)
	cmd := exec.Command(program, "-c", filepath.Join(l.dir, "koji.conf"), "--user", "admin", "--password", "secret", "tui")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "HOME="+l.dir, "XDG_STATE_HOME=", "SSH_CONNECTION=")
	p := &pty{t: t, cmd: cmd, master: master, more: make(chan struct{}), began: time.Now()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.read(mute)
		_ = cmd.Wait() // how it ended is told by who waits for more
	}()
	p.ended = ended
	t.Cleanup(p.quit)
	return p
}

// read takes in what is written to the terminal until the program ends.
func (p *pty) read(mute bool) {
	buf := make([]byte, 1<<16)
	for {
		n, err := p.master.Read(buf)
		if err != nil {
			return
		}
		if !mute && bytes.Contains(buf[:n], []byte("\x1b[c")) {
			p.press(answered)
		}
		p.mu.Lock()
		p.text.Write(buf[:n])
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// quit leaves the program, which keeps how it was left.
func (p *pty) quit() {
	_, _ = p.master.WriteString("\x03") // it may have ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Errorf("^c doesn't end it in %v", patience)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func (p *pty) press(keys string) {
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Error(err)
	}
}

// mark forgets what was written until now.
func (p *pty) mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Reset()
}

// see waits until a text was written since the last mark.
func (p *pty) see(text string) {
	p.t.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		written, more := p.text.String(), p.more
		p.mu.Unlock()
		if strings.Contains(ansi.Strip(written), text) {
			return
		}
		select {
		case <-more:
		case <-limit:
			p.t.Fatalf("%q wasn't written in %v:\n%q", text, patience, ansi.Strip(written))
		}
	}
}

// report tells in milliseconds the least, the median, and what 95 of 100 stay
// below: on a machine that does other things, the least is the program's own.
func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(took[0]), "least-ms")
	b.ReportMetric(ms(took[len(took)/2]), "median-ms")
	b.ReportMetric(ms(took[len(took)*95/100]), "p95-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart is from the start of the program to a frame with the user's
// tasks on the terminal, at most 150 ms. From the second time on the program
// knows whose those are before the hub has checked the password.
func BenchmarkStart(b *testing.B) {
	for _, mute := range []bool{false, true} {
		b.Run(fmt.Sprintf("mute terminal %v", mute), func(b *testing.B) {
			l := newLab(b)
			id := l.build("git+https://src.example.org/rpms/foo#main")
			var took []time.Duration
			for b.Loop() {
				p := l.inPTY(mute)
				p.see(fmt.Sprintf("%d build (f44-candidate, /rpms/foo:main)", id))
				took = append(took, time.Since(p.began))
				p.quit()
			}
			report(b, took)
		})
	}
}

// BenchmarkChangeToScreen is from the beginning of a call that makes a task to
// its row on the terminal, at most 200 ms.
func BenchmarkChangeToScreen(b *testing.B) {
	for _, rate := range []int{0, 50} {
		b.Run(fmt.Sprintf("%d other changes a second", rate), func(b *testing.B) {
			l := newLab(b)
			p := l.inPTY(false)
			p.see("no tasks of yours today")
			p.press("f") // what is new is shown, not only counted
			p.see("follow")
			ctx, stop := context.WithCancel(b.Context())
			var busy sync.WaitGroup
			defer busy.Wait()
			defer stop()
			if rate > 0 {
				s := l.login("admin")
				busy.Go(func() { churn(ctx, b, s, rate) })
			}
			gap := time.NewTicker(270 * time.Millisecond)
			defer gap.Stop()
			var took []time.Duration
			for b.Loop() {
				<-gap.C
				p.mark()
				began := time.Now()
				var id int64
				l.call(l.admin, &id, "makeTask", "sleep", []any{1})
				p.see(fmt.Sprintf("%d sleep", id))
				took = append(took, time.Since(began))
			}
			report(b, took)
		})
	}
}

// churn makes and cancels tasks, so many changes a second.
func churn(ctx context.Context, b *testing.B, s *koji.Session, rate int) {
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	defer ticks.Stop()
	var made []int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		var err error
		if len(made) < 30 {
			var id int64
			err = s.Call(ctx, "makeTask", &id, "sleep", []any{5})
			made = append(made, id)
		} else {
			err = s.Call(ctx, "cancelTask", nil, made[0])
			made = made[1:]
		}
		if err != nil && ctx.Err() == nil {
			b.Error(err)
			return
		}
	}
}
