package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

// newAddUserCommand is koji add-user.
func newAddUserCommand(env *Env) *cobra.Command {
	var principal string
	var disable bool
	cmd := &cobra.Command{
		Use: "add-user <username> [options]", Short: "Create a user", GroupID: admin,
		Example: "koji add-user --principal alice@EXAMPLE.ORG alice", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return addUser(cmd.Context(), env, args[0], principal, disable)
		},
	}
	cmd.Flags().StringVar(&principal, "principal", "", "the user's Kerberos principal")
	cmd.Flags().BoolVar(&disable, "disable", false, "create it blocked: it can't log in")
	return cmd
}

func addUser(ctx context.Context, env *Env, name, principal string, disable bool) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	user, err := userNamed(ctx, s, name)
	if err != nil {
		return err
	}
	if user != nil {
		return failf("user already exists: %s", name)
	}
	named := koji.Named{}
	if principal != "" {
		named["krb_principal"] = principal
	}
	if disable {
		named["status"] = int64(koji.StatusBlocked)
	}
	var id int64
	if err := s.Call(ctx, "createUser", &id, name, named); err != nil {
		return err
	}
	env.say("Added user %s (%d)", name, id)
	return nil
}

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
	for _, name := range names {
		user, err := userNamed(ctx, s, name)
		if err != nil {
			return err
		}
		if user == nil {
			return usagef("No such user: %s", name)
		}
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
