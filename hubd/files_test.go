package hubd

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koji/sqlstore/sqlstoretest"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	h.file("packages/p/1/1/p.rpm", []byte("0123456789"))
	h.file("repos/tag/1/x86_64/pkglist", []byte("toplink/packages/p/1/1/p.rpm\n"))
	h.file("packages/p/1/1/<b>&.txt", []byte("odd"))
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("hunter2"), 0o644); err != nil {
		t.Fatal(err)
	}
	top := h.hub.cfg.KojiDir
	for link, target := range map[string]string{
		"repos/tag/1/x86_64/toplink": "../../../../", "repos/tag/latest": "1",
		"packages/absolute": outside, "packages/up": "../../../../../../../../../.." + outside, "packages/etc": "/etc", "packages/gone": "nowhere", "packages/round": "round",
	} {
		if err := os.Symlink(target, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	base := strings.TrimSuffix(h.url, "/kojihub")
	get := func(method, path string, header ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = path // as it is, dots and all
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(data)
	}
	for _, c := range []struct {
		path   string
		status int
		body   string
		header []string
	}{
		{"/kojifiles/packages/p/1/1/p.rpm", 200, "0123456789", nil},
		{"/kojifiles/repos/tag/1/x86_64/toplink/packages/p/1/1/p.rpm", 200, "0123456789", nil},
		{"/kojifiles/repos/tag/latest/x86_64/pkglist", 200, "toplink/packages/p/1/1/p.rpm\n", nil},
		{"/kojifiles/packages/p/1/1/p.rpm", 206, "345", []string{"Range", "bytes=3-5"}},
		{"/kojifiles/packages/p/1/1/p.rpm", 206, "789", []string{"Range", "bytes=-3"}},
		{"/kojifiles/packages/p/1/1/p.rpm", 206, "56789", []string{"Range", "bytes=5-"}},
		{"/kojifiles/packages/p/1/1/p.rpm", 416, "", []string{"Range", "bytes=20-"}},
		{"/kojifiles/nosuch", 404, "", nil},
		{"/kojifiles/packages/gone", 404, "", nil},
	} {
		res, body := get(http.MethodGet, c.path, c.header...)
		if res.StatusCode != c.status || c.body != "" && body != c.body {
			t.Errorf("%s %v: %s: %q", c.path, c.header, res.Status, body)
		}
	}
	res, body := get(http.MethodHead, "/kojifiles/packages/p/1/1/p.rpm")
	if res.StatusCode != 200 || res.ContentLength != 10 || res.Header.Get("Accept-Ranges") != "bytes" || res.Header.Get("Last-Modified") == "" || body != "" {
		t.Errorf("HEAD: %s %v", res.Status, res.Header)
	}
	if res, _ := get(http.MethodGet, "/kojifiles/packages/p/1/1/p.rpm", "If-Modified-Since", res.Header.Get("Last-Modified")); res.StatusCode != http.StatusNotModified {
		t.Errorf("a file that didn't change: %s", res.Status)
	}

	res, body = get(http.MethodGet, "/kojifiles/packages/p/1/1/")
	if res.StatusCode != 200 || !strings.Contains(body, `href="p.rpm"`) || strings.Contains(body, "<b>&.txt") {
		t.Errorf("listing: %s: %s", res.Status, body)
	}
	if res, _ := get(http.MethodGet, "/kojifiles/"); res.StatusCode != 200 {
		t.Errorf("listing of the top: %s", res.Status)
	}
	for _, path := range []string{
		"/kojifiles/packages/absolute", "/kojifiles/packages/up", "/kojifiles/packages/etc/passwd", "/kojifiles/packages/etc/", "/kojifiles/packages/round",
		"/kojifiles/../../../../../../etc/passwd", "/kojifiles/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/kojifiles/..%2f..%2f..%2f..%2f..%2fetc/passwd",
		"/kojifiles/packages/..%5c..%5cetc/passwd", "/kojifiles/packages%00/x", "/kojifiles//etc/passwd", "/kojifiles/repos/tag/1/x86_64/toplink/../../../../../../../../etc/passwd",
	} {
		res, body := get(http.MethodGet, path)
		if res.StatusCode == 200 || strings.Contains(body, "hunter2") || strings.Contains(body, "root:") || strings.Contains(body, top) {
			t.Errorf("%s: %s: %.100q", path, res.Status, body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if res, _ := get(method, "/kojifiles/packages/p/1/1/p.rpm"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s %v", method, res.Status, res.Header)
		}
	}
}
