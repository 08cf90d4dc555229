package hubd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// up uploads a chunk raw, as a user of testHub.
func (h *testHub) up(user, dir, name, body string, more ...string) (map[string]any, *koji.Error) {
	h.t.Helper()
	return h.upFrom(user, dir, name, strings.NewReader(body), more...)
}

func (h *testHub) upFrom(user, dir, name string, body io.Reader, more ...string) (map[string]any, *koji.Error) {
	h.t.Helper()
	q := url.Values{"filename": {name}, "filepath": {dir}, "fileverify": {"adler32"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	c := h.raw()
	if user != "" {
		c = c.with(h.as(user).Info(), -1)
	}
	_, data := c.post("application/octet-stream", "?"+q.Encode(), body)
	answer, f := readAnswer(h.t, data)
	m, _ := answer.(map[string]any)
	return m, f
}

// work is what stands in a file of the work area, "-" when it isn't there.
func (h *testHub) work(rel string) string {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.hub.cfg.KojiDir, "work", rel))
	if errors.Is(err, os.ErrNotExist) {
		return "-"
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}

func TestUploadChunks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		for _, step := range []struct {
			body string
			more []string
			code koji.Code
			text string // of the file afterwards
			at   int64
		}{
			{"hello ", nil, 0, "hello ", 0},
			{"hello ", nil, koji.CodeGeneric, "hello ", 0}, // it is there
			{"world", []string{"offset", "6"}, 0, "hello world", 6},
			{"w", []string{"offset", "6"}, koji.CodeGeneric, "hello world", 0}, // would be too short
			{"WORLD", []string{"offset", "6"}, 0, "hello WORLD", 6},
			{"there", []string{"offset", "6", "overwrite", "1"}, 0, "hello there", 6},
			{"!", []string{"offset", "-1"}, 0, "hello there!", 11},
			{"you", []string{"offset", "6", "overwrite", "1"}, 0, "hello you", 6},
			{"", []string{"offset", "-1"}, 0, "hello you", 9},
			{"new", []string{"overwrite", "1"}, 0, "new", 0},
			{"x", []string{"offset", "5"}, 0, "new\x00\x00x", 5},
			{"x", []string{"offset", "-2"}, koji.CodeParameter, "new\x00\x00x", 0},
			{"x", []string{"offset", "one"}, koji.CodeParameter, "new\x00\x00x", 0},
			{"x", []string{"offset", "9223372036854775807"}, koji.CodeParameter, "new\x00\x00x", 0},
			{"x", []string{"fileverify", "sha1"}, koji.CodeGeneric, "new\x00\x00x", 0},
			{"x", []string{"volume", "nosuch"}, koji.CodeGeneric, "new\x00\x00x", 0},
			{"", []string{"overwrite", "1"}, 0, "", 0},
		} {
			got, f := h.up("alice", "up/alice", "f.txt", step.body, step.more...)
			if codeOf(f) != step.code {
				t.Errorf("%q %v: fault %v", step.body, step.more, f)
			}
			if f == nil {
				want(t, "answer", []any{int64(len(step.body)), step.at, "adler32"}, pick(got, "size", "offset", "fileverify"))
			}
			if text := h.work("up/alice/f.txt"); text != step.text {
				t.Fatalf("%q %v: the file is %q, want %q", step.body, step.more, text, step.text)
			}
		}
		for kind, sum := range map[string]string{
			"adler32": "024d0127", "md5": "900150983cd24fb0d6963f7d28e17f72", "": "",
			"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		} {
			got, f := h.up("alice", "up/alice", "sum-"+kind, "abc", "fileverify", kind)
			if f != nil {
				t.Fatal(f)
			}
			digest, _ := got["hexdigest"].(string)
			want(t, "digest "+kind, sum, digest)
			if kind != "" {
				want(t, "checkUpload "+kind, []any{int64(3), int64(3), sum}, pick(h.call("", "checkUpload", "up/alice", "sum-"+kind, kind), "size", "sumlength", "hexdigest"))
			}
		}
		want(t, "tail", []any{int64(1)}, pick(h.call("", "checkUpload", "up/alice", "sum-md5", "md5", 1), "sumlength"))
		h.wantFault(koji.CodeGeneric, "", "checkUpload", "up/alice", "sum-md5", "md5", -1)
		h.wantFault(koji.CodeGeneric, "", "checkUpload", "up/alice", "sum-md5", "sha1")
		h.wantFault(koji.CodeGeneric, "", "checkUpload", "..", "hub.db")
		want(t, "nothing there", nil, h.call("", "checkUpload", "up/alice", "nosuch"))
		want(t, "no folder there", nil, h.call("", "checkUpload", "up/nobody/x", "nosuch"))
		if err := h.as("alice").Upload(t.Context(), "up/client", "big", bytes.NewReader(make([]byte, 3<<20)), koji.UploadOptions{}); err != nil {
			t.Errorf("the client's own upload: %v", err)
		}
	})
}

