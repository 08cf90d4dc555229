// Bench measures the hub: it builds a data set of a size that a release team has, runs hubd on it as a process of its own,
// calls it as many clients at a time, and prints what a call costs beside what Koji's hub needs for it.
// docs/performance.md tells how to read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	engines []string
	rows    *regexp.Regexp
	clients []int
	each    time.Duration // of one row with one number of clients
	hubd    string        // the program
	cache   string        // where the data sets stay between runs
	json    bool
}

// Main runs the bench and returns the exit code: 0 if every aim that was measured is met, 1 if not or if it failed,
// 2 if it was called wrongly.
func Main(ctx context.Context, args []string, out, log io.Writer) int {
	o, err := parse(args, log)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(log, "bench:", err)
		return 2
	}
	met := true
	for _, engine := range o.engines {
		r, err := o.run(ctx, engine, log)
		if err != nil {
			fmt.Fprintf(log, "bench: %s: %v\n", engine, err)
			return 1
		}
		if o.json {
			err = r.writeJSON(out)
		} else {
			err = r.writeTable(out)
		}
		if err != nil {
			fmt.Fprintln(log, "bench:", err)
			return 1
		}
		met = met && r.met()
	}
	if !met {
		return 1
	}
	return 0
}

func parse(args []string, log io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(log)
	engine := fs.String("engine", "sqlite", "sqlite, postgres or both")
	rows := fs.String("rows", ".", "measure the `rows` whose name matches this regular expression")
	clients := fs.String("clients", "1,8,32", "how many clients call at a time; CPU and aim are those of 8, or of the nearest")
	seconds := fs.Float64("seconds", 1, "how long each row is measured with each number of clients")
	fs.StringVar(&o.hubd, "hubd", "bin/hubd", "the program to measure")
	fs.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "hubd-bench"), "the `folder` in which data sets are kept between runs")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	switch *engine {
	case "both":
		o.engines = []string{"sqlite", "postgres"}
	case "sqlite", "postgres":
		o.engines = []string{*engine}
	default:
		return nil, fmt.Errorf("no engine %q: sqlite, postgres or both", *engine)
	}
	var err error
	if o.rows, err = regexp.Compile(*rows); err != nil {
		return nil, fmt.Errorf("--rows: %w", err)
	}
	for _, word := range strings.Split(*clients, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > mostClients {
			return nil, fmt.Errorf("--clients: %q is no number from 1 to %d", word, mostClients)
		}
		o.clients = append(o.clients, n)
	}
	slices.Sort(o.clients)
	o.clients = slices.Compact(o.clients)
	if *seconds <= 0 || *seconds > 60 {
		return nil, fmt.Errorf("--seconds: %v is not above 0 and at most 60", *seconds)
	}
	o.each = time.Duration(*seconds * float64(time.Second))
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("no argument is taken: %q", fs.Arg(0))
	}
	return o, nil
}

// run measures the rows on one engine.
func (o *options) run(ctx context.Context, engine string, log io.Writer) (_ *report, err error) {
	set, err := openDataSet(ctx, engine, o.cache, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	h, err := startHub(ctx, o.hubd, set)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	r := &report{Engine: engine, Clients: o.clients, Start: h.start}
	for _, row := range rows() {
		if !o.rows.MatchString(row.name) {
			continue
		}
		m := result{row: row, Name: row.name, KojiCPU: row.koji.cpu, Aim: row.aim}
		h.forgetPeak()
		for _, n := range o.clients {
			c, err := h.measure(ctx, row, n, o.each)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				m.Failed = err.Error()
				break
			}
			m.Cells = append(m.Cells, c)
		}
		if m.PeakMemory, err = h.peak(); err != nil {
			return nil, err
		}
		m.judge()
		r.Rows = append(r.Rows, m)
		fmt.Fprintf(log, "%-9s %-45s %8.3f ms %s\n", engine, row.name, m.CPU, m.Failed)
	}
	r.Memory, err = h.memory()
	return r, err
}
