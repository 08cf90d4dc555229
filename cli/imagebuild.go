package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"koji/internal/ini"
)

type imageBuildOptions struct {
	imageOptions
	config, diskSize, distro, kickstart, canFail string
	formats, ova                                 []string
	mayFail                                      []string // --can-fail of the file, where it is a list
	factory                                      pairsOption
	noVerifySSL                                  bool
	others                                       map[string]any // of the file
}

// newImageBuildCommand is koji image-build.
func newImageBuildCommand(env *Env) *cobra.Command {
	o := &imageBuildOptions{imageOptions: imageOptions{submission: submission{env: env}}, others: map[string]any{}}
	cmd := &cobra.Command{
		Use:   "image-build [options] <name> <version> <target> <install-tree-url> <arch> [<arch> ...]",
		Short: "Make a disk image by installing", GroupID: build,
		Long:    "With --config all this comes from the section image-build of a file.",
		Example: "koji image-build --distro Fedora-40 --kickstart cloud.ks cloud 40 f40 'http://example.org/tree/$arch' x86_64\nkoji image-build --config cloud.conf",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	o.flags(f)
	f.StringVar(&o.config, "config", "", "take all this from a `FILE`")
	f.StringVar(&o.diskSize, "disk-size", "10", "how large the disk is, in `GIGABYTES`")
	f.StringVar(&o.distro, "distro", "", "what is installed, such as Fedora-40")
	f.StringArrayVar(&o.formats, "format", nil, "also in this `FORMAT` (repeatable)")
	f.StringVar(&o.kickstart, "kickstart", "", "the kickstart `FILE`")
	f.BoolVar(&o.noVerifySSL, "noverifyssl", false, "don't check the certificate of the install tree's server")
	f.StringArrayVar(&o.ova, "ova-option", nil, "an option of OVA images, as `NAME=VALUE` (repeatable)")
	f.Var(&o.factory, "factory-parameter", "a parameter for ImageFactory, in two words: `NAME VALUE` (repeatable)")
	f.StringVar(&o.canFail, "can-fail", "", "the `ARCHES` that may fail, with commas between them")
	return takesPairs(withQuiet(env, cmd), "factory-parameter")
}

func (o *imageBuildOptions) run(ctx context.Context, args []string) error {
	if o.config != "" {
		if len(args) > 0 {
			return usagef("With --config there are no arguments")
		}
		var err error
		if args, err = o.read(); err != nil {
			return usagef("%v", err)
		}
	}
	switch {
	case len(args) < 5:
		return usagef("Not enough arguments: need a name, a version, a target, the URL of an install tree, and arches")
	case o.ksURL == "" && o.kickstart == "":
		return usagef("You must specify --kickstart")
	case o.distro == "":
		return usagef("You must specify --distro, such as Fedora-40 or RHEL-9.4")
	}
	list, err := canonicalArches(args[4:]...)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if _, err := imageTarget(ctx, s, args[2]); err != nil {
		return err
	}
	if o.kickstart, err = o.staged(ctx, s, o.kickstart, o.ksURL, "cli-image"); err != nil {
		return err
	}
	return o.send(ctx, s, "buildImageOz", nil, args[0], args[1], list, args[2], args[3], o.opts())
}

// opts are the options as the task takes them.
func (o *imageBuildOptions) opts() map[string]any {
	opts := o.others
	for key, value := range o.imageOptions.opts() {
		opts[key] = value
	}
	setTexts(opts, map[string]string{"disk_size": o.diskSize, "distro": o.distro, "kickstart": o.kickstart})
	setLists(opts, map[string][]string{"ova_option": o.ova})
	setFlags(opts, map[string]bool{"noverifyssl": o.noVerifySSL})
	opts["format"] = append([]string{}, o.formats...)
	opts["optional_arches"] = o.canFail
	if o.mayFail != nil {
		opts["optional_arches"] = o.mayFail
	}
	if len(o.factory.pairs) > 0 {
		opts["factory_parameter"] = o.factory.list()
	}
	return opts
}

const (
	imageSection   = "image-build"
	ovaSection     = "ova-options"
	factorySection = "factory-parameters"
)

// read takes the arguments and options from the file of --config.
// Koji: reference/cli.md, Special inputs.
func (o *imageBuildOptions) read() ([]string, error) {
	file, err := ini.ParseFiles(ini.Options{KeepCase: true}, o.config)
	if err != nil {
		return nil, err
	}
	s := file.Section(imageSection)
	if s == nil {
		return nil, usagef("%s has no section %s", o.config, imageSection)
	}
	var args []string
	for _, name := range []string{"name", "version", "target", "install_tree", "arches"} {
		value, ok, err := s.Get(name)
		if err != nil {
			return nil, err
		}
		if !ok || value == "" {
			return nil, usagef("%s: section %s has no %s", o.config, imageSection, name)
		}
		args = append(args, value)
	}
	args = append(args[:4], commaWords(args[4])...)
	texts := map[string]*string{
		"ksurl": &o.ksURL, "ksversion": &o.ksVersion, "release": &o.release, "specfile": &o.specfile, "disk_size": &o.diskSize,
		"distro": &o.distro, "kickstart": &o.kickstart,
	}
	lists := map[string]*[]string{"repo": &o.repos, "format": &o.formats, "can_fail": &o.mayFail}
	flags := map[string]*bool{
		"scratch": &o.scratch, "skip_tag": &o.skipTag, "noverifyssl": &o.noVerifySSL, "background": &o.background,
	}
	for k := range s.Keys() {
		switch value := k.Value(); {
		case texts[k.Name] != nil:
			*texts[k.Name] = value
		case lists[k.Name] != nil:
			*lists[k.Name] = commaWords(value)
		case flags[k.Name] != nil:
			if *flags[k.Name], err = s.GetBool(k.Name, false); err != nil {
				return nil, err
			}
		case k.Name == "name", k.Name == "version", k.Name == "target", k.Name == "install_tree", k.Name == "arches":
		default:
			o.others[k.Name] = value
		}
	}
	for k := range file.Section(ovaSection).Keys() {
		o.ova = append(o.ova, k.Name+"="+k.Value())
	}
	for k := range file.Section(factorySection).Keys() {
		o.factory.pairs = append(o.factory.pairs, []string{k.Name, k.Value()})
	}
	return args, nil
}

// commaWords are words with commas between them.
func commaWords(text string) []string {
	var words []string
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
