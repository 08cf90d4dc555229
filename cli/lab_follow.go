package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"koji"
)

// labProgress is a bar that is drawn on terminals only.
type labProgress struct{ bar *progressbar.ProgressBar }

func (l *lab) progress(what, unit string) *labProgress {
	if !l.live {
		return &labProgress{}
	}
	return &labProgress{progressbar.NewOptions(1, progressbar.OptionSetWriter(l.out), progressbar.OptionSetDescription("  "+what),
		progressbar.OptionSetItsString(unit), progressbar.OptionShowCount(), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(50*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))}
}

func (p *labProgress) set(done, total int) {
	if p.bar == nil || total <= 0 {
		return
	}
	p.bar.ChangeMax(total)
	_ = p.bar.Set(min(done, total)) // a bar that can't be drawn changes nothing
}

func (p *labProgress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// follow shows the task trees of the builds until they end. It fails if one of
// them did not succeed.
func (l *lab) follow(ctx context.Context, session *koji.Session, builds []*labBuild) error {
	roots := make([]int64, len(builds))
	for i, b := range builds {
		roots[i] = b.task
	}
	tree := koji.NewTree(roots...)
	begun := time.Now()
	for change, err := range koji.Watch(ctx, session, roots, koji.WatchOptions{Tree: tree, PollInterval: time.Second}) {
		if err != nil {
			return err
		}
		if change.StateChanged() {
			l.say("%6.1fs  %s%d %s: %s", time.Since(begun).Seconds(), strings.Repeat("  ", change.Depth), change.Task.ID, koji.TaskLabel(change.Task), change.Task.State)
		}
	}
	for _, b := range builds {
		if task, ok := tree.Task(b.task); !ok || task.State != koji.TaskClosed {
			return l.explain(ctx, session, b)
		}
	}
	return nil
}

// explain says why a build did not succeed.
func (l *lab) explain(ctx context.Context, session *koji.Session, b *labBuild) error {
	var result any
	err := session.Call(ctx, "getTaskResult", &result, b.task)
	return fmt.Errorf("build of %s did not succeed: %w", b.source.nvr, err)
}
