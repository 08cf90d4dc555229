package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"koji"
	"koji/internal/kdctest"
	"koji/internal/pkitest"
)

// TestLogins logs in as people do, each script against a hub that has TLS and
// the user alice. A script about Kerberos has a KDC besides.
func TestLogins(t *testing.T) {
	t.Parallel()
	hub, err := hubProgram()
	if err != nil {
		t.Fatal(err)
	}
	ca := pkitest.New(t, "Koji CA")
	run := func(t *testing.T, script string, settings string, vars map[string]string) {
		t.Helper()
		vars["CA"] = ca.File
		testscript.Run(t, testscript.Params{
			Files: []string{filepath.Join("testdata", "login", script)},
			Setup: func(env *testscript.Env) error {
				return setupLogin(env, hub, "SSLCertificate = "+ca.Server()+"\n"+settings, vars)
			},
			Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": cmdStatus},
			RequireExplicitExec: true,
		})
	}
	t.Run("certificates", func(t *testing.T) {
		t.Parallel()
		run(t, "ssl.txtar", "SSLClientCA = "+ca.File+"\nProxyDNs = CN=alice,O=Koji\n", map[string]string{
			"ALICE": ca.Client("alice"), "BOB": ca.Client("bob"), "STRANGER": pkitest.New(t, "Koji CA").Client("alice"),
		})
	})
	t.Run("kerberos", func(t *testing.T) {
		t.Parallel()
		kdc := kdctest.Start(t)
		people := kdc.Keytab("alice", "bob")
		run(t, "kerberos.txtar", "AuthKeytab = "+kdc.Keytab("HTTP/localhost")+"\nProxyPrincipals = alice@"+kdctest.Realm+"\n", map[string]string{
			"KRB5_CONFIG": kdc.Config, "KEYTAB": people, "TICKETS": "FILE:" + kdc.Tickets(people, "alice"),
		})
	})
}

func setupLogin(env *testscript.Env, hub, settings string, vars map[string]string) error {
	dir := filepath.Join(env.WorkDir, ".hub")
	home := filepath.Join(env.WorkDir, "home")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.MkdirAll(filepath.Join(home, ".koji"), 0o755)); err != nil {
		return err
	}
	url, stop, err := startHub(hub, dir, settings, []string{"user add alice"}, func(string) string { return "secret" })
	if err != nil {
		return err
	}
	env.Defer(stop)
	for name, value := range vars {
		env.Setenv(name, value)
	}
	env.Setenv("HOME", home)
	config := fmt.Sprintf("[koji]\nserver = %s\nserverca = %s\n", strings.Replace(url, "127.0.0.1", "localhost", 1), vars["CA"])
	return os.WriteFile(filepath.Join(home, ".koji", "config"), []byte(config), 0o600)
}

// TestAPIVersion: a hub of another API is told of after a login, and only then.
func TestAPIVersion(t *testing.T) {
	t.Parallel()
	login := map[string]any{"session-id": int64(7), "session-key": "key", "callnum": int64(0)}
	for name, c := range map[string]struct {
		version any
		auth    []string
		warning string
	}{
		"the same":  {int64(1), []string{"--authtype", "password", "--user", "alice", "--password", "secret"}, ""},
		"another":   {int64(2), []string{"--authtype", "password", "--user", "alice", "--password", "secret"}, "version 2 of the API, this client version 1"},
		"anonymous": {int64(2), nil, ""},
		"unknown":   {koji.NewError(koji.CodeGeneric, "Invalid method: getAPIVersion"), []string{"--authtype", "password", "--user", "alice", "--password", "secret"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newFakeHub(t, answers{"login": login, "logout": nil, "getAPIVersion": c.version, "hello": "Hello World"})
			got := h.run(t, append(c.auth, "call", "hello")...)
			if got.code != 0 || got.out != "'Hello World'\n" || (c.warning == "") != (got.err == "") || !strings.Contains(got.err, c.warning) {
				t.Errorf("%+v, want the warning %q", got, c.warning)
			}
		})
	}
}
