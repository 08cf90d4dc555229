package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/comps"
)

// newImportCompsCommand is koji import-comps.
func newImportCompsCommand(env *Env) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "import-comps [options] <file> <tag>", Short: "Add the package groups of a comps.xml to a tag", GroupID: misc,
		Example: "koji import-comps comps-f40.xml f40-build", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return importComps(cmd.Context(), env, args[0], args[1], force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "even if groups are there already, or blocked")
	return cmd
}

func importComps(ctx context.Context, env *Env, file, tagName string, force bool) error {
	f, err := os.Open(file)
	if err != nil {
		return failf("Unable to read the groups: %v", err)
	}
	defer f.Close()
	groups, err := comps.Read(f)
	if err != nil {
		return failf("%s: %v", file, err)
	}
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	tag, err := needTag(ctx, s, tagName)
	if err != nil {
		return err
	}
	for _, g := range groups {
		env.say("Group: %s (%s)", g.Name, g.DisplayName)
		named := koji.Named{"force": force, "display_name": g.DisplayName}
		put(named, "description", g.Description)
		put(named, "is_default", g.IsDefault)
		put(named, "uservisible", g.UserVisible)
		put(named, "biarchonly", g.BiarchOnly)
		put(named, "langonly", g.LangOnly)
		if err := s.Call(ctx, "groupListAdd", nil, tag.ID, g.Name, named); err != nil {
			return err
		}
	}
	// A group may require one that comes after it, so all are there first.
	m := s.Multicall()
	for _, g := range groups {
		for _, p := range g.Packages {
			env.say("  Package: %s: %s", g.Name, p.Package)
			named := koji.Named{"force": force, "type": p.Type}
			put(named, "basearchonly", p.BaseArchOnly)
			put(named, "requires", p.Requires)
			m.Add(nil, "groupPackageListAdd", tag.ID, g.Name, p.Package, named)
		}
		for _, r := range g.Groups {
			env.say("  Req: %s: @%s", g.Name, r.Name)
			named := koji.Named{"force": force}
			put(named, "type", r.Type)
			m.Add(nil, "groupReqListAdd", tag.ID, g.Name, r.Name, named)
		}
	}
	if m.Len() == 0 {
		return nil
	}
	if err := m.Run(ctx); err != nil {
		return firstError(m)
	}
	return nil
}

// put sets an option if there is a value for it.
func put[T any](named koji.Named, key string, value *T) {
	if value != nil {
		named[key] = *value
	}
}
