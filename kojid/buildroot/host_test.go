//go:build linux

package buildroot

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A library is built, put into a repo of our own, and used by a second package
// that the host could not satisfy.
func TestHostRebuildTwo(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("createrepo_c"); err != nil {
		t.Skip("the host driver's use of a repo did NOT run: apt-get install createrepo-c")
	}
	cfg := hostConfig(t)
	d := started(t, KindHost, cfg)
	files, err := d.Rebuild(t.Context(), sourceRPM(t, "greet.spec"), cfg.Arch)
	if err != nil {
		t.Fatalf("Rebuild: %v\n%s\n%s", err, logText(t, cfg, rootLog), logText(t, cfg, buildLog))
	}
	if len(files) != 3 {
		t.Errorf("results %v", files)
	}
	build := logText(t, cfg, buildLog)
	contains(t, build, "uid=1000 gid=1000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
		"interfaces=lo \n", "host=localhost umask=0022 home=/builddir", "init=bwrap")
	contains(t, logText(t, cfg, rootLog), "host driver", "no clean room", "gcc: on the host")

	repo := filepath.Join(filepath.Dir(cfg.BaseDir), "repo")
	if err := os.Mkdir(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files[1:] {
		if err := os.Rename(f, filepath.Join(repo, filepath.Base(f))); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "createrepo_c", "-q", repo).CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v %s", err, out)
	}
	next := cfg
	next.Name, next.LogDir = "f1-build-8-4", cfg.LogDir+"2"
	next.Repos = []Repo{{ID: "build", URL: repo, Own: true}}
	e := started(t, KindHost, next)
	if _, err := e.Rebuild(t.Context(), sourceRPM(t, "greeter.spec"), next.Arch); err != nil {
		t.Fatalf("Rebuild: %v\n%s\n%s", err, logText(t, next, rootLog), logText(t, next, buildLog))
	}
	pkgs, err := e.Installed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range pkgs {
		if len(p.SigMD5) != 32 || p.BuildTime == 0 {
			t.Errorf("incomplete: %+v", p)
		}
		names = append(names, p.Name+"-"+p.Version+"-"+p.Release+"."+p.Arch)
	}
	want := []string{"greet-1.2-3.lab1." + cfg.Arch, "greet-devel-1.2-3.lab1." + cfg.Arch}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	contains(t, logText(t, next, installedLog), want[1]+" ")
}

func TestHostFailures(t *testing.T) {
	t.Parallel()
	cfg := hostConfig(t)
	d := started(t, KindHost, cfg)
	_, err := d.Rebuild(t.Context(), sourceRPM(t, "lacking.spec"), cfg.Arch)
	if exit := exitOf(t, err); exit.Code != ExitUnresolvable || exit.Log != rootLog {
		t.Errorf("%#v", exit)
	}
	contains(t, err.Error(), "nothing provides libunobtainium-devel >= 4.2", "nothing provides pkgconfig(unobtainium)")
	_, err = d.Rebuild(t.Context(), sourceRPM(t, "failing.spec"), cfg.Arch)
	if exit := exitOf(t, err); exit.Code != ExitBuildFailed || exit.Log != buildLog {
		t.Errorf("%#v", exit)
	}
	files, err := d.BuildSRPM(t.Context(), Source{SRPM: sourceRPM(t, "greet.spec")})
	if err != nil || len(files) != 1 || filepath.Base(files[0]) != "greet-1.2-3.lab1.src.rpm" {
		t.Errorf("BuildSRPM = %v, %v", files, err)
	}
	if err := d.Run(t.Context(), []string{"id"}, RunOpts{Root: true}); err == nil {
		t.Error("root was promised")
	}
}

func TestHostRun(t *testing.T) {
	t.Parallel()
	cfg := hostConfig(t)
	d := started(t, KindHost, cfg)
	for sh, want := range map[string]string{
		"echo x 2>/dev/null >/etc/x || echo no":  "no\n",
		"echo x 2>/dev/null >/x || echo no":      "no\n",
		"ls -A /root /home /run | grep -v :":     "\n\n",
		"echo x >/builddir/x && cat x":           "x\n",
		"cat /etc/shadow 2>/dev/null || echo no": "no\n",
		"wc -l </proc/net/route":                 "1\n",
		"exit 9":                                 "",
	} {
		var out bytes.Buffer
		err := d.Run(t.Context(), []string{"sh", "-c", sh}, RunOpts{Stdout: &out})
		if sh == "exit 9" {
			if exitOf(t, err).Code != 9 {
				t.Errorf("exit code: %v", err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", sh, err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" && strings.TrimSpace(out.String()) != strings.TrimSpace(want) {
			t.Errorf("%s:\n%s", sh, diff)
		}
	}
}
