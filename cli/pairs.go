package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// pairsOption is a flag whose value is two words, as Koji has it: --flag A B.
// Flags have one value only, so dispatch joins the words before they are parsed.
type pairsOption struct{ pairs [][]string }

// between stands between the joined words; no word of a command line holds it.
const between = "\x00"

func (o *pairsOption) String() string { return "" }

// Type names the value in a command's help.
func (o *pairsOption) Type() string { return "PAIR" }

// Set takes two joined words.
func (o *pairsOption) Set(text string) error {
	first, second, ok := strings.Cut(text, between)
	if !ok {
		return fmt.Errorf("two words are needed")
	}
	o.pairs = append(o.pairs, []string{first, second})
	return nil
}

// list is the pairs as a task takes them.
func (o *pairsOption) list() [][]string { return append([][]string{}, o.pairs...) }

const pairFlags = "flags of two words"

// takesPairs says which flag of a command is a pairsOption.
func takesPairs(cmd *cobra.Command, flag string) *cobra.Command {
	cmd.Annotations = map[string]string{pairFlags: flag}
	return cmd
}

// joinPairs puts the two words behind such a flag into one.
func joinPairs(cmd *cobra.Command, args []string) []string {
	flag := cmd.Annotations[pairFlags]
	if flag == "" {
		return args
	}
	var joined []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(joined, args[i:]...)
		case args[i] == "--"+flag && i+2 < len(args):
			joined = append(joined, args[i]+"="+args[i+1]+between+args[i+2])
			i += 2
		case strings.HasPrefix(args[i], "--"+flag+"=") && i+1 < len(args):
			joined = append(joined, args[i]+between+args[i+1])
			i++
		default:
			joined = append(joined, args[i])
		}
	}
	return joined
}
