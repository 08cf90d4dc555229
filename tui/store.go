package tui

import (
	"fmt"
	"slices"
	"strings"

	"koji"
)

// task is what the lists need of a task. Its texts are clean.
type task struct {
	id, parent, owner int64
	kind              kind
	waiting           bool
	priority          int64
	method, arch      string
	label             string
	pkg, tag          string // that it is about, as far as its parameters tell
	name              string // that its parent has for it
	chain             chain  // of builds that it makes
	channel           int64
	channelName       string
	weight            float64
	host, ownerName   string
	created           float64 // seconds since the epoch, 0 if unknown
	started           float64
	completed         float64
	fault             string // first line, of a failed task
}

func (t *task) endedWell() bool { return t.kind == kindDone || t.kind == kindCanceled }

func (t *task) finished() bool {
	return t.endedWell() || t.kind == kindFailed
}

// entry is a task in the store.
type entry struct {
	task
	version  uint64
	children []int64 // ascending
	settled  bool    // a root that ended well a while ago
	tail     string  // newest line of the log, while it runs
	text     string  // lower case, for the filter
	fits     uint64  // the filter, in the tree that last found it to
	hit      uint64  // it, or one below it, does
	short    shortLabel
}

// changes are what a feed found out since the last time.
type changes struct {
	whole bool   // tasks are all there are
	tasks []task // new or changed, parents and children in any order
	older bool   // tasks are a page of old ones
	rest  int    // finished tasks of today that the hub has besides, if whole or older
	tails map[int64]string
	logs  []logSize
	// What else a hub with a stream says has changed.
	builds []koji.BuildNotice
	tags   []koji.TagNotice
	hosts  []koji.HostNotice
	repos  []koji.RepoNotice
	farm   *farmLoad // how loaded the hosts are, nil if that hasn't changed
}

// farmLoad is what all enabled hosts have to do, and could do.
type farmLoad struct{ load, capacity float64 }

// logSize says that a log has grown.
type logSize struct {
	task int64
	name string
	size int64
}

type counts [kindCount]int

func (c counts) sum() (n int) {
	for _, k := range c {
		n += k
	}
	return n
}

// tally is how many tasks of each kind there are.
type tally struct{ all, mine counts }

func (t *tally) count(e *entry, me int64, by int) {
	t.all[e.kind] += by
	if me != 0 && e.owner == me {
		t.mine[e.kind] += by
	}
}

// of is that of an owner's tasks, 0 for all; false if it isn't kept.
func (t *tally) of(owner, me int64) (counts, bool) {
	switch owner {
	case 0:
		return t.all, true
	case me:
		return t.mine, true
	}
	return counts{}, false
}

// store holds the tasks of a hub: by id, with the children of each and the
// number of each kind, both kept up to date by difference.
type store struct {
	version uint64
	shape   uint64 // grows when there may be other rows than before
	tasks   map[int64]*entry
	roots   []int64 // tasks whose parent isn't known and that aren't settled, the newest first
	settled settled
	orphans map[int64][]int64
	me      int64 // whose tasks are mine, 0 if nobody is logged in
	tally
	loaded bool // there was a whole listing

	limit int  // of tasks
	wide  bool // there may be twice as many
	rest  int  // finished tasks of today that the hub has besides

	load, capacity float64 // of all enabled hosts, as far as is known
}

// storeLimit is how many tasks are kept; the oldest finished trees go first.
const storeLimit = 20000

func newStore() *store {
	return &store{limit: storeLimit, tasks: map[int64]*entry{}, orphans: map[int64][]int64{}}
}

func (s *store) get(id int64) *entry { return s.tasks[id] }

// open is how many tasks haven't finished.
func (s *store) open() int {
	n := s.all
	return n[kindRun] + n[kindParent] + n[kindRepo] + n[kindFree] + n[kindAssigned]
}

// setMe says whose tasks are counted as mine.
func (s *store) setMe(owner int64) {
	s.me, s.mine, s.settled.mine = owner, counts{}, counts{}
	for _, e := range s.tasks {
		if owner == 0 || e.owner != owner {
			continue
		}
		s.mine[e.kind]++
		if e.settled {
			s.settled.mine[e.kind]++
		}
	}
	s.version++
}

