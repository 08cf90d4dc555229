package hubd

import (
	"koji"
	"koji/sqlstore"
)

func typedBuildMethods() []method {
	return []method{
		writes("createMavenBuild", perm("maven-import"), "Attaches Maven metadata to a build, creating it when given a map.", createMavenBuild),
		writes("createWinBuild", perm("win-import"), "Attaches Windows metadata to a build, creating it when given a map.", createWinBuild),
		writes("createImageBuild", perm("image-import"), "Marks (or creates) a build as image type.", createImageBuild),
		reads("getMavenBuild", anyone, "Maven columns of a build.", getMavenBuild),
		reads("getWinBuild", anyone, "Windows columns of a build.", getWinBuild),
		reads("getImageBuild", anyone, "Image row of a build.", getImageBuild),
	}
}

// needMaven refuses what has to do with Maven where the hub is set to do without.
func (c *call) needMaven() error {
	if !c.hub.cfg.EnableMaven {
		return refuse("Maven support not enabled")
	}
	return nil
}

// needWin is needMaven for Windows.
func (c *call) needWin() error {
	if !c.hub.cfg.EnableWin {
		return refuse("Windows support not enabled")
	}
	return nil
}

type createMavenBuildArgs struct {
	Build any `rpc:"build_info"`
	Maven any `rpc:"maven_info"`
}

func createMavenBuild(c *call, a createMavenBuildArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	info, err := infoStruct("Maven", a.Maven)
	if err != nil {
		return nil, err
	}
	b, err := c.foundOrMade(a.Build)
	if err != nil {
		return nil, err
	}
	return nil, c.makeMaven(b, info)
}

type createWinBuildArgs struct {
	Build any `rpc:"build_info"`
	Win   any `rpc:"win_info"`
}

func createWinBuild(c *call, a createWinBuildArgs) (any, error) {
	if err := c.needWin(); err != nil {
		return nil, err
	}
	info, err := infoStruct("Windows", a.Win)
	if err != nil {
		return nil, err
	}
	b, err := c.foundOrMade(a.Build)
	if err != nil {
		return nil, err
	}
	return nil, c.makeWin(b, info)
}

type createImageBuildArgs struct {
	Build any `rpc:"build_info"`
}

func createImageBuild(c *call, a createImageBuildArgs) (any, error) {
	b, err := c.foundOrMade(a.Build)
	if err != nil {
		return nil, err
	}
	return nil, c.makeImage(b)
}

func infoStruct(what string, v any) (map[string]any, error) {
	info, ok := v.(map[string]any)
	if !ok {
		return nil, refuse("Invalid %s info: invalid type %s, want a struct", what, typeName(v))
	}
	return info, nil
}

// foundOrMade is the build that an argument names; one that isn't there is made,
// complete, if the argument is a struct that tells all of it.
func (c *call) foundOrMade(ref any) (*koji.Build, error) {
	b, err := c.findBuild(ref)
	switch {
	case err != nil:
		return nil, err
	case b != nil && b.Draft:
		return nil, refuse("Build %s is a draft: only rpm builds can be", b.NVR)
	case b != nil:
		return b, nil
	}
	data, ok := ref.(map[string]any)
	if !ok || data["id"] != nil {
		return nil, noSuchBuild(ref)
	}
	n, name, err := c.newBuildOf(data)
	if err != nil {
		return nil, err
	}
	if _, told := data["epoch"]; !told {
		return nil, refuse("Invalid build: epoch is missing; it may be nil")
	}
	if n.Draft {
		return nil, refuse("Invalid build: %s can't be a draft: only rpm builds can", name)
	}
	n.Owner, n.State, n.Completed = c.session.user, koji.BuildComplete, n.Started
	n.Source, n.Extra = nil, nil
	id, err := c.beginBuild(name, n)
	if err != nil {
		return nil, err
	}
	return c.tx.Build(c, id)
}

// addType records that a build is of a type.
func (c *call) addType(b *koji.Build, name string) error {
	btype, err := c.need(sqlstore.BuildTypeNames, name)
	if err != nil {
		return err
	}
	return c.tx.AddBuildType(c, b.ID, btype.ID)
}

// makeMaven gives a build its Maven identity. Once it has one, that stays.
func (c *call) makeMaven(b *koji.Build, info map[string]any) error {
	m, err := mavenInfo(info)
	if err != nil {
		return err
	}
	old, err := c.tx.MavenBuild(c, b.ID)
	if err != nil {
		return err
	}
	if old != nil && *old != *m {
		return fault(koji.CodeBuild, "Maven info mismatch: build %s is %s, not %s", b.NVR, gav(*old), gav(*m))
	}
	if err := c.tx.AddMavenBuild(c, b.ID, *m); err != nil {
		return err
	}
	return c.addType(b, "maven")
}

// makeWin gives a build its Windows platform, maybe another than it had.
func (c *call) makeWin(b *koji.Build, info map[string]any) error {
	platform, err := infoText("Windows", info, "platform")
	if err != nil {
		return err
	}
	if err := c.tx.SetWinBuild(c, b.ID, platform); err != nil {
		return err
	}
	return c.addType(b, "win")
}

func (c *call) makeImage(b *koji.Build) error {
	if err := c.tx.AddImageBuild(c, b.ID); err != nil {
		return err
	}
	return c.addType(b, "image")
}

// typedBuild finds the build that an argument names and what told gives of it,
// nil where it tells nothing; strict refuses both.
func typedBuild(c *call, a getBuildArgs, what string, told func(build int64) (any, error)) (any, error) {
	b, err := c.findBuild(a.Build)
	if err != nil {
		return nil, err
	}
	if b == nil {
		if a.Strict {
			return nil, noSuchBuild(a.Build)
		}
		return nil, nil
	}
	v, err := told(b.ID)
	if err == nil && v == nil && a.Strict {
		err = refuse("No such %s build: %s", what, b.NVR)
	}
	return v, err
}

// mavenBuild is a build's Maven identity as getMavenBuild tells it.
type mavenBuild struct {
	BuildID int64 `xmlrpc:"build_id"`
	koji.MavenInfo
}

func getMavenBuild(c *call, a getBuildArgs) (any, error) {
	return typedBuild(c, a, "Maven", func(id int64) (any, error) {
		m, err := c.tx.MavenBuild(c, id)
		if err != nil || m == nil {
			return nil, err
		}
		return mavenBuild{id, *m}, nil
	})
}

func getWinBuild(c *call, a getBuildArgs) (any, error) {
	return typedBuild(c, a, "Windows", func(id int64) (any, error) {
		platform, err := c.tx.WinBuild(c, id)
		if err != nil || platform == nil {
			return nil, err
		}
		return map[string]any{"build_id": id, "platform": *platform}, nil
	})
}

func getImageBuild(c *call, a getBuildArgs) (any, error) {
	return typedBuild(c, a, "image", func(id int64) (any, error) {
		is, err := c.tx.IsImageBuild(c, id)
		if err != nil || !is {
			return nil, err
		}
		return map[string]any{"build_id": id}, nil
	})
}
