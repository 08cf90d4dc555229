package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far something has got: by a bar on a terminal, elsewhere by
// a line on standard error now and then. It may be told from several goroutines.
type progress struct {
	env   *Env // nil if nothing is shown
	drawn bool // as a bar

	mu    sync.Mutex // guards what follows
	label string
	bar   *progressbar.ProgressBar // once there is something to show
	begun time.Time
	next  time.Time // when a line is due
}

// linePause is how long nothing is said of something that takes its time.
const linePause = 30 * time.Second

// progress shows something that is wanted to be seen.
func (e *Env) progress(label string, wanted bool) *progress {
	p := &progress{label: label, env: e, begun: time.Now()}
	p.next = p.begun.Add(linePause)
	if !wanted || e.quiet() || e.asData() {
		p.env = nil
	}
	if p.drawn = e.onTerminal() && !e.background(); p.drawn {
		e.bar.Store(p)
	}
	return p
}

// update tells how many bytes are done; a total of -1 is not known.
func (p *progress) update(done, total int64) {
	if p.env == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		p.draw(done, total)
		return
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(linePause)
	const unit = 1 << 20
	if total > 0 {
		p.env.warn("koji: %s: %.1f of %.1f MiB (%d%%)", p.label, float64(done)/unit, float64(total)/unit, 100*done/total)
	} else {
		p.env.warn("koji: %s: %.1f MiB", p.label, float64(done)/unit)
	}
}

func (p *progress) draw(done, total int64) {
	if p.bar == nil {
		p.newBar(total, progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true), progressbar.OptionShowTotalBytes(true),
			progressbar.OptionShowCount())
	}
	if p.bar.GetMax64() != total {
		p.bar.ChangeMax64(total)
	}
	// A terminal that can't be written to is no reason to stop.
	_ = p.bar.Set64(done)
}

func (p *progress) newBar(total int64, options ...progressbar.Option) {
	p.bar = progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(p.env.screen),
		progressbar.OptionSetDescription(p.fit(p.label)),
		progressbar.OptionSetWidth(p.barWidth()),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
	}, options...)...)
}

// numbersWidth is what the numbers beside a bar take of a line at most:
// " 100% [" and "] (1023/1023 MiB, 1023 MiB/s) [59m59s:59m59s]".
const numbersWidth = 54

// barWidth is a third of what the numbers leave of the line.
func (p *progress) barWidth() int {
	width, _ := p.env.size()
	return min(max((width-numbersWidth)/3, 8), 36)
}

// fit cuts a label to what the bar and its numbers leave.
func (p *progress) fit(label string) string {
	width, _ := p.env.size()
	return cut(label, max(12, width-numbersWidth-p.barWidth()))
}

// rename changes what the bar is called.
func (p *progress) rename(label string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.label = label
	if p.bar != nil {
		p.bar.Describe(p.fit(label))
	}
}

// aside lets print say something above the bar, which comes back with the next
// update.
func (p *progress) aside(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	print()
}

// pulse tells that something whose way isn't known goes on.
func (p *progress) pulse(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.env == nil:
	case p.drawn:
		if p.bar == nil {
			p.newBar(-1, progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true))
		}
		_ = p.bar.Add(1)
	case !now.Before(p.next):
		p.next = now.Add(linePause)
		p.env.warn("koji: %s: %s so far", p.label, now.Sub(p.begun).Round(time.Second))
	}
}

// end leaves the line of the bar.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn && p.env != nil {
		p.env.bar.CompareAndSwap(p, nil)
	}
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.env.screen)
	}
}

// working shows that something goes on while f runs.
func (e *Env) working(label string, f func() error) error {
	p := e.progress(label, true)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		t := time.NewTicker(200 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-t.C:
				p.pulse(now)
			}
		}
	}()
	err := f()
	close(stop)
	<-stopped
	p.end()
	return err
}
