package rpmfile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
)

// ContentDigest is the same for two packages that do the same once installed,
// wherever they were built: Koji builds a noarch package on several arches and
// refuses the build when the results differ. It covers name, version, release,
// epoch, arch, license, texts, dependencies, scriptlets and the files with
// their mode, owner, flags, content and links. It leaves out what differs from
// machine to machine: times, the build host, the build platform and flags, the
// rpm that wrote it, the payload's compression, sizes of directories, and
// rpmlib() requirements. The digest is hex SHA-256.
func (h *Header) ContentDigest() string {
	sum := sha256.New()
	put(sum, "package", h.Name, h.Version, h.Release, h.Epoch != nil, h.epoch(), h.Arch, h.Source, h.License, h.Summary, h.Description, h.Group, h.URL,
		h.Vendor, h.Packager, h.Distribution, h.SourceRPM)
	put(sum, "arches", h.ExclusiveArch, h.ExcludeArch, h.BuildArchs)

	deps := slices.DeleteFunc(slices.Clone(h.Deps), func(d Dep) bool { return d.Type == Require && d.Flags&senseRPMLib != 0 })
	slices.SortFunc(deps, func(a, b Dep) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Flags, b.Flags), cmp.Compare(a.Version, b.Version))
	})
	for _, d := range deps {
		put(sum, "dep", int(d.Type), d.Name, d.Flags, d.Version)
	}
	files := slices.Clone(h.Files)
	slices.SortFunc(files, func(a, b FileEntry) int { return cmp.Compare(a.Name, b.Name) })
	for _, e := range files {
		size := e.Size
		if e.Mode&modeType == modeDir {
			size = 0
		}
		put(sum, "file", e.Name, e.Mode, e.User, e.Group, e.Flags, size, e.DigestAlgo, e.Digest, e.LinkTo)
	}
	f := &fields{store: h.store}
	for _, t := range scriptTags() {
		put(sum, "script", t, stored(f, tag{number: t, list: true}))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

const (
	senseRPMLib = 1 << 24
	modeType    = 0o170000
	modeDir     = 0o040000
)

func (h *Header) epoch() int64 {
	if h.Epoch == nil {
		return 0
	}
	return *h.Epoch
}

// put writes values so that no two lists of values give the same bytes.
func put(sum hash.Hash, values ...any) {
	for _, v := range values {
		fmt.Fprintf(sum, "%#v\x00", v)
	}
}

// scriptTags are the scriptlets, their interpreters and triggers.
func scriptTags() []int {
	tags := []int{1023, 1024, 1025, 1026, 1079, 1085, 1086, 1087, 1088, 1091, 1151, 1152, 1153, 1154}
	tags = append(tags, 1065, 1066, 1067, 1068, 1069, 1092) // triggers
	for t := 5066; t <= 5089; t++ {                         // file triggers and transaction file triggers
		tags = append(tags, t)
	}
	return tags
}
