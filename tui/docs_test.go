package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// picture is a block of docs/tui.md that is made from something here:
//
//	<!-- frame NAME -->    a golden frame, testdata/NAME.txt
//	<!-- keys -->          the table of all keys
//
// followed by a fenced block or a table, which ends at an empty line behind it.
var picture = regexp.MustCompile("(?s)<!-- (frame [a-z0-9-]+|keys) -->\n(?:```text\n.*?\n```\n|(?:\\|[^\n]*\n)*)")

// docs/tui.md shows the screens as they are. With -update it is written anew.
func TestDocs(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "tui.md")
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	now := picture.ReplaceAllStringFunc(string(was), func(block string) string {
		shown++
		head, _, _ := strings.Cut(block, "\n")
		what := strings.TrimSuffix(strings.TrimPrefix(head, "<!-- "), " -->")
		if what == "keys" {
			return head + "\n" + keyTable()
		}
		frame, err := os.ReadFile(filepath.Join("testdata", strings.TrimPrefix(what, "frame ")+".txt"))
		if err != nil {
			t.Error(err)
			return block
		}
		return fmt.Sprintf("%s\n```text\n%s\n```\n", head, strings.TrimRight(string(frame), "\n"))
	})
	if marks := strings.Count(string(was), "<!-- frame ") + strings.Count(string(was), "<!-- keys -->"); marks != shown {
		t.Errorf("%d marks but %d blocks: a mark stands before something else than a block", marks, shown)
	}
	if *update {
		if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(was), now); diff != "" {
		t.Errorf("docs/tui.md isn't in step; go test ./tui -run TestDocs -update writes it (-want +got):\n%s", diff)
	}
}

// keyTable is the key map as a table.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| key | does |\n|---|---|\n")
	for _, row := range newKeyMap() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", row.Help().Key, row.long)
	}
	return b.String()
}
