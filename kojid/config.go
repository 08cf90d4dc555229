package kojid

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"koji"
	"koji/internal/daemon"
	"koji/kojid/buildroot"
)

// Config is what kojid.conf and the command line say (Koji:
// reference/config.md, kojid.conf). It travels to the workers as JSON, over a
// pipe, since it holds passwords.
type Config struct {
	Server string
	TopURL string // the first of them
	TopDir string

	User, Password, Cert, ServerCA string
	Keytab, Principal              string // of a login by Kerberos
	NoVerify                       bool
	Timeout                        time.Duration
	RetryInterval                  time.Duration
	MaxRetries                     int
	OfflineRetry                   bool
	OfflineRetryInterval           time.Duration

	SleepTime   time.Duration
	MaxJobs     int
	MinSpace    int // MB
	LogLevel    string
	WorkDir     string
	MockDir     string
	MockUser    string // who runs mock, which root may not
	MockHost    string // second part of the macro %_host
	MockImage   bool   // mock_bootstrap_image
	YumProxy    string
	AdminEmails string

	LiteralTaskArches []string
	BuildArchCanFail  bool
	LogTimestamps     bool
	RPMBuildTimeout   time.Duration

	Packager, Vendor, Distribution string

	CreaterepoUpdate, CreaterepoSkipStat bool

	SMTPHost, SMTPUser, SMTPPass, FromAddr string

	// What follows are keys of our own.
	Driver      string  // auto, mock, chroot or host
	LogFile     string  // of the daemon in the background
	PIDFile     string  // "" is none
	MaxLoad     float64 // load average a core above which no task is taken; 0 is no limit
	TaskMemory  int     // MB a buildroot may use; 0 is no limit
	TaskPIDs    int     // processes in a buildroot
	TaskCores   float64 // cores a buildroot may use
	KeepTasks   bool    // leave the work areas of tasks, to look into them
	rlimits     map[string]string
	passwordIn  string   // password_file
	hostFormat  string   // host_principal_format
	unsupported []string // keys that are set but do nothing here
}

const defaultConfigFile = "/etc/kojid/kojid.conf"

func defaultConfig() *Config {
	return &Config{
		TopDir: "/mnt/koji", WorkDir: "/var/tmp/koji", MockDir: "/var/lib/mock", MockUser: "kojibuilder", MockHost: "koji-linux-gnu",
		RetryInterval: time.Minute, MaxRetries: 120, OfflineRetry: true, OfflineRetryInterval: 2 * time.Minute,
		SleepTime: 15 * time.Second, MaxJobs: 10, MinSpace: 8192, RPMBuildTimeout: 24 * time.Hour,
		Packager: "Koji", Vendor: "Koji", Distribution: "Koji",
		CreaterepoUpdate: true, CreaterepoSkipStat: true,
		SMTPHost: "example.com", FromAddr: "Koji Build System <buildsys@example.com>",
		Driver: "auto", MaxLoad: 4, rlimits: map[string]string{},
	}
}

