package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

// newBlockPkgCommand is koji block-pkg.
func newBlockPkgCommand(env *Env) *cobra.Command {
	return changePackages(env, "block-pkg", "Block packages in a tag: it and its children no longer have them", "packageListBlock", true)
}

// newRemovePkgCommand is koji remove-pkg.
func newRemovePkgCommand(env *Env) *cobra.Command {
	return changePackages(env, "remove-pkg", "Take packages off a tag's list", "packageListRemove", false)
}

func changePackages(env *Env, name, short, method string, inherited bool) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: name + " [options] <tag> <package> [<package> ...]", Short: short, GroupID: admin,
		Example: "koji " + name + " f40 oldthing", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			named := koji.Named{}
			if force {
				named["force"] = true
			}
			return changeListed(cmd.Context(), env, method, args[0], args[1:], inherited, named)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "against a lock, a policy or what is tagged (needs admin)")
	return cmd
}

// changeListed makes a call for each package of a tag's list. If one isn't
// listed, nothing is changed.
func changeListed(ctx context.Context, env *Env, method, tagName string, names []string, inherited bool, named koji.Named) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	tag, err := needTag(ctx, s, tagName)
	if err != nil {
		return err
	}
	var listed []koji.TagPackage
	if err := s.Call(ctx, "listPackages", &listed, koji.Named{"tagID": tag.ID, "inherited": inherited, "with_owners": false}); err != nil {
		return err
	}
	there := map[string]bool{}
	for _, p := range listed {
		there[p.PackageName] = true
	}
	missing := false
	for _, name := range names {
		if !there[name] {
			env.warn("Package %s doesn't exist in tag %s", name, tag.Name)
			missing = true
		}
	}
	if missing {
		return failf("No changes made. Please correct the command line.")
	}
	m := s.Multicall()
	for _, name := range names {
		m.Add(nil, method, tag.Name, name, named)
	}
	return m.Run(ctx)
}

// newUnblockPkgCommand is koji unblock-pkg.
func newUnblockPkgCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "unblock-pkg [options] <tag> <package> [<package> ...]", Short: "Take a block off packages in a tag", GroupID: admin,
		Example: "koji unblock-pkg f40 oldthing", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return eachPackage(cmd.Context(), env, args[1:], func(m *koji.Multicall, name string) {
				m.Add(nil, "packageListUnblock", args[0], name)
			})
		},
	}
}

// eachPackage makes a call for each package.
func eachPackage(ctx context.Context, env *Env, names []string, add func(m *koji.Multicall, name string)) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	m := s.Multicall()
	for _, name := range names {
		add(m, name)
	}
	return m.Run(ctx)
}

// newSetPkgArchesCommand is koji set-pkg-arches.
func newSetPkgArchesCommand(env *Env) *cobra.Command {
	return setPackages(env, "set-pkg-arches [options] <arches> <tag> <package> [<package> ...]", "Set the arches packages are built for besides the tag's",
		"set-pkg-arches 'i686 armv7hl' f40 glibc", "packageListSetArches", func(text string) (any, error) { return arches(text) })
}

// newSetPkgOwnerCommand is koji set-pkg-owner.
func newSetPkgOwnerCommand(env *Env) *cobra.Command {
	return setPackages(env, "set-pkg-owner [options] <owner> <tag> <package> [<package> ...]", "Set who owns packages in a tag",
		"set-pkg-owner alice f40 bash", "packageListSetOwner", func(text string) (any, error) { return text, nil })
}

func setPackages(env *Env, use, short, example, method string, read func(string) (any, error)) *cobra.Command {
	var force bool
	cmd := &cobra.Command{Use: use, Short: short, GroupID: admin, Example: "koji " + example, Args: arguments(3, -1)}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		value, err := read(args[0])
		if err != nil {
			return err
		}
		named := koji.Named{}
		if force {
			named["force"] = true
		}
		return eachPackage(cmd.Context(), env, args[2:], func(m *koji.Multicall, name string) { m.Add(nil, method, args[1], name, value, named) })
	}
	cmd.Flags().BoolVar(&force, "force", false, "against a lock or a policy (needs admin)")
	return cmd
}

type setOwnerGlobalOptions struct {
	env           *Env
	verbose, test bool
	from          string
}

// newSetPkgOwnerGlobalCommand is koji set-pkg-owner-global.
func newSetPkgOwnerGlobalCommand(env *Env) *cobra.Command {
	o := &setOwnerGlobalOptions{env: env}
	cmd := &cobra.Command{
		Use: "set-pkg-owner-global [options] <owner> <package> [<package> ...]", Short: "Set who owns packages, wherever they are listed", GroupID: admin,
		Example: "koji set-pkg-owner-global --old-user bob alice bash", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.verbose, "verbose", false, "tell each change")
	f.BoolVar(&o.test, "test", false, "only tell what would be done")
	f.StringVar(&o.from, "old-user", "", "only where this `USER` is the owner")
	f.StringVar(&o.from, "from", "", "the same as --old-user")
	return cmd
}

func (o *setOwnerGlobalOptions) run(ctx context.Context, owner string, names []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{owner, o.from} {
		if name == "" {
			continue
		}
		user, err := userNamed(ctx, s, name)
		if err != nil {
			return err
		}
		if user == nil {
			return failf("No such user: %s", name)
		}
	}
	m := s.Multicall()
	for _, name := range names {
		var entries []koji.TagPackage
		if err := s.Call(ctx, "listPackages", &entries, koji.Named{"pkgID": name, "with_dups": true}); err != nil {
			return err
		}
		if len(entries) == 0 {
			return failf("No data for package %s", name)
		}
		for _, e := range entries {
			if e.OwnerName == owner || o.from != "" && e.OwnerName != o.from {
				continue
			}
			if o.test || o.verbose {
				o.env.printf("%s in tag %s: owner changes from %s to %s", name, e.TagName, e.OwnerName, owner)
			}
			m.Add(nil, "packageListSetOwner", e.TagName, name, owner, koji.Named{"force": true})
		}
	}
	if o.test || m.Len() == 0 {
		return nil
	}
	return m.Run(ctx)
}
