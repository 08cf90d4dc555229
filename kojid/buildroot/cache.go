//go:build linux

package buildroot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// keptBases is how many base roots a cache keeps; more live as long as a
// buildroot stands on them.
const keptBases = 3

// cache is a directory of base roots: DIGEST/root, DIGEST.lock beside it. A base
// appears under its digest when complete. Its lock is held exclusively by who
// makes or removes it and shared by every buildroot on top; the kernel gives the
// lock back when a process dies.
type cache struct{ dir string }

// base is a kept root in use.
type base struct {
	root string
	lock *os.File
}

func (b *base) release() error {
	if b == nil || b.lock == nil {
		return nil
	}
	err := b.lock.Close()
	b.lock = nil
	return err
}

// baseDigest identifies a base root by everything that decides what is in it.
func baseDigest(ctx context.Context, c *Config) (string, error) {
	key := struct {
		Layout         int
		Arch, Group    string
		Packages       []string
		User           string
		UID            int
		Macros         string
		Repos, Repomds []string
	}{Layout: 1, Arch: c.Arch, Group: c.Group, Packages: groupArgs(c), User: c.BuildUser, UID: c.BuildUID, Macros: homeMacros(c)}
	for _, r := range c.Repos {
		sum, err := repomdSum(ctx, r.URL)
		if err != nil {
			return "", err
		}
		key.Repos = append(key.Repos, r.ID+" "+r.URL)
		key.Repomds = append(key.Repomds, sum)
	}
	data, err := json.Marshal(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]), nil
}

// repomdSum is the checksum of a repo's repomd.xml, which has the checksums of
// all its metadata.
func repomdSum(ctx context.Context, repo string) (string, error) {
	r, err := openRepoFile(ctx, repo, "repodata/repomd.xml")
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(r, 16<<20)); err != nil {
		return "", fmt.Errorf("read repomd.xml of %s: %w", repo, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// openRepoFile opens a file below the base URL of a repo.
func openRepoFile(ctx context.Context, repo, name string) (io.ReadCloser, error) {
	s, err := repoURL(repo)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	u = u.JoinPath(strings.Split(name, "/")...)
	if u.Scheme == "file" {
		f, err := os.Open(u.Path)
		if err != nil {
			return nil, fmt.Errorf("open repo: %w", err)
		}
		return f, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open repo: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("open repo: %s: %s", u, resp.Status)
	}
	return resp.Body, nil
}

// use returns the base root of a digest, locked against removal, and lets fill
// make it in an area of the given path if there is none.
func (c cache) use(ctx context.Context, digest string, fill func(area string) error) (*base, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	final := filepath.Join(c.dir, digest)
	b := &base{root: filepath.Join(final, "root")}
	for {
		lock, err := lockFile(ctx, final+".lock", unix.LOCK_SH)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(b.root); err == nil {
			b.lock = lock
			now := time.Now()
			// The time of last use decides what is kept.
			return b, errors.Join(os.Chtimes(final, now, now), c.trim())
		}
		lock.Close()
		if err := c.fill(ctx, final, fill); err != nil {
			return nil, err
		}
	}
}

func (c cache) fill(ctx context.Context, final string, fill func(area string) error) error {
	lock, err := lockFile(ctx, final+".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(final); err == nil {
		return nil // someone else was faster
	}
	area := final + ".new"
	if err := os.RemoveAll(area); err != nil {
		return fmt.Errorf("remove unfinished base root: %w", err)
	}
	if err := os.Mkdir(area, 0o700); err != nil {
		return fmt.Errorf("make base root: %w", err)
	}
	if err := fill(area); err != nil {
		return errors.Join(err, os.RemoveAll(area))
	}
	if err := os.Rename(area, final); err != nil {
		return fmt.Errorf("keep base root: %w", err)
	}
	return nil
}

// trim removes all but the last used base roots, and leavings of killed workers,
// unless they are locked.
func (c cache) trim() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("read cache: %w", err)
	}
	type entry struct {
		path string
		used time.Time
	}
	var old []entry
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() {
			continue
		}
		used := info.ModTime()
		if strings.HasSuffix(e.Name(), ".new") {
			used = time.Time{}
		}
		old = append(old, entry{filepath.Join(c.dir, e.Name()), used})
	}
	slices.SortFunc(old, func(a, b entry) int { return b.used.Compare(a.used) })
	var errs []error
	for i, e := range old {
		if i < keptBases && !e.used.IsZero() {
			continue
		}
		errs = append(errs, removeUnlocked(e.path))
	}
	return errors.Join(errs...)
}

func removeUnlocked(path string) error {
	lockPath := strings.TrimSuffix(path, ".new") + ".lock"
	lock, err := os.OpenFile(lockPath, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock base root: %w", err)
	}
	defer lock.Close()
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return nil // in use
	}
	// Renamed first, so that a half removed root is never taken for a base. The
	// lock file stays: removing it would let two hold "the" lock.
	gone := strings.TrimSuffix(path, ".new") + ".new"
	if gone != path {
		if err := os.RemoveAll(gone); err != nil {
			return fmt.Errorf("remove base root: %w", err)
		}
		if err := os.Rename(path, gone); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove base root: %w", err)
		}
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove base root: %w", err)
	}
	return nil
}

// lockFile takes a lock, waiting as long as ctx allows.
func lockFile(ctx context.Context, path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock base root: %w", err)
	}
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock base root: %w", err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
