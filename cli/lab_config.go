package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"time"

	"koji/profiles"
)

// labArch is RPM's name for this machine.
func labArch() (string, error) {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}
	if name, ok := names[runtime.GOARCH]; ok {
		return name, nil
	}
	switch runtime.GOARCH {
	case "ppc64le", "s390x", "riscv64":
		return runtime.GOARCH, nil
	}
	return "", fmt.Errorf("there is no name for rpms of %s here", runtime.GOARCH)
}

// configure writes what the programs of the lab read.
func (l *lab) configure(s *labState) error {
	account := func(name string) string {
		return fmt.Sprintf("user = %s\npassword_file = %s\n", name, l.path("secret", name))
	}
	patience := "retry_interval = 2\noffline_retry_interval = 2\n"
	files := map[string]string{
		"hub.conf": "[hub]\n" +
			"Database = sqlite:" + l.path("hub.db") + "\n" +
			"Listen = " + s.Address + "\n" +
			"KojiDir = " + l.path("koji") + "\n" +
			"KojiWebURL = http://" + s.Address + "/koji\n" +
			"LogLevel = INFO\n" +
			"DisableNotifications = true\n",
		"kojid.conf": "[kojid]\n" + account(s.Builder) +
			"server = " + s.server() + "\n" +
			"topurl = " + s.topURL() + "\n" +
			"topdir = " + l.path("koji") + "\n" +
			"workdir = " + l.path("builder") + "\n" +
			"vendor = Koji Lab\npackager = Koji Lab\ndistribution = Koji Lab\n" +
			"minspace = 512\n" +
			"maxload = 0\n" + // who waits for his own builds wants them started
			labMockUser() + patience,
		"kojira.conf": "[kojira]\n" + account("kojira") +
			"server = " + s.server() + "\n" +
			"topdir = " + l.path("koji") + "\n" +
			"logfile =\n" +
			"statedir = " + l.path("kojira") + "\n" +
			patience,
	}
	for name, text := range files {
		if err := l.replace(name, text, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// labMockUser names who runs mock where root runs the lab: the one who became
// root, who is in the group mock if it is his habit to use it.
func labMockUser() string {
	name := os.Getenv("SUDO_USER")
	if _, err := user.Lookup(name); os.Geteuid() != 0 || name == "root" || err != nil {
		return ""
	}
	return "mockuser = " + name + "\n"
}

// secret gives the file with a user's password, which it makes up if need be.
func (l *lab) secret(user string) (string, error) {
	path := l.path("secret", user)
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if err := os.MkdirAll(l.path("secret"), 0o700); err != nil {
		return "", fmt.Errorf("store a password: %w", err)
	}
	if err := l.replace(filepath.Join("secret", user), rand.Text()+"\n", 0o600); err != nil {
		return "", fmt.Errorf("store a password: %w", err)
	}
	return path, nil
}

// profile is how a client reaches the lab.
func (l *lab) profile(s *labState) *profiles.Profile {
	p := profiles.Default(labProfile)
	p.Server, p.TopURL, p.WebURL = s.server(), s.topURL(), "http://"+s.Address+"/koji"
	p.TopDir = l.path("koji")
	p.AuthType, p.Principal, p.PasswordFile = "password", labAdmin, l.path("secret", labAdmin)
	p.RetryInterval, p.PollInterval = 2*time.Second, time.Second
	return p
}

// writeProfile makes the lab a hub that koji knows by name. It returns the
// command that means the lab.
func (l *lab) writeProfile(s *labState) (string, error) {
	path, err := profiles.UserFile(l.home, labProfile)
	if err != nil {
		return "", err
	}
	if err := profiles.Write(path, l.profile(s)); err != nil {
		return "", err
	}
	link := l.program(labProfile)
	if target, err := os.Readlink(link); err == nil && target == "koji" {
		return l.shown(link), nil
	}
	// Installed where this user may not write, or something else has the name.
	if err := os.Symlink("koji", link); err != nil {
		return l.shown(l.program("koji")) + " -p " + labProfile, nil
	}
	return l.shown(link), nil
}

// shown is a program as one types it here.
func (l *lab) shown(program string) string {
	here, err := os.Getwd()
	if err != nil {
		return program
	}
	if rel, err := filepath.Rel(here, program); err == nil && filepath.IsLocal(rel) {
		if filepath.Base(rel) == rel {
			return "./" + rel
		}
		return rel
	}
	return program
}
