// Package buildroot makes the place a package is built in, builds there, and
// takes the results out.
//
// One interface, [Driver], stands before three ways of doing it. The mock driver
// has mock do it, as Koji's own builder does. The chroot driver fills a root with
// dnf and runs everything in namespaces of its own: no network, no capabilities,
// an unprivileged user, nothing of the host to be seen. The host driver runs rpmbuild under bubblewrap on the host's own tools
// with / read-only; it is for a lab's first build and for tests, and says so in
// root.log.
//
// A program that uses the chroot driver must call [Hook] first thing in main (a
// test binary: in TestMain), because a process enters its namespaces by starting
// its own executable again.
package buildroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"
)

// The kinds of driver that [New] makes and [Detect] finds.
const (
	KindMock   = "mock"
	KindChroot = "chroot"
	KindHost   = "host"
)

// Config says what a buildroot is to be. Name, Arch, BaseDir and LogDir are
// needed; the rest has defaults.
type Config struct {
	Name   string // <tag>-<buildroot id>-<repo id>; the name of its directory in BaseDir
	ID     int64  // buildroot id at the hub, for root.log
	RepoID int64
	Tag    string
	Arch   string // arch of the buildroot, never noarch

	BaseDir string // work area; the buildroot lives in BaseDir/Name
	Cache   string // directory of kept base roots; "" keeps none
	LogDir  string // results and logs go here, outside of the root

	Repos    []Repo
	Group    string   // install group: "build" (default) or "srpm-build"
	Packages []string // packages of that group; empty: dnf reads the group from the repos' comps

	Macros       map[string]string // extra rpm macros, without the leading %
	Env          map[string]string // extra environment of rpmbuild
	Vendor       string
	Packager     string
	Distribution string

	BuildUser string        // user inside; default "mockbuild"
	BuildUID  int           // its uid and gid; default 1000
	Timeout   time.Duration // of one rpmbuild; default 24h
	Network   bool          // rpmbuild sees the host's network
	Limits    Limits
	MaxResult int64 // bytes of results taken out at most; default 64 GiB

	Mock Mock // for the mock driver only
}

// Repo is a repository that the buildroot installs from.
type Repo struct {
	ID  string
	URL string // http(s)://, file:// or an absolute path of the directory above repodata
	Own bool   // built by this Koji; the host driver takes BuildRequires from these only
}

// Limits bound the commands in a buildroot and all they start, but not dnf, which
// works from outside. Zero is no limit.
// They need a cgroup controller; root.log says when there is none.
type Limits struct {
	Memory int64   // bytes
	PIDs   int64   // processes and threads
	CPU    float64 // cores
}

// Source is what [Driver.BuildSRPM] starts from: either an SRPM to be unpacked
// and built again, or a spec file and the directory with its sources.
type Source struct {
	SRPM    string
	Spec    string
	Sources string
}

// RunOpts says how [Driver.Run] runs a command.
type RunOpts struct {
	Cwd     string            // inside the buildroot; default /builddir
	Env     map[string]string // added to the buildroot's
	Network bool
	Root    bool          // as root with few capabilities, instead of the build user (chroot only)
	Stdout  io.Writer     // gets stdout and stderr; default root.log
	Timeout time.Duration // default Config.Timeout
}

// Package is an installed rpm, as host.setBuildRootList wants it.
type Package struct {
	Name, Version, Release string
	Epoch                  *int64 // nil: none
	Arch                   string
	SigMD5                 string // hex; Koji's payloadhash
	Size                   int64
	BuildTime              int64
}

