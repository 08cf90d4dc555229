package tui

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// However a log is read, in pieces of any size, its index is the same.
func TestLogIndex(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	var errors, warns, places []int64
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		if i%indexEvery == 0 {
			places = append(places, int64(b.Len()))
		}
		switch rnd.IntN(10) {
		case 0:
			errors = append(errors, int64(b.Len()))
			b.WriteString("foo.c:1: error: broken\n")
		case 1:
			warns = append(warns, int64(b.Len()))
			b.WriteString("foo.c:1: warning: odd\n")
		default:
			b.WriteString(strings.Repeat("x", rnd.IntN(50)) + "\n")
		}
	}
	file := b.Bytes()
	for range 20 {
		var x logIndex
		var w logWindow
		from := rnd.IntN(len(file))
		w.set(int64(from), file[from:])
		for x.at < int64(len(file)) {
			n := min(x.at+1+rnd.Int64N(5000), int64(len(file)))
			x.take(x.read(file[x.at:n]))
		}
		if x.lines != 2000 || !slices.Equal(x.errors, errors) || !slices.Equal(x.warns, warns) || !slices.Equal(x.places, places) {
			t.Fatalf("%d lines, %d errors, %d warnings, %d places; want 2000, %d, %d, %d",
				x.lines, len(x.errors), len(x.warns), len(x.places), len(errors), len(warns), len(places))
		}
		if n := x.number(&w); n >= 0 && n != int64(bytes.Count(file[:w.start], []byte("\n"))) {
			t.Fatalf("the line at %d is number %d", w.start, n)
		}
	}
}

// A search beyond what is on the screen finds what looking at every line finds.
func TestSeek(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for i := range 60000 {
		fmt.Fprintf(&b, "line %d of a log\n", i)
		if i%20000 == 19999 {
			b.WriteString("the needle " + strings.Repeat("y", 100000) + "\n")
		}
	}
	file := b.Bytes()
	read := inMemory("build.log", file)
	match := matcher("needle")
	var places []int64
	for at := 0; ; {
		i := bytes.Index(file[at:], []byte("the needle"))
		if i < 0 {
			break
		}
		at += i
		places = append(places, int64(at))
		at++
	}
	var n atomic.Int64
	for i, want := range places {
		from := int64(0)
		if i > 0 {
			from = places[i-1] + 11 + 100000 + 1
		}
		if at, err := seekForward(t.Context(), read, from, match, &n); err != nil || at != want {
			t.Errorf("forward from %d: %d, %v, want %d", from, at, err, want)
		}
		end := int64(len(file))
		if i+1 < len(places) {
			end = places[i+1]
		}
		if at, err := seekBack(t.Context(), read, end, match, &n); err != nil || at != want {
			t.Errorf("back from %d: %d, %v, want %d", end, at, err, want)
		}
	}
	if at, err := seekBack(t.Context(), read, places[0], match, &n); err != nil || at != -1 {
		t.Errorf("back from the first: %d, %v", at, err)
	}
}

// hugeLog is a log of 500 MB that isn't there until it is read; line i is
// "line i …", 100 bytes long, and near its end one is an error.
func hugeLog(readBytes *atomic.Int64) (logSource, int64) {
	const lines, size = 5_000_000, 500_000_000
	return func(_ context.Context, from, n int64) (fetched, error) {
		if from < 0 {
			from += size
		}
		end := min(from+n, size)
		data := make([]byte, 0, n+200)
		for i := from / 100; i*100 < end; i++ {
			text := "gcc -c -g -O2"
			if i == lines-90000 {
				text = "undefined reference to `x'"
			}
			begin := len(data)
			data = fmt.Appendf(data, "line %09d %s", i, text)
			for len(data) < begin+99 {
				data = append(data, '.')
			}
			data = append(data, '\n')
		}
		data = data[from%100:]
		readBytes.Add(end - from)
		return fetched{data: data[:end-from], size: size, files: map[string]fileStat{"build.log": {Size: fmt.Sprint(size)}}}, nil
	}, size
}

func openHuge(t testing.TB) (*root, *logPane, *atomic.Int64) {
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	p := v.panes[0]
	n := &atomic.Int64{}
	p.read, _ = hugeLog(n)
	p.fetching = false
	answer(r, p.fetch(fetchOpen))
	return r, p, n
}

// A log of 500 MB opens by reading its end, goes to its beginning by reading
// that, and takes little memory however far one scrolls.
func TestHugeLog(t *testing.T) {
	t.Parallel()
	r, p, n := openHuge(t)
	if screenLine(t, r, "line 004999999") < 0 {
		t.Errorf("the last line isn't there:\n%s", screenText(checkFrame(t, r)))
	}
	if got := n.Load(); got > 2*rangeSize {
		t.Errorf("%d bytes were read to open it", got)
	}
	n.Store(0)
	pressAnd(r, "g")
	if screenLine(t, r, "1 line 000000000") < 0 || n.Load() > 2*rangeSize {
		t.Errorf("the beginning after %d bytes:\n%s", n.Load(), screenText(checkFrame(t, r)))
	}
	pressAnd(r, "G")
	for range 3000 {
		pressAnd(r, "pgup", "pgup", "pgup")
	}
	if size := len(p.win.data); size > windowLimit {
		t.Errorf("%d bytes are kept", size)
	}
	if p.win.end() == p.size {
		t.Errorf("scrolling back by 9000 pages hasn't moved the window")
	}
}

