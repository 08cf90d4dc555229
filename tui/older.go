package tui

import (
	"context"
	"slices"

	"koji"
)

// A day may have more finished tasks than are kept. Those that aren't are
// counted, and come by pages while one scrolls through the others.
const (
	olderPage  = 200           // tasks of a page
	olderAhead = 2 * olderPage // rows below the screen from which on the next one is asked for
)

// finishedStates are those of tasks that are over.
var finishedStates = []any{int(koji.TaskClosed), int(koji.TaskCanceled), int(koji.TaskFailed)}

// older asks for the page of finished tasks that were made before a time.
func (f *feed) older(before float64) {
	select {
	case f.pages <- before:
	default:
	}
}

// listOlder brings a page of finished tasks.
func (f *feed) listOlder(ctx context.Context, before float64) error {
	opts := f.chosen(map[string]any{"state": finishedStates, "completedAfter": f.today, "createdBefore": before})
	var tasks []koji.Task
	var count int
	m := f.hub.read.Multicall()
	m.Add(&tasks, "listTasks", opts, map[string]any{"order": "-id", "limit": f.page})
	m.Add(&count, "listTasks", opts, map[string]any{"countOnly": true})
	if err := f.hub.all(ctx, m); err != nil {
		return err
	}
	c := changes{older: true, rest: max(count-len(tasks), 0)}
	for _, t := range tasks {
		n := taskOf(t, f.names)
		f.seen[n.id] = n
		c.tasks = append(c.tasks, n)
	}
	f.send(c)
	return nil
}

// prune lets the oldest finished trees go when there are too many tasks. While
// one looks at what is finished there may be twice as many.
func (s *store) prune() {
	limit := s.limit
	if s.wide {
		limit *= 2
	}
	before := len(s.tasks)
	if before <= limit {
		return
	}
	for len(s.tasks) > limit && len(s.settled.ids) > 0 {
		s.removeTree(s.settled.ids[len(s.settled.ids)-1])
	}
	roots := slices.Clone(s.roots)
	for i := len(roots) - 1; i >= 0 && len(s.tasks) > limit; i-- {
		if e := s.tasks[roots[i]]; e.finished() {
			s.removeTree(e.id)
		}
	}
	s.rest += before - len(s.tasks)
}

// oldest is when the last of the settled trees was made; false if none can
// come after it, or there is no room for more.
func (s *store) oldest() (made float64, more bool) {
	ids := s.settled.ids
	if len(ids) == 0 || s.rest == 0 || len(s.tasks) > 2*s.limit-olderPage {
		return 0, false
	}
	return s.tasks[ids[len(ids)-1]].created, true
}

// nearEnd reports whether the settled trees are listed and their end is near.
func (t *tree) nearEnd() bool {
	return t.folds[rowKey{rowDone, 0}] && len(t.rows) < t.top+t.height+olderAhead
}

// scrolled asks for older trees if the end of those that there are is near.
// The same page isn't asked for twice: one that brought nothing was the last.
func (v *tasksView) scrolled() {
	made, more := v.e.store.oldest()
	if !more || made == v.older || !v.t.nearEnd() || !v.filter.empty() || !v.e.link.up {
		return
	}
	v.older = made
	v.e.feed.older(made + 0.001) // the hub tells times to the microsecond, and others may have been made with it
}
