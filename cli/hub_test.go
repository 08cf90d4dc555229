package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is a test run that removes at its end what its tests shared.
type shared struct{ *testing.M }

func (s shared) Run() int {
	code := s.M.Run()
	if programsDir != "" {
		os.RemoveAll(programsDir)
	}
	return code
}

var programsDir string

// programs are the client and the hub, built once: the client must not import
// the hub, and what is linked to must be a program.
var programs = sync.OnceValues(func() (dir string, err error) {
	if programsDir, err = os.MkdirTemp("", "koji-cli-test-"); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", programsDir, "koji/cmd/hubd", "koji/cmd/koji").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return programsDir, nil
})

// startHub starts the hub on SQLite in dir, with settings as lines of its
// configuration and accounts as its commands make them. password is that of the
// account of a name. It gives the hub's URL, and what ends it.
func startHub(hub, dir, settings string, accounts []string, password func(name string) string) (url string, stop func(), err error) {
	conf, pass := filepath.Join(dir, "hub.conf"), filepath.Join(dir, "password")
	text := fmt.Sprintf("[hub]\nDatabase = sqlite:%s/hub.db\nKojiDir = %s/top\nListen = 127.0.0.1:0\nDisableNotifications = True\n%s", dir, dir, settings)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return "", nil, err
	}
	for _, account := range accounts {
		words := strings.Fields(account)
		if err := os.WriteFile(pass, []byte(password(words[2])), 0o600); err != nil {
			return "", nil, err
		}
		out, err := exec.Command(hub, append(words, "--config", conf, "--password-file", pass)...).CombinedOutput()
		if err != nil {
			return "", nil, fmt.Errorf("hubd %s: %w\n%s", account, err, out)
		}
	}
	return serve(hub, conf)
}

// serve runs the hub, which tells its URL when it is ready.
func serve(hub, conf string) (url string, stop func(), err error) {
	cmd := exec.Command(hub, "serve", "--config", conf)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	lines := make(chan string, 1)
	go func() {
		s := bufio.NewScanner(out)
		at := regexp.MustCompile(`serves (https?://\S+)`)
		for s.Scan() {
			if m := at.FindStringSubmatch(s.Text()); m != nil {
				lines <- m[1]
			}
		}
		close(lines)
	}()
	select {
	case url, ok := <-lines:
		if !ok {
			err = errors.New("the hub ended")
		}
		return url, stop, err
	case <-time.After(20 * time.Second):
		stop()
		return "", nil, errors.New("the hub doesn't come up")
	}
}
