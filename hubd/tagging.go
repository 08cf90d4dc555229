package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

func taggingMethods() []method {
	return []method{
		writes("tagBuild", user, "Checks access and creates a tagBuild task.", tagBuild),
		writes("tagBuildBypass", perm("tag"), "Tags directly without a task.", tagBuildBypass),
		writes("untagBuild", user, "Untags directly (policy checked), with mail.", untagBuild),
		writes("untagBuildBypass", perm("tag"), "Untags directly without the post checks.", untagBuildBypass),
		writes("massTag", perm("tag"), "Tags many builds without checks.", massTag),
		writes("moveAllBuilds", user, "Moves all builds of a package between tags with a chain of dependantTask tasks; returns the list of task ids.", moveAllBuilds),
		writes("snapshotTag", perm("tag"), "Copies a tag into a new tag.", snapshotTag),
		writes("snapshotTagModify", perm("tag"), "Synchronises an existing tag with another one.", snapshotTagModify),
		writes("moveBuild", user, "Moves one build between tags (tagBuild with fromtag).", moveBuild),
		writes("host.tagBuild", builder, "Tags (or moves) a build on behalf of the task owner.", hostTagBuild),
	}
}

// tagging is a build on its way into a tag, or from one tag to another, or out
// of one (Tag nil), and for whom.
type tagging struct {
	build    *koji.Build
	tag      *koji.Tag
	from     *koji.Tag
	user     int64
	force    bool
	override bool // force, by an admin
}

func (c *call) newTagging(tag, build, from any, user int64, force bool) (t tagging, err error) {
	t.user, t.force = user, force
	if t.build, err = c.buildRef(build); err != nil {
		return t, err
	}
	if tag != nil {
		if t.tag, err = c.tagRef(tag); err != nil {
			return t, err
		}
	}
	if from != nil {
		if t.from, err = c.tagRef(from); err != nil {
			return t, err
		}
	}
	t.override, err = c.overrides(user, force)
	return t, err
}

// overrides says whether a user's force helps against what is refused.
func (c *call) overrides(user int64, force bool) (bool, error) {
	if !force {
		return false, nil
	}
	perms, err := c.tx.UserPerms(c, user, true)
	return slices.Contains(perms, "admin"), err
}

// taggingAccess refuses who may not tag into, or untag from, the tags.
func (c *call) taggingAccess(t tagging) error {
	for _, tag := range []*koji.Tag{t.tag, t.from} {
		if tag == nil {
			continue
		}
		allowed, override, reason, err := c.tagAccess(tag, t.user)
		if err != nil {
			return err
		}
		if !allowed && !(t.force && override) {
			return fault(koji.CodeActionNotAllowed, "%s: %s", tag.Name, reason)
		}
	}
	return nil
}

// taggingPolicy asks the policy tag.
func (c *call) taggingPolicy(t tagging) error {
	if t.override {
		return nil
	}
	data := map[string]any{"build": t.build.ID, "tag": nil, "fromtag": nil, "operation": "tag"}
	if t.tag != nil {
		data["tag"] = t.tag.ID
	}
	if t.from != nil {
		data["fromtag"], data["operation"] = t.from.ID, "move"
		if t.tag == nil {
			data["operation"] = "untag"
		}
	}
	if t.user != c.session.user {
		data["user_id"] = t.user
	}
	return c.assertPolicy("tag", data, false)
}

// checkTagging makes all checks of a build that goes into a tag through a task.
func (c *call) checkTagging(t tagging) error {
	if t.build.State != koji.BuildComplete {
		return notComplete(t.build)
	}
	if err := c.taggingAccess(t); err != nil {
		return err
	}
	if err := c.checkListed(t, t.build.PackageID, t.build.PackageName); err != nil {
		return err
	}
	return c.taggingPolicy(t)
}

