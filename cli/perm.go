package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"koji"
)

// newGrantPermissionCommand is koji grant-permission.
func newGrantPermissionCommand(env *Env) *cobra.Command {
	var create bool
	var description string
	cmd := &cobra.Command{
		Use: "grant-permission [options] <permission> <user> [<user> ...]", Short: "Grant a permission to users", GroupID: admin,
		Example: "koji grant-permission repo kojira", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if description != "" && !create {
				return usagef("When specifying a description, the permission must be created with --new")
			}
			return grantPermission(cmd.Context(), env, args[0], args[1:], create, description)
		},
	}
	cmd.Flags().BoolVar(&create, "new", false, "create the permission")
	cmd.Flags().StringVar(&description, "description", "", "say what the new permission is for")
	return cmd
}

func grantPermission(ctx context.Context, env *Env, perm string, names []string, create bool, description string) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	if err := needUsers(ctx, s, names); err != nil {
		return err
	}
	named := koji.Named{}
	if create {
		named["create"] = true
	}
	if description != "" {
		named["description"] = description
	}
	for _, name := range names {
		if err := s.Call(ctx, "grantPermission", nil, name, perm, named); err != nil {
			return err
		}
	}
	return nil
}

// needUsers refuses names that are no users, before anything is changed.
func needUsers(ctx context.Context, s *koji.Session, names []string) error {
	for _, name := range names {
		if _, err := needUser(ctx, s, name); err != nil {
			return err
		}
	}
	return nil
}

// newRevokePermissionCommand is koji revoke-permission.
func newRevokePermissionCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "revoke-permission <permission> <user> [<user> ...]", Short: "Take a permission from users", GroupID: admin,
		Example: "koji revoke-permission repo kojira", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			if err := needUsers(cmd.Context(), s, args[1:]); err != nil {
				return err
			}
			for _, name := range args[1:] {
				if err := s.Call(cmd.Context(), "revokePermission", nil, name, args[0]); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// newEditPermissionCommand is koji edit-permission.
func newEditPermissionCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "edit-permission <permission> <description>", Short: "Say anew what a permission is for", GroupID: admin,
		Example: "koji edit-permission repo 'may make repos'", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			return s.Call(cmd.Context(), "editPermission", nil, args[0], args[1])
		},
	}
}

type listPermissionsOptions struct {
	env  *Env
	user string
	mine bool
}

// newListPermissionsCommand is koji list-permissions.
func newListPermissionsCommand(env *Env) *cobra.Command {
	o := &listPermissionsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-permissions [options]", Short: "List permissions", GroupID: info,
		Example: "koji list-permissions --user alice", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.user, "user", "", "those of this `USER`")
	cmd.Flags().BoolVar(&o.mine, "mine", false, "your own")
	withQuiet(env, cmd)
	return withData(env, cmd)
}

func (o *listPermissionsOptions) run(ctx context.Context) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var perms []koji.Permission
	if o.mine || o.user != "" {
		perms, err = o.ofUser(ctx, s)
	} else {
		err = s.Call(ctx, "getAllPerms", &perms)
	}
	if err != nil {
		return err
	}
	slices.SortFunc(perms, func(a, b koji.Permission) int { return cmp.Compare(a.Name, b.Name) })
	width := 18
	for _, p := range perms {
		width = max(width, len(p.Name))
	}
	if o.mine || o.user != "" {
		return list(o.env, perms, "Permission name\n"+rule("", width), func(p koji.Permission) string { return p.Name })
	}
	header := fmt.Sprintf("%-*s   %-50s\n%s", width, "Permission name", "Description", rule("   ", width, 50))
	return list(o.env, perms, header, func(p koji.Permission) string {
		return fmt.Sprintf("%-*s   %-50s", width, p.Name, text(p.Description))
	})
}

// ofUser are the permissions of one user, by name alone.
func (o *listPermissionsOptions) ofUser(ctx context.Context, s *koji.Session) ([]koji.Permission, error) {
	var names []string
	var err error
	if o.mine {
		err = s.Call(ctx, "getPerms", &names)
	} else {
		err = s.Call(ctx, "getUserPerms", &names, o.user)
	}
	perms := make([]koji.Permission, len(names))
	for i, name := range names {
		perms[i].Name = name
	}
	return perms, err
}
