package koji

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
)

// DownloadRange reads up to n bytes of ref, a URL or a path below
// Options.TopURL, from a place on, which counts from the end if it is
// negative, and tells how long the file is. Fewer come only at its end.
// A server that sends no parts of files is read up to there.
func (s *Session) DownloadRange(ctx context.Context, ref string, from, n int64) (data []byte, size int64, err error) {
	data, size, err = s.fetchRange(ctx, ref, from, n)
	if err != nil {
		return nil, 0, fmt.Errorf("download a part of %s: %w", oneLine(ref), err)
	}
	return data, size, nil
}

func (s *Session) fetchRange(ctx context.Context, ref string, from, n int64) ([]byte, int64, error) {
	u, err := s.FileURL(ref)
	if err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, bareURLError(err)
	}
	req.Header.Set("User-Agent", s.o.UserAgent)
	req.Header.Set("Accept-Encoding", "identity") // places are counted as they stand in the file
	if from < 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d", from))
	} else {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		return nil, 0, bareURLError(err)
	}
	defer resp.Body.Close()
	size := resp.ContentLength
	switch resp.StatusCode {
	case http.StatusPartialContent:
		var ok bool
		if _, size, ok = contentRange(resp.Header.Get("Content-Range")); !ok || size < 0 {
			return nil, 0, fmt.Errorf("server doesn't say how long the file is (%q)", oneLine(resp.Header.Get("Content-Range")))
		}
	case http.StatusOK:
		if size < 0 {
			return nil, 0, errors.New("server neither sends a part of the file nor says how long it is")
		}
		if from < 0 {
			from = max(size+from, 0)
		}
		if _, err := io.CopyN(io.Discard, resp.Body, min(from, size)); err != nil {
			return nil, 0, err
		}
	case http.StatusRequestedRangeNotSatisfiable: // there is nothing from there on
		_, size, _ = contentRange(resp.Header.Get("Content-Range"))
		return nil, max(size, 0), nil
	case http.StatusNotFound:
		return nil, 0, fmt.Errorf("%w at the server", fs.ErrNotExist)
	default:
		return nil, 0, fmt.Errorf("HTTP status %s", status(resp))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, n))
	return data, size, err
}
