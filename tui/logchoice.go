package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// logChoice is the log that fits a task best.
type logChoice struct {
	of    int64 // the task that was asked about
	task  int64 // the one whose log it is
	name  string
	files map[string]fileStat
	right bool // the next one is wanted beside it
}

var errNoLog = errors.New("there is no log yet")

// chooseLog finds the log to open for a task. A parent has hardly one of its
// own: what failed below it, or what runs, is what one wants to read.
func (e *env) chooseLog(id int64, c *calls) tea.Cmd { return e.chooseLogs(id, c, false) }

// chooseLogs is the same, with the log of the next arch beside it if right is set.
func (e *env) chooseLogs(id int64, c *calls, right bool) tea.Cmd {
	ids, h := e.logTasks(id), e.hub
	return e.ask(c, func(ctx context.Context) (any, error) {
		l, err := findLog(ctx, h, id, ids)
		l.right = right
		return l, err
	})
}

// logTasks are the tasks whose logs are tried, the best first.
func (e *env) logTasks(id int64) []int64 {
	t := e.store.get(id)
	if t == nil || len(t.children) == 0 {
		return []int64{id}
	}
	var failed, running, rest []int64
	for i := len(t.children) - 1; i >= 0; i-- {
		switch child := e.store.get(t.children[i]); child.kind {
		case kindFailed:
			failed = append(failed, child.id)
		case kindRun:
			running = append(running, child.id)
		default:
			rest = append(rest, child.id)
		}
	}
	return slices.Concat(failed, running, []int64{id}, rest)
}

// firstLog is the log one looks for first, "" if there is none with text.
func firstLog(files map[string]fileStat) string {
	best := ""
	for name, st := range files {
		if strings.HasSuffix(name, ".log") && st.size() > 0 && (best == "" || logRank(name) < logRank(best)) {
			best = name
		}
	}
	return best
}

func (e *env) openLog(l logChoice, err error) {
	if err != nil {
		e.tell(roleWarn, fmt.Sprintf("log of %d: %s", l.task, errorText(err)))
		return
	}
	v := newLogView(e, l.task, l.name, l.files)
	v.right = l.right
	e.next = v
}
