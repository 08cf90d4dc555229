package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"koji/profiles"
)

const longHelp = `koji talks to the hub of a Koji build system. Which hub and how to log in there
tells a profile: a section of /etc/koji.conf, ~/.koji/config and their
directories, chosen by --profile or by the name under which koji is called.

What lists or shows prints JSON with --json, and what a Go template makes of it
with --format. --quiet leaves out headers and prose, --utc prints times in UTC.
NO_COLOR in the environment keeps colours off a terminal.

Exit codes:

    0   done
    1   failed: the hub refused, something isn't there, a watched task did not
        succeed, the run was interrupted
    2   wrong usage: options, arguments, or a profile that isn't there
    n   that of an external command

A command that isn't built in is looked for as a program koji-COMMAND in the
directories of --plugin-paths or plugin_paths, in ~/.koji/plugins and on PATH. It
finds the profile in KOJI_PROFILE, KOJI_CONFIG, KOJI_SERVER, KOJI_WEBURL,
KOJI_TOPURL and KOJI_TOPDIR, and if a login can be had without asking, that login
in KOJI_SESSION_ID, KOJI_SESSION_KEY and KOJI_SESSION_CALLNUM: the session's number
and key, and the number its next call shall have. A koji that it calls uses all
this by itself; several may run at once, as each has a session of its own under it.`

// root makes the tree of all commands under one, for completion and for what is
// written about them. It isn't run: what stands before a command is global.
func (e *Env) root(name string) *cobra.Command {
	root := &cobra.Command{
		Use: name + " [global-options] <command> [options and arguments]", Short: "The client of Koji, a build system for RPMs", Long: longHelp,
		Example:          "koji --profile koji-stg list-tags\nkoji build --scratch f40 foo-1.0-1.src.rpm",
		TraverseChildren: true, SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.Flags().SortFlags = false
	root.Flags().AddFlagSet(e.globals.flags)
	for _, category := range categories() {
		root.AddGroup(&cobra.Group{ID: category, Title: category + " commands:"})
	}
	for _, cmd := range e.commands() {
		cmd.DisableFlagsInUseLine = true
		cmd.Flags().SortFlags = false
		root.AddCommand(cmd)
		if cmd.Name() == "help" {
			root.SetHelpCommand(cmd)
		}
	}
	return root
}

// Tree is all commands under the command koji, to be written about.
func Tree() (*cobra.Command, error) {
	e := newEnv(Stdio{})
	if _, err := e.globals.parse(nil); err != nil {
		return nil, err
	}
	return e.root(profiles.DefaultName), nil
}

// complete answers a shell that asks what may come next; args are as cobra's
// scripts ask.
func (e *Env) complete(ctx context.Context, args []string) error {
	root := e.root(filepath.Base(e.argv0))
	(&completer{env: e, ctx: ctx}).attach(root)
	root.SetArgs(args)
	root.SetOut(e.Out)
	root.SetErr(e.Err)
	return root.ExecuteContext(ctx)
}

// newCompletionCommand is koji completion.
func newCompletionCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish", Short: "Print what makes a shell complete koji's commands", GroupID: misc, Args: arguments(1, 1),
		Long: `Commands, options, and the names of tags, targets, packages, hosts, methods and
others that the hub knows, are completed. The names are kept for a minute.

  bash   koji completion bash > ~/.local/share/bash-completion/completions/koji
         (with the package bash-completion)
  zsh    koji completion zsh > a file _koji in a directory of $fpath
  fish   koji completion fish > ~/.config/fish/completions/koji.fish

For another profile, call koji by its name: koji-stg completion bash.`,
		Example:   "koji completion bash",
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(_ *cobra.Command, args []string) error {
			root := env.root(filepath.Base(env.argv0))
			switch strings.ToLower(args[0]) {
			case "bash":
				return root.GenBashCompletionV2(env.Out, true)
			case "zsh":
				return root.GenZshCompletion(env.Out)
			case "fish":
				return root.GenFishCompletion(env.Out, true)
			}
			return usagef("There is no completion for %s: bash, zsh and fish have it", args[0])
		},
	}
}
