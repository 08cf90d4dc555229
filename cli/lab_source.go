package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"koji"
	"koji/internal/lazyregexp"
)

// labSources are the demo's packages: a directory each, with the spec beside
// what the tarball is made of.
//
//go:embed labdata
var labSources embed.FS

// labSource is a package of the demo on its way to a source rpm.
type labSource struct {
	nvr  koji.NVR
	spec string
}

var (
	specVersionRe = lazyregexp.New(`(?m)^Version:\s*(\S+)$`)
	specReleaseRe = lazyregexp.New(`(?m)^(Release:\s*)(\S+)$`)
)

// readLabSource reads a package's spec. Its release is what the spec says.
func readLabSource(name string) (*labSource, error) {
	spec, err := labSources.ReadFile(path.Join("labdata", name, name+".spec"))
	if err != nil {
		return nil, err
	}
	version, release := specVersionRe().FindSubmatch(spec), specReleaseRe().FindSubmatch(spec)
	if version == nil || release == nil {
		return nil, fmt.Errorf("%s.spec has no version or no release", name)
	}
	return &labSource{
		nvr:  koji.NVR{Name: name, Version: string(version[1]), Release: string(release[2])},
		spec: string(spec),
	}, nil
}

// release makes it the build after the last one.
func (p *labSource) release(r string) {
	p.nvr.Release = r
	p.spec = specReleaseRe().ReplaceAllString(p.spec, "${1}"+r)
}

// makeSRPM writes spec and tarball into dir and has rpmbuild make the source rpm.
func (p *labSource) makeSRPM(ctx context.Context, dir string) (string, error) {
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	spec := filepath.Join(dir, p.nvr.Name+".spec")
	if err := os.WriteFile(spec, []byte(p.spec), 0o644); err != nil {
		return "", err
	}
	base := p.nvr.Name + "-" + p.nvr.Version
	tarball, err := p.tarball(base)
	if err != nil {
		return "", fmt.Errorf("pack %s: %w", base, err)
	}
	if err := os.WriteFile(filepath.Join(dir, base+".tar.gz"), tarball, 0o644); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, "rpmbuild", "-bs", "--nodeps",
		"--define", "_topdir "+dir, "--define", "_sourcedir "+dir, "--define", "_srcrpmdir "+dir, "--undefine", "dist", spec)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("rpmbuild -bs %s: %w: %s", filepath.Base(spec), err, bytes.TrimSpace(out))
	}
	srpm := filepath.Join(dir, p.nvr.String()+".src.rpm")
	_, err = os.Stat(srpm)
	return srpm, err
}

// tarball packs everything but the spec, below a directory named base. The same
// sources give the same bytes.
func (p *labSource) tarball(base string) ([]byte, error) {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	root := path.Join("labdata", p.nvr.Name)
	err := fs.WalkDir(labSources, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".spec") {
			return err
		}
		data, err := labSources.ReadFile(name)
		if err != nil {
			return err
		}
		h := &tar.Header{
			Name: base + strings.TrimPrefix(name, root), Size: int64(len(data)), Mode: 0o644,
			Typeflag: tar.TypeReg, ModTime: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err = errors.Join(err, w.Close(), zipped.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
