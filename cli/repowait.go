package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"koji"
)

// repoTimeout is how many minutes a repo is waited for.
const repoTimeout = 120

// repoOptions are what request-repo, regen-repo and wait-repo share.
type repoOptions struct {
	env                         *Env
	target, verbose             bool
	wait                        waitOption
	minEvent, atEvent           int64
	current, makeTask           bool
	debuginfo, source, separate bool
	timeout                     int
	builds                      []string
	request, noRequest          bool
}

func (o *repoOptions) contentFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.debuginfo, "debuginfo", false, "with debuginfo rpms")
	f.BoolVar(&o.source, "source", false, "with source rpms in the repo of each arch")
	f.BoolVar(&o.source, "src", false, "the same as --source")
	f.BoolVar(&o.separate, "separate-source", false, "with source rpms in a repo of their own")
	f.BoolVar(&o.separate, "separate-src", false, "the same as --separate-source")
}

func (o *repoOptions) commonFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.target, "target", false, "the argument is a build target")
	f.IntVar(&o.timeout, "timeout", repoTimeout, "wait at most this many `MINUTES`")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell more")
	withQuiet(o.env, cmd)
}

// newRequestRepoCommand is koji request-repo.
func newRequestRepoCommand(env *Env) *cobra.Command {
	o := &repoOptions{env: env}
	cmd := &cobra.Command{
		Use: "request-repo [options] <tag>", Short: "Ask for a repo of a tag", GroupID: misc,
		Example: "koji request-repo --current f40-build", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.ask(cmd.Context(), args[0]) },
	}
	o.commonFlags(cmd)
	o.wait.flags(cmd.Flags())
	cmd.Flags().Int64Var(&o.minEvent, "min-event", 0, "as new as this `EVENT` at least")
	cmd.Flags().Int64Var(&o.atEvent, "at-event", 0, "as the tag was at this `EVENT`")
	cmd.Flags().BoolVar(&o.current, "current", false, "as new as the tag's last change")
	cmd.Flags().BoolVar(&o.current, "last", false, "the same as --current")
	o.contentFlags(cmd)
	return cmd
}

// newRegenRepoCommand is koji regen-repo.
func newRegenRepoCommand(env *Env) *cobra.Command {
	o := &repoOptions{env: env, current: true}
	cmd := &cobra.Command{
		Use: "regen-repo [options] <tag>", Short: "Get a repo that is as new as the tag", GroupID: admin,
		Example: "koji regen-repo f40-build", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.ask(cmd.Context(), args[0]) },
	}
	o.commonFlags(cmd)
	o.wait.flags(cmd.Flags())
	cmd.Flags().BoolVar(&o.makeTask, "make-task", false, "make a newRepo task instead of a request")
	o.contentFlags(cmd)
	return cmd
}

// tag is the tag that is meant; the build tag of a target.
func (o *repoOptions) tag(ctx context.Context, s *koji.Session, name string) (*koji.Tag, error) {
	if o.target {
		target, err := lookTarget(ctx, s, name)
		if err != nil {
			return nil, err
		}
		if target == nil {
			return nil, usagef("No such build target: %s", name)
		}
		name = target.BuildTagName
	}
	tag, err := findTag(ctx, s, name)
	if err == nil && text(tag.Arches) == "" && !o.env.quiet() {
		o.env.warn("Warning: tag %s has no arches", tag.Name)
	}
	return tag, err
}

// content are the options of the repo that differ from its tag's.
func (o *repoOptions) content() map[string]any {
	opts := map[string]any{}
	for key, set := range map[string]bool{"debuginfo": o.debuginfo, "src": o.source, "separate_src": o.separate} {
		if set {
			opts[key] = true
		}
	}
	return opts
}

// ask requests a repo and waits for it.
func (o *repoOptions) ask(ctx context.Context, name string) error {
	if o.minEvent != 0 && o.atEvent != 0 || o.current && (o.minEvent != 0 || o.atEvent != 0) {
		return usagef("--min-event, --at-event and --current conflict")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	tag, err := o.tag(ctx, s, name)
	if err != nil {
		return err
	}
	if o.makeTask {
		return o.newRepo(ctx, s, tag)
	}
	named := koji.Named{"opts": o.content()}
	switch {
	case o.current:
		named["min_event"] = "last"
	case o.minEvent != 0:
		named["min_event"] = o.minEvent
	case o.atEvent != 0:
		named["at_event"] = o.atEvent
	}
	return o.requestAndWait(ctx, s, tag, named, o.wait.wants(o.env))
}

// newRepo makes the task itself, as Koji did before it had requests.
func (o *repoOptions) newRepo(ctx context.Context, s *koji.Session, tag *koji.Tag) error {
	named := koji.Named{}
	for key, value := range o.content() {
		named[key] = value
	}
	var id int64
	if err := s.Call(ctx, "newRepo", &id, tag.Name, named); err != nil {
		return err
	}
	o.env.created(id)
	if !o.wait.wants(o.env) {
		return nil
	}
	return watchTasks(ctx, o.env, []int64{id})
}

// requestAndWait asks for a repo, and prints what the hub has or makes.
func (o *repoOptions) requestAndWait(ctx context.Context, s *koji.Session, tag *koji.Tag, named koji.Named, wait bool) error {
	var answer koji.RepoAnswer
	if err := s.Call(ctx, "repo.request", &answer, tag.ID, named); err != nil {
		return err
	}
	if answer.Repo != nil {
		o.got(answer.Repo)
		return nil
	}
	if answer.Request == nil {
		return fmt.Errorf("request a repo: the hub gave neither a repo nor a request")
	}
	o.env.say("Got request: %d", answer.Request.ID)
	if !wait {
		return nil
	}
	return o.follow(ctx, s, answer.Request)
}

// follow waits for the repo of a request.
func (o *repoOptions) follow(ctx context.Context, s *koji.Session, request *koji.RepoRequest) error {
	o.env.logout(ctx)
	return o.await(ctx, s, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeRepo}}, func(ctx context.Context) (bool, error) {
		var check koji.RepoAnswer
		if err := s.Call(ctx, "repo.checkRequest", &check, request.ID); err != nil {
			return false, err
		}
		if check.Request != nil && check.Request.TaskID != nil && (request.TaskID == nil || *request.TaskID != *check.Request.TaskID) {
			o.env.say("Got task: %d", *check.Request.TaskID)
			request = check.Request
		}
		switch {
		case check.Repo != nil:
			o.got(check.Repo)
			return true, nil
		case check.Request != nil && !check.Request.Active:
			return false, failf("Repo request no longer active: %d", request.ID)
		}
		return false, nil
	})
}

