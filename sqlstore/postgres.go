package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "hubd"
	}
	s.writer = stdlib.OpenDB(*cfg)
	s.writer.SetMaxOpenConns(runtime.NumCPU()*4 + 4)
	s.writer.SetMaxIdleConns(4)
	s.writer.SetConnMaxIdleTime(5 * time.Minute)
	s.readers = s.writer
	return s.writer.PingContext(ctx)
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
	defer conn.Close(context.WithoutCancel(ctx))
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

// redact takes the password of dsn out of what err says.
func redact(err error, dsn string) error {
	u, parse := url.Parse(dsn)
	text := err.Error()
	if parse != nil || u.User == nil {
		// An unreadable URL may hold the password anywhere; pgx and net/url repeat it in their errors.
		if parse != nil && strings.HasPrefix(dsn, "postgres") {
			return errors.New("open database: the PostgreSQL URL can't be read (are special characters in it percent-encoded?)")
		}
		return redactQuery(err, text, u)
	}
	password, _ := u.User.Password()
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	return redactQuery(hide(err, text, password, escaped), "", u)
}

// redactQuery does it for a password that is given as a parameter.
func redactQuery(err error, _ string, u *url.URL) error {
	if u == nil {
		return err
	}
	password := u.Query().Get("password")
	return hide(err, err.Error(), password, url.QueryEscape(password))
}

// hide replaces the secrets in text; err stays as it is when none is there.
func hide(err error, text string, secrets ...string) error {
	clean := text
	for _, s := range secrets {
		if s != "" {
			clean = strings.ReplaceAll(clean, s, "xxxxx")
		}
	}
	if clean == text {
		return err
	}
	return errors.New(clean)
}
