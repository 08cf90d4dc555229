//go:build linux

package buildroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/sys/unix"
)

// rpmNameRe is what a result may be called: one flat, plain name.
var rpmNameRe = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+~^-]*\.rpm$`)

var rpmMagic = []byte{0xed, 0xab, 0xee, 0xdb}

// taker copies results out of a tree that a build has written, and that may be
// as hostile as it likes: nothing is followed, only plain files of the build
// user with one name and without holes are taken.
type taker struct {
	tree string // the host's view of /builddir
	uid  int    // owner that results must have on the host
	dst  string
	left int64 // bytes that may still be taken
}

// take copies the rpms in the directory dir/of/the/tree, and returns their new
// paths in order of name. A missing directory has none.
func (t *taker) take(dir ...string) ([]string, error) {
	fd, err := openDown(t.tree, dir)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take results: %w", err)
	}
	d := os.NewFile(uintptr(fd), filepath.Join(dir...))
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("take results: %w", err)
	}
	slices.Sort(names)
	var out []string
	for _, n := range names {
		if filepath.Ext(n) != ".rpm" {
			continue
		}
		p, err := t.takeFile(fd, n)
		if err != nil {
			return nil, fmt.Errorf("take result %q: %w", n, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (t *taker) takeFile(dir int, name string) (string, error) {
	if !rpmNameRe.MatchString(name) {
		return "", errors.New("not a name for an rpm")
	}
	// O_NONBLOCK: opening a FIFO must not wait for its other end.
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	src := os.NewFile(uintptr(fd), name)
	defer src.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return "", errors.New("not a regular file")
	case int(st.Uid) != t.uid:
		return "", fmt.Errorf("belongs to user %d", st.Uid)
	case st.Nlink != 1:
		return "", errors.New("has a second name")
	case st.Size > t.left:
		return "", fmt.Errorf("results are larger than allowed by %d bytes", st.Size-t.left)
	case st.Size > 1<<20 && st.Blocks*512 < st.Size/2:
		return "", errors.New("has holes")
	}
	t.left -= st.Size
	path := filepath.Join(t.dst, name)
	if err := copyRPM(path, io.LimitReader(src, st.Size)); err != nil {
		return "", err
	}
	return path, nil
}

// copyRPM writes an rpm as a new file, which appears under its name when complete.
func copyRPM(path string, src io.Reader) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".taking-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	lead := make([]byte, len(rpmMagic))
	if _, err := io.ReadFull(src, lead); err != nil || !slices.Equal(lead, rpmMagic) {
		return errors.Join(errors.New("not an rpm"), tmp.Close())
	}
	if _, err := tmp.Write(lead); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if _, err := io.Copy(tmp, src); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// openDown opens a directory below top without following a link on the way.
func openDown(top string, names []string) (int, error) {
	fd, err := unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for _, n := range names {
		if err != nil {
			break
		}
		var next int
		next, err = unix.Openat(fd, n, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		fd = next
	}
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", filepath.Join(append([]string{top}, names...)...), err)
	}
	return fd, nil
}

// listDown names the entries of a directory below top, in order.
func listDown(top string, names ...string) ([]string, error) {
	fd, err := openDown(top, names)
	if err != nil {
		return nil, err
	}
	d := os.NewFile(uintptr(fd), "")
	defer d.Close()
	list, err := d.Readdirnames(-1)
	slices.Sort(list)
	return list, err
}
