//go:build linux

package buildroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const hostWarning = `This is the host driver: rpmbuild runs on the tools of this machine, under bubblewrap with / read-only.
It is no clean room: what is installed here gets into the build, and requirements are checked by name only.
Use it to try things out, not to build what is handed out.`

// host is the driver that builds with what the machine has. BaseDir/Name/builddir
// is /builddir inside, as with the chroot driver; rpms of our own that a package
// needs are unpacked in /builddir/sysroot.
type host struct {
	cfg   Config
	area  string
	logs  *logs
	group *cgroup
	uid   int // that bwrap runs as; -1: ours
	reqs  hostRequires
}

func newHost(cfg Config) *host {
	cfg.Macros = maps.Clone(cfg.Macros)
	if cfg.Macros == nil {
		cfg.Macros = map[string]string{}
	}
	cfg.Macros["_dbpath"] = "/builddir/.rpmdb" // the host's is not for us
	return &host{cfg: cfg, area: filepath.Join(cfg.BaseDir, cfg.Name), uid: -1}
}

func (h *host) Kind() string      { return KindHost }
func (h *host) ResultDir() string { return h.cfg.LogDir }
func (h *host) RootDir() string   { return h.area }

func (h *host) tree() tree { return tree{dir: filepath.Join(h.area, "builddir"), uid: h.uid} }

// Init makes an empty build directory.
func (h *host) Init(ctx context.Context) error {
	if h.logs == nil {
		var err error
		if h.logs, err = openLogs(h.cfg.LogDir); err != nil {
			return fmt.Errorf("init buildroot %s: %w", h.cfg.Name, err)
		}
	}
	defer h.logs.phase("host init")()
	h.logs.say("buildroot %s (id %d, tag %s, repo %d), arch %s, driver host", h.cfg.Name, h.cfg.ID, h.cfg.Tag, h.cfg.RepoID, h.cfg.Arch)
	h.logs.line(h.logs.root, "WARNING: "+hostWarning)
	if err := h.init(ctx); err != nil {
		h.logs.line(h.logs.root, "ERROR: "+err.Error())
		if ctx.Err() != nil {
			return stopped(ctx, "init of buildroot "+h.cfg.Name, rootLog)
		}
		return fmt.Errorf("init buildroot %s: %w", h.cfg.Name, err)
	}
	return nil
}

func (h *host) init(ctx context.Context) error {
	if err := h.removeArea(); err != nil {
		return err
	}
	if err := os.MkdirAll(h.area, 0o755); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if reachable(h.area, h.cfg.BuildUID) {
			h.uid = h.cfg.BuildUID
		} else {
			h.logs.say("user %d cannot reach %s: rpmbuild keeps root's rights to read files", h.cfg.BuildUID, h.area)
		}
	}
	var notes []string
	h.group, notes = newCgroup(h.area, h.cfg.Limits)
	for _, n := range notes {
		h.logs.say("%s", n)
	}
	if err := h.tree().make(&h.cfg); err != nil {
		return err
	}
	if err := h.logs.write(hwInfoLog, hwInfo(h.cfg.BaseDir)); err != nil {
		return err
	}
	if err := h.logs.write(installedLog, nil); err != nil {
		return err
	}
	res, err := h.inside(ctx, []string{"rpmbuild", "--version"}, RunOpts{}, "")
	return ran(ctx, "rpmbuild --version", rootLog, res, err)
}

// reachable says whether a user can come to a directory.
func reachable(dir string, uid int) bool {
	for ; dir != "/"; dir = filepath.Dir(dir) {
		var st unix.Stat_t
		if unix.Stat(dir, &st) != nil {
			return false
		}
		if st.Mode&0o001 == 0 && (int(st.Uid) != uid || st.Mode&0o100 == 0) {
			return false
		}
	}
	return true
}

// BuildSRPM makes a source rpm with the host's rpmbuild.
func (h *host) BuildSRPM(ctx context.Context, src Source) ([]string, error) {
	return h.rpmbuild().buildSRPM(ctx, src)
}

// Rebuild builds a source rpm. rpmbuild cannot check dependencies where there is
// no rpm database, so that is done before, by name.
func (h *host) Rebuild(ctx context.Context, srpm, target string) ([]string, error) {
	h.reqs = hostRequires{}
	return h.rpmbuild().rebuild(ctx, srpm, target)
}

func (h *host) rpmbuild() *rpmbuild {
	uid := h.uid
	if uid < 0 {
		uid = os.Geteuid()
	}
	return &rpmbuild{cfg: &h.cfg, logs: h.logs, tree: h.tree(), resultUID: uid, flags: []string{"--nodeps"}, run: h.inside, install: h.install}
}

