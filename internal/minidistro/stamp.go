package minidistro

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// format is raised whenever the same packages give other rpms than before.
const format = 1

const stampName = "minidistro.json"

// stamp tells a later build what a directory was made of.
type stamp struct {
	Format int              `json:"format"`
	Digest string           `json:"digest"`
	Files  map[string]int64 `json:"files"` // size of each rpm
}

// digest is the same as long as the same versions of the same packages are to
// be repacked.
func (d *distro) digest() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s\n", format, d.arch)
	for _, p := range d.packages {
		fmt.Fprintf(sum, "%s %s %s\n", p.name, p.version, p.arch)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// upToDate says whether a directory has what would be built, whole.
func (d *distro) upToDate(dir string) (Summary, bool) {
	s, err := readStamp(dir)
	if err != nil || s.Format != format || s.Digest != d.digest() {
		return Summary{}, false
	}
	for name, size := range s.Files {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != size {
			return Summary{}, false
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "comps.xml")); err != nil {
		return Summary{}, false
	}
	sum := s.summary()
	sum.Unchanged = true
	return sum, true
}

func (s stamp) summary() Summary {
	sum := Summary{Packages: len(s.Files)}
	for _, size := range s.Files {
		sum.Bytes += size
	}
	return sum
}

func readStamp(dir string) (stamp, error) {
	var s stamp
	data, err := os.ReadFile(filepath.Join(dir, stampName))
	if err != nil {
		return stamp{}, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return stamp{}, fmt.Errorf("read %s: %w", stampName, err)
	}
	return s, nil
}

func (s stamp) write(dir string) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stampName), append(data, '\n'), 0o644)
}

// replaceable makes sure that nothing but an earlier build is thrown away.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, stampName)); err != nil {
		return fmt.Errorf("%s has other things in it: it is not replaced (no %s)", dir, stampName)
	}
	return nil
}

// replace puts the new directory in the place of the old one. A reader sees
// either of them whole, or for a moment none.
func replace(work, out string) error {
	old := work + ".old"
	switch err := os.Rename(out, old); {
	case errors.Is(err, fs.ErrNotExist):
		old = ""
	case err != nil:
		return err
	}
	if err := os.Rename(work, out); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, out))
		}
		return err
	}
	if old == "" {
		return nil
	}
	return os.RemoveAll(old)
}
