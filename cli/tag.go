package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// findTag is the tag of a name, a usage error if there is none.
func findTag(ctx context.Context, s *koji.Session, name string) (*koji.Tag, error) {
	tag, err := lookTag(ctx, s, name)
	if err == nil && tag == nil {
		err = usagef("No such tag: %s", name)
	}
	return tag, err
}

// needTag is findTag for the commands that call it a failure.
func needTag(ctx context.Context, s *koji.Session, name string) (*koji.Tag, error) {
	tag, err := lookTag(ctx, s, name)
	if err == nil && tag == nil {
		err = failf("No such tag: %s", name)
	}
	return tag, err
}

func lookTag(ctx context.Context, s *koji.Session, name string) (*koji.Tag, error) {
	var tag *koji.Tag
	err := s.Call(ctx, "getTag", &tag, name)
	return tag, err
}

type addTagOptions struct {
	env             *Env
	parent, arches  string
	maven, allMaven bool
	extra           []string
}

// newAddTagCommand is koji add-tag.
func newAddTagCommand(env *Env) *cobra.Command {
	o := &addTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-tag [options] <name>", Short: "Create a tag", GroupID: admin,
		Example: "koji add-tag --arches 'x86_64 aarch64' f40-build\nkoji add-tag --parent f40 -x repo.auto=true f40-side",
		Args:    arguments(1, 1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.parent, "parent", "", "inherit from this tag, at priority 0")
	f.StringVar(&o.arches, "arches", "", "arches to build for, separated by spaces or commas")
	f.BoolVar(&o.maven, "maven-support", false, "make Maven repos of the tag")
	f.BoolVar(&o.allMaven, "include-all", false, "put all Maven archives into them, not only the latest")
	f.StringArrayVarP(&o.extra, "extra", "x", nil, "set an option of the tag, `key=value` (repeatable)")
	return cmd
}

func (o *addTagOptions) run(ctx context.Context, name string) error {
	named := koji.Named{}
	if o.parent != "" {
		named["parent"] = o.parent
	}
	if o.arches != "" {
		list, err := arches(o.arches)
		if err != nil {
			return err
		}
		named["arches"] = list
	}
	if o.maven {
		named["maven_support"] = true
	}
	if o.allMaven {
		named["maven_include_all"] = true
	}
	if len(o.extra) > 0 {
		extra, err := extras(o.extra)
		if err != nil {
			return err
		}
		named["extra"] = extra
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if err := mayNot(ctx, s, "tag"); err != nil {
		return err
	}
	return s.Call(ctx, "createTag", nil, name, named)
}

type editTagOptions struct {
	env                  *Env
	arches, perm, rename string
	noPerm, lock, unlock bool
	maven, noMaven       bool
	allMaven, noAllMaven bool
	extra, remove, block []string
}

// newEditTagCommand is koji edit-tag.
func newEditTagCommand(env *Env) *cobra.Command {
	o := &editTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-tag [options] <name>", Short: "Change a tag", GroupID: admin,
		Example: "koji edit-tag --lock f39\nkoji edit-tag -x mock.new_chroot=0 f40-build",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], cmd.Flags().Changed)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.arches, "arches", "", "arches to build for")
	f.StringVar(&o.perm, "perm", "", "`PERMISSION` that tagging into it needs")
	f.BoolVar(&o.noPerm, "no-perm", false, "need no permission any more")
	f.BoolVar(&o.lock, "lock", false, "lock it: nothing can be tagged into it")
	f.BoolVar(&o.unlock, "unlock", false, "unlock it")
	f.StringVar(&o.rename, "rename", "", "the new `NAME`")
	f.BoolVar(&o.maven, "maven-support", false, "make Maven repos of the tag")
	f.BoolVar(&o.noMaven, "no-maven-support", false, "make none any more")
	f.BoolVar(&o.allMaven, "include-all", false, "put all Maven archives into them")
	f.BoolVar(&o.noAllMaven, "no-include-all", false, "put only the latest into them")
	f.StringArrayVarP(&o.extra, "extra", "x", nil, "set an option of the tag, `key=value` (repeatable)")
	f.StringArrayVarP(&o.remove, "remove-extra", "r", nil, "remove the option `key` (repeatable)")
	f.StringArrayVarP(&o.block, "block-extra", "b", nil, "don't inherit the option `key` (repeatable)")
	return cmd
}

