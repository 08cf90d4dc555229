package tui

import (
	"fmt"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// The least room that frames are made for.
const (
	minWidth  = 60
	minHeight = 15
)

// root is the program's model: size, keys, dialogs, the stacks of views, and
// the clock.
type root struct {
	e      *env
	w, h   int
	places []place
	at     int      // the place that is shown
	stacks [][]view // of each place, empty until it is gone to
	frame  string   // as it was drawn last
	dirty  bool

	tickGen  int  // only the newest tick counts
	tickDue  bool // one is on its way
	tickFast bool // and comes within a second
	spinning bool
	waiters  []chan struct{} // told when nothing is under way and the frame is drawn
	drawn    func(*Canvas)   // sees each frame, nil outside of tests
}

// settle asks for a sign: the channel is closed once no call is under way and
// the frame is drawn.
type settle chan struct{}

// spin turns the footer's spinner.
type spin struct{}

// tickAt is a tick of the clock that was asked for.
type tickAt int

func newRoot(e *env, mine bool) *root {
	if mine {
		e.feed.owner = nobodyYet
	}
	r := &root{e: e, places: places(), dirty: true}
	r.stacks = make([][]view, len(r.places))
	r.stacks[0] = []view{newTasksView(e, mine)}
	return r
}

// views is the stack that is shown.
func (r *root) views() []view { return r.stacks[r.at] }

func (r *root) top() view { return r.views()[len(r.views())-1] }

// goTo shows a place, which opens with the view that its row names.
func (r *root) goTo(number int) tea.Cmd {
	for i, p := range r.places {
		if p.number != number {
			continue
		}
		r.at = i
		if len(r.stacks[i]) == 0 {
			return r.push(p.open(r.e))
		}
		r.top().resize(r.w, max(r.h-3, 0))
		return r.top().update(opened{})
	}
	return nil
}

// Init asks who the user is.
func (r *root) Init() tea.Cmd {
	return tea.Batch(r.e.askWho(r.stacks[0][0].calls()), r.clock())
}

// Update takes a message in. It never waits: what takes time is a command.
func (r *root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.dirty = true
	var cmds []tea.Cmd
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		r.w, r.h = m.Width, m.Height
		r.resize()
	case tea.KeyMsg:
		for _, k := range r.split(m) {
			cmds = append(cmds, r.key(k))
		}
	case tea.ResumeMsg:
		r.e.feed.poke()
		cmds = append(cmds, tea.ClearScreen)
	case link:
		r.e.link = m
		cmds = append(cmds, r.each(m))
	case changes:
		r.e.store.apply(m)
		cmds = append(cmds, r.each(m))
	case reply:
		cmds = append(cmds, r.answer(m))
	case wake:
		if v := r.asker(m.to); v != nil && m.gen == m.to.gen {
			cmds = append(cmds, v.update(m))
		}
	case tickAt:
		if int(m) != r.tickGen {
			r.dirty = false
			return r, nil
		}
		r.tickDue = false
		if now := r.e.now(); !r.e.noticeEnds.IsZero() && now.After(r.e.noticeEnds) {
			r.e.notice, r.e.noticeEnds = "", time.Time{}
		}
		cmds = append(cmds, r.each(tick{}))
	case clipboardError:
		if m.err != nil {
			r.e.tell(roleFail, "copy: "+m.err.Error())
		}
	case spin:
		r.spinning = false
	case settle:
		r.waiters = append(r.waiters, m)
	default:
		r.dirty = false
	}
	if r.e.next != nil {
		cmds = append(cmds, r.push(r.e.next))
		r.e.next = nil
	}
	cmds = append(cmds, r.e.begun...)
	r.e.begun, r.e.top = nil, r.top()
	cmds = append(cmds, r.clock(), r.spinner())
	return r, tea.Batch(cmds...)
}

// split is a message's keys; where text is typed, they stay together.
func (r *root) split(m tea.KeyMsg) []tea.KeyMsg {
	if r.e.over == nil && r.top().typing() || r.e.over != nil && r.e.over.typing() {
		return []tea.KeyMsg{m}
	}
	return splitKeys(m)
}

func (r *root) resize() {
	for _, stack := range r.stacks {
		for _, v := range stack {
			v.resize(r.w, max(r.h-3, 0))
		}
	}
}

func (r *root) push(v view) tea.Cmd {
	r.stacks[r.at] = append(r.stacks[r.at], v)
	v.resize(r.w, max(r.h-3, 0))
	return v.update(opened{})
}

// opened tells a view that it has come on the screen, or again.
type opened struct{}

// each hands a message to all views.
func (r *root) each(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, stack := range r.stacks {
		for _, v := range stack {
			cmds = append(cmds, v.update(msg))
		}
	}
	return tea.Batch(cmds...)
}

// answer hands a reply to the view that asked, unless it has left or asks for
// something else by now.
func (r *root) answer(m reply) tea.Cmd {
	r.e.pending--
	if w, ok := m.what.(who); ok {
		return r.welcome(w, m.err)
	}
	if m.gen != m.to.gen {
		return nil
	}
	m.to.open--
	switch what := m.what.(type) {
	case done:
		r.e.tellDone(what, m.err)
		return r.each(what)
	case namesFetched:
		r.e.takeNames(what, m.err)
		return nil
	case resume:
		if m.err != nil {
			r.e.tell(roleWarn, r.e.sign(markOff)+" "+errorText(m.err))
			return nil
		}
		return what()
	}
	if v := r.asker(m.to); v != nil {
		return v.update(m)
	}
	return nil
}

