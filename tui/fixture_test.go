package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"koji"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testNow is when all fixed screens are looked at.
func testNow() time.Time { return time.Date(2026, 11, 24, 14, 32, 7, 0, time.UTC) }

// secondsAgo is a moment before testNow.
func secondsAgo(n float64) float64 { return seconds(testNow()) - n }

// sample is a row of the fixed store, in a form that reads well.
type sample struct {
	id, parent int64
	state      koji.TaskState
	waiting    bool
	method     string
	label      string
	arch, host string
	age, took  float64 // seconds since it began, and that it took if it is finished
	fault      string
	tail       string
}

// samples are the tasks of the drawings in the design.
func samples() []sample {
	const (
		free, open, closed, canceled, failed = koji.TaskFree, koji.TaskOpen, koji.TaskClosed, koji.TaskCanceled, koji.TaskFailed
	)
	list := []sample{
		{71204, 0, open, true, "build", "build (f44-candidate, /rpms/bash.git:9f3c2ab81d0e77c1)", "noarch", "bld01", 401, 0, "", ""},
		{71205, 71204, closed, false, "buildSRPMFromSCM", "buildSRPMFromSCM (/rpms/bash.git:9f3c2ab81d0e77c1)", "noarch", "bld02", 395, 52, "", ""},
		{71211, 71204, open, false, "buildArch", "buildArch (bash-5.3.0-2.fc44.src.rpm, x86_64)", "x86_64", "bld04", 324, 0, "", `gcc -c -g -O2 -flto=auto -DPROGRAM='"bash"' -I. -Iinclude expr.c`},
		{71212, 71204, open, false, "buildArch", "buildArch (bash-5.3.0-2.fc44.src.rpm, aarch64)", "aarch64", "bld06", 286, 0, "", "checking for mbrtowc... yes"},
		{71213, 71204, free, false, "buildArch", "buildArch (bash-5.3.0-2.fc44.src.rpm, s390x)", "s390x", "", 331, 0, "", ""},
		{71190, 0, failed, false, "build", "build (f44-candidate, /rpms/fish.git:c01d7e4422)", "noarch", "bld03", 729, 549, "BuildError: error building package (arch ppc64le), mock exited with status 1; see build.log", ""},
		{71191, 71190, closed, false, "buildSRPMFromSCM", "buildSRPMFromSCM (/rpms/fish.git:c01d7e4422)", "noarch", "bld02", 720, 48, "", ""},
		{71194, 71190, closed, false, "buildArch", "buildArch (fish-4.1.2-1.fc44.src.rpm, x86_64)", "x86_64", "bld04", 665, 475, "", ""},
		{71195, 71190, closed, false, "buildArch", "buildArch (fish-4.1.2-1.fc44.src.rpm, aarch64)", "aarch64", "bld06", 665, 432, "", ""},
		{71196, 71190, canceled, false, "buildArch", "buildArch (fish-4.1.2-1.fc44.src.rpm, s390x)", "s390x", "bld11", 664, 483, "", ""},
		{71197, 71190, failed, false, "buildArch", "buildArch (fish-4.1.2-1.fc44.src.rpm, ppc64le)", "ppc64le", "bld07", 663, 482, "BuildError: error building package (arch ppc64le), mock exited with status 1; see build.log", ""},
		{71180, 0, open, true, "chainbuild", "chainbuild (f44-candidate)", "noarch", "bld01", 1875, 0, "", ""},
		{71181, 71180, closed, true, "build", "build (f44-candidate, /rpms/libuv.git:77ab0e31)", "noarch", "bld05", 1870, 1480, "", ""},
		{71182, 71181, closed, false, "buildArch", "buildArch (libuv-1.51.0-1.fc44.src.rpm, x86_64)", "x86_64", "bld05", 1700, 1200, "", ""},
		{71230, 71180, open, false, "waitrepo", "waitrepo (f44-build, libuv-1.51.0-1.fc44)", "noarch", "bld02", 130, 0, "", ""},
	}
	for i := range 9 {
		state := closed
		if i == 4 {
			state = canceled
		}
		list = append(list, sample{int64(71100 + i), 0, state, false, "newRepo", "newRepo (f44-build)", "noarch", "bld08", 5000, 120, "", ""})
	}
	return list
}

