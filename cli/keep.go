package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"koji"
	"koji/profiles"
)

// A profile with keep_session = true leaves its login open at the end of a
// command for the next one. A login's calls are numbered, so only one command
// can use it at a time: each takes a file of its own, and they make further
// logins if they run at once. A command holds the lock of its file while it
// runs, and what it leaves there is good for any later one.

// keptLogins is how many commands at once can keep theirs; further ones log in
// and out.
const keptLogins = 16

// keptLogin is a file with a login, locked.
type keptLogin struct{ file *os.File }

// keptRecord is what is in the file.
type keptRecord struct {
	Server     string `json:"server"`
	ID         int64  `json:"id"`
	Key        string `json:"key"`
	HeaderAuth bool   `json:"header_auth"`
	NextCall   int64  `json:"next_call"`
}

func (r *keptRecord) suspended() koji.Suspended {
	return koji.Suspended{SessionInfo: koji.SessionInfo{ID: r.ID, Key: r.Key, HeaderAuth: r.HeaderAuth}, NextCall: r.NextCall}
}

// keptDir is where a profile's logins are.
func keptDir(profile string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home directory: %w", err)
	}
	return filepath.Join(home, ".koji", "sessions", "profile-"+url.PathEscape(profile)), nil
}

// takeKept takes a file for logins of this identity, nil if all are in use.
func takeKept(profile, identity string) (*keptLogin, error) {
	dir, err := keptDir(profile)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep the session: %w", err)
	}
	for n := range keptLogins {
		k, err := openKept(filepath.Join(dir, fmt.Sprintf("%s-%d.json", identity, n)))
		if k != nil || err != nil {
			return k, err
		}
	}
	return nil, nil
}

// openKept opens and locks a file, nil if another has the lock.
func openKept(path string) (*keptLogin, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep the session: %w", err)
	}
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case err == nil:
		return &keptLogin{f}, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, f.Close()
	default:
		return nil, errors.Join(fmt.Errorf("keep the session: lock %s: %w", path, err), f.Close())
	}
}

// read gives what was kept, nil if there is nothing of use. A file that others
// may read is no secret any more, and not trusted.
func (k *keptLogin) read() *keptRecord {
	info, err := k.file.Stat()
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(k.file, 1<<16))
	var r keptRecord
	if err != nil || json.Unmarshal(text, &r) != nil || r.ID == 0 {
		return nil
	}
	return &r
}

// write replaces what the file holds; nil empties it.
func (k *keptLogin) write(r *keptRecord) error {
	text := []byte{}
	if r != nil {
		var err error
		if text, err = json.Marshal(r); err != nil {
			return err
		}
	}
	if err := errors.Join(k.file.Chmod(0o600), k.file.Truncate(0)); err != nil {
		return err
	}
	_, err := k.file.WriteAt(text, 0)
	return err
}

// close unlocks the file.
func (k *keptLogin) close() { k.file.Close() }

// identity tells logins apart, by all that decides on who one is at which hub.
// ok is false if the login isn't one to be kept: its password was given for
// this command, or it would fail now.
func (e *Env) identity(p *profiles.Profile, method koji.LoginMethod) (id string, ok bool) {
	words := []string{p.Server, string(method), e.globals.runas}
	switch method {
	case koji.LoginPassword:
		if e.globals.flags.Changed("password") {
			return "", false
		}
		words = append(words, e.user(p))
	case koji.LoginSSL:
		words = append(words, fileDigest(p.Cert))
	case koji.LoginKerberos:
		words = append(words, p.Principal, fileDigest(p.Keytab))
		if p.Keytab == "" {
			who, err := e.options(p).TicketPrincipal()
			if err != nil {
				return "", false
			}
			words = append(words, who)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return fmt.Sprintf("%x", sum[:12]), true
}

// fileDigest changes with a file; it is empty for none.
func fileDigest(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// restore takes up a kept login, if there is one for this identity, and holds
// its file. In the file stands meanwhile that the number of the next call is
// unknown, for the case that this command gets no chance to write it.
func (e *Env) restore(ctx context.Context, method koji.LoginMethod) (bool, error) {
	id, ok := e.identity(e.profile, method)
	if !ok {
		return false, nil
	}
	k, err := takeKept(e.profile.Name, id)
	if k == nil || err != nil {
		return false, err
	}
	e.kept = k
	record := k.read()
	if record == nil || record.Server != e.profile.Server {
		return false, nil
	}
	kept := record.suspended()
	record.NextCall = -1
	if err := k.write(record); err != nil {
		return false, fmt.Errorf("keep the session: %w", err)
	}
	if method == koji.LoginPassword && e.session.Options().Password == "" {
		return e.restoreUnarmed(ctx, kept)
	}
	e.session.Restore(kept, &koji.LoginOptions{Method: method, ProxyUser: e.globals.runas})
	return true, nil
}

// restoreUnarmed takes up a login whose password was typed once: if it is over,
// that must come out now, while the password can still be asked for.
func (e *Env) restoreUnarmed(ctx context.Context, kept koji.Suspended) (bool, error) {
	e.session.Restore(kept, nil)
	err := e.session.Call(ctx, "getLoggedInUser", nil)
	if errors.Is(err, koji.ErrAuth) || errors.Is(err, koji.ErrAuthExpired) {
		_, err = e.session.Suspend(ctx)
		return false, err
	}
	return err == nil, err
}

// keep leaves the login in the file for the next command.
func (e *Env) keep(ctx context.Context) error {
	k := e.kept
	e.kept = nil
	defer k.close()
	if !e.session.LoggedIn() {
		return nil
	}
	s, err := e.session.Suspend(ctx)
	if err != nil {
		return err
	}
	return k.write(&keptRecord{Server: e.profile.Server, ID: s.ID, Key: s.Key, HeaderAuth: s.HeaderAuth, NextCall: s.NextCall})
}

// newLogoutCommand is koji logout.
func newLogoutCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "End the sessions that keep_session left open", GroupID: misc, Args: arguments(0, 0),
		Long:    "They are those of the profile, for whomever they are. Those that commands use right\nnow are left to them.",
		Example: "koji logout",
		RunE:    func(cmd *cobra.Command, _ []string) error { return endKept(cmd.Context(), env) },
	}
}

func endKept(ctx context.Context, env *Env) error {
	p, err := env.Profile()
	if err != nil {
		return err
	}
	dir, err := keptDir(p.Name)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	ended, busy := 0, 0
	for _, path := range files {
		k, err := openKept(path)
		switch {
		case err != nil:
			return err
		case k == nil:
			busy++
			continue
		}
		record := k.read()
		if record != nil {
			err = endLogin(ctx, env.options(p), record)
			ended++
		}
		// The file stays: another command may be about to lock it.
		err = errors.Join(err, k.write(nil))
		k.close()
		if err != nil {
			return err
		}
	}
	env.say("Ended %d sessions.", ended)
	if busy > 0 {
		env.warn("%d more are in use.", busy)
	}
	return nil
}

// endLogin closes a login at its hub. That the hub did so before is no error.
func endLogin(ctx context.Context, o koji.Options, record *keptRecord) error {
	o.Server = record.Server
	s, err := koji.New(o)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Restore(record.suspended(), nil)
	if err := s.Logout(ctx); err != nil && !errors.Is(err, koji.ErrAuth) {
		return err
	}
	return nil
}
