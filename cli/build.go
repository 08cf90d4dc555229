package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
)

type buildOptions struct {
	submission
	skipTag, scratch, failFast   bool
	rebuild, noRebuild, waitRepo bool
	waitBuilds                   []string
	archOverride, metadata       string
	repoID                       int64
	noprogress, draft            bool
}

// newBuildCommand is koji build.
func newBuildCommand(env *Env) *cobra.Command {
	o := &buildOptions{submission: submission{env: env}}
	cmd := &cobra.Command{
		Use: "build [options] <target> <srpm path or scm url>", Short: "Build a package from a source rpm or an SCM URL", GroupID: build,
		Example: "koji build f40 bash-5.2-1.src.rpm\nkoji build --scratch f40 'git+https://git.example.org/rpms/bash#main'",
		Args:    arguments(2, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	f.BoolVar(&o.rebuild, "rebuild-srpm", false, "make the source rpm anew first (with --scratch)")
	f.BoolVar(&o.noRebuild, "no-rebuild-srpm", false, "build the source rpm as it is (with --scratch)")
	o.flags(f)
	f.BoolVar(&o.waitRepo, "wait-repo", false, "wait for a repo that is as new as now")
	f.StringArrayVar(&o.waitBuilds, "wait-build", nil, "wait until `NVR` is in the repo (repeatable)")
	withQuiet(env, cmd)
	f.StringVar(&o.archOverride, "arch-override", "", "build for these arches only (with --scratch)")
	f.BoolVar(&o.failFast, "fail-fast", false, "stop when it fails on one arch")
	f.Int64Var(&o.repoID, "repo-id", 0, "build with this repo")
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	f.StringVar(&o.metadata, "custom-user-metadata", "", "a `JSON` object to keep with the build")
	f.BoolVar(&o.draft, "draft", false, "make a draft")
	return cmd
}

// check finds options that don't go together.
func (o *buildOptions) check() error {
	switch {
	case o.archOverride != "" && !o.scratch:
		return usagef("--arch-override is only allowed for --scratch builds")
	case (o.rebuild || o.noRebuild) && !o.scratch:
		return usagef("--no-/rebuild-srpm is only allowed for --scratch builds")
	case o.rebuild && o.noRebuild:
		return usagef("--rebuild-srpm conflicts with --no-rebuild-srpm")
	case o.scratch && o.draft:
		return usagef("--scratch and --draft cannot be both specfied")
	}
	return nil
}

// opts are the options as the build task takes them.
func (o *buildOptions) opts() (map[string]any, error) {
	metadata := map[string]any{}
	if o.metadata != "" {
		v, err := parseJSON(o.metadata)
		if err != nil {
			return nil, usagef("--custom-user-metadata is not valid JSON: %v", err)
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, usagef("--custom-user-metadata must be a JSON object")
		}
		metadata = m
	}
	opts := map[string]any{"wait_builds": append([]string{}, o.waitBuilds...), "custom_user_metadata": metadata}
	setFlags(opts, map[string]bool{
		"skip_tag": o.skipTag, "scratch": o.scratch, "fail_fast": o.failFast, "wait_repo": o.waitRepo, "draft": o.draft,
	})
	if o.rebuild || o.noRebuild {
		opts["rebuild_srpm"] = o.rebuild
	}
	if o.repoID != 0 {
		opts["repo_id"] = o.repoID
	}
	if o.archOverride != "" {
		list, err := arches(o.archOverride)
		if err != nil {
			return nil, err
		}
		opts["arch_override"] = list
	}
	return opts, nil
}

func (o *buildOptions) run(ctx context.Context, target, source string) error {
	if err := o.check(); err != nil {
		return err
	}
	if strings.EqualFold(target, "none") {
		if o.repoID == 0 {
			return usagef("target must be specified unless --repo-id is given")
		}
		target, o.skipTag = "", true
	}
	opts, err := o.opts()
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if target != "" {
		if _, err := submitTarget(ctx, s, target, o.scratch); err != nil {
			return err
		}
	}
	if !isURL(source) {
		dir := uploadDir("cli-build")
		if err := uploadFile(ctx, o.env, s, source, dir, !o.noprogress); err != nil {
			return err
		}
		source = dir + "/" + filepath.Base(source)
	}
	var where any
	if target != "" {
		where = target
	}
	return o.send(ctx, s, "build", nil, source, where, opts)
}

// created says which task was made.
func (e *Env) created(id int64) {
	if e.asData() {
		_ = e.printLines(map[string]any{"task": id})
		return
	}
	e.say("Created task: %d", id)
	e.say("Task info: %s/taskinfo?taskID=%d", e.profile.WebURL, id)
}

// uploadDir is a new directory of the upload area. Koji: reference/cli.md,
// Argument conversion.
func uploadDir(prefix string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	raw := make([]byte, 8)
	rand.Read(raw)
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)]
	}
	now := time.Now()
	return fmt.Sprintf("%s/%d.%06d.%s", prefix, now.Unix(), now.Nanosecond()/1000, raw)
}

// uploadFile sends a local file to a directory of the upload area.
func uploadFile(ctx context.Context, env *Env, s *koji.Session, file, dir string, bar bool) error {
	f, err := os.Open(file)
	if err != nil {
		return failf("Unable to read %s: %v", file, err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return failf("Unable to read %s: not a file", file)
	}
	env.say("Uploading: %s", file)
	p := env.progress(filepath.Base(file), bar)
	err = s.Upload(ctx, dir, filepath.Base(file), f, koji.UploadOptions{Progress: p.update})
	p.end()
	return err
}
