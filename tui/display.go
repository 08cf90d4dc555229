package tui

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// A frame between these two is shown at once (terminals' mode 2026).
const (
	frameBegins = "\x1b[?2026h"
	frameEnds   = "\x1b[?2026l"
)

// How long there is from a frame to the next: for the eye, and for a terminal
// behind a slow line, where to write a frame takes more than slowWrite.
const (
	frameEvery     = 33 * time.Millisecond
	frameEverySlow = 100 * time.Millisecond
	slowWrite      = 30 * time.Millisecond
)

// shot is a frame as a display is to show it.
type shot struct {
	text string
	w, h int
	anew bool // what the display shows isn't known
}

// display is the terminal that frames are written to, by a goroutine of its own
// so that a slow one holds nothing up. Of frames that wait it gets the newest,
// and of that the lines that changed, in one write.
//
// Bubble Tea's renderer would look sixty times a second whether there is
// something to draw. It is left to switch on and off what the terminal does,
// which it writes as strings; what it writes as bytes would be frames.
type display struct {
	*os.File
	whole bool          // the terminal shows at once what is written between two marks
	far   bool          // it is at the other end of a line that may be slow
	slow  atomic.Bool   // the line is
	due   chan struct{} // a frame waits

	waiting sync.Mutex // guards next
	next    *shot

	mu    sync.Mutex // guards what follows, and keeps together what is written
	up    bool       // the second screen, on which alone frames are shown
	shown shot
	buf   []byte
}

func newDisplay(f *os.File, far bool) *display {
	return &display{File: f, far: far, due: make(chan struct{}, 1)}
}

// Write drops a frame of Bubble Tea's renderer.
func (d *display) Write(p []byte) (int, error) { return len(p), nil }

// WriteString writes what is no part of a frame.
func (d *display) WriteString(text string) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch text {
	case ansi.SetAltScreenSaveCursorMode:
		d.take() // it is older than what happened to the terminal
		d.up, d.shown = true, shot{}
	case ansi.ResetAltScreenSaveCursorMode:
		d.up = false
	}
	return d.File.WriteString(text)
}

// every is how long there must be from a frame to the next.
func (d *display) every() time.Duration {
	if d.slow.Load() {
		return frameEverySlow
	}
	return frameEvery
}

// show has a frame be written.
func (d *display) show(p shot) {
	d.waiting.Lock()
	p.anew = p.anew || d.next != nil && d.next.anew
	d.next = &p
	d.waiting.Unlock()
	select {
	case d.due <- struct{}{}:
	default:
	}
}

// take gives the frame that waits, nil if none does.
func (d *display) take() *shot {
	d.waiting.Lock()
	defer d.waiting.Unlock()
	p := d.next
	d.next = nil
	return p
}

// run writes frames until ctx ends.
func (d *display) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.due:
			d.flush()
		}
	}
}

// flush writes what differs between the frame that waits and the one that is
// shown. That it can't be written is no news: a terminal that is gone ends the
// program by its input.
func (d *display) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.take()
	if p == nil || !d.up {
		return
	}
	d.buf = d.buf[:0]
	if d.whole {
		d.buf = append(d.buf, frameBegins...)
	}
	begin := len(d.buf)
	d.buf = p.append(d.buf, d.shown)
	d.shown = *p
	if len(d.buf) == begin {
		return
	}
	if d.whole {
		d.buf = append(d.buf, frameEnds...)
	}
	began := time.Now()
	_, _ = d.File.Write(d.buf)
	d.slow.Store(d.far && time.Since(began) > slowWrite)
}

// append appends what makes p of what was shown before.
func (p *shot) append(b []byte, before shot) []byte {
	whole := p.anew || before.w != p.w || before.h != p.h
	if whole {
		b = append(b, ansi.EraseEntireScreen...)
	}
	old, text := before.text, p.text
	for y, more := 1, true; more; y++ {
		var line, was string
		line, text, more = strings.Cut(text, "\n")
		was, old, _ = strings.Cut(old, "\n")
		if !whole && line == was {
			continue
		}
		b = append(append(b, ansi.CursorPosition(1, y)...), line...)
		// What fills the line would lose its last cell.
		if !whole && ansi.StringWidth(line) < p.w {
			b = append(b, ansi.EraseLineRight...)
		}
	}
	return b
}
