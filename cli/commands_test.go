package cli

import (
	_ "embed"
	"io"
	"strings"
	"testing"

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
