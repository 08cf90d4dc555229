package tui

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji/profiles"
)

// patient is a model on a real hub that is polled, whose minutes pass as fast
// as the hub answers: the clock and the beat of the polls are the test's.
type patient struct {
	t     *testing.T
	r     *root
	now   atomic.Int64 // seconds since the epoch
	beats chan time.Time
	msgs  chan tea.Msg
}

func newPatient(t *testing.T, l *lab, set func(f *feed)) *patient {
	t.Helper()
	p := &patient{t: t, beats: make(chan time.Time), msgs: make(chan tea.Msg, 1000)}
	p.now.Store(time.Now().Unix())
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := start(ctx, Options{Session: l.polled(), Profile: profiles.Default("lab")}, usualPace(),
		p.clock, newTheme(paletteDark, false))
	if err != nil {
		t.Fatal(err)
	}
	p.r = r
	r.e.feed.beat = func(time.Duration) *time.Ticker { return &time.Ticker{C: p.beats} }
	set(r.e.feed)
	var feeds sync.WaitGroup
	r.tab.feed(&feeds, func(m tea.Msg) { p.msgs <- m })
	t.Cleanup(func() { cancel(errors.New("the test is over")); feeds.Wait() })
	p.update(sizeMsg(160, 50))
	p.run(r.Init())
	for !r.e.store.loaded {
		p.update(<-p.msgs)
	}
	p.rest()
	return p
}

func (p *patient) clock() time.Time { return time.Unix(p.now.Load(), 0) }

// run runs a command's calls beside; what only waits for a time is left out.
func (p *patient) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch m := cmd().(type) {
		case tea.BatchMsg:
			for _, c := range m {
				p.run(c)
			}
		case reply, told:
			p.msgs <- m
		}
	}()
}

func (p *patient) update(msg tea.Msg) {
	_, cmd := p.r.Update(msg)
	p.run(cmd)
}

// rest waits until no call is under way.
func (p *patient) rest() {
	p.t.Helper()
	limit := time.After(patience)
	for p.r.pending() > 0 || len(p.msgs) > 0 {
		select {
		case m := <-p.msgs:
			p.update(m)
		case <-limit:
			p.t.Fatalf("%d calls aren't answered in %v", p.r.pending(), patience)
		}
	}
}

// minute lets a minute pass and tells how many calls were made in it.
func (p *patient) minute() int {
	p.t.Helper()
	for range 12 {
		p.now.Add(5)
		p.update(tickAt(p.r.tickGen))
		p.rest()
		p.beats <- p.clock()
		p.beats <- p.clock() // is taken once the poll is over, too early to be one
		p.rest()
	}
	return p.r.e.meter.perMinute(p.clock())
}

// While nothing happens a hub that is polled is asked 12 times a minute,
// whatever is looked at, and four times once nobody has looked for a while.
func TestCallsWhileNothingHappens(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var free int64
	l.call(l.admin, &free, "makeTask", "sleep", []any{1}) // why it waits is asked for
	for _, tt := range []struct {
		name string
		keys []string
	}{
		{"tasks", nil},
		{"a task", []string{"enter"}},
		{"builds", []string{"2"}},
		{"tags", []string{"3"}},
		{"hosts", []string{"4"}},
		{"repos", []string{"5"}},
		{"channels", []string{"6"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, l, func(*feed) {})
			for _, k := range tt.keys {
				p.update(keyMsg(k))
				p.rest()
			}
			p.minute() // what was asked for by keys is over
			sum := 0
			for range 3 {
				sum += p.minute()
			}
			if sum > 3*12 || sum < 3*6 {
				t.Errorf("%d calls in three minutes, 36 are to be made at most:\n%s", sum, screenText(checkFrame(t, p.r)))
			}
			p.now.Add(int64(idleTime / time.Second))
			p.minute()
			if n := p.minute(); n > 8 {
				t.Errorf("%d calls in a minute of which nobody looks at what they bring:\n%s", n, screenText(checkFrame(t, p.r)))
			}
			p.update(keyMsg("f"))
			if p.r.e.feed.resting() {
				t.Error("it is still polled less often after a key")
			}
		})
	}
}
