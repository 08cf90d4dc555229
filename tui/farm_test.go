package tui

import (
	"fmt"
	"testing"

	"koji"
)

// tsAgo is a moment before testNow as the hub tells it.
func tsAgo(ago float64) *float64 { ts := secondsAgo(ago); return &ts }

func ptr[T any](v T) *T { return &v }

// sampleFarm is the hosts of the design's drawing.
func sampleFarm() *farm {
	host := func(id int64, name, arches string, load, capacity, seen float64, enabled, ready bool, comment string) koji.Host {
		h := koji.Host{ID: id, Name: name, Arches: &arches, TaskLoad: load, Capacity: capacity, Enabled: enabled, Ready: ready, Comment: &comment}
		if seen >= 0 {
			h.UpdateTS = tsAgo(seen)
		}
		return h
	}
	hosts := []koji.Host{
		host(1, "bld01.example.org", "x86_64 i386", 0.5, 8, 4, true, true, ""),
		host(4, "bld04.example.org", "x86_64 i386", 6.1, 8, 2, true, true, ""),
		host(6, "bld06.example.org", "aarch64", 4.2, 6, 9, true, true, ""),
		host(8, "bld08.example.org", "x86_64", 3.1, 4, 1, true, true, ""),
		host(11, "bld11.example.org", "s390x", 4, 4, 6, true, true, ""),
		host(12, "bld12.example.org", "s390x", 1, 4, 6, true, false, ""),
		host(10, "bld10.example.org", "ppc64le", 2, 6, 660, true, true, ""),
		host(3, "bld03.example.org", "x86_64 i386 i686 x86_64_v3", 0, 8, 3, false, true, "kernel \x1b[1mupdate"),
		host(13, "bld13.example.org", "riscv64", 0, 2, -1, false, false, ""),
	}
	channels := []koji.Channel{
		{ID: 1, Name: "default", Enabled: true}, {ID: 2, Name: "createrepo", Enabled: true},
		{ID: 3, Name: "image", Enabled: false, Comment: ptr("until the new lab")}, {ID: 4, Name: "vm", Enabled: true},
	}
	members := [][]koji.Host{{hosts[0], hosts[1], hosts[2], hosts[4], hosts[5], hosts[6], hosts[7], hosts[8]}, {hosts[0], hosts[3]}, {hosts[0]}, {}}
	task := func(id int64, state koji.TaskState, method, arch string, host, channel int64, age float64, request ...any) koji.Task {
		t := koji.Task{ID: id, State: state, Method: method, Arch: arch, ChannelID: channel, CreateTS: tsAgo(age), Request: request}
		if host != 0 {
			t.HostID, t.StartTS = &host, tsAgo(age)
		}
		return t
	}
	tasks := []koji.Task{
		task(71098, koji.TaskOpen, "buildArch", "ppc64le", 10, 1, 1200, "tasks/1/1/zlib-1.3-1.fc44.src.rpm", "f44-build", "ppc64le", true),
		task(71204, koji.TaskOpen, "build", "noarch", 1, 1, 401, "git+https://src.lab.example/rpms/bash.git#9f3c2ab8", "f44-candidate", map[string]any{}),
		task(71211, koji.TaskOpen, "buildArch", "x86_64", 4, 1, 324, "tasks/1/1/bash-5.3.0-2.fc44.src.rpm", "f44-build", "x86_64", true),
		task(71212, koji.TaskOpen, "buildArch", "aarch64", 6, 1, 286, "tasks/1/1/bash-5.3.0-2.fc44.src.rpm", "f44-build", "aarch64", true),
		task(71213, koji.TaskFree, "buildArch", "s390x", 0, 1, 331, "tasks/1/1/bash-5.3.0-2.fc44.src.rpm", "f44-build", "s390x", true),
		task(71220, koji.TaskOpen, "buildArch", "x86_64", 4, 1, 100, "tasks/1/1/fish-4.1.2-1.fc44.src.rpm", "f44-build", "x86_64", true),
		task(71221, koji.TaskOpen, "buildArch", "x86_64", 4, 1, 90, "tasks/1/1/libuv-1.51.0-1.fc44.src.rpm", "f44-build", "x86_64", true),
		task(71233, koji.TaskOpen, "newRepo", "noarch", 8, 2, 122, "f44-build"),
		task(71240, koji.TaskFree, "image", "noarch", 0, 3, 4000),
	}
	return newFarm(hosts, channels, members, tasks, []hostConfig{{3, "releng", secondsAgo(4 * 86400)}, {13, "releng@EXAMPLE.ORG", secondsAgo(400 * 86400)}})
}

