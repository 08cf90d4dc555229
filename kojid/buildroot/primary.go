package buildroot

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxPrimary bounds a repo's unpacked primary metadata.
const maxPrimary = 4 << 30

// repoPackage is an rpm in a repo, as primary metadata tells of it.
type repoPackage struct {
	Name     string  `xml:"name"`
	Arch     string  `xml:"arch"`
	Version  xmlEVR  `xml:"version"`
	Checksum xmlSum  `xml:"checksum"`
	Size     xmlSize `xml:"size"`
	Location struct {
		Href string `xml:"href,attr"`
		Base string `xml:"base,attr"`
	} `xml:"location"`
	Provides []xmlDep `xml:"format>provides>entry"`
	Requires []xmlDep `xml:"format>requires>entry"`
	Files    []string `xml:"format>file"`
}

type xmlEVR struct {
	Epoch   string `xml:"epoch,attr"`
	Version string `xml:"ver,attr"`
	Release string `xml:"rel,attr"`
}

type xmlSum struct {
	Type string `xml:"type,attr"`
	Hex  string `xml:",chardata"`
}

type xmlSize struct {
	Package int64 `xml:"package,attr"`
}

type xmlDep struct {
	Name  string `xml:"name,attr"`
	Flags string `xml:"flags,attr"`
	xmlEVR
}

func (v xmlEVR) String() string {
	if v.Version == "" {
		return ""
	}
	s := v.Version
	if v.Epoch != "" {
		s = v.Epoch + ":" + s
	}
	if v.Release != "" {
		s += "-" + v.Release
	}
	return s
}

// op is the operator of a requirement.
func (d xmlDep) op() string {
	return map[string]string{"EQ": "=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}[d.Flags]
}

// readPrimary reads the package list of a repo.
func readPrimary(ctx context.Context, repo string) ([]repoPackage, error) {
	href, err := primaryHref(ctx, repo)
	if err != nil {
		return nil, err
	}
	r, err := openRepoFile(ctx, repo, href)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	plain, err := unpacked(href, r)
	if err != nil {
		return nil, fmt.Errorf("read metadata of repo %s: %w", repo, err)
	}
	pkgs, err := parsePrimary(plain)
	if err != nil {
		return nil, fmt.Errorf("read metadata of repo %s: %w", repo, err)
	}
	return pkgs, nil
}

func primaryHref(ctx context.Context, repo string) (string, error) {
	r, err := openRepoFile(ctx, repo, "repodata/repomd.xml")
	if err != nil {
		return "", err
	}
	defer r.Close()
	var md struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.NewDecoder(io.LimitReader(r, 16<<20)).Decode(&md); err != nil {
		return "", fmt.Errorf("read repomd.xml of %s: %w", repo, err)
	}
	for _, d := range md.Data {
		if d.Type == "primary" {
			return d.Location.Href, nil
		}
	}
	return "", fmt.Errorf("repo %s has no primary metadata", repo)
}

func unpacked(name string, r io.Reader) (io.Reader, error) {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "gz":
		return gzip.NewReader(r)
	case "zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case "xz":
		return xz.NewReader(bufio.NewReader(r))
	case "bz2":
		return bzip2.NewReader(r), nil
	}
	return r, nil
}

// parsePrimary reads primary.xml package by package: a distribution's is large.
func parsePrimary(r io.Reader) ([]repoPackage, error) {
	limit := &io.LimitedReader{R: r, N: maxPrimary}
	dec := xml.NewDecoder(limit)
	var out []repoPackage
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "package" {
			continue
		}
		var p repoPackage
		if err := dec.DecodeElement(&p, &start); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
}
