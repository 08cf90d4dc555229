package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// The least room that frames are made for.
const (
	minWidth  = 60
	minHeight = 15
)

// root is the program's model: size, keys, dialogs, the stack of views, and
// the clock.
type root struct {
	e     *env
	w, h  int
	views []view
	frame string // as it was drawn last
	dirty bool

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
	return &root{e: e, views: []view{newTasksView(e, mine)}, dirty: true}
}

func (r *root) top() view { return r.views[len(r.views)-1] }

// Init asks who the user is.
func (r *root) Init() tea.Cmd {
	return tea.Batch(r.e.askWho(r.views[0].calls()), r.clock())
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
	cmds = append(cmds, r.clock(), r.spinner())
	return r, tea.Batch(cmds...)
}

// split is a message's keys; where text is typed, they stay together.
func (r *root) split(m tea.KeyMsg) []tea.KeyMsg {
	if r.e.dialog == nil {
		if _, typing := r.typing(); typing {
			return []tea.KeyMsg{m}
		}
	}
	return splitKeys(m)
}

// typing reports whether the top view takes text now.
func (r *root) typing() (*lineEdit, bool) {
	switch v := r.top().(type) {
	case *tasksView:
		return &v.edit, v.edit.active
	case *logView:
		return &v.edit, v.edit.active
	}
	return nil, false
}

func (r *root) resize() {
	for _, v := range r.views {
		v.resize(r.w, max(r.h-3, 0))
	}
}

func (r *root) push(v view) tea.Cmd {
	r.views = append(r.views, v)
	v.resize(r.w, max(r.h-3, 0))
	return v.update(opened{})
}

// opened tells a view that it has come on the screen.
type opened struct{}

