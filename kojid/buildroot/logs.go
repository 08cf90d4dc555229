package buildroot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The names of the logs are mock's; Koji's builder uploads them as they grow.
const (
	rootLog      = "root.log"
	buildLog     = "build.log"
	stateLog     = "state.log"
	hwInfoLog    = "hw_info.log"
	installedLog = "installed_pkgs.log"
)

const stamp = "2006-01-02 15:04:05"

// logs are the growing log files of a buildroot, in its result directory.
type logs struct {
	dir                string
	root, build, state *os.File
	mu                 sync.Mutex
}

func openLogs(dir string) (*logs, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make result directory: %w", err)
	}
	l := &logs{dir: dir}
	for name, f := range map[string]**os.File{rootLog: &l.root, buildLog: &l.build, stateLog: &l.state} {
		var err error
		if *f, err = os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
			_ = l.close()
			return nil, fmt.Errorf("open log: %w", err)
		}
	}
	return l, nil
}

func (l *logs) close() error {
	var errs []error
	for _, f := range []*os.File{l.root, l.build, l.state} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// say writes a line of our own to root.log.
func (l *logs) say(format string, args ...any) {
	l.line(l.root, "INFO: "+fmt.Sprintf(format, args...))
}

// phase marks the beginning of a phase in state.log and returns what marks its end:
//
//	2026-11-22 06:17:04,897 - Start: chroot init
func (l *logs) phase(name string) (finish func()) {
	l.line(l.state, "- Start: "+name)
	return func() { l.line(l.state, "- Finish: "+name) }
}

// line writes one line; a log that cannot be written to (a full disk) does not
// fail a build that can.
func (l *logs) line(f *os.File, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	fmt.Fprintf(f, "%s,%03d %s\n", now.Format(stamp), now.Nanosecond()/1e6, strings.TrimRight(text, "\n"))
}

// write replaces a whole small log.
func (l *logs) write(name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(l.dir, name), data, 0o644); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// tail passes on what is written to it and remembers the last part, in which
// errors are looked for.
type tail struct {
	w   io.Writer
	buf []byte
}

const tailSize = 256 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > tailSize {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return t.w.Write(p)
}

func (t *tail) String() string { return string(t.buf) }

// installedText is installed_pkgs.log: "nevra buildtime size sigmd5 installed".
func installedText(pkgs []Package) []byte {
	var b bytes.Buffer
	for _, p := range pkgs {
		ver := p.Version
		if p.Epoch != nil {
			ver = fmt.Sprintf("%d:%s", *p.Epoch, p.Version)
		}
		fmt.Fprintf(&b, "%s-%s-%s.%s %d %d %s installed\n", p.Name, ver, p.Release, p.Arch, p.BuildTime, p.Size, p.SigMD5)
	}
	return b.Bytes()
}
