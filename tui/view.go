package tui

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// view is a screen between the header and the footer. Values come to it only
// by messages; it has no goroutine. Most embed screen, which has an answer to
// all that they don't care for.
type view interface {
	title() []string
	keys() []action      // what its keys can ask for
	do(a action) tea.Cmd // an action was asked for
	typing() bool        // it takes text now, so keys are input
	input(k tea.KeyMsg) tea.Cmd
	update(msg tea.Msg) tea.Cmd // opened, changes, link, replies to its calls, ticks
	resize(w, h int)            // the room it has
	draw(c *Canvas)             // a pure function of its state
	escape() bool               // leaves one thing; false: there was none
	calls() *calls
	ticks() bool // something on it changes with time alone
	status() string
	deeds() []deed   // what can be done to what is selected or marked
	clips() []clip   // what can be copied of it
	command() string // the line that shows the same in a shell, "" if none does
}

// screen is the part that views have in common: their calls and their room,
// and that there is nothing to type, to do or to copy.
type screen struct {
	e    *env
	c    *calls
	w, h int
}

func newScreen(e *env) screen { return screen{e: e, c: newCalls(e.ctx)} }

func (s *screen) typing() bool             { return false }
func (s *screen) input(tea.KeyMsg) tea.Cmd { return nil }
func (s *screen) update(tea.Msg) tea.Cmd   { return nil }
func (s *screen) resize(w, h int)          { s.w, s.h = w, h }
func (s *screen) calls() *calls            { return s.c }
func (s *screen) ticks() bool              { return false }
func (s *screen) status() string           { return "" }
func (s *screen) deeds() []deed            { return nil }
func (s *screen) clips() []clip            { return nil }
func (s *screen) command() string          { return "" }

// escape ends what is under way.
func (s *screen) escape() bool {
	if s.c.open == 0 {
		return false
	}
	s.e.drop(s.c)
	return true
}

// keeper is a view whose filter, sorting and the like are kept until the next
// time, per profile.
type keeper interface {
	keep() map[string]string
	restore(kept map[string]string)
}

// clip is something that can be copied.
type clip struct {
	key  string // after y
	name string
	text string
}

// place is one of the views that the digits go to, each with a stack of what
// was opened from it.
type place struct {
	number int
	name   string
	open   func(e *env) view
}

// places are the top views, by their numbers.
func places() []place {
	return []place{
		{1, "Tasks", func(e *env) view { return newTasksView(e, e.me.id != 0 || e.feed.owner == nobodyYet) }},
		{2, "Builds", func(e *env) view { return newBuildsView(e) }},
		{3, "Tags", func(e *env) view { return newTagsView(e) }},
		{4, "Hosts", func(e *env) view { return newHostsView(e, false) }},
		{5, "Repos", func(e *env) view { return newReposView(e) }},
		{6, "Channels", func(e *env) view { return newHostsView(e, true) }},
	}
}

// env is what all views share. Only the program's own goroutine touches it.
type env struct {
	*hub
	ctx     context.Context
	store   *store
	theme   *theme
	keyMap  keyMap
	feed    *feed
	profile string
	server  string // its URL
	version string
	weburl  string // of the hub's web pages, "" if they aren't known
	me      who
	login   Login // logs in beside the UI, nil if there is no way to
	asked   bool  // who the user is, and not answered yet
	link    link
	loc     *time.Location

	pending   int // calls under way
	busySince time.Time
	acts      *calls // of deeds: they go on when their view is left

	waits      waits
	timesAsked time.Time // of tasks, last

	details map[int64]*detail // of tasks that were looked at

	notice     string // a line about what was just done, for 4 seconds
	noticeRole role
	noticeEnds time.Time
	history    []deedDone                  // what was done, the newest last
	logs       *logCache                   // nil if nothing is kept
	copyFile   string                      // takes what is copied where there is no clipboard, "" else
	clipboard  func(sequence string) error // writes to the terminal between two frames

	next  view      // to be opened
	leave bool      // the top view is to be left first
	begun []tea.Cmd // begun where a command can't be handed back
	top   view      // that is on the screen
	over  overlay   // open above the view, nil if nothing is
	lists map[listOf]nameList
	kept  kept
}

// later has a command run that was made where it can't be handed back.
func (e *env) later(cmd tea.Cmd) { e.begun = append(e.begun, cmd) }

// shownCalls reports whether the view that calls belong to is on the screen.
func (e *env) shownCalls(c *calls) bool { return e.top != nil && e.top.calls() == c }

// shown reports whether a view is on the screen, not below another.
func (e *env) shown(v view) bool { return e.top == v }

// who is the user.
type who struct {
	id    int64
	name  string
	perms []string
}

func (w who) admin() bool { return slices.Contains(w.perms, "admin") }

// has reports whether the user may do what a permission allows.
func (w who) has(perm string) bool { return w.admin() || slices.Contains(w.perms, perm) }

// deedDone is a change that was made, or that failed.
type deedDone struct {
	at      time.Time
	command string
	failed  string // why, "" if it didn't
}

// noticeLife is how long a notice stands.
const noticeLife = 4 * time.Second

func (e *env) tell(ro role, text string) {
	e.notice, e.noticeRole, e.noticeEnds = text, ro, e.now().Add(noticeLife)
}

// lost reports whether the hub can't be reached.
func (e *env) lost() bool { return !e.link.lost.IsZero() }

// clock is the time that running tasks are measured by: it stands while the
// hub is lost.
func (e *env) clock() float64 {
	if e.lost() {
		return seconds(e.link.lost)
	}
	return seconds(e.now())
}

func (e *env) sign(m mark) string { return e.theme.sign(m) }

// tick tells views that time has passed.
type tick struct{}
