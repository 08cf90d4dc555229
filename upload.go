package koji

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"io"
	"net/url"
	"strconv"
)

// UploadOptions are the details of an upload. The zero value uploads a new
// file to the default volume.
type UploadOptions struct {
	Overwrite bool                    // replace a file that is there
	Volume    string                  // DEFAULT if empty
	Blocksize int                     // bytes of one request; Options.UploadBlocksize if zero
	Progress  func(done, total int64) // told after each block; total is -1 if r can't seek
}

// chunkTries is how often a block is sent whose digest doesn't come out right.
const chunkTries = 3

// Upload sends r, to its end, to the file name in dir below the hub's work
// area. Each block is verified by its digest; if one had to be repeated, the
// whole file is. A block whose connection breaks is sent again, by the rules
// of Call. (Koji: reference/wire.md §5)
func (s *Session) Upload(ctx context.Context, dir, name string, r io.Reader, o UploadOptions) error {
	if o.Blocksize <= 0 {
		o.Blocksize = s.o.UploadBlocksize
	}
	total, err := remaining(r)
	if err != nil {
		return fmt.Errorf("upload %s: %w", name, err)
	}
	u := &upload{s: s, dir: dir, name: name, volume: o.Volume}
	whole := adler32.New()
	buf := make([]byte, o.Blocksize)
	var done int64
	for {
		n, err := io.ReadFull(r, buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("upload %s: read: %w", name, err)
		}
		last := err != nil
		if n > 0 || done == 0 { // even an empty file takes one request
			if err := u.chunk(ctx, done, buf[:n], o.Overwrite); err != nil {
				return fmt.Errorf("upload %s: %w", name, err)
			}
			whole.Write(buf[:n])
			done += int64(n)
			if o.Progress != nil {
				o.Progress(done, total)
			}
		}
		if last {
			break
		}
	}
	if err := u.check(ctx, done, whole); err != nil {
		return fmt.Errorf("upload %s: %w", name, err)
	}
	return nil
}

// UploadAt writes data at an offset of the file name in dir below the hub's
// work area, and verifies it. With overwrite the file ends behind data
// afterwards, and may be there already when offset is 0; that is how logs are
// uploaded while they grow.
func (s *Session) UploadAt(ctx context.Context, dir, name string, offset int64, data []byte, overwrite bool) error {
	u := &upload{s: s, dir: dir, name: name}
	if err := u.chunk(ctx, offset, data, overwrite); err != nil {
		return fmt.Errorf("upload %s at %d: %w", name, offset, err)
	}
	return nil
}

// remaining is how many bytes are left in r, -1 if it can't tell.
func remaining(r io.Reader) (int64, error) {
	seeker, ok := r.(io.Seeker)
	if !ok {
		return -1, nil
	}
	at, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1, nil // a pipe has the method, but can't
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = seeker.Seek(at, io.SeekStart)
	return end - at, err
}

// upload is a file on its way to the hub.
type upload struct {
	s       *Session
	dir     string
	name    string
	volume  string
	retried bool // a block was sent more than once
}

// chunkAnswer is what the hub says of a block that it wrote.
type chunkAnswer struct {
	Size   int64  `xmlrpc:"size"`
	Digest string `xmlrpc:"hexdigest"`
}

// chunk sends a block until the hub confirms it.
func (u *upload) chunk(ctx context.Context, offset int64, data []byte, overwrite bool) error {
	want := chunkAnswer{Size: int64(len(data)), Digest: hexDigest(adler32.Checksum(data))}
	var got chunkAnswer
	for range chunkTries {
		got = chunkAnswer{}
		r := &request{
			method: "rawUpload", query: u.query(offset, overwrite), mime: "application/octet-stream",
			body: data, result: &got, timeout: u.s.o.Timeout,
			retried: func(r *request) {
				// The lost try may have made the file, which is no reason to be refused.
				u.retried = true
				r.query.Set("overwrite", "1")
			},
		}
		err := u.s.do(ctx, r)
		if err != nil && !errors.Is(err, ErrRetry) {
			return err
		}
		if err == nil && got == want {
			return nil
		}
		u.retried, overwrite = true, true
	}
	if got == (chunkAnswer{}) {
		return fmt.Errorf("the hub doesn't confirm the block at %d", offset)
	}
	return fmt.Errorf("the hub wrote %d bytes with digest %s at %d instead of %d with %s", got.Size, got.Digest, offset, want.Size, want.Digest)
}

func (u *upload) query(offset int64, overwrite bool) url.Values {
	q := url.Values{
		"filename":   {u.name},
		"filepath":   {u.dir},
		"fileverify": {"adler32"},
		"offset":     {strconv.FormatInt(offset, 10)},
	}
	if overwrite {
		q.Set("overwrite", "1")
	}
	if u.volume != "" {
		q.Set("volume", u.volume)
	}
	return q
}

// check compares what the hub has with what was sent.
func (u *upload) check(ctx context.Context, size int64, whole hash.Hash32) error {
	named := Named{}
	if u.volume != "" {
		named["volume"] = u.volume
	}
	if u.retried {
		named["verify"] = "adler32"
	}
	var got *chunkAnswer
	if err := u.s.Call(ctx, "checkUpload", &got, u.dir, u.name, named); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	switch {
	case got == nil:
		return errors.New("the hub says it doesn't have the file")
	case got.Size != size:
		return fmt.Errorf("the hub has %d bytes instead of %d", got.Size, size)
	case u.retried && got.Digest != hexDigest(whole.Sum32()):
		return fmt.Errorf("the hub has a file with digest %s instead of %s", got.Digest, hexDigest(whole.Sum32()))
	}
	return nil
}

func hexDigest(sum uint32) string { return fmt.Sprintf("%08x", sum) }
