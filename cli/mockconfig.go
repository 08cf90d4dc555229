package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/mockcfg"
)

type mockConfigOptions struct {
	env                          *Env
	arch, name, tag, target      string
	task, buildroot              string
	latest                       bool
	dir, topdir, topurl          string
	distribution, proxy, outFile string
}

// newMockConfigCommand is koji mock-config.
func newMockConfigCommand(env *Env) *cobra.Command {
	o := &mockConfigOptions{env: env}
	cmd := &cobra.Command{
		Use: "mock-config [options]", Short: "Print a mock configuration for a buildroot like Koji's", GroupID: info,
		Example: "koji mock-config --tag f40-build --arch x86_64 -o f40.cfg\nkoji mock-config --buildroot 1234", Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if o.name != "" {
					return usagef("The name may only be given once")
				}
				o.name = args[0]
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.arch, "arch", "a", "", "for this arch")
	f.StringVarP(&o.name, "name", "n", "", "the buildroot's name")
	f.StringVar(&o.tag, "tag", "", "with the repo of this tag")
	f.StringVar(&o.target, "target", "", "with the repo of this target's build tag")
	f.StringVar(&o.task, "task", "", "as in this task")
	f.BoolVar(&o.latest, "latest", false, "with the tag's latest repo, whichever that is at the time")
	f.StringVar(&o.buildroot, "buildroot", "", "as the buildroot with this `ID`")
	f.StringVar(&o.dir, "mockdir", "/var/lib/mock", "mock's `DIRECTORY`")
	f.StringVar(&o.topdir, "topdir", "", "the hub's files, as a `DIRECTORY`; wins over --topurl")
	f.StringVar(&o.topurl, "topurl", "", "the hub's files, as a `URL`")
	f.StringVar(&o.distribution, "distribution", "Koji Testing", "the macro of that name")
	f.StringVar(&o.proxy, "yum-proxy", "", "`URL` of a proxy for the package manager")
	f.StringVarP(&o.outFile, "output", "o", "", "write to this `FILE`")
	return cmd
}

// mockRoot is the buildroot that the options mean.
type mockRoot struct {
	name, tag, arch string
	repo            string // the id, or latest
	event           *int64 // as the tag was then
}

func (o *mockConfigOptions) run(ctx context.Context) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	root, err := o.root(ctx, s)
	if err != nil {
		return err
	}
	var config koji.BuildConfig
	if err := s.Call(ctx, "getBuildConfig", &config, root.tag, koji.Named{"event": root.event}); err != nil {
		return err
	}
	if o.latest {
		root.repo = "latest"
	}
	name := root.name
	if name == "" {
		name = fmt.Sprintf("%s-repo_%s", root.tag, root.repo)
	}
	if o.name != "" {
		name = o.name
	}
	text := mockcfg.Config{
		Name: name, Tag: root.tag, Arch: root.arch,
		Repos: []string{fmt.Sprintf("%s/repos/%s/%s/%s", o.top(), root.tag, root.repo, koji.CanonicalArch(root.arch))},
		Dir:   o.dir, YumProxy: o.proxy, Distribution: o.distribution, Vendor: "Koji", Packager: "Koji",
		Extra: config.Extra, BootstrapImage: true,
	}.Text()
	if o.outFile == "" {
		_, err := fmt.Fprint(o.env.Out, text)
		return err
	}
	if err := os.WriteFile(o.outFile, []byte(text), 0o666); err != nil {
		return failf("Unable to write the configuration: %v", err)
	}
	return nil
}

// top is where mock shall find the hub's files.
func (o *mockConfigOptions) top() string {
	switch {
	case o.topdir != "":
		return "file://" + strings.TrimRight(o.topdir, "/")
	case o.topurl != "":
		return strings.TrimRight(o.topurl, "/")
	case o.env.profile.TopURL != "":
		return strings.TrimRight(o.env.profile.TopURL, "/")
	}
	return "file://" + strings.TrimRight(o.env.profile.TopDir, "/")
}

func (o *mockConfigOptions) root(ctx context.Context, s *koji.Session) (mockRoot, error) {
	switch {
	case o.buildroot != "":
		id, err := strconv.ParseInt(o.buildroot, 10, 64)
		if err != nil {
			return mockRoot{}, usagef("Buildroot id must be an integer: %s", o.buildroot)
		}
		var b *koji.Buildroot
		if err := s.Call(ctx, "getBuildroot", &b, id); err != nil {
			return mockRoot{}, err
		}
		if b == nil {
			return mockRoot{}, failf("No such buildroot: %d", id)
		}
		return known(b)
	case o.task != "":
		return o.ofTask(ctx, s)
	case o.tag == "" && o.target == "":
		return mockRoot{}, usagef("Please specify one of: --tag, --target, --task, --buildroot")
	case o.arch == "":
		return mockRoot{}, failf("Please specify an arch")
	}
	name := o.tag
	if name == "" {
		target, err := lookTarget(ctx, s, o.target)
		if err != nil {
			return mockRoot{}, err
		}
		if target == nil {
			return mockRoot{}, usagef("No such build target: %s", o.target)
		}
		name = target.BuildTagName
	}
	return o.ofTag(ctx, s, name)
}

// known is a buildroot that there is or was, as it was.
func known(b *koji.Buildroot) (mockRoot, error) {
	if b.TagName == nil || b.RepoID == nil || b.Arch == nil {
		return mockRoot{}, failf("Buildroot %d was made by a content generator, mock can't make it", b.ID)
	}
	return mockRoot{tag: *b.TagName, arch: *b.Arch, repo: strconv.FormatInt(*b.RepoID, 10), event: b.RepoCreateEvent}, nil
}

// ofTask is the last buildroot of a task.
func (o *mockConfigOptions) ofTask(ctx context.Context, s *koji.Session) (mockRoot, error) {
	ids, err := taskIDs([]string{o.task})
	if err != nil {
		return mockRoot{}, err
	}
	var found []koji.Buildroot
	if err := s.Call(ctx, "listBuildroots", &found, koji.Named{"taskID": ids[0], "queryOpts": map[string]any{"order": "id"}}); err != nil {
		return mockRoot{}, err
	}
	if len(found) == 0 {
		return mockRoot{}, failf("No buildroots for task %d (or no such task)", ids[0])
	}
	last := &found[len(found)-1]
	if len(found) > 1 {
		o.env.warn("Task %d has %d buildroots, this is the last: %d", ids[0], len(found), last.ID)
	}
	root, err := known(last)
	root.name = fmt.Sprintf("%s-task_%d", root.tag, ids[0])
	return root, err
}

// ofTag is a buildroot of the tag's current repo.
func (o *mockConfigOptions) ofTag(ctx context.Context, s *koji.Session, name string) (mockRoot, error) {
	tag, err := findTag(ctx, s, name)
	if err != nil {
		return mockRoot{}, err
	}
	root := mockRoot{tag: tag.Name, arch: o.arch}
	if o.latest {
		return root, nil
	}
	var repo *koji.Repo
	if err := s.Call(ctx, "getRepo", &repo, tag.ID); err != nil {
		return root, err
	}
	if repo == nil {
		return root, failf("Tag %s has no current repo", tag.Name)
	}
	root.repo = strconv.FormatInt(repo.ID, 10)
	return root, nil
}
