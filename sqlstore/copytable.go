package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"koji/internal/lazyregexp"
)

// copyTable is a table as the migrations make it.
type copyTable struct {
	name    string
	serial  bool // its id comes from a sequence
	columns []copyColumn
}

type copyColumn struct {
	name string
	kind valueKind
}

// valueKind is in what form the values of a column go from one engine to the other.
type valueKind int

const (
	kindPlain  valueKind = iota // int64 or string
	kindFlag                    // bool
	kindMoment                  // time.Time
	kindFloat                   // float64
	kindJSON                    // string
)

var (
	tableHead   = lazyregexp.New(`(?s)^CREATE TABLE (\w+) \((.*)\)$`)
	columnLine  = lazyregexp.New(`(?m)^    ("?\w+"?) ([A-Z]+)\b`)
	notAColumn  = lazyregexp.New(`^(CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK)$`)
	columnAdded = lazyregexp.New(`^ALTER TABLE (\w+) ADD COLUMN (\w+) ([A-Z]+)\b`)
)

var kinds = map[string]valueKind{"BOOLEAN": kindFlag, "TIMESTAMPTZ": kindMoment, "FLOAT": kindFloat, "JSON": kindJSON, "JSONB": kindJSON}

// copyTables are all tables but the list of migrations and that of changes, which is about this database, such that one refers only to itself and to those before it.
// The migrations are read for them since SQLite, where a time is an integer, can't tell.
func copyTables() ([]copyTable, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	var tables []copyTable
	for _, m := range all {
		for _, st := range postgresEngine.statements(m.text) {
			if add := columnAdded().FindStringSubmatch(st); add != nil {
				for i := range tables {
					if tables[i].name == add[1] {
						tables[i].columns = append(tables[i].columns, copyColumn{add[2], kinds[add[3]]})
					}
				}
			}
			head := tableHead().FindStringSubmatch(st)
			if head == nil || head[1] == "hubd_changes" {
				continue
			}
			t := copyTable{name: head[1]}
			for _, c := range columnLine().FindAllStringSubmatch(head[2], -1) {
				if notAColumn().MatchString(c[1]) {
					continue
				}
				t.columns = append(t.columns, copyColumn{c[1], kinds[c[2]]})
				t.serial = t.serial || c[1] == "id" && strings.HasSuffix(c[2], "SERIAL")
			}
			tables = append(tables, t)
		}
	}
	return tables, nil
}

func (t *copyTable) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = strings.Trim(c.name, `"`)
	}
	return names
}

func (tx *Tx) countRows(ctx context.Context, table string) (n int64, err error) {
	err = tx.queryRow(ctx, `SELECT count(*) FROM `+table).Scan(&n)
	return n, wrap(err, "count rows of %s", table)
}

// tableRows streams a table in whatever order it has. Values are those of valueKind, or nil.
func (tx *Tx) tableRows(ctx context.Context, t copyTable) iter.Seq2[[]any, error] {
	selected := make([]string, len(t.columns))
	for i, c := range t.columns {
		selected[i] = c.name
		if c.kind == kindJSON {
			selected[i] = "CAST(" + c.name + " AS TEXT)"
		}
	}
	return stream(ctx, tx, `SELECT `+strings.Join(selected, ", ")+` FROM `+t.name, nil, func(row scanner) ([]any, error) {
		values := make([]any, len(t.columns))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := row.Scan(into...); err != nil {
			return nil, err
		}
		for i, c := range t.columns {
			values[i] = c.normal(values[i])
		}
		return values, nil
	})
}

// normal is a value as either engine's driver gives it, in the column's form.
func (c *copyColumn) normal(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case int64:
		switch c.kind {
		case kindFlag:
			return v != 0
		case kindMoment:
			return time.UnixMicro(v).UTC()
		case kindFloat:
			return float64(v)
		}
	case time.Time:
		return v.UTC().Truncate(time.Microsecond)
	}
	return v
}

// tableSum is how many rows there are and the sum of their digests, which no order changes.
type tableSum struct {
	rows int64
	sum  uint64
}

func (s *tableSum) add(t copyTable, row []any) error {
	h := sha256.New()
	for i, v := range row {
		text := "-"
		if v != nil {
			text = "+" + fmt.Sprint(v)
		}
		switch v := v.(type) {
		case time.Time:
			text = "+" + strconv.FormatInt(v.UnixMicro(), 10)
		case string:
			if t.columns[i].kind != kindJSON {
				break
			}
			canonical, err := canonicalJSON(v)
			if err != nil {
				return fmt.Errorf("column %s: %w", t.columns[i].name, err)
			}
			text = "+" + canonical
		}
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	s.rows++
	s.sum += binary.BigEndian.Uint64(h.Sum(nil))
	return nil
}

// canonicalJSON is a document without what PostgreSQL's JSONB doesn't keep: the order of keys, the space between, and how
// a number is written (1e2 becomes 100, -0.0 becomes 0.0).
func canonicalJSON(text string) (string, error) {
	v, err := DecodeJSON(text)
	if err != nil {
		return "", err
	}
	return EncodeJSON(floats(v))
}

// floats turns the integers in a value into floats, and -0 into 0.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v + 0
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}

// insertRows fills a table: by COPY on PostgreSQL, row by row on SQLite.
func (tx *Tx) insertRows(ctx context.Context, t copyTable, rows iter.Seq2[[]any, error]) error {
	if err := tx.settle(ctx); err != nil {
		return err
	}
	if pg, ok := tx.db.(postgresLink); ok {
		return copyIn(ctx, pg.conn, t.name, t.names(), rows)
	}
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = c.name
	}
	insert := `INSERT INTO ` + t.name + ` (` + strings.Join(columns, ", ") + `) VALUES ` + in(len(columns))
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, v := range row {
			if at, ok := v.(time.Time); ok {
				row[i] = at.UnixMicro()
			}
		}
		if _, err := tx.exec(ctx, insert, row...); err != nil {
			return err
		}
	}
	return nil
}

// setSequence has the ids of a table go on where those of the source would.
func (tx *Tx) setSequence(ctx context.Context, source *Tx, t copyTable) error {
	if !t.serial {
		return nil
	}
	last, err := source.lastID(ctx, t.name)
	if err != nil {
		return err
	}
	var most int64
	if err := tx.queryRow(ctx, `SELECT coalesce(max(id), 0) FROM `+t.name).Scan(&most); err != nil {
		return err
	}
	return tx.setLastID(ctx, t.name, max(last, most))
}
