package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

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
