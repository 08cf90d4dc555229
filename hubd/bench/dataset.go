package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// version is the data set's: it goes up whenever fill.go makes something else, and data sets of another are made anew.
const version = "1"

// dataSet is a database with the data, for one run: what the run writes goes with it.
type dataSet struct {
	engine string
	dsn    string
	dir    string // of the run: configuration, file tree, log
	server *sqlstoretest.Server
	db     *sql.DB
}

// openDataSet copies the data set of an engine from the cache, where it is made first if it isn't there.
func openDataSet(ctx context.Context, engine, cache string, log io.Writer) (_ *dataSet, err error) {
	kept := filepath.Join(cache, engine+"-"+version)
	s := &dataSet{engine: engine}
	if s.dir, err = os.MkdirTemp("", "hubd-bench-run"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	if engine == "sqlite" {
		err = s.openSQLite(ctx, kept, log)
	} else {
		err = s.openPostgres(ctx, kept, log)
	}
	if err != nil {
		return nil, err
	}
	return s, s.openSessions(ctx)
}

func (s *dataSet) openSQLite(ctx context.Context, kept string, log io.Writer) error {
	path := filepath.Join(s.dir, "hub.db")
	s.dsn = "sqlite:" + path
	template := kept + ".db"
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		made := template + ".making"
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.RemoveAll(made + suffix); err != nil {
				return err
			}
		}
		db, err := sql.Open("sqlite", "file:"+made+"?_pragma=synchronous(OFF)")
		if err != nil {
			return err
		}
		db.SetMaxOpenConns(1)
		err = fill(ctx, db, "sqlite", "sqlite:"+made, log)
		if err == nil {
			_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		}
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		if err := os.Rename(made, template); err != nil {
			return err
		}
	}
	if err := copyFile(path, template); err != nil {
		return err
	}
	var err error
	s.db, err = sql.Open("sqlite", "file:"+path)
	return err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// openPostgres starts the cluster that is kept, and copies the data set within it.
func (s *dataSet) openPostgres(ctx context.Context, kept string, log io.Writer) (err error) {
	s.server, err = sqlstoretest.StartServer(ctx, kept, "shared_buffers=256MB", "synchronous_commit=on", "autovacuum=off")
	if err != nil {
		return err
	}
	admin, err := sql.Open("pgx", s.server.URL("postgres"))
	if err != nil {
		return err
	}
	defer admin.Close()
	var there bool
	if err := admin.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'filled')`).Scan(&there); err != nil {
		return err
	}
	if !there {
		for _, st := range []string{`DROP DATABASE IF EXISTS making`, `CREATE DATABASE making TEMPLATE template0`} {
			if _, err := admin.ExecContext(ctx, st); err != nil {
				return err
			}
		}
		db, err := sql.Open("pgx", s.server.URL("making"))
		if err != nil {
			return err
		}
		err = fill(ctx, db, "postgres", s.server.URL("making"), log)
		if err == nil {
			_, err = db.ExecContext(ctx, "VACUUM ANALYZE")
		}
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		if _, err := admin.ExecContext(ctx, `ALTER DATABASE making RENAME TO filled`); err != nil {
			return err
		}
	}
	for _, st := range []string{`DROP DATABASE IF EXISTS run WITH (FORCE)`, `CREATE DATABASE run TEMPLATE filled STRATEGY file_copy`} {
		if _, err := admin.ExecContext(ctx, st); err != nil {
			return err
		}
	}
	s.dsn = s.server.URL("run")
	s.db, err = sql.Open("pgx", s.dsn)
	return err
}

// openSessions opens the sessions that the clients use, as logins would.
func (s *dataSet) openSessions(ctx context.Context) error {
	if st, err := sqlstore.Open(ctx, s.dsn); err != nil { // new migrations since the data set was made
		return err
	} else if err := st.Close(); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	at := moment(s.engine, fmt.Sprint(time.Now().Unix()))
	for i := range mostClients {
		for _, who := range []caller{person, builder} {
			id, user, exclusive := sessionOf(who, i), firstUser+i, "NULL"
			if who == builder {
				user, exclusive = firstHostUser+i, "TRUE"
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO sessions (id, user_id, key, authtype, hostip, start_time, update_time, exclusive)
				VALUES (%d, %d, '%s', 0, '127.0.0.1', %s, %s, %s)`, id, user, sessionKey(id), at, at, exclusive)); err != nil {
				return fmt.Errorf("open sessions: %w", err)
			}
		}
	}
	return tx.Commit()
}

// mostClients is how many clients have sessions.
const mostClients = 64

func sessionOf(who caller, client int) int { return int(who)*1000 + client }

func sessionKey(id int) string { return fmt.Sprintf("%d-a-key-of-the-bench", id) }

// Close ends the run: its folder and its database go, what is kept stays.
func (s *dataSet) Close() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.server != nil {
		errs = append(errs, s.dropRun(), s.server.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// dropRun drops the database of the run.
func (s *dataSet) dropRun() error {
	admin, err := sql.Open("pgx", s.server.URL("postgres"))
	if err != nil {
		return err
	}
	defer admin.Close()
	_, err = admin.Exec(`DROP DATABASE IF EXISTS run WITH (FORCE)`)
	return err
}

// configuration writes the hub's configuration and returns its path. Tasks and hosts of the data set stay as they are:
// the hub would see hosts that don't answer.
func (s *dataSet) configuration(listen string) (string, error) {
	dsn := s.dsn
	if u, err := url.Parse(dsn); err == nil && u.Scheme == "postgres" {
		dsn = u.String()
	}
	path := filepath.Join(s.dir, "hub.conf")
	text := fmt.Sprintf("[hub]\nDatabase = %s\nKojiDir = %s\nListen = %s\nAssignTimeout = 100000000\nHostTimeout = 100000000\n",
		dsn, filepath.Join(s.dir, "koji"), listen)
	return path, os.WriteFile(path, []byte(text), 0o600)
}
