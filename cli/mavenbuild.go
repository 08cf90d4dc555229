package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type mavenBuildOptions struct {
	submission
	patches, specfile, section              string
	goals, profiles, packages, jvm, options []string
	properties, envs, inis                  []string
	debug, skipTag, scratch                 bool
}

// newMavenBuildCommand is koji maven-build.
func newMavenBuildCommand(env *Env) *cobra.Command {
	o := &mavenBuildOptions{submission: submission{env: env}}
	cmd := &cobra.Command{
		Use: "maven-build [options] <target> <URL>", Short: "Build a package with Maven", GroupID: build,
		Long:    "With --ini the URL and the options come from a section of a file.",
		Example: "koji maven-build -G install f40 'git+https://git.example.org/m#main'\nkoji maven-build --ini m.ini f40",
		Args:    arguments(1, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.patches, "patches", "", "the `URL` of patches to the sources")
	f.StringArrayVarP(&o.goals, "goal", "G", nil, "also run this `GOAL` (repeatable)")
	f.StringArrayVarP(&o.profiles, "profile", "P", nil, "with this Maven `PROFILE` (repeatable)")
	f.StringArrayVarP(&o.properties, "property", "D", nil, "a property, as `NAME=VALUE` (repeatable)")
	f.StringArrayVarP(&o.envs, "env", "E", nil, "an environment variable, as `NAME=VALUE` (repeatable)")
	f.StringArrayVarP(&o.packages, "package", "p", nil, "also install this `PACKAGE` (repeatable)")
	f.StringArrayVarP(&o.jvm, "jvm-option", "J", nil, "an `OPTION` of the JVM (repeatable)")
	f.StringArrayVarP(&o.options, "maven-option", "M", nil, "an `OPTION` of Maven (repeatable)")
	f.StringArrayVar(&o.inis, "ini", nil, "take all this from a `FILE` (repeatable)")
	f.StringVarP(&o.section, "section", "s", "", "the section of the file")
	f.BoolVar(&o.debug, "debug", false, "let Maven tell more")
	f.StringVar(&o.specfile, "specfile", "", "the `URL` of a spec file template: make wrapper rpms too")
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	o.flags(f)
	return withQuiet(env, cmd)
}

func (o *mavenBuildOptions) run(ctx context.Context, args []string) error {
	switch {
	case len(o.inis) > 0 && len(args) != 1:
		return usagef("With --ini name the build target, and nothing else")
	case len(o.inis) == 0 && len(args) != 2:
		return usagef("Not enough arguments: need a build target and an SCM URL")
	}
	opts, err := o.opts()
	if err != nil {
		return err
	}
	source, _ := opts["scmurl"].(string)
	delete(opts, "scmurl")
	if len(args) == 2 {
		source = args[1]
	}
	if err := needURL(source); err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if _, err := submitTarget(ctx, s, args[0], o.scratch); err != nil {
		return err
	}
	return o.send(ctx, s, "mavenBuild", nil, source, args[0], opts)
}

// opts are the options as the task takes them; of a file's section, the URL is
// among them.
func (o *mavenBuildOptions) opts() (map[string]any, error) {
	opts := map[string]any{}
	if len(o.inis) > 0 {
		var err error
		if opts, err = oneMaven(o.inis, o.section, "maven"); err != nil {
			return nil, usagef("%v", err)
		}
	}
	setTexts(opts, map[string]string{"patches": o.patches, "specfile": o.specfile})
	setLists(opts, map[string][]string{
		"goals": o.goals, "profiles": o.profiles, "packages": o.packages, "jvm_options": o.jvm, "maven_options": o.options,
	})
	for key, texts := range map[string][]string{"properties": o.properties, "envs": o.envs} {
		if len(texts) > 0 {
			opts[key] = assignments(texts)
		}
	}
	if o.debug {
		have, _ := opts["maven_options"].([]string)
		opts["maven_options"] = append(have, "--debug")
	}
	setFlags(opts, map[string]bool{"skip_tag": o.skipTag, "scratch": o.scratch})
	return opts, nil
}

type mavenChainOptions struct {
	submission
	skipTag, scratch, debug, force bool
}

// newMavenChainCommand is koji maven-chain.
func newMavenChainCommand(env *Env) *cobra.Command {
	o := &mavenChainOptions{submission: submission{env: env}}
	cmd := &cobra.Command{
		Use: "maven-chain [options] <target> <config> [<config> ...]", Short: "Build Maven packages in the order of their needs", GroupID: build,
		Example: "koji maven-chain f40 chain.ini", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the results")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the results are no builds of the hub")
	f.BoolVar(&o.debug, "debug", false, "let Maven tell more")
	f.BoolVar(&o.force, "force", false, "build also what is built")
	o.flags(f)
	return withQuiet(env, cmd)
}

func (o *mavenChainOptions) run(ctx context.Context, target string, files []string) error {
	builds, err := mavenParams(files, true)
	if err != nil {
		return usagef("%v", err)
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if _, err := submitTarget(ctx, s, target, o.scratch); err != nil {
		return err
	}
	opts := map[string]any{}
	setFlags(opts, map[string]bool{"skip_tag": o.skipTag, "scratch": o.scratch, "debug": o.debug, "force": o.force})
	return o.send(ctx, s, "chainMaven", nil, builds, target, opts)
}

type wrapperRPMOptions struct {
	submission
	section                                string
	inis, waitBuilds                       []string
	create, draft, skipTag, scratch, fresh bool
}

// newWrapperRPMCommand is koji wrapper-rpm.
func newWrapperRPMCommand(env *Env) *cobra.Command {
	o := &wrapperRPMOptions{submission: submission{env: env}}
	cmd := &cobra.Command{
		Use: "wrapper-rpm [options] <target> <build-id|n-v-r> <URL>", Short: "Make rpms of the files of a build", GroupID: build,
		Example: "koji wrapper-rpm f40 m-1-1 'git+https://git.example.org/spec#main'", Args: arguments(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.create, "create-build", false, "make a build of its own of the rpms")
	f.StringArrayVar(&o.inis, "ini", nil, "take the build and the URL from a `FILE` (repeatable)")
	f.StringVarP(&o.section, "section", "s", "", "the section of the file")
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is not imported")
	f.BoolVar(&o.draft, "create-draft", false, "make a draft of its own of the rpms")
	f.BoolVar(&o.fresh, "wait-repo", false, "wait for a repo that is as new as now")
	f.StringArrayVar(&o.waitBuilds, "wait-build", nil, "wait until `NVR` is in the repo (repeatable)")
	o.flags(f)
	return withQuiet(env, cmd)
}

func (o *wrapperRPMOptions) run(ctx context.Context, args []string) error {
	switch {
	case len(o.inis) > 0 && len(args) != 1:
		return usagef("With --ini name the build target, and nothing else")
	case len(o.inis) == 0 && len(args) != 3:
		return usagef("Not enough arguments: need a build target, a build, and the SCM URL of a spec file template")
	}
	var params map[string]any
	if len(o.inis) > 0 {
		var err error
		if params, err = oneMaven(o.inis, o.section, "wrapper"); err != nil {
			return usagef("%v", err)
		}
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	target, err := submitTarget(ctx, s, args[0], o.scratch)
	if err != nil {
		return err
	}
	var nvr, url string
	if params == nil {
		b, err := lookBuild(ctx, s, args[1])
		if err != nil {
			return err
		}
		if b == nil {
			return failf("No such build: %s", args[1])
		}
		nvr, url = b.NVR, args[2]
	} else {
		url, _ = params["scmurl"].(string)
		if nvr, err = wrapped(ctx, s, target, params["buildrequires"].([]string)[0]); err != nil {
			return err
		}
	}
	opts := map[string]any{"wait_builds": append([]string{}, o.waitBuilds...)}
	setFlags(opts, map[string]bool{
		"create_build": o.create, "create_draft": o.draft, "skip_tag": o.skipTag, "scratch": o.scratch, "wait_repo": o.fresh,
	})
	return o.send(ctx, s, "wrapperRPM", koji.Named{"opts": opts}, nvr, url, target.Name)
}

// wrapped is the build that a file means: the latest of the package.
func wrapped(ctx context.Context, s *koji.Session, target *koji.Target, name string) (string, error) {
	var latest []koji.TaggedBuild
	if err := s.Call(ctx, "getLatestBuilds", &latest, target.DestTag, koji.Named{"package": name}); err != nil {
		return "", err
	}
	if len(latest) == 0 {
		return "", usagef("No build of %s in %s", name, target.DestTagName)
	}
	return latest[0].NVR, nil
}
