package koji

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
)

// DownloadOptions are the details of a download.
type DownloadOptions struct {
	Resume   bool                    // append to a shorter file that is there already
	SHA256   string                  // hex digest that the file must have
	Begin    func(have, total int64) // told once: bytes there already, and of the whole (-1 if unknown)
	Progress func(done, total int64) // told while bytes come in
}

// Download fetches ref, a URL or a path below Options.TopURL, to a file. If
// the connection breaks, it goes on where it stood, as often as Call tries
// again. What came in stays in the file when it fails, so that Resume can take
// it up; a digest that doesn't match empties it. Nothing secret is sent.
func (s *Session) Download(ctx context.Context, ref, file string, o DownloadOptions) error {
	u, err := s.FileURL(ref)
	if err != nil {
		return fmt.Errorf("download %s: %w", ref, err)
	}
	flags := os.O_RDWR | os.O_CREATE
	if !o.Resume {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o666)
	if err != nil {
		return fmt.Errorf("download %s: %w", path.Base(u.Path), err)
	}
	err = s.fetch(ctx, u, f, o)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("download %s: %w", path.Base(u.Path), err)
	}
	return nil
}

// FileURL is the URL of ref, which is a URL itself or a path below
// Options.TopURL.
func (s *Session) FileURL(ref string) (*url.URL, error) {
	if strings.Contains(ref, "://") {
		u, err := url.Parse(ref)
		if err != nil {
			return nil, bareURLError(err)
		}
		return u, nil
	}
	if s.o.TopURL == "" {
		return nil, errors.New("no topurl is configured")
	}
	u, err := url.Parse(s.o.TopURL)
	if err != nil {
		return nil, fmt.Errorf("read topurl: %w", bareURLError(err))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+path.Clean("/"+ref), ""
	return u, nil
}

// fetch brings f to the content of u.
func (s *Session) fetch(ctx context.Context, u *url.URL, f *os.File, o DownloadOptions) error {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	d := &download{s: s, url: u, f: f, o: o, at: have}
	if err := d.run(ctx); err != nil {
		return err
	}
	if err := d.verify(); err == nil || have == 0 {
		return err
	}
	// What was there before is of another file: fetch it all.
	if err := d.restart(); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	return d.verify()
}

// download is a file on its way here.
type download struct {
	s     *Session
	url   *url.URL
	f     *os.File
	o     DownloadOptions
	at    int64  // bytes in f
	total int64  // -1 if unknown
	mark  string // validator of the version that is being fetched, "" before the first answer
	begun bool
}

// errChanged says that the server has another file than before.
var errChanged = errors.New("the file changed on the server meanwhile")

// run fetches until the file is whole; it gives up after as many tries without
// any progress as calls get.
func (d *download) run(ctx context.Context) error {
	for n := 1; ; n++ {
		before := d.at
		err := d.part(ctx)
		var te *TransportError
		if err == nil || ctx.Err() != nil || !errors.As(err, &te) || !te.Temporary {
			return err
		}
		if d.at > before {
			n = 1
		}
		if n > d.s.o.MaxRetries {
			return err
		}
		if d.s.o.OnRetry != nil {
			d.s.o.OnRetry(err, n)
		}
		pause := d.s.o.RetryInterval
		if n == 1 {
			pause = 0
		}
		if werr := d.s.wait(ctx, pause); werr != nil {
			return werr
		}
	}
}

// part makes one request and writes what comes.
func (d *download) part(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return bareURLError(err)
	}
	req.Header.Set("User-Agent", d.s.o.UserAgent)
	// Bytes are counted as they stand in the file, so they must not be packed on the way.
	req.Header.Set("Accept-Encoding", "identity")
	if d.at > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		if d.mark != "" {
			req.Header.Set("If-Range", d.mark)
		}
	}
	resp, err := d.s.client.Do(req)
	if err != nil {
		return d.broken(ctx, err)
	}
	defer resp.Body.Close()
	whole, err := d.answered(resp)
	if err != nil || whole {
		return err
	}
	return d.write(ctx, resp.Body)
}

