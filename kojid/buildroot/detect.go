//go:build linux

package buildroot

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// tool is a program a driver needs, and the Debian package that has it.
type tool struct{ name, deb string }

var (
	chrootTools = []tool{{"dnf", "dnf"}, {"rpm", "rpm"}}
	hostTools   = []tool{{"bwrap", "bubblewrap"}, {"rpmbuild", "rpm"}, {"rpm2cpio", "rpm"}, {"cpio", "cpio"}, {"gcc", "gcc"}, {"make", "make"}}
)

// Detect finds the best kind of driver this machine can run, and says why. When
// it can run none, the error names what to install.
func Detect(ctx context.Context) (kind, why string, err error) {
	noChroot := missing(chrootTools)
	switch {
	case os.Geteuid() != 0:
		why = "not root, which the chroot driver needs"
	case noChroot != "":
		why = "the chroot driver would need: apt-get install " + noChroot
	default:
		if err := probeNamespaces(ctx); err == nil {
			return KindChroot, "root, dnf and rpm are here and namespaces work", nil
		} else {
			why = "no namespaces for the chroot driver: " + err.Error()
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
