package tui

import (
	"fmt"
	"testing"
	"time"

	"koji"
)

// tell answers what the view on the screen has asked.
func tell(r *root, what any) {
	c := r.top().calls()
	r.Update(reply{from: r.e, to: c, gen: c.gen, what: what})
}

func daysAgo(days, hour, minute int) float64 {
	y, m, d := testNow().Date()
	return seconds(time.Date(y, m, d-days, hour, minute, 0, 0, time.UTC))
}

func sampleBuilds() []buildRow {
	row := func(id int64, state koji.BuildState, version, release, owner string, completed, took float64, tags ...string) buildRow {
		return buildRow{
			id: id, task: id + 60000, state: state, nvr: "bash-" + version + "-" + release, name: "bash", version: version, release: release,
			owner: owner, started: completed - took, completed: completed, tags: tags, tagged: true,
		}
	}
	list := []buildRow{
		row(9990, koji.BuildBuilding, "5.3.0", "2.fc44", "jsmith", 0, 0),
		row(9970, koji.BuildComplete, "5.3.0", "1.fc44", "jsmith", daysAgo(0, 9, 12), 662, "f44-candidate"),
		row(9950, koji.BuildFailed, "5.3.0", "0.rc2.1.fc44", "jsmith", daysAgo(4, 17, 40), 135),
		row(9900, koji.BuildComplete, "5.2.37", "4.fc44", "mkovac", daysAgo(21, 16, 2), 641, "f44"),
		row(9899, koji.BuildComplete, "5.2.37", "4.fc43", "mkovac", daysAgo(21, 16, 1), 658, "f43-updates", "f43-updates-testing"),
		row(9890, koji.BuildCanceled, "5.2.37", "3.fc44", "mkovac@LAB.EXAMPLE", daysAgo(21, 15, 0), 69),
		row(9700, koji.BuildComplete, "5.2.37", "2.fc44", "releng", daysAgo(130, 3, 0), 740, "f44"),
		row(9600, koji.BuildComplete, "5.2.37", "1.fc44,draft_3051", "anabelov", daysAgo(145, 12, 0), 637),
		row(9100, koji.BuildDeleted, "5.2.36", "1.fc43", "mkovac", daysAgo(620, 12, 0), 0),
		row(9000, koji.BuildComplete, "5.2.36\x1b[31m", "1.fc42", "日本語の名前", daysAgo(700, 12, 0), 637, "f42"),
	}
	list[0].started = secondsAgo(401)
	list[7].draft = true
	return list
}

// openBuilds shows the builds that were found.
func openBuilds(r *root) {
	press(r, "2", "/", "bash", "enter")
	tell(r, buildPage{query: buildQuery{name: "bash"}, items: sampleBuilds(), total: 214})
	v := r.top().(*buildsView)
	v.t.more = true
	v.t.build()
	press(r, "j")
}