func (o *repoOptions) got(r *koji.Repo) {
	o.env.say("Got repo %d", r.ID)
	o.env.say("Repo info: %s/repoinfo?repoID=%d", o.env.profile.WebURL, r.ID)
}

// await is awaitNews for as long as --timeout says.
func (o *repoOptions) await(ctx context.Context, s *koji.Session, events koji.EventOptions, look func(context.Context) (bool, error)) error {
	limit := max(time.Duration(o.timeout)*time.Minute, 1) // 0 is no time, not any
	return awaitNews(ctx, o.env, s, limit, events, look)
}

// newWaitRepoRequestCommand is koji wait-repo-request.
func newWaitRepoRequestCommand(env *Env) *cobra.Command {
	o := &repoOptions{env: env}
	cmd := &cobra.Command{
		Use: "wait-repo-request [options] <request-id>", Short: "Wait for the repo of a request", GroupID: monitor,
		Example: "koji wait-repo-request 1234", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.waitRequest(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.IntVar(&o.timeout, "timeout", repoTimeout, "wait at most this many `MINUTES`")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell more")
	return withQuiet(env, cmd)
}

func (o *repoOptions) waitRequest(ctx context.Context, text string) error {
	id, ok := idOrName(text).(int64)
	if !ok {
		return usagef("request id must be an integer: %s", text)
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	return o.follow(ctx, s, &koji.RepoRequest{ID: id})
}

// newWaitRepoCommand is koji wait-repo.
func newWaitRepoCommand(env *Env) *cobra.Command {
	o := &repoOptions{env: env}
	cmd := &cobra.Command{
		Use: "wait-repo [options] <tag>", Short: "Wait for a repo of a tag that is new enough", GroupID: monitor,
		Example: "koji wait-repo --build bash-5.2-1.fc40 f40-build", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.waitRepo(cmd.Context(), args[0]) },
	}
	o.commonFlags(cmd)
	cmd.Flags().StringArrayVar(&o.builds, "build", nil, "wait for one that holds `NVR` (repeatable)")
	cmd.Flags().BoolVar(&o.request, "request", false, "ask for the repo too; needs a login")
	cmd.Flags().BoolVar(&o.noRequest, "no-request", false, "only wait")
	return cmd
}

func (o *repoOptions) waitRepo(ctx context.Context, name string) error {
	session := o.env.Anonymous
	if o.request && !o.noRequest {
		session = o.env.Session
	}
	s, err := session(ctx)
	if err != nil {
		return err
	}
	tag, err := o.tag(ctx, s, name)
	if err != nil {
		return err
	}
	for _, b := range o.builds {
		found, err := lookBuild(ctx, s, b)
		if err != nil {
			return err
		}
		if found == nil {
			return usagef("No such build: %s", b)
		}
	}
	if err := o.waitTagged(ctx, s, tag); err != nil {
		return err
	}
	named := koji.Named{"min_event": "last"}
	if o.request && !o.noRequest {
		return o.requestAndWait(ctx, s, tag, named, true)
	}
	return o.await(ctx, s, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeRepo}}, func(ctx context.Context) (bool, error) {
		var repo *koji.Repo
		if err := s.Call(ctx, "repo.get", &repo, tag.ID, named); err != nil || repo == nil {
			return false, err
		}
		o.got(repo)
		return true, nil
	})
}

// waitTagged waits until all the builds are tagged: a repo made after that
// holds them.
func (o *repoOptions) waitTagged(ctx context.Context, s *koji.Session, tag *koji.Tag) error {
	if len(o.builds) == 0 {
		return nil
	}
	return o.await(ctx, s, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeTag}}, func(ctx context.Context) (bool, error) {
		var tagged []koji.TaggedBuild
		if err := s.Call(ctx, "listTagged", &tagged, tag.ID, koji.Named{"inherit": true}); err != nil {
			return false, err
		}
		for _, b := range o.builds {
			if !slices.ContainsFunc(tagged, func(t koji.TaggedBuild) bool { return t.NVR == b || fmt.Sprint(t.BuildID) == b }) {
				return false, nil
			}
		}
		return true, nil
	})
}