// settings are the keys of section [kojid].
func (c *Config) settings() daemon.Settings {
	s := daemon.Settings{
		"server": daemon.Text(&c.Server), "topurl": c.takeTopURL, "topdir": daemon.Text(&c.TopDir),
		"user": daemon.Text(&c.User), "password": daemon.Text(&c.Password), "cert": daemon.Text(&c.Cert), "serverca": daemon.Text(&c.ServerCA),
		"keytab": daemon.Text(&c.Keytab), "krb_principal": daemon.Text(&c.Principal), "host_principal_format": daemon.Text(&c.hostFormat),
		"no_ssl_verify": daemon.Truth(&c.NoVerify), "timeout": daemon.Seconds(&c.Timeout),
		"retry_interval": daemon.Seconds(&c.RetryInterval), "max_retries": daemon.Number(&c.MaxRetries),
		"offline_retry": daemon.Truth(&c.OfflineRetry), "offline_retry_interval": daemon.Seconds(&c.OfflineRetryInterval),
		"sleeptime": daemon.Seconds(&c.SleepTime), "maxjobs": daemon.Number(&c.MaxJobs), "minspace": daemon.Number(&c.MinSpace),
		"log_level": daemon.Text(&c.LogLevel), "workdir": daemon.Text(&c.WorkDir), "mockdir": daemon.Text(&c.MockDir),
		"mockuser": daemon.Text(&c.MockUser), "mockhost": daemon.Text(&c.MockHost), "mock_bootstrap_image": daemon.Truth(&c.MockImage), "yum_proxy": daemon.Text(&c.YumProxy),
		"admin_emails": daemon.Text(&c.AdminEmails), "literal_task_arches": daemon.Words(&c.LiteralTaskArches),
		"build_arch_can_fail": daemon.Truth(&c.BuildArchCanFail), "log_timestamps": daemon.Truth(&c.LogTimestamps),
		"rpmbuild_timeout": daemon.Seconds(&c.RPMBuildTimeout),
		"packager":         daemon.Text(&c.Packager), "vendor": daemon.Text(&c.Vendor), "distribution": daemon.Text(&c.Distribution),
		"createrepo_update": daemon.Truth(&c.CreaterepoUpdate), "createrepo_skip_stat": daemon.Truth(&c.CreaterepoSkipStat),
		"smtphost": daemon.Text(&c.SMTPHost), "smtp_user": daemon.Text(&c.SMTPUser), "smtp_pass": daemon.Text(&c.SMTPPass), "from_addr": daemon.Text(&c.FromAddr),

		"buildroot_driver": c.takeDriver, "password_file": daemon.Text(&c.passwordIn), "logfile": daemon.Text(&c.LogFile), "pidfile": daemon.Text(&c.PIDFile),
		"maxload": daemon.Decimal(&c.MaxLoad), "task_memory": daemon.Number(&c.TaskMemory), "task_pids": daemon.Number(&c.TaskPIDs),
		"task_cores": daemon.Decimal(&c.TaskCores), "keep_tasks": daemon.Truth(&c.KeepTasks),
	}
	// Koji's keys that are read and mean nothing here: obsolete ones, those of
	// task methods that this builder doesn't have, and what our own drivers do
	// better by themselves.
	for _, key := range strings.Fields(`
		buildroot_basic_cleanup_delay buildroot_final_cleanup_delay failed_buildroot_lifetime chroot_tmpdir
		use_fast_upload use_createrepo_c distrepo_skip_stat copy_old_repodata pkgurl task_avail_delay
		allowed_scms allowed_scms_use_config allowed_scms_use_policy scm_credentials_dir support_rpm_source_layout allow_password_in_scm_url
		maven_repo_ignore oz_install_timeout xz_options allow_noverifyssl ccache pluginpath`) {
		s[key] = func(string) error { return nil }
	}
	for _, key := range []string{"plugin", "plugins"} {
		s[key] = func(v string) error {
			if v != "" {
				c.unsupported = append(c.unsupported, key)
			}
			return nil
		}
	}
	for _, name := range strings.Fields("as core cpu data fsize memlock nofile nproc ofile rss stack") {
		key := "rlimit_" + name
		s[key] = func(v string) error { return c.takeLimit(name, v) }
	}
	return s
}

func (c *Config) takeTopURL(v string) error {
	urls := strings.Fields(v)
	if len(urls) > 0 {
		c.TopURL = urls[0]
	}
	return nil
}

func (c *Config) takeDriver(v string) error {
	switch v {
	case "auto", buildroot.KindMock, buildroot.KindChroot, buildroot.KindHost:
		c.Driver = v
		return nil
	}
	return fmt.Errorf("%q is no driver: auto, mock, chroot or host", v)
}

// limitRe is one number, or the soft and the hard limit; -1 is none.
var limitRe = regexp.MustCompile(`^(-1|\d{1,18})([ ,]+(-1|\d{1,18}))?$`)

func (c *Config) takeLimit(name, v string) error {
	if !limitRe.MatchString(v) {
		return fmt.Errorf("%q is neither one number nor two", v)
	}
	c.rlimits[name] = v
	return nil
}

