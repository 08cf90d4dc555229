package profiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"koji/internal/ini"
)

// reading is the configuration files as they were found.
type reading struct {
	home    string
	config  *ini.File
	files   []string
	skipped []string
}

// read merges the system's files and the user's, or those -c names.
func read(o Options) (*reading, error) {
	r := &reading{home: home(o.Home), config: ini.New(ini.Options{Interpolate: true})}
	system := o.SystemDir
	if system == "" {
		system = "/etc"
	}
	if err := r.level(filepath.Join(system, "koji.conf.d"), filepath.Join(system, "koji.conf"), true); err != nil {
		return nil, err
	}
	switch {
	case o.ConfigFile != "":
		return r, r.named(expand(o.ConfigFile, r.home))
	case r.home != "":
		own := filepath.Join(r.home, ".koji")
		return r, r.level(filepath.Join(own, "config.d"), filepath.Join(own, "config"), false)
	}
	return r, nil
}

// level reads a directory and then a file, both of which may be missing. The
// system's may have files that are not for this user.
func (r *reading) level(dir, file string, system bool) error {
	paths, err := confFiles(dir)
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
	case system && errors.Is(err, fs.ErrPermission):
		r.skipped = append(r.skipped, dir)
	default:
		return fmt.Errorf("read configuration: %w", err)
	}
	for _, path := range append(paths, file) {
		err := r.config.ReadFile(path)
		switch {
		case err == nil:
			r.files = append(r.files, path)
		case errors.Is(err, fs.ErrNotExist):
		case system && errors.Is(err, fs.ErrPermission):
			r.skipped = append(r.skipped, path)
		default:
			return err
		}
	}
	return nil
}

// named reads the file or directory of -c, which must be there.
func (r *reading) named(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = confFiles(path); err != nil {
			return fmt.Errorf("read configuration: %w", err)
		}
		if len(paths) == 0 {
			return fmt.Errorf("read configuration: directory %s has no .conf file: %w", path, fs.ErrNotExist)
		}
	}
	for _, path := range paths {
		if err := r.config.ReadFile(path); err != nil {
			return err
		}
		r.files = append(r.files, path)
	}
	return nil
}

// confFiles lists the *.conf files of a directory by name.
func confFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !strings.HasSuffix(path, ".conf") {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// orOwn is path, or if that is empty the file of that name in ~/.koji, if any.
func (r *reading) orOwn(path, name string) string {
	if path != "" || r.home == "" {
		return path
	}
	own := filepath.Join(r.home, ".koji", name)
	if _, err := os.Stat(own); err != nil {
		return ""
	}
	return own
}

// home is the user's home directory, or empty for a user without one.
func home(given string) string {
	if given != "" {
		return given
	}
	if dir, err := os.UserHomeDir(); err == nil {
		return dir
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}

// expand replaces ~ and ~user at the beginning of a path by home directories,
// as Python does: what cannot be replaced stays.
func expand(path, home string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	name, rest, _ := strings.Cut(path[1:], "/")
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return path
		}
		home = u.HomeDir
	}
	if home == "" {
		return path
	}
	return filepath.Join(home, rest)
}
