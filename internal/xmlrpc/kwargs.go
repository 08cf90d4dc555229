package xmlrpc

import "maps"

// starstar marks the struct that holds a call's named arguments
// (Koji: reference/wire.md §2, Keyword arguments).
const starstar = "__starstar"

// Kwargs takes the named arguments off a call's parameters: they are the last
// one if that is a struct whose member __starstar is true, as Python sees it.
// The caller's values stay as they are; named is nil if there are none.
func Kwargs(params []any) (positional []any, named map[string]any) {
	if len(params) == 0 {
		return params, nil
	}
	switch last := params[len(params)-1].(type) {
	case map[string]any:
		named = maps.Clone(last)
	case Object:
		named = make(map[string]any, len(last))
		for _, m := range last {
			named[m.Name] = m.Value
		}
	}
	if !Truthy(named[starstar]) {
		return params, nil
	}
	delete(named, starstar)
	return params[:len(params)-1], named
}

// Truthy is Python's bool() for a value as it is read.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case int:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []byte:
		return len(v) > 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case Object:
		return len(v) > 0
	}
	return true
}
