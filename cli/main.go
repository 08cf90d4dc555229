package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"koji/internal/quietterm"
)

// Version is the version of Koji whose language the client speaks.
const Version = "1.35.3"

// Stdio is the streams of a run. What they can do (is it a terminal, how wide)
// is found out if they are files.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs the command line args, args[0] being the program's name, and gives
// the exit code: 0 done, 1 failed, 2 wrong usage.
func Main(ctx context.Context, args []string, stdio Stdio) int {
	quietterm.Restore()
	env := newEnv(stdio)
	err := env.dispatch(ctx, args)
	env.close()
	return env.exit(err)
}

// dispatch finds the command and runs it.
func (e *Env) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		args = []string{"koji"}
	}
	e.argv0 = args[0]
	rest, err := e.globals.parse(args[1:])
	if err != nil {
		return err
	}
	e.chooseZone()
	switch {
	case e.globals.help:
		e.printUsage()
		return nil
	case len(rest) == 0 && !e.globals.helpCommands && e.wantsTUI():
		return (&tuiOptions{env: e}).run(ctx)
	case len(rest) == 0 || e.globals.helpCommands:
		e.printCommands(nil)
		return nil
	}
	if rest[0] == cobra.ShellCompRequestCmd || rest[0] == cobra.ShellCompNoDescRequestCmd {
		return e.complete(ctx, rest)
	}
	if cmd := e.find(rest[0]); cmd != nil {
		e.command = cmd
		cmd.SetOut(e.Out)
		return e.run(ctx, cmd, rest[1:])
	}
	if plugin := e.findPlugin(rest[0]); plugin != "" {
		return e.runPlugin(ctx, plugin, rest[1:])
	}
	return e.unknown(rest[0])
}

// chooseZone sets the zone of all times that are printed.
func (e *Env) chooseZone() {
	if e.globals.utc {
		time.Local = time.UTC
	}
}

// run executes a command that stands for itself, without cobra's own texts.
func (e *Env) run(ctx context.Context, cmd *cobra.Command, args []string) error {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.DisableFlagsInUseLine = true
	cmd.Flags().SortFlags = false
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%v", err) })
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(cmd) })
	cmd.PersistentPreRun = func(*cobra.Command, []string) { e.chooseZone() } // it may be the command that wants UTC
	cmd.SetArgs(joinPairs(cmd, args))
	return cmd.ExecuteContext(ctx)
}
