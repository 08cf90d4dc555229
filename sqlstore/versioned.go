package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Versioned rows are never updated: a change revokes the active row and inserts another at the same event
// (Koji: reference/schema.md, "Versioning convention").

// column is a column's name and the value it gets.
type column struct {
	name  string
	value any
}

// columns are the columns of a row that is written, in order.
type columns []column

// insertVersioned inserts an active row that begins with the call's event. cols are the table's own columns, without the
// five of the versioning.
func (tx *Tx) insertVersioned(ctx context.Context, table string, userID int64, cols columns) error {
	event, err := tx.Event(ctx)
	if err != nil {
		return err
	}
	row := make(columns, 0, len(cols)+3)
	row = append(row, cols...)
	row = append(row, column{"create_event", event}, column{"creator_id", userID}, column{"active", true})
	return tx.insert(ctx, table, row)
}

// revoke ends the active rows of table that where selects, with the call's event, and returns how many there were.
// If there are none, no event is made.
func (tx *Tx) revoke(ctx context.Context, table string, userID int64, where string, args ...any) (int64, error) {
	if tx.event == 0 {
		_, found, err := one(ctx, tx, `SELECT 1 FROM `+table+` WHERE active = TRUE AND (`+where+`) LIMIT 1`, args, value[int])
		if err != nil || !found {
			return 0, wrap(err, "look for active rows of %s", table)
		}
	}
	event, err := tx.Event(ctx)
	if err != nil {
		return 0, err
	}
	n, err := tx.exec(ctx, `UPDATE `+table+` SET revoke_event = ?, revoker_id = ?, active = NULL
		WHERE active = TRUE AND (`+where+`)`, append([]any{event, userID}, args...)...)
	return n, wrap(err, "revoke rows of %s", table)
}

// atEvent is the condition that a versioned table's rows are valid: now when event is nil, else at that event.
// alias is the table's name in the query.
func atEvent(alias string, event *int64) (cond string, args []any) {
	if event == nil {
		return alias + ".active = TRUE", nil
	}
	return "(" + alias + ".create_event <= ? AND (" + alias + ".revoke_event IS NULL OR ? < " + alias + ".revoke_event))",
		[]any{*event, *event}
}

// insert inserts one row.
func (tx *Tx) insert(ctx context.Context, table string, cols columns) error {
	names, args := cols.split()
	_, err := tx.exec(ctx, `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES `+in(len(args)), args...)
	return wrap(err, "insert into %s", table)
}

// update sets cols in the rows of table that where selects, and returns how many there were.
func (tx *Tx) update(ctx context.Context, table string, cols columns, where string, args ...any) (int64, error) {
	if len(cols) == 0 {
		return 0, errors.New("update " + table + ": no columns")
	}
	names, values := cols.split()
	n, err := tx.exec(ctx, `UPDATE `+table+` SET `+strings.Join(names, " = ?, ")+` = ? WHERE `+where, append(values, args...)...)
	return n, wrap(err, "update %s", table)
}

func (c columns) split() (names []string, values []any) {
	for _, col := range c {
		names = append(names, col.name)
		values = append(values, col.value)
	}
	return names, values
}

// wrap says what was being done when err happened; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
