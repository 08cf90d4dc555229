// Package mockcfg writes the configuration of a mock buildroot as Koji's builder
// does (Koji: reference/tasks.md, "Buildroots"): the builder hands it to mock, and
// `koji mock-config` prints it for people who want such a buildroot at home.
package mockcfg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"koji/internal/pylit"
)

// Config says what the buildroot is. Name, Arch and Repos are needed; what else
// is "" or zero is left out or has mock's or Koji's default.
type Config struct {
	ID, RepoID int64 // at the hub; in comments only
	Name       string
	Tag        string
	Arch       string   // of the buildroot, as rpm calls it
	Group      string   // install group, default "build"
	Repos      []string // base URLs

	Dir       string // basedir, default /var/lib/mock
	ResultDir string // default is mock's own, below Dir
	Timeout   time.Duration
	Network   bool   // builds may use the network
	YumProxy  string // URL

	Vendor, Packager, Distribution string
	Host                           string // second part of the macro %_host, default koji-linux-gnu

	// Extra are the tag's extra settings, of which those that begin with mock.,
	// rpm.macro. and rpm.env. are used.
	Extra map[string]any
	// BootstrapImage says whether the tag may have its buildroots begin with a
	// container image (kojid.conf: mock_bootstrap_image).
	BootstrapImage bool
}

// Text is the configuration: a Python file, with options in the order of their names.
func (c Config) Text() string {
	var b strings.Builder
	b.WriteString("# Written by Koji\n\n")
	for _, l := range []struct {
		what  string
		value any
		said  bool
	}{
		{"Koji buildroot id", c.ID, c.ID != 0},
		{"Koji buildroot name", c.Name, c.ID != 0},
		{"Koji repo id", c.RepoID, c.RepoID != 0},
		{"Koji tag", c.Tag, c.Tag != ""},
	} {
		if l.said {
			fmt.Fprintf(&b, "# %s: %v\n", l.what, oneLine(fmt.Sprint(l.value)))
		}
	}
	set := func(options map[string]any, table string) {
		b.WriteByte('\n')
		for _, k := range slices.Sorted(maps.Keys(options)) {
			fmt.Fprintf(&b, "config_opts%s[%s] = %s\n", table, pylit.Repr(k), pylit.Repr(options[k]))
		}
	}
	set(c.options(), "")
	set(c.plugins(), "['plugin_conf']")
	if opts := c.signOpts(); len(opts) > 0 {
		set(opts, "['plugin_conf']['sign_opts']")
	}
	set(c.macros(), "['macros']")
	if env := c.prefixed("rpm.env."); len(env) > 0 {
		set(env, "['environment']")
	}
	if !c.Network {
		set(map[string]any{"etc/hosts": "127.0.0.1 localhost localhost.localdomain\n::1 localhost localhost.localdomain\n"}, "['files']")
	}
	return b.String()
}

// Flags are what the tag's settings add to every command line of mock.
func (c Config) Flags() []string {
	var flags []string
	switch v := c.Extra["mock.new_chroot"]; v {
	case nil:
	case true, int64(1):
		flags = append(flags, "--new-chroot") // systemd-nspawn
	default:
		flags = append(flags, "--old-chroot")
	}
	if ready := c.Extra["mock.bootstrap_image_ready"]; c.image() != nil && (ready == true || ready == int64(1)) {
		flags = append(flags, "--bootstrap-image-ready")
	}
	return flags
}

// image is the container image that the root begins with, nil for none.
func (c Config) image() any {
	if !c.BootstrapImage {
		return nil
	}
	return c.Extra["mock.bootstrap_image"]
}

