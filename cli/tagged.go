package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// taggedRow is a build in a tag, with what a listing by type adds.
type taggedRow struct {
	koji.TaggedBuild
	GroupID    string `xmlrpc:"maven_group_id,omitempty"`
	ArtifactID string `xmlrpc:"maven_artifact_id,omitempty"`
}

// printTagged lists builds as list-tagged and latest-build do.
func printTagged(e *Env, rows []taggedRow, btype string, paths bool) error {
	slices.SortStableFunc(rows, func(a, b taggedRow) int { return strings.Compare(a.NVR, b.NVR) })
	top := koji.Paths{Top: e.profile.TopDir}
	name := func(r taggedRow) string {
		if !paths {
			return r.NVR
		}
		dir := top.Build(r.VolumeName, r.Name, r.Version, r.Release)
		if btype == "maven" {
			dir += "/maven"
		}
		return dir
	}
	if btype == "maven" {
		const format = "%-40s  %-20s  %-20s  %-20s  %s"
		header := fmt.Sprintf(format, "Build", "Tag", "Group Id", "Artifact Id", "Built by") + "\n" + rule("  ", 40, 20, 20, 20, 16)
		return list(e, rows, header, func(r taggedRow) string {
			return fmt.Sprintf(format, name(r), r.TagName, r.GroupID, r.ArtifactID, r.OwnerName)
		})
	}
	const format = "%-40s  %-20s  %s"
	header := fmt.Sprintf(format, "Build", "Tag", "Built by") + "\n" + rule("  ", 40, 20, 16)
	return list(e, rows, header, func(r taggedRow) string { return fmt.Sprintf(format, name(r), r.TagName, r.OwnerName) })
}

type listTaggedOptions struct {
	env                   *Env
	arches                []string
	rpms, inherit, latest bool
	latestN               int64
	paths, sigs           bool
	btype                 string
	at                    eventOption
	draftOnly, noDraft    bool
}

// newListTaggedCommand is koji list-tagged.
func newListTaggedCommand(env *Env) *cobra.Command {
	o := &listTaggedOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-tagged [options] <tag> [<package>]", Short: "List the builds or rpms of a tag", GroupID: info,
		Example: "koji list-tagged --latest --inherit f40-build\nkoji list-tagged --rpms --arch x86_64 f40 bash", Args: arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.arches, "arch", nil, "only rpms of this arch (repeatable)")
	f.BoolVar(&o.rpms, "rpms", false, "list rpms instead of builds")
	f.BoolVar(&o.inherit, "inherit", false, "with what the tag inherits")
	f.BoolVar(&o.latest, "latest", false, "only the latest build of each package")
	f.Int64Var(&o.latestN, "latest-n", 0, "only the `N` latest builds of each package")
	withQuiet(env, cmd)
	f.BoolVar(&o.paths, "paths", false, "print paths of files")
	f.BoolVar(&o.sigs, "sigs", false, "list rpms, a line for each signature")
	f.StringVar(&o.btype, "type", "", "only builds of this type: maven, win, image …")
	o.at.flags(f)
	f.BoolVar(&o.draftOnly, "draft-only", false, "only drafts")
	f.BoolVar(&o.noDraft, "no-draft", false, "no drafts")
	return withData(env, cmd)
}

