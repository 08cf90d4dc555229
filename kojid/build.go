package kojid

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"koji"
	"koji/internal/rpmfile"
)

type buildParams struct {
	Src    string    `xmlrpc:"src"`
	Target *string   `xmlrpc:"target"`
	Opts   buildOpts `xmlrpc:"opts"`
}

type buildOpts struct {
	SkipTag      bool           `xmlrpc:"skip_tag"`
	Scratch      bool           `xmlrpc:"scratch"`
	RepoID       int64          `xmlrpc:"repo_id"`
	FailFast     bool           `xmlrpc:"fail_fast"`
	WaitRepo     bool           `xmlrpc:"wait_repo"`
	WaitBuilds   []any          `xmlrpc:"wait_builds"`
	RebuildSRPM  *bool          `xmlrpc:"rebuild_srpm"`
	Draft        bool           `xmlrpc:"draft"`
	ArchOverride *string        `xmlrpc:"arch_override"`
	UserMetadata map[string]any `xmlrpc:"custom_user_metadata"`
}

// buildTask is a build on its way from source to tag.
type buildTask struct {
	*Task
	p      buildParams
	tag    *koji.BuildConfig // the build tag
	target *koji.Target      // nil: the build is not tagged
	dest   *tagRef           // nil likewise
	repo   *koji.Repo
	srpm   string // below work/
	source *sourceRef
	header *rpmfile.Header
}

type tagRef struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
}

// runBuild leads a build: it makes the source rpm, has it built for every arch,
// hands the results to the hub and tags them.
func runBuild(ctx context.Context, t *Task) (any, error) {
	b := &buildTask{Task: t}
	if err := t.params(&b.p); err != nil {
		return nil, err
	}
	return nil, b.run(ctx)
}

func (b *buildTask) run(ctx context.Context) error {
	if err := b.findTags(ctx); err != nil {
		return err
	}
	if err := b.checkPolicies(ctx); err != nil {
		return err
	}
	if b.repo == nil {
		repo, err := b.findRepo(ctx, b.tag.Name, b.p.Opts.WaitRepo, b.p.Opts.WaitBuilds)
		if err != nil {
			return err
		}
		b.repo = repo
	}
	if err := b.getSource(ctx); err != nil {
		return err
	}
	f, err := b.openSRPM(ctx, b.srpm)
	if err != nil {
		return err
	}
	b.header = f.Header
	extra, err := b.checkListed(ctx)
	if err != nil {
		return err
	}
	arches, err := b.arches(extra)
	if err != nil {
		return err
	}
	if b.p.Opts.Scratch {
		return b.scratch(ctx, arches)
	}
	id, err := b.real(ctx, arches)
	if err != nil || b.p.Opts.SkipTag {
		return err
	}
	return b.ask(ctx, subtask{method: "tagBuild", args: []any{b.dest.ID, id, false, nil, true}, label: "tag", arch: "noarch"}, nil)
}

// findTags looks at target and repo.
func (b *buildTask) findTags(ctx context.Context) error {
	buildTag := any(nil)
	var event any
	if id := b.p.Opts.RepoID; id != 0 {
		if err := b.call(ctx, "repoInfo", &b.repo, id, koji.Named{"strict": true}); err != nil {
			return err
		}
		if b.repo.State != koji.RepoReady && b.repo.State != koji.RepoExpired {
			return buildError("Bad repo: %d is %s", id, b.repo.State)
		}
		buildTag, event = b.repo.TagID, b.repo.CreateEvent
	}
	switch {
	case b.p.Target == nil && b.repo == nil:
		return koji.NewError(koji.CodeGeneric, "A build needs a target or a repo id")
	case b.p.Target == nil:
		b.p.Opts.SkipTag = true
	default:
		if err := b.call(ctx, "getBuildTarget", &b.target, *b.p.Target, koji.Named{"event": event}); err != nil {
			return err
		}
		if err := b.useTarget(ctx); err != nil {
			return err
		}
	}
	if b.target != nil {
		if b.repo != nil && b.repo.TagID != b.target.BuildTag {
			return buildError("Repo/Target mismatch: repo %d is of tag %s, target %s builds in %s", b.repo.ID, b.repo.TagName, b.target.Name, b.target.BuildTagName)
		}
		buildTag = b.target.BuildTag
	}
	return b.call(ctx, "getBuildConfig", &b.tag, buildTag, koji.Named{"event": event})
}

