package tui

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

// FuzzScreen feeds random stores, sizes and keys: whatever comes, frames have
// their size, nothing foreign reaches the terminal, and the selection stays on
// a row that there is.
func FuzzScreen(f *testing.F) {
	f.Add([]byte("jjzlk/fi\x00sh"), 80, 24, "build (f44, foo)", "line\x1b[31m")
	f.Add([]byte{0, 1, 2, 3, 250, 9, 40, 77}, 60, 15, "\x1b]0;x\a\u202e日本語e\u0301\u0301\u0301", "\xff\t\r")
	f.Add([]byte("GGGgggMfZ?q"), 1, 1, "🇩🇪👋🏽가", "\u200b")
	f.Add([]byte("\xfe\xff\x80\x10llwwnNeE"), 160, 50, "buildArch (a.src.rpm, x86_64)", "error: x")
	f.Add([]byte{38, 246, 4, 246, 35, 35, 4, 246, 45, 41, 246, 13}, 80, 24, "bash-5.3.0-1.fc44", "f44\x1b[1m")
	f.Add([]byte{39, 246, 4, 246, 247, 248, 249, 33, 33, 246, 35, 246, 43, 246, 34, 33, 249}, 60, 15, "f44-build", "\u202e日本")
	names := []string{
		"j", "k", "h", "right", "enter", "l", "/", "n", "N", "e", "E", "z", "Z", "f", "M", "w", "o", "g", "G",
		"ctrl+d", "ctrl+u", "pgdown", "pgup", "?", "esc", "q", "a", "c", "s", "y", "backspace", "x", "]", "[", "#", "L", "tab", "=",
		"1", "2", "3", "4", "5", "6", "{", "}", "d", "t", "shift+tab", " ", "v",
		":", "p", "b", "m", "u", "Y", "ctrl+s", "r", "home", "end",
	}
	f.Fuzz(func(t *testing.T, steps []byte, w, h int, label, line string) {
		w, h = 1+abs(w)%200, 1+abs(h)%60
		// More would only take longer.
		steps, label, line = steps[:min(len(steps), 200)], label[:min(len(label), 2000)], line[:min(len(line), 20000)]
		for _, th := range []*theme{newTheme(paletteDark, false), newTheme(paletteNone, true)} {
			r := testRoot(w, h, th)
			for i, s := range steps {
				next := byte(0)
				if i+1 < len(steps) {
					next = steps[i+1]
				}
				switch {
				case s < 128:
					press(r, names[int(s)%len(names)])
				case s < 220:
					r.Update(changes{
						tasks: []task{{
							id: int64(next) + 71000, parent: int64(s)%50 + 71180, owner: int64(s % 3), kind: kind(next % byte(kindCount)),
							method: label, label: label, arch: line, host: label, ownerName: line, fault: line, completed: secondsAgo(float64(s)),
						}},
						tails: map[int64]string{71211: line},
						logs:  []logSize{{71211, "build.log", int64(next)}},
					})
				case s < 230:
					r.Update(changes{whole: true})
					r.Update(sampleChanges())
				case s < 240:
					resize(r, 1+int(next), 1+int(s)%60)
				case s < 245:
					r.Update(link{lost: testNow(), reason: line, tries: int(next)})
				case s < 250:
					answerTop(r, label, line, next)
				default:
					r.Update(tick{})
				}
				checkFrame(t, r)
				checkStore(t, r.e.store)
				if home := r.stacks[0][0].(*tasksView); len(home.t.rows) > 0 && home.t.selected() == nil {
					t.Fatalf("no row is selected of %d", len(home.t.rows))
				}
			}
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

// answerTop answers what the top view may have asked.
func answerTop(r *root, label, line string, n byte) {
	switch v := r.top().(type) {
	case *taskView:
		r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: &detail{
			task:       koji.Task{ID: v.id, State: koji.TaskState(n % 7), Method: label, Request: []any{line, int64(n)}},
			below:      []subtask{{Task: koji.Task{ID: int64(n), Method: line, Arch: label}, depth: 1 + int(n)%3, last: n%2 == 0}},
			params:     map[string]any{label: line, "x": []any{line, map[string]any{label: nil}}},
			files:      filesOf(v.id, map[string]fileStat{line: {Size: label}, "build.log": {Size: "9"}}),
			buildroots: []buildroot{{ID: int64(n), Host: label, Arch: line, Tag: line}},
			builds:     []koji.Build{{ID: 7, NVR: line}},
			fault:      koji.NewError(koji.CodeBuild, line),
			result:     line,
		}})
	case *logView:
		for _, p := range v.panes {
			kind := fetchKind(n % 6)
			f := fetched{kind: kind, pane: p, gen: p.gen, data: []byte(line + "\nExecuting(%build): x\n" + label), size: int64(n) * 20}
			if kind == fetchAfter {
				f.from = p.win.end()
			}
			r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: f})
			r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: counted{p, p.gen, p.index.read([]byte(line))}})
			r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: found{pane: p, gen: p.gen, seek: p.seek, at: int64(n) - 1}})
		}
	case *buildsView, *buildView, *compareView, *rpmView, *tagsView, *tagView:
		tellThings(r, label, line, n)
	case *hostsView:
		r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: newFarm(
			[]koji.Host{{ID: 1, Name: label, Arches: &line, Comment: &line, Enabled: n%2 == 0, TaskLoad: float64(n)}},
			[]koji.Channel{{ID: 1, Name: line}, {ID: 2, Name: label, Comment: &label}}, [][]koji.Host{{{ID: 1}}, {}},
			[]koji.Task{{ID: 9, HostID: ptr(int64(1)), Method: line}}, []hostConfig{{1, label, float64(n)}})})
	case *hostView:
		f := newFarm([]koji.Host{{ID: 1, Name: label, Arches: &line, Capacity: float64(n)}}, nil, nil, nil, nil)
		r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: &hostDetail{
			host: f.hosts[0], channels: []string{clean(line)}, data: map[string]any{label: line},
			recent:  []task{{id: int64(n), label: clean(line)}},
			history: hostChanges([]hostConfigRow{{Arches: &line, Comment: &label}}, []hostChannelRow{{Channel: line, RevokedTS: new(float64)}}),
		}})
	case *reposView:
		r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: newRepoData(
			[]koji.RepoRequest{{ID: int64(n), TagName: label, OwnerName: line, Active: n%2 == 0, Opts: map[string]any{line: label}, TaskID: ptr(int64(n % 3))}},
			[]koji.Repo{{ID: int64(n), TagName: line, State: koji.RepoState(n % 7)}}, []koji.Task{{ID: 1, State: koji.TaskOpen}},
			[]koji.Task{{ID: 2, Method: "waitrepo", Request: []any{label}}})})
	case *tasksView:
		r.e.takeWaits(waitsTold{71213: {word: clean(label), line: clean(line)}})
		r.e.takeTimes(timesTold{"p:bash": {Samples: []pastTime{{"buildArch", "x86_64", "", float64(n)}, {"buildArch", "x86_64", "", 9}}}})
		r.Update(reply{from: r.e, to: v.c, gen: v.c.gen, what: logChoice{task: int64(n), name: label}})
	}
}

