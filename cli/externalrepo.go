package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type addExternalRepoOptions struct {
	env      *Env
	tags     []string
	priority int64
	mode     string
	arches   string
}

// mergeModes are the ways in which a repo is joined with a tag's own.
func mergeModes() []string { return []string{"koji", "simple", "bare"} }

// newAddExternalRepoCommand is koji add-external-repo.
func newAddExternalRepoCommand(env *Env) *cobra.Command {
	o := &addExternalRepoOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-external-repo [options] <name> [<url>]", Short: "Create an external repo, link it to tags, or both", GroupID: admin,
		Example: "koji add-external-repo -t f40-build -m bare fedora 'https://mirror.example.org/f40/$arch/'", Args: arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.Flags().Changed("priority"))
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.tags, "tag", "t", nil, "link it to `TAG`, or TAG::PRIORITY (repeatable)")
	f.Int64VarP(&o.priority, "priority", "p", 0, "priority of the links; by default behind those there are")
	f.StringVarP(&o.mode, "mode", "m", "", "how it is merged: koji, simple or bare")
	f.StringVarP(&o.arches, "arches", "a", "", "use it for these arches only")
	return cmd
}

func (o *addExternalRepoOptions) run(ctx context.Context, args []string, prioritized bool) error {
	switch {
	case o.mode != "" && !slices.Contains(mergeModes(), o.mode):
		return usagef("Invalid mode: %s: want one of %s", o.mode, strings.Join(mergeModes(), ", "))
	case o.mode != "" && len(o.tags) == 0:
		return usagef("The --mode option can only be used with --tag")
	case len(args) == 1 && len(o.tags) == 0:
		return usagef("Please give a URL, to create the repo, or a tag, to link it")
	}
	named := koji.Named{}
	if o.mode != "" {
		named["merge_mode"] = o.mode
	}
	if o.arches != "" {
		list, err := arches(o.arches)
		if err != nil {
			return err
		}
		named["arches"] = list
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var repo koji.ExternalRepo
	if len(args) == 1 {
		if err := s.Call(ctx, "getExternalRepo", &repo, args[0], koji.Named{"strict": true}); err != nil {
			return err
		}
	} else {
		if err := s.Call(ctx, "createExternalRepo", &repo, args[0], args[1]); err != nil {
			return err
		}
		o.env.say("Created external repo %d", repo.ID)
	}
	for _, tag := range o.tags {
		if err := o.link(ctx, s, repo, tag, named, prioritized); err != nil {
			return err
		}
	}
	return nil
}

// link puts the repo into a tag, behind the others unless told otherwise.
func (o *addExternalRepoOptions) link(ctx context.Context, s *koji.Session, repo koji.ExternalRepo, tag string, named koji.Named, prioritized bool) error {
	priority := o.priority
	if name, p, ok := strings.Cut(tag, "::"); ok {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return usagef("Invalid priority: %s", tag)
		}
		tag, priority, prioritized = name, n, true
	}
	if !prioritized {
		var links []koji.TagExternalRepo
		if err := s.Call(ctx, "getTagExternalRepos", &links, koji.Named{"tag_info": tag}); err != nil {
			return err
		}
		priority = 5
		for _, l := range links {
			priority = max(priority, (l.Priority+7)/5*5)
		}
	}
	if err := s.Call(ctx, "addExternalRepoToTag", nil, tag, repo.Name, priority, named); err != nil {
		return err
	}
	o.env.say("Added external repo %s to tag %s (priority %d)", repo.Name, tag, priority)
	return nil
}

type listExternalReposOptions struct {
	env            *Env
	url, name, tag string
	id             int64
	used, inherit  bool
	at             eventOption
}

// newListExternalReposCommand is koji list-external-repos.
func newListExternalReposCommand(env *Env) *cobra.Command {
	o := &listExternalReposOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-external-repos [options]", Short: "List external repos", GroupID: info,
		Example: "koji list-external-repos --tag f40-build", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "only the one at this URL")
	f.StringVar(&o.name, "name", "", "only the one of this name")
	f.Int64Var(&o.id, "id", 0, "only the one with this id")
	f.StringVar(&o.tag, "tag", "", "only those of this tag")
	f.BoolVar(&o.used, "used", false, "tell the tags that use them")
	f.BoolVar(&o.inherit, "inherit", false, "with those the tag inherits")
	o.at.flags(f)
	return withData(env, withQuiet(env, cmd))
}

func (o *listExternalReposOptions) run(ctx context.Context) error {
	if o.inherit && (o.tag == "" || o.name != "" || o.id != 0 || o.used) {
		return usagef("--inherit needs --tag and nothing else")
	}
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
	var which any
	if o.name != "" {
		which = o.name
	} else if o.id != 0 {
		which = o.id
	}
	if o.tag == "" && !o.used {
		return o.plain(ctx, s, which, named)
	}
	method := "getTagExternalRepos"
	switch {
	case o.inherit:
		method = "getExternalRepoList"
	default:
		if which != nil {
			named["repo_info"] = which
		}
	}
	var args []any
	if o.inherit {
		args = []any{o.tag}
	} else if o.tag != "" {
		named["tag_info"] = o.tag
	}
	var links []koji.TagExternalRepo
	if err := s.Call(ctx, method, &links, append(args, named)...); err != nil {
		return err
	}
	if o.url != "" {
		links = slices.DeleteFunc(links, func(l koji.TagExternalRepo) bool { return l.URL != o.url })
	}
	if o.inherit || o.used {
		const format = "%-20s %-3d %-10s %s"
		header := fmt.Sprintf("%-20s %-3s %-10s %s", "Tag", "Pri", "Mode", "External repo name") + "\n" + rule(" ", 20, 3, 10, 25)
		return list(o.env, links, header, func(l koji.TagExternalRepo) string {
			return fmt.Sprintf(format, l.TagName, l.Priority, l.MergeMode, l.ExternalRepoName)
		})
	}
	header := fmt.Sprintf("%-3s %-25s %-10s %s", "Pri", "External repo name", "Mode", "URL") + "\n" + rule(" ", 3, 25, 10, 40)
	return list(o.env, links, header, func(l koji.TagExternalRepo) string {
		return fmt.Sprintf("%-3d %-25s %-10s %s", l.Priority, l.ExternalRepoName, l.MergeMode, l.URL)
	})
}

func (o *listExternalReposOptions) plain(ctx context.Context, s *koji.Session, which any, named koji.Named) error {
	if which != nil {
		named["info"] = which
	}
	if o.url != "" {
		named["url"] = o.url
	}
	var repos []koji.ExternalRepo
	if err := s.Call(ctx, "listExternalRepos", &repos, named); err != nil {
		return err
	}
	slices.SortFunc(repos, func(a, b koji.ExternalRepo) int { return strings.Compare(a.Name, b.Name) })
	header := fmt.Sprintf("%-25s %s", "External repo name", "URL") + "\n" + rule(" ", 25, 40)
	return list(o.env, repos, header, func(r koji.ExternalRepo) string { return fmt.Sprintf("%-25s %s", r.Name, r.URL) })
}
