package buildroot

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// packageFormat makes rpm print what [parsePackages] reads.
const packageFormat = `%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\t%{SIGMD5}\t%{LONGSIZE}\t%{BUILDTIME}\n`

// parsePackages reads rpm's listing. Keys kept as packages are left out.
func parsePackages(text string) ([]Package, error) {
	var out []Package
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 8 {
			// rpm's warnings share the stream.
			continue
		}
		if f[0] == "gpg-pubkey" {
			continue
		}
		p := Package{Name: f[0], Version: f[1], Release: f[2], Arch: f[4], SigMD5: f[5]}
		if p.SigMD5 == "(none)" {
			p.SigMD5 = ""
		}
		var err error
		if f[3] != "(none)" {
			var e int64
			if e, err = strconv.ParseInt(f[3], 10, 64); err != nil {
				return nil, fmt.Errorf("read epoch of %s: %w", p.Name, err)
			}
			p.Epoch = &e
		}
		for i, n := range map[int]*int64{6: &p.Size, 7: &p.BuildTime} {
			if f[i] == "(none)" {
				continue
			}
			if *n, err = strconv.ParseInt(f[i], 10, 64); err != nil {
				return nil, fmt.Errorf("read package %s: %w", p.Name, err)
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Release, b.Release), cmp.Compare(a.Arch, b.Arch))
	})
	return out, nil
}

// lastLine is the last line with something in it.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
