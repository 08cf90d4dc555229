package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type moveBuildOptions struct {
	env        *Env
	force, all bool
	wait       waitOption
}

// newMoveBuildCommand is koji move-build.
func newMoveBuildCommand(env *Env) *cobra.Command {
	o := &moveBuildOptions{env: env}
	cmd := &cobra.Command{
		Use: "move-build [options] <tag1> <tag2> <pkg> [<pkg> ...]", Short: "Move builds from one tag to another", GroupID: bind,
		Aliases: []string{"move-pkg", "move"}, Example: "koji move-build f40-candidate f40 bash-5.2-1.fc40", Args: arguments(3, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1], args[2:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.force, "force", false, "against a lock or a policy (needs admin)")
	o.wait.flags(f)
	f.BoolVar(&o.all, "all", false, "all builds of the packages named")
	return withQuiet(env, cmd)
}

func (o *moveBuildOptions) run(ctx context.Context, from, to string, names []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var tasks []int64
	if o.all {
		for _, pkg := range names {
			var made []int64
			if err := s.Call(ctx, "moveAllBuilds", &made, from, to, pkg, o.force); err != nil {
				return err
			}
			tasks = append(tasks, made...)
		}
	} else {
		for _, nvr := range names {
			var build *koji.Build
			if err := s.Call(ctx, "getBuild", &build, nvr); err != nil {
				return err
			}
			if build == nil {
				o.env.warn("Invalid build %s, skipping.", nvr) // Koji's client calls it no failure
				continue
			}
			var id int64
			if err := s.Call(ctx, "moveBuild", &id, from, to, build.NVR, o.force); err != nil {
				return err
			}
			o.env.say("Created task %d, moving %s", id, build.NVR)
			tasks = append(tasks, id)
		}
	}
	if len(tasks) == 0 || !o.wait.wants(o.env) {
		return nil
	}
	return watchTasks(ctx, o.env, tasks)
}

// newPromoteBuildCommand is koji promote-build.
func newPromoteBuildCommand(env *Env) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "promote-build [options] <draft-build>", Short: "Make a draft build a regular one", GroupID: misc,
		Example: "koji promote-build 'bash-5.2-1.fc40,draft_123'", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			var draft, build *koji.Build
			if err := s.Call(cmd.Context(), "getBuild", &draft, args[0]); err != nil {
				return err
			}
			if draft == nil {
				return failf("No such build: %s", args[0])
			}
			if force {
				if err := mayNot(cmd.Context(), s); err != nil {
					return err
				}
			}
			if err := s.Call(cmd.Context(), "promoteBuild", &build, draft.ID, koji.Named{"force": force}); err != nil {
				return err
			}
			env.say("%s has been promoted to %s", args[0], build.NVR)
			return nil
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "against the policy (needs admin)")
	return cmd
}

type listUntaggedOptions struct {
	env               *Env
	paths, references bool
}

// newListUntaggedCommand is koji list-untagged.
func newListUntaggedCommand(env *Env) *cobra.Command {
	o := &listUntaggedOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-untagged [options] [<package>]", Short: "List builds that are in no tag", GroupID: info,
		Example: "koji list-untagged bash", Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&o.paths, "paths", false, "print where their files are")
	cmd.Flags().BoolVar(&o.references, "show-references", false, "tell what still uses them")
	return withData(env, cmd)
}

// untagged is a build that is in no tag.
type untagged struct {
	ID      int64  `xmlrpc:"id"`
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Release string `xmlrpc:"release"`
	// References counts what uses the build, by kind, where it was asked for.
	References map[string]any `xmlrpc:"references,omitempty"`
}

func (u untagged) nvr() string { return u.Name + "-" + u.Version + "-" + u.Release }

func (o *listUntaggedOptions) run(ctx context.Context, args []string) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if len(args) == 1 {
		var pkg *koji.Package
		if err := s.Call(ctx, "getPackage", &pkg, args[0]); err != nil {
			return err
		}
		if pkg == nil {
			return failf("No such package: %s", args[0])
		}
		named["name"] = pkg.Name
	}
	var builds []untagged
	if err := s.Call(ctx, "untaggedBuilds", &builds, named); err != nil {
		return err
	}
	if o.references && len(builds) > 0 {
		m := s.Multicall()
		for i := range builds {
			m.Add(&builds[i].References, "buildReferences", builds[i].ID, koji.Named{"limit": 10})
		}
		if err := m.Run(ctx); err != nil {
			return err
		}
	}
	paths := koji.Paths{Top: o.env.profile.TopDir}
	return list(o.env, builds, "", func(u untagged) string {
		line := u.nvr()
		if o.paths {
			line = paths.Build("", u.Name, u.Version, u.Release)
		}
		for _, kind := range sortedKeys(u.References) {
			if uses, ok := u.References[kind].([]any); ok && len(uses) > 0 {
				line += "\n  " + referenceLine(kind, len(uses))
			}
		}
		return line
	})
}

// referenceLine says how many things of a kind use a build.
func referenceLine(kind string, n int) string {
	return kind + ": " + map[bool]string{true: "10 or more", false: count(n, n)}[n >= 10]
}
