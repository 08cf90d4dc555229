package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
	"koji/internal/pylit"
)

// arguments checks how many arguments a command got; a negative max is any
// number.
func arguments(least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("Not enough arguments: need %s, got %d", count(least, most), len(args))
		case most >= 0 && len(args) > most && most == 0:
			return usagef("This command takes no arguments")
		case most >= 0 && len(args) > most:
			return usagef("Too many arguments: need %s, got %d", count(least, most), len(args))
		}
		return nil
	}
}

func count(least, most int) string {
	switch {
	case most < 0:
		return fmt.Sprintf("at least %d", least)
	case least == most:
		return strconv.Itoa(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// withQuiet gives a command the global option --quiet as its own.
func withQuiet(env *Env, cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&env.globals.quiet, "quiet", env.globals.quiet, "no headers and no prose")
	return cmd
}

// quick is withQuiet where Koji also has the short -q.
func quick(env *Env, cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVarP(&env.globals.quiet, "quiet", "q", env.globals.quiet, "no headers and no prose")
	return cmd
}

// waitOption is the choice between --wait and --nowait, of which neither means
// to wait unless nobody looks.
type waitOption struct{ wait, nowait bool }

func (o *waitOption) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.wait, "wait", false, "wait until the tasks end (the default on a terminal)")
	f.BoolVar(&o.nowait, "nowait", false, "don't wait")
}

func (o *waitOption) wants(e *Env) bool {
	switch {
	case o.nowait:
		return false
	case o.wait:
		return true
	}
	return !e.background()
}

// eventOption is the point in time that a command looks at.
type eventOption struct{ event, ts, repo int64 }

func (o *eventOption) flags(f *pflag.FlagSet) {
	f.Int64Var(&o.event, "event", 0, "look at the state at `EVENT`")
	f.Int64Var(&o.ts, "ts", 0, "look at the state at this `TIME`, seconds since 1970")
	f.Int64Var(&o.repo, "repo", 0, "look at the state that `REPO` was made from")
}

// resolve finds the event and says which it is; nil is now.
func (o *eventOption) resolve(ctx context.Context, e *Env, s *koji.Session) (*int64, error) {
	var at koji.Event
	var err error
	switch {
	case o.event != 0:
		err = s.Call(ctx, "getEvent", &at, o.event)
	case o.ts != 0:
		err = s.Call(ctx, "getLastEvent", &at, koji.Named{"before": o.ts})
	case o.repo != 0:
		var repo *koji.Repo
		if err = s.Call(ctx, "repoInfo", &repo, o.repo, koji.Named{"strict": true}); err == nil && repo == nil {
			err = failf("No such repo: %d", o.repo)
		}
		if err == nil {
			at.ID = repo.CreateEvent
			err = s.Call(ctx, "getEvent", &at, repo.CreateEvent)
		}
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !e.asData() {
		e.printf("Querying at event %d (%s)", at.ID, asctime(koji.FromSeconds(at.TS)))
	}
	return &at.ID, nil
}

// timeOption is a flag with a point in time: seconds since 1970 or a date.
type timeOption struct{ ts *float64 }

func (o *timeOption) String() string { return "" }

// Type names the value in a command's help.
func (o *timeOption) Type() string { return "TIME" }

// Set reads the time.
func (o *timeOption) Set(text string) error {
	ts, err := parseTime(text, time.Now())
	if err != nil {
		return err
	}
	o.ts = &ts
	return nil
}

// asctime is a time as C's asctime writes it.
func asctime(t time.Time) string { return t.Local().Format(time.ANSIC) }

// asctimeTS is asctime of a *_ts key.
func asctimeTS(ts *float64) string {
	if ts == nil {
		return ""
	}
	return asctime(koji.FromSeconds(*ts))
}

const longLayout = "Mon, 02 Jan 2006 15:04:05 MST"

// longTime is a *_ts key as people read it, empty for none.
func longTime(ts *float64) string {
	if ts == nil {
		return ""
	}
	return koji.FromSeconds(*ts).Local().Format(longLayout)
}

// arches joins the values of options that list arches.
func arches(texts ...string) (string, error) {
	parsed, err := koji.ArchList(strings.Join(texts, " "))
	if err != nil {
		return "", usagef("%v", err)
	}
	return strings.Join(parsed, " "), nil
}

// extras reads KEY=VALUE options. A value is read as Koji's filter does, JSON
// included.
func extras(texts []string) (map[string]any, error) {
	extra := map[string]any{}
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("Invalid extra option: %s: want key=value", text)
		}
		if _, twice := extra[key]; twice {
			return nil, usagef("Duplicate extra key: %s", key)
		}
		extra[key] = pylit.FilterJSON(value)
	}
	return extra, nil
}

// pythonFloat writes a number as Python's repr does.
func pythonFloat(f float64) string { return pylit.Repr(f) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// text is what a pointer points at, "" for nil.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// yesno is a truth value in words.
func yesno(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
