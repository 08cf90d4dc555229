package hubd

import (
	"koji"
	"koji/internal/xmlrpc"
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
func multiCall(c *call, a multiCallArgs) (any, error) {
	results := make([]any, 0, len(a.Calls))
	for _, v := range a.Calls {
		inner := *c
		inner.nested = true
		one, isStruct := v.(map[string]any)
		name, isString := one["methodName"].(string)
		params, isArray := one["params"].([]any)
		if !isStruct || !isString || (!isArray && one["params"] != nil) {
			results = append(results, failed(koji.NewError(koji.CodeParameter, "multiCall wants structs of methodName and params")))
			continue
		}
		inner.method = name
		positional, named := xmlrpc.Kwargs(params)
		var result any
		err := c.tx.Savepoint(c, func() error {
			made, err := inner.perform(positional, named)
			if err != nil {
				return err
			}
			return inner.guarded(func() error {
				result, err = collect(made)
				return err
			})
		})
		c.tx.EndCall()
		if err != nil {
			results = append(results, failed(c.hub.faultOf(c.request, name, err)))
			continue
		}
		results = append(results, []any{result})
	}
	return results, nil
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
