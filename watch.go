package koji

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// WatchOptions are the details of watching.
type WatchOptions struct {
	PollInterval time.Duration // of a hub without an event stream, and of looking for a lost hub; 5 seconds if zero
	Tree         *Tree         // kept up to date instead of a tree of Watch's own
	OnLost       func(error)   // told when the hub can't be reached, once until it can again; from any goroutine
	OnBack       func()        // told when it can, likewise
}

// Watch follows task trees: first it gives all tasks that there are, parents
// before children, then each that is new or has changed, until all roots are
// finished. It listens to the hub's event stream, or polls a hub without one.
// A hub that is lost or offline is waited for; every other error is given once
// and ends it, as ErrNoSuchTask for a root that isn't there.
func Watch(ctx context.Context, s *Session, roots []int64, o WatchOptions) iter.Seq2[TreeChange, error] {
	if o.PollInterval <= 0 {
		o.PollInterval = 5 * time.Second
	}
	if o.Tree == nil {
		o.Tree = NewTree(roots...)
	}
	return func(yield func(TreeChange, error) bool) {
		w := &watcher{s: s, o: o, tree: o.Tree, hosts: map[int64]string{}, yield: yield}
		if err := w.run(ctx); err != nil && !w.stopped {
			yield(TreeChange{}, err)
		}
	}
}

type watcher struct {
	s       *Session
	o       WatchOptions
	tree    *Tree
	hosts   map[int64]string // names by id
	yield   func(TreeChange, error) bool
	stopped bool // the caller wants no more

	mu   sync.Mutex // the event stream tells of its state from its own goroutine
	lost bool       // guarded by mu
}

// errStopped ends the watcher when its caller has stopped listening.
var errStopped = errors.New("stopped")

func (w *watcher) run(ctx context.Context) error {
	for {
		err := w.follow(ctx)
		if errors.Is(err, ErrNoStream) {
			err = w.poll(ctx)
		}
		if err == nil || errors.Is(err, errStopped) || !w.passes(ctx, err) {
			return err
		}
		if err := w.s.wait(ctx, w.o.PollInterval); err != nil {
			return err
		}
	}
}

// passes reports whether the error is one of a lost hub, and tells of it.
func (w *watcher) passes(ctx context.Context, err error) bool {
	var te *TransportError
	if ctx.Err() != nil || !errors.Is(err, ErrServerOffline) && !(errors.As(err, &te) && te.Temporary) {
		return false
	}
	w.tellLost(err)
	return true
}

func (w *watcher) tellLost(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.lost && w.o.OnLost != nil {
		w.o.OnLost(err)
	}
	w.lost = true
}

func (w *watcher) tellBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost && w.o.OnBack != nil {
		w.o.OnBack()
	}
	w.lost = false
}

// poll lists the trees again and again until they are finished.
func (w *watcher) poll(ctx context.Context) error {
	for {
		if err := w.list(ctx); err != nil {
			return err
		}
		if w.tree.Finished() {
			return nil
		}
		if err := w.s.wait(ctx, w.o.PollInterval); err != nil {
			return err
		}
	}
}

