package cli

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"koji"
)

// fragileHub is a hub that can be killed, and comes back at the same address.
type fragileHub struct {
	t       *testing.T
	program string
	dir     string
	url     string
	stop    func()
}

func newFragileHub(t *testing.T) *fragileHub {
	t.Helper()
	program, err := hubProgram()
	if err != nil {
		t.Fatal(err)
	}
	h := &fragileHub{t: t, program: program, dir: t.TempDir()}
	if h.url, h.stop, err = startHub(program, h.dir, "", []string{"init --admin kojiadmin"}, func(string) string { return "secret" }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.stop() })
	at, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	conf := h.conf()
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, bytes.Replace(text, []byte("127.0.0.1:0"), []byte(at.Host), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *fragileHub) conf() string { return filepath.Join(h.dir, "hub.conf") }

func (h *fragileHub) filesURL() string { return strings.Replace(h.url, "kojihub", "kojifiles", 1) }

func (h *fragileHub) start() {
	_, stop, err := serve(h.program, h.conf())
	if err != nil {
		h.t.Error(err)
		return
	}
	h.stop = stop
}

// fallDuring gives what to call when the hub shall be killed, and options by
// which a client that tries again for the third time finds it restarted.
func (h *fragileHub) fallDuring() (fall func(), o koji.Options) {
	var once sync.Once
	o = koji.Options{
		Server: h.url, TopURL: h.filesURL(), User: "kojiadmin", Password: "secret",
		RetryInterval: 100 * time.Millisecond, UploadBlocksize: 256 << 10, AnonRetry: true,
		OnRetry: func(_ error, attempt int) {
			if attempt == 3 {
				once.Do(h.start)
			}
		},
	}
	return sync.OnceFunc(func() { h.stop() }), o
}

// triggered calls a function when so much has been read.
type triggered struct {
	io.Reader
	left int
	do   func()
}

func (r *triggered) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.left -= n; r.left <= 0 {
		r.do()
	}
	return n, err
}

func TestHubGone(t *testing.T) {
	t.Parallel()
	h := newFragileHub(t)
	data := make([]byte, 24<<20)
	rand.Read(data)

	t.Run("upload", func(t *testing.T) {
		fall, o := h.fallDuring()
		s, err := koji.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Login(t.Context(), koji.LoginOptions{}); err != nil {
			t.Fatal(err)
		}
		r := &triggered{Reader: bytes.NewReader(data), left: len(data) / 2, do: fall}
		if err := s.Upload(t.Context(), "gone", "big.bin", r, koji.UploadOptions{}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(h.dir, "top", "work", "gone", "big.bin"))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("the hub has %d bytes that aren't those sent: %v", len(got), err)
		}
	})

	t.Run("download", func(t *testing.T) {
		fall, o := h.fallDuring()
		s, err := koji.New(o)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "big.bin")
		err = s.Download(t.Context(), "work/gone/big.bin", file, koji.DownloadOptions{
			Progress: func(done, total int64) {
				if done > total/4 {
					fall()
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came that aren't those of the hub: %v", len(got), err)
		}
	})

	t.Run("watch-task", func(t *testing.T) {
		admin, err := koji.New(koji.Options{Server: h.url, User: "kojiadmin", Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		if err := admin.Login(t.Context(), koji.LoginOptions{}); err != nil {
			t.Fatal(err)
		}
		var id int64
		if err := admin.Call(t.Context(), "makeTask", &id, "sleep", []any{5}); err != nil {
			t.Fatal(err)
		}
		conf := filepath.Join(t.TempDir(), "koji.conf")
		if err := os.WriteFile(conf, []byte("[koji]\nserver = "+h.url+"\nauthtype = noauth\npoll_interval = 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		said, errOut := io.Pipe()
		seen := newLineWaiter(said)
		shown, outPipe := io.Pipe()
		printed := newLineWaiter(io.TeeReader(shown, &out))
		code := make(chan int, 1)
		go func() {
			c := Main(t.Context(), []string{"koji", "-c", conf, "watch-task", fmt.Sprint(id)}, Stdio{In: strings.NewReader(""), Out: outPipe, Err: errOut})
			outPipe.Close()
			errOut.Close()
			code <- c
		}()
		printed.wait(t, "sleep (noarch): free")
		h.stop()
		seen.wait(t, "the hub does not answer")
		h.start()
		if err := admin.Call(t.Context(), "cancelTask", nil, id); err != nil {
			t.Fatal(err)
		}
		printed.wait(t, "was canceled")
		if c := <-code; c != 1 {
			t.Errorf("exit code %d\n%s", c, out.String())
		}
	})
}

// lineWaiter waits for lines that a program prints.
type lineWaiter chan string

func newLineWaiter(r io.Reader) lineWaiter {
	lines := make(lineWaiter, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

func (w lineWaiter) wait(t *testing.T, text string) {
	t.Helper()
	for line := range w {
		if strings.Contains(line, text) {
			return
		}
	}
	t.Fatalf("%q was never printed", text)
}
