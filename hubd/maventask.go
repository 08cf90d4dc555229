package hubd

import (
	"koji"
)

// How users ask for builds of the types maven and win.

func typedTaskMethods() []method {
	return []method{
		writes("mavenBuild", user, "Creates a maven task.", mavenBuildTask),
		writes("chainMaven", user, "Creates a chainmaven task.", chainMaven),
		writes("wrapperRPM", user, "Creates a top-level wrapperRPM task.", wrapperRPM),
		writes("winBuild", user, "Creates a winbuild task (vm policy).", winBuild),
		writes("buildImage", user, "Creates a livecd, appliance or livemedia task; permission name equals img_type.", buildImage),
		writes("buildImageOz", perm("image"), "Creates an image (Oz/ImageFactory) task.", buildImageOz),
		writes("buildImageIndirection", perm("image"), "Creates an indirectionimage task (all parameters inside opts).", buildImageIndirection),
	}
}

type mavenBuildArgs struct {
	URL      string         `rpc:"url"`
	Target   string         `rpc:"target"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=maven"`
}

func mavenBuildTask(c *call, a mavenBuildArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	return c.submit("maven", []any{a.URL, a.Target, orEmpty(a.Opts)}, a.Priority, a.Channel)
}

// submit makes the task that a user asks for.
func (c *call) submit(method string, params []any, priority, channel any) (any, error) {
	o, err := c.submitted(priority, channel)
	if err != nil {
		return nil, err
	}
	o.Method, o.Params = method, params
	return c.makeTask(o)
}

type chainMavenArgs struct {
	Builds   map[string]any `rpc:"builds"`
	Target   string         `rpc:"target"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=maven"`
}

func chainMaven(c *call, a chainMavenArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	return c.submit("chainmaven", []any{a.Builds, a.Target, orEmpty(a.Opts)}, a.Priority, a.Channel)
}

type wrapperRPMArgs struct {
	Build    any            `rpc:"build"`
	URL      string         `rpc:"url"`
	Target   any            `rpc:"target"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=maven"`
	Opts     map[string]any `rpc:"opts=nil"`
}

// wrapperRPM has rpms made around the files of a build, which must have none
// yet unless they become a build of their own, or none at all.
func wrapperRPM(c *call, a wrapperRPMArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	rpms, _, _, err := c.tx.BuildUse(c, b.ID)
	if err != nil {
		return nil, err
	}
	if rpms && !truthy(a.Opts["scratch"]) && !truthy(a.Opts["create_build"]) {
		return nil, fault(koji.CodePreBuild, "wrapper rpms for %s have already been built", b.NVR)
	}
	t, err := c.targetRef(a.Target)
	if err != nil {
		return nil, err
	}
	target := map[string]any{
		"id": t.ID, "name": t.Name, "build_tag": t.BuildTag, "build_tag_name": t.BuildTagName, "dest_tag": t.DestTag, "dest_tag_name": t.DestTagName,
	}
	return c.submit("wrapperRPM", []any{a.URL, target, b, nil, orEmpty(a.Opts)}, a.Priority, a.Channel)
}

type winBuildArgs struct {
	VM       string         `rpc:"vm"`
	URL      string         `rpc:"url"`
	Target   string         `rpc:"target"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
	Channel  any            `rpc:"channel=vm"`
}

func winBuild(c *call, a winBuildArgs) (any, error) {
	if err := c.needWin(); err != nil {
		return nil, err
	}
	t, err := c.targetRef(a.Target)
	if err != nil {
		return nil, err
	}
	if err := c.assertPolicy("vm", map[string]any{"vm_name": a.VM, "tag": t.DestTag}, false); err != nil {
		return nil, err
	}
	return c.submit("winbuild", []any{a.VM, a.URL, a.Target, orEmpty(a.Opts)}, a.Priority, a.Channel)
}
