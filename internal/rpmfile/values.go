package rpmfile

import (
	"strings"
	"unicode/utf8"
)

// Tags that are read by number.
const (
	tagSHA1Header    = 269
	tagLongSigSize   = 270
	tagSHA256Header  = 273
	tagName          = 1000
	tagVersion       = 1001
	tagRelease       = 1002
	tagEpoch         = 1003
	tagSummary       = 1004
	tagDescription   = 1005
	tagBuildTime     = 1006
	tagBuildHost     = 1007
	tagSize          = 1009
	tagDistribution  = 1010
	tagVendor        = 1011
	tagLicense       = 1014
	tagPackager      = 1015
	tagGroup         = 1016
	tagURL           = 1020
	tagArch          = 1022
	tagFileSizes     = 1028
	tagFileModes     = 1030
	tagFileMTimes    = 1034
	tagFileDigests   = 1035
	tagFileLinkTos   = 1036
	tagFileFlags     = 1037
	tagFileUserName  = 1039
	tagFileGroupName = 1040
	tagSourceRPM     = 1044
	tagNoSource      = 1051
	tagNoPatch       = 1052
	tagExcludeArch   = 1059
	tagExclusiveArch = 1061
	tagChangelogTime = 1080
	tagChangelogName = 1081
	tagChangelogText = 1082
	tagBuildArchs    = 1089
	tagFileDevices   = 1095
	tagFileInodes    = 1096
	tagSourcePackage = 1106
	tagDirIndexes    = 1116
	tagBaseNames     = 1117
	tagDirNames      = 1118
)

// fields reads values of a header and keeps the first error, so that a long run
// of reads is checked once. An absent tag is no error: it has the zero value.
type fields struct {
	store store
	err   error
}

func (f *fields) has(tag int) bool {
	_, ok := f.store.get(tag)
	return ok
}

func (f *fields) fail(tag int, err error) {
	if f.err == nil {
		f.err = invalid("header tag %d: %w", tag, err)
	}
}

func (f *fields) texts(tag int) []string {
	v, ok := f.store.get(tag)
	if !ok {
		return nil
	}
	texts, ok := v.texts()
	if !ok {
		f.fail(tag, errNotText)
	}
	return texts
}

// text is the first value of a tag: that of the C locale where there are several.
func (f *fields) text(tag int) string {
	if values := f.texts(tag); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (f *fields) numbers(tag int) []int64 {
	v, ok := f.store.get(tag)
	if !ok {
		return nil
	}
	values, ok := v.numbers()
	if !ok {
		f.fail(tag, errNotNumber)
		return nil
	}
	numbers := make([]int64, len(values))
	for i, n := range values {
		if n > 1<<63-1 {
			f.fail(tag, errTooLarge)
			return nil
		}
		numbers[i] = int64(n)
	}
	return numbers
}

func (f *fields) number(tag int) int64 {
	if values := f.numbers(tag); len(values) > 0 {
		return values[0]
	}
	return 0
}

// text makes sure of UTF-8: what is not is read as Latin-1.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
