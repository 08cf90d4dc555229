package kojira

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"koji"
)

// repoDir is a repo's directory below the topdir.
func repoDir(r koji.Repo) string {
	return path.Join(reposDir(r.Dist), r.TagName, strconv.FormatInt(r.ID, 10))
}

func reposDir(dist bool) string {
	if dist {
		return "repos-dist"
	}
	return "repos"
}

// remover removes directories of repos, some at a time. It cannot leave the
// topdir: no link inside leads it out, and it follows none.
type remover struct {
	top   string
	log   *slog.Logger
	queue chan string
	count int

	mu     sync.Mutex
	queued map[string]bool // and those under way
}

func newRemover(cfg *Config, log *slog.Logger) *remover {
	return &remover{top: cfg.TopDir, log: log, queue: make(chan string, 1024), count: cfg.DeleteProcesses, queued: map[string]bool{}}
}

// remove queues a repo's directory, given relative to the topdir.
func (r *remover) remove(ctx context.Context, dir string) error {
	if err := checkRepoDir(dir); err != nil {
		return err
	}
	r.mu.Lock()
	already := r.queued[dir]
	r.queued[dir] = true
	r.mu.Unlock()
	if already {
		return nil
	}
	select {
	case r.queue <- dir:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkRepoDir makes sure that a path is that of a repo:
// [vol/VOLUME/](repos|repos-dist)/TAG/ID.
func checkRepoDir(dir string) error {
	parts := strings.Split(dir, "/")
	if len(parts) == 5 && parts[0] == "vol" && parts[1] != "" {
		parts = parts[2:]
	}
	ok := path.Clean(dir) == dir && len(parts) == 3 && (parts[0] == "repos" || parts[0] == "repos-dist") && parts[1] != "" && parts[1] != ".."
	if ok {
		_, err := strconv.ParseUint(parts[2], 10, 63)
		ok = err == nil
	}
	if !ok {
		return fmt.Errorf("%q is not the directory of a repo", dir)
	}
	return nil
}

// run removes what is queued until ctx ends.
func (r *remover) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range r.count {
		wg.Go(func() {
			for {
				select {
				case dir := <-r.queue:
					if err := r.removeNow(dir); err != nil {
						r.log.Error("remove repo", "dir", dir, "error", err)
					} else {
						r.log.Info("removed repo", "dir", dir)
					}
					r.mu.Lock()
					delete(r.queued, dir)
					r.mu.Unlock()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
}

// removeNow removes a repo's directory. A dist repo on another volume is a link
// in the default one; both go.
func (r *remover) removeNow(dir string) error {
	root, err := os.OpenRoot(r.top)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return root.RemoveAll(dir)
	}
	target, err := root.Readlink(dir)
	if err != nil {
		return err
	}
	if err := root.Remove(dir); err != nil {
		return err
	}
	there := path.Join(path.Dir(dir), target)
	if path.IsAbs(target) || checkRepoDir(there) != nil {
		return fmt.Errorf("link to %s leads to no repo, only the link was removed", target)
	}
	return root.RemoveAll(there)
}
