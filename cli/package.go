package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"koji"
)

type addPkgOptions struct {
	env                *Env
	owner, extraArches string
	force              bool
}

// newAddPkgCommand is koji add-pkg.
func newAddPkgCommand(env *Env) *cobra.Command {
	o := &addPkgOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-pkg [options] --owner <owner> <tag> <package> [<package> ...]", Short: "List packages in a tag, so that they can be built for it", GroupID: admin,
		Example: "koji add-pkg --owner alice f40 bash coreutils", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.force, "force", false, "override a block or a locked tag")
	f.StringVar(&o.owner, "owner", "", "who owns the packages")
	f.StringVar(&o.extraArches, "extra-arches", "", "arches to build for besides those of the tag")
	return cmd
}

func (o *addPkgOptions) run(ctx context.Context, tagName string, names []string) error {
	if o.owner == "" {
		return usagef("Please specify an owner for the package(s)")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	user, err := userNamed(ctx, s, o.owner)
	switch {
	case err != nil:
		return err
	case user == nil:
		return failf("No such user: %s", o.owner)
	}
	tag, err := needTag(ctx, s, tagName)
	if err != nil {
		return err
	}
	named := koji.Named{"force": o.force, "block": false}
	if o.extraArches != "" {
		if named["extra_arches"], err = arches(o.extraArches); err != nil {
			return err
		}
	}
	var listed []koji.TagPackage
	if err := s.Call(ctx, "listPackages", &listed, koji.Named{"tagID": tag.ID, "inherited": true, "with_owners": false}); err != nil {
		return err
	}
	there := map[string]bool{}
	for _, p := range listed {
		there[p.PackageName] = !p.Blocked
	}
	m := s.Multicall()
	for _, name := range names {
		if there[name] {
			o.env.say("Package %s already exists in tag %s", name, tag.Name)
			continue
		}
		m.Add(nil, "packageListAdd", tag.Name, name, user.Name, named)
	}
	if m.Len() == 0 {
		return nil
	}
	o.env.say("Adding %d packages to tag %s", m.Len(), tag.Name)
	return m.Run(ctx)
}

type listPkgsOptions struct {
	env                      *Env
	owner, tag, pkg          string
	noinherit, blocked, dups bool
	at                       eventOption
}

// newListPkgsCommand is koji list-pkgs.
func newListPkgsCommand(env *Env) *cobra.Command {
	o := &listPkgsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-pkgs [options]", Short: "List packages", GroupID: info,
		Example: "koji list-pkgs --tag f40 --owner alice", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.owner, "owner", "", "only those of this user")
	f.StringVar(&o.tag, "tag", "", "only those of this tag")
	f.StringVar(&o.pkg, "package", "", "only this package")
	f.BoolVar(&o.noinherit, "noinherit", false, "without those that the tag inherits")
	f.BoolVar(&o.blocked, "show-blocked", false, "with those that are blocked")
	f.BoolVar(&o.dups, "show-dups", false, "with entries that another one hides")
	withQuiet(env, cmd)
	o.at.flags(f)
	return withData(env, cmd)
}

func (o *listPkgsOptions) run(ctx context.Context) error {
	everything := o.owner == "" && o.tag == "" && o.pkg == ""
	if everything && (o.blocked || o.dups) {
		return usagef("--show-blocked and --show-dups need --tag, --owner or --package")
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{"inherited": !o.noinherit, "with_dups": o.dups || o.tag == ""}
	if o.owner != "" {
		user, err := userNamed(ctx, s, o.owner)
		if err != nil {
			return err
		}
		if user == nil {
			return usagef("No such user: %s", o.owner)
		}
		named["userID"] = user.ID
	}
	if o.tag != "" {
		tag, err := findTag(ctx, s, o.tag)
		if err != nil {
			return err
		}
		named["tagID"] = tag.ID
	}
	if o.pkg != "" {
		named["pkgID"] = o.pkg
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	if event != nil {
		if everything {
			return usagef("--event, --ts and --repo need --tag, --owner or --package")
		}
		named["event"] = *event
	}
	var found []koji.TagPackage
	if err := s.Call(ctx, "listPackages", &found, named); err != nil {
		return err
	}
	if len(found) == 0 {
		return failf("(no matching packages)")
	}
	if everything {
		return list(o.env, found, "Package\n"+rule("", 23), func(p koji.TagPackage) string { return p.PackageName })
	}
	shown := []koji.TagPackage{}
	for _, p := range found {
		if o.blocked || !p.Blocked {
			shown = append(shown, p)
		}
	}
	const format = "%-23s %-23s %-16s %-15s"
	header := fmt.Sprintf(format, "Package", "Tag", "Extra Arches", "Owner") + "\n" + rule(" ", 23, 23, 16, 15)
	return list(o.env, shown, header, func(p koji.TagPackage) string {
		line := fmt.Sprintf(format, p.PackageName, p.TagName, text(p.ExtraArches), p.OwnerName)
		if p.Blocked {
			line += " [BLOCKED]"
		}
		return line
	})
}
