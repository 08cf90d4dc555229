package archivefile

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

var noon = time.Date(2026, 1, 2, 12, 0, 4, 0, time.UTC)

func makeZip(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: noon})
		if err == nil && !strings.HasSuffix(name, "/") {
			_, err = io.WriteString(f, strings.Repeat(name, 10))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeTar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "x"}},
		{Typeflag: tar.TypeDir, Name: "dir/", Mode: 0o755, Uname: "root", Gname: "wheel", ModTime: noon},
		{Typeflag: tar.TypeReg, Name: "dir/a.txt", Mode: 0o644, Size: 5, Uname: "u", Gname: "g", ModTime: noon},
		{Typeflag: tar.TypeSymlink, Name: "dir/link", Linkname: "/etc/passwd", Mode: 0o777, ModTime: noon},
		{Typeflag: tar.TypeReg, Name: "../" + strings.Repeat("long/", 50) + "ü", Mode: 0o600, ModTime: noon, Format: tar.FormatPAX},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all reads a list to its end.
func all(seq iter.Seq2[Entry, error]) (list []Entry, err error) {
	for e, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
	return list, nil
}

func TestZip(t *testing.T) {
	t.Parallel()
	data := makeZip(t, "META-INF/", "META-INF/MANIFEST.MF", "umlaut-ä")
	want := []Entry{
		{Name: "META-INF/", MTime: noon.Unix()},
		{Name: "META-INF/MANIFEST.MF", Size: 200, MTime: noon.Unix()},
		{Name: "umlaut-ä", Size: 90, MTime: noon.Unix()},
	}
	for name, data := range map[string][]byte{"plain": data, "behind a script": append([]byte("#!/bin/sh\nexec java -jar $0\n"), data...)} {
		got, err := all(Zip(t.Context(), bytes.NewReader(data), int64(len(data))))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A 64-bit directory is one where the old record's numbers are all ones.
func TestZip64(t *testing.T) {
	t.Parallel()
	data := makeZip(t, "a", "b")
	end := data[len(data)-endSize:]
	length, offset := binary.LittleEndian.Uint32(end[12:]), binary.LittleEndian.Uint32(end[16:])
	big := bytes.Clone(data[:len(data)-endSize])
	at := uint64(len(big))
	record := make([]byte, end64Size+locatorSize)
	le := binary.LittleEndian
	le.PutUint32(record, end64Signature)
	le.PutUint64(record[4:], end64Size-12)
	le.PutUint64(record[24:], 2)
	le.PutUint64(record[32:], 2)
	le.PutUint64(record[40:], uint64(length))
	le.PutUint64(record[48:], uint64(offset))
	le.PutUint32(record[end64Size:], locatorSig)
	le.PutUint64(record[end64Size+8:], at)
	le.PutUint32(record[end64Size+16:], 1)
	last := make([]byte, endSize)
	le.PutUint32(last, endSignature)
	for i := 8; i < 20; i++ {
		last[i] = 0xff
	}
	big = append(append(big, record...), last...)
	got, err := all(Zip(t.Context(), bytes.NewReader(big), int64(len(big))))
	if err != nil || len(got) != 2 || got[1].Name != "b" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestZipNames(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"a": "a", "\x81.txt": "ü.txt", "ü": "ü", "\xff": "\u00a0", "": ""} {
		if got := zipName([]byte(raw), false); got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
	if got := zipName([]byte("a\xff"), true); got != "a\uFFFD" {
		t.Errorf("broken UTF-8 is %q", got)
	}
}

func TestTar(t *testing.T) {
	t.Parallel()
	plain := makeTar(t)
	packed := func(w func(io.Writer) (io.WriteCloser, error)) []byte {
		var b bytes.Buffer
		z, err := w(&b)
		if err == nil {
			_, err = z.Write(plain)
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	want := []Entry{
		{"dir", 0, noon.Unix(), 0o755, "root", "wheel"},
		{"dir/a.txt", 5, noon.Unix(), 0o644, "u", "g"},
		{"dir/link", 0, noon.Unix(), 0o777, "", ""},
		{"../" + strings.Repeat("long/", 50) + "ü", 0, noon.Unix(), 0o600, "", ""},
	}
	for name, data := range map[string][]byte{
		"plain": plain,
		"gzip":  packed(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }),
		"xz":    packed(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
		"zstd":  packed(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
	} {
		got, err := all(Tar(t.Context(), bytes.NewReader(data), int64(len(data))))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	jar, ball := makeZip(t, "a", "b"), makeTar(t)
	end := len(jar) - endSize
	patched := func(data []byte, at int, with ...byte) []byte {
		data = bytes.Clone(data)
		copy(data[at:], with)
		return data
	}
	for _, c := range []struct {
		name string
		list func(context.Context, io.ReaderAt, int64) iter.Seq2[Entry, error]
		data []byte
	}{
		{"empty zip file", Zip, nil},
		{"no zip", Zip, []byte("no zip at all, but longer than the record at an archive's end")},
		{"cut zip", Zip, jar[:len(jar)-10]},
		{"cut directory", Zip, append(bytes.Clone(jar[:30]), jar[end:]...)},
		{"directory beyond the file", Zip, patched(jar, end+12, 0xff, 0xff, 0xff, 0x7f)},
		{"more entries than fit", Zip, patched(jar, end+8, 0xfe, 0xff, 0xfe, 0xff)},
		{"fewer bytes than entries", Zip, patched(jar, end+12, 1, 0, 0, 0)},
		{"64-bit record missing", Zip, patched(jar, end+8, bytes.Repeat([]byte{0xff}, 12)...)},
		{"tar of text", Tar, bytes.Repeat([]byte("no tar\n"), 200)},
		{"cut tar", Tar, ball[:1500]},
		{"cut gzip", Tar, []byte("\x1f\x8b\x08\x00\x00")},
		{"no xz behind its magic", Tar, []byte("\xfd7zXZ\x00rest")},
		{"no bzip2 behind its magic", Tar, []byte("BZh9rest of it")},
		{"no zstd behind its magic", Tar, []byte("\x28\xb5\x2f\xfdrest")},
		{"huge xz dictionary", Tar, hugeXZ(t)},
	} {
		if got, err := all(c.list(t.Context(), bytes.NewReader(c.data), int64(len(c.data)))); !errors.Is(err, ErrFormat) && !errors.Is(err, ErrLimit) {
			t.Errorf("%s: got %d entries and %v", c.name, len(got), err)
		}
	}
}

// hugeXZ is a file whose reader would need 4 GB.
func hugeXZ(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(makeTar(t)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	// Block header at 12: size, flags, filter id, properties' size, dictionary.
	header := data[12 : 12+(int(data[12])+1)*4]
	header[4] = 40
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
	return data
}

func TestLimits(t *testing.T) {
	t.Parallel()
	long := makeZip(t, strings.Repeat("x", maxName+1))
	if _, err := all(Zip(t.Context(), bytes.NewReader(long), int64(len(long)))); !errors.Is(err, ErrLimit) {
		t.Errorf("a name beyond the limit: %v", err)
	}
	n := 0
	for _, err := range limited(t.Context(), func(yield func(Entry, error) bool) {
		for yield(Entry{}, nil) {
		}
	}) {
		if err != nil {
			if !errors.Is(err, ErrLimit) {
				t.Error(err)
			}
			break
		}
		n++
	}
	if n != MaxEntries {
		t.Errorf("%d entries, want %d", n, MaxEntries)
	}
	w := &watched{ctx: t.Context(), r: zeros{}, left: 1 << 20}
	if n, err := io.Copy(io.Discard, struct{ io.Reader }{w}); n > 2<<20 || !errors.Is(err, ErrLimit) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := makeTar(t)
	if _, err := all(Tar(ctx, bytes.NewReader(data), int64(len(data)))); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func FuzzZip(f *testing.F) {
	f.Add(makeZip(f, "a", "b/"))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = all(Zip(context.Background(), bytes.NewReader(data), int64(len(data))))
	})
}

func FuzzTar(f *testing.F) {
	f.Add(makeTar(f))
	f.Add([]byte("\x1f\x8b\x08\x00\x00"))
	f.Add(hugeXZ(f))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = all(Tar(context.Background(), bytes.NewReader(data), int64(len(data))))
	})
}
