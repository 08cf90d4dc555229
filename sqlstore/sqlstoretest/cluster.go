package sqlstoretest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"koji/sqlstore"
)

// shared is the process's cluster: tests in one process share it, since starting one takes seconds.
var shared cluster

const template = "koji_template"

// cluster is a PostgreSQL server that starts with the first database asked for and ends with the process, however that ends.
type cluster struct {
	mu      sync.Mutex
	started bool
	err     error // why it didn't start

	dir    string
	server *Server
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
	return c.server.URL(database)
}

func (c *cluster) start(ctx context.Context) (err error) {
	// A socket's path may have 107 bytes: not below t.TempDir.
	if c.dir, err = os.MkdirTemp("", "kpg"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = c.end()
		}
	}()
	if c.server, err = startServer(ctx, c.dir, true, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
		"max_connections=200", "shared_buffers=32MB", "autovacuum=off"); err != nil {
		return err
	}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		return err
	}
	c.admin.SetMaxOpenConns(2)
	if _, err := c.admin.ExecContext(ctx, "CREATE DATABASE "+template+" TEMPLATE template0"); err != nil {
		return err
	}
	s, err := sqlstore.Open(ctx, c.url(template))
	if err != nil {
		return err
	}
	return s.Close()
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
	if c.server != nil {
		errs = append(errs, c.server.Close())
	}
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}