// Driver is one buildroot. Its methods are called from one goroutine at a time,
// Init first and Clean last; Clean is right after any failure too. A failure of
// the build, as against one of the machine, is an [*ExitError].
//
// Cancelling ctx kills every process in the buildroot. So does the death of the
// calling process, whatever way it dies; the host is left with files below
// BaseDir and nothing else.
type Driver interface {
	// Kind is KindMock, KindChroot or KindHost.
	Kind() string
	// Init makes the buildroot, replacing one of the same name.
	Init(ctx context.Context) error
	// BuildSRPM makes one source rpm. It returns absolute paths in ResultDir.
	BuildSRPM(ctx context.Context, src Source) ([]string, error)
	// Rebuild installs the BuildRequires of srpm (a path on the host) and
	// builds it for the target arch. It returns absolute paths of rpms in
	// ResultDir, the source rpm as made in this buildroot among them.
	Rebuild(ctx context.Context, srpm, target string) ([]string, error)
	// Run runs one command. Its exit code comes back as ExitError.Code.
	Run(ctx context.Context, cmd []string, opts RunOpts) error
	// Installed lists the packages in the buildroot, ordered by name. The host
	// driver lists only the rpms it unpacked: its host has no rpm database.
	Installed(ctx context.Context) ([]Package, error)
	// RootDir is where the host sees files of the root. With a kept base root
	// below, only what differs from it is there.
	RootDir() string
	// ResultDir is Config.LogDir: the rpms, and root.log, build.log, state.log,
	// hw_info.log and installed_pkgs.log, which grow while work goes on.
	ResultDir() string
	// Clean removes the buildroot and leaves ResultDir. On a driver without Init
	// it removes what a killed worker left of a buildroot of that name.
	Clean(ctx context.Context) error
}

// New returns a buildroot of the given kind; nothing is touched before Init.
func New(kind string, cfg Config) (Driver, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("configure buildroot %q: %w", cfg.Name, err)
	}
	switch kind {
	case KindMock:
		return newMock(cfg), nil
	case KindChroot:
		return newChroot(cfg), nil
	case KindHost:
		return newHost(cfg), nil
	}
	return nil, fmt.Errorf("configure buildroot %q: no driver of kind %q", cfg.Name, kind)
}

var (
	nameRe  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)
	macroRe = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{2,}$`)
	archRe  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	userRe  = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)
)

// complete checks the configuration and fills in defaults. Everything that ends
// in a path, a dnf.conf or a macro file is checked here, once.
func (c *Config) complete() error {
	if c.Group == "" {
		c.Group = "build"
	}
	if c.BuildUser == "" {
		c.BuildUser = "mockbuild"
	}
	if c.BuildUID == 0 {
		c.BuildUID = 1000
	}
	if c.Timeout <= 0 {
		c.Timeout = 24 * time.Hour
	}
	if c.MaxResult <= 0 {
		c.MaxResult = 64 << 30
	}
	for what, d := range map[string]*string{mockProgram: &c.Mock.Program, "/var/lib/mock": &c.Mock.Dir, "/etc/mock/koji": &c.Mock.ConfDir} {
		if *d == "" {
			*d = what
		}
	}
	for _, d := range []*string{&c.BaseDir, &c.LogDir, &c.Cache, &c.Mock.Dir, &c.Mock.ConfDir} {
		if *d == "" {
			continue
		}
		abs, err := filepath.Abs(*d)
		if err != nil {
			return err
		}
		*d = abs
	}
	switch {
	case !nameRe.MatchString(c.Name):
		return errors.New("name is not a plain file name")
	case c.BaseDir == "" || c.LogDir == "":
		return errors.New("base or log directory is not set")
	case !archRe.MatchString(c.Arch) || c.Arch == "noarch" || c.Arch == "src":
		return fmt.Errorf("arch %q cannot be that of a buildroot", c.Arch)
	case !nameRe.MatchString(c.Group):
		return fmt.Errorf("install group %q is not a name", c.Group)
	case !userRe.MatchString(c.BuildUser) || c.BuildUser == "root" || c.BuildUID < 1:
		return fmt.Errorf("build user %q (%d) is not an ordinary user", c.BuildUser, c.BuildUID)
	}
	for _, r := range c.Repos {
		if !nameRe.MatchString(r.ID) {
			return fmt.Errorf("repo id %q is not a name", r.ID)
		}
		if _, err := repoURL(r.URL); err != nil {
			return fmt.Errorf("repo %s: %w", r.ID, err)
		}
	}
	for m := range c.Macros {
		if !macroRe.MatchString(m) {
			return fmt.Errorf("%q is not a macro name", m)
		}
	}
	return nil
}
