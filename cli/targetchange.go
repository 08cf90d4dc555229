package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type editTargetOptions struct {
	env                       *Env
	rename, buildTag, destTag string
}

// newEditTargetCommand is koji edit-target.
func newEditTargetCommand(env *Env) *cobra.Command {
	o := &editTargetOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-target [options] <name>", Short: "Edit a build target", GroupID: admin,
		Example: "koji edit-target --dest-tag f40-candidate f40", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.rename, "rename", "", "its new `NAME`")
	f.StringVar(&o.buildTag, "build-tag", "", "build in a buildroot of this `TAG`")
	f.StringVar(&o.destTag, "dest-tag", "", "builds go into this `TAG`")
	return cmd
}

func (o *editTargetOptions) run(ctx context.Context, name string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	target, err := ownTarget(ctx, s, name)
	if err != nil {
		return err
	}
	if o.rename != "" {
		target.Name = o.rename
	}
	if o.buildTag != "" {
		if err := checkBuildTag(ctx, s, o.buildTag); err != nil {
			return err
		}
		target.BuildTagName = o.buildTag
	}
	if o.destTag != "" {
		if _, err := needTag(ctx, s, o.destTag); err != nil {
			return err
		}
		target.DestTagName = o.destTag
	}
	return s.Call(ctx, "editBuildTarget", nil, name, target.Name, target.BuildTagName, target.DestTagName)
}

// ownTarget is the target that a caller who may wants to change.
func ownTarget(ctx context.Context, s *koji.Session, name string) (*koji.Target, error) {
	if err := mayNot(ctx, s, "target"); err != nil {
		return nil, err
	}
	target, err := lookTarget(ctx, s, name)
	if err == nil && target == nil {
		err = failf("No such build target: %s", name)
	}
	return target, err
}

// newRemoveTargetCommand is koji remove-target.
func newRemoveTargetCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "remove-target [options] <name>", Short: "Remove a build target", GroupID: admin, Example: "koji remove-target f38", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := ownTarget(cmd.Context(), s, args[0]); err != nil {
				return err
			}
			return s.Call(cmd.Context(), "deleteBuildTarget", nil, args[0])
		},
	}
}