// checkListed refuses a package that the tag doesn't list or blocks. With force
// an admin's is added to the list.
func (c *call) checkListed(t tagging, pkg int64, name string) error {
	entry, err := c.tagPackage(t.tag.ID, pkg, nil)
	if err != nil {
		return err
	}
	block := false
	change := packageChange{Block: &block, Force: true, NoPolicy: true}
	switch {
	case entry != nil && !entry.Blocked:
		return nil
	case entry != nil && !t.override:
		return fault(koji.CodeTag, "Package %s blocked in %s", name, t.tag.Name)
	case !t.override:
		return fault(koji.CodeTag, "Package %s not in list for %s", name, t.tag.Name)
	case entry == nil:
		change.Owner = t.user
	}
	return c.changePackage(t.tag.ID, pkg, change)
}

func notComplete(b *koji.Build) error {
	return fault(koji.CodeTag, "build %s not complete: state %s", b.NVR, b.State)
}

// addToTag puts a build into a tag between the callbacks. One that is there
// already is refused; with force it becomes the newest.
func (c *call) addToTag(t tagging) error {
	info, err := c.taggingInfo(t, t.tag)
	if err != nil {
		return err
	}
	if err := c.callback("preTag", info); err != nil {
		return err
	}
	// Locked, so that the build can't be deleted on the way, nor tagged twice.
	state, _, err := c.tx.LockBuild(c, t.build.ID)
	if err != nil {
		return err
	}
	if state != koji.BuildComplete {
		t.build.State = state
		return notComplete(t.build)
	}
	there, err := c.tx.InTag(c, t.build.ID, t.tag.ID)
	if err != nil {
		return err
	}
	if there {
		if !t.force {
			return fault(koji.CodeTag, "build %s already tagged (%s)", t.build.NVR, t.tag.Name)
		}
		if _, err := c.tx.RemoveFromTag(c, t.build.ID, t.tag.ID, t.user); err != nil {
			return err
		}
	}
	if err := c.tx.AddToTag(c, t.build.ID, t.tag.ID, t.user); err != nil {
		return err
	}
	if err := c.tagChanged(t.tag.ID, t.tag.Name); err != nil {
		return err
	}
	return c.callback("postTag", info)
}

// removeFromTag takes a build out of t.from between the callbacks. One that
// isn't there is refused when strict.
func (c *call) removeFromTag(t tagging, strict bool) error {
	info, err := c.taggingInfo(t, t.from)
	if err != nil {
		return err
	}
	info["strict"] = strict
	if err := c.callback("preUntag", info); err != nil {
		return err
	}
	there, err := c.tx.RemoveFromTag(c, t.build.ID, t.from.ID, t.user)
	if err != nil {
		return err
	}
	if !there {
		if strict {
			return fault(koji.CodeTag, "build %s not in tag %s", t.build.NVR, t.from.Name)
		}
		return nil
	}
	if err := c.tagChanged(t.from.ID, t.from.Name); err != nil {
		return err
	}
	return c.callback("postUntag", info)
}

func (c *call) taggingInfo(t tagging, tag *koji.Tag) (map[string]any, error) {
	info := map[string]any{"tag": tag, "build": t.build, "force": t.force}
	if !c.hub.hears("preTag", "postTag", "preUntag", "postUntag") {
		return info, nil
	}
	u, err := c.tx.User(c, t.user)
	info["user"] = u
	return info, err
}

// told tells people by mail of what was done by the caller.
func (c *call) told(t tagging) error {
	who, err := c.tx.User(c, t.user)
	if err != nil {
		return err
	}
	return c.tagNotification(true, t.tag, t.from, t.build, who, false, "")
}

type tagBuildArgs struct {
	Tag     any  `rpc:"tag"`
	Build   any  `rpc:"build"`
	Force   bool `rpc:"force=false"`
	FromTag any  `rpc:"fromtag=nil"`
}

const tagBuildPriority = 10

