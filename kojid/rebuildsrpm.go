package kojid

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"koji"
	"koji/internal/rpmfile"
	"koji/kojid/buildroot"
)

// runRebuildSRPM unpacks an uploaded source rpm and packs it again in a
// buildroot, so that the tag's macros are in it.
func runRebuildSRPM(ctx context.Context, t *Task) (any, error) {
	var p struct {
		SRPM     string `xmlrpc:"srpm"`
		BuildTag any    `xmlrpc:"build_tag"`
		Opts     struct {
			RepoID int64 `xmlrpc:"repo_id"`
		} `xmlrpc:"opts"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	src, err := t.openSRPM(ctx, p.SRPM)
	if err != nil {
		return nil, err
	}
	env, err := t.newBuildEnv(ctx, p.BuildTag, p.Opts.RepoID, "noarch", "srpm-build")
	if err != nil {
		return nil, err
	}
	var made []string
	logs, err := env.use(ctx, func(d buildroot.Driver) error {
		made, err = d.BuildSRPM(ctx, buildroot.Source{SRPM: src.Path})
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(made) != 1 {
		return nil, buildError("%d source rpms were made, expected one", len(made))
	}
	h, err := t.checkResult(made[0])
	if err != nil {
		return nil, err
	}
	if name := filepath.Base(made[0]); name != h.FileName() {
		return nil, buildError("srpm name mismatch: %s, by its header %s", name, h.FileName())
	}
	rel, err := t.upload(ctx, made[0])
	if err != nil {
		return nil, err
	}
	base := path.Base(p.SRPM)
	return sourceResult{SRPM: rel, Logs: logs, Broot: env.id, Source: sourceRef{Source: base, URL: base}}, nil
}

// checkResult reads an rpm that was built; a source rpm must not say that
// somebody else made it.
func (t *Task) checkResult(file string) (*rpmfile.Header, error) {
	f, err := rpmfile.Open(file)
	if err != nil {
		return nil, koji.NewError(koji.CodeBuild, fmt.Sprintf("the build made a broken rpm: %v", err))
	}
	if !f.Source {
		return f.Header, nil
	}
	for _, c := range []struct{ what, has, want string }{
		{"Packager", f.Packager, t.cfg.Packager}, {"Vendor", f.Vendor, t.cfg.Vendor}, {"Distribution", f.Distribution, t.cfg.Distribution},
	} {
		if c.has != "" && c.has != c.want {
			return nil, buildError("%s of %s is %q, not %q: a spec file must not set it", c.what, filepath.Base(file), c.has, c.want)
		}
	}
	return f.Header, nil
}
