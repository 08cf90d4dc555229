package kojira

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"koji"
)

// checkExternal looks for changes of the external repos that tags use, and tells
// the hub, for which that is a change of the tags.
func (k *keeper) checkExternal(ctx context.Context) error {
	var links []koji.TagExternalRepo
	if err := k.hub.Call(ctx, "getTagExternalRepos", &links); err != nil {
		return err
	}
	urls := map[int64]string{}
	for _, l := range links {
		urls[l.ExternalRepoID] = l.URL
	}
	if len(urls) == 0 {
		return nil
	}
	var arches []string
	if err := k.hub.Call(ctx, "getAllArches", &arches); err != nil {
		return err
	}
	var errs []error
	for id, u := range urls {
		if err := k.checkOneExternal(ctx, id, u, arches); err != nil {
			errs = append(errs, fmt.Errorf("external repo %d: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (k *keeper) checkOneExternal(ctx context.Context, id int64, url string, arches []string) error {
	newest, err := newestOf(ctx, url, arches)
	if err != nil {
		return err
	}
	if newest <= k.newest[id] {
		return nil
	}
	var answer any
	if err := k.hub.Call(ctx, "repo.getExternalRepoData", &answer, id); err != nil {
		return err
	}
	if newest > maxTS(answer) {
		k.log.Info("external repo has changed", "repo", id, "url", url)
		if err := k.hub.Call(ctx, "repo.setExternalRepoData", nil, id, map[string]any{"max_ts": newest}); err != nil {
			return err
		}
		k.wake("currency")
	}
	k.newest[id] = newest
	return nil
}

// maxTS finds the timestamp in what the hub keeps of an external repo: the data
// itself, or a row that has it under data.
func maxTS(v any) float64 {
	m, _ := v.(map[string]any)
	if inner, ok := m["data"].(map[string]any); ok {
		m = inner
	}
	switch ts := m["max_ts"].(type) {
	case float64:
		return ts
	case int64:
		return float64(ts)
	}
	return 0
}

// newestOf is the largest timestamp in a repo's repomd.xml, of all arches if the
// URL depends on them. An arch that the repo doesn't have is none.
func newestOf(ctx context.Context, repo string, arches []string) (float64, error) {
	if !strings.Contains(repo, "$arch") {
		return newestIn(ctx, repo)
	}
	var newest float64
	var errs []error
	for _, arch := range arches {
		ts, err := newestIn(ctx, strings.ReplaceAll(repo, "$arch", arch))
		newest = max(newest, ts)
		errs = append(errs, err)
	}
	if newest == 0 {
		return 0, errors.Join(errs...)
	}
	return newest, nil
}

const (
	repomdLimit   = 16 << 20
	fetchPatience = time.Minute
)

func newestIn(ctx context.Context, repo string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	r, err := open(ctx, strings.TrimRight(repo, "/")+"/repodata/repomd.xml")
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return newestTimestamp(io.LimitReader(r, repomdLimit))
}

// open opens a file by its URL.
func open(ctx context.Context, ref string) (io.ReadCloser, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "file":
		return os.Open(u.Path)
	case "http", "https":
	default:
		return nil, fmt.Errorf("URL %q is neither http, https nor file", ref)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ref, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("get %s: %s", ref, resp.Status)
	}
	return resp.Body, nil
}

// newestTimestamp reads a repomd.xml.
func newestTimestamp(r io.Reader) (float64, error) {
	var md struct {
		XMLName xml.Name `xml:"repomd"`
		Data    []struct {
			Timestamp float64 `xml:"timestamp"`
		} `xml:"data"`
	}
	if err := xml.NewDecoder(r).Decode(&md); err != nil {
		return 0, fmt.Errorf("read repomd.xml: %w", err)
	}
	var newest float64
	for _, d := range md.Data {
		newest = max(newest, d.Timestamp)
	}
	return newest, nil
}
