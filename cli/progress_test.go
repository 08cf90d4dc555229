package cli

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestProgressInALog(t *testing.T) {
	t.Parallel()
	var out, errOut strings.Builder
	env := testEnv(t, &out)
	env.Err = &errOut
	p := env.progress("big.rpm", true)
	p.update(1<<20, 4<<20) // too early to be told
	p.next = time.Now()
	p.update(2<<20, 4<<20)
	p.update(3<<20, 4<<20)
	p.next = time.Now()
	p.update(3<<20, -1)
	p.pulse(time.Now().Add(2 * linePause))
	p.end()
	unwanted := env.progress("big.rpm", false)
	unwanted.next = time.Now()
	unwanted.update(1, 2)
	want := "koji: big.rpm: 2.0 of 4.0 MiB (50%)\nkoji: big.rpm: 3.0 MiB\nkoji: big.rpm: 1m0s so far\n"
	if errOut.String() != want || out.String() != "" {
		t.Errorf("%q and %q, want %q", errOut.String(), out.String(), want)
	}
}

// TestProgressBar: how much there is of how much, how fast, and how long it
// took, within the 80 columns of a terminal.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	env := testEnv(t, io.Discard)
	env.screen = &out
	p := env.progress("a-package-with-a-long-name-1.0-1.x86_64.rpm", true)
	p.drawn = true
	p.update(1<<30, 4<<30)
	p.update(4<<30, 4<<30) // the end is drawn however soon it comes
	p.end()
	bar := out.String()
	if !strings.Contains(bar, "(4.0/4.0 GiB, ") || !strings.Contains(bar, "B/s) [") {
		t.Errorf("the bar is %q", bar)
	}
	for line := range strings.FieldsFuncSeq(bar, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
