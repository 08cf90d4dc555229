package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// buildDiff is in what two builds of a package differ.
type buildDiff struct {
	old, new  koji.Build
	rpms      []difference
	same      int // rpms whose size hardly changed
	changelog []koji.ChangelogEntry
	arch      string // of the buildroots that were compared, "" if none were
	buildroot []difference
	roots     [2]int64
}

// loadDiff compares two builds; without an old one, with the build of the
// package before the new one.
func loadDiff(ctx context.Context, h *hub, old, new int64) (*buildDiff, error) {
	d := &buildDiff{}
	var b *koji.Build
	if err := h.call(ctx, "getBuild", &b, new); err != nil {
		return d, err
	}
	if b == nil {
		return d, fmt.Errorf("no such build: %d", new)
	}
	d.new = *b
	if old == 0 {
		before, err := buildBefore(ctx, h, d.new)
		if err != nil {
			return d, err
		}
		old = before
	}
	var rpms [2][]koji.RPM
	var changelogs [2][]koji.ChangelogEntry
	b = nil
	m := h.read.Multicall()
	m.Add(&b, "getBuild", old)
	for i, id := range []int64{old, new} {
		m.Add(&rpms[i], "listRPMs", id)
		m.Add(&changelogs[i], "getChangelogEntries", id, koji.Named{"queryOpts": map[string]any{"limit": changelogLimit}})
	}
	if err := h.all(ctx, m); err != nil {
		return d, err
	}
	if b == nil {
		return d, fmt.Errorf("no such build: %d", old)
	}
	d.old = *b
	rows := [2][]rpmRow{rpmRows(rpms[0], nil), rpmRows(rpms[1], nil)}
	d.rpms, d.same = compareRPMs(rows[0], rows[1])
	d.changelog = newEntries(changelogs[0], changelogs[1])
	return d, d.compareRoots(ctx, h, rows)
}

// buildBefore is the build of a package that was complete before another one
// began: the newest with the same end of its release (as fc44), else the newest.
func buildBefore(ctx context.Context, h *hub, b koji.Build) (int64, error) {
	var list []koji.Build
	begun := firstKnown(value(b.StartTS), value(b.CreationTS), stamp(b.CreationTime))
	err := h.call(ctx, "listBuilds", &list, koji.Named{
		"packageID": b.PackageID, "state": int(koji.BuildComplete), "completeBefore": begun,
		"queryOpts": map[string]any{"order": "-build_id", "limit": 50},
	})
	if err != nil {
		return 0, err
	}
	list = slices.DeleteFunc(list, func(o koji.Build) bool { return o.BuildID == b.BuildID || o.Draft })
	if len(list) == 0 {
		return 0, fmt.Errorf("there is no complete build of %s before %s", b.PackageName, b.NVR)
	}
	at := slices.IndexFunc(list, func(o koji.Build) bool { return releaseEnd(o.Release) == releaseEnd(b.Release) })
	return list[max(at, 0)].BuildID, nil
}

// releaseEnd is the last part of a release, which is the distribution's.
func releaseEnd(release string) string {
	release, _, _ = strings.Cut(release, ",draft_")
	return release[strings.LastIndexByte(release, '.')+1:]
}

// compareRPMs tells which rpms came, went, or changed their size by more than
// a hundredth, and how many others there are.
func compareRPMs(old, new []rpmRow) (list []difference, same int) {
	key := func(r rpmRow) string { return r.name + "." + r.arch }
	list = compareLists(old, new, key, func(old, new *rpmRow) (difference, bool) {
		switch {
		case old == nil:
			return difference{kind: isAdded, new: bytesText(new.size)}, true
		case new == nil:
			return difference{kind: isGone, old: bytesText(old.size)}, true
		}
		by := new.size - old.size
		if max(by, -by)*100 <= old.size {
			same++
			return difference{}, false
		}
		text := bytesText(new.size)
		if old.size > 0 {
			text += fmt.Sprintf(" (%+.0f %%)", float64(by)*100/float64(old.size))
		}
		return difference{kind: isOther, old: bytesText(old.size), new: text}, true
	})
	return list, same
}

// newEntries is the entries of a changelog that an older one hasn't.
func newEntries(old, new []koji.ChangelogEntry) []koji.ChangelogEntry {
	type entry struct {
		ts           float64
		author, text string
	}
	known := map[entry]bool{}
	for _, e := range old {
		known[entry{e.DateTS, e.Author, e.Text}] = true
	}
	return slices.DeleteFunc(slices.Clone(new), func(e koji.ChangelogEntry) bool { return known[entry{e.DateTS, e.Author, e.Text}] })
}

// rootPackage is an installed package of a buildroot.
type rootPackage struct {
	name, arch       string
	version, release string
	epoch            int64
}

// compareRoots compares the buildroots of an arch that both were built for:
// what else changed is often why a build fails or grows.
func (d *buildDiff) compareRoots(ctx context.Context, h *hub, rows [2][]rpmRow) error {
	for _, r := range rows[1] {
		if r.buildroot == 0 || r.arch == "src" {
			continue
		}
		at := slices.IndexFunc(rows[0], func(o rpmRow) bool { return o.arch == r.arch && o.buildroot != 0 })
		if at >= 0 {
			d.arch, d.roots = r.arch, [2]int64{rows[0][at].buildroot, r.buildroot}
			break
		}
	}
	if d.arch == "" {
		return nil
	}
	var lists [2][]koji.BuildrootRPM
	m := h.read.Multicall()
	for i, id := range d.roots {
		m.Add(&lists[i], "getBuildrootListing", id)
	}
	if err := h.all(ctx, m); err != nil {
		return err
	}
	d.buildroot = compareInstalled(rootPackages(lists[0]), rootPackages(lists[1]))
	return nil
}

func rootPackages(list []koji.BuildrootRPM) []rootPackage {
	var rows []rootPackage
	for _, r := range list {
		rows = append(rows, rootPackage{
			name: safetext.Clean(r.Name), arch: safetext.Clean(r.Arch), version: safetext.Clean(r.Version),
			release: safetext.Clean(r.Release), epoch: value(r.Epoch),
		})
	}
	return rows
}

func compareInstalled(old, new []rootPackage) []difference {
	evr := func(p *rootPackage) string { return p.version + "-" + p.release }
	return compareLists(old, new, func(p rootPackage) string { return p.name + "." + p.arch }, func(old, new *rootPackage) (difference, bool) {
		switch {
		case old == nil:
			return difference{kind: isAdded, new: evr(new)}, true
		case new == nil:
			return difference{kind: isGone, old: evr(old)}, true
		}
		n := cmp.Or(cmp.Compare(old.epoch, new.epoch), compareVersions(old.version, new.version), compareVersions(old.release, new.release))
		kind := isNewer
		if n > 0 {
			kind = isOlder
		}
		return difference{kind: kind, old: evr(old), new: evr(new)}, *old != *new
	})
}
