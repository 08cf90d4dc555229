package kojid

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"koji"
)

// The tests that follow run the real programs: hubd on SQLite and kojid, as
// processes of their own.

// binDir is where the programs are built, once and when they are first needed.
var binDir, buildPrograms = "", sync.OnceValue(func() error {
	c := exec.Command("go", "build", "-o", binDir+"/", "koji/cmd/hubd", "koji/cmd/kojid", "koji/cmd/kojira")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kojid-test-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// lab is a hub with one builder.
type lab struct {
	t       *testing.T
	dir     string
	address string
	hub     *koji.Session // as admin
	stream  *koji.Stream  // of tasks, from the beginning
	hubd    *process
	kojid   *process
	kojira  *process // of labs that build
}

// process is a running program and what it writes.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced with each line
}

const patience = 60 * time.Second

// startProgram runs a program until the test ends.
func startProgram(t *testing.T, args ...string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			close(p.more)
			p.more = make(chan struct{})
			p.mu.Unlock()
		}
		r.Close()
	}()
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(args[0]), p.text())
		}
	})
	return p
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// expect waits for a line and returns the match.
func (p *process) expect(t *testing.T, pattern string) []string {
	t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(patience)
	for from := 0; ; {
		p.mu.Lock()
		lines, more := p.lines[from:], p.more
		from = len(p.lines)
		p.mu.Unlock()
		for _, line := range lines {
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%q was not said:\n%s", pattern, p.text())
		case <-p.done:
			// The last lines may still be on their way.
			select {
			case <-more:
			case <-time.After(time.Second):
				t.Fatalf("it ended without saying %q:\n%s", pattern, p.text())
			}
		}
	}
}

// end sends a signal and waits for the end.
func (p *process) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	_ = p.cmd.Process.Signal(s) // it may have ended
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Errorf("%s does not end", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// newLab starts a hub and a builder; conf are more lines of kojid.conf.
func newLab(t *testing.T, conf ...string) *lab {
	t.Helper()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: shortDir(t)}
	l.write("admin.pass", "adminpw\n")
	l.write("builder.pass", "builderpw\n")
	l.write("kojira.pass", "kojirapw\n")
	l.address = "127.0.0.1:0"
	l.hubConfig()
	hubd := filepath.Join(binDir, "hubd")
	for _, args := range [][]string{
		{"init", "--config", l.path("hub.conf"), "--admin", "admin", "--password-file", l.path("admin.pass")},
		{"host", "add", "--config", l.path("hub.conf"), "builder1", "--arches", "x86_64 noarch", "--channel", "createrepo", "--password-file", l.path("builder.pass")},
		{"user", "add", "--config", l.path("hub.conf"), "kojira", "--perm", "repo", "--password-file", l.path("kojira.pass")},
	} {
		if out, err := exec.Command(hubd, args...).CombinedOutput(); err != nil {
			t.Fatalf("hubd %v: %v\n%s", args, err, out)
		}
	}
	l.startHub()
	l.hubConfig() // a hub that starts again is at the same place
	l.write("kojid.conf", strings.Join(append([]string{
		"[kojid]", "server = http://" + l.address + "/kojihub", "topurl = http://" + l.address + "/kojifiles", "topdir = " + l.path("koji"),
		"workdir = " + l.path("work"), "user = builder1", "password_file = " + l.path("builder.pass"),
		"minspace = 100", "maxload = 0", "retry_interval = 1", "sleeptime = 5",
	}, conf...), "\n")+"\n")
	s, err := koji.New(koji.Options{Server: "http://" + l.address + "/kojihub", User: "admin", Password: "adminpw", RetryInterval: time.Second, AnonRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Login(t.Context(), koji.LoginOptions{}); err != nil {
		t.Fatal(err)
	}
	l.hub = s
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if l.stream, err = s.Events(ctx, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeTask}}); err != nil {
		t.Fatal(err)
	}
	l.startBuilder()
	return l
}