// Lines are gone to by their numbers, once they are counted.
func TestToLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for i := range 200000 {
		fmt.Fprintf(&b, "this is line number %d\n", i+1)
	}
	b.WriteString("a warning: here\n")
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	p := v.panes[0]
	serve(r, p, b.Bytes())
	answer(r, v.toLine(77))
	if screenLine(t, r, "lines are counted so far") < 0 && p.index.lines == 0 {
		t.Errorf("nothing is counted:\n%s", screenText(checkFrame(t, r)))
	}
	for _, n := range []int64{1, 77, 123456, 200000, 256, 257, 513} {
		answer(r, v.toLine(n))
		if want := fmt.Sprintf("%s this is line number %d", thousands(n), n); screenLine(t, r, want) < 0 || p.mark < 0 {
			t.Errorf("%q isn't on the screen:\n%s", want, screenText(checkFrame(t, r)))
		}
	}
	answer(r, v.toLine(300000))
	if screenLine(t, r, "the log has 200,001 lines") < 0 {
		t.Errorf("of a line that isn't there:\n%s", screenText(checkFrame(t, r)))
	}
	pressAnd(r, "g", "e")
	if screenLine(t, r, "no error below") < 0 {
		t.Errorf("an error that isn't there:\n%s", screenText(checkFrame(t, r)))
	}
	v.commands()[0].do()
	pressAnd(r, "e")
	if screenLine(t, r, "a warning: here") < 0 {
		t.Errorf("e doesn't find the warning:\n%s", screenText(checkFrame(t, r)))
	}
}

// A search through 500 MB: its time is what the hub takes to read them.
func BenchmarkSearchHugeLog(b *testing.B) {
	for b.Loop() {
		r, _, n := openHuge(b)
		pressAnd(r, "g")
		for _, k := range "/undefined" {
			pressAnd(r, string(k))
		}
		pressAnd(r, "enter")
		if screenLine(b, r, "undefined reference") < 0 {
			b.Fatal(screenText(checkFrame(b, r)))
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/1e6, "MB-memory")
		b.SetBytes(n.Load())
	}
}

// phasedLog is a build's log with its phases.
func phasedLog(extra string) []byte {
	var b strings.Builder
	b.WriteString("Mock Version: 5.6\nBuilding target platforms: x86_64\nBuilding for target x86_64\n")
	b.WriteString("Executing(%prep): /bin/sh -e /var/tmp/rpm-tmp.Zk1aM9\n")
	for i := range 30 {
		fmt.Fprintf(&b, "+ patch -p1 -s --fuzz=0 < %04d.patch\n", i)
	}
	b.WriteString("Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.9Zk1aM\n+ ./configure --prefix=/usr\n")
	for i := range 60 {
		fmt.Fprintf(&b, "[%d/60] gcc -c -g -O2 -flto=auto file%d.c\n", i+1, i)
	}
	b.WriteString("eval.c:391:3: warning: unused variable 'oldsec'\n" + extra)
	b.WriteString("Executing(%install): /bin/sh -e /var/tmp/rpm-tmp.aMZk19\n+ make install\n")
	b.WriteString("Executing(%check): /bin/sh -e /var/tmp/rpm-tmp.M9Zk1a\n+ make check\nPASS: 12 tests\n")
	return []byte(b.String())
}

// Finished phases are folded when a log opens; keys go from phase to phase,
// and a search opens what it finds something in.
func TestPhases(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	serve(r, v.panes[0], phasedLog(""))
	see := func(texts ...string) {
		t.Helper()
		screen := screenText(checkFrame(t, r))
		for _, text := range texts {
			if not, ok := strings.CutPrefix(text, "-"); ok == strings.Contains(screen, strings.TrimPrefix(text, "-")) {
				t.Fatalf("%q, %q:\n%s", text, not, screen)
			}
		}
	}
	see("▸ init  1–3", "▸ %prep  4–34", "▸ %build  35–97", "▸ %install  98–99", "▾ %check", "PASS: 12 tests", "-gcc")
	pressAnd(r, "[", "[", "[")
	see("-gcc")
	pressAnd(r, "z")
	see("▾ %build", "gcc -c")
	pressAnd(r, "z", "G", "/", "f", "i", "l", "e", "7", "enter")
	see("[8/60] gcc", "▾ %build")
	pressAnd(r, "]")
	if p := v.pane(); p.win.heads[2].line != p.mark || phaseOf(p.win.line(p.mark)) != "%install" {
		t.Errorf("] goes to line %d", p.mark)
	}
	pressAnd(r, "Z")
	see("▸ init", "▸ %check", "-PASS", "-gcc")
	pressAnd(r, "Z", "g")
	see("▾ init  1–3  Mock Version: 5.6", "patch -p1")
	pressAnd(r, "#")
	see("-  1 ▾ init")
	pressAnd(r, "c")
	see("-▾", "\nMock Version: 5.6")
}