func openHosts(r *root, channels bool) *hostsView {
	r.goTo(map[bool]int{false: 4, true: 6}[channels])
	v := r.top().(*hostsView)
	r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: sampleFarm()})
	return v
}

func openHost(r *root) {
	openHosts(r, false)
	press(r, "j", "j", "j", "enter")
	v := r.top().(*hostView)
	f := sampleFarm()
	known := names{}
	d := &hostDetail{
		host: f.hosts[3], channels: []string{"createrepo", "default"},
		recent: []task{taskOf(koji.Task{
			ID: 70990, State: koji.TaskFailed, Method: "buildArch", Arch: "x86_64", StartTS: tsAgo(9000), CompletionTS: tsAgo(8000), CreateTS: tsAgo(9001),
			Request: []any{"tasks/1/1/zlib-1.3-1.fc44.src.rpm", "f44-build", "x86_64", true},
		}, known)},
		history: hostChanges([]hostConfigRow{
			{hostConfig: hostConfig{4, "releng", secondsAgo(4 * 86400)}, Arches: ptr("x86_64 i386"), Capacity: 8, Enabled: true},
			{hostConfig: hostConfig{4, "admin", secondsAgo(90 * 86400)}, Arches: ptr("x86_64"), Capacity: 4, Enabled: true, Comment: ptr("new")},
		}, []hostChannelRow{{hostConfig: hostConfig{4, "admin", secondsAgo(89 * 86400)}, Channel: "image", RevokedTS: tsAgo(5 * 86400), Revoker: "releng"}}),
		data: map[string]any{"maxjobs": int64(10), "methods": []any{"buildArch", "createrepo"}},
	}
	r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: d})
}

// sampleRepos are the requests and repos of the design's drawing.
func sampleRepos() *repoData {
	requests := []koji.RepoRequest{
		{ID: 9041, Owner: 7, OwnerName: "jsmith", Priority: 20, TagName: "f44-build", CreateTS: tsAgo(130), MinEvent: ptr(int64(210498)), Active: true, TaskID: ptr(int64(71233)), Tries: 1},
		{ID: 9043, Owner: 2, OwnerName: "kojira", Priority: 20, TagName: "f42-build", CreateTS: tsAgo(60), Active: true},
		{ID: 9044, Owner: 2, OwnerName: "kojira", Priority: 20, TagName: "f43-build", CreateTS: tsAgo(31), MinEvent: ptr(int64(210371)), Active: true, Opts: map[string]any{"src": true, "debuginfo": false}},
		{ID: 9038, Owner: 2, OwnerName: "kojira", Priority: 25, TagName: "epel10-build", CreateTS: tsAgo(860), UpdateTS: tsAgo(20), AtEvent: ptr(int64(210340)), TaskID: ptr(int64(71188)), Tries: 3},
		{ID: 9030, Owner: 7, OwnerName: "jsmith", Priority: 20, TagName: "f44-build", CreateTS: tsAgo(4000), UpdateTS: tsAgo(3700), RepoID: ptr(int64(5519)), TaskID: ptr(int64(71000)), Tries: 1},
	}
	repos := []koji.Repo{
		{ID: 5521, TagID: 1, TagName: "f44-build", State: koji.RepoInit, CreationTS: tsAgo(120), TaskID: ptr(int64(71233))},
		{ID: 5520, TagID: 5, TagName: "f44-updates", State: koji.RepoReady, CreationTS: tsAgo(3000), Dist: true},
		{ID: 5519, TagID: 1, TagName: "f44-build", State: koji.RepoReady, CreationTS: tsAgo(2460), EndEvent: ptr(int64(210502)), EndTS: tsAgo(2400), TaskID: ptr(int64(71000))},
		{ID: 5507, TagID: 2, TagName: "f43-build", State: koji.RepoReady, CreationTS: tsAgo(7200)},
		{ID: 5402, TagID: 3, TagName: "epel10-build", State: koji.RepoExpired, CreationTS: tsAgo(3 * 86400), EndEvent: ptr(int64(200000)), EndTS: tsAgo(2 * 86400)},
		{ID: 5401, TagID: 4, TagName: "odd\x1b]0;x\a", State: koji.RepoProblem, CreationTS: tsAgo(3 * 86400)},
	}
	tasks := []koji.Task{{ID: 71233, State: koji.TaskOpen, Method: "newRepo", Arch: "noarch", StartTS: tsAgo(122), CreateTS: tsAgo(125), Request: []any{"f44-build"}}}
	waits := []koji.Task{{ID: 71230, State: koji.TaskOpen, Method: "waitrepo", Arch: "noarch", Request: []any{"f44-build", nil, []any{"libuv-1.51.0-1.fc44"}}}}
	return newRepoData(requests, repos, tasks, waits)
}

