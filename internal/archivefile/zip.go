package archivefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The records of a zip archive (APPNOTE 4.3). The central directory is read as a
// stream: archive/zip holds all of it in memory.
const (
	entrySignature = 0x02014b50
	endSignature   = 0x06054b50
	endSize        = 22
	locatorSig     = 0x07064b50
	locatorSize    = 20
	end64Signature = 0x06064b50
	end64Size      = 56
	entrySize      = 46
	maxComment     = 0xffff
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func listZip(r io.ReaderAt, size int64, yield func(Entry, error) bool) {
	d, err := findDirectory(r, size)
	if err != nil {
		yield(Entry{}, err)
		return
	}
	in := bufio.NewReader(io.NewSectionReader(r, d.offset, d.size))
	for range d.entries {
		e, err := readEntry(in)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if !yield(e, nil) {
			return
		}
	}
}

// directory is where the central directory lies.
type directory struct {
	entries      uint64
	offset, size int64
}

// findDirectory looks for the record at the end of the file, before which the
// directory lies. What stands in front of the archive shifts all its offsets.
func findDirectory(r io.ReaderAt, size int64) (directory, error) {
	tail := make([]byte, min(size, endSize+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return directory{}, err
	}
	at := -1
	for end := len(tail); at < 0; {
		i := bytes.LastIndex(tail[:end], []byte("PK\x05\x06"))
		if i < 0 {
			return directory{}, malformed("no end of a central directory")
		}
		if len(tail)-i >= endSize && i+endSize+int(binary.LittleEndian.Uint16(tail[i+20:])) <= len(tail) {
			at = i
		}
		end = min(len(tail), i+3)
	}
	record := tail[at:]
	end := size - int64(len(record)) // where the directory's end should be
	entries := uint64(binary.LittleEndian.Uint16(record[10:]))
	length, offset := uint64(binary.LittleEndian.Uint32(record[12:])), uint64(binary.LittleEndian.Uint32(record[16:]))
	if entries == 0xffff || length == 0xffffffff || offset == 0xffffffff {
		e, l, o, at64, found, err := findEnd64(r, end)
		if err != nil {
			return directory{}, err
		}
		if found {
			entries, length, offset, end = e, l, o, at64
		}
	}
	if length > uint64(end) || offset > uint64(end) {
		return directory{}, malformed("a central directory beyond the file")
	}
	if entries > length/entrySize {
		return directory{}, malformed("%d entries in a directory of %d bytes", entries, length)
	}
	return directory{entries, end - int64(length), int64(length)}, nil
}

// findEnd64 reads the record that archives have which are too large for the old one.
func findEnd64(r io.ReaderAt, end int64) (entries, length, offset uint64, at int64, found bool, err error) {
	if end < locatorSize {
		return 0, 0, 0, 0, false, nil
	}
	locator := make([]byte, locatorSize)
	if _, err := r.ReadAt(locator, end-locatorSize); err != nil {
		return 0, 0, 0, 0, false, err
	}
	if binary.LittleEndian.Uint32(locator) != locatorSig {
		return 0, 0, 0, 0, false, nil
	}
	told := binary.LittleEndian.Uint64(locator[8:])
	for _, at := range []int64{end - locatorSize - end64Size, int64(min(told, 1<<62))} {
		if at < 0 || at > end-locatorSize-end64Size {
			continue
		}
		record := make([]byte, end64Size)
		if _, err := r.ReadAt(record, at); err != nil {
			return 0, 0, 0, 0, false, err
		}
		if binary.LittleEndian.Uint32(record) == end64Signature {
			return binary.LittleEndian.Uint64(record[32:]), binary.LittleEndian.Uint64(record[40:]), binary.LittleEndian.Uint64(record[48:]), at, true, nil
		}
	}
	return 0, 0, 0, 0, false, malformed("no end of a 64-bit central directory")
}

func readEntry(r *bufio.Reader) (Entry, error) {
	head := make([]byte, entrySize)
	if _, err := io.ReadFull(r, head); err != nil {
		return Entry{}, malformed("cut in its directory")
	}
	if binary.LittleEndian.Uint32(head) != entrySignature {
		return Entry{}, malformed("no entry where its directory goes on")
	}
	flags := binary.LittleEndian.Uint16(head[8:])
	nameLen, extraLen := binary.LittleEndian.Uint16(head[28:]), binary.LittleEndian.Uint16(head[30:])
	rest := make([]byte, int(nameLen)+int(extraLen))
	if _, err := io.ReadFull(r, rest); err != nil {
		return Entry{}, malformed("cut in its directory")
	}
	if _, err := r.Discard(int(binary.LittleEndian.Uint16(head[32:]))); err != nil {
		return Entry{}, malformed("cut in its directory")
	}
	e := Entry{
		Name:  zipName(rest[:nameLen], flags&0x800 != 0),
		Size:  int64(binary.LittleEndian.Uint32(head[24:])),
		MTime: dosTime(binary.LittleEndian.Uint16(head[14:]), binary.LittleEndian.Uint16(head[12:])),
	}
	if e.Size == 0xffffffff {
		if size, ok := size64(rest[nameLen:]); ok {
			e.Size = size
		}
	}
	return e, nil
}

// size64 is a file's size in the extra field of those too large for the old record.
func size64(extra []byte) (int64, bool) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return 0, false
		}
		if id == 1 && n >= 8 {
			size := int64(binary.LittleEndian.Uint64(extra))
			return size, size >= 0
		}
		extra = extra[n:]
	}
	return 0, false
}

// zipName reads a name. Where it isn't said to be UTF-8, it often is all the
// same; else it is in the letters of the IBM PC.
func zipName(raw []byte, utf bool) string {
	if utf || utf8.Valid(raw) {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	var b strings.Builder
	for _, c := range raw {
		if c < 0x80 {
			b.WriteByte(c)
		} else {
			b.WriteRune(ibmPC[c-0x80])
		}
	}
	return b.String()
}

// ibmPC are the upper 128 characters of code page 437.
var ibmPC = []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0")

func dosTime(date, clock uint16) int64 {
	return time.Date(int(date>>9)+1980, time.Month(date>>5&0xf), int(date&0x1f), int(clock>>11), int(clock>>5&0x3f), int(clock&0x1f)*2, 0, time.UTC).Unix()
}
