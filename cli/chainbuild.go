package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// newChainBuildCommand is koji chain-build.
func newChainBuildCommand(env *Env) *cobra.Command {
	o := &submission{env: env}
	cmd := &cobra.Command{
		Use: "chain-build [options] <target> <URL> [<URL> [:] <URL> [:] <URL> ...]", Short: "Build packages one group after the other", GroupID: build,
		Long: "A colon ends a group: those behind it are built with those before it in the repo. " +
			"An NVR in the place of a URL is a build to wait for.",
		Example: "koji chain-build f40 'git+https://git.example.org/liba#main' : 'git+https://git.example.org/b#main'", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return chainBuild(cmd.Context(), o, args[0], args[1:]) },
	}
	o.flags(cmd.Flags())
	return withQuiet(env, cmd)
}

func chainBuild(ctx context.Context, o *submission, name string, words []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	target, err := submitTarget(ctx, s, name, false)
	if err != nil {
		return err
	}
	if err := inBuildroot(ctx, s, target); err != nil {
		return err
	}
	groups, err := chainGroups(words)
	if err != nil {
		return err
	}
	return o.send(ctx, s, "chainBuild", nil, groups, target.Name, map[string]any{})
}

// inBuildroot refuses a target whose builds don't come into its buildroots: the
// second group would wait for ever.
func inBuildroot(ctx context.Context, s *koji.Session, target *koji.Target) error {
	if target.BuildTag == target.DestTag {
		return nil
	}
	var parents []koji.Inheritance
	if err := s.Call(ctx, "getFullInheritance", &parents, target.BuildTag); err != nil {
		return err
	}
	if !slices.ContainsFunc(parents, func(p koji.Inheritance) bool { return p.ParentID == target.DestTag }) {
		return failf("Packages in destination tag %s are not inherited by build tag %s: target %s can't build chains",
			target.DestTagName, target.BuildTagName, target.Name)
	}
	return nil
}

// chainGroups splits the words of a chain at the colons.
func chainGroups(words []string) ([][]string, error) {
	var groups [][]string
	var group []string
	for _, word := range append(words, ":") {
		switch _, err := koji.ParseNVR(word); {
		case word == ":":
			if len(group) > 0 {
				groups = append(groups, group)
			}
			group = nil
		case isURL(word), err == nil && !strings.Contains(word, "/") && !strings.HasSuffix(word, ".rpm"):
			group = append(group, word)
		default:
			return nil, failf("%s is neither an SCM URL nor the NVR of a build", word)
		}
	}
	if len(groups) < 2 {
		return nil, usagef("A chain has two groups at least, with a colon between them; for one use the build command")
	}
	return groups, nil
}
