package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Transactions talk to the engines' drivers themselves: database/sql keeps the pools of connections, but what it does for
// each statement and cell (goroutines that watch the context, locks, conversions by reflection) costs more than most of the
// queries here.

// link is a connection while a transaction has it.
type link interface {
	// exec runs a statement and returns how many rows it affected.
	exec(ctx context.Context, query string, args []any) (int64, error)
	query(ctx context.Context, query string, args []any) (cursor, error)
	// broken says whether the connection is of no more use.
	broken() bool
	// aborted says whether the transaction failed, so that nothing but a rollback is possible.
	aborted() bool
}

// cursor is the result of a query: pgx.Rows, or SQLite's. After Next has returned false it is closed.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// take takes a connection out of a pool. The pool has it back when it is closed.
func (s *Store) take(ctx context.Context, db *sql.DB) (*sql.Conn, link, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var l link
	err = conn.Raw(func(dc any) error {
		switch c := dc.(type) {
		case *stdlib.Conn:
			l = postgresLink{c.Conn()}
		case *cachingConn:
			l = sqliteLink{c}
		default:
			return fmt.Errorf("a connection is a %T", dc)
		}
		return nil
	})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, l, nil
}

// drop keeps a connection from being used again.
func drop(conn *sql.Conn) {
	conn.Raw(func(any) error { return driver.ErrBadConn })
	conn.Close()
}

type postgresLink struct{ conn *pgx.Conn }

func (l postgresLink) exec(ctx context.Context, query string, args []any) (int64, error) {
	tag, err := l.conn.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (l postgresLink) query(ctx context.Context, query string, args []any) (cursor, error) {
	return l.conn.Query(ctx, query, args...)
}

func (l postgresLink) broken() bool  { return l.conn.IsClosed() }
func (l postgresLink) aborted() bool { return !l.broken() && l.conn.PgConn().TxStatus() == 'E' }

// unsent says whether err is that a statement never reached the server: then it can be tried on another connection.
func unsent(err error) bool { return errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) }

type sqliteLink struct{ conn *cachingConn }

func (l sqliteLink) exec(ctx context.Context, query string, args []any) (int64, error) {
	values, err := driverValues(args)
	if err != nil {
		return 0, err
	}
	res, err := l.conn.ExecContext(ctx, query, values)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (l sqliteLink) query(ctx context.Context, query string, args []any) (cursor, error) {
	values, err := driverValues(args)
	if err != nil {
		return nil, err
	}
	rows, err := l.conn.QueryContext(ctx, query, values)
	if err != nil {
		return nil, err
	}
	return &sqliteRows{ctx: ctx, rows: rows, cells: make([]driver.Value, len(rows.Columns()))}, nil
}

func (l sqliteLink) broken() bool  { return !l.conn.IsValid() }
func (l sqliteLink) aborted() bool { return false }

// driverValues are arguments as SQLite's driver takes them.
func driverValues(args []any) ([]driver.NamedValue, error) {
	if len(args) == 0 {
		return nil, nil
	}
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i].Ordinal = i + 1
		switch a := a.(type) {
		case nil, int64, string, bool, float64:
			values[i].Value = a
		case int:
			values[i].Value = int64(a)
		default:
			v, err := driver.DefaultParameterConverter.ConvertValue(a)
			if err != nil {
				return nil, fmt.Errorf("argument %d: %w", i+1, err)
			}
			values[i].Value = v
		}
	}
	return values, nil
}
