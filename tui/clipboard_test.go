package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopying(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	var written string
	r.e.clipboard = func(sequence string) error { written = sequence; return nil }
	copied := func(keys ...string) string {
		t.Helper()
		press(r, keys[:len(keys)-1]...)
		if cmd := r.key(keyMsg(keys[len(keys)-1])); cmd != nil {
			cmd()
		}
		return r.e.notice
	}
	if got, want := copied("y", "i"), "copied: 71204"; got != want || written != "\x1b]52;c;NzEyMDQ=\a" {
		t.Errorf("%q, want %q; written %q", got, want, written)
	}
	if got, want := copied("Y"), "copied: koji -p lab taskinfo 71204"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := copied("a", "c", "Y"), "copied: koji -p lab cancel 71204"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.e.copyFile = copyFileFor("linux", t.TempDir())
	press(r, "esc")
	if got := copied("y", "i"); !strings.Contains(got, r.e.copyFile) {
		t.Errorf("%q doesn't tell the file", got)
	}
	if text, err := os.ReadFile(filepath.Clean(r.e.copyFile)); err != nil || string(text) != "71204" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if got := copyFileFor("xterm-256color", "/state"); got != "" {
		t.Errorf("a terminal with a clipboard copies to %q", got)
	}
}
