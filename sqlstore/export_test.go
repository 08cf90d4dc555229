package sqlstore

import (
	"context"
	"iter"
)

// The package's tests are outside of it, since the harness that opens their databases imports it. Here is what they
// need from the inside.

func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return tx.exec(ctx, query, args...)
}

func (tx *Tx) InsertID(ctx context.Context, query string, args ...any) (int64, error) {
	return tx.insertID(ctx, query, args...)
}

func (tx *Tx) Scan(ctx context.Context, query string, args []any, dest ...any) error {
	return tx.queryRow(ctx, query, args...).Scan(dest...)
}

func (tx *Tx) InsertVersioned(ctx context.Context, table string, userID int64, cols ...Column) error {
	row := make(columns, len(cols))
	for i, c := range cols {
		row[i] = column{c.Name, c.Value}
	}
	return tx.insertVersioned(ctx, table, userID, row)
}

type Column struct {
	Name  string
	Value any
}

func (tx *Tx) Revoke(ctx context.Context, table string, userID int64, where string, args ...any) (int64, error) {
	return tx.revoke(ctx, table, userID, where, args...)
}

func (tx *Tx) Like(column string) string       { return tx.like(column) }
func (tx *Tx) Regexp(column string) string     { return tx.regexp(column) }
func (tx *Tx) Greatest(a, b string) string     { return tx.greatest(a, b) }
func (tx *Tx) Least(a, b string) string        { return tx.least(a, b) }
func (tx *Tx) JSONText(col, key string) string { return tx.jsonText(col, key) }

func (tx *Tx) LockRow(ctx context.Context, name string, wait bool) (bool, error) {
	return tx.lockRow(ctx, name, wait)
}

func (tx *Tx) NextID(ctx context.Context, table string) (int64, error) { return tx.nextID(ctx, table) }

func (tx *Tx) Notify(ctx context.Context, channel, payload string) error {
	tx.notify(channel, payload)
	return nil
}

func List[T any](ctx context.Context, tx *Tx, query string, args ...any) ([]T, error) {
	return list(ctx, tx, query, args, value[T])
}

func Stream[T any](ctx context.Context, tx *Tx, query string, args ...any) iter.Seq2[T, error] {
	return stream(ctx, tx, query, args, value[T])
}

type Stamp = stamp

var (
	AtEvent          = atEvent
	ScanTime         = scanTime
	Glob             = glob
	In               = in
	Duplicate        = duplicate
	MissingReference = missingReference
	BadRegexp        = badRegexp
	Redact           = redact
	Major            = major
)

func Rebind(query string) string { return postgresEngine.rebind(query, nil) }

// MigrationNames are the names of all migrations, in their order.
func MigrationNames() []string {
	all, err := migrations()
	if err != nil {
		panic(err)
	}
	var names []string
	for _, m := range all {
		names = append(names, m.name)
	}
	return names
}

// CopyColumns are the columns that Copy knows, as table.column.
func CopyColumns() ([]string, error) {
	tables, err := copyTables()
	var all []string
	for _, t := range tables {
		for _, c := range t.names() {
			all = append(all, t.name+"."+c)
		}
	}
	return all, err
}

func (tx *Tx) TrimChanges(ctx context.Context) error { return tx.trimChanges(ctx) }

func SnapshotIncludes(newer, older string) bool { return snapshotIncludes(newer, older) }

// Few asks a quick question about ids.
func Few(ctx context.Context, tx *Tx, query string, row func(id int64), args ...any) error {
	_, err := few(ctx, tx, query, args, func(s scanner) (int64, error) {
		id, err := value[int64](s)
		row(id)
		return id, err
	})
	return err
}

// AskOneByOne has the store ask quick questions over one connection, and returns a function that says how many wait for it.
func (s *Store) AskOneByOne() (waiting func() int) {
	q := s.questions
	q.most = 1
	return func() int {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.waiting)
	}
}
