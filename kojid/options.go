package kojid

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"koji/internal/daemon"
)

const usage = `kojid is the builder: it takes tasks from a hub and carries them out.

Usage:
  kojid [options]

  -c, --config FILE     configuration (/etc/kojid/kojid.conf)
  -f, --fg              stay in the foreground, log to stderr
  -v, --verbose         log more (-d, --debug: everything)
      --user NAME       log in as NAME
      --password WORD   with this password
      --force-lock      end another session of this builder
  -s, --server URL      the hub
      --topdir DIR      the hub's file tree
      --topurl URL      the same tree by HTTP
      --workdir DIR     work area
      --maxjobs N       most tasks at a time
      --minspace MB     free space to ask for
      --sleeptime S     seconds between two polls
      --admin-emails LIST, --chroot-tmpdir DIR, --mockdir DIR, --mockuser NAME,
      --plugin NAME, --pluginpath DIR, --debug-task, --debug-xmlrpc, --skip-main
                        as Koji's kojid has them

kojid.conf takes Koji's keys, and of our own: buildroot_driver (auto, mock,
chroot, host), password_file, logfile, pidfile, maxload (load average a core above
which nothing is taken, 0 for any), task_memory (MB), task_pids, task_cores,
keep_tasks.

Signals: SIGTERM ends it, its tasks go back to the hub; SIGUSR1 starts it anew
once its tasks are done.
`

// options are the command line.
type options struct {
	config    string
	fg        bool
	verbose   bool
	debug     bool
	forceLock bool
	skipMain  bool
	set       map[string]string // keys of the configuration, overruled
}

func parseOptions(args []string) (*options, error) {
	o := &options{set: map[string]string{}}
	fs := flag.NewFlagSet("kojid", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	text := func(p *string, names ...string) {
		for _, n := range names {
			fs.StringVar(p, n, "", "")
		}
	}
	truth := func(p *bool, names ...string) {
		for _, n := range names {
			fs.BoolVar(p, n, false, "")
		}
	}
	text(&o.config, "c", "config")
	truth(&o.fg, "f", "fg")
	truth(&o.verbose, "v", "verbose")
	truth(&o.debug, "d", "debug", "debug-task", "debug-xmlrpc")
	truth(&o.forceLock, "force-lock")
	truth(&o.skipMain, "skip-main")
	overrule := func(key string, names ...string) {
		for _, n := range names {
			fs.Func(n, "", func(v string) error {
				o.set[key] = v
				return nil
			})
		}
	}
	for _, name := range strings.Fields("user password maxjobs minspace sleeptime admin-emails topdir topurl workdir chroot-tmpdir pluginpath plugin mockdir mockuser server") {
		overrule(strings.ReplaceAll(name, "-", "_"), name)
	}
	overrule("server", "s")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("kojid takes no arguments, but got %q", fs.Arg(0))
	}
	return o, nil
}

// load reads the configuration that the command line names and changes.
func (o *options) load() (*Config, error) {
	cfg, err := LoadConfig(o.config)
	if err != nil {
		return nil, err
	}
	if err := o.overrule(cfg.settings()); err != nil {
		return nil, err
	}
	return cfg, cfg.complete()
}

func (o *options) overrule(s daemon.Settings) error {
	var errs []error
	for key, v := range o.set {
		if err := s[key](v); err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", strings.ReplaceAll(key, "_", "-"), err))
		}
	}
	return errors.Join(errs...)
}
