package sqlstoretest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"koji/sqlstore"
)

// errMissing is that the machine has no PostgreSQL server.
var errMissing = errors.New("PostgreSQL's server binaries (initdb, postgres) are not installed")

// shared is the process's cluster: tests in one process share it, since starting one takes seconds.
var shared cluster

const template = "koji_template"

// cluster is a PostgreSQL server that starts with the first database asked for and ends with the process, however that ends.
type cluster struct {
	mu      sync.Mutex
	started bool
	err     error // why it didn't start

	dir    string
	server *exec.Cmd
	alive  io.Closer // the pipe at whose end the server is stopped
	admin  *sql.DB
	next   int
}

// database makes a database, as a copy of the migrated template or empty, and returns its URL.
func (c *cluster) database(ctx context.Context, migrated bool) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started {
		c.started = true
		c.err = c.start(ctx)
	}
	if c.err != nil {
		return "", c.err
	}
	c.next++
	name := "test" + strconv.Itoa(c.next)
	from := "template0"
	if migrated {
		from = template
	}
	if _, err := c.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		return "", err
	}
	return c.url(name), nil
}

func (c *cluster) drop(dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return err
	}
	_, err = c.admin.Exec("DROP DATABASE IF EXISTS " + filepath.Base(u.Path) + " WITH (FORCE)")
	return err
}

func (c *cluster) missing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Is(c.err, errMissing)
}

func (c *cluster) url(database string) string {
	return "postgres://koji@/" + database + "?host=" + url.QueryEscape(c.dir)
}

func (c *cluster) start(ctx context.Context) (err error) {
	bin, err := binaries()
	if err != nil {
		return err
	}
	// A socket's path may have 107 bytes: not below t.TempDir.
	if c.dir, err = os.MkdirTemp("", "kpg"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = c.end()
		}
	}()
	var attr syscall.SysProcAttr
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		uid, gid, err := servant()
		if err != nil {
			return err
		}
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
		if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
			return err
		}
	}

	data := filepath.Join(c.dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "koji", "--auth=trust",
		"--no-sync", "--locale=C", "--encoding=UTF8", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir, initdb.Env = &attr, c.dir, []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}

	// The shell holds the server's life to ours: when the test process ends, even killed, its pipe closes and read
	// returns. It removes the folder then, too.
	const script = `"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
		-c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off >"$2/log" 2>&1 </dev/null &
server=$!
while read -r line; do :; done
kill -QUIT $server; wait $server; cd /; rm -rf "$2"`
	server := exec.Command("/bin/sh", "-c", script, "sh", filepath.Join(bin, "postgres"), c.dir)
	server.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	server.Dir = c.dir
	// In a group of its own a Ctrl-C at the terminal leaves it to the pipe.
	attr.Setpgid = true
	server.SysProcAttr = &attr
	if c.alive, err = server.StdinPipe(); err != nil {
		return err
	}
	var out bytes.Buffer
	server.Stderr = &out
	if err := server.Start(); err != nil {
		return err
	}
	c.server = server

	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		return err
	}
	c.admin.SetMaxOpenConns(2)
	if err := c.awaitServer(ctx); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		return fmt.Errorf("postgres: %w\n%s%s", err, log, out.Bytes())
	}
	if _, err := c.admin.ExecContext(ctx, "CREATE DATABASE "+template+" TEMPLATE template0"); err != nil {
		return err
	}
	s, err := sqlstore.Open(ctx, c.url(template))
	if err != nil {
		return err
	}
	return s.Close()
}

// awaitServer returns when the server answers. It has no signal to wait on, so that it is asked again and again.
func (c *cluster) awaitServer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// stop ends the server and removes its files. It does nothing when none was started.
func (c *cluster) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started || c.err != nil {
		return nil
	}
	return c.end()
}

func (c *cluster) end() error {
	var errs []error
	if c.admin != nil {
		errs = append(errs, c.admin.Close())
	}
	if c.alive != nil {
		errs = append(errs, c.alive.Close())
	}
	if c.server != nil {
		// The shell's exit code is that of its last command; only that it has ended counts.
		c.server.Wait()
	}
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}

// binaries is the folder of the newest PostgreSQL server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", errMissing
	}
	return filepath.Dir(initdb), nil
}

func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))) // 0 for what is no number: oldest
	return n
}

// servant is the user that runs the server when the tests run as root.
func servant() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return 0, 0, err
		}
		group, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return 0, 0, err
		}
		return uint32(id), uint32(group), nil
	}
	return 0, 0, errors.New("run by root there must be a user postgres or nobody to run it as")
}