func tagBuild(c *call, a tagBuildArgs) (any, error) {
	if a.Tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	t, err := c.newTagging(a.Tag, a.Build, a.FromTag, c.session.user, a.Force)
	if err != nil {
		return nil, err
	}
	if err := c.checkTagging(t); err != nil {
		return nil, err
	}
	var from any
	if t.from != nil {
		from = t.from.ID
	}
	priority := int64(tagBuildPriority)
	return c.makeTask(taskOptions{Method: "tagBuild", Params: []any{t.tag.ID, t.build.ID, a.Force, from}, Priority: &priority})
}

type moveBuildArgs struct {
	Tag1  any  `rpc:"tag1"`
	Tag2  any  `rpc:"tag2"`
	Build any  `rpc:"build"`
	Force bool `rpc:"force=false"`
}

func moveBuild(c *call, a moveBuildArgs) (any, error) {
	if a.Tag1 == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag1)
	}
	return tagBuild(c, tagBuildArgs{Tag: a.Tag2, Build: a.Build, Force: a.Force, FromTag: a.Tag1})
}

type tagBuildBypassArgs struct {
	Tag    any  `rpc:"tag"`
	Build  any  `rpc:"build"`
	Force  bool `rpc:"force=false"`
	Notify bool `rpc:"notify=false"`
}

// tagBuildBypass needs no entry in the tag's package list.
func tagBuildBypass(c *call, a tagBuildBypassArgs) (any, error) {
	if a.Tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	t, err := c.newTagging(a.Tag, a.Build, nil, c.session.user, a.Force)
	if err != nil {
		return nil, err
	}
	if err := c.taggingAccess(t); err != nil {
		return nil, err
	}
	if err := c.taggingPolicy(t); err != nil {
		return nil, err
	}
	if err := c.addToTag(t); err != nil {
		return nil, err
	}
	if !a.Notify {
		return nil, nil
	}
	return nil, c.told(t)
}

type untagBuildArgs struct {
	Tag    any  `rpc:"tag"`
	Build  any  `rpc:"build"`
	Strict bool `rpc:"strict=true"`
	Force  bool `rpc:"force=false"`
}

func untagBuild(c *call, a untagBuildArgs) (any, error) {
	return untagBuildBypass(c, untagBuildBypassArgs{a.Tag, a.Build, a.Strict, a.Force, true})
}

type untagBuildBypassArgs struct {
	Tag    any  `rpc:"tag"`
	Build  any  `rpc:"build"`
	Strict bool `rpc:"strict=true"`
	Force  bool `rpc:"force=false"`
	Notify bool `rpc:"notify=false"`
}

func untagBuildBypass(c *call, a untagBuildBypassArgs) (any, error) {
	if a.Tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	t, err := c.newTagging(nil, a.Build, a.Tag, c.session.user, a.Force)
	if err != nil {
		return nil, err
	}
	if err := c.taggingAccess(t); err != nil {
		return nil, err
	}
	if err := c.taggingPolicy(t); err != nil {
		return nil, err
	}
	if err := c.removeFromTag(t, a.Strict); err != nil {
		return nil, err
	}
	if !a.Notify {
		return nil, nil
	}
	return nil, c.told(t)
}

type hostTagBuildArgs struct {
	TaskID  any  `rpc:"task_id"`
	Tag     any  `rpc:"tag"`
	Build   any  `rpc:"build"`
	Force   bool `rpc:"force=false"`
	FromTag any  `rpc:"fromtag=nil"`
}

// hostTagBuild does what a tagBuild task is for, with the rights of its owner.
func hostTagBuild(c *call, a hostTagBuildArgs) (any, error) {
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	if a.Tag == nil {
		return nil, noSuch(sqlstore.TagNames, a.Tag)
	}
	t, err := c.newTagging(a.Tag, a.Build, a.FromTag, task.Owner, a.Force)
	if err != nil {
		return nil, err
	}
	if err := c.checkTagging(t); err != nil {
		return nil, err
	}
	if t.from != nil {
		if err := c.removeFromTag(t, true); err != nil {
			return nil, err
		}
	}
	return nil, c.addToTag(t)
}
