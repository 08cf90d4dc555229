package mockcfg

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var full = Config{
	ID: 12, RepoID: 34, Name: "f42-build-12-34", Tag: "f42-build", Arch: "i386", Group: "srpm-build",
	Repos: []string{"http://hub.example.org/repos/f42-build/34/i386", "http://other.example.org/x\nproxy=http://evil.example.org"},
	Dir:   "/var/lib/mock", ResultDir: "/tmp/result", Timeout: time.Hour, Vendor: "It's us",
	Extra: map[string]any{
		"rpm.macro.dist": ".f42", "rpm.env.LC_ALL": "C", "mock.package_manager": "dnf5", "mock.use_bootstrap": false,
		"mock.plugin_conf.sign_enable": true, "mock.plugin_conf.sign_opts.cmd": "rpmsign", "mock.yum.best": int64(1),
		"mock.module_setup_commands": []any{[]any{"enable", "perl:5.30"}}, "mock.bootstrap_image": "fedora:42", "rpm.macro.nothing": nil,
	},
}

func TestText(t *testing.T) {
	t.Parallel()
	want := `# Written by Koji

# Koji buildroot id: 12
# Koji buildroot name: f42-build-12-34
# Koji repo id: 34
# Koji tag: f42-build

config_opts['basedir'] = '/var/lib/mock'
config_opts['chroot_setup_cmd'] = 'install @srpm-build'
config_opts['chroothome'] = '/builddir'
config_opts['module_setup_commands'] = [['enable', 'perl:5.30']]
config_opts['package_manager'] = 'dnf5'
config_opts['resultdir'] = '/tmp/result'
config_opts['root'] = 'f42-build-12-34'
config_opts['rpmbuild_networking'] = False
config_opts['rpmbuild_timeout'] = 3600
config_opts['target_arch'] = 'i686'
config_opts['use_bootstrap'] = False
config_opts['use_host_resolv'] = False
config_opts['yum.conf'] = '[main]\ncachedir=/var/cache/yum\ndebuglevel=1\nlogfile=/var/log/yum.log\nreposdir=/dev/null\nretries=20\nobsoletes=1\ngpgcheck=0\nassumeyes=1\nkeepcache=1\ninstall_weak_deps=0\nstrict=1\nbest=1\n\n# repos\n\n[build]\nname=build\nbaseurl=http://hub.example.org/repos/f42-build/34/i386\n\n[build1]\nname=build1\nbaseurl=http://other.example.org/x proxy=http://evil.example.org\n'

config_opts['plugin_conf']['ccache_enable'] = False
config_opts['plugin_conf']['root_cache_enable'] = False
config_opts['plugin_conf']['sign_enable'] = True
config_opts['plugin_conf']['yum_cache_enable'] = False

config_opts['plugin_conf']['sign_opts']['cmd'] = 'rpmsign'

config_opts['macros']['%_host'] = 'i686-koji-linux-gnu'
config_opts['macros']['%_host_cpu'] = 'i686'
config_opts['macros']['%_rpmfilename'] = '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm'
config_opts['macros']['%_topdir'] = '/builddir/build'
config_opts['macros']['%dist'] = '.f42'
config_opts['macros']['%distribution'] = 'Koji'
config_opts['macros']['%packager'] = 'Koji'
config_opts['macros']['%vendor'] = "It's us"

config_opts['environment']['LC_ALL'] = 'C'

config_opts['files']['etc/hosts'] = '127.0.0.1 localhost localhost.localdomain\n::1 localhost localhost.localdomain\n'
`
	if diff := cmp.Diff(want, full.Text()); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	allowed := full
	allowed.BootstrapImage = true
	if text := allowed.Text(); !strings.Contains(text, "config_opts['bootstrap_image'] = 'fedora:42'\n") || !strings.Contains(text, "config_opts['use_bootstrap'] = True\n") {
		t.Errorf("the image is not in:\n%s", text)
	}
}

// TestPythonReadsIt: mock executes the file, so nothing that a tag says may be
// more than a value in it.
func TestPythonReadsIt(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("NOT run: there is no python3 here")
	}
	hostile := "'\n__import__('os').abort()\n# \\"
	c := full
	c.Name, c.Tag, c.Vendor, c.YumProxy = hostile, hostile, hostile, hostile
	c.Extra = map[string]any{"rpm.macro." + hostile: hostile, "rpm.env.X": hostile, "mock.releasever": hostile, "mock.forcearch": map[string]any{hostile: hostile}}
	const reader = `import collections, sys
config_opts = collections.defaultdict(dict)
exec(compile(sys.stdin.read(), "mock.cfg", "exec"))
sys.stdout.write(config_opts["root"] + "|" + config_opts["environment"]["X"])`
	cmd := exec.CommandContext(t.Context(), python, "-c", reader)
	cmd.Stdin = strings.NewReader(c.Text())
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != hostile+"|"+hostile {
		t.Errorf("python read %q, %v; want %q twice", out, err, hostile)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		extra map[string]any
		image bool
		want  []string
	}{
		{"nothing", nil, true, nil},
		{"nspawn", map[string]any{"mock.new_chroot": true}, false, []string{"--new-chroot"}},
		{"nspawn by number", map[string]any{"mock.new_chroot": int64(1)}, false, []string{"--new-chroot"}},
		{"plain", map[string]any{"mock.new_chroot": false}, false, []string{"--old-chroot"}},
		{"image", map[string]any{"mock.bootstrap_image": "fedora:42", "mock.bootstrap_image_ready": true}, true, []string{"--bootstrap-image-ready"}},
		{"image not permitted", map[string]any{"mock.bootstrap_image": "fedora:42", "mock.bootstrap_image_ready": true}, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, Config{Extra: c.extra, BootstrapImage: c.image}.Flags()); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
		})
	}
}