// shortDir is a folder that the build user can reach.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kojid-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (l *lab) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(l.path(name), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) hubConfig() {
	l.t.Helper()
	l.write("hub.conf", "[hub]\nDatabase = sqlite:"+l.path("hub.db")+"\nKojiDir = "+l.path("koji")+"\nListen = "+l.address+"\n")
}

func (l *lab) startHub() {
	l.t.Helper()
	l.hubd = startProgram(l.t, filepath.Join(binDir, "hubd"), "serve", "--config", l.path("hub.conf"))
	l.address = l.hubd.expect(l.t, `serves http://([0-9.:]+)/kojihub`)[1]
	l.t.Cleanup(func() { // they say goodbye to the hub that is there
		for _, p := range []*process{l.kojid, l.kojira} {
			if p != nil {
				p.end(l.t, syscall.SIGTERM)
			}
		}
	})
}

func (l *lab) startBuilder() {
	l.t.Helper()
	l.kojid = startProgram(l.t, filepath.Join(binDir, "kojid"), "--config", l.path("kojid.conf"), "--fg", "-v")
	l.kojid.expect(l.t, `msg="ready for tasks" host=builder1`)
}

// call calls the hub as admin.
func (l *lab) call(result any, method string, args ...any) {
	l.t.Helper()
	if err := l.hub.Call(l.t.Context(), method, result, args...); err != nil {
		l.t.Fatalf("%s: %v", method, err)
	}
}

func (l *lab) makeTask(method string, args ...any) int64 {
	l.t.Helper()
	if args == nil {
		args = []any{}
	}
	var id int64
	l.call(&id, "makeTask", method, args)
	return id
}

// until reads notices until one fits.
func (l *lab) until(what string, fits func(*koji.TaskNotice) bool) *koji.TaskNotice {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	for {
		n, err := l.stream.Next(ctx)
		if err != nil {
			l.t.Fatalf("wait for %s: %v", what, err)
		}
		if n.Task != nil && fits(n.Task) {
			return n.Task
		}
	}
}

// finished waits for the end of a task.
func (l *lab) finished(id int64) koji.TaskState {
	l.t.Helper()
	return l.until(fmt.Sprintf("the end of task %d", id), func(n *koji.TaskNotice) bool { return n.ID == id && n.State.Finished() }).State
}

func (l *lab) opened(id int64) {
	l.t.Helper()
	l.until(fmt.Sprintf("task %d being opened", id), func(n *koji.TaskNotice) bool { return n.ID == id && n.State == koji.TaskOpen })
}

// result is a closed task's result, or the fault of a failed one.
func (l *lab) result(id int64) (any, error) {
	var v any
	err := l.hub.Call(l.t.Context(), "getTaskResult", &v, id)
	return v, err
}

// workerOf waits for the process of a task.
func (l *lab) workerOf(id int64) int {
	l.t.Helper()
	m := l.kojid.expect(l.t, fmt.Sprintf(`msg="task taken" task=%d .*worker=(\d+)`, id))
	var pid int
	if _, err := fmt.Sscan(m[1], &pid); err != nil {
		l.t.Fatal(err)
	}
	return pid
}

// eventually waits for a condition that nothing tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not so after %v", what, patience)
		}
	}
}

// processesWith finds live processes whose command line or root has a text.
func processesWith(text string) []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		cmdline, err := os.ReadFile(filepath.Join(d, "cmdline"))
		if err != nil || len(cmdline) == 0 { // gone, or a zombie
			continue
		}
		cwd, _ := os.Readlink(filepath.Join(d, "cwd"))
		if strings.Contains(string(cmdline), text) || strings.Contains(cwd, text) {
			found = append(found, filepath.Base(d)+" "+strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return found
}

func isEmpty(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return os.IsNotExist(err)
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return errors.Is(err, io.EOF)
}
