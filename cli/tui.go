package cli

import (
	"context"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"koji"
	"koji/profiles"
	"koji/tui"
)

type tuiOptions struct {
	env        *Env
	plain, all bool

	mu     sync.Mutex // guards others: hubs are opened beside the UI
	others []*Env     // of the hubs that were opened besides
}

// newTUICommand is koji tui.
func newTUICommand(env *Env) *cobra.Command {
	o := &tuiOptions{env: env}
	cmd := &cobra.Command{
		Use: "tui", Short: "Watch and steer the hub on the whole screen", GroupID: monitor,
		Long: "With --plain, or on a terminal that can't be drawn on, what happens is told line by line, for screen readers and pipes.\n" +
			"With ui = tui in the profile, koji without a command is koji tui.",
		Example: "koji tui\nkoji tui --plain --all", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&o.plain, "plain", false, "no screen: a line for each change")
	cmd.Flags().BoolVar(&o.all, "all", false, "with --plain: everybody's tasks")
	return cmd
}

// wantsTUI reports whether koji without a command shows the terminal UI: the
// profile says so and there is a terminal.
func (e *Env) wantsTUI() bool {
	if !e.onTerminal() || !isTerminal(e.In) {
		return false
	}
	p, err := e.Profile()
	return err == nil && p.UI == "tui"
}

func (o *tuiOptions) run(ctx context.Context) error {
	plain := o.plain || os.Getenv("TERM") == "dumb"
	if !plain && (!o.env.onTerminal() || !isTerminal(o.env.In)) {
		return failf("koji tui needs a terminal; --plain, watch-task and list-tasks don't")
	}
	h, err := o.env.lookIn(ctx)
	if err != nil {
		return err
	}
	options := tui.Options{Session: h.Session, Login: h.Login, Profile: h.Profile, In: o.env.In, Out: o.env.screen, Version: Version}
	if plain {
		return tui.Plain(ctx, options, o.all)
	}
	options.StateDir, options.CacheDir = tui.StateDir(os.Getenv), tui.CacheDir(os.Getenv)
	// Without the list one can't switch, which is no reason not to begin.
	options.Known, _ = profiles.List(profiles.Options{ConfigFile: o.env.globals.config})
	options.Open = o.open
	defer func() {
		for _, other := range o.others {
			other.close()
		}
	}()
	return tui.Run(ctx, options)
}

// lookIn is the hub for who looks, with what logs in if there is a way to. A
// password that must be typed is asked for now, since it can't be later.
func (e *Env) lookIn(ctx context.Context) (tui.Hub, error) {
	s, err := e.Anonymous(ctx)
	if err != nil {
		return tui.Hub{}, err
	}
	p := e.profile
	h := tui.Hub{Session: s, Profile: p}
	method, err := e.method(p)
	if err != nil || s.LoggedIn() || p.AuthType == "noauth" || method == koji.LoginPassword && e.user(p) == "" {
		return h, nil // one only looks
	}
	if known, _ := e.password(p); method == koji.LoginPassword && known == "" && !e.globals.flags.Changed("password") {
		h.Session, err = e.Session(ctx)
		return h, err
	}
	h.Login = e.login
	return h, nil
}

// open opens the hub of another profile. It asks nothing: where a login fails
// that could need an answer, one only looks.
func (o *tuiOptions) open(ctx context.Context, name string) (tui.Hub, error) {
	args := []string{"-p", name}
	if o.env.globals.config != "" {
		args = append(args, "-c", o.env.globals.config)
	}
	other := newEnv(Stdio{Out: io.Discard, Err: io.Discard})
	if _, err := other.globals.parse(args); err != nil {
		return tui.Hub{}, err
	}
	h, err := other.lookIn(ctx)
	if err != nil && other.profile != nil { // a password that can't be asked for
		h = tui.Hub{Profile: other.profile}
		h.Session, err = koji.New(other.options(other.profile))
	}
	if err != nil {
		return tui.Hub{}, err
	}
	other.session = h.Session
	o.mu.Lock()
	defer o.mu.Unlock()
	o.others = append(o.others, other)
	return h, nil
}
