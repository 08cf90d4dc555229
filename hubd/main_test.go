package hubd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// eachDatabase runs a subtest with a configuration for an empty database of each engine.
func eachDatabase(t *testing.T, run func(t *testing.T, config string)) {
	t.Helper()
	config := func(t *testing.T, dsn string) string {
		return configFile(t, fmt.Sprintf("[hub]\nDatabase = %s\nKojiDir = %s\nListen = 127.0.0.1:0\n", dsn, filepath.Join(t.TempDir(), "koji")))
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, config(t, "sqlite:"+filepath.Join(t.TempDir(), "hub.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, config(t, sqlstoretest.PostgresDSN(t, false)))
	})
}

// hubd runs the program and gives its exit code and what it wrote.
func hubd(t *testing.T, args ...string) (code int, out, problem string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(t.Context(), append([]string{"hubd"}, args...), Stdio{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// mustRun is hubd that must go well.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	code, out, problem := hubd(t, args...)
	if code != 0 || problem != "" {
		t.Fatalf("hubd %v: exit %d: %s", args, code, problem)
	}
	return out
}

func passwordFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serve runs hubd serve until the test ends, and gives the URL of the API; stop ends it and gives its exit code.
func serve(t *testing.T, args ...string) (url string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	var problem bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code := Main(ctx, append([]string{"hubd", "serve"}, args...), Stdio{Out: write, Err: &problem})
		write.Close()
		done <- code
	}()
	stopped := false
	stop = func() int {
		if stopped {
			return 0
		}
		stopped = true
		cancel()
		select {
		case code := <-done:
			if problem.Len() > 0 {
				t.Logf("hubd serve: %s", problem.String())
			}
			return code
		case <-time.After(30 * time.Second):
			t.Error("hubd serve doesn't end")
			return -1
		}
	}
	t.Cleanup(func() { stop() })
	line, err := bufio.NewReader(read).ReadString('\n')
	go io.Copy(io.Discard, read)
	m := regexp.MustCompile(`https?://127\.0\.0\.1:\d+/kojihub`).FindString(line)
	if err != nil || m == "" {
		stop()
		t.Fatalf("hubd serve says %q (%v): %s", line, err, problem.String())
	}
	return m, stop
}

func TestUsage(t *testing.T) {
	t.Parallel()
	config := configFile(t, "[hub]\nDatabase = sqlite:/nowhere/hub.db\nKojiDir = /nowhere\n")
	for _, args := range [][]string{
		{},
		{"nosuch"},
		{"user"},
		{"user", "remove", "x"},
		{"host", "x"},
		{"--config", config},
		{"serve", "--nosuch"},
		{"serve", "-c", config, "now"},
		{"init", "-c", config},
		{"init", "-c", config, "--admin", "me"},
		{"init", "-c", config, "--password-file", "x"},
		{"init", "-c", config, "--admin", "me", "--password-file", "x", "you"},
		{"user", "add", "-c", config},
		{"user", "add", "-c", config, "a", "b"},
		{"host", "add", "-c", config, "b1"},
		{"host", "add", "-c", config, "b1", "--arches", " , "},
		{"host", "add", "-c", config, "--arches", "x86_64"},
		{"user", "add", "x", "--perm"},
	} {
		code, out, problem := hubd(t, args...)
		if code != 2 || out != "" || !strings.HasPrefix(problem, "hubd: ") || !strings.Contains(problem, "hubd --help") {
			t.Errorf("hubd %v: exit %d, %q, %q", args, code, out, problem)
		}
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"serve", "--help"}, {"user", "add", "-h"}} {
		if code, out, _ := hubd(t, args...); code != 0 || out != usage {
			t.Errorf("hubd %v: exit %d: %s", args, code, out)
		}
	}
}

func TestStartProblems(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := "Database = sqlite:" + filepath.Join(dir, "hub.db") + "\n"
	plain := filepath.Join(dir, "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, part string }{
		"no database":       {"KojiDir = " + dir, "Database"},
		"no KojiDir":        {db, "KojiDir"},
		"unknown database":  {"Database = mysql://x\nKojiDir = " + dir, "sqlite:PATH or postgres://"},
		"KojiDir is a file": {db + "KojiDir = " + plain, "file"},
		"no address":        {db + "KojiDir = " + dir + "\nListen = nowhere", "listen"},
		"no number":         {db + "KojiDir = " + dir + "\nMaxJobs = x", "MaxJobs"},
		"no PostgreSQL":     {"Database = postgres://koji:hunter2@127.0.0.1:1/koji\nKojiDir = " + dir, "open database"},
		"bad policy":        {db + "KojiDir = " + dir + "\n[policy]\ntag =\n    nosuch :: allow", "nosuch"},
	} {
		code, _, problem := hubd(t, "serve", "--config", configFile(t, "[hub]\n"+c.text+"\n"))
		if code != 1 || !strings.Contains(problem, c.part) || strings.Contains(problem, "hunter2") || strings.Contains(problem, "goroutine") {
			t.Errorf("%s: exit %d: %s", name, code, problem)
		}
	}
	if code, _, problem := hubd(t, "serve", "--config", filepath.Join(dir, "nosuch.conf")); code != 1 || !strings.Contains(problem, "nosuch.conf") {
		t.Errorf("no configuration: exit %d: %s", code, problem)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, config string) {
		first, second := passwordFile(t, "first\nsecond line\n"), passwordFile(t, "second\r\n")
		out := mustRun(t, "init", "--config", config, "--admin", "boss", "--password-file", first)
		want(t, "init", "user boss has id 1\n", out)
		want(t, "init again", out, mustRun(t, "init", "--config", config, "--admin", "boss", "--password-file", second))
		mustRun(t, "user", "add", "carol", "--config", config, "--perm", "tag", "--perm", "repo", "--password-file", first)
		mustRun(t, "user", "add", "-c", config, "carol", "--perm", "tag") // keeps the password
		mustRun(t, "user", "add", "dave", "-c", config)
		mustRun(t, "host", "add", "b1", "--arches", "x86_64, noarch", "-c", config, "--password-file", first)
		mustRun(t, "host", "add", "b1", "--arches", "aarch64", "--channel", "createrepo", "--channel", "default", "-c", config)

		for name, c := range map[string]struct {
			args []string
			part string
		}{
			"user is a host":    {[]string{"user", "add", "b1"}, "b1"},
			"host is a user":    {[]string{"host", "add", "carol", "--arches", "x86_64"}, "carol"},
			"no such perm":      {[]string{"user", "add", "erin", "--perm", "nosuch"}, "nosuch"},
			"bad name":          {[]string{"user", "add", "../erin"}, "erin"},
			"no such channel":   {[]string{"host", "add", "b2", "--arches", "x86_64", "--channel", "nosuch"}, "nosuch"},
			"bad arch":          {[]string{"host", "add", "b2", "--arches", "x86_64;rm"}, "rm"},
			"no password file":  {[]string{"user", "add", "erin", "--password-file", "/nosuch"}, "/nosuch"},
			"an empty password": {[]string{"user", "add", "erin", "--password-file", passwordFile(t, "\nx\n")}, "first line"},
		} {
			code, _, problem := hubd(t, append(c.args, "-c", config)...)
			if code == 0 || !strings.Contains(problem, c.part) || strings.Contains(problem, "internal error") {
				t.Errorf("%s: exit %d: %s", name, code, problem)
			}
		}

		url, stop := serve(t, "--config", config)
		ctx := t.Context()
		session := func(user, password string) (*koji.Session, error) {
			s, err := koji.New(koji.Options{Server: url, User: user, Password: password, MaxRetries: -1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			return s, s.Login(ctx, koji.LoginOptions{})
		}
		if _, err := session("boss", "first"); !koji.HasCode(err, koji.CodeAuth) {
			t.Errorf("the old password: %v", err)
		}
		boss, err := session("boss", "second")
		if err != nil {
			t.Fatal(err)
		}
		ask := func(s *koji.Session, method string, args ...any) (v any) {
			t.Helper()
			if err := s.Call(ctx, method, &v, args...); err != nil {
				t.Fatal(err)
			}
			return v
		}
		want(t, "permissions of boss", any([]any{"admin"}), ask(boss, "getUserPerms"))
		carol, err := session("carol", "first")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "permissions of carol", any([]any{"repo", "tag"}), ask(carol, "getUserPerms"))
		if _, err := session("dave", ""); err == nil {
			t.Error("dave has no password, and logs in")
		}
		want(t, "users that weren't made", nil, ask(boss, "getUser", "erin"))
		want(t, "host", []any{"aarch64", true}, pick(ask(boss, "getHost", "b1"), "arches", "enabled"))
		want(t, "its channels", any([]any{"default", "createrepo"}), any(column(ask(boss, "listChannels", "b1"), "name")))
		want(t, "hosts", 1, len(ask(boss, "listHosts").([]any)))
		builder, err := session("b1", "first")
		if err != nil {
			t.Fatal(err)
		}
		ask(builder, "exclusiveSession")
		ask(builder, "host.updateHost", 0.0, true)

		stream, err := boss.Events(ctx, koji.EventOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		want(t, "exit code", 0, stop())
		if err := boss.Call(ctx, "hello", nil); err == nil {
			t.Error("it still answers")
		}
		// Sessions outlive the hub.
		again, stop := serve(t, "--config", config)
		resumed, err := koji.New(koji.Options{Server: again, MaxRetries: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer resumed.Close()
		resumed.Resume(boss.Info())
		want(t, "who", []any{"boss"}, pick(ask(resumed, "getLoggedInUser"), "name"))
		want(t, "exit code", 0, stop())
	})
}

func TestDataFolder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		uid  int
		env  map[string]string
		want string
	}{
		{0, map[string]string{"HOME": "/root", "XDG_DATA_HOME": "/data"}, "/var/lib/koji"},
		{1000, map[string]string{"HOME": "/home/u"}, "/home/u/.local/share/koji"},
		{1000, map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "/data"}, "/data/koji"},
		{1000, map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "relative"}, "/home/u/.local/share/koji"},
		{1000, nil, ""},
		{1000, map[string]string{"HOME": "."}, ""},
	} {
		got, err := dataFolder(c.uid, func(k string) string { return c.env[k] })
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("uid %d, %v: %q, %v", c.uid, c.env, got, err)
		}
	}
}