func TestUploadRights(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		code := func(user, dir, name string) koji.Code {
			_, f := h.up(user, dir, name, "x", "overwrite", "1")
			return codeOf(f)
		}
		want(t, "nobody", koji.CodeAuth, code("", "up/x", "f"))
		h.wantFault(koji.CodeActionNotAllowed, "", "uploadFile", "up/x", "f", 1, nil, 0, "eA==")
		want(t, "alice", koji.Code(0), code("alice", "up/x", "f"))
		want(t, "alice again", koji.Code(0), code("alice", "up/x", "g"))
		want(t, "bob in alice's folder", koji.CodeGeneric, code("bob", "up/x", "f"))
		want(t, "an admin in alice's folder", koji.CodeGeneric, code("kojiadmin", "up/x", "f"))
		h.wantFault(koji.CodeGeneric, "bob", "uploadFile", "up/x", "f", 1, nil, 0, "eA==")
		want(t, "bob beside it", koji.Code(0), code("bob", "up/y", "f"))
		want(t, "whose it is", []string{"2", "3"}, []string{h.work("up/x/.user"), h.work("up/y/.user")})

		task := h.openTask("build")
		dir := koji.TaskRelPath(task)
		want(t, "builder", koji.Code(0), code("builder1", dir, "build.log"))
		want(t, "builder, deeper", koji.Code(0), code("builder1", dir+"/x86_64", "build.log"))
		want(t, "another builder", koji.CodeActionNotAllowed, code("builder2", dir, "build.log"))
		want(t, "alice", koji.CodeAuth, code("alice", dir, "build.log"))
		want(t, "admin", koji.CodeAuth, code("kojiadmin", dir, "build.log"))
		for _, dir := range []string{"tasks", "tasks/1", "tasks/x/1", "tasks/2/1", "tasks/1/x", "tasks/1/-1", "tasks/01/1", "tasks/1/10001/../../../up/x"} {
			if f := code("builder1", dir, "f"); f == 0 && !strings.HasSuffix(dir, "up/x") {
				t.Errorf("upload to %s is taken", dir)
			}
		}
		want(t, "a task that isn't there", koji.CodeGeneric, code("builder1", koji.TaskRelPath(9999), "f"))
		h.call("builder1", "host.closeTask", task, okDocument)
		want(t, "closed task", koji.CodeActionNotAllowed, code("builder1", dir, "build.log"))
		h.call("kojiadmin", "disableUser", "alice")
		want(t, "blocked", koji.CodeAuth, code("alice", "up/x", "f"))
	})
}

func TestUploadPaths(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		top := h.hub.cfg.KojiDir
		for _, c := range [][2]string{
			{"up", ".hidden"}, {"up", "a/b"}, {"up", "/"}, {"up", "/etc/x"}, {"up", ".."}, {"up", "."}, {"up", ""}, {"up", "a\x00b"}, {"up", "a\nb"}, {"up", "a\\b"},
			{"..", "f"}, {"../x", "f"}, {"up/../../x", "f"}, {"/up", "f"}, {".", "f"}, {"", "f"}, {"up/.git", "f"}, {".user", "f"}, {"up\x00", "f"},
			{"up", strings.Repeat("n", 256)}, {strings.Repeat("d", 256), "f"}, {strings.Repeat("d/", 3000), "f"},
		} {
			if _, f := h.up("alice", c[0], c[1], "x"); codeOf(f) != koji.CodeGeneric {
				t.Errorf("upload to %.40q %.40q: %v", c[0], c[1], f)
			}
		}
		if _, f := h.up("alice", "up", "f", "x", "filename", ""); f == nil {
			t.Error("an upload without a name is taken")
		}
		entries, err := os.ReadDir(filepath.Join(top, "work"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "up" {
				t.Errorf("work/%s was made", e.Name())
			}
		}

		if _, f := h.up("alice", "up/a", "f", "x"); f != nil {
			t.Fatal(f)
		}
		h.file("packages/precious", []byte("precious"))
		dir := filepath.Join(top, "work/up/a")
		outside := t.TempDir()
		for name, target := range map[string]string{"link": "../../../packages/precious", "dangling": "nowhere", "sub": outside, "back": "../../../packages"} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"link", "dangling", "folder", "pipe", "sub"} {
			for _, more := range [][]string{nil, {"overwrite", "1"}, {"offset", "-1"}} {
				if _, f := h.up("alice", "up/a", name, "x", more...); codeOf(f) != koji.CodeGeneric {
					t.Errorf("upload to %s %v: %v", name, more, f)
				}
			}
			h.wantFault(koji.CodeGeneric, "alice", "uploadFile", "up/a", name, 1, nil, 0, "eA==")
			h.wantFault(koji.CodeGeneric, "", "checkUpload", "up/a", name, "md5")
		}
		for _, name := range []string{"sub", "back", "sub/deeper", "f", "f/deeper"} {
			if _, f := h.up("alice", "up/a/"+name, "x", "x"); codeOf(f) != koji.CodeGeneric {
				t.Errorf("upload through %s: %v", name, f)
			}
		}
		if left, _ := os.ReadDir(outside); len(left) > 0 {
			t.Errorf("outside of the work area was made: %v", left)
		}
		want(t, "packages/precious", []string{"precious"}, h.lines("packages/precious"))
		want(t, "packages", []string{"precious"}, h.tree("packages"))
	})
}

