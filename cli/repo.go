package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"koji"
)

// newRepoInfoCommand is koji repoinfo.
func newRepoInfoCommand(env *Env) *cobra.Command {
	var buildroots bool
	cmd := &cobra.Command{
		Use: "repoinfo [options] <repo-id> [<repo-id> ...]", Short: "Show repos", GroupID: info,
		Example: "koji repoinfo 17", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return repoInfo(cmd.Context(), env, args, buildroots) },
	}
	cmd.Flags().BoolVar(&buildroots, "buildroots", false, "list the buildroots that were made from it")
	return withData(env, cmd)
}

// repoDetails is all that repoinfo tells of a repo.
type repoDetails struct {
	koji.Repo
	Buildroots []koji.Buildroot `xmlrpc:"buildroots"`
}

func repoInfo(ctx context.Context, env *Env, args []string, buildroots bool) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	repos := []*repoDetails{}
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return usagef("repo id must be an integer: %s", arg)
		}
		var repo *koji.Repo
		if err := s.Call(ctx, "repoInfo", &repo, id); err != nil {
			return err
		}
		if repo == nil {
			env.warn("No such repo: %d", id)
			continue
		}
		d := &repoDetails{Repo: *repo}
		if err := s.Call(ctx, "listBuildroots", &d.Buildroots, koji.Named{"repoID": id}); err != nil {
			return err
		}
		repos = append(repos, d)
	}
	top := koji.Paths{Top: env.profile.TopURL}
	if top.Top == "" {
		top.Top = env.profile.TopDir
	}
	return env.show(repos, func(w *bufio.Writer) {
		for i, r := range repos {
			if i > 0 {
				fmt.Fprintln(w)
			}
			r.print(w, top, buildroots)
		}
	})
}

func (d *repoDetails) print(w io.Writer, top koji.Paths, buildroots bool) {
	where := top.Repo(d.TagName, d.ID)
	if d.Dist {
		where = top.DistRepo(d.TagName, d.ID)
	}
	fmt.Fprintf(w, "ID: %d\nTag ID: %d\nTag name: %s\nState: %s\n", d.ID, d.TagID, d.TagName, d.State)
	fmt.Fprintf(w, "Created: %s\nCreated event: %d\nURL: %s\nRepo json: %s/repo.json\nDist repo?: %s\n",
		longTime(d.CreateTS), d.CreateEvent, where, where, yesno(d.Dist))
	if d.TaskID != nil {
		fmt.Fprintf(w, "Task ID: %d\n", *d.TaskID)
	}
	switch {
	case !buildroots:
		fmt.Fprintf(w, "Number of buildroots: %d\n", len(d.Buildroots))
	case len(d.Buildroots) == 0:
		fmt.Fprintln(w, "No buildroots")
	default:
		fmt.Fprintln(w, "Buildroots ID:")
		for _, b := range d.Buildroots {
			fmt.Fprintf(w, "      %d\n", b.ID)
		}
	}
}
