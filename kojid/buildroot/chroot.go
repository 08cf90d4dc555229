//go:build linux

package buildroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// chroot is the driver that fills a root of its own with dnf.
//
// Its area BaseDir/Name holds dnf.conf, home and tmp for dnf; root, or with a
// kept base root below: upper and ovl of the overlay that is mounted on root; and
// builddir, which is /builddir inside.
type chroot struct {
	cfg   Config
	area  string
	logs  *logs
	group *cgroup
	space space
	base  *base
	ov    *overlay
}

func newChroot(cfg Config) *chroot {
	return &chroot{cfg: cfg, area: filepath.Join(cfg.BaseDir, cfg.Name)}
}

func (c *chroot) Kind() string      { return KindChroot }
func (c *chroot) ResultDir() string { return c.cfg.LogDir }

func (c *chroot) RootDir() string {
	if c.ov != nil {
		return c.ov.Upper
	}
	return filepath.Join(c.area, "root")
}

func (c *chroot) tree() tree {
	return tree{dir: filepath.Join(c.area, "builddir"), uid: c.cfg.BuildUID}
}

// Init makes the root, from the cache where it can.
func (c *chroot) Init(ctx context.Context) error {
	if c.logs == nil {
		var err error
		if c.logs, err = openLogs(c.cfg.LogDir); err != nil {
			return fmt.Errorf("init buildroot %s: %w", c.cfg.Name, err)
		}
	}
	defer c.logs.phase("chroot init")()
	c.logs.say("buildroot %s (id %d, tag %s, repo %d), arch %s, driver chroot", c.cfg.Name, c.cfg.ID, c.cfg.Tag, c.cfg.RepoID, c.cfg.Arch)
	err := c.init(ctx)
	if err == nil {
		return nil
	}
	c.logs.line(c.logs.root, "ERROR: "+err.Error())
	if ctx.Err() != nil {
		return stopped(ctx, "init of buildroot "+c.cfg.Name, rootLog)
	}
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit
	}
	return fmt.Errorf("init buildroot %s: %w", c.cfg.Name, err)
}

func (c *chroot) init(ctx context.Context) error {
	if err := c.removeArea(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.cfg.BaseDir, 0o755); err != nil {
		return err
	}
	// 0700: files of the build user are nobody else's business on the host,
	// where its uid may be somebody.
	if err := os.Mkdir(c.area, 0o700); err != nil {
		return err
	}
	var notes []string
	c.group, notes = newCgroup(c.area, c.cfg.Limits)
	for _, n := range notes {
		c.logs.say("%s", n)
	}
	if err := c.logs.write(hwInfoLog, hwInfo(c.cfg.BaseDir)); err != nil {
		return err
	}
	if err := c.layOut(c.area); err != nil {
		return err
	}
	if err := c.fromCache(ctx); err != nil {
		return err
	}
	if c.ov == nil {
		if err := c.fill(ctx, c.area); err != nil {
			return err
		}
	}
	if err := c.tree().make(&c.cfg); err != nil {
		return err
	}
	_, err := c.writeInstalled(ctx)
	return err
}

