package minidistro

import (
	"strings"

	"github.com/google/rpmpack"
)

// filesystem is the package that lays out the root: what Debian's base-files and
// base-passwd do in their maintainer scripts.
func filesystem(arch string) *rpmPackage {
	p := newPackage("filesystem", evr{rpmpack.NoEpoch, "1", "1" + distTag}, arch, "Layout of the root directory")
	p.provide("setup", "")
	p.provide("fedora-release", "")
	for _, d := range strings.Fields(`/boot /dev /etc /etc/rpm /home /media /mnt /opt /proc /run /srv /sys /usr /usr/bin /usr/include
		/usr/lib /usr/lib64 /usr/local /usr/local/bin /usr/sbin /usr/share /usr/share/doc /usr/share/man /usr/share/man/man1 /usr/src
		/var /var/cache /var/lib /var/lib/rpm /var/log /var/spool`) {
		p.directory(d, 0o755)
	}
	p.directory("/root", 0o700)
	p.directory("/tmp", 0o1777)
	p.directory("/var/tmp", 0o1777)
	for _, d := range []string{"bin", "lib", "lib64", "sbin"} {
		p.link("/"+d, "usr/"+d)
	}
	p.link("/var/run", "../run")
	p.link("/var/lock", "../run/lock")
	p.file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n", 0o644)
	p.file("/etc/group", "root:x:0:\nbin:x:1:\ntty:x:5:\nmail:x:8:\nutmp:x:22:\nnogroup:x:65534:\n", 0o644)
	p.file("/etc/shadow", "root:*:19000:0:99999:7:::\n", 0o600)
	p.file("/etc/gshadow", "root:*::\n", 0o600)
	p.file("/etc/hosts", "127.0.0.1 localhost\n", 0o644)
	p.file("/etc/rpm/macros.minidistro", "%dist "+distTag+"\n%_dbpath /var/lib/rpm\n%_vendor minidistro\n", 0o644)
	return p
}
