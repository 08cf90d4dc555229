package cli

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
)

// linkOptions are the properties of an inheritance link as options give them.
type linkOptions struct {
	env                    *Env
	priority, maxdepth     string
	intransitive, noconfig bool
	filter                 string
	force                  bool
}

func (o *linkOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.priority, "priority", "", "its `PRIORITY`: the parent with the lowest number comes first")
	f.StringVar(&o.maxdepth, "maxdepth", "", "how many `LEVELS` further up are inherited too; none for all")
	f.BoolVar(&o.intransitive, "intransitive", false, "children of the tag don't inherit it")
	f.BoolVar(&o.noconfig, "noconfig", false, "only packages and builds, not the configuration")
	f.StringVar(&o.filter, "pkg-filter", "", "only packages whose names match this `REGEXP`")
}

// apply changes the link to what the options say; what isn't given stays.
func (o *linkOptions) apply(f *pflag.FlagSet, link *koji.Inheritance) error {
	if o.priority != "" {
		n, err := strconv.ParseInt(o.priority, 10, 64)
		if err != nil {
			return failf("Invalid priority: %s is no whole number", o.priority)
		}
		link.Priority = n
	}
	switch strings.ToLower(o.maxdepth) {
	case "":
	case "none", "null":
		link.MaxDepth = nil
	default:
		n, err := strconv.ParseInt(o.maxdepth, 10, 64)
		if err != nil {
			return failf("Invalid maxdepth: %s is no whole number", o.maxdepth)
		}
		link.MaxDepth = &n
	}
	link.Intransitive = link.Intransitive || o.intransitive
	link.NoConfig = link.NoConfig || o.noconfig
	if f.Changed("pkg-filter") {
		link.PkgFilter = o.filter
	}
	return nil
}

// newAddTagInheritanceCommand is koji add-tag-inheritance.
func newAddTagInheritanceCommand(env *Env) *cobra.Command {
	o := &linkOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-tag-inheritance [options] <tag> <parent-tag>", Short: "Have a tag inherit from another", GroupID: admin,
		Example: "koji add-tag-inheritance --priority 10 f40-build f40", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.add(cmd.Context(), cmd.Flags(), args[0], args[1])
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().BoolVar(&o.force, "force", false, "change the link if there is one already")
	return cmd
}

// links are a tag's own inheritance links, and the two tags that are spoken of.
func links(ctx context.Context, s *koji.Session, tagName, parentName string) (tag, parent *koji.Tag, list []koji.Inheritance, err error) {
	if tag, err = findTag(ctx, s, tagName); err != nil {
		return nil, nil, nil, err
	}
	if parent, err = findTag(ctx, s, parentName); err != nil {
		return nil, nil, nil, err
	}
	return tag, parent, list, s.Call(ctx, "getInheritanceData", &list, tag.ID)
}

func (o *linkOptions) add(ctx context.Context, f *pflag.FlagSet, tagName, parentName string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	tag, parent, list, err := links(ctx, s, tagName, parentName)
	if err != nil {
		return err
	}
	link := koji.Inheritance{ParentID: parent.ID}
	if err := o.apply(f, &link); err != nil {
		return err
	}
	for _, l := range list {
		switch {
		case l.ParentID == parent.ID && !o.force:
			return failf("%s inherits from %s already, with priority %d; koji edit-tag-inheritance changes that", tagName, parentName, l.Priority)
		case l.ParentID != parent.ID && l.Priority == link.Priority:
			return failf("Priority %d is that of parent %s already; each parent needs its own, give one with --priority", l.Priority, l.Name)
		}
	}
	return setLink(ctx, s, tag, list, link, false)
}

// setLink sends a tag's links with one of them put in, changed or, if gone, taken out.
func setLink(ctx context.Context, s *koji.Session, tag *koji.Tag, list []koji.Inheritance, link koji.Inheritance, gone bool) error {
	list = slices.DeleteFunc(slices.Clone(list), func(l koji.Inheritance) bool { return l.ParentID == link.ParentID })
	data := []map[string]any{}
	for _, l := range append(list, link) {
		entry := map[string]any{
			"parent_id": l.ParentID, "priority": l.Priority, "maxdepth": l.MaxDepth, "intransitive": l.Intransitive,
			"noconfig": l.NoConfig, "pkg_filter": l.PkgFilter,
		}
		if gone && l.ParentID == link.ParentID {
			entry["delete link"] = true
		}
		data = append(data, entry)
	}
	return s.Call(ctx, "setInheritanceData", nil, tag.ID, data)
}

// linkArguments checks the arguments of the commands that change a link. That
// they are wrong is a failure to Koji's client, not wrong usage.
func linkArguments(_ *cobra.Command, args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return failf("Want a tag, its parent and perhaps the link's priority, got %d arguments", len(args))
	}
	return nil
}

