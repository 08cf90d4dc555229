package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"koji"
)

// newTagBuildCommand is koji tag-build.
func newTagBuildCommand(env *Env) *cobra.Command {
	var force bool
	var wait waitOption
	cmd := &cobra.Command{
		Use: "tag-build [options] <tag> <pkg> [<pkg> ...]", Short: "Tag builds", GroupID: bind,
		Aliases: []string{"tag-pkg", "tag"}, Example: "koji tag-build f40 bash-5.2-1.fc40", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return tagBuilds(cmd.Context(), env, args[0], args[1:], force, wait)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "against a lock or a policy (needs admin)")
	wait.flags(cmd.Flags())
	return withQuiet(env, cmd)
}

func tagBuilds(ctx context.Context, env *Env, tag string, builds []string, force bool, wait waitOption) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	var tasks []int64
	for _, b := range builds {
		var id int64
		if err := s.Call(ctx, "tagBuild", &id, tag, b, force); err != nil {
			return err
		}
		env.say("Created task %d", id)
		tasks = append(tasks, id)
	}
	if !wait.wants(env) {
		return nil
	}
	return watchTasks(ctx, env, tasks)
}

type untagBuildOptions struct {
	env                                  *Env
	all, nonLatest, test, verbose, force bool
}

// newUntagBuildCommand is koji untag-build.
func newUntagBuildCommand(env *Env) *cobra.Command {
	o := &untagBuildOptions{env: env}
	cmd := &cobra.Command{
		Use: "untag-build [options] <tag> <pkg> [<pkg> ...]", Short: "Take builds out of a tag", GroupID: bind,
		Aliases: []string{"untag-pkg", "untag"}, Example: "koji untag-build f40 bash-5.2-1.fc40\nkoji untag-build --non-latest f40 bash",
		Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all builds of the packages named")
	f.BoolVar(&o.nonLatest, "non-latest", false, "all builds of the packages named (default: of all) but the latest")
	f.BoolVarP(&o.test, "test", "n", false, "only tell what would be done")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell what is done")
	f.BoolVar(&o.force, "force", false, "against a lock or a policy (needs admin)")
	return cmd
}

func (o *untagBuildOptions) run(ctx context.Context, tagName string, names []string) error {
	if len(names) == 0 && !o.nonLatest {
		return usagef("Please name builds, or packages with --all or --non-latest")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	tag, err := findTag(ctx, s, tagName)
	if err != nil {
		return err
	}
	var tagged []koji.TaggedBuild
	if err := s.Call(ctx, "listTagged", &tagged, tag.Name, koji.Named{"inherit": false}); err != nil {
		return err
	}
	chosen, err := o.choose(tag.Name, tagged, names)
	if err != nil {
		return err
	}
	m := s.Multicall()
	for _, nvr := range chosen {
		if o.test || o.verbose {
			o.env.printf("untagging %s", nvr)
		}
		if !o.test {
			m.Add(nil, "untagBuild", tag.Name, nvr, koji.Named{"strict": !o.force, "force": o.force})
		}
	}
	if m.Len() == 0 {
		return nil
	}
	return m.Run(ctx)
}

// choose finds the builds that are meant. tagged lists the latest build of
// each package first.
func (o *untagBuildOptions) choose(tag string, tagged []koji.TaggedBuild, names []string) ([]string, error) {
	if !o.all && !o.nonLatest {
		for _, name := range names {
			if !o.force && !slices.ContainsFunc(tagged, func(b koji.TaggedBuild) bool { return b.NVR == name }) {
				return nil, failf("%s is not in tag %s", name, tag)
			}
		}
		return names, nil
	}
	var chosen []string
	seen := map[string]bool{}
	for _, b := range tagged {
		if len(names) > 0 && !slices.Contains(names, b.Name) {
			continue
		}
		if latest := !seen[b.Name]; latest && o.nonLatest {
			seen[b.Name] = true
			continue
		}
		chosen = append(chosen, b.NVR)
	}
	return chosen, nil
}
