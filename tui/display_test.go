package tui

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// written is a display whose terminal is a file, and what was written to it
// since it was asked last.
func written(t *testing.T, whole bool) (*display, func() string) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "screen")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	at := 0
	d := newDisplay(file, true)
	d.whole = whole
	return d, func() string {
		all, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		since := string(all[at:])
		at = len(all)
		return since
	}
}

func TestDisplayWritesWhatChanged(t *testing.T) {
	t.Parallel()
	d, got := written(t, true)
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"before the second screen is up, nothing", func() { d.show(shot{text: "a\nb", w: 3, h: 2}) }, ""},
		{"what switches it", func() {
			fmt.Fprint(d, "a frame of the renderer")
			_, _ = d.WriteString(ansi.SetAltScreenSaveCursorMode)
		}, ansi.SetAltScreenSaveCursorMode},
		{"the first frame", func() { d.show(shot{text: "abc\nb", w: 3, h: 2}) }, frameBegins + "\x1b[2J\x1b[Habc\x1b[2;1Hb" + frameEnds},
		{"the same again", func() { d.show(shot{text: "abc\nb", w: 3, h: 2}) }, ""},
		{"a line that is shorter", func() { d.show(shot{text: "a\nb", w: 3, h: 2}) }, frameBegins + "\x1b[Ha\x1b[K" + frameEnds},
		{"one that fills its row", func() { d.show(shot{text: "a\nbcd", w: 3, h: 2}) }, frameBegins + "\x1b[2;1Hbcd" + frameEnds},
		{"the newer one of two that wait, and all of it if one of them must", func() {
			d.show(shot{text: "x\ny", w: 3, h: 2, anew: true})
			d.show(shot{text: "a\nbc", w: 3, h: 2})
		}, frameBegins + "\x1b[2J\x1b[Ha\x1b[2;1Hbc" + frameEnds},
		{"another size", func() { d.show(shot{text: "a\nbc", w: 4, h: 2}) }, frameBegins + "\x1b[2J\x1b[Ha\x1b[2;1Hbc" + frameEnds},
		{"after the second screen, nothing", func() {
			_, _ = d.WriteString(ansi.ResetAltScreenSaveCursorMode)
			d.show(shot{text: "z", w: 4, h: 1})
		}, ansi.ResetAltScreenSaveCursorMode},
		{"when it is back, what came since", func() {
			d.show(shot{text: "old", w: 4, h: 1})
			_, _ = d.WriteString(ansi.SetAltScreenSaveCursorMode)
			d.flush()
			d.show(shot{text: "new", w: 4, h: 1})
		}, ansi.SetAltScreenSaveCursorMode + frameBegins + "\x1b[2J\x1b[Hnew" + frameEnds},
	} {
		step.do()
		d.flush()
		if s := got(); s != step.want {
			t.Errorf("%s: got %q, want %q", step.name, s, step.want)
		}
	}
}

// Keys that come faster than frames are all taken in; what they do is drawn as
// often as there may be a frame.
func TestFramesArePaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		slow  bool
		every time.Duration
	}{{false, frameEvery}, {true, frameEverySlow}} {
		r := testRoot(80, 24, newTheme(paletteDark, false))
		now := testNow()
		r.e.now = func() time.Time { return now }
		r.out, _ = written(t, false)
		r.out.slow.Store(tt.slow)
		frames := 0
		r.drawn = func(*Canvas) { frames++ }
		for i := range 10 {
			press(r, "j")
			if want := min(i, 1); frames != 1 || r.waiting != (want == 1) {
				t.Fatalf("slow %v: %d frames after %d keys at once, waits for one: %v", tt.slow, frames, i+1, r.waiting)
			}
		}
		sel := r.top().(*tasksView).t.sel
		r.Update(struct{}{}) // is nothing to draw, and takes nothing back
		now = now.Add(tt.every)
		r.Update(frameDue{})
		if frames != 2 || r.dirty || r.top().(*tasksView).t.sel != sel {
			t.Errorf("slow %v: %d frames once there may be one", tt.slow, frames)
		}
		if p := r.out.take(); p == nil || strings.Count(p.text, "\n") != 23 {
			t.Errorf("slow %v: the display got %+v", tt.slow, p)
		}
	}
}

// What is drawn anew at once: after ^l, and when the terminal was given back.
func TestScreenIsWrittenAnew(t *testing.T) {
	t.Parallel()
	for name, msg := range map[string]tea.Msg{"^l": tea.KeyMsg{Type: tea.KeyCtrlL}, "resumed": tea.ResumeMsg{}} {
		r := testRoot(80, 24, newTheme(paletteDark, false))
		r.e.feed = newFeed(r.e.hub, func(tea.Msg) {}, quick())
		r.out, _ = written(t, false)
		r.Update(msg)
		if p := r.out.take(); p == nil || !p.anew {
			t.Errorf("%s: the display got %+v", name, p)
		}
	}
}

// A size is laid out once it stays; until then nothing is drawn, and then all.
func TestSizeRestsBeforeItIsLaidOut(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	frames := 0
	r.drawn = func(*Canvas) { frames++ }
	for _, size := range []tea.WindowSizeMsg{sizeMsg(100, 30), sizeMsg(120, 40)} {
		r.Update(size)
	}
	press(r, "j")
	r.Update(sizeRests(sizeMsg(100, 30)))
	if r.w != 80 || frames != 0 || r.top().(*tasksView).w != 80 {
		t.Errorf("laid out as %d, %d frames drawn, while the size changes", r.w, frames)
	}
	r.Update(sizeRests(sizeMsg(120, 40)))
	if r.w != 120 || r.h != 40 || frames != 1 || !r.anew || r.top().(*tasksView).w != 120 {
		t.Errorf("laid out as %dx%d, %d frames drawn, after the size has stayed", r.w, r.h, frames)
	}
	r.Update(sizeMsg(60, 20))
	r.Update(sizeMsg(120, 40))
	if press(r, "j"); frames != 3 {
		t.Errorf("%d frames drawn once the size is as it was", frames)
	}
}
