//go:build linux

package buildroot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// fillRoot stands for dnf.
func fillRoot(area string) error { return os.Mkdir(filepath.Join(area, "root"), 0o755) }

func TestCacheFillsOnce(t *testing.T) {
	t.Parallel()
	c := cache{filepath.Join(t.TempDir(), "cache")}
	var fills atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b, err := c.use(t.Context(), "d", func(area string) error {
				fills.Add(1)
				return fillRoot(area)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(b.root); err != nil {
				t.Error(err)
			}
			if err := b.release(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fills.Load() != 1 {
		t.Errorf("filled %d times", fills.Load())
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := cache{t.TempDir()}
	inUse, err := c.use(t.Context(), "used", fillRoot)
	if err != nil {
		t.Fatal(err)
	}
	// What a killed worker left half made.
	if err := os.Mkdir(filepath.Join(c.dir, "dead.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		b, err := c.use(t.Context(), fmt.Sprint("d", i), fillRoot)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.release(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(inUse.root); err != nil {
		t.Errorf("a base root in use was removed: %v", err)
	}
	dirs, err := filepath.Glob(filepath.Join(c.dir, "*", "root"))
	if err != nil || len(dirs) != keptBases+1 {
		t.Errorf("kept %v, %v", dirs, err)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "dead.new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unfinished base root: %v", err)
	}
}

func TestCacheFailureLeavesNothing(t *testing.T) {
	t.Parallel()
	c := cache{t.TempDir()}
	boom := errors.New("boom")
	if _, err := c.use(t.Context(), "d", func(string) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("use: %v", err)
	}
	dirs, err := filepath.Glob(filepath.Join(c.dir, "d*"))
	if err != nil || len(dirs) != 1 {
		t.Errorf("left: %v %v", dirs, err)
	}
	// Waiting for who makes it ends with the context.
	lock, err := lockFile(t.Context(), filepath.Join(c.dir, "d.lock"), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.use(ctx, "d", fillRoot); !errors.Is(err, context.Canceled) {
		t.Errorf("use: %v", err)
	}
}

func TestBaseDigest(t *testing.T) {
	t.Parallel()
	text := "one"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/x/repodata/repomd.xml" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	defer srv.Close()
	cfg := Config{Arch: "x86_64", Group: "build", BuildUser: "u", BuildUID: 1, Packages: []string{"a", "b"}, Repos: []Repo{{ID: "r", URL: srv.URL + "/x"}}}
	digest := func(c Config) string {
		t.Helper()
		d, err := baseDigest(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest(cfg)
	other := cfg
	other.Packages = []string{"b", "a", "a"}
	if digest(other) != first {
		t.Error("the order of packages matters")
	}
	other.Packages = []string{"b"}
	if digest(other) == first {
		t.Error("packages do not matter")
	}
	text = "two"
	if digest(cfg) == first {
		t.Error("repomd.xml does not matter")
	}
	cfg.Repos[0].URL = srv.URL + "/y"
	if _, err := baseDigest(t.Context(), &cfg); err == nil {
		t.Error("a missing repo has a digest")
	}
}
