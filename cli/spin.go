package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// spinOptions are those of spin-appliance, spin-livecd and spin-livemedia.
type spinOptions struct {
	imageOptions
	kind                         string // of image: the task's method
	vmem, vcpu, format           string
	volID                        string
	installTree, canFail         string
	loraxDir, loraxURL           string
	noMacBoot, ksRepo, plainRoot bool
	compress                     []string
}

// newSpinApplianceCommand is koji spin-appliance.
func newSpinApplianceCommand(env *Env) *cobra.Command {
	cmd, o := newSpin(env, "appliance", "Make an appliance, a disk for a virtual machine")
	f := cmd.Flags()
	f.StringVar(&o.vmem, "vmem", "", "how much memory the machine has, in `MEGABYTES`")
	f.StringVar(&o.vcpu, "vcpu", "", "how many processors it has")
	f.StringVar(&o.format, "format", "raw", "the `FORMAT` of the disk")
	return cmd
}

// newSpinLiveCDCommand is koji spin-livecd.
func newSpinLiveCDCommand(env *Env) *cobra.Command {
	cmd, o := newSpin(env, "livecd", "Make a live CD")
	cmd.Flags().StringVar(&o.volID, "volid", "", "the name of the volume")
	return cmd
}

// newSpinLiveMediaCommand is koji spin-livemedia.
func newSpinLiveMediaCommand(env *Env) *cobra.Command {
	cmd, o := newSpin(env, "livemedia", "Make live media")
	f := cmd.Flags()
	f.StringVar(&o.installTree, "install-tree-url", "", "the `URL` of the install tree")
	f.StringVar(&o.volID, "volid", "", "the name of the volume")
	f.StringVar(&o.canFail, "can-fail", "", "the `ARCHES` that may fail, with commas between them")
	f.StringVar(&o.loraxDir, "lorax_dir", "", "the `DIR` of the lorax templates")
	f.StringVar(&o.loraxURL, "lorax_url", "", "the SCM `URL` of the lorax templates")
	f.BoolVar(&o.noMacBoot, "nomacboot", false, "not for Macs")
	f.BoolVar(&o.ksRepo, "ksrepo", false, "keep the repos of the kickstart file")
	f.BoolVar(&o.plainRoot, "squashfs-only", false, "the root is a plain squashfs")
	f.StringArrayVar(&o.compress, "compress-arg", []string{}, "an argument for the compression with its value: `'ARG OPT'` (repeatable)")
	return cmd
}

func newSpin(env *Env, kind, short string) (*cobra.Command, *spinOptions) {
	o := &spinOptions{imageOptions: imageOptions{submission: submission{env: env}}, kind: kind}
	cmd := &cobra.Command{
		Use: "spin-" + kind + " [options] <name> <version> <target> <arch> <kickstart-file>", Short: short, GroupID: build,
		Example: "koji spin-" + kind + " --scratch desktop 40 f40 x86_64 desktop.ks", Args: arguments(5, 5),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], args[1], args[2], args[3], args[4])
		},
	}
	o.flags(cmd.Flags())
	return withQuiet(env, cmd), o
}

func (o *spinOptions) run(ctx context.Context, name, version, target, archWords, kickstart string) error {
	if o.loraxURL != "" && o.loraxDir == "" {
		return usagef("--lorax_url needs --lorax_dir")
	}
	list, err := canonicalArches(archWords)
	if err != nil {
		return err
	}
	arch := any(list)
	if o.kind != "livemedia" {
		if len(list) != 1 {
			return usagef("Exactly one arch is needed: %s", archWords)
		}
		arch = list[0]
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if _, err := imageTarget(ctx, s, target); err != nil {
		return err
	}
	if kickstart, err = o.staged(ctx, s, kickstart, o.ksURL, "cli-"+o.kind); err != nil {
		return err
	}
	return o.send(ctx, s, "buildImage", nil, name, version, arch, target, kickstart, o.kind, o.opts())
}

// opts are the options as the task takes them.
func (o *spinOptions) opts() map[string]any {
	opts := o.imageOptions.opts()
	setTexts(opts, map[string]string{
		"vmem": o.vmem, "vcpu": o.vcpu, "format": o.format, "volid": o.volID,
		"install_tree_url": o.installTree, "lorax_dir": o.loraxDir, "lorax_url": o.loraxURL,
	})
	setFlags(opts, map[string]bool{"nomacboot": o.noMacBoot, "ksrepo": o.ksRepo, "squashfs_only": o.plainRoot})
	if o.kind == "livemedia" {
		opts["optional_arches"] = strings.Split(o.canFail, ",")
		opts["compress_arg"] = o.compress
	}
	return opts
}
