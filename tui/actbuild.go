package tui

import (
	"cmp"
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// buildRef is a build as far as deeds need it. Its texts are clean.
type buildRef struct {
	id    int64
	nvr   string
	state koji.BuildState
	owner int64
	tag   string // that it is looked at in, "" if in none
}

// buildDeeds are what can be done to builds, the selected one or the marked.
func (e *env) buildDeeds(builds []buildRef) []deed {
	if len(builds) == 0 {
		return nil
	}
	tag := e.whyOffline()
	for _, b := range builds {
		if tag == "" && b.state != koji.BuildComplete {
			tag = fmt.Sprintf("%s is %s, not COMPLETE", b.nvr, b.state)
		}
	}
	return []deed{
		{"t", "tag…", "into a tag", tag, func() tea.Cmd { return e.beginTag(builds) }},
		{"u", "untag…", "out of a tag", e.whyOffline(), func() tea.Cmd { return e.beginUntag(builds) }},
		{"v", "move…", "from a tag to another", tag, func() tea.Cmd { return e.beginMove(builds) }},
		{"c", "cancel", "what is building", e.whyNotCancelBuilds(builds), func() tea.Cmd { e.confirm(e.cancelBuilds(builds)); return nil }},
	}
}

func (e *env) whyNotCancelBuilds(builds []buildRef) string {
	if why := e.whyOffline(); why != "" {
		return why
	}
	for _, b := range builds {
		switch {
		case b.state != koji.BuildBuilding:
			return fmt.Sprintf("%s is %s, not BUILDING", b.nvr, b.state)
		case b.owner != e.me.id && !e.me.admin():
			return fmt.Sprintf("%s is another's, so needs admin; %s", b.nvr, e.have())
		}
	}
	return ""
}

// nvrs are the builds as arguments of a command, after those before.
func nvrs(before []any, builds []buildRef) []any {
	for _, b := range builds {
		before = append(before, b.nvr)
	}
	return before
}

// sayBuilds lists the builds in a dialog.
func (c *change) sayBuilds(verb string, builds []buildRef, after string) {
	for i, b := range builds {
		if i == 5 && len(builds) > 6 {
			c.say(roleText, "… and %d more", len(builds)-i)
			break
		}
		c.say(roleText, "%s %s%s", verb, b.nvr, after)
	}
}

// forceField is the toggle to go against locks and policies.
func (e *env) forceField() *field {
	f := toggleField("force", false)
	f.about = "against a lock or a policy"
	if !e.me.admin() {
		f.why = "needs admin; " + e.have()
	}
	return f
}

// beginTag asks which tag builds shall go into.
func (e *env) beginTag(builds []buildRef) tea.Cmd {
	tag := pickField("tag", "", e.names(listTags))
	force := e.forceField()
	e.confirm(change{
		title: "Tag " + theBuilds(builds), yes: "tag", form: newForm(e, tag, force),
		update: func(c *change) {
			to, strong := tag.text(), force.on
			c.lines, c.why = nil, tag.unsure()
			if c.why != "" {
				return
			}
			c.sayBuilds("Tags", builds, " into "+to+".")
			c.command = e.commandLine("tag-build", nvrs(forced([]any{to}, strong), builds)...)
			c.do = e.eachBuild(builds, "tag", "tagged into "+to, func(ctx context.Context, b buildRef) (int64, error) {
				var task int64
				return task, e.modify(ctx, &task, "tagBuild", to, b.nvr, strong)
			})
		},
	})
	return e.fetchNames(listTags)
}

// forced puts --force before the arguments of a command.
func forced(args []any, force bool) []any {
	if force {
		return append([]any{"--force"}, args...)
	}
	return args
}

// eachBuild is the calls of a change: one for each build, until one fails.
// A call gives the task that does the work, 0 if it is done.
func (e *env) eachBuild(builds []buildRef, verb, told string, call func(context.Context, buildRef) (int64, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		tasks := ""
		for _, b := range builds {
			task, err := call(ctx, b)
			if err != nil {
				return "", fmt.Errorf("%s %s: %w", verb, b.nvr, err)
			}
			if task != 0 {
				tasks = fmt.Sprintf(", task %d", task)
			}
		}
		if tasks != "" {
			return fmt.Sprintf("%s %s being %s%s", theBuilds(builds), plural(len(builds), "is", "are"), told, tasks), nil
		}
		return fmt.Sprintf("%s %s %s", theBuilds(builds), plural(len(builds), "is", "are"), told), nil
	}
}

func theBuilds(builds []buildRef) string {
	if len(builds) == 1 {
		return builds[0].nvr
	}
	return fmt.Sprintf("%d builds", len(builds))
}

// tagsOf is what the tag to take builds from is picked from: the tags that
// the first of them is in.
func (e *env) tagsOf(builds []buildRef) (list func() []choice, ask tea.Cmd) {
	var tags []choice
	h, id := e.hub, builds[0].id
	ask = e.ask(e.acts, func(ctx context.Context) (any, error) {
		var found []koji.Tag
		err := h.call(ctx, "listTags", &found, koji.Named{"build": id})
		return resume(func() tea.Cmd {
			tags = []choice{}
			for _, t := range found {
				tags = append(tags, choice{value: safetext.Clean(t.Name)})
			}
			return nil
		}), err
	})
	return func() []choice { return tags }, ask
}

// beginUntag asks which tag builds shall leave.
func (e *env) beginUntag(builds []buildRef) tea.Cmd {
	list, ask := e.tagsOf(builds)
	tag := pickField("tag", builds[0].tag, list)
	tag.picked = builds[0].tag != ""
	force := e.forceField()
	e.confirm(change{
		title: "Untag " + theBuilds(builds), yes: "untag", no: "keep", form: newForm(e, tag, force),
		update: func(c *change) {
			from, strong := tag.text(), force.on
			c.lines, c.why = nil, tag.unsure()
			if c.why != "" {
				return
			}
			c.sayBuilds("Takes", builds, " out of "+from+".")
			c.command = e.commandLine("untag-build", nvrs(forced([]any{from}, strong), builds)...)
			c.do = e.eachBuild(builds, "untag", "out of "+from, func(ctx context.Context, b buildRef) (int64, error) {
				return 0, e.modify(ctx, nil, "untagBuild", from, b.nvr, true, strong)
			})
		},
	})
	return ask
}

// beginMove asks from which tag into which builds shall go.
func (e *env) beginMove(builds []buildRef) tea.Cmd {
	list, ask := e.tagsOf(builds)
	from := pickField("from", builds[0].tag, list)
	from.picked = builds[0].tag != ""
	to := pickField("to", "", e.names(listTags))
	force := e.forceField()
	f := newForm(e, from, to, force)
	if from.picked {
		f.focus(1)
	}
	e.confirm(change{
		title: "Move " + theBuilds(builds), yes: "move", form: f,
		update: func(c *change) {
			a, b, strong := from.text(), to.text(), force.on
			c.lines, c.why = nil, cmp.Or(from.unsure(), to.unsure())
			if a == b && a != "" {
				c.why = "it is in that tag"
			}
			if c.why != "" {
				return
			}
			c.sayBuilds("Moves", builds, fmt.Sprintf(" from %s to %s.", a, b))
			c.command = e.commandLine("move-build", nvrs(forced([]any{a, b}, strong), builds)...)
			c.do = e.eachBuild(builds, "move", "moved to "+b, func(ctx context.Context, r buildRef) (int64, error) {
				var task int64
				return task, e.modify(ctx, &task, "moveBuild", a, b, r.nvr, strong)
			})
		},
	})
	return tea.Batch(ask, e.fetchNames(listTags))
}

func (e *env) cancelBuilds(builds []buildRef) change {
	c := change{
		title: "Cancel a build?", command: e.commandLine("cancel", nvrs(nil, builds)...), destroys: true, yes: "cancel it", no: "keep it",
		do: e.eachBuild(builds, "cancel", "canceled", func(ctx context.Context, b buildRef) (int64, error) {
			var did bool
			if err := e.modify(ctx, &did, "cancelBuild", b.id); err != nil {
				return 0, err
			}
			if !did {
				return 0, fmt.Errorf("the hub hasn't canceled it")
			}
			return 0, nil
		}),
	}
	c.sayBuilds("Cancels", builds, " and its task; what was done so far is lost.")
	return c
}
