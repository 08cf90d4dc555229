package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// labProgress counts what is done, on terminals only.
type labProgress struct{ bar *progressbar.ProgressBar }

func (l *lab) progress(what string) *labProgress {
	if !l.env.onTerminal() {
		return &labProgress{}
	}
	return &labProgress{progressbar.NewOptions(1, progressbar.OptionSetWriter(l.env.screen), progressbar.OptionSetDescription("  "+what),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))}
}

func (p *labProgress) set(done, total int) {
	if p.bar == nil || total <= 0 {
		return
	}
	p.bar.ChangeMax(total)
	_ = p.bar.Set(min(done, total)) // a bar that can't be drawn changes nothing
}

func (p *labProgress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
