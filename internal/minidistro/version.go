package minidistro

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/rpmpack"
)

// evr is a version as rpm has it; without an epoch, that is rpmpack.NoEpoch.
type evr struct {
	epoch            uint32
	version, release string
}

// parseVersion turns a Debian version, [epoch:]upstream[-revision], into rpm's
// terms. Hyphens and colons within a part become underscores.
func parseVersion(s string) (evr, error) {
	v := evr{epoch: rpmpack.NoEpoch, release: "1"}
	if epoch, rest, ok := strings.Cut(s, ":"); ok {
		n, err := strconv.ParseUint(epoch, 10, 31)
		if err != nil {
			return evr{}, fmt.Errorf("epoch of version %q: %w", s, err)
		}
		v.epoch, s = uint32(n), rest
	}
	v.version = s
	if i := strings.LastIndex(s, "-"); i >= 0 {
		v.version, v.release = s[:i], s[i+1:]
	}
	clean := strings.NewReplacer("-", "_", ":", "_")
	v.version, v.release = clean.Replace(v.version), clean.Replace(v.release)+distTag
	if v.version == "" || v.release == distTag {
		return evr{}, fmt.Errorf("version %q is not one", s)
	}
	return v, nil
}

// String is [epoch:]version-release.
func (v evr) String() string {
	if v.epoch == rpmpack.NoEpoch {
		return v.version + "-" + v.release
	}
	return fmt.Sprintf("%d:%s-%s", v.epoch, v.version, v.release)
}