// theLink is the one link from a tag to a parent, with the priority that is said.
func theLink(list []koji.Inheritance, parent *koji.Tag, tagName string, args []string) (koji.Inheritance, error) {
	for _, l := range list {
		if l.ParentID != parent.ID {
			continue
		}
		if len(args) == 3 && args[2] != strconv.FormatInt(l.Priority, 10) {
			return l, failf("%s inherits from %s with priority %d, not %s", tagName, parent.Name, l.Priority, args[2])
		}
		return l, nil
	}
	return koji.Inheritance{}, failf("%s does not inherit from %s", tagName, parent.Name)
}

// newEditTagInheritanceCommand is koji edit-tag-inheritance.
func newEditTagInheritanceCommand(env *Env) *cobra.Command {
	o := &linkOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-tag-inheritance [options] <tag> <parent> [<priority>]", Short: "Edit how a tag inherits from another", GroupID: admin,
		Example: "koji edit-tag-inheritance --maxdepth none f40-build f40", Args: linkArguments,
		RunE: func(cmd *cobra.Command, args []string) error { return o.edit(cmd.Context(), cmd.Flags(), args) },
	}
	o.flags(cmd.Flags())
	return cmd
}

func (o *linkOptions) edit(ctx context.Context, f *pflag.FlagSet, args []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	tag, parent, list, err := links(ctx, s, args[0], args[1])
	if err != nil {
		return err
	}
	link, err := theLink(list, parent, args[0], args)
	if err != nil {
		return err
	}
	if err := o.apply(f, &link); err != nil {
		return err
	}
	for _, l := range list {
		if l.ParentID != link.ParentID && l.Priority == link.Priority {
			return failf("Priority %d is that of parent %s already", l.Priority, l.Name)
		}
	}
	return setLink(ctx, s, tag, list, link, false)
}

// newRemoveTagInheritanceCommand is koji remove-tag-inheritance.
func newRemoveTagInheritanceCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "remove-tag-inheritance <tag> <parent> [<priority>]", Short: "Have a tag no longer inherit from another", GroupID: admin,
		Example: "koji remove-tag-inheritance f40-build f39", Args: linkArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			tag, parent, list, err := links(cmd.Context(), s, args[0], args[1])
			if err != nil {
				return err
			}
			link, err := theLink(list, parent, args[0], args)
			if err != nil {
				return err
			}
			return setLink(cmd.Context(), s, tag, list, link, true)
		},
	}
}

type listInheritanceOptions struct {
	env        *Env
	reverse    bool
	stop, jump string
	at         eventOption
}

// newListTagInheritanceCommand is koji list-tag-inheritance.
func newListTagInheritanceCommand(env *Env) *cobra.Command {
	o := &listInheritanceOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-tag-inheritance [options] <tag>", Short: "Show the tree of tags that a tag inherits from", GroupID: info,
		Long:    "The letters before a tag tell its link's limits: M maximal depth, F filter, I intransitive, N no configuration.",
		Example: "koji list-tag-inheritance f40-build", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.reverse, "reverse", false, "the tags that inherit from it")
	f.StringVar(&o.stop, "stop", "", "obsolete")
	f.StringVar(&o.jump, "jump", "", "obsolete")
	f.Lookup("stop").Hidden, f.Lookup("jump").Hidden = true, true
	o.at.flags(f)
	return withData(env, cmd)
}

func (o *listInheritanceOptions) run(ctx context.Context, name string) error {
	if o.stop != "" || o.jump != "" {
		return usagef("--stop and --jump are gone, the hub knows them no more")
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	var tag *koji.Tag
	if err := s.Call(ctx, "getTag", &tag, name, koji.Named{"event": event}); err != nil {
		return err
	}
	if tag == nil {
		return usagef("No such tag: %s", name)
	}
	var tree []treeLink
	if err := s.Call(ctx, "getFullInheritance", &tree, tag.ID, koji.Named{"event": event, "reverse": o.reverse}); err != nil {
		return err
	}
	return o.env.show(tree, func(w *bufio.Writer) {
		fmt.Fprintf(w, "     %s (%d)\n", tag.Name, tag.ID)
		for i, a := range tree {
			id := a.ParentID
			if o.reverse {
				id = a.TagID
			}
			fmt.Fprintf(w, "%s  %s%s (%d)\n", linkFlags(a.Inheritance), branches(tree, i), o.env.oneLine(a.Name), id)
		}
	})
}

// treeLink is a link on the walk; downwards, TagID is the child it leads to.
type treeLink struct {
	koji.Ancestor
	TagID int64 `xmlrpc:"tag_id,omitempty"`
}

// branches draws the lines before an entry of a tree, whose entries stand in the
// order of a walk with their depths.
func branches(tree []treeLink, at int) string {
	depth := tree[at].CurrDepth
	// more[d] says whether another entry of depth d comes before one that is higher up.
	more := map[int64]bool{}
	low := depth
	for _, next := range tree[at+1:] {
		if next.CurrDepth <= low {
			low = next.CurrDepth
			more[low] = true
		}
	}
	var b strings.Builder
	for d := int64(1); d < depth; d++ {
		if more[d] {
			b.WriteString("│  ")
		} else {
			b.WriteString("   ")
		}
	}
	if more[depth] {
		b.WriteString("├─")
	} else {
		b.WriteString("└─")
	}
	return b.String()
}
