package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// newAddTargetCommand is koji add-target.
func newAddTargetCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "add-target <name> <build tag> [<dest tag>]", Short: "Create a build target", GroupID: admin,
		Long:    "Builds for the target run in a buildroot of the build tag and go into the destination tag, by default the one named as the target.",
		Example: "koji add-target f40 f40-build f40-candidate", Args: arguments(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return addTarget(cmd.Context(), env, args) },
	}
}

func addTarget(ctx context.Context, env *Env, args []string) error {
	name, buildTag, destTag := args[0], args[1], args[0]
	if len(args) == 3 {
		destTag = args[2]
	}
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	if err := mayNot(ctx, s, "target"); err != nil {
		return err
	}
	if err := checkBuildTag(ctx, s, buildTag); err != nil {
		return err
	}
	if _, err := needTag(ctx, s, destTag); err != nil {
		return err
	}
	return s.Call(ctx, "createBuildTarget", nil, name, buildTag, destTag)
}

// checkBuildTag refuses a tag in which nothing can be built.
func checkBuildTag(ctx context.Context, s *koji.Session, name string) error {
	tag, err := needTag(ctx, s, name)
	if err == nil && text(tag.Arches) == "" {
		err = failf("Build tag %s has no arches; set some with: koji edit-tag --arches ARCHES %s", name, name)
	}
	return err
}

// newListTargetsCommand is koji list-targets.
func newListTargetsCommand(env *Env) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "list-targets [options]", Short: "List build targets", GroupID: info, Example: "koji list-targets --name f40",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return listTargets(cmd.Context(), env, name) },
	}
	cmd.Flags().StringVar(&name, "name", "", "only this target")
	return withData(env, withQuiet(env, cmd))
}

func listTargets(ctx context.Context, env *Env, name string) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if name != "" {
		named["info"] = name
	}
	var targets []koji.Target
	if err := s.Call(ctx, "getBuildTargets", &targets, named); err != nil {
		return err
	}
	if name != "" && len(targets) == 0 {
		return usagef("No such build target: %s", name)
	}
	slices.SortFunc(targets, func(a, b koji.Target) int { return strings.Compare(a.Name, b.Name) })
	const format = "%-30s %-30s %-30s"
	header := fmt.Sprintf(format, "Name", "Buildroot", "Destination") + "\n" + rule("", 93)
	return list(env, targets, header, func(t koji.Target) string {
		return fmt.Sprintf(format, t.Name, t.BuildTagName, t.DestTagName)
	})
}

// lookTarget is the target of a name, nil if there is none.
func lookTarget(ctx context.Context, s *koji.Session, name string) (*koji.Target, error) {
	var target *koji.Target
	err := s.Call(ctx, "getBuildTarget", &target, name)
	return target, err
}