// LoadConfig reads the file at path, or the default file if path is empty.
func LoadConfig(path string) (*Config, error) {
	c := defaultConfig()
	if path == "" {
		path = defaultConfigFile
	}
	if err := daemon.ReadSettings(path, "kojid", c.settings()); err != nil {
		return nil, err
	}
	// Secrets that lie where the packages of a distribution put them.
	for file, p := range map[string]*string{"/etc/kojid/client.crt": &c.Cert, "/etc/kojid/serverca.crt": &c.ServerCA} {
		if *p == "" && c.User == "" && path == defaultConfigFile {
			if _, err := os.Stat(file); err == nil {
				*p = file
			}
		}
	}
	return c, nil
}

// complete checks the configuration once the command line is in it, and makes
// paths absolute: workers run elsewhere.
func (c *Config) complete() error {
	switch {
	case c.Server == "":
		return errors.New("no hub is configured: set server")
	case c.TopURL == "":
		return errors.New("no file tree is configured: set topurl")
	case c.MaxJobs < 1:
		return errors.New("maxjobs must be at least 1")
	case c.SleepTime <= 0:
		return errors.New("sleeptime must be above 0")
	}
	for _, p := range []*string{&c.WorkDir, &c.TopDir, &c.MockDir, &c.LogFile, &c.PIDFile, &c.Cert, &c.ServerCA, &c.Keytab} {
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
	if c.User != "" || c.Cert != "" {
		c.Keytab = "" // the others win
	} else if err := c.kerberos(); err != nil {
		return err
	}
	if c.LogFile == "" {
		c.LogFile = "/var/log/kojid.log"
		if os.Geteuid() != 0 {
			c.LogFile = filepath.Join(c.WorkDir, "kojid.log")
		}
	}
	return nil
}

// kerberos completes a login by keytab, as whom Koji's kojid would be.
func (c *Config) kerberos() error {
	if c.Keytab == "" && c.Principal == "" && c.hostFormat == "" {
		return errors.New("nothing to log in with: set cert, or keytab and krb_principal, or user and password")
	}
	if c.Keytab == "" {
		c.Keytab = "/etc/kojid/kojid.keytab"
	}
	if c.Principal != "" || c.hostFormat == "" {
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("find the principal of this host: %w", err)
	}
	c.Principal = strings.ReplaceAll(c.hostFormat, "%s", host)
	return nil
}

// session are the options of a session with the hub.
func (c *Config) session() koji.Options {
	o := koji.Options{
		Server: c.Server, TopURL: c.TopURL, User: c.User, Password: c.Password, Cert: c.Cert, ServerCA: c.ServerCA, NoVerify: c.NoVerify,
		Keytab: c.Keytab, Principal: c.Principal,
		Timeout: c.Timeout, OfflineRetry: c.OfflineRetry, OfflineRetryInterval: c.OfflineRetryInterval, UserAgent: "kojid/1",
	}
	daemon.Patience(&o, c.RetryInterval, c.MaxRetries)
	return o
}

// paths are the places in the work area.
func (c *Config) tasksDir() string     { return filepath.Join(c.WorkDir, "tasks") }
func (c *Config) buildrootDir() string { return filepath.Join(c.WorkDir, "buildroots") }
func (c *Config) cacheDir() string     { return filepath.Join(c.WorkDir, "cache") }

func (c *Config) taskDir(id int64) string {
	return filepath.Join(c.tasksDir(), strconv.FormatInt(id%10000, 10), strconv.FormatInt(id, 10))
}

// mock is what the mock driver is told, with the extra settings of a tag. Root
// puts configurations where mock has its own.
func (c *Config) mock(extra map[string]any) buildroot.Mock {
	m := buildroot.Mock{Dir: c.MockDir, User: c.MockUser, Host: c.MockHost, Extra: extra, Image: c.MockImage, Proxy: c.YumProxy}
	if os.Geteuid() != 0 {
		m.ConfDir = filepath.Join(c.WorkDir, "mock", "koji")
	}
	return m
}

// limits are those of a buildroot.
func (c *Config) limits() buildroot.Limits {
	return buildroot.Limits{Memory: int64(c.TaskMemory) << 20, PIDs: int64(c.TaskPIDs), CPU: c.TaskCores}
}
