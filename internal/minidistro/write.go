package minidistro

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/google/rpmpack"
)

const (
	distTag  = ".md1"
	leadSize = 96
	sigMD5   = 1004
)

// rpmPackage is an rpm in the making.
type rpmPackage struct {
	name, arch string
	evr        evr
	summary    string
	provides   map[string]string // name to version, empty without one
	requires   map[string]bool
	files      map[string]rpmpack.RPMFile
}

func newPackage(name string, version evr, arch, summary string) *rpmPackage {
	p := &rpmPackage{name: name, arch: arch, evr: version, summary: summary}
	p.provides, p.requires, p.files = map[string]string{}, map[string]bool{}, map[string]rpmpack.RPMFile{}
	p.provide(name, version.String())
	return p
}

func (p *rpmPackage) provide(name, version string) { p.provides[name] = version }

func (p *rpmPackage) require(name string) { p.requires[name] = true }

func (p *rpmPackage) link(name, target string) {
	p.files[name] = rpmpack.RPMFile{Name: name, Owner: "root", Group: "root", Mode: syscall.S_IFLNK | 0o777, Body: []byte(target)}
}

func (p *rpmPackage) directory(name string, mode uint) {
	p.files[name] = rpmpack.RPMFile{Name: name, Owner: "root", Group: "root", Mode: syscall.S_IFDIR | mode}
}

func (p *rpmPackage) file(name, body string, mode uint) {
	p.files[name] = rpmpack.RPMFile{Name: name, Owner: "root", Group: "root", Mode: syscall.S_IFREG | mode, Body: []byte(body)}
}

// write writes the rpm into dir and returns the name of its file and its size.
// The same input gives the same bytes.
func (p *rpmPackage) write(dir string) (name string, size int64, err error) {
	meta := rpmpack.RPMMetaData{
		Name: p.name, Version: p.evr.version, Release: p.evr.release, Epoch: p.evr.epoch, Arch: p.arch, Summary: p.summary,
		Description: p.summary + " as an rpm for a lab.", Vendor: "minidistro", Licence: "as in Debian", BuildHost: "localhost",
		Compressor: "zstd:fastest", BuildTime: time.Unix(1700000000, 0),
	}
	for name, version := range p.provides {
		r := &rpmpack.Relation{Name: name}
		if version != "" {
			r.Version, r.Sense = version, rpmpack.SenseEqual
		}
		meta.Provides = append(meta.Provides, r)
	}
	for name := range p.requires {
		meta.Requires = append(meta.Requires, &rpmpack.Relation{Name: name})
	}
	for _, list := range []rpmpack.Relations{meta.Provides, meta.Requires} {
		slices.SortFunc(list, func(a, b *rpmpack.Relation) int { return cmp.Compare(a.Name, b.Name) })
	}
	r, err := rpmpack.NewRPM(meta)
	if err != nil {
		return "", 0, err
	}
	// The writer has no SIGMD5, by which Koji knows an rpm: keep a place for it.
	r.AddCustomSig(sigMD5, rpmpack.EntryBytes(make([]byte, md5.Size)))
	for _, path := range slices.Sorted(maps.Keys(p.files)) {
		r.AddFile(p.files[path])
	}
	name = fmt.Sprintf("%s-%s-%s.%s.rpm", p.name, p.evr.version, p.evr.release, p.arch)
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := r.Write(f); err != nil {
		return "", 0, err
	}
	if err := setMD5(f); err != nil {
		return "", 0, fmt.Errorf("write SIGMD5: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	return name, info.Size(), nil
}

// setMD5 puts the digest of header and payload into the signature header of a
// written rpm.
func setMD5(f *os.File) error {
	intro := make([]byte, 16)
	if _, err := f.ReadAt(intro, leadSize); err != nil {
		return err
	}
	entries, size := int64(binary.BigEndian.Uint32(intro[8:])), int64(binary.BigEndian.Uint32(intro[12:]))
	index := make([]byte, 16*entries)
	if _, err := f.ReadAt(index, leadSize+16); err != nil {
		return err
	}
	store := leadSize + 16 + 16*entries
	end := (store + size + 7) / 8 * 8
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return err
	}
	sum := md5.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	for ; len(index) > 0; index = index[16:] {
		if binary.BigEndian.Uint32(index) == sigMD5 {
			_, err := f.WriteAt(sum.Sum(nil), store+int64(binary.BigEndian.Uint32(index[8:])))
			return err
		}
	}
	return errors.New("the signature header has no place for it")
}
