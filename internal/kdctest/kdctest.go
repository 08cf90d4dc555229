// Package kdctest runs a Kerberos KDC of MIT's for tests: a realm of its own, on
// a free port of the loopback, gone when the test ends.
package kdctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Realm is the realm of every KDC here.
const Realm = "KOJI.TEST"

// KDC is a running KDC.
type KDC struct {
	// Config is its krb5.conf: what clients must find in KRB5_CONFIG.
	Config string

	t    testing.TB
	dir  string
	conf []string // of the environment
}

// sbin is where Debian and Fedora have the programs, which a user's PATH may lack.
var sbin = []string{"/usr/sbin", "/usr/lib/mit/sbin", "/usr/kerberos/sbin"}

func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range sbin {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	return path, err
}

// Start starts a KDC. Where it isn't installed the test is skipped, and says so.
func Start(t testing.TB) *KDC {
	t.Helper()
	for _, name := range []string{"krb5kdc", "kdb5_util", "kadmin.local", "kinit"} {
		if _, err := program(name); err != nil {
			t.Skipf("%s did NOT run: it needs a Kerberos KDC: %v; on Debian: apt-get install krb5-kdc krb5-admin-server krb5-user", t.Name(), err)
		}
	}
	k := &KDC{t: t, dir: t.TempDir()}
	k.Config = filepath.Join(k.dir, "krb5.conf")
	k.conf = append(os.Environ(), "KRB5_CONFIG="+k.Config, "KRB5_KDC_PROFILE="+filepath.Join(k.dir, "kdc.conf"), "LC_ALL=C")
	const tries = 5 // another program may take the port that was free a moment ago
	for n := 1; ; n++ {
		err := k.start(n == 1)
		if err == nil {
			return k
		}
		if n == tries {
			t.Fatal(err)
		}
	}
}

func (k *KDC) start(first bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	k.write("krb5.conf", fmt.Sprintf(`[libdefaults]
	default_realm = %[1]s
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
	udp_preference_limit = 1
[realms]
	%[1]s = {
		kdc = 127.0.0.1:%[2]d
	}
[domain_realm]
	localhost = %[1]s
`, Realm, port))
	k.write("kdc.conf", fmt.Sprintf(`[kdcdefaults]
	kdc_listen = 127.0.0.1:%[2]d
	kdc_tcp_listen = 127.0.0.1:%[2]d
[realms]
	%[1]s = {
		database_name = %[3]s/principal
		key_stash_file = %[3]s/stash
		acl_file = %[3]s/acl
		max_life = 1h
		supported_enctypes = aes256-cts-hmac-sha1-96:normal
	}
[logging]
	kdc = FILE:%[3]s/kdc.log
`, Realm, port, k.dir))
	if first {
		k.run("kdb5_util", "create", "-s", "-r", Realm, "-P", "master")
	}
	path, err := program("krb5kdc")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-n", "-P", filepath.Join(k.dir, "pid"), "-r", Realm)
	cmd.Env = k.conf
	if err := cmd.Start(); err != nil {
		stop()
		return fmt.Errorf("start krb5kdc: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			k.t.Cleanup(func() {
				stop()
				<-ended //nolint:errcheck // it was killed
			})
			return nil
		}
		select {
		case err := <-ended:
			stop()
			log, _ := os.ReadFile(filepath.Join(k.dir, "kdc.log"))
			return fmt.Errorf("krb5kdc ended: %w: %s", err, log)
		case <-deadline:
			stop()
			<-ended //nolint:errcheck // it was killed
			return errors.New("krb5kdc doesn't listen")
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (k *KDC) write(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *KDC) run(name string, args ...string) {
	k.t.Helper()
	path, err := program(name)
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.CommandContext(k.t.Context(), path, args...)
	cmd.Env = k.conf
	if out, err := cmd.CombinedOutput(); err != nil {
		k.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// Add makes a principal with a random key.
func (k *KDC) Add(principal string) {
	k.t.Helper()
	k.run("kadmin.local", "-r", Realm, "-q", "addprinc -randkey "+principal)
}

// Keytab makes principals and gives a file with their keys.
func (k *KDC) Keytab(principals ...string) string {
	k.t.Helper()
	path := filepath.Join(k.t.TempDir(), "keytab")
	for _, p := range principals {
		k.Add(p)
		k.run("kadmin.local", "-r", Realm, "-q", fmt.Sprintf("ktadd -norandkey -k %s %s", path, p))
	}
	if _, err := os.Stat(path); err != nil {
		k.t.Fatal(err)
	}
	return path
}

// Tickets gets a ticket for the principal of a keytab with MIT's kinit, and gives the cache it is in.
func (k *KDC) Tickets(keytab, principal string, more ...string) string {
	k.t.Helper()
	path := filepath.Join(k.t.TempDir(), "ccache")
	k.run("kinit", append(append([]string{"-c", "FILE:" + path, "-k", "-t", keytab}, more...), principal)...)
	return path
}
