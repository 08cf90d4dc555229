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
	// exec runs a statement, behind another one that begins a transaction unless it is "", and returns how many rows it
	// affected.
	exec(ctx context.Context, begin, query string, args []any) (int64, error)
	query(ctx context.Context, begin, query string, args []any) (cursor, error)
	// commit runs the last statements of a transaction and commits it.
	commit(ctx context.Context, last []statement) error
	// broken says whether the connection is of no more use.
	broken() bool
	// within says whether a transaction is open, which PostgreSQL can tell.
	within() bool
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
			l = sqliteLink{conn: c, whole: db == s.writer}
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
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

type postgresLink struct{ conn *pgx.Conn }

func (l postgresLink) exec(ctx context.Context, begin, query string, args []any) (int64, error) {
	if begin == "" {
		tag, err := l.conn.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	results, err := l.behind(ctx, begin, query, args)
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if end := results.Close(); err == nil {
		err = end
	}
	return tag.RowsAffected(), err
}

func (l postgresLink) query(ctx context.Context, begin, query string, args []any) (cursor, error) {
	if begin == "" {
		return l.conn.Query(ctx, query, args...) //nolint:sqlclosecheck // who asked closes them
	}
	results, err := l.behind(ctx, begin, query, args)
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		rows.Close()
		_ = results.Close() // the same error
		return nil, err
	}
	return &batchRows{Rows: rows, results: results}, nil
}

// behind sends two statements at once, and gives the result of the second.
func (l postgresLink) behind(ctx context.Context, begin, query string, args []any) (pgx.BatchResults, error) {
	b := &pgx.Batch{}
	b.Queue(begin)
	b.Queue(query, args...)
	results := l.conn.SendBatch(ctx, b)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // the same error
		return nil, err
	}
	return results, nil
}

func (l postgresLink) commit(ctx context.Context, last []statement) error {
	const commit = "COMMIT"
	if len(last) == 0 {
		_, err := l.conn.Exec(ctx, commit)
		return err
	}
	b := &pgx.Batch{}
	for _, st := range last {
		b.Queue(st.query, st.args...)
	}
	b.Queue(commit)
	return l.conn.SendBatch(ctx, b).Close()
}

// batchRows is the result of a batch's last query. Its end is the batch's.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
	closed  bool
	err     error
}

func (r *batchRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *batchRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

func (r *batchRows) Close() {
	r.Rows.Close()
	if !r.closed {
		r.closed = true
		r.err = r.results.Close()
	}
}

func (l postgresLink) broken() bool  { return l.conn.IsClosed() }
func (l postgresLink) within() bool  { return !l.broken() && l.conn.PgConn().TxStatus() != 'I' }
func (l postgresLink) aborted() bool { return !l.broken() && l.conn.PgConn().TxStatus() == 'E' }

// unsent says whether err is that a statement never reached the server: then it can be tried on another connection.
func unsent(err error) bool { return errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) }

type sqliteLink struct {
	conn  *cachingConn
	whole bool // a statement is not broken off: that would undo the transaction, which is others' too
}

// uncut is ctx for a statement that begins, unless ctx has ended.
func (l sqliteLink) uncut(ctx context.Context) (context.Context, error) {
	if !l.whole {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

func (l sqliteLink) exec(ctx context.Context, _, query string, args []any) (int64, error) {
	ctx, err := l.uncut(ctx)
	if err != nil {
		return 0, err
	}
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

func (l sqliteLink) query(ctx context.Context, _, query string, args []any) (cursor, error) {
	ctx, err := l.uncut(ctx)
	if err != nil {
		return nil, err
	}
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

func (l sqliteLink) commit(ctx context.Context, last []statement) error {
	for _, st := range append(last, statement{query: "COMMIT"}) {
		if _, err := l.exec(ctx, "", st.query, st.args); err != nil {
			return err
		}
	}
	return nil
}

func (l sqliteLink) broken() bool  { return !l.conn.IsValid() }
func (l sqliteLink) within() bool  { return false }
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
