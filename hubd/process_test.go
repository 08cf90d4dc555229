package hubd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"koji"
	"koji/sqlstore"
)

// asProgram is set in the environment of a test process that is to be hubd.
const asProgram = "HUBD_TEST_AS_PROGRAM"

// processConfig writes a configuration for a hub on a database with the users
// of populate, and gives its path. The hub's address is new at each start.
func processConfig(t *testing.T, dsn string) string {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Write(t.Context(), func(tx *sqlstore.Tx) error { return populate(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	return configFile(t, fmt.Sprintf("[hub]\nDatabase = %s\nKojiDir = %s\nListen = 127.0.0.1:0\nCheckClientIP = no\nDisableNotifications = yes\n",
		dsn, filepath.Join(t.TempDir(), "koji")))
}

// hubProcess is hubd serve as a process: the test program, started again.
type hubProcess struct {
	cmd     *exec.Cmd
	address string
	ended   chan struct{}
}

func startProcess(t *testing.T, config string) *hubProcess {
	t.Helper()
	p := &hubProcess{cmd: exec.Command(os.Args[0], "serve", "--config", config), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	var problems bytes.Buffer
	p.cmd.Stderr = &problems
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, out)
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("hubd %s: %s", p.address, problems.String())
		}
	})
	m := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/kojihub`).FindStringSubmatch(line)
	if err != nil || m == nil {
		p.kill()
		t.Fatalf("hubd serve says %q (%v): %s", line, err, problems.String())
	}
	p.address = m[1]
	return p
}

// kill ends the hub as a crash does, and returns once it is gone.
func (p *hubProcess) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// forwarder is one address that leads to whichever hub lives, as a proxy does
// in front of several.
type forwarder struct {
	listener net.Listener
	mu       sync.Mutex
	to       string
}

func newForwarder(t *testing.T) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.forward(conn)
		}
	}()
	return f
}

func (f *forwarder) lead(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = address
}

func (f *forwarder) url() string { return "http://" + f.listener.Addr().String() + "/kojihub" }

func (f *forwarder) forward(client net.Conn) {
	defer client.Close()
	f.mu.Lock()
	to := f.to
	f.mu.Unlock()
	hub, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer hub.Close()
	var both sync.WaitGroup
	half := func(into, from net.Conn) {
		defer both.Done()
		_, _ = io.Copy(into, from)
		// What one side ended, or lost, has ended for the other.
		into.Close()
		from.Close()
	}
	both.Add(2)
	go half(hub, client)
	go half(client, hub)
	both.Wait()
}

// client is a session of a user that tries again when the hub is gone.
func (f *forwarder) client(t *testing.T, user string) *koji.Session {
	t.Helper()
	s, err := koji.New(koji.Options{Server: f.url(), User: user, Password: user, MaxRetries: 100000, RetryInterval: retryPause, AnonRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	login := koji.LoginOptions{Exclusive: user == "builder1" || user == "builder2"}
	if err := s.Login(context.Background(), login); err != nil {
		t.Fatal(err)
	}
	return s
}
