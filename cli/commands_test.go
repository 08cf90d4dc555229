package cli

import (
	_ "embed"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:embed testdata/koji-commands.txt
var kojiCommands string

// kojiCommand is a command of Koji's client.
type kojiCommand struct {
	name, category string
	aliases        []string
	options        []kojiOption
}

type kojiOption struct {
	names       []string // with their dashes
	takes       string
	initial     string
	description string
}

// readKojiCommands reads the list; the first of it are the global options.
func readKojiCommands(t *testing.T) []kojiCommand {
	t.Helper()
	var commands []kojiCommand
	for line := range strings.Lines(kojiCommands) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		left, right, _ := strings.Cut(line, " = ")
		words := strings.Fields(left)
		if strings.HasPrefix(line, "\t") {
			c := &commands[len(commands)-1]
			last := len(words) - 1
			c.options = append(c.options, kojiOption{names: words[:last], takes: words[last], initial: right, description: line[1:]})
			continue
		}
		c := kojiCommand{name: words[0], aliases: strings.Fields(right)}
		if len(words) > 1 {
			c.category = words[1]
		}
		commands = append(commands, c)
	}
	return commands
}

// quietEnv is an environment that prints nowhere, with the global options set up.
func quietEnv(t *testing.T) *Env {
	t.Helper()
	e := newEnv(Stdio{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	if _, err := e.globals.parse(nil); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestKojiCommands holds that each command of Koji's client is there, by all its
// names and with all its options.
func TestKojiCommands(t *testing.T) {
	t.Parallel()
	listed := readKojiCommands(t)
	if n := len(listed) - 1; n != 143 {
		t.Fatalf("the list has %d commands instead of 143", n)
	}
	e := quietEnv(t)
	hasOptions(t, e.globals.flags, listed[0].options)
	for _, want := range listed[1:] {
		t.Run(want.name, func(t *testing.T) {
			cmd := e.find(want.name)
			if cmd == nil || cmd.Name() != want.name {
				t.Fatal("there is no such command")
			}
			if cmd.GroupID != want.category {
				t.Errorf("stands in %s instead of %s", cmd.GroupID, want.category)
			}
			for _, alias := range append(want.aliases, strings.ReplaceAll(want.name, "-", "_")) {
				if found := e.find(alias); found == nil || found.Name() != want.name {
					t.Errorf("isn't known as %s", alias)
				}
			}
			hasOptions(t, cmd.Flags(), want.options)
		})
	}
}

func hasOptions(t *testing.T, f *pflag.FlagSet, options []kojiOption) {
	t.Helper()
	for _, o := range options {
		for _, name := range o.names {
			flag := f.Lookup(strings.TrimPrefix(name, "--"))
			if len(name) == 2 {
				flag = f.ShorthandLookup(name[1:])
			}
			switch {
			case flag == nil:
				t.Errorf("%s is missing of: %s", name, o.description)
			case (flag.NoOptDefVal != "") != (o.takes == "flag"):
				t.Errorf("takes no or one value too many: %s", o.description)
			case o.initial != "" && flag.DefValue != o.initial:
				t.Errorf("is %q if not given: %s", flag.DefValue, o.description)
			case o.takes == "list" && !repeats(flag):
				t.Errorf("can't be given twice: %s (%s)", o.description, flag.Value.Type())
			}
		}
	}
}

// repeats reports whether a flag keeps the first of its values when it is given
// again.
func repeats(flag *pflag.Flag) bool {
	_, slice := flag.Value.(pflag.SliceValue)
	return slice
}

// eachCommand calls f with every command and subcommand.
func eachCommand(t *testing.T, f func(t *testing.T, cmd *cobra.Command)) {
	t.Helper()
	root, err := Tree()
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range root.Commands() {
		for _, cmd := range append([]*cobra.Command{cmd}, cmd.Commands()...) {
			t.Run(strings.TrimPrefix(cmd.CommandPath(), "koji "), func(t *testing.T) { f(t, cmd) })
		}
	}
}

// TestTable holds that commands are found by the names they have.
func TestTable(t *testing.T) {
	t.Parallel()
	e := quietEnv(t)
	for _, row := range table() {
		if name := row.construct(e).Name(); name != row.name {
			t.Errorf("%s stands in the table as %s", name, row.name)
		}
	}
}

// TestExamples holds that each command shows how it is used, with options that
// it has.
func TestExamples(t *testing.T) {
	t.Parallel()
	eachCommand(t, func(t *testing.T, cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Example == "" {
			t.Fatal("has no example, or says nothing about itself")
		}
		about := 0
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, cmd.CommandPath()+" ") || line == cmd.CommandPath() {
				about++
			}
			for _, word := range strings.Fields(strings.TrimPrefix(line, cmd.CommandPath())) {
				name, isFlag := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(name, "=")
				if isFlag && !cmd.HasSubCommands() && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
					t.Errorf("has no option --%s: %s", name, line)
				}
			}
		}
		if about == 0 && !cmd.HasSubCommands() {
			t.Errorf("is not in its own example: %s", cmd.Example)
		}
	})
}

// TestDataOptions holds that whatever lists or shows has --json and --format.
func TestDataOptions(t *testing.T) {
	t.Parallel()
	tells := func(name string) bool {
		switch name {
		case "latest-build", "search", "version", "moshimoshi", "scheduler-logs", "watch-task", "why", "explain", "list", "show", "check":
			return true
		}
		return strings.HasPrefix(name, "list-") || strings.HasPrefix(name, "show-") || strings.HasSuffix(name, "info")
	}
	eachCommand(t, func(t *testing.T, cmd *cobra.Command) {
		if !tells(cmd.Name()) {
			return
		}
		for _, name := range []string{"json", "format"} {
			if cmd.Flags().Lookup(name) == nil {
				t.Errorf("--%s is missing", name)
			}
		}
	})
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		use      string
		want     []string
		repeated bool
	}{
		{"list-tags [options] [pattern]", nil, false},
		{"add-pkg [options] --owner <owner> <tag> <package> [<package> ...]", []string{"tag", "package"}, true},
		{"set-task-priority [options] --priority=<priority> <task_id> [<task_id> ...]", []string{"task_id"}, true},
		{"scheduler-logs <options>", nil, false},
		{"add-target <name> <build tag> [<dest tag>]", []string{"name", "build tag", "dest tag"}, false},
	} {
		got, repeated := placeholders(tt.use)
		if diff := cmp.Diff(tt.want, got); diff != "" || repeated != tt.repeated {
			t.Errorf("%s: again %v\n%s", tt.use, repeated, diff)
		}
	}
}
