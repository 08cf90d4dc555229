package tui

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/profiles"
)

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &plain{out: bufio.NewWriter(&out), seen: map[int64]kind{}, loc: time.UTC, now: testNow, name: "lab"}
	p.take(link{stream: true, up: true})
	all := sampleChanges()
	p.take(all)
	p.take(all) // nothing is told twice
	failed := samples()[2]
	failed.state, failed.took, failed.fault = koji.TaskFailed, 100, "it \x1b[31mbroke"
	p.take(changes{tasks: []task{failed.task()}})
	p.take(link{lost: testNow(), reason: "connection refused"})
	p.take(link{up: true, every: 5 * time.Second})
	want := `14:32:07 lab is there, told by its event stream
14:32:07 71204 waits for its subtasks: build (f44-candidate, /rpms/bash.git:9f3c2ab81d0e77c1) on bld01
14:32:07 71211 runs: buildArch (bash-5.3.0-2.fc44.src.rpm, x86_64) of 71204 on bld04
14:32:07 71212 runs: buildArch (bash-5.3.0-2.fc44.src.rpm, aarch64) of 71204 on bld06
14:32:07 71213 is free: buildArch (bash-5.3.0-2.fc44.src.rpm, s390x) of 71204
14:32:07 71180 waits for its subtasks: chainbuild (f44-candidate) on bld01
14:32:07 71230 waits for a repo: waitrepo (f44-build, libuv-1.51.0-1.fc44) of 71180 on bld02
14:32:07 71211 FAILED: buildArch (bash-5.3.0-2.fc44.src.rpm, x86_64) of 71204 on bld04 after 1:40 - it ␛[31mbroke
14:32:07 lab lost: connection refused
14:32:07 lab is there, polled every 5 s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// On a real hub, read line by line as from a pipe; it ends when nobody reads
// any more.
func TestPlain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Plain(ctx, Options{Session: l.admin, Profile: profiles.Default("lab"), Out: w}, false)
	}()
	lines := bufio.NewScanner(r)
	see := func(text string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("no line has %q", text)
	}
	see("lab is there, told by its event stream")
	id := l.build("git+https://src.example.org/rpms/foo#main")
	see("1 runs: build (f44-candidate, /rpms/foo:main)")
	r.Close()
	l.fail(id, "it broke")
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "closed pipe") {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("goes on though nobody reads")
	}
}
