package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// rpmView is all about one rpm: where it was built, what it needs, provides
// and holds.
type rpmView struct {
	pageView[rpmDetail]
	row rpmRow
}

// rpmDetail is what the hub tells of an rpm. Files and dependencies are read
// from the file, which may be gone; then there are none.
type rpmDetail struct {
	rpm   *koji.RPM
	root  *koji.Buildroot
	files []rpmFile
	deps  []rpmDep
	why   error // why there are none
}

type rpmFile struct {
	Name string `xmlrpc:"name"`
	Size int64  `xmlrpc:"size"`
}

type rpmDep struct {
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Flags   int64  `xmlrpc:"flags"`
	Type    int    `xmlrpc:"type"`
}

// depNames are the kinds of dependencies by their numbers (Koji: reference/enums.md).
var depNames = []string{"requires", "provides", "obsoletes", "conflicts", "suggests", "enhances", "supplements", "recommends"}

// rpmFilesLimit is how many files of an rpm are shown.
const rpmFilesLimit = 5000

func newRPMView(e *env, r rpmRow) *rpmView {
	v := &rpmView{row: r}
	v.pageView = newPageView(e, func(ctx context.Context, h *hub) (*rpmDetail, error) { return loadRPM(ctx, h, r.id, r.buildroot) })
	v.layout = v.lay
	return v
}

func (v *rpmView) title() []string { return []string{v.row.file} }

func loadRPM(ctx context.Context, h *hub, id, root int64) (*rpmDetail, error) {
	d := &rpmDetail{}
	m := h.read.Multicall()
	rpm := m.Add(&d.rpm, "getRPM", id)
	deps := m.Add(&d.deps, "getRPMDeps", id)
	m.Add(&d.files, "listRPMFiles", id, koji.Named{"queryOpts": map[string]any{"order": "name", "limit": rpmFilesLimit}})
	if root != 0 {
		m.Add(&d.root, "getBuildroot", root)
	}
	if err := h.run(ctx, m); err != nil {
		return d, err
	}
	if err := m.Err(rpm); err != nil {
		return d, err
	}
	if d.rpm == nil {
		return d, fmt.Errorf("no such rpm: %d", id)
	}
	d.why = m.Err(deps)
	return d, nil
}

func (v *rpmView) clips() []clip {
	return []clip{{"n", "file name", v.row.file}, {"i", "id", fmt.Sprint(v.row.id)}}
}

func (v *rpmView) command() string {
	return v.e.commandLine("rpminfo", strings.TrimSuffix(v.row.file, ".rpm"))
}

func (v *rpmView) lay(d *rpmDetail) {
	p, r := &v.page, d.rpm
	p.value("id", fmt.Sprint(r.ID))
	p.value("size", bytesText(r.Size))
	p.value("built", dayTime(float64(r.BuildTime), v.e.clock(), v.e.loc, 20))
	p.value("payload hash", r.PayloadHash)
	text, ro := signedText(v.row)
	p.add(nil, func(p *pen, room int) { p.fit(roleDim, "signed", 14).skip(1).upTo(ro, text, room+1) })
	if r.ExternalRepoID != 0 {
		p.value("external repo", r.ExternalRepoName)
	}
	if d.root != nil {
		p.section(fmt.Sprintf("buildroot %d", d.root.ID))
		p.value("host", value(d.root.HostName))
		p.value("tag", value(d.root.TagName))
		p.value("repo", fmt.Sprint(value(d.root.RepoID)))
		p.value("task", fmt.Sprint(value(d.root.TaskID)))
	}
	if d.why != nil {
		p.section("what it needs and holds isn't known")
		p.text(roleWarn, errorText(d.why))
	}
	for kind, name := range depNames {
		v.layoutDeps(d.deps, kind, name)
	}
	if len(d.files) > 0 {
		p.section(fmt.Sprintf("files %d", len(d.files)))
	}
	for _, f := range d.files {
		p.add(nil, func(p *pen, room int) {
			p.fit(roleText, f.Name, room-11).skip(1).right(roleText, bytesText(f.Size), 10)
		})
	}
	if len(d.files) == rpmFilesLimit {
		p.text(roleDim, "there are more")
	}
}

func (v *rpmView) layoutDeps(deps []rpmDep, kind int, name string) {
	var lines []string
	for _, dep := range deps {
		if dep.Type == kind {
			lines = append(lines, dep.String())
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.Sort(lines)
	v.page.section(fmt.Sprintf("%s %d", name, len(lines)))
	for _, line := range slices.Compact(lines) {
		v.page.text(roleText, line)
	}
}

// String is the dependency as rpm writes it. Koji: reference/enums.md.
func (d rpmDep) String() string {
	sign := ""
	for _, s := range []struct {
		bit  int64
		text string
	}{{2, "<"}, {4, ">"}, {8, "="}} {
		if d.Flags&s.bit != 0 {
			sign += s.text
		}
	}
	if sign == "" || d.Version == "" {
		return safetext.Clean(d.Name)
	}
	return safetext.Clean(d.Name + " " + sign + " " + d.Version)
}
