package tui

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// logCache keeps parts of finished logs on the disk, of all hubs together, so
// that what was looked at or looked through once is there at once the next
// time. It is only a convenience: what can't be kept or read is fetched.
//
// Each log has a folder, named by a digest of whose it is and in which state,
// so no name of a hub is ever part of a path, and a log that has changed is
// another one. In it there is a file for each block of the log. Several
// programs may share a cache: a block is there whole or not at all.
type logCache struct {
	dir   string
	limit int64 // bytes of all blocks

	mu      sync.Mutex
	written int64 // since it was last seen to that the limit holds
}

const (
	blockSize  = rangeSize / 2 // so that the end of a log, as it is fetched first, holds its last two blocks
	cacheLimit = 512 << 20
)

// CacheDir is where parts of logs are kept: below XDG_CACHE_HOME, or ~/.cache.
// It is "" if neither is known.
func CacheDir(env func(string) string) string {
	if dir := env("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "koji", "tui")
	}
	if home := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".cache", "koji", "tui")
	}
	return ""
}

// newLogCache is a cache below dir, nil if that is "".
func newLogCache(dir string) *logCache {
	if dir == "" {
		return nil
	}
	return &logCache{dir: filepath.Join(dir, "logs"), limit: cacheLimit, written: cacheLimit}
}

// slack is how much is written between two looks at the limit.
func (c *logCache) slack() int64 { return c.limit / 32 }

// logKey names a log in a state that it won't leave any more.
type logKey struct {
	server string
	file   string // of the server
	state  string // its size and time, "" if they aren't known yet
}

func (c *logCache) folder(k logKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", k.server, k.file, k.state))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:]))
}

// through reads a log whose task has finished by way of the cache. One whose
// state or size isn't known yet is read as it is, and what comes is kept.
func (c *logCache) through(k logKey, size int64, read logSource) logSource {
	return func(ctx context.Context, from, n int64) (fetched, error) {
		if from < 0 || k.state == "" {
			return c.first(ctx, k, from, n, read)
		}
		dir, end := c.folder(k), min(from+n, size)
		f := fetched{size: size, data: make([]byte, 0, max(end-from, 0))}
		for at := from / blockSize * blockSize; at < end; {
			data := c.block(dir, at, size)
			if data == nil {
				// What is missing is fetched at once, up to what is there again.
				to := at + blockSize
				for to < end && !c.has(dir, to) {
					to += blockSize
				}
				got, err := read(ctx, at, to-at)
				if err != nil {
					return f, err
				}
				c.keep(dir, at, size, got.data)
				data, f.size, f.files = got.data, got.size, got.files
			}
			f.data = append(f.data, data[min(max(from-at, 0), int64(len(data))):min(int64(len(data)), end-at)]...)
			if at += int64(len(data)); at%blockSize != 0 || len(data) == 0 {
				break // the end, or it is shorter than it was said to be
			}
		}
		return f, nil
	}
}

// first reads a log of which nothing is known yet.
func (c *logCache) first(ctx context.Context, k logKey, from, n int64, read logSource) (fetched, error) {
	f, err := read(ctx, from, n)
	if err != nil || f.state == "" {
		return f, err
	}
	if from < 0 {
		from = max(f.size+from, 0)
	}
	k.state = f.state
	dir := c.folder(k)
	c.keep(dir, from, f.size, f.data)
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // it is looked at: that others are let go before it is no must
	return f, nil
}

func (c *logCache) file(dir string, at int64) string {
	return filepath.Join(dir, strconv.FormatInt(at/blockSize, 10))
}

func (c *logCache) has(dir string, at int64) bool {
	_, err := os.Lstat(c.file(dir, at))
	return err == nil
}

// block is a block that is kept, nil if it isn't.
func (c *logCache) block(dir string, at, size int64) []byte {
	data, err := os.ReadFile(c.file(dir, at))
	if err != nil || int64(len(data)) != min(blockSize, size-at) {
		return nil
	}
	return data
}

// keep keeps the whole blocks of data, which stands at a place of a log.
func (c *logCache) keep(dir string, from, size int64, data []byte) {
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	for at := (from + blockSize - 1) / blockSize * blockSize; at < size; at += blockSize {
		begin, end := at-from, min(at+blockSize, size)-from
		if end > int64(len(data)) || writeFile(c.file(dir, at), data[begin:end]) != nil {
			break
		}
	}
	c.mu.Lock()
	c.written += int64(len(data))
	due := c.written >= c.slack()
	if due {
		c.written = 0
	}
	c.mu.Unlock()
	if due {
		c.prune()
	}
}

// prune lets blocks go when there are too many: those of logs that weren't
// looked at for the longest time first, and of one log those written first.
func (c *logCache) prune() {
	type kept struct {
		path           string
		size           int64
		looked, stored time.Time
	}
	var all []kept
	var total int64
	logs, _ := os.ReadDir(c.dir)
	for _, log := range logs {
		info, err := log.Info()
		if err != nil || !info.IsDir() {
			continue
		}
		blocks, _ := os.ReadDir(filepath.Join(c.dir, log.Name()))
		for _, b := range blocks {
			if bi, err := b.Info(); err == nil && bi.Mode().IsRegular() {
				all = append(all, kept{filepath.Join(c.dir, log.Name(), b.Name()), bi.Size(), info.ModTime(), bi.ModTime()})
				total += bi.Size()
			}
		}
	}
	if total <= c.limit-c.slack() {
		return
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(a.looked.Compare(b.looked), a.stored.Compare(b.stored)) })
	for _, k := range all {
		if total <= c.limit-2*c.slack() {
			break
		}
		if err := os.Remove(k.path); err == nil || os.IsNotExist(err) {
			total -= k.size
		}
		_ = os.Remove(filepath.Dir(k.path)) // once it is empty
	}
}
