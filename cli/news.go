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

// awaitNews looks whenever there may be news until look says that it is done,
// or fails when the limit is over; a limit of 0 is none. A hub that is away is
// waited for.
func awaitNews(ctx context.Context, env *Env, s *koji.Session, limit time.Duration, events koji.EventOptions, look func(context.Context) (bool, error)) error {
	limited := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	err := func() error {
		feed, err := env.news(limited, s, events)
		if err != nil {
			return err
		}
		defer feed.close()
		for {
			done, err := look(limited)
			if done || err != nil && !hubLost(err) {
				return err
			}
			if err := feed.wait(limited); err != nil {
				return err
			}
		}
	}()
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return failf("Timed out after %s", limit.Truncate(time.Millisecond))
	}
	return err
}
