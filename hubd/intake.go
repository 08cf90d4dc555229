package hubd

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// intake takes uploaded files over into a folder of the file tree, as a whole
// or not at all. They are gathered in a folder of their own on the same file
// system, as hard links where that is possible, and made durable; place then
// puts that folder where it belongs, with one rename. Until the transaction is
// committed all can be undone: the uploads stay where they are.
type intake struct {
	c       *call
	tree    *os.Root // of the default volume, where the uploads are
	volume  *os.Root // where the files go; may be tree
	stage   string   // below volume
	uploads []*upload
	moved   []moved
	undo    []func() error
	kept    bool // the uploads are dealt with after the commit
}

// moved is an upload and where it is afterwards.
type moved struct {
	from *upload
	to   string // below the stage
}

// newIntake begins an intake into a volume. The caller defers close.
func (c *call) newIntake(volume string) (in *intake, err error) {
	in = &intake{c: c}
	if in.tree, err = c.hub.openTree(); err != nil {
		return nil, err
	}
	in.volume = in.tree
	if err := in.useVolume(volume); err != nil {
		in.release()
		return nil, err
	}
	return in, nil
}

// useVolume has the files go to another volume, before any was gathered.
func (in *intake) useVolume(volume string) error {
	if volume == "" || volume == "DEFAULT" {
		return nil
	}
	root, err := os.OpenRoot(in.c.hub.paths.Volume(volume))
	if err != nil {
		return wrapError(err, "open volume %s", volume)
	}
	in.volume = root
	return nil
}

// gather makes the folder in which the files are gathered, below parent.
func (in *intake) gather(parent string) error {
	parent = path.Join(parent, ".import")
	in.dropLeftovers(parent)
	random := make([]byte, 8)
	rand.Read(random)
	in.stage = path.Join(parent, "i"+hex.EncodeToString(random))
	return diskFault(in.volume.MkdirAll(in.stage, 0o755), "make folder %s", in.stage)
}

// leftoverAge is the age at which a gathered folder is one that a killed hub left behind.
const leftoverAge = 24 * time.Hour

func (in *intake) dropLeftovers(parent string) {
	entries, err := fs.ReadDir(in.volume.FS(), parent)
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < leftoverAge {
			continue
		}
		if err := in.volume.RemoveAll(path.Join(parent, e.Name())); err != nil {
			in.c.log().Error("remove leftover of an import", "path", e.Name(), "err", err)
		}
	}
}

// take opens an upload for this intake; one that was named before is the same again.
func (in *intake) take(rel string, tasks map[int64]bool) (*upload, error) {
	if full, err := in.c.hub.workPath(rel); err == nil {
		for _, u := range in.uploads {
			if u.rel == in.c.hub.below(full) {
				return u, nil
			}
		}
	}
	u, err := in.c.takeUpload(in.tree, rel, tasks)
	if err == nil {
		in.uploads = append(in.uploads, u)
	}
	return u, err
}

// add puts an upload into the gathered folder. A name that is taken is refused.
func (in *intake) add(u *upload, to string) error {
	dest := path.Join(in.stage, to)
	if err := in.volume.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return diskFault(err, "make folder for %s", to)
	}
	if _, err := in.volume.Lstat(dest); err == nil {
		return refuse("%s is there twice", to)
	}
	err := errors.ErrUnsupported
	if in.volume == in.tree {
		if err = in.tree.Link(u.rel, dest); err == nil {
			// The link was made by name: it must be of the file that was checked.
			info, statErr := in.tree.Lstat(dest)
			if statErr != nil || !os.SameFile(info, u.info) {
				return refuse("upload %s was changed while it was taken over", u.name)
			}
			err = u.file.Sync()
		}
	}
	if err != nil {
		if err = in.copy(u, dest); err != nil {
			return diskFault(err, "copy %s", u.name)
		}
	}
	in.moved = append(in.moved, moved{u, to})
	return nil
}

func (in *intake) copy(u *upload, dest string) error {
	f, err := in.volume.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(u.file, 0, u.info.Size()))
	return errors.Join(err, f.Sync(), f.Close())
}

// create makes a new file in the gathered folder, which the caller writes and
// gives to finish.
func (in *intake) create(to string) (*os.File, error) {
	dest := path.Join(in.stage, to)
	if err := in.volume.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return nil, diskFault(err, "make folder for %s", to)
	}
	f, err := in.volume.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	return f, diskFault(err, "make %s", to)
}

