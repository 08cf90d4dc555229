package hubd

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"io"

	"koji"
	"koji/sqlstore"
)

// typedImport is the import of what a task of a build that isn't one of rpms
// alone brought.
type typedImport struct {
	*archiveImport
	task  *koji.Task
	tasks map[int64]bool // the task and those below it
}

// completeTyped imports the output of a build's task and completes the build:
// take checks the files and gathers them. All of it is done, or nothing.
func (c *call) completeTyped(taskID, buildID any, kind string, take func(*typedImport) error) (err error) {
	task, err := c.openTaskOf(taskID)
	if err != nil {
		return err
	}
	b, err := c.taskBuild(buildID, task)
	if err != nil {
		return err
	}
	_, imported, _, err := c.tx.BuildUse(c, b.ID) // with host.importImage
	if err != nil {
		return err
	}
	volume := sqlstore.Name{ID: b.VolumeID, Name: b.VolumeName}
	if !imported {
		if volume, err = c.importVolume(b, task, map[string]any{"import_type": kind}); err != nil {
			return err
		}
	}
	in, err := c.newIntake(volume.Name)
	if err != nil {
		return err
	}
	defer func() { in.close(err) }()
	if err := in.gather("packages"); err != nil {
		return err
	}
	t, err := c.newTypedImport(in, b, task)
	if err != nil {
		return err
	}
	if err := take(t); err != nil {
		return err
	}
	return c.finishBuild(in, b, volume, imported)
}

func (c *call) newTypedImport(in *intake, b *koji.Build, task *koji.Task) (*typedImport, error) {
	tree, err := c.taskTree(task.ID)
	if err != nil {
		return nil, err
	}
	ai, err := c.newArchiveImport(in, b)
	return &typedImport{archiveImport: ai, task: task, tasks: tree}, err
}

// finishBuild completes a build whose files are gathered, and puts these to
// their place: as the whole of its folder, or beside what was imported before.
func (c *call) finishBuild(in *intake, b *koji.Build, volume sqlstore.Name, imported bool) error {
	dest := c.hub.below(c.hub.paths.Build("", b.Name, b.Version, b.Release))
	if err := in.linkVolume(volume.Name, dest); err != nil {
		return err
	}
	err := c.changeBuild(b, "state", int64(b.State), int64(koji.BuildComplete), func() error {
		return c.tx.CompleteBuild(c, b.ID, volume.ID, c.tx.Now())
	})
	if err != nil {
		return err
	}
	if err := c.buildNotification(b.ID); err != nil {
		return err
	}
	put := in.place
	if imported {
		put = in.merge
	}
	if err := put(dest); err != nil {
		return err
	}
	in.leaveLinks(volume.Name, dest)
	return nil
}

// addWithSums gathers an upload that is no archive, with the sums that Maven wants beside it.
func (in *intake) addWithSums(u *upload, to string) error {
	if err := in.add(u, to); err != nil {
		return err
	}
	md, sha := md5.New(), sha1.New()
	if _, err := io.Copy(io.MultiWriter(md, sha), u.content()); err != nil {
		return wrapError(err, "read %s", u.name)
	}
	if err := in.write(to+".md5", []byte(hex.EncodeToString(md.Sum(nil)))); err != nil {
		return err
	}
	return in.write(to+".sha1", []byte(hex.EncodeToString(sha.Sum(nil))))
}
