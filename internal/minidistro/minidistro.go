// Package minidistro makes a small RPM distribution of the Debian packages that
// are installed on this machine: enough of one for dnf to fill a buildroot in
// which rpmbuild compiles C. A lab has a real distribution to build with that
// way, where no RPM distribution can be fetched.
//
// The packages are repacked from the files that dpkg says they own, with the
// names and the soname and pkgconfig provides that an RPM distribution has.
// What a buildroot has no use for (documentation, translations, services) is
// left out, and so are Debian's maintainer scripts: what matters of their work
// is in the package "filesystem" and in a few links.
package minidistro

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Options say what to build and where.
type Options struct {
	// Out is the directory for the rpms and comps.xml. It is replaced as a whole
	// once everything is written; a directory with other things in it is refused.
	Out string
	// Seeds are the Debian packages to repack, together with all they need. Nil
	// stands for what a buildroot needs.
	Seeds []string
	// Extra are more of them: zlib1g-dev brings pkgconfig(zlib).
	Extra []string
	// Jobs is how many packages are written at a time; 0 stands for one a core.
	Jobs int
	// Progress, if set, is told of each package that is done; one call at a time.
	Progress func(done, total int, name string)
}

// Summary says what there is after a build.
type Summary struct {
	Packages  int   // rpms
	Bytes     int64 // of them all
	Unchanged bool  // the directory was up to date, nothing was written
}

// MissingError says which of the wanted Debian packages are not installed.
type MissingError struct {
	Packages []string
}

// Error gives the command that installs them.
func (e *MissingError) Error() string {
	return fmt.Sprintf("Debian packages are not installed: run `%s`", AptLine(e.Packages))
}

// Build repacks the packages. It returns at once when the directory already has
// what would be built: the same versions of the same packages. Missing seeds are
// a *MissingError; on any error, Out is as it was.
func Build(ctx context.Context, o Options) (Summary, error) {
	p, err := plan(ctx, o)
	if err != nil {
		return Summary{}, fmt.Errorf("plan distribution: %w", err)
	}
	if sum, ok := p.upToDate(o.Out); ok {
		return sum, nil
	}
	sum, err := p.build(ctx, o)
	if err != nil {
		return Summary{}, fmt.Errorf("build distribution: %w", err)
	}
	return sum, nil
}

// distro is what is to be built.
type distro struct {
	arch     string // rpm's name for the machine
	packages []*deb // sorted by name
	chosen   map[string]bool
	installs *installed
}

// plan finds the packages without touching anything.
func plan(ctx context.Context, o Options) (*distro, error) {
	if o.Out == "" {
		return nil, fmt.Errorf("no directory to write to")
	}
	arch, err := machine(ctx)
	if err != nil {
		return nil, err
	}
	all, err := query(ctx, arch.deb)
	if err != nil {
		return nil, err
	}
	seeds := o.Seeds
	if seeds == nil {
		seeds = Seeds()
	}
	packages, err := all.closure(seeds, o.Extra)
	if err != nil {
		return nil, err
	}
	d := &distro{arch: arch.rpm, packages: packages, chosen: map[string]bool{}, installs: all}
	for _, p := range packages {
		d.chosen[p.name] = true
	}
	return d, nil
}

func (d *distro) build(ctx context.Context, o Options) (Summary, error) {
	if err := replaceable(o.Out); err != nil {
		return Summary{}, err
	}
	out, err := filepath.Abs(o.Out)
	if err != nil {
		return Summary{}, err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return Summary{}, err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+"-")
	if err != nil {
		return Summary{}, err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil {
		return Summary{}, err
	}
	files, err := d.writeAll(ctx, o, work)
	if err != nil {
		return Summary{}, err
	}
	if err := os.WriteFile(filepath.Join(work, "comps.xml"), comps(d.groups()), 0o644); err != nil {
		return Summary{}, err
	}
	s := stamp{Format: format, Digest: d.digest(), Files: files}
	if err := s.write(work); err != nil {
		return Summary{}, err
	}
	if err := replace(work, out); err != nil {
		return Summary{}, err
	}
	return s.summary(), nil
}

// writeAll writes every rpm into dir and returns the size of each. The largest
// packages come first, so that no core is left alone with one at the end.
func (d *distro) writeAll(ctx context.Context, o Options, dir string) (map[string]int64, error) {
	lists, err := fileLists(ctx, d.packages)
	if err != nil {
		return nil, err
	}
	var (
		mu    sync.Mutex
		files = map[string]int64{}
		total = len(d.packages) + 1
	)
	done := func(name, file string, size int64) {
		mu.Lock()
		defer mu.Unlock()
		files[file] = size
		if o.Progress != nil {
			o.Progress(len(files), total, name)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(max(o.Jobs, 0), runtime.NumCPU()))
	bySize := slices.Clone(d.packages)
	slices.SortStableFunc(bySize, func(a, b *deb) int { return cmp.Compare(b.size, a.size) })
	for _, p := range bySize {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			file, size, err := d.repack(p, lists[p.name], dir)
			if err != nil {
				return fmt.Errorf("repack %s: %w", p.name, err)
			}
			done(p.name, file, size)
			return nil
		})
	}
	group.Go(func() error {
		file, size, err := filesystem(d.arch).write(dir)
		if err != nil {
			return fmt.Errorf("write filesystem: %w", err)
		}
		done("filesystem", file, size)
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return files, nil
}
