package tui

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"koji"
)

// A build is watched from its start to its end, by the hub's event stream.
func TestLive(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	d := drive(t, l.admin, 80, 24)
	d.see("stream", "no tasks of yours today")

	parent := l.build("git+https://src.example.org/rpms/foo#main")
	child := l.subtask(parent, "x86_64")
	l.wait(parent)
	d.see(fmt.Sprintf("▾⋯ %d build (f44-candidate, /rpms/foo:main)", parent), fmt.Sprintf("%d buildArch (foo-1-1.src.rpm, x86_64)", child), "admin")
	l.open(child)
	d.see(fmt.Sprintf("└◉ %d buildArch (foo-1-1.src.rpm, x86_64)          bld01", child), "◉ 1 running  ⋯ 1 parents")

	// A line that is written to the log shows below its task.
	l.log(child, "build.log", 0, "checking for gcc... gcc\n")
	d.see("checking for gcc... gcc")
	l.log(child, "build.log", 24, "+ make -j8\n")
	d.see("+ make -j8")

	// The log opens at its end and follows.
	d.press("j", "l")
	d.see("build.log", "checking for gcc... gcc", "2 lines", "follow")
	l.log(child, "build.log", 35, "foo.c:1: error: \x1b]0;owned\amissing\n")
	d.see("✗        3 foo.c:1: error: ␛]0;owned␇missing")
	d.press("q")

	// A failure shows by itself, with its reason.
	l.fail(child, "error building package (arch x86_64), mock exited with status 1; see build.log\n")
	d.see(fmt.Sprintf("✗ %d", child), "error building package (arch x86_64)", "✗ 1 failed")
	d.press("l")
	d.see("error 1 of 1", "log complete")
	d.press("q", "enter")
	d.see("── fault", "build.log", "x86_64", "keep_srpm", "true")
	d.press("q")

	// Canceling takes three keys; the dialog says what happens.
	d.press("k", "a", "c")
	d.see("Cancel a build?", "and its 1 subtask: 0 running, 0 waiting, 1 finished (kept).", fmt.Sprintf("$ koji -p lab cancel %d", parent))
	d.press("enter")
	d.not("Cancel a build?")
	if s := l.state(parent); s != koji.TaskOpen {
		t.Fatalf("enter in the dialog canceled the task: it is %v", s)
	}
	d.press("a", "c", "y")
	d.see(fmt.Sprintf("%d is canceled", parent), fmt.Sprintf("⊘ %d", parent))
	if s := l.state(parent); s != koji.TaskCanceled {
		t.Fatalf("task %d is %v on the hub", parent, s)
	}
	d.press("a", "s")
	d.see("Submit again?")
	d.press("enter")
	d.see(fmt.Sprintf("%d is submitted again as", parent), "◦ 1 free")
}

// While the hub is away the screen says so and stays; when it is back, nothing
// that happened meanwhile is missed.
func TestHubIsLostAndComesBack(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	first := l.build("git+https://src.example.org/rpms/foo#main")
	d := drive(t, l.admin, 80, 24)
	d.see(fmt.Sprintf("◉ %d build", first), "stream")
	l.stop()
	d.see("lost since", "connection refused", "R now", fmt.Sprintf("◉ %d build", first))
	d.press("a", "c")
	d.see("cancel: no hub")
	d.press("esc")
	l.start()
	d.see("≋ stream")
	d.not("lost")
	second := l.build("git+https://src.example.org/rpms/bar#main")
	d.see(fmt.Sprintf("◉ %d build (f44-candidate, /rpms/bar:main)", second), fmt.Sprintf("▌ ◉ %d", first))
}

// polled is a login at the hub as if it had no event stream, as Koji's own.
func (l *lab) polled() *koji.Session {
	l.t.Helper()
	behind, err := url.Parse(l.server)
	if err != nil {
		l.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = behind.Scheme, behind.Host },
		Transport: &http.Transport{}, // other tests' servers close what the common one has open
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			http.Error(w, "only POST", http.StatusMethodNotAllowed)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	l.t.Cleanup(front.Close)
	by := *l
	by.server = front.URL + "/kojihub"
	return by.login("admin")
}

// A hub without an event stream is polled, to the same screen.
func TestPolledHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	d := drive(t, l.polled(), 160, 50)
	d.see("⟳ poll", "no tasks of yours today")
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	child := l.subtask(parent, "x86_64")
	l.open(child)
	l.wait(parent)
	d.see(fmt.Sprintf("▾⋯ %d build", parent), fmt.Sprintf("└◉ %d buildArch", child), "bld01")
	l.log(child, "build.log", 0, "checking for gcc... gcc\n")
	d.see("checking for gcc... gcc")
	d.press("j", "l")
	d.see("1 lines", "follow")
	l.log(child, "build.log", 24, "+ make -j8\n")
	d.see("+ make -j8")
	d.press("q")
	l.close(child)
	d.see(fmt.Sprintf("✓ %d buildArch", child))
	l.fail(parent, "it broke\n")
	d.see(fmt.Sprintf("✗ %d build", parent), "it broke")
}
