package kojid

import (
	"context"
	"path"
	"strings"

	"koji/internal/rpmfile"
)

// sourceResult is what tasks return that make a source rpm. Paths are below
// the hub's work/.
type sourceResult struct {
	SRPM   string    `xmlrpc:"srpm"`
	Logs   []string  `xmlrpc:"logs"`
	Broot  int64     `xmlrpc:"brootid"`
	Source sourceRef `xmlrpc:"source"`
}

type sourceRef struct {
	Source string `xmlrpc:"source"`
	URL    string `xmlrpc:"url"`
}

// isSCM tells a URL of a version control system from an uploaded file.
func isSCM(src string) bool { return strings.Contains(src, "://") }

// openSRPM reads the header of an uploaded source rpm; rel is below work/.
func (t *Task) openSRPM(ctx context.Context, rel string) (*rpmfile.File, error) {
	if !strings.HasSuffix(rel, ".src.rpm") && !strings.HasSuffix(rel, ".nosrc.rpm") {
		return nil, buildError("%s is not a source rpm: its name does not end in .src.rpm", path.Base(rel))
	}
	file, err := t.fetch(ctx, path.Join("work", rel))
	if err != nil {
		return nil, err
	}
	h, err := rpmfile.Open(file)
	if err != nil {
		return nil, buildError("%s is not a source rpm: %v", path.Base(rel), err)
	}
	if !h.Source {
		return nil, buildError("%s is a binary rpm, not a source rpm", path.Base(rel))
	}
	return h, nil
}
