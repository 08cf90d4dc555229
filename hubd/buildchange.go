package hubd

import (
	"koji"
)

func buildChangeMethods() []method {
	return []method{
		writes("createEmptyBuild", perm("admin"), "Creates a build row without content (default state COMPLETE).", createEmptyBuild),
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
