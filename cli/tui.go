package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
	"koji/tui"
)

// newTUICommand is koji tui.
func newTUICommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "tui", Short: "Watch and steer the hub on the whole screen", GroupID: monitor,
		Example: "koji tui", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runTUI(cmd.Context(), env) },
	}
}

// runTUI logs in if there is a way to; looking needs no login.
func runTUI(ctx context.Context, env *Env) error {
	if !env.onTerminal() || !isTerminal(env.In) {
		return failf("koji tui needs a terminal; in scripts use watch-task, list-tasks and the like")
	}
	p, err := env.Profile()
	if err != nil {
		return err
	}
	open := env.Anonymous
	if method, err := env.method(p); err == nil && (method != koji.LoginPassword || env.user(p) != "") {
		open = env.Session
	}
	s, err := open(ctx)
	if err != nil {
		return err
	}
	return tui.Run(ctx, tui.Options{Session: s, Profile: p, In: env.In, Out: env.screen, Version: Version})
}
