package tui

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/profiles"
)

// driver runs the real program without a terminal: it presses keys and reads
// the screen.
type driver struct {
	t testing.TB
	p *tea.Program

	mu     sync.Mutex
	screen string
	drawn  chan struct{} // closed at the next frame
}

// quick is the pace of tests: nothing is waited for longer than need be.
func quick() pace {
	return pace{
		gather: 5 * time.Millisecond, poll: 50 * time.Millisecond, tails: 50 * time.Millisecond,
		lost: []time.Duration{200 * time.Millisecond},
	}
}

func drive(t testing.TB, s *koji.Session, w, h int) *driver {
	t.Helper()
	return driveAt(t, s, w, h, quick())
}

// driveAt is drive at another pace.
func driveAt(t testing.TB, s *koji.Session, w, h int, at pace) *driver {
	t.Helper()
	return driveHub(t, Hub{Session: s, Profile: profiles.Default("lab")}, w, h, at)
}

// driveHub is drive with a hub whose login may still be to come.
func driveHub(t testing.TB, hub Hub, w, h int, at pace) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := start(ctx, Options{Session: hub.Session, Profile: hub.Profile, Login: hub.Login, CacheDir: t.TempDir()}, at, time.Now, newTheme(paletteDark, false))
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{t: t, drawn: make(chan struct{})}
	r.drawn = func(c *Canvas) { d.saw(r, c) }
	d.p = tea.NewProgram(r, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithoutSignalHandler())
	var wg sync.WaitGroup
	r.hubs.run = func(t *tab) { t.feed(&wg, d.p.Send) }
	r.hubs.run(r.tab)
	wg.Add(1)
	go func() {
		defer wg.Done()
		if _, err := d.p.Run(); err != nil && ctx.Err() == nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); wg.Wait() })
	d.p.Send(sizeMsg(w, h))
	return d
}

// saw takes each frame in, and asserts what holds for all.
func (d *driver) saw(r *root, c *Canvas) {
	if err := frameError(r); err != nil {
		d.t.Error(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screen = screenText(c)
	close(d.drawn)
	d.drawn = make(chan struct{})
}

// press presses keys and waits until the program is at rest after each.
func (d *driver) press(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.p.Send(keyMsg(n))
		idle := make(chan struct{})
		d.p.Send(settle(idle))
		select {
		case <-idle:
		case <-time.After(patience):
			d.t.Fatalf("not at rest after %q:\n%s", n, d.text())
		}
	}
}

func (d *driver) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen
}

// see waits until all texts are on the screen at once.
func (d *driver) see(texts ...string) {
	d.t.Helper()
	d.until(fmt.Sprintf("see %q", texts), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// not waits until a text is off the screen.
func (d *driver) not(text string) {
	d.t.Helper()
	d.until(fmt.Sprintf("not %q", text), func(screen string) bool { return !strings.Contains(screen, text) })
}

func (d *driver) until(what string, ok func(screen string) bool) {
	d.t.Helper()
	limit := time.After(patience)
	for {
		d.mu.Lock()
		screen, drawn := d.screen, d.drawn
		d.mu.Unlock()
		if ok(screen) {
			return
		}
		select {
		case <-drawn:
		case <-limit:
			d.t.Fatalf("%s: not in %v:\n%s", what, patience, screen)
		}
	}
}

// finish runs the calls of a command and hands their answers to the model;
// what waits for a while isn't waited for.
func finish(r *root, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	got := make(chan tea.Msg, 1)
	go func() { got <- cmd() }()
	var msg tea.Msg
	select {
	case msg = <-got:
	case <-time.After(2 * time.Second):
		return
	}
	switch m := msg.(type) {
	case tea.BatchMsg:
		for _, c := range m {
			finish(r, c)
		}
	case reply, resume:
		_, next := r.Update(m)
		finish(r, next)
	}
}