// FuzzLog feeds a log in pieces of any size to the window and the index:
// lines, phases and counts are those of the whole, and what is shown is harmless.
func FuzzLog(f *testing.F) {
	f.Add([]byte("a\nExecuting(%build): x\r\nerror: y\n\x1b[31mred\n"), uint8(3), uint8(7))
	f.Add([]byte("Start: \xff\n\n\nStart: init\nwarning: x"), uint8(0), uint8(1))
	f.Add(bytes.Repeat([]byte("x\t\r"), 300), uint8(200), uint8(90))
	f.Fuzz(func(t *testing.T, file []byte, at, step uint8) {
		file = file[:min(len(file), 2000)]
		var w logWindow
		from, n := min(int(at), len(file)), int(step)+1
		w.set(int64(from), file[from:min(from+n, len(file))])
		for w.end() < int64(len(file)) {
			w.grow(file[w.end():min(int(w.end())+n, len(file))])
		}
		for w.start > 0 {
			before := max(int(w.start)-n, 0)
			w.prepend(int64(before), file[before:w.start])
		}
		checkHeads(t, &w)
		if diff := cmp.Diff(plainLines(file), linesOf(&w)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		var x, whole logIndex
		whole.take(whole.read(file))
		for x.at < int64(len(file)) {
			x.take(x.read(file[x.at:min(int(x.at)+n, len(file))]))
		}
		if x.lines != whole.lines || !slices.Equal(x.errors, whole.errors) || !slices.Equal(x.places, whole.places) {
			t.Fatalf("read in pieces of %d: %+v, at once: %+v", n, x, whole)
		}
		for i := range w.lines {
			if text := logText(w.line(i)); strings.ContainsAny(text, "\x1b\r\n\t\a\b\x00\u202e\u200b") {
				t.Fatalf("%q is shown as %q", w.line(i), text)
			}
		}
	})
}
