package tui

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"koji"
	"koji/internal/xmlrpc"
	"koji/profiles"
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

// hubdDir is the folder of the hub's program.
var hubdDir string

// testMain runs the tests, or is the UI itself when a test started this
// program in a terminal.
func testMain(m *testing.M) int {
	if server := os.Getenv("TUI_TEST_SERVER"); server != "" {
		return runInTerminal(server)
	}
	dir, err := os.MkdirTemp("", "tui-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hubdDir = dir
	return m.Run()
}

// hubd builds the hub once, when the first test needs one.
var hubd = sync.OnceValues(func() (string, error) {
	path := filepath.Join(hubdDir, "hubd")
	if out, err := exec.Command("go", "build", "-o", path, "koji/cmd/hubd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build hubd: %w\n%s", err, out)
	}
	return path, nil
})

// runInTerminal is `koji tui` on the terminal that this process has.
func runInTerminal(server string) int {
	ctx := context.Background()
	s, err := koji.New(koji.Options{Server: server, User: "admin", Password: "secret"})
	if err == nil {
		err = s.Login(ctx, koji.LoginOptions{})
	}
	if err == nil {
		err = Run(ctx, Options{Session: s, Profile: profiles.Default("lab"), Version: "test"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// lab is a real hub in a process of its own, with a folder of its own.
type lab struct {
	t       testing.TB
	dir     string
	program string
	server  string
	proc    *exec.Cmd
	admin   *koji.Session
	host    *koji.Session
}

func newLab(t testing.TB) *lab {
	t.Helper()
	path, err := hubd()
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, dir: t.TempDir(), program: path}
	l.write("pass", "secret\n")
	l.configure("127.0.0.1:0")
	l.hubd("init", "--admin", "admin", "--password-file", filepath.Join(l.dir, "pass"))
	l.hubd("host", "add", "bld01", "--arches", "x86_64 noarch", "--password-file", filepath.Join(l.dir, "pass"))
	l.start()
	t.Cleanup(l.stop)
	l.admin, l.host = l.login("admin"), l.login("bld01")
	if err := l.host.Exclusive(t.Context(), false); err != nil { // builders must
		t.Fatal(err)
	}
	return l
}

// in is the hub in a part of the test that it was made for.
func (l *lab) in(t *testing.T) *lab {
	part := *l
	part.t = t
	return &part
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) configure(listen string) {
	l.write("hub.conf", fmt.Sprintf("[hub]\nDatabase = sqlite:%s\nKojiDir = %s\nListen = %s\n",
		filepath.Join(l.dir, "hub.db"), filepath.Join(l.dir, "koji"), listen))
}

func (l *lab) hubd(args ...string) {
	l.t.Helper()
	cmd := exec.Command(l.program, append(args, "--config", filepath.Join(l.dir, "hub.conf"))...)
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("hubd %v: %v\n%s", args, err, out)
	}
}

// start runs the hub; a second start listens where the first did.
func (l *lab) start() {
	l.t.Helper()
	l.proc = exec.Command(l.program, "serve", "--config", filepath.Join(l.dir, "hub.conf"))
	out, err := l.proc.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	l.proc.Stderr = os.Stderr
	if err := l.proc.Start(); err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "serves "); ok {
			l.server, _, _ = strings.Cut(rest, " ")
			l.configure(strings.TrimSuffix(strings.TrimPrefix(l.server, "http://"), "/kojihub"))
			return
		}
	}
	l.t.Fatal("hubd ended before it served")
}

func (l *lab) stop() {
	if l.proc == nil {
		return
	}
	_ = l.proc.Process.Signal(syscall.SIGTERM)
	_ = l.proc.Wait() // that it was told to end is no failure
	l.proc = nil
}

func (l *lab) login(user string) *koji.Session {
	l.t.Helper()
	return l.loginAt(koji.Options{
		Server: l.server, TopURL: strings.TrimSuffix(l.server, "/kojihub") + "/kojifiles", User: user, Password: "secret", RetryInterval: time.Millisecond,
	})
}

func (l *lab) loginAt(o koji.Options) *koji.Session {
	l.t.Helper()
	s, err := koji.New(o)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := s.Login(l.t.Context(), koji.LoginOptions{}); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// call calls the hub as s and fails the test if that does.
func (l *lab) call(s *koji.Session, result any, method string, args ...any) {
	l.t.Helper()
	if err := s.Call(l.t.Context(), method, result, args...); err != nil {
		l.t.Fatalf("%s: %v", method, err)
	}
}

// build makes a build task that runs on the builder.
func (l *lab) build(source string) int64 {
	l.t.Helper()
	var id int64
	l.call(l.admin, &id, "makeTask", "build", []any{source, "f44-candidate", map[string]any{}})
	l.open(id)
	return id
}

func (l *lab) open(id int64) {
	l.t.Helper()
	var task map[string]any
	l.call(l.host, &task, "host.openTask", id)
	if task == nil {
		l.t.Fatalf("the builder may not open task %d", id)
	}
}

// subtask makes a buildArch task below a running one.
func (l *lab) subtask(parent int64, arch string) int64 {
	l.t.Helper()
	var id int64
	l.call(l.host, &id, "host.subtask", "buildArch", []any{"tasks/1/1/foo-1-1.src.rpm", "f44-build", arch, true}, parent,
		koji.Named{"arch": arch, "label": arch})
	return id
}

func (l *lab) wait(parent int64) {
	l.t.Helper()
	l.call(l.host, nil, "host.taskSetWait", parent, nil)
}

// log writes to a task's log at an offset, as a builder does.
func (l *lab) log(id int64, name string, offset int64, text string) {
	l.t.Helper()
	dir := fmt.Sprintf("tasks/%d/%d", id%10000, id)
	if err := l.host.UploadAt(l.t.Context(), dir, name, offset, []byte(text), true); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) close(id int64) {
	l.t.Helper()
	doc, err := xmlrpc.MarshalResponse(map[string]any{"rpms": []any{"foo-1-1.x86_64.rpm"}})
	if err != nil {
		l.t.Fatal(err)
	}
	l.call(l.host, nil, "host.closeTask", id, string(doc))
}

func (l *lab) fail(id int64, text string) {
	l.t.Helper()
	doc, err := xmlrpc.MarshalFault(xmlrpc.Fault{Code: int(koji.CodeBuild), String: text})
	if err != nil {
		l.t.Fatal(err)
	}
	l.call(l.host, nil, "host.failTask", id, string(doc))
}

func (l *lab) state(id int64) koji.TaskState {
	l.t.Helper()
	var t koji.Task
	l.call(l.admin, &t, "getTaskInfo", id)
	return t.State
}
