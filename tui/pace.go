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

// rest has a polled hub be asked less often while nobody looks at the screen.
func (f *feed) rest(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

func (f *feed) resting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}
