package profiles

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"koji/internal/ini"
)

// UserFile is the file of ~/.koji/config.d that a profile of that name is
// written to. home may be empty for the current user's.
func UserFile(homeDir, name string) (string, error) {
	dir := home(homeDir)
	if dir == "" {
		return "", fmt.Errorf("find the home directory: this user has none")
	}
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\x00") {
		return "", fmt.Errorf("%q cannot be the name of a profile's file", name)
	}
	return filepath.Join(dir, ".koji", "config.d", name+".conf"), nil
}

// Write makes path a file with this one profile, so that Load gives the same
// back; what has its default value is left out. The directory is made if need
// be. A file that was there is replaced at once, never half written. It is
// readable by everybody, unless the profile names a password file.
func Write(path string, p *Profile) error {
	text, err := p.section()
	if err != nil {
		return fmt.Errorf("write profile %s: %w", p.Name, err)
	}
	mode := os.FileMode(0o644)
	if p.PasswordFile != "" {
		mode = 0o600
	}
	if err := replaceFile(path, text, mode); err != nil {
		return fmt.Errorf("write profile %s: %w", p.Name, err)
	}
	return nil
}

// section writes the profile down.
func (p *Profile) section() (string, error) {
	if p.Name == "" || p.Name == ini.DefaultSection || strings.ContainsAny(p.Name, "[]\r\n") {
		return "", fmt.Errorf("%q cannot be the name of a profile", p.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[%s]\n", p.Name)
	defaults := Default(p.Name).settings()
	for i, s := range p.settings() {
		if d, ok := s.field.(*time.Duration); ok && (*d < 0 || *d%time.Second != 0) {
			return "", fmt.Errorf("%s: %v cannot be written in whole seconds", s.key, *d)
		}
		text := s.text()
		if text == defaults[i].text() {
			continue
		}
		if strings.ContainsAny(text, "\r\n") || strings.TrimSpace(text) != text {
			return "", fmt.Errorf("%s: %q cannot be written on one line", s.key, text)
		}
		fmt.Fprintf(&b, "%s = %s\n", s.key, strings.ReplaceAll(text, "%", "%%"))
	}
	return b.String(), nil
}

// replaceFile puts a new file in the place of path.
func replaceFile(path, text string, mode os.FileMode) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// A name without .conf is not read as configuration if it stays behind.
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.WriteString(text); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
