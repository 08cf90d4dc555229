package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strconv"
	"strings"
)

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// errNoRow is that a query for one row found none.
var errNoRow = sql.ErrNoRows

// oneRow is the result of a query for one row. Scan ends the query.
type oneRow struct {
	rows cursor
	err  error
}

func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return errNoRow
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// queryRow runs a statement that returns one row at most.
// A statement that writes marks the transaction as changed.
func (tx *Tx) queryRow(ctx context.Context, query string, args ...any) oneRow {
	if writes(query) {
		tx.changed = true
	}
	rows, err := tx.rows(ctx, query, args)
	return oneRow{rows, err}
}

// exec runs a statement and returns how many rows it affected.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	if err := tx.ready(ctx, false); err != nil {
		return 0, err
	}
	n, err = tx.run(ctx, tx.store.engine.rebind(query, args), args)
	tx.ran = true
	if n > 0 {
		tx.changed = true
	}
	return n, err
}

// insertID runs an INSERT … RETURNING id.
func (tx *Tx) insertID(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	err := tx.queryRow(ctx, query, args...).Scan(&id)
	return id, err
}

// one runs a query and scans its first row; the bool says whether there was one. It is a quick question.
func one[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(scanner) (T, error)) (v T, found bool, err error) {
	first := func(row scanner) (err error) {
		if !found {
			v, err = scan(row)
			found = err == nil
		}
		return err
	}
	if tx.quick(ctx, query, args, first) {
		return v, found, nil
	}
	v, err = scan(tx.queryRow(ctx, query, args...))
	if errors.Is(err, errNoRow) {
		var zero T
		return zero, false, nil
	}
	return v, err == nil, err
}

// list runs a query and scans all its rows. The list is never nil.
func list[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(scanner) (T, error)) ([]T, error) {
	all := []T{}
	for v, err := range stream(ctx, tx, query, args, scan) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// few is list as a quick question: its answer is short, whatever the arguments are.
func few[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(scanner) (T, error)) ([]T, error) {
	all := []T{}
	if tx.quick(ctx, query, args, func(row scanner) error {
		v, err := scan(row)
		all = append(all, v)
		return err
	}) {
		return all, nil
	}
	return list(ctx, tx, query, args, scan)
}

// short is stream where the answer is mostly short: then it is a quick question. The query has no LIMIT.
func short[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(scanner) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		const most = 200
		var all []T
		if tx.quick(ctx, query+` LIMIT `+strconv.Itoa(most+1), args, func(row scanner) error {
			v, err := scan(row)
			all = append(all, v)
			return err
		}) {
			if len(all) <= most {
				streamed(all)(yield)
				return
			}
			tx.Apart() // and asks again
		}
		for v, err := range stream(ctx, tx, query, args, scan) {
			if !yield(v, err) {
				return
			}
		}
	}
}

// stream runs a query when it is ranged over and scans its rows one by one; an error is the last thing it yields.
// The loop must not run other statements in the transaction.
func stream[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(scanner) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := tx.rows(ctx, query, args)
		if err != nil {
			yield(zero, err)
			return
		}
		defer rows.Close()
		write := writes(query)
		for rows.Next() {
			if write {
				tx.changed = true
			}
			v, err := scan(rows)
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, err)
		}
	}
}

// streamed yields what is there already.
func streamed[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// value scans a row of one column.
func value[T any](row scanner) (T, error) {
	var v T
	err := row.Scan(&v)
	return v, err
}

func (tx *Tx) rows(ctx context.Context, query string, args []any) (rows cursor, err error) {
	if tx.keptOnly {
		return nil, errNotKept
	}
	if err := tx.ready(ctx, !writes(query)); err != nil {
		return nil, err
	}
	err = tx.first(ctx, func() error {
		rows, err = tx.db.query(ctx, tx.due, tx.store.engine.rebind(query, args), args)
		return err
	})
	tx.ran = true
	return rows, err
}

// in is n placeholders in parentheses: `id IN ` + in(len(ids)). For none it is a list that nothing is in.
// Both engines take some 30,000 placeholders; longer lists go in slices.Chunk.
func in(n int) string {
	if n == 0 {
		return "(NULL)"
	}
	return "(" + strings.Repeat("?, ", n-1) + "?)"
}

// anys is a slice as arguments of a query.
func anys[T any](s []T) []any {
	a := make([]any, len(s))
	for i, v := range s {
		a[i] = v
	}
	return a
}

// writes says whether a statement changes the database, by its first word.
func writes(query string) bool {
	query = strings.TrimLeft(query, " \t\r\n")
	for _, verb := range []string{"INSERT", "UPDATE", "DELETE"} {
		if len(query) >= len(verb) && strings.EqualFold(query[:len(verb)], verb) {
			return true
		}
	}
	return false
}
