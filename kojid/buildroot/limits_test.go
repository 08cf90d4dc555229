//go:build linux

package buildroot

import (
	"strings"
	"testing"
)

// A limit holds, or root.log says that it cannot.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{KindChroot, KindHost} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(t, kind)
			cfg.Limits = Limits{PIDs: 40, Memory: 400 << 20, CPU: 1}
			d := started(t, kind, cfg)
			log := logText(t, cfg, rootLog)
			if !strings.Contains(log, "no pids limit") {
				var out strings.Builder
				err := d.Run(t.Context(), []string{"awk", `BEGIN { for (i = 0; i < 80; i++) print "x" | ("exec cat >/dev/null #" i) }`}, RunOpts{Stdout: &out})
				if err == nil {
					t.Errorf("80 processes were started: %v\n%s", err, out.String())
				}
			}
			if !strings.Contains(log, "no memory limit") {
				if err := d.Run(t.Context(), []string{"sh", "-c", "head -c 900000000 /dev/zero | tail | wc -c"}, RunOpts{}); err == nil {
					if text := logText(t, cfg, rootLog); strings.Contains(text, "\n900000000\n") {
						t.Errorf("900 MB were had:\n%s", text)
					}
				}
			}
		})
	}
}
