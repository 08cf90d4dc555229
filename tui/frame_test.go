package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

func sizeMsg(w, h int) tea.WindowSizeMsg { return tea.WindowSizeMsg{Width: w, Height: h} }

// resize gives the screen another size, which stays.
func resize(r *root, w, h int) {
	r.Update(sizeMsg(w, h))
	r.Update(sizeRests(sizeMsg(w, h)))
}

// keyMsg is the message of a key by its name.
func keyMsg(name string) tea.KeyMsg {
	types := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "down": tea.KeyDown, "up": tea.KeyUp, "right": tea.KeyRight, "left": tea.KeyLeft,
		"ctrl+d": tea.KeyCtrlD, "ctrl+u": tea.KeyCtrlU, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "ctrl+c": tea.KeyCtrlC,
		"ctrl+s": tea.KeyCtrlS, "ctrl+y": tea.KeyCtrlY,
		"home": tea.KeyHome, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	}
	if k, ok := types[name]; ok {
		return tea.KeyMsg{Type: k}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

func press(r *root, names ...string) {
	for _, n := range names {
		r.Update(keyMsg(n))
	}
}

func sizes() [][2]int { return [][2]int{{60, 15}, {80, 24}, {160, 50}} }

// frameCase is a screen that is held to golden files.
type frameCase struct {
	name  string
	do    func(r *root)
	ascii bool // also without colours and UTF-8
	least int  // columns that it needs
}

func TestFrames(t *testing.T) {
	t.Parallel()
	checkFrames(t, []frameCase{
		{name: "home", do: func(r *root) { press(r, "j", "j") }, ascii: true},
		{name: "filter", do: func(r *root) { press(r, "/", "f", "i", "s", "h") }},
		{name: "menu", do: func(r *root) { press(r, "a", "s") }},
		{name: "cancel", do: func(r *root) { press(r, "a", "c") }},
		{name: "lost", do: func(r *root) {
			r.Update(link{stream: true, lost: testNow().Add(-102e9), next: testNow().Add(8e9), tries: 6, reason: "connection refused"})
		}},
		{name: "help", do: func(r *root) { press(r, "?") }},
		{name: "detail", do: openDetail},
		{name: "running", do: openRunning, ascii: true},
		{name: "files", do: func(r *root) { openRunning(r); press(r, "tab", "tab", "tab", "j") }},
		{name: "buildroots", do: func(r *root) { openRunning(r); press(r, "shift+tab") }},
		{name: "estimates", do: func(r *root) {
			estimated(r)
			r.e.waits.known[71213] = waiting{"host", "both s390x hosts of channel default are full (bld11 4.0 of 4.0, bld12 4.0 of 4.0)", nil}
			r.e.waits.known[71230] = waiting{"repo", "newRepo 71233 (f44-build) OPEN", nil}
			r.Update(changes{farm: &farmLoad{41.2, 60}})
			r.top().(*tasksView).build()
			press(r, "g", "j", "j")
			v := r.top().(*tasksView)
			p := newLogPane(r.e, v.c, 71211, "build.log", nil)
			p.nonum = true
			v.side.log = p
			v.side.resize(v.side.w, v.side.h)
			serve(r, p, phasedLog("eval.c:400:1: error: it broke here\n"))
		}, ascii: true},
		{name: "sorted", do: func(r *root) { press(r, "s", "s", " ", " ") }},
		{name: "log", do: openLog, ascii: true},
		{name: "wrapped", do: func(r *root) { openLog(r); press(r, "w") }},
		{name: "phases", do: func(r *root) {
			v := newLogView(r.e, 71211, "build.log", nil)
			r.push(v)
			serve(r, v.panes[0], phasedLog("eval.c:400:1: error: it broke here\n"))
		}},
		{name: "two", do: func(r *root) { openTwoLogs(r) }, least: 80},
		{name: "empty", do: func(r *root) { r.Update(changes{whole: true}) }},
	})
}

// checkFrames compares screens of all sizes with golden files.
func checkFrames(t *testing.T, cases []frameCase) {
	t.Helper()
	for _, tt := range cases {
		for _, size := range sizes() {
			for _, ascii := range []bool{false, true} {
				if size[0] < tt.least || ascii && !tt.ascii {
					continue
				}
				name := fmt.Sprintf("%s-%dx%d", tt.name, size[0], size[1])
				th := newTheme(paletteDark, false)
				if ascii {
					name += "-ascii"
					th = newTheme(paletteNone, true)
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					r := testRoot(size[0], size[1], th)
					tt.do(r)
					golden(t, name, r)
				})
			}
		}
	}
}

