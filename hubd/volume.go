package hubd

import (
	"errors"
	"io/fs"
	"os"

	"koji"
	"koji/sqlstore"
)

func volumeMethods() []method {
	return []method{
		reads("listVolumes", anyone, "All volumes.", listVolumes),
		reads("getVolume", anyone, "{id, name} of a volume.", getVolume),
		writes("addVolume", perm("admin"), "Registers a storage volume whose directory must already exist.", addVolume),
		writes("removeVolume", perm("admin"), "Drops a volume that holds no builds.", removeVolume),
		writes("changeBuildVolume", perm("admin"), "Moves a build directory to another volume.", changeBuildVolume),
		writes("applyVolumePolicy", perm("admin"), "Re-evaluates the volume policy for a build and moves it if needed.", applyVolumePolicy),
	}
}

func listVolumes(c *call, _ none) (any, error) { return c.tx.Names(c, sqlstore.VolumeNames) }

type getVolumeArgs struct {
	Volume any  `rpc:"volume"`
	Strict bool `rpc:"strict=false"`
}

func getVolume(c *call, a getVolumeArgs) (any, error) {
	v, found, err := c.find(sqlstore.VolumeNames, a.Volume)
	switch {
	case err != nil:
		return nil, err
	case found:
		return v, nil
	case a.Strict:
		return nil, noSuch(sqlstore.VolumeNames, a.Volume)
	}
	return nil, nil
}

type addVolumeArgs struct {
	Name   any  `rpc:"name"`
	Strict bool `rpc:"strict=true"`
}

func addVolume(c *call, a addVolumeArgs) (any, error) {
	name, err := c.newName("volume", a.Name)
	if err != nil {
		return nil, err
	}
	if err := c.volumeFolder(name); err != nil {
		return nil, err
	}
	v, found, err := c.tx.NameByName(c, sqlstore.VolumeNames, name)
	switch {
	case err != nil:
		return nil, err
	case found && a.Strict:
		return nil, refuse("volume %s already exists", name)
	case found:
		return v, nil
	}
	id, err := c.tx.AddName(c, sqlstore.VolumeNames, name)
	return sqlstore.Name{ID: id, Name: name}, err
}

// volumeFolder refuses a volume that has no folder.
func (c *call) volumeFolder(name string) error {
	info, err := os.Stat(c.hub.paths.Volume(name))
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return refuse("volume %s has no folder: make vol/%s below the hub's topdir first", name, name)
	}
	return wrapError(err, "look for volume %s", name)
}

type volumeArgs struct {
	Volume any `rpc:"volume"`
}

func removeVolume(c *call, a volumeArgs) (any, error) {
	v, err := c.need(sqlstore.VolumeNames, a.Volume)
	if err != nil {
		return nil, err
	}
	if v.ID == 0 {
		return nil, refuse("volume %s can't be removed", v.Name)
	}
	used, err := c.tx.VolumeUsed(c, v.ID)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, refuse("volume %s has build data", v.Name)
	}
	return nil, c.tx.RemoveVolume(c, v.ID)
}

type changeBuildVolumeArgs struct {
	Build  any  `rpc:"build"`
	Volume any  `rpc:"volume"`
	Strict bool `rpc:"strict=true"`
}

func changeBuildVolume(c *call, a changeBuildVolumeArgs) (any, error) {
	v, err := c.need(sqlstore.VolumeNames, a.Volume)
	if err != nil {
		return nil, err
	}
	b, err := c.lockedBuildRef(a.Build)
	if err != nil {
		return nil, err
	}
	if b.VolumeID == v.ID {
		if a.Strict {
			return nil, refuse("Build %s already on volume %s", b.NVR, v.Name)
		}
		return nil, nil
	}
	return nil, c.moveBuild(b, v)
}

type applyVolumePolicyArgs struct {
	Build  any  `rpc:"build"`
	Strict bool `rpc:"strict=false"`
}

func applyVolumePolicy(c *call, a applyVolumePolicyArgs) (any, error) {
	b, err := c.lockedBuildRef(a.Build)
	if err != nil {
		return nil, err
	}
	return nil, c.applyVolumePolicy(b, a.Strict)
}

// applyVolumePolicy moves a build to where the policy wants it. Where no rule
// says it stays, or with strict that is refused.
func (c *call) applyVolumePolicy(b *koji.Build, strict bool) error {
	data, err := c.buildData(b)
	if err != nil {
		return err
	}
	v, err := c.volumeFor(data)
	if err != nil {
		return err
	}
	switch {
	case v == nil && strict:
		return refuse("No volume policy match for build %s", b.NVR)
	case v == nil || v.ID == b.VolumeID:
		return nil
	}
	return c.moveBuild(b, *v)
}

// buildData is what a policy sees of a build: it, and what its task was asked for.
func (c *call) buildData(b *koji.Build) (map[string]any, error) {
	var task *koji.Task
	if b.TaskID != nil {
		var err error
		if task, err = c.tx.Task(c, *b.TaskID); err != nil {
			return nil, err
		}
	}
	data, err := c.dataOfTask(task)
	if err == nil {
		data["build"] = b.ID
	}
	return data, err
}

// moveBuild moves a build's files to another volume. What was copied is
// complete before it gets to its place, the old files go once all is committed.
func (c *call) moveBuild(b *koji.Build, to sqlstore.Name) error {
	if b.State != koji.BuildComplete && b.State != koji.BuildDeleted {
		return refuse("Build %s is %s: its files can't be moved", b.NVR, b.State)
	}
	if err := c.volumeFolder(to.Name); err != nil {
		return err
	}
	err := c.changeBuild(b, "volume_id", b.VolumeID, to.ID, func() error {
		if err := c.tx.SetBuildVolume(c, b.ID, to.ID); err != nil {
			return err
		}
		return c.moveBuildFiles(b, to.Name)
	})
	if err != nil {
		return err
	}
	return c.tx.UpdateTagsOfBuild(c, b.ID, sqlstore.TagVolumeChange, c.session.user)
}

func (c *call) moveBuildFiles(b *koji.Build, to string) (err error) {
	dir := c.buildDir(b)
	old, err := os.OpenRoot(c.hub.paths.Volume(b.VolumeName))
	if err != nil {
		return wrapError(err, "open volume %s", b.VolumeName)
	}
	defer old.Close()
	switch info, err := old.Lstat(dir); {
	case errors.Is(err, fs.ErrNotExist): // a build without files
		if b.VolumeID != 0 {
			return c.dropLink(dir)
		}
		return nil
	case err != nil:
		return diskFault(err, "look for %s", dir)
	case !info.IsDir():
		return refuse("%s is no folder", dir)
	}
	in, err := c.newIntake(to)
	if err != nil {
		return err
	}
	defer func() { in.close(err) }()
	if err := in.gather("packages"); err != nil {
		return err
	}
	if err := in.copyFolder(old, dir); err != nil {
		return err
	}
	if b.VolumeID != 0 {
		if err := c.dropLink(dir); err != nil {
			return err
		}
	}
	if err := c.dropFolder(b.VolumeName, dir); err != nil {
		return err
	}
	if err := in.place(dir); err != nil {
		return err
	}
	return in.linkVolume(to, dir)
}
