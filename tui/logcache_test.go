package tui

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"koji"
	"koji/profiles"
)

// stateful is a file in memory that tells its state, as finished ones of a hub
// do, and counts what is read.
func stateful(file []byte, read *int64) logSource {
	from := inMemory("build.log", file)
	return func(ctx context.Context, at, n int64) (fetched, error) {
		f, err := from(ctx, at, n)
		f.state = fmt.Sprint(f.size)
		*read += int64(len(f.data))
		return f, err
	}
}

func randomFile(size int) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	file := make([]byte, size)
	for i := range file {
		file[i] = byte('a' + rnd.IntN(26))
	}
	return file
}

// What comes by way of the cache is what stands in the file, wherever one
// reads, and what was read once isn't read again.
func TestLogCache(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, size := range []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 9*blockSize + 77} {
		file, read := randomFile(size), int64(0)
		c := newLogCache(t.TempDir())
		key := logKey{"https://hub", "work/tasks/1/1/../../../../../etc/\x00", fmt.Sprint(size)}
		raw := stateful(file, &read)
		if _, err := c.through(logKey{key.server, key.file, ""}, 0, raw)(t.Context(), -rangeSize, rangeSize); err != nil {
			t.Fatal(err)
		}
		got := c.through(key, int64(size), raw)
		for range 200 {
			from, n := rnd.Int64N(int64(size)+1), rnd.Int64N(4*blockSize)+1
			f, err := got(t.Context(), from, n)
			if want := file[from:min(int(from+n), size)]; err != nil || !bytes.Equal(f.data, want) || f.size != int64(size) {
				t.Fatalf("%d bytes from %d of %d: %d bytes, %v", n, from, size, len(f.data), err)
			}
		}
		if most := int64(size) + 2*rangeSize; read > most {
			t.Errorf("%d bytes were read of a file of %d", read, size)
		}
		read = 0
		if f, err := got(t.Context(), 0, int64(size)+5); err != nil || !bytes.Equal(f.data, file) || read != 0 {
			t.Errorf("the second time %d bytes are read, %v", read, err)
		}
		key.state += " another time"
		if _, err := c.through(key, int64(size), raw)(t.Context(), 0, 1); err != nil || size > 0 && read == 0 {
			t.Errorf("a file that was written anew comes from the cache, %v", err)
		}
	}
}

// All that is kept stands in the cache's own folder, which is the user's
// alone, under names that the hub has no part in.
func TestLogCacheFolder(t *testing.T) {
	t.Parallel()
	dir, read := t.TempDir(), int64(0)
	c := newLogCache(filepath.Join(dir, "cache"))
	for _, name := range []string{"../../../x", "/etc/passwd", "a\x00b", strings.Repeat("long", 5000), ""} {
		if _, err := c.through(logKey{"https://hub/" + name, name, ""}, 0, stateful(randomFile(1000), &read))(t.Context(), -1000, 1000); err != nil {
			t.Fatal(err)
		}
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		if !d.IsDir() {
			files++
			if ok, _ := filepath.Match(filepath.Join(dir, "cache", "logs", strings.Repeat("[0-9a-f]", 64), "0"), path); !ok {
				t.Errorf("%s is kept", path)
			}
		}
		return nil
	})
	if err != nil || files != 5 {
		t.Errorf("%d files are kept, %v", files, err)
	}
}

// The cache stays within its limit; what wasn't looked at for long goes first,
// and what can't be kept is read all the same.
func TestLogCacheLimit(t *testing.T) {
	t.Parallel()
	c, read := newLogCache(t.TempDir()), int64(0)
	c.limit = 64 * blockSize
	file := randomFile(8 * blockSize)
	state := fmt.Sprint(len(file))
	whole := func(name string) {
		t.Helper()
		read = 0
		if _, err := c.through(logKey{"hub", name, state}, int64(len(file)), stateful(file, &read))(t.Context(), 0, int64(len(file))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		whole(fmt.Sprint(i))
	}
	var total int64
	err := filepath.WalkDir(c.dir, func(_ string, d fs.DirEntry, err error) error {
		if info, ierr := d.Info(); ierr == nil && !d.IsDir() {
			total += info.Size()
		}
		return err
	})
	if err != nil || total > c.limit || total < c.limit/2 {
		t.Errorf("%d bytes are kept of at most %d, %v", total, c.limit, err)
	}
	if whole("19"); read != 0 {
		t.Error("what was read last isn't kept")
	}
	if whole("0"); read == 0 {
		t.Error("what was read first is kept")
	}
	c = newLogCache(filepath.Join(t.TempDir(), "file"))
	if err := os.WriteFile(filepath.Dir(c.dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if whole("0"); read != int64(len(file)) {
		t.Errorf("without a place for the cache %d bytes are read", read)
	}
}

// counting is a login at the hub, with a server for its files that counts what
// is asked for. That has the hub's files below /kojifiles, and nothing else.
func (l *lab) counting(path string) (*koji.Session, *atomic.Int64) {
	l.t.Helper()
	asked := &atomic.Int64{}
	files := http.StripPrefix("/kojifiles", http.FileServer(http.Dir(filepath.Join(l.dir, "koji"))))
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !strings.HasPrefix(r.URL.Path, "/kojifiles/") {
			fmt.Fprint(w, "<html>log in first</html>")
			return
		}
		files.ServeHTTP(w, r)
	}))
	l.t.Cleanup(front.Close)
	return l.loginAt(koji.Options{Server: l.server, TopURL: front.URL + path, User: "admin", Password: "secret"}), asked
}

// A log is read where the hub's files are served, grows there, is there
// without the hub once it has been looked at, and comes from the hub where
// there are no files.
func TestLogByURLOnAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.build("git+https://src.example.org/rpms/foo#main")
	text := "the first line\n" + strings.Repeat("gcc -c -g -O2 -flto=auto file.c\n", 20000)
	l.log(id, "build.log", 0, text)
	s, asked := l.counting("/kojifiles")
	d := driveHub(t, Hub{Session: s, Profile: profiles.Default("lab")}, 100, 30, quick())
	d.see(fmt.Sprintf("◉ %d build", id))
	d.press("enter")
	d.see("Files 1")
	d.press("l")
	d.see("≋ follow")
	l.log(id, "build.log", int64(len(text)), "the last line\n")
	d.see("the last line")
	if asked.Load() == 0 {
		t.Error("the log isn't read where the files are served")
	}
	d.press("q")
	l.fail(id, "it broke\n")
	d.see("── fault")
	d.press("l", "G")
	d.see("log complete", "the last line")
	d.press("g")
	d.see("the first line")
	d.press("q")
	l.stop()
	d.see("lost since")
	d.press("q")
	d.see(fmt.Sprintf("✗ %d build", id))
	d.press("enter")
	d.see("connection refused", "── fault", "Files 1")
	d.press("tab", "tab", "tab", "j", "enter")
	d.see("build.log", "the last line")
	d.press("g")
	d.see("the first line")
	l.start()

	s, asked = l.counting("/nothing")
	d = driveHub(t, Hub{Session: s, Profile: profiles.Default("lab")}, 100, 30, quick())
	d.see(fmt.Sprintf("✗ %d build", id))
	d.press("l")
	d.see("the last line")
	if asked.Load() == 0 {
		t.Error("the log isn't looked for where files are said to be served")
	}
}
