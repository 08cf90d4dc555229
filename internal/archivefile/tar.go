package archivefile

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/xi2/xz"
)

func listTar(ctx context.Context, r io.ReaderAt, size int64, yield func(Entry, error) bool) {
	plain, done, err := inflate(io.NewSectionReader(r, 0, size))
	if err != nil {
		yield(Entry{}, broken(err))
		return
	}
	defer done()
	archive := tar.NewReader(&watched{ctx: ctx, r: plain, left: maxInflated})
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(Entry{}, broken(err))
			return
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		e := Entry{
			Name: strings.ToValidUTF8(strings.TrimRight(h.Name, "/"), "\uFFFD"), Size: h.Size, MTime: h.ModTime.Unix(), Mode: h.Mode,
			User: strings.ToValidUTF8(h.Uname, "\uFFFD"), Group: strings.ToValidUTF8(h.Gname, "\uFFFD"),
		}
		if !yield(e, nil) {
			return
		}
	}
}

// broken tells what can be told of a file that can't be read: the context and
// the limits stay what they are.
func broken(err error) error {
	if errors.Is(err, ErrLimit) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}

// inflate undoes the compression that the first bytes show.
func inflate(r *io.SectionReader) (plain io.Reader, done func(), err error) {
	magic := make([]byte, 6)
	n, err := r.ReadAt(magic, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	magic = magic[:n]
	packed := bufio.NewReaderSize(r, 64<<10)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		plain, err = gzip.NewReader(packed)
	case bytes.HasPrefix(magic, []byte("BZh")):
		plain = bzip2.NewReader(packed)
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")):
		plain, err = xz.NewReader(packed, maxMemory)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory), zstd.WithDecoderMaxWindow(maxMemory))
		if err != nil {
			return nil, nil, err
		}
		return d, d.Close, nil
	default:
		plain = r // whose files can be passed over by seeking
	}
	return plain, func() {}, err
}

// watched reads until its context ends or the limit is reached. It seeks where
// what it reads can.
type watched struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if w.left <= 0 {
		return 0, ErrLimit
	}
	n, err := w.r.Read(p)
	w.left -= int64(n)
	return n, err
}

// Seek is asked by the tar reader whether it works, and then spares reading.
func (w *watched) Seek(offset int64, whence int) (int64, error) {
	if s, ok := w.r.(io.Seeker); ok {
		return s.Seek(offset, whence)
	}
	return 0, errors.ErrUnsupported
}
