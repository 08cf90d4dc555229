package tui

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// refresher has what a view shows asked for anew: once something has changed,
// and from time to time for what no hub tells of. Never more than one asking
// is under way, and none for a view that isn't on the screen.
type refresher struct {
	e    *env
	v    view
	load func(ctx context.Context) (any, error)

	asking bool
	stale  bool      // something has changed since it was asked for
	asked  time.Time // last
	err    error
}

// How often a view is asked for anew: at most when things change, and at least
// where they don't, by a hub with a stream and by one without.
const (
	refreshMost   = time.Second
	refreshStream = 30 * time.Second
	refreshPoll   = 30 * time.Second
	refreshFailed = 5 * time.Second // after what couldn't be answered
)

// now asks.
func (f *refresher) now() tea.Cmd {
	if f.asking {
		f.stale = true
		return nil
	}
	f.asking, f.stale, f.asked = true, false, f.e.now()
	return f.e.askByItself(f.v.calls(), f.load)
}

// changed asks soon, since something has changed.
func (f *refresher) changed() tea.Cmd {
	if f.e.shown(f.v) && !f.e.lost() && f.e.now().Sub(f.asked) >= refreshMost {
		return f.now()
	}
	f.stale = true
	return nil
}

// tick asks if it is time.
func (f *refresher) tick() tea.Cmd {
	every := refreshPoll
	if f.e.link.stream {
		every = refreshStream
	}
	switch {
	case f.stale:
		every = refreshMost
	case f.err != nil:
		every = refreshFailed
	}
	if f.asking || f.e.lost() || !f.e.shown(f.v) || f.e.now().Sub(f.asked) < every {
		return nil
	}
	return f.now()
}

// answered takes note of an answer, or of why there is none.
func (f *refresher) answered(err error) {
	f.asking, f.err = false, err
}

// dropped is for a view whose calls were ended.
func (f *refresher) dropped() { f.asking = false }
