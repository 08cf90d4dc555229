package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

// descriptionOptions are what kiwi-build and dud-build share: images that are
// made on several arches of a target. Unlike other commands they wait unless
// they are told not to.
type descriptionOptions struct {
	submission
	scratch bool
	arches  []string
	canFail string
}

func (o *descriptionOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	f.StringArrayVar(&o.arches, "arch", nil, "only for this `ARCH` (repeatable)")
	f.StringVar(&o.canFail, "can-fail", "", "the `ARCHES` that may fail, with commas between them")
	f.BoolVar(&o.wait.wait, "wait", true, "wait until the task ends")
	f.BoolVar(&o.wait.nowait, "nowait", false, "don't wait")
	withQuiet(o.env, cmd)
}

// prepare finds the target, and the arches to build for: its build tag's
// unless some are named.
func (o *descriptionOptions) prepare(ctx context.Context, s *koji.Session, name string) ([]string, error) {
	target, err := submitTarget(ctx, s, name, o.scratch)
	if err != nil {
		return nil, err
	}
	words := o.arches
	if len(words) == 0 {
		var config koji.BuildConfig
		if err := s.Call(ctx, "getBuildConfig", &config, target.BuildTag); err != nil {
			return nil, err
		}
		words = []string{text(config.Arches)}
	}
	list, err := canonicalArches(words...)
	if err == nil && len(list) == 0 {
		err = usagef("No arches: tag %s has none, name some with --arch", target.BuildTagName)
	}
	return list, err
}

// named are the arguments that both methods take by name.
func (o *descriptionOptions) named() (koji.Named, error) {
	optional, err := canonicalArches(o.canFail)
	return koji.Named{"scratch": o.scratch, "optional_arches": append([]string{}, optional...)}, err
}

type kiwiBuildOptions struct {
	descriptionOptions
	version, release, releasever, profile, kind, bundle string
	repos, attributes                                   []string
	makePrep, buildrootRepo, noprogress                 bool
}

// newKiwiBuildCommand is koji kiwi-build.
func newKiwiBuildCommand(env *Env) *cobra.Command {
	o := &kiwiBuildOptions{descriptionOptions: descriptionOptions{submission: submission{env: env}}}
	cmd := &cobra.Command{
		Use: "kiwi-build [options] <target> <description_scm> <description_path>", Short: "Make an image with kiwi", GroupID: build,
		Example: "koji kiwi-build f40 'git+https://git.example.org/images#main' cloud/cloud.kiwi", Args: arguments(3, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1], args[2]) },
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.version, "version", "", "the version of the image")
	f.StringVar(&o.release, "release", "", "the release of the image")
	f.StringArrayVar(&o.repos, "repo", nil, "the `URL` of a repo to take instead of the target's (repeatable)")
	f.StringVar(&o.releasever, "repo-releasever", "", "what $releasever is in them")
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	f.StringVar(&o.profile, "kiwi-profile", "", "the profile of the description")
	f.StringVar(&o.kind, "type", "", "the type of image")
	f.StringArrayVar(&o.attributes, "type-attr", nil, "an attribute of the type, as `NAME=VALUE` (repeatable)")
	f.StringVar(&o.bundle, "result-bundle-name-format", "", "how the files are named")
	f.BoolVar(&o.makePrep, "make-prep", false, "run make prep first")
	f.BoolVar(&o.buildrootRepo, "buildroot-repo", false, "take the target's repo too")
	return cmd
}

func (o *kiwiBuildOptions) run(ctx context.Context, target, url, path string) error {
	if err := needURL(url); err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	list, err := o.prepare(ctx, s, target)
	if err != nil {
		return err
	}
	named, err := o.named()
	if err != nil {
		return err
	}
	named["make_prep"], named["use_buildroot_repo"] = o.makePrep, o.buildrootRepo
	setTexts(named, map[string]string{
		"version": o.version, "release": o.release, "repo_releasever": o.releasever, "profile": o.profile,
		"type": o.kind, "result_bundle_name_format": o.bundle,
	})
	setLists(named, map[string][]string{"repos": o.repos, "type_attr": o.attributes})
	return o.send(ctx, s, "kiwiBuild", named, target, list, url, path)
}

type dudBuildOptions struct {
	descriptionOptions
	scm     string
	allDeps bool
}

// newDudBuildCommand is koji dud-build.
func newDudBuildCommand(env *Env) *cobra.Command {
	o := &dudBuildOptions{descriptionOptions: descriptionOptions{submission: submission{env: env}}}
	cmd := &cobra.Command{
		Use: "dud-build [options] <target> <dud_name> <version> <pkg> [<pkg> ...]", Short: "Make a driver update disk of rpms", GroupID: build,
		Example: "koji dud-build --scmurl 'git+https://git.example.org/dud#main' el9 mydriver 1 kmod-mydriver", Args: arguments(4, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], args[1], args[2], args[3:])
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.scm, "scmurl", "", "the SCM `URL` of what else shall be on it")
	cmd.Flags().BoolVar(&o.allDeps, "alldeps", false, "also what the packages need")
	return cmd
}

func (o *dudBuildOptions) run(ctx context.Context, target, name, version string, packages []string) error {
	if err := needURL(o.scm); err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	list, err := o.prepare(ctx, s, target)
	if err != nil {
		return err
	}
	named, err := o.named()
	if err != nil {
		return err
	}
	named["alldeps"] = o.allDeps
	setTexts(named, map[string]string{"scmurl": o.scm})
	return o.send(ctx, s, "dudBuild", named, name, version, list, target, packages)
}
