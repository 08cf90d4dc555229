package hubd

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"koji"
	"koji/sqlstore"
)

type promoteBuildArgs struct {
	Build any  `rpc:"build"`
	Force bool `rpc:"force=false"`
}

// promoteBuild turns a draft into the build that it is a draft of.
func promoteBuild(c *call, a promoteBuildArgs) (any, error) {
	b, err := c.lockedBuildRef(a.Build)
	if err != nil {
		return nil, err
	}
	switch {
	case !b.Draft:
		return nil, refuse("Cannot promote build %s: it is no draft", b.NVR)
	case b.State != koji.BuildComplete:
		return nil, refuse("Cannot promote build %s: it is %s, not COMPLETE", b.NVR, b.State)
	}
	target := targetRelease(b)
	if err := c.assertPolicy("draft_promotion", map[string]any{"build": b.ID, "target_release": target, "user_id": c.session.user}, a.Force); err != nil {
		return nil, err
	}
	other, err := c.lockBuildOf(b.Name, b.Version, target)
	if err != nil {
		return nil, err
	}
	if other != nil {
		return nil, refuse("Cannot promote build %s: %s is there already (id=%d, state=%s)", b.NVR, other.NVR, other.ID, other.State)
	}
	user, err := c.tx.User(c, c.session.user)
	if err != nil {
		return nil, err
	}
	info := map[string]any{"draft_release": b.Release, "target_release": target, "build": b, "user": user}
	if err := c.callback("preBuildPromote", info); err != nil {
		return nil, err
	}
	if err := c.tx.PromoteBuild(c, b.ID, target, c.session.user, c.tx.Now()); err != nil {
		return nil, err
	}
	if err := c.tx.UpdateTagsOfBuild(c, b.ID, sqlstore.TagDraftPromotion, c.session.user); err != nil {
		return nil, err
	}
	promoted, err := c.tx.Build(c, b.ID)
	if err != nil {
		return nil, err
	}
	if err := c.promoteFiles(b, promoted); err != nil {
		return nil, err
	}
	if err := c.applyVolumePolicy(promoted, false); err != nil {
		return nil, err
	}
	if promoted, err = c.tx.Build(c, b.ID); err != nil {
		return nil, err
	}
	if err := c.tellBuild(promoted); err != nil {
		return nil, err
	}
	info["build"] = promoted
	if err := c.callback("postBuildPromote", info); err != nil {
		return nil, err
	}
	return promoted, nil
}

// promoteFiles moves a draft's folder to the place of the promoted build and
// leaves a link; both are undone with the transaction. Koji: reference/paths.md.
func (c *call) promoteFiles(draft, promoted *koji.Build) error {
	from, to := c.buildDir(draft), c.buildDir(promoted)
	top, log := c.hub.paths.Volume(draft.VolumeName), c.log()
	if err := c.dropFolder(draft.VolumeName, to); err != nil { // of no build
		return err
	}
	return onRoot(top, func(root *os.Root) error {
		switch _, err := root.Lstat(from); {
		case errors.Is(err, fs.ErrNotExist):
			return nil // nothing was built
		case err != nil:
			return diskFault(err, "look for %s", from)
		}
		if err := root.Rename(from, to); err != nil {
			return diskFault(err, "move %s to %s", from, to)
		}
		c.tx.AfterRollback(func() {
			err := onRoot(top, func(root *os.Root) error {
				root.Remove(from) // the link
				return root.Rename(to, from)
			})
			if err != nil {
				log.Error("move draft back", "from", to, "to", from, "err", err)
			}
		})
		if err := root.Symlink(path.Base(to), from); err != nil {
			return diskFault(err, "leave link at %s", from)
		}
		if err := syncFolder(root, path.Dir(to)); err != nil {
			return diskFault(err, "make %s durable", to)
		}
		return c.linkPromoted(draft, to)
	})
}

// linkPromoted has a promoted build on another volume found on the default one.
func (c *call) linkPromoted(b *koji.Build, dir string) (err error) {
	if b.VolumeID == 0 {
		return nil
	}
	in, err := c.newIntake(b.VolumeName)
	if err != nil {
		return err
	}
	defer func() { in.close(err) }()
	return in.linkVolume(b.VolumeName, dir)
}
