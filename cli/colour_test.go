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

// TestColours looks at answers as a person sees them.
func TestColours(t *testing.T) {
	t.Parallel()
	task := func(id, state int64, arch string) map[string]any {
		return map[string]any{
			"id": id, "method": "build", "arch": arch, "state": state, "owner": int64(1), "owner_name": "alice", "priority": int64(20),
			"request": []any{"git+https://example.org/rpms/" + strings.Repeat("long", 20) + "#1", "f40", map[string]any{}},
		}
	}
	host := map[string]any{
		"id": int64(3), "name": "b1", "arches": "x86_64", "capacity": 2.0, "task_load": 0.0, "enabled": true, "ready": false,
		"description": "", "comment": "State: FAILED or not",
	}
	h := newFakeHub(t, answers{
		"listTasks": []any{task(1, 1, "noarch"), task(2, 5, "日本\ufdd1")},
		"listHosts": []any{host}, "getHost": host, "getLastHostUpdate": nil, "listChannels": []any{}, "listBuildroots": []any{},
	})
	for _, tt := range []struct {
		name, set, want string
		args            []string
	}{
		{"table in colour", "NO_COLOR=", "" +
			"\x1b[1mID       Pri  Owner                State    Arch       Name\x1b[0m\n" +
			"1        20   alice                \x1b[36mOPEN    \x1b[0m noarch     build (f40,…\x1b[0m\n" +
			"2        20   alice                \x1b[31mFAILED  \x1b[0m 日本\x1b[32m        build (f40…\x1b[0m\n", []string{"list-tasks"}},
		{"table without", "NO_COLOR=1", "" +
			"ID       Pri  Owner                State    Arch       Name\n" +
			"1        20   alice                OPEN     noarch     build (f40,…\n" +
			"2        20   alice                FAILED   日本        build (f40…\n", []string{"list-tasks"}},
		{"hosts in colour", "NO_COLOR=", "" +
			"\x1b[1mHostname Enb Rdy Load/Cap  Arches           Last Update\x1b[0m\n" +
			"b1       \x1b[32mY  \x1b[0m \x1b[31mN  \x1b[0m  0.0/2.0  x86_64           -\n", []string{"list-hosts"}},
		{"details in colour", "NO_COLOR=", "" +
			"Name: b1\nID: 3\nArches: x86_64\nCapacity: 2.0\nTask Load: 0.00\nDescription:\nComment: State: FAILED or not\n" +
			"Enabled: \x1b[32myes\x1b[0m\nReady: \x1b[31mno\x1b[0m\nLast Update: never\nChannels: \nActive Buildroots:\nNone\n", []string{"hostinfo", "b1"}},
		{"details without", "NO_COLOR=1", "" +
			"Name: b1\nID: 3\nArches: x86_64\nCapacity: 2.0\nTask Load: 0.00\nDescription:\nComment: State: FAILED or not\n" +
			"Enabled: yes\nReady: no\nLast Update: never\nChannels: \nActive Buildroots:\nNone\n", []string{"hostinfo", "b1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			master, terminal := openTerminal(t, 67, 24)
			printed := readAll(master)
			cmd := exec.Command("koji", append([]string{"-c", h.conf}, tt.args...)...)
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
