package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

type addSideTagOptions struct {
	env             *Env
	wait, debuginfo bool
	suffix          string
}

// newAddSideTagCommand is koji add-sidetag.
func newAddSideTagCommand(env *Env) *cobra.Command {
	o := &addSideTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-sidetag [options] <basetag>", Short: "Make a tag for a change of several packages", GroupID: misc,
		Example: "koji add-sidetag --wait f40-build", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	quick(env, cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.wait, "wait", "w", false, "wait for a repo of it")
	f.BoolVar(&o.debuginfo, "debuginfo", false, "its repos hold debuginfo rpms")
	f.StringVar(&o.suffix, "suffix", "", "what its name ends with, one of those the hub allows")
	return withData(env, cmd)
}

// newSideTag is what createSideTag answers.
type newSideTag struct {
	ID      int64             `xmlrpc:"id"`
	Name    string            `xmlrpc:"name"`
	TaskID  *int64            `xmlrpc:"task_id"` // of hubs that make a newRepo task
	Request *koji.RepoRequest `xmlrpc:"request"`
}

func (o *addSideTagOptions) run(ctx context.Context, base string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{"debuginfo": o.debuginfo}
	setTexts(named, map[string]string{"suffix": o.suffix})
	var tag newSideTag
	if err := s.Call(ctx, "createSideTag", &tag, base, named); err != nil {
		return err
	}
	if o.env.asData() {
		err = o.env.printData(tag)
	} else {
		o.env.say("%s", tag.Name)
	}
	if err != nil || !o.wait {
		return err
	}
	if tag.TaskID != nil {
		return watchTasks(ctx, o.env, []int64{*tag.TaskID})
	}
	repo := &repoOptions{env: o.env, timeout: repoTimeout}
	return repo.requestAndWait(ctx, s, &koji.Tag{ID: tag.ID, Name: tag.Name}, koji.Named{"min_event": "last"}, true)
}

type editSideTagOptions struct {
	env                    *Env
	debuginfo, noDebuginfo bool
	macros, removeMacros   []string
}

// newEditSideTagCommand is koji edit-sidetag.
func newEditSideTagCommand(env *Env) *cobra.Command {
	o := &editSideTagOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-sidetag [options] <sidetag>", Short: "Change a side tag", GroupID: misc,
		Example: "koji edit-sidetag --rpm-macro dist=.fc40.1 f40-build-side-12", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.debuginfo, "debuginfo", false, "its repos hold debuginfo rpms")
	f.BoolVar(&o.noDebuginfo, "no-debuginfo", false, "its repos hold none")
	f.StringArrayVar(&o.macros, "rpm-macro", nil, "set an rpm macro, as `NAME=VALUE` (repeatable)")
	f.StringArrayVar(&o.removeMacros, "remove-rpm-macro", nil, "don't set the macro `NAME` any more (repeatable)")
	return cmd
}

func (o *editSideTagOptions) run(ctx context.Context, name string) error {
	named := koji.Named{}
	switch {
	case o.debuginfo && o.noDebuginfo:
		return usagef("--debuginfo conflicts with --no-debuginfo")
	case o.debuginfo || o.noDebuginfo:
		named["debuginfo"] = o.debuginfo
	}
	if len(o.macros) > 0 {
		macros := map[string]any{}
		for _, m := range o.macros {
			key, value, ok := strings.Cut(m, "=")
			if !ok || key == "" {
				return usagef("Invalid rpm macro: %s: want name=value", m)
			}
			macros[key] = pylit.Filter(value)
		}
		named["rpm_macros"] = macros
	}
	setLists(named, map[string][]string{"remove_rpm_macros": o.removeMacros})
	if len(named) == 0 {
		return usagef("Nothing to change: use at least one option")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	return s.Call(ctx, "editSideTag", nil, name, named)
}

// newRemoveSideTagCommand is koji remove-sidetag.
func newRemoveSideTagCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "remove-sidetag [options] <sidetag> ...", Short: "Delete side tags and their targets", GroupID: misc,
		Example: "koji remove-sidetag f40-build-side-12", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			for _, name := range args {
				if err := s.Call(cmd.Context(), "removeSideTag", nil, name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

type listSideTagsOptions struct {
	env        *Env
	base, user string
	mine       bool
}

// newListSideTagsCommand is koji list-sidetags.
func newListSideTagsCommand(env *Env) *cobra.Command {
	o := &listSideTagsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-sidetags [options]", Short: "List side tags", GroupID: misc,
		Example: "koji list-sidetags --mine", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.base, "basetag", "", "only those of this tag")
	f.StringVar(&o.user, "user", "", "only those of this user")
	f.BoolVar(&o.mine, "mine", false, "only your own")
	return withData(env, cmd)
}

func (o *listSideTagsOptions) run(ctx context.Context) error {
	if o.mine && o.user != "" {
		return usagef("--mine conflicts with --user")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	setTexts(named, map[string]string{"basetag": o.base})
	switch {
	case o.mine:
		var me *koji.LoggedInUser
		if err := s.Call(ctx, "getLoggedInUser", &me); err != nil {
			return err
		}
		if me == nil {
			return failf("Unable to determine user")
		}
		named["user"] = me.ID
	case o.user != "":
		user, err := userNamed(ctx, s, o.user)
		if err != nil {
			return err
		}
		if user == nil {
			return failf("No such user: %s", o.user)
		}
		named["user"] = user.ID
	}
	var tags []koji.SideTag
	if err := s.Call(ctx, "listSideTags", &tags, named); err != nil {
		return err
	}
	return list(o.env, tags, "", func(t koji.SideTag) string { return t.Name })
}
