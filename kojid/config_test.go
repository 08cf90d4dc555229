package kojid

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// writeConfig writes a kojid.conf and returns its path.
func writeConfig(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kojid.conf")
	if err := os.WriteFile(path, []byte("[kojid]\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const minimal = "server = http://hub/kojihub\ntopurl = http://hub/kojifiles http://other/\nuser = b\npassword = p%ss"

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	c, err := LoadConfig(writeConfig(t, minimal, "sleeptime = 0.5", "MaxJobs = 3", "literal_task_arches = i?86  foo*", "build_arch_can_fail = yes",
		"rlimit_nofile = 100 200", "plugins = a b", "timeout =", "buildroot_driver = host"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	got := []any{c.Server, c.TopURL, c.Password, c.SleepTime, c.MaxJobs, c.LiteralTaskArches, c.BuildArchCanFail, c.rlimits["nofile"], c.unsupported, c.Timeout, c.Driver, c.MinSpace}
	want := []any{
		"http://hub/kojihub", "http://hub/kojifiles", "p%ss", time.Second / 2, 3,
		[]string{"i?86", "foo*"},
		true, "100 200",
		[]string{"plugins"},
		time.Duration(0), "host", 8192,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Koji's documented keys must all be known.
func TestLoadConfigKnowsKojisKeys(t *testing.T) {
	t.Parallel()
	known := defaultConfig().settings()
	for _, key := range strings.Fields(`sleeptime maxjobs buildroot_basic_cleanup_delay buildroot_final_cleanup_delay literal_task_arches minspace
		admin_emails log_level topdir topurl workdir chroot_tmpdir pluginpath mockdir mockuser packager vendor distribution mockhost smtphost smtp_user
		smtp_pass from_addr krb_principal host_principal_format keytab ccache server user password retry_interval max_retries offline_retry
		offline_retry_interval log_timestamps timeout no_ssl_verify use_fast_upload use_createrepo_c createrepo_skip_stat createrepo_update
		distrepo_skip_stat copy_old_repodata mock_bootstrap_image pkgurl allowed_scms allowed_scms_use_config allowed_scms_use_policy
		scm_credentials_dir support_rpm_source_layout yum_proxy maven_repo_ignore failed_buildroot_lifetime rpmbuild_timeout oz_install_timeout
		xz_options task_avail_delay cert serverca allow_noverifyssl allow_password_in_scm_url plugin plugins build_arch_can_fail`) {
		if known[key] == nil {
			t.Errorf("key %s is unknown", key)
		}
	}
}

func TestLoadConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lines, want string }{
		"unknown key":     {"nonsense = 1", ":2: nonsense: unknown key"},
		"unknown section": {"user = x\n[other]\na = b", ":3: unknown section [other]"},
		"number":          {"maxjobs = many", `:2: maxjobs: "many" is not a whole number`},
		"negative":        {"minspace = -1", ":2: minspace: "},
		"truth":           {"log_timestamps = perhaps", `:2: log_timestamps: "perhaps" is neither yes nor no`},
		"driver":          {"buildroot_driver = nspawn", "is no driver"},
		"limit":           {"RLIMIT_CORE = big", "neither one number nor two"},
		"endless":         {"sleeptime = 1e300", "too many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadConfig(writeConfig(t, c.lines))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestBuilderLogsInByKeytab(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lines string
		want  []string // keytab, principal
	}{
		"principal": {"krb_principal = b1@K", []string{"/etc/kojid/kojid.keytab", "b1@K"}},
		"keytab":    {"keytab = /k", []string{"/k", ""}},
		"both":      {"keytab = /k\nkrb_principal = b1@K\nhost_principal_format = c/%s@K", []string{"/k", "b1@K"}},
		"format":    {"keytab = /k\nhost_principal_format = compile/%s@K", []string{"/k", "compile/" + host + "@K"}},
		"password":  {"user = b1\nkeytab = /k\nkrb_principal = b1@K", []string{"", "b1@K"}},
		"cert":      {"cert = /c\nkeytab = /k", []string{"", ""}},
	} {
		cfg, err := LoadConfig(writeConfig(t, "server = x\ntopurl = x\n"+c.lines))
		if err == nil {
			err = cfg.complete()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		o := cfg.session()
		if d := cmp.Diff(c.want, []string{o.Keytab, o.Principal}); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lines, want string }{
		"server":   {"topurl = x", "set server"},
		"topurl":   {"server = x", "set topurl"},
		"nobody":   {"server = x\ntopurl = x", "nothing to log in with"},
		"password": {"server = x\ntopurl = x\nuser = u\npassword_file = /nonexistent", "password_file"},
		"jobs":     {"server = x\ntopurl = x\nuser = u\nmaxjobs = 0", "maxjobs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := LoadConfig(writeConfig(t, c.lines))
			if err != nil {
				t.Fatal(err)
			}
			if err := cfg.complete(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestOptionsOverrule(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-c", writeConfig(t, minimal), "--fg", "--maxjobs", "7", "-s", "http://x/", "--chroot-tmpdir=/y"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := o.load()
	if err != nil {
		t.Fatal(err)
	}
	if !o.fg || c.MaxJobs != 7 || c.Server != "http://x/" {
		t.Errorf("fg %v, maxjobs %d, server %s", o.fg, c.MaxJobs, c.Server)
	}
	if _, err := parseOptions([]string{"stray"}); err == nil {
		t.Error("an argument was accepted")
	}
	o, err = parseOptions([]string{"-c", writeConfig(t, minimal), "--maxjobs", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.load(); err == nil || !strings.Contains(err.Error(), "--maxjobs") {
		t.Errorf("error %v", err)
	}
}

func TestMainExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		out  string
	}{
		"help":        {[]string{"kojid", "--help"}, exitOK, "Usage"},
		"bad option":  {[]string{"kojid", "--nonsense"}, exitUsage, "nonsense"},
		"no config":   {[]string{"kojid", "-c", "/nonexistent/kojid.conf"}, exitFailed, "/nonexistent/kojid.conf"},
		"worker idle": {[]string{"kojid", workerArg}, workerUnheard, ""},
		"no distro":   {[]string{"kojid", distroArg, ""}, exitFailed, "no directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			code := Main(t.Context(), c.args, Stdio{In: strings.NewReader(""), Out: &out, Err: &out})
			if code != c.code || !strings.Contains(out.String(), c.out) {
				t.Errorf("exit %d, said %q", code, out.String())
			}
		})
	}
}
