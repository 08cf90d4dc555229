//go:build linux

package buildroot

import (
	"context"
	"os"
)

func makeDistro(ctx context.Context, dir string) error {
	return os.Symlink("/tmp/br-repo", dir+"/repo")
}
