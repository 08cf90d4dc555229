// Package tui is the terminal UI: the live tree of a hub's tasks, told by its
// event stream or polled, what there is to know of a task, and its logs as
// they grow.
//
// root is the program's model; views are drawn onto a Canvas by pure functions
// of their state; the feed is the one goroutine that talks to the hub on its
// own, everything else is a command that a key began.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/profiles"
)

// Options say which hub to show, and on which terminal.
type Options struct {
	Session *koji.Session     // logged in or not; what changes something goes by it
	Login   Login             // logs Session in beside the UI; nil if it is, or can't be
	Profile *profiles.Profile // its name is shown; its keys tui_… choose colours, signs and the mouse
	In      io.Reader         // a terminal; os.Stdin if nil
	Out     io.Writer         // a terminal; os.Stdout if nil
	Version string            // of the program, told in the help

	StateDir string // where the state of views is kept; "" keeps none
	CacheDir string // where parts of logs are kept; "" keeps none

	// Known are the profiles that can be switched to, and Open logs in to the
	// hub of one of them, without asking the user anything: who can't be logged
	// in only looks. Both may be nil.
	Known []profiles.Entry
	Open  func(ctx context.Context, profile string) (Hub, error)
}

// Login logs a session in without asking the user anything.
type Login func(ctx context.Context) error

// Hub is a hub that was opened: its profile, a session, and what logs that in.
type Hub struct {
	Session *koji.Session
	Profile *profiles.Profile
	Login   Login
}

// rendererRate is how often a second Bubble Tea's renderer wakes up: it has
// nothing to draw.
const rendererRate = 1

// Run shows the UI until the user leaves or ctx ends. That the user left is no
// error; an end of ctx is ctx's own error.
func Run(ctx context.Context, o Options) error {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	in, isFile := o.In.(*os.File)
	out, areFiles := o.Out.(*os.File)
	if !isFile || !areFiles {
		return errors.New("the terminal UI needs a terminal")
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	// While the terminal tells what it is, the hub is already asked.
	asked := make(chan answers, 1)
	go func() { asked <- askTerminal(in, out) }()
	screen, look := newDisplay(out, os.Getenv("SSH_CONNECTION") != ""), &theme{}
	r, err := start(run, o, usualPace(), time.Now, look)
	if err != nil {
		<-asked
		return err
	}
	r.out = screen
	p := tea.NewProgram(r, tea.WithContext(run), tea.WithInput(in), tea.WithOutput(screen), tea.WithAltScreen(),
		tea.WithFilter(sift), tea.WithReportFocus(), tea.WithFPS(rendererRate))
	r.e.copyFile = copyFileFor(os.Getenv("TERM"), o.StateDir)
	r.e.clipboard = func(sequence string) error {
		_, err := screen.WriteString(sequence)
		return err
	}
	var besides sync.WaitGroup
	r.hubs.run = func(t *tab) { t.feed(&besides, p.Send) }
	r.hubs.run(r.tab)
	r.first = early(r.begin())
	of := <-asked
	*look = *themeFor(o.Profile.TUITheme+" "+o.Profile.TUIMarks, out, os.Getenv, of.background)
	screen.whole = of.whole
	besides.Go(func() { screen.run(run) })
	besides.Go(func() {
		for _, k := range of.typed {
			p.Send(k)
		}
	})
	if err = of.err; err == nil {
		_, err = screen.WriteString(orderExplicit)
	}
	if err == nil {
		_, err = p.Run()
	}
	stop()
	besides.Wait()
	kerr := r.keepAll()
	_, werr := screen.WriteString(orderImplicit)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, tea.ErrInterrupted):
		return nil
	case err != nil:
		return fmt.Errorf("run the terminal UI: %w", err)
	case kerr != nil:
		return kerr
	case werr != nil:
		return fmt.Errorf("write to the terminal: %w", werr)
	}
	return nil
}

// early has a command run already, before the program does.
func early(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	got := make(chan tea.Msg, 1)
	go func() { got <- cmd() }()
	return func() tea.Msg { return <-got }
}

// keepAll keeps how the views of all hubs were left.
func (r *root) keepAll() error {
	var errs []error
	for _, t := range r.tabs {
		if write := t.keep(); write != nil {
			errs = append(errs, write())
		}
	}
	return errors.Join(errs...)
}

// start makes the model; the feeds of its tabs are run by the caller.
func start(ctx context.Context, o Options, p pace, now func() time.Time, t *theme) (*root, error) {
	logs := newLogCache(o.CacheDir)
	open := func(h Hub) (*tab, error) {
		opened, err := openTab(ctx, h, o.StateDir, p, now, t)
		if err == nil {
			opened.e.logs = logs
		}
		return opened, err
	}
	first, err := open(Hub{o.Session, o.Profile, o.Login})
	if err != nil {
		return nil, fmt.Errorf("start the terminal UI: %w", err)
	}
	first.e.version = o.Version
	r := newRoot(ctx, first)
	r.pointer.on = o.Profile.TUIMouse != "off"
	r.hubs = hubs{known: o.Known, open: o.Open, make: open}
	return r, nil
}

func newEnv(ctx context.Context, h *hub, t *theme) *env {
	state, _ := recall("", "")
	return &env{
		kept:      state,
		lists:     map[listOf]nameList{},
		details:   map[int64]*detail{},
		clipboard: func(string) error { return nil },
		acts:      newCalls(ctx), hub: h, ctx: ctx, store: newStore(), theme: t, keyMap: newKeyMap(), loc: time.Local,
		feed:  newFeed(h, func(tea.Msg) {}, usualPace()),
		waits: newWaits(),
	}
}
