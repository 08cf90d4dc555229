package koji

import (
	"iter"
	"slices"
	"sync"
)

// Tree is what is known of some tasks and all their descendants. Reading and
// writing may go on at the same time.
type Tree struct {
	mu       sync.RWMutex
	roots    []int64
	tasks    map[int64]Task
	children map[int64][]int64 // ascending
}

// NewTree is a tree of which only the ids of the roots are known.
func NewTree(roots ...int64) *Tree {
	t := &Tree{tasks: map[int64]Task{}, children: map[int64][]int64{}}
	for _, id := range roots {
		if !slices.Contains(t.roots, id) {
			t.roots = append(t.roots, id)
		}
	}
	return t
}

// TreeChange is a task of a tree as it has become.
type TreeChange struct {
	Task  Task
	Depth int        // 0 for a root
	Old   *TaskState // the state before, nil if New
	New   bool       // the task wasn't known before
	Root  bool
	Host  string // name of the host that has the task, if the watcher knows it
}

// StateChanged reports whether the change is one that a person wants to read:
// a new task or one in another state.
func (c TreeChange) StateChanged() bool { return c.New || *c.Old != c.Task.State }

// Roots are the ids of the roots, in the order they were given.
func (t *Tree) Roots() []int64 { return slices.Clone(t.roots) }

// Task is the task with the id, if it is known.
func (t *Tree) Task(id int64) (Task, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	task, ok := t.tasks[id]
	return task, ok
}

// Children are the ids of a task's known subtasks, ascending.
func (t *Tree) Children(id int64) []int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.children[id])
}

// Len is how many tasks are known.
func (t *Tree) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.tasks)
}

// Counts is how many of the known tasks are in each state.
func (t *Tree) Counts() map[TaskState]int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := map[TaskState]int{}
	for _, task := range t.tasks {
		n[task.State]++
	}
	return n
}

// Finished reports whether all roots are known and finished.
func (t *Tree) Finished() bool { return len(t.unfinished()) == 0 }

// unfinished are the roots that aren't known to be finished.
func (t *Tree) unfinished() []int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var ids []int64
	for _, id := range t.roots {
		if task, ok := t.tasks[id]; !ok || !task.Finished() {
			ids = append(ids, id)
		}
	}
	return ids
}

// All are the known tasks with their depth, each before its children. A root
// that stands below another root comes there only.
func (t *Tree) All() iter.Seq2[int, Task] {
	return func(yield func(int, Task) bool) {
		var walk func(id int64, depth int) bool
		walk = func(id int64, depth int) bool {
			task, ok := t.Task(id)
			if ok && !yield(depth, task) {
				return false
			}
			for _, child := range t.Children(id) {
				if !walk(child, depth+1) {
					return false
				}
			}
			return true
		}
		for _, id := range t.Roots() {
			if t.depth(id) == 0 && !walk(id, 0) {
				return
			}
		}
	}
}

// Apply takes a task as it stands now, and reports whether it is news. A task
// that belongs to no known parent and is no root isn't taken. What the given
// task lacks (Request, Result, OwnerName) is kept from before.
func (t *Tree) Apply(task Task) (TreeChange, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.tasks[task.ID]
	if !known && !t.belongs(task) {
		return TreeChange{}, false
	}
	if known {
		keep(&task, old)
	}
	t.tasks[task.ID] = task
	if !known && task.Parent != nil {
		siblings := t.children[*task.Parent]
		if at, found := slices.BinarySearch(siblings, task.ID); !found {
			t.children[*task.Parent] = slices.Insert(siblings, at, task.ID)
		}
	}
	c := TreeChange{Task: task, Depth: t.depthOf(task.ID), New: !known, Root: slices.Contains(t.roots, task.ID)}
	if known {
		c.Old = &old.State
		return c, differs(old, task)
	}
	return c, true
}

func (t *Tree) belongs(task Task) bool {
	if slices.Contains(t.roots, task.ID) {
		return true
	}
	if task.Parent == nil {
		return false
	}
	_, ok := t.tasks[*task.Parent]
	return ok
}

// keep fills what a shorter record of a task lacks.
func keep(task *Task, old Task) {
	if task.Request == nil {
		task.Request = old.Request
	}
	if task.Result == nil {
		task.Result = old.Result
	}
	if task.OwnerName == "" {
		task.OwnerName, task.OwnerType = old.OwnerName, old.OwnerType
	}
}

// differs compares what changes in a task's life.
func differs(a, b Task) bool {
	return a.State != b.State || !same(a.HostID, b.HostID) || !same(a.Waiting, b.Waiting) ||
		!same(a.Awaited, b.Awaited) || a.Priority != b.Priority || a.Weight != b.Weight ||
		a.ChannelID != b.ChannelID || !same(a.StartTS, b.StartTS) || !same(a.CompletionTS, b.CompletionTS)
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func (t *Tree) depth(id int64) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.depthOf(id)
}

// depthOf counts the known ancestors; the caller has the lock.
func (t *Tree) depthOf(id int64) int {
	depth := 0
	for depth < len(t.tasks) {
		task, ok := t.tasks[id]
		if !ok || task.Parent == nil {
			break
		}
		if _, ok := t.tasks[*task.Parent]; !ok {
			break
		}
		id = *task.Parent
		depth++
	}
	return depth
}
