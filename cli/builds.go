package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

type listBuildsOptions struct {
	env                              *Env
	pkg, buildID, state, task, btype string
	prefix, pattern, cg, source      string
	owner, volume                    string
	before, after                    timeOption
	draftOnly, noDraft, reverse      bool
	sortKeys                         []string
}

// newListBuildsCommand is koji list-builds.
func newListBuildsCommand(env *Env) *cobra.Command {
	o := &listBuildsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-builds [options]", Short: "List builds", GroupID: info,
		Example: "koji list-builds --package bash --state COMPLETE\nkoji list-builds --owner alice --after 2026-01-01", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&o.pkg, "package", "", "only builds of this package")
	f.StringVar(&o.buildID, "buildid", "", "only this build, by id or n-v-r")
	f.Var(&o.before, "before", "only those completed before")
	f.Var(&o.after, "after", "only those completed after")
	f.StringVar(&o.state, "state", "", "only those in this state")
	f.StringVar(&o.task, "task", "", "only those of this task")
	f.StringVar(&o.btype, "type", "", "only those of this type")
	f.StringVar(&o.prefix, "prefix", "", "only packages that begin so")
	f.StringVar(&o.pattern, "pattern", "", "only n-v-rs that match")
	f.StringVar(&o.cg, "cg", "", "only those of this content generator")
	f.StringVar(&o.source, "source", "", "only those whose source matches")
	f.StringVar(&o.owner, "owner", "", "only those of this user")
	f.StringVar(&o.volume, "volume", "", "only those on this volume")
	f.BoolVar(&o.draftOnly, "draft-only", false, "only drafts")
	f.BoolVar(&o.noDraft, "no-draft", false, "no drafts")
	f.StringArrayVarP(&o.sortKeys, "sort-key", "k", nil, "sort by this `FIELD` (repeatable)")
	f.BoolVarP(&o.reverse, "reverse", "r", false, "the other way round")
	return withData(env, withQuiet(env, cmd))
}

func (o *listBuildsOptions) run(ctx context.Context) error {
	if o.draftOnly && o.noDraft {
		return usagef("--draft-only conflicts with --no-draft")
	}
	named := koji.Named{}
	if err := o.plainFilters(named); err != nil {
		return err
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	var builds []map[string]any
	if o.buildID != "" {
		var b map[string]any
		if err := s.Call(ctx, "getBuild", &b, buildRef(o.buildID)); err != nil {
			return err
		}
		if b == nil {
			return usagef("No such build: %s", o.buildID)
		}
		builds = append(builds, b)
	} else {
		if err := o.lookups(ctx, s, named); err != nil {
			return err
		}
		if len(named) == 0 {
			return usagef("Filter must be provided for list")
		}
		if err := s.Call(ctx, "listBuilds", &builds, named); err != nil {
			return err
		}
	}
	o.sort(builds)
	const format = "%-55s  %-16s  %s"
	header := fmt.Sprintf(format, "Build", "Built by", "State") + "\n" + rule("  ", 55, 16, 16)
	return list(o.env, builds, header, func(b map[string]any) string {
		state, _ := b["state"].(int64)
		return fmt.Sprintf(format, b["nvr"], b["owner_name"], o.env.paint(koji.BuildState(state).String()))
	})
}

// plainFilters are those that need no question to the hub.
func (o *listBuildsOptions) plainFilters(named koji.Named) error {
	for key, value := range map[string]string{"type": o.btype, "prefix": o.prefix, "pattern": o.pattern, "source": o.source} {
		if value != "" {
			named[key] = value
		}
	}
	if o.before.ts != nil {
		named["completeBefore"] = *o.before.ts
	}
	if o.after.ts != nil {
		named["completeAfter"] = *o.after.ts
	}
	if o.draftOnly || o.noDraft {
		named["draft"] = o.draftOnly
	}
	if o.task != "" {
		id, err := strconv.ParseInt(o.task, 10, 64)
		if err != nil {
			return usagef("Task has to be a number: %s", o.task)
		}
		named["taskID"] = id
	}
	if o.state != "" {
		state, err := koji.ParseBuildState(o.state)
		if n, nerr := strconv.Atoi(o.state); nerr == nil && n >= 0 && n <= int(koji.BuildCanceled) {
			state, err = koji.BuildState(n), nil
		}
		if err != nil {
			return usagef("Invalid state: %s", o.state)
		}
		named["state"] = int64(state)
	}
	return nil
}

// lookups are the filters by names that the hub must know.
func (o *listBuildsOptions) lookups(ctx context.Context, s *koji.Session, named koji.Named) error {
	if o.pkg != "" {
		id, err := packageID(ctx, s, o.pkg)
		if err != nil {
			return err
		}
		named["packageID"] = id
	}
	if o.owner != "" {
		user, err := userNamed(ctx, s, o.owner)
		if err != nil {
			return err
		}
		if user == nil {
			return usagef("No such user: %s", o.owner)
		}
		named["userID"] = user.ID
	}
	if o.volume != "" {
		var volumes []struct {
			ID   int64  `xmlrpc:"id"`
			Name string `xmlrpc:"name"`
		}
		if err := s.Call(ctx, "listVolumes", &volumes); err != nil {
			return err
		}
		for _, v := range volumes {
			if v.Name == o.volume || strconv.FormatInt(v.ID, 10) == o.volume {
				named["volumeID"] = v.ID
			}
		}
		if named["volumeID"] == nil {
			return usagef("No such volume: %s", o.volume)
		}
	}
	if o.cg != "" {
		named["cgID"] = o.cg
	}
	return nil
}

// sort orders by id, or by the fields asked for; where they are equal, the hub's
// order stays, with --reverse too. A field that isn't there sorts nothing.
func (o *listBuildsOptions) sort(builds []map[string]any) {
	keys := o.sortKeys
	if len(keys) == 0 {
		keys = []string{"build_id"}
	}
	slices.SortStableFunc(builds, func(a, b map[string]any) int {
		if o.reverse {
			a, b = b, a
		}
		for _, key := range keys {
			if c := compareAny(a[key], b[key]); c != 0 {
				return c
			}
		}
		return 0
	})
}

func compareAny(a, b any) int {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case string:
		if y, ok := b.(string); ok {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(pylit.Repr(a), pylit.Repr(b))
}
