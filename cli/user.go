package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

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

// userNamed is the user of a name, nil if there is none.
func userNamed(ctx context.Context, s *koji.Session, name string) (*koji.User, error) {
	var user *koji.User
	err := s.Call(ctx, "getUser", &user, name)
	if errors.Is(err, koji.ErrNoSuchUser) {
		return nil, nil
	}
	return user, err
}

// needUser is the user of a name; that there is none is wrong usage.
func needUser(ctx context.Context, s *koji.Session, name string) (*koji.User, error) {
	user, err := userNamed(ctx, s, name)
	if err == nil && user == nil {
		err = usagef("No such user: %s", name)
	}
	return user, err
}

// thisUser is who is logged in.
func thisUser(ctx context.Context, s *koji.Session) (*koji.User, error) {
	var user *koji.LoggedInUser
	if err := s.Call(ctx, "getLoggedInUser", &user); err != nil {
		return nil, err
	}
	if user == nil {
		return nil, failf("Not logged in: choose a way with --user, --cert or --authtype")
	}
	return &user.User, nil
}

type editUserOptions struct {
	env                                  *Env
	rename                               string
	editPrincipal, addPrincipal, removed []string
}

// newEditUserCommand is koji edit-user.
func newEditUserCommand(env *Env) *cobra.Command {
	o := &editUserOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-user <username> [options]", Short: "Edit a user", GroupID: admin,
		Example: "koji edit-user alice --rename alison --add-krb alison@EXAMPLE.ORG", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.rename, "rename", "", "its new `NAME`")
	f.StringArrayVar(&o.editPrincipal, "edit-krb", nil, "replace a Kerberos principal, `OLD=NEW`")
	f.StringArrayVar(&o.addPrincipal, "add-krb", nil, "add this Kerberos `PRINCIPAL`")
	f.StringArrayVar(&o.removed, "remove-krb", nil, "remove this Kerberos `PRINCIPAL`")
	return cmd
}

func (o *editUserOptions) run(ctx context.Context, name string) error {
	changes := []map[string]any{}
	for _, text := range o.editPrincipal {
		old, replacement, ok := strings.Cut(text, "=")
		if !ok || old == "" || replacement == "" {
			return usagef("--edit-krb wants OLD=NEW, got %s", text)
		}
		changes = append(changes, map[string]any{"old": old, "new": replacement})
	}
	for _, p := range o.addPrincipal {
		changes = append(changes, map[string]any{"old": nil, "new": p})
	}
	for _, p := range o.removed {
		changes = append(changes, map[string]any{"old": p, "new": nil})
	}
	var rename any
	if o.rename != "" {
		rename = o.rename
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	return s.Call(ctx, "editUser", nil, name, rename, changes)
}

// newEnableUserCommand is koji enable-user.
func newEnableUserCommand(env *Env) *cobra.Command {
	return switchUser(env, "enable-user", "Let a blocked user log in again", "enableUser")
}

// newDisableUserCommand is koji disable-user.
func newDisableUserCommand(env *Env) *cobra.Command {
	return switchUser(env, "disable-user", "Block a user: it can't log in", "disableUser")
}

func switchUser(env *Env, name, short, method string) *cobra.Command {
	return &cobra.Command{
		Use: name + " <username>", Short: short, GroupID: admin, Example: "koji " + name + " alice", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			return s.Call(cmd.Context(), method, nil, args[0])
		},
	}
}

type listUsersOptions struct {
	env          *Env
	types        []string
	prefix, perm string
	inherited    bool
}

// newListUsersCommand is koji list-users.
func newListUsersCommand(env *Env) *cobra.Command {
	o := &listUsersOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-users [options]", Short: "List users", GroupID: admin,
		Example: "koji list-users --perm admin", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.types, "usertype", nil, "users of this `TYPE`: NORMAL (the default), HOST, GROUP or any; can be given more than once")
	f.StringVar(&o.prefix, "prefix", "", "names that begin so")
	f.StringVar(&o.perm, "perm", "", "users that have this `PERMISSION`")
	f.BoolVar(&o.inherited, "inherited-perm", false, "with --perm: count what comes from groups too")
	return withData(env, cmd)
}