// asker is the view that calls belong to, nil if it was left.
func (r *root) asker(c *calls) view {
	for _, stack := range r.stacks {
		for _, v := range stack {
			if v.calls() == c {
				return v
			}
		}
	}
	return nil
}

func (r *root) key(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyCtrlC {
		return tea.Quit
	}
	if r.e.over != nil {
		return r.overKey(r.e.over, k)
	}
	v := r.top()
	if k.Type != tea.KeyEsc && v.typing() {
		return v.input(k)
	}
	switch a := r.e.keyMap.find(k, v.keys()); a {
	case actNone:
		return nil
	case actEscape:
		if v.escape() || len(r.views()) == 1 {
			return nil
		}
		return r.pop()
	case actBack:
		if v, ok := v.(backer); ok && v.back() {
			return nil
		}
		return r.pop()
	case actQuit:
		return tea.Quit
	case actHelp:
		return r.push(newHelpView(r.e, v.keys()))
	case actRedraw:
		return tea.ClearScreen
	case actSuspend:
		return tea.Suspend
	case actRefresh:
		r.e.feed.poke()
		return v.do(a)
	case actPlace:
		return r.goTo(int(k.Runes[0] - '0'))
	case actAct:
		r.e.openMenu(slices.Concat(v.deeds(), r.e.ownDeeds()))
		return nil
	case actCopy:
		r.e.openCopyMenu(v.clips(), v.command())
		return nil
	case actCopyCommand:
		return r.e.copyCommand(v.command())
	default:
		return v.do(a)
	}
}

// backer is a view that has something of its own to go back from.
type backer interface{ back() bool }

// overKey is a key while something stands over the view.
func (r *root) overKey(o overlay, k tea.KeyMsg) tea.Cmd {
	name := k.String()
	switch {
	case k.Type == tea.KeyEsc, name == "q" && !o.typing():
		r.e.over = nil
		return nil
	case (name == "ctrl+y" || name == "Y" && !o.typing()) && o.command() != "":
		return r.e.copyCommand(o.command())
	}
	cmd, done := o.key(k)
	if done && r.e.over == o {
		r.e.over = nil
	}
	return cmd
}

// pop goes back a view; from the home it leaves.
func (r *root) pop() tea.Cmd {
	stack := r.views()
	if len(stack) == 1 {
		return tea.Quit
	}
	r.e.drop(r.top().calls())
	stack[len(stack)-1] = nil
	r.stacks[r.at] = stack[:len(stack)-1]
	r.top().resize(r.w, max(r.h-3, 0))
	return r.top().update(opened{})
}

// clock asks for the next tick: every second while something on the screen
// changes with time, else at the next minute.
func (r *root) clock() tea.Cmd {
	fast := r.e.lost() || r.top().ticks() || !r.e.noticeEnds.IsZero()
	if r.tickDue && (r.tickFast || !fast) {
		return nil
	}
	r.tickGen++
	r.tickDue, r.tickFast = true, fast
	now := r.e.now()
	next := now.Truncate(time.Second).Add(time.Second)
	if !fast {
		next = now.Truncate(time.Minute).Add(time.Minute)
	}
	gen := r.tickGen
	return tea.Tick(next.Sub(now), func(time.Time) tea.Msg { return tickAt(gen) })
}

// The spinner shows only for calls that take their time, and turns slowly.
const (
	spinAfter = 150 * time.Millisecond
	spinEvery = 125 * time.Millisecond
)

func (r *root) spinner() tea.Cmd {
	if r.e.pending == 0 || r.spinning {
		return nil
	}
	r.spinning = true
	wait := spinEvery
	if since := r.e.now().Sub(r.e.busySince); since < spinAfter {
		wait = spinAfter - since
	}
	return tea.Tick(wait, func(time.Time) tea.Msg { return spin{} })
}

// View is the frame: exactly h lines, none wider than w.
func (r *root) View() string {
	if r.dirty {
		c := r.draw()
		r.frame = c.render(r.e.theme)
		r.dirty = false
		if r.drawn != nil {
			r.drawn(c)
		}
	}
	if r.e.pending == 0 {
		for _, w := range r.waiters {
			close(w)
		}
		r.waiters = nil
	}
	return r.frame
}

func (r *root) draw() *Canvas {
	c := newCanvas(r.w, r.h, r.e.theme.ascii)
	if r.w < minWidth || r.h < minHeight {
		c.at(0, 0).put(roleText, fmt.Sprintf("%dx%d is needed, this is %dx%d", minWidth, minHeight, r.w, r.h))
		return c
	}
	r.drawHeader(c)
	body := c.rect(0, 1, r.w, r.h-3)
	r.top().draw(body)
	if r.e.lost() {
		r.drawBanner(body)
	}
	if r.e.over != nil {
		r.e.over.draw(body)
	}
	r.drawFooter(c)
	return c
}
