package cli

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"koji"
)

// submission is what the commands share that make one task and watch it.
type submission struct {
	env        *Env
	wait       waitOption
	background bool
}

func (o *submission) flags(f *pflag.FlagSet) {
	o.wait.flags(f)
	f.BoolVar(&o.background, "background", false, "when nothing else waits: a lower priority")
}

// send calls the method that makes the task, says which it is, and watches it
// if that is wanted. The last argument holds those by name.
func (o *submission) send(ctx context.Context, s *koji.Session, method string, named koji.Named, args ...any) error {
	if o.background {
		if named == nil {
			named = koji.Named{}
		}
		named["priority"] = 5
	}
	var id int64
	if err := s.Call(ctx, method, &id, append(args, named)...); err != nil {
		return err
	}
	o.env.created(id)
	if !o.wait.wants(o.env) {
		return nil
	}
	return watchTasks(ctx, o.env, []int64{id})
}

// submitTarget is the target of a name, if one can build for it: what the hub
// would refuse later is refused here, as wrong usage.
func submitTarget(ctx context.Context, s *koji.Session, name string, scratch bool) (*koji.Target, error) {
	target, err := lookTarget(ctx, s, name)
	if err != nil {
		return nil, err
	}
	if target == nil {
		return nil, usagef("No such build target: %s", name)
	}
	dest, err := lookTag(ctx, s, target.DestTagName)
	switch {
	case err != nil:
		return nil, err
	case dest == nil:
		return nil, usagef("No such destination tag: %s", target.DestTagName)
	case dest.Locked && !scratch:
		return nil, usagef("Destination tag %s is locked", dest.Name)
	}
	return target, nil
}

// imageTarget is the target of a name, for the commands that call it a failure
// if there is none.
func imageTarget(ctx context.Context, s *koji.Session, name string) (*koji.Target, error) {
	target, err := lookTarget(ctx, s, name)
	if err == nil && target == nil {
		err = failf("No such build target: %s", name)
	}
	return target, err
}

// isURL reports whether a source is a URL, not a file or a build.
func isURL(source string) bool { return strings.Contains(source, "://") }

// needURL makes wrong usage of what is no URL; nothing is none.
func needURL(sources ...string) error {
	for _, source := range sources {
		if source != "" && !isURL(source) {
			return usagef("Invalid SCM URL: %s", source)
		}
	}
	return nil
}

// setTexts puts those values into opts that were given.
func setTexts(opts map[string]any, values map[string]string) {
	for key, value := range values {
		if value != "" {
			opts[key] = value
		}
	}
}

// setFlags puts those flags into opts that are set.
func setFlags(opts map[string]any, flags map[string]bool) {
	for key, set := range flags {
		if set {
			opts[key] = true
		}
	}
}

// setLists puts those lists into opts that aren't empty.
func setLists(opts map[string]any, lists map[string][]string) {
	for key, list := range lists {
		if len(list) > 0 {
			opts[key] = list
		}
	}
}
