//go:build linux

package buildroot

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strings"
)

// tool is a program a driver needs, and the Debian package that has it.
type tool struct{ name, deb string }

var (
	chrootTools = []tool{{"dnf", "dnf"}, {"rpm", "rpm"}}
	hostTools   = []tool{{"bwrap", "bubblewrap"}, {"rpmbuild", "rpm"}, {"rpm2cpio", "rpm"}, {"cpio", "cpio"}, {"gcc", "gcc"}, {"make", "make"}}
)

// Detect finds the best kind of driver this machine can run, and says why; as
// root, mock is run by mockUser. When it can run none, the error names what to
// install.
func Detect(ctx context.Context, mockUser string) (kind, why string, err error) {
	if _, err := exec.LookPath(mockProgram); err == nil {
		if why = noMock(mockUser); why == "" {
			return KindMock, "mock is here and may be used", nil
		}
		why += "; "
	}
	noChroot := missing(chrootTools)
	switch {
	case os.Geteuid() != 0:
		why += "not root, which the chroot driver needs"
	case noChroot != "":
		why += "the chroot driver would need: apt-get install " + noChroot
	default:
		if err := probeNamespaces(ctx); err == nil {
			return KindChroot, why + "root, dnf and rpm are here and namespaces work", nil
		} else {
			why += "no namespaces for the chroot driver: " + err.Error()
		}
	}
	if need := missing(hostTools); need != "" {
		return "", "", fmt.Errorf("no buildroot driver can run here: %s; the host driver needs: apt-get install %s", why, need)
	}
	out, err := exec.CommandContext(ctx, "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "true").CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("no buildroot driver can run here: %s; bwrap does not work: %w: %s", why, err, strings.TrimSpace(string(out)))
	}
	return KindHost, why + "; bwrap and rpmbuild are here", nil
}

// noMock says why mock may not be used, "" if it may: who runs it has to be a
// member of the group mock.
func noMock(mockUser string) string {
	u, err := user.Current()
	if os.Geteuid() == 0 {
		u, err = user.Lookup(mockUser)
	}
	if err != nil {
		return "mock is here, but " + err.Error()
	}
	group, err := user.LookupGroup("mock")
	if err != nil {
		return "mock is here, but " + err.Error()
	}
	ids, err := u.GroupIds()
	if err != nil {
		return "mock is here, but " + err.Error()
	}
	if !slices.Contains(ids, group.Gid) {
		return "mock is here, but " + u.Username + " is not in the group mock"
	}
	return ""
}

// missing names the packages of those tools that are not in PATH.
func missing(tools []tool) string {
	var debs []string
	seen := map[string]bool{}
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err != nil && !seen[t.deb] {
			seen[t.deb] = true
			debs = append(debs, t.deb)
		}
	}
	return strings.Join(debs, " ")
}