func (o *editTagOptions) run(ctx context.Context, name string, given func(string) bool) error {
	named := koji.Named{}
	if given("arches") {
		list, err := arches(o.arches)
		if err != nil {
			return err
		}
		named["arches"] = list
	}
	for _, choice := range []struct {
		key     string
		yes, no bool
	}{
		{"locked", o.lock, o.unlock}, {"maven_support", o.maven, o.noMaven}, {"maven_include_all", o.allMaven, o.noAllMaven},
	} {
		switch {
		case choice.yes && choice.no:
			return usagef("%s can't be both set and unset", choice.key)
		case choice.yes || choice.no:
			named[choice.key] = choice.yes
		}
	}
	switch {
	case o.noPerm:
		named["perm_id"] = nil
	case o.perm != "":
		named["perm"] = o.perm
	}
	if o.rename != "" {
		named["name"] = o.rename
	}
	if len(o.extra) > 0 {
		extra, err := extras(o.extra)
		if err != nil {
			return err
		}
		named["extra"] = extra
	}
	if len(o.remove) > 0 {
		named["remove_extra"] = o.remove
	}
	if len(o.block) > 0 {
		named["block_extra"] = o.block
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	return s.Call(ctx, "editTag2", nil, name, named)
}

type listTagsOptions struct {
	env         *Env
	id, verbose bool
	unlocked    bool
	build, pkg  string
}

// newListTagsCommand is koji list-tags.
func newListTagsCommand(env *Env) *cobra.Command {
	o := &listTagsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-tags [options] [pattern]", Short: "List tags", GroupID: info,
		Example: "koji list-tags 'f4*'\nkoji list-tags --build bash-5.2-1.fc40",
		Args:    arguments(0, -1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.id, "show-id", false, "print their ids")
	f.BoolVar(&o.verbose, "verbose", false, "tell locks and permissions")
	f.BoolVar(&o.unlocked, "unlocked", false, "only those that everybody may tag into")
	f.StringVar(&o.build, "build", "", "only tags that hold this build")
	f.StringVar(&o.pkg, "package", "", "only tags that list this package")
	return withData(env, cmd)
}

func (o *listTagsOptions) run(ctx context.Context, patterns []string) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if o.build != "" {
		b, err := lookBuild(ctx, s, o.build)
		if err != nil {
			return err
		}
		if b == nil {
			return usagef("No such build: %s", o.build)
		}
		named["build"] = b.ID
	}
	if o.pkg != "" {
		id, err := packageID(ctx, s, o.pkg)
		if err != nil {
			return err
		}
		named["package"] = id
	}
	if len(patterns) == 0 {
		patterns = []string{""}
	}
	var tags []koji.ListedTag
	for _, pattern := range patterns {
		if pattern != "" {
			named["pattern"] = pattern
		}
		var found []koji.ListedTag
		if err := s.Call(ctx, "listTags", &found, named); err != nil {
			return err
		}
		tags = append(tags, found...)
	}
	slices.SortFunc(tags, func(a, b koji.ListedTag) int { return strings.Compare(a.Name, b.Name) })
	tags = slices.CompactFunc(tags, func(a, b koji.ListedTag) bool { return a.ID == b.ID })
	if o.unlocked {
		tags = slices.DeleteFunc(tags, func(t koji.ListedTag) bool { return t.Locked || t.Perm != nil })
	}
	return list(o.env, tags, "", o.line)
}

func (o *listTagsOptions) line(t koji.ListedTag) string {
	line := t.Name
	if o.id {
		line += fmt.Sprintf(" [%d]", t.ID)
	}
	if o.verbose && t.Locked {
		line += " [LOCKED]"
	}
	if o.verbose && t.Perm != nil {
		line += fmt.Sprintf(" [%s perm required]", *t.Perm)
	}
	return line
}

// packageID is the id of a package, a usage error if there is none.
func packageID(ctx context.Context, s *koji.Session, name string) (int64, error) {
	var id *int64
	if err := s.Call(ctx, "getPackageID", &id, name); err != nil {
		return 0, err
	}
	if id == nil {
		return 0, usagef("No such package: %s", name)
	}
	return *id, nil
}