func (s *store) apply(c changes) {
	s.version++
	if c.farm != nil {
		s.load, s.capacity = c.farm.load, c.farm.capacity
	}
	if c.whole {
		s.loaded = true
		seen := make(map[int64]bool, len(c.tasks))
		for i := range c.tasks {
			seen[c.tasks[i].id] = true
		}
		for id := range s.tasks {
			if !seen[id] {
				s.remove(id)
			}
		}
	}
	for i := range c.tasks {
		s.put(c.tasks[i])
	}
	if c.whole || c.older {
		s.rest = c.rest
	}
	if c.whole || len(c.tasks) > 0 {
		s.shape++
	}
	for id, line := range c.tails {
		if e := s.tasks[id]; e != nil && e.tail != line {
			if e.tail == "" || line == "" {
				s.shape++
			}
			e.tail = line
			e.version = s.version
		}
	}
	s.prune()
}

func (s *store) put(t task) {
	e := s.tasks[t.id]
	if e == nil {
		e = &entry{task: t}
		s.tasks[t.id] = e
		s.link(e)
	} else {
		s.unsettle(e)
		s.count(e, s.me, -1)
		if e.parent != t.parent {
			s.unlink(e)
			e.parent = t.parent
			s.link(e)
		}
		if t.finished() {
			e.tail = ""
		}
		e.task = t
	}
	e.version = s.version
	e.text = strings.ToLower(fmt.Sprintf("%d %s %s %s %s", t.id, t.label, t.arch, t.host, t.ownerName))
	s.count(e, s.me, 1)
}

// link puts a new task under its parent, or among the roots until that comes.
func (s *store) link(e *entry) {
	if waiting := s.orphans[e.id]; waiting != nil {
		delete(s.orphans, e.id)
		for _, id := range waiting {
			if c := s.tasks[id]; c != nil {
				s.unroot(c)
				e.children = with(e.children, id, ascending)
			}
		}
	}
	parent := s.tasks[e.parent]
	if e.parent != 0 && parent != nil && parent != e && !s.above(e.id, parent) {
		parent.children = with(parent.children, e.id, ascending)
		return
	}
	if e.parent != 0 {
		s.orphans[e.parent] = append(s.orphans[e.parent], e.id)
	}
	s.roots = with(s.roots, e.id, descending)
}

// above reports whether id is p or one of its ancestors: what a hub tells may
// go in circles.
func (s *store) above(id int64, p *entry) bool {
	for range 1000 {
		if p.id == id {
			return true
		}
		if p.parent == 0 || s.tasks[p.parent] == nil {
			return false
		}
		p = s.tasks[p.parent]
	}
	return true
}

func (s *store) unlink(e *entry) {
	if parent := s.tasks[e.parent]; parent != nil {
		parent.children = without(parent.children, e.id, ascending)
	}
	if waiting := s.orphans[e.parent]; waiting != nil {
		if i := slices.Index(waiting, e.id); i >= 0 {
			s.orphans[e.parent] = slices.Delete(waiting, i, i+1)
		}
		if len(s.orphans[e.parent]) == 0 {
			delete(s.orphans, e.parent)
		}
	}
	s.unroot(e)
}

func (s *store) remove(id int64) {
	e := s.tasks[id]
	if e == nil {
		return
	}
	s.count(e, s.me, -1)
	s.unlink(e)
	delete(s.tasks, id)
	for _, child := range e.children {
		s.roots = with(s.roots, child, descending)
		s.orphans[id] = append(s.orphans[id], child)
	}
}

func (s *store) removeTree(id int64) {
	e := s.tasks[id]
	if e == nil {
		return
	}
	for _, child := range slices.Clone(e.children) {
		s.removeTree(child)
	}
	s.remove(id)
}

// root is the topmost known ancestor of a task.
func (s *store) root(id int64) int64 {
	for range 1000 {
		e := s.tasks[id]
		if e == nil || e.parent == 0 || s.tasks[e.parent] == nil {
			return id
		}
		id = e.parent
	}
	return id
}

// below counts the kinds of all tasks below one.
func (s *store) below(id int64) (n counts, total int) {
	e := s.tasks[id]
	if e == nil {
		return n, 0
	}
	for _, child := range e.children {
		c := s.tasks[child]
		more, t := s.below(child)
		for k := range more {
			n[k] += more[k]
		}
		n[c.kind]++
		total += t + 1
	}
	return n, total
}

func ascending(a, b int64) int { return int(min(max(a-b, -1), 1)) }

func descending(a, b int64) int { return ascending(b, a) }

// with is a sorted list with id in it.
func with(list []int64, id int64, order func(a, b int64) int) []int64 {
	at, found := slices.BinarySearchFunc(list, id, order)
	if found {
		return list
	}
	return slices.Insert(list, at, id)
}

// without is a sorted list without id.
func without(list []int64, id int64, order func(a, b int64) int) []int64 {
	if at, found := slices.BinarySearchFunc(list, id, order); found {
		return slices.Delete(list, at, at+1)
	}
	return list
}
