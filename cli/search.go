package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// searchTypes are the kinds of things that can be looked for.
func searchTypes() []string {
	return []string{"package", "build", "tag", "target", "user", "host", "rpm", "maven", "win"}
}

// found is a thing that search found.
type found struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
}

type searchOptions struct {
	env          *Env
	regex, exact bool
}

// newSearchCommand is koji search.
func newSearchCommand(env *Env) *cobra.Command {
	o := &searchOptions{env: env}
	cmd := &cobra.Command{
		Use: "search [options] <search_type> <pattern>", Short: "Find things by parts of their names", GroupID: search,
		Long:    "The types are " + strings.Join(searchTypes(), ", ") + ". A pattern is a glob unless told otherwise.",
		Example: "koji search package 'python3-*'", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.regex, "regex", "r", false, "the pattern is a regular expression")
	f.BoolVar(&o.exact, "exact", false, "the pattern is the whole name")
	return withData(env, cmd)
}

func (o *searchOptions) run(ctx context.Context, args []string) error {
	switch {
	case !slices.Contains(searchTypes(), args[0]):
		return usagef("Unknown search type: %s: want one of %s", args[0], strings.Join(searchTypes(), ", "))
	case len(args) == 1: // a failure to Koji's client, not wrong usage
		return failf("What %s? Please give a pattern", args[0])
	}
	match := "glob"
	switch {
	case o.regex:
		match = "regexp"
	case o.exact:
		match = "exact"
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	var rows []found
	if err := s.Call(ctx, "search", &rows, args[1], args[0], match); err != nil {
		return err
	}
	return list(o.env, rows, "", func(f found) string { return f.Name })
}
