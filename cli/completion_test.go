package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShells lets the shells themselves complete a line, by the script that
// koji completion prints for them.
func TestShells(t *testing.T) {
	t.Parallel()
	tag := func(name string) map[string]any { return map[string]any{"id": int64(1), "name": name} }
	h := newFakeHub(t, answers{"listTags": []any{tag("tango"), tag("tanzania"), tag("f40")}})
	for shell, program := range map[string]string{
		"bash": `compopt() { :; }; source "$SCRIPT"
			complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
				_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
				__start_koji; for w in "${COMPREPLY[@]}"; do echo "${w%% *}"; done; }`,
		// Not a line editor, but the function that it would call.
		"zsh": `compdef() { }; source $SCRIPT; _describe() { local w; for w in $completions; do print -r -- ${w%%:*}; done }
			complete_line() { words=("$@"); CURRENT=$#; _koji }`,
		"fish": `source $SCRIPT; function complete_line; complete -C (string join ' ' -- $argv) | string replace -r '\t.*' ''; true; end`,
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("completion by %s NOT run: %v", shell, err)
			}
			script, err := exec.Command("koji", "completion", shell).Output()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "koji."+shell)
			if err := os.WriteFile(file, script, 0o600); err != nil {
				t.Fatal(err)
			}
			for line, want := range map[string]string{
				"koji -c " + h.conf + " taginfo ta":   "tango tanzania",
				"koji -c " + h.conf + " list-tas":     "list-tasks",
				"koji -c " + h.conf + " version --fo": "--format",
			} {
				c := exec.Command(path, "-c", program+"\ncomplete_line "+line)
				c.Env = append(os.Environ(), "SCRIPT="+file, "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_CACHE_HOME=", "XDG_DATA_HOME=")
				out, err := c.CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v: %s", line, err, out)
				}
				if diff := cmp.Diff(want, strings.Join(strings.Fields(string(out)), " ")); diff != "" {
					t.Errorf("%s: %s", line, diff)
				}
			}
		})
	}
}
