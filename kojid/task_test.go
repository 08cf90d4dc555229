package kojid

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/xmlrpc"
	"koji/kojid/buildroot"
)

func TestFaultDocument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want xmlrpc.Fault
	}{
		"plain":   {errors.New("boom <&>"), xmlrpc.Fault{Code: 1, String: "boom <&>"}},
		"fault":   {koji.NewError(koji.CodeBuild, "no arches"), xmlrpc.Fault{Code: 1005, String: "no arches"}},
		"wrapped": {fmt.Errorf("upload x: %w", koji.NewError(koji.CodeLock, "taken")), xmlrpc.Fault{Code: 1001, String: "upload x: taken"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got xmlrpc.Fault
			if err := xmlrpc.UnmarshalResponse([]byte(faultDocument(c.err)), nil); !errors.As(err, &got) || got != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	task := &Task{taskRecord: taskRecord{Method: "build"}, request: []any{"a.src.rpm", "f1", map[string]any{"scratch": true, "arch_override": nil, "unknown": 1}}}
	var p buildParams
	if err := task.params(&p); err != nil {
		t.Fatal(err)
	}
	if p.Src != "a.src.rpm" || p.Target == nil || *p.Target != "f1" || !p.Opts.Scratch || p.Opts.ArchOverride != nil {
		t.Errorf("%+v", p)
	}
	task.request = []any{"a.src.rpm", nil}
	p = buildParams{}
	if err := task.params(&p); err != nil || p.Target != nil {
		t.Errorf("%+v %v", p, err)
	}
	for _, bad := range [][]any{{}, {1, 2, 3, 4}, {1, "f1"}, {"a", "f1", "opts"}} {
		task.request = bad
		if err := task.params(&p); !errors.Is(err, koji.ErrParameter) {
			t.Errorf("%v: error %v", bad, err)
		}
	}
}

func TestNewRepoOptions(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	p := newRepoParams{Src: &yes, Debuginfo: &no}
	got, err := p.options()
	if d := cmp.Diff(map[string]any{"src": true}, got); err != nil || d != "" {
		t.Error(err, d)
	}
	p.Opts = map[string]any{"debuginfo": true}
	if _, err := p.options(); !errors.Is(err, koji.ErrParameter) {
		t.Errorf("error %v", err)
	}
}

func TestHandlersAreKnownMethods(t *testing.T) {
	t.Parallel()
	if len(handlersByMethod()) != len(handlers()) {
		t.Error("a method is there twice")
	}
	for _, h := range handlers() {
		if _, err := koji.ParseTaskParams(h.method, nil); errors.Is(err, koji.ErrNoSignature) {
			t.Error(err)
		}
	}
}

func TestGroupPackages(t *testing.T) {
	t.Parallel()
	groups := []koji.Group{
		{Name: "build", Packages: []koji.GroupPackage{
			{Package: "bash", Type: "mandatory"}, {Package: "gone", Type: "mandatory", Blocked: true}, {Package: "extra", Type: "optional"},
		}, Groups: []koji.GroupReq{{Name: "core"}, {Name: "off", Blocked: true}}},
		{Name: "core", Packages: []koji.GroupPackage{{Package: "gcc", Type: "default"}}, Groups: []koji.GroupReq{{Name: "build"}}},
		{Name: "off", Packages: []koji.GroupPackage{{Package: "never", Type: "mandatory"}}},
	}
	if d := cmp.Diff(words("bash", "gcc"), groupPackages(groups, "build")); d != "" {
		t.Error(d)
	}
	if got := groupPackages(groups, "none"); got != nil {
		t.Error(got)
	}
}

func TestExtraByPrefix(t *testing.T) {
	t.Parallel()
	extra := map[string]any{"rpm.macro.dist": ".lab", "rpm.macro.n": int64(3), "rpm.env.X": "y", "rpm.macro.off": nil}
	if d := cmp.Diff(map[string]string{"dist": ".lab", "n": "3"}, extraByPrefix(extra, "rpm.macro.")); d != "" {
		t.Error(d)
	}
}

func TestBuildrootName(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"f1-build": "f1-build-3-4", "a/b c": "a_b_c-3-4", ".x": "_.x-3-4", "": "_-3-4"} {
		if got := buildrootName(tag, 3, 4); got != want {
			t.Errorf("%q: %q", tag, got)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	e := &buildEnv{arch: "x86_64"}
	for _, c := range []struct {
		exit buildroot.ExitError
		code koji.Code
		want string
	}{
		{buildroot.ExitError{Code: 10, Log: "build.log", Reason: "bad exit status"}, koji.CodeBuild, "error building package (arch x86_64), mock exited with status 10; see build.log for more information: bad exit status"},
		{buildroot.ExitError{Code: 30, Reason: "nothing provides x"}, koji.CodeBuildroot, "error building package (arch x86_64), mock exited with status 30; see root.log for more information: nothing provides x"},
	} {
		err := e.explain(fmt.Errorf("rebuild: %w", &c.exit))
		if !koji.HasCode(err, c.code) || err.Error() != c.want {
			t.Errorf("got %v", err)
		}
	}
}

func TestNVROf(t *testing.T) {
	t.Parallel()
	want := koji.NVR{Name: "a-b", Version: "1", Release: "2"}
	for _, v := range []any{"a-b-1-2", map[string]any{"name": "a-b", "version": "1", "release": "2"}} {
		if got, err := nvrOf(v); err != nil || got != want {
			t.Errorf("%v: %v %v", v, got, err)
		}
	}
	if _, err := nvrOf(int64(3)); err == nil {
		t.Error("a number was accepted")
	}
}

func TestLetterKeepsHeadersToOneLine(t *testing.T) {
	t.Parallel()
	l := &letter{}
	l.header("Subject", "a\r\nBcc: x")
	l.line("one\ntwo\r\nthree")
	text := string(l.text())
	if !strings.HasPrefix(text, "Subject: a Bcc: x\r\n") || !strings.HasSuffix(text, "\r\n\r\none\r\ntwo\r\nthree\r\n") {
		t.Errorf("%q", text)
	}
}

// mailServer takes one mail and returns what it was told.
func mailServer(t *testing.T) (address string, said <-chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lines := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c := textproto.NewConn(conn)
		defer c.Close()
		var got []string
		answer := func(s string) { _ = c.PrintfLine("%s", s) } // a client that is gone ends the loop below
		answer("220 here")
		for {
			line, err := c.ReadLine()
			if err != nil {
				break
			}
			got = append(got, line)
			switch {
			case line == "DATA":
				answer("354 go on")
				body, err := c.ReadDotLines()
				if err != nil {
					break
				}
				got = append(got, body...)
				answer("250 ok")
			case line == "QUIT":
				answer("221 bye")
			default:
				answer("250 ok")
			}
		}
		lines <- got
	}()
	return l.Addr().String(), lines
}

func TestSendMail(t *testing.T) {
	t.Parallel()
	address, said := mailServer(t)
	cfg := defaultConfig()
	cfg.SMTPHost = address
	task := &Task{cfg: cfg, host: koji.Host{Name: "b1"}}
	l := &letter{}
	l.header("Subject", "hello")
	l.line("text")
	if err := task.send(t.Context(), words("a@x", "b@x"), l); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(<-said, "\n")
	for _, want := range words("MAIL FROM:<buildsys@example.com>", "RCPT TO:<a@x>", "RCPT TO:<b@x>", "Subject: hello", "\n\ntext") {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestSendMailFailsClearly(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	task := &Task{cfg: cfg, host: koji.Host{Name: "b1"}}
	if err := task.send(t.Context(), words("a@x"), &letter{}); !koji.HasCode(err, koji.CodeConfiguration) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg.SMTPHost = "127.0.0.1:1"
	if err := task.send(ctx, words("a@x"), &letter{}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("error %v", err)
	}
}
