package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"koji"
	"koji/internal/safetext"
	"koji/profiles"
)

// Env is what the commands of one run share.
type Env struct {
	In  io.Reader
	Out io.Writer // where answers go; makes foreign text safe if it is a terminal
	Err io.Writer

	screen   io.Writer // Out as it is, for progress and trees
	coloured bool      // what is written to Out may be painted
	argv0    string
	globals  globals
	command  *cobra.Command
	bar      atomic.Pointer[progress] // what is on the screen, if anything
	profile  *profiles.Profile        // after Profile
	session  *koji.Session            // after Session or Anonymous
	kept     *keptLogin               // where the login goes at the end, nil if it is closed then
}

func newEnv(s Stdio) *Env {
	e := &Env{In: s.In, Out: s.Out, Err: s.Err, screen: s.Out}
	if isTerminal(s.Out) {
		out := s.Out
		if e.coloured = colours(); e.coloured {
			out = colourWriter{s.Out}
		}
		e.Out = safetext.Writer(out)
	}
	if isTerminal(s.Err) {
		e.Err = safetext.Writer(s.Err)
	}
	return e
}

// Profile is the profile of the run, read when it is first asked for.
func (e *Env) Profile() (*profiles.Profile, error) {
	if e.profile != nil {
		return e.profile, nil
	}
	p, err := e.globals.load(e.argv0)
	if err != nil {
		return nil, err
	}
	e.profile = p
	return p, nil
}

// quiet is set by the global option or by the command's of the same name.
func (e *Env) quiet() bool { return e.globals.quiet }

// say prints prose that --quiet and data leave out.
func (e *Env) say(format string, args ...any) {
	if !e.quiet() && !e.asData() {
		e.printf(format, args...)
	}
}

func (e *Env) printf(format string, args ...any) { fmt.Fprintf(e.Out, format+"\n", args...) }

func (e *Env) warn(format string, args ...any) { fmt.Fprintf(e.Err, format+"\n", args...) }

// buffered lets f print much.
func (e *Env) buffered(f func(w *bufio.Writer)) error {
	w := bufio.NewWriter(e.Out)
	f(w)
	return w.Flush()
}

// onTerminal reports whether a person sees the answers.
func (e *Env) onTerminal() bool { return isTerminal(e.screen) }

// background reports whether nobody waits at a terminal: the input is none, or
// belongs to another job. Koji: reference/cli.md, tri-state wait.
func (e *Env) background() bool {
	f, ok := e.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return true
	}
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group != unix.Getpgrp()
}

// isTerminal reports whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// size is the terminal's width and height.
func (e *Env) size() (int, int) {
	if f, ok := e.screen.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// close ends the session if one was opened. An interrupted run does so too,
// but doesn't wait for a hub that is gone.
func (e *Env) close() {
	if e.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	e.logout(ctx)
	e.session.Close()
}

// logout ends the login, or keeps it for the next command if the profile wants
// so, and leaves a session that can be read with.
func (e *Env) logout(ctx context.Context) {
	switch {
	case e.session == nil:
	case e.kept != nil:
		if err := e.keep(ctx); err != nil {
			e.warn("koji: keep the session: %v", err)
		}
	case e.session.LoggedIn():
		// The hub forgets the session by itself later on.
		_ = e.session.Logout(ctx)
	}
}