func sampleBuildDetail() *buildDetail {
	source, host := "git+https://src.lab.example/rpms/bash.git#4be1190c", int64(70931)
	started, completed := daysAgo(0, 9, 1), daysAgo(0, 9, 12)
	d := &buildDetail{
		build: koji.Build{
			BuildID: 9970, NVR: "bash-5.3.0-1.fc44", PackageName: "bash", Version: "5.3.0", Release: "1.fc44", State: koji.BuildComplete,
			OwnerName: "jsmith", TaskID: &host, VolumeName: "DEFAULT", Source: &source, StartTS: &started, CompletionTS: &completed, CreationTS: &started,
			CreationEventID: 210440, Extra: map[string]any{"source": map[string]any{"original_url": source}},
		},
		types: map[string]any{"rpm": nil},
	}
	d.row = buildOf(d.build)
	var rpms []koji.RPM
	keys := map[int64][]string{}
	for i, r := range []struct {
		name, arch string
		size       int64
		signed     bool
	}{
		{"bash", "src", 11200000, true},
		{"bash", "x86_64", 1900000, true},
		{"bash-debuginfo", "x86_64", 1400000, false},
		{"bash-devel", "x86_64", 118000, true},
		{"bash", "aarch64", 1880000, true},
		{"bash-doc", "noarch", 2300000, true},
	} {
		root := int64(88120 + i)
		rpms = append(rpms, koji.RPM{ID: int64(i + 1), Name: r.name, Version: "5.3.0", Release: "1.fc44", Arch: r.arch, Size: r.size, BuildrootID: &root})
		if r.signed {
			keys[int64(i+1)] = []string{"a15b79cc"}
		}
	}
	d.rpms = rpmRows(rpms, keys)
	for _, arch := range []string{"x86_64", "aarch64"} {
		for _, name := range []string{"build.log", "root.log", "state.log"} {
			d.logs = append(d.logs, koji.BuildLog{Name: name, Dir: arch, Path: "packages/bash/5.3.0/1.fc44/data/logs/" + arch + "/" + name})
		}
	}
	d.tags = []tagStay{
		{tag: "f44-candidate", by: "jsmith", event: 210447, from: daysAgo(0, 9, 12)},
		{tag: "f44-pending", by: "jsmith", endedBy: "autosign", event: 210441, endEvent: 210447, from: daysAgo(0, 9, 10), to: daysAgo(0, 9, 12)},
	}
	made := daysAgo(0, 9, 31)
	d.repos = []repoOfTag{{tag: "f44-build", from: "f44-candidate", repo: &koji.Repo{ID: 5512, CreateEvent: 210450, CreateTS: &made}, has: true}}
	d.changelog = []koji.ChangelogEntry{
		{DateTS: daysAgo(1, 12, 0), Author: "John Smith <jsmith@lab.example> - 5.3.0-1", Text: "- New version\n- Drop patches that were \x1b[1mmerged"},
		{DateTS: daysAgo(30, 12, 0), Author: "Mara Kovac <mkovac@lab.example> - 5.2.37-4", Text: "- Rebuilt"},
	}
	return d
}

// openBuild opens a build and goes on by some tabs.
func openBuild(tabs int) func(r *root) {
	return func(r *root) {
		openBuilds(r)
		press(r, "enter")
		tell(r, sampleBuildDetail())
		for range tabs {
			press(r, "tab")
		}
	}
}

func openCompare(r *root) {
	openBuilds(r)
	press(r, "d")
	d := sampleBuildDetail()
	old := d.build
	old.BuildID, old.NVR, old.Version, old.Release = 9900, "bash-5.2.37-4.fc44", "5.2.37", "4.fc44"
	tell(r, &buildDiff{
		old: old, new: d.build, same: 3, changelog: d.changelog[:1], arch: "x86_64", roots: [2]int64{87011, 88121},
		rpms: []difference{{kind: isOther, name: "bash.x86_64", old: "1.7 MB", new: "1.9 MB (+11 %)"}, {kind: isAdded, name: "bash-doc.noarch", new: "2.3 MB"}},
		buildroot: []difference{
			{kind: isNewer, name: "gcc.x86_64", old: "15.1.1-2.fc44", new: "15.2.1-1.fc44"},
			{kind: isOlder, name: "readline.x86_64", old: "8.3-2.fc44", new: "8.3-1.fc44"},
			{kind: isGone, name: "texinfo.x86_64", old: "7.2-1.fc44"},
		},
	})
}

func openTags(r *root) {
	press(r, "3")
	var rows []tagRow
	for i, name := range []string{"f43", "f43-build", "f44", "f44-build", "f44-candidate", "f44-override", "f44-updates", "module-日本"} {
		t := tagRow{id: int64(i + 1), name: name, known: true}
		if i%2 == 1 {
			t.arches, t.repo, t.made = "x86_64 aarch64 ppc64le s390x", int64(5500+i), secondsAgo(float64(2460*i*i))
		}
		if i == 0 {
			t.locked, t.perm = true, "admin"
		}
		rows = append(rows, t)
	}
	tell(r, listPage[tagQuery, tagRow]{items: rows, total: len(rows)})
	press(r, "j", "j", "j")
}

func ancestor(depth int64, name string, priority int64, notes string) koji.Ancestor {
	a := koji.Ancestor{CurrDepth: depth}
	a.Name, a.Priority, a.ParentID = name, priority, depth*100+priority
	a.Intransitive, a.NoConfig = notes == "intransitive", notes == "noconfig"
	return a
}

