package kojira

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"koji"
)

// prune removes directories of repos that the hub doesn't know, or has deleted
// long ago. known are those that it has.
func (k *keeper) prune(ctx context.Context, known map[int64]bool) error {
	tops := []string{"repos", "repos-dist"}
	if !k.cfg.IgnoreVolumes {
		volumes, err := filepath.Glob(filepath.Join(k.cfg.TopDir, "vol", "*", "repos-dist"))
		if err != nil {
			return err
		}
		for _, v := range volumes {
			tops = append(tops, path.Join("vol", filepath.Base(filepath.Dir(v)), "repos-dist"))
		}
	}
	var errs []error
	seen := map[int64]bool{}
	for _, top := range tops {
		errs = append(errs, k.pruneTop(ctx, top, known, seen))
	}
	for id := range k.strays {
		if !seen[id] {
			delete(k.strays, id)
		}
	}
	return errors.Join(errs...)
}

func (k *keeper) pruneTop(ctx context.Context, top string, known, seen map[int64]bool) error {
	tags, err := os.ReadDir(filepath.Join(k.cfg.TopDir, top))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if !tag.IsDir() {
			continue
		}
		if err := k.pruneTag(ctx, path.Join(top, tag.Name()), known, seen); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) pruneTag(ctx context.Context, dir string, known, seen map[int64]bool) error {
	entries, err := os.ReadDir(filepath.Join(k.cfg.TopDir, dir))
	if err != nil {
		return err
	}
	latest, _ := os.Readlink(filepath.Join(k.cfg.TopDir, dir, "latest")) // most often there is none
	now := k.now()
	for _, e := range entries {
		id, err := strconv.ParseInt(e.Name(), 10, 64)
		if err != nil || id < 1 || known[id] || path.Base(latest) == e.Name() {
			continue
		}
		seen[id] = true
		if k.strays[id].After(now) {
			continue
		}
		k.strays[id] = now.Add(k.cfg.RecheckPeriod)
		old, err := k.isOld(ctx, id, filepath.Join(k.cfg.TopDir, dir, e.Name()), now)
		if err != nil {
			return err
		}
		if old {
			if err := k.rm.remove(ctx, path.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// isOld says whether a directory may go: it is of a repo deleted long ago, or of
// none at all and hasn't been touched for as long.
func (k *keeper) isOld(ctx context.Context, id int64, dir string, now time.Time) (bool, error) {
	var r *koji.Repo
	if err := k.hub.Call(ctx, "repoInfo", &r, id); err != nil {
		return false, err
	}
	if r != nil {
		return r.State == koji.RepoDeleted && now.Sub(since(*r)) > k.cfg.ExpiredLifetime, nil
	}
	if k.cfg.IgnoreStray {
		return false, nil
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return false, nil // gone meanwhile
	}
	if now.Sub(info.ModTime()) <= k.cfg.ExpiredLifetime {
		return false, nil
	}
	k.log.Warn("removing a directory that belongs to no repo", "dir", dir)
	return true, nil
}