// Two logs stand side by side; together they go from phase to phase.
func TestTwoLogs(t *testing.T) {
	t.Parallel()
	r := testRoot(160, 50, newTheme(paletteDark, false))
	v := openTwoLogs(r)
	if len(v.panes) != 2 || v.panes[1].task != 71212 {
		t.Fatalf("%d panes", len(v.panes))
	}
	pressAnd(r, "=", "g", "]", "]")
	for i, p := range v.panes {
		if name := phaseOf(p.win.line(p.mark)); name != "%build" {
			t.Errorf("pane %d is at %q", i, name)
		}
	}
	pressAnd(r, "=", "G", "tab", "k")
	if v.panes[0].follow || !v.panes[1].follow {
		t.Errorf("k ends following in the wrong pane: left %v, right %v", v.panes[0].follow, v.panes[1].follow)
	}
	pressAnd(r, "q")
	if len(v.panes) != 1 || v.panes[0].task != 71212 || len(r.views()) != 2 {
		t.Errorf("q doesn't close the left side: %d panes, %d views", len(v.panes), len(r.views()))
	}
}

// Which log stands at the right is chosen where there are several.
func TestLogBeside(t *testing.T) {
	t.Parallel()
	r := testRoot(160, 50, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", map[string]fileStat{"build.log": {}, "root.log": {}, "foo.rpm": {}, "state.log": {}})
	r.push(v)
	right := func() string {
		if len(v.panes) < 2 {
			return "none"
		}
		return fmt.Sprintf("%d %s", v.panes[1].task, v.panes[1].name)
	}
	press(r, "L")
	for _, text := range []string{"71212 aarch64", "build.log · OPEN on bld06", "root.log", "of the same task", "state.log"} {
		if screenLine(t, r, text) < 0 {
			t.Errorf("no %q in the list:\n%s", text, screenText(checkFrame(t, r)))
		}
	}
	press(r, "esc")
	for _, step := range []struct {
		keys []string
		want string
	}{
		{nil, "none"}, {[]string{"L", "enter"}, "71212 build.log"}, {[]string{"L", "enter"}, "71211 root.log"}, {[]string{"L", "c"}, "71211 state.log"},
		{[]string{"L", "enter"}, "71212 build.log"},
	} {
		if press(r, step.keys...); right() != step.want {
			t.Errorf("after %q %s stands at the right, want %s", step.keys, right(), step.want)
		}
	}
}

func openTwoLogs(r *root) *logView {
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	serve(r, v.panes[0], phasedLog(""))
	r.key(keyMsg("L"))
	serve(r, v.panes[1], phasedLog("eval.c:400:1: error: it broke here\n"))
	return v
}

// What is saved is the whole log, under a name of its own, never over
// something that is there.
func TestSaveLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := bytes.Repeat([]byte("0123456789\x1b[1m\n"), 300000)
	name := filepath.Join(dir, "7-"+fileName("../../.ssh/build.log"))
	for i, want := range []string{"7-build.log", "7-build-1.log"} {
		s, err := saveLog(t.Context(), inMemory("build.log", file), name)
		if err != nil {
			t.Fatal(err)
		}
		if s.path != filepath.Join(dir, want) || s.size != int64(len(file)) {
			t.Errorf("save %d: %+v, want %s", i, s, want)
		}
		if got, err := os.ReadFile(s.path); err != nil || !bytes.Equal(got, file) {
			t.Errorf("save %d: %d bytes, %v", i, len(got), err)
		}
	}
	broken := func(ctx context.Context, from, n int64) (fetched, error) {
		if from > 0 {
			return fetched{}, context.DeadlineExceeded
		}
		return inMemory("build.log", file)(ctx, from, n)
	}
	if _, err := saveLog(t.Context(), broken, filepath.Join(dir, "half.log")); err == nil {
		t.Error("a log that can't be read whole is saved")
	}
	if _, err := os.Stat(filepath.Join(dir, "half.log")); err == nil {
		t.Error("half a log is left")
	}
	for in, want := range map[string]string{"build.log": "build.log", "a/b c.log": "b_c.log", "\x1b]0;x.log": "__0_x.log", "..": ""} {
		if got := fileName(in); got != want {
			t.Errorf("fileName(%q) = %q, want %q", in, got, want)
		}
	}
}
