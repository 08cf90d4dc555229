package kojira

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"koji"
	"koji/internal/daemon"
)

// Config is what kojira.conf and the command line say (Koji:
// reference/config.md, kojira.conf).
type Config struct {
	Server string
	TopDir string

	User, Password, Cert, ServerCA string
	Keytab, Principal              string // of a login by Kerberos
	NoVerify                       bool
	RetryInterval                  time.Duration
	MaxRetries                     int
	OfflineRetry                   bool
	OfflineRetryInterval           time.Duration

	SleepTime         time.Duration
	LogFile           string
	Verbose, Debug    bool
	IgnoreStray       bool
	IgnoreVolumes     bool
	CheckExternal     bool
	DeleteProcesses   int
	RepoLifetime      time.Duration
	DistRepoLifetime  time.Duration
	ExpiredLifetime   time.Duration
	InitTimeout       time.Duration
	RecheckPeriod     time.Duration
	ReferenceRecheck  time.Duration // RecheckPeriod if zero
	StateDir, PIDFile string        // our own keys

	passwordIn string
	legacy     []string // keys that are set and do nothing any more
}

const (
	defaultConfigFile = "/etc/kojira/kojira.conf"
	week              = 7 * 24 * time.Hour
)

func defaultConfig() *Config {
	return &Config{
		TopDir: "/mnt/koji", LogFile: "/var/log/kojira.log", StateDir: "/var/lib/kojira",
		RetryInterval: time.Minute, MaxRetries: 120, OfflineRetry: true, OfflineRetryInterval: 2 * time.Minute,
		SleepTime: 15 * time.Second, CheckExternal: true, DeleteProcesses: 4,
		RepoLifetime: week, DistRepoLifetime: week, ExpiredLifetime: week, InitTimeout: 2 * time.Hour, RecheckPeriod: time.Hour,
	}
}

// settings are the keys of section [kojira].
func (c *Config) settings() daemon.Settings {
	s := daemon.Settings{
		"server": daemon.Text(&c.Server), "topdir": daemon.Text(&c.TopDir), "user": daemon.Text(&c.User), "password": daemon.Text(&c.Password),
		"cert": daemon.Text(&c.Cert), "serverca": daemon.Text(&c.ServerCA), "no_ssl_verify": daemon.Truth(&c.NoVerify),
		"retry_interval": daemon.Seconds(&c.RetryInterval), "max_retries": daemon.Number(&c.MaxRetries),
		"offline_retry": daemon.Truth(&c.OfflineRetry), "offline_retry_interval": daemon.Seconds(&c.OfflineRetryInterval),
		"sleeptime": daemon.Seconds(&c.SleepTime), "logfile": c.takeLogFile, "verbose": daemon.Truth(&c.Verbose), "debug": daemon.Truth(&c.Debug),
		"ignore_stray_repos": daemon.Truth(&c.IgnoreStray), "ignore_other_volumes": daemon.Truth(&c.IgnoreVolumes),
		"check_external_repos": daemon.Truth(&c.CheckExternal), "max_delete_processes": daemon.Number(&c.DeleteProcesses),
		"repo_lifetime": daemon.Seconds(&c.RepoLifetime), "dist_repo_lifetime": daemon.Seconds(&c.DistRepoLifetime),
		"expired_repo_lifetime": daemon.Seconds(&c.ExpiredLifetime), "deleted_repo_lifetime": daemon.Seconds(&c.ExpiredLifetime),
		"recheck_period": daemon.Seconds(&c.RecheckPeriod), "reference_recheck_period": daemon.Seconds(&c.ReferenceRecheck),
		"principal": daemon.Text(&c.Principal), "keytab": daemon.Text(&c.Keytab),

		"password_file": daemon.Text(&c.passwordIn), "statedir": daemon.Text(&c.StateDir), "pidfile": daemon.Text(&c.PIDFile),
	}
	s["ccache"] = func(string) error { return nil } // tickets are kept by nobody
	for _, key := range strings.Fields(`delete_batch_size debuginfo_tags ignore_tags max_repo_tasks max_repo_tasks_maven no_repo_effective_age
		queue_file recent_tasks_lifetime repo_tasks_limit source_tags separate_source_tags with_src`) {
		s[key] = func(string) error {
			c.legacy = append(c.legacy, key)
			return nil
		}
	}
	return s
}

// takeLogFile takes "None" for no file, as Koji's kojira does.
func (c *Config) takeLogFile(v string) error {
	c.LogFile = v
	if strings.EqualFold(v, "none") {
		c.LogFile = ""
	}
	return nil
}

// LoadConfig reads the file at path, or the default file if path is empty.
func LoadConfig(path string) (*Config, error) {
	c := defaultConfig()
	if path == "" {
		path = defaultConfigFile
	}
	if err := daemon.ReadSettings(path, "kojira", c.settings()); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) complete() error {
	switch {
	case c.Server == "":
		return errors.New("no hub is configured: set server")
	case c.SleepTime <= 0:
		return errors.New("sleeptime must be above 0")
	case c.DeleteProcesses < 1:
		return errors.New("max_delete_processes must be at least 1")
	}
	if c.ReferenceRecheck == 0 {
		c.ReferenceRecheck = c.RecheckPeriod
	}
	for _, p := range []*string{&c.TopDir, &c.LogFile, &c.StateDir, &c.PIDFile, &c.Cert, &c.ServerCA, &c.Keytab} {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = abs
	}
	if c.passwordIn != "" {
		data, err := os.ReadFile(c.passwordIn)
		if err != nil {
			return fmt.Errorf("read password_file: %w", err)
		}
		c.Password = strings.TrimRight(string(data), "\r\n")
	}
	switch {
	case c.User != "" || c.Cert != "":
		c.Keytab = "" // the others win
	case c.Keytab == "" && c.Principal == "":
		return errors.New("nothing to log in with: set cert, or keytab and principal, or user and password")
	case c.Keytab == "":
		c.Keytab = "/etc/kojira/kojira.keytab"
	}
	return nil
}