func sampleMoment(event int64) *tagMoment {
	arches := "x86_64 aarch64 ppc64le s390x"
	m := &tagMoment{event: event, tag: koji.Tag{ID: 4, Name: "f44-build", Arches: &arches, Extra: map[string]any{"mock.new_chroot": int64(1)}}}
	for part := range m.parts {
		m.parts[part].known = true
	}
	m.ancestors = []koji.Ancestor{
		ancestor(1, "f44-override", 0, "intransitive"), ancestor(1, "f44-candidate", 10, ""), ancestor(2, "f44-updates", 0, ""),
		ancestor(3, "f44", 0, ""), ancestor(4, "f44-base", 5, "noconfig"),
	}
	build := func(id int64, pkg, version, release, owner, from string, completed float64) {
		m.latest = append(m.latest, tagBuild{
			id: id, pkg: pkg, nvr: pkg + "-" + version + "-" + release, version: version, release: release, owner: owner, from: from,
			completed: completed, state: koji.BuildComplete,
		})
	}
	if event == 0 {
		build(9970, "bash", "5.3.0", "1.fc44", "jsmith", "f44-candidate", daysAgo(0, 9, 12))
		build(9971, "libuv", "1.51.0", "1.fc44", "jsmith", "f44-candidate", daysAgo(0, 14, 29))
		build(9500, "readline", "8.3", "1.fc44", "mkovac", "f44", daysAgo(60, 8, 0))
		build(9942, "zlib-ng", "2.3.1", "3.fc44", "mkovac", "f44", daysAgo(14, 10, 0))
	} else {
		build(9900, "bash", "5.2.37", "4.fc44", "mkovac", "f44", daysAgo(21, 16, 2))
		build(9800, "libuv", "1.50.0", "2.fc44", "jsmith", "f44", daysAgo(80, 14, 29))
		build(9700, "python3.12", "3.12.11", "1.fc44", "releng", "f44", daysAgo(90, 8, 0))
		build(9500, "readline", "8.3", "1.fc44", "mkovac", "f44", daysAgo(60, 8, 0))
	}
	m.perTag = map[string]int{}
	for _, b := range m.latest {
		m.perTag[b.from]++
		m.packages = append(m.packages, tagPackage{name: b.pkg, owner: b.owner, from: "f44", blocked: b.pkg == "readline"})
	}
	m.targets = []koji.Target{{ID: 1, Name: "f44-candidate", BuildTagName: "f44-build", DestTagName: "f44-candidate"}}
	m.groups = []koji.Group{{Name: "build", Packages: []koji.GroupPackage{{Package: "bash", Type: "mandatory"}, {Package: "gcc", Type: "mandatory"}}}}
	m.externals = []koji.TagExternalRepo{{TagName: "f44-build", ExternalRepoName: "base", URL: "https://repo.lab.example/$arch/", Priority: 5, MergeMode: "bare"}}
	return m
}

func sampleHistory() tagHistory {
	h := tagHistory{from: daysAgo(28, 0, 0), to: seconds(testNow())}
	for i := range 60 {
		ts := h.from + float64(i*i)*(h.to-h.from)/3600
		e := tagEvent{id: int64(209800 + 12*i), ts: ts}
		for n := range 1 + (i*7)%5 {
			e.changes = append(e.changes, tagChange{mark: differenceMarks[(i+n)%int(differenceKindCount)], tag: "f44-candidate", text: fmt.Sprintf("pkg%d-1.%d-1.fc44", n, i), by: "jsmith", build: int64(n)})
		}
		h.events = append(h.events, e)
	}
	return h
}

// openTag opens a tag, goes on by some tabs, and back by some events.
func openTag(tabs, events int) func(r *root) {
	return func(r *root) {
		openTags(r)
		press(r, "enter")
		fill := func(event int64) {
			m := sampleMoment(event)
			for part := range tagPartCount {
				tell(r, tagAnswer{part: part, event: event, fill: func(into *tagMoment) {
					into.tag, into.ancestors, into.externals, into.perTag = m.tag, m.ancestors, m.externals, m.perTag
					into.packages, into.latest, into.targets, into.groups = m.packages, m.latest, m.targets, m.groups
				}})
			}
		}
		fill(0)
		made := secondsAgo(2460)
		tell(r, tagRepo{known: true, repo: &koji.Repo{ID: 5519, CreateEvent: 210500, CreationTS: &made}, last: 210400})
		for range tabs {
			press(r, "tab")
		}
		if events > 0 || tabs == tagHistoryTab {
			tell(r, sampleHistory())
		}
		for range events {
			press(r, "[")
		}
		if events > 0 {
			v := r.top().(*tagView)
			fill(v.then())
			for _, tab := range []int{tagLatest, tabs} {
				c, _ := v.comparison(tab)
				tell(r, compared{c, differences(v.moment(c.event), v.moments[0], tab)})
			}
		}
	}
}

