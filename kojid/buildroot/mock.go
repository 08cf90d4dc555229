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
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"koji/internal/mockcfg"
)

// Mock is what the mock driver needs beside the rest of a [Config].
type Mock struct {
	Program string         // default /usr/bin/mock
	Dir     string         // mock's basedir, default /var/lib/mock
	ConfDir string         // where configurations are put, default /etc/mock/koji
	User    string         // who runs mock if we are root; mock itself never is
	Host    string         // second part of the macro %_host
	Extra   map[string]any // the tag's extra settings
	Image   bool           // the tag may ask for a container image to begin with
	Proxy   string         // URL
}

// What the mock driver writes beside mock's own logs.
const (
	mockOutputLog = "mock_output.log"
	mockConfigLog = "mock_config.log"
)

const mockProgram = "/usr/bin/mock"

// killPatience is how long mock has for its own tidying up when it is stopped.
const killPatience = 30 * time.Second

// mock is the driver that has mock do the work, with the command lines and the
// configuration of Koji's own builder (Koji: reference/building.md, "mock").
//
// Its area BaseDir/Name holds the configuration, which mock finds as koji/Name,
// and the sources of a source rpm that is made again. The root is mock's, Mock.Dir/Name.
type mock struct {
	cfg    Config
	area   string
	output *os.File
	cred   *syscall.Credential // nil: we are an ordinary user ourselves
}

func newMock(cfg Config) *mock {
	return &mock{cfg: cfg, area: filepath.Join(cfg.BaseDir, cfg.Name)}
}

func (m *mock) Kind() string      { return KindMock }
func (m *mock) ResultDir() string { return m.cfg.LogDir }
func (m *mock) RootDir() string   { return filepath.Join(m.cfg.Mock.Dir, m.cfg.Name, "root") }

// confName is what mock calls the configuration.
func (m *mock) confName() string { return "koji/" + m.cfg.Name }

func (m *mock) confFile() string { return filepath.Join(m.cfg.Mock.ConfDir, m.cfg.Name+".cfg") }

// Init writes the configuration and has mock make the root.
func (m *mock) Init(ctx context.Context) error {
	if err := m.prepare(); err != nil {
		return fmt.Errorf("init buildroot %s: %w", m.cfg.Name, err)
	}
	return m.end(ctx, "init buildroot "+m.cfg.Name, m.mock(ctx, m.output, "--init"))
}

func (m *mock) prepare() (err error) {
	if m.cred, err = mockCredential(m.cfg.Mock.User); err != nil {
		return err
	}
	for _, dir := range []string{m.area, m.cfg.LogDir, m.cfg.Mock.ConfDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if m.cred != nil {
		for _, dir := range []string{m.area, m.cfg.LogDir} {
			if err := os.Chown(dir, int(m.cred.Uid), int(m.cred.Gid)); err != nil {
				return err
			}
			if !reachable(dir, int(m.cred.Uid)) {
				return fmt.Errorf("%s is not to be reached by %s, who runs mock: workdir lies where only root may enter", dir, m.cfg.Mock.User)
			}
		}
	}
	text := []byte(m.config().Text())
	if err := os.WriteFile(m.confFile(), text, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.cfg.LogDir, mockConfigLog), text, 0o644); err != nil {
		return err
	}
	if m.output == nil {
		m.output, err = os.OpenFile(filepath.Join(m.cfg.LogDir, mockOutputLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0o644)
	}
	return err
}

func (m *mock) config() mockcfg.Config {
	c := mockcfg.Config{
		ID: m.cfg.ID, RepoID: m.cfg.RepoID, Name: m.cfg.Name, Tag: m.cfg.Tag, Arch: m.cfg.Arch, Group: m.cfg.Group,
		Dir: m.cfg.Mock.Dir, ResultDir: m.cfg.LogDir, Timeout: m.cfg.Timeout, Network: m.cfg.Network, YumProxy: m.cfg.Mock.Proxy,
		Vendor: m.cfg.Vendor, Packager: m.cfg.Packager, Distribution: m.cfg.Distribution, Host: m.cfg.Mock.Host,
		Extra: m.cfg.Mock.Extra, BootstrapImage: m.cfg.Mock.Image,
	}
	for _, r := range m.cfg.Repos {
		if u, err := repoURL(r.URL); err == nil { // Config.complete has refused others
			c.Repos = append(c.Repos, u)
		}
	}
	return c
}

// mockCredential is the user mock runs as; nil if that is who we are.
func mockCredential(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("mock does not run as root, and %w: make that user, in the group mock, or name another with mockuser", err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of %s: %w", name, err)
	}
	var ids []uint32
	for _, s := range append([]string{u.Uid, u.Gid}, groups...) {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("ids of %s: %w", name, err)
		}
		ids = append(ids, uint32(n))
	}
	if ids[0] == 0 {
		return nil, fmt.Errorf("mock does not run as root, and mockuser %s is root", name)
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}

// mock runs mock, with what it prints going to out.
func (m *mock) mock(ctx context.Context, out io.Writer, args ...string) error {
	command := []string{m.cfg.Mock.Program, "-r", m.confName()}
	// Where the configuration isn't below mock's own directory, mock is told.
	if dir := filepath.Dir(m.cfg.Mock.ConfDir); dir != "/etc/mock" {
		command = append(command, "--configdir", dir)
	}
	command = append(append(command, m.config().Flags()...), args...)
	fmt.Fprintln(m.output, "$", strings.Join(command, " "))
	return m.start(ctx, out, command...)
}

// start runs a program as the user of mock, and waits for it.
func (m *mock) start(ctx context.Context, out io.Writer, args ...string) error {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir = m.area
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "TERM=dumb", "HOME=" + m.area, "USER=" + m.cfg.Mock.User}
	c.Stdout, c.Stderr = out, m.output
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: m.cred}
	// mock unmounts what it has mounted when it is asked to end; the builder's
	// own end of the task is what kills one that doesn't listen.
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = killPatience
	err := c.Run()
	if ctx.Err() != nil && c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // whatever is left of the group
	}
	return err
}