// write puts a file of the hub's own making into the gathered folder.
func (in *intake) write(to string, data []byte) error {
	dest := path.Join(in.stage, to)
	return diskFault(writeDurably(in.volume, dest, data), "write %s", to)
}

// writeDurably writes a new file, with the folders that it needs.
func writeDurably(root *os.Root, name string, data []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolders makes the folder's entries, and those of all folders in it, durable.
func syncFolders(root *os.Root, dir string) error {
	return fs.WalkDir(root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncFolder(root, p)
	})
}

func syncFolder(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// place puts the gathered folder to its place; put does so with a part of it.
// A folder that lies there already is of no one, and makes room. All is undone
// when close is told of an error.
func (in *intake) place(to string) error { return in.put("", to) }

func (in *intake) put(part, to string) error {
	from := path.Join(in.stage, part)
	made, err := in.makeParents(path.Dir(to))
	in.undo = append(in.undo, made...)
	if err != nil {
		return diskFault(err, "make folder %s", path.Dir(to))
	}
	if err := syncFolders(in.volume, from); err != nil {
		return diskFault(err, "make %s durable", to)
	}
	if _, err := in.volume.Lstat(to); err == nil {
		aside := fmt.Sprintf("%s.old%d", in.stage, len(in.undo))
		if err := in.volume.Rename(to, aside); err != nil {
			return diskFault(err, "clear %s", to)
		}
		in.undo = append(in.undo, func() error { return in.volume.Rename(aside, to) })
		in.c.log().Warn("folder of no build made room", "path", to)
		in.c.tx.AfterCommit(in.afterwards(aside))
	}
	if err := in.volume.Rename(from, to); err != nil {
		return diskFault(err, "put %s to its place", to)
	}
	in.undo = append(in.undo, func() error { return in.volume.RemoveAll(to) })
	return diskFault(syncFolder(in.volume, path.Dir(to)), "make %s durable", to)
}

// merge puts each gathered file to its place in a folder that may be there
// already. A file that lies in its place is refused. All is undone when close
// is told of an error.
func (in *intake) merge(to string) error {
	return fs.WalkDir(in.volume.FS(), in.stage, func(from string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return diskFault(err, "read gathered files")
		}
		dest := path.Join(to, strings.TrimPrefix(from, in.stage))
		made, err := in.makeParents(path.Dir(dest))
		in.undo = append(in.undo, made...)
		if err != nil {
			return diskFault(err, "make folder %s", path.Dir(dest))
		}
		err = in.volume.Link(from, dest)
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
			if _, err = in.volume.Lstat(dest); err == nil {
				err = fs.ErrExist
			} else {
				err = in.volume.Rename(from, dest)
			}
		}
		if errors.Is(err, fs.ErrExist) {
			return refuse("file already exists: %s", dest)
		}
		if err != nil {
			return diskFault(err, "put %s to its place", dest)
		}
		in.undo = append(in.undo, func() error { return in.volume.Remove(dest) })
		return diskFault(syncFolder(in.volume, path.Dir(dest)), "make %s durable", dest)
	})
}

// overwrite is merge where files that lie in the way make room.
func (in *intake) overwrite(to string) error {
	err := fs.WalkDir(in.volume.FS(), in.stage, func(from string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return diskFault(err, "read gathered files")
		}
		dest := path.Join(to, strings.TrimPrefix(from, in.stage))
		if _, err := in.volume.Lstat(dest); err != nil {
			return nil
		}
		aside := fmt.Sprintf("%s.old%d", in.stage, len(in.undo))
		if err := in.volume.Rename(dest, aside); err != nil {
			return diskFault(err, "clear %s", dest)
		}
		in.undo = append(in.undo, func() error { return in.volume.Rename(aside, dest) })
		in.c.tx.AfterCommit(in.afterwards(aside))
		return nil
	})
	if err != nil {
		return err
	}
	return in.merge(to)
}

// afterwards removes what made room; the hub's own root is closed by then.
func (in *intake) afterwards(aside string) func() {
	dir := filepath.Join(in.volume.Name(), aside)
	log := in.c.log()
	return func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Error("remove folder that made room", "path", dir, "err", err)
		}
	}
}