// tellThings answers what views of builds and tags may have asked, with texts
// from anywhere.
func tellThings(r *root, label, line string, n byte) {
	switch v := r.top().(type) {
	case *buildsView:
		rows := sampleBuilds()
		for i := range rows {
			rows[i].id += int64(n)
			rows[i].nvr, rows[i].owner, rows[i].state = label, line, koji.BuildState(n%7)-1
		}
		tell(r, buildPage{query: v.query, offset: int(n) % 2 * len(v.t.items), items: rows, total: int(n) - 1})
		tell(r, map[int64][]string{rows[0].id: {label, line}})
	case *buildView:
		d := sampleBuildDetail()
		d.row.nvr, d.build.State, d.build.Source = label, koji.BuildState(n%6), &line
		d.rpms[0].file, d.rpms[1].arch, d.logs[0].Name, d.tags[0].tag, d.changelog[0].Text = line, label, line, label, line
		d.build.Extra = map[string]any{label: []any{line, nil}}
		d.rpms, d.repos = d.rpms[:int(n)%len(d.rpms)], d.repos[:n%2]
		tell(r, d)
	case *compareView:
		b := koji.Build{NVR: label, Source: &line, State: koji.BuildState(n)}
		tell(r, &buildDiff{old: b, new: b, rpms: []difference{{kind: differenceKind(n) % differenceKindCount, name: label, old: line, new: label, by: line}}})
	case *rpmView:
		tell(r, &rpmDetail{rpm: &koji.RPM{Name: label}, files: []rpmFile{{Name: line}}, deps: []rpmDep{{Name: label, Version: line, Flags: int64(n), Type: int(n) % 9}}})
	case *tagsView:
		tell(r, listPage[tagQuery, tagRow]{query: v.query, items: []tagRow{{id: int64(n), name: label, arches: line, perm: line, made: secondsAgo(float64(n))}}, total: int(n)})
	case *tagView:
		for _, event := range []int64{0, v.then()} {
			m := sampleMoment(event)
			m.tag.Name, m.latest[0].nvr, m.latest[1].pkg, m.packages[0].name, m.targets[0].Name = label, line, label, line, line
			m.ancestors[n%5].CurrDepth, m.ancestors[0].Name, m.groups[0].Name, m.externals[0].URL = int64(n), line, label, line
			tell(r, tagAnswer{part: tagPart(n) % tagPartCount, event: event, fill: func(into *tagMoment) {
				into.tag, into.ancestors, into.externals, into.perTag = m.tag, m.ancestors, m.externals, m.perTag
				into.packages, into.latest, into.targets, into.groups = m.packages, m.latest, m.targets, m.groups
			}})
		}
		c, _ := v.comparison(v.tabs.at)
		tell(r, compared{c, []difference{{kind: differenceKind(n) % differenceKindCount, name: label, old: line, new: label, by: line, ts: 1}}})
		h := sampleHistory()
		h.events = h.events[:int(n)%len(h.events)]
		for i := range h.events {
			h.events[i].changes[0].text = line
		}
		tell(r, h)
	}
}

func TestFramesOfThings(t *testing.T) {
	t.Parallel()
	checkFrames(t, []frameCase{
		{name: "builds", do: openBuilds, ascii: true},
		{name: "build", do: openBuild(buildRPMs), ascii: true},
		{name: "buildlogs", do: openBuild(buildLogs)},
		{name: "buildtags", do: openBuild(buildTags)},
		{name: "buildhistory", do: openBuild(buildHistory)},
		{name: "buildchangelog", do: openBuild(buildChangelog)},
		{name: "buildinfo", do: openBuild(buildInfo)},
		{name: "buildact", do: func(r *root) { openBuild(buildRPMs)(r); press(r, "a") }},
		{name: "compare", do: openCompare},
		{name: "tags", do: openTags},
		{name: "tag", do: openTag(tagInheritance, 0)},
		{name: "tagthen", do: openTag(tagInheritance, 20), ascii: true},
		{name: "tagchanged", do: openTag(tagLatest, 20)},
		{name: "tagback", do: func(r *root) { openTag(tagLatest, 20)(r); press(r, "t") }},
		{name: "taggroups", do: openTag(tagGroups, 0)},
		{name: "taghistory", do: openTag(tagHistoryTab, 0)},
	})
}
