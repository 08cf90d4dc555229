package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// hints close the lists of commands.
const hints = `Try "koji --help" for help about global options
Try "koji help" to get all available commands
Try "koji <command> --help" for help about the options of a particular command
Try "koji help <category>" to get commands under a particular category
`

// printHelp is koji COMMAND --help.
func printHelp(cmd *cobra.Command) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Usage: koji %s\n\n%s.\n", cmd.Use, cmd.Short)
	if cmd.Long != "" {
		fmt.Fprintf(out, "%s\n", cmd.Long)
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(out, "\nAlso called %s.\n", strings.Join(cmd.Aliases, ", "))
	}
	if cmd.HasAvailableFlags() {
		fmt.Fprintf(out, "\nOptions:\n%s", cmd.Flags().FlagUsages())
	}
	if cmd.Example != "" {
		fmt.Fprintf(out, "\nExample:\n  %s\n", strings.ReplaceAll(cmd.Example, "\n", "\n  "))
	}
}

// newHelpCommand is koji help.
func newHelpCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "help [options] <category> ...", Short: "List the commands", GroupID: info,
		Long:    "Of a command that is no category it shows the help.",
		Aliases: []string{"list-commands"}, Example: "koji help build monitor\nkoji help list-tags",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] != all && !slices.Contains(categories(), args[0]) {
				if about := env.find(args[0]); about != nil {
					about.SetOut(env.Out)
					return env.run(cmd.Context(), about, []string{"--help"})
				}
			}
			for _, name := range args {
				if name != all && !slices.Contains(categories(), name) {
					env.printf("Available categories: %s, %s", strings.Join(categories(), ", "), all)
					return failf("no such category: %s", name)
				}
			}
			env.printCommands(args)
			return nil
		},
	}
	cmd.Flags().Bool("admin", false, "taken for compatibility: admin commands are always listed")
	cmd.Flags().Lookup("admin").Hidden = true
	return cmd
}

// printCommands lists the commands of some categories, or of all.
func (e *Env) printCommands(chosen []string) {
	commands := e.commands()
	slices.SortFunc(commands, func(a, b *cobra.Command) int { return cmp.Compare(a.Name(), b.Name()) })
	var b strings.Builder
	b.WriteString("Available commands:\n")
	for _, category := range categories() {
		if len(chosen) > 0 && !slices.Contains(chosen, category) && !slices.Contains(chosen, all) {
			continue
		}
		fmt.Fprintf(&b, "\n%s commands:\n", category)
		for _, cmd := range commands {
			if cmd.GroupID == category && !cmd.Hidden {
				fmt.Fprintf(&b, "        %-25s %s\n", cmd.Name(), cmd.Short)
			}
		}
	}
	if len(chosen) == 0 || slices.Contains(chosen, all) {
		e.listPlugins(&b)
	}
	fmt.Fprintf(e.Out, "%s\n%s", b.String(), hints)
}

// unknown lists the commands, and the one that may have been meant.
func (e *Env) unknown(name string) error {
	e.printCommands(nil)
	near, best := "", 3
	for _, cmd := range e.commands() {
		for _, known := range append([]string{cmd.Name()}, cmd.Aliases...) {
			if d := distance(strings.ToLower(strings.ReplaceAll(name, "_", "-")), known); d < best {
				near, best = known, d
			}
		}
	}
	if near != "" {
		e.logError("Unknown command: %s. Did you mean %s?", name, near)
	} else {
		e.logError("Unknown command: %s", name)
	}
	return exitStatus(exitFailed)
}

// distance counts the letters to change, add or drop between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
