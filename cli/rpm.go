package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

// newRPMInfoCommand is koji rpminfo.
func newRPMInfoCommand(env *Env) *cobra.Command {
	var buildroots bool
	cmd := &cobra.Command{
		Use: "rpminfo [options] <n-v-r.a|id> [<n-v-r.a|id> ...]", Short: "Show rpms", GroupID: info,
		Example: "koji rpminfo bash-5.2-1.fc40.x86_64", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return rpmInfo(cmd.Context(), env, args, buildroots) },
	}
	cmd.Flags().BoolVar(&buildroots, "buildroots", false, "list the buildroots that it was used in")
	return withData(env, cmd)
}

// rpmDetails is all that rpminfo tells of an rpm.
type rpmDetails struct {
	koji.RPM
	Build     *koji.Build      `xmlrpc:"build"`
	Source    *koji.RPM        `xmlrpc:"srpm"`
	License   string           `xmlrpc:"license,omitempty"`
	Buildroot *koji.Buildroot  `xmlrpc:"buildroot"`
	UsedIn    []koji.Buildroot `xmlrpc:"used_in,omitempty"`
}

func rpmInfo(ctx context.Context, env *Env, names []string, buildroots bool) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	top := koji.Paths{Top: env.profile.TopDir}
	return showEach(env, "rpm", names, func(name string) (*rpmDetails, error) {
		var rpm *koji.RPM
		if err := s.Call(ctx, "getRPM", &rpm, idOrName(name)); err != nil || rpm == nil {
			return nil, err
		}
		return rpmDetail(ctx, s, rpm, buildroots)
	}, func(w io.Writer, d *rpmDetails) { d.print(w, top, buildroots) })
}

func rpmDetail(ctx context.Context, s *koji.Session, rpm *koji.RPM, buildroots bool) (*rpmDetails, error) {
	d := &rpmDetails{RPM: *rpm}
	var sources []koji.RPM
	headers := map[string]any{}
	m := s.Multicall()
	license := -1
	if rpm.BuildID != nil {
		m.Add(&d.Build, "getBuild", *rpm.BuildID)
		m.Add(&sources, "listRPMs", koji.Named{"buildID": *rpm.BuildID, "arches": "src"})
		license = m.Add(&headers, "getRPMHeaders", koji.Named{"rpmID": rpm.ID, "headers": []string{"license"}})
	}
	if rpm.BuildrootID != nil {
		m.Add(&d.Buildroot, "getBuildroot", *rpm.BuildrootID)
	}
	if buildroots {
		m.Add(&d.UsedIn, "listBuildroots", koji.Named{"rpmID": rpm.ID, "queryOpts": map[string]any{"order": "id"}})
	}
	if m.Len() == 0 {
		return d, nil
	}
	if err := m.Run(ctx); err != nil {
		for i := range m.Len() {
			// The file may be gone, then its licence can't be told.
			if e := m.Err(i); e != nil && i != license {
				return nil, e
			}
		}
	}
	if len(sources) > 0 {
		d.Source = &sources[0]
	}
	if l, ok := headers["license"].(string); ok {
		d.License = l
	}
	return d, nil
}

func (d *rpmDetails) print(w io.Writer, top koji.Paths, buildroots bool) {
	fmt.Fprintf(w, "RPM: %s [%d]\n", epochName(d.RPM, true), d.ID)
	if d.ExternalRepoID != 0 {
		fmt.Fprintf(w, "External Repository: %s [%d]\n", d.ExternalRepoName, d.ExternalRepoID)
	}
	if d.Build != nil {
		dir := top.Build(d.Build.VolumeName, d.Build.Name, d.Build.Version, d.Build.Release)
		if d.Draft != nil && *d.Draft {
			fmt.Fprintln(w, "Draft: YES")
		}
		fmt.Fprintf(w, "Build: %s [%d]\n", d.Build.NVR, d.Build.ID)
		fmt.Fprintf(w, "RPM Path: %s/%s/%s\n", dir, d.Arch, d.FileName())
		if d.Source != nil {
			fmt.Fprintf(w, "SRPM: %s [%d]\n", epochName(*d.Source, false), d.Source.ID)
			fmt.Fprintf(w, "SRPM Path: %s/%s/%s\n", dir, d.Source.Arch, d.Source.FileName())
		}
		fmt.Fprintf(w, "Built: %s\n", time.Unix(d.BuildTime, 0).Local().Format("Mon, 02 Jan 2006 15:04:05 MST"))
	}
	fmt.Fprintf(w, "SIGMD5: %s\nSize: %d\n", d.PayloadHash, d.Size)
	if d.License != "" {
		fmt.Fprintf(w, "License: %s\n", d.License)
	}
	if d.BuildID != nil {
		fmt.Fprintf(w, "Build ID: %d\n", *d.BuildID)
	}
	d.printBuildroot(w)
	if extra, ok := d.Extra.(map[string]any); ok && len(extra) > 0 {
		fmt.Fprintf(w, "Extra: %s\n", pylit.Repr(extra))
	}
	if buildroots {
		d.printUses(w)
	}
}

func (d *rpmDetails) printBuildroot(w io.Writer) {
	b := d.Buildroot
	switch {
	case b == nil:
		fmt.Fprintln(w, "No buildroot data available")
	case b.CGID != nil:
		fmt.Fprintf(w, "Content generator: %s\nBuildroot: %d\nBuild Host OS: %s\nBuild Host Arch: %s\n", text(b.CGName), b.ID, text(b.HostOS), text(b.HostArch))
	default:
		fmt.Fprintf(w, "Buildroot: %d (tag %s, arch %s, repo %s)\nBuild Host: %s\n", b.ID, text(b.TagName), text(b.Arch), number(b.RepoID), text(b.HostName))
		if b.TaskID != nil {
			fmt.Fprintf(w, "Build Task: %d\n", *b.TaskID)
		}
	}
}

func (d *rpmDetails) printUses(w io.Writer) {
	if len(d.UsedIn) == 0 {
		fmt.Fprintln(w, "No buildroots contain this RPM")
		return
	}
	fmt.Fprintf(w, "Used in %d buildroots:\n%8s %-28s %-8s %-29s\n%s\n", len(d.UsedIn), "id", "build tag", "arch", "build host", rule(" ", 8, 28, 8, 29))
	for _, b := range d.UsedIn {
		fmt.Fprintf(w, "%8d %-28s %-8s %-29s\n", b.ID, text(b.TagName), text(b.Arch), text(b.HostName))
	}
}

// epochName is an rpm's name with its epoch in front of it.
func epochName(r koji.RPM, arch bool) string {
	name := fmt.Sprintf("%s-%s-%s", r.Name, r.Version, r.Release)
	if r.Epoch != nil {
		name = fmt.Sprintf("%d:%s", *r.Epoch, name)
	}
	if arch {
		name += "." + r.Arch
	}
	return name
}

func number(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}
