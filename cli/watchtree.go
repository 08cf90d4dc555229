package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"koji"
	"koji/internal/safetext"
)

// inPlace keeps a tree of the tasks on the terminal up to date.
func (w *taskWatch) inPlace(ctx context.Context) error {
	w.estimates = true
	screen := &treeScreen{w: w}
	stop := make(chan struct{})
	var ticks sync.WaitGroup
	ticks.Add(1)
	go func() {
		defer ticks.Done()
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case <-t.C:
				screen.draw(time.Now(), false)
			}
		}
	}()
	err := w.each(ctx, func(koji.TreeChange) { screen.draw(time.Now(), false) })
	close(stop)
	ticks.Wait()
	screen.draw(time.Now(), true)
	return err
}

// treeScreen is the place on the terminal where the tree stands.
type treeScreen struct {
	w     *taskWatch
	mu    sync.Mutex
	lines int // drawn last time
}

// draw replaces the tree. While tasks run it is cut to what fits the screen,
// finished subtasks first; the last drawing holds everything.
func (t *treeScreen) draw(now time.Time, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	width, height := t.w.env.size()
	lines := t.render(now, width, false)
	if !last && len(lines) >= height {
		lines = t.render(now, width, true)
		if n := len(lines) - (height - 1); n > 0 {
			lines = lines[n:]
		}
	}
	var b strings.Builder
	if t.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", t.lines)
	}
	b.WriteString("\r\x1b[J")
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	screen := t.w.env.screen
	if t.w.env.coloured {
		screen = colourWriter{screen}
	}
	// One write, so that no half of a tree is seen.
	_, _ = io.WriteString(screen, b.String())
	t.lines = len(lines)
}

// render is the tree as lines no wider than the screen.
func (t *treeScreen) render(now time.Time, width int, running bool) []string {
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	var lines []string
	for depth, task := range t.w.tree.All() {
		if running && depth > 0 && task.State == koji.TaskClosed {
			continue
		}
		text := fmt.Sprintf("%s%s %d %s: %s%s", strings.Repeat("  ", depth), mark(task.State), task.ID,
			koji.TaskLabel(task), t.w.state(task), age(task, now)) + t.w.usualBar(task, koji.Seconds(now))
		line := cut(safetext.Clean(text), width-1)
		if sign := stateMark(task.State.String()); sign != 0 && t.w.env.coloured {
			line = strings.Replace(line, mark(task.State), string(sign)+mark(task.State)+string(markPlain), 1)
		}
		lines = append(lines, line)
	}
	return lines
}

// mark is a sign for a state, for those who look at once.
func mark(s koji.TaskState) string {
	switch s {
	case koji.TaskOpen:
		return "▶"
	case koji.TaskClosed:
		return "✔"
	case koji.TaskFailed:
		return "✘"
	case koji.TaskCanceled:
		return "–"
	case koji.TaskAssigned:
		return "→"
	}
	return "·"
}

// age is how long a task has run or ran.
func age(t koji.Task, now time.Time) string {
	if t.StartTS == nil || t.State == koji.TaskFree {
		return ""
	}
	end := koji.Seconds(now)
	if t.CompletionTS != nil {
		end = *t.CompletionTS
	}
	return "  " + clock(max(0, end-*t.StartTS))
}

// clock is a time in seconds as a clock would show it.
func clock(span float64) string {
	seconds := int(span)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// cut shortens a line to width characters.
func cut(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width || width < 1 {
		return s
	}
	return string(runes[:width-1]) + "…"
}
