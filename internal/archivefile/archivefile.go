// Package archivefile lists what is in zip and tar archives, one entry after
// the other and within limits: archives come from anyone.
package archivefile

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Entry is one file, folder or link in an archive. Mode, User and Group are a
// tar archive's only.
type Entry struct {
	Name  string
	Size  int64
	MTime int64 // Unix time; of a zip, whose times have no zone, as if they were UTC
	Mode  int64
	User  string
	Group string
}

// Limits of an archive. Its list ends with ErrLimit where it goes beyond.
const (
	MaxEntries  = 1_000_000
	maxInflated = 64 << 30  // of a compressed tar
	maxMemory   = 128 << 20 // of a decompressor
	maxName     = 4096
)

// ErrLimit is what a list ends with that is too long to be read on.
var ErrLimit = errors.New("the archive is beyond the limits of what is listed")

// ErrFormat is what a list ends with when the file isn't what it is taken for.
var ErrFormat = errors.New("damaged or no such archive")

// Zip lists a zip archive, which jar files are too, from its central directory.
// The list ends with an error that is ErrFormat, ErrLimit, the context's or the file's own.
func Zip(ctx context.Context, r io.ReaderAt, size int64) iter.Seq2[Entry, error] {
	return limited(ctx, func(yield func(Entry, error) bool) { listZip(r, size, yield) })
}

// Tar lists a tar archive, plain or compressed with gzip, bzip2, xz or zstd:
// its first bytes tell. The list ends as Zip's does.
func Tar(ctx context.Context, r io.ReaderAt, size int64) iter.Seq2[Entry, error] {
	return limited(ctx, func(yield func(Entry, error) bool) { listTar(ctx, r, size, yield) })
}

// limited ends a list with its context, and after as many entries as may be.
func limited(ctx context.Context, list func(func(Entry, error) bool)) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		n := 0
		list(func(e Entry, err error) bool {
			n++
			switch {
			case err != nil:
			case n > MaxEntries || len(e.Name) > maxName:
				err = ErrLimit
			default:
				err = ctx.Err()
			}
			if err != nil {
				yield(Entry{}, err)
				return false
			}
			return yield(e, nil)
		})
	}
}
