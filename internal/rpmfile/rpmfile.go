// Package rpmfile reads the headers of rpm files: what a hub needs to know of a
// package to store it, to list its files and dependencies, and to handle its
// signature. Every input is taken for hostile: sizes are bounded before memory
// is spent, and whatever is wrong is an error, never a panic.
package rpmfile

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrNotRPM is wrapped by every error that says the input is not a sound rpm
// file, as opposed to one that could not be read.
var ErrNotRPM = errors.New("not a valid rpm file")

// Header is what the two headers of an rpm file say about it. Text that is not
// UTF-8 is taken for Latin-1, as the changelogs of old packages are.
type Header struct {
	Name    string
	Version string
	Release string
	Epoch   *int64 // nil when the package has none
	Arch    string // "src" for a source package, whatever it was built on
	Source  bool
	NoSrc   bool // a source package without some of its sources or patches

	SigMD5    string // hex; Koji's payloadhash. Empty when the package has none.
	BuildTime int64  // seconds since 1970, 0 when absent
	BuildHost string

	License      string
	Summary      string
	Description  string
	Group        string
	URL          string
	Packager     string
	Vendor       string
	Distribution string
	SourceRPM    string // file name of the source package; empty for a source package

	ExclusiveArch []string
	ExcludeArch   []string
	BuildArchs    []string

	Deps      []Dep
	Files     []FileEntry
	Changelog []Change

	Signature Signature

	size  int64 // bytes of lead and headers: where the payload begins
	store store
}

// File is an rpm file on disk whose headers were read.
type File struct {
	*Header
	Path string
	Size int64 // of the whole file
}

// Open reads the headers of the rpm file at path. A file that is shorter than
// its signature header says is an error that wraps ErrNotRPM; the payload itself
// is not read (VerifyPayload does). Errors name the file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open rpm: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open rpm: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read rpm %s: %w: not a regular file", path, ErrNotRPM)
	}
	h, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("read rpm %s: %w", path, err)
	}
	if want, ok := h.fileSize(); ok && info.Size() < want {
		return nil, fmt.Errorf("read rpm %s: %w: truncated, %d of %d bytes", path, ErrNotRPM, info.Size(), want)
	}
	return &File{Header: h, Path: path, Size: info.Size()}, nil
}

// Read reads the headers of an rpm file and leaves r at some point at or after
// their end. Memory is bounded by a small multiple of the header's own size.
func Read(r io.Reader) (*Header, error) {
	blob, err := readBlobs(r)
	if err != nil {
		return nil, err
	}
	both, err := readStore(blob)
	if err != nil {
		return nil, err
	}
	h := &Header{store: both, size: int64(len(blob.data))}
	if h.Signature, err = newSignature(blob.signature()); err != nil {
		return nil, err
	}
	if err := h.fill(); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Header) fill() error {
	f := &fields{store: h.store}
	h.Name, h.Version, h.Release = f.text(tagName), f.text(tagVersion), f.text(tagRelease)
	h.Arch = f.text(tagArch)
	if f.has(tagEpoch) {
		epoch := f.number(tagEpoch)
		h.Epoch = &epoch
	}
	h.SourceRPM = f.text(tagSourceRPM)
	// Packages older than the tag are known by not naming a source package.
	h.Source = f.number(tagSourcePackage) != 0 || (!f.has(tagSourcePackage) && h.SourceRPM == "")
	if h.Source {
		h.Arch = "src"
		h.NoSrc = f.has(tagNoSource) || f.has(tagNoPatch)
	}
	h.SigMD5 = h.Signature.MD5
	h.BuildTime, h.BuildHost = f.number(tagBuildTime), f.text(tagBuildHost)
	h.License, h.Summary, h.Description = f.text(tagLicense), f.text(tagSummary), f.text(tagDescription)
	h.Group, h.URL = f.text(tagGroup), f.text(tagURL)
	h.Packager, h.Vendor, h.Distribution = f.text(tagPackager), f.text(tagVendor), f.text(tagDistribution)
	h.ExclusiveArch, h.ExcludeArch = f.texts(tagExclusiveArch), f.texts(tagExcludeArch)
	h.BuildArchs = f.texts(tagBuildArchs)
	h.Deps = readDeps(f)
	h.Files = readFiles(f)
	h.Changelog = readChangelog(f)
	if f.err != nil {
		return f.err
	}
	return h.checkNames()
}

// checkNames refuses parts of the name from which no path may be made. rpmbuild
// writes none of them.
func (h *Header) checkNames() error {
	for _, p := range []struct{ what, value, not string }{
		{"name", h.Name, "/"}, {"version", h.Version, "/-"}, {"release", h.Release, "/-"}, {"arch", h.Arch, "/-."},
	} {
		switch {
		case p.value == "":
			return invalid("package has no %s", p.what)
		case len(p.value) > maxNamePart:
			return invalid("package %s of %d bytes is too long", p.what, len(p.value))
		case strings.ContainsAny(p.value, p.not), strings.HasPrefix(p.value, "."), strings.ContainsFunc(p.value, notInName):
			return invalid("package %s %q has characters that are not allowed there", p.what, p.value)
		}
	}
	return nil
}

func notInName(r rune) bool { return r <= ' ' || r == 0x7f }

// NVR is name-version-release.
func (h *Header) NVR() string { return h.Name + "-" + h.Version + "-" + h.Release }

// NVRA is name-version-release.arch.
func (h *Header) NVRA() string { return h.NVR() + "." + h.Arch }

// FileName is the name Koji gives the package's file, n-v-r.a.rpm. Koji calls a
// package without all of its sources .src.rpm too.
func (h *Header) FileName() string { return h.NVRA() + ".rpm" }

// fileSize is what the signature header says of the size of the whole file.
func (h *Header) fileSize() (int64, bool) {
	f := &fields{store: h.store}
	size := f.number(tagLongSigSize)
	if size == 0 {
		size = f.number(sigSize)
	}
	if size == 0 || f.err != nil {
		return 0, false
	}
	return leadSize + int64(len(h.Signature.Header)) + size, true
}

// VerifyPayload reads the whole file and compares it with the MD5 in its
// signature header. A package that has none cannot be verified: an error too.
func (f *File) VerifyPayload() error {
	if f.SigMD5 == "" {
		return fmt.Errorf("verify rpm %s: it has no SIGMD5", f.Path)
	}
	r, err := os.Open(f.Path)
	if err != nil {
		return fmt.Errorf("verify rpm: %w", err)
	}
	defer r.Close()
	if _, err := r.Seek(leadSize+int64(len(f.Signature.Header)), io.SeekStart); err != nil {
		return fmt.Errorf("verify rpm %s: %w", f.Path, err)
	}
	sum := md5.New()
	if _, err := io.Copy(sum, r); err != nil {
		return fmt.Errorf("verify rpm %s: %w", f.Path, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SigMD5 {
		return fmt.Errorf("verify rpm %s: %w: MD5 is %s, the signature header says %s", f.Path, ErrNotRPM, got, f.SigMD5)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrNotRPM}, args...)...)
}
