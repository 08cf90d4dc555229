package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

// How many builds are tagged or moved with one call.

type massTagArgs struct {
	Tag    any   `rpc:"tag"`
	Builds []any `rpc:"builds"`
}

// massTag asks neither for locks nor for package lists. The last build becomes
// the newest: each has an event of its own. One that is in the tag already is
// tagged anew.
func massTag(c *call, a massTagArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	for _, ref := range a.Builds {
		b, err := c.buildRef(ref)
		if err != nil {
			return nil, err
		}
		if err := c.addToTag(tagging{build: b, tag: tag, user: c.session.user, force: true}); err != nil {
			return nil, err
		}
		c.tx.EndCall()
	}
	return nil, nil
}

type moveAllBuildsArgs struct {
	Tag1    any  `rpc:"tag1"`
	Tag2    any  `rpc:"tag2"`
	Package any  `rpc:"package"`
	Force   bool `rpc:"force=false"`
}

// moveTaskPriority is that of the tagBuild tasks that move a package's builds.
const moveTaskPriority = 15

// moveAllBuilds makes a task for each build, the oldest first, that waits for
// the one before: so the builds arrive in their order.
func moveAllBuilds(c *call, a moveAllBuildsArgs) (any, error) {
	t := tagging{user: c.session.user, force: a.Force}
	var err error
	if t.from, err = c.tagRef(a.Tag1); err != nil {
		return nil, err
	}
	if t.tag, err = c.tagRef(a.Tag2); err != nil {
		return nil, err
	}
	pkg, err := c.packageRef(a.Package)
	if err != nil {
		return nil, err
	}
	if t.override, err = c.overrides(t.user, a.Force); err != nil {
		return nil, err
	}
	if err := c.taggingAccess(t); err != nil {
		return nil, err
	}
	if err := c.checkListed(t, pkg.ID, pkg.Name); err != nil {
		return nil, err
	}
	builds, err := c.taggedBuildList(sqlstore.TaggedFilter{Tag: t.from.ID, Package: pkg.Name})
	if err != nil {
		return nil, err
	}
	for i := range builds {
		t.build = &koji.Build{ID: builds[i].ID, NVR: builds[i].NVR}
		if err := c.taggingPolicy(t); err != nil {
			return nil, err
		}
	}
	tasks, wait := []any{}, []any{}
	for _, b := range slices.Backward(builds) {
		move := []any{"tagBuild", []any{t.tag.ID, b.ID, a.Force, t.from.ID}, map[string]any{"priority": moveTaskPriority}}
		id, err := c.makeTask(taskOptions{Method: "dependantTask", Params: []any{wait, []any{move}}})
		if err != nil {
			return nil, err
		}
		tasks, wait = append(tasks, id), []any{id}
	}
	return tasks, nil
}

// taggedBuildList is Tx.TaggedBuilds where each build leads to more queries: the newest tagged comes first.
func (c *call) taggedBuildList(f sqlstore.TaggedFilter) ([]sqlstore.TaggedBuild, error) {
	builds, err := c.tx.TaggedBuilds(c, f)
	if err != nil {
		return nil, err
	}
	var list []sqlstore.TaggedBuild
	for b, err := range builds {
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}
