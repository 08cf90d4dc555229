package cli

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
)

// TestTablesOnATerminal looks at a table as a person sees it.
func TestTablesOnATerminal(t *testing.T) {
	t.Parallel()
	task := func(id, state int64, arch string) map[string]any {
		return map[string]any{
			"id": id, "method": "build", "arch": arch, "state": state, "owner": int64(1), "owner_name": "alice", "priority": int64(20),
			"request": []any{"git+https://example.org/rpms/" + strings.Repeat("long", 20) + "#1", "f40", map[string]any{}},
		}
	}
	h := newFakeHub(t, answers{"listTasks": []any{task(1, 1, "noarch"), task(2, 5, "日本\ufdd1")}})
	for _, tt := range []struct{ name, set, want string }{
		{"in colour", "NO_COLOR=", "" +
			"\x1b[1mID       Pri  Owner                State    Arch       Name\x1b[0m\n" +
			"1        20   alice                \x1b[36mOPEN    \x1b[0m noarch     build (f40,…\x1b[0m\n" +
			"2        20   alice                \x1b[31mFAILED  \x1b[0m 日本\x1b[32m        build (f40…\x1b[0m\n"},
		{"without", "NO_COLOR=1", "" +
			"ID       Pri  Owner                State    Arch       Name\n" +
			"1        20   alice                OPEN     noarch     build (f40,…\n" +
			"2        20   alice                FAILED   日本        build (f40…\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			master, terminal := openTerminal(t, 67, 24)
			printed := readAll(master)
			cmd := exec.Command("koji", "-c", h.conf, "list-tasks")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, terminal, io.Discard
			cmd.Env = append(os.Environ(), "TERM=xterm", tt.set)
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			terminal.Close()
			if diff := cmp.Diff(tt.want, <-printed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzCutColumns(f *testing.F) {
	f.Add("plain text", 5)
	f.Add(string(markBad)+"red"+string(markPlain)+" 日本語", 6)
	f.Add("", 1)
	f.Fuzz(func(t *testing.T, line string, width int) {
		if width < 1 || width > 200 {
			return
		}
		got := cutColumns(line, width)
		if n := runewidth.StringWidth(withoutMarks(got)); n > width {
			t.Errorf("%q has %d columns instead of %d", got, n, width)
		}
		if whole := runewidth.StringWidth(withoutMarks(line)) <= width; whole && got != line {
			t.Errorf("%q was cut to %q for no reason", line, got)
		}
	})
}