// useTarget finds where the build goes. With a repo, the target may be a tag.
func (b *buildTask) useTarget(ctx context.Context) error {
	if b.target != nil {
		b.dest = &tagRef{ID: b.target.DestTag, Name: b.target.DestTagName}
		return nil
	}
	if b.repo != nil {
		if err := b.call(ctx, "getTag", &b.dest, *b.p.Target); err != nil {
			return err
		}
	}
	if b.dest == nil {
		return koji.NewError(koji.CodeGeneric, "unknown build target: "+*b.p.Target)
	}
	return nil
}

func (b *buildTask) checkPolicies(ctx context.Context) error {
	data := map[string]any{
		"user_id": b.Owner, "source": b.p.Src, "task_id": b.ID, "build_tag": b.tag.ID, "skip_tag": b.p.Opts.SkipTag,
		"scratch": b.p.Opts.Scratch, "draft": b.p.Opts.Draft, "from_scm": isSCM(b.p.Src), "repo_id": nil,
	}
	if b.repo != nil {
		data["repo_id"] = b.repo.ID
	}
	if b.target != nil {
		data["target"] = b.target.Name
	}
	if b.dest != nil {
		data["tag"] = b.dest.ID
	}
	var policies []string
	if !isSCM(b.p.Src) && !b.p.Opts.Scratch {
		policies = append(policies, "build_from_srpm")
	}
	if b.repo != nil {
		policies = append(policies, "build_from_repo_id")
	}
	for _, name := range append(policies, "build_rpm") {
		if err := b.call(ctx, "host.assertPolicy", nil, name, data); err != nil {
			return err
		}
	}
	return nil
}

// getSource makes the source rpm, or takes the one that was uploaded.
func (b *buildTask) getSource(ctx context.Context) error {
	method := "rebuildSRPM"
	if isSCM(b.p.Src) {
		method = "buildSRPMFromSCM"
	} else {
		// What is no source rpm shall not cost a buildroot to find out.
		if _, err := b.openSRPM(ctx, b.p.Src); err != nil {
			return err
		}
		if !b.wantsRebuild() {
			b.srpm = b.p.Src
			return nil
		}
	}
	arch, err := b.Task.taskArch("noarch", b.tag, archRules{})
	if err != nil {
		return err
	}
	var made sourceResult
	opts := map[string]any{"repo_id": b.repo.ID, "scratch": b.p.Opts.Scratch}
	if err := b.ask(ctx, subtask{method: method, args: []any{b.p.Src, b.tag.ID, opts}, label: "srpm", arch: arch}, &made); err != nil {
		return err
	}
	b.srpm = made.SRPM
	if made.Source.Source != "" {
		b.source = &made.Source
	}
	return nil
}

// wantsRebuild says whether an uploaded source rpm is made anew first: so says
// the build tag, unless a scratch build knows better.
func (b *buildTask) wantsRebuild() bool {
	rebuild := true
	if v, ok := b.tag.Extra["rebuild_srpm"]; ok {
		rebuild = truth(v)
	}
	if b.p.Opts.Scratch && b.p.Opts.RebuildSRPM != nil {
		rebuild = *b.p.Opts.RebuildSRPM
	}
	return rebuild
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case string:
		return v != ""
	}
	return v != nil
}

// checkListed makes sure that the package may go where it is to go, and gives
// its extra arches there.
func (b *buildTask) checkListed(ctx context.Context) ([]string, error) {
	if b.dest == nil {
		return nil, nil
	}
	var pkg *struct {
		Blocked     bool    `xmlrpc:"blocked"`
		ExtraArches *string `xmlrpc:"extra_arches"`
	}
	if err := b.call(ctx, "getPackageConfig", &pkg, b.dest.ID, b.header.Name); err != nil {
		return nil, err
	}
	if !b.p.Opts.SkipTag && !b.p.Opts.Scratch {
		switch {
		case pkg == nil:
			return nil, buildError("package %s not in list for tag %s", b.header.Name, b.dest.Name)
		case pkg.Blocked:
			return nil, buildError("package %s is blocked for tag %s", b.header.Name, b.dest.Name)
		}
	}
	if pkg == nil || pkg.ExtraArches == nil {
		return nil, nil
	}
	return strings.Fields(*pkg.ExtraArches), nil
}

