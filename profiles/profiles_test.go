package profiles

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji/internal/ini"
)

// machine is a system directory and a home to fill with files.
type machine struct {
	t    *testing.T
	root string
}

func setup(t *testing.T, files map[string]string) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	for name, text := range files {
		m.write(name, text)
	}
	return m
}

func (m machine) path(name string) string { return filepath.Join(m.root, name) }

func (m machine) write(name, text string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) options(argv0 string) Options {
	return Options{Argv0: argv0, Home: m.path("home"), SystemDir: m.path("etc")}
}

func (m machine) load(o Options) *Profile {
	m.t.Helper()
	p, err := Load(o)
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

// files gives the names below the machine's root.
func (m machine) files(paths []string) []string {
	m.t.Helper()
	names := []string{}
	for _, path := range paths {
		name, err := filepath.Rel(m.root, path)
		if err != nil {
			m.t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

func TestName(t *testing.T) {
	t.Parallel()
	m := setup(t, map[string]string{"etc/koji.conf": "[koji]\n[stage-koji]\n[other]\n"})
	for _, tt := range []struct{ argv0, profile, want string }{
		{"koji", "", "koji"},
		{"/usr/bin/koji", "", "koji"},
		{"bin/stage-koji", "", "stage-koji"},
		{"/usr/bin/stage-koji", "other", "other"},
		{"", "", "koji"},
		{"/", "", "koji"},
	} {
		o := m.options(tt.argv0)
		o.Profile = tt.profile
		if got := m.load(o).Name; got != tt.want {
			t.Errorf("argv[0] %q, -p %q: profile %s", tt.argv0, tt.profile, got)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	m := setup(t, map[string]string{"home/.koji/config": "[koji]\n"})
	want := &Profile{
		Name: "koji", Server: "http://localhost/kojihub", WebURL: "http://localhost/koji", TopDir: "/mnt/koji",
		MaxRetries: 30, RetryInterval: 20 * time.Second, OfflineRetryInterval: 20 * time.Second, Timeout: 12 * time.Hour,
		AuthTimeout: time.Minute, UseFastUpload: true, UploadBlocksize: 1048576, PollInterval: 6 * time.Second,
		Source: []string{m.path("home/.koji/config")},
	}
	if diff := cmp.Diff(want, m.load(m.options("koji"))); diff != "" {
		t.Error(diff)
	}
}

func TestEveryKey(t *testing.T) {
	t.Parallel()
	m := setup(t, map[string]string{"etc/koji.conf": `[DEFAULT]
host = koji.example.com
[koji]
server = https://%(host)s/kojihub
weburl = https://%(host)s/koji
topurl = https://%(host)s/kojifiles%%20
topdir = ~/koji
pkgurl = ignored
max_retries = 3
retry_interval = 4
anon_retry = yes
offline_retry = true
offline_retry_interval = 5
timeout = 6
auth_timeout = 7
use_fast_upload = no
upload_blocksize = 8
poll_interval = 9
principal = me@EXAMPLE.COM
keytab = ~/k.keytab
cert = ~/c.pem
serverca = /ca.pem
no_ssl_verify = yes
authtype = ssl
debug = on
debug_xmlrpc = 1
force_auth = True
pyver = ignored
plugin_paths = ~/p:/q:
keep_session = yes
ui = tui
tui_theme = light
tui_marks = ascii
tui_mouse = off
password_file = ~/secret
user = nobody
password = not%read
`})
	want := &Profile{
		Name: "koji", Server: "https://koji.example.com/kojihub", WebURL: "https://koji.example.com/koji",
		TopURL: "https://koji.example.com/kojifiles%20", TopDir: m.path("home/koji"),
		MaxRetries: 3, RetryInterval: 4 * time.Second, AnonRetry: true, OfflineRetry: true, OfflineRetryInterval: 5 * time.Second,
		Timeout: 6 * time.Second, AuthTimeout: 7 * time.Second, UploadBlocksize: 8, PollInterval: 9 * time.Second,
		Principal: "me@EXAMPLE.COM", Keytab: m.path("home/k.keytab"), Cert: m.path("home/c.pem"), ServerCA: "/ca.pem", NoSSLVerify: true,
		AuthType: "ssl", Debug: true, DebugXMLRPC: true, ForceAuth: true, PluginPaths: []string{m.path("home/p"), "/q"},
		KeepSession: true, UI: "tui", TUITheme: "light", TUIMarks: "ascii", TUIMouse: "off", PasswordFile: m.path("home/secret"), Source: []string{m.path("etc/koji.conf")},
	}
	if diff := cmp.Diff(want, m.load(m.options("koji"))); diff != "" {
		t.Error(diff)
	}
}

// layers has a file at every level; each sets server, and a key of its own.
func layers(t *testing.T) machine {
	t.Helper()
	return setup(t, map[string]string{
		"etc/koji.conf.d/b.conf":         "[koji]\nserver=http://b\nauthtype=ssl\n[b]\n",
		"etc/koji.conf.d/a.conf":         "[koji]\nserver=http://a\ntopurl=http://a\n",
		"etc/koji.conf.d/c.conf.old":     "[koji]\nserver=http://old\n",
		"etc/koji.conf.d/dir.conf/x":     "",
		"etc/koji.conf":                  "[koji]\nserver=http://etc\ntopdir=/etc-topdir\n",
		"home/.koji/config.d/lab.conf":   "[koji]\nserver=http://lab\nprincipal=lab\n[lab]\nserver=http://lab-lab\n",
		"home/.koji/config":              "[koji]\nserver=http://home\nui=home\n",
		"home/own.conf":                  "[koji]\nserver=http://own\n[own]\n",
		"home/own.d/2.conf":              "[koji]\nserver=http://2\n",
		"home/own.d/1.conf":              "[koji]\nserver=http://1\nweburl=http://1\n",
		"home/empty.d/no-configuration.": "",
	})
}

func TestOrderOfFiles(t *testing.T) {
	t.Parallel()
	m := layers(t)
	system := []string{"etc/koji.conf.d/a.conf", "etc/koji.conf.d/b.conf", "etc/koji.conf"}
	for _, tt := range []struct {
		name, config string
		server       string
		source       []string
		ui, weburl   string
	}{
		{"user level", "", "http://home", []string{"home/.koji/config.d/lab.conf", "home/.koji/config"}, "home", "http://localhost/koji"},
		{"file", "~/own.conf", "http://own", []string{"home/own.conf"}, "", "http://localhost/koji"},
		{"directory", m.path("home/own.d"), "http://2", []string{"home/own.d/1.conf", "home/own.d/2.conf"}, "", "http://1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := m.options("koji")
			o.ConfigFile = tt.config
			p := m.load(o)
			if diff := cmp.Diff(append(append([]string{}, system...), tt.source...), m.files(p.Source)); diff != "" {
				t.Error(diff)
			}
			got := []string{p.Server, p.TopURL, p.AuthType, p.TopDir, p.UI, p.WebURL}
			if diff := cmp.Diff([]string{tt.server, "http://a", "ssl", "/etc-topdir", tt.ui, tt.weburl}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, name := range []string{"~/none.conf", "~/empty.d"} {
		o := m.options("koji")
		o.ConfigFile = name
		if _, err := Load(o); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("-c %s: %v", name, err)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	m := layers(t)
	got, err := List(m.options("whatever"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"b", "http://localhost/kojihub", m.path("etc/koji.conf.d/b.conf")},
		{"koji", "http://home", m.path("home/.koji/config")},
		{"lab", "http://lab-lab", m.path("home/.koji/config.d/lab.conf")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoProfile(t *testing.T) {
	t.Parallel()
	m := setup(t, map[string]string{"etc/koji.conf": "[DEFAULT]\nserver=x\n[stage]\n", "home/.koji/config": "[mine]\n"})
	for _, name := range []string{"koji", "DEFAULT"} {
		_, err := Load(m.options(name))
		var none *NoProfileError
		if !errors.As(err, &none) {
			t.Fatalf("%s: %v", name, err)
		}
		want := &NoProfileError{Name: name, Known: []string{"mine", "stage"}, Files: []string{m.path("etc/koji.conf"), m.path("home/.koji/config")}}
		if diff := cmp.Diff(want, none); diff != "" {
			t.Error(diff)
		}
		if got := err.Error(); got != "no configuration for profile name: "+name {
			t.Error(got)
		}
	}
	if _, err := Load(setup(t, nil).options("koji")); err == nil {
		t.Error("without any file there is no profile")
	}
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"max_retries = many", `max_retries: "many" is not a whole number`},
		{"max_retries = -1", "max_retries: -1 is not between 0 and 2147483647"},
		{"timeout = 1.5", `timeout: "1.5" is not a whole number`},
		{"poll_interval = -3", "poll_interval: -3 is not between 0 and 2147483647 seconds"},
		{"upload_blocksize = 0", "upload_blocksize: 0 is not between 1 and 2147483647"},
		{"Debug = maybe", `Debug: "maybe" is not a truth value (yes or no)`},
		{"server = %(host)s", "server: %(host)s refers to a key that [koji] does not have"},
		{"server", `"server" is neither a [section] nor key = value`},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			m := setup(t, map[string]string{"etc/koji.conf": "[koji]\n\n" + tt.line + "\n"})
			_, err := Load(m.options("koji"))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(m.path("etc/koji.conf")+":3: "+tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			var e *ini.Error
			if !errors.As(err, &e) {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestNoSSLVerify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "yes": true, "no": false, "False": false, "0": false, "1": true, "whatever": true} {
		m := setup(t, map[string]string{"etc/koji.conf": "[koji]\nno_ssl_verify = " + text + "\n"})
		if got := m.load(m.options("koji")).NoSSLVerify; got != want {
			t.Errorf("%q means %v", text, got)
		}
	}
}

func TestOwnCertificates(t *testing.T) {
	t.Parallel()
	m := setup(t, map[string]string{
		"home/.koji/config": "[koji]\n[set]\ncert=/c.pem\n[unset]\ncert=\n", "home/.koji/client.crt": "x", "home/.koji/serverca.crt": "x",
	})
	cert, ca := m.path("home/.koji/client.crt"), m.path("home/.koji/serverca.crt")
	for name, want := range map[string][2]string{"koji": {cert, ca}, "set": {"/c.pem", ca}, "unset": {cert, ca}} {
		p := m.load(m.options(name))
		if got := [2]string{p.Cert, p.ServerCA}; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		// The superuser may read everything, so that only a file that no one
		// can read as one shows the difference: a directory in its place.
		m := setup(t, map[string]string{"home/.koji/config/x": "", "etc/koji.conf": "[koji]\n"})
		if _, err := Load(m.options("koji")); err == nil {
			t.Error("a directory was read as a file")
		}
		return
	}
	m := setup(t, map[string]string{"etc/koji.conf.d/secret.conf": "[koji]\n", "etc/koji.conf": "[koji]\n", "home/.koji/config": "[koji]\n"})
	if err := os.Chmod(m.path("etc/koji.conf.d/secret.conf"), 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"etc/koji.conf.d/secret.conf"}, m.files(m.load(m.options("koji")).Skipped)); diff != "" {
		t.Error(diff)
	}
	if err := os.Chmod(m.path("home/.koji/config"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(m.options("koji")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the user's own unreadable file: %v", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"~": "/home/me", "~/x": "/home/me/x", "/a/~": "/a/~", "": "", "~nobody-of-that-name/x": "~nobody-of-that-name/x", "rel/x": "rel/x",
	}
	if u, err := user.Lookup("root"); err == nil {
		cases["~root/x"] = filepath.Join(u.HomeDir, "x")
	}
	for path, want := range cases {
		if got := expand(path, "/home/me"); got != want {
			t.Errorf("%s is %s", path, got)
		}
	}
	if got := expand("~/x", ""); got != "~/x" {
		t.Errorf("without a home: %s", got)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	full := &Profile{
		Name: "koji-lab", Server: "http://127.0.0.1:8080/kojihub?a=%20", WebURL: "w", TopURL: "u", TopDir: "/lab", MaxRetries: 1, RetryInterval: time.Second,
		AnonRetry: true, OfflineRetry: true, OfflineRetryInterval: 2 * time.Second, Timeout: time.Hour, AuthTimeout: 3 * time.Second, UseFastUpload: false,
		UploadBlocksize: 4, PollInterval: 0, Principal: "p", Keytab: "/k", Cert: "/c", ServerCA: "/s", NoSSLVerify: true, AuthType: "password",
		Debug: true, DebugXMLRPC: true, ForceAuth: true, PluginPaths: []string{"/a", "/b"}, KeepSession: true, UI: "x;#", TUITheme: "16", TUIMarks: "unicode", TUIMouse: "off", PasswordFile: "/lab/password",
	}
	for _, tt := range []struct {
		name    string
		profile *Profile
		mode    os.FileMode
		text    string
	}{
		{"defaults", Default("koji-lab"), 0o644, "[koji-lab]\n"},
		{"full", full, 0o600, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := setup(t, nil)
			path, err := UserFile(m.path("home"), "koji-lab")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time over the first
				if err := Write(path, tt.profile); err != nil {
					t.Fatal(err)
				}
			}
			got := m.load(m.options("koji-lab"))
			want := *tt.profile
			want.Source = []string{m.path("home/.koji/config.d/koji-lab.conf")}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Error(diff)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != tt.mode {
				t.Errorf("mode %o", info.Mode().Perm())
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if tt.text != "" && string(text) != tt.text {
				t.Errorf("%s", text)
			}
			left, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(left) != 1 {
				t.Errorf("%d files left, %v", len(left), err)
			}
		})
	}
}

func TestWriteRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Profile){
		`"" cannot be the name`:            func(p *Profile) { p.Name = "" },
		`"DEFAULT" cannot be the name`:     func(p *Profile) { p.Name = "DEFAULT" },
		`"a]" cannot be the name`:          func(p *Profile) { p.Name = "a]" },
		`server: "x\ny" cannot be written`: func(p *Profile) { p.Server = "x\ny" },
		`topdir: " /x" cannot be written`:  func(p *Profile) { p.TopDir = " /x" },
		"poll_interval: 500ms cannot be":   func(p *Profile) { p.PollInterval = time.Second / 2 },
		"retry_interval: -1s cannot be":    func(p *Profile) { p.RetryInterval = -time.Second },
		"timeout: 12h0m0.5s cannot be":     func(p *Profile) { p.Timeout += time.Second / 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := setup(t, nil)
			p := Default("koji-lab")
			change(p)
			err := Write(m.path("x.conf"), p)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
			if left, _ := os.ReadDir(m.root); len(left) != 0 {
				t.Errorf("%d files left", len(left))
			}
		})
	}
	m := setup(t, map[string]string{"file": "", "dir/x": ""})
	for _, path := range []string{"file/x.conf", "dir"} {
		if err := Write(m.path(path), Default("x")); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if left, _ := os.ReadDir(m.root); len(left) != 2 {
		t.Errorf("%d files left", len(left))
	}
	for _, name := range []string{"", "a/b", "..", ".x"} {
		if path, err := UserFile("/home/me", name); err == nil {
			t.Errorf("%q is written to %s", name, path)
		}
	}
}
