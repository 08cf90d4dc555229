package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/fnmatch"
)

// newRemoveTagCommand is koji remove-tag.
func newRemoveTagCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "remove-tag [options] <name>", Short: "Remove a tag", GroupID: admin, Example: "koji remove-tag f28-updates", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			if err := mayNot(cmd.Context(), s, "tag"); err != nil {
				return err
			}
			tag, err := needTag(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return s.Call(cmd.Context(), "deleteTag", nil, tag.ID)
		},
	}
}

type lockTagOptions struct {
	env                *Env
	perm               string
	glob, master, test bool
}

// newLockTagCommand is koji lock-tag.
func newLockTagCommand(env *Env) *cobra.Command {
	o := &lockTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "lock-tag [options] <tag> [<tag> ...]", Short: "Lock tags: what is in them changes no longer, or only by those who have a permission", GroupID: admin,
		Example: "koji lock-tag --perm f40-releng f40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.perm, "perm", "admin", "require this `PERMISSION`")
	f.BoolVar(&o.glob, "glob", false, "the arguments are patterns")
	f.BoolVar(&o.master, "master", false, "lock for all, instead of requiring a permission")
	f.BoolVarP(&o.test, "test", "n", false, "only tell what would be done")
	return cmd
}

func (o *lockTagOptions) run(ctx context.Context, names []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var perms []koji.Permission
	if err := s.Call(ctx, "getAllPerms", &perms); err != nil {
		return err
	}
	var perm *int64
	for _, p := range perms {
		if p.Name == o.perm {
			perm = &p.ID
		}
	}
	if perm == nil && !o.master {
		return failf("No such permission: %s", o.perm)
	}
	tags, err := chosenTags(ctx, s, names, o.glob, needTag)
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		o.env.printf("No tags matched")
	}
	m := s.Multicall()
	for _, tag := range tags {
		switch {
		case o.master && tag.Locked:
			o.env.say("Tag %s: master lock already set", tag.Name)
		case o.master && o.test:
			o.env.printf("Tag %s: master lock would be set", tag.Name)
		case o.master:
			m.Add(nil, "editTag2", tag.ID, koji.Named{"locked": true})
		case tag.PermID != nil && *tag.PermID == *perm:
			o.env.say("Tag %s: %s permission already required", tag.Name, o.perm)
		case o.test:
			o.env.printf("Tag %s: %s permission would be required", tag.Name, o.perm)
		default:
			m.Add(nil, "editTag2", tag.ID, koji.Named{"perm_id": *perm})
		}
	}
	if m.Len() == 0 {
		return nil
	}
	return m.Run(ctx)
}

// chosenTags are the tags of those names, or those that match one of the patterns.
func chosenTags(ctx context.Context, s *koji.Session, names []string, glob bool, find func(context.Context, *koji.Session, string) (*koji.Tag, error)) ([]koji.Tag, error) {
	var chosen []koji.Tag
	if !glob {
		for _, name := range names {
			tag, err := find(ctx, s, name)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, *tag)
		}
		return chosen, nil
	}
	var tags []koji.Tag
	if err := s.Call(ctx, "listTags", &tags); err != nil {
		return nil, err
	}
	for _, tag := range tags {
		for _, pattern := range names {
			if fnmatch.Match(pattern, tag.Name) {
				chosen = append(chosen, tag)
				break
			}
		}
	}
	return chosen, nil
}

// newUnlockTagCommand is koji unlock-tag.
func newUnlockTagCommand(env *Env) *cobra.Command {
	var glob, test bool
	cmd := &cobra.Command{
		Use: "unlock-tag [options] <tag> [<tag> ...]", Short: "Unlock tags", GroupID: admin, Example: "koji unlock-tag f40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return unlockTags(cmd.Context(), env, args, glob, test) },
	}
	cmd.Flags().BoolVar(&glob, "glob", false, "the arguments are patterns")
	cmd.Flags().BoolVarP(&test, "test", "n", false, "only tell what would be done")
	return cmd
}

func unlockTags(ctx context.Context, env *Env, names []string, glob, test bool) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	tags, err := chosenTags(ctx, s, names, glob, findTag)
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		env.printf("No tags matched")
	}
	m := s.Multicall()
	for _, tag := range tags {
		change := koji.Named{}
		if tag.Locked {
			change["locked"] = false
		}
		if tag.PermID != nil {
			change["perm_id"] = nil
		}
		switch {
		case len(change) == 0:
			env.say("Tag %s: not locked", tag.Name)
		case test:
			env.printf("Tag %s: would be unlocked", tag.Name)
		default:
			m.Add(nil, "editTag2", tag.ID, change)
		}
	}
	if m.Len() == 0 {
		return nil
	}
	return m.Run(ctx)
}
