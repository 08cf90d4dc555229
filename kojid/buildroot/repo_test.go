//go:build linux

package buildroot

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"koji/internal/minidistro"
)

// makeDistro makes dir/repo, a repository of this machine's packages as rpms.
func makeDistro(ctx context.Context, dir string) error {
	repo := filepath.Join(dir, "repo")
	if _, err := minidistro.Build(ctx, minidistro.Options{Out: repo}); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "createrepo_c", "-q", "-g", "comps.xml", repo).CombinedOutput()
	if err != nil {
		return fmt.Errorf("createrepo_c: %w: %s", err, out)
	}
	return nil
}
