package kojid

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logHub keeps uploaded logs as a hub does: an upload ends the file behind it.
type logHub struct {
	mu    sync.Mutex
	files map[string]string
	calls int
	fail  error
}

func (h *logHub) upload(_ context.Context, name string, offset int64, data []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return h.fail
	}
	if len(data) > logBlock {
		return errors.New("block too large")
	}
	h.calls++
	h.files[name] = h.files[name][:offset] + string(data)
	return nil
}

// newTail is a tail whose passes the test makes by itself.
func newTail(t *testing.T, dirs ...logDir) (*logTail, *logHub) {
	t.Helper()
	h := &logHub{files: map[string]string{}}
	lt := &logTail{
		upload: h.upload, log: slog.New(slog.DiscardHandler), now: func() time.Time { return time.Unix(1000, 250e6) },
		dirs: dirs, logs: map[string]*tailedLog{}, used: map[string]bool{}, stop: make(chan struct{}), done: make(chan struct{}),
	}
	close(lt.done)
	return lt, h
}

func put(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLogTailFollows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lt, h := newTail(t, logDir{dir, "."})
	long := strings.Repeat("0123456789abcde\n", 3*logBlock/16+5)
	put(t, "one\n", dir, "build.log")
	put(t, "x", dir, "ignored.txt")
	if err := lt.pass(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"build.log": "one\n"}, h.files); d != "" {
		t.Error(d)
	}
	calls := h.calls
	if err := lt.pass(t.Context(), false); err != nil || h.calls != calls {
		t.Errorf("nothing new, but %d calls, %v", h.calls-calls, err)
	}
	put(t, "one\n"+long, dir, "build.log")
	put(t, "", dir, "empty.log")
	put(t, "aaa", dir, "installed_pkgs.log")
	if err := lt.pass(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	// Rewritten, not appended to: only the last pass looks so close.
	put(t, "bbbb", dir, "installed_pkgs.log")
	names, err := lt.finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"build.log": "one\n" + long, "empty.log": "", "installed_pkgs.log": "bbbb"}
	if d := cmp.Diff(want, h.files); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(words("build.log", "empty.log", "installed_pkgs.log"), names); d != "" {
		t.Error(d)
	}
}

func TestLogTailBeginsAnewWhenCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lt, h := newTail(t, logDir{dir, "."})
	for _, text := range []string{"a long text", "short"} {
		put(t, text, dir, "x.log")
		if err := lt.pass(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	if h.files["x.log"] != "short" {
		t.Errorf("the hub has %q", h.files["x.log"])
	}
}

func TestLogTailMarksSecondName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, "result", dir, "result", "dnf.log")
	put(t, "root", dir, "root", "var", "log", "dnf.log")
	lt, h := newTail(t, logDir{filepath.Join(dir, "result"), "."}, logDir{filepath.Join(dir, "root"), "var/log"}, logDir{filepath.Join(dir, "none"), "."})
	lt.stamps = true
	if err := lt.pass(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"dnf.log": "result", "dnf.DUP01.log": "root", "dnf-ts.log": "1000.25 6\n", "dnf.DUP01-ts.log": "1000.25 4\n",
	}
	if d := cmp.Diff(want, h.files); d != "" {
		t.Error(d)
	}
}

// A buildroot may be as hostile as it likes: its logs are files inside of it.
func TestLogTailStaysInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, "secret", dir, "secret")
	logs := filepath.Join(dir, "root", "var", "log")
	put(t, "fine", logs, "fine.log")
	for _, err := range []error{
		os.Symlink(filepath.Join(dir, "secret"), filepath.Join(logs, "absolute.log")),
		os.Symlink("../../../secret", filepath.Join(logs, "relative.log")),
		syscall.Mkfifo(filepath.Join(logs, "fifo.log"), 0o600),
		os.Mkdir(filepath.Join(logs, "dir.log"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	lt, h := newTail(t, logDir{filepath.Join(dir, "root"), "var/log"})
	if err := lt.pass(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"fine.log": "fine"}, h.files); d != "" {
		t.Error(d)
	}
}

func TestLogTailFailsWithTheHub(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, "text", dir, "x.log")
	lt, h := newTail(t, logDir{dir, "."})
	h.fail = errors.New("disk full")
	if _, err := lt.finish(t.Context()); !errors.Is(err, h.fail) {
		t.Errorf("error %v", err)
	}
}