// brokenUpload sends a part of an upload's body and then goes away.
func (h *testHub) brokenUpload(user, dir, name, part string, more string) {
	h.t.Helper()
	u, err := url.Parse(h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		h.t.Fatal(err)
	}
	info := h.as(user).Info()
	fmt.Fprintf(conn, "POST /kojihub?filename=%s&filepath=%s%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nKoji-Session-Id: %d\r\nKoji-Session-Key: %s\r\n\r\n%s",
		name, url.QueryEscape(dir), more, len(part)+100, info.ID, info.Key, part)
	// The hub sees the end of what is sent, and answers to this side still.
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		h.t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, _ := io.ReadAll(bufio.NewReader(conn))
	if bytes.Contains(answer, []byte("hexdigest")) || bytes.Contains(answer, []byte("<name>size</name>")) {
		h.t.Errorf("a broken upload was acknowledged: %s", answer)
	}
	conn.Close()
}

func TestBrokenUploads(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.up("alice", "up/b", "old", "0123456789")
		big := strings.Repeat("x", 100000)
		for _, more := range []string{"&overwrite=1", "&offset=-1", "&offset=10", "&offset=3", "&offset=5&overwrite=1", "&offset=20"} {
			h.brokenUpload("alice", "up/b", "old", big, more)
			if text := h.work("up/b/old"); text != "0123456789" {
				t.Errorf("%s: the file is now %.20q of %d bytes", more, text, len(text))
			}
		}
		h.brokenUpload("alice", "up/b", "fresh", big, "")
		want(t, "a file that never came whole", "-", h.work("up/b/fresh"))
		if _, f := h.up("alice", "up/b", "fresh", "whole"); f != nil {
			t.Errorf("it can't be sent again: %v", f)
		}
		entries, err := os.ReadDir(filepath.Join(h.hub.cfg.KojiDir, "work/up/b"))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 3 { // .user, old, fresh
			t.Errorf("left in the folder: %v", entries)
		}
	})
}

// While a file is being written another writer is told at once, and spoils nothing.
func TestConcurrentUploads(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		body, feed := io.Pipe()
		done := make(chan *koji.Error, 1)
		go func() {
			_, f := h.upFrom("alice", "up/c", "f", body)
			done <- f
		}()
		if _, err := io.WriteString(feed, "first "); err != nil {
			t.Fatal(err)
		}
		await(t, "the first chunk arrives", func() bool { return h.work("up/c/f") == "first " })
		for _, more := range [][]string{{"overwrite", "1"}, {"offset", "-1"}, {"offset", "6"}} {
			if _, f := h.up("alice", "up/c", "f", "second", more...); codeOf(f) != koji.CodeLock {
				t.Errorf("%v: %v", more, f)
			}
		}
		h.wantFault(koji.CodeLock, "alice", "uploadFile", "up/c", "f", 1, nil, 6, "eA==")
		io.WriteString(feed, "whole")
		feed.Close()
		if f := <-done; f != nil {
			t.Error(f)
		}
		want(t, "the file", "first whole", h.work("up/c/f"))
		if _, f := h.up("alice", "up/c", "f", "!", "offset", "-1"); f != nil {
			t.Errorf("the lock is still there: %v", f)
		}
	})
}