// fromCache sets c.ov up if the root can stand on a kept one.
func (c *chroot) fromCache(ctx context.Context) error {
	if c.cfg.Cache == "" {
		return nil
	}
	if strings.ContainsAny(c.area+c.cfg.Cache, ":,\\") {
		c.logs.say("no kept base root: overlayfs cannot take paths with colons, commas or backslashes")
		return nil
	}
	digest, err := baseDigest(ctx, &c.cfg)
	if err != nil {
		return &ExitError{Code: ExitUnresolvable, Log: rootLog, Reason: err.Error()}
	}
	ov := &overlay{Upper: filepath.Join(c.area, "upper"), Work: filepath.Join(c.area, "ovl")}
	for _, d := range []string{ov.Upper, ov.Work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	// Whether overlayfs works here is tried before a base is made for it.
	ov.Lower = filepath.Join(c.area, "root")
	if err := c.probe(ctx, ov); err != nil {
		c.logs.say("no kept base root: %v", err)
		return nil
	}
	made := false
	c.base, err = cache{c.cfg.Cache}.use(ctx, digest, func(area string) error {
		made = true
		if err := c.layOut(area); err != nil {
			return err
		}
		return c.fill(ctx, area)
	})
	if err != nil {
		return err
	}
	if made {
		c.logs.say("kept as base root %s", digest)
	} else {
		c.logs.say("on top of base root %s, kept from an earlier build", digest)
	}
	ov.Lower = c.base.root
	c.ov = ov
	return nil
}

func (c *chroot) probe(ctx context.Context, ov *overlay) error {
	_, err := c.space.run(ctx, nil, order{Root: filepath.Join(c.area, "root"), Overlay: ov, Work: c.area, Outside: true, Network: true}, c.logs.root)
	return err
}

// layOut makes the directories and files of an area that dnf needs.
func (c *chroot) layOut(area string) error {
	for _, d := range []string{"root", "home", "tmp"} {
		if err := os.Mkdir(filepath.Join(area, d), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"dnf.conf": dnfConf(&c.cfg), "home/.rpmmacros": homeMacros(&c.cfg)} {
		if err := os.WriteFile(filepath.Join(area, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fill installs the base packages into area/root and makes the build user.
func (c *chroot) fill(ctx context.Context, area string) error {
	defer c.logs.phase("dnf install")()
	if err := c.dnf(ctx, area, nil, "init of the buildroot", "install", groupArgs(&c.cfg)...); err != nil {
		return err
	}
	return addUser(filepath.Join(area, "root"), c.cfg.BuildUser, c.cfg.BuildUID)
}

// dnf runs dnf on the root of an area. Its failure is an ExitError that names
// what could not be had.
func (c *chroot) dnf(ctx context.Context, area string, ov *overlay, purpose, command string, what ...string) error {
	out := &tail{w: c.logs.root}
	args := dnfArgs(&c.cfg, area, command, what...)
	c.logs.say("%s", strings.Join(args, " "))
	res, err := c.outside(ctx, area, ov, args, out)
	if err != nil {
		return err
	}
	if res.Exit != 0 || res.Signal != 0 {
		return &ExitError{Code: ExitUnresolvable, Log: rootLog, Reason: purpose + ": " + dnfTrouble(out.String())}
	}
	return nil
}

// outside runs a program of the host on the root, as root, with the rest of the
// host read-only. The limits are for what is built, not for installing.
func (c *chroot) outside(ctx context.Context, area string, ov *overlay, args []string, stdout io.Writer) (outcome, error) {
	env := []string{
		"HOME=" + filepath.Join(area, "home"), "TMPDIR=" + filepath.Join(area, "tmp"),
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TERM=dumb",
	}
	for _, k := range []string{"http_proxy", "https_proxy", "no_proxy"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return c.space.run(ctx, nil, order{
		Root: filepath.Join(area, "root"), Overlay: ov, Work: area, Outside: true, Network: true,
		Cwd: "/", Env: env, Args: args, Bits32: bits32Re.MatchString(c.cfg.Arch),
	}, stdout)
}

// inside runs a program of the root in the root.
func (c *chroot) inside(ctx context.Context, args []string, opts RunOpts, target string) (outcome, error) {
	if opts.Cwd == "" {
		opts.Cwd = "/builddir"
	}
	if opts.Stdout == nil {
		opts.Stdout = c.logs.root
	}
	uid := c.cfg.BuildUID
	if opts.Root {
		uid = 0
	}
	o := order{
		Root: filepath.Join(c.area, "root"), Overlay: c.ov, Network: opts.Network,
		Binds: []bind{{Src: c.tree().dir, Dst: "/builddir"}},
		UID:   uid, Cwd: opts.Cwd, Env: insideEnv(&c.cfg, opts.Env), Args: args,
		Bits32: bits32Re.MatchString(c.cfg.Arch) || bits32Re.MatchString(target),
	}
	if opts.Network {
		o.Binds = append(o.Binds, bind{Src: "/etc/resolv.conf", Dst: "/etc/resolv.conf", ReadOnly: true})
	}
	return c.space.run(ctx, c.group, o, opts.Stdout)
}

// insideEnv is the environment of commands in the buildroot; nothing of the
// builder's own gets in.
func insideEnv(c *Config, more map[string]string) []string {
	env := map[string]string{
		"HOME": "/builddir", "TERM": "vt100", "SHELL": "/bin/bash", "HOSTNAME": "localhost", "USER": c.BuildUser, "LOGNAME": c.BuildUser,
		"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
	}
	maps.Copy(env, c.Env)
	maps.Copy(env, more)
	var out []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out
}

// addUser makes the build user known in a root, and the directory it works in.
// os.Root keeps links that packages put there from leading out.
func addUser(root, name string, uid int) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("make build user: %w", err)
	}
	defer r.Close()
	for file, line := range map[string]string{
		"etc/passwd": fmt.Sprintf("%s:x:%d:%d::/builddir:/bin/bash\n", name, uid, uid),
		"etc/group":  fmt.Sprintf("%s:x:%d:\n", name, uid),
	} {
		data, err := r.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make build user: %w", err)
		}
		if strings.HasPrefix(string(data), name+":") || strings.Contains(string(data), "\n"+name+":") {
			continue
		}
		if len(data) > 0 && data[len(data)-1] != '\n' {
			data = append(data, '\n')
		}
		if err := r.WriteFile(file, append(data, line...), 0o644); err != nil {
			return fmt.Errorf("make build user: %w", err)
		}
	}
	if err := r.MkdirAll("builddir", 0o755); err != nil {
		return fmt.Errorf("make build user: %w", err)
	}
	for file, text := range map[string]string{"etc/hosts": "127.0.0.1 localhost\n::1 localhost\n", "etc/resolv.conf": ""} {
		if _, err := r.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			if err := r.WriteFile(file, []byte(text), 0o644); err != nil {
				return fmt.Errorf("make %s: %w", file, err)
			}
		}
	}
	return nil
}

// Run runs one command in the buildroot.
func (c *chroot) Run(ctx context.Context, cmd []string, opts RunOpts) error {
	if len(cmd) == 0 {
		return errors.New("run in buildroot: no command")
	}
	if opts.Timeout <= 0 {
		opts.Timeout = c.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	c.logs.say("run %q", cmd)
	res, err := c.inside(ctx, cmd, opts, c.cfg.Arch)
	return ran(ctx, cmd[0], rootLog, res, err)
}

// ran turns the end of a command into the error that [Driver.Run] gives.
func ran(ctx context.Context, what, log string, res outcome, err error) error {
	switch {
	case ctx.Err() != nil:
		return stopped(ctx, what, log)
	case err != nil:
		return fmt.Errorf("run %s in buildroot: %w", what, err)
	case res.Signal != 0:
		return &ExitError{Code: ExitKilled, Log: log, Reason: fmt.Sprintf("%s was killed: %s", what, unix.SignalName(unix.Signal(res.Signal)))}
	case res.Exit != 0:
		return &ExitError{Code: res.Exit, Log: log, Reason: fmt.Sprintf("%s exited with status %d", what, res.Exit)}
	}
	return nil
}

// BuildSRPM makes a source rpm with the root's own rpmbuild.
func (c *chroot) BuildSRPM(ctx context.Context, src Source) ([]string, error) {
	return c.rpmbuild().buildSRPM(ctx, src)
}

// Rebuild builds a source rpm, with its BuildRequires checked by rpmbuild inside.
func (c *chroot) Rebuild(ctx context.Context, srpm, target string) ([]string, error) {
	return c.rpmbuild().rebuild(ctx, srpm, target)
}

func (c *chroot) rpmbuild() *rpmbuild {
	return &rpmbuild{cfg: &c.cfg, logs: c.logs, tree: c.tree(), resultUID: c.cfg.BuildUID, run: c.inside, install: c.install}
}

// install installs what a package needs to be built, from outside the root.
func (c *chroot) install(ctx context.Context, pkg string, requires []string) error {
	if len(requires) > 0 {
		if err := c.dnf(ctx, c.area, c.ov, "BuildRequires of "+pkg, "install", requires...); err != nil {
			return err
		}
	}
	_, err := c.writeInstalled(ctx)
	return err
}

// Installed asks the rpm database of the root.
func (c *chroot) Installed(ctx context.Context) ([]Package, error) {
	var out strings.Builder
	res, err := c.outside(ctx, c.area, c.ov, []string{"rpm", "--root", filepath.Join(c.area, "root"), "-qa", "--qf", packageFormat}, &out)
	if err == nil && (res.Exit != 0 || res.Signal != 0) {
		err = fmt.Errorf("rpm: exit %d: %s", res.Exit, lastLine(out.String()))
	}
	if err != nil {
		return nil, fmt.Errorf("list installed packages: %w", err)
	}
	return parsePackages(out.String())
}

func (c *chroot) writeInstalled(ctx context.Context) ([]Package, error) {
	pkgs, err := c.Installed(ctx)
	if err != nil {
		return nil, err
	}
	return pkgs, c.logs.write(installedLog, installedText(pkgs))
}

// Clean removes the buildroot. It goes on after an error, and without regard to
// ctx being cancelled: what is not removed now, nobody removes.
func (c *chroot) Clean(context.Context) error {
	if c.logs != nil {
		c.logs.say("remove buildroot %s", c.cfg.Name)
	}
	err := c.removeArea()
	c.space.close()
	c.space = space{}
	if c.logs != nil {
		err = errors.Join(err, c.logs.close())
		c.logs = nil
	}
	if err != nil {
		return fmt.Errorf("clean buildroot %s: %w", c.cfg.Name, err)
	}
	return nil
}

func (c *chroot) removeArea() error {
	if c.group == nil {
		c.group = leftCgroup(c.area)
	}
	err := errors.Join(c.group.remove(), c.base.release(), removeTree(c.area))
	c.group, c.base, c.ov = nil, nil, nil
	return err
}
