package hubd

import (
	"context"
	"iter"

	"koji"
	"koji/sqlstore"
)

type viewArgs struct {
	Clauses any `rpc:"clauses=nil"`
	Fields  any `rpc:"fields=nil"`
	Opts    any `rpc:"opts=nil"`
}

type refusalsArgs struct {
	Clauses any `rpc:"clauses=nil"`
	Fields  any `rpc:"fields=nil"`
}

// viewer is a function of the database that answers a query of a view.
type viewer func(context.Context, sqlstore.ViewQuery) (iter.Seq2[map[string]any, error], int64, error)

// view answers a query of a view. Koji: reference/wire.md §8, "Query views".
func (c *call) view(ask viewer, clauses, fields, opts any) (any, error) {
	list, ok := clauses.([]any)
	if !ok && clauses != nil {
		return nil, fault(koji.CodeParameter, "clauses: invalid type %s, want an array", typeName(clauses))
	}
	q := sqlstore.ViewQuery{Clauses: list, Fields: fields}
	var err error
	if q.Opts, err = sqlstore.ParseQueryOpts(opts); err != nil {
		return nil, err
	}
	rows, n, err := ask(c, q)
	if err != nil {
		return nil, err
	}
	if q.Opts.CountOnly {
		return n, nil
	}
	return asList(q.Opts.AsList, each(rows)), nil
}

func schedulerTaskRuns(c *call, a viewArgs) (any, error) {
	return c.view(c.tx.QueryTaskRuns, a.Clauses, a.Fields, a.Opts)
}

func schedulerTaskRefusals(c *call, a refusalsArgs) (any, error) {
	return c.view(c.tx.QueryTaskRefusals, a.Clauses, a.Fields, nil)
}

func schedulerLogMessages(c *call, a viewArgs) (any, error) {
	return c.view(c.tx.QuerySchedulerLog, a.Clauses, a.Fields, a.Opts)
}
