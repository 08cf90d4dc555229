package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"koji"
)

// A view is a table that clients ask by clauses and fields of their own choice
// (Koji: reference/wire.md §8, "Query views"). Whatever they name is looked up here; no text of theirs becomes SQL.

// view is what can be asked of a table. Fields whose join is "" are the table's own.
type view struct {
	name     string // for faults
	from     string // the table and its alias
	fields   map[string]viewField
	joins    map[string]string // by the name that fields refer to; may need others, see needs
	needs    map[string]string // join → the join it stands on
	standard []string          // what is given when no fields are asked for
}

type viewField struct {
	column string
	kind   viewKind
	join   string
}

// viewKind is how a column is read.
type viewKind int

const (
	viewInt viewKind = iota
	viewText
	viewBool
	viewTime    // a koji.Time
	viewSeconds // a time as seconds
	viewJSON
	viewFloat
)

// ViewQuery is a question to a view: clauses [field, value] or [field, operator, value], which all must hold, and
// fields: nil for the usual ones, "*" for the table's own, "**" for all, or a list of names.
type ViewQuery struct {
	Clauses []any
	Fields  any
	Opts    QueryOpts
}

var viewOperators = []string{"IN", "=", "!=", ">", "<", ">=", "<=", "IS", "IS NOT", "@>", "<@"}

func badQuery(format string, args ...any) error {
	return koji.NewError(koji.CodeParameter, fmt.Sprintf(format, args...))
}

// ask streams the answer, each row a map of the fields. With Opts.CountOnly it counts the rows.
func (tx *Tx) ask(ctx context.Context, v *view, q ViewQuery) (iter.Seq2[map[string]any, error], int64, error) {
	names, err := v.chosen(q.Fields)
	if err != nil {
		return nil, 0, err
	}
	joined := map[string]bool{}
	var joins []string
	var join func(name string)
	join = func(name string) {
		if name == "" || joined[name] {
			return
		}
		join(v.needs[name])
		joined[name] = true
		joins = append(joins, v.joins[name])
	}
	where, args, err := v.where(tx, q.Clauses, join)
	if err != nil {
		return nil, 0, err
	}
	columns := make([]string, len(names))
	for i, n := range names {
		f := v.fields[n]
		join(f.join)
		columns[i] = f.column
	}
	order := map[string]string{}
	for n, f := range v.fields {
		order[n] = f.column
	}
	for _, n := range strings.Split(q.Opts.Order, ",") {
		n = strings.TrimPrefix(n, "-")
		f, ok := v.fields[n]
		if n != "" && !ok {
			return nil, 0, badQuery("Invalid order for query %s: %s", v.name, n)
		}
		join(f.join)
	}
	query := `SELECT ` + strings.Join(columns, ", ") + ` FROM ` + v.from + strings.Join(joins, "") + where
	if q.Opts.CountOnly {
		n, err := tx.count(ctx, query, args, q.Opts)
		return nil, n, err
	}
	query, args, err = q.Opts.apply(query, args, order, v.fields["id"].column)
	if err != nil {
		return nil, 0, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (map[string]any, error) {
		cells := make([]any, len(names))
		dest := make([]any, len(names))
		for i, n := range names {
			dest[i] = viewCell{v.fields[n].kind, &cells[i]}
		}
		if err := row.Scan(dest...); err != nil {
			return nil, wrap(err, "read %s", v.name)
		}
		m := make(map[string]any, len(names))
		for i, n := range names {
			m[n] = cells[i]
		}
		return m, nil
	}), 0, nil
}

