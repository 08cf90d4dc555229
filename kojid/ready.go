package kojid

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// load is the weight of what is worked on; who waits for subtasks weighs nothing.
func (b *builder) load() float64 {
	sum := 0.0
	for _, w := range b.workers {
		if !w.waiting {
			sum += w.weight
		}
	}
	return sum
}

// notReady says why no task can be taken now; "" if one can.
func (b *builder) notReady() string {
	switch {
	case b.restarting:
		return "a restart was asked for"
	case !b.host.Enabled:
		return "the host is disabled at the hub"
	case b.load() > b.host.Capacity:
		return fmt.Sprintf("over capacity: load %.2f of %.2f", b.load(), b.host.Capacity)
	case len(b.workers) >= b.cfg.MaxJobs:
		return fmt.Sprintf("%d tasks run, maxjobs is %d", len(b.workers), b.cfg.MaxJobs)
	}
	if free, err := freeMB(b.cfg.WorkDir); err != nil {
		return err.Error()
	} else if free < int64(b.cfg.MinSpace) {
		return fmt.Sprintf("%d MB are free in %s, minspace is %d", free, b.cfg.WorkDir, b.cfg.MinSpace)
	}
	if b.cfg.MaxLoad > 0 {
		limit := b.cfg.MaxLoad * float64(runtime.NumCPU())
		if load, err := loadAverage(); err == nil && load > limit {
			return fmt.Sprintf("the load average is %.2f, above %.2f", load, limit)
		}
	}
	return ""
}

func freeMB(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("measure free space in %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize) >> 20, nil //nolint:unconvert // 32 bits wide on s390x
}

// loadAverage is that of the last minute.
func loadAverage() (float64, error) {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(data), " ")
	return strconv.ParseFloat(first, 64)
}
