package rpmfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Limits on what is taken in. The largest headers of real distributions
// (kernels, TeX) are below half of them.
const (
	maxHeader    = 64 << 20 // bytes of one header's data
	maxSignature = 8 << 20  // bytes of the signature header's data
	maxEntries   = 1 << 16  // tags in a header
	maxList      = 1 << 20  // values of one tag
	maxPaths     = 64 << 20 // bytes of all file names of a package together
	maxTexts     = 64 << 20 // bytes of a derived list of texts
	maxPath      = 4096     // bytes of one of them
	maxNamePart  = 256      // bytes of a name, version, release or arch
)

const (
	leadSize  = 96
	introSize = 16
	entrySize = 16
)

// blobs are the lead, the signature header with its padding, and the general
// header, as they stand in the file.
type blobs struct {
	data   []byte
	sigEnd int
}

func (b blobs) signature() []byte { return b.data[leadSize:b.sigEnd] }
func (b blobs) general() []byte   { return b.data[b.sigEnd:] }

// readBlobs takes the headers in. What reads their tags later on may take for
// granted that every tag's data lies inside the header, that counts fit the
// data, and that the tags do not share data, which bounds all later work by the
// size of the header.
func readBlobs(r io.Reader) (blobs, error) {
	var buf bytes.Buffer
	if err := take(r, &buf, leadSize, "lead"); err != nil {
		return blobs{}, err
	}
	if !bytes.HasPrefix(buf.Bytes(), []byte{0xed, 0xab, 0xee, 0xdb}) {
		return blobs{}, invalid("no lead")
	}
	if err := takeHeader(r, &buf, "signature header", maxSignature); err != nil {
		return blobs{}, err
	}
	if err := take(r, &buf, (8-buf.Len()%8)%8, "padding after the signature header"); err != nil {
		return blobs{}, err
	}
	sigEnd := buf.Len()
	if err := takeHeader(r, &buf, "header", maxHeader); err != nil {
		return blobs{}, err
	}
	return blobs{data: buf.Bytes(), sigEnd: sigEnd}, nil
}

// take appends n bytes of r to buf; the buffer grows with what really comes.
func take(r io.Reader, buf *bytes.Buffer, n int, what string) error {
	switch got, err := io.CopyN(buf, r, int64(n)); {
	case errors.Is(err, io.EOF):
		return invalid("truncated in the %s, %d of %d bytes", what, got, n)
	case err != nil:
		return err
	}
	return nil
}

func takeHeader(r io.Reader, buf *bytes.Buffer, what string, limit uint32) error {
	start := buf.Len()
	if err := take(r, buf, introSize, what); err != nil {
		return err
	}
	intro := buf.Bytes()[start:]
	if !bytes.HasPrefix(intro, []byte{0x8e, 0xad, 0xe8, 0x01}) {
		return invalid("%s has the wrong magic number", what)
	}
	entries, size := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if entries == 0 || entries > maxEntries || size > limit {
		return invalid("%s with %d tags and %d bytes: at most %d tags and %d bytes are taken", what, entries, size, maxEntries, limit)
	}
	if err := take(r, buf, int(entries)*entrySize+int(size), what); err != nil {
		return err
	}
	return checkEntries(buf.Bytes()[start:], what)
}

// split is the index of a header, a row a tag, and the data behind it.
func split(header []byte) (index, data []byte) {
	body := header[introSize:]
	end := binary.BigEndian.Uint32(header[8:]) * entrySize
	return body[:end], body[end:]
}

// checkEntries checks the index of a header against its data.
func checkEntries(header []byte, what string) error {
	index, data := split(header)
	left := len(data) // of the data, what no tag has taken yet
	for ; len(index) > 0; index = index[entrySize:] {
		number, kind := int32(binary.BigEndian.Uint32(index)), binary.BigEndian.Uint32(index[4:])
		offset, count := binary.BigEndian.Uint32(index[8:]), binary.BigEndian.Uint32(index[12:])
		if count == 0 || int64(count) > int64(len(data)) || int64(offset) >= int64(len(data)) {
			return invalid("%s: tag %d: %d values at offset %d of %d bytes", what, number, count, offset, len(data))
		}
		length, ok := valueLength(kind, int(count), data[offset:])
		if !ok {
			return invalid("%s: tag %d: %d values of type %d do not fit", what, number, count, kind)
		}
		if left -= length; left < 0 {
			return invalid("%s: tag %d: tags share data", what, number)
		}
	}
	return nil
}

// valueLength is the number of bytes that count values of a type take of data.
func valueLength(kind uint32, count int, data []byte) (int, bool) {
	width := numberWidth(kind)
	switch kind {
	case typeString, typeStringArray, typeI18N:
		if kind == typeString && count != 1 {
			return 0, false
		}
		return stringsLength(count, data)
	case typeBin:
		width = 1
	}
	if width == 0 {
		return 0, false
	}
	if kind != typeBin && count > maxList {
		return 0, false
	}
	return width * count, width*count <= len(data)
}

func stringsLength(count int, data []byte) (int, bool) {
	if count > maxList {
		return 0, false
	}
	length := 0
	for range count {
		end := bytes.IndexByte(data[length:], 0)
		if end < 0 {
			return 0, false
		}
		length += end + 1
	}
	return length, true
}
