package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

// newAddGroupCommand is koji add-group.
func newAddGroupCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "add-group <tag> <group>", Short: "Add a package group to a tag", GroupID: admin,
		Example: "koji add-group f40-build build", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return addGroup(cmd.Context(), env, args[0], args[1]) },
	}
}

func addGroup(ctx context.Context, env *Env, tag, group string) error {
	s, there, err := hasGroup(ctx, env, tag, group, false)
	if err != nil {
		return err
	}
	if there {
		return failf("Group %s already exists for tag %s", group, tag)
	}
	return s.Call(ctx, "groupListAdd", nil, tag, group)
}

type listGroupsOptions struct {
	env     *Env
	blocked bool
	at      eventOption
}

// newListGroupsCommand is koji list-groups.
func newListGroupsCommand(env *Env) *cobra.Command {
	o := &listGroupsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-groups [options] <tag> [<group>]", Short: "List the package groups of a tag", GroupID: info,
		Example: "koji list-groups f40-build build", Args: arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	o.at.flags(cmd.Flags())
	cmd.Flags().BoolVar(&o.blocked, "show-blocked", false, "with blocked groups and packages")
	return withData(env, cmd)
}

func (o *listGroupsOptions) run(ctx context.Context, args []string) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if event != nil {
		named["event"] = *event
	}
	if o.blocked {
		named["incl_blocked"] = true
	}
	var groups []koji.Group
	if err := s.Call(ctx, "getTagGroups", &groups, args[0], named); err != nil {
		return err
	}
	if len(args) == 2 {
		groups = slices.DeleteFunc(groups, func(g koji.Group) bool { return g.Name != args[1] })
	}
	slices.SortFunc(groups, func(a, b koji.Group) int { return cmp.Compare(a.Name, b.Name) })
	if o.env.asData() {
		return o.env.printData(groups)
	}
	tags, err := tagNames(ctx, s, groups, event)
	if err != nil {
		return err
	}
	for _, g := range groups {
		o.print(g, tags)
	}
	return nil
}

// tagNames are the names of the tags that the parts of groups come from.
func tagNames(ctx context.Context, s *koji.Session, groups []koji.Group, event *int64) (map[int64]string, error) {
	names := map[int64]string{}
	for _, g := range groups {
		names[g.TagID] = ""
		for _, p := range g.Packages {
			names[p.TagID] = ""
		}
		for _, r := range g.Groups {
			names[r.TagID] = ""
		}
	}
	m := s.Multicall()
	found := map[int64]**koji.Tag{}
	for id := range names {
		found[id] = new(*koji.Tag)
		m.Add(found[id], "getTag", id, koji.Named{"event": event})
	}
	if m.Len() == 0 {
		return names, nil
	}
	if err := m.Run(ctx); err != nil {
		return nil, err
	}
	for id, tag := range found {
		names[id] = fmt.Sprint(id)
		if *tag != nil {
			names[id] = (*tag).Name
		}
	}
	return names, nil
}

func (o *listGroupsOptions) print(g koji.Group, tags map[int64]string) {
	o.env.printf("%s  [%s]", g.Name, tags[g.TagID])
	slices.SortFunc(g.Groups, func(a, b koji.GroupReq) int { return cmp.Compare(a.Name, b.Name) })
	for _, r := range g.Groups {
		o.env.printf("  @%s  [%s]", r.Name, tags[r.TagID])
	}
	slices.SortFunc(g.Packages, func(a, b koji.GroupPackage) int { return cmp.Compare(a.Package, b.Package) })
	for _, p := range g.Packages {
		baseArchOnly := "None"
		if p.BaseArchOnly != nil {
			baseArchOnly = pylit.Repr(*p.BaseArchOnly)
		}
		line := fmt.Sprintf("  %s: %s, %s  [%s]", p.Package, baseArchOnly, p.Type, tags[p.TagID])
		if p.Blocked {
			line += "  [BLOCKED]"
		}
		o.env.printf("%s", line)
	}
}
