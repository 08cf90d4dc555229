package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type cloneTagOptions struct {
	env                               *Env
	config, groups, pkgs, builds, all bool
	latest, inherit, noDelete         bool
	at                                eventOption
	verbose, notify, force, test      bool
	batch                             int
}

// newCloneTagCommand is koji clone-tag.
func newCloneTagCommand(env *Env) *cobra.Command {
	o := &cloneTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "clone-tag [options] <src-tag> <dst-tag>", Short: "Make a tag like another", GroupID: admin,
		Long:    "Creates the second tag as a copy of the first, or changes it to be one.",
		Example: "koji clone-tag --all f40 f40-copy\nkoji clone-tag --pkgs --builds --latest-only f40 f40-frozen", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.config, "config", false, "copy its configuration: arches, permission, lock and settings")
	f.BoolVar(&o.groups, "groups", false, "copy its package groups")
	f.BoolVar(&o.pkgs, "pkgs", false, "copy its list of packages")
	f.BoolVar(&o.builds, "builds", false, "copy which builds are tagged")
	f.BoolVar(&o.all, "all", false, "copy all of these")
	f.BoolVar(&o.latest, "latest-only", false, "of the builds only the latest of each package")
	f.BoolVar(&o.inherit, "inherit-builds", false, "with the builds that it inherits")
	o.at.flags(f)
	f.BoolVar(&o.noDelete, "no-delete", false, "leave what only the second tag has")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "obsolete")
	f.BoolVar(&o.notify, "notify", false, "obsolete: a clone sends no mails")
	f.BoolVarP(&o.force, "force", "f", false, "even if a tag is locked or a package blocked")
	f.BoolVarP(&o.test, "test", "n", false, "obsolete")
	f.IntVar(&o.batch, "batch", 100, "obsolete")
	for _, name := range []string{"verbose", "test", "batch"} {
		f.Lookup(name).Hidden = true
	}
	return cmd
}

func (o *cloneTagOptions) run(ctx context.Context, src, dst string) error {
	switch {
	case src == dst:
		return usagef("Source and destination tags must be different")
	case o.test:
		return usagef("The hub clones tags by itself now, and can't tell beforehand what it would do")
	case o.batch < 0:
		return usagef("--batch must not be negative")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if err := mayNot(ctx, s, "tag"); err != nil {
		return err
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	from, to, err := o.tags(ctx, s, src, dst, event)
	if err != nil {
		return err
	}
	named := koji.Named{
		"config": o.all || o.config, "groups": o.all || o.groups, "pkgs": o.all || o.pkgs, "builds": o.all || o.builds,
		"latest_only": o.latest, "inherit_builds": o.inherit, "event": event, "force": o.force,
	}
	return o.env.working("cloning "+src+" to "+dst, func() error {
		if to == nil {
			return s.Call(ctx, "snapshotTag", nil, from.ID, dst, named)
		}
		named["remove"] = !o.noDelete
		return s.Call(ctx, "snapshotTagModify", nil, from.ID, to.ID, named)
	})
}

// tags are the tag to copy and the one to change, nil if that is to be made.
func (o *cloneTagOptions) tags(ctx context.Context, s *koji.Session, src, dst string, event *int64) (from, to *koji.Tag, err error) {
	if err := s.Call(ctx, "getTag", &from, src, koji.Named{"event": event}); err != nil {
		return nil, nil, err
	}
	if to, err = lookTag(ctx, s, dst); err != nil {
		return nil, nil, err
	}
	switch {
	case from == nil:
		return nil, nil, usagef("Unknown src-tag: %s", src)
	case !o.force && from.Locked:
		return nil, nil, usagef("Tag %s is locked, --force clones it all the same", src)
	case !o.force && to != nil && to.Locked:
		return nil, nil, usagef("Tag %s is locked, --force changes it all the same", dst)
	}
	return from, to, nil
}
