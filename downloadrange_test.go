package koji

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestDownloadRange(t *testing.T) {
	t.Parallel()
	const content = "0123456789"
	ranges := serveFile(t, content)
	whole := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) }))
	t.Cleanup(whole.Close)
	for name, url := range map[string]string{"ranges": ranges.URL + "/files", "no ranges": whole.URL} {
		s, err := New(Options{Server: "http://127.0.0.1:1/kojihub", TopURL: url})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			from, n int64
			want    string
		}{
			{0, 4, "0123"}, {3, 2, "34"}, {8, 10, "89"}, {-3, 3, "789"}, {-3, 2, "78"}, {-100, 100, content}, {10, 5, ""}, {20, 5, ""},
		} {
			data, size, err := s.DownloadRange(t.Context(), "a", tt.from, tt.n)
			if err != nil || string(data) != tt.want || size != 10 {
				t.Errorf("%s: %d bytes from %d: got %q of %d bytes, %v; want %q of 10", name, tt.n, tt.from, data, size, err, tt.want)
			}
		}
	}
	s, err := New(Options{Server: "http://127.0.0.1:1/kojihub", TopURL: ranges.URL + "/nothing"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.DownloadRange(t.Context(), "a", 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that isn't there: got %v, want %v", err, fs.ErrNotExist)
	}
}
