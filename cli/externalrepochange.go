package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
)

type editExternalRepoOptions struct {
	env       *Env
	url, name string
	tag       string
	priority  int64
	mode      string
	arches    string
}

// newEditExternalRepoCommand is koji edit-external-repo.
func newEditExternalRepoCommand(env *Env) *cobra.Command {
	o := &editExternalRepoOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-external-repo [options] <name>", Short: "Edit an external repo, or its place in a tag", GroupID: admin,
		Example: "koji edit-external-repo --url 'https://mirror.example.org/f41/$arch/' fedora\nkoji edit-external-repo -t f40-build -p 20 fedora",
		Args:    arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.Flags(), args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "its new URL")
	f.StringVar(&o.name, "name", "", "its new name")
	f.StringVarP(&o.tag, "tag", "t", "", "edit its place in this `TAG`")
	f.Int64VarP(&o.priority, "priority", "p", 0, "its priority in the tag")
	f.StringVarP(&o.mode, "mode", "m", "", "how it is merged there: koji, simple or bare")
	f.StringVarP(&o.arches, "arches", "a", "", "use it there for these arches only; empty for the tag's own")
	return cmd
}

func (o *editExternalRepoOptions) run(ctx context.Context, f *pflag.FlagSet, name string) error {
	repo, link, err := o.changes(f)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var found koji.ExternalRepo
	if err := s.Call(ctx, "getExternalRepo", &found, name, koji.Named{"strict": true}); err != nil {
		return err
	}
	// Both in one transaction, by the id, which a new name doesn't change.
	m := s.Multicall()
	if len(repo) > 0 {
		m.Add(nil, "editExternalRepo", found.ID, repo)
	}
	if len(link) > 0 {
		m.Add(nil, "editTagExternalRepo", o.tag, found.ID, link)
	}
	if err := m.Run(ctx); err != nil {
		return firstError(m)
	}
	return nil
}

// changes are what to change of the repo, and of its place in a tag.
func (o *editExternalRepoOptions) changes(f *pflag.FlagSet) (repo, link koji.Named, err error) {
	repo, link = koji.Named{}, koji.Named{}
	if o.url != "" {
		repo["url"] = o.url
	}
	if o.name != "" {
		repo["name"] = o.name
	}
	if f.Changed("priority") {
		link["priority"] = o.priority
	}
	if o.mode != "" {
		if !slices.Contains(mergeModes(), o.mode) {
			return nil, nil, usagef("Invalid mode: %s: want one of %s", o.mode, strings.Join(mergeModes(), ", "))
		}
		link["merge_mode"] = o.mode
	}
	if f.Changed("arches") {
		list, err := arches(o.arches)
		if err != nil {
			return nil, nil, err
		}
		link["arches"] = list
	}
	switch {
	case len(repo) == 0 && len(link) == 0:
		return nil, nil, usagef("Please say what to change: --url, --name, or with --tag --priority, --mode, --arches")
	case o.tag == "" && len(link) > 0:
		return nil, nil, usagef("If --priority, --mode or --arches is specified, --tag must be given")
	case o.tag != "" && len(link) == 0:
		return nil, nil, usagef("If --tag is specified, --priority, --mode or --arches must be given")
	}
	return repo, link, nil
}

// firstError is that of the first call of a multicall that failed.
func firstError(m *koji.Multicall) error {
	for i := range m.Len() {
		if err := m.Err(i); err != nil {
			return err
		}
	}
	return nil
}

type removeExternalRepoOptions struct {
	env            *Env
	allTags, force bool
}

// newRemoveExternalRepoCommand is koji remove-external-repo.
func newRemoveExternalRepoCommand(env *Env) *cobra.Command {
	o := &removeExternalRepoOptions{env: env}
	cmd := &cobra.Command{
		Use: "remove-external-repo <repo> [<tag> ...]", Short: "Take an external repo out of tags, or delete it", GroupID: admin,
		Example: "koji remove-external-repo fedora f40-build", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.allTags, "alltags", false, "take it out of all tags")
	f.BoolVar(&o.force, "force", false, "delete it even if tags use it")
	return cmd
}

func (o *removeExternalRepoOptions) run(ctx context.Context, repo string, tags []string) error {
	if o.allTags && len(tags) > 0 {
		return usagef("Do not specify tags when using --alltags")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var links []koji.TagExternalRepo
	if err := s.Call(ctx, "getTagExternalRepos", &links, koji.Named{"repo_info": repo}); err != nil {
		return err
	}
	current := make([]string, len(links))
	for i, l := range links {
		current[i] = l.TagName
	}
	switch {
	case o.allTags:
		tags = current
	case len(tags) == 0 && len(current) > 0 && !o.force:
		return failf("External repo %s is used by: %s. Use --force to delete it anyway", repo, strings.Join(current, ", "))
	case len(tags) == 0:
		return s.Call(ctx, "deleteExternalRepo", nil, repo)
	}
	for _, tag := range tags {
		if !slices.Contains(current, tag) {
			o.env.say("External repo %s not associated with tag %s", repo, tag)
			continue
		}
		if err := s.Call(ctx, "removeExternalRepoFromTag", nil, tag, repo); err != nil {
			return err
		}
	}
	return nil
}
