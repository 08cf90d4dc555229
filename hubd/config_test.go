package hubd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// configFile writes a hub.conf into a folder of its own.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"no file": "", "empty": configFile(t, ""), "other sections": configFile(t, "[web]\nKojiDir = /x\n")} {
		c, err := LoadConfig(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want(t, name, []any{
			"", "127.0.0.1:8080", "", true, true, 24 * time.Hour, int64(4194304), int64(256), "WARNING", true, false, int64(15), 5.0,
			3 * time.Minute, 5 * time.Minute, 15 * time.Minute, 15 * time.Minute, time.Minute, int64(10), int64(2), int64(3), 24 * time.Hour, time.Hour, 2 * time.Hour, 10 * time.Minute, "kojira",
		}, []any{
			c.Database, c.Listen, c.KojiDir, c.CheckClientIP, c.LoginCreatesUser, c.SessionRenewalTimeout, c.MaxRequestLength, c.MaxNameLengthInternal, c.LogLevel, c.MissingPolicyOk,
			c.EnableMaven, c.MaxJobs, c.CapacityOvercommit, c.ReadyTimeout, c.AssignTimeout, c.SoftRefusalTimeout, c.HostTimeout, c.RunInterval, c.MaxRepoTasks, c.MaxRepoTasksMaven, c.RepoRetries,
			c.RequestCleanTime, c.RepoLag, c.RepoAutoLag, c.RepoLagWindow, c.RepoQueueUser,
		})
		if !c.RegexNameInternal.MatchString("a-b_c.d+e") || c.RegexNameInternal.MatchString("a b") || !c.RegexUserName.MatchString("a@B.C") {
			t.Errorf("%s: patterns %v and %v", name, c.RegexNameInternal, c.RegexUserName)
		}
		if got := c.offlineMessage(); got != "server is offline" {
			t.Errorf("offline message: %q", got)
		}
	}
}

func TestConfigDatabase(t *testing.T) {
	t.Parallel()
	for text, dsn := range map[string]string{
		"":                                   "",
		"Database = sqlite:/x/hub.db":        "sqlite:/x/hub.db",
		"Database = postgres://u@h/koji":     "postgres://u@h/koji",
		"Database = sqlite:/x\nDBName = y":   "sqlite:/x",
		"DBName = koji":                      "postgres:///koji?host=%2Fvar%2Frun%2Fpostgresql",
		"DBName = koji\nDBHost = /run/pg":    "postgres:///koji?host=%2Frun%2Fpg",
		"DBName = koji\nDBPort = 5433":       "postgres:///koji?host=%2Fvar%2Frun%2Fpostgresql&port=5433",
		"DBName = k\nDBUser = u\nDBHost = h": "postgres://u@h/k",
		"DBName = k\nDBUser = u\nDBPass = p@/:w\nDBHost = h\nDBPort = 1":   "postgres://u:p%40%2F%3Aw@h:1/k",
		"DBConnectionString = dbname=k host=h user=u password='p'":         "postgres:///k?host=h&password=p&user=u",
		`DBConnectionString = dbname = 'a b' password='it\'s = \\' host=h`: `postgres:///a%20b?host=h&password=it%27s+%3D+%5C`,
		"DBConnectionString = postgresql://u@h/k":                          "postgresql://u@h/k",
	} {
		c, err := LoadConfig(configFile(t, "[hub]\n"+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want(t, text, dsn, c.Database)
	}
}

func TestConfigFiles(t *testing.T) {
	t.Parallel()
	path := configFile(t, "[hub]\nMaxJobs = 3 \nSourceTags = a* b*\nEnableMaven = On\nRegexUserName =\nunknown = x\n\n[policy]\n# comment\nchannel =\n    method x :: use y\n\n    all :: use default\n")
	more := path + ".d"
	if err := os.Mkdir(more, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"1.conf": "[hub]\nMaxJobs = 1\nKojiDir = /first\nLockOut = yes\n", "2.conf": "[hub]\nKojiDir = /second\n", "3.txt": "[hub]\nKojiDir = /third\n",
	} {
		if err := os.WriteFile(filepath.Join(more, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "keys", []any{int64(3), "/second", true, true, []string{"a*", "b*"}}, []any{c.MaxJobs, c.KojiDir, c.LockOut, c.EnableMaven, c.SourceTags})
	if c.RegexUserName != nil {
		t.Errorf("an empty pattern checks: %v", c.RegexUserName)
	}
	if len(c.Policies) != 1 || c.Policies[0].Name != "channel" || !strings.Contains(c.Policies[0].Text, "method x :: use y") || !strings.Contains(c.Policies[0].Text, "all :: use default") {
		t.Errorf("policies: %+v", c.Policies)
	}
}

// A mistake is told with its file and line.
func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for text, part := range map[string]string{
		"MaxJobs = many":              "MaxJobs",
		"EnableMaven = perhaps":       "EnableMaven",
		"RegexNameInternal = (":       "RegexNameInternal",
		"SessionRenewalTimeout = 1.5": "SessionRenewalTimeout",
		"DBName = x\nDBPort = y":      "DBPort",
		"no key":                      "no key",
	} {
		path := configFile(t, "[hub]\nKojiDir = /x\n"+text+"\n")
		_, err := LoadConfig(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), part) || !strings.ContainsAny(err.Error(), "34") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "nosuch.conf")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzConnectionString(f *testing.F) {
	f.Add("dbname=koji host=/run user=u")
	f.Add("dbname='a b' password='=&?'")
	f.Fuzz(func(t *testing.T, dsn string) {
		if got := postgresURL(dsn); !strings.Contains(got, "://") {
			t.Errorf("%q gives %q", dsn, got)
		}
	})
}