// openDetail opens a task and answers what it asks.
func openDetail(r *root) {
	press(r, "/", "7", "1", "1", "9", "7", "enter", "enter")
	ts := func(ago float64) *float64 { s := secondsAgo(ago); return &s }
	parent, host := int64(71190), int64(4)
	d := &detail{
		task: koji.Task{
			ID: 71197, State: koji.TaskFailed, Method: "buildArch", Arch: "ppc64le", Parent: &parent, HostID: &host, Owner: 7,
			Priority: 19, Weight: 1.5, CreateTS: ts(663), StartTS: ts(663), CompletionTS: ts(181),
		},
		params: map[string]any{
			"pkg": "tasks/1191/71191/fish-4.1.2-1.fc44.src.rpm", "root": "f44-build", "arch": "ppc64le",
			"keep_srpm": false, "opts": map[string]any{"repo_id": int64(5519)},
		},
		fault: koji.NewError(koji.CodeBuild, "error building package (arch ppc64le), mock exited with status 1; see build.log\nmore: \x1b[31mred\n"),
		files: filesOf(71197, map[string]fileStat{"build.log": {Size: "12400000"}, "root.log": {Size: "388000"}, "state.log": {Size: "812"}}),
	}
	v := r.top()
	r.Update(reply{from: r.e, to: v.calls(), gen: v.calls().gen, what: d})
}

// filesOf are files of a task as a detail has them.
func filesOf(task int64, files map[string]fileStat) []taskFile {
	var list []taskFile
	for _, name := range fileNames(files) {
		list = append(list, taskFile{task, name, files[name].size(), files})
	}
	return list
}

// openRunning opens a build that runs, with its timeline, and why a part of it waits.
func openRunning(r *root) {
	estimated(r)
	r.e.waits.known[71213] = waiting{"host", "both s390x hosts of channel default are full (bld11 4.0 of 4.0, bld12 4.0 of 4.0)", []string{"bld11 4.0 of 4.0, which is full", "bld12 4.0 of 4.0, which is full"}}
	press(r, "g", "enter")
	v := r.top().(*taskView)
	task := func(s sample) koji.Task {
		t := koji.Task{ID: s.id, State: s.state, Method: s.method, Arch: s.arch, CreateTS: tsAgo(s.age + 4), ChannelID: 1, Owner: 7}
		if s.parent != 0 {
			t.Parent = ptr(s.parent)
		}
		if s.host != "" {
			t.StartTS = tsAgo(s.age)
		}
		if s.took > 0 {
			t.CompletionTS = tsAgo(s.age - s.took)
		}
		return t
	}
	d := &detail{channel: "default", params: map[string]any{
		"src": "git+https://src.lab.example/rpms/bash.git#9f3c2ab81d0e77c1", "target": "f44-candidate", "opts": map[string]any{"wait_repo": true},
	}}
	below := map[string][]koji.Task{}
	for _, s := range samples() {
		switch {
		case s.id == 71204:
			d.task = task(s)
		case s.parent == 71204:
			below["71204"] = append(below["71204"], task(s))
		}
	}
	d.descend(below, 71204, 1)
	d.files = append(filesOf(71205, map[string]fileStat{"bash-5.3.0-2.fc44.src.rpm": {Size: "11200000"}, "build.log": {Size: "212000"}}),
		filesOf(71211, map[string]fileStat{"build.log": {Size: "1400000"}, "root.log": {Size: "388000"}})...)
	d.builds = []koji.Build{{ID: 812, NVR: "bash-5.3.0-2.fc44", State: koji.BuildBuilding, OwnerName: "jsmith", VolumeName: "DEFAULT"}}
	d.buildroots = []buildroot{{ID: 88124, Host: "bld04.example.org", Arch: "x86_64", State: 2, Tag: "f44-build", Repo: 5519, Task: 71211, Made: secondsAgo(320)}}
	r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: d})
}

// estimated gives the hub times of earlier builds.
func estimated(r *root) {
	var past pastTimes
	for i := range 7 {
		past.Samples = append(past.Samples, pastTime{"buildArch", "x86_64", "f44-build", 418 + float64(i)*6}, pastTime{"buildArch", "aarch64", "f44-build", 480 + float64(i)*2})
	}
	r.e.kept.Times["p:bash"] = past
	r.Update(tick{})
}

// openLog opens a log and answers what it asks.
func openLog(r *root) {
	v := newLogView(r.e, 71197, "build.log", nil)
	r.push(v)
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, "[%d/498] Compiling Rust crate fish-printf\n", i+1)
	}
	b.WriteString("src/io.rs:88:9: warning: variable does not need to be mutable\n")
	b.WriteString("\x1b[1m/usr/bin/ld: fish.o: in function `fish_wcstod':\x1b[0m\n")
	b.WriteString("wcstod.c:114: undefined reference to `__strtof128_l'\n")
	b.WriteString("\tcolumn\tof\ttabs\nprogress 1%\rprogress 100%\n")
	b.WriteString("error: Bad exit status from /var/tmp/rpm-tmp.9Zk1aM (%build), which is a long line that goes on and on until it no longer fits into eighty columns\n")
	b.WriteString("\x1b]0;owned\aCommand failed. See logs for output.\n")
	data := []byte(b.String())
	serve(r, v.panes[0], data)
	press(r, "/", "s", "t", "r", "t", "o", "f", "enter")
}

func TestTooSmall(t *testing.T) {
	t.Parallel()
	r := testRoot(52, 12, newTheme(paletteDark, false))
	if got, want := checkFrame(t, r).text(0), "60x15 is needed, this is 52x12"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	press(r, "?")
	resize(r, 80, 24)
	if got := checkFrame(t, r).text(0); !strings.Contains(got, "Help") {
		t.Errorf("a key pressed while the screen was too small is lost: %q", got)
	}
}