// follow listens to the event stream until the trees are finished. The stream
// is opened before the listing, so that nothing falls in between.
func (w *watcher) follow(ctx context.Context) error {
	stream, err := w.s.Events(ctx, EventOptions{
		Kinds:  []NoticeKind{NoticeTask},
		Tasks:  w.tree.Roots(),
		OnLost: func(err error, _ time.Duration) { w.tellLost(err) },
		OnOpen: w.tellBack,
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := w.list(ctx); err != nil {
		return err
	}
	for !w.tree.Finished() {
		changed, whole, err := gather(ctx, stream)
		if err != nil {
			return err
		}
		if whole {
			err = w.list(ctx)
		} else {
			err = w.look(ctx, changed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gather waits for a notice and takes what has come in with it: the ids of
// changed tasks, or that all must be listed.
func gather(ctx context.Context, stream *Stream) (ids []int64, whole bool, err error) {
	changed := map[int64]bool{}
	for first := true; first || stream.Pending() > 0; first = false {
		n, err := stream.Next(ctx)
		switch {
		case errors.Is(err, ErrGap):
			whole = true
		case err != nil:
			return nil, false, err
		case n.Task != nil:
			changed[n.Task.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(changed)), whole, nil
}

// look fetches changed tasks. A notice only says that something is to be
// looked at: what it tells may be older than what a listing told before.
func (w *watcher) look(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var tasks []*Task
	if err := w.s.Call(ctx, "getTaskInfo", &tasks, ids, Named{"request": true}); err != nil {
		return fmt.Errorf("watch tasks: %w", err)
	}
	var found []Task
	for _, t := range tasks {
		if t == nil {
			continue
		}
		if _, known := w.tree.Task(t.ID); !known && !w.follows(*t, found) {
			return w.list(ctx) // a link to it is missing
		}
		found = append(found, *t)
	}
	return w.apply(ctx, found)
}

// follows reports whether the task's parent is in the tree, or among found.
func (w *watcher) follows(t Task, found []Task) bool {
	if t.Parent == nil {
		return slices.Contains(w.tree.Roots(), t.ID)
	}
	_, known := w.tree.Task(*t.Parent)
	return known || slices.ContainsFunc(found, func(f Task) bool { return f.ID == *t.Parent })
}

// list fetches the trees of all unfinished roots.
func (w *watcher) list(ctx context.Context) error {
	roots := w.tree.unfinished()
	tasks := make([]*Task, len(roots))
	below := make([]map[string][]Task, len(roots))
	m := w.s.Multicall()
	for i, id := range roots {
		// The root last: when it is told to be finished, so are its descendants.
		m.Add(&below[i], "getTaskDescendents", id, Named{"request": true})
		m.Add(&tasks[i], "getTaskInfo", id, Named{"request": true})
	}
	if err := m.Run(ctx); err != nil {
		return fmt.Errorf("watch tasks: %w", err)
	}
	for i, id := range roots {
		if tasks[i] == nil {
			return fmt.Errorf("watch tasks: %w", NewError(CodeGeneric, fmt.Sprintf("No such task: %d", id)))
		}
		if err := w.apply(ctx, append([]Task{*tasks[i]}, inOrder(below[i], id)...)); err != nil {
			return err
		}
	}
	return nil
}

// inOrder is the answer of getTaskDescendents as a list, parents before children.
func inOrder(below map[string][]Task, id int64) []Task {
	var tasks []Task
	queue := []int64{id}
	for len(queue) > 0 {
		children := below[fmt.Sprint(queue[0])]
		delete(below, fmt.Sprint(queue[0])) // an answer that goes in circles ends
		queue = queue[1:]
		for _, c := range children {
			tasks = append(tasks, c)
			queue = append(queue, c.ID)
		}
	}
	return tasks
}

// apply brings the tree up to date and gives out what is news.
func (w *watcher) apply(ctx context.Context, tasks []Task) error {
	if err := w.learnHosts(ctx, tasks); err != nil {
		return err
	}
	w.tellBack()
	for _, t := range tasks {
		c, news := w.tree.Apply(t)
		if !news {
			continue
		}
		if t.HostID != nil {
			c.Host = w.hosts[*t.HostID]
		}
		if !w.yield(c, nil) {
			w.stopped = true
			return errStopped
		}
	}
	return nil
}

// learnHosts asks for names of hosts that aren't known yet.
func (w *watcher) learnHosts(ctx context.Context, tasks []Task) error {
	m := w.s.Multicall()
	found := map[int64]*Host{}
	for _, t := range tasks {
		if t.HostID == nil {
			continue
		}
		id := *t.HostID
		if _, known := w.hosts[id]; known || found[id] != nil {
			continue
		}
		found[id] = &Host{}
		m.Add(found[id], "getHost", id)
	}
	if m.Len() == 0 {
		return nil
	}
	var partly *MulticallError
	if err := m.Run(ctx); err != nil && !errors.As(err, &partly) {
		return fmt.Errorf("watch tasks: name their hosts: %w", err)
	}
	for id, h := range found {
		w.hosts[id] = h.Name
	}
	return nil
}