// makeParents makes folders and returns how to take away those that weren't there.
func (in *intake) makeParents(dir string) (undo []func() error, err error) {
	for _, p := range prefixes(dir) {
		err := in.volume.Mkdir(p, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return undo, err
		}
		undo = append(undo, func() error {
			in.volume.Remove(p) // stays when another put something there
			return nil
		})
	}
	return undo, nil
}

// prefixes are a path's folders from the outermost: a, a/b, a/b/c.
func prefixes(dir string) []string {
	var all []string
	for i, r := range dir {
		if r == '/' {
			all = append(all, dir[:i])
		}
	}
	return append(all, dir)
}

// linkVolume makes a build's folder on another volume known on the default one,
// if it isn't yet.
func (in *intake) linkVolume(volume, dest string) error {
	target := path.Join("../../../vol", volume, dest)
	if in.volume == in.tree {
		return nil
	}
	if known, err := in.tree.Readlink(dest); err == nil && known == target {
		return nil
	}
	return in.link(target, dest)
}

// link makes a symlink below the default volume, undone by close.
func (in *intake) link(target, name string) error {
	if err := in.tree.MkdirAll(path.Dir(name), 0o755); err != nil {
		return diskFault(err, "make folder for %s", name)
	}
	if err := in.tree.Symlink(target, name); err != nil {
		return diskFault(err, "link %s", name)
	}
	in.undo = append(in.undo, func() error { return in.tree.Remove(name) })
	return nil
}

// leaveLinks has the uploads become relative symlinks to where they are now,
// once the transaction is committed. Until then they stay locked, so that no
// one writes into what was imported.
func (in *intake) leaveLinks(volume, to string) {
	below := ""
	if volume != "" && volume != "DEFAULT" {
		below = path.Join("vol", volume)
	}
	in.keep(func(root *os.Root, m moved) error {
		up := strings.Repeat("../", strings.Count(m.from.rel, "/"))
		return replaceByLink(root, m.from.rel, up+path.Join(below, to, m.to))
	})
}

// removeUploads has the uploads removed once the transaction is committed.
func (in *intake) removeUploads() {
	in.keep(func(root *os.Root, m moved) error { return root.Remove(m.from.rel) })
}

// keep has each upload dealt with once the transaction is committed, and frees
// them then. When it never is, the files' own end frees them.
func (in *intake) keep(deal func(*os.Root, moved) error) {
	top, log, all, uploads := in.c.hub.cfg.KojiDir, in.c.log(), in.moved, in.uploads
	in.kept = true
	in.c.tx.AfterCommit(func() {
		defer closeAll(uploads)
		root, err := os.OpenRoot(top)
		if err != nil {
			log.Error("open file tree", "err", err)
			return
		}
		defer root.Close()
		for _, m := range all {
			if err := deal(root, m); err != nil {
				log.Error("clear away an upload that was imported", "path", m.from.rel, "err", err)
			}
		}
	})
}

func closeAll(uploads []*upload) {
	for _, u := range uploads {
		u.file.Close() // and with it the lock
	}
}

func replaceByLink(root *os.Root, name, target string) error {
	temporary := path.Join(path.Dir(name), ".link-"+path.Base(name))
	root.Remove(temporary)
	if err := root.Symlink(target, temporary); err != nil {
		return err
	}
	return root.Rename(temporary, name)
}

// close ends the intake: when err is set, or the transaction is undone later,
// nothing of it remains.
func (in *intake) close(err error) {
	if err != nil {
		in.rollBack()
		in.release()
		return
	}
	in.dropStage()
	if !in.kept {
		closeAll(in.uploads)
	}
	in.c.tx.AfterCommit(in.release)
	in.c.tx.AfterRollback(func() {
		in.rollBack()
		in.release()
	})
}

// rollBack undoes what was done in the file tree, the last first.
func (in *intake) rollBack() {
	for i := len(in.undo) - 1; i >= 0; i-- {
		if err := in.undo[i](); err != nil {
			in.c.log().Error("undo import", "err", err)
		}
	}
	in.dropStage()
	closeAll(in.uploads)
}

func (in *intake) dropStage() {
	if in.stage == "" {
		return
	}
	if err := in.volume.RemoveAll(in.stage); err != nil {
		in.c.log().Error("remove gathered files", "path", in.stage, "err", err)
	}
}

// release closes the roots.
func (in *intake) release() {
	if in.volume != in.tree {
		in.volume.Close()
	}
	in.tree.Close()
}
