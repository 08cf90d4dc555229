package tui

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestParseBuildQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]buildQuery{
		"":                                {},
		"bash":                            {name: "bash"},
		"bash -rc own:jsmith st:fa":       {name: "bash", owner: "jsmith", state: koji.BuildFailed, hasState: true},
		"pkg:bash tag:f44 type:image":     {name: "bash", tag: "f44", kind: "image"},
		"bash* tag:":                      {name: "bash*"},
		"-st:failed st:nothing":           {},
		"Bash other words":                {name: "Bash"},
		"http://x own:a@b":                {name: "http://x", owner: "a@b"},
		"st:c":                            {state: koji.BuildComplete, hasState: true},
		"id:12 st:canceled tag:F44-Build": {tag: "F44-Build", state: koji.BuildCanceled, hasState: true},
	} {
		if diff := cmp.Diff(want, parseBuildQuery(text), cmp.AllowUnexported(buildQuery{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestShortenNVR(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		nvr  string
		n    int
		want string
	}{
		{"bash-5.3-1.fc44", 20, "bash-5.3-1.fc44"},
		{"a-very-long-package-name-5.3-1.fc44", 24, "a-very…e-name-5.3-1.fc44"},
		{"a-very-long-package-name-5.3-1.fc44", 12, "a-very-long…"},
		{"nothing", 4, "not…"},
		{"日本語日本語日本語-1-1", 14, "日本…本語-1-1"},
	} {
		got := shortenNVR(tt.nvr, tt.n, false)
		if got != tt.want || textWidth(got, false) > tt.n {
			t.Errorf("%q in %d: got %q, want %q", tt.nvr, tt.n, got, tt.want)
		}
	}
}

func TestDayTime(t *testing.T) {
	t.Parallel()
	at := func(y int, m time.Month, d, h int) float64 { return seconds(time.Date(y, m, d, h, 5, 0, 0, time.UTC)) }
	for _, tt := range []struct {
		ts   float64
		n    int
		want string
	}{
		{0, 20, ""},
		{at(2026, 11, 24, 0), 9, "00:05"},
		{at(2026, 11, 23, 23), 9, "Mon 23:05"},
		{at(2026, 11, 23, 23), 6, "Mon"},
		{at(2026, 11, 18, 9), 9, "Wed 09:05"},
		{at(2026, 11, 17, 9), 9, "17 Nov"},
		{at(2026, 11, 17, 9), 12, "17 Nov 09:05"},
		{at(2025, 11, 24, 9), 9, "24 Nov"},
		{at(2025, 11, 23, 9), 9, "Nov25"},
		{at(2025, 11, 23, 9), 12, "23 Nov 2025"},
		{at(2025, 11, 23, 9), 20, "23 Nov 2025 09:05"},
		{at(2026, 11, 25, 9), 20, "25 Nov 2026 09:05"},
	} {
		if got := dayTime(tt.ts, seconds(testNow()), time.UTC, tt.n); got != tt.want {
			t.Errorf("%v in %d: got %q, want %q", tt.ts, tt.n, got, tt.want)
		}
	}
}

func TestAncestorRows(t *testing.T) {
	t.Parallel()
	depth := int64(2)
	list := []koji.Ancestor{
		ancestor(1, "a", 0, "intransitive"), ancestor(1, "b", 10, ""), ancestor(2, "c", 0, ""), ancestor(3, "d", 0, "noconfig"), ancestor(2, "e", 5, ""), ancestor(1, "f", 20, ""),
	}
	list[2].MaxDepth, list[5].PkgFilter = &depth, "^x"
	var got []string
	for _, r := range ancestorRows(list) {
		got = append(got, r.guide+r.tag+" "+r.notes)
	}
	want := []string{"├a intransitive", "├b ", "│    ├c maxdepth 2", "│    │    └d noconfig", "│    └e ", "└f filter ^x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCompareBuilds(t *testing.T) {
	t.Parallel()
	b := func(id int64, pkg, version string, epoch int64) tagBuild {
		return tagBuild{id: id, pkg: pkg, nvr: pkg + "-" + version + "-1", version: version, release: "1", epoch: epoch}
	}
	then := []tagBuild{b(1, "same", "1", 0), b(2, "up", "1.9", 0), b(3, "down", "2", 0), b(4, "gone", "1", 0), b(5, "epoch", "9", 0), b(6, "twice", "1", 0), b(60, "twice", "0", 0)}
	now := []tagBuild{b(11, "new", "1", 0), b(1, "same", "1", 0), b(12, "up", "1.10", 0), b(13, "down", "2~rc1", 0), b(15, "epoch", "1", 1), b(6, "twice", "1", 0)}
	var got []string
	for _, d := range compareBuilds(then, now) {
		got = append(got, differenceMarks[d.kind].ascii+" "+d.name+" "+d.old+" "+d.new)
	}
	want := []string{"~ epoch epoch-9-1 epoch-1-1", "~ up up-1.9-1 up-1.10-1", "v down down-2-1 down-2~rc1-1", "+ new  new-1-1", "- gone gone-1-1 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An answer of queryHistory becomes events: rows told twice count once, a row
// that another takes the place of was edited, what other tags inherit is left out.
func TestHistoryOf(t *testing.T) {
	t.Parallel()
	row := func(made, ended int64, more map[string]any) historyRecord {
		r := historyRecord{"create_event": made, "create_ts": float64(made), "creator_name": "alice", "tag_id": int64(1), "tag.name": "f44"}
		if ended != 0 {
			r["revoke_event"], r["revoke_ts"], r["revoker_name"] = ended, float64(ended), "bob"
		}
		for k, v := range more {
			r[k] = v
		}
		return r
	}
	inherits := row(5, 0, map[string]any{"parent_id": int64(2), "parent.name": "base", "priority": int64(10)})
	h := historyOf([]int64{1, 2}, []map[string][]historyRecord{
		{
			"tag_listing":     {row(4, 7, map[string]any{"build_id": int64(9), "name": "bash", "version": "5", "release": "1"})},
			"tag_config":      {row(1, 6, map[string]any{"arches": "x86_64"}), row(6, 0, map[string]any{"arches": "x86_64 s390x"})},
			"tag_inheritance": {inherits, row(8, 0, map[string]any{"tag_id": int64(77), "parent_id": int64(1), "parent.name": "f44"})},
		},
		{"tag_inheritance": {inherits}},
	}, 3, 7)
	var got []string
	for _, e := range h.events {
		for _, c := range e.changes {
			got = append(got, thousands(e.id)+" "+c.mark.ascii+" "+c.text+" by "+c.by)
		}
	}
	want := []string{
		"4 + bash-5-1 by alice", "5 + inherits base, priority 10 by alice", "6 ~ the tag, arches x86_64 s390x, was x86_64 by alice", "7 - bash-5-1 by bob",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.earlier(tagHistory{from: 0, to: 3, events: []tagEvent{{id: 1, ts: 1}}})
	h.later(tagHistory{from: 7, to: 9, events: []tagEvent{{id: 9, ts: 9}}})
	if diff := cmp.Diff([]int{0, 0, 0, 1, 1, 1, 1, 0, 0}, h.perCell(9)); diff != "" {
		t.Errorf("changes per cell (-want +got):\n%s", diff)
	}
	if h.from != 0 || h.last() != 9 || len(h.events) != 6 {
		t.Errorf("joined: %d events from %v to %v", len(h.events), h.from, h.last())
	}
}

func TestCompareRPMs(t *testing.T) {
	t.Parallel()
	row := func(name, arch string, size int64) rpmRow { return rpmRow{name: name, arch: arch, size: size} }
	list, same := compareRPMs(
		[]rpmRow{row("a", "x86_64", 1000), row("b", "x86_64", 1000), row("gone", "noarch", 5), row("zero", "noarch", 0)},
		[]rpmRow{row("a", "x86_64", 1009), row("b", "x86_64", 1500), row("b", "s390x", 7), row("zero", "noarch", 10)},
	)
	want := []difference{
		{kind: isOther, name: "b.x86_64", old: "1 kB", new: "2 kB (+50 %)"},
		{kind: isOther, name: "zero.noarch", old: "0 B", new: "10 B"},
		{kind: isAdded, name: "b.s390x", new: "7 B"},
		{kind: isGone, name: "gone.noarch", old: "5 B"},
	}
	if diff := cmp.Diff(want, list, cmp.AllowUnexported(difference{})); diff != "" || same != 1 {
		t.Errorf("%d are the same, want 1 (-want +got):\n%s", same, diff)
	}
}

func TestCompareInstalled(t *testing.T) {
	t.Parallel()
	p := func(name, version string, epoch int64) rootPackage {
		return rootPackage{name: name, arch: "x86_64", version: version, release: "1", epoch: epoch}
	}
	got := compareInstalled(
		[]rootPackage{p("gcc", "15.1", 0), p("same", "1", 0), p("epoch", "2", 0), p("old", "2", 0)},
		[]rootPackage{p("new", "1", 0), p("gcc", "15.2", 0), p("same", "1", 0), p("epoch", "1", 1), p("old", "1", 0)},
	)
	want := []difference{
		{kind: isNewer, name: "epoch.x86_64", old: "2-1", new: "1-1"},
		{kind: isNewer, name: "gcc.x86_64", old: "15.1-1", new: "15.2-1"},
		{kind: isOlder, name: "old.x86_64", old: "2-1", new: "1-1"},
		{kind: isAdded, name: "new.x86_64", new: "1-1"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(difference{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNewEntries(t *testing.T) {
	t.Parallel()
	e := func(ts float64, text string) koji.ChangelogEntry {
		return koji.ChangelogEntry{DateTS: ts, Author: "a", Text: text}
	}
	got := newEntries([]koji.ChangelogEntry{e(2, "two"), e(1, "one")}, []koji.ChangelogEntry{e(3, "three"), e(2, "two, edited"), e(1, "one")})
	if diff := cmp.Diff([]koji.ChangelogEntry{e(3, "three"), e(2, "two, edited")}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for release, want := range map[string]string{"1.fc44": "fc44", "0.rc2.1.fc44,draft_3051": "fc44", "1": "1", "": ""} {
		if got := releaseEnd(release); got != want {
			t.Errorf("end of %q: got %q, want %q", release, got, want)
		}
	}
}
