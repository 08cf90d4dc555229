package hubd

import (
	"slices"

	"koji"
)

// buildNotification makes the task that tells people of a build that ended, if
// there is anyone to tell.
func (c *call) buildNotification(build int64) error {
	if c.hub.cfg.DisableNotifications {
		return nil
	}
	b, err := c.tx.Build(c, build)
	if err != nil || b == nil {
		return err
	}
	target, err := c.buildTarget(b)
	if err != nil {
		return err
	}
	var tag *int64
	var info any
	if target != nil {
		tag, info = &target.DestTag, target
	}
	recipients, err := c.recipients(b, tag)
	if err != nil || len(recipients) == 0 {
		return err
	}
	_, err = c.makeTask(taskOptions{Method: "buildNotification", Params: []any{recipients, b, info, c.hub.cfg.KojiWebURL}})
	return err
}

// buildTarget is the target that a build's task names, nil if it names none that is there.
func (c *call) buildTarget(b *koji.Build) (*koji.Target, error) {
	if b.TaskID == nil {
		return nil, nil
	}
	t, err := c.tx.Task(c, *b.TaskID)
	if err != nil || t == nil {
		return nil, err
	}
	request, _, found, err := c.tx.TaskDocuments(c, t.ID)
	if err != nil || !found {
		return nil, err
	}
	params, err := decodeRequest(t.ID, request)
	if err != nil {
		return nil, nil // there is no more to know of it
	}
	ref := c.taskData(t.Method, params)["target"]
	if ref == nil {
		return nil, nil
	}
	target, err := c.targetRef(ref)
	if err != nil && !koji.HasCode(err, koji.CodeGeneric) {
		return nil, err
	}
	return target, nil
}

// tagNotification makes the task that tells people of a build that was, or
// wasn't, tagged, untagged (tag nil) or moved. Koji: reference/tasks.md,
// "Notifications".
func (c *call) tagNotification(ok bool, tag, from *koji.Tag, b *koji.Build, who *koji.User, ignoreSuccess bool, failure string) error {
	if c.hub.cfg.DisableNotifications {
		return nil
	}
	var recipients []string
	for _, t := range []*koji.Tag{tag, from} {
		if t == nil {
			continue
		}
		more, err := c.recipients(b, &t.ID)
		if err != nil {
			return err
		}
		recipients = append(recipients, more...)
	}
	if len(recipients) == 0 {
		return nil
	}
	slices.Sort(recipients)
	recipients = slices.Compact(recipients)
	_, err := c.makeTask(taskOptions{Method: "tagNotification", Params: []any{
		recipients, ok, tagParam(tag), tagParam(from), b, userParam(who), ignoreSuccess, failure,
	}})
	return err
}

// tagParam is a tag as a parameter of a task, nil for none.
func tagParam(t *koji.Tag) any {
	if t == nil {
		return nil
	}
	return t
}

// userParam is a user as a parameter of a task, nil for none.
func userParam(u *koji.User) any {
	if u == nil {
		return nil
	}
	return u
}

// recipients are the addresses of who wants to hear of a build in a tag: who
// asked for it, and, where there is trouble or NotifyOnSuccess is on, the
// build's owner and the package's in that tag; without those who opted out.
func (c *call) recipients(b *koji.Build, tag *int64) ([]string, error) {
	complete := b.State == koji.BuildComplete
	subscribers, err := c.tx.Subscribers(c, b.PackageID, tag, complete)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, s := range subscribers {
		names[s.ID] = s.Name
	}
	if c.hub.cfg.NotifyOnSuccess || !complete {
		owners := []int64{b.OwnerID}
		if tag != nil {
			entry, err := c.tagPackage(*tag, b.PackageID, nil)
			if err != nil {
				return nil, err
			}
			if entry != nil && !entry.Blocked && entry.OwnerID != nil {
				owners = append(owners, *entry.OwnerID)
			}
		}
		for _, id := range owners {
			u, err := c.tx.User(c, id)
			if err != nil {
				return nil, err
			}
			if u != nil && u.Status == koji.StatusNormal && u.UserType == koji.UserNormal {
				names[id] = u.Name
			}
		}
	}
	out, err := c.tx.OptedOut(c, b.PackageID, tag)
	if err != nil {
		return nil, err
	}
	for _, id := range out {
		delete(names, id)
	}
	addresses := []string{}
	for _, name := range names {
		addresses = append(addresses, name+"@"+c.hub.cfg.EmailDomain)
	}
	slices.Sort(addresses)
	return addresses, nil
}

type hostTagNotificationArgs struct {
	OK            bool   `rpc:"is_successful"`
	Tag           any    `rpc:"tag_id"`
	From          any    `rpc:"from_id"`
	Build         any    `rpc:"build_id"`
	User          any    `rpc:"user_id"`
	IgnoreSuccess bool   `rpc:"ignore_success=false"`
	Failure       string `rpc:"failure_msg="`
}

func hostTagNotification(c *call, a hostTagNotificationArgs) (any, error) {
	var tags [2]*koji.Tag
	for i, ref := range []any{a.Tag, a.From} {
		if ref == nil {
			continue
		}
		var err error
		if tags[i], err = c.tagRef(ref); err != nil {
			return nil, err
		}
	}
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	var who *koji.User
	if a.User != nil {
		if who, err = c.userRef(a.User); err != nil {
			return nil, err
		}
	}
	return nil, c.tagNotification(a.OK, tags[0], tags[1], b, who, a.IgnoreSuccess, a.Failure)
}