func (c Config) options() map[string]any {
	group := c.Group
	if group == "" {
		group = "build"
	}
	o := map[string]any{
		"basedir":             orElse(c.Dir, "/var/lib/mock"),
		"chroot_setup_cmd":    "install @" + group,
		"chroothome":          "/builddir",
		"root":                c.Name,
		"rpmbuild_networking": c.Network,
		"target_arch":         targetArch(c.Arch),
		"use_host_resolv":     c.Network,
		"yum.conf":            c.packageManager(),
	}
	if c.ResultDir != "" {
		o["resultdir"] = c.ResultDir
	}
	if c.Timeout > 0 {
		o["rpmbuild_timeout"] = int64(c.Timeout / time.Second)
	}
	for key, option := range map[string]string{
		"mock.forcearch": "forcearch", "mock.package_manager": "package_manager", "mock.module_setup_commands": "module_setup_commands",
		"mock.releasever": "releasever", "mock.use_bootstrap": "use_bootstrap",
	} {
		if v := c.Extra[key]; v != nil {
			o[option] = v
		}
	}
	if image := c.image(); image != nil {
		o["use_bootstrap"], o["use_bootstrap_image"], o["bootstrap_image"] = true, true, image
	}
	return o
}

// packageManager is the configuration of dnf or yum. It reads no file of the host.
func (c Config) packageManager() string {
	var b strings.Builder
	b.WriteString("[main]\ncachedir=/var/cache/yum\ndebuglevel=1\nlogfile=/var/log/yum.log\nreposdir=/dev/null\nretries=20\n" +
		"obsoletes=1\ngpgcheck=0\nassumeyes=1\nkeepcache=1\ninstall_weak_deps=0\nstrict=1\n")
	if c.YumProxy != "" {
		fmt.Fprintf(&b, "proxy=%s\n", oneLine(c.YumProxy))
	}
	if v := c.Extra["mock.yum.best"]; v != nil {
		fmt.Fprintf(&b, "best=%s\n", oneLine(fmt.Sprint(v)))
	}
	b.WriteString("\n# repos\n")
	for i, url := range c.Repos {
		id := "build"
		if i > 0 {
			id = fmt.Sprintf("build%d", i)
		}
		fmt.Fprintf(&b, "\n[%s]\nname=%s\nbaseurl=%s\n", id, id, oneLine(url))
		if v := c.Extra["mock.yum.module_hotfixes"]; v != nil {
			fmt.Fprintf(&b, "module_hotfixes=%s\n", oneLine(fmt.Sprint(v)))
		}
	}
	return b.String()
}

// plugins are off but for what the tag switches on: a builder's roots are fresh.
func (c Config) plugins() map[string]any {
	p := map[string]any{"ccache_enable": false, "root_cache_enable": false, "yum_cache_enable": false}
	if v := c.Extra["mock.plugin_conf.sign_enable"]; v != nil {
		p["sign_enable"] = v
	}
	return p
}

func (c Config) signOpts() map[string]any {
	opts := map[string]any{}
	for _, name := range []string{"cmd", "opts"} {
		if v := c.Extra["mock.plugin_conf.sign_opts."+name]; v != nil {
			opts[name] = v
		}
	}
	return opts
}

func (c Config) macros() map[string]any {
	cpu := targetArch(c.Arch)
	m := map[string]any{
		"%_host":        cpu + "-" + orElse(c.Host, "koji-linux-gnu"),
		"%_host_cpu":    cpu,
		"%_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
		"%_topdir":      "/builddir/build",
		"%distribution": orElse(c.Distribution, "Koji"),
		"%packager":     orElse(c.Packager, "Koji"),
		"%vendor":       orElse(c.Vendor, "Koji"),
	}
	for name, v := range c.prefixed("rpm.macro.") {
		m["%"+name] = v
	}
	return m
}

// prefixed are the extra settings that begin with a prefix, under the rest of
// their names. A macro or variable is text, whatever the tag calls it.
func (c Config) prefixed(prefix string) map[string]any {
	out := map[string]any{}
	for key, v := range c.Extra {
		if name, ok := strings.CutPrefix(key, prefix); ok && name != "" && v != nil {
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

// targetArch is what packages in a buildroot of the arch are built for.
func targetArch(arch string) string {
	switch arch {
	case "i386":
		return "i686"
	case "arm":
		return "armv7hl"
	}
	return arch
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// oneLine keeps a value from adding lines of its own to a configuration.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
