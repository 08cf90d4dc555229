package cli

import (
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
