package kojid

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"koji"
	"koji/kojid/buildroot"
)

// archResult is what buildArch returns. Paths are below the hub's work/.
type archResult struct {
	RPMs  []string `xmlrpc:"rpms"`
	SRPMs []string `xmlrpc:"srpms"`
	Logs  []string `xmlrpc:"logs"`
	Broot int64    `xmlrpc:"brootid"`
}

type archParams struct {
	Pkg      string `xmlrpc:"pkg"`
	Root     any    `xmlrpc:"root"`
	Arch     string `xmlrpc:"arch"`
	KeepSRPM bool   `xmlrpc:"keep_srpm"`
	Opts     struct {
		RepoID int64 `xmlrpc:"repo_id"`
	} `xmlrpc:"opts"`
}

// runBuildArch builds a source rpm for one arch in a fresh buildroot.
func runBuildArch(ctx context.Context, t *Task) (any, error) {
	var p archParams
	if err := t.params(&p); err != nil {
		return nil, err
	}
	src, err := t.openSRPM(ctx, p.Pkg)
	if err != nil {
		return nil, err
	}
	if err := t.weigh(ctx, src.Name); err != nil {
		return nil, err
	}
	env, err := t.newBuildEnv(ctx, p.Root, p.Opts.RepoID, p.Arch, "build")
	if err != nil {
		return nil, err
	}
	var made []string
	logs, err := env.use(ctx, func(d buildroot.Driver) error {
		made, err = d.Rebuild(ctx, src.Path, p.Arch)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t.keepResults(ctx, &p, made, archResult{RPMs: []string{}, SRPMs: []string{}, Logs: logs, Broot: env.id})
}

// weigh tells the scheduler how heavy the build is, from how long those of the
// package took.
func (t *Task) weigh(ctx context.Context, pkg string) error {
	var seconds *float64
	if err := t.call(ctx, "getAverageBuildDuration", &seconds, pkg, koji.Named{"age": 6}); err != nil {
		return err
	}
	if seconds == nil {
		return nil
	}
	return t.do(ctx, "host.setTaskWeight", t.ID, 1.5+min(18, *seconds/4800))
}

// keepResults uploads what was built.
func (t *Task) keepResults(ctx context.Context, p *archParams, made []string, r archResult) (any, error) {
	digests := map[string]string{}
	for _, file := range made {
		h, err := t.checkResult(file)
		if err != nil {
			return nil, err
		}
		if h.Source && !p.KeepSRPM {
			continue
		}
		rel, err := t.upload(ctx, file)
		if err != nil {
			return nil, err
		}
		if h.Source {
			r.SRPMs = append(r.SRPMs, rel)
			continue
		}
		r.RPMs = append(r.RPMs, rel)
		if h.Arch == "noarch" {
			digests[filepath.Base(file)] = h.ContentDigest()
		}
	}
	if len(r.RPMs) == 0 {
		return nil, buildError("no binary rpms were built for %s", p.Arch)
	}
	if len(digests) == 0 {
		return r, nil
	}
	// By this the hub compares noarch packages that were built on several arches.
	data, err := json.Marshal(digests)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(t.dir, "noarch_rpmdiff.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return nil, err
	}
	rel, err := t.upload(ctx, file)
	if err != nil {
		return nil, err
	}
	r.Logs = append(r.Logs, rel)
	return r, nil
}

// groupPackages are the packages that a tag's install group brings: those that
// come by default, of it and of the groups it needs.
func groupPackages(groups []koji.Group, name string) []string {
	byName := map[string]*koji.Group{}
	for i := range groups {
		byName[groups[i].Name] = &groups[i]
	}
	var out []string
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		g := byName[name]
		if g == nil || g.Blocked || seen[name] {
			return
		}
		seen[name] = true
		for _, p := range g.Packages {
			if !p.Blocked && (p.Type == "mandatory" || p.Type == "default") {
				out = append(out, p.Package)
			}
		}
		for _, r := range g.Groups {
			if !r.Blocked {
				walk(r.Name)
			}
		}
	}
	walk(name)
	return out
}

// extraByPrefix are the tag's extra settings that begin with a prefix, such as
// rpm.macro., under the rest of their names.
func extraByPrefix(extra map[string]any, prefix string) map[string]string {
	out := map[string]string{}
	for key, v := range extra {
		name, ok := strings.CutPrefix(key, prefix)
		if !ok || v == nil {
			continue
		}
		out[name] = fmt.Sprint(v)
	}
	return out
}
