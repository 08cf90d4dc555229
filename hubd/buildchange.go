package hubd

import (
	"koji"
)

func buildChangeMethods() []method {
	return []method{
		writes("createEmptyBuild", perm("admin"), "Creates a build row without content (default state COMPLETE).", createEmptyBuild),
		writes("promoteBuild", user, "Turns a draft build into a regular one.", promoteBuild),
		writes("setBuildTimestamp", perm("admin"), "Changes the completion time of a build.", setBuildTimestamp),
	}
}

type createEmptyBuildArgs struct {
	Name    any  `rpc:"name"`
	Version any  `rpc:"version"`
	Release any  `rpc:"release"`
	Epoch   any  `rpc:"epoch"`
	Owner   any  `rpc:"owner=nil"`
	Draft   bool `rpc:"draft=false"`
}

// createEmptyBuild makes a build that is COMPLETE and to which others import content later.
func createEmptyBuild(c *call, a createEmptyBuildArgs) (any, error) {
	n, name, err := c.newBuildOf(map[string]any{"name": a.Name, "version": a.Version, "release": a.Release, "epoch": a.Epoch, "draft": a.Draft})
	if err != nil {
		return nil, err
	}
	n.Owner = c.session.user
	if a.Owner != nil {
		if n.Owner, err = c.userID(a.Owner); err != nil {
			return nil, err
		}
	}
	n.State, n.Completed = koji.BuildComplete, n.Started
	return c.beginBuild(name, n)
}

type setBuildTimestampArgs struct {
	Build any `rpc:"build"`
	Time  any `rpc:"ts"`
}

func setBuildTimestamp(c *call, a setBuildTimestampArgs) (any, error) {
	b, err := c.lockedBuildRef(a.Build)
	if err != nil {
		return nil, err
	}
	at, err := timeArg("ts", a.Time)
	if err != nil {
		return nil, err
	}
	switch {
	case b.State == koji.BuildBuilding:
		return nil, refuse("Build %s is BUILDING: it has no completion time", b.NVR)
	case at.Year() < 1970 || at.Year() > 9999:
		return nil, refuse("ts: %v is out of range", at)
	}
	return nil, c.changeBuild(b, "completion_ts", value(b.CompletionTS), koji.Seconds(at), func() error { return c.tx.SetBuildTime(c, b.ID, at) })
}
