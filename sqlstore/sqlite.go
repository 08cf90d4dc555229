package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"modernc.org/sqlite"
)

// Memory is tight (a whole hub has 60 MB), so that page caches are small and files are not mapped: the kernel's page cache
// is close enough. Each prepared statement takes some 5 to 20 KB on each connection.
const (
	writerCache   = "-8192"  // KiB
	readersCache  = 32 << 10 // all of them together
	maxStatements = 128
)

func (s *Store) openSQLite(ctx context.Context, path string) error {
	if path == "" {
		return fmt.Errorf("sqlite: no file is named")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// SQLite gives the files beside it (-wal, -shm) the mode of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}

	drv := &sqlite.Driver{}
	if err := drv.RegisterDeterministicScalarFunction("regexp", 2, newMatcher().match); err != nil {
		return err
	}
	connect := func(params url.Values, pragmas ...string) *sql.DB {
		params["_pragma"] = append(pragmas, "busy_timeout(15000)", "foreign_keys(1)", "synchronous(FULL)", "mmap_size(0)")
		params.Set("_time_integer_format", "unix_micro")
		name := (&url.URL{Scheme: "file", Path: path, RawQuery: params.Encode()}).String()
		return sql.OpenDB(&sqliteConnector{driver: drv, name: name})
	}
	s.writer = connect(url.Values{}, "journal_mode(WAL)", "cache_size("+writerCache+")", "journal_size_limit(16777216)")
	s.writer.SetMaxOpenConns(1)
	s.writer.SetMaxIdleConns(1)
	n := min(runtime.NumCPU()*2, 8)
	s.readers = connect(url.Values{"_query_only": {"1"}}, fmt.Sprintf("cache_size(-%d)", readersCache/n))
	s.readers.SetMaxOpenConns(n)
	s.readers.SetMaxIdleConns(n)
	// Each connection reads the whole schema when it opens; the writer's does so with the first write.
	return s.readers.PingContext(ctx)
}

// matcher is SQLite's REGEXP for one store, with the last expression compiled.
type matcher struct{ last chan compiled }

type compiled struct {
	text string
	re   *regexp.Regexp
}

func newMatcher() *matcher {
	m := &matcher{last: make(chan compiled, 1)}
	m.last <- compiled{}
	return m
}

// match is called for `text REGEXP expression` with the expression first. NULL matches nothing.
func (m *matcher) match(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	expr, ok := args[0].(string)
	text, ok2 := args[1].(string)
	if !ok || !ok2 {
		return nil, nil
	}
	c := <-m.last
	if c.re == nil || c.text != expr {
		re, err := regexp.Compile(goRegexp(expr))
		if err != nil {
			m.last <- c
			return nil, err
		}
		c = compiled{expr, re}
	}
	m.last <- c
	return c.re.MatchString(text), nil
}

// sqliteConnector opens connections that keep their statements prepared: preparing costs SQLite more than running a
// small query, and database/sql can't keep statements across transactions on a handle of one connection.
type sqliteConnector struct {
	driver *sqlite.Driver
	name   string
}

func (c *sqliteConnector) Driver() driver.Driver { return c.driver }

func (c *sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("sqlite: the driver's %T lacks contexts", conn)
	}
	return &cachingConn{sqliteConn: full, statements: map[string]*cachedStatement{}}, nil
}

// sqliteConn is what the driver's connections are.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// cachingConn is one connection with its prepared statements. database/sql uses it from one goroutine at a time.
type cachingConn struct {
	sqliteConn
	statements map[string]*cachedStatement
}

type cachedStatement struct {
	driver.Stmt
	busy bool // its rows are being read
}

// statement is the prepared statement for query, nil if it is being used.
func (c *cachingConn) statement(ctx context.Context, query string) (*cachedStatement, error) {
	if st, ok := c.statements[query]; ok {
		if st.busy {
			return nil, nil
		}
		return st, nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.statements) >= maxStatements {
		for q, old := range c.statements { // any that is free: maps range in no order
			if !old.busy {
				old.Close()
				delete(c.statements, q)
				break
			}
		}
	}
	cached := &cachedStatement{Stmt: st}
	c.statements[query] = cached
	return cached, nil
}

func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	st, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return st.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	st, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := st.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	st.busy = true
	return &cachedRows{Rows: rows, st: st}, nil
}

// Close closes the statements and the connection.
func (c *cachingConn) Close() error {
	for _, st := range c.statements {
		st.Close()
	}
	c.statements = nil
	return c.sqliteConn.Close()
}

// cachedRows gives its statement back when closed.
type cachedRows struct {
	driver.Rows
	st *cachedStatement
}

func (r *cachedRows) Close() error {
	r.st.busy = false
	return r.Rows.Close()
}
