package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTelling(t *testing.T) {
	t.Parallel()
	noise := func(n int) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("cc -c %d.c", i)
		}
		return lines
	}
	end := []string{"RPM build errors:", "error: Bad exit status from /var/tmp/rpm-tmp.x (%build)", "Child return code was: 1"}
	concat := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	cause := []string{"main.c:5:3: error: 'x' undeclared"}
	far := concat(noise(50), cause, noise(40), end)
	near := concat(noise(50), cause, noise(3), end)
	cases := []struct {
		name        string
		lines, want []string
	}{
		{"short", end, end},
		{"nothing but the epilogue", concat(noise(60), end), concat(noise(60), end)[43:]},
		{"an error near the end", near, near[len(near)-tailLines:]},
		{"an error further up", far, concat(far[48:56], []string{"…"}, far[len(far)-11:])},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := telling(c.lines)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if len(got) > tailLines {
				t.Errorf("%d lines:\n%s", len(got), strings.Join(got, "\n"))
			}
		})
	}
}
