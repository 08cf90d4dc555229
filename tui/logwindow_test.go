package tui

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
)

// linesOf are all lines of a window.
func linesOf(w *logWindow) []string {
	var lines []string
	for i := range w.lines {
		lines = append(lines, string(w.line(i)))
	}
	return lines
}

func plainLines(data []byte) []string {
	var lines []string
	for line := range bytes.Lines(data) {
		lines = append(lines, strings.TrimRight(string(line), "\r\n"))
	}
	return lines
}

// However a file is fetched, in ranges from the end, forwards or by small
// pieces, the window holds the same lines.
func TestLogWindow(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var file []byte
		for range rnd.IntN(20) {
			if rnd.IntN(5) == 0 {
				file = append(file, fmt.Sprintf("Executing(%%%d): sh", rnd.IntN(9))...)
			}
			file = append(file, strings.Repeat("x", rnd.IntN(30))...)
			if rnd.IntN(4) > 0 {
				file = append(file, '\n')
			}
		}
		at := rnd.IntN(len(file) + 1)
		var w logWindow
		w.set(int64(at), file[at:min(at+rnd.IntN(20), len(file))])
		for w.end() < int64(len(file)) {
			n := min(int(w.end())+1+rnd.IntN(15), len(file))
			w.grow(file[w.end():n])
		}
		for w.start > 0 {
			from := max(int(w.start)-1-rnd.IntN(15), 0)
			before := linesOf(&w)
			added := w.prepend(int64(from), file[from:w.start])
			after := linesOf(&w)
			if len(before) > 1 {
				if diff := cmp.Diff(before[1:], after[added+1:]); diff != "" {
					t.Fatalf("lines moved by other than %d:\n%s", added, diff)
				}
			}
		}
		if diff := cmp.Diff(plainLines(file), linesOf(&w)); diff != "" {
			t.Fatalf("file %q from %d (-want +got):\n%s", file, at, diff)
		}
		if len(file) > 0 && w.first != 0 {
			t.Fatalf("the first line is number %d", w.first)
		}
		checkHeads(t, &w)
		limit := rnd.IntN(len(file) + 1)
		whole := linesOf(&w)
		n := w.trimFront(limit, limit*3/4)
		if diff := cmp.Diff(whole[n:], linesOf(&w)); diff != "" {
			t.Fatalf("trimmed by %d:\n%s", n, diff)
		}
		if n > 0 && w.first != int64(n) {
			t.Fatalf("%d lines are gone, the first is number %d", n, w.first)
		}
		checkHeads(t, &w)
		w.trimBack(rnd.IntN(len(file) + 1))
		checkHeads(t, &w)
	}
}

// checkHeads asserts that the phases are where looking at all lines finds them.
func checkHeads(t *testing.T, w *logWindow) {
	t.Helper()
	var want []phaseHead
	for i := range w.lines {
		if name := phaseOf(w.line(i)); name != "" {
			want = append(want, phaseHead{i, name})
		}
	}
	if !slices.Equal(want, w.heads) {
		t.Fatalf("phases at %v, want %v, in %q", w.heads, want, w.data)
	}
}

func TestLogText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain\n":                  "plain",
		"a\tb":                     "a       b",
		"12345678\tb":              "12345678        b",
		"\x1b[1;31mred\x1b[0m\r\n": "red",
		"1%\r50%\r100%":            "100%",
		"\x1b]0;x\a":               "␛]0;x␇",
		"\x1b[2J":                  "␛[2J",
		"日\tb":                     "日      b",
		"\u202eabc":                "<202e>abc",
		"\xff":                     `\xff`,
		"":                         "",
	} {
		if got := logText([]byte(in)); got != want {
			t.Errorf("logText(%q) = %q, want %q", in, got, want)
		}
	}
	long := logText(bytes.Repeat([]byte("x"), 50000))
	if !strings.HasSuffix(long, "… (line of 50000 bytes)") || len(long) > longestLine+40 {
		t.Errorf("a long line is %d long and ends in %q", len(long), long[len(long)-30:])
	}
}

// inMemory is a log source that reads from memory.
func inMemory(name string, file []byte) logSource {
	return func(_ context.Context, from, n int64) (fetched, error) {
		size := int64(len(file))
		if from < 0 {
			from = max(size+from, 0)
		}
		from = min(from, size)
		f := fetched{size: size, data: file[from:min(from+n, size)]}
		f.files = map[string]fileStat{name: {Size: fmt.Sprint(size)}}
		return f, nil
	}
}

