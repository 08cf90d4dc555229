package cli

import (
	"context"
	"errors"
	"time"

	"koji"
)

// newsfeed tells when it is worth to look again: when the hub's event stream
// says something, and at least as often as one polls a hub without a stream.
type newsfeed struct {
	stream *koji.Stream // nil if the hub has none
	pause  time.Duration
}

// news opens the event stream for notices of some kinds. Without a stream it
// is a clock.
func (e *Env) news(ctx context.Context, s *koji.Session, o koji.EventOptions) (*newsfeed, error) {
	n := &newsfeed{pause: max(e.profile.PollInterval, 100*time.Millisecond)}
	stream, err := s.Events(ctx, o)
	var transport *koji.TransportError
	switch {
	case err == nil:
		n.stream = stream
	case errors.Is(err, koji.ErrNoStream), errors.As(err, &transport):
	default:
		return nil, err
	}
	return n, nil
}

// wait waits for news. It is an error only if ctx ends.
func (n *newsfeed) wait(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, n.pause)
	defer cancel()
	if n.stream == nil {
		<-limited.Done()
		return ctx.Err()
	}
	for first := true; first || n.stream.Pending() > 0; first = false {
		_, err := n.stream.Next(limited)
		switch {
		case err == nil, errors.Is(err, koji.ErrGap):
		case limited.Err() != nil:
			return ctx.Err()
		default:
			n.close()
			return n.wait(ctx)
		}
	}
	return nil
}

func (n *newsfeed) close() {
	if n.stream != nil {
		n.stream.Close()
		n.stream = nil
	}
}
