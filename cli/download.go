package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"koji"
)

// fetch downloads the file at url to a local one, the i-th of n. A file that
// is whole already is left, a shorter one is completed.
func fetch(ctx context.Context, env *Env, s *koji.Session, url, local string, i, n int, bar bool) error {
	name := path.Base(url)
	if n > 1 {
		env.say("Downloading [%d/%d]: %s", i+1, n, name)
	} else {
		env.say("Downloading: %s", name)
	}
	if dir := filepath.Dir(local); dir != "." {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return fmt.Errorf("download %s: %w", name, err)
		}
	}
	_, statErr := os.Stat(local)
	p := env.progress(name, bar)
	var size int64
	err := s.Download(ctx, url, local, koji.DownloadOptions{
		Resume: true,
		Begin: func(have, total int64) {
			size = total
			if have > 0 && have != total {
				env.say("Appending to existing file %s", local)
			}
		},
		Progress: func(done, _ int64) { p.update(done, size) },
	})
	p.end()
	if err != nil && errors.Is(statErr, os.ErrNotExist) {
		if st, serr := os.Stat(local); serr == nil && st.Size() == 0 {
			_ = os.Remove(local) // nothing came, so nothing stays
		}
	}
	return err
}

// notThere reports whether the server doesn't have a file.
func notThere(err error) bool {
	var transport *koji.TransportError
	return errors.Is(err, fs.ErrNotExist) || errors.As(err, &transport) && transport.Status == http.StatusNotFound
}