// Run runs one command beside the sources. There is no root inside.
func (h *host) Run(ctx context.Context, cmd []string, opts RunOpts) error {
	if len(cmd) == 0 {
		return errors.New("run in buildroot: no command")
	}
	if opts.Root {
		return fmt.Errorf("run %s in buildroot: the host driver has no root", cmd[0])
	}
	if opts.Timeout <= 0 {
		opts.Timeout = h.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	h.logs.say("run %q", cmd)
	res, err := h.inside(ctx, cmd, opts, h.cfg.Arch)
	return ran(ctx, cmd[0], rootLog, res, err)
}

// inside runs a program under bubblewrap.
func (h *host) inside(ctx context.Context, args []string, opts RunOpts, _ string) (outcome, error) {
	if opts.Cwd == "" {
		opts.Cwd = "/builddir"
	}
	if opts.Stdout == nil {
		opts.Stdout = h.logs.root
	}
	wrap, err := h.wrap(opts)
	if err != nil {
		return outcome{}, err
	}
	env := h.reqs.env()
	maps.Copy(env, opts.Env)
	type result struct {
		out outcome
		err error
	}
	done := make(chan result, 1)
	go func() {
		// bwrap dies with the thread that started it: see space.run.
		runtime.LockOSThread()
		out, err := h.wrapped(ctx, append(append(wrap, "--"), args...), insideEnv(&h.cfg, env), opts.Stdout)
		done <- result{out, err}
	}()
	r := <-done
	return r.out, r.err
}

// wrapped starts bwrap once it is in its cgroup, and waits for it.
func (h *host) wrapped(ctx context.Context, args, env []string, stdout io.Writer) (outcome, error) {
	goR, goW, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("make pipe: %w", err)
	}
	defer goW.Close()
	c := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `read _ <&3 && exec "$@" 3<&-`, "sh"}, args...)...)
	c.Env, c.Stdout, c.Stderr, c.ExtraFiles = env, stdout, stdout, []*os.File{goR}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	if h.uid >= 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(h.uid), Gid: uint32(h.uid)}
	}
	c.Cancel = func() error {
		h.group.kill()
		return c.Process.Kill()
	}
	c.WaitDelay = 30 * time.Second
	err = c.Start()
	goR.Close()
	if err != nil {
		return outcome{}, fmt.Errorf("start bwrap: %w", err)
	}
	if err = h.group.add(c.Process.Pid); err == nil {
		_, err = goW.WriteString("\n")
	}
	if err != nil {
		c.Process.Kill()
		c.Wait()
		return outcome{}, fmt.Errorf("start bwrap: %w", err)
	}
	err = c.Wait()
	if err := h.group.drain(); err != nil {
		return outcome{}, err
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return outcome{}, ctx.Err()
	case errors.As(err, &exit):
		ws, _ := exit.Sys().(syscall.WaitStatus)
		if ws.Signaled() {
			return outcome{Signal: int(ws.Signal())}, nil
		}
		return outcome{Exit: ws.ExitStatus()}, nil
	}
	return outcome{}, err
}

// wrap is the bwrap command line. The top of the root is a tmpfs, so that there
// can be a /builddir; below it the host's directories are read-only.
func (h *host) wrap(opts RunOpts) ([]string, error) {
	args := []string{
		"bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--hostname", "localhost",
		"--uid", fmt.Sprint(h.cfg.BuildUID), "--gid", fmt.Sprint(h.cfg.BuildUID), "--cap-drop", "ALL",
	}
	if opts.Network {
		args = append(args, "--share-net")
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return nil, fmt.Errorf("wrap the host: %w", err)
	}
	for _, e := range entries {
		p := "/" + e.Name()
		switch e.Name() {
		case "proc", "dev", "sys", "tmp", "run", "root", "home", "builddir", "lost+found":
			continue
		}
		switch {
		case e.Type()&os.ModeSymlink != 0:
			l, err := os.Readlink(p)
			if err != nil {
				return nil, fmt.Errorf("wrap the host: %w", err)
			}
			args = append(args, "--symlink", l, p)
		case e.IsDir():
			args = append(args, "--ro-bind", p, p)
		}
	}
	args = append(args, "--proc", "/proc", "--dev", "/dev")
	for _, d := range []string{"/tmp", "/var/tmp", "/run", "/root", "/home"} {
		args = append(args, "--tmpfs", d)
	}
	if opts.Network {
		// Often a link into /run.
		if p, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil {
			args = append(args, "--ro-bind", p, p)
		}
	}
	// The mount points and the tmpfs on / are ours to write to until now.
	return append(args, "--bind", h.tree().dir, "/builddir", "--remount-ro", "/", "--chdir", opts.Cwd), nil
}

// Clean removes the buildroot.
func (h *host) Clean(context.Context) error {
	if h.logs != nil {
		h.logs.say("remove buildroot %s", h.cfg.Name)
	}
	err := h.removeArea()
	if h.logs != nil {
		err = errors.Join(err, h.logs.close())
		h.logs = nil
	}
	if err != nil {
		return fmt.Errorf("clean buildroot %s: %w", h.cfg.Name, err)
	}
	return nil
}

func (h *host) removeArea() error {
	if h.group == nil {
		h.group = leftCgroup(h.area)
	}
	err := errors.Join(h.group.remove(), removeTree(h.area))
	h.group, h.reqs, h.uid = nil, hostRequires{}, -1
	return err
}
