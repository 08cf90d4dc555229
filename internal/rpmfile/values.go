package rpmfile

import (
	"strings"
	"unicode/utf8"

	"github.com/sassoftware/go-rpmutils"
)

// Types of header values (reference/enums.md, RPM header constants).
const (
	typeChar        = 1
	typeInt8        = 2
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18N        = 9
)

// Tags that the parser has no name for.
const (
	tagSourcePackage = 1106
	tagNoSource      = 1051
	tagNoPatch       = 1052
	tagExclusiveArch = 1061
	tagExcludeArch   = 1059
	tagBuildArchs    = 1089
	tagLongSigSize   = 270
)

// fields reads values of a header and keeps the first error, so that a long run
// of reads is checked once. An absent tag is no error: it has the zero value.
type fields struct {
	raw *rpmutils.RpmHeader
	err error
}

func (f *fields) has(tag int) bool { return f.raw.HasTag(tag) }

func (f *fields) fail(tag int, err error) {
	if f.err == nil {
		f.err = invalid("header tag %d: %w", tag, err)
	}
}

func (f *fields) texts(tag int) []string {
	if !f.has(tag) {
		return nil
	}
	values, err := f.raw.GetStrings(tag)
	if err != nil {
		f.fail(tag, err)
		return nil
	}
	for i, v := range values {
		values[i] = text(v)
	}
	return values
}

// text is the first value of a tag: that of the C locale where there are several.
func (f *fields) text(tag int) string {
	if values := f.texts(tag); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (f *fields) numbers(tag int) []int64 {
	if !f.has(tag) {
		return nil
	}
	// The parser has nothing to say of a type that is not a number, so ask first.
	switch value, err := f.raw.Get(tag); value.(type) {
	case []uint8, []uint16, []uint32, []uint64:
	default:
		if err == nil {
			err = errNotNumber
		}
		f.fail(tag, err)
		return nil
	}
	values, err := f.raw.GetUint64s(tag)
	if err != nil {
		f.fail(tag, err)
		return nil
	}
	numbers := make([]int64, len(values))
	for i, v := range values {
		if v > 1<<63-1 {
			f.fail(tag, errTooLarge)
			return nil
		}
		numbers[i] = int64(v)
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
