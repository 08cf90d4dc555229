package kojid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"koji"
	"koji/kojid/buildroot"
)

// cleanWorkArea makes the directories of the work area, and removes what a
// killed builder left there. The caller has locked it.
func (b *builder) cleanWorkArea(ctx context.Context) error {
	b.groups.removeLeft()
	for _, dir := range []string{b.cfg.buildrootDir(), b.cfg.tasksDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make work area: %w", err)
		}
	}
	entries, err := os.ReadDir(b.cfg.buildrootDir())
	if err != nil {
		return fmt.Errorf("look for left buildroots: %w", err)
	}
	for _, e := range entries {
		if id, err := strconv.ParseInt(e.Name(), 10, 64); err == nil {
			b.cleanTask(ctx, id)
		}
	}
	left, err := filepath.Glob(filepath.Join(b.cfg.tasksDir(), "*", "*"))
	if err != nil {
		return fmt.Errorf("look for left tasks: %w", err)
	}
	for _, dir := range left {
		if id, err := strconv.ParseInt(filepath.Base(dir), 10, 64); err == nil {
			b.cleanTask(ctx, id)
		}
	}
	return nil
}

// cleanTask removes a task's work area and its buildroots, whether its worker
// did that or not. What can't be removed is said, and tried again at the next start.
func (b *builder) cleanTask(ctx context.Context, id int64) {
	if b.cfg.KeepTasks {
		return
	}
	if err := errors.Join(removeBuildroots(ctx, b.cfg, id), removeTaskDir(b.cfg, id)); err != nil {
		b.log.Error("clean up after task", "task", id, "error", err)
	}
}

func removeTaskDir(cfg *Config, id int64) error {
	dir := cfg.taskDir(id)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(dir)) // as long as it is empty
	return nil
}

// buildrootBase is where the buildroots of a task are.
func (c *Config) buildrootBase(task int64) string {
	return filepath.Join(c.buildrootDir(), strconv.FormatInt(task, 10))
}

// removeBuildroots removes the buildroots of a task with the driver that made them.
func removeBuildroots(ctx context.Context, cfg *Config, task int64) error {
	base := cfg.buildrootBase(task)
	entries, err := os.ReadDir(base)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		kind := cfg.Driver
		if kind == "auto" { // Detect found none this time
			kind = buildroot.KindChroot
		}
		d, err := buildroot.New(kind, buildroot.Config{Name: e.Name(), Arch: "x86_64", BaseDir: base, LogDir: base, Mock: cfg.mock(nil)})
		if err == nil {
			err = d.Clean(ctx)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, os.Remove(base))...)
}

// tidyBuildroots expires the hub's buildroots of ours that no task uses any more.
func (b *builder) tidyBuildroots(ctx context.Context) error {
	var roots []koji.Buildroot
	states := []any{int(koji.BuildrootInit), int(koji.BuildrootWaiting), int(koji.BuildrootBuilding)}
	if err := b.hub.Call(ctx, "listBuildroots", &roots, koji.Named{"hostID": b.host.ID, "state": states}); err != nil {
		return err
	}
	m := b.hub.Multicall()
	for _, r := range roots {
		if r.TaskID != nil && b.workers[*r.TaskID] != nil {
			continue
		}
		m.Add(nil, "host.setBuildRootState", r.ID, int(koji.BuildrootExpired))
	}
	if m.Len() == 0 {
		return nil
	}
	b.log.Info("expiring buildroots that nobody uses", "count", m.Len())
	return m.Run(ctx)
}

// buildrootName is <tag>-<id>-<repo>, fit to be a directory's name.
func buildrootName(tag string, id, repo int64) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.+-", r) {
			return r
		}
		return '_'
	}, tag)
	if plain == "" || strings.HasPrefix(plain, ".") || strings.HasPrefix(plain, "-") || strings.HasPrefix(plain, "+") {
		plain = "_" + plain
	}
	return fmt.Sprintf("%s-%d-%d", plain, id, repo)
}