// serve opens a pane on a file in memory, and answers all that it asks.
func serve(r *root, p *logPane, file []byte) {
	p.read, p.fetching = inMemory(p.name, file), false
	answer(r, p.fetch(fetchOpen))
}

// answer runs commands and all that follows from their answers.
func answer(r *root, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch m := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range m {
			answer(r, c)
		}
	case reply:
		answer(r, r.answer(m))
	}
}

// pressAnd presses keys and answers what they ask for.
func pressAnd(r *root, names ...string) {
	for _, n := range names {
		answer(r, r.key(keyMsg(n)))
	}
}

func TestLogSearchAndScroll(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for i := 0; b.Len() < 3<<20; i++ {
		switch i {
		case 100, 101, 20000:
			fmt.Fprintf(&b, "foo.c:%d: error: it broke\n", i)
		case 7777:
			fmt.Fprintf(&b, "line %d has the Needle\n", i)
		default:
			fmt.Fprintf(&b, "line %d of a long build log that goes on\n", i)
		}
	}
	file := b.Bytes()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	p := v.panes[0]
	serve(r, p, file)
	if p.win.start == 0 || p.win.end() != int64(len(file)) {
		t.Fatalf("opened with bytes %d to %d of %d", p.win.start, p.win.end(), len(file))
	}
	last := string(bytes.TrimSpace(file[bytes.LastIndexByte(file[:len(file)-1], '\n'):]))
	if screenLine(t, r, last) != 21 {
		t.Errorf("the last line isn't at the bottom of the screen")
	}
	for _, step := range []struct{ keys, see string }{
		{"/needle\n", "line 7777 has the Needle"},
		{"E", "foo.c:101: error"},
		{"E", "foo.c:100: error"},
		{"e", "foo.c:101: error"},
		{"e", "foo.c:20000: error"},
		{"N", "line 7777 has the Needle"},
		{"g", "line 0 of"},
		{"E", "no error above"},
		{"G", last},
	} {
		for _, k := range step.keys {
			name := string(k)
			if k == '\n' {
				name = "enter"
			}
			pressAnd(r, name)
		}
		if screenLine(t, r, step.see) < 0 {
			t.Fatalf("after %q the screen doesn't show %q:\n%s", step.keys, step.see, screenText(checkFrame(t, r)))
		}
	}
	if c := p.win; c.end() != int64(len(file)) {
		t.Errorf("G ends at byte %d of %d", c.end(), len(file))
	}
}

func screenText(c *Canvas) string {
	var b strings.Builder
	for y := range c.h {
		b.WriteString(c.text(y) + "\n")
	}
	return b.String()
}

func TestLogIsReplaced(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	p := v.panes[0]
	serve(r, p, []byte("old line\nold line\n"))
	p.read = inMemory(p.name, []byte("new line\n"))
	answer(r, v.update(changes{logs: []logSize{{71211, "build.log", 9}}}))
	if screenLine(t, r, "the file was replaced") < 0 || screenLine(t, r, "new line") < 0 || screenLine(t, r, "old line") >= 0 {
		t.Errorf("a replaced log isn't begun anew:\n%s", screenText(checkFrame(t, r)))
	}
}

// The hits in a log that is there as a whole are counted, also while it grows.
func TestHitsAreCounted(t *testing.T) {
	t.Parallel()
	file := []byte("one needle\ntwo\nthree Needle\nfour need")
	r := testRoot(80, 24, newTheme(paletteDark, false))
	v := newLogView(r.e, 71211, "build.log", nil)
	r.push(v)
	p := v.panes[0]
	serve(r, p, file)
	see := func(text string) {
		t.Helper()
		if screenLine(t, r, text) != 1 {
			t.Errorf("%q isn't told:\n%s", text, screenText(checkFrame(t, r)))
		}
	}
	pressAnd(r, "g", "/")
	for _, k := range "needle" {
		pressAnd(r, string(k))
	}
	pressAnd(r, "enter")
	see("/needle 1 of 2")
	pressAnd(r, "n")
	see("/needle 2 of 2")
	grown := append(slices.Clone(file), "le\nfive needle\n"...)
	p.read = inMemory(p.name, grown)
	answer(r, v.update(changes{logs: []logSize{{71211, "build.log", int64(len(grown))}}}))
	pressAnd(r, "n")
	see("/needle 3 of 4")
	pressAnd(r, "k")
	if screenLine(t, r, "▪") < 0 {
		t.Errorf("the map shows no hits:\n%s", screenText(checkFrame(t, r)))
	}
	pressAnd(r, "esc")
	if screenLine(t, r, "needle 3") >= 0 {
		t.Error("esc doesn't leave the search")
	}
}
