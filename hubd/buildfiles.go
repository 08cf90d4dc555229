package hubd

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"koji"
)

// buildDir is a build's folder, below the root of its volume.
func (c *call) buildDir(b *koji.Build) string {
	return c.hub.below(c.hub.paths.Build("", b.Name, b.Version, b.Release))
}

// removedFolder is where, on each volume, folders wait for their removal.
const removedFolder = "packages/.removed"

// dropBuildFiles takes a build's folder away, and the links that lead to it.
func (c *call) dropBuildFiles(b *koji.Build) error {
	dir := c.buildDir(b)
	if b.VolumeID != 0 {
		if err := c.dropLink(dir); err != nil {
			return err
		}
	}
	if b.PromotionTS != nil { // its old place leads here
		old := path.Join(path.Dir(dir), draftRelease(b.Release, b.ID))
		if err := c.dropLinkOn(b.VolumeName, old); err != nil {
			return err
		}
		if b.VolumeID != 0 {
			if err := c.dropLink(old); err != nil {
				return err
			}
		}
	}
	return c.dropFolder(b.VolumeName, dir)
}

// dropFolder takes a folder out of sight, and off the disk once the transaction
// is committed. It comes back if that is undone.
func (c *call) dropFolder(volume, dir string) error {
	top := c.hub.paths.Volume(volume)
	root, err := os.OpenRoot(top)
	if errors.Is(err, fs.ErrNotExist) {
		c.log().Warn("volume has no folder", "volume", volume)
		return nil
	}
	if err != nil {
		return wrapError(err, "open volume %s", volume)
	}
	defer root.Close()
	info, err := root.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return diskFault(err, "look for %s", dir)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return c.dropLinkOn(volume, dir)
	}
	random := make([]byte, 8)
	rand.Read(random)
	aside := path.Join(removedFolder, path.Base(path.Dir(path.Dir(dir)))+"-"+hex.EncodeToString(random))
	if err := root.MkdirAll(removedFolder, 0o755); err != nil {
		return diskFault(err, "make folder %s", removedFolder)
	}
	if err := root.Rename(dir, aside); err != nil {
		return diskFault(err, "take %s away", dir)
	}
	log := c.log()
	c.tx.AfterRollback(func() {
		if err := onRoot(top, func(root *os.Root) error { return root.Rename(aside, dir) }); err != nil {
			log.Error("put folder back", "path", dir, "aside", aside, "err", err)
		}
	})
	c.tx.AfterCommit(func() {
		if err := os.RemoveAll(filepath.Join(top, aside)); err != nil {
			log.Error("remove folder", "path", aside, "err", err)
		}
	})
	return nil
}

// dropLink removes a link of the default volume, if it is one; undone with the transaction.
func (c *call) dropLink(name string) error { return c.dropLinkOn("DEFAULT", name) }

func (c *call) dropLinkOn(volume, name string) error {
	top, log := c.hub.paths.Volume(volume), c.log()
	return onRoot(top, func(root *os.Root) error {
		target, err := root.Readlink(name)
		if err != nil {
			return nil // there is none
		}
		if err := root.Remove(name); err != nil {
			return diskFault(err, "remove link %s", name)
		}
		c.tx.AfterRollback(func() {
			if err := onRoot(top, func(root *os.Root) error { return root.Symlink(target, name) }); err != nil {
				log.Error("put link back", "path", name, "err", err)
			}
		})
		return nil
	})
}

// onRoot does something below a folder.
func onRoot(top string, do func(*os.Root) error) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return wrapError(err, "open %s", top)
	}
	defer root.Close()
	return do(root)
}

// copyFolder gathers a folder of another volume, or of this one: its files as
// hard links where that is possible, its links as they are.
func (in *intake) copyFolder(from *os.Root, dir string) error {
	return fs.WalkDir(from.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return diskFault(err, "read %s", p)
		}
		to := path.Join(in.stage, p[len(dir):])
		switch {
		case d.IsDir():
			return diskFault(in.volume.MkdirAll(to, 0o755), "make folder %s", to)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := from.Readlink(p)
			if err == nil {
				err = in.volume.Symlink(target, to)
			}
			return diskFault(err, "copy link %s", p)
		case !d.Type().IsRegular():
			return refuse("%s is no regular file", p)
		}
		if os.Link(filepath.Join(from.Name(), p), filepath.Join(in.volume.Name(), to)) == nil {
			return nil
		}
		return diskFault(copyFile(from, p, in.volume, to), "copy %s", p)
	})
}

// copyFile copies a file with its time, durably.
func copyFile(from *os.Root, name string, root *os.Root, to string) error {
	src, err := from.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Sync(), dst.Close(), root.Chtimes(to, info.ModTime(), info.ModTime()))
}