func (s sample) task() task {
	t := task{
		id: s.id, parent: s.parent, owner: 7, kind: kindOf(s.state, s.waiting, s.method), waiting: s.waiting,
		priority: 20, method: s.method, arch: s.arch, label: s.label, host: s.host, ownerName: "jsmith",
		created: secondsAgo(s.age), fault: s.fault, channelName: "default", channel: 1, weight: 1.5,
	}
	if s.method == "buildArch" {
		t.pkg, _, _ = strings.Cut(strings.TrimPrefix(s.label, "buildArch ("), "-")
		t.tag = "f44-build"
	}
	if s.method == "chainbuild" {
		t.chain = chainOf(koji.Task{Method: s.method, Request: []any{
			[]any{[]any{"git+https://src.lab.example/rpms/libuv.git#77ab0e31"}, []any{"git+https://src.lab.example/rpms/nodejs22.git#1e09c7d2"}}, "f44-candidate",
		}})
	}
	if s.host != "" {
		t.started = t.created
	}
	if s.state.Finished() {
		t.completed = t.created + s.took
	}
	return t
}

func sampleChanges() changes {
	c := changes{whole: true, tails: map[int64]string{}}
	for _, s := range samples() {
		c.tasks = append(c.tasks, s.task())
		if s.tail != "" {
			c.tails[s.id] = s.tail
		}
	}
	return c
}

// testRoot is a model without a hub.
func testRoot(w, h int, t *theme) *root {
	e := newEnv(context.Background(), &hub{meter: &meter{}, now: testNow}, t)
	e.profile, e.loc = "lab", time.UTC
	e.me = who{id: 7, name: "jsmith", perms: []string{"repo", "tag"}}
	e.store.setMe(7)
	e.link = link{stream: true, logs: true, up: true, heard: testNow()}
	r := newRoot(context.Background(), newTab(e, true))
	r.Update(sizeMsg(w, h))
	r.Update(sampleChanges())
	return r
}

// golden compares what is on the screen with two files, one for the text and
// one for the roles.
func golden(t *testing.T, name string, r *root) {
	t.Helper()
	c := checkFrame(t, r)
	var text, roles strings.Builder
	for y := range c.h {
		text.WriteString(c.text(y) + "\n")
		roles.WriteString(c.roles(y) + "\n")
	}
	compareFile(t, name+".txt", text.String())
	compareFile(t, name+".roles", roles.String())
}

func compareFile(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// checkFrame draws a frame and asserts what holds for all.
func checkFrame(t testing.TB, r *root) *Canvas {
	t.Helper()
	var c *Canvas
	r.drawn, r.dirty = func(d *Canvas) { c = d }, true
	r.View()
	if err := frameError(r); err != nil {
		t.Fatal(err)
	}
	return c
}

// frameError is what is wrong with the last frame: its size, or something
// foreign that reaches the terminal.
func frameError(r *root) error {
	lines := strings.Split(r.frame, "\n")
	if len(lines) != max(r.h, 1) {
		return fmt.Errorf("frame of %d lines on a screen of %d", len(lines), r.h)
	}
	for y, line := range lines {
		if w := ansi.StringWidth(line); w > r.w {
			return fmt.Errorf("line %d is %d wide on a screen of %d: %q", y, w, r.w, line)
		}
	}
	known := map[string]bool{styleEnd: true}
	for ro := range roleCount {
		known[r.e.theme.starts[ro]], known[r.e.theme.selected[ro]] = true, true
	}
	for rest := r.frame; ; {
		at := strings.IndexByte(rest, 0x1b)
		if at < 0 {
			break
		}
		rest = rest[at:]
		end := strings.IndexByte(rest, 'm')
		if end < 0 || !known[rest[:end+1]] {
			return fmt.Errorf("foreign escape sequence in the frame: %q", rest[:min(len(rest), 20)])
		}
		rest = rest[end+1:]
	}
	if strings.ContainsAny(strings.ReplaceAll(r.frame, "\n", ""), "\r\t\a\b\x00\u202e\u200b") {
		return fmt.Errorf("control character in the frame: %q", r.frame)
	}
	return nil
}