func (o *listUsersOptions) run(ctx context.Context) error {
	if o.inherited && o.perm == "" {
		return usagef("--inherited-perm must be used with --perm")
	}
	kinds, err := userTypes(o.types)
	if err != nil {
		return err
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{"userType": kinds}
	if o.prefix != "" {
		named["prefix"] = o.prefix
	}
	if o.perm != "" {
		named["perm"], named["inherited_perm"] = o.perm, o.inherited
	}
	var users []koji.User
	if err := s.Call(ctx, "listUsers", &users, named); err != nil {
		return err
	}
	return list(o.env, users, "", func(u koji.User) string { return u.Name })
}

// userTypes are the numbers of the types of those names, as listUsers takes
// them: nil is any.
func userTypes(names []string) (any, error) {
	if len(names) == 0 {
		return int(koji.UserNormal), nil
	}
	var kinds []int
	for _, name := range names {
		upper := strings.ToUpper(name)
		if upper == "ANY" {
			return nil, nil
		}
		kind := koji.UserNormal
		for kind.String() != upper {
			if kind++; kind > koji.UserGroup {
				return nil, failf("Invalid user type: %s (NORMAL, HOST, GROUP or any)", name)
			}
		}
		kinds = append(kinds, int(kind))
	}
	if len(kinds) == 1 {
		return kinds[0], nil
	}
	return kinds, nil
}

// userDetails is all that userinfo tells of a user.
type userDetails struct {
	koji.User
	Perms    []string     `xmlrpc:"permissions"`
	Groups   []koji.Group `xmlrpc:"groups"`
	Packages int64        `xmlrpc:"packages"`
	Tasks    int64        `xmlrpc:"tasks"`
	Builds   int64        `xmlrpc:"builds"`
}

// newUserInfoCommand is koji userinfo.
func newUserInfoCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "userinfo [options] <username> [<username> ...]", Short: "Show users", GroupID: admin,
		Example: "koji userinfo alice", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, names []string) error { return userInfo(cmd.Context(), env, names) },
	}
	return withData(env, cmd)
}

func userInfo(ctx context.Context, env *Env, names []string) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	found := []userDetails{}
	for _, name := range names {
		user, err := userNamed(ctx, s, name)
		if err != nil {
			return err
		}
		if user == nil {
			env.warn("No such user: %s", name) // Koji's client calls it no failure
			continue
		}
		d := userDetails{User: *user}
		counted := map[string]any{"countOnly": true}
		m := s.Multicall()
		m.Add(&d.Perms, "getUserPerms", user.ID)
		m.Add(&d.Groups, "getUserGroups", user.ID)
		m.Add(&d.Packages, "listPackages", koji.Named{"userID": user.ID, "with_dups": true, "queryOpts": counted})
		m.Add(&d.Tasks, "listTasks", map[string]any{"owner": user.ID, "parent": nil}, counted)
		m.Add(&d.Builds, "listBuilds", koji.Named{"userID": user.ID, "queryOpts": counted})
		if err := m.Run(ctx); err != nil {
			return err
		}
		found = append(found, d)
	}
	return env.show(found, func(w *bufio.Writer) {
		for _, d := range found {
			d.print(w)
		}
	})
}

func (d *userDetails) print(w io.Writer) {
	fmt.Fprintf(w, "User name: %s\nUser ID: %d\nkrb principals:\n", d.Name, d.ID)
	for _, p := range d.KrbPrincipals {
		fmt.Fprintf(w, "  %s\n", p)
	}
	if len(d.Perms) > 0 {
		fmt.Fprintf(w, "Permissions:\n  %s\n", strings.Join(d.Perms, "\n  "))
	}
	if len(d.Groups) > 0 {
		fmt.Fprintln(w, "Groups:")
		for _, g := range d.Groups {
			fmt.Fprintf(w, "  %s\n", g.Name)
		}
	}
	fmt.Fprintf(w, "Status: %s\nUsertype: %s\nNumber of packages: %d\nNumber of tasks: %d\nNumber of builds: %d\n\n",
		d.Status, d.UserType, d.Packages, d.Tasks, d.Builds)
}