// answered prepares for the body of an answer, or tells that nothing is missing.
func (d *download) answered(resp *http.Response) (whole bool, err error) {
	switch resp.StatusCode {
	case http.StatusOK:
		if d.at > 0 {
			if err := d.restart(); err != nil {
				return false, err
			}
		}
		d.total = resp.ContentLength
	case http.StatusPartialContent:
		first, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || first != d.at {
			return false, fmt.Errorf("server sent another range (%q) than from %d on", oneLine(resp.Header.Get("Content-Range")), d.at)
		}
		d.total = total
	case http.StatusRequestedRangeNotSatisfiable:
		_, total, _ := contentRange(resp.Header.Get("Content-Range"))
		if total != d.at { // a longer file, or one that we can't compare: begin anew
			if d.at == 0 {
				return false, errors.New("server refuses to send the file from its start")
			}
			if err := d.restart(); err != nil {
				return false, err
			}
			return false, &TransportError{Method: http.MethodGet, URL: publicURL(d.url), Status: resp.StatusCode, Err: errChanged, Temporary: true}
		}
		d.total = total
		d.begin()
		return true, nil
	case http.StatusNotFound:
		return false, fmt.Errorf("%w at the server", fs.ErrNotExist)
	default:
		return false, &TransportError{
			Method: http.MethodGet, URL: publicURL(d.url), Status: resp.StatusCode,
			Err: fmt.Errorf("HTTP status %s", status(resp)), Temporary: resp.StatusCode >= 500,
		}
	}
	d.mark = validator(resp.Header)
	d.begin()
	return false, nil
}

func (d *download) begin() {
	if d.o.Begin != nil && !d.begun {
		d.o.Begin(d.at, d.total)
	}
	d.begun = true
}

// validator is what makes a later range request fail over to the whole file
// if the file has changed. Weak tags don't serve.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// contentRange reads a header like "bytes 5-9/10" or "bytes */10".
func contentRange(h string) (first, total int64, ok bool) {
	spec, found := strings.CutPrefix(h, "bytes ")
	span, size, cut := strings.Cut(spec, "/")
	if !found || !cut {
		return 0, -1, false
	}
	total, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		total = -1
	}
	from, _, _ := strings.Cut(span, "-")
	first, err = strconv.ParseInt(from, 10, 64)
	return first, total, err == nil
}

func (d *download) restart() error {
	d.at, d.mark = 0, ""
	if err := d.f.Truncate(0); err != nil {
		return err
	}
	_, err := d.f.Seek(0, io.SeekStart)
	return err
}

func (d *download) write(ctx context.Context, body io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, werr := d.f.Write(buf[:n]); werr != nil {
				return werr
			}
			d.at += int64(n)
			if d.o.Progress != nil {
				d.o.Progress(d.at, d.total)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if d.total >= 0 && d.at != d.total {
				return d.broken(ctx, io.ErrUnexpectedEOF)
			}
			return nil
		case err != nil:
			return d.broken(ctx, err)
		}
	}
}

func (d *download) broken(ctx context.Context, err error) error {
	r := request{method: http.MethodGet}
	return r.failed(ctx, d.url, err)
}

// verify compares the file with the digest that it must have.
func (d *download) verify() error {
	if d.o.SHA256 == "" {
		return nil
	}
	if _, err := d.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, d.f); err != nil {
		return err
	}
	got := hex.EncodeToString(h.Sum(nil))
	if strings.EqualFold(got, d.o.SHA256) {
		return nil
	}
	if err := d.restart(); err != nil {
		return err
	}
	return fmt.Errorf("the file has the SHA-256 digest %s instead of %s", got, d.o.SHA256)
}

// DownloadTaskOutput is a part of a file of a task's output: size bytes from
// offset on, or from the end if offset is negative; all that follows if size
// is negative. An empty volume is DEFAULT.
func (s *Session) DownloadTaskOutput(ctx context.Context, task int64, name string, offset, size int64, volume string) ([]byte, error) {
	args := []any{task, name, offset, size}
	if volume != "" {
		args = append(args, volume)
	}
	var text string
	if err := s.Call(ctx, "downloadTaskOutput", &text, args...); err != nil {
		return nil, fmt.Errorf("download %s of task %d: %w", name, task, err)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("download %s of task %d: read the answer: %w", name, task, err)
	}
	return data, nil
}
