package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"koji"
	"koji/profiles"
)

// A command that isn't built in is looked for as a program koji-NAME: in the
// plugin folders, and then on PATH. It is told in its environment whom it acts
// for, so that it needs no configuration or login of its own; a koji that it
// calls listens to the same variables.
const (
	envProfile = "KOJI_PROFILE" // the profile's name
	envConfig  = "KOJI_CONFIG"  // the file of -c
	envServer  = "KOJI_SERVER"
	envWebURL  = "KOJI_WEBURL"
	envTopURL  = "KOJI_TOPURL"
	envTopDir  = "KOJI_TOPDIR"

	// A login that ends with the command. Its calls are numbered, from
	// KOJI_SESSION_CALLNUM on, so it is for one program at a time; a koji opens a
	// session of its own under it.
	envSession = "KOJI_SESSION_ID"
	envKey     = "KOJI_SESSION_KEY"
	envCallNum = "KOJI_SESSION_CALLNUM"
)

const pluginPrefix = "koji-"

// pluginDirs are where plugins are looked for, in this order. Koji's client has
// its plugins in the first ones too.
func (e *Env) pluginDirs() []string {
	var dirs []string
	switch p, err := e.Profile(); {
	case e.globals.flags.Changed("plugin-paths"):
		dirs = filepath.SplitList(e.globals.pluginPaths)
	case err == nil:
		dirs = p.PluginPaths
	}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs[:len(dirs):len(dirs)], filepath.Join(home, ".koji", "plugins"))
	}
	return append(dirs, filepath.SplitList(os.Getenv("PATH"))...)
}

// findPlugin is the program of an external command, "" if there is none.
func (e *Env) findPlugin(name string) string {
	if strings.ContainsRune(name, filepath.Separator) {
		return ""
	}
	for _, dir := range e.pluginDirs() {
		for _, file := range []string{pluginPrefix + name, pluginPrefix + strings.ReplaceAll(name, "_", "-")} {
			if path := filepath.Join(dir, file); filepath.IsAbs(path) && isProgram(path) {
				return path
			}
		}
	}
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// plugins are the external commands and their programs. This program itself by
// another name is a profile, no plugin.
func (e *Env) plugins() map[string]string {
	self, _ := os.Executable()
	own, _ := os.Stat(self)
	found := map[string]string{}
	for _, dir := range slices.Backward(e.pluginDirs()) {
		files, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pluginPrefix+"*"))
		for _, path := range files {
			info, err := os.Stat(path)
			if err == nil && filepath.IsAbs(path) && isProgram(path) && !os.SameFile(info, own) {
				found[strings.TrimPrefix(filepath.Base(path), pluginPrefix)] = path
			}
		}
	}
	for _, row := range table() {
		delete(found, row.name)
	}
	return found
}

// escapeGlob makes a directory's name stand for itself in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// listPlugins adds the external commands to a list of commands.
func (e *Env) listPlugins(b *strings.Builder) {
	found := e.plugins()
	if len(found) == 0 {
		return
	}
	b.WriteString("\nexternal commands:\n")
	for _, name := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(b, "        %-25s %s\n", name, found[name])
	}
}

// runPlugin runs an external command and ends as it does.
func (e *Env) runPlugin(ctx context.Context, path string, args []string) error {
	p, err := e.Profile()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.In, e.screen, e.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), e.handOver(ctx, p)...)
	err = cmd.Run()
	// The numbers of calls went on without this program: the hub is asked
	// where they stand before the login ends or is kept.
	if e.session != nil && e.session.LoggedIn() {
		if s, serr := e.session.Suspend(context.WithoutCancel(ctx)); serr == nil {
			s.NextCall = -1
			e.session.Restore(s, nil)
		}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if code := exit.ExitCode(); code >= 0 {
			return exitStatus(code)
		}
		return exitStatus(exitFailed)
	}
	return err
}

// handOver is the environment of an external command. It has a login if one can
// be had without asking.
func (e *Env) handOver(ctx context.Context, p *profiles.Profile) []string {
	env := []string{
		envProfile + "=" + p.Name, envServer + "=" + p.Server, envWebURL + "=" + p.WebURL,
		envTopURL + "=" + p.TopURL, envTopDir + "=" + p.TopDir,
		envSession + "=", envKey + "=", envCallNum + "=",
	}
	if e.globals.config != "" {
		if path, err := filepath.Abs(e.globals.config); err == nil {
			env = append(env, envConfig+"="+path)
		}
	}
	if !e.mayLogIn(p) {
		return env
	}
	s, err := e.Session(ctx)
	if err == nil {
		err = s.Call(ctx, "getLoggedInUser", nil) // what was kept may be over
	}
	if errors.Is(err, koji.ErrNoTicket) || errors.Is(err, errNoMethod) {
		return env
	}
	if err != nil {
		e.warn("koji: no session for %s: %v", p.Name, err)
		return env
	}
	kept, err := s.Suspend(ctx)
	if err != nil || kept.ID == 0 {
		return env
	}
	s.Restore(kept, nil)
	env = append(env, envSession+"="+strconv.FormatInt(kept.ID, 10), envKey+"="+kept.Key)
	if kept.NextCall >= 0 {
		env = append(env, envCallNum+"="+strconv.FormatInt(kept.NextCall, 10))
	}
	return env
}

// mayLogIn reports whether there is a way to log in without a question to the
// person at the terminal.
func (e *Env) mayLogIn(p *profiles.Profile) bool {
	method, err := e.method(p)
	if err != nil || p.AuthType == "noauth" {
		return false
	}
	if method == koji.LoginPassword {
		password, err := e.password(p)
		return err == nil && password != "" && e.user(p) != ""
	}
	return true
}

// inherit takes the profile that the koji which runs this one has handed over,
// unless the command line or the program's name tell another.
func (g *globals) inherit(argv0 string) {
	if g.profile != "" || g.config != "" || filepath.Base(argv0) != profiles.DefaultName || os.Getenv(envProfile) == "" {
		return
	}
	g.profile, g.config, g.inherited = os.Getenv(envProfile), os.Getenv(envConfig), true
}

// takeOver joins the login that was handed over with the profile: several
// commands may do so at once.
func (e *Env) takeOver(ctx context.Context) (bool, error) {
	id, err := strconv.ParseInt(os.Getenv(envSession), 10, 64)
	if err != nil || !e.globals.inherited || e.globals.user != "" || e.globals.runas != "" || e.profile.Server != os.Getenv(envServer) {
		return false, nil
	}
	return true, e.session.Join(ctx, koji.SessionInfo{ID: id, Key: os.Getenv(envKey), HeaderAuth: true})
}
