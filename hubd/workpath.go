package hubd

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"koji"
)

// workPath is the absolute path of a file in a volume's upload area, given as
// builders name it: relative to work/. What could lead elsewhere, or is hidden,
// is refused. Koji: reference/paths.md, "Upload rules".
func (h *Hub) workPath(rel string, volume ...string) (string, error) {
	dir, name := path.Split(rel)
	clean, err := uploadPath(dir, name)
	if err != nil {
		return "", err
	}
	v := "DEFAULT"
	if len(volume) > 0 {
		v = volume[0]
	}
	return filepath.Join(h.paths.Work(v), clean), nil
}

// upload is an uploaded file while the hub takes it over: open, locked against
// further uploads, a regular file and no link.
type upload struct {
	rel  string // below the tree that the root is of
	name string
	file *os.File
	info fs.FileInfo
}

// takeUpload opens an upload of the default volume, which must be in the
// output of one of the tasks. With tasks nil it may be any upload: callers check
// that whoever calls may import what others uploaded.
func (c *call) takeUpload(root *os.Root, rel string, tasks map[int64]bool) (*upload, error) {
	full, err := c.hub.workPath(rel)
	if err != nil {
		return nil, err
	}
	u := &upload{rel: c.hub.below(full), name: path.Base(full)}
	if tasks != nil && !tasks[uploadTask(u.rel)] {
		return nil, refuse("Invalid upload: %s is no output of this task or one below it", rel)
	}
	// A root follows links that stay below it, O_NOFOLLOW or not: what was opened is compared with the name.
	named, err := root.Lstat(u.rel)
	if err == nil && named.Mode()&fs.ModeSymlink != 0 {
		return nil, refuse("Invalid upload: %s is a symlink", rel)
	}
	if err == nil {
		u.file, err = root.OpenFile(u.rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("No such upload: %s", rel)
	case err != nil:
		c.log().Error("open upload", "path", rel, "err", err)
		return nil, refuse("Invalid upload: %s can't be opened", rel)
	}
	if u.info, err = u.file.Stat(); err == nil && !u.info.Mode().IsRegular() {
		err = refuse("Invalid upload: %s is no regular file", rel)
	}
	if err == nil && !os.SameFile(named, u.info) {
		err = refuse("upload %s was changed while it was taken over", rel)
	}
	if err == nil && syscall.Flock(int(u.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		err = fault(koji.CodeLock, "upload of %s is still under way", rel)
	}
	if err != nil {
		u.file.Close()
		return nil, err
	}
	return u, nil
}

// uploadTask is the task in whose output an upload is, -1 for none.
func uploadTask(rel string) int64 {
	parts := strings.Split(rel, "/") // work tasks N ID …
	if len(parts) <= 4 || parts[1] != "tasks" {
		return -1
	}
	id, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil || parts[2] != strconv.FormatInt(id%10000, 10) {
		return -1
	}
	return id
}

// taskTree are a task and all below it, as a set.
func (c *call) taskTree(id int64) (map[int64]bool, error) {
	ids, err := c.tx.TaskDescendants(c, id)
	if err != nil {
		return nil, err
	}
	tree := map[int64]bool{id: true}
	for _, id := range ids {
		tree[id] = true
	}
	return tree, nil
}
