package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"koji"
)

// downloadOptions are those of all commands that fetch files.
type downloadOptions struct {
	env        *Env
	topurl     string
	noprogress bool
}

func (o *downloadOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.topurl, "topurl", "", "`URL` of the hub's files")
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
}

// open is the hub, and where its files are.
func (o *downloadOptions) open(ctx context.Context) (*koji.Session, koji.Paths, error) {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return nil, koji.Paths{}, err
	}
	top := cmp.Or(o.topurl, o.env.profile.TopURL)
	if top == "" {
		return nil, koji.Paths{}, usagef("You must specify --topurl to download files")
	}
	return s, koji.Paths{Top: top}, nil
}

// remoteFile is a file to fetch.
type remoteFile struct {
	path      string // a URL
	otherwise string // another one, should that not be there
	local     string
	check     func(file string) error // whether it is what the hub has; nil where nothing is known
}

// doubt is an error that is only told: what came isn't of the kind that can be
// checked.
type doubt struct{ error }

// downloadLanes is how many files come in at the same time.
const downloadLanes = 4

// downloads is files on their way here.
type downloads struct {
	env      *Env
	s        *koji.Session
	files    []remoteFile
	progress *progress

	mu    sync.Mutex
	sizes map[int]fileSizes // of those that have begun
}

// fileSizes is how much of a file is here, and how much it has; -1 is unknown.
type fileSizes struct{ done, total int64 }

// fetchAll downloads files, several at a time. One that is whole already is
// left, a shorter one is completed. The first that fails ends all, and what has
// come of the others is taken up the next time.
func fetchAll(ctx context.Context, env *Env, s *koji.Session, files []remoteFile, bar bool) error {
	d := &downloads{env: env, s: s, files: files, progress: env.progress("", bar), sizes: map[int]fileSizes{}}
	defer d.progress.end()
	group, limited := errgroup.WithContext(ctx)
	lanes := make(chan struct{}, downloadLanes)
	for i := range files {
		select {
		case lanes <- struct{}{}:
		case <-limited.Done():
		}
		if limited.Err() != nil {
			break
		}
		d.tell(i)
		group.Go(func() error {
			defer func() { <-lanes }()
			return d.fetch(limited, i)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// tell says that the i-th file is fetched.
func (d *downloads) tell(i int) {
	name, n := path.Base(d.files[i].path), len(d.files)
	label := name
	if n > 1 {
		label = fmt.Sprintf("[%d/%d] %s", i+1, n, name)
	}
	d.progress.rename(label)
	d.progress.aside(func() {
		if n > 1 {
			d.env.say("Downloading [%d/%d]: %s", i+1, n, name)
		} else {
			d.env.say("Downloading: %s", name)
		}
	})
}

// fetch brings the i-th file.
func (d *downloads) fetch(ctx context.Context, i int) error {
	f := d.files[i]
	err := d.checked(ctx, i, f.path)
	if err != nil && f.otherwise != "" && notThere(err) {
		d.tell(i)
		err = d.checked(ctx, i, f.otherwise)
	}
	return err
}

// checked downloads a file and looks whether it is the right one. If not,
// something else may have been there before: then it is fetched once more.
func (d *downloads) checked(ctx context.Context, i int, url string) error {
	f := d.files[i]
	resumed, err := d.download(ctx, i, url)
	if err != nil || f.check == nil {
		return err
	}
	err = f.check(f.local)
	var doubtful doubt
	if err != nil && !errors.As(err, &doubtful) && resumed {
		if err = os.Remove(f.local); err != nil {
			return fmt.Errorf("fetch it anew: %w", err)
		}
		if _, err = d.download(ctx, i, url); err != nil {
			return err
		}
		err = f.check(f.local)
	}
	switch {
	case errors.As(err, &doubtful):
		d.progress.aside(func() { d.env.warn("koji: %v", doubtful) })
		return nil
	case err != nil:
		_ = os.Remove(f.local) // or it would pass for the file
	}
	return err
}

// download fetches a URL to the i-th file, and reports whether a part of it was
// here already.
func (d *downloads) download(ctx context.Context, i int, url string) (resumed bool, err error) {
	local := d.files[i].local
	if dir := filepath.Dir(local); dir != "." {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return false, fmt.Errorf("download %s: %w", path.Base(url), err)
		}
	}
	_, statErr := os.Stat(local)
	err = d.s.Download(ctx, url, local, koji.DownloadOptions{
		Resume: true,
		Begin: func(have, total int64) {
			resumed = have > 0
			if have > 0 && have != total {
				d.progress.aside(func() { d.env.say("Appending to existing file %s", local) })
			}
			d.update(i, have, total)
		},
		Progress: func(done, total int64) { d.update(i, done, total) },
	})
	if err != nil && errors.Is(statErr, os.ErrNotExist) {
		if st, serr := os.Stat(local); serr == nil && st.Size() == 0 {
			_ = os.Remove(local) // nothing came, so nothing stays
		}
	}
	return resumed, err
}

// update shows how far all files together have come. How much there is can be
// told when the last one has begun.
func (d *downloads) update(i int, done, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sizes[i] = fileSizes{done, total}
	sum := fileSizes{}
	for _, size := range d.sizes {
		sum.done += size.done
		if size.total < 0 || sum.total < 0 {
			sum.total = -1
		} else {
			sum.total += size.total
		}
	}
	if len(d.sizes) < len(d.files) {
		sum.total = -1
	}
	d.progress.update(sum.done, sum.total)
}

// notThere reports whether the server doesn't have a file.
func notThere(err error) bool {
	var transport *koji.TransportError
	return errors.Is(err, fs.ErrNotExist) || errors.As(err, &transport) && transport.Status == http.StatusNotFound
}
