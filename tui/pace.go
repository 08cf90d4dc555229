package tui

import "time"

// pace is how often things happen.
type pace struct {
	gather time.Duration   // what comes after a change is left unheard, to come together
	poll   time.Duration   // of a hub without a stream
	tails  time.Duration   // of logs that the hub doesn't tell of
	lost   []time.Duration // before each new try
}

func usualPace() pace {
	return pace{
		gather: 120 * time.Millisecond, poll: 5 * time.Second, tails: 2 * time.Second,
		lost: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second},
	}
}

// restPolls is how many polls become one while nobody looks.
const restPolls = 3

// idleTime is after how long without a key nobody looks.
const idleTime = 10 * time.Minute

// rest has a polled hub be asked less often while nobody looks at the
// screen, and tells whether nobody did until now.
func (f *feed) rest(away bool) (was bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, f.away = f.away, away
	return was
}

func (f *feed) resting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

// due reports whether a hub is to be polled at this beat. What views ask for by
// themselves comes out of the polls' share: together they are as many calls a
// minute as there are polls alone, as long as the hub is heard of often enough.
func (f *feed) due(now time.Time) bool {
	every := f.pace.poll
	switch since := now.Sub(f.link.heard); {
	case since < every/2: // it took its time to answer
		return false
	case since >= restPolls*every-every/2:
		return true
	}
	polls, others := f.hub.meter.since(now.Add(every/5 - time.Minute)) // beats come a little early or late
	if others > 0 {
		others++ // they come when they like
	}
	return !f.resting() && polls+others < int(time.Minute/every)
}
