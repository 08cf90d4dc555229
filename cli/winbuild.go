package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

type winBuildOptions struct {
	submission
	winspec, patches, specfile  string
	cpus, mem, repoID           int64
	staticMAC, scratch, skipTag bool
}

// newWinBuildCommand is koji win-build.
func newWinBuildCommand(env *Env) *cobra.Command {
	o := &winBuildOptions{submission: submission{env: env}}
	cmd := &cobra.Command{
		Use: "win-build [options] <target> <URL> <VM>", Short: "Build a package in a Windows machine", GroupID: build,
		Example: "koji win-build f40 'git+https://git.example.org/w#main' win10", Args: arguments(3, 3),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1], args[2]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.winspec, "winspec", "", "the `URL` of what describes the build")
	f.StringVar(&o.patches, "patches", "", "the `URL` of patches to the sources")
	f.Int64Var(&o.cpus, "cpus", 0, "how many processors the machine has")
	f.Int64Var(&o.mem, "mem", 0, "how much memory it has, in `MEGABYTES`")
	f.BoolVar(&o.staticMAC, "static-mac", false, "it keeps its network address")
	f.StringVar(&o.specfile, "specfile", "", "the `URL` of a spec file template: make wrapper rpms too")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	f.Int64Var(&o.repoID, "repo-id", 0, "build with this repo")
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
	o.flags(f)
	return withQuiet(env, cmd)
}

func (o *winBuildOptions) run(ctx context.Context, name, source, vm string) error {
	if err := needURL(source, o.winspec, o.patches, o.specfile); err != nil {
		return err
	}
	target := any(name)
	if strings.EqualFold(name, "none") {
		if o.repoID == 0 {
			return usagef("target must be specified unless --repo-id is given")
		}
		target, o.skipTag = nil, true
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if target != nil {
		if _, err := submitTarget(ctx, s, name, o.scratch); err != nil {
			return err
		}
	}
	opts := map[string]any{}
	setTexts(opts, map[string]string{"winspec": o.winspec, "patches": o.patches, "specfile": o.specfile})
	setFlags(opts, map[string]bool{"static_mac": o.staticMAC, "scratch": o.scratch, "skip_tag": o.skipTag})
	for key, n := range map[string]int64{"cpus": o.cpus, "mem": o.mem, "repo_id": o.repoID} {
		if n != 0 {
			opts[key] = n
		}
	}
	return o.send(ctx, s, "winBuild", nil, vm, source, target, opts)
}
