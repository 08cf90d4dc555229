package minidistro

import (
	"regexp"
	"slices"
	"strings"
)

// Seeds are the Debian packages of which the distribution is made; what they
// need comes with them.
func Seeds() []string {
	return strings.Fields(`base-files bash binutils bzip2 coreutils cpio debianutils debugedit diffutils file findutils gcc grep
		gzip hostname libc-bin libc6 libc6-dev login make mawk mount ncurses-base passwd patch perl-base pkg-config procps rpm sed
		tar unzip util-linux xz-utils zstd`)
}

// AptPackages are the Debian packages that a minimal Debian lacks of what a lab
// needs: the seeds that are not part of every installation, and the two programs
// that turn the rpms into a repository and a repository into a buildroot.
func AptPackages() []string {
	return strings.Fields(`binutils bzip2 cpio createrepo-c debugedit dnf file gcc libc6-dev make patch pkg-config procps rpm unzip
		xz-utils zstd`)
}

// AptLine is the command that installs packages.
func AptLine(packages []string) string {
	return "apt-get install -y --no-install-recommends " + strings.Join(packages, " ")
}

// never says of a Debian package that it stays out whoever depends on it: it is
// about running a Debian system.
func never(name string) bool {
	return slices.Contains(strings.Fields(`adduser dash debconf dpkg dpkg-dev e2fsprogs init-system-helpers install-info
		libpam-systemd lsb-base manpages media-types mime-support sensible-utils systemd ucf`), name)
}

// heavy says of a Debian package that the seeds do without it, though Debian
// says that they need it. What Extra brings on top gets it.
func heavy(name string) bool {
	return regexp.MustCompile(`^(perl|perl-modules-.*|libperl5.*|libdpkg-perl|lib(asan|lsan|tsan|ubsan|itm|quadmath|cc1-)[0-9]*` +
		`|gcc-[0-9]+-locales|libdebuginfod.*|rpcsvc-proto|libnsl.*|libtirpc.*|libssl[0-9].*|libgprofng.*)$`).MatchString(name)
}

// aliases are the names that an RPM distribution has for what a package offers.
// A name with parentheses or a path has no version.
func aliases(name string) []string {
	switch name {
	case "base-files":
		return []string{"basesystem", "system-release"}
	case "bash":
		return []string{"/bin/bash", "/bin/sh"}
	case "coreutils":
		return []string{"/bin/cp", "/bin/mkdir", "/bin/rm"}
	case "debianutils":
		return []string{"which"}
	case "g++":
		return []string{"gcc-c++"}
	case "libc-bin":
		return []string{"glibc-common", "glibc-minimal-langpack"}
	case "libc6":
		return []string{"glibc", "rtld(GNU_HASH)"}
	case "libc6-dev":
		return []string{"glibc-devel", "glibc-headers"}
	case "mawk":
		return []string{"awk", "gawk"}
	case "passwd":
		return []string{"shadow-utils"}
	case "perl-base":
		return []string{"perl", "perl-interpreter", "perl(strict)", "perl(warnings)"}
	case "pkg-config":
		return []string{"pkgconf-pkg-config", "pkgconfig"}
	case "procps":
		return []string{"procps-ng"}
	case "rpm":
		return []string{"redhat-rpm-config", "rpm-build", "rpm-libs", "rpm-sign"}
	case "xz-utils":
		return []string{"xz", "xz-libs"}
	}
	if lib, ok := strings.CutSuffix(name, "-dev"); ok {
		// zlib1g-dev is zlib-devel elsewhere, libfoo2-dev is libfoo-devel.
		return []string{regexp.MustCompile(`[0-9][0-9.]*g?$`).ReplaceAllString(lib, "") + "-devel"}
	}
	return nil
}

// links are made on Debian by maintainer scripts and alternatives: path to target.
func links(name string) map[string]string {
	switch name {
	case "bash":
		return map[string]string{"/usr/bin/sh": "bash"}
	case "debianutils":
		return map[string]string{"/usr/bin/which": "which.debianutils"}
	case "g++":
		return map[string]string{"/usr/bin/c++": "g++"}
	case "gcc":
		return map[string]string{"/usr/bin/c99": "gcc", "/usr/bin/cc": "gcc"}
	case "mawk":
		return map[string]string{"/usr/bin/awk": "mawk"}
	}
	return nil
}
