package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

// buildRef is a build as people name it: a number is its id.
func buildRef(name string) any {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return id
	}
	return name
}

// lookBuild is the build of a name or an id, nil if there is none.
func lookBuild(ctx context.Context, s *koji.Session, name string) (*koji.Build, error) {
	var b *koji.Build
	err := s.Call(ctx, "getBuild", &b, buildRef(name))
	if errors.Is(err, koji.ErrNoSuchBuild) {
		return nil, nil
	}
	return b, err
}

// newBuildInfoCommand is koji buildinfo.
func newBuildInfoCommand(env *Env) *cobra.Command {
	var changelog bool
	cmd := &cobra.Command{
		Use: "buildinfo [options] <n-v-r> [<n-v-r> ...]", Short: "Show builds", GroupID: info,
		Example: "koji buildinfo bash-5.2-1.fc40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return buildInfo(cmd.Context(), env, args, changelog) },
	}
	cmd.Flags().BoolVar(&changelog, "changelog", false, "with the changelog")
	return withData(env, cmd)
}

// buildDetails is all that buildinfo tells of a build.
type buildDetails struct {
	koji.Build
	Task      *koji.Task       `xmlrpc:"task"`
	Tags      []koji.ListedTag `xmlrpc:"tags"`
	RPMs      []signedRPM      `xmlrpc:"rpms"`
	Maven     map[string]any   `xmlrpc:"maven"`
	Win       map[string]any   `xmlrpc:"win"`
	Archives  []archive        `xmlrpc:"archives"`
	Changelog []changeEntry    `xmlrpc:"changelog,omitempty"`
}

type signedRPM struct {
	koji.RPM
	Signatures []string `xmlrpc:"signatures"`
}

type archive struct {
	ID           int64             `xmlrpc:"id"`
	FileName     string            `xmlrpc:"filename"`
	BType        string            `xmlrpc:"btype"`
	Size         int64             `xmlrpc:"size"`
	Checksum     string            `xmlrpc:"checksum"`
	ChecksumType koji.ChecksumType `xmlrpc:"checksum_type"`
	GroupID      *string           `xmlrpc:"group_id,omitempty"`
	ArtifactID   *string           `xmlrpc:"artifact_id,omitempty"`
	Version      *string           `xmlrpc:"version,omitempty"`
	RelPath      *string           `xmlrpc:"relpath,omitempty"`
}

type changeEntry struct {
	Author string  `xmlrpc:"author"`
	DateTS float64 `xmlrpc:"date_ts"`
	Text   string  `xmlrpc:"text"`
}

func buildInfo(ctx context.Context, env *Env, names []string, changelog bool) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	top := koji.Paths{Top: env.profile.TopDir}
	return showEach(env, "build", names, func(name string) (*buildDetails, error) {
		b, err := lookBuild(ctx, s, name)
		if err != nil || b == nil {
			return nil, err
		}
		return details(ctx, s, b, changelog)
	}, func(w io.Writer, d *buildDetails) { d.print(w, top) })
}

func details(ctx context.Context, s *koji.Session, b *koji.Build, changelog bool) (*buildDetails, error) {
	d := &buildDetails{Build: *b}
	var rpms []koji.RPM
	m := s.Multicall()
	m.Add(&d.Tags, "listTags", koji.Named{"build": b.ID})
	m.Add(&rpms, "listRPMs", koji.Named{"buildID": b.ID})
	// Where an archive lies is only told to who asks for those of its type.
	var maven, win []archive
	optional := []int{
		m.Add(&d.Maven, "getMavenBuild", b.ID), m.Add(&d.Win, "getWinBuild", b.ID),
		m.Add(&d.Archives, "listArchives", koji.Named{"buildID": b.ID}),
		m.Add(&maven, "listArchives", koji.Named{"buildID": b.ID, "type": "maven"}),
		m.Add(&win, "listArchives", koji.Named{"buildID": b.ID, "type": "win"}),
	}
	if b.TaskID != nil {
		m.Add(&d.Task, "getTaskInfo", *b.TaskID, koji.Named{"request": true})
	}
	if changelog {
		m.Add(&d.Changelog, "getChangelogEntries", b.ID)
	}
	if err := m.Run(ctx); err != nil {
		for i := range m.Len() {
			// A hub may not know of builds other than rpms.
			if e := m.Err(i); e != nil && !(slices.Contains(optional, i) && errors.Is(e, koji.ErrNoSuchMethod)) {
				return nil, e
			}
		}
	}
	slices.SortFunc(rpms, func(a, b koji.RPM) int { return cmp.Compare(a.FileName(), b.FileName()) })
	placed := map[int64]archive{}
	for _, a := range slices.Concat(maven, win) {
		placed[a.ID] = a
	}
	for i := range d.Archives {
		if a, ok := placed[d.Archives[i].ID]; ok {
			a.BType = d.Archives[i].BType
			d.Archives[i] = a
		}
	}
	return d, d.sign(ctx, s, rpms)
}