func (b *buildTask) arches(extra []string) ([]string, error) {
	arches, err := tagArches(b.tag)
	if err != nil {
		return nil, err
	}
	var override []string
	if b.p.Opts.Scratch && b.p.Opts.ArchOverride != nil {
		override = strings.Fields(strings.ReplaceAll(*b.p.Opts.ArchOverride, ",", " "))
	}
	return archList(arches, extra, rulesOf(b.header), override)
}

// built is what the arches brought together.
type built struct {
	srpm  string
	rpms  []string
	brmap map[string]any
	logs  map[string]any
}

// buildArches builds on all arches at once.
func (b *buildTask) buildArches(ctx context.Context, arches []string) (*built, error) {
	ids := make([]int64, len(arches))
	for i, arch := range arches {
		on, err := b.Task.taskArch(arch, b.tag, rulesOf(b.header))
		if err != nil {
			return nil, err
		}
		// One source rpm is enough; the first one's is kept.
		args := []any{b.srpm, b.tag.ID, arch, i == 0, map[string]any{"repo_id": b.repo.ID}}
		if ids[i], err = b.start(ctx, subtask{method: "buildArch", args: args, label: arch, arch: on}); err != nil {
			return nil, err
		}
	}
	results, err := b.wait(ctx, ids, waiting{failFast: b.p.Opts.FailFast || !b.cfg.BuildArchCanFail})
	if err != nil {
		return nil, err
	}
	out := &built{srpm: b.srpm, rpms: []string{}, brmap: map[string]any{}, logs: map[string]any{}}
	for i, arch := range arches {
		var r archResult
		if err := convert(results[ids[i]], &r); err != nil {
			return nil, fmt.Errorf("read the result of task %d: %w", ids[i], err)
		}
		out.logs[arch] = r.Logs
		out.rpms = append(out.rpms, r.RPMs...)
		for _, rpm := range r.RPMs {
			out.brmap[rpm] = r.Broot
		}
		for _, srpm := range r.SRPMs {
			out.srpm, out.brmap[srpm] = srpm, r.Broot
		}
	}
	return out, nil
}

// scratch ends a build that is not to be kept.
func (b *buildTask) scratch(ctx context.Context, arches []string) error {
	out, err := b.buildArches(ctx, arches)
	if err != nil {
		return err
	}
	return b.do(ctx, "host.moveBuildToScratch", b.ID, out.srpm, out.rpms, koji.Named{"logs": out.logs})
}

// real makes the build at the hub and returns its id.
func (b *buildTask) real(ctx context.Context, arches []string) (int64, error) {
	data := map[string]any{
		"name": b.header.Name, "version": b.header.Version, "release": b.header.Release, "epoch": nil, "task_id": b.ID,
	}
	if b.header.Epoch != nil {
		data["epoch"] = *b.header.Epoch
	}
	extra := map[string]any{}
	if b.source != nil {
		data["source"] = b.source.Source
		extra["source"] = map[string]any{"original_url": b.source.URL}
	}
	if len(b.p.Opts.UserMetadata) > 0 {
		extra["custom_user_metadata"] = b.p.Opts.UserMetadata
	}
	if len(extra) > 0 {
		data["extra"] = extra
	}
	if b.p.Opts.Draft {
		data["draft"] = true
	}
	var id int64
	if err := b.call(ctx, "host.initBuild", &id, data); err != nil {
		return 0, err
	}
	out, err := b.buildArches(ctx, arches)
	if err == nil {
		err = b.do(ctx, "host.completeBuild", b.ID, id, out.srpm, out.rpms, out.brmap, out.logs)
	}
	if err == nil || ctx.Err() != nil {
		return id, err
	}
	if ferr := b.do(ctx, "host.failBuild", b.ID, id); ferr != nil {
		return 0, errors.Join(err, fmt.Errorf("mark build %d as failed: %w", id, ferr))
	}
	return 0, err
}