// chosen are the names of the fields that are asked for, without doubles.
func (v *view) chosen(fields any) ([]string, error) {
	var asked []string
	switch f := fields.(type) {
	case nil:
		return v.standard, nil
	case string:
		asked = []string{f}
	case []any:
		for _, item := range f {
			name, ok := item.(string)
			if !ok {
				return nil, badQuery("Invalid field for query %s: %v", v.name, item)
			}
			asked = append(asked, name)
		}
	default:
		return nil, badQuery("Invalid fields for query %s: want a list of names", v.name)
	}
	var names []string
	for _, a := range asked {
		for n, f := range v.fields {
			if n == a || a == "**" || a == "*" && f.join == "" {
				names = append(names, n)
			}
		}
		if _, ok := v.fields[a]; !ok && a != "*" && a != "**" {
			return nil, badQuery("Invalid field for query %s: %s", v.name, a)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (v *view) where(tx *Tx, clauses []any, join func(string)) (string, []any, error) {
	where, args := ` WHERE TRUE`, []any(nil)
	for _, item := range clauses {
		c, ok := item.([]any)
		if !ok || len(c) < 2 || len(c) > 3 {
			return "", nil, badQuery("Invalid clause for query %s: %v; want [field, value] or [field, operator, value]", v.name, item)
		}
		name, ok := c[0].(string)
		f, known := v.fields[name]
		if !ok || !known {
			return "", nil, badQuery("Invalid field for query %s: %v", v.name, c[0])
		}
		join(f.join)
		arg := c[len(c)-1]
		operator := "="
		if _, many := arg.([]any); many {
			operator = "IN"
		}
		if len(c) == 3 {
			if operator, ok = c[1].(string); !ok || !slices.Contains(viewOperators, operator) {
				return "", nil, badQuery("Invalid operator: %v", c[1])
			}
		}
		cond, more, err := tx.condition(v, name, f, operator, arg)
		if err != nil {
			return "", nil, err
		}
		where, args = where+` AND `+cond, append(args, more...)
	}
	return where, args, nil
}

func (tx *Tx) condition(v *view, name string, f viewField, operator string, arg any) (string, []any, error) {
	bad := func() error { return badQuery("Invalid value for field %s of query %s: %v", name, v.name, arg) }
	switch operator {
	case "IN":
		items, ok := arg.([]any)
		if !ok {
			return "", nil, bad()
		}
		var args []any
		for _, item := range items {
			value, err := f.argument(item)
			if err != nil || f.kind == viewJSON {
				return "", nil, bad()
			}
			args = append(args, value)
		}
		return f.column + ` IN ` + in(len(args)), args, nil
	case "IS", "IS NOT":
		switch arg := arg.(type) {
		case nil:
			return f.column + ` ` + operator + ` NULL`, nil, nil
		case bool:
			if f.kind == viewBool {
				return f.column + ` ` + operator + map[bool]string{true: ` TRUE`, false: ` FALSE`}[arg], nil, nil
			}
		}
		return "", nil, bad()
	case "@>", "<@":
		text, ok := arg.(string)
		if !ok {
			data, err := EncodeJSON(arg)
			if err != nil {
				return "", nil, bad()
			}
			text = data
		}
		if f.kind != viewJSON || !json.Valid([]byte(text)) {
			return "", nil, bad()
		}
		if operator == "@>" {
			return tx.jsonHolds(f.column, `?`), []any{text}, nil
		}
		return tx.jsonHolds(`?`, f.column), []any{text}, nil
	}
	value, err := f.argument(arg)
	if err != nil || f.kind == viewJSON {
		return "", nil, bad()
	}
	return f.column + ` ` + operator + ` ?`, []any{value}, nil
}

// argument is a value to compare a column with.
func (f viewField) argument(v any) (any, error) {
	ok := v == nil
	switch f.kind {
	case viewInt:
		_, is := v.(int64)
		ok = ok || is
	case viewText:
		_, is := v.(string)
		ok = ok || is
	case viewBool:
		_, is := v.(bool)
		ok = ok || is
	case viewFloat:
		switch v.(type) {
		case int64, float64:
			ok = true
		}
	case viewTime, viewSeconds:
		switch v := v.(type) {
		case int64:
			return koji.FromSeconds(float64(v)), nil
		case float64:
			return koji.FromSeconds(v), nil
		case string:
			return koji.ParseTime(v)
		}
	}
	if !ok {
		return nil, fmt.Errorf("a %T doesn't fit", v)
	}
	return v, nil
}

// viewCell reads a column of any kind into *v.
type viewCell struct {
	kind viewKind
	v    *any
}

func (c viewCell) Scan(src any) error {
	if src == nil {
		*c.v = nil
		return nil
	}
	switch c.kind {
	case viewJSON:
		return jsonCell{c.v}.Scan(src)
	case viewTime, viewSeconds:
		var s stamp
		if err := s.Scan(src); err != nil {
			return err
		}
		*c.v = s.koji()
		if c.kind == viewSeconds {
			*c.v = koji.Seconds(s.Time)
		}
		return nil
	case viewBool:
		switch src := src.(type) {
		case bool:
			*c.v = src
		case int64:
			*c.v = src != 0
		}
		return nil
	}
	switch src := src.(type) {
	case []byte:
		*c.v = string(src)
	default:
		*c.v = src
	}
	return nil
}

// jsonHolds is a condition that one JSON object holds all members of another with the same values; both are expressions,
// `?` for an argument.
func (tx *Tx) jsonHolds(outer, inner string) string {
	if tx.store.engine == postgresEngine {
		return `CAST(` + outer + ` AS JSONB) @> CAST(` + inner + ` AS JSONB)`
	}
	return `NOT EXISTS (SELECT 1 FROM json_each(` + inner + `) AS w WHERE NOT EXISTS (
		SELECT 1 FROM json_each(` + outer + `) AS h WHERE h.key = w.key AND h.type = w.type AND h.atom IS w.atom))`
}