// session are the options of the session with the hub.
func (c *Config) session() koji.Options {
	o := koji.Options{
		Server: c.Server, User: c.User, Password: c.Password, Cert: c.Cert, ServerCA: c.ServerCA, NoVerify: c.NoVerify,
		Keytab: c.Keytab, Principal: c.Principal,
		OfflineRetry: c.OfflineRetry, OfflineRetryInterval: c.OfflineRetryInterval, UserAgent: "kojira/1",
	}
	daemon.Patience(&o, c.RetryInterval, c.MaxRetries)
	return o
}

const usage = `kojira is the repo daemon: it sees to it that tags have repos, and removes old ones.

Usage:
  kojira [options]

  -c, --config FILE   configuration (/etc/kojira/kojira.conf)
  -f, --fg            stay in the foreground, log to stderr
  -v, --verbose       log more (-d, --debug: everything; -q: errors only)
      --user NAME     log in as NAME
      --password WORD with this password
      --force-lock    end another session of this user
  -s, --server URL    the hub
      --topdir DIR    the hub's file tree
      --sleeptime S   seconds between two looks
      --logfile FILE  the log, when in the background
      --show-config   print the configuration and end
      --principal NAME, --keytab FILE, --debug-xmlrpc, --skip-main
                      as Koji's kojira has them

kojira.conf takes Koji's keys, and of our own: password_file, pidfile and
statedir (/var/lib/kojira), where the session is kept.
`

// options are the command line.
type options struct {
	config                                         string
	fg, verbose, debug, quiet, forceLock, skipMain bool
	showConfig                                     bool
	set                                            map[string]string // keys of the configuration, overruled
}

func parseOptions(args []string) (*options, error) {
	o := &options{set: map[string]string{}}
	fs := flag.NewFlagSet("kojira", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	truth := func(p *bool, names ...string) {
		for _, n := range names {
			fs.BoolVar(p, n, false, "")
		}
	}
	for _, n := range []string{"c", "config"} {
		fs.StringVar(&o.config, n, "", "")
	}
	truth(&o.fg, "f", "fg")
	truth(&o.verbose, "v", "verbose")
	truth(&o.debug, "d", "debug", "debug-xmlrpc")
	truth(&o.quiet, "q", "quiet")
	truth(&o.forceLock, "force-lock")
	truth(&o.skipMain, "skip-main")
	truth(&o.showConfig, "show-config")
	for _, name := range strings.Fields("user password principal keytab sleeptime server topdir logfile") {
		fs.Func(name, "", func(v string) error {
			o.set[name] = v
			return nil
		})
	}
	fs.Func("s", "", func(v string) error {
		o.set["server"] = v
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("kojira takes no arguments, but got %q", fs.Arg(0))
	}
	return o, nil
}

func (o *options) load() (*Config, error) {
	cfg, err := LoadConfig(o.config)
	if err != nil {
		return nil, err
	}
	var errs []error
	s := cfg.settings()
	for key, v := range o.set {
		if err := s[key](v); err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", key, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return cfg, cfg.complete()
}

// show writes the configuration as it is in effect, without the password.
func (c *Config) show(w io.Writer) {
	for _, line := range []struct {
		key   string
		value any
	}{
		{"server", c.Server},
		{"topdir", c.TopDir},
		{"user", c.User},
		{"cert", c.Cert},
		{"keytab", c.Keytab},
		{"principal", c.Principal},
		{"serverca", c.ServerCA},
		{"no_ssl_verify", c.NoVerify},
		{"retry_interval", c.RetryInterval.Seconds()},
		{"max_retries", c.MaxRetries},
		{"offline_retry", c.OfflineRetry},
		{"offline_retry_interval", c.OfflineRetryInterval.Seconds()},
		{"sleeptime", c.SleepTime.Seconds()},
		{"logfile", c.LogFile},
		{"ignore_stray_repos", c.IgnoreStray},
		{"ignore_other_volumes", c.IgnoreVolumes},
		{"check_external_repos", c.CheckExternal},
		{"max_delete_processes", c.DeleteProcesses},
		{"repo_lifetime", c.RepoLifetime.Seconds()},
		{"dist_repo_lifetime", c.DistRepoLifetime.Seconds()},
		{"expired_repo_lifetime", c.ExpiredLifetime.Seconds()},
		{"recheck_period", c.RecheckPeriod.Seconds()},
		{"reference_recheck_period", c.ReferenceRecheck.Seconds()},
		{"statedir", c.StateDir},
		{"pidfile", c.PIDFile},
	} {
		fmt.Fprintf(w, "%s = %v\n", line.key, line.value)
	}
}
