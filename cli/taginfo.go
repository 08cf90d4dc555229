package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

type tagInfoOptions struct {
	env *Env
	at  eventOption
}

// newTagInfoCommand is koji taginfo.
func newTagInfoCommand(env *Env) *cobra.Command {
	o := &tagInfoOptions{env: env}
	cmd := &cobra.Command{
		Use: "taginfo [options] <tag> [<tag> ...]", Short: "Show tags", GroupID: info,
		Example: "koji taginfo f40-build", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	o.at.flags(cmd.Flags())
	return withData(env, cmd)
}

// tagDetails is all that taginfo tells of a tag.
type tagDetails struct {
	koji.Tag
	Groups        []string               `xmlrpc:"groups"`
	Destinations  []koji.Target          `xmlrpc:"dest_targets"`
	Targets       []koji.Target          `xmlrpc:"build_targets"`
	Repo          *koji.Repo             `xmlrpc:"repo"`
	ExternalRepos []koji.TagExternalRepo `xmlrpc:"external_repos"`
	Inheritance   []koji.Inheritance     `xmlrpc:"inheritance"`

	origins map[string]string    // of inherited options, the tag
	repos   map[int64]*koji.Repo // of the tags that targets build in
}

func (o *tagInfoOptions) run(ctx context.Context, names []string) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	var tags []*tagDetails
	for _, name := range names {
		t, err := tagInfo(ctx, s, name, event)
		if err != nil {
			return err
		}
		tags = append(tags, t)
	}
	return o.env.show(tags, func(w *bufio.Writer) {
		for i, t := range tags {
			if i > 0 {
				fmt.Fprintln(w)
			}
			t.print(w, event == nil)
		}
	})
}

// tagInfo asks for everything with two requests.
func tagInfo(ctx context.Context, s *koji.Session, name string, event *int64) (*tagDetails, error) {
	var known *koji.Tag
	if err := s.Call(ctx, "getTag", &known, name, koji.Named{"event": event}); err != nil {
		return nil, err
	}
	if known == nil {
		return nil, failf("No such tag: %s", name)
	}
	t := &tagDetails{Tag: *known}
	var config koji.BuildConfig
	var groups []koji.Group
	m := s.Multicall()
	m.Add(&config, "getBuildConfig", known.ID, koji.Named{"event": event})
	m.Add(&groups, "getTagGroups", known.ID, koji.Named{"event": event, "incl_pkgs": false, "incl_reqs": false})
	m.Add(&t.Destinations, "getBuildTargets", koji.Named{"destTagID": known.ID, "event": event})
	m.Add(&t.Targets, "getBuildTargets", koji.Named{"buildTagID": known.ID, "event": event})
	m.Add(&t.Repo, "getRepo", known.ID)
	m.Add(&t.ExternalRepos, "getTagExternalRepos", koji.Named{"tag_info": known.ID, "event": event})
	m.Add(&t.Inheritance, "getInheritanceData", known.ID, koji.Named{"event": event})
	if err := m.Run(ctx); err != nil {
		return nil, err
	}
	t.Extra = config.Extra
	for _, g := range groups {
		t.Groups = append(t.Groups, g.Name)
	}
	t.origins = origins(config.ConfigInheritance.Extra)
	return t, t.reposOfTargets(ctx, s)
}

func (t *tagDetails) reposOfTargets(ctx context.Context, s *koji.Session) error {
	t.repos = map[int64]*koji.Repo{}
	m := s.Multicall()
	repos := make([]*koji.Repo, len(t.Destinations))
	for i, target := range t.Destinations {
		m.Add(&repos[i], "getRepo", target.BuildTag)
	}
	if m.Len() == 0 {
		return nil
	}
	if err := m.Run(ctx); err != nil {
		return err
	}
	for i, target := range t.Destinations {
		t.repos[target.BuildTag] = repos[i]
	}
	return nil
}

// repoLine says which repo of a tag is the current one.
func repoLine(r *koji.Repo) string {
	if r == nil {
		return "no active repo"
	}
	when, _, _ := strings.Cut(r.CreationTime.String(), ".")
	return fmt.Sprintf("repo#%d: %s", r.ID, when)
}

func (t *tagDetails) print(w io.Writer, now bool) {
	fmt.Fprintf(w, "Tag: %s [%d]\nArches: %s\nGroups: %s\n", t.Name, t.ID, text(t.Arches), strings.Join(t.Groups, ", "))
	if t.Locked {
		fmt.Fprintln(w, "LOCKED")
	}
	if t.Perm != nil {
		fmt.Fprintf(w, "Required permission: %s\n", pylit.Repr(*t.Perm))
	}
	fmt.Fprintf(w, "Maven support?: %s\nInclude all Maven archives?: %s\n", yesno(t.MavenSupport), yesno(t.MavenIncludeAll))
	fmt.Fprintln(w, "Tag options:")
	for _, key := range sortedKeys(t.Extra) {
		from := ""
		if t.origins[key] != "" {
			from = " [" + t.origins[key] + "]"
		}
		fmt.Fprintf(w, "  %s : %s%s\n", key, pylit.Repr(t.Extra[key]), from)
	}
	if len(t.Destinations) > 0 {
		fmt.Fprintln(w, "Targets that build into this tag:")
		for _, target := range t.Destinations {
			fmt.Fprintf(w, "  %s (%s, %s)\n", target.Name, target.BuildTagName, repoLine(t.repos[target.BuildTag]))
		}
	}
	if len(t.Targets) > 0 {
		fmt.Fprintln(w, "This tag is a buildroot for one or more targets")
	}
	if now {
		fmt.Fprintf(w, "Current repo: %s\n", repoLine(t.Repo))
	}
	if len(t.Targets) > 0 {
		fmt.Fprintln(w, "Targets that build from this tag:")
		for _, target := range t.Targets {
			fmt.Fprintf(w, "  %s\n", target.Name)
		}
	}
	if len(t.ExternalRepos) > 0 {
		fmt.Fprintln(w, "External repos:")
		for _, r := range t.ExternalRepos {
			on := text(r.Arches)
			if on == "" {
				on = "inherited from tag"
			}
			fmt.Fprintf(w, "  %3d %s (%s, merge mode: %s), arches: %s\n", r.Priority, r.ExternalRepoName, r.URL, r.MergeMode, on)
		}
	}
	fmt.Fprintln(w, "Inheritance:")
	for _, link := range t.Inheritance {
		fmt.Fprintf(w, "  %-4d %s %s [%d]\n", link.Priority, linkFlags(link), link.Name, link.ParentID)
		if link.MaxDepth != nil {
			fmt.Fprintf(w, "    maxdepth: %d\n", *link.MaxDepth)
		}
		if link.PkgFilter != "" {
			fmt.Fprintf(w, "    package filter: %s\n", link.PkgFilter)
		}
	}
}

// linkFlags are the letters of an inheritance link's limits.
func linkFlags(link koji.Inheritance) string {
	flags := []byte("....")
	for i, set := range []bool{link.MaxDepth != nil, link.PkgFilter != "", link.Intransitive, link.NoConfig} {
		if set {
			flags[i] = "MFIN"[i]
		}
	}
	return string(flags)
}

// origins are the tags that inherited options come from, by option.
func origins(extra map[string]any) map[string]string {
	names := map[string]string{}
	for key, from := range extra {
		if from, ok := from.(map[string]any); ok {
			names[key], _ = from["name"].(string)
		}
	}
	return names
}
