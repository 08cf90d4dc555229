package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"koji"
)

// Account is who a daemon is at the hub.
type Account struct {
	Options koji.Options
	// SessionFile keeps the session, its key included, from one start to the
	// next: a daemon that was killed ends its old session with it, so that the
	// new one can be exclusive.
	SessionFile string
	ForceLock   bool // close an exclusive session that isn't ours
	Logger      *slog.Logger
}

// storedSession is the content of the session file.
type storedSession struct {
	Server string `json:"server"`
	User   string `json:"user"`
	ID     int64  `json:"id"`
	Key    string `json:"key"`
	Header bool   `json:"header_auth"`
}

// Login opens the daemon's session, makes it exclusive and tries it. While the
// hub can't be reached it waits, as Options say.
func (a *Account) Login(ctx context.Context) (*koji.Session, error) {
	a.endOld(ctx)
	o := a.Options
	o.AnonRetry = true // the hub may be starting just now
	s, err := koji.New(o)
	if err != nil {
		return nil, err
	}
	if err := s.Login(ctx, koji.LoginOptions{}); err != nil {
		return nil, err
	}
	if err := s.Exclusive(ctx, a.ForceLock); err != nil {
		if lerr := s.Logout(ctx); lerr != nil {
			a.Logger.Warn("log out", "error", lerr)
		}
		if errors.Is(err, koji.ErrAuthLocked) {
			return nil, fmt.Errorf("%w: Unable to get lock. Trying using --force-lock", err)
		}
		return nil, err
	}
	var answer []string
	if err := s.Call(ctx, "echo", &answer, "OK"); err != nil {
		return nil, fmt.Errorf("try the session: %w", err)
	}
	if len(answer) != 1 || answer[0] != "OK" {
		return nil, fmt.Errorf("try the session: the hub echoes %q", answer)
	}
	if err := a.store(s.Info()); err != nil {
		return nil, err
	}
	return s, nil
}

// Logout ends the session and forgets it. If the hub is away the session stays
// in its file, for the next start to end.
func (a *Account) Logout(ctx context.Context, s *koji.Session) error {
	if err := s.Logout(ctx); err != nil {
		return err
	}
	if err := os.Remove(a.SessionFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// endOld logs the session of an earlier start out. That it fails is no reason
// not to start: the session may be gone, or the hub another one.
func (a *Account) endOld(ctx context.Context) {
	data, err := os.ReadFile(a.SessionFile)
	if err != nil {
		return
	}
	var old storedSession
	if json.Unmarshal(data, &old) != nil || old.Server != a.Options.Server || old.User != a.Options.User {
		return
	}
	o := a.Options
	o.User, o.Password, o.Cert, o.Keytab = "", "", "", "" // an expired session is not to be renewed
	s, err := koji.New(o)
	if err != nil {
		return
	}
	defer s.Close()
	s.Resume(koji.SessionInfo{ID: old.ID, Key: old.Key, HeaderAuth: old.Header})
	if err := s.Logout(ctx); err != nil {
		a.Logger.Debug("old session could not be ended", "session", old.ID, "error", err)
		return
	}
	a.Logger.Info("ended the session of an earlier start", "session", old.ID)
}

// store writes the session file, for the owner's eyes only.
func (a *Account) store(info koji.SessionInfo) error {
	data, err := json.Marshal(storedSession{Server: a.Options.Server, User: a.Options.User, ID: info.ID, Key: info.Key, Header: info.HeaderAuth})
	if err == nil {
		err = writePrivate(a.SessionFile, data)
	}
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

func writePrivate(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".session-") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Patience turns Koji's retry keys into those of a session: so many tries, so
// far apart. A hub that restarts is back in seconds, so the tries come often,
// and so many of them that the whole time to wait stays what was configured.
func Patience(o *koji.Options, interval time.Duration, retries int) {
	const often = 2 * time.Second
	o.RetryInterval, o.MaxRetries = interval, retries
	if interval > often {
		o.RetryInterval = often
		o.MaxRetries = int(time.Duration(retries) * interval / often)
	}
	if o.MaxRetries == 0 {
		o.MaxRetries = -1 // a session takes 0 for its default
	}
}
