package kojid

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	logEvery = 500 * time.Millisecond // how often logs are looked at
	logBlock = 64 << 10               // bytes of one upload
)

// logTail uploads the logs in some directories while they grow, so that they can
// be read while the task runs.
type logTail struct {
	// upload writes data at an offset of a file at the hub, and ends the file there.
	upload func(ctx context.Context, name string, offset int64, data []byte) error
	log    *slog.Logger
	// stamps adds a file NAME-ts.log to each log: when it had grown to which size.
	stamps bool
	now    func() time.Time

	mu   sync.Mutex // one pass at a time
	dirs []logDir
	logs map[string]*tailedLog // by dir and file
	used map[string]bool       // names at the hub

	stop chan struct{}
	done chan struct{}
}

// logDir is a place where logs grow.
type logDir struct {
	root string // nothing outside of it is read, whatever links say: it may be a buildroot
	sub  string
}

// tailedLog is what of a log is at the hub.
type tailedLog struct {
	name   string // at the hub
	sent   int64
	sum    hash.Hash32 // adler32 of what was sent
	stamps []byte
}

// tailLogs begins to upload the task's logs.
func (t *Task) tailLogs(ctx context.Context, dirs ...logDir) *logTail {
	lt := &logTail{
		upload: func(ctx context.Context, name string, offset int64, data []byte) error {
			return t.hub.UploadAt(ctx, t.uploadDir(), name, offset, data, true)
		},
		log: t.log, stamps: t.cfg.LogTimestamps, now: time.Now, dirs: dirs,
	}
	lt.start(ctx)
	return lt
}

func (lt *logTail) start(ctx context.Context) {
	lt.logs, lt.used = map[string]*tailedLog{}, map[string]bool{}
	lt.stop, lt.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(lt.done)
		tick := time.NewTicker(logEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := lt.pass(ctx, false); err != nil && ctx.Err() == nil {
					lt.log.Warn("upload logs as they grow", "error", err)
				}
			case <-lt.stop:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
}

// add has logs uploaded from one more place.
func (lt *logTail) add(d logDir) {
	lt.mu.Lock()
	defer lt.mu.Unlock()
	lt.dirs = append(lt.dirs, d)
}

// finish uploads the rest and returns the names of all logs at the hub, sorted.
// It is called once.
func (lt *logTail) finish(ctx context.Context) ([]string, error) {
	close(lt.stop)
	<-lt.done
	if err := lt.pass(ctx, true); err != nil {
		return nil, err
	}
	lt.mu.Lock()
	defer lt.mu.Unlock()
	var names []string
	for name := range lt.used {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// pass uploads what is new. The last pass sees to it that the hub has each log
// as it is in the end, also those that were rewritten instead of appended to.
func (lt *logTail) pass(ctx context.Context, last bool) error {
	lt.mu.Lock()
	defer lt.mu.Unlock()
	var errs []error
	for _, d := range lt.dirs {
		errs = append(errs, lt.passDir(ctx, d, last))
	}
	return errors.Join(errs...)
}

func (lt *logTail) passDir(ctx context.Context, d logDir, last bool) error {
	root, err := os.OpenRoot(d.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for logs: %w", err)
	}
	defer root.Close()
	dir, err := openPlain(root, d.sub)
	if err != nil {
		return nil // not there yet, or no place for logs
	}
	names, err := dir.Readdirnames(-1)
	dir.Close()
	if err != nil {
		return nil
	}
	slices.Sort(names)
	var errs []error
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") || strings.HasPrefix(name, ".") {
			continue
		}
		f, err := openPlain(root, path.Join(d.sub, name))
		if err != nil {
			continue // gone meanwhile, or a link that leads out
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			errs = append(errs, lt.passFile(ctx, d.root+"\x00"+path.Join(d.sub, name), name, f, last))
		}
		f.Close()
	}
	return errors.Join(errs...)
}

// openPlain opens a file without waiting for the other end of a pipe.
func openPlain(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (lt *logTail) passFile(ctx context.Context, key, name string, f *os.File, last bool) error {
	l := lt.logs[key]
	if l == nil {
		l = &tailedLog{name: lt.freeName(name), sum: adler32.New()}
		lt.logs[key] = l
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	again := info.Size() < l.sent
	if last && !again {
		same, err := l.matches(f)
		if err != nil {
			return fmt.Errorf("read log %s: %w", name, err)
		}
		again = !same
	}
	if again {
		l.sent = 0
		l.sum.Reset()
	}
	return lt.send(ctx, l, f, last)
}

// freeName is the log's name at the hub; a second one of that name is marked.
func (lt *logTail) freeName(name string) string {
	free := name
	for n := 1; lt.used[free]; n++ {
		free = fmt.Sprintf("%s.DUP%02d.log", strings.TrimSuffix(name, ".log"), n)
	}
	lt.used[free] = true
	return free
}

// matches says whether what was sent is still how the file begins.
func (l *tailedLog) matches(f *os.File) (bool, error) {
	sum := adler32.New()
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, l.sent))
	if err != nil {
		return false, err
	}
	return n == l.sent && sum.Sum32() == l.sum.Sum32(), nil
}

func (lt *logTail) send(ctx context.Context, l *tailedLog, f *os.File, last bool) error {
	buf := make([]byte, logBlock)
	for {
		n, err := f.ReadAt(buf, l.sent)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read log %s: %w", l.name, err)
		}
		// An empty log is a file too, in the end.
		if n > 0 || last && l.sent == 0 {
			if err := lt.upload(ctx, l.name, l.sent, buf[:n]); err != nil {
				return err
			}
			l.sent += int64(n)
			l.sum.Write(buf[:n])
			if err := lt.stamp(ctx, l); err != nil {
				return err
			}
		}
		if n < len(buf) {
			return nil
		}
	}
}

// stamp notes when the log had grown to its size.
func (lt *logTail) stamp(ctx context.Context, l *tailedLog) error {
	if !lt.stamps {
		return nil
	}
	name := strings.TrimSuffix(l.name, ".log") + "-ts.log"
	lt.used[name] = true
	at := int64(len(l.stamps))
	line := fmt.Appendf(nil, "%.2f %d\n", float64(lt.now().UnixMilli())/1000, l.sent)
	if err := lt.upload(ctx, name, at, line); err != nil {
		return err
	}
	l.stamps = append(l.stamps, line...)
	return nil
}
