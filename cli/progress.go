package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far an upload or a download has got.
type progress struct {
	bar   *progressbar.ProgressBar
	label string
	env   *Env
}

// progress is a bar on a terminal, and nothing elsewhere or when it isn't
// wanted.
func (e *Env) progress(label string, wanted bool) *progress {
	p := &progress{label: label, env: e}
	if !wanted || e.quiet() || e.asData() || !e.onTerminal() || e.background() {
		p.env = nil
	}
	return p
}

// update draws the bar; a total of -1 is not known.
func (p *progress) update(done, total int64) {
	if p.env == nil {
		return
	}
	if p.bar == nil {
		width, _ := p.env.size()
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.env.screen),
			progressbar.OptionSetDescription(cut(p.label, max(12, width-80))),
			progressbar.OptionSetWidth(36),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
			progressbar.OptionShowBytes(true),
			progressbar.OptionUseIECUnits(true),
			progressbar.OptionShowTotalBytes(true),
			progressbar.OptionShowElapsedTimeOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetRenderBlankState(true),
		)
	}
	// A terminal that can't be written to is no reason to stop.
	_ = p.bar.Set64(done)
}

// end leaves the line of the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.env.screen)
	}
}
