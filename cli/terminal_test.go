package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"koji"
)

// openTerminal makes a terminal of a size; what the programs on it print can
// be read from the first file.
func openTerminal(t *testing.T, columns, rows uint16) (*os.File, *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("tests on a terminal did NOT run: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
		t.Fatal(err)
	}
	return master, terminal
}

// readAll gives what was printed once the other end is closed.
func readAll(master *os.File) <-chan string {
	printed := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, master) // ends with EIO
		printed <- strings.ReplaceAll(b.String(), "\r\n", "\n")
	}()
	return printed
}

func TestStartAsksTheTerminalNothing(t *testing.T) {
	t.Parallel()
	master, terminal := openTerminal(t, 80, 24)
	printed := readAll(master)
	cmd := exec.Command("koji", "--help") // the one that testscript.Main makes
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	cmd.SysProcAttr = sessionLeader()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	got := <-printed
	if !strings.HasPrefix(got, "Usage: koji") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}

func TestForeignTextOnATerminal(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, answers{"listTags": []any{map[string]any{"id": int64(1), "name": "a\u009b31m\u202e\nforged"}}})
	master, terminal := openTerminal(t, 80, 24)
	printed := readAll(master)
	code := Main(context.Background(), []string{"koji", "-c", h.conf, "list-tags"}, Stdio{In: strings.NewReader(""), Out: terminal, Err: io.Discard})
	terminal.Close()
	if got := <-printed; code != 0 || got != "a<9b>31m<202e>␊forged\n" {
		t.Errorf("%d: %q", code, got)
	}
}

func TestTreeInPlace(t *testing.T) {
	t.Parallel()
	state := int64(koji.TaskOpen)
	asked := 0
	task := func() map[string]any {
		m := map[string]any{
			"id": int64(5), "method": "sleep", "arch": "noarch", "state": state, "owner": int64(1), "channel_id": int64(1), "priority": int64(20),
			"weight": 1.0, "host_id": int64(2), "start_ts": 1700000000.0, "create_ts": 1700000000.0,
		}
		if state == int64(koji.TaskClosed) {
			m["completion_ts"] = 1700000065.0
		}
		return m
	}
	h := newFakeHub(t, answers{
		"getTaskInfo": func([]any) any {
			if asked++; asked > 1 {
				state = int64(koji.TaskClosed)
			}
			return task()
		},
		"getTaskDescendents": map[string]any{},
		"getHost":            map[string]any{"id": int64(2), "name": "builder1"},
	})
	master, terminal := openTerminal(t, 60, 10)
	printed := readAll(master)
	e := newEnv(Stdio{In: strings.NewReader(""), Out: terminal, Err: io.Discard})
	if _, err := e.globals.parse([]string{"-c", h.conf}); err != nil {
		t.Fatal(err)
	}
	e.argv0 = "koji"
	if _, err := e.Anonymous(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.profile.PollInterval = 10 * time.Millisecond
	e.coloured = true
	if err := watchTasks(t.Context(), e, []int64{5}); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	got := <-printed
	for _, want := range []string{"\x1b[36m▶\x1b[0m 5 sleep (noarch): open (builder1)", "\x1b[1A\r\x1b[J\x1b[32m✔\x1b[0m 5 sleep (noarch): closed  1:05\n", "\n5 sleep (noarch) completed successfully\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

func TestTreeFitsTheScreen(t *testing.T) {
	t.Parallel()
	tree := koji.NewTree(1)
	tree.Apply(koji.Task{ID: 1, Method: "build", State: koji.TaskOpen})
	parent := int64(1)
	for id := int64(2); id < 40; id++ {
		state := koji.TaskClosed
		if id%10 == 0 {
			state = koji.TaskOpen
		}
		tree.Apply(koji.Task{ID: id, Method: strings.Repeat("long", 30), Parent: &parent, State: state})
	}
	_, terminal := openTerminal(t, 40, 10)
	w := &taskWatch{env: newEnv(Stdio{Out: terminal}), tree: tree, hosts: map[int64]string{}, faults: map[int64]*fault{}}
	screen := &treeScreen{w: w}
	screen.draw(time.Unix(0, 0), false)
	if screen.lines != 4 {
		t.Errorf("%d lines: wanted the root and what runs", screen.lines)
	}
	for _, line := range screen.render(time.Unix(0, 0), 40, false) {
		if n := len([]rune(withoutMarks(line))); n > 39 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

func TestTreeEstimates(t *testing.T) {
	t.Parallel()
	start := 1000.0
	task := koji.Task{
		ID: 7, Method: "buildArch", Arch: "x86_64", State: koji.TaskOpen, StartTS: &start,
		Request: []any{"tasks/6/6/bash-5.2-1.src.rpm", int64(1), "x86_64", true},
	}
	tree := koji.NewTree(7)
	tree.Apply(task)
	w := &taskWatch{env: newEnv(Stdio{}), tree: tree, hosts: map[int64]string{}, usual: map[string]float64{"bash": 600}}
	screen := &treeScreen{w: w}
	for seconds, want := range map[int64]string{1150: "  2:30  [===>        ] of about 10:00", 1600 + 1: "  10:01  [============] longer than the usual 10:00"} {
		lines := screen.render(time.Unix(seconds, 0), 120, false)
		if len(lines) != 1 || !strings.HasSuffix(lines[0], want) {
			t.Errorf("%q, want %q", lines, want)
		}
	}
}

func TestBuiltPackage(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"git+https://src.example.org/rpms/bash.git#abc": "bash", "git+https://src.example.org/rpms/bash?dir#abc": "bash",
		"cli-build/17.x/bash-5.2-1.src.rpm": "bash", "": "", "broken.rpm": "",
	} {
		if got := builtPackage(koji.Task{Method: "build", Request: []any{source, "f40"}}); got != want {
			t.Errorf("%q builds %q, want %q", source, got, want)
		}
	}
	if got := builtPackage(koji.Task{Method: "sleep", Request: []any{int64(5)}}); got != "" {
		t.Errorf("sleep builds %q", got)
	}
}
