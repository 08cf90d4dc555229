package rpmfile

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// value is what a tag holds.
type value struct {
	kind  uint32
	count int
	data  []byte // as in the file
}

// tags are the values of a header by their tags.
type tags map[int]value

// readTags reads a header that was checked. Of a tag that stands there twice the
// first counts.
func readTags(header []byte) tags {
	index, data := split(header)
	all := make(tags, len(index)/entrySize)
	for ; len(index) > 0; index = index[entrySize:] {
		tag := int(int32(binary.BigEndian.Uint32(index)))
		if _, twice := all[tag]; twice {
			continue
		}
		v := value{kind: binary.BigEndian.Uint32(index[4:]), count: int(binary.BigEndian.Uint32(index[12:]))}
		v.data = data[binary.BigEndian.Uint32(index[8:]):]
		length, _ := valueLength(v.kind, v.count, v.data)
		v.data = v.data[:length]
		all[tag] = v
	}
	return all
}

// binary is the value of a tag of binary type, nil without it.
func (t tags) binary(tag int) []byte {
	if v := t[tag]; v.kind == typeBin {
		return v.data
	}
	return nil
}

// texts are the value's, if it is of texts.
func (v value) texts() ([]string, bool) {
	switch v.kind {
	case typeString, typeStringArray, typeI18N:
	default:
		return nil, false
	}
	texts := make([]string, v.count)
	rest := v.data
	for i := range texts {
		var word []byte
		word, rest, _ = bytes.Cut(rest, []byte{0})
		texts[i] = text(string(word))
	}
	return texts, true
}

// numbers are the value's, if it is of numbers.
func (v value) numbers() ([]uint64, bool) {
	width := numberWidth(v.kind)
	if width == 0 {
		return nil, false
	}
	numbers := make([]uint64, v.count)
	for i := range numbers {
		for _, b := range v.data[i*width : (i+1)*width] {
			numbers[i] = numbers[i]<<8 | uint64(b)
		}
	}
	return numbers, true
}

// numberWidth is how many bytes a number of a type takes, 0 if it isn't one of numbers.
func numberWidth(kind uint32) int {
	switch kind {
	case typeChar, typeInt8:
		return 1
	case typeInt16:
		return 2
	case typeInt32:
		return 4
	case typeInt64:
		return 8
	}
	return 0
}

// store is the two headers of a package.
type store struct{ signature, general tags }

// Tags of the signature header that have the numbers of others in the general
// one are known here by numbers above all others'.
const (
	sigOffset      = 1 << 14
	sigSize        = sigOffset + 1000
	sigPayloadSize = sigOffset + 1007
)

func (s store) get(tag int) (value, bool) {
	from := s.general
	switch {
	case tag > sigOffset:
		tag -= sigOffset
		from = s.signature
	case tag < tagName:
		from = s.signature
	}
	v, ok := from[tag]
	return v, ok
}

// readStore reads both headers, and compares the general one with the digest
// that the signature header has of it.
func readStore(b blobs) (store, error) {
	s := store{signature: readTags(b.signature()), general: readTags(b.general())}
	f := &fields{store: s}
	if want := f.text(tagSHA256Header); want != "" {
		if sum := sha256.Sum256(b.general()); hex.EncodeToString(sum[:]) != want {
			return store{}, invalid("the header's SHA-256 is not what the signature header says")
		}
	} else if want := f.text(tagSHA1Header); want != "" {
		if sum := sha1.Sum(b.general()); hex.EncodeToString(sum[:]) != want {
			return store{}, invalid("the header's SHA-1 is not what the signature header says")
		}
	}
	if f.err != nil {
		return store{}, f.err
	}
	return s, nil
}
