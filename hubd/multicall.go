package hubd

import (
	"golang.org/x/sync/errgroup"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

func multicallMethods() []method {
	const help = "Runs a list of {methodName, params} calls in one transaction, each undone on its own if it fails."
	return []method{
		writes("multiCall", anyone, help, multiCall),
		writes("system.multicall", anyone, help, multiCall),
	}
}

type multiCallArgs struct {
	Calls []any `rpc:"calls"`
}

// multiCall answers with an array: [result] for a call that went well, a
// struct with faultCode, faultString and traceback for one that didn't.
// Koji: reference/wire.md §2.
//
// Calls that only read are run side by side where the database gains by it:
// none can tell.
func multiCall(c *call, a multiCallArgs) (any, error) {
	results := make([]any, len(a.Calls))
	if n := c.tx.SideBySide(c); n > 1 {
		var g errgroup.Group
		g.SetLimit(n)
		for i, v := range a.Calls {
			g.Go(func() error {
				own := *c.session // what it may is read when first asked for
				results[i] = c.innerResult(v, func(inner *call, do func() error) error {
					return c.hub.store.Read(c, func(tx *sqlstore.Tx) error {
						inner.tx, inner.session = tx, &own
						return do()
					})
				})
				return nil
			})
		}
		return results, g.Wait()
	}
	for i, v := range a.Calls {
		results[i] = c.innerResult(v, func(_ *call, do func() error) error {
			defer c.tx.EndCall()
			return c.tx.Savepoint(c, do)
		})
	}
	return results, nil
}

// innerResult runs one of a multiCall's calls, in what within gives it, and is what stands for it in the answer.
func (c *call) innerResult(v any, within func(inner *call, do func() error) error) any {
	inner := *c
	inner.nested = true
	one, isStruct := v.(map[string]any)
	name, isString := one["methodName"].(string)
	params, isArray := one["params"].([]any)
	if !isStruct || !isString || (!isArray && one["params"] != nil) {
		return failed(koji.NewError(koji.CodeParameter, "multiCall wants structs of methodName and params"))
	}
	inner.method = name
	positional, named := xmlrpc.Kwargs(params)
	var result any
	err := within(&inner, func() error {
		made, err := inner.perform(positional, named)
		if err != nil {
			return err
		}
		return inner.guarded(func() error {
			result, err = collect(made)
			return err
		})
	})
	if err != nil {
		return failed(c.hub.faultOf(c.request, name, err))
	}
	return []any{result}
}

// failed is a fault inside a multiCall. The traceback is there because
// clients take it out; it holds the fault and nothing of the hub's code.
func failed(e *koji.Error) map[string]any {
	return map[string]any{
		"faultCode": int64(e.Code), "faultString": e.Text,
		"traceback": []any{e.Code.String() + ": " + e.Text + "\n"},
	}
}

// isMulticall says whether a name is one of multiCall's two.
func isMulticall(name string) bool { return name == "multiCall" || name == "system.multicall" }

// innerCall is a call that another one holds: its name, and its parameters
// with the struct of the named ones still among them.
type innerCall struct {
	name   string
	params []any
}

// multicallCalls are the calls of a multiCall.
func multicallCalls(params []any) []innerCall {
	positional, named := xmlrpc.Kwargs(params)
	list, _ := named["calls"].([]any)
	if len(positional) > 0 {
		list, _ = positional[0].([]any)
	}
	calls := make([]innerCall, 0, len(list))
	for _, v := range list {
		one, _ := v.(map[string]any)
		name, _ := one["methodName"].(string)
		inner, _ := one["params"].([]any)
		calls = append(calls, innerCall{name, inner})
	}
	return calls
}
