//go:build linux

package buildroot

import "testing"

func TestRootIsMount(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mountinfo string
		want      bool
	}{
		"a machine":      {"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n23 22 0:21 / /proc rw - proc proc rw\n", true},
		"a plain chroot": {"23 22 0:21 / /proc rw - proc proc rw\n24 22 0:22 / /sys rw - sysfs sysfs rw\n", false},
		"nothing":        {"", false},
		"half a line":    {"22 1 254:0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rootIsMount(tc.mountinfo); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
