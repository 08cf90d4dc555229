package koji

import (
	"bytes"
	"hash/adler32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uploads keeps uploaded files by Koji's rules. trouble may spoil a request,
// before or after it has been carried out, and says whether it has answered.
type uploads struct {
	mu      sync.Mutex
	files   map[string][]byte
	trouble func(w http.ResponseWriter, nth int, done bool) bool
}

func (u *uploads) answer(w http.ResponseWriter, c peerCall, nth int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch c.Method {
	case "rawUpload":
		if u.trouble(w, nth, false) {
			return
		}
		file := c.Query.Get("filepath") + "/" + c.Query.Get("filename")
		data, there := u.files[file]
		offset, _ := strconv.Atoi(c.Query.Get("offset"))
		overwrite := c.Query.Get("overwrite") != ""
		if offset == 0 && there && !overwrite {
			replyFault(w, CodeGeneric, "upload path exists: "+file)
			return
		}
		if overwrite {
			data = data[:min(offset, len(data))]
		}
		data = append(bytes.Clone(data[:offset]), c.Body...)
		u.files[file] = data
		if u.trouble(w, nth, true) {
			return
		}
		reply(w, map[string]any{
			"size": int64(len(c.Body)), "offset": int64(offset), "fileverify": c.Query.Get("fileverify"),
			"hexdigest": hexDigest(adler32.Checksum(c.Body)),
		})
	case "checkUpload":
		data, there := u.files[c.Params[0].(string)+"/"+c.Params[1].(string)]
		if !there {
			reply(w, nil)
			return
		}
		answer := map[string]any{"size": int64(len(data)), "mtime": 1.5}
		if c.Named["verify"] == "adler32" {
			answer["hexdigest"] = hexDigest(adler32.Checksum(data))
		}
		reply(w, answer)
	default:
		reply(w, true)
	}
}

func noTrouble(http.ResponseWriter, int, bool) bool { return false }

// onNth is trouble with one request, before or after it is carried out.
func onNth(n int, after bool, f func(http.ResponseWriter)) func(http.ResponseWriter, int, bool) bool {
	return func(w http.ResponseWriter, nth int, done bool) bool {
		if nth != n || done != after {
			return false
		}
		f(w)
		return true
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	breakOff := func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }
	text := strings.Repeat("0123456789", 25)
	tests := []struct {
		name    string
		text    string
		old     string
		o       UploadOptions
		trouble func(http.ResponseWriter, int, bool) bool
		methods string
		verify  bool
		wantErr string
	}{
		{name: "three blocks", text: text, trouble: noTrouble, methods: "rawUpload#0 rawUpload#1 rawUpload#2 checkUpload#3"},
		{name: "exact blocks", text: text[:200], trouble: noTrouble, methods: "rawUpload#0 rawUpload#1 checkUpload#2"},
		{name: "empty", trouble: noTrouble, methods: "rawUpload#0 checkUpload#1"},
		{name: "exists", text: text, old: "x", trouble: noTrouble, methods: "rawUpload#0", wantErr: "upload path exists: cli-build/1/a.src.rpm"},
		{name: "overwrite", text: text[:50], old: text, o: UploadOptions{Overwrite: true}, trouble: noTrouble, methods: "rawUpload#0 checkUpload#1"},
		{
			name: "first block lost on the way", text: text, trouble: onNth(0, false, breakOff), verify: true,
			methods: "rawUpload#0 rawUpload#0 rawUpload#1 rawUpload#2 checkUpload#3",
		},
		{
			name: "answer to the first block lost", text: text, trouble: onNth(0, true, breakOff), verify: true,
			methods: "rawUpload#0 rawUpload#0 rawUpload#1 rawUpload#2 checkUpload#3",
		},
		{
			name: "answer to a later block lost", text: text, trouble: onNth(1, true, breakOff), verify: true,
			methods: "rawUpload#0 rawUpload#1 rawUpload#1 rawUpload#2 checkUpload#3",
		},
		{
			name: "block was counted but not answered", text: text, verify: true,
			trouble: func(w http.ResponseWriter, nth int, done bool) bool {
				switch {
				case nth == 1 && done:
					breakOff(w)
				case nth == 2 && !done:
					replyFault(w, CodeRetry, "unable to retry call 1")
					return true
				}
				return false
			},
			methods: "rawUpload#0 rawUpload#1 rawUpload#1 rawUpload#2 rawUpload#3 checkUpload#4",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := &uploads{files: map[string][]byte{}, trouble: tt.trouble}
			if tt.old != "" {
				u.files["cli-build/1/a.src.rpm"] = []byte(tt.old)
			}
			s, p, _ := loggedIn(t, Options{UploadBlocksize: 100}, u.answer)
			var done []int64
			tt.o.Progress = func(n, total int64) {
				done = append(done, n)
				if total != int64(len(tt.text)) {
					t.Errorf("total %d", total)
				}
			}
			err := s.Upload(within(t), "cli-build/1", "a.src.rpm", strings.NewReader(tt.text), tt.o)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("got %v", err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if got := string(u.files["cli-build/1/a.src.rpm"]); got != tt.text {
					t.Errorf("the hub has %q", got)
				}
				if done[len(done)-1] != int64(len(tt.text)) {
					t.Errorf("progress %v", done)
				}
				if v := p.calls()[len(p.calls())-1].Named["verify"]; (v != nil) != tt.verify {
					t.Errorf("verify %v", v)
				}
			}
			if d := cmp.Diff("login "+tt.methods, strings.Join(p.methods(), " ")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestUploadThatTheHubSpoils(t *testing.T) {
	t.Parallel()
	bad := 0
	u := &uploads{files: map[string][]byte{}, trouble: noTrouble}
	spoil := func(w http.ResponseWriter, c peerCall, nth int) {
		if c.Method == "rawUpload" && nth < bad {
			reply(w, map[string]any{"size": int64(1), "hexdigest": "00000001", "offset": int64(0)})
			return
		}
		u.answer(w, c, nth)
	}
	bad = 2
	s, p, _ := loggedIn(t, Options{}, spoil)
	if err := s.Upload(within(t), "d", "f", strings.NewReader("hello"), UploadOptions{}); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"login", "rawUpload#0", "rawUpload#1", "rawUpload#2", "checkUpload#3"}, p.methods()); d != "" {
		t.Error(d)
	}
	bad = 3
	s, _, _ = loggedIn(t, Options{}, spoil)
	err := s.Upload(within(t), "d", "g", strings.NewReader("hello"), UploadOptions{})
	if err == nil {
		t.Fatal("no error")
	}
	mustContain(t, err.Error(), "upload g: the hub wrote 1 bytes with digest 00000001 at 0 instead of 5 with 062c0215")
}

func TestUploadCheckedAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{nil, map[string]any{"size": int64(4)}} {
		u := &uploads{files: map[string][]byte{}, trouble: noTrouble}
		s, _, _ := loggedIn(t, Options{}, func(w http.ResponseWriter, c peerCall, nth int) {
			if c.Method == "checkUpload" {
				reply(w, answer)
				return
			}
			u.answer(w, c, nth)
		})
		if err := s.Upload(within(t), "d", "f", strings.NewReader("hello"), UploadOptions{}); err == nil {
			t.Errorf("%v was taken for 5 bytes", answer)
		}
	}
}

func TestUploadFromAPipe(t *testing.T) {
	t.Parallel()
	u := &uploads{files: map[string][]byte{}, trouble: noTrouble}
	s, p, _ := loggedIn(t, Options{}, u.answer)
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, "from a pipe")
		w.Close()
	}()
	var total int64
	err := s.Upload(within(t), "d", "f", r, UploadOptions{Volume: "fast", Progress: func(_, n int64) { total = n }})
	if err != nil || string(u.files["d/f"]) != "from a pipe" || total != -1 {
		t.Errorf("%v, %q, total %d", err, u.files["d/f"], total)
	}
	if c := p.calls(); c[1].Query.Get("volume") != "fast" || c[2].Named["volume"] != "fast" {
		t.Errorf("volume: %+v", c[1:])
	}
}

func TestUploadAt(t *testing.T) {
	t.Parallel()
	u := &uploads{files: map[string][]byte{}, trouble: noTrouble}
	s, _, _ := loggedIn(t, Options{}, u.answer)
	for _, part := range []struct {
		offset int64
		text   string
	}{{0, "one"}, {0, "one two"}, {4, "2 three"}, {11, ""}} {
		if err := s.UploadAt(within(t), "tasks/1/1", "build.log", part.offset, []byte(part.text), true); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(u.files["tasks/1/1/build.log"]); got != "one 2 three" {
		t.Errorf("got %q", got)
	}
}