// end makes of mock's end what a caller of the driver shall see. The logs that
// say more are those that Koji's builder names.
func (m *mock) end(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return stopped(ctx, what, rootLog)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", what, err)
	}
	e := &ExitError{Code: exit.ExitCode(), Log: rootLog}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Code, e.Reason = ExitKilled, "mock was killed: "+unix.SignalName(ws.Signal())
		return fmt.Errorf("%s: %w", what, e)
	}
	build := m.tailOf(buildLog)
	switch {
	case e.Code == ExitBuildFailed, e.Code == 1 && build != "":
		e.Log, e.Code, e.Reason = buildLog, ExitBuildFailed, lastLine(build)
	case e.Code == ExitKilled:
		e.Log, e.Reason = buildLog, "timed out"
	case e.Code == ExitUnresolvable:
		e.Reason = dnfTrouble(m.tailOf(rootLog))
	default:
		e.Reason = lastLine(m.tailOf(rootLog))
	}
	if e.Reason == "" {
		e.Reason = lastLine(m.tailOf(mockOutputLog))
	}
	return fmt.Errorf("%s: %w", what, e)
}

// tailOf is the end of a log, "" if it has none.
func (m *mock) tailOf(name string) string {
	f, err := os.OpenFile(filepath.Join(m.cfg.LogDir, name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > tailSize {
		if _, err := f.Seek(-tailSize, io.SeekEnd); err != nil {
			return ""
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, tailSize))
	if err != nil {
		return ""
	}
	return string(data)
}

// Rebuild has mock build a source rpm.
func (m *mock) Rebuild(ctx context.Context, srpm, target string) ([]string, error) {
	if !archRe.MatchString(target) {
		return nil, fmt.Errorf("build %s: %q is not an arch", filepath.Base(srpm), target)
	}
	what := "build " + filepath.Base(srpm)
	if err := m.readable(srpm); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := m.end(ctx, what, m.mock(ctx, m.output, "--no-clean", "--target", target, "--rebuild", srpm)); err != nil {
		return nil, err
	}
	return m.results(what)
}

// BuildSRPM has mock make a source rpm.
func (m *mock) BuildSRPM(ctx context.Context, src Source) ([]string, error) {
	what := "build srpm from " + filepath.Base(src.SRPM+src.Spec)
	var err error
	if src.SRPM != "" {
		if src, err = m.unpack(ctx, src.SRPM); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	sources := src.Sources
	if sources == "" {
		sources = filepath.Dir(src.Spec)
	}
	for _, path := range []string{src.Spec, sources} {
		if err := m.readable(path); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	err = m.mock(ctx, m.output, "--no-clean", "--buildsrpm", "--spec", src.Spec, "--sources", sources, "--target", "noarch")
	if err := m.end(ctx, what, err); err != nil {
		return nil, err
	}
	return m.results(what)
}

// unpack takes a source rpm apart, as the user of mock.
func (m *mock) unpack(ctx context.Context, srpm string) (Source, error) {
	top := filepath.Join(m.area, "sources")
	if err := removeTree(top); err != nil {
		return Source{}, err
	}
	if err := m.readable(srpm); err != nil {
		return Source{}, err
	}
	err := m.start(ctx, m.output, "rpm", "-i", "--nodeps", "--nosignature", "--dbpath", filepath.Join(m.area, "rpmdb"), "--define", "_topdir "+top, srpm)
	if err := m.end(ctx, "rpm -i "+filepath.Base(srpm), err); err != nil {
		return Source{}, err
	}
	specs, err := listDown(top, "SPECS")
	if err != nil {
		return Source{}, err
	}
	specs = slices.DeleteFunc(specs, func(n string) bool { return !specRe.MatchString(n) })
	if len(specs) != 1 {
		return Source{}, &ExitError{Code: ExitBuildFailed, Log: rootLog, Reason: fmt.Sprintf("%s has %d spec files, not one", filepath.Base(srpm), len(specs))}
	}
	return Source{Spec: filepath.Join(top, "SPECS", specs[0]), Sources: filepath.Join(top, "SOURCES")}, nil
}

// readable refuses a path that the user of mock cannot get at.
func (m *mock) readable(path string) error {
	if m.cred != nil && !reachable(filepath.Dir(path), int(m.cred.Uid)) {
		return fmt.Errorf("%s is not to be reached by %s, who runs mock", path, m.cfg.Mock.User)
	}
	return nil
}

// results are the rpms that mock has put into the result directory. It is not
// ours alone: nothing is taken that is not a plain file with a plain name.
func (m *mock) results(what string) ([]string, error) {
	entries, err := os.ReadDir(m.cfg.LogDir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var out []string
	left := m.cfg.MaxResult
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".rpm" {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		left -= info.Size()
		if !rpmNameRe.MatchString(e.Name()) || !info.Mode().IsRegular() || left < 0 {
			return nil, fmt.Errorf("%s: %w", what, &ExitError{Code: ExitBuildFailed, Log: rootLog, Reason: fmt.Sprintf("result %q is no plain file, or larger than allowed", e.Name())})
		}
		out = append(out, filepath.Join(m.cfg.LogDir, e.Name()))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: %w", what, &ExitError{Code: ExitBuildFailed, Log: buildLog, Reason: "mock made no rpms"})
	}
	return out, nil
}

// Run runs one command in the root.
func (m *mock) Run(ctx context.Context, cmd []string, opts RunOpts) error {
	if len(cmd) == 0 {
		return errors.New("run in buildroot: no command")
	}
	timeout := opts.Timeout
	if timeout <= 0 {
		timeout = m.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out := opts.Stdout
	if out == nil {
		out = m.output
	}
	args := []string{"--no-clean", "--quiet"}
	if !opts.Root {
		args = append(args, "--unpriv")
	}
	if opts.Cwd != "" {
		args = append(args, "--cwd", opts.Cwd)
	}
	if opts.Network {
		args = append(args, "--enable-network")
	}
	args = append(args, "--chroot", "--")
	if len(opts.Env) > 0 {
		args = append(args, "/usr/bin/env")
		for _, k := range slices.Sorted(maps.Keys(opts.Env)) {
			args = append(args, k+"="+opts.Env[k])
		}
	}
	err := m.mock(ctx, out, append(args, cmd...)...)
	if ctx.Err() != nil {
		return stopped(ctx, cmd[0], rootLog)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		// mock gives the command's own code.
		return &ExitError{Code: exit.ExitCode(), Log: rootLog, Reason: fmt.Sprintf("%s exited with status %d", cmd[0], exit.ExitCode())}
	}
	return err
}

// Installed asks the rpm database of the root.
func (m *mock) Installed(ctx context.Context) ([]Package, error) {
	var out strings.Builder
	err := m.mock(ctx, &out, "--no-clean", "--quiet", "--target", m.cfg.Arch, "--chroot", "--", "rpm", "-qa", "--qf", packageFormat)
	if err := m.end(ctx, "list installed packages", err); err != nil {
		return nil, err
	}
	return parsePackages(out.String())
}

// Clean has mock remove the root, and removes what mock leaves.
func (m *mock) Clean(context.Context) error {
	var errs []error
	if _, err := os.Stat(m.confFile()); err == nil {
		errs = append(errs, m.cleanRoot())
	}
	if m.output != nil {
		errs = append(errs, m.output.Close())
		m.output = nil
	}
	errs = append(errs, removeTree(m.area))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clean buildroot %s: %w", m.cfg.Name, err)
	}
	return nil
}

// cleanRoot goes on whatever became of the caller's context.
func (m *mock) cleanRoot() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if m.output == nil { // what is cleaned is somebody else's, who was killed
		cred, err := mockCredential(m.cfg.Mock.User)
		if err != nil {
			return err
		}
		m.cred = cred
		if m.output, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
			return err
		}
	}
	if err := m.mock(ctx, m.output, "--clean"); err != nil {
		// With the root still there, its configuration is how it can be removed.
		return fmt.Errorf("mock --clean: %w: %s", err, lastLine(m.tailOf(mockOutputLog)))
	}
	errs := []error{removeTree(filepath.Join(m.cfg.Mock.Dir, m.cfg.Name))}
	if err := os.Remove(m.confFile()); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