// each hands a message to all views.
func (r *root) each(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for _, v := range r.views {
		cmds = append(cmds, v.update(msg))
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
	for _, v := range r.views {
		if v.calls() == m.to {
			return v.update(m)
		}
	}
	return nil
}

func (r *root) key(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyCtrlC {
		return tea.Quit
	}
	if d := r.e.dialog; d != nil {
		return r.dialogKey(d, k)
	}
	v := r.top()
	if k.Type != tea.KeyEsc {
		if cmd, typed := v.input(k); typed {
			return cmd
		}
	}
	switch a := r.e.keyMap.find(k, v.keys()); a {
	case actNone:
		return nil
	case actEscape:
		if v.escape() || len(r.views) == 1 {
			return nil
		}
		return r.pop()
	case actBack:
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
	default:
		return v.do(a)
	}
}

func (r *root) dialogKey(d *dialog, k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyEsc || k.String() == "q" {
		r.e.dialog = nil
		return nil
	}
	cmd, done := d.answer(k.String())
	if done {
		r.e.dialog = nil
	}
	return cmd
}

// pop goes back a view; from the home it leaves.
func (r *root) pop() tea.Cmd {
	if len(r.views) == 1 {
		return tea.Quit
	}
	r.e.drop(r.top().calls())
	r.views = r.views[:len(r.views)-1]
	r.resize()
	return nil
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
	if r.e.dialog != nil {
		r.e.dialog.draw(body)
	}
	r.drawFooter(c)
	return c
}

func (r *root) drawHeader(c *Canvas) {
	var titles []string
	for _, v := range r.views {
		titles = append(titles, v.title()...)
	}
	form := "15:04"
	if c.w >= 80 && r.tickFast {
		form = "15:04:05"
	}
	right := r.e.profile + " " + r.e.now().In(r.e.loc).Format(form)
	room := max(c.w-2-c.width(right)-2, 0)
	// The last title matters most: what doesn't fit goes at the front.
	for len(titles) > 1 && c.width(strings.Join(titles, " › ")) > room {
		titles = titles[1:]
	}
	c.at(0, 1).fit(roleBold, strings.Join(titles, " › "), room)
	c.at(0, c.w-c.width(right)-1).put(roleDim, right)
}

// drawBanner tells of a lost hub on the view's first line.
func (r *root) drawBanner(c *Canvas) {
	l := r.e.link
	line := c.rect(0, 0, c.w, 1)
	line.clear()
	now := r.e.now()
	text := fmt.Sprintf("%s %s lost since %s (%s): %s", r.e.sign(markLost), r.e.profile,
		l.lost.In(r.e.loc).Format("15:04:05"), span(now.Sub(l.lost).Seconds()), l.reason)
	again := fmt.Sprintf(" · again in %d s · R now", max(int(l.next.Sub(now).Seconds()+0.999), 0))
	room := c.w - 2 - c.width(again)
	p := line.at(0, 1).put(roleFail, cut(text, room, c.ascii))
	p.put(roleWarn, again)
}

func (r *root) drawFooter(c *Canvas) {
	y := c.h - 2
	p := c.at(y, 1).put(roleDim, r.e.profile+" · ")
	r.drawLink(p)
	user := "anonymous"
	if r.e.me.name != "" {
		user = r.e.me.name
	}
	p.put(roleDim, " · "+user)
	right := ""
	if s := r.top().status(); s != "" {
		right = s
	} else {
		n := r.e.meter.perMinute(r.e.now())
		right = fmt.Sprintf("%d calls/min", n)
		if n == 1 {
			right = "1 call/min"
		}
	}
	if busy := r.busy(); busy != "" {
		right = busy + "  " + right
	}
	if at := c.w - 1 - c.width(right); at > p.x {
		c.at(y, at).put(roleDim, right)
	}
	r.drawKeys(c.at(c.h-1, 1))
}

// busy is the spinner, once calls have been under way for a while.
func (r *root) busy() string {
	if r.e.pending == 0 {
		return ""
	}
	since := r.e.now().Sub(r.e.busySince)
	if since < spinAfter {
		return ""
	}
	sign := []string{"|", "/", "-", "\\"}[int(since/spinEvery)%4]
	switch {
	case since > 10*time.Second:
		return sign + " slow hub, esc leaves"
	case since > 2*time.Second:
		return sign + " asking, esc leaves"
	}
	return sign + " esc leaves"
}

func (r *root) drawLink(p *pen) {
	l := r.e.link
	now := r.e.now()
	put := func(m mark, text string) { p.put(m.role, r.e.sign(m)+" "+text) }
	switch {
	case r.e.lost():
		was := "poll"
		if l.stream {
			was = "stream"
		}
		put(markLost, fmt.Sprintf("lost %s · was %s · attempt %d", span(now.Sub(l.lost).Seconds()), was, l.tries))
	case !l.up:
		p.put(roleWait, "connecting")
	case l.stream:
		put(markStream, "stream, "+ago(now.Sub(l.heard).Seconds()))
	default:
		put(markPoll, fmt.Sprintf("poll %d s, %s", int(l.every.Seconds()), ago(now.Sub(l.heard).Seconds())))
	}
}

// footerKeys are what the last line shows, by importance.
var footerKeys = []action{
	actOpen, actLog, actFilter, actSearch, actNextError, actAct, actFold, actFollow, actWrap, actOtherLog, actScope, actBack,
}

func (r *root) drawKeys(p *pen) {
	if r.e.notice != "" {
		p.fit(r.e.noticeRole, r.e.notice, p.c.w-2)
		return
	}
	if r.e.dialog != nil {
		p.fit(roleDim, r.e.dialog.hint, p.c.w-2)
		return
	}
	known := r.top().keys()
	help := r.e.keyMap.get(actHelp).Help()
	end := p.c.w - 2 - p.c.width(help.Key+" "+help.Desc)
	for _, a := range footerKeys {
		if a == actBack && len(r.views) == 1 || !slices.Contains(known, a) && a != actBack {
			continue
		}
		h := r.e.keyMap.get(a).Help()
		if p.x+p.c.width(h.Key+" "+h.Desc)+2 > end {
			continue
		}
		p.put(roleLink, h.Key).put(roleDim, " "+h.Desc).skip(2)
	}
	p.put(roleLink, help.Key).put(roleDim, " "+help.Desc)
}
