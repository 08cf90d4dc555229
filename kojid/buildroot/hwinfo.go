//go:build linux

package buildroot

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// hwInfo describes the machine: kernel, processors, memory, room below dir.
func hwInfo(dir string) []byte {
	var b bytes.Buffer
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		fmt.Fprintf(&b, "Kernel: %s %s %s\n", unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:]))
	}
	fmt.Fprintf(&b, "\nCPU info:\nCPU(s): %d\n", runtime.NumCPU())
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		first, _, _ := strings.Cut(string(data), "\n\n")
		fmt.Fprintln(&b, first)
	}
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		fmt.Fprintf(&b, "\nMemory:\n")
		for l := range strings.Lines(string(data)) {
			switch k, _, _ := strings.Cut(l, ":"); k {
			case "MemTotal", "MemAvailable", "SwapTotal", "SwapFree":
				b.WriteString(l)
			}
		}
	}
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) == nil {
		size := int64(st.Bsize) //nolint:unconvert // 32 bits wide on s390x
		fmt.Fprintf(&b, "\nStorage:\n%s: %d MB, %d MB available\n", dir, int64(st.Blocks)*size>>20, int64(st.Bavail)*size>>20)
	}
	return b.Bytes()
}
