package koji

import (
	"context"
	"errors"
)

// Suspended is a login laid aside, for a later process to take up with Restore.
// Its Key is a secret.
type Suspended struct {
	SessionInfo
	NextCall int64 // the number of the next call; negative if the hub must be asked for it
}

// Suspend lays the login aside: it stays open at the hub, and calls are made
// without a login from now on. Without a login it gives the zero value.
func (s *Session) Suspend(ctx context.Context) (Suspended, error) {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return Suspended{}, err
	}
	defer release()
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := Suspended{SessionInfo: s.info, NextCall: s.callNum}
	if !s.counted {
		kept.NextCall = -1
	}
	s.info, s.loggedIn, s.exclusive, s.login = SessionInfo{}, false, false, nil
	return kept, nil
}

// Restore takes up a suspended login. Unlike Resume it trusts that the hub may
// have closed it since: if the first call is refused for want of a login, it
// logs in anew as again says and makes the call once more. With again nil
// neither that nor a renewal is tried.
func (s *Session) Restore(kept Suspended, again *LoginOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.info, s.loggedIn, s.exclusive = kept.SessionInfo, true, false
	s.counted, s.callNum = kept.NextCall >= 0, max(kept.NextCall, 0)
	s.login, s.doubted = again, again != nil
}

// revive logs in again after a call that failed with err, if the reason is that
// the login is over and something can be done about it. The caller has the
// turn.
func (s *Session) revive(ctx context.Context, err error) (alive bool, failed error) {
	s.mu.Lock()
	o, doubted := s.login, s.doubted
	s.doubted = false
	s.mu.Unlock()
	// Of the other refusals for want of a login one, ErrRetry, is of a call that
	// was carried out.
	var refused *Error
	unknown := errors.As(err, &refused) && (refused.Code == CodeAuth || refused.Code == CodeSequence)
	switch {
	case o == nil:
		return false, nil
	case errors.Is(err, ErrAuthExpired):
		return true, s.renew(ctx)
	case doubted && unknown:
		info, err := s.openSession(ctx, *o, nil)
		if err != nil {
			return true, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.info, s.counted, s.callNum = *info, true, 0
		return true, nil
	}
	return false, nil
}
