package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// The names in a lab.
const (
	labProfile = "koji-lab"
	labAdmin   = "kojiadmin"
	labBuilder = "lab-builder"
	labTag     = "lab"
	labBuildIn = "lab-build"
)

// lab is a hub, a builder and a repo daemon of one's own on this machine. All
// it has is in one directory.
type lab struct {
	dir  string    // absolute
	bin  string    // the directory of the programs
	out  io.Writer // what happens is told here
	home string    // where the profile goes; the user's home if empty
	env  *Env      // of the run, for what other commands do too
}

func (l *lab) path(elem ...string) string { return filepath.Join(append([]string{l.dir}, elem...)...) }

func (l *lab) program(name string) string { return filepath.Join(l.bin, name) }

func (l *lab) say(format string, args ...any) { fmt.Fprintf(l.out, format+"\n", args...) }

// labDir is where the lab of this user lives unless told otherwise.
func labDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "koji-lab"), nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/koji-lab", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a directory for the lab: %w", err)
	}
	return filepath.Join(home, ".local", "state", "koji-lab"), nil
}

// newLab finds the lab's directory and the programs beside this one.
func newLab(e *Env, dir string) (*lab, error) {
	if dir == "" {
		var err error
		if dir, err = labDir(); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the lab's directory: %w", err)
	}
	// What stands in configuration files and on command lines of rpm.
	if strings.ContainsFunc(dir, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`%#;"'\$`, r) }) {
		return nil, usagef("a lab cannot live in %q: no blanks, quotes, %%, $, # or ; please", dir)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the programs: %w", err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return nil, fmt.Errorf("find the programs: %w", err)
	}
	return &lab{dir: dir, bin: filepath.Dir(self), out: e.Out, env: e}, nil
}

const labHelp = `A lab is a hub, a builder and a repo daemon of your own on this machine, with
SQLite and on loopback only. Nothing of it is outside of one directory, but for
the profile koji-lab in ~/.koji/config.d.


  up      starts the lab
  demo    the place to begin: starts the lab if need be, makes an RPM
          distribution of this machine's own packages, and builds two with it
  status  shows what runs and what was built
  down    stops the lab; what it has stays`

// newLabCommand is `koji lab` with what can be done with a lab.
func newLabCommand(e *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "lab up|demo|status|down [--dir DIR]", Short: "A hub, a builder and a repo daemon of your own on this machine",
		Long: labHelp, GroupID: misc, Example: "koji lab demo", Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return usagef("say what to do: up, demo, status or down") },
	}
	var dir string
	cmd.PersistentFlags().StringVar(&dir, "dir", "", "where the lab lives (default: the user's state directory; root: /var/lib/koji-lab)")
	for _, verb := range []struct {
		name, short string
		run         func(*lab, context.Context) error
	}{
		{"up", "Start the lab", (*lab).up},
		{"demo", "Start the lab if need be, and build two packages in it", (*lab).demo},
		{"status", "Show what runs and what was built", (*lab).status},
		{"down", "Stop the lab; what it has stays", (*lab).down},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: verb.name, Short: verb.short, Example: "koji lab " + verb.name, Args: arguments(0, 0), SilenceErrors: true, SilenceUsage: true,
			RunE: func(c *cobra.Command, _ []string) error {
				l, err := newLab(e, dir)
				if err != nil {
					return err
				}
				return labError(verb.run(l, c.Context()))
			},
		})
	}
	return cmd
}

// labError is an error as a person reads it: no class, no time.
func labError(err error) error {
	var usage *usageError
	var status exitStatus
	if err == nil || errors.As(err, &usage) || errors.As(err, &status) || errors.Is(err, context.Canceled) {
		return err
	}
	return failf("koji lab: %v", err)
}

// session logs the lab's admin in.
func (l *lab) session(ctx context.Context, s *labState) (*koji.Session, error) {
	password, err := os.ReadFile(l.path("secret", labAdmin))
	if err != nil {
		return nil, fmt.Errorf("read the admin's password: %w", err)
	}
	session, err := koji.New(koji.Options{
		Server: s.server(), TopURL: s.topURL(), User: labAdmin, Password: strings.TrimSpace(string(password)), MaxRetries: 3, AnonRetry: true,
	})
	if err != nil {
		return nil, err
	}
	return session, session.Login(ctx, koji.LoginOptions{Method: koji.LoginPassword})
}

// endSession logs out; a session that isn't ended is forgotten by the hub.
func endSession(ctx context.Context, s *koji.Session) {
	_ = s.Logout(context.WithoutCancel(ctx))
	s.Close()
}