func openRepos(r *root) *reposView {
	r.goTo(5)
	v := r.top().(*reposView)
	r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: sampleRepos()})
	v.takeBehind(behindTold{5519: 4, 5402: 118})
	return v
}

func TestFarmFrames(t *testing.T) {
	t.Parallel()
	checkFrames(t, []frameCase{
		{name: "hosts", do: func(r *root) { openHosts(r, false); press(r, "j") }, ascii: true},
		{name: "channels", do: func(r *root) { openHosts(r, true); press(r, "j") }, ascii: true},
		{name: "host", do: openHost},
		{name: "host-history", do: func(r *root) { openHost(r); press(r, "tab") }},
		{name: "host-disable", do: func(r *root) { openHost(r); r.e.me.perms = []string{"host"}; press(r, "a", "d") }},
		{name: "requests", do: func(r *root) { openRepos(r) }, ascii: true},
		{name: "repos", do: func(r *root) { openRepos(r); press(r, "tab", "j") }, ascii: true},
	})
}

// A hub without an event stream, as Koji's own, shows the same of its farm.
func TestFarmPolled(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.tags("f44-build")
	var answer koji.RepoAnswer
	l.call(l.admin, &answer, "repo.request", "f44-build")
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	d := drive(t, l.polled(), 80, 24)
	d.see("⟳ poll", fmt.Sprintf("%d build", parent))
	d.press("4")
	d.see("1 host", "bld01", fmt.Sprintf("%d build (f44-candidate, /rpms/foo:main)", parent))
	d.press("6")
	d.see("▾ default (1)")
	d.press("5")
	d.see("f44-build", "queued", "asked by admin")
	d.press("t")
	d.see("Repos › f44-build", "[Inheritance]")
}

// Hosts, channels, requests and repos of a real hub are shown, change by
// themselves, and are acted on.
func TestFarmLive(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	d := drive(t, l.admin, 80, 24)
	d.see("stream")
	d.press("4")
	d.see("1 host", "bld01", "0 of ")
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	child := l.subtask(parent, "x86_64")
	l.open(child)
	d.see(fmt.Sprintf("%d build (f44-candidate", parent), "1 more")
	d.press("enter")
	d.see("now (2)", fmt.Sprintf("%d buildArch (foo-1-1.src.rpm, x86_64)", child), "[Tasks]")
	d.press("tab")
	d.see("made, enabled", "into channel default")
	d.press("a", "d")
	for _, c := range "out of order" {
		d.press(string(c))
	}
	d.see("Disable bld01", "2 that run go on")
	d.press("enter")
	d.see("bld01 is disabled", `comment "out of order"`)
	d.press("q")
	d.see("⊘ 1 disabled", `disabled by admin`, `"out of order"`)
	d.press("6")
	d.see("▾ default (1)", "queue 0")
	d.press("5")
	d.see("nobody waits for a repo", "[Requests]")
	var answer koji.RepoAnswer
	l.call(l.admin, nil, "createTag", "f44-build", koji.Named{"arches": "x86_64"})
	l.call(l.admin, &answer, "repo.request", "f44-build")
	d.see(fmt.Sprint(answer.Request.ID), "f44-build", "queued", "asked by admin")
	d.press("tab")
	d.see("[Repos]", "0 of 0", "no repos")
}
