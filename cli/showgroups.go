package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/comps"
	"koji/internal/pylit"
)

type showGroupsOptions struct {
	env                          *Env
	comps, expand, spec, blocked bool
}

// newShowGroupsCommand is koji show-groups.
func newShowGroupsCommand(env *Env) *cobra.Command {
	o := &showGroupsOptions{env: env}
	cmd := &cobra.Command{
		Use: "show-groups [options] <tag>", Short: "Show all that a tag's package groups hold", GroupID: info,
		Example: "koji show-groups --comps f40-build > comps.xml", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.comps, "comps", false, "as comps.xml")
	f.BoolVarP(&o.expand, "expand", "x", false, "with --comps: put the packages of required groups into each group")
	f.BoolVar(&o.spec, "spec", false, "as the spec file of a package that requires the group build")
	f.BoolVar(&o.blocked, "show-blocked", false, "with blocked groups and entries")
	return withData(env, cmd)
}

func (o *showGroupsOptions) run(ctx context.Context, tag string) error {
	if o.blocked && (o.comps || o.spec) {
		return usagef("--show-blocked doesn't work together with --comps or --spec")
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if o.blocked {
		named["incl_blocked"] = true
	}
	if !o.comps && !o.spec {
		var answer any
		if err := s.Call(ctx, "getTagGroups", &answer, tag, named); err != nil {
			return err
		}
		if o.env.asData() {
			return o.env.printData(answer)
		}
		o.env.printf("%s", pylit.Format(answer))
		return nil
	}
	var groups []koji.Group
	if err := s.Call(ctx, "getTagGroups", &groups, tag, named); err != nil {
		return err
	}
	if o.spec {
		o.env.printf("%s", comps.Spec(groups, "buildgroups", "build"))
		return nil
	}
	_, err = o.env.Out.Write(comps.XML(groups, o.expand))
	return err
}
