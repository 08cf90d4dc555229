package hubd

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"koji"
	"koji/internal/rpmfile"
	"koji/sqlstore"
)

// findRPMs finds the rpms that an argument names: an id, text like
// n-v-r.a[.rpm][@external repo], or a struct with id, or with name, version,
// release, arch and maybe external_repo. Of several the first is the one that is
// meant. What names no rpm at all is a fault.
func (c *call) findRPMs(ref any) ([]koji.RPM, error) {
	switch ref := ref.(type) {
	case int64:
		r, err := c.tx.RPM(c, ref)
		if err != nil || r == nil {
			return nil, err
		}
		return []koji.RPM{*r}, nil
	case string:
		text, repo, external := strings.Cut(ref, "@")
		n, err := koji.ParseNVRA(text)
		if err != nil {
			return nil, refuse("%v", err)
		}
		if external {
			return c.externalRPMs(n, repo)
		}
		return c.tx.RPMsByName(c, n, nil)
	case map[string]any:
		if id, ok := ref["id"].(int64); ok {
			return c.findRPMs(id)
		}
		var n koji.NVRA
		for key, into := range map[string]*string{"name": &n.Name, "version": &n.Version, "release": &n.Release, "arch": &n.Arch} {
			text, ok := ref[key].(string)
			if !ok {
				return nil, refuse("Invalid rpm: want an id, name-version-release.arch, or a struct with id or with name, version, release and arch")
			}
			*into = text
		}
		for _, key := range []string{"external_repo_id", "external_repo", "location"} {
			if v := ref[key]; v != nil {
				return c.externalRPMs(n, v)
			}
		}
		return c.tx.RPMsByName(c, n, nil)
	}
	return nil, refuse("Invalid rpm: %s", refText(ref))
}

func (c *call) externalRPMs(n koji.NVRA, repo any) ([]koji.RPM, error) {
	x, err := c.need(sqlstore.ExternalRepoNames, repo)
	if err != nil {
		return nil, err
	}
	return c.tx.RPMsByName(c, n, &x.ID)
}

// findRPM finds the rpm that an argument names, nil if there is none.
func (c *call) findRPM(ref any) (*koji.RPM, error) {
	all, err := c.findRPMs(ref)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func noSuchRPM(ref any) error { return refuse("No such rpm: %s", refText(ref)) }

// openTree opens the file tree. Nothing outside of it can be reached through
// it, whatever links there are.
func (h *Hub) openTree() (*os.Root, error) {
	root, err := os.OpenRoot(h.cfg.KojiDir)
	return root, wrapError(err, "open file tree")
}

// below is a path of the file tree as openTree's root wants it.
func (h *Hub) below(p string) string {
	return strings.TrimPrefix(strings.TrimPrefix(p, h.paths.Top), "/")
}

// readRPM reads the headers of an rpm below the topdir; false when it isn't there.
func (h *Hub) readRPM(rel string) (*rpmfile.Header, bool, error) {
	root, err := h.openTree()
	if err != nil {
		return nil, false, err
	}
	defer root.Close()
	f, err := root.Open(rel)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrapError(err, "open %s", rel)
	}
	defer f.Close()
	header, err := rpmfile.Read(f)
	if errors.Is(err, rpmfile.ErrNotRPM) {
		return nil, false, refuse("%s: %v", path.Base(rel), err)
	}
	return header, err == nil, wrapError(err, "read %s", rel)
}

// storedRPM reads the headers of an rpm that a build holds, nil when there is
// no such rpm or its file isn't kept; strict refuses these.
func (c *call) storedRPM(ref any, strict bool) (*koji.RPM, *rpmfile.Header, error) {
	r, err := c.findRPM(ref)
	if err != nil {
		return nil, nil, err
	}
	if r == nil {
		if strict {
			return nil, nil, noSuchRPM(ref)
		}
		return nil, nil, nil
	}
	missing := func(why string) (*koji.RPM, *rpmfile.Header, error) {
		if strict {
			return nil, nil, refuse("rpm %s %s", r.FileName(), why)
		}
		return r, nil, nil
	}
	switch {
	case r.BuildID == nil:
		return missing("is external: its file isn't kept here")
	case r.MetadataOnly:
		return missing("is kept without its file")
	}
	b, err := c.tx.Build(c, *r.BuildID)
	if err != nil || b == nil {
		return nil, nil, err
	}
	rel := path.Join(c.hub.below(c.hub.paths.Build(b.VolumeName, b.Name, b.Version, b.Release)), r.Arch, r.FileName())
	header, found, err := c.hub.readRPM(rel)
	if err != nil {
		return nil, nil, err
	}
	if !found {
		return missing("has no file")
	}
	return r, header, nil
}

// taskRPM reads the headers of an rpm in a task's output, nil when it isn't there.
func (c *call) taskRPM(task int64, file *string, strict bool) (*rpmfile.Header, error) {
	if file == nil || *file == "" {
		return nil, refuse("filepath is required with taskID")
	}
	if path.IsAbs(*file) || badText(*file) {
		return nil, refuse("Invalid filepath: %s", *file)
	}
	for part := range strings.SplitSeq(*file, "/") {
		if part == ".." {
			return nil, refuse("Invalid filepath: %s", *file)
		}
	}
	header, found, err := c.hub.readRPM(path.Join(c.hub.below(c.hub.paths.Task("", task)), *file))
	if err != nil {
		return nil, err
	}
	if !found && strict {
		return nil, refuse("Missing file: %s of task %d", *file, task)
	}
	return header, nil
}

// openStored opens a regular file below the topdir; fs.ErrNotExist when it isn't there.
func (h *Hub) openStored(rel string) (*os.File, int64, error) {
	root, err := h.openTree()
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	f, err := root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, wrapError(err, "open %s", rel)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = refuse("%s is no regular file", path.Base(rel))
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
