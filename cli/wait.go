package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"koji"
)

// limitOption is how long is waited: minutes, or a time with its unit.
type limitOption struct{ time.Duration }

// String is the limit, "" for none.
func (o *limitOption) String() string {
	if o.Duration == 0 {
		return ""
	}
	return o.Duration.String()
}

// Type names the value in a command's help.
func (o *limitOption) Type() string { return "TIME" }

// Set reads 90 or 1.5 as minutes, and 90s or 2h as what they say.
func (o *limitOption) Set(text string) error {
	if minutes, err := strconv.ParseFloat(text, 64); err == nil {
		text = strconv.FormatFloat(minutes, 'f', -1, 64) + "m"
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = usagef("it must be longer than nothing")
	}
	o.Duration = d
	return err
}

type waitForOptions struct {
	env     *Env
	timeout limitOption
}

// newWaitCommand is koji wait.
func newWaitCommand(env *Env) *cobra.Command {
	o := &waitForOptions{env: env}
	cmd := &cobra.Command{
		Use: "wait [options] <task id>|<build> ...", Short: "Wait until tasks and builds have ended", GroupID: monitor,
		Long:    "A number is a task, everything else a build. Exit status 1 if one of them didn't succeed, or not in time.",
		Example: "koji wait 1234 1235\nkoji wait --timeout 90m bash-5.2-1.fc40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	cmd.Flags().Var(&o.timeout, "timeout", "wait at most so long: minutes, or with a unit as in 90s or 2h")
	return withData(env, withQuiet(env, cmd))
}

// awaited is a task or a build that is waited for.
type awaited struct {
	Task  *int64  `xmlrpc:"task"`
	Build *string `xmlrpc:"build"`
	State string  `xmlrpc:"state"`
	OK    bool    `xmlrpc:"ok"`

	name  string
	ended bool
}

func (o *waitForOptions) run(ctx context.Context, args []string) error {
	things := make([]*awaited, len(args))
	for i, arg := range args {
		things[i] = &awaited{name: arg}
		if id, ok := idOrName(arg).(int64); ok {
			things[i].Task = &id
		} else {
			things[i].Build = &arg
		}
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	events := koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeTask, koji.NoticeBuild}}
	err = awaitNews(ctx, o.env, s, o.timeout.Duration, events, func(ctx context.Context) (bool, error) { return o.look(ctx, s, things) })
	if err != nil {
		return err
	}
	for _, a := range things {
		if !a.OK {
			return exitStatus(exitFailed)
		}
	}
	return nil
}

// look asks how those stand that hadn't ended, tells those that have now, and
// reports whether all have.
func (o *waitForOptions) look(ctx context.Context, s *koji.Session, things []*awaited) (bool, error) {
	done := true
	for _, a := range things {
		if a.ended {
			continue
		}
		if err := a.ask(ctx, s); err != nil {
			return false, err
		}
		switch {
		case !a.ended:
			done = false
		case o.env.asData():
			if err := o.env.printLines(a); err != nil {
				return false, err
			}
		default:
			o.env.say("%s: %s", a.name, o.env.paint(a.State))
		}
	}
	return done, nil
}

func (a *awaited) ask(ctx context.Context, s *koji.Session) error {
	if a.Task != nil {
		t, err := needTask(ctx, s, *a.Task, false)
		if err != nil {
			return err
		}
		a.State, a.ended, a.OK = t.State.String(), t.Finished(), t.State == koji.TaskClosed
		return nil
	}
	b, err := lookBuild(ctx, s, *a.Build)
	if err != nil {
		return err
	}
	if b == nil {
		return failf("No such build: %s", *a.Build)
	}
	a.State, a.ended, a.OK = b.State.String(), b.State != koji.BuildBuilding, b.State == koji.BuildComplete
	return nil
}