// sign finds the signatures of the rpms.
func (d *buildDetails) sign(ctx context.Context, s *koji.Session, rpms []koji.RPM) error {
	if len(rpms) == 0 {
		return nil
	}
	m := s.Multicall()
	sigs := make([][]struct {
		SigKey string `xmlrpc:"sigkey"`
	}, len(rpms))
	for i, r := range rpms {
		m.Add(&sigs[i], "queryRPMSigs", koji.Named{"rpm_id": r.ID})
	}
	if err := m.Run(ctx); err != nil && !errors.Is(err, koji.ErrNoSuchMethod) {
		return err
	}
	for i, r := range rpms {
		signed := signedRPM{RPM: r}
		for _, sig := range sigs[i] {
			if sig.SigKey != "" {
				signed.Signatures = append(signed.Signatures, sig.SigKey)
			}
		}
		d.RPMs = append(d.RPMs, signed)
	}
	return nil
}

func (d *buildDetails) print(w io.Writer, top koji.Paths) {
	fmt.Fprintf(w, "BUILD: %s [%d]\n", d.NVR, d.ID)
	if d.Draft {
		fmt.Fprintln(w, "Draft: YES")
	}
	fmt.Fprintf(w, "State: %s\n", d.State)
	if d.State == koji.BuildBuilding && d.CGName != nil {
		fmt.Fprintf(w, "Reserved by: %s\n", *d.CGName)
	}
	fmt.Fprintf(w, "Built by: %s\n", d.OwnerName)
	if d.Source != nil {
		fmt.Fprintf(w, "Source: %s\n", *d.Source)
	}
	fmt.Fprintf(w, "Volume: %s\n", d.VolumeName)
	if d.Task != nil {
		fmt.Fprintf(w, "Task: %d %s\n", d.Task.ID, koji.TaskLabel(*d.Task))
	} else {
		fmt.Fprintln(w, "Task: none")
	}
	fmt.Fprintf(w, "Finished: %s\n", longTime(d.CompletionTS))
	if d.PromoterName != nil {
		fmt.Fprintf(w, "Promoted by: %s\nPromoted at: %s\n", *d.PromoterName, longTime(d.PromotionTS))
	}
	if d.Maven != nil {
		fmt.Fprintf(w, "Maven groupId: %v\nMaven artifactId: %v\nMaven version: %v\n", d.Maven["group_id"], d.Maven["artifact_id"], d.Maven["version"])
	}
	if d.Win != nil {
		fmt.Fprintf(w, "Windows build platform: %v\n", d.Win["platform"])
	}
	names := make([]string, len(d.Tags))
	for i, t := range d.Tags {
		names[i] = t.Name
	}
	fmt.Fprintf(w, "Tags: %s\n", strings.Join(names, " "))
	if extra, ok := d.Extra.(map[string]any); ok && len(extra) > 0 {
		fmt.Fprintf(w, "Extra: %s\n", pylit.Repr(extra))
	}
	d.printFiles(w, top.Build(d.VolumeName, d.Name, d.Version, d.Release))
	if len(d.Changelog) > 0 {
		fmt.Fprintln(w, "Changelog:")
		for _, c := range d.Changelog {
			fmt.Fprintf(w, "* %s %s\n%s\n\n", time.Unix(int64(c.DateTS), 0).UTC().Format("Mon Jan 02 2006"), c.Author, c.Text)
		}
	}
}

func (d *buildDetails) printFiles(w io.Writer, dir string) {
	titles := map[string]string{"maven": "Maven", "win": "Windows", "image": "Image"}
	var last string
	slices.SortStableFunc(d.Archives, func(a, b archive) int {
		return cmp.Or(cmp.Compare(typeOrder(a.BType), typeOrder(b.BType)), cmp.Compare(a.path(), b.path()))
	})
	for _, a := range d.Archives {
		if a.BType != last {
			title := titles[a.BType]
			if title == "" {
				title = a.BType
			}
			fmt.Fprintf(w, "%s archives:\n", title)
			last = a.BType
		}
		fmt.Fprintln(w, path.Join(dir, a.path()))
	}
	if len(d.RPMs) > 0 {
		fmt.Fprintln(w, "RPMs:")
	}
	for _, r := range d.RPMs {
		fmt.Fprint(w, path.Join(dir, r.Arch, r.FileName()))
		if len(r.Signatures) > 0 {
			fmt.Fprintf(w, "\tSignatures: %s", strings.Join(r.Signatures, " "))
		}
		fmt.Fprintln(w)
	}
}

func typeOrder(btype string) string {
	switch btype {
	case "maven":
		return "0"
	case "win":
		return "1"
	}
	return "2" + btype
}

// path is where an archive lies below its build's directory.
// Koji: reference/paths.md.
func (a archive) path() string {
	switch a.BType {
	case "maven":
		return path.Join("maven", strings.ReplaceAll(text(a.GroupID), ".", "/"), text(a.ArtifactID), text(a.Version), a.FileName)
	case "win":
		return path.Join("win", text(a.RelPath), a.FileName)
	case "image":
		return path.Join("images", a.FileName)
	}
	return path.Join("files", a.BType, a.FileName)
}
