package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// sqliteRows is the result of a query of SQLite.
type sqliteRows struct {
	ctx    context.Context
	rows   driver.Rows
	cells  []driver.Value
	err    error
	closed bool
}

func (r *sqliteRows) Next() bool {
	if r.closed {
		return false
	}
	err := r.ctx.Err()
	if err == nil {
		err = r.rows.Next(r.cells)
	}
	if err == nil {
		return true
	}
	if !errors.Is(err, io.EOF) {
		r.err = err
	}
	r.Close()
	return false
}

func (r *sqliteRows) Err() error { return r.err }

func (r *sqliteRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if err := r.rows.Close(); err != nil && r.err == nil {
		r.err = err
	}
}

// Scan copies the row's cells as database/sql does, for the types that this package reads.
func (r *sqliteRows) Scan(dest ...any) error {
	if len(dest) != len(r.cells) {
		return fmt.Errorf("read row: %d columns are read into %d variables", len(r.cells), len(dest))
	}
	for i, d := range dest {
		if err := copyCell(d, r.cells[i]); err != nil {
			return fmt.Errorf("read column %s: %w", r.rows.Columns()[i], err)
		}
	}
	return nil
}

func copyCell(dest any, cell driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := cell.(int64); ok {
			*d = n
			return nil
		}
	case *string:
		if s, ok := cell.(string); ok {
			*d = s
			return nil
		}
	case **int64:
		if cell == nil {
			*d = nil
			return nil
		}
		if n, ok := cell.(int64); ok {
			*d = &n
			return nil
		}
	case **string:
		if cell == nil {
			*d = nil
			return nil
		}
		if s, ok := cell.(string); ok {
			*d = &s
			return nil
		}
	case *[]byte:
		switch v := cell.(type) {
		case nil:
			*d = nil
			return nil
		case []byte:
			*d = v
			return nil
		case string:
			*d = []byte(v)
			return nil
		}
	case *any:
		*d = cell
		return nil
	case sql.Scanner:
		return d.Scan(cell)
	}
	return copyKind(reflect.ValueOf(dest), cell)
}

// copyKind copies by the kind of what dest points to.
func copyKind(dest reflect.Value, cell driver.Value) error {
	if dest.Kind() != reflect.Pointer || dest.IsNil() {
		return fmt.Errorf("a %s is no place for it", dest.Type())
	}
	d := dest.Elem()
	if d.Kind() == reflect.Pointer {
		if cell == nil {
			d.SetZero()
			return nil
		}
		d.Set(reflect.New(d.Type().Elem()))
		return copyCell(d.Interface(), cell)
	}
	switch v := cell.(type) {
	case int64:
		switch d.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			if d.OverflowInt(v) {
				return fmt.Errorf("%d is too large for a %s", v, d.Type())
			}
			d.SetInt(v)
			return nil
		case reflect.Bool:
			if v == 0 || v == 1 {
				d.SetBool(v == 1)
				return nil
			}
		case reflect.Float32, reflect.Float64:
			d.SetFloat(float64(v))
			return nil
		}
	case float64:
		if k := d.Kind(); k == reflect.Float64 || k == reflect.Float32 {
			d.SetFloat(v)
			return nil
		}
	case string:
		if d.Kind() == reflect.String {
			d.SetString(v)
			return nil
		}
	case bool:
		if d.Kind() == reflect.Bool {
			d.SetBool(v)
			return nil
		}
	}
	if cell == nil {
		return fmt.Errorf("it is NULL, which a %s can't be", d.Type())
	}
	return fmt.Errorf("a %T doesn't fit a %s", cell, d.Type())
}
