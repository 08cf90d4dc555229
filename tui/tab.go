package tui

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/safetext"
)

// tab is a hub that is open: what its views share, and their stacks.
type tab struct {
	e      *env
	places []place
	at     int      // the place that is shown
	stacks [][]view // of each place, empty until it is gone to
	w, h   int      // the room of its views
	stop   context.CancelFunc
	closed bool

	keeping keeping
}

// told is a message for a tab, from its feed.
type told struct {
	tab *tab
	msg tea.Msg
}

// openTab makes the tab of a hub, whose state is kept in dir. Its feed is run by whoever opens it.
func openTab(ctx context.Context, o Hub, dir string, pc pace, now func() time.Time, t *theme) (*tab, error) {
	s, p := o.Session, o.Profile
	h, err := newHub(s, now)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", p.Name, err)
	}
	ctx, stop := context.WithCancel(ctx)
	e := newEnv(ctx, h, t)
	e.profile, e.server = safetext.Clean(p.Name), safetext.Clean(p.Server)
	e.weburl = strings.TrimRight(safetext.Clean(p.WebURL), "/")
	e.feed = newFeed(h, func(tea.Msg) {}, pc)
	state, keeping := recall(dir, p.Name)
	e.kept, e.login = state, o.Login
	tb := newTab(e, s.LoggedIn() || o.Login != nil)
	tb.stop, tb.keeping = stop, keeping
	tb.keeping.due = now().Add(keepEvery)
	return tb, nil
}

func newTab(e *env, mine bool) *tab {
	if mine {
		e.feed.owner = cmp.Or(e.kept.Me, nobodyYet)
		e.store.setMe(cmp.Or(e.kept.Me, e.store.me))
	}
	t := &tab{e: e, places: places(), stop: func() {}}
	t.stacks = make([][]view, len(t.places))
	t.stacks[0] = []view{newTasksView(e, mine)}
	t.restore(0)
	if mine && !t.stacks[0][0].(*tasksView).mine {
		e.feed.owner = 0 // those of all, as it was left
	}
	return t
}

// begin asks who the user is.
func (t *tab) begin() tea.Cmd { return t.e.askWho(t.stacks[0][0].calls()) }

// feed runs the tab's feed until the tab is closed.
func (t *tab) feed(wg *sync.WaitGroup, send func(tea.Msg)) {
	t.e.feed.send = func(msg tea.Msg) { send(told{t, msg}) }
	wg.Go(func() { t.e.feed.run(t.e.ctx) })
}

// close ends what the tab has under way.
func (t *tab) close() {
	t.closed = true
	t.stop()
}

// views is the stack that is shown.
func (t *tab) views() []view { return t.stacks[t.at] }

func (t *tab) top() view { return t.views()[len(t.views())-1] }

// goTo shows a place, which opens with the view that its row names.
func (t *tab) goTo(number int) tea.Cmd {
	for i, p := range t.places {
		if p.number != number {
			continue
		}
		t.at = i
		if len(t.stacks[i]) == 0 {
			cmd := t.push(p.open(t.e))
			t.restore(i)
			return cmd
		}
		return t.reopen()
	}
	return nil
}

// reopen tells the top view that it is on the screen again.
func (t *tab) reopen() tea.Cmd {
	t.top().resize(t.w, t.h)
	return t.top().update(opened{})
}

func (t *tab) resize(w, h int) {
	t.w, t.h = w, h
	t.all(func(v view) { v.resize(w, h) })
}

func (t *tab) push(v view) tea.Cmd {
	t.stacks[t.at] = append(t.stacks[t.at], v)
	v.resize(t.w, t.h)
	return v.update(opened{})
}

// opened tells a view that it has come on the screen, or again.
type opened struct{}

// pop goes back a view; false if there is none to go back to.
func (t *tab) pop() (tea.Cmd, bool) {
	stack := t.views()
	if len(stack) == 1 {
		return nil, false
	}
	t.e.drop(t.top().calls())
	stack[len(stack)-1] = nil
	t.stacks[t.at] = stack[:len(stack)-1]
	return t.reopen(), true
}

func (t *tab) all(f func(view)) {
	for _, stack := range t.stacks {
		for _, v := range stack {
			f(v)
		}
	}
}

// each hands a message to all views.
func (t *tab) each(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	t.all(func(v view) { cmds = append(cmds, v.update(msg)) })
	return tea.Batch(cmds...)
}

// take takes in a message for the tab, also while another is shown.
func (t *tab) take(msg tea.Msg) tea.Cmd {
	if t.closed {
		return nil
	}
	switch m := msg.(type) {
	case link:
		back := m.up && !t.e.link.up
		t.e.link = m
		if back && t.e.me.id == 0 && !t.e.asked { // the login failed with the hub
			return tea.Batch(t.begin(), t.each(m))
		}
		return t.each(m)
	case changes:
		t.e.store.apply(m)
		return t.each(m)
	case reply:
		return t.answer(m)
	case wake:
		if v := t.asker(m.to); v != nil && m.gen == m.to.gen {
			return v.update(m)
		}
	}
	return nil
}

// settle opens what was asked to be opened, and gives what was begun aside.
func (t *tab) settle() tea.Cmd {
	var cmds []tea.Cmd
	if t.e.leave {
		t.e.leave = false
		cmd, _ := t.pop()
		cmds = append(cmds, cmd)
	}
	if v := t.e.next; v != nil {
		t.e.next = nil
		cmds = append(cmds, t.push(v))
	}
	cmds = append(cmds, t.e.begun...)
	t.e.begun, t.e.top = nil, t.top()
	switch o := t.e.over.(type) {
	case *menu:
		if o.renew != nil {
			o.renew()
		}
	case *palette:
		o.renew()
	}
	return tea.Batch(cmds...)
}

// answer hands a reply to the view that asked, unless it has left or asks for
// something else by now.
func (t *tab) answer(m reply) tea.Cmd {
	t.e.pending--
	if w, ok := m.what.(who); ok {
		return t.welcome(w, m.err)
	}
	if m.gen != m.to.gen {
		return nil
	}
	m.to.open--
	switch what := m.what.(type) {
	case done:
		t.e.tellDone(what, m.err)
		return t.each(what)
	case namesFetched:
		t.e.takeNames(what, m.err)
		return nil
	case resume:
		if m.err != nil {
			t.e.tell(roleWarn, t.e.sign(markOff)+" "+errorText(m.err))
			return nil
		}
		return what()
	}
	if v := t.asker(m.to); v != nil {
		return v.update(m)
	}
	return nil
}

// asker is the view that calls belong to, nil if it was left.
func (t *tab) asker(c *calls) (found view) {
	t.all(func(v view) {
		if v.calls() == c {
			found = v
		}
	})
	return found
}
