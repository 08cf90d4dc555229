package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/ini"
)

type indirectionOptions struct {
	imageOptions
	config                     string
	name, version, arch        string
	target                     string
	baseTask, baseBuild        string
	utilityTask, utilityBuild  string
	template, templateURL, loc string
}

// newImageBuildIndirectionCommand is koji image-build-indirection.
func newImageBuildIndirectionCommand(env *Env) *cobra.Command {
	o := &indirectionOptions{imageOptions: imageOptions{submission: submission{env: env}}}
	cmd := &cobra.Command{
		Use: "image-build-indirection [base_image] [utility_image] [indirection_build_template]", GroupID: build,
		Short:   "Make an image of one image with the help of another",
		Long:    "An image is named by the task or the build that made it. With --config all this comes from the section image-build-indirection of a file.",
		Example: "koji image-build-indirection --config iso.conf", Args: arguments(0, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	o.submission.flags(f)
	f.StringVar(&o.config, "config", "", "take all this from a `FILE`")
	for _, t := range o.texts() {
		f.StringVar(t.value, strings.ReplaceAll(t.key, "_", "-"), "", t.help)
	}
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	return withQuiet(env, cmd)
}

// indirectionText is an option with a text, by its name in the task.
type indirectionText struct {
	key      string
	value    *string
	required bool
	help     string
}

func (o *indirectionOptions) texts() []indirectionText {
	return []indirectionText{
		{"name", &o.name, true, "the name of the image"},
		{"version", &o.version, true, "the version of the image"},
		{"release", &o.release, false, "the release of the image"},
		{"arch", &o.arch, true, "the arch of the image"},
		{"target", &o.target, true, "the build target"},
		{"base_image_task", &o.baseTask, false, "the `TASK` that made the base image"},
		{"base_image_build", &o.baseBuild, false, "the `BUILD` of the base image"},
		{"utility_image_task", &o.utilityTask, false, "the `TASK` that made the utility image"},
		{"utility_image_build", &o.utilityBuild, false, "the `BUILD` of the utility image"},
		{"indirection_template", &o.template, true, "the template `FILE`"},
		{"indirection_template_url", &o.templateURL, false, "the SCM `URL` where the template is; else it is uploaded"},
		{"results_loc", &o.loc, true, "where the result is inside the machine, a `PATH`"},
	}
}

func (o *indirectionOptions) run(ctx context.Context, args []string) error {
	if o.config != "" {
		if err := o.read(); err != nil {
			return usagef("%v", err)
		}
	}
	o.positional(args)
	if err := o.check(); err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if _, err := imageTarget(ctx, s, o.target); err != nil {
		return err
	}
	if o.template, err = o.staged(ctx, s, o.template, o.templateURL, "cli-image-indirection"); err != nil {
		return err
	}
	opts := map[string]any{}
	for _, t := range o.texts() {
		setTexts(opts, map[string]string{t.key: *t.value})
	}
	setFlags(opts, map[string]bool{"scratch": o.scratch, "skip_tag": o.skipTag})
	return o.send(ctx, s, "buildImageIndirection", koji.Named{"opts": opts})
}

// positional takes the images and the template from the arguments: a number is
// a task.
func (o *indirectionOptions) positional(args []string) {
	for i, arg := range args {
		_, isTask := idOrName(arg).(int64)
		switch {
		case i == 0 && isTask:
			o.baseTask = arg
		case i == 0:
			o.baseBuild = arg
		case i == 1 && isTask:
			o.utilityTask = arg
		case i == 1:
			o.utilityBuild = arg
		default:
			o.template = arg
		}
	}
}

func (o *indirectionOptions) check() error {
	var missing []string
	for _, t := range o.texts() {
		if t.required && *t.value == "" {
			missing = append(missing, t.key)
		}
	}
	switch {
	case (o.baseTask == "") == (o.baseBuild == ""):
		return failf("You must specify either a base-image task or build")
	case (o.utilityTask == "") == (o.utilityBuild == ""):
		return failf("You must specify either a utility-image task or build")
	case len(missing) > 0:
		return failf("Missing the following required options: %s", strings.Join(missing, " "))
	case o.templateURL == "" && !o.scratch:
		return failf("Non-scratch builds must provide a URL for the indirection template")
	}
	return nil
}

const indirectionSection = "image-build-indirection"

// read takes from the file of --config what the command line doesn't say.
func (o *indirectionOptions) read() error {
	file, err := ini.ParseFiles(ini.Options{}, o.config)
	if err != nil {
		return err
	}
	s := file.Section(indirectionSection)
	if s == nil {
		return usagef("%s has no section %s", o.config, indirectionSection)
	}
	known := map[string]bool{"scratch": true, "skip_tag": true}
	for _, t := range o.texts() {
		known[t.key] = true
		if value, ok, err := s.Get(t.key); err != nil {
			return err
		} else if ok && *t.value == "" {
			*t.value = value
		}
	}
	for k := range s.Keys() {
		if !known[k.Name] {
			return k.Errorf("there is no such option")
		}
	}
	if o.scratch, err = s.GetBool("scratch", o.scratch); err != nil {
		return err
	}
	o.skipTag, err = s.GetBool("skip_tag", o.skipTag)
	return err
}
