package tui

import (
	"context"
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

// root is the program's model: size, keys, what stands over the views, the open
// hubs, and the clock.
type root struct {
	*tab    // that is shown
	tabs    []*tab
	hubs    hubs
	ctx     context.Context
	w, h    int               // that are drawn
	size    tea.WindowSizeMsg // that there is
	touched time.Time         // by the user, last
	frame   string            // as it was drawn last
	canvas  *Canvas
	zones   zones // that can be clicked in it
	pointer pointer
	dirty   bool
	out     *display  // shows the frames, nil where Bubble Tea does
	next    time.Time // no frame is drawn before
	waiting bool      // for that
	anew    bool      // the next one is to be written whole
	first   tea.Cmd   // what it begins with

	held     bool // g was pressed, which may become gt
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

// frameDue tells that a frame may be drawn again.
type frameDue struct{}

// tickAt is a tick of the clock that was asked for.
type tickAt int

func newRoot(ctx context.Context, t *tab) *root {
	return &root{tab: t, tabs: []*tab{t}, ctx: ctx, dirty: true, touched: t.e.now(), pointer: pointer{on: true}}
}

// Init asks who the user is, if that wasn't done before.
func (r *root) Init() tea.Cmd {
	if r.first == nil {
		r.first = r.begin()
	}
	return tea.Batch(r.first, r.clock())
}

// Update takes a message in. It never waits: what takes time is a command.
func (r *root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	was := r.dirty
	r.dirty = true
	var cmds []tea.Cmd
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		cmds = append(cmds, r.resize(m))
	case sizeRests:
		if tea.WindowSizeMsg(m) == r.size {
			r.layout()
		}
	case tea.KeyMsg:
		r.attend(false)
		for _, k := range r.split(m) {
			cmds = append(cmds, r.key(k))
		}
	case tea.FocusMsg, tea.BlurMsg:
		_, away := m.(tea.BlurMsg)
		r.attend(away)
		r.dirty = was
	case tea.MouseMsg:
		r.attend(false)
		if r.zones.list != nil {
			cmds = append(cmds, r.point(m))
		}
	case tea.ResumeMsg:
		r.pointer.captured = false // the terminal was given back as it had been
		r.e.feed.poke()
		r.anew = true
		cmds = append(cmds, r.write(orderExplicit))
	case told:
		cmds = append(cmds, m.tab.take(m.msg), m.tab.settle())
	case reply:
		if t := r.tabOf(m.from); t != nil {
			cmds = append(cmds, t.take(m), t.settle())
		}
	case link, changes:
		cmds = append(cmds, r.take(m))
	case wake:
		for _, t := range r.tabs {
			cmds = append(cmds, t.take(m), t.settle())
		}
	case hubOpened:
		cmds = append(cmds, r.hubIsOpen(m))
	case heldTooLong:
		cmds = append(cmds, r.letGo())
	case tickAt:
		if int(m) != r.tickGen {
			r.dirty = was
			return r, nil
		}
		r.tickDue = false
		if r.e.now().Sub(r.touched) >= idleTime {
			r.look(true)
		}
		if now := r.e.now(); !r.e.noticeEnds.IsZero() && now.After(r.e.noticeEnds) {
			r.e.notice, r.e.noticeEnds = "", time.Time{}
		}
		cmds = append(cmds, r.each(tick{}), r.keepInTime())
	case clipboardError:
		if m.err != nil {
			r.e.tell(roleFail, "copy: "+m.err.Error())
		}
	case keptError:
		if m.err != nil {
			r.e.tell(roleWarn, m.err.Error())
		}
	case spin:
		r.spinning = false
	case settle:
		r.waiters = append(r.waiters, m)
	case frameDue:
		r.waiting = false
	default:
		r.dirty = was
	}
	cmds = append(cmds, r.settle(), r.clock(), r.spinner(), r.refresh())
	return r, tea.Batch(append(cmds, r.capture())...)
}

// resizePause is how long a size must stay for it to be laid out: while a
// window is dragged there are many.
const resizePause = 50 * time.Millisecond

// sizeRests tells that a size has stayed for a while.
type sizeRests tea.WindowSizeMsg

// resize takes in the screen's size, the first one at once.
func (r *root) resize(m tea.WindowSizeMsg) tea.Cmd {
	r.size, r.anew = m, true
	if r.w == 0 {
		r.layout()
		return nil
	}
	return tea.Tick(resizePause, func(time.Time) tea.Msg { return sizeRests(m) })
}

func (r *root) layout() {
	r.w, r.h = r.size.Width, r.size.Height
	for _, t := range r.tabs {
		t.resize(r.w, max(r.h-3, 0))
	}
}

// attend takes note that the user is there, or looks elsewhere.
func (r *root) attend(away bool) {
	r.touched = r.e.now()
	r.look(away)
}

// look has the hubs be asked less often while nobody looks, and at once when
// somebody does again.
func (r *root) look(away bool) {
	for _, t := range r.tabs {
		if was := t.e.feed.rest(away); was && !away && t.e.link.up && !t.e.link.stream {
			t.e.feed.poke()
		}
	}
}

// split is a message's keys; where text is typed, they stay together.
func (r *root) split(m tea.KeyMsg) []tea.KeyMsg {
	if r.e.over == nil && r.top().typing() || r.e.over != nil && r.e.over.typing() {
		return []tea.KeyMsg{m}
	}
	return splitKeys(m)
}

// tabOf is the tab that a reply belongs to, nil if it was closed.
func (r *root) tabOf(e *env) *tab {
	for _, t := range r.tabs {
		if t.e == e {
			return t
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
	if cmd, taken := r.hold(k); taken {
		return cmd
	}
	a := r.e.keyMap.find(k, v.keys())
	if a == actPlace {
		return r.goTo(int(k.Runes[0] - '0'))
	}
	return r.act(a)
}

// act does what a key or the palette asks for.
func (r *root) act(a action) tea.Cmd {
	v := r.top()
	switch a {
	case actNone:
		return nil
	case actEscape:
		if v.escape() || len(r.views()) == 1 {
			return nil
		}
		return r.back()
	case actBack:
		return r.back()
	case actQuit:
		return tea.Quit
	case actProfile:
		r.openHubList()
		return nil
	case actHelp:
		return r.push(newHelpView(r.e, v.keys(), r.allDeeds()))
	case actMouse:
		r.pointer.on = !r.pointer.on
		r.e.tell(roleDim, map[bool]string{true: "the mouse is used here", false: "the mouse is the terminal's"}[r.pointer.on])
		return nil
	case actRedraw:
		r.anew = true
		return nil
	case actSuspend:
		return tea.Sequence(r.write(orderImplicit), tea.Suspend)
	case actRefresh:
		r.e.feed.poke()
		return v.do(a)
	case actPalette:
		r.openPalette()
		return nil
	case actAct:
		r.openMenu()
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

// write sends something to the terminal that is no part of a frame.
func (r *root) write(sequence string) tea.Cmd {
	write := r.e.clipboard
	return func() tea.Msg { return clipboardError{write(sequence)} }
}

// allDeeds are what can be done here.
func (r *root) allDeeds() []deed { return slices.Concat(r.top().deeds(), r.e.ownDeeds()) }

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
	for _, t := range r.tabs {
		if done && t.e.over == o {
			t.e.over = nil // it was left by showing another hub
		}
	}
	return cmd
}

// back goes back a view; from the first of a place to the tasks, from those it
// leaves, or closes the tab if there are others.
func (r *root) back() tea.Cmd {
	if v, ok := r.top().(backer); ok && v.back() {
		return nil
	}
	switch cmd, went := r.pop(); {
	case went:
		return cmd
	case r.at != 0:
		return r.goTo(r.places[0].number)
	case len(r.tabs) > 1:
		return r.closeTab(r.tab)
	}
	return tea.Quit
}

// holdTime is how long g may become gt, where there are several tabs.
const holdTime = 300 * time.Millisecond

// heldTooLong tells that no t follows g.
type heldTooLong struct{}

// hold takes g, or what comes behind it; false: the key is an ordinary one.
func (r *root) hold(k tea.KeyMsg) (tea.Cmd, bool) {
	name := k.String()
	switch {
	case r.held && (name == "t" || name == "T"):
		r.held = false
		return r.turn(map[string]int{"t": 1, "T": -1}[name]), true
	case r.held:
		return tea.Sequence(r.letGo(), r.key(k)), true
	case name == "g" && len(r.tabs) > 1:
		r.held = true
		return tea.Tick(holdTime, func(time.Time) tea.Msg { return heldTooLong{} }), true
	}
	return nil, false
}

// letGo has g be what it is alone.
func (r *root) letGo() tea.Cmd {
	if !r.held {
		return nil
	}
	r.held = false
	return r.top().do(actFirst)
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

// pending is how many calls are under way, of all hubs.
func (r *root) pending() int {
	n := 0
	for _, t := range r.tabs {
		n += t.e.pending
	}
	return n
}

// View is the frame: exactly h lines, none wider than w.
func (r *root) View() string {
	r.refresh()
	if r.pending() == 0 {
		for _, w := range r.waiters {
			close(w)
		}
		r.waiters = nil
	}
	if r.out != nil {
		return "" // it has the frame
	}
	return r.frame
}

// refresh draws the frame anew if something has changed, or asks to be told
// when that may be.
func (r *root) refresh() tea.Cmd {
	if !r.dirty || r.w > 0 && r.size != (tea.WindowSizeMsg{Width: r.w, Height: r.h}) {
		return nil
	}
	if now := r.e.now(); r.out != nil && r.w > 0 {
		if wait := r.next.Sub(now); wait > 0 {
			if r.waiting {
				return nil
			}
			r.waiting = true
			return tea.Tick(wait, func(time.Time) tea.Msg { return frameDue{} })
		}
		r.next = now.Add(r.out.every())
	}
	c := r.draw()
	r.frame, r.zones = c.render(r.e.theme), *c.zones
	r.dirty = false
	if r.drawn != nil {
		r.drawn(c)
	}
	if r.out != nil && r.w > 0 {
		r.out.show(shot{r.frame, r.w, r.h, r.anew})
		r.anew = false
	}
	return nil
}

func (r *root) draw() *Canvas {
	c := r.canvas
	if c == nil || c.w != r.w || c.h != r.h || c.ascii != r.e.theme.ascii {
		c = newCanvas(r.w, r.h, r.e.theme.ascii)
		r.canvas = c
	}
	c.clear()
	c.zones = &zones{}
	if r.w < minWidth || r.h < minHeight {
		c.at(0, 0).put(roleText, fmt.Sprintf("%dx%d is needed, this is %dx%d", minWidth, minHeight, r.w, r.h))
		return c
	}
	r.drawHeader(c)
	body := c.rect(0, 1, r.w, r.h-3)
	r.top().draw(body)
	if len(r.views()) > 1 {
		c.zones.list = nil // it is a detail, whose text one may want to select
	}
	if r.e.lost() {
		r.drawBanner(body)
	}
	if r.e.over != nil {
		c.zones.list = nil
		r.e.over.draw(body)
	}
	r.drawFooter(c)
	return c
}
