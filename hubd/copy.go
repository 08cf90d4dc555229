package hubd

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"koji/sqlstore"
)

// copyNews is how often a copy tells how far it is where there is no terminal.
const copyNews = 10 * time.Second

// copy takes a hub's database to another place, or engine.
func (o *options) copy(ctx context.Context, stdio Stdio) error {
	if o.from == "" || o.to == "" {
		return &usageError{"hubd copy needs --from and --to: sqlite:PATH or postgres://USER@HOST/NAME"}
	}
	var tables, rows int64
	shown := newCopyProgress(stdio.Err)
	c := sqlstore.Copy{
		From: o.from, To: o.to, Progress: shown.update,
		Copied: func(table string, n int64) {
			tables, rows = tables+1, rows+n
			shown.above(func() { fmt.Fprintf(stdio.Out, "%-28s %10d\n", table, n) })
		},
	}
	err := c.Run(ctx)
	shown.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Copied and compared %d rows of %d tables. The files below KojiDir are not part of it.\n", rows, tables)
	return nil
}

// copyProgress is a bar on a terminal and a line now and then in a log.
type copyProgress struct {
	out  io.Writer
	bar  *progressbar.ProgressBar // nil without a terminal
	told time.Time
}

func newCopyProgress(out io.Writer) *copyProgress {
	p := &copyProgress{out: out, told: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

func (p *copyProgress) update(table string, done, total int64) {
	if p.bar == nil {
		if now := time.Now(); now.Sub(p.told) >= copyNews {
			p.told = now
			fmt.Fprintf(p.out, "at %s, %d of %d\n", table, done, total)
		}
		return
	}
	p.bar.Describe(table)
	p.bar.ChangeMax64(max(total, 1))
	_ = p.bar.Set64(done) // a bar that can't be drawn changes nothing
}

// above prints something without leaving rests of the bar in it.
func (p *copyProgress) above(text func()) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	text()
}

func (p *copyProgress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
