package hubd

import (
	"koji"
	"koji/sqlstore"
)

func targetMethods() []method {
	manager := perm("target")
	return []method{
		writes("createBuildTarget", manager, "Creates a build target.", createBuildTarget),
		writes("editBuildTarget", manager, "Renames a build target and changes its tags.", editBuildTarget),
		writes("deleteBuildTarget", manager, "Deletes a build target.", deleteBuildTarget),
		reads("getBuildTarget", anyone, "Build target by id or name, at an event if given.", getBuildTarget),
		reads("getBuildTargets", anyone, "Build targets by name, build tag or destination tag.", getBuildTargets),
	}
}

// targetRef finds a build target that isn't deleted.
func (c *call) targetRef(ref any) (*koji.Target, error) {
	t, err := c.targetAt(ref, nil)
	if err == nil && t == nil {
		err = noSuch(sqlstore.TargetNames, ref)
	}
	return t, err
}

// targetAt finds a build target at an event, nil if there is none.
func (c *call) targetAt(ref any, event *int64) (*koji.Target, error) {
	n, found, err := c.find(sqlstore.TargetNames, ref)
	if err != nil || !found {
		return nil, err
	}
	return c.tx.Target(c, n.ID, event)
}

type createTargetArgs struct {
	Name     any `rpc:"name"`
	BuildTag any `rpc:"build_tag"`
	DestTag  any `rpc:"dest_tag"`
}

func createBuildTarget(c *call, a createTargetArgs) (any, error) {
	name, err := c.newName("build target", a.Name)
	if err != nil {
		return nil, err
	}
	buildTag, err := c.tagRef(a.BuildTag)
	if err != nil {
		return nil, err
	}
	destTag, err := c.tagRef(a.DestTag)
	if err != nil {
		return nil, err
	}
	if old, err := c.targetAt(name, nil); err != nil || old != nil {
		return nil, orRefuse(err, "Build target %s already exists", name)
	}
	id, err := c.tx.AddName(c, sqlstore.TargetNames, name)
	if err != nil {
		return nil, err
	}
	return nil, c.tx.ConfigureTarget(c, id, buildTag.ID, destTag.ID, c.session.user)
}

type editTargetArgs struct {
	Target   any `rpc:"buildTargetInfo"`
	Name     any `rpc:"name"`
	BuildTag any `rpc:"build_tag"`
	DestTag  any `rpc:"dest_tag"`
}

func editBuildTarget(c *call, a editTargetArgs) (any, error) {
	target, err := c.targetRef(a.Target)
	if err != nil {
		return nil, err
	}
	name, err := c.newName("build target", a.Name)
	if err != nil {
		return nil, err
	}
	buildTag, err := c.tagRef(a.BuildTag)
	if err != nil {
		return nil, err
	}
	destTag, err := c.tagRef(a.DestTag)
	if err != nil {
		return nil, err
	}
	if name != target.Name {
		if other, there, err := c.tx.NameByName(c, sqlstore.TargetNames, name); err != nil || there {
			return nil, orRefuse(err, "Name %s is already taken by build target %d", name, other.ID)
		}
		if err := c.tx.Rename(c, sqlstore.TargetNames, target.ID, name); err != nil {
			return nil, err
		}
	}
	// As in Koji, an edit that changes nothing is history too.
	return nil, c.tx.ConfigureTarget(c, target.ID, buildTag.ID, destTag.ID, c.session.user)
}

type targetInfoArgs struct {
	Target any `rpc:"buildTargetInfo"`
}

func deleteBuildTarget(c *call, a targetInfoArgs) (any, error) {
	n, err := c.need(sqlstore.TargetNames, a.Target)
	if err != nil {
		return nil, err
	}
	_, err = c.tx.DeleteTarget(c, n.ID, c.session.user)
	return nil, err
}

type getTargetArgs struct {
	Target any  `rpc:"info"`
	Event  any  `rpc:"event=nil"`
	Strict bool `rpc:"strict=false"`
}

func getBuildTarget(c *call, a getTargetArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	t, err := c.targetAt(a.Target, event)
	if err != nil {
		return nil, err
	}
	if t == nil {
		if a.Strict {
			return nil, noSuch(sqlstore.TargetNames, a.Target)
		}
		return nil, nil
	}
	return t, nil
}

type listTargetsArgs struct {
	Target    any `rpc:"info=nil"`
	Event     any `rpc:"event=nil"`
	BuildTag  any `rpc:"buildTagID=nil"`
	DestTag   any `rpc:"destTagID=nil"`
	QueryOpts any `rpc:"queryOpts=nil"`
}

func getBuildTargets(c *call, a listTargetsArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	f := sqlstore.TargetFilter{Event: event}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if a.Target != nil {
		n, found, err := c.find(sqlstore.TargetNames, a.Target)
		if err != nil {
			return nil, err
		}
		if !found {
			if opts.CountOnly {
				return int64(0), nil
			}
			return []koji.Target{}, nil
		}
		f.ID = n.ID
	}
	if a.BuildTag != nil {
		if f.BuildTag, _, err = c.tagID(a.BuildTag); err != nil {
			return nil, err
		}
	}
	if a.DestTag != nil {
		if f.DestTag, _, err = c.tagID(a.DestTag); err != nil {
			return nil, err
		}
	}
	if opts.CountOnly {
		return c.tx.CountTargets(c, f, opts)
	}
	targets, err := c.tx.ListTargets(c, f, opts)
	return rows(opts, targets), err
}