func TestUploadFile(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		b64 := base64.StdEncoding.EncodeToString
		const (
			md5abc, md5def, md5all = "900150983cd24fb0d6963f7d28e17f72", "4ed9407630eb1000c0f6b63842defa7d", "e80b5017098950fc58aad83c8c14978e"
			shaAll                 = "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"
		)
		up := func(args ...any) any {
			t.Helper()
			return h.call("alice", "uploadFile", append([]any{"up/l", "f"}, args...)...)
		}
		want(t, "first", true, up(3, md5abc, 0, b64([]byte("abc"))))
		want(t, "second, as text, with another checksum", true, up("3", nil, "3", b64([]byte("def")), nil, []any{"md5", md5def}))
		want(t, "wrong digest", false, up(3, md5abc, 6, b64([]byte("xxx"))))
		want(t, "wrong size", false, up(4, md5abc, 6, b64([]byte("abc"))))
		want(t, "the file", "abcdef", h.work("up/l/f"))
		want(t, "last", true, up(6, md5all, -1, ""))
		want(t, "last, other digest", true, up(6, []any{"sha256", shaAll}, -1, ""))
		want(t, "last, wrong digest", false, up(6, md5abc, -1, ""))
		want(t, "last, a part never came", false, up(1<<50, md5abc, -1, ""))
		want(t, "last, negative", false, up(-5, md5abc, -1, ""))
		want(t, "the file", "abcdef", h.work("up/l/f"))
		want(t, "last, with its part", true, up(9, nil, -1, b64([]byte("ghi"))))
		want(t, "the file", "abcdefghi", h.work("up/l/f"))
		for name, args := range map[string][]any{
			"no base64":        {3, nil, 0, "***"},
			"binary":           {3, nil, 0, []byte("abc")},
			"offset":           {3, nil, -2, ""},
			"offset as a text": {3, nil, "x", ""},
			"size":             {nil, nil, 0, ""},
			"checksum":         {3, int64(5), 0, ""},
			"list":             {3, []any{"md5"}, 0, ""},
		} {
			if f := h.fault("alice", "uploadFile", append([]any{"up/l", "g"}, args...)...); f.Code != koji.CodeParameter {
				t.Errorf("%s: %v", name, f)
			}
		}
		h.wantFault(koji.CodeGeneric, "alice", "uploadFile", "up/l", "f", 3, nil, 0, b64([]byte("abc"))) // it is there
		h.call("alice", "uploadFile", "up/l", "f.log", 3, nil, 0, b64([]byte("abc")))
		h.call("alice", "uploadFile", "up/l", "f.log", 1, nil, 0, b64([]byte("d")))
		want(t, "a log begins again", "d", h.work("up/l/f.log"))
	})
}

// On a full disk the fault says so, and what was there stays.
func TestUploadToFullDisk(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), nil)
	work := filepath.Join(h.hub.cfg.KojiDir, "work")
	if err := syscall.Mount("tmpfs", work, "tmpfs", 0, "size=64k"); err != nil {
		fmt.Fprintln(os.Stderr, "TestUploadToFullDisk did NOT run: it needs root to mount a small tmpfs:", err)
		t.Skip("no tmpfs can be mounted")
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(work, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if _, f := h.up("alice", "up/d", "f", "0123456789"); f != nil {
		t.Fatal(f)
	}
	big := strings.Repeat("x", 128<<10)
	for _, more := range [][]string{{"overwrite", "1"}, {"offset", "-1"}, {"offset", "5"}} {
		_, f := h.up("alice", "up/d", "f", big, more...)
		if codeOf(f) != koji.CodeGeneric || !strings.Contains(f.Text, "no space left") {
			t.Errorf("%v: %v", more, f)
		}
		want(t, "the file", "0123456789", h.work("up/d/f"))
	}
	f := h.fault("alice", "uploadFile", "up/d", "f", len(big)+10, nil, -1, base64.StdEncoding.EncodeToString([]byte(big)))
	if f.Code != koji.CodeGeneric || !strings.Contains(f.Text, "no space left") {
		t.Errorf("uploadFile: %v", f)
	}
	want(t, "the file", "0123456789", h.work("up/d/f"))
	if _, f := h.up("alice", "up/d", "g", big); codeOf(f) != koji.CodeGeneric {
		t.Errorf("a new file: %v", f)
	}
	want(t, "a file that found no room", "-", h.work("up/d/g"))
	if _, f := h.up("alice", "up/d", "g", "small"); f != nil {
		t.Errorf("there is room again: %v", f)
	}
}

// A chunk costs the hub no memory of its size.
func TestUploadSize(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), func(c *Config) { c.MaxRequestLength = 1000 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const size = 20 << 20
	got, f := h.upFrom("alice", "up/s", "f", io.LimitReader(endless{ctx}, size))
	if f != nil {
		t.Fatal(f)
	}
	want(t, "size, beyond the longest request", int64(size), got["size"])
	info, err := os.Stat(filepath.Join(h.hub.cfg.KojiDir, "work/up/s/f"))
	if err != nil || info.Size() != size {
		t.Errorf("file: %v, %v", strconv.FormatInt(info.Size(), 10), err)
	}
}

// endless is a stream of zeros.
type endless struct{ context.Context }

func (e endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), e.Err()
}
