package tui

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// view is a screen between the header and the footer. Values come to it only
// by messages; it has no goroutine.
type view interface {
	title() []string
	keys() []action                     // what its keys can ask for
	do(a action) tea.Cmd                // an action was asked for
	input(k tea.KeyMsg) (tea.Cmd, bool) // a key while it takes text; false: it doesn't
	update(msg tea.Msg) tea.Cmd         // changes, link, replies to its calls, ticks
	resize(w, h int)                    // the room it has
	draw(c *Canvas)                     // a pure function of its state
	escape() bool                       // leaves one thing; false: there was none
	calls() *calls
	ticks() bool // something on it changes with time alone
	status() string
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
	version string
	me      who
	link    link
	loc     *time.Location

	pending   int // calls under way
	busySince time.Time

	notice     string // a line about what was just done, for 4 seconds
	noticeRole role
	noticeEnds time.Time

	next   view    // to be opened
	dialog *dialog // open, nil if none
}

// who is the user.
type who struct {
	id    int64
	name  string
	perms []string
}

func (w who) admin() bool { return slices.Contains(w.perms, "admin") }

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
