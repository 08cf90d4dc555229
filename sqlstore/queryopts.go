package sqlstore

import (
	"context"
	"fmt"
	"math"
	"strings"

	"koji"
)

// QueryOpts is how a caller wants the rows of a list: Koji's queryOpts
// (reference/wire.md §8). The zero QueryOpts is all rows in their own order.
type QueryOpts struct {
	CountOnly bool   // only how many rows there are, of those that Offset and Limit leave
	AsList    bool   // rows as arrays
	Order     string // columns, separated by commas, each with a leading - when descending
	Offset    *int64
	Limit     *int64
	Group     string // a column; where grouping is allowed at all
}

// ParseQueryOpts reads the argument queryOpts of a call: nil or a struct. What
// isn't one of Koji's options, or has the wrong type, is a fault 1019.
func ParseQueryOpts(v any) (QueryOpts, error) {
	var o QueryOpts
	if v == nil {
		return o, nil
	}
	opts, ok := v.(map[string]any)
	if !ok {
		return o, koji.NewError(koji.CodeParameter, fmt.Sprintf("queryOpts: invalid type %T, want a struct", v))
	}
	for key, v := range opts {
		var err error
		switch key {
		case "countOnly":
			o.CountOnly = flag(v)
		case "asList":
			o.AsList = flag(v)
		case "order":
			o.Order, err = optText(key, v)
		case "group":
			o.Group, err = optText(key, v)
		case "offset":
			o.Offset, err = optCount(key, v)
		case "limit":
			o.Limit, err = optCount(key, v)
		case "rowlock": // rows are locked where that is needed
		default:
			err = koji.NewError(koji.CodeParameter, fmt.Sprintf("queryOpts: no such option: %s", key))
		}
		if err != nil {
			return QueryOpts{}, err
		}
	}
	return o, nil
}

func flag(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case string:
		return v != ""
	}
	return true
}

func optText(key string, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", koji.NewError(koji.CodeParameter, fmt.Sprintf("queryOpts: %s is no string", key))
}

func optCount(key string, v any) (*int64, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		if v == 0 {
			return nil, nil // Koji takes 0 for none
		}
		if v > 0 {
			return &v, nil
		}
	}
	return nil, koji.NewError(koji.CodeParameter, fmt.Sprintf("queryOpts: %s is no number of rows", key))
}

// apply appends the order and the page to a query. order maps the names that
// callers know columns by to SQL; standard is the order where they ask for
// none, and decides between rows that theirs leaves equal.
func (o QueryOpts) apply(query string, args []any, order map[string]string, standard string) (string, []any, error) {
	by, err := o.orderBy(order, standard)
	if err != nil {
		return "", nil, err
	}
	if o.Group != "" {
		return "", nil, koji.NewError(koji.CodeGeneric, "queryOpts: group is not possible here")
	}
	query, args = o.page(query+by, args)
	return query, args, nil
}

func (o QueryOpts) orderBy(order map[string]string, standard string) (string, error) {
	var terms []string
	if o.Order != "" {
		for _, name := range strings.Split(o.Order, ",") {
			column, down := strings.CutPrefix(name, "-")
			expr, ok := order[column]
			if !ok {
				return "", koji.NewError(koji.CodeOther, "Invalid order: "+column)
			}
			// Koji's order is PostgreSQL's, where NULL is the greatest.
			if down {
				expr += " DESC NULLS FIRST"
			} else {
				expr += " ASC NULLS LAST"
			}
			terms = append(terms, expr)
		}
	}
	if standard != "" {
		terms = append(terms, standard)
	}
	if len(terms) == 0 {
		return "", nil
	}
	return " ORDER BY " + strings.Join(terms, ", "), nil
}

// page appends LIMIT and OFFSET. Each "0+" hides that a parameter stands there:
// for such a limit SQLite plans a statement anew each time, by its value.
func (o QueryOpts) page(query string, args []any) (string, []any) {
	if !o.paged() {
		return query, args
	}
	limit := int64(math.MaxInt64) // SQLite has no OFFSET without LIMIT
	if o.Limit != nil {
		limit = *o.Limit
	}
	args = append(args[:len(args):len(args)], limit)
	query += " LIMIT 0+?"
	if o.Offset != nil {
		query, args = query+" OFFSET 0+?", append(args, *o.Offset)
	}
	return query, args
}

// paged says whether a part of the rows is wanted.
func (o QueryOpts) paged() bool { return o.Limit != nil || o.Offset != nil }

// count counts the rows of a query, of those that the page leaves.
func (tx *Tx) count(ctx context.Context, query string, args []any, opts QueryOpts) (int64, error) {
	query, args = opts.page(query, args)
	n, err := value[int64](tx.queryRow(ctx, `SELECT count(*) FROM (`+query+`) AS counted`, args...))
	return n, wrap(err, "count rows")
}
