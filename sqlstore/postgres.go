package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	cfg, err := postgresConfig(dsn)
	if err != nil {
		return err
	}
	s.writer = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(soonMissed))
	conns := runtime.NumCPU()*4 + 4
	s.writer.SetMaxOpenConns(conns)
	s.writer.SetMaxIdleConns(conns) // a new one costs the server a process, more than many a call
	s.writer.SetConnMaxIdleTime(5 * time.Minute)
	s.readers = s.writer
	return s.writer.PingContext(ctx)
}

func postgresConfig(dsn string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "hubd"
	}
	return cfg, nil
}

// openQuick opens the connections for quick questions, few so that they are asked together.
func (s *Store) openQuick() error {
	cfg, err := postgresConfig(s.dsn)
	if err != nil {
		return err
	}
	n := max(1, runtime.NumCPU()/2)
	s.questions = &questions{db: stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(forQuestions)), most: n}
	s.questions.db.SetMaxOpenConns(n)
	s.questions.db.SetMaxIdleConns(n)
	return nil
}

// forQuestions sets a connection for quick questions: read only, and plans that are made once and by indexes. They look dear
// beside what is off, so that without the last word they would be compiled.
func forQuestions(ctx context.Context, conn *pgx.Conn) error {
	set := `SET default_transaction_read_only = on; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off`
	if major(conn.PgConn().ParameterStatus("server_version")) >= 12 {
		set += `; SET plan_cache_mode = force_generic_plan; SET jit = off`
	}
	if _, err := conn.Exec(ctx, set); err != nil {
		return err
	}
	return soonMissed(ctx, conn)
}

// major is the first number of a server's version, 0 if it has none.
func major(version string) (n int) {
	for _, c := range version {
		if c < '0' || c > '9' || n > 1000 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// soonMissed has the server notice within half a minute when a hub's machine is gone, whose locks the other hubs wait for.
// (A hub that merely dies is noticed at once.)
func soonMissed(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 30000`)
	return err
}

// Listen calls fn with each payload that notify sends to channel, by this hub or another on the same database, until ctx
// ends or the connection breaks; it returns why. ready is called once listening has begun: what is committed from then on
// is heard. On SQLite, where no other hub is, nothing is ever heard.
func (s *Store) Listen(ctx context.Context, channel string, ready func(), fn func(payload string)) error {
	if s.engine != postgresEngine {
		ready()
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return redact(fmt.Errorf("listen on %s: %w", channel, err), s.dsn)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen on %s: %w", channel, err)
	}
	ready()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", channel, err)
		}
		fn(n.Payload)
	}
}

// copyIn fills a table by COPY.
func copyIn(ctx context.Context, conn *pgx.Conn, table string, columns []string, rows iter.Seq2[[]any, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	_, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, err, more := next()
		if !more {
			return nil, nil
		}
		return row, err
	}))
	return err
}

// redact takes the password of dsn out of what err says. An error that doesn't have it stays as it is.
func redact(err error, dsn string) error {
	if !strings.HasPrefix(dsn, "postgres") {
		return err
	}
	u, bad := url.Parse(dsn)
	if bad != nil {
		// The password may be anywhere in it, and the error quotes parts.
		return errors.New("open database: the PostgreSQL URL can't be read (special characters in it must be percent-encoded)")
	}
	password, _ := u.User.Password()
	text := err.Error()
	for _, secret := range []string{password, u.Query().Get("password")} {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:]} {
			if form != "" {
				text = strings.ReplaceAll(text, form, "xxxxx")
			}
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
