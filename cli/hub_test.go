package cli

import (
	"bufio"
	"database/sql"
	"encoding/base64"
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

	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite" // in which the tests' hubs keep their passwords
)

// shared is a test run that removes at its end what its tests shared.
type shared struct{ *testing.M }

func (s shared) Run() int {
	code := s.M.Run()
	if hubDir != "" {
		os.RemoveAll(hubDir)
	}
	return code
}

var hubDir string

// hubProgram is the hub, built once: the client must not import it, and what is
// linked to must be a program. Nobody looks into it with a debugger.
var hubProgram = sync.OnceValues(func() (program string, err error) {
	if hubDir, err = os.MkdirTemp("", "koji-cli-test-"); err != nil {
		return "", err
	}
	program = filepath.Join(hubDir, "hubd")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "koji/cmd/hubd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the hub: %w\n%s", err, out)
	}
	return program, nil
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
	if err := cheapPasswords(filepath.Join(dir, "hub.db"), password); err != nil {
		return "", nil, err
	}
	return serve(hub, conf)
}

// cheapPasswords stores the passwords at the least cost that the hub reads: a
// test that logs in a thousand times would spend its time on nothing else.
func cheapPasswords(file string, password func(name string) string) (err error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.Query("SELECT name FROM users WHERE password IS NOT NULL ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	const passes, memory, lanes, length = 1, 8, 1, 32
	for _, name := range names {
		salt := []byte("salt of " + name)
		sum := argon2.IDKey([]byte(password(name)), salt, passes, memory, lanes, length)
		stored := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes,
			base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
		if _, err := db.Exec("UPDATE users SET password = ? WHERE name = ?", stored, name); err != nil {
			return err
		}
	}
	return nil
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
