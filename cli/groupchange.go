package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"koji"
)

// changeGroup makes a command that makes one call for each of its arguments from
// the third on: for the packages, or the requirement, of a group.
func changeGroup(env *Env, use, short, example, method string, most int) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, GroupID: admin, Example: "koji " + example, Args: arguments(3, most),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			m := s.Multicall()
			for _, what := range args[2:] {
				m.Add(nil, method, args[0], args[1], what)
			}
			return m.Run(cmd.Context())
		},
	}
}

// newAddGroupPkgCommand is koji add-group-pkg.
func newAddGroupPkgCommand(env *Env) *cobra.Command {
	return changeGroup(env, "add-group-pkg [options] <tag> <group> <pkg> [<pkg> ...]", "Add binary packages to a group of a tag",
		"add-group-pkg f40-build build bash gcc make rpm-build", "groupPackageListAdd", -1)
}

// newBlockGroupPkgCommand is koji block-group-pkg.
func newBlockGroupPkgCommand(env *Env) *cobra.Command {
	return changeGroup(env, "block-group-pkg [options] <tag> <group> <pkg> [<pkg> ...]", "Block binary packages in a group of a tag",
		"block-group-pkg f40-build build gcc", "groupPackageListBlock", -1)
}

// newUnblockGroupPkgCommand is koji unblock-group-pkg.
func newUnblockGroupPkgCommand(env *Env) *cobra.Command {
	return changeGroup(env, "unblock-group-pkg [options] <tag> <group> <pkg> [<pkg> ...]", "Take a block off binary packages in a group",
		"unblock-group-pkg f40-build build gcc", "groupPackageListUnblock", -1)
}

// newAddGroupReqCommand is koji add-group-req.
func newAddGroupReqCommand(env *Env) *cobra.Command {
	return changeGroup(env, "add-group-req [options] <tag> <target group> <required group>", "Have a group require another",
		"add-group-req f40-build build core", "groupReqListAdd", 3)
}

// newBlockGroupReqCommand is koji block-group-req.
func newBlockGroupReqCommand(env *Env) *cobra.Command {
	return changeGroup(env, "block-group-req [options] <tag> <group> <blocked req>", "Block what a group requires",
		"block-group-req f40-build build core", "groupReqListBlock", 3)
}

// newUnblockGroupReqCommand is koji unblock-group-req.
func newUnblockGroupReqCommand(env *Env) *cobra.Command {
	return changeGroup(env, "unblock-group-req [options] <tag> <group> <requirement>", "Take a block off what a group requires",
		"unblock-group-req f40-build build core", "groupReqListUnblock", 3)
}

// newBlockGroupCommand is koji block-group.
func newBlockGroupCommand(env *Env) *cobra.Command {
	return wholeGroup(env, "block-group", "Block a group in a tag", "groupListBlock", true)
}

// newRemoveGroupCommand is koji remove-group.
func newRemoveGroupCommand(env *Env) *cobra.Command {
	return wholeGroup(env, "remove-group", "Remove a group from a tag", "groupListRemove", false)
}

func wholeGroup(env *Env, name, short, method string, inherited bool) *cobra.Command {
	return &cobra.Command{
		Use: name + " <tag> <group>", Short: short, GroupID: admin, Example: "koji " + name + " f40-build build", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeWholeGroup(cmd.Context(), env, method, args[0], args[1], inherited)
		},
	}
}

func changeWholeGroup(ctx context.Context, env *Env, method, tag, group string, inherited bool) error {
	s, there, err := hasGroup(ctx, env, tag, group, inherited)
	if err != nil {
		return err
	}
	if !there {
		return failf("Group %s doesn't exist within tag %s", group, tag)
	}
	return s.Call(ctx, method, nil, tag, group)
}

// hasGroup says whether a tag has a group, itself or with inherited by its
// parents, for a user who may change that.
func hasGroup(ctx context.Context, env *Env, tagName, group string, inherited bool) (*koji.Session, bool, error) {
	s, err := env.Session(ctx)
	if err != nil {
		return nil, false, err
	}
	if err := mayNot(ctx, s, "tag"); err != nil {
		return nil, false, err
	}
	tag, err := needTag(ctx, s, tagName)
	if err != nil {
		return nil, false, err
	}
	var groups []koji.Group
	err = s.Call(ctx, "getTagGroups", &groups, tag.ID, koji.Named{"inherit": inherited, "incl_pkgs": false, "incl_reqs": false})
	return s, slices.ContainsFunc(groups, func(g koji.Group) bool { return g.Name == group }), err
}
