package rpmfile

import (
	"errors"
)

var (
	errUneven       = errors.New("lists that belong together differ in length")
	errNotNumber    = errors.New("value is not a number")
	errNotText      = errors.New("value is not text")
	errTooLarge     = errors.New("number is too large")
	errPaths        = errors.New("file names are too long")
	errDirIndex     = errors.New("directory index is out of range")
	errTexts        = errors.New("texts of the files are too long")
	errTriggerIndex = errors.New("trigger index is out of range")
	errDependsDict  = errors.New("index into the dependency dictionary is out of range")
)

// FileEntry is one file of a package.
type FileEntry struct {
	Name       string // full path; the plain name in a source package
	Digest     string // hex; empty for what has no content
	DigestAlgo string // md5, sha1, ripemd160, sha256, sha384, sha512, sha224; empty when unknown
	Size       int64
	Flags      int64 // RPMFILE bits: config 1, doc 2, ghost 64 …
	User       string
	Group      string
	MTime      int64 // seconds since 1970
	Mode       int64 // st_mode with the file type
	LinkTo     string
}

// MD5 is the field of that name in Koji's file records, which holds the digest
// whatever its algorithm.
func (e FileEntry) MD5() string { return e.Digest }

// Change is one changelog entry.
type Change struct {
	Date   int64 // seconds since 1970
	Author string
	Text   string
}

func readFiles(f *fields) []FileEntry {
	names := fileNames(f)
	n := len(names)
	if n == 0 {
		return nil
	}
	sizes := f.numbers(tagLongFileSizes)
	if sizes == nil {
		sizes = f.numbers(tagFileSizes)
	}
	digests, links := f.texts(tagFileDigests), f.texts(tagFileLinkTos)
	users, groups := f.texts(tagFileUserName), f.texts(tagFileGroupName)
	flags, modes, mtimes := f.numbers(tagFileFlags), f.numbers(tagFileModes), f.numbers(tagFileMTimes)
	for _, length := range []int{len(sizes), len(digests), len(links), len(users), len(groups), len(flags), len(modes), len(mtimes)} {
		if length != n && length != 0 {
			f.fail(tagBaseNames, errUneven)
			return nil
		}
	}
	algo := digestName(f.number(tagFileDigestAlgo))
	files := make([]FileEntry, n)
	for i, name := range names {
		files[i] = FileEntry{
			Name: name, DigestAlgo: algo, Digest: at(digests, i), Size: at(sizes, i), Flags: at(flags, i), User: at(users, i),
			Group: at(groups, i), MTime: at(mtimes, i), Mode: at(modes, i), LinkTo: at(links, i),
		}
	}
	return files
}

// at is the value of file i, or nothing when the package leaves the whole list out.
func at[T any](list []T, i int) T {
	if i < len(list) {
		return list[i]
	}
	var none T
	return none
}

const (
	tagLongFileSizes  = 5008
	tagFileDigestAlgo = 5011
	tagOldFileNames   = 1027
)

// fileNames joins directories and base names. The names of a small hostile
// header could fill the memory, so their sum is bounded.
func fileNames(f *fields) []string {
	if f.has(tagOldFileNames) {
		return f.texts(tagOldFileNames)
	}
	bases, dirs, index := f.texts(tagBaseNames), f.texts(tagDirNames), f.numbers(tagDirIndexes)
	if len(bases) != len(index) {
		f.fail(tagBaseNames, errUneven)
		return nil
	}
	names, total := make([]string, len(bases)), 0
	for i, base := range bases {
		if index[i] >= int64(len(dirs)) {
			f.fail(tagDirIndexes, errDirIndex)
			return nil
		}
		dir := dirs[index[i]]
		length := len(dir) + len(base)
		if total += length; length > maxPath || total > maxPaths {
			f.fail(tagBaseNames, errPaths)
			return nil
		}
		names[i] = dir + base
	}
	return names
}

// digestName names an algorithm by its OpenPGP number (reference/enums.md).
func digestName(algo int64) string {
	switch algo {
	case 0, 1:
		return "md5"
	case 2:
		return "sha1"
	case 3:
		return "ripemd160"
	case 8:
		return "sha256"
	case 9:
		return "sha384"
	case 10:
		return "sha512"
	case 11:
		return "sha224"
	}
	return ""
}

func readChangelog(f *fields) []Change {
	times, names, texts := f.numbers(tagChangelogTime), f.texts(tagChangelogName), f.texts(tagChangelogText)
	if len(times) != len(names) || len(names) != len(texts) {
		f.fail(tagChangelogTime, errUneven)
		return nil
	}
	changes := make([]Change, len(times))
	for i := range changes {
		changes[i] = Change{Date: times[i], Author: names[i], Text: texts[i]}
	}
	return changes
}
