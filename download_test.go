package koji

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fileServer serves one file like a web server does, and breaks connections
// off after a number of bytes as often as it is told.
type fileServer struct {
	*httptest.Server
	mu      sync.Mutex
	content []byte
	tag     string
	breaks  []int    // bytes after which the next answers break off
	ranges  []string // Range headers seen
	paths   []string
	onBreak func(f *fileServer)
}

func serveFile(t *testing.T, content string) *fileServer {
	t.Helper()
	f := &fileServer{content: []byte(content), tag: `"v1"`}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ranges = append(f.ranges, r.Header.Get("Range"))
	f.paths = append(f.paths, r.URL.Path)
	if strings.HasPrefix(r.URL.Path, "/moved") {
		http.Redirect(w, r, "/files/a", http.StatusFound)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/files/") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", f.tag)
	var out http.ResponseWriter = w
	if len(f.breaks) > 0 {
		out = &breakingWriter{ResponseWriter: w, left: f.breaks[0], f: f}
		f.breaks = f.breaks[1:]
	}
	http.ServeContent(out, r, "a", time.Time{}, bytes.NewReader(f.content))
}

type breakingWriter struct {
	http.ResponseWriter
	left int
	f    *fileServer
}

func (b *breakingWriter) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	_, _ = b.ResponseWriter.Write(p[:n])
	b.left -= n
	if b.left == 0 {
		b.ResponseWriter.(http.Flusher).Flush()
		if b.f.onBreak != nil {
			b.f.onBreak(b.f)
		}
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func TestDownload(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 100)
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	tests := []struct {
		name    string
		old     string
		o       DownloadOptions
		breaks  []int
		onBreak func(*fileServer)
		ref     string
		ranges  []string
		have    int64 // as told to Begin
		wantErr string
	}{
		{name: "whole", ranges: []string{""}},
		{name: "with its digest", o: DownloadOptions{SHA256: strings.ToUpper(digest)}, ranges: []string{""}},
		{name: "replaces what is there", old: "longer" + text + text, ranges: []string{""}},
		{name: "resumes", old: text[:400], o: DownloadOptions{Resume: true}, ranges: []string{"bytes=400-"}, have: 400},
		{name: "is there already", old: text, o: DownloadOptions{Resume: true}, ranges: []string{"bytes=1000-"}, have: 1000},
		{name: "is there and longer", old: text + "x", o: DownloadOptions{Resume: true}, ranges: []string{"bytes=1001-", ""}},
		{name: "resumes another file", old: "something else", o: DownloadOptions{Resume: true, SHA256: digest}, ranges: []string{"bytes=14-", ""}, have: 14},
		{name: "breaks twice", breaks: []int{300, 200}, ranges: []string{"", "bytes=300-", "bytes=500-"}},
		{
			name: "changes while it breaks", breaks: []int{300}, ranges: []string{"", "bytes=300-"},
			onBreak: func(f *fileServer) { f.tag = `"v2"` },
		},
		{name: "redirected", ref: "/moved", ranges: []string{"", ""}},
		{name: "wrong digest", o: DownloadOptions{SHA256: "00"}, ranges: []string{""}, wantErr: "the file has the SHA-256 digest " + digest + " instead of 00"},
		{name: "not there", ref: "/nowhere", ranges: []string{""}, wantErr: "file does not exist at the server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := serveFile(t, text)
			f.breaks, f.onBreak = tt.breaks, tt.onBreak
			p := newPeer(t, nil)
			s, _ := p.session(t, Options{})
			file := filepath.Join(t.TempDir(), "a")
			if tt.old != "" {
				if err := os.WriteFile(file, []byte(tt.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			have, begun := int64(-1), 0
			tt.o.Begin = func(n, total int64) { have, begun = n, begun+1 }
			var done int64
			tt.o.Progress = func(n, total int64) {
				done = n
				if total != int64(len(text)) {
					t.Errorf("total %d", total)
				}
			}
			if tt.ref == "" {
				tt.ref = "/files/a"
			}
			err := s.Download(within(t), f.URL+tt.ref, file, tt.o)
			got, rerr := os.ReadFile(file)
			if rerr != nil {
				t.Fatal(rerr)
			}
			if d := cmp.Diff(tt.ranges, f.ranges); d != "" {
				t.Error(d)
			}
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) || len(got) != 0 {
					t.Errorf("got %v, and %d bytes", err, len(got))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text {
				t.Errorf("got %d bytes", len(got))
			}
			if have != tt.have || begun != 1 {
				t.Errorf("told to begin at %d, %d times", have, begun)
			}
			if tt.have != 1000 && done != 1000 {
				t.Errorf("progress ended at %d", done)
			}
		})
	}
}

func TestDownloadGivesUp(t *testing.T) {
	t.Parallel()
	f := serveFile(t, strings.Repeat("x", 1000))
	f.breaks = []int{100, 0, 0, 0, 0, 0, 0}
	p := newPeer(t, nil)
	s, waited := p.session(t, Options{MaxRetries: 2})
	file := filepath.Join(t.TempDir(), "a")
	err := s.Download(within(t), f.URL+"/files/a?token=secret", file, DownloadOptions{})
	var te *TransportError
	if !errors.As(err, &te) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if got, _ := os.ReadFile(file); len(got) != 100 {
		t.Errorf("%d bytes were kept", len(got))
	}
	if len(waited.all()) != 2 {
		t.Errorf("waited %v", waited.all())
	}
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if err := s.Download(ctx, f.URL+"/files/a", file, DownloadOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDownloadBelowTopURL(t *testing.T) {
	t.Parallel()
	f := serveFile(t, "content")
	p := newPeer(t, nil)
	s, _ := p.session(t, Options{TopURL: f.URL + "/files/"})
	file := filepath.Join(t.TempDir(), "a")
	for _, ref := range []string{"packages/a^b/1~rc1+2/a b%41?#.rpm", "../../etc/passwd", "/repos/x"} {
		if err := s.Download(within(t), ref, file, DownloadOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"/files/packages/a^b/1~rc1+2/a b%41?#.rpm", "/files/etc/passwd", "/files/repos/x"}
	if d := cmp.Diff(want, f.paths); d != "" {
		t.Error(d)
	}
	s, _ = p.session(t, Options{})
	if err := s.Download(within(t), "a", file, DownloadOptions{}); err == nil {
		t.Error("no topurl, no error")
	}
	if err := s.Download(within(t), f.URL+"/nowhere", file, DownloadOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestDownloadTaskOutput(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, c peerCall, nth int) {
		if nth == 2 {
			reply(w, "not base64!")
			return
		}
		text := base64.StdEncoding.EncodeToString([]byte("log of " + c.Params[1].(string)))
		reply(w, text[:8]+"\n"+text[8:])
	})
	s, _ := p.session(t, Options{})
	got, err := s.DownloadTaskOutput(within(t), 7, "build.log", -100, -1, "")
	if err != nil || string(got) != "log of build.log" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.DownloadTaskOutput(within(t), 7, "root.log", 0, 10, "fast"); err != nil {
		t.Error(err)
	}
	if _, err := s.DownloadTaskOutput(within(t), 7, "root.log", 0, 10, ""); err == nil {
		t.Error("no error")
	}
	want := [][]any{
		{int64(7), "build.log", int64(-100), int64(-1)},
		{int64(7), "root.log", int64(0), int64(10), "fast"},
	}
	for i, w := range want {
		if d := cmp.Diff(w, p.calls()[i].Params); d != "" {
			t.Error(d)
		}
	}
}

func TestContentRange(t *testing.T) {
	t.Parallel()
	type parsed struct {
		First, Total int64
		OK           bool
	}
	for header, want := range map[string]parsed{
		"bytes 5-9/10": {5, 10, true},
		"bytes 5-9/*":  {5, -1, true},
		"bytes */10":   {0, 10, false},
		"":             {0, -1, false},
		"items 1-2/3":  {0, -1, false},
	} {
		first, total, ok := contentRange(header)
		if d := cmp.Diff(want, parsed{first, total, ok}); d != "" {
			t.Error(strconv.Quote(header), d)
		}
	}
}