func (o *listTaggedOptions) run(ctx context.Context, args []string) error {
	if o.draftOnly && o.noDraft {
		return usagef("--draft-only conflicts with --no-draft")
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	if _, err := findTag(ctx, s, args[0]); err != nil {
		return err
	}
	named := koji.Named{"inherit": o.inherit, "latest": o.latest}
	if o.latestN > 0 {
		named["latest"] = o.latestN
	}
	if len(args) == 2 {
		named["package"] = args[1]
	}
	if o.btype != "" {
		named["type"] = o.btype
	}
	if o.draftOnly || o.noDraft {
		named["draft"] = o.draftOnly
	}
	event, err := o.at.resolve(ctx, o.env, s)
	if err != nil {
		return err
	}
	if event != nil {
		named["event"] = *event
	}
	if o.rpms || o.sigs || len(o.arches) > 0 {
		return o.listRPMs(ctx, s, args[0], named)
	}
	var rows []taggedRow
	if err := s.Call(ctx, "listTagged", &rows, args[0], named); err != nil {
		return err
	}
	return printTagged(o.env, rows, o.btype, o.paths)
}

// listRPMs lists the rpms of the builds, with their signatures if wanted.
func (o *listTaggedOptions) listRPMs(ctx context.Context, s *koji.Session, tag string, named koji.Named) error {
	if len(o.arches) > 0 {
		named["arch"] = o.arches
	}
	if o.sigs {
		named["rpmsigs"] = true
	}
	var found struct {
		rpms   []koji.RPM
		builds []koji.TaggedBuild
	}
	pair := []any{}
	if err := s.Call(ctx, "listTaggedRPMS", &pair, tag, named); err != nil {
		return err
	}
	if err := unpack(pair, &found.rpms, &found.builds); err != nil {
		return fmt.Errorf("read the answer of listTaggedRPMS: %w", err)
	}
	return printRPMs(o.env, found.rpms, found.builds, o.sigs, o.paths)
}

// printRPMs lists rpms by file name or path.
func printRPMs(e *Env, rpms []koji.RPM, builds []koji.TaggedBuild, sigs, paths bool) error {
	byID := map[int64]koji.TaggedBuild{}
	for _, b := range builds {
		byID[b.ID] = b
	}
	top := koji.Paths{Top: e.profile.TopDir}
	line := func(r koji.RPM) string {
		name := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
		label := name.String()
		if paths && r.BuildID != nil {
			b := byID[*r.BuildID]
			dir := top.Build(b.VolumeName, b.Name, b.Version, b.Release)
			label = dir + "/" + top.RPM(name)
			if sigs && text(r.SigKey) != "" {
				label = dir + "/" + signedPath(*r.SigKey, name)
			}
		} else if r.Draft != nil && *r.Draft && r.BuildID != nil {
			label += fmt.Sprintf(" (,draft_%d)", *r.BuildID)
		}
		if sigs && !paths {
			label = text(r.SigKey) + " " + label
		}
		return label
	}
	slices.SortStableFunc(rpms, func(a, b koji.RPM) int { return strings.Compare(line(a), line(b)) })
	return list(e, rpms, "", line)
}

// signedPath is where an rpm's signed copy lies below its build's directory.
func signedPath(key string, n koji.NVRA) string {
	return fmt.Sprintf("data/signed/%s/%s/%s", strings.ToLower(key), n.Arch, n.FileName())
}

type latestBuildOptions struct {
	env         *Env
	arch, btype string
	all, paths  bool
}

// newLatestBuildCommand is koji latest-build.
func newLatestBuildCommand(env *Env) *cobra.Command {
	o := &latestBuildOptions{env: env}
	cmd := &cobra.Command{
		Use: "latest-build [options] <tag> <package> [<package> ...]", Short: "List the latest builds of packages in a tag", GroupID: info,
		Aliases: []string{"latest-pkg"}, Example: "koji latest-build f40 bash", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.arch, "arch", "", "list the rpms of this arch")
	f.BoolVar(&o.all, "all", false, "of all packages of the tag")
	withQuiet(env, cmd)
	f.BoolVar(&o.paths, "paths", false, "print paths of files")
	f.StringVar(&o.btype, "type", "", "only builds of this type")
	return withData(env, cmd)
}

func (o *latestBuildOptions) run(ctx context.Context, tag string, packages []string) error {
	switch {
	case o.all && len(packages) > 0:
		return usagef("A package name may not be combined with --all")
	case !o.all && len(packages) == 0:
		return usagef("Please name a package, or use --all")
	case o.all:
		packages = []string{""}
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	if _, err := needTag(ctx, s, tag); err != nil {
		return err
	}
	var rows []taggedRow
	var rpms []koji.RPM
	var builds []koji.TaggedBuild
	for _, name := range packages {
		named := koji.Named{}
		if name != "" {
			named["package"] = name
		}
		if o.btype != "" {
			named["type"] = o.btype
		}
		if o.arch != "" {
			named["arch"] = o.arch
			var pair []any
			if err := s.Call(ctx, "getLatestRPMS", &pair, tag, named); err != nil {
				return err
			}
			var r []koji.RPM
			var b []koji.TaggedBuild
			if err := unpack(pair, &r, &b); err != nil {
				return fmt.Errorf("read the answer of getLatestRPMS: %w", err)
			}
			rpms, builds = append(rpms, r...), append(builds, b...)
			continue
		}
		var found []taggedRow
		if err := s.Call(ctx, "getLatestBuilds", &found, tag, named); err != nil {
			return err
		}
		rows = append(rows, found...)
	}
	if o.arch != "" {
		return printRPMs(o.env, rpms, builds, false, o.paths)
	}
	return printTagged(o.env, rows, o.btype, o.paths)
}
